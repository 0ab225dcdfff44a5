"""The same edges from Sail and from Apache Spark as from one machine.

Which of the two is tested is what is installed.
"""

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pyspark = pytest.importorskip("pyspark", reason="no pyspark here: make test-cluster installs it")

from birdfall.cluster.spark import coaction as clustered  # noqa: E402
from birdfall.cluster.spark import degrees  # noqa: E402
from birdfall.kernels.coaction.coaction import coaction  # noqa: E402
from birdfall.model.errors import UsageError, WindowError  # noqa: E402

MINUTE = dt.timedelta(seconds=60)


@pytest.fixture(scope="module")
def acts():
    """Skewed acts: a few objects hold most of them."""
    rng = np.random.default_rng(1)
    n = 20_000
    return (
        rng.integers(0, 500, n).astype(np.int32),
        (rng.zipf(1.3, n) % 300).astype(np.int32),
        rng.integers(0, 3600 * 10**6, n),
    )


def on_one_machine(acts, count, name=int):
    edges = coaction(*acts, window=60 * 10**6, count=count, at_least=2)
    return {
        (*sorted((name(int(a)), name(int(b)))), int(w))
        for a, b, w in zip(edges.lo, edges.hi, edges.weight, strict=True)
    }


def rows(frame):
    table = frame.toArrow()
    columns = (table.column(c).to_pylist() for c in ("lo", "hi", "weight"))
    got = list(zip(*columns, strict=True))
    assert len(got) == len(set(got)), "an edge came twice"
    return set(got)


@pytest.mark.parametrize("count", ["pairs", "objects"])
@pytest.mark.parametrize(
    "laid",
    [
        {"sides": 2},
        {"sides": 5},
        {"layout": "objects", "pairs_per_task": 10**9},
        {"layout": "objects", "pairs_per_task": 20_000},
    ],
    ids=["one cell", "ten cells", "whole objects", "hubs in grids"],
)
def test_edges_are_those_of_one_machine(spark, acts, count, laid):
    frame = spark.createDataFrame(
        pa.table(dict(zip(("account", "object", "time"), acts, strict=True))).to_pandas()
    )
    got = clustered(frame, window=MINUTE, count=count, at_least=2, partitions=8, **laid)
    assert rows(got) == on_one_machine(acts, count)


def test_text_ids_come_back_as_text(spark, acts):
    account, object_, time = acts
    table = pa.table(
        {"account": [f"u{a}" for a in account], "object": [f"o{o}" for o in object_], "time": time}
    )
    got = clustered(spark.createDataFrame(table.to_pandas()), window=MINUTE, partitions=8)
    assert rows(got) == on_one_machine(acts, "pairs", name=lambda a: f"u{a}")


def test_timestamps_and_nulls(spark):
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    frame = spark.createDataFrame(
        [
            ("a", "x", start),
            ("b", "x", start + MINUTE),
            ("c", "x", start + 2.1 * MINUTE),
            (None, "x", start),
            ("d", None, start),
        ],
        "account string, object string, time timestamp",
    )
    assert rows(clustered(frame, window=MINUTE, at_least=1, partitions=2)) == {("a", "b", 1)}


def test_degrees(spark):
    frame = spark.createDataFrame(
        [("a", "x", 1), ("a", "y", 2), ("b", "x", 3)], "account string, object string, time long"
    )
    table = degrees(frame).toArrow()
    accounts, acts = (table.column(c).to_pylist() for c in ("account", "acts"))
    assert dict(zip(accounts, acts, strict=True)) == {"a": 2, "b": 1}


def test_the_tutorial_runs_as_it_stands(spark, acts, tmp_path, capsys):
    """All its Python but the session, which is the one here (of an engine that began elsewhere).

    Its edges are those of one machine.
    """
    account, object_, time = acts
    (tmp_path / "acts").mkdir()
    pq.write_table(
        pa.table({"account": [f"u{a}" for a in account], "object": object_, "time": time}),
        tmp_path / "acts" / "1.parquet",
    )
    page = (Path(__file__).parents[2] / "docs" / "tutorials" / "cluster.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {"spark": spark}
    blocks = [
        re.sub(r'"(acts|edges)/"', lambda m: repr(str(tmp_path / m[1])), block) for block in blocks
    ]
    for block in blocks:
        if "SparkConnectServer" not in block and "server.stop()" not in block:
            exec(compile(block, "cluster.md", "exec"), names)
    assert len(blocks) == 4 and "edges are beyond chance" in capsys.readouterr().out
    assert rows(spark.read.parquet(str(tmp_path / "edges"))) == on_one_machine(
        acts, "objects", name=lambda a: f"u{a}"
    )
    assert len(names["q"]) == len(names["found"])


def test_what_is_wrong_is_said(spark):
    frame = spark.createDataFrame([("a", 1)], "account string, time long")
    with pytest.raises(UsageError, match="object"):
        clustered(frame, window=MINUTE)
    with pytest.raises(WindowError):
        clustered(frame, window=dt.timedelta(0))
    acts = spark.createDataFrame([("a", "x", 1)], "account string, object string, time long")
    with pytest.raises(UsageError, match="sides"):
        clustered(acts, window=MINUTE, sides=1)
