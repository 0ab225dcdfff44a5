"""The door to the dashboard: nobody without the token gets in by a proxy, and nobody who is slow or
holds many connections locks others out."""

import contextlib
import http.client
import socket
import threading
import time

import pytest
from attack_doors import PAGES, attack
from starlette.testclient import TestClient
from watch_running import until

from birdfall.cli.dashboard_token import read_token
from birdfall.model.errors import UsageError
from birdfall.watch.dashboard.app import create_application
from birdfall.watch.dashboard.server import DashboardServer
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.session import WatchOptions, replay
from birdfall.watch.store.database import State
from birdfall.web import connection_limits
from commands import birdfall

TOKEN = "t" * 24


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    place = tmp_path_factory.mktemp("door") / "watch.sqlite"
    State.open(place).close()
    return place


@contextlib.contextmanager
def serving(path, **more):
    server = DashboardServer(path, "0", **more)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def get(server, path="/en/now", timeout=15, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def client(path, token, host="127.0.0.1"):
    return TestClient(
        create_application(StateView(path), token=token, host=host),
        base_url="http://127.0.0.1:1",
        follow_redirects=False,
    )


#: As proxies and content networks write them.
PROXY_HEADERS = (
    "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded", "Forwarded-For",
    "X-Real-IP", "X-Client-IP", "X-Original-Host", "X-Cluster-Client-IP", "Via",
    "CF-Connecting-IP", "CF-Ray", "True-Client-IP", "Fly-Client-IP", "Fastly-Client-IP",
    "X-Envoy-External-Address", "X-Amzn-Trace-Id", "X-Azure-ClientIP", "Tailscale-User-Login",
)  # fmt: skip


@pytest.mark.parametrize(
    "host", ["127.0.0.1@evil", "127.0.0.1:1, evil", "", "127.0.0.1.evil.example", "localhost:x"]
)
def test_a_loopback_dashboard_answers_to_names_of_this_machine_alone(path, host):
    assert client(path, None).get("/en/now", headers={"Host": host}).status_code == 421
    for name in ("localhost:1", "127.0.0.1", "[::1]:8470", "LOCALHOST"):
        assert client(path, None).get("/en/now", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize("header", PROXY_HEADERS)
def test_a_loopback_dashboard_behind_a_proxy_asks_for_a_token(path, header):
    assert client(path, None).get("/en/now").status_code == 200
    answer = client(path, None).get("/en/now", headers={header: "192.0.2.7"})
    assert answer.status_code == 401
    assert "--token-file" in answer.text
    with_token = {header: "192.0.2.7", "Authorization": f"Bearer {TOKEN}"}
    assert client(path, TOKEN).get("/en/now", headers=with_token).status_code == 200


def test_a_dashboard_with_a_link_has_a_token_though_it_stands_on_loopback(path, tmp_path):
    with serving(path, link="https://birds.example/") as server:
        assert server.token
        assert server.invitation == f"https://birds.example/?token={server.token}"
        assert get(server)[0] == 401
        assert get(server, Authorization=f"Bearer {server.token}")[0] == 200
    lines = tmp_path / "x.ndjson"
    lines.write_text('{"kind": "status", "account": "a", "status": "suspended", "time": 1e3}\n')
    said, stop = [], threading.Event()
    stop.set()
    options = WatchOptions(
        state=tmp_path / "s", notify=False, dashboard="0", link="https://birds.example"
    )
    replay(lines, options=options, stop=stop, log=said.append)
    assert any("https://birds.example/?token=" in line for line in said)


@pytest.mark.parametrize("where", ["//evil.example", "///evil.example/x", "/%5cevil.example", "//"])
def test_a_token_in_an_address_leads_to_no_other_host(path, where):
    with serving(path, token=TOKEN) as server:
        status, headers, _ = get(server, f"{where}?token={TOKEN}")
    assert status == 303
    location = headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_the_token_comes_from_a_file_or_the_environment(tmp_path, monkeypatch, capsys):
    place = tmp_path / "token"
    place.write_text(f"{TOKEN}\n")
    assert read_token(None, place) == TOKEN
    monkeypatch.setenv("BIRDFALL_DASHBOARD_TOKEN", "e" * 20)
    assert read_token(None, None) == "e" * 20
    assert read_token(None, place) == TOKEN, "what is named goes before what is around"
    assert capsys.readouterr().err == ""
    assert read_token(TOKEN, None) == TOKEN
    assert "--token-file" in capsys.readouterr().err
    for content in (b"", b"\xff\xfe", b"\xc3\xbc" * 20, b"x" * 5000):
        place.write_bytes(content)
        with pytest.raises(UsageError):
            read_token(None, place)
    done = birdfall("serve", tmp_path, "--token-file", tmp_path / "none")
    assert done.returncode == 2


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(connection_limits, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connection_limits, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(connection_limits, "STALL_SECONDS", 0.5)


def ends(sockets, seconds=60):
    """Whether the other side ends all of them; a time-out of the test's own is an error."""
    deadline = time.monotonic() + seconds
    for one in sockets:
        one.settimeout(max(deadline - time.monotonic(), 0.1))
        with contextlib.suppress(ConnectionError):
            while one.recv(65536):
                pass
    return True


def is_ended(one):
    one.setblocking(False)
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def opens(server, ask):
    [one] = open_many(server, 1, ask)
    with one:
        return one.recv(15) == b"HTTP/1.1 200 OK"


def open_many(server, number, said=b""):
    found = []
    for _ in range(number):
        found.append(socket.create_connection(("127.0.0.1", server.port), timeout=60))
        found[-1].sendall(said)
    return found


SLOW = {
    "nothing": b"",
    "half a head": b"GET /en/now HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
    "half a body": b"POST /en/wave/1/case HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Length: 9000\r\nOrigin: http://127.0.0.1\r\n\r\nx",
}


@pytest.mark.parametrize("slow", SLOW)
@pytest.mark.usefixtures("short")
def test_what_is_not_said_in_time_is_ended(path, slow):
    with serving(path) as server:
        found = open_many(server, 3, SLOW[slow])
        assert ends(found)
        for one in found:
            one.close()


@pytest.mark.usefixtures("short")
def test_a_request_after_the_first_has_the_same_time(path):
    with serving(path) as server:
        [one] = open_many(server, 1, b"GET /assets/none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert one.recv(10) == b"HTTP/1.1 4"
        one.sendall(b"GET /en/")
        assert ends([one])
        one.close()


def test_hundreds_of_slow_requests_lock_nobody_out(path, monkeypatch):
    """Many more than are served at once, and none of their times is up: who asks is served."""
    monkeypatch.setattr(connection_limits, "HEAD_SECONDS", 600.0)
    with serving(path) as server:
        found = open_many(server, 420, SLOW["half a head"])
        try:
            assert get(server)[0] == 200
            assert not is_ended(found[-1]), "served beside them, not after them"
        finally:
            for one in found:
                one.close()


def test_hundreds_of_open_pages_lock_nobody_out(path, monkeypatch):
    monkeypatch.setattr("birdfall.web.door.MAX_BURST_REQUESTS", 10_000)
    ask = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with serving(path) as server:
        found = open_many(server, 200, ask)
        try:
            until(lambda: not opens(server, ask))
            assert get(server)[0] == 200
        finally:
            for one in found:
                one.close()
        until(lambda: not server._updates.listeners)  # noqa: SLF001
        until(lambda: opens(server, ask))


def test_who_has_no_token_uses_up_nothing_of_those_with_one(path, monkeypatch):
    # however slow this machine is, nothing is given back meanwhile
    monkeypatch.setattr("birdfall.web.door.REQUESTS_PER_SECOND", 0.0)
    web = client(path, TOKEN)
    assert 429 in [web.get("/en/now").status_code for _ in range(80)]
    answer = web.get("/en/now", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


def test_whoever_opens_the_link_gets_in_however_much_others_ask(path, monkeypatch):
    monkeypatch.setattr("birdfall.web.door.REQUESTS_PER_SECOND", 0.0)
    web = client(path, TOKEN)
    assert 429 in [web.get("/en/now").status_code for _ in range(80)]
    assert web.get("/en/now", params={"token": TOKEN}).status_code == 303


def test_without_a_token_a_program_that_asks_without_end_keeps_no_browser_out(path, monkeypatch):
    monkeypatch.setattr("birdfall.web.door.REQUESTS_PER_SECOND", 0.0)
    reader, program, late = (client(path, None) for _ in range(3))
    # they ask the same server
    program.app = late.app = reader.app
    program._transport.app = late._transport.app = reader._transport.app  # noqa: SLF001
    assert reader.get("/en/now").status_code == 200

    def ask():
        program.cookies.clear()
        return program.get("/en/now").status_code

    assert 429 in [ask() for _ in range(80)]
    assert reader.get("/en/now").status_code == 200, "it is known by its mark"
    assert late.get("/en/now").status_code == 429, "no browser, and no mark"
    assert late.get("/en/now", headers={"Sec-Fetch-Mode": "navigate"}).status_code == 200
    assert late.get("/en/now").status_code == 200
    forged = {"Cookie": "birdfall-visitor-1=me.00"}
    late.cookies.clear()
    assert late.get("/en/now", headers=forged).status_code == 429


def test_one_address_holds_no_more_than_its_share_of_open_pages():
    places = connection_limits.StreamPlaces()
    assert sum(places.take("a") for _ in range(200)) == 32
    assert sum(places.take(f"b{i}") for i in range(200)) == 96
    places.leave("a")
    assert places.take("c")
    assert not places.take("a")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["dashboard", "workspace"])
def test_thousands_of_connections_that_are_opened_and_left_lock_nobody_out(kind):
    opened, served, slowest, ended = attack(kind, "opened and left", 5_000)
    assert opened > 1_000
    assert served == PAGES
    assert slowest < 15 and ended < 15
