"""The rows of a table by whose values its columns are told: the first, and those further down that
hold what the first do not.

Files are often sorted: posts before likes, rows without a repost before those with one. What only
comes later would be lost, or taken for what stands above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.table.column_choice import SAMPLE_ROWS
from birdfall.sources.table.column_roles import columns_by_role
from birdfall.sources.table.logged_deeds import names_deeds
from birdfall.sources.table.sql_plan import Query
from birdfall.sources.table.sql_text import quote_name
from birdfall.sources.table.tabular import Tabular

#: A column with more different words in the first rows holds no kinds.
_MAX_WORDS: Final = 40
#: Rows further down that are taken, at most.
_MAX_ROWS: Final = 100
#: Roles whose first value changes what the rows are.
_TELLING: Final = (
    "repost_id", "repost_of", "repost_or_quote_id", "is_repost", "reply_id", "quote_id", "hashtags",
    "links", "mentions", "url", "object", "act_id", "text", "target", "status", "suspended",
    "is_suspended", "reversed", "deleted", "last_seen", "since", "until", "follower", "followed",
    "conversation", "image", "song", "domain", "forwarded_part",
)  # fmt: skip
_COLLECTION: Final = r"^at://[^/]+/([\w.\-]+)/.*$"
_Row = dict[str, str | None]


def telling_rows(table: Tabular) -> list[_Row]:
    """The first rows of a table, behind rows of the rest in which a column that was empty has its
    first value, a column of kinds a new word, or one of records a new collection.
    """
    first = table.sample(rows=SAMPLE_ROWS)
    if len(first) < SAMPLE_ROWS:
        return first
    seen = {name: keys for name in table.types if (keys := _watched(name, first)) is not None}
    lines = _lines_of_new_keys(table, seen) if seen else []
    return (_rows_at(table, lines) if lines else []) + first


def _watched(name: str, first: Sequence[_Row]) -> set[str] | None:
    """The keys of a column in the first rows; None if nothing new in it would tell anything."""
    roles = columns_by_role([name])
    values = {v for row in first if (v := row[name])}
    if not values:
        return set() if roles.keys() & set(_TELLING) else None
    if any(v.startswith("at://") for v in values):
        return set(_keys(pa.array(values)).to_pylist())
    if ("kind" in roles or names_deeds(name)) and len(values) <= _MAX_WORDS:
        return values
    return None


def _keys(texts: pa.Array) -> pa.Array:
    """Texts as what is new in them: of addresses of records their collection."""
    return pc.replace_substring_regex(texts, _COLLECTION, r"\1")


def _lines_of_new_keys(table: Tabular, seen: dict[str, set[str]]) -> list[int]:
    """The places in the file of the first of each new key; a column that was empty has one, that of
    its first value.
    """
    query = Query(table.types, seen)
    for name in seen:
        query.answer(query.text(quote_name(name)))
    empty = {name for name, keys in seen.items() if not keys}
    found: list[int] = []
    for batch, lines in table.run_query(query, Rejections("")):
        for (name, keys), texts in zip(list(seen.items()), batch.columns, strict=True):
            if name in empty:
                new = [] if keys else texts.drop_null().slice(0, 1).to_pylist()
                keyed = texts
            else:
                keyed = _keys(texts)
                new = [k for k in keyed.unique().to_pylist() if k is not None and k not in keys]
            for key in new[: _MAX_ROWS - len(found)]:
                keys.add(key)
                found.append(int(lines[pc.index(keyed, key).as_py()]))
    return sorted(set(found))


def _rows_at(table: Tabular, lines: Sequence[int]) -> list[_Row]:
    """The rows that stand at these places of the file, with all their columns."""
    names = list(table.types)
    query = Query(table.types, names)
    for name in names:
        query.answer(query.text(quote_name(name)))
    found: list[_Row] = []
    for batch, numbers in table.run_query(query, Rejections("")):
        if (here := np.flatnonzero(np.isin(numbers, lines))).size:
            cells = batch.take(pa.array(here)).columns
            listed = zip(*(column.to_pylist() for column in cells), strict=True)
            found += [dict(zip(names, row, strict=True)) for row in listed]
        if numbers.size and numbers[-1] >= lines[-1]:
            break
    return found
