"""One account under its id and its handle: rows that name an account by a handle are its rows,
where other rows give the id that the handle belongs to.

A handle that changed hands belongs to each of its holders in turn, by the time of the row; rows
that say no time then stay under the handle. Handles of digits alone, and those that are also an id
with another handle, are not resolved: they may be somebody else's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import ACCOUNT_COLUMNS
from birdfall.model.settings import Settings
from birdfall.record.ids import Ids

#: SQL of the time of a row, by which a handle is looked up.
_TIMES: Final = {
    "accounts": "told.observed_at", "acts": "told.time", "statuses": "told.time",
    "counts": "told.time",
    "follows": "coalesce(told.since, told.observed_at, told.until)",
}  # fmt: skip
#: Later than any time of a record, us.
_END: Final = 1 << 62
#: Handle, holder, and from when to when (us; null: always) it was theirs.
_HOLDERS: Final = r"""
WITH told AS (
    SELECT account, nfc_normalize(lower(ltrim(trim(handle), '@'))) AS handle,
           epoch_us(observed_at) AS seen
    FROM accounts WHERE handle IS NOT NULL
), named AS (
    SELECT DISTINCT account FROM told WHERE NOT ends_with(handle, lower(account))
), held AS (
    SELECT t.handle, t.account, min(t.seen) AS first, bool_or(t.seen IS NULL) AS undated
    FROM told t SEMI JOIN ids i ON i.id = t.handle
    WHERE t.handle != lower(t.account) AND NOT regexp_full_match(t.handle, '\d*')
    AND t.handle NOT IN (SELECT account FROM named)
    GROUP BY t.handle, t.account
), counted AS (
    SELECT *, count(*) OVER (PARTITION BY handle) AS holders,
           bool_or(undated) OVER (PARTITION BY handle) AS unclear FROM held
)
SELECT handle, account, holders > 1 AS shared,
       CASE WHEN holders > 1 AND row_number() OVER w > 1 THEN first END AS begins,
       CASE WHEN holders > 1 THEN lead(first) OVER w END AS ends
FROM counted WHERE holders = 1 OR NOT unclear
WINDOW w AS (PARTITION BY handle ORDER BY first, account) ORDER BY handle, first
"""


@dataclass(frozen=True)
class Identities:
    """Which handles stand for which accounts.

    Parameters
    ----------
    holders
        Table [handle, account, shared, begins, ends].
    """

    holders: pa.Table | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.accounts)

    def account(self, name: str) -> str:
        """The account that a handle stands for, of several holders the last; other names as they
        are.
        """
        return self.accounts.get(name, name)

    def handles(self, account: str) -> tuple[str, ...]:
        """The handles under which rows may name an account."""
        return tuple(h for h, a in self.accounts.items() if a == account)

    def without_handles(self, ids: Ids) -> Ids:
        """The dictionary without handles that are resolved wherever they stand."""
        if self.holders is None:
            return ids
        alone = self.holders.filter(pc.invert(self.holders.column("shared"))).column("handle")
        keep = pc.invert(pc.is_in(ids.id_of, value_set=alone.combine_chunks().cast(pa.string())))
        return Ids(ids.id_of.filter(keep))

    def settings(self, given: Settings) -> Settings:
        """Settings that name accounts by their ids."""
        if not self:
            return given

        def known(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(map(self.account, names)))

        return replace(
            given,
            leaders=known(given.leaders),
            controls=known(given.controls),
            negative_controls=known(given.negative_controls),
            public=known(given.public),
            names={self.account(a): name for a, name in given.names.items()},
        )


def find_identities(connection: duckdb.DuckDBPyConnection) -> Identities:
    """The handles that some rows of a record name accounts by, whose ids others give.

    connection: with the tables `accounts` and `ids`, as the files told them.
    """
    holders = connection.sql(_HOLDERS).to_arrow_table()
    if not holders.num_rows:
        return Identities()
    columns = (holders.column(c).to_pylist() for c in ("handle", "account"))
    return Identities(holders, dict(zip(*columns, strict=True)))


def resolved_sql(table: str, source: str) -> str:
    """SQL of a table with every account under its id; `holders` must be a table of the connection.

    source: the table as the files told it.
    """
    joins, changed = [], []
    moment = f"epoch_us({_TIMES[table]})"
    for number, column in enumerate(ACCOUNT_COLUMNS[table]):
        who = f"h{number}"
        joins.append(
            f"LEFT JOIN holders {who} ON {who}.handle = told.{column} "
            f"AND (NOT {who}.shared OR ({moment} >= coalesce({who}.begins, {-_END}) "
            f"AND {moment} < coalesce({who}.ends, {_END})))"
        )
        changed.append(f"coalesce({who}.account, told.{column}) AS {column}")
    return f"SELECT told.* REPLACE ({', '.join(changed)}) FROM {source} told {' '.join(joins)}"
