"""Tables as they may be shared: accounts by pseudonym, what can tell who a person is left out.

Accounts go by pseudonym, except those the case lists as public; names, descriptions, places and
texts of others stay behind, and ids inside objects are replaced by keyed digests.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from birdfall.record.ids import Ids, pseudonym

#: Columns that can tell who a person is, left empty for all who are not public.
PERSONAL: Final = ("handle", "name", "description", "location", "text", "value", "example", "shown")
#: Columns that name things by the platform's ids, which contain or lead to accounts.
IDENTIFYING: Final = ("object", "act_id", "top_object")
#: Columns of findings and tables that hold account ids.
ACCOUNTS: Final = (
    "account", "target", "follower", "followed", "leader", "control", "largest_account",
    "source_id", "target_id", "reporter", "other",
)  # fmt: skip
#: Columns that hold lists of them.
ACCOUNT_LISTS: Final = ("accounts", "target_ids")
#: Columns by which a row belongs to an account, in the order they are looked for.
OWNERS: Final = ("account", "leader", "follower")
#: Kinds of object that are words rather than ids.
OPEN_OBJECTS: Final = ("hashtag", "hashtags", "link", "text", "page", "status", "creation")
#: Columns that say of what kind the object beside them is.
OBJECT_KINDS: Final = ("object_kind", "layer", "top_layer")
#: Hexadecimal digits of the digest that stands for an id.
DIGEST_DIGITS: Final = 16


class HasIds(Protocol):
    """A record, or whatever else knows which account has which code."""

    @property
    def ids(self) -> Ids:
        """The accounts by code."""
        ...


def pseudonymise(table: pa.Table, record: HasIds, public: set[str], key: bytes) -> pa.Table:
    """`table` with account ids as pseudonyms, personal columns emptied and platform ids as keyed
    digests.

    Parameters
    ----------
    table
        Any table of a record or a finding; its columns are told by their names.
    record
        Knows the codes of the accounts, from which pseudonyms are made.
    public
        Ids of accounts that go by their own names.
    key
        Of the digests; without it an id cannot be guessed from its digest.
    """
    names = _Names(table, record, public, key)
    owners = _first_column(table, OWNERS)
    kinds = _first_column(table, OBJECT_KINDS)
    columns = []
    for field in table.schema:
        column = table.column(field.name)
        if names.is_account(field):
            column = pa.array([names.account(v) for v in column.to_pylist()], pa.string())
        elif names.is_account_list(field):
            lists = [
                None if v is None else [names.account(a) for a in v] for v in column.to_pylist()
            ]
            column = pa.array(lists, field.type)
        elif field.name in PERSONAL and pa.types.is_string(field.type):
            pairs = zip(column.to_pylist(), owners, strict=True)
            column = pa.array([v if owner in public else None for v, owner in pairs], pa.string())
        elif field.name in IDENTIFYING and pa.types.is_string(field.type):
            pairs = zip(column.to_pylist(), kinds, strict=True)
            shown = [v if v is None or k in OPEN_OBJECTS else names.digest(v) for v, k in pairs]
            column = pa.array(shown, pa.string())
        columns.append(column)
    return pa.table(columns, names=table.column_names)


class _Names:
    """What the accounts of one table are called."""

    def __init__(self, table: pa.Table, record: HasIds, public: set[str], key: bytes) -> None:
        self._public, self._key = public, key
        found: set[str] = set()
        for field in table.schema:
            column = table.column(field.name)
            if self.is_account(field):
                found |= _without_none(column.unique().to_pylist())
            elif self.is_account_list(field):
                found |= _without_none(pc.list_flatten(column).to_pylist())
        accounts = sorted(found)
        codes = record.ids.encode(pa.array(accounts, pa.string())).tolist()
        self._codes = dict(zip(accounts, codes, strict=True))

    @staticmethod
    def is_account(field: pa.Field) -> bool:
        """Whether the column holds account ids."""
        return field.name in ACCOUNTS and pa.types.is_string(field.type)

    @staticmethod
    def is_account_list(field: pa.Field) -> bool:
        """Whether the column holds lists of account ids."""
        return field.name in ACCOUNT_LISTS and pa.types.is_list(field.type)

    def account(self, account: str | None) -> str | None:
        """The pseudonym of an account; a digest for one that the record does not know."""
        if account is None or account in self._public:
            return account
        code = self._codes[account]
        return pseudonym(code) if code >= 0 else self.digest(account)

    def digest(self, text: str) -> str:
        """What stands for an id of the platform."""
        whole = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
        return "id-" + whole[:DIGEST_DIGITS]


def _without_none(values: Iterable[str | None]) -> set[str]:
    return {v for v in values if v is not None}


def _first_column(table: pa.Table, names: tuple[str, ...]) -> list[str | None]:
    """The values of the first of these columns the table has; without any, None in each row."""
    name = next((c for c in names if c in table.column_names), None)
    values: list[str | None] = (
        [None] * table.num_rows if name is None else table.column(name).to_pylist()
    )
    return values
