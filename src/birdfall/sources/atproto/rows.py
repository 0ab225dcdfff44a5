"""From events of an AT Protocol stream to rows of the record: one builder for recordings, Jetstream and live watching.

The builder keeps what a row needs from earlier events: which record a deleted follow named (a deletion carries only the
record's key), which sequence numbers were seen, what was first heard of an account. Times of rows: an account event's
own `time` (when the host changed the status), a commit's `time` (when the repository's host took it in). A record's
`createdAt` is the writer's claim and is not used; where it is off by more than a day, coverage says so.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from birdfall.model.schemas import Rows
from birdfall.model.units import SECOND_US
from birdfall.record.record import Record
from birdfall.sources.atproto import frames
from birdfall.sources.atproto.acts import acts_of
from birdfall.sources.atproto.frames import STATUS_OF
from birdfall.sources.shared.batches import build_batch
from birdfall.sources.shared.coverage import ObservedSpans
from birdfall.sources.shared.rejections import Rejections

ROWS_PER_BATCH: Final = 1 << 16
#: Sequence numbers remembered to know a repeated event after a reconnection: this many at least, twice as many at most.
MIN_SEQUENCES_KEPT: Final = 1 << 18

#: Between the two announcements of a new account.
NEW_ACCOUNT_WITHIN_US: Final = SECOND_US

_COLUMNS: Final = {
    "accounts": ("account", "handle", "name", "description", "created_at", "observed_at"),
    "acts": (
        "account",
        "kind",
        "object",
        "time",
        "object_kind",
        "target",
        "text",
        "language",
        "act_id",
    ),
    "statuses": ("account", "status", "time", "observation", "reason"),
    "follows": ("follower", "followed", "since", "until", "observation", "observed_at"),
}

#: (subject, since in microseconds or None) of a follow, by "did/record key".
Follows = dict[str, tuple[str, int | None]]
#: (time in microseconds, line, source) of unfollows whose follow is not known yet, by "did/record key".
Unfollows = dict[str, list[tuple[int, int, str]]]

UNKNOWN_UNFOLLOW: Final = "an unfollow of somebody unknown: the follow was not recorded"
#: Unfollows kept waiting for their follow while a stream is read; the others stand in `rejected` alone.
MAX_WAITING_UNFOLLOWS: Final = 1_000_000


class RowBuilder:
    """Rows of one stream. source: what the rows carry in `source`. follows: edges begun before the stream (see
    `load_follows`). unfollows: those that came before their follow (see `load_waiting_unfollows`). Both are changed as the
    stream goes on, and may be handed to the builder of the next stream."""

    def __init__(
        self, source: str, follows: Follows | None = None, unfollows: Unfollows | None = None
    ) -> None:
        self.follows: Follows = {} if follows is None else follows
        self.unfollows: Unfollows = {} if unfollows is None else unfollows
        self._late: dict[str, list[tuple[tuple[Any, ...], tuple[Any, ...]]]] = {}
        self.rejections = Rejections(source)
        self._source = source
        self._waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
        self._spans = ObservedSpans(source, ("acts", "follows", "statuses"))
        self._first: dict[str, int | None] = {}
        self._recent: set[tuple[int, str]] = set()
        self._older: set[tuple[int, str]] = set()
        self._skipped: Counter[str] = Counter()

    def add_event(self, line: int, event: frames.Event, received: int | None) -> None:
        """One event. line: its number in the stream, from 1. received: when it arrived, in microseconds."""
        if received is not None:
            self._spans.add_arrival(received, event.time)
        if event.sequence is not None and self._is_repeat(event):
            self._skipped["an event that came twice with the same sequence number"] += 1
            return
        if isinstance(event, frames.CommitEvent):
            if event.problem:
                self.rejections.add(line, "blocks", event.did, event.problem)
            for operation in event.operations:
                self._operation(line, event.did, event.time, operation)
        elif isinstance(event, frames.AccountEvent):
            self._account(line, event)
        elif isinstance(event, frames.IdentityEvent):
            self._identity(line, event)
        else:
            self._skipped[f"{event.kind} events hold nothing for the record"] += 1

    def reject(
        self, line: int, reason: str, received: int | None = None, value: object = None
    ) -> None:
        """One event that could not be decoded."""
        if received is not None:
            self._spans.add_arrival(received, None)
        self.rejections.add(line, None, value, reason)

    def rows(self, *, at_least: int = 1) -> Iterator[Rows]:
        """What is waiting, per table that has `at_least` so many rows."""
        for table, waiting in self._waiting.items():
            if len(waiting) >= max(at_least, 1):
                self._waiting[table] = []
                yield Rows(table, build_batch(table, _COLUMNS[table], waiting, self._source))
        yield from self.rejections.rows(at_least=at_least)

    def finish(self) -> Iterator[Rows]:
        """All that is left, what was watched when, and what kinds of event were left out, with their number."""
        for what, count in sorted(self._skipped.items()):
            self.rejections.add(None, None, count, what)
        yield from self.rows()
        for source, pairs in sorted(self._late.items()):
            yield Rows(
                "follows",
                build_batch("follows", _COLUMNS["follows"], [edge for edge, _ in pairs], source),
            )
            yield Rows(
                "acts", build_batch("acts", _COLUMNS["acts"], [act for _, act in pairs], source)
            )
        self._late = {}
        yield from self._spans.rows()

    # -- events -------------------------------------------------------------------------------------------------

    def _is_repeat(self, event: frames.Event) -> bool:
        # A server that starts its numbers afresh is told from a repetition by who the event is about, and when.
        key = (event.sequence or 0, f"{getattr(event, 'did', '')} {event.time}")
        if key in self._recent or key in self._older:
            return True
        self._recent.add(key)
        if len(self._recent) >= MIN_SEQUENCES_KEPT:
            self._older, self._recent = self._recent, set()
        return False

    def _account(self, line: int, event: frames.AccountEvent) -> None:
        status, reason = "active", None
        if not event.active:
            status = STATUS_OF.get(event.status or "", "deactivated")
            if event.status not in STATUS_OF:
                reason = f"inactive, status {(event.status or 'not given')[:80]}"
            elif status == "limited":
                reason = event.status
        self._waiting["statuses"].append((event.did, status, event.time, "change", reason, line))
        begun = self._first.get(event.did)
        if event.active and begun is not None and 0 <= event.time - begun <= NEW_ACCOUNT_WITHIN_US:
            # Hosts announce a new account by #identity and then #account, and nothing of it was heard before.
            self._waiting["accounts"].append((event.did, None, None, None, begun, event.time, line))
        self._first[event.did] = None

    def _identity(self, line: int, event: frames.IdentityEvent) -> None:
        self._first[event.did] = None if event.did in self._first else event.time
        self._waiting["accounts"].append(
            (event.did, event.handle, None, None, None, event.time, line)
        )

    def _operation(self, line: int, did: str, time: int, operation: frames.RecordOperation) -> None:
        action, collection, key, record, problem = operation
        self._first[did] = None
        if collection not in frames.COLLECTIONS:
            self._skipped[f"records of {collection[:80]} are no part of the record"] += 1
        elif problem is not None:
            self.rejections.add(line, collection, f"{did}/{key}", problem)
        elif collection == "app.bsky.graph.follow":
            self._follow(line, did, time, action, key, record)
        elif action == "delete":
            self._skipped[f"deletions of {collection} are no part of the record"] += 1
        elif record is None or action not in ("create", "update"):
            self.rejections.add(
                line,
                collection,
                f"{did}/{key}",
                "an operation that is none of create, update, delete",
            )
        elif collection == "app.bsky.actor.profile":
            shown, text = record.get("displayName"), record.get("description")
            if isinstance(shown, str) or isinstance(text, str):
                row = (
                    did,
                    None,
                    shown if isinstance(shown, str) else None,
                    text if isinstance(text, str) else None,
                )
                self._waiting["accounts"].append((*row, None, time, line))
        elif action == "update":
            self._skipped[f"edits of {collection} are no part of the record"] += 1
        else:
            self._spans.check_created(_created_at(record), time)
            try:
                found = acts_of(did, collection, key, record)
            except frames.FrameError as error:
                self.rejections.add(line, collection, f"{did}/{key}", str(error))
                return
            for act in found:
                self._waiting["acts"].append((did, act[0], act[1], time, *act[2:], line))

    def _follow(
        self, line: int, did: str, time: int, action: str, key: str, record: dict[str, Any] | None
    ) -> None:
        edge, uri = f"{did}/{key}", f"at://{did}/app.bsky.graph.follow/{key}"
        if action == "delete":
            known = self.follows.pop(edge, None)
            if known is None:
                self._unknown(line, edge, time)
                return
            ended, act = _unfollow_rows(did, uri, known, time, line)
            self._waiting["follows"].append(ended)
            self._waiting["acts"].append(act)
            return
        try:
            subject = frames.parse_name((record or {}).get("subject"), "did")
        except frames.FrameError as error:
            self.rejections.add(line, "app.bsky.graph.follow", edge, str(error))
            return
        self._spans.check_created(_created_at(record or {}), time)
        self.follows[edge] = (subject, time)
        self._waiting["follows"].append((did, subject, time, None, "change", time, line))
        self._waiting["acts"].append(
            (did, "follow", subject, time, "account", subject, None, None, uri, line)
        )
        for until, told_in_line, source in self.unfollows.pop(edge, ()):
            if until >= time:
                # Its own file came first: the row says where the unfollow stands, not where the follow does.
                self.follows.pop(edge, None)
                row = _unfollow_rows(did, uri, (subject, time), until, told_in_line)
                self._late.setdefault(source, []).append(row)

    def _unknown(self, line: int, edge: str, time: int) -> None:
        if len(self.unfollows) < MAX_WAITING_UNFOLLOWS:
            self.unfollows.setdefault(edge, []).append((time, line, self._source))
        moment = dt.datetime.fromtimestamp(time / 1e6, dt.UTC).isoformat(timespec="microseconds")
        self.rejections.add(
            line,
            "app.bsky.graph.follow",
            f"{edge} {moment}",
            UNKNOWN_UNFOLLOW,
            "Import the recording that holds the follow into the same case, before or after.",
        )


def _unfollow_rows(
    did: str, uri: str, known: tuple[str, int | None], time: int, line: int
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The rows of `follows` and `acts` of one unfollow."""
    subject, since = known
    edge = (did, subject, since, time, "change", time, line)
    return edge, (did, "unfollow", subject, time, "account", subject, None, None, uri, line)


def load_follows(record: Record) -> Follows:
    """Follows of a record that stand at its end, for the builder of what comes after it."""
    rows = record.sql(
        """
        SELECT act_id, arg_max(object, time) AS subject, epoch_us(max(time)) AS since FROM acts
        WHERE kind IN ('follow', 'unfollow') AND act_id LIKE 'at://%/app.bsky.graph.follow/%'
        GROUP BY act_id HAVING arg_max(kind, time) = 'follow' ORDER BY act_id
        """
    )
    return {
        uri.removeprefix("at://").replace("/app.bsky.graph.follow/", "/"): (subject, since)
        for uri, subject, since in zip(*(c.to_pylist() for c in rows.columns), strict=True)
    }


#: Unfollows that stand in `rejected`, with the address of their follow and whether a later import found it.
_UNKNOWN_UNFOLLOWS_SQL: Final = f"""
    SELECT r.edge, r.time, r.line, r.source, EXISTS (
        SELECT 1 FROM acts a WHERE a.kind = 'unfollow' AND a.time = r.time
        AND a.act_id = 'at://' || replace(r.edge, '/', '/app.bsky.graph.follow/')) AS found
    FROM (SELECT split_part(value, ' ', 1) AS edge, TRY_CAST(split_part(value, ' ', 2) AS TIMESTAMPTZ) AS time, line, source
          FROM rejected WHERE reason = '{UNKNOWN_UNFOLLOW}') r
    WHERE r.time IS NOT NULL
"""


def load_waiting_unfollows(record: Record) -> Unfollows:
    """Unfollows of a record whose follow no import has held yet."""
    rows = record.sql(
        f"SELECT edge, epoch_us(time), line, source FROM ({_UNKNOWN_UNFOLLOWS_SQL}) WHERE NOT found ORDER BY source, line"
    )
    waiting: Unfollows = {}
    for edge, time, line, source in zip(*(c.to_pylist() for c in rows.columns), strict=True):
        waiting.setdefault(edge, []).append((time, line, source))
    return waiting


def count_resolved_unfollows(record: Record) -> int:
    """How many rows of `rejected` are unfollows whose follow a later import has held: they count no more."""
    if not record.has("rejected"):
        return 0
    return int(
        record.sql(f"SELECT count(*) FROM ({_UNKNOWN_UNFOLLOWS_SQL}) WHERE found")
        .column(0)[0]
        .as_py()
    )


def _created_at(record: dict[str, Any]) -> int | None:
    try:
        return frames.parse_time(record.get("createdAt"))
    except frames.FrameError:
        return None
