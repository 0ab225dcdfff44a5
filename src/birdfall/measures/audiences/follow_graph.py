"""Who followed whom when a wave began, both ways, and how many of each audience fell."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from birdfall.kernels import enrichment as kernel
from birdfall.record.record import NEVER, FollowEdges

MAX_THREADS = 2


@dataclass(frozen=True)
class FollowGraph:
    """Follow edges standing at the onset, both ways as CSR.

    leaders: int32[audiences], account code of each audience, ascending. starts: int64[audiences + 1] into follower:
    int32[edges], ascending within an audience. followed_starts: int64[n + 1] into followed: int32[edges], the audiences
    each account is in. n: accounts. unknown: bool[edges] beside `follower`, edges whose beginning is not known.
    """

    leaders: np.ndarray
    starts: np.ndarray
    follower: np.ndarray
    followed_starts: np.ndarray
    followed: np.ndarray
    n: int
    unknown: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Followers of each audience, int64[audiences]."""
        return np.diff(self.starts)

    def audience(self, a: int) -> np.ndarray:
        """Codes of the followers of audience `a`."""
        return self.follower[self.starts[a] : self.starts[a + 1]]

    def unknown_in(self, a: int) -> np.ndarray:
        """Which of them have followed since an unknown time, bool."""
        return self.unknown[self.starts[a] : self.starts[a + 1]]


def follow_graph_at(edges: FollowEdges, n: int, onset: int) -> FollowGraph:
    """The graph of the edges that stood at `onset` (us); one without a known beginning counts as standing.

    edges: ordered by (followed, follower), as `Record.edges` gives them.
    """
    unknown = edges.since == NEVER
    stood = (unknown | (edges.since < onset)) & (edges.until > onset)
    follower, followed = edges.follower[stood].astype(np.int32), edges.followed[stood]
    first = (
        np.flatnonzero(np.r_[True, followed[1:] != followed[:-1]])
        if len(followed)
        else np.zeros(0, np.int64)
    )
    starts = np.r_[first, len(followed)].astype(np.int64)
    followed_starts, back = kernel.transpose_edges(starts, follower, n)
    return FollowGraph(followed[first], starts, follower, followed_starts, back, n, unknown[stood])


def count_fallen(graph: FollowGraph, fallen: np.ndarray) -> np.ndarray:
    """Fallen followers of every audience, int64[audiences]. fallen: int8[n], 1 for who fell.

    By whom the fallen follow, which costs their degrees; by one pass over all edges if the fallen hold most of them.
    """
    codes = np.flatnonzero(fallen)
    degrees = int((graph.followed_starts[codes + 1] - graph.followed_starts[codes]).sum())
    if degrees * 8 > len(graph.follower):
        return count_fallen_by_pass(graph, codes)
    out = np.zeros(len(graph.leaders), np.int64)
    kernel.followed_by_fallen(graph.followed_starts, graph.followed, codes, out)
    return out


def count_fallen_by_pass(graph: FollowGraph, codes: np.ndarray) -> np.ndarray:
    """The same by reading every edge once. codes: int64, who fell."""
    words = kernel.bitset(codes, graph.n)
    out = np.zeros(len(graph.leaders), np.int64)
    run_over_audiences(
        graph,
        lambda i, j: kernel.fallen_per_audience(graph.starts, graph.follower, words, i, j, out),
    )
    return out


def run_over_audiences(
    graph: FollowGraph, work: Callable[[int, int], None], parts: int = 8 * MAX_THREADS
) -> None:
    """`work(first, last)` over ranges of audiences with about as many edges each, in threads; more ranges than threads,
    so that a thread that is held up leaves the rest to the other.
    """
    wanted = np.linspace(0, graph.starts[-1], parts + 1)[1:-1]
    cuts = np.unique(np.r_[0, np.searchsorted(graph.starts, wanted), len(graph.leaders)]).tolist()
    run_in_threads(work, list(zip(cuts[:-1], cuts[1:], strict=True)))


def run_in_threads(work: Callable[[int, int], None], ranges: list[tuple[int, int]]) -> None:
    """`work(first, last)` for each range, in threads."""
    with ThreadPoolExecutor(MAX_THREADS) as pool:
        for done in [pool.submit(work, *r) for r in ranges]:
            done.result()
