"""Audience test: the counting pass against one sequential read of the same edges, and the permutations.

    python benchmarks/audience_test.py [edges in millions]

Follow edges are heavy-tailed over audiences; 10,000 of 5 million accounts have fallen.
"""

import json
import os
import statistics
import sys
import time

import numpy as np

from birdfall.measures.audiences import Graph, _maxima, counted


def graph(edges: int, accounts: int, leaders: int, rng: np.random.Generator) -> Graph:
    weight = 1 / np.arange(1, leaders + 1) ** 0.9
    sizes = rng.multinomial(edges, weight / weight.sum())
    starts = np.r_[0, np.cumsum(sizes)].astype(np.int64)
    follower = rng.integers(0, accounts, edges, dtype=np.int32)
    back = np.argsort(follower, kind="stable") if edges <= 10_000_000 else np.empty(0, np.int64)
    audience = np.repeat(np.arange(leaders, dtype=np.int32), sizes)
    followed_starts = (
        np.r_[0, np.cumsum(np.bincount(follower, minlength=accounts))].astype(np.int64)
        if len(back)
        else np.zeros(1, np.int64)
    )
    return Graph(
        np.arange(leaders),
        starts,
        follower,
        followed_starts,
        audience[back] if len(back) else np.empty(0, np.int32),
        accounts,
        0,
    )


def timed(work, times: int = 5) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 95
    rng = np.random.default_rng(1)
    large = graph(int(millions * 1e6), 5_000_000, 50_000, rng)
    fallen = np.zeros(5_000_000, np.int8)
    fallen[rng.choice(5_000_000, 10_000, replace=False)] = 1
    counted(large, fallen)  # compiles
    ours, read = timed(lambda: counted(large, fallen)), timed(lambda: large.follower.sum(dtype=np.int64))
    small = graph(9_000_000, 600_000, 5_000, rng)
    few = np.zeros(600_000, np.int8)
    few[rng.choice(600_000, 10_000, replace=False)] = 1
    strata = rng.integers(0, 60, 600_000).astype(np.int32)
    mean, deviation = np.diff(small.starts) * few.mean(), np.sqrt(np.diff(small.starts) * few.mean() + 1)
    _maxima(small, few, strata, 60, mean, deviation, 4, 0)
    draws = timed(lambda: _maxima(small, few, strata, 60, mean, deviation, 400, 0), 3)
    print(json.dumps({
        "edges": len(large.follower), "counting_s": round(ours, 3), "sequential_read_s": round(read, 3), "ratio": round(ours / read, 2),
        "permutations_400_s": round(draws, 2), "permutation_edges": len(small.follower), "load": os.getloadavg()[0],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
