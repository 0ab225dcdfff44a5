"""A record whose large tables lie on an engine: a measure asks it as it asks one in memory.

`Record.sql` is answered by parts, or from the rows that decide, as the query states
(`birdfall.record.split`). The dictionary of accounts, coverage and rejected rows are on the machine
that asks; accounts, acts, statuses, follows and counts are not, and a query that does not state how
it is answered in parts is refused.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from birdfall.cluster.parts import (
    ANSWERS_DDL,
    BLOCKS_DDL,
    answer_blocks,
    answer_rows,
    as_answers,
    deal,
    unpacked,
)
from birdfall.model.errors import BirdfallError, ExitCode, UsageError
from birdfall.model.schemas import ACCOUNT_COLUMNS, TABLES
from birdfall.model.settings import Settings
from birdfall.record.ids import SCHEMA as IDS
from birdfall.record.ids import Ids, empty_ids
from birdfall.record.queries import open_connection
from birdfall.record.record import FollowEdges, Record, SqlParameters
from birdfall.record.split import ByParts, ByRows, Split

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Tables that lie on the engine; the others are small and collected.
LARGE: Final = tuple(ACCOUNT_COLUMNS)
SMALL: Final = ("coverage", "rejected")
#: Rows that are collected at once, at most: about 2 GB of what decides a query.
MOST_COLLECTED: Final = 20_000_000
#: Accounts of the dictionary sent to the engine in one row.
_IDS_AT_ONCE: Final = 1 << 16


class NotOnAnEngine(BirdfallError):
    """What is asked has no way to be answered in parts, or too many rows decide it.

    No `CannotAnswer`: the data can carry the answer, and a measure must not take it for a lack of
    theirs.
    """

    exit_code = ExitCode.CANNOT_ANSWER


@dataclass(frozen=True, repr=False)
class EngineRecord(Record):
    """A record over the tables of a session.

    Parameters
    ----------
    frames
        The large tables that hold rows, with the columns of the record.
    parts
        Parts that rows are dealt into.
    most_collected
        Rows that may be collected to answer one query.
    """

    frames: Mapping[str, DataFrame] = field(default_factory=dict)
    parts: int = 16
    most_collected: int = MOST_COLLECTED
    accounts_in: Mapping[str, int] = field(default_factory=dict)
    sent_ids: DataFrame | None = None

    def sql(
        self, query: str, parameters: SqlParameters = None, *, split: Split | None = None
    ) -> pa.Table:
        """As of a record in memory. Raises NotOnAnEngine for a query without a `split` that reads a
        large table, and where more rows decide than may be collected.
        """
        read = tables_of(query)
        large = [t for t in read if t in self.frames]
        if not large:
            return self._ask({}, query, parameters)
        if isinstance(split, ByParts):
            asked = split.map or query
            large = [t for t in tables_of(asked) if t in self.frames]
            answers = self._collect(self._in_parts(asked, parameters, split.key), large)
            answers = answers or [_answer_of_nothing(asked, parameters)]
            return self._ask({"parts": pa.concat_tables(answers)}, split.merge, None)
        if isinstance(split, ByRows) and set(large) <= set(split.where):
            rows = {t: self._rows(t, query, split) for t in large}
            return self._ask(rows, query, parameters)
        raise NotOnAnEngine(
            f"this question about {', '.join(large)} is answered on one machine only",
            why="No way is stated in which answers about parts of the record make one.",
            fix="Ask it on one machine, of the accounts in question.",
        )

    def count_accounts(self, table: str) -> int:
        """How many accounts `table` names."""
        return self.accounts_in.get(table, 0)

    def edges(self, followed: Sequence[str] | None = None) -> FollowEdges:
        """Only what one machine holds: the edges to some accounts."""
        if followed is None and "follows" in self.frames:
            raise NotOnAnEngine("all follows are not collected", fix="Name the accounts followed.")
        return super().edges(followed)

    def _ask(
        self, tables: Mapping[str, pa.Table], query: str, parameters: SqlParameters
    ) -> pa.Table:
        """The answer here, over the small tables, the dictionary and `tables`."""
        for name, rows in tables.items():
            self.connection.register(name, rows)
        try:
            return self.connection.sql(query, params=parameters).to_arrow_table()
        finally:
            for name in tables:
                self.connection.unregister(name)
                if name in TABLES and name not in self.frames:
                    self.connection.register(name, TABLES[name].empty_table())

    def _in_parts(self, query: str, parameters: SqlParameters, key: str) -> DataFrame:
        """The answers of all parts, a row for each piece."""
        if key:
            return self.work_on_parts(query, parameters, key)
        read = [t for t in tables_of(query) if t in self.frames or t == "ids"]
        if len(read) > 1:
            raise ValueError("rows that lie anywhere cannot be joined")
        schema = columns_of(read[0], query)
        rows = self.frames[read[0]].select(*schema.names)
        return rows.mapInArrow(answer_rows(read[0], schema, query, parameters), ANSWERS_DDL)

    def work_on_parts(
        self,
        query: str,
        parameters: SqlParameters,
        key: str = "account",
        *,
        given: Mapping[str, pa.Table] | None = None,
        then: Callable[[pa.Table], Iterator[pa.RecordBatch]] = as_answers,
        columns: str = ANSWERS_DDL,
    ) -> DataFrame:
        """What workers make of the answer of each part.

        given, then: as of `birdfall.cluster.parts.answer_blocks`. columns: of what `then` yields.
        """
        read = tables_of(query)
        schemas = [(t, columns_of(t, query)) for t in read if t in LARGE]
        blocks = [self._dealt(t, s, key) for t, s in schemas if t in self.frames]
        if "ids" in read:
            schemas.append(("ids", _nullable(list(IDS))))
            if self.sent_ids is not None:
                blocks.append(self.sent_ids)
        together = blocks[0]
        for more in blocks[1:]:
            together = together.unionByName(more)
        work = answer_blocks(query, parameters, schemas, given=given, then=then)
        return together.repartition(self.parts, "part").mapInArrow(work, columns)

    def _dealt(self, table: str, schema: pa.Schema, key: str) -> DataFrame:
        column = "follower" if (table, key) == ("follows", "account") else key
        if column not in schema.names:
            schema = schema.append(TABLES[table].field(column))
        rows = self.frames[table].select(*schema.names)
        return rows.mapInArrow(deal(table, schema, column, self.parts), BLOCKS_DDL)

    def _rows(self, table: str, query: str, split: ByRows) -> pa.Table:
        """The rows of a table that decide a query, collected."""
        schema = columns_of(table, query)
        read = columns_of(table, f"{query} {split.where[table]}")
        chosen = ", ".join(f'"{name}"' for name in schema.names)
        condition = f"SELECT {chosen} FROM {table} WHERE {split.where[table]}"
        parameters = list(split.parameters) or None
        rows = self.frames[table].select(*read.names)
        found = rows.mapInArrow(answer_rows(table, read, condition, parameters), ANSWERS_DDL)
        return pa.concat_tables([schema.empty_table(), *self._collect(found, [table])])

    def _collect(self, answers: DataFrame, large: Sequence[str]) -> list[pa.Table]:
        """The answers, here. Raises NotOnAnEngine if they are too many rows."""
        found: list[pa.Table] = []
        if sum(self.sizes[t] for t in large) <= self.most_collected:
            pieces = answers.toArrow().column("answer").to_pylist()
            return [unpacked(piece) for piece in pieces]
        rows = 0
        for row in answers.toLocalIterator():
            found.append(unpacked(bytes(row["answer"])))
            rows += found[-1].num_rows
            if rows > self.most_collected:
                raise NotOnAnEngine(
                    f"more than {self.most_collected:,} rows of {', '.join(large)} decide this",
                    why="They would be collected to one machine.",
                    fix="Ask of a shorter time or of fewer accounts, or allow more rows with "
                    "most_collected.",
                )
        return found


def _answer_of_nothing(query: str, parameters: SqlParameters) -> pa.Table:
    """What a query says where no table holds a row: its columns and their types."""
    with contextlib.closing(open_connection()) as connection:
        for name, schema in (*TABLES.items(), ("ids", IDS)):
            connection.register(name, schema.empty_table())
        return connection.sql(query, params=parameters).to_arrow_table()


def tables_of(query: str) -> list[str]:
    """The tables of the record, and `ids`, that a query names."""
    words = set(re.findall(r"(?:\bFROM|\bJOIN|,)\s+\"?([a-z_]+)", query, re.IGNORECASE))
    return [t for t in (*TABLES, "ids") if t in words]


def columns_of(table: str, query: str) -> pa.Schema:
    """The columns of a table that a query may read: those it names, all where it says `*`."""
    schema = TABLES[table]
    if re.search(r"(SELECT|\.|,)\s*\*", query):
        named = list(schema)
    else:
        words = set(re.findall(r"[a-z_]+", query.lower()))
        named = [f for f in schema if f.name in words]
    return _nullable(named or [schema.field(0)])


def _nullable(fields: Sequence[pa.Field]) -> pa.Schema:
    """A schema that any column's nulls fit: an engine may not know which columns hold none."""
    return pa.schema([pa.field(f.name, f.type) for f in fields])


def read_tables(
    spark: SparkSession,
    tables: Mapping[str, DataFrame],
    settings: Settings,
    *,
    key: bytes,
    parts: int,
    most_collected: int,
) -> EngineRecord:
    """The record over some tables of a session.

    Parameters
    ----------
    tables
        By the names of the record's tables; columns that are missing are nulls.
    key
        Of the order of codes, as of `birdfall.record.record.from_tables`.

    Raises
    ------
    UsageError
        For a table or column the record does not have, a required column that is missing or holds
        nulls, and rows that name accounts by their handles.
    """
    frames, sizes = {}, dict.fromkeys(TABLES, 0)
    for name, given in tables.items():
        frame = _conform(name, given)
        sizes[name] = _count_rows(name, frame)
        if sizes[name]:
            frames[name] = frame
    connection = open_connection()
    for name, schema in TABLES.items():
        if name not in frames:
            connection.register(name, schema.empty_table())
    for name in SMALL:
        if name in frames:
            connection.register(name, _small(name, frames.pop(name), sizes[name], most_collected))
    ids, accounts_in = _dictionary(frames, key, most_collected)
    connection.register("ids", ids.table())
    sent = _send_ids(spark, ids, parts) if len(ids) else None
    record = EngineRecord(
        connection, ids, settings, {}, sizes,
        frames=frames, parts=parts, most_collected=most_collected, accounts_in=accounts_in,
        sent_ids=sent,
    )  # fmt: skip
    _refuse_handles(record)
    return record


def _conform(name: str, given: DataFrame) -> DataFrame:
    """A table with exactly the columns of the record's."""
    from pyspark.sql import functions as f

    if name not in TABLES:
        known = ", ".join(TABLES)
        raise UsageError(f"the record has no table {name!r}", fix=f"Its tables: {known}.")
    unknown = sorted(set(given.columns) - set(TABLES[name].names))
    if unknown:
        raise UsageError(
            f"the table {name} has no column {', '.join(map(repr, unknown))}",
            fix=f"Its columns: {', '.join(TABLES[name].names)}. Rename or drop the others.",
        )
    columns = []
    for column in TABLES[name]:
        kind = _SPARK_TYPES[str(column.type)]
        if column.name in given.columns:
            columns.append(f.col(f"`{column.name}`").cast(kind).alias(column.name))
        elif column.nullable:
            columns.append(f.lit(None).cast(kind).alias(column.name))
        else:
            raise UsageError(f"the table {name} lacks the column {column.name!r}")
    found = given.select(*columns)
    if name == "acts":  # as `birdfall.model.schemas.conform` has it
        kind, object_ = f.col("object_kind"), f.col("object")
        unsaid = (f.col("kind") == "report") & f.col("target").isNull()
        unsaid &= (kind.isNull() | (kind == "account")) & ~object_.contains("://")
        found = found.withColumn("target", f.when(unsaid, object_).otherwise(f.col("target")))
    return found


_SPARK_TYPES: Final = {
    "string": "string", "int64": "bigint", "bool": "boolean", "double": "double",
    "timestamp[us, tz=UTC]": "timestamp",
}  # fmt: skip


def _count_rows(name: str, frame: DataFrame) -> int:
    """How many rows a table has. Raises UsageError where a required column holds nulls."""
    from pyspark.sql import functions as f

    required = [c.name for c in TABLES[name] if not c.nullable]
    counts = [f.count("*").alias("rows")]
    counts += [f.count(f"`{column}`").alias(f"known_{column}") for column in required]
    row = frame.agg(*counts).collect()[0]
    for column in required:
        if row[f"known_{column}"] != row["rows"]:
            missing = row["rows"] - row[f"known_{column}"]
            raise UsageError(
                f"{name}.{column} is required and holds {missing:,} nulls or values of another type"
            )
    return int(row["rows"])


def _small(name: str, frame: DataFrame, rows: int, most: int) -> pa.Table:
    if rows > most:
        raise UsageError(
            f"the table {name} has {rows:,} rows, and {most:,} may be collected",
            fix="Leave it out, or allow more rows with most_collected.",
        )
    table = frame.toArrow()
    columns = [table.column(f.name).cast(f.type) for f in TABLES[name]]
    return pa.table(columns, schema=TABLES[name])


def _dictionary(
    frames: Mapping[str, DataFrame], key: bytes, most: int
) -> tuple[Ids, dict[str, int]]:
    """The dictionary of all accounts, with the codes that one machine gives them, and how many
    accounts each table names.
    """
    from pyspark.sql import functions as f

    named, own = [], []
    columns = [(t, c) for t in LARGE if t in frames for c in ACCOUNT_COLUMNS[t]]
    for number, (table, column) in enumerate(columns):
        ids = frames[table].select(f.col(column).alias("id")).where(f.col("id").isNotNull())
        named.append(ids.distinct().withColumn("first", f.lit(number)))
        own.append(table if column != "target" else "")
    if not named:
        return empty_ids(), {}
    together = named[0]
    for more in named[1:]:
        together = together.unionByName(more)
    masks = [f.max((f.col("first") == n).cast("int")).alias(f"in_{n}") for n in range(len(named))]
    each = together.groupBy("id").agg(f.min("first").alias("first"), *masks)
    found = each.limit(most + 1).toArrow()
    if found.num_rows > most:
        raise NotOnAnEngine(
            f"the record names more than the {most:,} accounts that may be collected",
            fix="Allow more with most_collected, where the memory of this machine does.",
        )
    ids = empty_ids()
    first = found.column("first").to_numpy()
    for number in range(len(named)):
        new = found.column("id").filter(pa.array(first == number)).combine_chunks()
        ids = ids.merge(new.cast(pa.string()), key)
    accounts_in = {}
    for table in frames:
        within = sum(
            found.column(f"in_{n}").to_numpy() for n, whose in enumerate(own) if whose == table
        )
        accounts_in[table] = int((within > 0).sum())
    return ids, accounts_in


def _send_ids(spark: SparkSession, ids: Ids, parts: int) -> DataFrame:
    """The dictionary on the engine, as blocks of the parts that its accounts are dealt into."""
    blocks: list[pa.RecordBatch] = []
    for work in [deal("ids", IDS, "id", parts)]:
        blocks += list(work(iter(ids.table().to_batches(_IDS_AT_ONCE))))
    return spark.createDataFrame(pa.Table.from_batches(blocks))


def _refuse_handles(record: EngineRecord) -> None:
    """Raise UsageError where rows may name accounts by handles that belong to other ids."""
    if "accounts" not in record.frames:
        return
    told = record.sql(
        r"""SELECT DISTINCT nfc_normalize(lower(ltrim(trim(handle), '@'))) AS handle FROM accounts
        WHERE handle IS NOT NULL AND lower(account)
        != nfc_normalize(lower(ltrim(trim(handle), '@')))""",
        split=ByParts("SELECT handle FROM parts SEMI JOIN ids ON ids.id = parts.handle", key=""),
    )
    if told.num_rows:
        raise UsageError(
            f"{told.num_rows:,} handles stand where ids stand, such as {told.column(0)[0]}",
            why="Rows of one account under two names would be two accounts.",
            fix="Read the files into a case, which knows whose handles they are, and give its "
            "tables.",
        )


__all__ = ["EngineRecord", "NotOnAnEngine", "read_tables"]
