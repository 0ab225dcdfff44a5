"""Accounts and acts of a record as pages list them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from birdfall.model.schemas import FALLEN
from birdfall.record.record import Record

#: Statuses that make an account invisible, as SQL lists them.
_FALLEN = ", ".join(f"'{status}'" for status in FALLEN)
#: The column of each table that says whose a row is.
_OWNERS = {"acts": "account", "accounts": "account", "statuses": "account", "follows": "follower"}


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
    return _followed(
        record,
        """$search = '' OR contains(lower(account), $search) OR contains(lower(handle), $search)""",
        "followers DESC",
        {"search": search.removeprefix("@").lower(), "limit": limit},
    )


def followed_alike(record: Record, account: str, limit: int) -> list[FollowedAccount]:
    """Accounts whose followers in the record are at least half and at most twice as many as those
    of another, the nearest first.
    """
    size = "(SELECT followers FROM followed_sizes WHERE account = $account)"
    return _followed(
        record,
        f"account <> $account AND followers BETWEEN {size} / 2 AND {size} * 2",
        f"abs(ln(followers / {size}))",
        {"account": account, "limit": limit},
    )


def _followed(
    record: Record, where: str, order: str, values: dict[str, str | int]
) -> list[FollowedAccount]:
    """Followed accounts that fit, in an order. How many follow each is counted once."""
    if not record.has("follows"):
        return []
    record.connection.execute(
        """CREATE TEMP TABLE IF NOT EXISTS followed_sizes AS
        SELECT f.followed AS account, coalesce(n.handle, '') AS handle, f.followers
        FROM (SELECT followed, count(DISTINCT follower) AS followers FROM follows GROUP BY 1) f
        LEFT JOIN (SELECT account, max(handle) AS handle FROM accounts
                   WHERE handle IS NOT NULL GROUP BY account) n ON n.account = f.followed"""
    )
    rows = record.sql(
        f"""SELECT account, handle, followers FROM followed_sizes WHERE {where}
        ORDER BY {order}, account LIMIT $limit""",
        values,
    )
    return [FollowedAccount(**row) for row in rows.to_pylist()]


def fallen_accounts(record: Record, members: pa.Table | None = None) -> pa.Table:
    """Every account that fell, once, with what is known of it.

    Parameters
    ----------
    record
        The record.
    members
        Those of a wave: a table with columns code and fell_by (microseconds); None: all that fell
        at any time.

    Returns
    -------
    pa.Table
        [code, fell, returned, created (int64 microseconds; null: not known), client, language
        (text; null: not known), acts], by fell and code. client and language are those of most of
        the account's acts; of as many, the first by name.
    """
    if members is None:
        if not record.has("statuses"):
            return _no_accounts()
        falls = f"""SELECT i.code, min(epoch_us(s.time)) AS fell FROM statuses s
            JOIN ids i ON i.id = s.account WHERE s.status IN ({_FALLEN}) GROUP BY 1"""
    else:
        plain = pa.table(
            {
                "code": members.column("code"),
                "fell": members.column("fell_by").cast(pa.timestamp("us", "UTC")).cast(pa.int64()),
            }
        )
        record.connection.register("listed_members", plain)
        falls = "SELECT code, min(fell) AS fell FROM listed_members GROUP BY 1"
    return record.sql(
        f"""
        WITH falls AS ({falls}),
        named AS (SELECT f.code, f.fell, i.id FROM falls f JOIN ids i USING (code)),
        backs AS (SELECT n.code, min(epoch_us(s.time)) AS returned FROM statuses s
            JOIN named n ON n.id = s.account
            WHERE s.status = 'active' AND epoch_us(s.time) > n.fell GROUP BY 1),
        made AS (SELECT n.code, min(epoch_us(a.created_at)) AS created,
            max(nullif(a.language, '')) AS language
            FROM accounts a JOIN named n ON n.id = a.account GROUP BY 1),
        done AS (SELECT n.code, nullif(a.client, '') AS client,
            nullif(a.language, '') AS language, count(*) AS acts
            FROM acts a JOIN named n ON n.id = a.account GROUP BY ALL),
        clients AS (SELECT code, first(client ORDER BY n DESC, client) AS client FROM (
            SELECT code, client, sum(acts) AS n FROM done WHERE client IS NOT NULL GROUP BY 1, 2)
            GROUP BY 1),
        languages AS (SELECT code, first(language ORDER BY n DESC, language) AS language FROM (
            SELECT code, language, sum(acts) AS n FROM done WHERE language IS NOT NULL
            GROUP BY 1, 2) GROUP BY 1),
        totals AS (SELECT code, sum(acts)::BIGINT AS acts FROM done GROUP BY 1)
        SELECT n.code, n.fell, b.returned, m.created, c.client,
            coalesce(l.language, m.language) AS language, coalesce(t.acts, 0) AS acts
        FROM named n LEFT JOIN backs b USING (code) LEFT JOIN made m USING (code)
        LEFT JOIN clients c USING (code) LEFT JOIN languages l USING (code)
        LEFT JOIN totals t USING (code)
        ORDER BY n.fell, n.code
        """
    )


def _no_accounts() -> pa.Table:
    number, text = pa.array([], pa.int64()), pa.array([], pa.string())
    return pa.table(
        {
            "code": pa.array([], pa.int32()),
            **dict.fromkeys(("fell", "returned", "created"), number),
            **dict.fromkeys(("client", "language"), text),
            "acts": number,
        }
    )


def known_handles(record: Record, codes: Sequence[int]) -> dict[int, str]:
    """The latest known handle of each of these accounts that has one."""
    rows = record.sql(
        """SELECT i.code, arg_max(a.handle, coalesce(a.observed_at, a.created_at,
               TIMESTAMPTZ '1970-01-01')) AS handle
           FROM accounts a JOIN ids i ON i.id = a.account
           WHERE a.account IN (SELECT unnest($accounts)) AND a.handle IS NOT NULL GROUP BY 1""",
        {"accounts": [record.ids.id_of[int(code)].as_py() for code in codes]},
    )
    columns = (rows.column(name).to_pylist() for name in ("code", "handle"))
    return dict(zip(*columns, strict=True))


@dataclass(frozen=True, slots=True)
class ListedAct:
    """An act as pages list it.

    Parameters
    ----------
    place
        Where it stands among the acts of the record.
    code
        Who did it.
    time, kind, object, text
        When, what, on what, and in which words; "" where there are none.
    client, language
        With which application, and in which language; "" where that is not known.
    """

    place: int
    code: int
    time: dt.datetime
    kind: str
    object: str
    text: str
    client: str
    language: str


_ACT = """SELECT row_number() OVER (ORDER BY a.time, a.kind, a.object, coalesce(a.text, ''))
    AS place, $code::INTEGER AS code, a.time, a.kind, a.object, coalesce(a.text, '') AS text,
    coalesce(a.client, '') AS client, coalesce(a.language, '') AS language
    FROM acts a"""


def acts_of(record: Record, code: int, size: int, after: int = 0) -> list[ListedAct]:
    """Acts of an account in the order of time, at most `size`, those after place `after`."""
    account = record.ids.id_of[code].as_py()
    rows = record.sql(
        f"""SELECT * FROM ({_ACT} WHERE a.account = $account) WHERE place > $after
            ORDER BY place LIMIT $size""",
        {"code": code, "account": account, "after": after, "size": size},
    )
    return [ListedAct(**row) for row in rows.to_pylist()]


def rows_of_accounts(
    record: Record, codes: Sequence[int], tables: Sequence[str]
) -> dict[str, pa.Table]:
    """All rows that these accounts have in some tables: those of a smaller record.

    tables: of acts, accounts, statuses and follows.
    """
    accounts = [record.ids.id_of[int(code)].as_py() for code in codes]
    return {
        table: record.sql(
            f"SELECT * FROM {table} WHERE {_OWNERS[table]} IN (SELECT unnest($accounts))",
            {"accounts": accounts},
        )
        for table in tables
    }
