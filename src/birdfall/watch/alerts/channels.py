"""Alert channels: the ways an alert can take, by kind.

Other packages bring kinds of their own by the entry point group `birdfall.alert_channels`: the
entry point's name is the kind (`kind = "..."` in the rules file), and it loads an object with the
attributes of `AlertChannel`.

A webhook is signed: `Birdfall-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 over "<seconds>.<body>"
with the channel's secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from importlib import metadata
from typing import Final, Protocol
from urllib.parse import quote

from birdfall.model.errors import UsageError, printable
from birdfall.model.whole_number import MAX_PORT, whole_number
from birdfall.watch.alerts.actions import action_name, action_text
from birdfall.watch.alerts.mail import MailConnection
from birdfall.watch.alerts.messages import AlertMessage
from birdfall.watch.feeds import kafka
from birdfall.watch.feeds.base import now
from birdfall.watch.feeds.web import NoAnswer, WebLimits, ask
from birdfall.watch.model.alert import (
    AlertKind,
    DataAgainAlert,
    ReportsAlert,
    SuspensionAlert,
    WaveStage,
)

#: Entry point group of channel kinds that other packages bring.
GROUP: Final = "birdfall.alert_channels"
#: Seconds that a mail server has for each step of taking an alert, and for all of them.
MAIL_STEP_SECONDS, MAIL_SECONDS = 20.0, 60.0
#: How long a web server has to take an alert, and how much it may answer.
POST_LIMITS: Final = WebLimits(seconds=10, max_bytes=1 << 16)
#: Characters of a subject line.
MAX_SUBJECT_CHARS: Final = 180
#: Characters of a header; of an address that is sent as one; signs in it that stand as they are.
MAX_HEADER_CHARS, MAX_LINK_CHARS = 200, 1000
_HEADER_SIGNS: Final = "".join(chr(c) for c in range(0x21, 0x7F))
#: Seconds by which a signature may be older or newer than its receiver's clock.
SIGNATURE_TOLERANCE_SECONDS: Final = 300


class AlertChannel(Protocol):
    """One kind of channel; what entry points in the group `birdfall.alert_channels` load.

    Examples
    --------
    A channel that appends lines to a file, as a package of its own would bring it:

    >>> class FileChannel:
    ...     required = ("path",)
    ...     optional = ()
    ...     def check(self, values): ...
    ...     def send(self, values, message):
    ...         with open(values["path"], "a") as file:
    ...             print(message.sentence, file=file)
    """

    @property
    def required(self) -> tuple[str, ...]:
        """Keys that the table of such a channel in the rules file must have."""
        ...

    @property
    def optional(self) -> tuple[str, ...]:
        """Keys that it may have."""
        ...

    def check(self, values: Mapping[str, str]) -> None:
        """Check the values when the rules are read; those of `required` are there.

        Raises UsageError.
        """
        ...

    def send(self, values: Mapping[str, str], message: AlertMessage) -> None:
        """Deliver one alert.

        Parameters
        ----------
        values
            The keys of the channel's table; secrets are already read from the environment.
        message
            The alert.

        Raises
        ------
        Exception
            Any, if it did not arrive; it is said, and tried again.
        """
        ...


def find_channel(kind: str) -> AlertChannel | None:
    """The channel of a kind, built in or of another package; None if there is none."""
    if kind in _CHANNELS:
        return _CHANNELS[kind]
    for point in metadata.entry_points(group=GROUP, name=kind):
        channel: AlertChannel = point.load()
        return channel
    return None


def channel_kinds() -> tuple[str, ...]:
    """The kinds there are: built in, then those of other packages."""
    others = sorted(point.name for point in metadata.entry_points(group=GROUP))
    return (*_CHANNELS, *(name for name in others if name not in _CHANNELS))


def sign(body: bytes, secret: str, seconds: int) -> str:
    """The signature header of a webhook. seconds: the time since 1970 it is signed at."""
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={mac}"


def verify_signature(
    body: bytes,
    secret: str,
    header: str,
    *,
    at: int,
    tolerance: int = SIGNATURE_TOLERANCE_SECONDS,
) -> bool:
    """What a receiver checks: whether `header` signs `body`, within `tolerance` seconds of `at`."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    seconds = whole_number(parts.get("t", ""))
    if seconds is None or abs(at - seconds) > tolerance:
        return False
    return hmac.compare_digest(
        sign(body, secret, seconds).encode(), header.encode("utf-8", "replace")
    )


@dataclass(frozen=True, slots=True)
class _BuiltInChannel:
    """A kind that comes with Birdfall."""

    deliver: Callable[[Mapping[str, str], AlertMessage], None]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    checks: Callable[[Mapping[str, str]], None] = lambda _: None

    def check(self, values: Mapping[str, str]) -> None:
        """Check the values. Raises UsageError."""
        self.checks(values)

    def send(self, values: Mapping[str, str], message: AlertMessage) -> None:
        """Deliver one alert."""
        self.deliver(values, message)


def _print_line(_: Mapping[str, str], message: AlertMessage) -> None:
    print(message.to_text(ascii_only=True), flush=True)


def _call_webhook(values: Mapping[str, str], message: AlertMessage) -> None:
    data = message.to_text().encode()
    headers = {
        "Content-Type": "application/json",
        "Birdfall-Key": header_text(message.key),
        "Birdfall-Signature": sign(data, values["secret"], now() // 1_000_000),
    }
    _post(values["url"], data, headers)


def _notify_ntfy(values: Mapping[str, str], message: AlertMessage) -> None:
    headers = {
        "Title": message.headline,
        "Tags": "bird",
        "Priority": "high" if message.kind is AlertKind.FALLS else "default",
    }
    if message.link and len(message.link) <= MAX_LINK_CHARS:
        headers["Click"] = header_text(message.link, 9 * MAX_LINK_CHARS)
    if values.get("token"):
        headers["Authorization"] = f"Bearer {values['token']}"
    _post(values["url"], message.text(with_link=False).encode(), headers)


def _send_mail(values: Mapping[str, str], message: AlertMessage) -> None:
    mail = EmailMessage()
    subject = f"Birdfall: {message.headline}. {message.sentence}"
    # a name that is written as an encoded word would be read as what it encodes
    mail["Subject"] = printable(subject, MAX_SUBJECT_CHARS).replace("=?", "= ?")
    mail["From"], mail["To"] = values["sender"], values["to"]
    mail.set_content(message.text() + "\n\n" + message.to_text(indent=1))
    port = int(values.get("port") or smtplib.SMTP_PORT)
    with MailConnection(
        values["server"], port, step_seconds=MAIL_STEP_SECONDS, seconds=MAIL_SECONDS
    ) as server:
        if values.get("user"):
            # the password goes to nobody but the server that has this name
            server.starttls(context=ssl.create_default_context())
            server.login(values["user"], values.get("password", ""))
        server.send_message(mail)


def _send_kafka(values: Mapping[str, str], message: AlertMessage) -> None:
    alert = message.alert
    if isinstance(alert, SuspensionAlert | ReportsAlert):
        stage = alert.stage
    else:
        stage = WaveStage.CLOSED if isinstance(alert, DataAgainAlert) else WaveStage.OPENED
    name = action_name(message.kind, stage)
    action = action_text(message.key, name, message.payload, message.time, ascii_only=False)
    kafka.send_action(values, action.encode(), message.key)


def header_text(text: str, limit: int = MAX_HEADER_CHARS) -> str:
    """A text as a header of HTTP carries it: what is not plain ASCII is written as in addresses,
    and a digest stands for the end of a long one.

    Examples
    --------
    >>> header_text("no-data:recording:días:0")
    'no-data:recording:d%C3%ADas:0'
    """
    plain = quote(text.encode("utf-8", "replace"), safe=_HEADER_SIGNS)
    if len(plain) <= limit:
        return plain
    return plain[: limit - 17] + "~" + hashlib.sha256(plain.encode()).hexdigest()[:16]


def _post(url: str, data: bytes, headers: dict[str, str]) -> None:
    answer = ask(url, headers, post=data, limits=POST_LIMITS)
    if not 200 <= answer.status < 300:
        raise NoAnswer(f"HTTP {answer.status}")


def _check_url(values: Mapping[str, str]) -> None:
    if not re.match(r"https?://[^/\s]", values["url"]):
        raise UsageError("url must be http://HOST/... or https://HOST/...")


def _check_port(values: Mapping[str, str]) -> None:
    if not whole_number(values.get("port", str(smtplib.SMTP_PORT)), MAX_PORT):
        raise UsageError("port must be a number from 1 to 65535")


def _check_kafka(_: Mapping[str, str]) -> None:
    kafka.require_client()


_CHANNELS: Final[dict[str, AlertChannel]] = {
    "stdout": _BuiltInChannel(_print_line),
    "webhook": _BuiltInChannel(_call_webhook, ("url", "secret"), (), _check_url),
    "ntfy": _BuiltInChannel(_notify_ntfy, ("url",), ("token",), _check_url),
    "email": _BuiltInChannel(
        _send_mail, ("server", "sender", "to"), ("user", "password", "port"), _check_port
    ),
    "kafka": _BuiltInChannel(_send_kafka, ("servers", "topic"), (), _check_kafka),
}
