"""Follows by the act that began them: what an unfollow needs that names only its follow.

Streams of the AT Protocol, and others that delete records by key, do not say whom an unfollow was
of. The index is read from the record before such a file and changed while the file is read, so
that an unfollow is resolved whether its follow came in an earlier file, in this one, or in a later
one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from birdfall.record.record import Record

#: Reason under which an unfollow of somebody unknown stands in `rejected`; its value is
#: `EDGE TIME`, the edge as the source names it.
UNKNOWN_UNFOLLOW: Final = "an unfollow of somebody unknown: the follow was not recorded"
#: Unfollows kept waiting for their follow while a file is read; more stand in `rejected` alone.
MAX_WAITING_UNFOLLOWS: Final = 1_000_000

#: An edge in `rejected` as the `act_id` of its follow: the AT Protocol names it DID/KEY.
_ACT_ID_SQL: Final = (
    "CASE WHEN edge LIKE 'did:%' "
    "THEN 'at://' || replace(edge, '/', '/app.bsky.graph.follow/') ELSE edge END"
)
#: Unfollows in `rejected`, and whether a later import found the follow of each.
_UNKNOWN_SQL: Final = f"""
    SELECT r.act_id, r.time, r.line, r.source, EXISTS (
        SELECT 1 FROM acts a
        WHERE a.kind = 'unfollow' AND a.time = r.time AND a.act_id = r.act_id) AS found
    FROM (
        SELECT {_ACT_ID_SQL} AS act_id, time, line, source
        FROM (
            SELECT regexp_extract(value, '^(.*) ([^ ]*)$', 1) AS edge, line, source,
                TRY_CAST(regexp_extract(value, '^(.*) ([^ ]*)$', 2) AS TIMESTAMPTZ) AS time
            FROM rejected WHERE reason = '{UNKNOWN_UNFOLLOW}')) r
    WHERE r.time IS NOT NULL
"""


class KnownFollow(NamedTuple):
    """Whom a follow is of, and since when in microseconds (None: not known)."""

    followed: str
    since: int | None


class WaitingUnfollow(NamedTuple):
    """An unfollow whose follow is not known yet: its time in microseconds, its line and source."""

    time: int
    line: int
    source: str


@dataclass
class FollowIndex:
    """Follows that stand, and unfollows that wait for their follow, by the follow's `act_id`.

    A source that sets `WANTS_FOLLOWS` finds one in its options (`known_follows`) and keeps it up to
    date with `begin`, `end` and `wait`; the next file gets the same one.
    """

    follows: dict[str, KnownFollow] = field(default_factory=dict)
    waiting: dict[str, list[WaitingUnfollow]] = field(default_factory=dict)

    def begin(self, act_id: str, followed: str, since: int | None) -> list[WaitingUnfollow]:
        """Note a follow; returns the unfollows of it that came before, which are then forgotten."""
        self.follows[act_id] = KnownFollow(followed, since)
        return self.waiting.pop(act_id, [])

    def end(self, act_id: str) -> KnownFollow | None:
        """Note an unfollow; returns the follow it ends, None if that is not known."""
        return self.follows.pop(act_id, None)

    def wait(self, act_id: str, unfollow: WaitingUnfollow) -> None:
        """Keep an unfollow until its follow comes, unless too many wait already."""
        if act_id in self.waiting or len(self.waiting) < MAX_WAITING_UNFOLLOWS:
            self.waiting.setdefault(act_id, []).append(unfollow)


def load_follow_index(record: Record) -> FollowIndex:
    """The follows that stand at the end of a record, and its unfollows that still wait."""
    index = FollowIndex()
    standing = record.sql(
        """
        SELECT act_id, arg_max(object, time) AS followed, epoch_us(max(time)) AS since FROM acts
        WHERE kind IN ('follow', 'unfollow') AND act_id IS NOT NULL
        GROUP BY act_id HAVING arg_max(kind, time) = 'follow' ORDER BY act_id
        """
    )
    for act_id, followed, since in zip(*(c.to_pylist() for c in standing.columns), strict=True):
        index.follows[act_id] = KnownFollow(followed, since)
    unknown = record.sql(
        f"SELECT act_id, epoch_us(time), line, source FROM ({_UNKNOWN_SQL}) "
        "WHERE NOT found ORDER BY source, line"
    )
    for act_id, time, line, source in zip(*(c.to_pylist() for c in unknown.columns), strict=True):
        index.waiting.setdefault(act_id, []).append(WaitingUnfollow(time, line, source))
    return index


def count_resolved_unfollows(record: Record) -> int:
    """Rows of `rejected` that are unfollows whose follow came later: they count no more."""
    if not record.has("rejected"):
        return 0
    found = record.sql(f"SELECT count(*) FROM ({_UNKNOWN_SQL}) WHERE found")
    return int(found.column(0)[0].as_py())
