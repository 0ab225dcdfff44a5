"""The eight journeys through the workspace, from the icon on an empty profile to the end, by what
is visible alone; docs/journeys.md tells their steps. Each also in Arabic, on a phone, with the
server killed in the middle.
"""

import pytest
from journey_data import write_files
from person import JOB_MS, PAGE_MS, Icon, Person
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(3000)]

WAYS = {
    "at a desk": {"language": "en", "width": 1280, "loses_server": False},
    "in Arabic on a phone, the server killed": {
        "language": "ar", "width": 390, "loses_server": True,
    },
}  # fmt: skip
#: Of each language, a claim that the list of suspensions supports, and an article with two.
CLAIMS = {
    "en": "More than 150 accounts were suspended in ten minutes.",
    "ar": "تم تعليق أكثر من 150 حسابا في عشر دقائق.",
}
ARTICLES = {
    "en": "It was a long night. 6,600 accounts were suspended in ten minutes. "
    "About 200 accounts were suspended within ten minutes.",
    "ar": "كانت ليلة طويلة. تم تعليق 6600 حساب في عشر دقائق. تم تعليق 200 حساب في عشر دقائق.",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The folder of the files of the journeys."""
    return write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(params=WAYS, ids=WAYS)
def person(request, browser, tmp_path):
    """Somebody who has just opened the workspace."""
    way = WAYS[request.param]
    context = browser.new_context(
        viewport={"width": way["width"], "height": 900}, locale=way["language"]
    )
    context.set_default_timeout(PAGE_MS)
    expect.set_options(timeout=PAGE_MS)
    icon = Icon(tmp_path / "home")
    made = Person(context.new_page(), icon, way["language"], loses_server=way["loses_server"])
    made.language = way["language"]
    made.open()
    yield made
    context.close()
    icon.kill()


def takes(person, steps):
    """Whether it took so many steps: one more, and the way back, where the server was lost."""
    assert person.count == steps or (person.loses_server and person.count > steps), person.count
    wide = person.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_the_list_of_suspensions(person, files):
    person.hand_over(files / "suspended accounts.csv")
    person.say_zone("America/Caracas")
    person.measure()
    person.middle("suspended accounts")
    person.reads_the_answer()
    person.press("rail.check", "link")
    person.enter("check.text", CLAIMS[person.language])
    person.press("check.go")
    expect(person.page.locator(".claim.supported")).to_have_count(1)
    person.press("check.add")
    expect(person.page.get_by_text(CLAIMS[person.language]).first).to_be_visible()
    text = person.print_report()
    assert CLAIMS[person.language] in text
    takes(person, 14)


def test_the_export_of_4cat(person, files):
    person.hand_over(files / "4cat-export.csv")
    person.measure()
    person.middle("4cat-export")
    person.reads_the_answer()
    person.press("rail.network", "link")
    person.press_at(".groups a, [href*='/group/']")
    person.sees("group.who")
    takes(person, 7)


def test_the_sheet_of_followers(person, files):
    person.hand_over(files / "followers.csv")
    person.say_zone("America/Caracas")
    person.measure()
    person.middle("followers")
    person.reads_the_answer()
    if person.language == "en":
        said = "lost more followers than usual change explains: 6,568 gross, 6,248 net"
        expect(person.page.locator("main h1")).to_contain_text("On 1 November 2013, ")
        expect(person.page.locator("main h1")).to_contain_text(said)
    person.print_report()
    takes(person, 10)


def test_the_figures_in_the_newspapers(person):
    person.press("figures.link", "link")
    rows = (
        ("La Agencia", "level", "1100000", "2013-05-20"),
        ("El Contador", "level", "1430000", "2013-10-30"),
        ("El Ministro", "gross", "6600", "2013-10-31"),
        ("El Contador", "net", "-4849", "2013-10-31"),
    )
    for place, (who, kind, number, day) in enumerate(rows):
        person.enter("figures.who", who, place)
        if kind != "gross":
            person.choose("figures.what", kind, place)
        person.enter("figures.account", "@presidencia", place)
        person.enter("check.number", number, place)
        person.enter("figures.day", day, place)
    person.press("figures.go")
    person.middle("figures")
    person.reads_the_answer()
    takes(person, 22)


def test_the_claim_in_an_article(person, files):
    person.enter("begin.table", (files / "suspended accounts.csv").read_text("utf-8"))
    person.press("begin.gopaste")
    person.say_zone("UTC")
    person.measure()
    person.reads_the_answer()
    person.middle("case", person.word("rail.check"))
    if not person.loses_server:
        person.press("rail.check", "link")
    person.enter("check.text", ARTICLES[person.language])
    person.press("check.go")
    expect(person.page.locator(".claim")).to_have_count(2)
    expect(person.page.locator(".claim.contradicted")).to_have_count(1)
    person.page.locator(".claim.contradicted summary").click()
    person.count += 1
    person.page.locator(".claim.contradicted details [name=number]").fill("200")
    person.count += 1
    person.press_at(".claim.contradicted button.primary")
    expect(person.page.locator(".claim.contradicted")).to_have_count(0)
    person.press("check.add")
    person.page.wait_for_url("**/q/claims")
    takes(person, 14)


def test_the_network(person, files):
    person.hand_over(files / "reposts.csv")
    person.measure()
    person.reads_the_answer()
    person.middle("reposts")
    person.press("rail.network", "link")
    person.press_at("[href*='/group/']")
    person.sees("group.who")
    person.press("group.only", "link")
    person.press_at("[href*='/pair/']")
    person.page.wait_for_url("**/pair/**")
    person.sees("pair.apart")
    takes(person, 9)


def test_the_live_wave(person, files):
    person.press("watch.link", "link")
    person.give("watch.recording", files / "stream.jsonl")
    person.enter("watch.leaders", "did:example:leader", nth=1)
    person.press("watch.simulated", "checkbox")
    person.press("watch.goplay")
    person.middle(person.word("watch.link"), "stream")
    make = person.page.locator("form[action*='/case/'] button")
    expect(make.first).to_be_visible(timeout=JOB_MS)
    person.press("mark.say.true")
    person.press_at("form[action*='/case/'] button")
    person.reads_the_answer()
    takes(person, 8)


def test_the_wrong_file(person, files):
    person.give("begin.files", files / "photo.png")
    person.press("begin.go")
    expect(person.page.locator(".problem")).to_have_count(1)
    expect(person.page.get_by_role("button", name=person.word("data.takein"))).to_have_count(0)
    person.middle("photo")
    person.press("data.remove", file="\u2068photo.png\u2069")
    person.sees("data.nofiles")
    person.give("begin.files", files / "suspended accounts.csv")
    person.press("data.add")
    person.say_zone("UTC")
    expect(person.page.get_by_role("button", name=person.word("data.takein"))).to_have_count(1)
    takes(person, 8)
