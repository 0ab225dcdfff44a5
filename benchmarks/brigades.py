"""Brigades, diluted and camouflaged, among honest pile-ons.

What is found at one false alarm per 1,000 targets; and two real logs.

    python benchmarks/brigades.py [worlds per row] [folder of the real data]

Every log holds ordinary reports, flaggers, thirty pile-ons and six dramas
(tests/measures/brigade_worlds.py). Each detector gives every target a score; its threshold is the
score that one honest target in 1,000 exceeds, over logs without a brigade, pile-ons included. A
brigade counts as found if at least half of its victims score higher. Rows beside ours: the one
integer (most reports on a target within a minute), MIDAS and MIDAS-R (Bhatia et al. 2020:
chi-squared of count-min sketches, written here from the paper), our own e-detector, which knows of
one target at a time, and reports counted by distinct reporters. Then the reporters: how many of the
crew are named at the one per cent setting, and how many honest ones.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "measures"))

from brigade_worlds import World, world  # noqa: E402

from birdfall.measures.brigades.dense_blocks import find_blocks  # noqa: E402
from birdfall.measures.brigades.dense_subgraph import peel_reports  # noqa: E402
from birdfall.measures.brigades.dose_response import dose_curve, find_occasions  # noqa: E402
from birdfall.measures.brigades.reports import Reports, read_falls, read_reports  # noqa: E402
from birdfall.measures.brigades.targets import find_targets_under_fire  # noqa: E402
from birdfall.measures.brigades.threshold_test import find_jump, placebo_jumps  # noqa: E402

WINDOW = 300_000_000
#: Seeds of the logs: not those on which the window and the floors of the measure were chosen.
QUIET, CREWS = 60_000, 50_000
#: Those on which the measure's own calls are counted: nothing of it was chosen on them, its second
#: sign (coming at once) included.
NAMED_QUIET, NAMED_CIRCLES, NAMED_CREWS = 410_000, 420_000, 430_000
BUDGET = 1 / 1000
ROWS, BUCKETS = 2, 1024
#: (chance that a member follows a call, camouflage reports per member, mean delay in seconds)
SETTINGS = [(j, c, 120.0) for j in (1.0, 0.5, 0.3, 0.2, 0.1) for c in (0, 10)] + [
    (j, 10, 600.0) for j in (0.5, 0.3)
]


def midas(reports: Reports, *, relational: bool) -> np.ndarray:
    """float64[n].

    Score of each report by MIDAS, or MIDAS-R, with ticks of a minute (Bhatia et al. 2020,
    algorithms 1 and 2).
    """
    rng = np.random.default_rng(1)
    odd = rng.integers(1, 1 << 30, (3, ROWS)) * 2 + 1
    tick = ((reports.time - reports.time.min()) // 60_000_000 + 1).tolist()
    pair = reports.reporter.astype(np.int64) * 1_000_003 + reports.target
    keys = [pair, reports.reporter.astype(np.int64), reports.target.astype(np.int64)][
        : 3 if relational else 1
    ]
    # multiplicative hashing; one sketch of now and one of all time for edges, sources and targets
    slots = [((k[:, None] * odd[i] & 0x7FFFFFFFFFFF) >> 20) % BUCKETS for i, k in enumerate(keys)]
    now, ever = np.zeros((len(keys), ROWS, BUCKETS)), np.zeros((len(keys), ROWS, BUCKETS))
    keep = 0.5 if relational else 0.0
    rows, at, score = np.arange(ROWS), 1, np.zeros(len(reports))
    for n, t in enumerate(tick):
        if t > at:
            now *= keep ** (t - at) if keep else 0.0
            at = t
        for i in range(len(keys)):
            slot = slots[i][n]
            now[i, rows, slot] += 1.0
            ever[i, rows, slot] += 1.0
            a, s = now[i, rows, slot].min(), ever[i, rows, slot].min()
            if t > 1:
                score[n] = max(score[n], (a - s / t) ** 2 * t * t / (s * (t - 1)))
    return score


def scores(log: World) -> dict[str, np.ndarray]:
    """Per detector, the score of every target: honest ones first, then the victims."""
    reports = log.reports
    base, number = int(log.accounts - log.targets - 6), log.targets + 6
    fire = find_targets_under_fire(reports)
    # a detector that never stops gathers evidence to the end
    patient = find_targets_under_fire(reports, false_alarms=1e-290)
    graph = peel_reports(reports, WINDOW)

    def spread(code: np.ndarray, value: np.ndarray) -> np.ndarray:
        found = np.zeros(number)
        np.maximum.at(found, code - base, value)
        return found

    return {
        "most reports in a minute": spread(fire.code, fire.busiest_minute.astype(float)),
        "distinct reporters": spread(fire.code, fire.reporters.astype(float)),
        "MIDAS": spread(reports.target, midas(reports, relational=False)),
        "MIDAS-R": spread(reports.target, midas(reports, relational=True)),
        "e-detector": spread(patient.code, np.maximum(0.0, patient.log_evidence)),
        "lockstep block": spread(graph.targets, graph.target_suspicion),
    }


def planted(worlds: int) -> dict:
    """Found share of planted brigades by dilution and camouflage, per detector."""
    honest: dict[str, list[np.ndarray]] = {}
    quiet = [world(QUIET + s) for s in range(max(worlds, 20))]
    for log in quiet:
        for name, score in scores(log).items():
            honest.setdefault(name, []).append(score[: log.targets])
    bound = {}
    for name, parts in honest.items():
        every = np.sort(np.concatenate(parts))[::-1]
        bound[name] = float(every[int(BUDGET * len(every))])
    found = {}
    for joins, camouflage, lag in SETTINGS:
        hits: dict[str, list[float]] = {}
        for s in range(worlds):
            log = world(CREWS + s, crew=40, joins=joins, camouflage=camouflage, lag_s=lag)
            for name, score in scores(log).items():
                hits.setdefault(name, []).append(
                    float((score[log.targets :] > bound[name]).mean() >= 0.5)
                )
        found[f"joins {joins:g}, camouflage {camouflage}, delay {lag:g} s"] = {
            n: round(float(np.mean(h)), 2) for n, h in hits.items()
        }
    return {
        "worlds": worlds,
        "quiet_worlds": len(quiet),
        "honest_targets": len(every),
        "found": found,
    }


def named_reporters(worlds: int) -> dict:
    """Blocks and names at the one per cent setting.

    What the measure itself reports, hard negatives included.
    """
    rows = {
        "no brigade": (8 * worlds, NAMED_QUIET, {}),
        "no brigade, circles of 300": (5 * worlds, NAMED_CIRCLES, {"circle": 300}),
    }
    for joins, camouflage, lag in SETTINGS:
        planted_ = {"crew": 40, "joins": joins, "camouflage": camouflage, "lag_s": lag}
        rows[f"joins {joins:g}, camouflage {camouflage}, delay {lag:g} s"] = (
            worlds,
            NAMED_CREWS,
            planted_,
        )
    made = {}
    for name, (number, first, settings) in rows.items():
        right = wrong = crew = brigades = false_blocks = 0
        for s in range(number):
            log = world(first + s, **settings)
            for block in find_blocks(log.reports, window=WINDOW).blocks:
                true = bool(len(log.victims) and np.isin(log.victims, block.targets).mean() >= 0.5)
                brigades, false_blocks = brigades + true, false_blocks + (not true)
                chosen = block.crew.named_reporters(0.01)
                right += int(np.isin(chosen, log.crew).sum())
                wrong += int((~np.isin(chosen, log.crew)).sum())
            crew += len(log.crew)
        made[name] = {
            "logs": number,
            "brigades_found": brigades,
            "false_blocks": false_blocks,
            "crew_named": right,
            "crew": crew,
            "honest_named": wrong,
        }
    return made


def recorded(data: Path) -> dict:
    """The recorded Ozone service: sixty brigade accounts among honest ones."""
    import csv

    from birdfall.measures.brigades import brigades
    from birdfall.sources.ingest import load

    finding = brigades(load(data / "atproto-recordings" / "brigade-ozone-events.jsonl.gz"))
    with (data / "atproto-recordings" / "brigade-reports-truth.csv").open(encoding="utf-8") as file:
        crew = {t["reporter"] for t in csv.DictReader(file) if t["reporter_role"] == "brigade"}
    table = finding.table("reporters").to_pylist()
    chosen = {r["reporter"] for r in table if r["named"]}
    return {
        "brigades": finding["brigades"].value,
        "victims": finding["victims"].value,
        "reporters": len(table),
        "crew": len(crew),
        "named": len(chosen),
        "precision": len(chosen & crew) / max(1, len(chosen)),
        "recall": len(chosen & crew) / len(crew),
        "honest_named": len(chosen - crew),
    }


def wikipedia(data: Path) -> dict:
    """English Wikipedia in 2013: automatic filter hits as reports, blocks as suspensions."""
    record = wikipedia_record(data)
    reports, falls = read_reports(record), read_falls(record)
    made = {}
    for counted in ("reporters", "reports"):
        found = find_occasions(reports, falls, within=3_600_000_000, dose=counted)
        tested, shown = find_jump(found), dose_curve(found)
        placebo = placebo_jumps(found)
        low, high = shown.interval()
        made["distinct filters" if counted == "reporters" else "hits"] = {
            "occasions": len(found.dose),
            "falls": int(found.fell.sum()),
            "jump_at": tested.at,
            "plausible": [tested.low, tested.high],
            "below": round(tested.below, 4),
            "above": round(tested.above, 4),
            "ratio": [round(x, 2) for x in (tested.ratio, tested.ratio_low, tested.ratio_high)],
            "flat_p": tested.flat_p,
            "step_p": tested.step_p,
            "score": round(tested.score, 2),
            "placebo_p_median": float(np.median([p for p, _ in placebo])),
            "placebo_score_most": round(max(s for _, s in placebo), 2),
            "beyond_placebo_p": round(
                (1 + sum(s >= tested.score for _, s in placebo)) / (1 + len(placebo)), 3
            ),
            "curve": [
                [
                    int(shown.low[i]),
                    int(shown.high[i]),
                    int(shown.occasions[i]),
                    int(shown.falls[i]),
                    *(round(float(x[i]), 4) for x in (shown.chance, low, high, shown.isotonic)),
                ]
                for i in range(min(14, len(shown.low)))
            ],
        }
    return made


def wikipedia_record(data: Path):
    """The two logs as a record.

    A hit is a report by the filter on the account, a block a suspension until it is lifted or runs
    out.
    """
    import duckdb
    import pyarrow as pa

    from birdfall.record.record import from_tables

    folder = data / "wikipedia-2013"
    hits = duckdb.sql(
        "SELECT 'filter ' || filter AS account, 'report' AS kind, account AS object, time, "
        f"account AS target FROM '{folder}/filter_hits.parquet'"
    ).to_arrow_table()
    blocks_ = (
        duckdb.sql(
            f"""SELECT account, action, epoch_us(time) AS time,
        CASE WHEN try_cast('2013-01-01'::TIMESTAMP + try_cast(duration AS INTERVAL) AS TIMESTAMP)
        IS NOT NULL THEN epoch_us(time + try_cast(duration AS INTERVAL)) END AS until
        FROM '{folder}/blocks.parquet'
        WHERE kind = 'account' AND action IN ('block', 'unblock') ORDER BY time"""
        )
        .to_arrow_table()
        .to_pylist()
    )
    rows = []
    for b in blocks_:
        rows.append((b["account"], "suspended" if b["action"] == "block" else "active", b["time"]))
        if b["until"] is not None:
            rows.append((b["account"], "active", b["until"]))
    utc = pa.timestamp("us", tz="UTC")
    return from_tables(
        {
            "acts": hits.set_column(
                3, "time", hits.column("time").cast(pa.timestamp("us")).cast(utc)
            ),
            "statuses": pa.table(
                {
                    "account": [r[0] for r in rows],
                    "status": [r[1] for r in rows],
                    "time": pa.array([r[2] for r in rows], utc),
                    "observation": ["change"] * len(rows),
                }
            ),
        }
    )


def main() -> None:
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    data = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT.parent / "shared" / "data"
    parts = {"planted": lambda: planted(worlds), "named": lambda: named_reporters(worlds)}
    if data.exists():
        parts |= {"recorded": lambda: recorded(data), "wikipedia": lambda: wikipedia(data)}
    for name, measure in parts.items():
        began = time.perf_counter()
        found = measure()
        print(
            json.dumps(
                {
                    name: found,
                    "seconds": round(time.perf_counter() - began, 1),
                    "load": round(os.getloadavg()[0], 1),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
