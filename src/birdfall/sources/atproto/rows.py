"""Rows of the record from events of an AT Protocol stream: recordings, Jetstream and live alike.

The builder keeps what a row needs from earlier events: which follow a deletion ends (a deletion
carries only the record's key), which sequence numbers were seen, what first came of an account.
Times of rows: an account event's own `time` (when the host changed the status), a commit's `time`
(when the repository's host took it in). A record's `createdAt` is the writer's claim and is not
used; where it is off by more than a day, coverage says so.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from birdfall.model.schemas import Rows
from birdfall.model.units import SECOND_US
from birdfall.record.record import Record
from birdfall.sources.atproto import frames
from birdfall.sources.atproto.acts import acts_of
from birdfall.sources.atproto.frames import STATUS_OF
from birdfall.sources.shared.coverage import ObservedSpans
from birdfall.sources.shared.follow_index import (
    UNKNOWN_UNFOLLOW,
    FollowIndex,
    KnownFollow,
    WaitingUnfollow,
    load_follow_index,
)
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.record_rows import (
    AccountRow,
    ActRow,
    FollowRow,
    RowBuffers,
    StatusRow,
    build_batch,
)

#: Sequence numbers kept to recognise a repeated event after a reconnection: this many at least,
#: twice as many at most.
MIN_SEQUENCES_KEPT: Final = 1 << 18
#: Time between the two announcements of a new account, at most.
NEW_ACCOUNT_WITHIN_US: Final = SECOND_US
_FOLLOW: Final = "app.bsky.graph.follow"


class _EndedFollow(NamedTuple):
    """The rows of one unfollow."""

    edge: FollowRow
    act: ActRow


class RowBuilder:
    """Rows of one stream.

    Parameters
    ----------
    source
        What the rows carry in `source`.
    known_follows
        Follows begun before the stream, and unfollows that came before their follow. It is changed
        as the stream goes on, and may be given to the builder of the next stream.
    """

    def __init__(self, source: str, known_follows: FollowIndex | None = None) -> None:
        self.known_follows = FollowIndex() if known_follows is None else known_follows
        self._buffers = RowBuffers(source)
        self.rejections = self._buffers.rejections
        self._source = source
        # unfollows of earlier files that this stream resolved, by their source
        self._late: defaultdict[str, list[_EndedFollow]] = defaultdict(list)
        self._spans = ObservedSpans(source, ("acts", "follows", "statuses"))
        self._first: dict[str, int | None] = {}
        self._recent: set[tuple[int, str]] = set()
        self._older: set[tuple[int, str]] = set()
        self._skipped: Counter[str] = Counter()

    def add_event(self, line: int, event: frames.Event, received: int | None) -> None:
        """Take one event.

        Parameters
        ----------
        line
            Its number in the stream, from 1.
        event
            What `frames.decode_frame` or a Jetstream line gave.
        received
            When it arrived, in microseconds; None: not known.
        """
        if received is not None:
            self._spans.add_arrival(received, event.time)
        if event.sequence is not None and self._is_repeat(event):
            self._skipped["an event that came twice with the same sequence number"] += 1
            return
        if isinstance(event, frames.CommitEvent):
            if event.problem:
                self.rejections.add(line, "blocks", event.did, event.problem)
            for operation in event.operations:
                self._add_operation(line, event.did, event.time, operation)
        elif isinstance(event, frames.AccountEvent):
            self._add_account(line, event)
        elif isinstance(event, frames.IdentityEvent):
            self._add_identity(line, event)
        else:
            self._skipped[f"{event.kind} events hold nothing for the record"] += 1

    def reject(
        self, line: int, reason: str, received: int | None = None, value: object = None
    ) -> None:
        """Note one event that could not be decoded."""
        if received is not None:
            self._spans.add_arrival(received, None)
        self.rejections.add(line, None, value, reason)

    def rows(self, *, at_least: int = 1) -> Iterator[Rows]:
        """What is waiting, per table that has `at_least` so many rows."""
        yield from self._buffers.batches(at_least=at_least)

    def finish(self) -> Iterator[Rows]:
        """All that is left, the coverage, and how many events of which kinds were skipped."""
        for what, count in sorted(self._skipped.items()):
            self.rejections.add(None, None, count, what)
        yield from self.rows()
        for source, ended in sorted(self._late.items()):
            yield build_batch([e.edge for e in ended], source)
            yield build_batch([e.act for e in ended], source)
        self._late.clear()
        yield from self._spans.rows()

    # -- events -----------------------------------------------------------------------------------

    def _is_repeat(self, event: frames.Event) -> bool:
        # A server that starts its numbers afresh is told from a repetition by account and time.
        key = (event.sequence or 0, f"{getattr(event, 'did', '')} {event.time}")
        if key in self._recent or key in self._older:
            return True
        self._recent.add(key)
        if len(self._recent) >= MIN_SEQUENCES_KEPT:
            self._older, self._recent = self._recent, set()
        return False

    def _add_account(self, line: int, event: frames.AccountEvent) -> None:
        status, reason = "active", None
        if not event.active:
            status = STATUS_OF.get(event.status or "", "deactivated")
            if event.status not in STATUS_OF:
                reason = f"inactive, status {(event.status or 'not given')[:80]}"
            elif status == "limited":
                reason = event.status
        self._buffers.add(StatusRow(event.did, status, event.time, line, reason=reason))
        begun = self._first.get(event.did)
        if event.active and begun is not None and 0 <= event.time - begun <= NEW_ACCOUNT_WITHIN_US:
            # Hosts announce a new account by #identity and then #account, with nothing before.
            self._buffers.add(AccountRow(event.did, line, created_at=begun, observed_at=event.time))
        self._first[event.did] = None

    def _add_identity(self, line: int, event: frames.IdentityEvent) -> None:
        self._first[event.did] = None if event.did in self._first else event.time
        self._buffers.add(AccountRow(event.did, line, event.handle, observed_at=event.time))

    def _add_operation(
        self, line: int, did: str, time: int, operation: frames.RecordOperation
    ) -> None:
        action, collection, key, record, problem = operation
        self._first[did] = None
        if collection not in frames.COLLECTIONS:
            self._skipped[f"records of {collection[:80]} are no part of the record"] += 1
        elif problem is not None:
            self.rejections.add(line, collection, f"{did}/{key}", problem)
        elif collection == _FOLLOW:
            if action == "delete":
                self._end_follow(line, did, time, key)
            else:
                self._begin_follow(line, did, time, key, record)
        elif action == "delete":
            self._skipped[f"deletions of {collection} are no part of the record"] += 1
        elif record is None or action not in ("create", "update"):
            reason = "an operation that is none of create, update, delete"
            self.rejections.add(line, collection, f"{did}/{key}", reason)
        elif collection == "app.bsky.actor.profile":
            shown, text = record.text("displayName"), record.text("description")
            if shown is not None or text is not None:
                self._buffers.add(
                    AccountRow(did, line, name=shown, description=text, observed_at=time)
                )
        elif action == "update":
            self._skipped[f"edits of {collection} are no part of the record"] += 1
        else:
            self._spans.check_created(_created_at(record), time)
            self._add_acts(line, did, time, collection, key, record)

    def _add_acts(
        self, line: int, did: str, time: int, collection: str, key: str, record: JsonObject
    ) -> None:
        try:
            acts = acts_of(did, collection, key, record)
        except frames.FrameError as error:
            self.rejections.add(line, collection, f"{did}/{key}", str(error))
            return
        for a in acts:
            self._buffers.add(
                ActRow(
                    did, a.kind, a.object, time, line,
                    a.object_kind, a.target, a.text, a.language, None, a.act_id,
                )
            )  # fmt: skip

    def _begin_follow(
        self, line: int, did: str, time: int, key: str, record: JsonObject | None
    ) -> None:
        try:
            subject = frames.parse_name(record.value("subject") if record else None, "did")
        except frames.FrameError as error:
            self.rejections.add(line, _FOLLOW, f"{did}/{key}", str(error))
            return
        self._spans.check_created(_created_at(record) if record else None, time)
        uri = _follow_uri(did, key)
        self._buffers.add(FollowRow(did, subject, line, time, None, "change", time))
        self._buffers.add(
            ActRow(did, "follow", subject, time, line, "account", subject, None, None, None, uri)
        )
        for unfollow in self.known_follows.begin(uri, subject, time):
            if unfollow.time >= time:
                # Its own file came first: the row says where the unfollow stands, not the follow.
                self.known_follows.end(uri)
                row = _unfollow_rows(
                    did, uri, KnownFollow(subject, time), unfollow.time, unfollow.line
                )
                self._late[unfollow.source].append(row)

    def _end_follow(self, line: int, did: str, time: int, key: str) -> None:
        uri = _follow_uri(did, key)
        follow = self.known_follows.end(uri)
        if follow is not None:
            edge, act = _unfollow_rows(did, uri, follow, time, line)
            self._buffers.add(edge)
            self._buffers.add(act)
            return
        self.known_follows.wait(uri, WaitingUnfollow(time, line, self._source))
        moment = dt.datetime.fromtimestamp(time / 1e6, dt.UTC).isoformat(timespec="microseconds")
        self.rejections.add(
            line,
            _FOLLOW,
            f"{did}/{key} {moment}",
            UNKNOWN_UNFOLLOW,
            "Import the recording that holds the follow into the same case, before or after.",
        )


def load_follows(record: Record) -> dict[str, KnownFollow]:
    """Follows that stand at the end of a record, by DID/KEY as a stream's deletion names them."""
    marker = f"/{_FOLLOW}/"
    return {
        act_id.removeprefix("at://").replace(marker, "/"): follow
        for act_id, follow in load_follow_index(record).follows.items()
        if act_id.startswith("at://") and marker in act_id
    }


def _follow_uri(did: str, key: str) -> str:
    return f"at://{did}/{_FOLLOW}/{key}"


def _unfollow_rows(did: str, uri: str, follow: KnownFollow, time: int, line: int) -> _EndedFollow:
    """The rows of `follows` and `acts` of one unfollow."""
    subject, since = follow
    return _EndedFollow(
        FollowRow(did, subject, line, since, until=time, observed_at=time),
        ActRow(did, "unfollow", subject, time, line, "account", subject, act_id=uri),
    )


def _created_at(record: JsonObject) -> int | None:
    try:
        return frames.parse_time(record.value("createdAt"))
    except frames.FrameError:
        return None
