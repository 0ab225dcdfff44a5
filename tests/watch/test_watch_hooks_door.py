"""Who delivers slowly, or not at all, to the server of webhooks holds up no other delivery."""

import contextlib
import hashlib
import hmac
import http.client
import json
import smtplib
import socket
import ssl
import struct
import threading
import time

import pytest
from watch_running import until

from birdfall.watch.alerts import channels
from birdfall.watch.alerts.delivery import send
from birdfall.watch.alerts.messages import AlertMessage, to_payload
from birdfall.watch.alerts.rules import Channel
from birdfall.watch.feeds import webhook
from birdfall.watch.feeds.webhook import MastodonWebhookFeed
from birdfall.watch.model.alert import ReturnsAlert

_ALERT = ReturnsAlert(wave=1, fallen=60, returned=40)
MESSAGE = AlertMessage(_ALERT, _ALERT.key, 0, to_payload(_ALERT, rules=[], time=0))
BODY = json.dumps(
    {"event": "account.updated", "created_at": "2023-11-14T22:13:20Z", "object": {"id": "7"}}
).encode()
HALF = {
    "half a head": b"POST / HTTP/1.1\r\nX: ",
    "half a body": b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nx",
}


@contextlib.contextmanager
def receiving(got):
    stop = threading.Event()
    feed = MastodonWebhookFeed("m", "secret", port=0)

    def put(batch):
        got.extend(batch)
        for step in batch:
            step.on_commit()

    thread = threading.Thread(target=feed.run, args=(None, "", put, stop), daemon=True)
    thread.start()
    until(lambda: feed.bound)
    try:
        yield feed.bound
    finally:
        stop.set()
        thread.join(60)


def deliver(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    signature = "sha256=" + hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    connection.request("POST", "/", BODY, {"X-Hub-Signature": signature})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("half", HALF)
def test_hundreds_of_slow_deliveries_hold_up_none(half, monkeypatch):
    monkeypatch.setattr(webhook, "MAX_CONNECTIONS", 60)
    got, held = [], []
    with receiving(got) as port:
        for _ in range(100):
            held.append(socket.create_connection(("127.0.0.1", port), timeout=60))
            held[-1].sendall(HALF[half])
        assert deliver(port) == 200
    assert len(got) == 1
    for one in held:
        one.close()


def test_a_delivery_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(webhook, "MAX_DELIVERY_SECONDS", 0.3)
    with receiving([]) as port, socket.create_connection(("127.0.0.1", port), timeout=8) as slow:
        slow.sendall(HALF["half a head"])
        assert slow.recv(10) == b""


def test_a_password_is_sent_to_no_mail_server_but_the_one_of_that_name(monkeypatch):
    contexts = []

    class Mail:
        def __init__(self, *_, **__): ...
        def __enter__(self):
            return self

        def __exit__(self, *_): ...
        def starttls(self, *, context):
            contexts.append(context)

        def login(self, *_): ...
        def send_message(self, _): ...

    monkeypatch.setattr(channels, "MailConnection", Mail)
    values = {"server": "s", "sender": "a@b", "to": "c@d", "user": "u", "password": "p"}
    assert send(Channel("m", "email", values), MESSAGE) == ""
    assert contexts[0].verify_mode is ssl.CERT_REQUIRED
    assert contexts[0].check_hostname
    assert smtplib.SMTP_PORT == 25


@contextlib.contextmanager
def mail_server(answer):
    """A server that speaks first; `answer(connection)` until it is left."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError):
                    answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def say_forever(connection):
    while True:
        connection.sendall(b"220-and more\r\n" * 1000)


def drip(connection):
    while True:
        connection.sendall(b"2")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [say_forever, drip])
def test_a_mail_server_that_never_ends_what_it_says_does_not_hold_the_courier(answer, monkeypatch):
    monkeypatch.setattr(channels, "MAIL_SECONDS", 1.0)
    said = []
    with mail_server(answer) as port:
        values = {"server": "127.0.0.1", "port": str(port), "sender": "a@b.c", "to": "d@e.f"}
        thread = threading.Thread(
            target=lambda: said.append(send(Channel("c", "email", values), MESSAGE)), daemon=True
        )
        thread.start()
        until(lambda: said, 15)
    assert said[0]


def test_who_breaks_off_a_delivery_writes_nothing_on_the_terminal(capfd):
    with receiving([]) as port:
        for said in (HALF["half a body"], b"GET / HTTP/1.1\r\n\r\n" * 2000):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.sendall(said)
        assert deliver(port) == 200
    assert "Traceback" not in capfd.readouterr().err
