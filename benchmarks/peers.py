"""Birdfall against the Coordination Network Toolkit 1.5.2 on the same CSV: co-retweets within 60 s, identical edges asserted.

    python benchmarks/peers.py PYTHON [acts]

PYTHON is an interpreter that has coordination-network-toolkit installed. Both go from the CSV to a CSV of edges in processes of
their own, start-up included; each step's own seconds are printed beside. `step` is co-action alone, from codes to edges: what
the toolkit's step does from its indexed database; `finding` also reads the trace and makes the tables. CooRTweet needs packages of CRAN that Debian does not have.
"""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from coaction import acts

MINE = """
import sys, time
t = time.perf_counter()
import numpy as np, pyarrow as pa, pyarrow.csv as pc
from birdfall.sources.ingest import load
from birdfall.kernels.coaction import coaction
from birdfall.measures.coordination import coordination
from birdfall.measures.coordination_presets import toolkit
from birdfall.measures.coordination_traces import trace_of
tiny = np.array([0, 1, 2], np.int32)
coaction(tiny, np.zeros(3, np.int32), np.zeros(3, np.int64), window=1, count="messages", at_least=1)  # loads the compiled code
a = time.perf_counter()
record = load(sys.argv[1])
b = time.perf_counter()
finding = coordination(record, trace="repost", window="60s", preset="toolkit", preset_options={"min_edge_weight": 3})
c = time.perf_counter()
pc.write_csv(finding.table("edges").select(["source_id", "target_id", "weight"]), sys.argv[2])
trace = trace_of(record, "repost")
content = np.arange(len(trace), dtype=np.int32)
d = time.perf_counter()
toolkit(trace.account, trace.object_, content, trace.time, window=60_000_000, min_edge_weight=3)
e = time.perf_counter()
print(round(a - t, 2), round(b - a, 2), round(c - b, 2), round(e - d, 3))
"""


PEER = """
import sqlite3, sys, time
from coordination_network_toolkit.preprocess import preprocess_csv_files
from coordination_network_toolkit.compute_networks import compute_co_retweet_parallel
t = time.perf_counter()
preprocess_csv_files(sys.argv[2], [sys.argv[1]])
a = time.perf_counter()
compute_co_retweet_parallel(sys.argv[2], 60, n_threads=2, min_edge_weight=3)
b = time.perf_counter()
print(round(a - t, 2), round(b - a, 2))
"""


def timed(command: list[str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, done.stdout


def edges(path: Path, names: tuple[str, str, str]) -> set[tuple[str, str, int]]:
    with path.open(newline="") as file:
        return {(r[names[0]], r[names[1]], int(float(r[names[2]]))) for r in csv.DictReader(file)}


def main() -> None:
    peer = sys.argv[1]
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    account, thing, when = acts(number)
    with tempfile.TemporaryDirectory() as folder:
        path, out, data = (str(Path(folder, n)) for n in ("acts.csv", "ours.csv", "peer.db"))
        with Path(path).open("w") as file:
            file.write("message_id,user_id,username,repost_id,reply_id,message,timestamp,urls\n")
            file.writelines(
                f"{i},{u},u{u},p{o},,m,{t + 1_400_000_000},\n"
                for i, (u, o, t) in enumerate(zip(account.tolist(), thing.tolist(), when.tolist(), strict=True))
            )
        small = Path(folder, "small.csv")
        small.write_text("".join(Path(path).read_text().splitlines(keepends=True)[:500]))
        timed([sys.executable, "-c", MINE, str(small), out])  # compiles, once per machine
        took, said = timed([sys.executable, "-c", MINE, path, out])
        whole, told = timed([peer, "-c", PEER, path, data])
        read, computed = (float(x) for x in told.split()[-2:])
        rows = sqlite3.connect(data).execute(
            "SELECT user_1, user_2, weight FROM co_retweet_network WHERE user_1 != user_2"
        )
        peers = {(str(a), str(b), int(w)) for a, b, w in rows}
        every = edges(Path(out), ("source_id", "target_id", "weight"))
        ours = {e for e in every if e[2] >= 3}
        same = ours == peers
        mine = [float(x) for x in said.split()]
        print(json.dumps({
            "acts": number, "edges": len(ours), "identical": same, "birdfall_s": round(took, 2), "start_read_finding_step_s": mine,
            "toolkit_s": round(whole, 2), "toolkit_read_compute_s": [read, computed],
            "end_to_end_ratio": round(whole / took, 1), "finding_ratio": round(computed / mine[2], 1),
            "step_ratio": round(computed / mine[3], 1), "load": round(os.getloadavg()[0], 1),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
