"""A workspace that is shown to be read: nothing changes, nobody is named."""

import re
import shutil

import pytest
from app_made import Visitor

from birdfall.app.server import create_application

SHOWN = ("", "q/audience", "accounts", "accounts/12", "accounts.csv", "network", "texts", "check",
         "objects/hashtag", "report.html")  # fmt: skip


@pytest.fixture
def reader(tmp_path, small_case):
    shutil.copytree(small_case, tmp_path / "work" / "night")
    return Visitor(tmp_path / "work", token="a-token-of-a-program", read_only=True).enter()


def test_a_reader_sees_the_answer_and_nobody_by_name(reader):
    case = reader.workspace.desk("night").case()
    public = set(case.settings.public)
    private = {h for a, h in case.record().names().items() if a not in public}
    for page in SHOWN:
        answer = reader.get(f"/en/c/night/{page}")
        assert answer.status_code == 200, page
        assert answer.url.path == f"/en/c/night/{page}"
        assert not private & set(re.findall(r"@([\w.]+)", answer.text)), page
    for page in ("data", "ask", "figures", "job", "publish"):
        assert reader.get(f"/en/c/night/{page}").status_code == 403, page
    assert "Prepare" not in reader.get("/en/c/night/").text


def test_no_address_that_changes_something_lets_a_reader_in(reader):
    word = reader.word("/en/c/night/check")
    program = {"authorization": "Bearer a-token-of-a-program"}
    sent = 0
    for route in create_application(reader.workspace, reader.sessions).routes:
        if "POST" not in (route.methods or ()):
            continue
        path = route.path.replace("{language}", "en").replace("{case}", "night")
        path = re.sub(r"\{[a-z]+(:int)?\}", "1", path)
        answer = reader.client.post(path, data={"word": word}, headers=program)
        if path.endswith(("/check", "/check/correct", "/presence")):
            assert answer.status_code in (200, 204, 400, 422), path
        else:
            assert answer.status_code == 403, path
            sent += 1
    assert sent > 10
    checked = {"text": "At least 400 accounts were suspended in ten minutes."}
    page = reader.send("/en/c/night/check", "/en/c/night/check", checked)
    assert '<section class="claim supported"' in page.text
    assert not (reader.workspace.desk("night").folder / "jobs").exists()


def test_the_address_lets_in_more_than_one(reader):
    token = reader.sessions.make_token()
    for _ in range(2):
        other = Visitor(reader.workspace.path, read_only=True)
        other.sessions = reader.sessions
        assert reader.sessions.exchange(token) is not None


def test_handles_are_not_for_readers(reader):
    assert "/handles" not in reader.get("/en/c/night/accounts").text
    hidden = ("network/%2e%2e/data", "accounts/12%2f..%2f..%2fask", "check%0aask", "DATA", "data/")
    for path in hidden:
        answer = reader.client.get(f"/en/c/night/{path}", follow_redirects=False)
        assert answer.status_code in (403, 404, 307), path
        assert "/publish" not in answer.text and 'name="search"' not in answer.text
