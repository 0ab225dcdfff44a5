"""The record: five Arrow tables, their coverage, and the rows that were refused.

Times are UTC microseconds. Ids are strings here, at the edge; dense int32 codes belong to
`record.ids`. Every row keeps `source` (which file or stream) and `line` (which row of it, from 1)
so that a finding can be traced back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

TIME: Final = pa.timestamp("us", tz="UTC")

#: What an act can be. Platforms' own words are translated to these by the sources. `use`: a post
#: holds a thing of the kind in `object_kind` (an image, a song, a conversation, whatever a file
#: tells of); `delete`: a post was deleted.
ACT_KINDS: Final = (
    "post",
    "repost",
    "reply",
    "quote",
    "like",
    "follow",
    "unfollow",
    "report",
    "block",
    "mention",
    "link",
    "hashtag",
    "use",
    "delete",
)

#: What a platform can say of an account.
STATUSES: Final = ("active", "suspended", "taken_down", "deactivated", "deleted", "limited")

#: The statuses by which a platform makes an account invisible. A `limited` account (silenced,
#: throttled, desynchronised host) can still be seen and is never counted; `deactivated` and
#: `deleted` are mostly the owner's doing.
FALLEN: Final = ("suspended", "taken_down")

#: `change`: it happened then (or within (after, time]); `seen`: it was so then.
OBSERVATIONS: Final = ("change", "seen")

_TRACE = [pa.field("source", pa.string()), pa.field("line", pa.int64())]


def _schema(*fields: tuple[str, pa.DataType, bool]) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, nullable=not required) for name, kind, required in fields] + _TRACE
    )


_S, _I, _B = pa.string(), pa.int64(), pa.bool_()

TABLES: Final[dict[str, pa.Schema]] = {
    "accounts": _schema(
        ("account", _S, True),
        ("handle", _S, False),
        ("name", _S, False),
        ("created_at", TIME, False),
        ("description", _S, False),
        ("location", _S, False),
        ("language", _S, False),
        ("verified", _B, False),
        ("followers", _I, False),
        ("following", _I, False),
        ("posts", _I, False),
        ("observed_at", TIME, False),
    ),
    # `conversation`: the first post of the thread that a post belongs to. `within_s`: for a time
    # that names no second, how many seconds the act may have come after it: 60 for a minute, 86400
    # for a day. Null: exactly at `time`.
    "acts": _schema(
        ("account", _S, True),
        ("kind", _S, True),
        ("object", _S, True),
        ("time", TIME, True),
        ("object_kind", _S, False),
        ("target", _S, False),
        ("text", _S, False),
        ("language", _S, False),
        ("client", _S, False),
        ("act_id", _S, False),
        ("conversation", _S, False),
        ("platform", _S, False),
        ("within_s", _I, False),
    ),
    # `after`: for a change known only within an interval, it happened in (after, time]. Null:
    # exactly at `time`.
    "statuses": _schema(
        ("account", _S, True),
        ("status", _S, True),
        ("time", TIME, True),
        ("observation", _S, True),
        ("after", TIME, False),
        ("reason", _S, False),
    ),
    # `since` and `until`: when the edge began and ended, where known. `observation` = `seen`: it
    # stood at `observed_at`.
    "follows": _schema(
        ("follower", _S, True),
        ("followed", _S, True),
        ("since", TIME, False),
        ("until", TIME, False),
        ("observation", _S, True),
        ("observed_at", TIME, False),
    ),
    "counts": _schema(
        ("account", _S, True),
        ("time", TIME, True),
        ("followers", _I, False),
        ("following", _I, False),
        ("posts", _I, False),
    ),
    # What was watched when. `kind`: watched, gap, sampled (with `rate` in 0..1), clock. `what`: a
    # table name or a word.
    "coverage": _schema(
        ("from", TIME, True),
        ("to", TIME, True),
        ("what", _S, True),
        ("kind", _S, True),
        ("rate", pa.float64(), False),
        ("note", _S, False),
    ),
    # Rows that could not be taken. `value` is cut to 200 characters; nothing is dropped without
    # standing here.
    "rejected": _schema(
        ("column", _S, False), ("value", _S, False), ("reason", _S, True), ("fix", _S, False)
    ),
}

#: Columns that hold account ids, per table: what the case's dictionary is made of.
ACCOUNT_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "accounts": ("account",),
    "acts": ("account", "target"),
    "statuses": ("account",),
    "follows": ("follower", "followed"),
    "counts": ("account",),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one table (a name in `TABLES`).

    Columns that are missing are filled with nulls.
    """

    table: str
    batch: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file in the table's own schema, written by a source for speed.

    The case takes it over as it is.
    """

    table: str
    path: str
    rows: int


def conform(table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with exactly the columns of `table`, in order and type.

    Raises KeyError for a column the table does not have, pyarrow.ArrowInvalid for a type that does
    not fit, and ValueError when a required column is missing or holds nulls.
    """
    schema = TABLES[table]
    unknown = set(batch.schema.names) - set(schema.names)
    if unknown:
        raise KeyError(f"{table} has no column {sorted(unknown)}")
    columns = []
    for field in schema:
        index = batch.schema.get_field_index(field.name)
        column = (
            batch.column(index).cast(field.type)
            if index >= 0
            else pa.nulls(batch.num_rows, field.type)
        )
        if not field.nullable and column.null_count:
            raise ValueError(
                f"{table}.{field.name} is required and holds {column.null_count} nulls"
            )
        columns.append(column)
    found = pa.RecordBatch.from_arrays(columns, schema=schema)
    return _with_reported_accounts(found) if table == "acts" else found


def _with_reported_accounts(acts: pa.RecordBatch) -> pa.RecordBatch:
    """Acts in which a report that names no target is on its object.

    An account that is only ever reported has no row of its own; it is an account all the same. An
    object that is said to be something else, or is an address, is none.
    """
    reports = pc.equal(acts.column("kind"), "report")
    if not pc.any(reports).as_py():
        return acts
    kind, object_ = acts.column("object_kind"), acts.column("object")
    is_account = pc.fill_null(pc.equal(kind, "account"), True)
    unsaid = pc.and_(reports, pc.is_null(acts.column("target")))
    unsaid = pc.and_(unsaid, pc.and_not(is_account, pc.match_substring(object_, "://")))
    place = acts.schema.get_field_index("target")
    named = pc.if_else(unsaid, object_, acts.column("target"))
    return acts.set_column(place, acts.schema.field(place), named)
