"""The report in a real browser.

One request, no error, no violation, in five languages, light and dark, narrow and printed, without
scripts.
"""

import re

import pytest
from views import LANGUAGES, LONG_SCHEMES, WIDTHS

from tiers import some_fast

pytestmark = pytest.mark.browser

#: How long the demo's report may be, on a phone 390 px wide and on A4.
MAX_PHONE_PX, MAX_PRINTED_PAGES = 9_000, 6
#: All languages; the longest stands for them in the fast suite.
LONGEST = [
    "es" if language == "es" else pytest.param(language, marks=pytest.mark.slow)
    for language in LANGUAGES
]


@pytest.fixture(scope="module", params=some_fast(["small_case", "demo"], 1))
def page_path(request):
    """The report of a night of a tenth of the demo's size, and with the slow tests the demo's."""
    case = request.getfixturevalue(request.param)
    return case / ("report.html" if request.param == "demo" else "reports/report.html")


@pytest.fixture(scope="module")
def demo_page(demo):
    """The report of the demo, which has groups of accounts to draw a map of."""
    return demo / "report.html"


def opened(browser, path, language, **options):
    page = browser.new_page(**options)
    page.problems, page.asked = [], []
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.problems.append(str(e)))
    page.on("request", lambda r: page.asked.append(r.url))
    page.goto(f"file://{path}#report-{language}")
    # what scripts set right is drawn two frames later, however slow the machine
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
    return page


@pytest.mark.parametrize(("language", "width"), WIDTHS)
def test_reads_at_every_width_with_one_request(browser, page_path, language, width):
    page = opened(browser, page_path, language, viewport={"width": width, "height": 900})
    assert [u for u in page.asked if not u.startswith(("data:", "blob:"))] == [
        f"file://{page_path}"
    ]
    assert page.problems == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.locator("article:visible")
    assert shown.count() == 1
    assert shown.get_attribute("lang") == language
    assert shown.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert page.locator(f"#report-{language} h1").is_visible()
    page.close()


@pytest.mark.parametrize(("language", "scheme"), LONG_SCHEMES)
def test_no_accessibility_violations(browser, page_path, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    page.goto(f"file://{page_path}#report-{language}")
    found = Axe().run(page).response["violations"]
    assert found == [], [(v["id"], [n["html"][:120] for n in v["nodes"][:2]]) for v in found]
    page.close()


def test_readable_without_scripts(browser, page_path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{page_path}")
    assert page.locator("article.first h1").is_visible()
    assert page.locator("article.first .four dd").first.is_visible()
    assert page.locator("article.first figure svg.wide").first.is_visible()
    page.get_by_role("link", name="العربية").click()
    page.locator("#report-ar h1").wait_for()
    page.locator("article.first h1").wait_for(state="hidden")
    context.close()


def test_the_keyboard_reaches_languages_and_colours(browser, page_path):
    page = browser.new_page()
    page.goto(f"file://{page_path}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "A"
    page.locator("#theme-dark").check()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.close()


def test_labels_of_charts_do_not_overlap(browser, page_path):
    for width in (360, 1280):
        page = opened(browser, page_path, "es", viewport={"width": width, "height": 900})
        overlaps = page.evaluate(
            """() => { const found = [];
            for (const symbol of document.querySelectorAll('svg.defs symbol')) {
              const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
              svg.setAttribute('viewBox', symbol.getAttribute('viewBox'));
              svg.style.inlineSize = '720px';
              svg.append(...symbol.cloneNode(true).childNodes); document.body.append(svg);
              const boxes = [...svg.querySelectorAll('text')]
                .filter(t => t.textContent && getComputedStyle(t).opacity !== '0')
                .map(t => [t.textContent, t.getBoundingClientRect()]);
              for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
                const [a, p] = boxes[i], [b, q] = boxes[j];
                if (p.left < q.right - 1 && q.left < p.right - 1
                    && p.top < q.bottom - 1 && q.top < p.bottom - 1)
                  found.push([symbol.id, a, b]); }
              svg.remove(); } return found; }"""
        )
        assert overlaps == []
        page.close()


@pytest.mark.slow
def test_the_map_lives_filters_and_speaks(browser, demo_page):
    page = opened(browser, demo_page, "en")
    figure = page.locator("figure[data-map]").first
    # the live map stands in the first article, whichever language that is
    page.goto(f"file://{demo_page}")
    figure.scroll_into_view_if_needed()
    page.wait_for_selector('figure[data-map="live"]')
    stage = figure.locator(".map-stage")
    assert stage.is_visible()
    buttons = figure.locator("button[data-group]")
    assert buttons.count() > 1
    buttons.nth(1).click()
    assert [b.get_attribute("aria-pressed") for b in buttons.all()][:2] == ["false", "true"]
    buttons.nth(1).click()
    assert buttons.nth(1).get_attribute("aria-pressed") == "false"
    find = figure.locator("input.map-find")
    find.fill("-")
    figure.locator(".map-said").get_by_text("pairs beyond chance: ").wait_for()
    find.fill("")
    assert figure.locator(".map-labels span").count() == buttons.count()
    stage.focus()
    page.keyboard.press("+")
    assert page.problems == []
    page.emulate_media(media="print")
    assert not stage.is_visible()
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("without", ["scripts", "WebGL"])
def test_the_poster_is_the_map_without(browser, demo_page, without):
    context = browser.new_context(java_script_enabled=without != "scripts")
    page = context.new_page()
    if without == "WebGL":
        page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    problems = []
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.goto(f"file://{demo_page}")
    figure = page.locator("figure[data-map]").first
    figure.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    assert figure.get_attribute("data-map") == "poster"
    assert figure.locator(".map > svg").is_visible()
    assert not figure.locator(".map-stage").is_visible()
    assert not figure.locator("button").first.is_visible(), (
        "a filter that does nothing is not shown"
    )
    assert problems == []
    context.close()


def test_the_reader_sets_what_was_likely_beforehand(browser, page_path):
    page = opened(browser, page_path, "fr")
    box = page.locator("#report-fr details.prior")
    page.locator("#report-fr details.how:has(details.prior) > summary").click()
    box.locator("summary").click()
    levers, shares = box.locator("input"), box.locator("output")
    before = [s.inner_text() for s in shares.all()]
    assert all("%" in s for s in before)
    levers.nth(1).focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    assert box.locator(".odds").nth(1).inner_text() == "×100"
    assert levers.nth(1).get_attribute("aria-valuetext") == "×100"
    after = [s.inner_text() for s in shares.all()]
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert page.problems == []
    page.close()


def test_it_prints(browser, page_path):
    page = opened(browser, page_path, "fr")
    page.emulate_media(media="print")
    assert not page.locator(".strip").is_visible()
    assert page.locator("#report-fr .simulated").is_visible()
    assert len(page.pdf(format="A4")) > 20_000
    page.close()


@pytest.mark.parametrize("language", LONGEST)
def test_it_is_short(browser, page_path, language):
    page = opened(browser, page_path, language, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollHeight") <= MAX_PHONE_PX
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True))
    assert 3 <= len(pages) <= MAX_PRINTED_PAGES
    page.close()


def test_the_languages_stay_in_view_and_the_document_follows(browser, page_path):
    page = opened(browser, page_path, "en", viewport={"width": 390, "height": 844})
    page.evaluate("scrollTo(0, 3000)")
    page.get_by_role("link", name="العربية").click()
    page.wait_for_function("document.documentElement.dir === 'rtl'")
    assert page.evaluate("document.documentElement.lang") == "ar"
    assert page.locator(".strip").bounding_box()["y"] == 0
    page.close()


def test_targets_are_large_enough(browser, page_path):
    page = opened(browser, page_path, "en", viewport={"width": 360, "height": 800})
    sizes = page.evaluate(
        "[...document.querySelectorAll('.strip a, .strip label, button')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().height)"
    )
    assert sizes and min(sizes) >= 44
    page.close()
