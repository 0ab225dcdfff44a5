"""Events of a stream in a form that is the same for every platform: one dataclass per kind of
event, with the fields that the watch needs.

Times are int64 microseconds since 1970 UTC. `time` is the platform's own time of the event;
`received` is when the watch received it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """The current status of an account, as the platform states it (a word of
    `model.schemas.STATUSES`). client: the app that the account acts through."""

    account: str
    status: str
    time: int
    reason: str = ""
    host: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Follow:
    """A follow edge begins.

    `key` identifies the edge: on some networks the unfollow carries only this key.
    """

    follower: str
    followed: str
    time: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Unfollow:
    """A follow edge ends, identified by its key or by the followed account."""

    follower: str
    time: int
    key: str = ""
    followed: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One account reports another.

    `id` is the platform's own, so that a report read twice is counted once.
    """

    reporter: str
    target: str
    time: int
    id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """An account's handle as of `time`. created: whether the account was created then. client: the
    app it was created with."""

    account: str
    handle: str
    time: int
    created: bool = False
    client: str = ""


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """All accounts that a source lists with `status` at `time`; since when each has it is unknown.

    counts: True if the source was listed shortly before as well, so that accounts new to the list
    fell in between and are counted. False: the list is an initial state, not a change.
    """

    status: str
    accounts: tuple[str, ...]
    time: int
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """The stream was not observed from `begin` to `end`; `why` is a code. begin 0: since the last
    data of the source, which the state knows."""

    begin: int
    end: int
    why: str


Event = Status | Follow | Unfollow | Report | Identity | StatusSnapshot


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """One step of a stream: its events, and the cursor from which to resume after it.

    cursor: text that the source understands; None keeps the previous one. epoch: changes when the
    server restarts its numbering. raw: the bytes received, kept as evidence. refused: why a step
    could not be decoded. reconnect: the feed shall close this connection after the step and open
    another. on_commit: called once the transaction that stores the step has been committed.
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
