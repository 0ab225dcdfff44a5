"""Rows of the record as sources make them, one by one, and their batches for Arrow.

Times are integer microseconds since 1970 UTC; `line` is the row of the file or stream, from 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from birdfall.model.schemas import TABLES, TIME, Rows
from birdfall.sources.shared.rejections import Rejections

#: Rows of a table after which a source hands on what has gathered.
ROWS_PER_BATCH: Final = 1 << 16


class AccountRow(NamedTuple):
    """What is known of an account, and since when (`observed_at`)."""

    account: str
    line: int | None
    handle: str | None = None
    name: str | None = None
    created_at: int | None = None
    description: str | None = None
    location: str | None = None
    language: str | None = None
    verified: bool | None = None
    followers: int | None = None
    following: int | None = None
    posts: int | None = None
    observed_at: int | None = None


class ActRow(NamedTuple):
    """One act: who did what (`kind`) to which object, when."""

    account: str
    kind: str
    object: str
    time: int
    line: int | None
    object_kind: str | None = None
    target: str | None = None
    text: str | None = None
    language: str | None = None
    client: str | None = None
    act_id: str | None = None


class StatusRow(NamedTuple):
    """The status of an account, as it changed or was seen at `time`."""

    account: str
    status: str
    time: int
    line: int | None
    observation: str = "change"
    reason: str | None = None


class FollowRow(NamedTuple):
    """One edge from a follower to the account followed."""

    follower: str
    followed: str
    line: int | None
    since: int | None = None
    until: int | None = None
    observation: str = "change"
    observed_at: int | None = None


RecordRow = AccountRow | ActRow | StatusRow | FollowRow
#: Tables by the type of their rows, in the order in which batches are handed on.
ROW_TABLES: Final[dict[type[RecordRow], str]] = {
    AccountRow: "accounts",
    ActRow: "acts",
    StatusRow: "statuses",
    FollowRow: "follows",
}


def build_batch(rows: Sequence[RecordRow], source: str) -> Rows:
    """Rows of one type as a batch of their table.

    Parameters
    ----------
    rows
        At least one row, all of the same type.
    source
        What the rows carry in `source`.
    """
    kind = type(rows[0])
    table = ROW_TABLES[kind]
    schema = TABLES[table]
    arrays, fields = [], []
    for name, values in zip(kind._fields, zip(*rows, strict=True), strict=True):
        field = schema.field(name)
        if field.type == TIME:
            arrays.append(pa.array(values, pa.int64()).cast(TIME))
        elif field.type == pa.string():
            arrays.append(text_array(values))
        else:
            arrays.append(pa.array(values, field.type))
        fields.append(field)
    arrays.append(pa.repeat(pa.scalar(source), len(rows)))
    fields.append(schema.field("source"))
    return Rows(table, pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields)))


def text_array(values: Sequence[str | None]) -> pa.Array:
    """Text as Arrow; lone surrogates, which JSON can carry, become question marks."""
    try:
        return pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowException):
        whole = [
            None if v is None else v.encode("utf-8", "replace").decode("utf-8") for v in values
        ]
        return pa.array(whole, pa.string())


class RowBuffers:
    """Rows of one file or stream per table, and its rejected rows, until they fill a batch."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.rejections = Rejections(source)
        self._waiting: dict[type[RecordRow], list[RecordRow]] = {kind: [] for kind in ROW_TABLES}

    def add(self, row: RecordRow) -> None:
        """Keep a row for the next batch of its table."""
        self._waiting[type(row)].append(row)

    def batches(self, *, at_least: int = 1) -> Iterator[Rows]:
        """Hand on the rows of every table that has `at_least` so many, rejected ones last."""
        for kind, waiting in self._waiting.items():
            if len(waiting) >= max(at_least, 1):
                self._waiting[kind] = []
                yield build_batch(waiting, self.source)
        yield from self.rejections.rows(at_least=at_least)
