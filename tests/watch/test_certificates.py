"""A server whose certificate must not be believed hears nothing, is said to be lost with the
reason, and is asked again; and all that holds for addresses of IPv6 too."""

import contextlib
import random
import socket
import threading

import pytest
from conversations import MESSAGE, PROTOCOLS, MailServer, read_lines
from fronts import AUTHORITY, BAD, Front, with_tls
from hostile import SECRET, Outcome, small_limits
from raw_server import RawServer

from birdfall.model.errors import UsageError
from birdfall.watch.alerts.delivery import send
from birdfall.watch.alerts.rules import Channel
from birdfall.watch.dashboard.server import DashboardServer
from birdfall.watch.feeds import web
from birdfall.watch.feeds.registry import open_feed
from birdfall.watch.feeds.webhook import MastodonWebhookFeed
from birdfall.watch.store.database import State

SOURCES = ("ozone", "mastodon", "wiki", "firehose", "jetstream", "jetstream2", "packed")
#: Three at each change, the others by `make test-slow`.
BY_HTTP = [
    pytest.param(one, marks=() if one in ("ozone", "firehose", "webhook") else pytest.mark.slow)
    for one in (*SOURCES, "handles", "webhook", "ntfy")
]


@pytest.fixture(autouse=True)
def trusted(monkeypatch):
    """This machine trusts the authority of the tests."""
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    web.trusted_certificates.cache_clear()
    yield
    web.trusted_certificates.cache_clear()


def converse(tmp_path, protocol, *certificates, host="127.0.0.1"):
    """One honest conversation by way of a front."""
    talk = PROTOCOLS[protocol](1, random.Random(1))
    talk.left, talk.over, outcome = 0, threading.Event(), Outcome()
    state = State.open(tmp_path / "w.sqlite")
    with (
        small_limits(),
        talk.server(talk.answer) as server,
        Front(server.port, *certificates, host=host) as front,
    ):
        scheme = talk.scheme + ("s" if certificates else "")
        talk.hold(f"{scheme}://{front.place}", state, outcome)
        talk.over.set()
        state.close()
        return outcome, front.taken, len(server.questions)


@pytest.mark.parametrize("protocol", BY_HTTP)
def test_a_server_with_a_bad_certificate_hears_nothing_and_is_asked_again(tmp_path, protocol):
    outcome, taken, heard = converse(tmp_path, protocol, *BAD, "good")
    assert (outcome.lost, outcome.doubled, outcome.ended, outcome.unsaid) == (0, 0, 0, 0)
    assert heard == taken - len(BAD)
    if protocol not in ("handles", "packed"):  # who ask something else first, and go without it
        assert {*BAD.values()} <= outcome.said


@pytest.mark.parametrize("certificates", [(), ("good",)])
@pytest.mark.parametrize("protocol", BY_HTTP)
def test_servers_at_addresses_of_ipv6(tmp_path, protocol, certificates):
    outcome, taken, heard = converse(tmp_path, protocol, *certificates, host="::1")
    assert (outcome.lost, outcome.doubled, outcome.ended) == (0, 0, 0)
    assert taken == heard > 0


class TlsMail(MailServer):
    """Takes mail after STARTTLS with a certificate; `heard` is what was said after that."""

    def __init__(self, certificate):
        super().__init__(self.talk)
        self.certificate, self.heard = certificate, b""

    def talk(self, connection, *_):
        connection.sendall(b"220 hello\r\n")
        read_lines(connection, body=False)
        connection.sendall(b"250-a\r\n250 STARTTLS\r\n")
        read_lines(connection, body=False)
        connection.sendall(b"220 go\r\n")
        secured = with_tls(connection, self.certificate)
        for answer in (b"250-a\r\n250 AUTH PLAIN\r\n", b"235 in\r\n", b"250 ok\r\n", b"250 ok\r\n",
                       b"354 go\r\n", b"250 kept\r\n"):  # fmt: skip
            self.heard += read_lines(secured, body=answer == b"250 kept\r\n")
            secured.sendall(answer)


@pytest.mark.parametrize("certificate", [*BAD, "good"])
def test_a_mail_server_with_a_bad_certificate_gets_no_password(certificate):
    with TlsMail(certificate) as server:
        values = {"server": "127.0.0.1", "port": str(server.port), "sender": "a@b.example",
                  "to": "c@d.example", "user": "u", "password": SECRET}  # fmt: skip
        said = send(Channel("c", "email", values), MESSAGE)
    assert said == BAD.get(certificate, ""), "it waits, and says why; with a good one it arrives"
    assert (b"AUTH" in server.heard) == (certificate == "good")


def test_mail_and_webhooks_at_addresses_of_ipv6():
    talk = PROTOCOLS["mail"](1, random.Random(1))
    talk.left = 0
    with MailServer(talk.answer) as server, Front(server.port, host="::1") as front:
        for host in ("::1", "[::1]"):
            values = {"server": host, "port": str(front.port), "sender": "a@b.example",
                      "to": "c@d.example"}  # fmt: skip
            assert send(Channel("c", "email", values), MESSAGE) == ""
    for host in ("::1", "[::1]"):
        feed, stop = MastodonWebhookFeed("s", SECRET, bind=host, port=0), threading.Event()
        thread = threading.Thread(target=feed.run, args=(None, "", lambda _: None, stop))
        thread.start()
        try:
            while not feed.bound and thread.is_alive():
                pass
            with socket.create_connection(("::1", feed.bound), 5) as connection:
                connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                assert b" 401 " in connection.recv(100)
        finally:
            stop.set()
            thread.join()


def test_a_dashboard_at_an_address_of_ipv6(tmp_path):
    State.open(tmp_path / "w.sqlite").close()
    server = DashboardServer(tmp_path / "w.sqlite", "[::1]:0")
    server.start()
    try:
        assert server.address.startswith("http://[::1]:")
        answer = web.ask(server.address + "en/now")
        assert (answer.status, b"<html" in answer.body) == (200, True)
        other = web.ask(server.address + "en/now", {"Host": "[::2]:80"})
        assert other.status in (400, 403, 421), "another name for it may be a page of somebody else"
    finally:
        server.stop()


SCHEMES = ("", "atproto:", "jetstream:", "jetstream2:", "ozone:", "mastodon:", "wiki:")
NO_ADDRESS = (
    "[::1", "[::1]:99999", "[::1]:x", "[::1]:0", "[::1]x:80", "[zz]:1", "h:99999", "h:0", "h:²",
    "a b", "h\nx", "h\u2100.example", "xn--\ud800", "", "@", "u:p@", ":80", "h:80:90", "[]",
    "[]:80",
)  # fmt: skip


@pytest.mark.parametrize("host", NO_ADDRESS)
def test_what_cannot_be_an_address_is_refused_by_a_sentence(monkeypatch, host):
    for name in ("OZONE_SECRET", "MASTODON_TOKEN", "MASTODON_HOOK_SECRET"):
        monkeypatch.setenv(f"BIRDFALL_{name}", "x" * 20)
    for scheme in SCHEMES:
        web_scheme = "https" if scheme in ("ozone:", "mastodon:", "wiki:") else "wss"
        with pytest.raises(UsageError):
            open_feed(f"{scheme}{web_scheme}://{host}/")
    for text in (f"mastodon-hooks:{host}", f"kafka:{host}/topic"):
        if text not in ("mastodon-hooks::80", "mastodon-hooks:h:80:90"):
            with pytest.raises(UsageError) as error:
                open_feed(text)
            assert "its client" not in str(error.value), "the address is looked at first"


def test_what_is_an_address_is_not_refused():
    for host in ("[::1]:80", "[::1]", "localhost:80", "u:p@h.example", "é.example",
                 "[fe80::1%25e]:9", "127.0.0.1"):  # fmt: skip
        for scheme in ("", "jetstream:", "jetstream2:"):
            assert open_feed(f"{scheme}wss://{host}").name
    with contextlib.suppress(UsageError), RawServer(lambda *_: None):
        open_feed("kafka:[::1]:9092/t")
