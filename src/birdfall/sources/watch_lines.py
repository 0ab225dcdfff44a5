"""Lines of Birdfall's own NDJSON, which a watch takes from standard input, Kafka or a recording.

A line is an object such as `{"kind": "status", "account": ..., "status": ..., "time": ...}`; the
kinds, and what each must have, stand in `LINE_MEMBERS` (docs/methods/sources.md).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from birdfall.model.schemas import STATUSES
from birdfall.sources.atproto.frames import MAX_NAME_CHARS
from birdfall.sources.shared.json_log import EventLog, StatusLog, UnusableLine, moment_of
from birdfall.sources.shared.json_object import UNREADABLE, JsonObject
from birdfall.sources.shared.record_rows import AccountRow, ActRow, FollowRow
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US

#: Members that a line of each kind must have, as text.
LINE_MEMBERS: Final = {
    "status": ("account", "status"),
    "follow": ("follower", "followed"),
    "unfollow": ("follower", "followed"),
    "report": ("account", "target"),
    "account": ("account",),
    "heard": (),
}


class LineParts(NamedTuple):
    """What a line must have: its kind, the values of `LINE_MEMBERS` in their order, and its time in
    microseconds."""

    kind: str
    values: list[str]
    time: int


def parts_of(item: JsonObject, received: int) -> LineParts:
    """The parts of a line.

    Parameters
    ----------
    item
        The line.
    received
        When it arrived, in microseconds; the time of a line that has none.

    Raises
    ------
    UnusableLine
        If it is of no kind, lacks a member, or has a time or a status that is none.
    """
    time = _time_of(item, received)
    kind = item.text("kind") or ""
    wanted = LINE_MEMBERS.get(kind)
    if wanted is None:
        raise UnusableLine(f"a kind that is none of {', '.join(LINE_MEMBERS)}")
    values = [item.text(key) or "" for key in wanted]
    if not all(0 < len(value) <= MAX_NAME_CHARS for value in values):
        raise UnusableLine(f"{kind} needs {' and '.join(wanted)}, as texts")
    if any(UNREADABLE in value for value in values):
        raise UnusableLine("a name with a character that cannot be read")
    if kind == "status" and values[1] not in STATUSES:
        raise UnusableLine(f"a status that is none of {', '.join(STATUSES)}")
    return LineParts(kind, values, time)


def is_line(item: JsonObject) -> bool:
    """Whether an object is a line: a message of Jetstream has a `kind` too, with an object."""
    wanted = LINE_MEMBERS.get(item.text("kind") or "")
    return wanted is not None and all(item.text(key) is not None for key in wanted)


class LineLog:
    """Rows of one stream of lines, line by line."""

    def __init__(self, source: str) -> None:
        self.events = EventLog(source, ("acts", "follows", "statuses"))
        self._statuses = StatusLog(self.events)
        self._begun: dict[tuple[str, str], int] = {}
        self._seen: set[str] = set()

    def add_event(self, number: int, item: JsonObject, received: int) -> None:
        """Take the line of `number`, which came at `received`. Raises UnusableLine."""
        kind, values, time = parts_of(item, received)
        self.events.extend_span(time)
        match kind:
            case "status":
                account, status = values
                self._statuses.add(account, status, time, number, scalar_text(item, "reason"))
            case "follow" | "unfollow":
                self._add_follow(number, kind, values[0], values[1], time)
            case "report":
                self._add_report(number, item, values[0], values[1], time)
            case "account":
                made = time if item.value("created") else None
                handle = scalar_text(item, "handle")
                self.events.add(
                    AccountRow(values[0], number, handle, created_at=made, observed_at=time)
                )

    def _add_follow(self, number: int, kind: str, follower: str, followed: str, time: int) -> None:
        edge = follower, followed
        since: int | None
        until: int | None
        if kind == "follow":
            since, until = time, None
            self._begun.setdefault(edge, time)
        else:
            # one that began in another file, or before the watch, is found there when follows are
            # put together
            since = self._begun.pop(edge) if edge in self._begun else None
            until = time
        self.events.add(FollowRow(follower, followed, number, since, until, "change", time))
        self.events.add(ActRow(follower, kind, followed, time, number, "account", followed))

    def _add_report(
        self, number: int, item: JsonObject, reporter: str, target: str, time: int
    ) -> None:
        act_id = scalar_text(item, "id")
        if act_id is not None and act_id in self._seen:
            self.events.skipped["a report that came twice with the same id"] += 1
            return
        if act_id is not None:
            self._seen.add(act_id)
        reason = scalar_text(item, "reason")
        self.events.add(
            ActRow(
                reporter, "report", target, time, number, "account", target,
                client=reason, act_id=act_id,
            )
        )  # fmt: skip


def scalar_text(item: JsonObject, key: str) -> str | None:
    """A text or a number of an object as text; None if it has none, or an empty one."""
    value = item.value(key)
    return str(value) or None if isinstance(value, str | int | float) and value else None


def _time_of(item: JsonObject, received: int) -> int:
    if item.value("time") is None:
        return received
    given = item.integer("time")
    time = moment_of(item.text("time")) if given is None else given
    if not EARLIEST_US <= time < LATEST_US:
        raise UnusableLine("an implausible time")
    return time
