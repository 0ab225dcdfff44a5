"""The follow graph at a wave's onset, both ways, and how many followers of each audience fell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, Protocol

import numpy as np

from birdfall.kernels import enrichment as kernel
from birdfall.kernels.content_order import colour_neighbours
from birdfall.model.cores import cores
from birdfall.record.record import NEVER, FollowEdges, Record

#: How often the colours of accounts are made of those they follow, and of their followers.
COLOUR_ROUNDS: Final = 4
#: Multiples of an audience's share of the fallen that its e-value averages over.
E_VALUE_BOOSTS: Final = np.array([1.5, 2.0, 4.0, 8.0])


@dataclass(frozen=True)
class Draws:
    """Which accounts fall in each draw: the same wherever they are drawn.

    Parameters
    ----------
    order, stratum_starts
        int32[n], accounts by stratum; stratum s is order[stratum_starts[s]:stratum_starts[s + 1]].
    fallen_in
        int64[strata], how many fall in each.
    runs
        (first draw, draw after the last, seed) of draws that come one from the other.
    """

    order: np.ndarray
    stratum_starts: np.ndarray
    fallen_in: np.ndarray
    runs: tuple[tuple[int, int, int], ...]

    @property
    def number(self) -> int:
        """How many draws there are."""
        return max((last for _, last, _ in self.runs), default=0)


@dataclass(frozen=True)
class StratumRates:
    """Of each stratum (float64[strata]): fallen / accounts; rate (1 - rate) / (accounts - 1);
    accounts.
    """

    rate: np.ndarray
    spread: np.ndarray
    total: np.ndarray


class AudienceGraph(Protocol):
    """What the test of audiences asks of the follows that stood at the onset.

    One machine holds them (`FollowGraph`), or an engine does, which is asked for sums over them
    (`birdfall.cluster.follow_graph`). Audiences are numbered from 0, in the order of the codes of
    `leaders`.
    """

    @property
    def leaders(self) -> np.ndarray:
        """int32[audiences], account code of each audience, ascending."""

    @property
    def n(self) -> int:
        """Accounts."""

    @property
    def sizes(self) -> np.ndarray:
        """Followers of each audience, int64[audiences]."""

    @property
    def following(self) -> np.ndarray:
        """Accounts that each account follows, int64[n]."""

    @property
    def unknown_edges(self) -> int:
        """Edges whose beginning is not known."""

    def ordered_within(self, group: np.ndarray, mark: np.ndarray | None = None) -> np.ndarray:
        """int64[n]: account codes by group, then by what they follow, then by `mark`."""

    def fetch(self, audiences: Sequence[int]) -> None:
        """Have the followers of these audiences at hand."""

    def audience(self, a: int) -> np.ndarray:
        """Codes of the followers of audience `a`, int32, ascending."""

    def unknown_in(self, a: int) -> np.ndarray:
        """Which of them have followed since an unknown time, bool."""

    def moments(
        self, fallen: np.ndarray, of: np.ndarray, rates: StratumRates, tested: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Fallen followers of each audience, and their mean, variance and log e-value if the fallen
        were drawn within strata; of audiences that are not tested only where they may be shown.
        """

    def drawn_maxima(self, draws: Draws, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        """The largest (count - mean) / deviation of each draw, float64[draws]; audiences of
        deviation 0 do not count.
        """


@dataclass(frozen=True)
class FollowGraph:
    """Follow edges standing at the onset, both ways in compressed rows.

    Parameters
    ----------
    leaders
        int32[audiences], account code of each audience, ascending.
    starts, follower
        int64[audiences + 1] into int32[edges]; followers ascend within an audience.
    followed_starts, followed
        int64[n + 1] into int32[edges], the audiences each account is in.
    n
        Accounts.
    unknown
        bool[edges] beside `follower`, edges whose beginning is not known.
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

    @cached_property
    def colour(self) -> np.ndarray:
        """What each account follows and who follows it, as a number that no code goes into,
        uint64[n]: accounts alike in whom they follow are alike in it.
        """
        followed = np.repeat(self.leaders, self.sizes).astype(np.int32)
        label = self.unknown.astype(np.int64)
        found = np.zeros(self.n, np.uint64)
        for _ in range(COLOUR_ROUNDS):
            found = spread_over_follows(self.follower, followed, label, found)
        return found

    def ordered_within(self, group: np.ndarray, mark: np.ndarray | None = None) -> np.ndarray:
        """int64[n]: account codes by group, then by what they follow, then by `mark`, so that a
        draw takes the same accounts whatever their codes.
        """
        keys = (self.colour, group) if mark is None else (mark, self.colour, group)
        return np.lexsort(keys)

    @property
    def following(self) -> np.ndarray:
        """Accounts that each account follows, int64[n]."""
        return np.diff(self.followed_starts)

    @property
    def unknown_edges(self) -> int:
        """Edges whose beginning is not known."""
        return int(self.unknown.sum())

    def fetch(self, audiences: Sequence[int]) -> None:
        """Nothing: all followers are at hand."""

    def audience(self, a: int) -> np.ndarray:
        """Codes of the followers of audience `a`, int32."""
        return self.follower[self.starts[a] : self.starts[a + 1]]

    def unknown_in(self, a: int) -> np.ndarray:
        """Which of them have followed since an unknown time, bool."""
        return self.unknown[self.starts[a] : self.starts[a + 1]]

    def moments(
        self, fallen: np.ndarray, of: np.ndarray, rates: StratumRates, tested: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As of `AudienceGraph`, of all audiences whether `tested` or not."""
        del tested
        count = count_fallen(self, fallen)
        mean, variance, log_e = (np.zeros(len(self.leaders)) for _ in range(3))
        run_over_audiences(
            self,
            lambda i, j: kernel.moments(
                self.starts, self.follower, of, rates.rate, rates.spread, rates.total,
                E_VALUE_BOOSTS, i, j, count, mean, variance, log_e,
            ),
        )  # fmt: skip
        return count, mean, variance, log_e

    def drawn_maxima(self, draws: Draws, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        """As of `AudienceGraph`."""
        out = np.zeros(draws.number)

        def draw(first: int, last: int) -> None:
            seed = next(s for f, _, s in draws.runs if f == first)
            kernel.permuted_maxima(
                self.followed_starts, self.followed, draws.order, draws.stratum_starts,
                draws.fallen_in, mean, deviation, first, last, seed, out,
            )  # fmt: skip

        run_in_threads(draw, [(first, last) for first, last, _ in draws.runs])
        return out


def follow_graph_at(edges: FollowEdges, n: int, onset: int) -> FollowGraph:
    """The graph of the edges that stood at `onset`.

    Parameters
    ----------
    edges
        Ordered by (followed, follower), as `Record.edges` gives them.
    n
        Accounts.
    onset
        Microseconds; an edge stood if it began before and ended after. One without a known
        beginning counts as standing.
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


def spread_over_follows(
    follower: np.ndarray, followed: np.ndarray, label: np.ndarray, colour: np.ndarray
) -> np.ndarray:
    """The colours that accounts get of those they follow and of their followers, uint64[n].

    follower, followed: int32[edges]. label: int64[edges]. colour: uint64[n], those they have. What
    parts of the edges give sums, modulo 2^64, to what all give.
    """
    below = colour_neighbours(label, follower, colour, followed, len(colour), 1)
    above = colour_neighbours(label, followed, colour, follower, len(colour), 2)
    found: np.ndarray = below + above
    return found


#: Reads the graph of a record at an onset (us); the accounts named (ids) are shown in any case.
GraphReader = Callable[[Record, int, Sequence[str]], AudienceGraph]


def read_follow_graph(record: Record, onset: int, _named: Sequence[str] = ()) -> FollowGraph:
    """The graph of a record's follows that stood at `onset`, microseconds."""
    return follow_graph_at(record.edges(), len(record.ids), onset)


def count_fallen(graph: FollowGraph, fallen: np.ndarray) -> np.ndarray:
    """Fallen followers of every audience, int64[audiences].

    fallen: int8[n], 1 for an account that fell. Counted by whom the fallen follow, which costs
    their degrees, or by one pass over all edges if the fallen hold most of them.
    """
    codes = np.flatnonzero(fallen)
    degrees = int((graph.followed_starts[codes + 1] - graph.followed_starts[codes]).sum())
    if degrees * 8 > len(graph.follower):
        return count_fallen_by_pass(graph, codes)
    out = np.zeros(len(graph.leaders), np.int64)
    kernel.followed_by_fallen(graph.followed_starts, graph.followed, codes, out)
    return out


def count_fallen_by_pass(graph: FollowGraph, codes: np.ndarray) -> np.ndarray:
    """`count_fallen` by reading every edge once. codes: int64[k], accounts that fell."""
    words = kernel.bitset(codes, graph.n)
    out = np.zeros(len(graph.leaders), np.int64)
    run_over_audiences(
        graph,
        lambda i, j: kernel.fallen_per_audience(graph.starts, graph.follower, words, i, j, out),
    )
    return out


def run_over_audiences(
    graph: FollowGraph, work: Callable[[int, int], None], parts: int | None = None
) -> None:
    """Call `work(first, last)` over ranges [first, last) of audiences, in threads.

    Ranges hold about as many edges each. There are more of them than threads, so that a thread that
    is held up leaves the rest to the others.
    """
    wanted = np.linspace(0, graph.starts[-1], (parts or 8 * cores()) + 1)[1:-1]
    cuts = np.unique(np.r_[0, np.searchsorted(graph.starts, wanted), len(graph.leaders)]).tolist()
    run_in_threads(work, list(pairwise(cuts)))


def run_in_threads(work: Callable[[int, int], None], ranges: list[tuple[int, int]]) -> None:
    """Call `work(first, last)` for each range, in threads."""
    with ThreadPoolExecutor(cores()) as pool:
        for done in [pool.submit(work, *r) for r in ranges]:
            done.result()
