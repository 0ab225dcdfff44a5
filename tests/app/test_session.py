"""The door of the workspace: who comes in, and what is refused."""

import pytest
from app_made import ADDRESS, Visitor
from starlette.testclient import TestClient

from birdfall.app import session
from birdfall.web.door import FORWARDED


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    monkeypatch.setattr("birdfall.web.door.MAX_BURST_REQUESTS", 10_000)
    return Visitor(tmp_path / "work")


def test_the_address_lets_in_once_and_leads_on_without_its_token(stranger):
    token = stranger.sessions.make_token()
    first = stranger.client.get(f"/en/?token={token}", follow_redirects=False)
    assert first.status_code == 303
    assert first.headers["location"] == "/en/"
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and token not in cookie
    assert stranger.get("/en/").status_code == 200
    other = TestClient(stranger.client.app, base_url=ADDRESS)
    assert other.get(f"/en/?token={token}").status_code == 401
    assert other.get("/en/").status_code == 401


def test_a_wrong_token_is_refused(stranger):
    stranger.sessions.make_token()
    assert stranger.get("/en/?token=guessed").status_code == 401


def test_the_answer_to_a_token_never_leads_to_another_host(stranger):
    token = stranger.sessions.make_token()
    answer = stranger.client.get(f"//evil.example/?token={token}", follow_redirects=False)
    assert not answer.headers.get("location", "/").startswith("//")


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.7", "127.0.0.1.evil.example"])
def test_a_name_that_leads_here_is_refused(stranger, host):
    stranger.enter()
    assert stranger.get("/en/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("header", FORWARDED)
def test_nobody_comes_through_a_proxy(stranger, header):
    stranger.enter()
    assert stranger.get("/en/", headers={header: "192.0.2.7"}).status_code == 421


def test_a_form_of_another_site_is_refused(stranger):
    stranger.enter()
    word = stranger.word("/en/")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = stranger.client.post("/en/demo", data={"word": word}, headers=headers)
        assert answer.status_code == 403
    assert stranger.workspace.desks() == []


@pytest.mark.parametrize("word", ["", "0" * 64])
def test_a_form_without_the_word_of_its_session_is_refused(stranger, word):
    stranger.enter()
    assert stranger.client.post("/en/demo", data={"word": word}).status_code == 403
    assert stranger.workspace.desks() == []


def test_every_form_of_every_page_holds_the_word(stranger):
    stranger.enter()
    page = stranger.get("/en/").text
    assert page.count('method="post"') == page.count('name="word"') > 0


def test_bodies_are_bounded_and_their_size_must_be_said(stranger, monkeypatch):
    stranger.enter()
    monkeypatch.setattr(session, "MAX_FORM_BYTES", 100)
    assert stranger.client.post("/en/demo", content=b"x" * 101).status_code == 413
    assert stranger.client.post("/en/demo", content=iter([b"x"])).status_code == 411
    assert stranger.client.request("GET", "/en/", content=b"x").status_code == 413


def test_who_asks_too_often_waits(tmp_path, monkeypatch):
    monkeypatch.setattr("birdfall.web.door.MAX_BURST_REQUESTS", 5)
    monkeypatch.setattr("birdfall.web.door.REQUESTS_PER_SECOND", 0.0)
    visitor = Visitor(tmp_path / "work")
    codes = [visitor.get("/en/").status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2


def test_a_program_comes_in_by_its_token_and_only_to_the_interface(tmp_path):
    visitor = Visitor(tmp_path / "work", token="a-token-of-a-program")
    shown = {"authorization": "Bearer a-token-of-a-program"}
    assert visitor.get("/api/v1/cases", headers=shown).json() == []
    assert visitor.get("/en/", headers=shown).status_code == 401
    assert visitor.get("/api/v1/cases").status_code == 401


def test_pages_allow_no_inline_script_and_no_other_host(stranger):
    answer = stranger.enter().get("/en/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert "<script>" not in answer.text and "style=" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/assets/nothing", "/assets/..", "/assets/../en", "/assets//en"])
def test_what_only_begins_like_a_script_is_no_page(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code in (401, 404)
    assert "<" not in answer.text
