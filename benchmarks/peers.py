"""Birdfall against its peers on the same CSV, from the file to a file of edges.

One command each, identical edges asserted.

    python benchmarks/peers.py --toolkit PYTHON [--coortweet SOURCES] [--acts 1000000]

PYTHON is an interpreter that has coordination-network-toolkit 1.5.2; both commands of its
documentation are timed (preprocess, compute), start-up included, and its compute step alone.
SOURCES is a folder with the source of CooRTweet, whose detect_groups and
generate_coordinated_network are run by Rscript with data.table and igraph. Seconds on the clock
and, since machines are shared, of processors, children included. In a process that has started:
`cell` is one call on the CSV, `codes` one call on a Parquet file whose accounts, objects and
messages are whole numbers, reading included, and `step` co-action alone, from codes to edges.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from coaction import acts

MINE_WARM = """
import sys, time
import numpy as np
import pyarrow.parquet as pq
import birdfall
from birdfall.measures.coordination.from_files import read_acts
from birdfall.measures.coordination.peer_methods import (
    content_codes,
    coortweet_edges,
    toolkit_edges,
)
from pathlib import Path
options = {"min_edge_weight": 3} if sys.argv[2] == "toolkit" else {}
for _ in range(3):
    t, c = time.perf_counter(), time.process_time()
    birdfall.coordination(sys.argv[1], preset=sys.argv[2], window="60s", preset_options=options)
    cell = time.perf_counter() - t, time.process_time() - c
for _ in range(3):
    t, c = time.perf_counter(), time.process_time()
    birdfall.coordination(pq.read_table(sys.argv[3]), preset=sys.argv[2], window="60s",
                          preset_options=options, time_unit="s")
    codes = time.perf_counter() - t, time.process_time() - c
trace = read_acts([Path(sys.argv[1])], "repost", bare=True).trace
columns = trace.account, trace.object_, content_codes(trace.contents), trace.time
for _ in range(3):
    t, c = time.perf_counter(), time.process_time()
    method = {"toolkit": toolkit, "coortweet": coortweet}[sys.argv[2]]
    method(*columns, window=60_000_000, **options)
    step = time.perf_counter() - t, time.process_time() - c
print(*cell, *codes, *step)
"""

TOOLKIT_STEP = """
import sys, time
from coordination_network_toolkit.compute_networks import compute_co_retweet_parallel
t = time.perf_counter()
compute_co_retweet_parallel(sys.argv[1], 60, n_threads=2, min_edge_weight=3)
print(time.perf_counter() - t)
"""

COORTWEET = """
args <- commandArgs(TRUE)
suppressMessages({library(data.table); library(igraph)})
parts <- c("calc_group_combinations.R", "detect_groups.R", "generate_coordinated_network.R")
for (f in parts) source(file.path(args[1], "R", f))
x <- fread(args[2], select = c("repost_id", "user_id", "message_id", "timestamp"),
           colClasses = list(character = c("repost_id", "user_id", "message_id")))
setnames(x, c("object_id", "account_id", "content_id", "timestamp_share"))
before <- proc.time()
groups <- detect_groups(x, time_window = 60, min_participation = 2)
found <- generate_coordinated_network(groups, edge_weight = 0.5)
after <- proc.time() - before
fwrite(as_data_frame(found, "edges")[, c("from", "to", "weight", "avg_time_delta")], args[3])
cat(after[["elapsed"]], after[["user.self"]] + after[["sys.self"]])
"""


def timed(*commands: list[str]) -> tuple[dict[str, float], str]:
    """Seconds of the commands one after the other, start-up included, and what the last printed."""
    began, before, out = time.perf_counter(), os.times(), ""
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 3):  # 3: nothing found, as in the few acts that only warm up
            raise SystemExit(f"{command[:4]} failed:\n{done.stderr[-2000:]}")
        out = done.stdout
    after = os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return {"s": round(time.perf_counter() - began, 2), "cpu_s": round(cpu, 2)}, out


def edges(path: Path, names: tuple[str, str, str], directed: bool) -> set[tuple[str, str, int]]:
    with path.open(newline="") as file:
        found = [(r[names[0]], r[names[1]], int(float(r[names[2]]))) for r in csv.DictReader(file)]
    return set(found) if directed else {(*sorted(f[:2]), f[2]) for f in found}


def ours(path: Path, preset: str, out: Path) -> list[str]:
    weight = ["--at-least", "3"] if preset == "toolkit" else []
    said = ["--preset", preset, "--window", "60s", *weight, "--identified", "--out", str(out)]
    return [sys.executable, "-m", "birdfall", "coordinate", str(path), *said]


def mine(folder: Path, preset: str) -> dict[str, object]:
    """Our own figures.

    One command from CSV and from Parquet, a second call in the same process, and the step alone.
    """
    timed(
        ours(folder / "small.csv", preset, folder / f"warm-{preset}.csv")
    )  # compiles, once per machine
    from_csv, _ = timed(ours(folder / "acts.csv", preset, folder / f"{preset}.csv"))
    from_parquet, _ = timed(ours(folder / "acts.parquet", preset, folder / f"{preset}-parquet.csv"))
    _, said = timed(
        [
            sys.executable,
            "-c",
            MINE_WARM,
            str(folder / "acts.csv"),
            preset,
            str(folder / "codes.parquet"),
        ]
    )
    figures = [round(float(x), 3) for x in said.split()]
    warm = {
        name: {"s": figures[2 * i], "cpu_s": figures[2 * i + 1]}
        for i, name in enumerate(("cell", "codes", "step"))
    }
    return {"csv": from_csv, "parquet": from_parquet, **warm}


def ratios(peer: dict[str, float], own: dict[str, float]) -> dict[str, float]:
    return {key: round(peer[key] / own[key], 1) for key in ("s", "cpu_s")}


def against_toolkit(folder: Path, python: str) -> dict[str, object]:
    own = mine(folder, "toolkit")
    database = folder / "peer.db"
    cli = [python, "-m", "coordination_network_toolkit", str(database)]
    asked = ["--time_window", "60", "--min_edge_weight", "3", "--n_cpus", "2"]
    # its edges stay in its database: writing them as CSV fails in this version
    whole, _ = timed(
        [*cli, "preprocess", str(folder / "acts.csv")], [*cli, "compute", "co_retweet", *asked]
    )
    # its workers' seconds of processors are known when they have ended, so a start without work is
    # taken off
    started, _ = timed([python, "-c", TOOLKIT_STEP.partition("t = ")[0]])
    computed, said = timed([python, "-c", TOOLKIT_STEP, str(database)])
    step = {
        "s": round(float(said.split()[-1]), 2),
        "cpu_s": round(computed["cpu_s"] - started["cpu_s"], 2),
    }
    with closing(sqlite3.connect(database)) as held:
        rows = held.execute(
            "SELECT user_1, user_2, weight FROM co_retweet_network WHERE user_1 != user_2"
        ).fetchall()
    wanted = {(str(a), str(b), int(w)) for a, b, w in rows}
    got = edges(folder / "toolkit.csv", ("source_id", "target_id", "weight"), True)
    return {
        "peer": "Coordination Network Toolkit 1.5.2",
        "edges": len(got),
        "identical": got == wanted,
        "birdfall": own,
        "whole": whole,
        "compute": step,
        "whole_to_csv": ratios(whole, own["csv"]),
        "whole_to_parquet": ratios(whole, own["parquet"]),
        "whole_to_cell": ratios(whole, own["cell"]),
        "whole_to_codes": ratios(whole, own["codes"]),
        "compute_to_step": ratios(step, own["step"]),
        "load": round(os.getloadavg()[0], 1),
    }


def against_coortweet(folder: Path, sources: Path) -> dict[str, object]:
    own = mine(folder, "coortweet")
    out = folder / "coortweet-peer.csv"
    whole, said = timed(
        ["Rscript", "-e", COORTWEET, str(sources), str(folder / "acts.csv"), str(out)]
    )
    step = dict(zip(("s", "cpu_s"), (round(float(x), 2) for x in said.split()[-2:]), strict=True))
    wanted = edges(out, ("from", "to", "weight"), False)
    got = edges(folder / "coortweet.csv", ("source_id", "target_id", "weight"), False)
    return {
        "peer": "CooRTweet",
        "edges": len(got),
        "identical": got == wanted,
        "birdfall": own,
        "whole": whole,
        "compute": step,
        "whole_to_csv": ratios(whole, own["csv"]),
        "whole_to_cell": ratios(whole, own["cell"]),
        "whole_to_codes": ratios(whole, own["codes"]),
        "compute_to_step": ratios(step, own["step"]),
        "load": round(os.getloadavg()[0], 1),
    }


def write(folder: Path, number: int) -> None:
    """The acts in the toolkit's columns, as CSV and Parquet, the first of them, and their codes."""
    account, thing, when = acts(number)
    with (folder / "acts.csv").open("w") as file:
        file.write("message_id,user_id,username,repost_id,reply_id,message,timestamp,urls\n")
        file.writelines(
            f"{i},{u},u{u},p{o},,m,{t + 1_400_000_000},\n"
            for i, (u, o, t) in enumerate(
                zip(account.tolist(), thing.tolist(), when.tolist(), strict=True)
            )
        )
    with (folder / "acts.csv").open() as file:
        (folder / "small.csv").write_text("".join(line for line in itertools.islice(file, 2000)))
    pq.write_table(pcsv.read_csv(folder / "acts.csv"), folder / "acts.parquet")
    columns = {
        "account": account,
        "object": thing,
        "time": when + 1_400_000_000,
        "content": np.arange(number),
    }
    pq.write_table(pa.table(columns), folder / "codes.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--toolkit")
    parser.add_argument("--coortweet", type=Path)
    parser.add_argument("--acts", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, asked.acts)
        if asked.toolkit:
            print(
                json.dumps({"acts": asked.acts, **against_toolkit(folder, asked.toolkit)}),
                flush=True,
            )
        if asked.coortweet:
            print(
                json.dumps({"acts": asked.acts, **against_coortweet(folder, asked.coortweet)}),
                flush=True,
            )


if __name__ == "__main__":
    main()
