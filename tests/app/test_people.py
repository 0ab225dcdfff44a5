"""A workspace for several people: what each may do, and that nobody undoes what another does."""

import copy
import re
import shutil

import pytest
from app_made import Visitor
from starlette.testclient import TestClient

from birdfall.app.history import last_changes
from birdfall.app.people import parse_people, read_people
from birdfall.app.server import WorkspaceServer, create_application
from birdfall.app.session import MAX_SESSIONS, Sessions
from birdfall.model.errors import UsageError
from commands import birdfall

OWN, WRITES, OTHER, READS, ONE = (f"{letter * 24}" for letter in "abcde")
LINK = "https://birds.example"
PEOPLE = f"""# of the newsroom
owner {OWN} Ana
write {WRITES} José da  Silva
write {OTHER} ليلى

read {READS} Readers
read:night {ONE} Guests
"""


@pytest.fixture
def people(tmp_path, small_case):
    """Enters whoever has a token into a workspace of two cases."""
    shutil.copytree(small_case, tmp_path / "work" / "night")
    (tmp_path / "work" / ".birdfall" / "other").mkdir(parents=True)
    sessions = Sessions(people=parse_people(PEOPLE), link=LINK)

    def come(token):
        return Visitor(tmp_path / "work", sessions=sessions, address=LINK).enter(token)

    return come


def test_lines_name_people():
    found = parse_people(PEOPLE)
    assert [one.name for one in found] == ["Ana", "José da Silva", "ليلى", "Readers", "Guests"]
    assert [one.role for one in found] == ["owner", "write", "write", "read", "read"]
    assert [one.case for one in found] == [None, None, None, None, "night"]
    assert all(OWN not in repr(one) for one in found)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "nobody"),
        ("# nobody", "nobody"),
        (f"admin {OWN} Ana", "no person"),
        (f"owner {OWN}", "no person"),
        (f"read: {OWN} Ana", "no person"),
        (f"owner:night {OWN} Ana", "all cases"),
        ("owner secret-word Ana", "guessed"),
        (f"owner {'ä' * 30} Ana", "guessed"),
        (f"read {OWN} Ana\nread {WRITES} Ana", "twice"),
        (f"read {OWN} Ana\nread {OWN} Eva", "twice"),
        (f"read {OWN} A\u202ena", "shown"),
        (f"read {OWN} {'A' * 61}", "shown"),
    ],
)
def test_a_wrong_line_is_refused_and_no_token_is_repeated(text, what):
    with pytest.raises(UsageError, match=what) as refused:
        parse_people(text, "people.txt")
    said = f"{refused.value.what} {refused.value.where} {refused.value.why} {refused.value.fix}"
    assert not any(word in said for word in (OWN, WRITES, "secret-word", "ä" * 30))


def test_people_come_from_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("BIRDFALL_APP_PEOPLE", raising=False)
    assert read_people(None) == ()
    file = tmp_path / "people.txt"
    file.write_bytes(b"\xef\xbb\xbf" + PEOPLE.encode())
    assert read_people(file) == parse_people(PEOPLE)
    monkeypatch.setenv("BIRDFALL_APP_PEOPLE", PEOPLE)
    assert read_people(None) == parse_people(PEOPLE)
    file.write_bytes(b"\xff\xfe\x00")
    for wrong in (file, tmp_path / "none.txt"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_people(wrong)


def test_a_token_of_a_person_works_again_and_its_cookie_goes_by_https_only(people):
    ana = people(OWN)
    again = TestClient(ana.client.app, base_url=LINK)
    first = again.get(f"/en/?token={OWN}", follow_redirects=False)
    assert first.status_code == 303 and first.headers["location"] == "/en/"
    assert "Secure" in first.headers["set-cookie"] and OWN not in first.headers["set-cookie"]
    assert again.get("/en/").status_code == 200
    stranger = TestClient(ana.client.app, base_url=LINK)
    assert stranger.get("/en/").status_code == 401
    assert stranger.get("/en/?token=" + "x" * 24).status_code == 401


def private_handles(visitor):
    case = visitor.workspace.desk("night").case()
    public = set(case.settings.public)
    return {h for a, h in case.record().names().items() if a not in public}


@pytest.mark.slow
def test_who_changes_cases_sees_no_handle_and_names_nobody(people):
    writer = people(WRITES)
    case = writer.workspace.desk("night").case()
    before, private = case.settings.public, private_handles(writer)
    case.change_settings(title=f"What of @{sorted(private)[0]}?")
    for page in ("", "accounts", "accounts.csv", "texts", "check", "publish", "preview.html"):
        answer = writer.get(f"/en/c/night/{page}")
        assert answer.status_code == 200, page
        assert not private & set(re.findall(r"@([\w.]+)", answer.text)), page
    for page in ("data", "ask", "figures"):
        assert writer.get(f"/en/c/night/{page}").status_code == 403, page
        assert f'href="/en/c/night/{page}"' not in writer.get("/en/c/night/").text
    someone = sorted(private)[0]
    page = "/en/c/night/publish"
    sent = {"first": "pt", "public": [someone], "more_public": f"@{someone}"}
    assert writer.send(page, f"{page}/report", sent).status_code == 200
    changed = writer.workspace.desk("night").case()
    assert changed.settings.public == before and changed.settings.language == "pt"
    assert f"@{someone}" not in writer.get("/en/c/night/report.html").text
    assert last_changes(writer.workspace.desk("night"))[0].who == "José da Silva"


#: What who may change a case, but owns none, may send.
SENT_BY_WRITERS = {
    "/presence", "check", "check/correct", "check/add", "stop", "again",
    "network/1/group/1/note", "publish/report", "publish/verify", "publish/evidence",
}  # fmt: skip


@pytest.mark.parametrize("token", [WRITES, READS, ONE])
def test_every_address_that_changes_something_is_for_whom_it_is_said_to_be(people, token):
    visitor = people(token)
    allowed = {"/presence", "check", "check/correct"} if token != WRITES else SENT_BY_WRITERS
    seen = set()
    for route in create_application(visitor.workspace, visitor.sessions).routes:
        if "POST" not in (route.methods or ()):
            continue
        path = route.path.replace("{language}", "en").replace("{case}", "night")
        path = re.sub(r"\{[a-z]+(:int)?\}", "1", path)
        short = path.removeprefix("/en/c/night/")
        status = visitor.client.post(path, data={"word": "none"}).status_code
        refused_by_role = status == 403 and short not in allowed
        assert refused_by_role or short in allowed or path.startswith("/api/"), path
        if path.startswith("/api/"):
            assert status in (401, 403), path
        seen.add(short)
    assert allowed <= seen and len(seen) > 25


def test_the_owner_does_all(people):
    owner = people(OWN)
    assert owner.get("/en/c/night/data").status_code == 200
    assert owner.send("/en/c/night/accounts", "/en/c/night/handles", {"shown": "yes"})
    assert 'name="more_public"' in owner.get("/en/c/night/publish").text


def test_a_guest_of_one_case_finds_no_other(people):
    guest = people(ONE)
    assert "/c/night/" in guest.get("/en/").text and "/c/other/" not in guest.get("/en/").text
    assert guest.get("/en/c/night/").status_code == 200
    assert [one["name"] for one in guest.get("/api/v1/cases").json()] == ["night"]
    missing = guest.get("/en/c/missing/accounts")
    for path in ("/en/c/other/accounts", "/en/c/other/", "/en/c/night%2f..%2fother/",
                 "/api/v1/cases/other/findings", "/en/c/other/check"):  # fmt: skip
        assert guest.get(path).status_code in (403, 404), path
    other = guest.get("/en/c/other/accounts").text
    assert other.replace("other", "missing") == missing.text
    assert "/c/other/" in people(READS).get("/en/").text


@pytest.mark.slow
def test_one_person_at_a_time_changes_a_case(people, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("birdfall.app.site.time.monotonic", lambda: now[0])
    first = people(WRITES)
    second = copy.copy(first)
    second.client = TestClient(first.client.app, base_url=LINK)
    second.enter(OTHER)
    page = "/fr/c/night/publish"
    assert first.send(page, f"{page}/report", {"first": "fr"}).status_code == 200
    now[0] += 250
    refused = second.send(page, f"{page}/report", {"first": "ar"})
    assert refused.status_code == 400
    assert "José da Silva" in refused.text and "6 minutes" in refused.text
    assert first.workspace.desk("night").case().settings.language == "fr"
    checked = {"text": "At least 400 accounts were suspended in ten minutes."}
    assert second.send("/en/c/night/check", "/en/c/night/check", checked).status_code == 200
    now[0] += 350
    assert second.send(page, f"{page}/report", {"first": "ar"}).status_code == 200
    assert first.workspace.desk("night").case().settings.language == "ar"


def test_forms_come_from_the_address_that_people_reach(people):
    visitor = people(WRITES)
    page = "/en/c/night/check"
    sent = {"word": visitor.word(page), "text": "At least 400 accounts were suspended."}
    proxied = {"host": "10.0.0.1:8000", "x-forwarded-for": "192.0.2.7"}
    for origin, status in ((LINK, 200), ("https://evil.example", 403), ("null", 403)):
        answer = visitor.client.post(page, data=sent, headers={"origin": origin, **proxied})
        assert answer.status_code == status, origin


def test_one_person_ends_no_session_of_another(people):
    ana = people(OWN)
    begun = [ana.sessions.exchange(READS) for _ in range(MAX_SESSIONS + 1)]
    assert ana.get("/en/").status_code == 200
    assert [ana.sessions.knows(one) for one in begun] == [False] + [True] * MAX_SESSIONS


def test_nobody_by_name_stands_on_this_machine_only(tmp_path):
    with pytest.raises(UsageError, match="this machine only"):
        WorkspaceServer(tmp_path, sessions=Sessions(), host="0.0.0.0")


def test_a_case_alone_is_shown_to_be_read(tmp_path, small_case):
    shutil.copytree(small_case, tmp_path / "work" / "night")
    (tmp_path / "work" / ".birdfall" / "other").mkdir(parents=True)
    reader = Visitor(tmp_path / "work", read_only=True, case="night").enter()
    assert "/c/other/" not in reader.get("/en/").text
    assert reader.get("/en/c/night/").status_code == 200
    assert reader.get("/en/c/other/").status_code == 404


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--address", "0.0.0.0:0"], "this machine only"),
        (["--address", "0.0.0.0:ninety"], "no port"),
        (["--people", "missing.txt"], "cannot be read"),
        (["--people", "people.txt", "--link", "birds.example"], "no address of a server"),
        (["--people", "people.txt", "--link", "https://birds.example/app"], "no address"),
        (["--people", "people.txt", "--link", "https://[birds"], "no address"),
    ],
)
def test_a_server_for_people_is_refused_with_the_reason(options, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIRDFALL_APP_PEOPLE", raising=False)
    (tmp_path / "people.txt").write_text(PEOPLE, "utf-8")
    ended = birdfall("app", "--folder", "work", "--no-browser", *options)
    assert ended.returncode == 2 and what in ended.stderr
    assert OWN not in ended.stderr and not (tmp_path / "work").exists()
