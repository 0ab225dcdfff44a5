"""Deliveries of Mastodon's webhooks, as a watch keeps them: `{"event": ..., "object": ...}`.

What a watch finds by asking the admin API is kept in the same form. An account event tells how an
account stands (suspended, silenced, active) at the time of the delivery, and a change where it
stood otherwise before; a report is an act of who reported.
"""

from __future__ import annotations

from birdfall.sources.mastodon_admin import account_row
from birdfall.sources.shared.json_log import EventLog, StatusLog, UnusableLine, moment_of
from birdfall.sources.shared.json_object import UNREADABLE, JsonObject
from birdfall.sources.shared.record_rows import ActRow
from birdfall.sources.watch_lines import scalar_text


def is_delivery(plain: JsonObject) -> bool:
    """Whether an object is a delivery."""
    return plain.text("event") is not None and plain.child("object") is not None


class DeliveryLog:
    """Rows of the deliveries of one server, delivery by delivery."""

    def __init__(self, source: str) -> None:
        self.events = EventLog(source)
        self._statuses = StatusLog(self.events)
        self._seen: set[str] = set()

    def add_event(self, number: int, delivery: JsonObject) -> None:
        """Take the delivery of `number`. Raises UnusableLine."""
        body, name = delivery.child("object"), delivery.text("event") or ""
        if body is None:
            raise UnusableLine("no object")
        if name == "report.created":
            self._add_report(number, body)
        elif name.startswith("account."):
            self._add_account(number, name, body, moment_of(delivery.text("created_at")))
        else:
            self.events.skipped[f"{name[:80]} events hold nothing for the record"] += 1

    def _add_account(self, number: int, name: str, body: JsonObject, time: int) -> None:
        account = scalar_text(body, "id")
        if account is None:
            raise UnusableLine("an account without an id")
        _require_readable(account)
        self.events.extend_span(time)
        row = account_row(body, account, number, time)
        if name == "account.created" and row.created_at is None:
            row = row._replace(created_at=time)
        self.events.add(row)
        limited = "limited" if body.value("silenced") else "active"
        status = "suspended" if body.value("suspended") else limited
        self._statuses.add(account, status, time, number)

    def _add_report(self, number: int, body: JsonObject) -> None:
        by, target = body.child("account"), body.child("target_account")
        if by is None or target is None:
            raise UnusableLine("a report without both accounts")
        who, whom = scalar_text(by, "id"), scalar_text(target, "id")
        if who is None or whom is None:
            raise UnusableLine("a report without both accounts")
        _require_readable(who, whom)
        time = moment_of(body.text("created_at"))
        identity = scalar_text(body, "id")
        act_id = None if identity is None else f"report:{identity}"
        if act_id is not None and act_id in self._seen:
            self.events.skipped["a report that came twice with the same id"] += 1
            return
        if act_id is not None:
            self._seen.add(act_id)
        self.events.extend_span(time)
        self.events.add(
            ActRow(
                who, "report", whom, time, number, "account", whom, body.filled_text("comment"),
                client=scalar_text(body, "category"), act_id=act_id,
            )
        )  # fmt: skip


def _require_readable(*names: str) -> None:
    if any(UNREADABLE in name for name in names):
        raise UnusableLine("a name with a character that cannot be read")
