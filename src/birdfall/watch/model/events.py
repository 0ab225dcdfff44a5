"""What a stream says, reduced to what the watch needs: one small shape per kind of event, whatever
the platform.

Times are int64 microseconds UTC. `time` is the platform's own time of the event; `received` is
ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """The platform says what an account's status is now (a word of `model.schemas.STATUSES`).
    client: the app it acts through."""

    account: str
    status: str
    time: int
    reason: str = ""
    host: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Follow:
    """An edge begins.

    `key` names it for the unfollow, which on some networks names nothing else.
    """

    follower: str
    followed: str
    time: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Unfollow:
    """An edge ends: by its key, or by whom it led to."""

    follower: str
    time: int
    key: str = ""
    followed: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One account reports another.

    `id` is the platform's own, so that a report read twice is one.
    """

    reporter: str
    target: str
    time: int
    id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """An account's handle, as of `time`; `created` if this is its beginning. client: the app it
    came through."""

    account: str
    handle: str
    time: int
    created: bool = False
    client: str = ""


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """A source lists exactly these accounts as having `status` at `time`; when they came to have it
    is not said.

    counts: it listed them a moment ago as well, so that whoever is new fell between. Otherwise it
    is how things stand, and no change.
    """

    status: str
    accounts: tuple[str, ...]
    time: int
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """The stream was not seen from `begin` to `end`; `why` is a code. begin 0: from when the source
    was last heard, which the state knows."""

    begin: int
    end: int
    why: str


Event = Status | Follow | Unfollow | Report | Identity | StatusSnapshot


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """One step of a stream: what it said, and where to go on from after it.

    cursor: text a source understands; None keeps the last one. epoch: changes when the server has
    begun to count anew. raw: the step as it came, for the evidence. refused: why a step could not
    be read. reconnect: the feed is to leave this connection after the step and connect anew.
    on_commit: called once the transaction that keeps the step has been committed.
    """

    received: int
    events: tuple[Event, ...] = ()
    cursor: str | None = None
    epoch: str = ""
    raw: bytes = b""
    gaps: tuple[Gap, ...] = ()
    refused: str = ""
    reconnect: bool = False
    on_commit: Callable[[], None] | None = None
