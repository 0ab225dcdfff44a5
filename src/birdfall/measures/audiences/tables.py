"""Tables of an audience finding: the audiences, the explanation, matched accounts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.measures.audiences.follow_graph import AudienceGraph
from birdfall.measures.audiences.permutation import AudienceTests
from birdfall.measures.audiences.stepwise import ExplanationStep, odds_of
from birdfall.measures.audiences.strata import AccountStrata
from birdfall.record.record import Record

AUDIENCES: Final = pa.schema([
    ("leader", pa.string()), ("code", pa.int32()), ("followers", pa.int64()),
    ("suspended", pa.int64()), ("suspended_low", pa.int64()), ("expected", pa.float64()),
    ("odds_ratio", pa.float64()), ("or_low", pa.float64()), ("or_high", pa.float64()),
    ("z", pa.float64()), ("p_familywise", pa.float64()), ("e_value", pa.float64()),
    ("log_e", pa.float64()), ("e_bh", pa.bool_()), ("role", pa.string()), ("outcome", pa.string()),
    ("order", pa.int32()),
])  # fmt: skip
EXPLANATION: Final = pa.schema([
    ("step", pa.int32()), ("leader", pa.string()), ("odds_ratio", pa.float64()),
    ("or_low", pa.float64()), ("or_high", pa.float64()), ("p_familywise", pa.float64()),
    ("suspended", pa.int64()), ("share", pa.float64()), ("share_left", pa.float64()),
])  # fmt: skip
COMPARED: Final = pa.schema([
    ("leader", pa.string()), ("group", pa.string()), ("hit", pa.int64()), ("of", pa.int64()),
    ("left_out", pa.int64()),
])  # fmt: skip
#: Matched accounts per follower, at most; share of followers that must find as many alike.
MAX_MATCHES, MIN_MATCHED_SHARE = 5, 0.95
#: Followers who may be without others alike before "not hit more" cannot be said.
MAX_UNMATCHED_SHARE: Final = 0.25
#: Audiences shown beside those with a role and those that explain.
MAX_OTHER_AUDIENCES: Final = 200


@dataclass(frozen=True, slots=True)
class TestedAudience:
    """One row of `AUDIENCES`.

    Parameters
    ----------
    suspended, suspended_low
        Fallen followers, and those whose edge surely stood at the onset.
    outcome
        "explains", "explained away", "below the floor", "not raised", "too few alike" or
        "too small".
    order
        Its step of the explanation, from 1; None for the others.
    """

    leader: str
    code: int
    followers: int
    suspended: int
    suspended_low: int
    expected: float
    odds_ratio: float
    or_low: float
    or_high: float
    z: float
    p_familywise: float
    e_value: float
    log_e: float
    e_bh: bool
    role: str
    outcome: str
    order: int | None


def roles_of(
    record: Record,
    graph: AudienceGraph,
    leaders: tuple[str, ...],
    controls: tuple[str, ...],
    negative: tuple[str, ...],
) -> np.ndarray:
    """The role of each audience, object[audiences]: "leader", "control", "negative" or "other"."""
    role = np.full(len(graph.leaders), "other", dtype=object)
    for name, chosen in (("negative", negative), ("control", controls), ("leader", leaders)):
        codes = [record.ids.code(a) for a in chosen]
        role[np.isin(graph.leaders, [c for c in codes if c is not None])] = name
    return role


def audience_rows(
    record: Record,
    graph: AudienceGraph,
    fallen: np.ndarray,
    groups: AccountStrata,
    first: AudienceTests,
    tested: np.ndarray,
    steps: list[ExplanationStep],
    roles: np.ndarray,
) -> list[TestedAudience]:
    """Audiences of interest, strongest first.

    Those with a role, those that explain, those raised by themselves, and the strongest others.
    """
    order_of = {s.audience: i for i, s in enumerate(steps, 1)}
    strongest = np.argsort(-np.where(tested, first.statistic, -np.inf), kind="stable")[
        :MAX_OTHER_AUDIENCES
    ]
    chosen = {
        *order_of,
        *np.flatnonzero(roles != "other").tolist(),
        *strongest.tolist(),
        *np.flatnonzero(first.significant).tolist(),
    }
    shown = sorted(chosen, key=lambda a: (-first.statistic[a], a))
    graph.fetch(shown)
    rows = []
    for a, leader in zip(shown, record.ids.decode(graph.leaders[shown]).to_pylist(), strict=True):
        odds = odds_of(graph, fallen, groups.of, groups.number, a)
        if a in order_of:
            outcome, odds = "explains", steps[order_of[a] - 1].odds
        elif not tested[a]:
            outcome = "too small"
        elif not first.significant[a]:
            alike = has_alike(graph, fallen, groups, a)
            outcome = "not raised" if alike else "too few alike"
        else:
            outcome = "explained away" if odds.raised else "below the floor"
        rows.append(
            TestedAudience(
                leader=leader,
                code=int(graph.leaders[a]),
                followers=int(graph.sizes[a]),
                suspended=int(first.count[a]),
                suspended_low=int(fallen[graph.audience(a)[~graph.unknown_in(a)]].sum()),
                expected=float(first.mean[a]),
                odds_ratio=odds.ratio,
                or_low=odds.low,
                or_high=odds.high,
                z=float(first.z[a]),
                p_familywise=float(first.p[a]),
                e_value=odds.e_value,
                log_e=float(first.log_e[a]),
                e_bh=bool(first.e_bh[a]),
                role=str(roles[a]),
                outcome=outcome,
                order=order_of.get(a),
            )
        )
    return rows


def has_alike(
    graph: AudienceGraph, fallen: np.ndarray, groups: AccountStrata, audience: int
) -> bool:
    """Whether accounts alike can show that an audience was not hit.

    They cannot where its followers fell more often than everybody else did and more than
    `MAX_UNMATCHED_SHARE` of them stand in strata with fewer others than followers: there followers
    are compared with themselves.
    """
    if not odds_of(graph, fallen, np.zeros_like(groups.of), 1, audience).raised:
        return True
    mine = np.bincount(groups.of[graph.audience(audience)], minlength=groups.number)
    others = np.bincount(groups.of, minlength=groups.number) - mine
    return bool(mine[others < mine].sum() <= MAX_UNMATCHED_SHARE * mine.sum())


def audience_table(rows: list[TestedAudience]) -> pa.Table:
    """The rows as a table. Schema `AUDIENCES`."""
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=AUDIENCES)


def explanation_table(
    record: Record, graph: AudienceGraph, steps: list[ExplanationStep]
) -> pa.Table:
    """The steps of explaining away as a table. Schema `EXPLANATION`."""
    leaders = (
        record.ids.decode(graph.leaders[[s.audience for s in steps]]).to_pylist() if steps else []
    )
    rows = [
        {
            "step": i,
            "leader": leader,
            "odds_ratio": s.odds.ratio,
            "or_low": s.odds.low,
            "or_high": s.odds.high,
            "p_familywise": s.p,
            "suspended": s.fallen,
            "share": s.share,
            "share_left": 1 - s.covered,
        }
        for i, (s, leader) in enumerate(zip(steps, leaders, strict=True), 1)
    ]
    return pa.Table.from_pylist(rows, schema=EXPLANATION)


def compare_with_matches(
    graph: AudienceGraph,
    fallen: np.ndarray,
    groups: AccountStrata,
    rows: list[TestedAudience],
    seed: int,
) -> pa.Table:
    """Fallen followers of audiences beside matched accounts that did not follow. Schema `COMPARED`.

    Of every audience with a role or in the explanation; as many accounts for each follower, up to
    five, from its own stratum. Followers of strata with too few others are left out of both groups
    and counted in `left_out`: else the groups would differ in what they are made of.
    """
    rng = np.random.default_rng([seed, 5])
    by_stratum = np.split(
        graph.ordered_within(groups.of, fallen), np.cumsum(np.bincount(groups.of))[:-1]
    )
    place = {int(c): a for a, c in enumerate(graph.leaders)}
    found = []
    for row in rows:
        if row.role == "other" and row.outcome != "explains":
            continue
        audience = graph.audience(place[row.code])
        inside = np.zeros(graph.n, bool)
        inside[audience] = True
        mine = np.bincount(groups.of[audience], minlength=groups.number)
        others = np.bincount(groups.of, minlength=groups.number) - mine
        each = matches_per_follower(mine, others)
        enough = (others >= each * mine) & (mine > 0)
        drawn = [
            rng.choice(by_stratum[s][~inside[by_stratum[s]]], each * int(mine[s]), replace=False)
            for s in np.flatnonzero(enough)
        ]
        kept = audience[enough[groups.of[audience]]]
        left_out = len(audience) - len(kept)
        matched = np.concatenate(drawn) if drawn else np.zeros(0, np.int64)
        for group, codes in (("hit", kept), ("matched", matched)):
            hit = int(fallen[codes].sum())
            found.append(
                {
                    "leader": row.leader,
                    "group": group,
                    "hit": hit,
                    "of": len(codes),
                    "left_out": left_out,
                }
            )
    return pa.Table.from_pylist(found, schema=COMPARED)


def matches_per_follower(mine: np.ndarray, others: np.ndarray) -> int:
    """How many to match to each follower: the most that nearly all of them find, at least one.

    mine, others: followers and other accounts per stratum, int64[strata].
    """
    for each in range(MAX_MATCHES, 1, -1):
        if mine[others >= each * mine].sum() >= MIN_MATCHED_SHARE * mine.sum():
            return each
    return 1
