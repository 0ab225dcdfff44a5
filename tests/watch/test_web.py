"""The one HTTP client: whatever a server answers, there is an answer or a reason, within limits of
size and time, and what authorises a question goes to nobody else."""

import asyncio
import threading
import time

import pytest
from raw_server import RawServer, http_answer, sends

from birdfall.watch.alerts.channels import find_channel
from birdfall.watch.alerts.delivery import send
from birdfall.watch.alerts.messages import AlertMessage, to_payload
from birdfall.watch.alerts.rules import Channel
from birdfall.watch.feeds.base import ConnectionLost
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.web import NoAnswer, WebLimits, ask
from birdfall.watch.model.alert import ReturnsAlert

ALERT = ReturnsAlert(wave=1, fallen=60, returned=40)
MESSAGE = AlertMessage(ALERT, ALERT.key, 0, to_payload(ALERT, rules=[], time=0))
#: What is no HTTP, by what is wrong with it, and what is said.
BROKEN = {
    "nothing": b"",
    "no HTTP": b"\x16\x03\x01 whatever\r\n\r\n",
    "a bad status line": b"HTTP/1.1 two hundred\r\n\r\n",
    "a line too long": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    "a torn head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a torn body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "torn chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx",
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
}
PACKED = http_answer(b"\x1f\x8b", Content_Encoding="gzip")


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_answer_is_said_so(broken):
    with RawServer(sends(BROKEN[broken])) as server, pytest.raises(NoAnswer) as error:
        ask(server.url, limits=WebLimits(5, 1000))
    assert str(error.value) == "an answer that is no HTTP, or ends too early"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:1/", "refused"),
        ("http://nobody.invalid/", "no such host"),
        ("http://[::1/", "an address that cannot be read"),
        ("file:///etc/passwd", "an address that is not HTTP"),
        ("http://127.0.0.1:99999/", "an address that cannot be read"),
    ],
)
def test_no_connection_is_said_by_its_reason(address, said):
    with pytest.raises(NoAnswer, match=said):
        ask(address)


def test_a_notebook_that_runs_a_loop_asks_as_others_do():
    async def cell():
        return ask(server.url)

    with RawServer(sends(http_answer(b"here"))) as server:
        assert asyncio.run(cell()).body == b"here"


def test_a_server_without_its_tls_is_said():
    with RawServer(sends(http_answer(b"plain"))) as server, pytest.raises(NoAnswer) as error:
        ask(server.url.replace("http", "https"))
    assert str(error.value) == "TLS failed"


def test_answers_have_limits_of_size_and_of_time_over_all():
    with RawServer(sends(http_answer(b"x" * 1001))) as server, pytest.raises(NoAnswer) as error:
        ask(server.url, limits=WebLimits(5, 1000))
    assert str(error.value) == "an answer too large"
    with RawServer(sends(PACKED)) as server, pytest.raises(NoAnswer, match="packed"):
        ask(server.url)

    def drop_by_drop(connection, _question, _number):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        # no single wait is long: only a limit over all of them ends this
        for _ in range(2_000):
            connection.sendall(b"X: y\r\n")
            time.sleep(0.05)

    with RawServer(drop_by_drop) as server, pytest.raises(NoAnswer, match="timed out"):
        ask(server.url, limits=WebLimits(0.4, 100_000))


def redirect(where, status="302 Found"):
    return http_answer(status=status, Location=where)


SECRETS = ("dXNlcjpzZWNyZXQ=", "tooth-and-claw")


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_credentials_go_to_nobody_but_the_server_that_was_asked(status):
    """Ozone's Basic and Mastodon's Bearer header, and what a webhook was told, after a redirect to
    another host, port or scheme."""
    with RawServer(sends(http_answer(b"{}"))) as other:
        places = [f"{other.url}/", f"//127.0.0.1:{other.port}/x", f"http://localhost:{other.port}/"]
        for place in places:
            with RawServer(sends(redirect(place, status))) as server:
                ozone = OzoneFeed("o", url=server.url, secret="user:secret")
                mastodon = MastodonFeed("m", url=server.url, secret="tooth-and-claw")
                for feed in (ozone, mastodon):
                    with pytest.raises(ConnectionLost, match="which is not followed"):
                        feed.poll(lambda _: None)
                values = {"url": server.url, "secret": "s"}
                assert "redirect" in send(Channel("w", "webhook", values), MESSAGE)
                assert "redirect" in send(
                    Channel("n", "ntfy", {"url": server.url, "token": SECRETS[1]}), MESSAGE
                )
            asked = b"".join(server.questions).decode()
            assert all(secret in asked for secret in SECRETS), "the server itself is told"
        assert other.questions == []


def test_a_redirect_within_the_origin_is_followed_with_its_credentials():
    def answer(connection, question, _number):
        moved = question.startswith(b"GET /xrpc")
        connection.sendall(redirect("/moved") if moved else http_answer(b'{"events": []}'))

    with RawServer(answer) as server:
        OzoneFeed("o", url=server.url, secret="user:secret").poll(lambda _: None)
    assert len(server.questions) == 2
    assert all(b"authorization: basic" in q.lower() for q in server.questions)


@pytest.mark.parametrize("where", ["", "http://[", "http://a b/", "https:", "\x01", "//"])
def test_a_redirect_that_leads_nowhere_is_no_answer(where):
    with RawServer(sends(redirect(where))) as server, pytest.raises(NoAnswer):
        ask(server.url)


def test_redirects_in_a_circle_end():
    with (
        RawServer(sends(redirect("/"))) as server,
        pytest.raises(NoAnswer, match="too many redirects"),
    ):
        ask(server.url)
    assert len(server.questions) == 4


def test_a_webhook_hears_by_its_code_that_it_failed():
    for status, said in (("204 N", ""), ("500 E", "HTTP 500"), ("199 X", "")):
        with RawServer(sends(http_answer(status=status))) as server:
            values = {"url": server.url, "secret": "s"}
            found = send(Channel("w", "webhook", values), MESSAGE)
        if status != "199 X":
            assert found.endswith(said)
            assert bool(found) == bool(said)
    assert find_channel("webhook") is not None


def test_a_stream_of_changes_is_read_as_it_comes_and_ends_when_it_is_told():
    stop, left = threading.Event(), threading.Event()
    event = b'id: 7\ndata: {"type": "log"}\n\n'

    def answer(connection, _question, _number):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + event[:9])
        connection.sendall(event[9:])
        left.wait(60)

    got = []

    def put(batch):
        got.extend(batch)
        stop.set()

    with RawServer(answer) as server:
        feed = MediaWikiFeed("w", url=server.url)
        # the server goes on holding the stream open: only the watch itself can end it
        feed.connect_once(put, stop)
        left.set()
    assert [step.cursor for step in got] == ["7"]


def test_a_stream_whose_line_or_event_does_not_end_is_lost():
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    for body in (b"data: " + b"x" * (2 << 20), b"data: xxxxxxxx\n" * 200_000):
        with RawServer(sends(head + body)) as server, pytest.raises(ConnectionLost, match="long"):
            MediaWikiFeed("w", url=server.url).connect_once(lambda _: None, threading.Event())


def test_an_event_id_that_cannot_be_sent_back_is_none():
    body = b'id: a\x01\xff\ndata: {"type": "log"}\n\n'
    got = []
    with RawServer(sends(b"HTTP/1.1 200 OK\r\n\r\n" + body)) as server:
        MediaWikiFeed("w", url=server.url).connect_once(got.extend, threading.Event())
    assert [step.cursor for step in got] == [None]
