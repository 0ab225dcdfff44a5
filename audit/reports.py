"""Promises on reports, held to logs of another make."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from audit.makes.reports import ReportLog, report_log
from birdfall.measures.brigades import brigades
from birdfall.measures.coordination import coordination
from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding
from birdfall.model.schemas import TIME
from birdfall.record.record import Record, from_tables


def _record(log: ReportLog) -> Record:
    moments = pa.array(log.time, pa.int64()).cast(pa.timestamp("us")).cast(TIME)
    return from_tables({"acts": pa.table({**log.table, "time": moments})})


def _named(found: Finding) -> set[str]:
    return {r["reporter"] for r in found.table("reporters").to_pylist() if r["named"]}


def nobody_is_a_crew(seed: int) -> bool:
    """Whether no brigade is called where people report what they meet, and quarrel."""
    found = brigades(_record(report_log(seed)), draws=9)
    return found.answer == "nothing" and not _named(found)


def the_crew_is_named(seed: int) -> bool:
    """Whether of seven who go for 27 accounts at least six are named, and nobody else."""
    log = report_log(seed, crew=7)
    named = _named(brigades(_record(log), draws=9))
    return len(named & log.crew) >= 6 and not named - log.crew


def what_coordination_finds_is_found(seed: int) -> bool:
    """Whether a crew of any size and zeal that `coordination` finds among the reports is a brigade
    too, with half of its victims or more.
    """
    rng = np.random.default_rng([seed, 1])
    log = report_log(
        seed,
        crew=int(rng.integers(5, 16)),
        targets=int(rng.integers(6, 30)),
        awake=float(rng.uniform(0.4, 0.95)),
        delay_s=float(rng.uniform(30, 150)),
    )
    record = _record(log)
    try:
        network = coordination(record, trace="report", window="5min", sensitivity=False)
    except CannotAnswer:
        return True
    groups = [set(g["accounts"]) for g in network.table("groups").to_pylist()]
    if not any(2 * len(g & log.crew) >= max(len(log.crew), len(g)) for g in groups):
        return True
    found = brigades(record, draws=9)
    hit = {t["target"] for t in found.table("targets").to_pylist() if t["block"] is not None}
    return found.answer == "found" and 2 * len(hit & log.victims) >= len(log.victims)
