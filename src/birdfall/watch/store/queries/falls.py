"""Suspensions and returns, from the table `changes`; the fallen of one wave are staged in a
temporary table.

A fall is a change to a status of `model.schemas.FALLEN` from one that is none of them, that was
seen to happen. Spans are closed: [begin, end] in microseconds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from birdfall.model.schemas import FALLEN
from birdfall.watch.model.ticks import FOREVER_US
from birdfall.watch.store.database import State, StatusChange

_STATUSES: Final = ", ".join(f"'{status}'" for status in FALLEN)
_FELL: Final = (
    f"NOT seen AND status IN ({_STATUSES}) AND coalesce(previous, '') NOT IN ({_STATUSES})"
)
#: Groups that a count by host, client or reason lists, largest first.
MAX_GROUPS: Final = 10


class FallRow(NamedTuple):
    """One suspension. time: microseconds; reason: the platform's word, may be empty."""

    account: str
    time: int
    reason: str


class FallGroup(StrEnum):
    """What the fallen of a wave can be counted by: columns of `changes`."""

    HOST = "host"
    CLIENT = "client"
    REASON = "reason"


def list_falls(state: State, begin: int, end: int) -> list[FallRow]:
    """Everybody who fell within [begin, end], in order."""
    rows = state.connection.execute(
        f"SELECT account, time, reason FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} "
        "ORDER BY time, id",
        (begin, end),
    )
    return [FallRow(*row) for row in rows]


def list_fall_times(state: State, begin: int, end: int) -> list[int]:
    """When accounts fell within [begin, end], in order."""
    rows = state.connection.execute(
        f"SELECT time FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} ORDER BY time",
        (begin, end),
    )
    return [int(row[0]) for row in rows]


def first_fall_of(state: State, account: str, since: int) -> int | None:
    """When an account fell first from `since` on; None if it did not."""
    row = state.connection.execute(
        "SELECT min(time) FROM changes WHERE account = ? AND time >= ? "
        f"AND status IN ({_STATUSES})",
        (account, since),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def count_falls_per_step(state: State, first: int, step: int, steps: int) -> dict[int, int]:
    """Suspensions of each of `steps` steps of `step` microseconds from `first` on, by number from
    0."""
    rows = state.connection.execute(
        "SELECT (time - ?) / ? AS k, count(*) FROM changes WHERE time BETWEEN ? AND ? "
        f"AND {_FELL} GROUP BY k",
        (first, step, first, first + steps * step - 1),
    )
    return {int(k): int(number) for k, number in rows}


def list_changes_after(state: State, number: int) -> list[StatusChange]:
    """Changes that were seen to happen, with a row number above `number`, in the order they were
    kept."""
    rows = state.connection.execute(
        "SELECT account, status, previous, time, received, host, reason, client FROM changes "
        "WHERE id > ? AND NOT seen ORDER BY id",
        (number,),
    )
    return [StatusChange(*row) for row in rows]


# -- the fallen of one wave -------------------------------------------------------------------


def stage_fallen(state: State, begin: int, end: int) -> tuple[int, int | None]:
    """Stage everybody who fell within [begin, end] for the questions below; (how many, the last
    fall).

    They stay staged on this connection until the next call.
    """
    c = state.connection
    c.execute(
        "CREATE TEMP TABLE IF NOT EXISTS hit (account TEXT PRIMARY KEY, time INTEGER) WITHOUT ROWID"
    )
    c.execute("DELETE FROM hit")
    c.execute(
        "INSERT OR IGNORE INTO hit SELECT account, min(time) FROM changes "
        f"WHERE time BETWEEN ? AND ? AND {_FELL} GROUP BY account",
        (begin, end),
    )
    number, last = c.execute("SELECT count(*), max(time) FROM hit").fetchone()
    return int(number), last


def count_returns(state: State) -> int:
    """How many of the staged can be seen again."""
    row = state.connection.execute(
        "SELECT count(*) FROM hit h WHERE (SELECT status FROM changes c "
        "WHERE c.account = h.account ORDER BY c.id DESC LIMIT 1) IN ('active', 'limited')"
    ).fetchone()
    return int(row[0])


def count_reported_before(state: State) -> int:
    """How many of the staged had been reported before they fell."""
    row = state.connection.execute(
        "SELECT count(*) FROM hit h WHERE EXISTS "
        "(SELECT 1 FROM reports r WHERE r.target = h.account AND r.time <= h.time)"
    ).fetchone()
    return int(row[0])


def staged_accounts(state: State) -> set[str]:
    """The staged accounts."""
    return {row[0] for row in state.connection.execute("SELECT account FROM hit")}


def staged_accounts_up(state: State) -> set[str]:
    """The staged accounts that can be seen now."""
    rows = state.connection.execute(
        "SELECT h.account FROM hit h JOIN standing s USING (account) "
        "WHERE s.status IN ('active', 'limited')"
    )
    return {row[0] for row in rows}


def count_staged_followers(state: State, begin: int) -> dict[str, int]:
    """How many of the staged followed each watched leader at `begin`, by leader."""
    rows = state.connection.execute(
        "SELECT e.followed AS leader, count(*) AS n FROM hit h JOIN edges e "
        "ON e.follower = h.account WHERE e.since <= ? GROUP BY e.followed UNION ALL "
        "SELECT e.followed, count(*) FROM hit h JOIN ends e ON e.follower = h.account "
        "WHERE e.since <= ? AND e.until > ? GROUP BY e.followed",
        (begin, begin, begin),
    )
    total: dict[str, int] = {}
    for leader, number in rows:
        total[leader] = total.get(leader, 0) + int(number)
    return total


# -- counts around a wave ---------------------------------------------------------------------


def count_falls_by(state: State, group: FallGroup, begin: int, end: int) -> dict[str, int]:
    """The fallen within [begin, end] by host, client or reason, the largest `MAX_GROUPS`.

    Accounts without a host or a client are left out; those without a reason are counted under "".
    """
    named = "" if group is FallGroup.REASON else f"AND {group.value} != ''"
    rows = state.connection.execute(
        f"SELECT {group.value}, count(*) AS n FROM changes WHERE time BETWEEN ? AND ? "
        f"AND {_FELL} {named} GROUP BY 1 ORDER BY n DESC, 1 LIMIT ?",
        (begin, end, MAX_GROUPS),
    )
    return {name: int(number) for name, number in rows}


def count_limited_by_host(state: State, begin: int, end: int) -> dict[str, int]:
    """Accounts that became limited within [begin, end], by host: the largest `MAX_GROUPS`.

    Limited is throttled, desynchronised or silenced. A host that is throttled takes all its
    accounts with it. They can still be seen, and are never counted as suspensions.
    """
    rows = state.connection.execute(
        "SELECT host, count(DISTINCT account) AS n FROM changes WHERE time BETWEEN ? AND ? "
        "AND status = 'limited' AND NOT seen GROUP BY host ORDER BY n DESC, host LIMIT ?",
        (begin, end, MAX_GROUPS),
    )
    return {name: int(number) for name, number in rows}


def visible_followers(state: State, leader: str, moment: int = FOREVER_US) -> set[str]:
    """Followers of a leader that could be seen just before `moment`: they followed then, and were
    up."""
    c = state.connection
    followers = {
        row[0]
        for row in c.execute(
            "SELECT follower FROM edges WHERE followed = ?1 AND since < ?2 UNION "
            "SELECT follower FROM ends WHERE followed = ?1 AND since < ?2 AND until >= ?2",
            (leader, moment),
        )
    }
    if moment < FOREVER_US:
        down = c.execute(
            "SELECT account, status, max(id) FROM changes WHERE time < ? AND account IN "
            "(SELECT follower FROM edges WHERE followed = ? UNION "
            "SELECT follower FROM ends WHERE followed = ?) "
            "GROUP BY account HAVING status NOT IN ('active', 'limited')",
            (moment, leader, leader),
        )
    else:
        down = c.execute(
            "SELECT account FROM standing WHERE status NOT IN ('active', 'limited') "
            "AND account IN (SELECT follower FROM edges WHERE followed = ?)",
            (leader,),
        )
    return followers - {row[0] for row in down}
