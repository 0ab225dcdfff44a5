"""Co-action against a C++ reference, its memory, hubs, the cost of the null, and a whole finding.

    python benchmarks/coaction.py [--acts 10000000] [--rounds 3] [--large | --only-large]

Both sides run in turn, in processes of their own, on the same acts; CPU seconds are compared,
medians of rounds. Prints JSON. `--large` adds 100 million acts, `--only-large` measures nothing
else. Needs g++ for the reference.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numba import njit

HERE = Path(__file__).resolve().parent
MINUTE = 60


@njit(cache=True)
def _cascades(start: np.ndarray, born: np.ndarray, seed: int) -> np.ndarray:
    """Seconds of each act.

    Three in ten come by themselves with a heavy-tailed delay, the others follow an earlier act.
    """
    np.random.seed(seed)  # noqa: NPY002  # numba's own generator
    found = np.empty(start[-1], np.int64)
    for o in range(len(born)):
        for i in range(start[o], start[o + 1]):
            u = np.random.random()  # noqa: NPY002
            if i == start[o]:
                found[i] = born[o]
            elif u < 0.3:
                delay = 1800.0 * (np.random.random() ** (-1.0 / 0.9) - 1.0)  # noqa: NPY002
                if delay > 20 * 86400:
                    delay = np.random.random() * 20 * 86400  # noqa: NPY002
                found[i] = born[o] + int(delay)
            else:
                parent = start[o] + int(np.random.random() * (i - start[o]))  # noqa: NPY002
                found[i] = found[parent] + int(np.random.exponential(7200.0 if u < 0.75 else 600.0))  # noqa: NPY002
    return found


def acts(n: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n acts.

    Zipf-Mandelbrot objects, heavy-tailed accounts, cascades, and a few groups that act within 45 s.
    Time in seconds.
    """
    rng = np.random.default_rng(seed)
    objects, accounts = max(1000, n // 20), max(1000, n // 12)
    parts = []
    for _ in range(int(10 * (n / 1e6) ** 0.5) + 2):
        size, times = int(rng.integers(8, 60)), int(rng.integers(15, 60))
        members = rng.choice(accounts, size, replace=False)
        act, member = np.nonzero(rng.random((times, size)) < rng.uniform(0.5, 0.9))
        what = rng.integers(0, objects, times)
        parts.append(
            (
                members[member],
                what[act],
                rng.integers(0, 30 * 86400, times)[act] + rng.integers(0, 45, len(act)),
            )
        )
    left = n - sum(len(p[0]) for p in parts)
    popularity = (np.arange(objects) + 50.0) ** -1.05
    count = rng.multinomial(left, popularity / popularity.sum())
    start = np.concatenate([[0], np.cumsum(count)])
    what = rng.permutation(objects).astype(np.int32)[
        np.repeat(np.arange(objects, dtype=np.int32), count)
    ]
    when = _cascades(start, rng.integers(0, 30 * 86400, objects), seed)
    weight = np.cumsum((np.arange(accounts) + 30.0) ** -0.85)
    who = rng.permutation(accounts)[
        np.minimum(accounts - 1, np.searchsorted(weight, rng.random(left) * weight[-1]))
    ]
    columns = [np.concatenate(c) for c in zip((who, what, when), *parts, strict=True)]
    order = np.argsort(columns[2], kind="stable")
    return (
        columns[0][order].astype(np.int32),
        columns[1][order].astype(np.int32),
        columns[2][order].astype(np.int64),
    )


def write(path: Path, columns: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The yardstick's format."""
    with path.open("wb") as file:
        np.array([len(columns[0])], np.int64).tofile(file)
        for column in columns:
            column.tofile(file)


def read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three columns, time in microseconds."""
    with path.open("rb") as file:
        n = int(np.fromfile(file, np.int64, 1)[0])
        account, object_ = np.fromfile(file, np.int32, n), np.fromfile(file, np.int32, n)
        return account, object_, np.fromfile(file, np.int64, n) * 1_000_000


def ours(path: Path, count: str, at_least: int, repeats: int, null: bool) -> None:
    """One process of ours: prints a JSON line per repeat, the null's CPU seconds apart."""
    from birdfall.kernels.coaction.coaction import coaction
    from birdfall.kernels.coaction.null import degree_tails, kappa_of

    columns = read(path)
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        edges = coaction(*columns, window=MINUTE * 1_000_000, count=count, at_least=at_least)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        key = (edges.lo.astype(np.uint64) << np.uint64(32)) | edges.hi.astype(np.uint64)
        with np.errstate(over="ignore"):
            check = (key * np.uint64(0x9E3779B97F4A7C15) * edges.weight.astype(np.uint64)).sum(
                dtype=np.uint64
            )
        extra = 0.0
        if null and edges.emitted is not None:
            begun = time.process_time()
            activity = np.bincount(columns[0])
            degree_tails(
                edges.lo,
                edges.hi,
                edges.weight,
                activity,
                kappa_of(edges.emitted, activity),
                np.empty(0),
            )
            extra = time.process_time() - begun
        print(
            json.dumps(
                {
                    "wall": wall,
                    "cpu": cpu,
                    "null_cpu": extra,
                    "edges": len(edges),
                    "weights": int(edges.weight.sum()),
                    "check": hex(int(check)),
                    "pairs": edges.pairs,
                    "passes": edges.passes,
                    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                }
            ),
            flush=True,
        )


def lines(command: list[str]) -> list[dict[str, float]]:
    """What a process printed, line by line."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def compared(path: Path, yardstick: Path, count: str, rounds: int) -> dict[str, object]:
    """Ours and the yardstick in turn.

    The first repeat of each process (cold pages, loading) is not counted.
    """
    mine: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for _ in range(rounds):
        theirs += lines([str(yardstick), str(path), str(MINUTE), "3", count, "3"])[1:]
        mine += lines([sys.executable, __file__, "--ours", str(path), "--count", count])[1:]
    equal = all(m[k] == t[k] for m in mine for t in theirs for k in ("edges", "weights", "check"))
    middle = {
        k: statistics.median(r["cpu"] for r in rows)
        for k, rows in (("ours", mine), ("yardstick", theirs))
    }
    return {
        "count": count,
        "edges": mine[0]["edges"],
        "pairs": mine[0]["pairs"],
        "identical": equal,
        "cpu_ours": round(middle["ours"], 3),
        "cpu_yardstick": round(middle["yardstick"], 3),
        "ratio": round(middle["ours"] / middle["yardstick"], 2),
        "wall_ours_best": round(min(r["wall"] for r in mine), 2),
        "wall_yardstick_best": round(min(r["wall"] for r in theirs), 2),
        "memory_gb": round(max(r["memory"] for r in mine) / 1e9, 2),
        "null_adds": round(statistics.median(r["null_cpu"] / r["cpu"] for r in mine), 3),
    }


def hubs() -> list[dict[str, object]]:
    """30,000 acts on one object within a minute among a million others.

    One in five, or all, by accounts that act elsewhere.
    """
    from birdfall.kernels.coaction.coaction import coaction

    account, object_, seconds = acts(1_000_000)
    rng = np.random.default_rng(1)
    found = []
    for regular in (0.2, 1.0):
        some = int(30_000 * regular)
        who = np.concatenate(
            [
                rng.choice(account.max() + 1, some, replace=False),
                account.max() + 1 + np.arange(30_000 - some),
            ]
        )
        columns = (
            np.concatenate([account, who]).astype(np.int32),
            np.concatenate([object_, np.full(30_000, object_.max() + 1)]).astype(np.int32),
            np.concatenate([seconds, seconds[500_000] + rng.integers(0, MINUTE, 30_000)])
            * 1_000_000,
        )
        for count in ("pairs", "objects"):
            for at_least in (2, 3):
                took = []
                for _ in range(3):
                    begun = time.perf_counter()
                    edges = coaction(
                        *columns, window=MINUTE * 1_000_000, count=count, at_least=at_least
                    )
                    took.append(time.perf_counter() - begun)
                found.append(
                    {
                        "regular_visitors": regular,
                        "count": count,
                        "at_least": at_least,
                        "pairs": edges.pairs,
                        "edges": len(edges),
                        "seconds": round(min(took), 2),
                    }
                )
    return found


def finding() -> dict[str, float]:
    """A whole finding on a million acts, warm.

    Edges, nulls, shift, fixed rule, groups; with sensitivity over four windows too.
    """
    from birdfall.measures.coordination import coordination

    account, object_, seconds = acts(1_000_000)
    columns = (account, object_, seconds * 1_000_000)
    took = {}
    for name, sensitivity in (("without sensitivity", False), ("with sensitivity", True)):
        for _ in range(2):
            begun = time.perf_counter()
            coordination(columns, trace="acts", sensitivity=sensitivity, block_test=False)
            took[name] = round(time.perf_counter() - begun, 2)
    return took


def large(path: Path) -> list[dict[str, float]]:
    """100 million acts, by distinct objects, in a process of their own."""
    write(path, acts(100_000_000))
    return lines(
        [sys.executable, __file__, "--ours", str(path), "--count", "objects", "--repeats", "1"]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--acts", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only-large", action="store_true")
    parser.add_argument("--ours", type=Path)
    parser.add_argument("--count", default="pairs")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    if asked.ours:
        ours(asked.ours, asked.count, 3, asked.repeats, True)
        return
    if asked.only_large:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(large(Path(folder) / "acts.bin"), indent=1))
        return
    with tempfile.TemporaryDirectory() as folder:
        yardstick, path = Path(folder) / "yardstick", Path(folder) / "acts.bin"
        source = str(HERE / "coaction_yardstick.cpp")
        subprocess.run(
            ["g++", "-O3", "-march=native", "-fopenmp", source, "-o", str(yardstick)], check=True
        )
        report: dict[str, object] = {"load_before": os.getloadavg()[0]}
        for n in (1_000_000, asked.acts):
            write(path, acts(n))
            report[f"{n:,} acts"] = [
                compared(path, yardstick, c, asked.rounds) for c in ("pairs", "objects")
            ]
        report["hub"] = hubs()
        report["finding on 1,000,000 acts, seconds"] = finding()
        if asked.large:
            report["100,000,000 acts"] = large(path)
        report["load_after"] = os.getloadavg()[0]
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
