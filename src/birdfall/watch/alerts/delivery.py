"""Alerts: written into the state with the events that caused them, delivered by a thread of their own until they arrive.

An alert is kept before anybody is told, so a crash between the two only delays it. Each carries a key that a receiver can
know it by, should it come twice. A webhook is signed: `Birdfall-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 over
"<seconds>.<body>" with the channel's secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from http.client import HTTPMessage
from typing import IO, Any, Final

from birdfall.model.errors import printable
from birdfall.watch.alerts.handoff import action, action_name
from birdfall.watch.alerts.rules import Channel, Rule
from birdfall.watch.feeds import kafka
from birdfall.watch.feeds.base import now
from birdfall.watch.store.database import State

#: Seconds between attempts, doubled from the first to the last; after `TRIES` an alert is given up, and shown so.
FIRST_WAIT, LAST_WAIT, TRIES = 2, 600, 12


def raise_alert(
    state: State, key: str, kind: str, rules: list[Rule], time: int, body: dict[str, Any]
) -> int | None:
    """Keep an alert and whom it goes to; call inside a transaction. None if one of this key is kept already.

    With no rule that wants it, it is kept (the dashboard shows it) and goes nowhere.
    """
    if (
        state.connection.execute("SELECT 1 FROM alerts WHERE key = ?", (key,)).fetchone()
        is not None
    ):
        return None
    names = ", ".join(r.name for r in rules)
    plain = {**body, "key": key, "kind": kind, "rules": [r.name for r in rules], "time": time}
    done = state.connection.execute(
        "INSERT INTO alerts (key, kind, rule, time, body) VALUES (?, ?, ?, ?, ?)",
        (key, kind, names, time, json.dumps(plain, ensure_ascii=False, sort_keys=True)),
    )
    number = int(done.lastrowid or 0)
    channels = sorted({channel for rule in rules for channel in rule.notify})
    state.connection.executemany(
        "INSERT INTO deliveries (alert, channel, next) VALUES (?, ?, ?)",
        [(number, c, time) for c in channels],
    )
    return number


class Courier:
    """Delivers what waits. It opens the state for itself, as it runs beside the watch.

    tell: told once when a channel begins to fail, when an alert is given up, and when the channel works again.
    """

    def __init__(
        self, path: str, channels: list[Channel], tell: Callable[[str], None] = lambda text: None
    ) -> None:
        self._path = path
        self._tell = tell
        self._failing: set[str] = set()
        self._channels = {c.name: c for c in channels}
        self.woken = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver what waits now, once, and end."""
        self._stop.set()
        self.woken.set()
        self._thread.join(30)

    def _run(self) -> None:
        state = State.open(self._path)
        try:
            while not self._stop.is_set():
                self.woken.wait(1.0)
                self.woken.clear()
                self.deliver(state)
            self.deliver(state)
        finally:
            state.close()

    def deliver(self, state: State) -> None:
        """One round over what is due."""
        moment = now()
        due = state.connection.execute(
            "SELECT d.alert, d.channel, d.tries, a.body FROM deliveries d JOIN alerts a ON a.id = d.alert "
            "WHERE d.done IS NULL AND d.tries < ? AND d.next <= ? ORDER BY d.alert LIMIT 100",
            (TRIES, moment),
        ).fetchall()
        for row in due:
            channel = self._channels.get(row["channel"])
            said = (
                "no such channel any more"
                if channel is None
                else send(channel, json.loads(row["body"]))
            )
            wait = min(FIRST_WAIT * 2 ** row["tries"], LAST_WAIT) * 1_000_000
            with state.transaction():
                state.connection.execute(
                    "UPDATE deliveries SET done = ?, tries = tries + 1, next = ?, said = ? WHERE alert = ? AND channel = ?",
                    (
                        None if said else moment,
                        moment + wait,
                        said[:200],
                        row["alert"],
                        row["channel"],
                    ),
                )
            self._say(row["channel"], said, row["tries"] + 1 >= TRIES)

    def _say(self, channel: str, said: str, last: bool) -> None:
        if said and last:
            self._tell(f"an alert to {channel!r} is given up after {TRIES} tries: {said}")
        elif said and channel not in self._failing:
            self._tell(
                f"alerts to {channel!r} do not arrive: {said}; tried again for about 40 minutes"
            )
        elif not said and channel in self._failing:
            self._tell(f"alerts to {channel!r} arrive again")
        (self._failing.add if said else self._failing.discard)(channel)


def send(channel: Channel, body: dict[str, Any]) -> str:
    """Deliver one alert; empty, or what went wrong."""
    try:
        if channel.kind == "stdout":
            print(json.dumps(body, ensure_ascii=True, sort_keys=True), flush=True)
        elif channel.kind == "webhook":
            data = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
            headers = {
                "Content-Type": "application/json",
                "Birdfall-Key": printable(body["key"], 200),
            }
            headers["Birdfall-Signature"] = signature(
                data, channel.values["secret"], now() // 1_000_000
            )
            _post(channel.values["url"], data, headers)
        elif channel.kind == "ntfy":
            headers = {
                "Title": headline(body),
                "Tags": "bird",
                "Priority": "high" if body["kind"] == "falls" else "default",
            }
            if body.get("link"):
                headers["Click"] = body["link"]
            if channel.values.get("token"):
                headers["Authorization"] = f"Bearer {channel.values['token']}"
            _post(channel.values["url"], _plain(body, link=False).encode(), headers)
        elif channel.kind == "kafka":
            name = action_name(body["kind"], body.get("news", ""))
            sent = action(body["key"], name, body, body["time"])
            text = json.dumps(sent, ensure_ascii=False, sort_keys=True)
            kafka.send_action(channel.values, text.encode(), body["key"])
        else:
            _mail(channel.values, body)
    except (OSError, smtplib.SMTPException, urllib.error.URLError, ValueError) as error:
        return f"{type(error).__name__}: {printable(str(error), 150)}"
    return ""


def signature(body: bytes, secret: str, seconds: int) -> str:
    """The header of a signed webhook."""
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={mac}"


def verified(body: bytes, secret: str, header: str, *, at: int, tolerance: int = 300) -> bool:
    """What a receiver does: whether `header` signs `body`, not longer ago than `tolerance` seconds."""
    parts = dict(p.partition("=")[::2] for p in header.split(","))
    seconds = parts.get("t", "")
    if not seconds.isdigit() or abs(at - int(seconds)) > tolerance:
        return False
    return hmac.compare_digest(
        signature(body, secret, int(seconds)).encode(), header.encode("utf-8", "replace")
    )


class _Straight(urllib.request.HTTPRedirectHandler):
    """No address but the one that was given: a redirected POST would arrive as a GET without its body, and look delivered."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_Straight)


def _post(url: str, data: bytes, headers: dict[str, str]) -> None:
    request = urllib.request.Request(
        url, data=data, headers={"User-Agent": "birdfall", **headers}, method="POST"
    )
    with _OPENER.open(request, timeout=10) as answer:
        answer.read(1 << 16)


def _mail(values: dict[str, str], body: dict[str, Any]) -> None:
    message = EmailMessage()
    message["Subject"] = f"Birdfall: {headline(body)}. {sentence(body)}"[:180].replace("\n", " ")
    message["From"], message["To"] = values["sender"], values["to"]
    message.set_content(
        _plain(body) + "\n\n" + json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True)
    )
    with smtplib.SMTP(values["server"], int(values.get("port") or 25), timeout=20) as server:
        if values.get("user"):
            server.starttls()
            server.login(values["user"], values.get("password", ""))
        server.send_message(message)


_SENTENCES: Final = {
    "falls": "{fallen} accounts were suspended within {seconds} s; {usual} would have been usual.",
    "returns": "{returned} of the {fallen} accounts suspended in wave {wave} can be seen again.",
    "reports": "{reporters} accounts reported {targets} targets within {seconds} s; {together} of them reported several.",
    "no-data": "No data from {source} for {seconds} s: nothing can be said about this time.",
}
_HEADLINES: Final = {
    "falls": {"opened": "Wave {wave}: accounts fall", "closed": "Wave {wave} is over", "": "Wave {wave} has grown"},
    "reports": {
        "opened": "Burst {wave}: accounts are being reported", "closed": "Burst {wave} is over", "": "Burst {wave} has grown",
    },
    "returns": {"": "Wave {wave}: accounts come back"},
    "no-data": {"closed": "Data again", "": "No data"},
}  # fmt: skip


def headline(body: dict[str, Any]) -> str:
    """What is new, in a few words: a wave that begins, grows and ends is told three times, and each is told apart."""
    known = _HEADLINES[body["kind"]]
    return known.get(body.get("news", ""), known[""]).format(**body["numbers"])


def sentence(body: dict[str, Any]) -> str:
    """The alert in one line of English, for channels that carry text: what happened, whose followers they were, how many were reported.

    Watched leaders are named; no other account is.
    """
    numbers = dict(body["numbers"])
    expected = float(numbers.get("expected", 0.0))
    numbers["usual"] = f"about {expected:.0f}" if expected >= 1 else "fewer than one"
    known = _SENTENCES[body["kind"]]
    if body["kind"] == "no-data" and body.get("news") == "closed":
        known = "{source} is heard again, after {seconds} s without data."
    parts = [known.format(**numbers)]
    for hit in body.get("hit", [])[:3]:
        name = f"@{hit['handle']}" if hit["handle"] else hit["leader"]
        parts.append(
            f"{hit['suspended']} of them followed {name}: {hit['before']} followers before, {hit['after']} after."
        )
    if numbers.get("reported_before"):
        parts.append(f"{numbers['reported_before']} had been reported before they fell.")
    if body["kind"] == "no-data" and body.get("said"):
        parts.append(f"What went wrong: {body['said']}.")
    return printable(" ".join(parts), 600)


def _plain(body: dict[str, Any], *, link: bool = True) -> str:
    """The alert in a few lines, for people."""
    lines = [sentence(body)]
    if body.get("silenced_by"):
        lines.append(f"Silenced by: {body['silenced_by']}")
    if link and body.get("link"):
        lines.append(f"Where to look: {body['link']}")
    return "\n".join(lines)
