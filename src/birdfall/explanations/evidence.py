"""What is known of a real wave, in the same numbers as of simulated ones, from the findings and the record.

The definitions are those of `world.evidence`. A number that this record cannot give is left out, never guessed; one that it gives
only within bounds (falls seen once a day, "thousands restored") is a range.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from birdfall.explanations.verdict import Value
from birdfall.measures.follower_counts import Fact
from birdfall.measures.suspensions import find_absences
from birdfall.model.findings import Finding
from birdfall.record.record import NEVER, Record
from birdfall.world.evidence import MAX_DOSE, dose_jump, log_odds

DAY: Final = 86_400_000_000
#: From so many followers on an account is notable.
NOTABLE = 10_000
#: Times that are known no better than this (s) say nothing of the pace within a minute.
COARSE = 60.0
#: Ordinary suspensions on the whole platform in ten minutes, at least (Thomas et al. 2011), for figures without a record.
PLATFORM_FLOOR = 36.0

#: A range of shares wider than this is no evidence.
WIDEST_RANGE: Final = 0.7
#: What a detector of the worlds' kind flags of the inauthentic, the automated and the others: `world/priors.toml`.
FLAGGED_AT_LEAST: Final = (0.55, 0.2, 0.02)
FLAGGED_AT_MOST: Final = (0.9, 0.7, 0.2)
#: Shares of those compared speak for all the fallen if at least so many of them were.
COMPARED: Final = 0.5

Known = dict[str, Value]


def wave_evidence(
    findings: Mapping[str, Finding], record: Record, wave: int = 1
) -> tuple[Known, dict[str, str]]:
    """Items of a wave with their values, and which finding or table each came from. Empty without a wave."""
    waves = findings.get("waves")
    if waves is None or waves.answer != "found":
        return {}, {}
    row = next((r for r in waves.table("waves").to_pylist() if r["wave"] == wave), None)
    if row is None:
        return {}, {}
    members = [m for m in waves.table("members").to_pylist() if m["wave"] == wave]
    known: Known = {}
    source: dict[str, str] = {}

    def add(table: str, **values: Value | None) -> None:
        for name, value in values.items():
            if value is not None and np.all(np.isfinite(value)):
                known[name], source[name] = value, table

    add("statuses", **_pace_items(row, members))
    add("statuses", log10_dispersion=_log_dispersion(waves, row))
    audiences = findings.get(f"audiences-{wave}")
    if audiences is not None and audiences.answer != "cannot":
        add("follows", **_audience_items(audiences, len(members)))
    elif (counts := findings.get("counts")) is not None and counts.answer == "found":
        ratios = counts.table("ratios").to_pylist() if "ratios" in counts.tables else []
        ratio = next((r["ratio"] for r in ratios if r["ratio"] and r["ratio"] > 0), None)
        add("counts", log_hazard_ratio=None if ratio is None else math.log(ratio))
    codes = np.array([m["code"] for m in members], np.int64)
    notable = _notable_accounts(record)
    if notable is not None:
        hit = int(notable[codes].sum())
        add(
            "accounts",
            log_or_notable=log_odds(
                hit, len(codes), int(notable.sum()) - hit, len(notable) - len(codes)
            ),
        )
    if row.get("trigger") == "client":
        share, base = float(row["trigger_share"]), float(row["trigger_base_share"])
        n, everyone = len(members), len(record.ids)
        others = max(base * everyone - share * n, 0.0)
        add("clients", app_share=share, log_or_app=log_odds(share * n, n, others, everyone - n))
    add("timelines", **flagged_share(findings.get(f"automation-{wave}")))
    add(
        "returns", **_return_items(record, codes, members, notable, findings.get(f"returns-{wave}"))
    )
    add("reports", **_report_items(record, row, codes))
    return known, source


def published_evidence(
    facts: list[Fact], found: Finding | None, raw: bytes
) -> tuple[Known, dict[str, str]]:
    """Items that published figures alone give, as ranges: size, excess, duration, risk ratio, share restored."""
    known: Known = {}
    source: dict[str, str] = {}
    whole = [f for f in facts if f.kind == "gross" and f.population == "all" and f.value >= 1000]
    of_leader = [
        f for f in facts if f.kind == "gross" and f.population != "all" and f.value >= 1000
    ]
    gross = whole or of_leader
    fitting = _consistent_figures(found)
    sized = [f for f in gross if fitting is None or f.id in fitting or f.population == "all"]
    if sized:
        # a figure that cannot have happened is no evidence of size
        low, high = min(f.range[0] for f in sized), max(f.range[1] for f in sized)
        known["log10_size"] = (math.log10(low + 0.5), math.log10(high + 0.5))
        source["log10_size"] = "figures of the wave"
        windows = [s for f in (*whole, *of_leader) if (s := _window_seconds(f.window)) is not None]
        if windows:
            known["log10_duration_s"] = (
                math.log10(0.8 * min(windows) + 1),
                math.log10(1.2 * max(windows) + 1),
            )
            usual = PLATFORM_FLOOR * min(windows) / 600
            known["log10_excess"] = tuple(
                math.log10((n + 0.5) / (usual * k + 0.5)) for n, k in ((low, 10.0), (high, 1.0))
            )  # type: ignore[assignment]
            source["log10_duration_s"] = source["log10_excess"] = "figures of the wave"
    if found is not None and "ratios" in found.tables:
        rows = [r for r in found.table("ratios").to_pylist() if r.get("ratio")]
        if rows:
            first = rows[0]
            known["log_hazard_ratio"] = (math.log(max(first["low"], 1e-3)), math.log(first["high"]))
            source["log_hazard_ratio"] = "follower counts"
    share = _restored_share(raw, sized)
    if share is not None:
        known["returned_share"] = share
        source["returned_share"] = "figures of restorations"
    return known, source


def _pace_items(row: Mapping[str, Any], members: list[dict[str, Any]]) -> dict[str, Value | None]:
    n, expected = len(members), float(row["expected"])
    after = np.array([_microseconds(m["fell_after"]) for m in members], float)
    by = np.array([_microseconds(m["fell_by"]) for m in members], float)
    width = float(np.median(by - after)) / 1e6 if n else 0.0
    out: dict[str, Value | None] = {
        "log10_size": math.log10(n + 0.5),
        "log10_excess": math.log10((n + 0.5) / (expected + 0.5)),
    }
    if width > COARSE:
        longest = float(np.quantile(by, 0.95) - np.quantile(after, 0.05)) / 1e6
        out["log10_duration_s"] = (math.log10(2.0), math.log10(longest + 1))
        return out
    fell = (after + by) / 2e6
    low, high = np.quantile(fell, [0.05, 0.95])
    out["log10_duration_s"] = math.log10(high - low + 1)
    ordered = np.sort(fell)
    fullest = np.searchsorted(ordered, ordered + 60.0, "right") - np.arange(n)
    out["peak_share"] = float(fullest.max() / n)
    if n >= 10 and high > low:
        counts = np.histogram(fell, 100)[0]
        out["burst_share"] = float(np.sort(counts)[-10:].sum() / n)
    return out


def _log_dispersion(waves: Finding, row: Mapping[str, Any]) -> float | None:
    days: dict[int, float] = {}
    start = _microseconds(row["start"])
    for step in waves.table("series").to_pylist():
        if step["covered"] and _microseconds(step["to"]) <= start:
            days[_microseconds(step["from"]) // DAY] = (
                days.get(_microseconds(step["from"]) // DAY, 0.0) + step["observed"]
            )
    counts = np.array(list(days.values()))
    if len(counts) < 7:
        return None
    return float(np.log10(counts.var() / max(counts.mean(), 1e-9) + 0.1))


def _audience_items(finding: Finding, fallen: int) -> dict[str, Value | None]:
    rows = finding.table("audiences").to_pylist()
    everyone = int(finding["accounts"].value or 0)
    explains = [r for r in rows if r["outcome"] == "explains"]
    leaders = [r for r in rows if r["role"] == "leader"]
    leader = max(leaders, key=lambda r: r["z"]) if leaders else explains[0] if explains else None
    controls = [r for r in rows if r["role"] == "control" and r is not leader]
    control = max(controls, key=lambda r: r["followers"]) if controls else None
    out: dict[str, Value | None] = {}

    def odds(r: Mapping[str, Any]) -> float:
        return log_odds(
            r["suspended"], r["followers"], fallen - r["suspended"], everyone - r["followers"]
        )

    def hazard(r: Mapping[str, Any]) -> float:
        return float((r["suspended"] + 0.5) / (r["followers"] + 1))

    if leader is not None:
        out["log_or_leader"] = odds(leader)
    if control is not None:
        out["log_or_control"] = odds(control)
    if leader is not None and control is not None:
        out["log_hazard_ratio"] = math.log(hazard(leader) / hazard(control))
    return out


def _notable_accounts(record: Record) -> np.ndarray | None:
    """bool[n]: accounts with very many followers, where the record says how many they have."""
    if not record.has("accounts"):
        return None
    rows = record.sql(
        "SELECT i.code, max(a.followers) AS followers FROM accounts a JOIN ids i ON i.id = a.account WHERE a.followers IS NOT NULL GROUP BY 1"
    )
    if rows.num_rows < 0.2 * len(record.ids):
        return None
    out = np.zeros(len(record.ids), np.bool_)
    out[rows.column("code").to_numpy()] = rows.column("followers").to_numpy() >= NOTABLE
    return out


def flagged_share(finding: Finding | None) -> dict[str, Value | None]:
    """The share of the fallen that a detector of the worlds' kind would flag, given the bounds measured: a range, or nothing."""
    if finding is None or finding.answer != "found":
        return {}
    compared = min(finding["scoreable_timing"].value or 0, finding["scoreable_profile"].value or 0)
    if compared < COMPARED * (finding["fallen"].value or 0):
        return {}
    shares = [finding[name] for name in ("inauthentic", "automated_authentic", "manual")]
    least, most = (
        [float(s.low or 0.0) for s in shares],
        [1.0 if s.high is None else float(s.high) for s in shares],
    )
    low = least_total(FLAGGED_AT_LEAST, least, most)
    high = -least_total([-rate for rate in FLAGGED_AT_MOST], least, most)
    return {"flagged_share": (low, high)} if high - low <= WIDEST_RANGE else {}


def least_total(rates: Sequence[float], least: Sequence[float], most: Sequence[float]) -> float:
    """The least sum of rate x share over shares within their bounds that sum to 1."""
    left = 1.0 - sum(least)
    total = sum(rate * share for rate, share in zip(rates, least, strict=True))
    for rate, low, high in sorted(zip(rates, least, most, strict=True)):
        more = min(max(left, 0.0), high - low)
        total += rate * more
        left -= more
    return total


def _return_items(
    record: Record,
    codes: np.ndarray,
    members: list[dict[str, Any]],
    notable: np.ndarray | None,
    finding: Finding | None,
) -> dict[str, Value | None]:
    if finding is None or finding.answer == "cannot" or not len(codes):
        return {}
    four = finding["returned_4d"]
    if four.value is None:
        return {}
    found = find_absences(record)
    fell_by = {int(m["code"]): _microseconds(m["fell_by"]) for m in members}
    mine = np.array(
        [fell_by.get(int(c)) == int(t) for c, t in zip(found.code, found.fell_by, strict=True)],
        np.bool_,
    )
    chosen = found.select(mine)
    back = chosen.back_by != NEVER
    out: dict[str, Value | None] = {"returned_share": float(four.value)}
    if back.sum() >= 3:
        exact = chosen.back_after[back] == chosen.back_by[back]
        times = np.sort(chosen.back_by[back]) / 1e6
        delay = (chosen.back_by[back] - chosen.fell_by[back]) / 3.6e9
        out["log10_return_hours"] = math.log10(float(np.median(delay)) + 0.01)
        if exact.mean() > 0.9:
            out["bulk_share"] = float(
                (np.searchsorted(times, times + 900, "right") - np.arange(len(times))).max()
                / len(times)
            )
    if notable is not None:
        known = notable[chosen.code]
        within = back & (chosen.back_by - chosen.fell_by <= 4 * DAY)
        if known.any() and not known.all():
            out["log_or_return_notable"] = log_odds(
                within[known].sum(), known.sum(), within[~known].sum(), (~known).sum()
            )
    return out


def _report_items(
    record: Record, row: Mapping[str, Any], codes: np.ndarray
) -> dict[str, Value | None]:
    """From reports a day before the wave to a day after it."""
    if not record.has("acts"):
        return {}
    begin, end = _microseconds(row["start"]) - DAY, _microseconds(row["end"]) + DAY
    rows = record.sql(
        "SELECT i.code AS target, r.code AS reporter FROM acts a JOIN ids i ON i.id = coalesce(a.target, a.object) "
        "LEFT JOIN ids r ON r.id = a.account WHERE a.kind = 'report' AND epoch_us(a.time) BETWEEN $1 AND $2",
        [begin, end],
    )
    total = (
        record.sql("SELECT count(*) AS n FROM acts WHERE kind = 'report'").column("n")[0].as_py()
    )
    if not total or not len(codes):
        return {}
    everyone = len(record.ids)
    target = rows.column("target").to_numpy().astype(np.int64)
    reporter = rows.column("reporter").to_numpy(zero_copy_only=False).astype(np.int64)
    dose = np.minimum(np.bincount(target, minlength=everyone), MAX_DOSE)
    fell = np.zeros(everyone, np.bool_)
    fell[codes] = True
    doses = np.bincount(dose, minlength=MAX_DOSE + 1)
    doses_fell = np.bincount(dose[fell], minlength=MAX_DOSE + 1)
    on_fallen = fell[target]
    pairs = np.unique(np.stack([reporter[on_fallen], target[on_fallen]], axis=1), axis=0)
    several = (
        np.bincount(pairs[:, 0], minlength=everyone) >= 3
        if len(pairs)
        else np.zeros(everyone, np.bool_)
    )
    by_repeaters = int(several[reporter[on_fallen]].sum())
    number = int(on_fallen.sum())
    stood = doses - doses_fell
    return {
        "log10_reports": math.log10(number / len(codes) + 0.01),
        "lockstep_share": by_repeaters / number if number else 0.0,
        "dose_jump": dose_jump(doses, doses_fell),
        "log_or_reported": log_odds(
            doses_fell[1:].sum(), doses_fell.sum(), stood[1:].sum(), stood.sum()
        ),
    }


def _consistent_figures(found: Finding | None) -> set[str] | None:
    if found is None or "figures" not in found.tables:
        return None
    return {r["id"] for r in found.table("figures").to_pylist() if r["consistent"]}


def _window_seconds(window: str) -> float | None:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h)\s*", window or "")
    return None if match is None else float(match[1]) * {"s": 1, "min": 60, "h": 3600}[match[2]]


def _restored_share(raw: bytes, sized: list[Fact]) -> tuple[float, float] | None:
    """The share restored within four days, from figures of restored accounts: "thousands" is from two thousand on."""
    import csv
    import io

    if not sized:
        return None
    rows = [
        r
        for r in csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))
        if r.get("quantity") == "restored" and r.get("population") == "all"
    ]
    least = [2000.0 if r.get("relation") == "thousands" else float(r["value"] or 0) for r in rows]
    if not least or max(least) <= 0:
        return None
    size = max(f.range[1] for f in sized)
    return min(max(least) / size, 0.9), 0.95


def _microseconds(value: Any) -> int:
    return int(value.timestamp() * 1_000_000) if value is not None else -NEVER
