"""What a brigade finding shows: targets, reporters, blocks, dose, order; and how large a crew could
have stayed unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypedDict

import numpy as np
import pyarrow as pa

from birdfall.measures.brigades.dense_blocks import ReportBlock, max_unseen_reports
from birdfall.measures.brigades.dense_subgraph import ReportGraph
from birdfall.measures.brigades.dose_response import DoseCurve
from birdfall.measures.brigades.lockstep import Lockstep
from birdfall.measures.brigades.report_order import ReportOrder
from birdfall.measures.brigades.reporters import Reporters
from birdfall.measures.brigades.reports import NEVER, ReportAccounts, Reports, TargetFalls
from birdfall.measures.brigades.targets import TargetFire
from birdfall.model.schemas import TIME


def victims(found: list[ReportBlock]) -> np.ndarray:
    """int32, ascending: the targets of all blocks."""
    return np.unique(np.concatenate([b.targets for b in found])) if found else np.zeros(0, np.int32)


def target_table(
    accounts: ReportAccounts,
    reports: Reports,
    fire: TargetFire,
    graph: ReportGraph,
    partners: np.ndarray,
    people: Reporters,
    found: list[ReportBlock],
    falls: TargetFalls,
) -> pa.Table:
    """Every reported target, the most suspicious first."""
    number = len(fire.code)
    where = np.searchsorted(fire.code, reports.target)
    first = reports.first_mask()
    suspicion = np.zeros(number)
    suspicion[np.searchsorted(fire.code, graph.targets)] = graph.target_suspicion
    pair = np.unique(where[partners > 0].astype(np.int64) << 32 | reports.reporter[partners > 0])
    together = np.bincount(pair >> 32, minlength=number)
    by_named = first & np.isin(reports.reporter, people.code[people.named])
    voice = np.bincount(where[first], 1.0 / (1.0 + partners[first]), number)
    block = np.zeros(number, np.int32)
    for i in range(len(found), 0, -1):
        block[np.searchsorted(fire.code, found[i - 1].targets)] = i
    fell, back = np.full(number, NEVER), np.full(number, NEVER)
    code, at = np.unique(falls.code, return_index=True)
    mine = np.isin(code, fire.code)
    place = np.searchsorted(fire.code, code[mine])
    fell[place], back[place] = falls.by[at[mine]], falls.ended[at[mine]]
    order = np.lexsort((fire.code, -fire.log_evidence, -suspicion))
    return _sort_rows(
        order,
        {
            "target": accounts.decode(fire.code),
            "code": accounts.record_code(fire.code),
            "reports": fire.reports,
            "reporters": fire.reporters,
            "first": _timestamps(fire.first),
            "last": _timestamps(fire.last),
            "under_fire": fire.under_fire,
            "fire_from": _timestamps(fire.alarm, -1),
            "log_evidence": fire.log_evidence,
            "busiest_minute": fire.busiest_minute,
            "in_lockstep": together,
            "suspicion": suspicion,
            "voices": voice,
            "named": np.bincount(where[by_named], minlength=number),
            "block": pa.array(block, mask=block == 0),
            "fell": _timestamps(fell, NEVER),
            "back": _timestamps(back, NEVER),
        },
    )


def reporter_table(accounts: ReportAccounts, people: Reporters, found: Lockstep) -> pa.Table:
    """Everyone who reported, those named first, then by lockstep."""
    order = np.lexsort((people.code, found.p, ~people.named))
    block = people.block.astype(np.int32)
    return _sort_rows(
        order,
        {
            "reporter": accounts.decode(people.code),
            "code": accounts.record_code(people.code),
            "reports": people.reports,
            "targets": people.targets,
            "mates": found.mates,
            "p": found.p,
            "q": found.q,
            "specificity": people.specificity,
            "judged": people.judged,
            "upheld": pa.array(people.upheld, mask=np.isnan(people.upheld)),
            "block": pa.array(block, mask=block == 0),
            "crowd_chance": pa.array(people.crowd, mask=np.isnan(people.crowd)),
            "named": people.named,
        },
    )


def block_table(accounts: ReportAccounts, found: list[ReportBlock], alpha: float) -> pa.Table:
    """One row per block, densest first.

    `reporters` counts those named, `members` the core that peeling found.
    """
    return pa.table(
        {
            "block": pa.array(range(1, len(found) + 1), pa.int32()),
            "reporters": pa.array([len(b.crew.named_reporters(alpha)) for b in found], pa.int64()),
            "members": pa.array([len(b.members) for b in found], pa.int64()),
            "targets": pa.array([len(b.targets) for b in found], pa.int64()),
            "reports": pa.array([b.reports for b in found], pa.int64()),
            "first": _timestamps(np.array([b.first for b in found], np.int64)),
            "last": _timestamps(np.array([b.last for b in found], np.int64)),
            "density": pa.array([b.density for b in found], pa.float64()),
            "shuffled": pa.array([b.shuffled for b in found], pa.float64()),
            "p": pa.array([b.p for b in found], pa.float64()),
            "null": pa.array([b.null for b in found], pa.string()),
            "joins": pa.array([b.crew.joins for b in found], pa.float64()),
            "crowd_again": pa.array([b.crew.again for b in found], pa.float64()),
            "crew_share": pa.array([b.crew.share for b in found], pa.float64()),
            "crew_p": pa.array([b.crew.p for b in found], pa.float64()),
            "target_ids": pa.array(
                [accounts.decode(b.targets).to_pylist() for b in found], pa.list_(pa.string())
            ),
        }
    )


class _DoseRow(NamedTuple):
    """One row of `dose`: doses from dose_from to dose_to (inclusive), and the chance to fall after
    them.
    """

    counted: str
    dose_from: int
    dose_to: int
    occasions: int
    falls: int
    hazard: float
    low: float
    high: float
    isotonic: float


_DOSE_SCHEMA: Final = pa.schema(
    [
        ("counted", pa.string()),
        *[(n, pa.int64()) for n in ("dose_from", "dose_to", "occasions", "falls")],
        *[(n, pa.float64()) for n in ("hazard", "low", "high", "isotonic")],
    ]
)


def dose_table(curves: Mapping[str, DoseCurve]) -> pa.Table:
    """By way of counting and dose: the chance to fall before the next report, its interval, and the
    monotone fit.
    """
    rows: list[_DoseRow] = []
    for kind, shown in curves.items():
        low, high = shown.interval()
        columns = (
            shown.low, shown.high, shown.occasions, shown.falls, shown.chance, low, high,
            shown.isotonic,
        )  # fmt: skip
        rows += [_DoseRow(kind, *row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    return pa.Table.from_pylist([row._asdict() for row in rows], schema=_DOSE_SCHEMA)


def order_table(accounts: ReportAccounts, found: ReportOrder) -> pa.Table:
    """Every target that was reported and fell, by time of its fall."""
    by = np.lexsort((found.target, found.fell))
    return _sort_rows(
        by,
        {
            "target": accounts.decode(found.target),
            "code": accounts.record_code(found.target),
            "fell": _timestamps(found.fell),
            "exact": found.exact,
            "reports_before": found.before,
            "reports_after": found.after,
            "first_report": _timestamps(found.first, -1),
            "last_before": _timestamps(found.last_before, -1),
            "place": pa.array(found.place, mask=np.isnan(found.place)),
        },
    )


class CamouflageBound(TypedDict):
    """How much of its calls a crew of some size may have followed without being found."""

    members: int
    targets: int
    share_of_reporters: float
    follows_at_most: float


def camouflage_bounds(
    left: float, sizes: tuple[tuple[int, int, float], ...]
) -> list[CamouflageBound]:
    """Per size of crew: the largest share of its calls that its members may have followed,
    together, without being found.
    """
    return [
        {
            "members": members,
            "targets": on,
            "share_of_reporters": share,
            "follows_at_most": min(
                1.0, max_unseen_reports(left, members, on, share) / (members * on)
            ),
        }
        for members, on, share in sizes
    ]


def _sort_rows(order_: np.ndarray, columns: Mapping[str, pa.Array | np.ndarray]) -> pa.Table:
    return pa.table(columns).take(pa.array(order_))


def _timestamps(values: np.ndarray, none: int | None = None) -> pa.Array:
    mask = None if none is None else values == none
    return pa.array(np.asarray(values, np.int64), mask=mask).cast(TIME)
