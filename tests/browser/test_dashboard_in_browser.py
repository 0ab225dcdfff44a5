"""The dashboard in a real browser: no error, no violation, nothing asked for elsewhere, in five
languages, light and dark, narrow and printed, by keyboard, without scripts; a wave that comes in
while the page is open; and one click to a case.
"""

import random
import threading
import time
from itertools import product

import pytest
from views import SCHEMES, WHOLE, WIDTHS

from birdfall.watch.alerts.backtest import keep_rules
from birdfall.watch.alerts.rules import DEFAULT_RULES
from birdfall.watch.dashboard.app import PageActions
from birdfall.watch.dashboard.server import DashboardServer
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Gap, Identity, Report, Status, StreamBatch
from birdfall.watch.store.database import State

pytestmark = pytest.mark.browser
PAGES = ("now", "waves", "reporters", "rules", "sources", "wave/1", "wave/2")
T = 1_700_000_000_000_000
FALL = T + 7_000_000_000
EVIL = "<img src=x onerror=document.title='taken'>\u202e@leader"


def steps(*, fall):
    """Two hours in which somebody falls now and then; with `fall`, a brigade and a wave, some
    returns, and a gap.
    """
    chance = random.Random(3)
    yield StreamBatch(
        T, (Identity("leader", EVIL, T), Identity("control", "sports.example.com", T))
    )
    for i in range(600):
        leader = "leader" if i < 320 else "control"
        yield StreamBatch(
            T + i, (Identity(f"a{i}", "", T + i), Follow(f"a{i}", leader, T + i, f"a{i}/k"))
        )
    moment = T
    for i in range(30):
        moment += int(chance.expovariate(1 / 180) * 1e6)
        if moment < FALL - 1_000_000_000:
            yield StreamBatch(moment, (Status(f"b{i}", "suspended", moment, "spam"),))
    if not fall:
        yield StreamBatch(FALL, (Identity("a1", "", FALL),))
        return
    acts = [
        (chance.randrange(100), f"r{i}", f"a{k}")
        for i in range(40)
        for k in chance.sample(range(8), 4)
    ]
    acts += [(chance.randrange(100), f"h{i}", f"a{chance.randrange(8)}") for i in range(20)]
    for second, who, whom in sorted(acts):
        at = FALL - 120_000_000 + second * 1_000_000
        yield StreamBatch(at, (Report(who, whom, at, f"{who}{whom}", "spam"),))
    for i in range(180):
        at = FALL + i * 110_000
        yield StreamBatch(at, (Status(f"a{i}", "suspended", at, "rule 12" if i % 5 else EVIL),))
    for i in range(60):
        at = FALL + 60_000_000 + i * 300_000
        yield StreamBatch(at, (Status(f"a{i}", "active", at),))
    yield StreamBatch(
        FALL + 90_000_000, gaps=(Gap(FALL + 82_000_000, FALL + 88_000_000, "not-connected"),)
    )


def watched(folder, *, fall):
    folder.mkdir()
    state = State.open(folder / "watch.sqlite")
    feed = RecordingFeed("recording:x", ())
    watcher = Watcher(state, [feed], leaders=("leader", "control"), recount_every=0.0)
    every = list(steps(fall=fall))
    for i in range(0, len(every), 50):
        watcher.process_batches([(feed, every[i : i + 50])])
    keep_rules(state, list(DEFAULT_RULES), false_alarms_per_year=1.0, until=FALL)
    state.close()
    return folder / "watch.sqlite"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """{name: address} of a dashboard over a wave, and of one over a quiet time."""
    folder = tmp_path_factory.mktemp("dashboards")
    served = {
        name: DashboardServer(watched(folder / name, fall=name == "wave"), "0")
        for name in ("wave", "quiet")
    }
    for one in served.values():
        one.start()
    yield {name: one.address for name, one in served.items()}
    for one in served.values():
        one.stop()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Tests ask faster than people do."""
    monkeypatch.setattr("birdfall.web.door.REQUESTS_PER_SECOND", 1e6)
    monkeypatch.setattr("birdfall.web.door.MAX_BURST_REQUESTS", 10**6)


def opened(browser, address, **options):
    page = browser.new_page(**options)
    page.problems, page.asked = [], []
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.problems.append(str(e)))
    page.on("request", lambda r: page.asked.append(r.url))
    page.goto(address)
    return page


@pytest.mark.parametrize(("language", "width"), WIDTHS)
def test_every_page_fits_and_asks_for_nothing_elsewhere(browser, places, language, width):
    page = opened(
        browser, places["wave"] + f"{language}/now", viewport={"width": width, "height": 900}
    )
    for name in PAGES:
        page.goto(f"{places['wave']}{language}/{name}")
        assert page.locator("h1").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.title() != "taken"
        for figure in page.locator(".chart").all():
            figure.locator(".stage canvas").wait_for()
    assert page.problems == []
    assert all(url.startswith((places["wave"], "data:")) for url in page.asked)
    page.close()


# Every page in both directions and both colours; in every language with the slow tests.
@pytest.mark.parametrize(
    ("language", "scheme", "names"),
    [
        *(pytest.param(*view, PAGES) for view in WHOLE),
        *(
            pytest.param(*v.values, PAGES, marks=pytest.mark.slow)
            for v in SCHEMES
            if v.values not in WHOLE
        ),
    ],
)
def test_no_accessibility_violations(browser, places, language, scheme, names):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    for address in [f"{places['wave']}{language}/{name}" for name in names] + [
        f"{places['quiet']}{language}/now"
    ]:
        page.goto(address)
        page.locator("details").first.evaluate_all("all => all.forEach(d => { d.open = true; })")
        found = Axe().run(page).response["violations"]
        assert found == [], (
            address,
            [(v["id"], [n["html"][:120] for n in v["nodes"][:2]]) for v in found],
        )
    page.close()


def test_the_first_screen_answers_without_scrolling(browser, places):
    page = opened(browser, places["wave"] + "en/now", viewport={"width": 1280, "height": 800})
    for text in (
        "A wave is under way",
        "180 accounts were suspended",
        "180 of them followed",
        "What to check next",
        "What explains it?",
    ):
        box = page.get_by_text(text).first.bounding_box()
        assert box and box["y"] + box["height"] <= 800, text
    page.close()


def test_quiet_says_so(browser, places):
    page = opened(browser, places["quiet"] + "en/now")
    assert page.locator("h1.quiet").is_visible()
    assert "What to check next" not in page.inner_text("main")
    page.close()


def test_the_keyboard_goes_everywhere(browser, places):
    page = opened(browser, places["wave"] + "en/now")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("?")
    page.locator("#keys").wait_for()
    for key, name in (
        ("w", "waves"),
        ("r", "reporters"),
        ("u", "rules"),
        ("s", "sources"),
        ("n", "now"),
    ):
        page.keyboard.press(key)
        page.wait_for_url(f"**/en/{name}")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/wave/*")
    page.close()


def test_targets_are_large_enough(browser, places):
    page = opened(browser, places["wave"] + "en/wave/2", viewport={"width": 360, "height": 800})
    sizes = page.evaluate(
        "[...document.querySelectorAll('header a, button, summary, .downloads a')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().height)"
    )
    assert sizes and min(sizes) >= 44
    page.close()


def test_readable_without_scripts_and_in_print(browser, places):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(places["wave"] + "en/wave/2")
    assert page.locator(".still svg").first.is_visible()
    assert page.locator(".four dd").first.is_visible()
    context.close()
    page = opened(browser, places["wave"] + "ar/wave/2")
    page.emulate_media(media="print")
    assert page.locator(".still svg").first.is_visible()
    assert not page.locator(".stage").first.is_visible()
    assert not page.locator("form").is_visible()
    assert len(page.pdf(format="A4")) > 10_000
    page.close()


def test_arabic_runs_from_the_right(browser, places):
    page = opened(browser, places["wave"] + "ar/now", viewport={"width": 1280, "height": 900})
    brand, languages = (
        page.locator(".brand").bounding_box(),
        page.locator(".languages").bounding_box(),
    )
    assert brand["x"] > languages["x"]
    assert page.locator(".still").first.evaluate("e => getComputedStyle(e).direction") == "ltr", (
        "time runs one way"
    )
    page.close()


def test_a_wave_comes_in_while_the_page_is_open(browser, tmp_path):
    path = watched(tmp_path / "w", fall=False)
    served = DashboardServer(path, "0")
    served.start()
    try:
        page = opened(browser, served.address + "en/now")
        page.wait_for_selector("h1.quiet")
        page.wait_for_timeout(1000)
        page.locator("summary").first.focus()
        state = State.open(path)
        feed = RecordingFeed("recording:x", ())
        watcher = Watcher(state, [feed], recount_every=0.0)
        fresh = [
            StreamBatch(FALL + i * 110_000, (Status(f"a{i}", "suspended", FALL + i * 110_000),))
            for i in range(180)
        ]
        watcher.process_batches([(feed, fresh)])
        state.close()
        page.wait_for_selector("h1.wave", timeout=60_000)
        page.wait_for_function(
            "document.querySelector('.said').textContent.includes('A wave is under way')"
        )
        assert page.problems == []
        page.close()
    finally:
        served.stop()


def test_one_click_makes_a_case_and_says_that_it_takes_a_while(browser, tmp_path):
    path, done = watched(tmp_path / "w", fall=True), threading.Event()
    case = tmp_path / "case-wave-2-now"

    def make(_number):
        done.wait(120)
        (case / "reports").mkdir(parents=True)
        (case / "reports" / "report.html").write_text(
            "<!doctype html><title>r</title><h1>The report</h1>"
        )
        return case

    served = DashboardServer(
        path, "0", actions=PageActions(make, lambda _number: case if case.exists() else None)
    )
    served.start()
    try:
        page = opened(browser, served.address + "en/wave/2")
        # playwright's own click would wait for the page that comes when all is done
        button, said = page.evaluate(
            "() => { const b = document.querySelector('form button'); b.click();"
            " return [b.disabled, document.querySelector('.said').textContent]; }"
        )
        assert button, "it is asked for once"
        assert "being made" in said
        done.set()
        page.wait_for_selector('a[href="/wave/2/report#report-en"]')
        page.click('a[href="/wave/2/report#report-en"]')
        page.wait_for_url("**/wave/2/report#report-en")
        assert page.inner_text("h1") == "The report"
        page.close()
    finally:
        done.set()
        served.stop()


@pytest.fixture(scope="module")
def case_place(small_case):
    """The address of a dashboard over a finished case in which 500 fell at once."""
    served = DashboardServer(small_case, "0")
    served.start()
    yield served.address
    served.stop()


@pytest.mark.slow
@pytest.mark.parametrize(("language", "scheme"), list(product(("en", "ar"), ("light", "dark"))))
def test_a_finished_case_in_the_same_pages(browser, case_place, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(
        color_scheme=scheme, bypass_csp=True, viewport={"width": 360, "height": 800}
    )
    for name in ("now", "waves", "wave/1", "reporters", "sources"):
        page.goto(f"{case_place}{language}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        found = Axe().run(page).response["violations"]
        assert found == [], (
            name,
            [(v["id"], [n["html"][:120] for n in v["nodes"][:2]]) for v in found],
        )
    page.goto(f"{case_place}{language}/now")
    assert "500" in page.inner_text("main")
    page.locator("header").get_by_role("link").nth(4).click()
    page.wait_for_url(f"**/report#report-{language}")
    assert page.locator(f"#report-{language} h1").is_visible()
    page.close()


def test_a_server_that_is_gone_leaves_the_page(browser, tmp_path):
    path = watched(tmp_path / "w", fall=True)
    served = DashboardServer(path, "0")
    served.start()
    page = opened(browser, served.address + "en/now")
    page.wait_for_timeout(500)
    served.stop()
    time.sleep(1)
    assert page.locator("h1.wave").is_visible()
    page.close()
