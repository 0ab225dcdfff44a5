"""The follows at a wave's onset where they lie on an engine: sums over parts of the followers.

Edges are dealt by follower, so that one seen several times is one edge in one part. Each part
counts its followers of every audience by stratum, and tallies the draws, which are the same in all
parts; the sums over parts are those of one machine, whole numbers, and the rest is its own code.
The followers of an audience come to the machine that asks only where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.cluster.engine_record import EngineRecord, NotOnAnEngine
from birdfall.kernels import enrichment as kernel
from birdfall.measures.audiences import (
    COLOUR_ROUNDS,
    E_VALUE_BOOSTS,
    MAX_OTHER_AUDIENCES,
    Draws,
    StratumRates,
    follow_graph_at,
    spread_over_follows,
)
from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT, ByParts

#: The edges of a part that stood at $1 us: an edge seen or begun several times is one edge.
_STOOD: Final = """
WITH told AS (
    SELECT follower, followed, since, until, observed_at,
           max(until) OVER (PARTITION BY follower, followed) AS last_until FROM follows
), edges AS (
    SELECT follower, followed, min(epoch_us(since)) AS since,
           CASE WHEN bool_or(until IS NULL AND coalesce(since, observed_at) >= last_until
                             OR last_until IS NULL)
                THEN NULL ELSE max(epoch_us(until)) END AS until
    FROM told GROUP BY follower, followed
), stood AS (
    SELECT follower, followed, since IS NULL AS unknown FROM edges
    WHERE coalesce(since < $1, true) AND coalesce(until > $1, true)
)
"""
_AUDIENCES: Final = (
    _STOOD
    + """SELECT followed, count(*) AS followers, count(*) FILTER (unknown) AS unknown
FROM stood GROUP BY followed"""
)
_SUMMED: Final = """
SELECT i.code, sum(followers)::BIGINT AS followers, sum(unknown)::BIGINT AS unknown
FROM parts JOIN ids i ON i.id = parts.followed GROUP BY i.code ORDER BY i.code
"""
_FOLLOWING: Final = (
    _STOOD
    + """SELECT i.code, count(*) AS n FROM stood
JOIN ids i ON i.id = stood.follower GROUP BY i.code"""
)
#: Edges into the audiences that are counted: account code, and the number of the audience there.
_COUNTED: Final = (
    _STOOD
    + """SELECT i.code AS follower, c.place AS audience, unknown FROM stood
JOIN counted c ON c.id = stood.followed JOIN ids i ON i.id = stood.follower ORDER BY 1, 2"""
)
_TALLIES_DDL: Final = "cell long, followers long, fallen long"
_TALLIES: Final = pa.schema(
    [pa.field(name, pa.int64()) for name in ("cell", "followers", "fallen")]
)
_COLOURS_DDL: Final = "code int, high long, low long"
_COLOURS: Final = pa.schema(
    [pa.field("code", pa.int32()), pa.field("high", pa.int64()), pa.field("low", pa.int64())]
)
_DRAWN_DDL: Final = "first int, counts binary"
_DRAWN: Final = pa.schema([pa.field("first", pa.int32()), pa.field("counts", pa.binary())])
#: Counts of draws that are packed into one row, and that a worker holds at once: 64 MB.
_COUNTS_AT_ONCE: Final = 1 << 24
#: Audiences and strata that are counted at once on the machine that asks.
_CELLS_AT_ONCE: Final = 1 << 22


@dataclass(frozen=True)
class EngineGraph:
    """The follows of an engine that stood at `onset`, as an `AudienceGraph`.

    Parameters
    ----------
    record
        Whose follows.
    onset
        Microseconds.
    leaders, sizes
        int32[audiences], account codes, ascending; int64[audiences], followers of each.
    following
        int64[n], accounts that each account follows.
    unknown_edges
        Edges whose beginning is not known.
    named
        bool[audiences], those that are shown whatever is found.
    """

    record: EngineRecord
    onset: int
    leaders: np.ndarray
    sizes: np.ndarray
    following: np.ndarray
    unknown_edges: int
    named: np.ndarray
    _held: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Accounts."""
        return len(self.record.ids)

    @cached_property
    def colour(self) -> np.ndarray:
        """As of one machine: each part spreads the colours over its edges, and the sums go on."""
        ids = self.record.ids.decode(self.leaders)
        leaders = pa.table({"id": ids, "place": self.leaders})
        found = np.zeros(self.n, np.uint64)
        for _ in range(COLOUR_ROUNDS):
            parts = self.record.work_on_parts(
                _COUNTED,
                [self.onset],
                given={"counted": leaders},
                then=_Spread(found),
                columns=_COLOURS_DDL,
            )
            # halves, so that no sum overflows
            summed = parts.groupBy("code").agg({"high": "sum", "low": "sum"}).toArrow()
            high, low = (
                summed.column(c).to_numpy().astype(np.uint64) for c in ("sum(high)", "sum(low)")
            )
            found = np.zeros(self.n, np.uint64)
            found[summed.column("code").to_numpy()] = (high << np.uint64(32)) + low
        return found

    def ordered_within(self, group: np.ndarray, mark: np.ndarray | None = None) -> np.ndarray:
        """int64[n]: account codes by group, then by what they follow, then by `mark`."""
        keys = (self.colour, group) if mark is None else (mark, self.colour, group)
        return np.lexsort(keys)

    def fetch(self, audiences: Sequence[int]) -> None:
        """Collect the followers of these audiences. Raises NotOnAnEngine if they are too many."""
        wanted = [int(a) for a in audiences if int(a) not in self._held]
        if not wanted:
            return
        followers = int(self.sizes[wanted].sum())
        if followers > self.record.most_collected:
            raise NotOnAnEngine(
                f"the {len(wanted):,} audiences shown have {followers:,} followers",
                where="follows",
                fix="Allow more with most_collected, where the memory of this machine does.",
            )
        ids = self.record.ids.decode(self.leaders[wanted]).to_pylist()
        graph = follow_graph_at(self.record.edges(ids), self.n, self.onset)
        place = {int(code): a for a, code in enumerate(graph.leaders)}
        for a in wanted:
            held = place[int(self.leaders[a])]
            self._held[a] = graph.audience(held), graph.unknown_in(held)

    def audience(self, a: int) -> np.ndarray:
        """Codes of the followers of audience `a`, int32, ascending."""
        self.fetch([a])
        return self._held[int(a)][0]

    def unknown_in(self, a: int) -> np.ndarray:
        """Which of them have followed since an unknown time, bool."""
        self.fetch([a])
        return self._held[int(a)][1]

    def moments(
        self, fallen: np.ndarray, of: np.ndarray, rates: StratumRates, tested: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As of `AudienceGraph`; zero for audiences that cannot be shown."""
        counted = np.flatnonzero(_shown(tested) | self.named)
        strata = len(rates.rate)
        work = _Tally(of, fallen, strata)
        parts = self.record.work_on_parts(
            _COUNTED,
            [self.onset],
            given={"counted": self._places(counted)},
            then=work,
            columns=_TALLIES_DDL,
        )
        summed = parts.groupBy("cell").agg({"followers": "sum", "fallen": "sum"}).toArrow()
        cell, followers, fell = (
            summed.column(c).to_numpy() for c in ("cell", "sum(followers)", "sum(fallen)")
        )
        count = np.zeros(len(self.leaders), np.int64)
        np.add.at(count, counted[cell // strata], fell.astype(np.int64))
        mean, variance, log_e = (np.zeros(len(self.leaders)) for _ in range(3))
        order = np.argsort(cell)
        cell, followers = cell[order], followers[order].astype(np.int64)
        step = max(1, _CELLS_AT_ONCE // strata)
        for first in range(0, len(counted), step):
            chosen = counted[first : first + step]
            begin, end = np.searchsorted(cell, [first * strata, (first + len(chosen)) * strata])
            sizes = np.zeros(len(chosen) * strata, np.int64)
            sizes[cell[begin:end] - first * strata] = followers[begin:end]
            found = [np.zeros(len(chosen)) for _ in range(3)]
            kernel.moments_of_sizes(
                sizes.reshape(len(chosen), strata), rates.rate, rates.spread, rates.total,
                E_VALUE_BOOSTS, count[chosen], *found,
            )  # fmt: skip
            mean[chosen], variance[chosen], log_e[chosen] = found
        return count, mean, variance, log_e

    def drawn_maxima(self, draws: Draws, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        """As of `AudienceGraph`."""
        out = np.zeros(draws.number)
        counted = np.flatnonzero(deviation > 0)
        if not len(counted) or not draws.number:
            return out
        parts = self.record.work_on_parts(
            _COUNTED,
            [self.onset],
            given={"counted": self._places(counted)},
            then=_Draw(draws, len(counted), self.n),
            columns=_DRAWN_DDL,
        )
        summed = parts.repartition(self.record.parts, "first").mapInArrow(
            _Largest(mean[counted], 1.0 / deviation[counted]), _DRAWN_DDL
        )
        for row in summed.toArrow().to_pylist():
            best = np.frombuffer(row["counts"], np.float64)
            out[row["first"] : row["first"] + len(best)] = best
        return out

    def _places(self, audiences: np.ndarray) -> pa.Table:
        """The ids of some audiences with their place among them."""
        ids = self.record.ids.decode(self.leaders[audiences])
        return pa.table({"id": ids, "place": np.arange(len(audiences), dtype=np.int32)})


def engine_graph(record: Record, onset: int, named: Sequence[str]) -> EngineGraph:
    """The follows of an engine at an onset.

    onset: microseconds. named: ids of accounts whose audiences are shown whatever is found.
    """
    assert isinstance(record, EngineRecord)
    found = record.sql(_AUDIENCES, [onset], split=ByParts(_SUMMED))
    degrees = record.sql(_FOLLOWING, [onset], split=EACH_ACCOUNT)
    following = np.zeros(len(record.ids), np.int64)
    following[degrees.column("code").to_numpy()] = degrees.column("n").to_numpy()
    leaders = found.column("code").to_numpy().astype(np.int32)
    codes = [code for code in map(record.ids.code, named) if code is not None]
    return EngineGraph(
        record,
        onset,
        leaders,
        found.column("followers").to_numpy(),
        following,
        int(found.column("unknown").to_numpy().sum()),
        np.isin(leaders, codes),
    )


def _shown(tested: np.ndarray) -> np.ndarray:
    """bool[audiences]: the tested, and the others that are shown where these are few."""
    shown = tested.copy()
    others = np.flatnonzero(~tested)
    shown[others[: max(0, MAX_OTHER_AUDIENCES - int(tested.sum()))]] = True
    return shown


@dataclass(frozen=True)
class _Tally:
    """A worker's count of the followers of each audience by stratum, and of the fallen among them.

    of: int32[n], stratum of each account. fallen: int8[n].
    """

    of: np.ndarray
    fallen: np.ndarray
    strata: int

    def __call__(self, edges: pa.Table) -> Iterator[pa.RecordBatch]:
        follower = edges.column("follower").to_numpy()
        cell = edges.column("audience").to_numpy().astype(np.int64) * self.strata
        cells, place = np.unique(cell + self.of[follower], return_inverse=True)
        columns = [
            cells,
            np.bincount(place, minlength=len(cells)),
            np.bincount(place[self.fallen[follower] > 0], minlength=len(cells)),
        ]
        yield pa.RecordBatch.from_arrays(
            [pa.array(c, pa.int64()) for c in columns], schema=_TALLIES
        )


@dataclass(frozen=True)
class _Spread:
    """A worker's share of the next colours of accounts. colour: uint64[n], the present ones."""

    colour: np.ndarray

    def __call__(self, edges: pa.Table) -> Iterator[pa.RecordBatch]:
        follower, followed = (
            edges.column(c).to_numpy().astype(np.int32) for c in ("follower", "audience")
        )
        label = edges.column("unknown").to_numpy().astype(np.int64)
        found = spread_over_follows(follower, followed, label, self.colour)
        codes = np.flatnonzero(found)
        low = found[codes] & np.uint64(0xFFFFFFFF)
        columns = [
            pa.array(codes, pa.int32()),
            pa.array((found[codes] >> np.uint64(32)).astype(np.int64)),
            pa.array(low.astype(np.int64)),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=_COLOURS)


@dataclass(frozen=True)
class _Draw:
    """A worker's count of its edges from the fallen of each draw into each audience."""

    draws: Draws
    audiences: int
    n: int

    def __call__(self, edges: pa.Table) -> Iterator[pa.RecordBatch]:
        if not edges.num_rows:
            return
        follower = edges.column("follower").to_numpy()
        audience = np.ascontiguousarray(edges.column("audience").to_numpy(), np.int32)
        starts = np.searchsorted(follower, np.arange(self.n + 1)).astype(np.int64)
        for first, last, seed in self.draws.runs:
            counts = np.zeros((last - first, self.audiences), np.int32)
            kernel.permuted_counts(
                starts, audience, self.draws.order, self.draws.stratum_starts,
                self.draws.fallen_in, seed, counts,
            )  # fmt: skip
            step = max(1, _COUNTS_AT_ONCE // 4 // self.audiences)
            for at in range(0, last - first, step):
                piece = counts[at : at + step].tobytes()
                columns = [pa.array([first + at], pa.int32()), pa.array([piece], pa.binary())]
                yield pa.RecordBatch.from_arrays(columns, schema=_DRAWN)


@dataclass(frozen=True)
class _Largest:
    """A worker's sum of the counts of all parts of some draws, and the largest statistic of each.

    mean, scale: float64[audiences].
    """

    mean: np.ndarray
    scale: np.ndarray

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        summed: dict[int, np.ndarray] = {}
        for batch in batches:
            firsts = batch.column("first").to_pylist()
            for first, packed in zip(firsts, batch.column("counts"), strict=True):
                counts = np.frombuffer(packed.as_buffer(), np.int32)
                if first in summed:
                    summed[first] += counts
                else:
                    summed[first] = counts.copy()
        for first, counts in summed.items():
            z = (counts.reshape(-1, len(self.mean)) - self.mean) * self.scale
            best = np.maximum(z.max(axis=1), 0.0)
            columns = [pa.array([first], pa.int32()), pa.array([best.tobytes()], pa.binary())]
            yield pa.RecordBatch.from_arrays(columns, schema=_DRAWN)
