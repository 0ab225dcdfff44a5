"""Co-action past one machine, written to the Spark DataFrame API.

The same edges from Apache Spark, Sail, or any cluster of either.

    edges = coaction(frame, window="60s", count="pairs", at_least=2)     # account, object, time ->
    lo, hi, weight

Accounts are dealt into sides by hash, and each task is a cell of the grid of sides: it gets all
acts of two sides and counts, with the kernel of the single machine, the pairs between them
(`cells`). Every pair of accounts stands in exactly one cell, so nothing is left to sum and no pair
that is too light ever leaves its worker; a hub, an object whose pairs would sink one worker, is cut
by the same grid. Each act is sent to sides - 1 cells, packed with others into blocks.

layout="objects" is the other way round, for acts too many to be sent several times, with few pairs:
acts are brought together by object, each partition is counted, and partial counts are summed by
pair. There a hub is laid out as a grid of its own.

Workers need this package installed. Source: grid partitioning of a self-join, as in Afrati and
Ullman 2010 (shares).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from birdfall.cluster.cells import BLOCKS, EDGES, MAX_SIDES, cell_edges, deal_blocks
from birdfall.cluster.partial import PARTIAL, TASKS, partial_edges
from birdfall.kernels.coaction.coaction import Count
from birdfall.model.errors import UsageError, WindowError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Pairs of acts one task may hold before its object is laid out as a grid: about half a second of
#: one core.
PAIRS_PER_TASK = 20_000_000


def coaction(
    acts: DataFrame,
    *,
    window: timedelta,
    count: Count = "pairs",
    at_least: int = 2,
    layout: Literal["accounts", "objects"] = "accounts",
    sides: int = 3,
    partitions: int = 16,
    pairs_per_task: int = PAIRS_PER_TASK,
) -> DataFrame:
    """Edges between accounts that act on one object within a window.

    Exact, no sampling: the edges are those of `kernels.coaction`.

    Parameters
    ----------
    acts
        Columns account, object (texts or integers) and time (timestamp, or integer microseconds).
    window
        > 0, inclusive.
    count, at_least
        Count pairs of acts or distinct objects; least weight of an edge.
    layout
        "accounts" deals accounts into a grid; "objects" brings the acts of an object together.
    sides
        Of the grid, 2 or more: its sides * (sides - 1) / 2 cells should be more than the workers,
        and each holds 2 / sides of the acts (docs/methods/sizing.md).
    partitions
        What cells, or objects, are spread over: some times as many as there are cells.
    pairs_per_task
        Of the layout by objects: from so many pairs on an object is a hub.

    Returns
    -------
    DataFrame
        lo < hi (of the accounts' own type) and weight >= at_least, in no order.

    Raises
    ------
    WindowError
        If the window is not positive.
    UsageError
        For a missing column, a number out of range, or two ids of one hash (retry with integers).
    """
    micros = _micros(window)
    _require_columns(acts)
    coded, accounts = _encode_ids(acts)
    if at_least < 1 or partitions < 1:
        raise UsageError("at_least and partitions must be 1 or more")
    if layout == "accounts":
        if not 2 <= sides <= MAX_SIDES:
            raise UsageError(f"a grid has from two to {MAX_SIDES:,} sides, not {sides}")
        sent = _send_to_cells(coded.mapInArrow(_dealer(sides), _ddl(BLOCKS)), sides).repartition(
            partitions, "cell"
        )
        edges = sent.mapInArrow(_cell_worker(micros, count, at_least, sides), _ddl(EDGES))
    else:
        tasks = _tasks(coded, micros, pairs_per_task).repartition(partitions, "task").drop("task")
        partial = tasks.mapInArrow(_worker(micros, count), _ddl(PARTIAL))
        edges = _sum_pairs(partial, at_least)
    return edges if accounts is None else _decode_accounts(edges, accounts)


def _require_columns(acts: DataFrame) -> None:
    for column in ("account", "object", "time"):
        if column not in acts.columns:
            raise UsageError(
                f"the acts have no column {column!r}", fix="Rename it with withColumnRenamed."
            )


def degrees(acts: DataFrame) -> DataFrame:
    """Acts per account: what the degree null needs beside the edges. Returns account, acts."""
    from pyspark.sql import functions as f

    return acts.groupBy("account").agg(f.count("*").alias("acts"))


def _micros(window: timedelta) -> int:
    micros = round(window / timedelta(microseconds=1))
    if micros <= 0:
        raise WindowError(f"a window of {window} is not positive")
    return micros


def _encode_ids(acts: DataFrame) -> tuple[DataFrame, DataFrame | None]:
    """`acts` with 64-bit integers for ids and time.

    And the accounts by their code, None if they were integers.
    """
    from pyspark.sql import functions as f

    kinds = dict(acts.dtypes)
    time = (
        f.unix_micros("time")
        if kinds["time"].startswith("timestamp")
        else f.col("time").cast("long")
    )
    integers = ("tinyint", "smallint", "int", "bigint")
    whole = {c: kinds[c] in integers for c in ("account", "object")}
    code = {c: f.col(c).cast("long") if whole[c] else f.xxhash64(f.col(c)) for c in whole}
    coded = acts.where("account IS NOT NULL AND object IS NOT NULL AND time IS NOT NULL").select(
        code["account"].alias("account"), code["object"].alias("object"), time.alias("time")
    )
    for column, is_whole in whole.items():
        if not is_whole:
            _no_collision(acts, column)
    if whole["account"]:
        return coded, None
    return coded, acts.select(
        f.col("account").alias("id"), code["account"].alias("code")
    ).distinct()


def _no_collision(acts: DataFrame, column: str) -> None:
    """Raise if two ids have one hash.

    With 64 bits about 3 in 100,000 for ten million ids, but an edge would be wrong.
    """
    from pyspark.sql import functions as f

    distinct = acts.select(column).where(f.col(column).isNotNull()).distinct()
    row = distinct.agg(
        f.count("*").alias("ids"), f.countDistinct(f.xxhash64(f.col(column))).alias("codes")
    ).collect()[0]
    if row["ids"] != row["codes"]:
        raise UsageError(
            f"two values of {column!r} hash alike",
            fix="Give integer codes instead, for example from a dictionary table.",
        )


def _send_to_cells(blocks: DataFrame, sides: int) -> DataFrame:
    """Blocks once for each cell of their side's row or column."""
    from pyspark.sql import functions as f

    others = f.expr(f"filter(sequence(0, {sides - 1}), o -> o <> side)")
    cell = (
        (f.least("side", "other") * 65536 + f.greatest("side", "other")).cast("int").alias("cell")
    )
    return blocks.withColumn("other", f.explode(others)).select(*BLOCKS.names, cell)


def _tasks(coded: DataFrame, window: int, pairs_per_task: int) -> DataFrame:
    """Acts with the task they belong to; acts of hubs once per cell of their row and column."""
    from pyspark.sql import functions as f

    hubs = _hubs(coded, window, pairs_per_task)
    minus = f.lit(-1).cast("int")
    if not hubs:
        return coded.select(
            "account",
            "object",
            "time",
            minus.alias("cell_i"),
            minus.alias("cell_j"),
            minus.alias("side"),
            f.xxhash64("object").alias("task"),
        )
    listed = coded.sparkSession.createDataFrame(hubs, "object long, sides int")
    light = coded.join(listed, "object", "left_anti").select(
        "account",
        "object",
        "time",
        minus.alias("cell_i"),
        minus.alias("cell_j"),
        minus.alias("side"),
        f.xxhash64("object").alias("task"),
    )
    side = f.expr("cast(pmod(xxhash64(account), sides) as int)")
    heavy = (
        coded.join(listed, "object")
        .withColumn("side", side)
        .withColumn("other", f.explode(f.expr("sequence(0, sides - 1)")))
        .select(
            "account",
            "object",
            "time",
            f.least("side", "other").cast("int").alias("cell_i"),
            f.greatest("side", "other").cast("int").alias("cell_j"),
            "side",
            f.xxhash64("object", f.least("side", "other"), f.greatest("side", "other")).alias(
                "task"
            ),
        )
    )
    return light.unionByName(heavy)


def _hubs(coded: DataFrame, window: int, pairs_per_task: int) -> list[tuple[int, int]]:
    """Objects whose pairs within the window may exceed a task, and the sides of their grids.

    The bound counts acts in buckets one window wide: every pair within the window lies in one
    bucket or two neighbours, so there are at most 3/2 of the sum of squares.
    """
    from pyspark.sql import functions as f

    bucket = f.expr(f"floor(time / {window})")
    tallied = (
        coded.groupBy("object", bucket.alias("bucket"))
        .agg(f.count("*").alias("n"))
        .groupBy("object")
        .agg((f.sum(f.col("n") * f.col("n")) * 1.5).alias("bound"))
        .where(f.col("bound") > pairs_per_task)
    )
    return sorted(
        (row["object"], max(2, int((2 * row["bound"] / pairs_per_task) ** 0.5 + 1)))
        for row in tallied.collect()
    )


def _dealer(sides: int) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return deal_blocks(batches, sides=sides)

    return blocks


def _cell_worker(
    window: int, count: Count, at_least: int, sides: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def edges(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held = list(batches)
        if held:
            found = cell_edges(
                pa.Table.from_batches(held),
                window=window,
                count=count,
                at_least=at_least,
                sides=sides,
            )
            yield from _cut(found)

    return edges


def _worker(
    window: int, count: Count
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def edges(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held = list(batches)
        if held:
            acts = pa.Table.from_batches(held).select(TASKS.names)
            yield from _cut(partial_edges(acts, window=window, count=count))

    return edges


def _cut(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Large batches in pieces that an engine can pass on."""
    for batch in batches:
        for start in range(0, batch.num_rows, 1 << 18):
            yield batch.slice(start, 1 << 18)


def _sum_pairs(partial: DataFrame, at_least: int) -> DataFrame:
    from pyspark.sql import functions as f

    return (
        partial.groupBy("lo", "hi")
        .agg(f.sum("weight").alias("weight"))
        .where(f.col("weight") >= at_least)
    )


def _decode_accounts(edges: DataFrame, accounts: DataFrame) -> DataFrame:
    """Edges with the accounts' own ids, the smaller first."""
    from pyspark.sql import functions as f

    first = accounts.select(f.col("code").alias("lo"), f.col("id").alias("first"))
    second = accounts.select(f.col("code").alias("hi"), f.col("id").alias("second"))
    return (
        edges.join(first, "lo")
        .join(second, "hi")
        .select(
            f.least("first", "second").alias("lo"),
            f.greatest("first", "second").alias("hi"),
            "weight",
        )
    )


def _ddl(schema: pa.Schema) -> str:
    kinds = {pa.int32(): "int", pa.int64(): "long", pa.binary(): "binary"}
    return ", ".join(f"{field.name} {kinds[field.type]}" for field in schema)


__all__ = ["coaction", "degrees"]
