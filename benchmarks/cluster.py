"""The engine past one machine against the single process, on the same acts.

Identical edges, seconds without start-up.

    python benchmarks/cluster.py [acts] [sides]

Needs pysail, or pyspark and Java, installed beside Birdfall.

Acts lie in Parquet; both sides go from there to edges in memory. Two workers. Seconds on the clock,
and, since machines are shared, of processors: of this process and all it started, the Java ones
too.
"""

import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from coaction import acts

from birdfall.cluster.spark import coaction as clustered
from birdfall.kernels.coaction.coaction import coaction


def session():  # type: ignore[no-untyped-def]
    from pyspark.sql import SparkSession

    try:
        from pysail.spark import SparkConnectServer
    except ImportError:
        os.environ["PYSPARK_PYTHON"] = sys.executable
        made = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.memory", "6g")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "8")
            .getOrCreate()
        )
        made.sparkContext.setLogLevel("ERROR")
        return "Apache Spark", made, None
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    ip, port = server.listening_address
    # the server lives as long as something holds it
    return "Sail", SparkSession.builder.remote(f"sc://{ip}:{port}").getOrCreate(), server


def processor_seconds() -> float:
    """Of this process and its descendants, those that ended included."""
    parents, spent = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            spent[int(entry.name)] = sum(int(f) for f in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    family = {os.getpid()}
    while more := {p for p, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(spent[p] for p in family if p in spent)


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    sides = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    account, thing, when = acts(number)
    micros = when.astype(np.int64) * 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "acts.parquet")
        pq.write_table(pa.table({"account": account, "object": thing, "time": micros}), path)
        coaction(
            account[:1000].astype(np.int32),
            thing[:1000].astype(np.int32),
            micros[:1000],
            window=60_000_000,
            count="pairs",
            at_least=2,
        )
        began, before = time.perf_counter(), processor_seconds()
        table = pq.read_table(path)
        columns = [table.column(n).to_numpy() for n in ("account", "object", "time")]
        alone = coaction(
            columns[0].astype(np.int32),
            columns[1].astype(np.int32),
            columns[2],
            window=60_000_000,
            count="pairs",
            at_least=2,
        )
        single, single_cpu = time.perf_counter() - began, processor_seconds() - before
        engine, spark, server = session()
        small = spark.read.parquet(str(path)).limit(1000)
        clustered(
            small, window=timedelta(seconds=60), count="pairs", at_least=2
        ).collect()  # starts workers, compiles
        began, before = time.perf_counter(), processor_seconds()
        acted = spark.read.parquet(str(path))
        found = clustered(
            acted, window=timedelta(seconds=60), count="pairs", at_least=2, sides=sides
        ).toArrow()
        took, took_cpu = time.perf_counter() - began, processor_seconds() - before
        weights = int(np.asarray(found.column("weight")).sum())
        print(
            json.dumps(
                {
                    "engine": engine,
                    "acts": number,
                    "edges": found.num_rows,
                    "same_edges": found.num_rows == len(alone.weight),
                    "same_weight": weights == int(alone.weight.sum()),
                    "single_s": round(single, 2),
                    "engine_s": round(took, 2),
                    "ratio": round(took / single, 1),
                    "single_cpu_s": round(single_cpu, 2),
                    "engine_cpu_s": round(took_cpu, 2),
                    "cpu_ratio": round(took_cpu / single_cpu, 1),
                    "sides": sides,
                    "load": round(os.getloadavg()[0], 1),
                }
            )
        )
        # Sail's threads keep a process that only ends from ending
        spark.stop()
        if server is not None:
            server.stop()


if __name__ == "__main__":
    main()
