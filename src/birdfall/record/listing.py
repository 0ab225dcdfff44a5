"""Accounts of a record as pages list them: some at a time, in an order that a key resumes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from birdfall.model.schemas import FALLEN
from birdfall.record.record import Record

#: Statuses that make an account invisible, as SQL lists them.
_FALLEN = ", ".join(f"'{status}'" for status in FALLEN)


@dataclass(frozen=True, slots=True)
class FollowedAccount:
    """An account that is followed. handle: "" if none is known."""

    account: str
    handle: str
    followers: int


def followed_accounts(record: Record, limit: int, search: str = "") -> list[FollowedAccount]:
    """The accounts with the most followers in the record, the largest first.

    search: a part of the id or handle that they must have; "" for all.
    """
    if not record.has("follows"):
        return []
    rows = record.sql(
        """
        SELECT f.followed AS account, coalesce(any_value(n.handle), '') AS handle,
               count(DISTINCT f.follower) AS followers
        FROM follows f
        LEFT JOIN (SELECT account, max(handle) AS handle FROM accounts
                   WHERE handle IS NOT NULL GROUP BY account) n ON n.account = f.followed
        WHERE $search = '' OR contains(lower(f.followed), lower($search))
              OR contains(lower(coalesce(n.handle, '')), lower($search))
        GROUP BY f.followed ORDER BY followers DESC, account LIMIT $limit
        """,
        {"search": search.removeprefix("@"), "limit": limit},
    )
    return [FollowedAccount(**row) for row in rows.to_pylist()]


@dataclass(frozen=True, slots=True)
class FallenAccount:
    """An account that fell: when, and when it was seen active again (None: never)."""

    code: int
    account: str
    fell: dt.datetime
    returned: dt.datetime | None


@dataclass(frozen=True, slots=True)
class FallenQuery:
    """Which fallen accounts are listed.

    Parameters
    ----------
    members
        Those of a wave: a table with columns code, account and fell_by (microseconds); None: all
        that fell at any time.
    leader
        Whom they followed; "": anybody.
    returned
        True: those that came back; False: those that did not; None: all.
    """

    members: pa.Table | None = None
    leader: str = ""
    returned: bool | None = None


@dataclass(frozen=True, slots=True)
class FallenPage:
    """A page of fallen accounts, in the order in which they fell.

    Parameters
    ----------
    accounts
        Those of this page.
    total
        How many there are in all.
    after
        The key with which the next page begins; "" if this is the last.
    """

    accounts: tuple[FallenAccount, ...]
    total: int
    after: str


def fallen_accounts(record: Record, query: FallenQuery, size: int, after: str = "") -> FallenPage:
    """A page of the accounts that fell, in the order in which they did.

    after: the `after` of the page before; "" for the first. A key that is none begins anew.
    """
    if not record.has("statuses"):
        return FallenPage((), 0, "")
    moment, code = _parse_key(after)
    if query.members is not None:
        record.connection.register("listed_members", query.members)
    listed, values = _listed(query), {"leader": query.leader}
    total = record.sql(f"SELECT count(*) AS n FROM ({listed})", values)
    rows = record.sql(
        f"""SELECT * FROM ({listed})
        WHERE epoch_us(fell) > $moment OR epoch_us(fell) = $moment AND code > $code
        ORDER BY fell, code LIMIT $size""",
        {**values, "moment": moment, "code": code, "size": size + 1},
    ).to_pylist()
    shown = [FallenAccount(**row) for row in rows[:size]]
    key = f"{_microseconds(shown[-1].fell)}-{shown[-1].code}" if len(rows) > size else ""
    return FallenPage(tuple(shown), int(total.column("n")[0].as_py()), key)


def _listed(query: FallenQuery) -> str:
    """SQL of the accounts that a query lists; its value is named leader."""
    back = {
        None: "",
        True: "AND returned IS NOT NULL",
        False: "AND returned IS NULL",
    }[query.returned]
    if query.members is None:
        falls = f"""SELECT account, min(time) AS fell FROM statuses
            WHERE status IN ({_FALLEN}) GROUP BY account"""
    else:
        falls = "SELECT account, min(fell_by)::TIMESTAMPTZ AS fell FROM listed_members GROUP BY 1"
    return f"""
        SELECT code, account, fell, returned FROM (
          SELECT i.code, s.account, s.fell, min(a.time) AS returned
          FROM ({falls}) s JOIN ids i ON i.id = s.account
          LEFT JOIN statuses a
            ON a.account = s.account AND a.status = 'active' AND a.time > s.fell
          GROUP BY i.code, s.account, s.fell)
        WHERE ($leader::VARCHAR = '' OR account IN
               (SELECT follower FROM follows WHERE followed = $leader::VARCHAR)) {back}
    """


def _parse_key(after: str) -> tuple[int, int]:
    """The moment (microseconds) and code after which a page begins."""
    moment, _, code = after.partition("-")
    if moment.isascii() and moment.isdigit() and code.isascii() and code.isdigit():
        return min(int(moment), 2**62), min(int(code), 2**62)
    return -(2**62), -1


def _microseconds(moment: dt.datetime) -> int:
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (moment - epoch) // dt.timedelta(microseconds=1)
