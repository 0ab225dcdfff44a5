"""The audience test: counting passes against one sequential read of the edges by numpy.

And the permutations.

    python benchmarks/audience_test.py [edges in millions]

Follow edges are heavy-tailed over audiences and ascending within one, as the measure holds them;
10,000 accounts have fallen. Each ratio is the median of pairs timed one after the other, so that
other work on the machine falls on both.
"""

import itertools
import json
import os
import resource
import statistics
import sys
import time

import numpy as np

from birdfall.measures.audiences.follow_graph import FollowGraph, count_fallen, count_fallen_by_pass
from birdfall.measures.audiences.permutation import (
    PermutationPlan,
    permutation_test,
    permuted_maxima,
)

FALLEN = 10_000


def graph(edges: int, accounts: int, leaders: int, rng: np.random.Generator) -> FollowGraph:
    from birdfall.kernels import enrichment as kernel

    weight = 1 / np.arange(1, leaders + 1) ** 0.9
    starts = np.r_[0, np.cumsum(rng.multinomial(edges, weight / weight.sum()))].astype(np.int64)
    follower = rng.integers(0, accounts, edges, dtype=np.int32)
    for first, last in itertools.pairwise(starts):
        follower[first:last].sort()
    begin, followed = kernel.transpose_edges(starts, follower, accounts)
    return FollowGraph(
        np.arange(leaders), starts, follower, begin, followed, accounts, np.zeros(0, bool)
    )


def chosen(accounts: int, rng: np.random.Generator) -> np.ndarray:
    fallen = np.zeros(accounts, np.int8)
    fallen[rng.choice(accounts, FALLEN, replace=False)] = 1
    return fallen


def seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def against(work, yardstick, times: int = 9) -> tuple[float, float, float]:
    """Median seconds of both, and median of the ratios."""
    pairs = [(seconds(work), seconds(yardstick)) for _ in range(times)]
    ours, theirs = zip(*pairs, strict=True)
    return (
        statistics.median(ours),
        statistics.median(theirs),
        statistics.median(a / b for a, b in pairs),
    )


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 95
    rng = np.random.default_rng(1)
    large = graph(int(millions * 1e6), 5_000_000, 50_000, rng)
    fallen = chosen(large.n, rng)
    codes = np.flatnonzero(fallen)
    assert (
        count_fallen(large, fallen) == count_fallen_by_pass(large, codes)
    ).all()  # compiles both
    passed, read, ratio = against(
        lambda: count_fallen_by_pass(large, codes), lambda: large.follower.sum(dtype=np.int64)
    )
    by_fallen, _, quick = against(
        lambda: count_fallen(large, fallen), lambda: large.follower.sum(dtype=np.int64)
    )
    held = sum(
        a.nbytes for a in (large.starts, large.follower, large.followed_starts, large.followed)
    )
    small = graph(9_000_000, 600_000, 5_000, rng)
    few, of = chosen(small.n, rng), rng.integers(0, 60, small.n).astype(np.int32)
    mean, deviation = small.sizes * few.mean(), np.sqrt(small.sizes * few.mean() + 1)
    permuted_maxima(small, few, of, 60, mean, deviation, 4, 0)
    draws = statistics.median(
        seconds(lambda: permuted_maxima(small, few, of, 60, mean, deviation, 400, 0))
        for _ in range(3)
    )
    chance = PermutationPlan(np.ones(5_000, bool), 400, 0.01, 0)
    permutation_test(small, few, of, 60, chance)
    print(
        json.dumps(
            {
                "edges": len(large.follower),
                "counting_pass_s": round(passed, 3),
                "sequential_read_s": round(read, 3),
                "ratio": round(ratio, 2),
                "counting_by_fallen_s": round(by_fallen, 4),
                "ratio_by_fallen": round(quick, 3),
                "graph_bytes_per_edge": round(held / len(large.follower), 1),
                "permutations_400_s": round(draws, 2),
                "permutation_edges": len(small.follower),
                "whole_test_s": round(
                    statistics.median(
                        seconds(lambda: permutation_test(small, few, of, 60, chance))
                        for _ in range(3)
                    ),
                    2,
                ),
                "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1),
                "load": round(os.getloadavg()[0], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
