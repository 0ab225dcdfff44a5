"""A whole inquiry on an engine against one machine, on the same tables: findings and processors.

    python benchmarks/cluster_run.py [acts]

Needs pysail, or pyspark and Java, installed beside Birdfall.

Acts of 6 to 24 words from a vocabulary of 40,000, 55 % reposts, links and tags in a fifth; an
account for every twenty acts, 3 % of them suspended, a third of these in one wave; six follows an
account. Tables lie in Parquet; both sides go from there to findings. Processor seconds are those of
this process and all it started, start-up of the engine and of its workers aside.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.cluster import run
from birdfall.model.schemas import TIME
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Inputs, Options
from birdfall.pipeline.run import compute
from birdfall.record.record import from_tables
from cluster import processor_seconds, session

START_US, DAY_US = 1_700_000_000_000_000, 86_400_000_000
DAYS, VOCABULARY = 60, 40_000


def names(codes: np.ndarray) -> pa.Array:
    """Ids of account codes."""
    return pa.array([f"u{code}" for code in codes.tolist()])


def tables_of(acts: int, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Acts, statuses and follows."""
    accounts = max(acts // 20, 200)
    vocabulary = np.array([f"w{i}" for i in range(VOCABULARY)], dtype=object)
    kind = rng.choice(["repost", "post", "hashtag", "link"], acts, p=[0.55, 0.25, 0.1, 0.1])
    object_ = np.array([f"p{i}" for i in rng.zipf(1.3, acts) % (acts // 5)], dtype=object)
    plain = np.flatnonzero(kind == "post")
    words = vocabulary[(rng.zipf(1.2, (len(plain), 24)) - 1) % VOCABULARY]
    lengths = rng.integers(6, 25, len(plain))
    text = np.full(acts, None, dtype=object)
    text[plain] = [" ".join(row[:n]) for row, n in zip(words, lengths, strict=True)]
    object_[plain] = [f"own{i}" for i in plain.tolist()]
    links = kind == "link"
    object_[links] = [f"https://site{i}.example/a" for i in rng.zipf(1.3, links.sum()) % 5000]
    when = START_US + np.sort(rng.integers(0, DAYS * 86_400, acts)) * 1_000_000
    made = {
        "account": names(rng.zipf(1.4, acts) % accounts),
        "kind": pa.array(kind.tolist()),
        "object": pa.array(object_.tolist()),
        "time": pa.array(when).cast(TIME),
        "text": pa.array(text.tolist(), pa.string()),
        "line": pa.array(np.arange(acts)),
    }
    fallen = rng.choice(accounts, accounts * 3 // 100, replace=False)
    fell = START_US + rng.integers(0, DAYS * 86_400, len(fallen)) * 1_000_000
    wave = len(fallen) // 3
    fell[:wave] = START_US + 40 * DAY_US + rng.integers(0, 600, wave) * 1_000_000
    follower = np.repeat(np.arange(accounts), 6)
    followed = rng.zipf(1.4, len(follower)) % accounts
    return {
        "acts": pa.table(made),
        "statuses": pa.table(
            {
                "account": names(fallen),
                "status": ["suspended"] * len(fallen),
                "time": pa.array(fell).cast(TIME),
                "observation": ["change"] * len(fallen),
            }
        ),
        "follows": pa.table(
            {
                "follower": names(follower),
                "followed": names(followed),
                "since": pa.array(np.full(len(follower), START_US - DAY_US)).cast(TIME),
                "observation": ["change"] * len(follower),
            }
        ),
    }


def main() -> None:
    acts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    options = Options()
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables_of(acts, np.random.default_rng(1)).items():
            pq.write_table(table, Path(folder, f"{name}.parquet"))
        paths = {path.stem: path for path in Path(folder).iterdir()}
        few = tables_of(2000, np.random.default_rng(1))
        compute(from_tables(few), options, Inputs())  # compiles
        began, before = time.perf_counter(), processor_seconds()
        record = from_tables({name: pq.read_table(path) for name, path in paths.items()})
        alone = compute(record, options, Inputs())
        single, single_cpu = time.perf_counter() - began, processor_seconds() - before
        del record
        engine, spark, server = session()
        small = {name: spark.createDataFrame(table) for name, table in few.items()}
        run(spark, small, options=options, parts=4)  # starts workers
        began, before = time.perf_counter(), processor_seconds()
        frames = {name: spark.read.parquet(str(path)) for name, path in paths.items()}
        found = run(spark, frames, Settings(), options=options, parts=4)
        took, took_cpu = time.perf_counter() - began, processor_seconds() - before
        same = [
            name
            for name, finding in alone.items()
            if name in found
            and finding.estimates.keys() == found[name].estimates.keys()
            and np.allclose(
                [float(e.value or 0) for e in finding.estimates.values()],
                [float(e.value or 0) for e in found[name].estimates.values()],
                rtol=1e-9,
                equal_nan=True,
            )
        ]
        print(
            json.dumps(
                {
                    "engine": engine,
                    "acts": acts,
                    "findings": len(alone),
                    "same_numbers": len(same),
                    "refused": [
                        n for n, f in found.items()
                        if any(r.code == "not-on-an-engine" for r in f.reasons)
                    ],
                    "single_s": round(single, 1),
                    "engine_s": round(took, 1),
                    "single_cpu_s": round(single_cpu, 1),
                    "engine_cpu_s": round(took_cpu, 1),
                    "cpu_ratio": round(took_cpu / single_cpu, 1),
                    "load": round(os.getloadavg()[0], 1),
                }
            )
        )  # fmt: skip
        spark.stop()
        if server is not None:
            server.stop()


if __name__ == "__main__":
    main()
