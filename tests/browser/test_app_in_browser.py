"""The workspace in a browser: parts of journeys, keys alone, without scripts, in every language and
colour. Whole journeys: `test_app_journeys.py`.
"""

import json
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from views import LANGUAGES

from birdfall.app.server import WorkspaceServer
from birdfall.app.watch_runs import PLAN
from birdfall.model.settings import Settings
from birdfall.pipeline.run import add_network
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest
from suspension_lists import suspension_list

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TWEETS = Path(__file__).resolve().parents[2] / "examples" / "data" / "tweets.csv"
#: Milliseconds until a page is there on a slow machine. After a press
#: the next page is on its way: what it must show is waited for (`expect`), never looked at once.
PAGE_MS = 60_000
expect.set_options(timeout=PAGE_MS)


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """`serve()`: a server over the same workspace each time; all are stopped at the end."""
    monkeypatch.setattr("birdfall.web.door.MAX_BURST_REQUESTS", 10**6)
    started = []

    def begin(port=0):
        server = WorkspaceServer(tmp_path / "work", port)
        server.start()
        started.append(server)
        return server

    yield begin
    for server in started:
        server.stop()


@pytest.fixture
def opened(browser):
    """`opened(language=, width=, scheme=)`: a page of a browser of its own."""
    contexts = []

    def begin(width=1280, scheme="light", scripts=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(PAGE_MS)
        contexts.append(context)
        return context.new_page()

    yield begin
    for context in contexts:
        context.close()


class Steps:
    """What a person does, counted: each press, choice or entry is one step."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, name, role="button"):
        self.count += 1
        self.page.get_by_role(role, name=name, exact=True).first.click()

    def enter(self, label, text):
        self.count += 1
        self.page.get_by_label(label).first.fill(text)

    def choose(self, label, option):
        self.count += 1
        self.page.get_by_label(label, exact=True).first.select_option(option)

    def give(self, label, path):
        self.count += 1
        self.page.get_by_label(label).first.set_input_files(path)

    def hand_over(self, address, file):
        """From the first page to what is seen in a file."""
        self.page.goto(address)
        self.give("Files, or drop them here", file)
        self.press("Look at these files")
        self.page.wait_for_url("**/data")


@pytest.fixture
def list_file(tmp_path):
    """A spreadsheet as somebody has it: local times without a zone."""
    path = tmp_path / "suspended accounts.csv"
    path.write_text(suspension_list(), "utf-8")
    return path


def test_the_wrong_file_is_said_and_taken_away(serve, opened, tmp_path, list_file):
    wrong = tmp_path / "photo.png"
    wrong.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    page = opened()
    steps = Steps(page)
    steps.hand_over(serve().invitation("/en/"), wrong)
    expect(page.locator(".problem")).to_have_count(1)
    assert page.get_by_role("button", name="Take these files").count() == 0
    steps.press("Take \u2068photo.png\u2069 away")
    page.get_by_text("No files were given here.").wait_for()
    steps.give("Files, or drop them here", list_file)
    steps.press("Add them")
    page.get_by_text("suspended accounts.csv").first.wait_for()
    assert steps.count <= 5


def test_arabic_on_a_phone_by_keyboard_alone(serve, opened, list_file):
    page = opened(width=390)
    page.goto(serve().invitation("/ar/"))
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#table").focus()
    page.keyboard.insert_text(list_file.read_text("utf-8"))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/data")
    page.locator("select[name=zone]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("form[action$='take-in'] button").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_works_without_scripts(serve, opened, list_file):
    page = opened(scripts=False)
    steps = Steps(page)
    steps.hand_over(serve().invitation("/en/"), list_file)
    steps.choose("Where were the times written?", "UTC")
    steps.press("Read it so")
    expect(page.get_by_role("button", name="Take these files")).to_have_count(1)


def test_from_a_network_to_who_came_first_and_the_acts_side_by_side(serve, opened, tmp_path):
    server = serve()
    case = Case.create(tmp_path / "work" / "posts", Settings(title="Posts"))
    ingest(case, TWEETS)
    add_network(case, {"trace": "repost", "sensitivity": False})
    page = opened()
    page.goto(server.invitation("/en/"))
    steps = Steps(page)
    steps.press("Posts", "link")
    steps.press("Network", "link")
    expect(page.locator(".network-picture circle")).to_have_count(8)
    steps.press("Group 1 (8)", "link")
    page.get_by_role("heading", name="Who came first").wait_for()
    steps.press("Its pairs alone", "link")
    page.get_by_role("link", name="side by side").first.click()
    steps.count += 1
    page.get_by_text("within the window 12 times").wait_for()
    assert steps.count == 5


@pytest.mark.slow
def test_a_network_is_played_as_it_came_and_saved_as_png(serve, opened, tmp_path):
    server = serve()
    case = Case.create(tmp_path / "work" / "posts", Settings(title="Posts"))
    ingest(case, TWEETS)
    add_network(case, {"trace": "repost", "sensitivity": False})
    page = opened()
    page.goto(server.invitation("/en/c/posts/network/coordination-repost"))
    said = page.locator("#rows [role=status]")
    expect(said).to_contain_text("28 pairs of 8 accounts")
    page.get_by_role("slider", name="Until").focus()
    page.keyboard.press("Home")
    expect(said).to_contain_text("7 pairs of 8 accounts")
    page.get_by_role("button", name="Play how it came").click()
    expect(said).to_contain_text("28 pairs of 8 accounts")
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").click()
    assert saved.value.suggested_filename == "coordination-repost.png"
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_stretch_is_chosen_by_keyboard_and_shown_at_once(serve, opened, tmp_path, small_case):
    shutil.copytree(small_case, tmp_path / "work" / "night")
    server = serve()
    page = opened()
    page.goto(server.invitation("/en/c/night/accounts"))
    page.get_by_text("500 accounts were suspended").wait_for()
    page.get_by_role("slider", name="Until").focus()
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    until = page.get_by_label("Until", exact=True).last.input_value()
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("to") == [until])
    chosen = page.locator(".brush rect.on").count()
    assert chosen == page.locator(".brush rect").count() - 40
    said = page.locator("#rows [role=status] strong").inner_text()
    address = page.url
    page.goto(address)  # the address gives the same view
    assert page.locator("#rows [role=status] strong").inner_text() == said
    assert page.locator(".brush rect.on").count() == chosen


PAGES = (
    "", "data", "ask", "accounts", "accounts/12", "network", "check", "publish", "q/audience",
    "q/coordination",
)  # fmt: skip
#: Pages of no single case.
OTHER_PAGES = ("compare?case=night&case=other", "watch/watching/rules")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_shut_out(serve, opened, tmp_path, small_case, language, scheme):
    for name in ("night", "other"):
        shutil.copytree(small_case, tmp_path / "work" / name)
    (tmp_path / "work" / "watching").mkdir()
    plan = {"source": "wiki:x", "leaders": [], "simulated": False}
    (tmp_path / "work" / "watching" / PLAN).write_text(json.dumps(plan))
    server = serve()
    for width in (390, 1280):
        page = opened(width, scheme)
        said = []
        page.on("console", lambda m, said=said: said.append(m.text) if m.type == "error" else None)
        asked = []
        page.on("request", lambda r, asked=asked: asked.append(r.url))
        page.goto(server.invitation(f"/{language}/"))
        for name in ("", *(f"c/night/{p}" for p in PAGES), *OTHER_PAGES):
            answer = page.goto(f"http://127.0.0.1:{server.port}/{language}/{name}")
            assert answer.status == 200, name
            found = Axe().run(page).response["violations"]
            assert not found, (name, [(v["id"], v["nodes"][0]["html"]) for v in found])
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (name, width, wide)
        assert not said, said
        here = f"http://127.0.0.1:{server.port}/"
        assert all(url.startswith((here, "data:")) for url in asked)
