"""Audiences: whose followers were hit more than chance, and the smallest set of audiences that explains a wave.

Every followed account is tested: stratified (Cochran 1954; Mantel and Haenszel 1959), family-wise error by permuting the
fallen within strata (max-T, Westfall and Young 1993), then explained away one by one, since audiences overlap.
Reads `follows` and the members of a wave. Method: docs/methods/audiences.md.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import stats

from birdfall.kernels import enrichment as kernel
from birdfall.measures.audience_odds import Odds, e_value, pooled
from birdfall.measures.audience_strata import Strata, strata
from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Answer, Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.record.query import NEVER, Edges, Record

METHOD = (
    "stratified counts (Cochran 1954; Mantel and Haenszel 1959), interval of Robins, Breslow and Greenland 1986",
    "family-wise error by max-T permutation within strata (Westfall and Young 1993)",
    "explaining away: audiences that survive are conditioned on, one by one (docs/methods/audiences.md)",
    "E-value of the lower bound (VanderWeele and Ding 2017)",
)
#: Nothing below these is called raised: smaller ones can be confounding that nobody measured.
ODDS_FLOOR, E_FLOOR = 2.0, 3.0
#: Audiences with fewer followers are not tested.
MINIMUM = 30
MOST_STEPS = 12
THREADS = 2


def applies_to(record: Record) -> Note | None:
    """None if there are follow edges and known statuses; else what is missing."""
    if not record.has("follows"):
        return Note("no-follows", {"needs": "follows"})
    return None if record.has("statuses") else Note("no-statuses", {"needs": "statuses"})


@dataclass(frozen=True)
class Graph:
    """Follow edges standing at the onset, both ways as CSR. leaders: account code of each audience; n: accounts."""

    leaders: np.ndarray
    starts: np.ndarray
    follower: np.ndarray
    followed_starts: np.ndarray
    followed: np.ndarray
    n: int
    unknown_since: int

    def audience(self, a: int) -> np.ndarray:
        return self.follower[self.starts[a] : self.starts[a + 1]]


def audiences(
    record: Record, waves: Finding, *, wave_number: int = 1, leaders: tuple[str, ...] = (), controls: tuple[str, ...] = (),
    negative_controls: tuple[str, ...] = (), permutations: int = 400, minimum: int = MINIMUM, alpha: float = 0.01, seed: int = 0,
    progress: Progress = silent,
) -> Finding:  # fmt: skip
    """Whose audience a wave hit. waves: a finding of `measures.waves`; wave_number: which of its waves.

    leaders, controls, negative_controls: ids, for the role shown beside each; every audience of at least `minimum` followers
    is tested whatever its role. Raises CannotAnswer if there is no such wave. Tables: docs/reference/findings.md.
    """
    onset, fallen_codes = _wave(waves, wave_number)
    graph = _graph(record.edges(), len(record.ids), onset)
    name = f"audiences-{wave_number}"
    parameters = {"wave": wave_number, "permutations": permutations, "minimum": minimum, "alpha": alpha, "seed": seed,
                  "odds_floor": ODDS_FLOOR, "e_floor": E_FLOOR}  # fmt: skip
    sizes = np.diff(graph.starts)
    if len(fallen_codes) < 10 or not (sizes >= minimum).any():
        note = Note(
            "too-few-to-compare",
            {"fallen": len(fallen_codes), "largest_audience": int(sizes.max(initial=0)), "needs": "follows"},
        )
        return Finding("audiences", name, "cannot", reasons=(note,), parameters=parameters)
    fallen = np.zeros(graph.n, np.int8)
    fallen[fallen_codes] = 1
    groups = strata(record, np.diff(graph.followed_starts), onset)
    tested = sizes >= minimum
    progress("audiences: permutations", 0, permutations, "draws")
    first = _tested(graph, fallen, groups.of, groups.number, tested, permutations, seed)
    progress("audiences: permutations", permutations, permutations, "draws")
    steps = _explained(graph, fallen, groups, tested, first, permutations, alpha, seed)
    roles = _roles(record, graph, leaders, controls, negative_controls)
    naive = _naive(graph, fallen, first.count, tested)
    table = _table(record, graph, first, steps, roles, tested, fallen, groups, alpha)
    share = steps[-1].covered if steps else 0.0
    hits = len(steps)
    answer: Answer = "found" if hits else "nothing"
    return Finding(
        kind="audiences",
        name=name,
        answer=answer,
        estimates={
            "leaders_tested": _plain(int(tested.sum()), "count"), "naive_hits": _plain(naive, "count"),
            "hits": _plain(hits, "count"), "raised_alone": _plain(sum(bool(r["raised"]) for r in table), "count"),
            "explained": _plain(share, "share"), "unexplained": _plain(1 - share, "share"),
            "permutations": _plain(permutations, "count"), "fallen": _plain(int(fallen.sum()), "accounts"),
            "accounts": _plain(graph.n, "accounts"),
        },
        parameters=parameters,
        inputs=(record.input("follows"), record.input("statuses"), record.input("accounts"), record.input("acts")),
        limits=_limits(graph, groups),
        method=METHOD,
        details={"traits": list(groups.traits), "strata": groups.number},
        tables={
            "audiences": pa.Table.from_pylist([{k: v for k, v in r.items() if k != "raised"} for r in table], schema=AUDIENCES),
            "explanation": _steps_table(record, graph, steps),
            "compared": _compared(record, graph, fallen, groups, table, seed),
            "strata": pa.table({"stratum": list(groups.names), "accounts": np.bincount(groups.of, minlength=groups.number),
                                "suspended": np.bincount(groups.of, weights=fallen, minlength=groups.number).astype(np.int64)}),
        },
    )  # fmt: skip


AUDIENCES = pa.schema([
    ("leader", pa.string()), ("code", pa.int32()), ("followers", pa.int64()), ("suspended", pa.int64()), ("expected", pa.float64()),
    ("odds_ratio", pa.float64()), ("or_low", pa.float64()), ("or_high", pa.float64()), ("z", pa.float64()),
    ("p_familywise", pa.float64()), ("e_value", pa.float64()), ("role", pa.string()), ("outcome", pa.string()), ("order", pa.int32()),
])  # fmt: skip


@dataclass(frozen=True)
class Tested:
    """Per audience: fallen followers, mean and deviation under the null, z, family-wise p."""

    count: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    z: np.ndarray
    p: np.ndarray


@dataclass(frozen=True)
class Step:
    """One step of explaining away: the audience, its odds given those before, p, fallen in it, share covered so far."""

    audience: int
    odds: Odds
    p: float
    fallen: int
    share: float
    covered: float


def _wave(waves: Finding, number: int) -> tuple[int, np.ndarray]:
    table = waves.table("waves").to_pylist() if waves.answer == "found" else []
    row = next((r for r in table if r["wave"] == number), None)
    if row is None:
        raise CannotAnswer(f"there is no wave {number}", fix="Look at the waves first.")
    members = waves.table("members")
    chosen = members.column("wave").to_numpy() == number
    return round(row["start"].timestamp() * 1e6), np.unique(members.column("code").to_numpy()[chosen])


def _graph(edges: Edges, n: int, onset: int) -> Graph:
    """Edges that stood at the onset; one without a known beginning counts as standing."""
    unknown = edges.since == NEVER
    standing = (unknown | (edges.since < onset)) & (edges.until > onset)
    follower, followed = edges.follower[standing], edges.followed[standing]
    order = np.lexsort((follower, followed))
    follower, followed = follower[order], followed[order]
    leaders, audience = np.unique(followed, return_inverse=True)
    starts = np.r_[0, np.cumsum(np.bincount(audience, minlength=len(leaders)))].astype(np.int64)
    back = np.argsort(follower, kind="stable")
    followed_starts = np.r_[0, np.cumsum(np.bincount(follower, minlength=n))].astype(np.int64)
    return Graph(
        leaders, starts, follower.astype(np.int32), followed_starts, audience[back].astype(np.int32), n, int((unknown & standing).sum())
    )  # fmt: skip


def counted(graph: Graph, fallen: np.ndarray) -> np.ndarray:
    """Fallen followers of every audience, int64[audiences]: one pass over the edges."""
    words = kernel.bitset(np.flatnonzero(fallen).astype(np.int64), graph.n)
    out = np.zeros(len(graph.leaders), np.int64)
    cuts = np.searchsorted(graph.starts, np.linspace(0, graph.starts[-1], THREADS + 1)).clip(0, len(graph.leaders))
    cuts[0], cuts[-1] = 0, len(graph.leaders)

    def part(i: int) -> None:
        kernel.fallen_per_audience(graph.starts, graph.follower, words, int(cuts[i]), int(cuts[i + 1]), out)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(part, range(THREADS)))
    return out


def _tested(
    graph: Graph, fallen: np.ndarray, of: np.ndarray, number: int, tested: np.ndarray, permutations: int, seed: int
) -> Tested:
    """Stratified z of every audience and its family-wise p."""
    total = np.bincount(of, minlength=number).astype(float)
    hit = np.bincount(of, weights=fallen, minlength=number)
    rate = np.divide(hit, total, out=np.zeros(number), where=total > 0)
    spread = np.divide(rate * (1 - rate), total - 1, out=np.zeros(number), where=total > 1)
    a = len(graph.leaders)
    mean, variance = np.zeros(a), np.zeros(a)
    cuts = [a * i // THREADS for i in range(THREADS + 1)]

    def part(i: int) -> None:
        kernel.moments(graph.starts, graph.follower, of, rate, spread, total, cuts[i], cuts[i + 1], mean, variance)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(part, range(THREADS)))
    deviation = np.where(tested, np.sqrt(np.maximum(variance, 0)), 0.0)
    count = counted(graph, fallen)
    z = np.divide(count - mean, deviation, out=np.zeros(a), where=deviation > 0)
    maxima = np.sort(_maxima(graph, fallen, of, number, mean, deviation, permutations, seed))
    above = len(maxima) - np.searchsorted(maxima, z - 1e-9, "left")
    return Tested(count, mean, deviation, z, (above + 1) / (permutations + 1))


def _maxima(
    graph: Graph, fallen: np.ndarray, of: np.ndarray, number: int, mean: np.ndarray, deviation: np.ndarray, permutations: int,
    seed: int,
) -> np.ndarray:  # fmt: skip
    order = np.argsort(of, kind="stable").astype(np.int32)
    stratum_starts = np.r_[0, np.cumsum(np.bincount(of, minlength=number))].astype(np.int64)
    fallen_in = np.bincount(of, weights=fallen, minlength=number).astype(np.int64)
    out = np.zeros(permutations)
    cuts = [permutations * i // THREADS for i in range(THREADS + 1)]

    def part(i: int) -> None:
        stream = int(np.random.SeedSequence([seed, i]).generate_state(1)[0] & 0x7FFFFFFF)
        kernel.permuted_maxima(
            graph.followed_starts, graph.followed, order, stratum_starts, fallen_in, mean, deviation, cuts[i], cuts[i + 1], stream, out
        )  # fmt: skip

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(part, range(THREADS)))
    return out


def _explained(
    graph: Graph,
    fallen: np.ndarray,
    groups: Strata,
    tested: np.ndarray,
    first: Tested,
    permutations: int,
    alpha: float,
    seed: int,
) -> list[Step]:
    """Take the strongest audience, condition on it, test the rest again, until nothing is left that is raised."""
    of, number = groups.of.astype(np.int64), groups.number
    left = tested.copy()
    now, steps = first, list[Step]()
    covered = np.zeros(graph.n, bool)
    every = max(int(fallen.sum()), 1)
    while len(steps) < MOST_STEPS:
        order = np.argsort(-np.where(left, now.z, -np.inf), kind="stable")
        best, odds = _first_raised(graph, fallen, of, number, now, order, left, alpha)
        if best is None or odds is None:
            break
        inside = np.zeros(graph.n, bool)
        inside[graph.audience(best)] = True
        new = (inside & ~covered & (fallen > 0)).sum()
        covered |= inside
        steps.append(
            Step(
                best,
                odds,
                float(now.p[best]),
                int(new),
                float(new / every),
                float((covered & (fallen > 0)).sum() / every),
            )
        )
        left[best] = False
        of = of * 2 + inside
        kept, of = np.unique(of, return_inverse=True)
        number = len(kept)
        now = _tested(graph, fallen, of.astype(np.int32), number, left, permutations, seed + len(steps))
    return steps


def _first_raised(
    graph: Graph,
    fallen: np.ndarray,
    of: np.ndarray,
    number: int,
    now: Tested,
    order: np.ndarray,
    left: np.ndarray,
    alpha: float,
) -> tuple[int | None, Odds | None]:
    """The strongest audience that passes test and floors."""
    best: tuple[float, int, Odds] | None = None
    for a in order[:20]:
        if not left[a] or now.p[a] > alpha or now.z[a] <= 0:
            break
        odds = _odds(graph, fallen, of, number, int(a))
        if odds.raised and (best is None or now.z[a] > best[0]):
            best = (float(now.z[a]), int(a), odds)
            break
    return (None, None) if best is None else (best[1], best[2])


def _odds(graph: Graph, fallen: np.ndarray, of: np.ndarray, number: int, a: int) -> Odds:
    size, hit = kernel.per_stratum(graph.starts, graph.follower, of.astype(np.int32), fallen, number, a)
    total = np.bincount(of, minlength=number)
    every = np.bincount(of, weights=fallen, minlength=number)
    return pooled(hit, size, every, total)


def _naive(graph: Graph, fallen: np.ndarray, count: np.ndarray, tested: np.ndarray) -> int:
    """What a hypergeometric test per audience with Benjamini-Hochberg at 5 % would have called."""
    size = np.diff(graph.starts)[tested]
    p = np.sort(stats.hypergeom.sf(count[tested] - 1, graph.n, int(fallen.sum()), size))
    passed = np.flatnonzero(p <= 0.05 * np.arange(1, len(p) + 1) / len(p))
    return int(passed[-1] + 1) if len(passed) else 0


def _roles(
    record: Record, graph: Graph, leaders: tuple[str, ...], controls: tuple[str, ...], negative: tuple[str, ...]
) -> np.ndarray:
    role = np.full(len(graph.leaders), "other", dtype=object)
    for name, chosen in (("negative", negative), ("control", controls), ("leader", leaders)):
        codes = [record.ids.code(a) for a in chosen]
        role[np.isin(graph.leaders, [c for c in codes if c is not None])] = name
    return role


def _table(
    record: Record, graph: Graph, first: Tested, steps: list[Step], roles: np.ndarray, tested: np.ndarray, fallen: np.ndarray,
    groups: Strata, alpha: float, most: int = 200,
) -> list[dict[str, object]]:  # fmt: skip
    """All audiences with a role, those that explain, and the strongest others, strongest first."""
    order_of = {s.audience: i + 1 for i, s in enumerate(steps)}
    strongest = np.argsort(-np.where(tested, first.z, -np.inf), kind="stable")[:most]
    shown = sorted(
        {*order_of, *np.flatnonzero(roles != "other").tolist(), *strongest.tolist()}, key=lambda a: (-first.z[a], a)
    )
    ids = record.ids.decode(graph.leaders[shown]).to_pylist()
    rows = []
    for a, leader in zip(shown, ids):
        odds = _odds(graph, fallen, groups.of.astype(np.int64), groups.number, a)
        raised = bool(tested[a] and first.p[a] <= alpha and first.z[a] > 0 and odds.raised)
        outcome = (
            "explains" if a in order_of else "too small" if not tested[a] else "explained away" if raised
            else "below the floor" if first.p[a] <= alpha and first.z[a] > 0 else "not raised"
        )  # fmt: skip
        rows.append({
            "leader": leader, "code": int(graph.leaders[a]), "followers": int(graph.starts[a + 1] - graph.starts[a]),
            "suspended": int(first.count[a]), "expected": float(first.mean[a]), "odds_ratio": odds.ratio, "or_low": odds.low,
            "or_high": odds.high, "z": float(first.z[a]), "p_familywise": float(first.p[a]), "e_value": odds.e_value,
            "role": str(roles[a]), "outcome": outcome, "order": order_of.get(a), "raised": raised,
        })  # fmt: skip
    return rows


def _steps_table(record: Record, graph: Graph, steps: list[Step]) -> pa.Table:
    ids = record.ids.decode(graph.leaders[[s.audience for s in steps]]).to_pylist() if steps else []
    rows = [
        {"step": i, "leader": leader, "odds_ratio": s.odds.ratio, "or_low": s.odds.low, "or_high": s.odds.high, "p_familywise": s.p,
         "suspended": s.fallen, "share": s.share, "share_left": 1 - s.covered}
        for i, (s, leader) in enumerate(zip(steps, ids), 1)
    ]  # fmt: skip
    floats = [(n, pa.float64()) for n in ("odds_ratio", "or_low", "or_high", "p_familywise")]
    schema = pa.schema(
        [
            ("step", pa.int32()),
            ("leader", pa.string()),
            *floats,
            ("suspended", pa.int64()),
            ("share", pa.float64()),
            ("share_left", pa.float64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _compared(
    record: Record, graph: Graph, fallen: np.ndarray, groups: Strata, table: list[dict[str, object]], seed: int
) -> pa.Table:
    """For every audience with a role or an explanation: followers who fell, and those of as many matched others, of each."""
    rng = np.random.default_rng([seed, 5])
    by_stratum = [np.flatnonzero(groups.of == s) for s in range(groups.number)]
    place = {int(c): a for a, c in enumerate(graph.leaders)}
    rows = []
    for row in table:
        if row["role"] == "other" and row["outcome"] != "explains":
            continue
        audience = graph.audience(place[int(str(row["code"]))])
        inside = np.zeros(graph.n, bool)
        inside[audience] = True
        wanted = np.bincount(groups.of[audience], minlength=groups.number)
        drawn = []
        for s, number in enumerate(wanted):
            others = by_stratum[s][~inside[by_stratum[s]]]
            drawn.append(rng.choice(others, min(5 * int(number), len(others)), replace=False))
        matched = np.concatenate(drawn)
        rows.append({"leader": row["leader"], "group": "hit", "hit": int(fallen[audience].sum()), "of": len(audience)})
        rows.append(
            {"leader": row["leader"], "group": "matched", "hit": int(fallen[matched].sum()), "of": len(matched)}
        )
    return pa.Table.from_pylist(
        rows,
        schema=pa.schema([("leader", pa.string()), ("group", pa.string()), ("hit", pa.int64()), ("of", pa.int64())]),
    )


def _limits(graph: Graph, groups: Strata) -> tuple[Note, ...]:
    notes = [
        Note("compared-within", {"traits": list(groups.traits), "strata": groups.number}),
        Note("enrichment-is-not-intent", {}),
    ]
    if graph.unknown_since:
        notes.append(Note("edges-of-unknown-age", {"edges": graph.unknown_since, "of": len(graph.follower)}))
    return tuple(notes)


def _plain(value: float | int, unit: str) -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")


__all__ = ["applies_to", "audiences", "counted", "e_value"]
