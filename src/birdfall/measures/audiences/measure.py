"""Audiences: whose followers were hit more than chance, and which few audiences explain a wave.

Every followed account is tested: stratified (Cochran 1954; Mantel and Haenszel 1959), family-wise
error by permuting the fallen within strata (max-T, Westfall and Young 1993), then explained away
one by one, since audiences overlap. Reads `follows` and the members of a wave. Method:
docs/methods/audiences.md.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.kernels.odds_ratio import E_VALUE_FLOOR, ODDS_RATIO_FLOOR
from birdfall.measures.audiences.follow_graph import (
    AudienceGraph,
    GraphReader,
    read_follow_graph,
)
from birdfall.measures.audiences.permutation import (
    FDR_MIN_AUDIENCES,
    PermutationPlan,
    count_naive_hits,
    permutation_test,
)
from birdfall.measures.audiences.stepwise import explain_away
from birdfall.measures.audiences.strata import AccountStrata, strata
from birdfall.measures.audiences.tables import (
    audience_rows,
    audience_table,
    compare_with_matches,
    explanation_table,
    roles_of,
)
from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Answer, Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.record.record import Record

METHOD: Final = (
    "stratified counts (Cochran 1954; Mantel and Haenszel 1959), interval of Robins, Breslow and "
    "Greenland 1986",
    "family-wise error by max-T permutation within strata (Westfall and Young 1993); from 100,000 "
    "audiences on, false discovery rate by e-BH (Wang and Ramdas 2022)",
    "explaining away: audiences that survive are conditioned on, one by one "
    "(docs/methods/audiences.md)",
    "E-value of the lower bound (VanderWeele and Ding 2017)",
)
#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 5
#: Audiences with fewer followers are not tested.
MIN_FOLLOWERS: Final = 30
#: With fewer fallen no audience can be told from chance.
MIN_FALLEN: Final = 10


def audiences(
    record: Record,
    waves: Finding,
    *,
    wave_number: int = 1,
    leaders: tuple[str, ...] = (),
    controls: tuple[str, ...] = (),
    negative_controls: tuple[str, ...] = (),
    permutations: int = 400,
    minimum: int = MIN_FOLLOWERS,
    alpha: float = 0.01,
    many: int = FDR_MIN_AUDIENCES,
    seed: int = 0,
    progress: Progress = silent,
    graph_at: GraphReader = read_follow_graph,
) -> Finding:
    """Test whose audience a wave hit.

    Parameters
    ----------
    record
        Read: `follows`, `statuses`, `accounts`, `acts`.
    waves
        A finding of kind `waves`.
    wave_number
        Which of its waves, from 1.
    leaders, controls, negative_controls
        Ids, for the role shown beside each. Every audience is tested whatever its role.
    permutations
        Draws of the fallen.
    minimum
        Followers an audience must have to be tested.
    alpha
        Family-wise error, or false discovery rate if audiences are `many`.
    many
        Audiences from which the false discovery rate is held instead.
    seed
        Seed of all draws.
    progress
        Called between the stages.
    graph_at
        Reads the follows that stood at the onset; an engine that holds them gives its own.

    Returns
    -------
    Finding
        Of kind `audiences`, with tables `audiences`, `explanation`, `compared` and `strata`
        (docs/reference/findings.md).

    Raises
    ------
    CannotAnswer
        If there is no such wave.

    References
    ----------
    Westfall and Young (1993), Resampling-based multiple testing. VanderWeele and Ding (2017),
    Sensitivity analysis in observational research: the E-value.

    Examples
    --------
    Forty of the two hundred followers of "hit" fall within an hour, none of those of "spared":

    >>> import pyarrow as pa
    >>> from birdfall.measures.waves import waves
    >>> from birdfall.model.schemas import TIME
    >>> from birdfall.record.record import from_tables
    >>> hour = 3_600_000_000
    >>> fallen = [f"h{i}" for i in range(40)] + [f"x{i}" for i in range(100)]
    >>> times = [1000 * hour + i * 60_000_000 for i in range(40)]
    >>> times += [i * 20 * hour for i in range(100)]
    >>> statuses = pa.table({"account": fallen, "status": ["suspended"] * 140,
    ...                      "time": pa.array(times).cast(TIME), "observation": ["change"] * 140})
    >>> follower = [f"h{i}" for i in range(200)] + [f"s{i}" for i in range(200)]
    >>> follows = pa.table({"follower": follower, "followed": ["hit"] * 200 + ["spared"] * 200,
    ...                     "since": pa.array([0] * 400).cast(TIME),
    ...                     "observation": ["change"] * 400})
    >>> record = from_tables({"statuses": statuses, "follows": follows})
    >>> found = audiences(record, waves(record, replicates=99))
    >>> found.table("explanation").column("leader").to_pylist()
    ['hit']
    """
    onset, fallen_codes = _wave_members(waves, wave_number)
    named = (*leaders, *controls, *negative_controls)
    graph = graph_at(record, onset, named)
    name = f"audiences-{wave_number}"
    parameters = {
        "wave": wave_number,
        "permutations": permutations,
        "minimum": minimum,
        "alpha": alpha,
        "many": many,
        "seed": seed,
        "odds_floor": ODDS_RATIO_FLOOR,
        "e_floor": E_VALUE_FLOOR,
    }
    tested = graph.sizes >= minimum
    if len(fallen_codes) < MIN_FALLEN or not tested.any():
        largest = int(graph.sizes.max(initial=0))
        note = Note(
            "too-few-to-compare",
            {"fallen": len(fallen_codes), "largest_audience": largest, "needs": "follows"},
        )
        return Finding("audiences", name, "cannot", reasons=(note,), parameters=parameters)
    fallen = np.zeros(graph.n, np.int8)
    fallen[fallen_codes] = 1
    groups = strata(record, graph.following, onset)
    plan = PermutationPlan(tested, permutations, alpha, seed, many)
    progress("audiences: permutations", 0, permutations, "draws")
    first = permutation_test(graph, fallen, groups.of, groups.number, plan)
    progress("audiences: permutations", permutations, permutations, "draws")
    steps = explain_away(graph, fallen, groups, first, plan, progress)
    roles = roles_of(record, graph, leaders, controls, negative_controls)
    rows = audience_rows(record, graph, fallen, groups, first, tested, steps, roles)
    share = steps[-1].covered if steps else 0.0
    raised = sum(r.outcome in ("explains", "explained away") for r in rows)
    answer: Answer = "found" if steps else "nothing"
    return Finding(
        kind="audiences",
        name=name,
        answer=answer,
        estimates={
            "leaders_tested": _estimate(int(tested.sum()), "count"),
            "naive_hits": _estimate(count_naive_hits(graph, fallen, first.count, tested), "count"),
            "hits": _estimate(len(steps), "count"),
            "raised_alone": _estimate(raised, "count"),
            "e_bh_hits": _estimate(int(first.e_bh.sum()), "count"),
            "explained": _estimate(share, "share"),
            "unexplained": _estimate(1 - share, "share"),
            "permutations": _estimate(permutations, "count"),
            "fallen": _estimate(int(fallen.sum()), "accounts"),
            "accounts": _estimate(graph.n, "accounts"),
        },
        parameters=parameters,
        inputs=tuple(record.input(t) for t in ("follows", "statuses", "accounts", "acts")),
        limits=_limits(graph, groups, sum(r.outcome == "too few alike" for r in rows)),
        method=METHOD,
        details={"traits": list(groups.traits), "strata": groups.number},
        tables={
            "audiences": audience_table(rows),
            "explanation": explanation_table(record, graph, steps),
            "compared": compare_with_matches(graph, fallen, groups, rows, seed),
            "strata": pa.table(
                {
                    "stratum": list(groups.names),
                    "accounts": np.bincount(groups.of, minlength=groups.number),
                    "suspended": np.bincount(
                        groups.of, weights=fallen, minlength=groups.number
                    ).astype(np.int64),
                }
            ),
        },
    )


def _wave_members(waves: Finding, number: int) -> tuple[int, np.ndarray]:
    """Onset (us) and member codes (int64[k], ascending) of one wave."""
    table = waves.table("waves").to_pylist() if waves.answer == "found" else []
    row = next((r for r in table if r["wave"] == number), None)
    if row is None:
        raise CannotAnswer(f"there is no wave {number}", fix="Look at the waves first.")
    members = waves.table("members")
    chosen = members.column("wave").to_numpy() == number
    return round(row["start"].timestamp() * 1e6), np.unique(
        members.column("code").to_numpy()[chosen]
    )


def _limits(graph: AudienceGraph, groups: AccountStrata, uncompared: int) -> tuple[Note, ...]:
    notes = [
        Note("compared-within", {"traits": list(groups.traits), "strata": groups.number}),
        Note("enrichment-is-not-intent", {}),
    ]
    if uncompared:
        notes.append(Note("too-few-alike", {"audiences": uncompared, "needs": "follows"}))
    if graph.unknown_edges:
        values = {"edges": graph.unknown_edges, "of": int(graph.sizes.sum())}
        notes.append(Note("edges-of-unknown-age", values))
    return tuple(notes)


def _estimate(value: float | int, unit: str) -> Estimate:
    return Estimate(value, unit, level=None, bounds="none")
