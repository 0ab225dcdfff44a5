"""Alerts as their channels send them, byte by byte: nobody in them who is not watched, and no name,
however hostile, that becomes a header, a line of its own, or turns the text around it."""

import email
import email.policy
import json

import pytest
from conversations import Mail, MailServer
from raw_server import RawServer, http_answer, sends
from test_what_a_watch_tells import MARK, path  # noqa: F401  # a fixture

from birdfall.watch.alerts.delivery import send
from birdfall.watch.alerts.messages import AlertMessage, to_payload
from birdfall.watch.alerts.rules import Channel
from birdfall.watch.model.alert import (
    AudienceHit,
    NoDataAlert,
    NoDataReason,
    SuspensionAlert,
    WaveStage,
)
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.store.database import State

#: Names that would be headers, lines, commands of a terminal or turned text.
HOSTILE = (
    "a\r\nX-Injected: 1\r\n\r\nbody",
    "a\n.\nMAIL FROM:<x@y>\r\n.\r\n",
    "\u202eevil\u2066",
    "\x1b]0;title\x07\x1b[2J\x00",
    "x" * 100_000,
    "=?utf-8?q?=0d=0aX-Injected:_1?=",
    "\U0001f426é\u2028\u2029\x85\x0b\x0c",
)


class TakingMail(Mail):
    """A mail server that keeps what it is given."""

    def __init__(self):
        self.taken, self.left = [], 0

    def answer(self, connection, _question, _number):
        for number, text in enumerate(self.ANSWERS):
            if number:
                end = b"\r\n.\r\n" if number == 5 else b"\r\n"
                data = b""
                while not data.endswith(end):
                    part = connection.recv(65536)
                    if not part:
                        return
                    data += part
                self.taken.append(data)
            connection.sendall(text)


def sent_by(kind, message):
    """The bytes that a receiver gets of an alert."""
    if kind == "email":
        taking = TakingMail()
        with MailServer(taking.answer) as server:
            values = taking.values(server.url)
            assert send(Channel("c", kind, values), message) == ""
        assert [line[:4] for line in taking.taken[:4]] == [b"ehlo", b"mail", b"rcpt", b"data"]
        return taking.taken[4]
    with RawServer(sends(http_answer(b"ok"))) as server:
        values = {"url": server.url, "secret": "s", "token": "t"}
        assert send(Channel("c", kind, values), message) == ""
    return server.questions[0]


def decoded(kind, data):
    """The same, with what a mail or a header packs taken out as well."""
    if kind != "email":
        return data
    mail = email.message_from_bytes(data.removesuffix(b"\r\n.\r\n"), policy=email.policy.default)
    headers = "".join(f"{name}: {value}\n" for name, value in mail.items())
    return data + headers.encode() + mail.get_content().encode("utf-8", "replace")


@pytest.mark.parametrize("kind", ["webhook", "ntfy", "email"])
def test_no_channel_sends_a_name_that_is_not_watched(path, kind):  # noqa: F811
    state = State.open(path, read_only=True)
    bodies = [row[0] for row in state.connection.execute("SELECT body FROM alerts")]
    state.close()
    assert bodies
    for body in bodies:
        data = decoded(kind, sent_by(kind, AlertMessage.parse(body)))
        assert MARK.encode() not in data.lower()


def alerts_of(name):
    hit = AudienceHit(name, 100, 50, 50, 0, 9.0, handle=name)
    yield SuspensionAlert(
        wave=1, stage=WaveStage.OPENED, stream=ALL_FALLS, begin=0, seconds=9, expected=1.0,
        fallen=60, audiences=(name,), hit=(hit,),
    )  # fmt: skip
    yield NoDataAlert(
        source=name, since=0, seconds=60, reason=NoDataReason.SAYS_NOTHING, said=name, link=name
    )


@pytest.mark.parametrize("kind", ["webhook", "ntfy", "email"])
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_stays_a_name(kind, name):
    for alert in alerts_of(name):
        payload = to_payload(alert, rules=["r"], time=0)
        data = sent_by(kind, AlertMessage(alert, alert.key, 0, payload))
        head, _, body = data.partition(b"\r\n\r\n")
        assert b"\nX-Injected" not in head
        assert max(map(len, head.split(b"\r\n"))) < 1_000
        if kind == "webhook":
            assert json.loads(body)["key"] == alert.key
        if kind == "email":
            assert data.count(b"\r\n.\r\n") == 1
            mail = email.message_from_bytes(data, policy=email.policy.default)
            assert set(mail.keys()) <= {
                "Subject", "From", "To", "Content-Type", "Content-Transfer-Encoding",
                "MIME-Version",
            }  # fmt: skip
            assert not mail.defects
