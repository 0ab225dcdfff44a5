"""What is known of a real wave, in the same numbers as of simulated ones.

The definitions are those of `world.evidence`. A number that the record cannot give is left out,
never guessed; one that it gives only within bounds (falls seen once a day, "thousands restored") is
a range.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.explanations.verdict import Value
from birdfall.measures.follower_counts import Fact
from birdfall.measures.suspensions import find_absences
from birdfall.model.findings import Finding
from birdfall.record.record import NEVER, Record
from birdfall.record.split import EACH_ACCOUNT, ByParts, ByRows
from birdfall.world.evidence import MAX_DOSE, dose_jump, log_odds

DAY_US: Final = 86_400_000_000
#: From so many followers on an account is notable.
MIN_NOTABLE_FOLLOWERS: Final = 10_000
#: Follower counts have to be known of so large a share of the accounts.
MIN_KNOWN_SHARE: Final = 0.2
#: Times known no better than this (seconds) say nothing of the pace within a minute.
MAX_TIME_ERROR_S: Final = 60.0
#: Ordinary suspensions on the whole platform in ten minutes, at least (Thomas et al. 2011), for
#: figures without a record.
PLATFORM_RATE_PER_TEN_MINUTES: Final = 36.0
#: Figures below this are of no wave.
MIN_FIGURE: Final = 1000
#: Days without which the dispersion is unknown; falls and returns from which shares are taken.
MIN_DAYS, MIN_FALLS, MIN_RETURNS = 7, 10, 3
#: A reporter of so many of the fallen is a repeater.
MIN_REPEATED_REPORTS: Final = 3
#: Where so many fell and all came back, or so large a share follows one account, the record is a
#: selection.
MIN_SELECTED, SELECTED_SHARE = 20, 0.98
#: Length of the windows in which falls, and returns, are counted together (seconds).
PEAK_WINDOW_S, BULK_WINDOW_S = 60.0, 900

#: A range of shares wider than this is no evidence.
MAX_SHARE_RANGE: Final = 0.7
#: Shares that a detector flags of the inauthentic, the automated and the others:
#: `world/priors.toml`.
FLAGGED_AT_LEAST: Final = (0.55, 0.2, 0.02)
FLAGGED_AT_MOST: Final = (0.9, 0.7, 0.2)
#: Shares of those compared stand for all the fallen if at least this share of them was.
MIN_COMPARED_SHARE: Final = 0.5

#: Items of evidence; None for what is not known.
Items = dict[str, Value | None]


class CaseEvidence(NamedTuple):
    """Items of evidence with their values, and the finding or table each came from.

    only_reinstated: accounts that fell, where the record holds none that stayed down, else 0.
    only_followers: accounts, where all but a few follow the same one, else 0; audiences say nothing
    then, and are left out.
    """

    values: dict[str, Value]
    sources: dict[str, str]
    only_reinstated: int = 0
    only_followers: int = 0


class ScannedWave(TypedDict):
    """A row of the table "waves", by the columns read here."""

    start: dt.datetime
    end: dt.datetime
    expected: float
    trigger: str | None
    trigger_share: float
    trigger_base_share: float


class WaveMembers(NamedTuple):
    """The accounts of a wave by code, and between which moments each fell, int64[n] us; `-NEVER`
    where nothing bounds it before.
    """

    code: np.ndarray
    after: np.ndarray
    by: np.ndarray


class RankedAudience(TypedDict):
    """A row of the table "audiences", by the columns read here."""

    suspended: int
    followers: int


def wave_evidence(findings: Mapping[str, Finding], record: Record, wave: int = 1) -> CaseEvidence:
    """Items of a wave, from the findings and the record. Empty without a wave.

    Parameters
    ----------
    findings
        By name: waves, audiences, counts, automation and returns are used where they are.
    record
        The record they were made from.
    wave
        Number of the wave.
    """
    waves = findings.get("waves")
    if waves is None or waves.answer != "found":
        return CaseEvidence({}, {})
    row = next((r for r in waves.table("waves").to_pylist() if r["wave"] == wave), None)
    if row is None:
        return CaseEvidence({}, {})
    members = _members_of(waves, wave)
    known: dict[str, Value] = {}
    source: dict[str, str] = {}
    only_followers = 0

    def add(table: str, values: Items) -> None:
        for name, value in values.items():
            if value is not None and np.all(np.isfinite(value)):
                known[name], source[name] = value, table

    add("statuses", _pace_items(row, members))
    add("statuses", {"log10_dispersion": _log_dispersion(waves, row)})
    audiences = findings.get(f"audiences-{wave}")
    if audiences is not None and audiences.answer != "cannot":
        only_followers = _only_followers(audiences)
        if not only_followers:
            add("follows", _audience_items(audiences, len(members.code)))
    elif (counts := findings.get("counts")) is not None and counts.answer == "found":
        ratios = counts.table("ratios").to_pylist() if "ratios" in counts.tables else []
        ratio = next((r["ratio"] for r in ratios if r["ratio"] and r["ratio"] > 0), None)
        add("counts", {"log_hazard_ratio": None if ratio is None else math.log(ratio)})
    codes = members.code
    notable = _notable_accounts(record)
    if notable is not None:
        hit = int(notable[codes].sum())
        others = int(notable.sum()) - hit
        odds = log_odds(hit, len(codes), others, len(notable) - len(codes))
        add("accounts", {"log_or_notable": odds})
    if row.get("trigger") == "client":
        add("clients", _client_items(row, len(codes), len(record.ids)))
    add("timelines", flagged_share(findings.get(f"automation-{wave}")))
    returns = findings.get(f"returns-{wave}")
    add("returns", _return_items(record, members, notable, returns))
    add("reports", _report_items(record, row, codes))
    return CaseEvidence(known, source, _only_reinstated(record), only_followers)


def published_evidence(facts: list[Fact], found: Finding | None, raw: bytes) -> CaseEvidence:
    """Items that published figures alone give, as ranges.

    Size, excess, duration, hazard ratio, share restored.

    Parameters
    ----------
    facts
        The figures.
    found
        Their reconciliation, if it was made.
    raw
        The file of figures, for those of restorations.
    """
    known: dict[str, Value] = {}
    source: dict[str, str] = {}
    large = [f for f in facts if f.kind == "gross" and f.value >= MIN_FIGURE]
    whole = [f for f in large if f.population == "all"]
    of_leader = [f for f in large if f.population != "all"]
    fitting = _consistent_figures(found)
    # a figure that cannot have happened is no evidence of size
    sized = [
        f for f in whole or of_leader if fitting is None or f.id in fitting or f.population == "all"
    ]
    if sized:
        low, high = min(f.range[0] for f in sized), max(f.range[1] for f in sized)
        known["log10_size"] = (math.log10(low + 0.5), math.log10(high + 0.5))
        source["log10_size"] = "figures of the wave"
        windows = [s for f in (*whole, *of_leader) if (s := _window_seconds(f.window)) is not None]
        if windows:
            known["log10_duration_s"] = (
                math.log10(0.8 * min(windows) + 1),
                math.log10(1.2 * max(windows) + 1),
            )
            usual = PLATFORM_RATE_PER_TEN_MINUTES * min(windows) / 600
            known["log10_excess"] = (
                math.log10((low + 0.5) / (usual * 10.0 + 0.5)),
                math.log10((high + 0.5) / (usual * 1.0 + 0.5)),
            )
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
    return CaseEvidence(known, source)


def _client_items(row: ScannedWave, fallen: int, everyone: int) -> Items:
    """How many of the fallen used the client they share, against all others."""
    share, base = float(row["trigger_share"]), float(row["trigger_base_share"])
    others = max(base * everyone - share * fallen, 0.0)
    odds = log_odds(share * fallen, fallen, others, everyone - fallen)
    return {"app_share": share, "log_or_app": odds}


def _members_of(waves: Finding, wave: int) -> WaveMembers:
    """The members of one wave, in the order of the finding."""
    table = waves.table("members")
    table = table.filter(pc.equal(table.column("wave"), wave))
    after, by = (
        pc.fill_null(table.column(name).cast(pa.timestamp("us", "UTC")).cast(pa.int64()), -NEVER)
        for name in ("fell_after", "fell_by")
    )
    return WaveMembers(
        table.column("code").to_numpy().astype(np.int64), after.to_numpy(), by.to_numpy()
    )


def _pace_items(row: ScannedWave, members: WaveMembers) -> Items:
    """Size, excess and pace of the wave."""
    n, expected = len(members.code), float(row["expected"])
    after, by = members.after.astype(float), members.by.astype(float)
    width_s = float(np.median(by - after)) / 1e6 if n else 0.0
    out: Items = {
        "log10_size": math.log10(n + 0.5),
        "log10_excess": math.log10((n + 0.5) / (expected + 0.5)),
    }
    if width_s > MAX_TIME_ERROR_S:
        longest = float(np.quantile(by, 0.95) - np.quantile(after, 0.05)) / 1e6
        out["log10_duration_s"] = (math.log10(2.0), math.log10(longest + 1))
        return out
    fell = (after + by) / 2e6
    low, high = np.quantile(fell, [0.05, 0.95])
    out["log10_duration_s"] = math.log10(high - low + 1)
    ordered = np.sort(fell)
    fullest = np.searchsorted(ordered, ordered + PEAK_WINDOW_S, "right") - np.arange(n)
    out["peak_share"] = float(fullest.max() / n)
    if n >= MIN_FALLS and high > low:
        counts = np.histogram(fell, 100)[0]
        out["burst_share"] = float(np.sort(counts)[-10:].sum() / n)
    return out


def _log_dispersion(waves: Finding, row: ScannedWave) -> float | None:
    """Log10 of the variance to the mean of daily counts before the wave."""
    days: dict[int, float] = {}
    start = _microseconds(row["start"])
    for step in waves.table("series").to_pylist():
        if step["covered"] and _microseconds(step["to"]) <= start:
            day = _microseconds(step["from"]) // DAY_US
            days[day] = days.get(day, 0.0) + step["observed"]
    counts = np.array(list(days.values()))
    if len(counts) < MIN_DAYS:
        return None
    return float(np.log10(counts.var() / max(counts.mean(), 1e-9) + 0.1))


def _audience_items(finding: Finding, fallen: int) -> Items:
    """Odds ratios of the leader's and the control's audience, and the ratio of their hazards."""
    rows = finding.table("audiences").to_pylist()
    everyone = int(finding["accounts"].value or 0)
    explains = [r for r in rows if r["outcome"] == "explains"]
    leaders = [r for r in rows if r["role"] == "leader"]
    leader = max(leaders, key=lambda r: r["z"]) if leaders else explains[0] if explains else None
    controls = [r for r in rows if r["role"] == "control" and r is not leader]
    control = max(controls, key=lambda r: r["followers"]) if controls else None
    out: Items = {}

    def odds(r: RankedAudience) -> float:
        return log_odds(
            r["suspended"], r["followers"], fallen - r["suspended"], everyone - r["followers"]
        )

    def hazard(r: RankedAudience) -> float:
        return float((r["suspended"] + 0.5) / (r["followers"] + 1))

    if leader is not None:
        out["log_or_leader"] = odds(leader)
    if control is not None:
        out["log_or_control"] = odds(control)
    if leader is not None and control is not None:
        out["log_hazard_ratio"] = math.log(hazard(leader) / hazard(control))
    return out


def _only_followers(finding: Finding) -> int:
    """The accounts, where all but a few follow the same one; else 0."""
    everyone = int(finding["accounts"].value or 0)
    most = max((r["followers"] for r in finding.table("audiences").to_pylist()), default=0)
    return everyone if everyone and most >= SELECTED_SHARE * everyone else 0


def _only_reinstated(record: Record) -> int:
    """The accounts that fell, where there are enough and each of them came back; else 0."""
    found = find_absences(record)
    fell, back = np.unique(found.code), np.unique(found.code[found.back_by != NEVER])
    return len(fell) if len(fell) >= MIN_SELECTED and len(back) == len(fell) else 0


def _notable_accounts(record: Record) -> np.ndarray | None:
    """bool[n]: accounts with very many followers, where the record says how many they have."""
    if not record.has("accounts"):
        return None
    rows = record.sql(
        "SELECT i.code, max(a.followers) AS followers FROM accounts a "
        "JOIN ids i ON i.id = a.account WHERE a.followers IS NOT NULL GROUP BY 1",
        split=EACH_ACCOUNT,
    )
    if rows.num_rows < MIN_KNOWN_SHARE * len(record.ids):
        return None
    out = np.zeros(len(record.ids), np.bool_)
    out[rows.column("code").to_numpy()] = (
        rows.column("followers").to_numpy() >= MIN_NOTABLE_FOLLOWERS
    )
    return out


def flagged_share(finding: Finding | None) -> Items:
    """The share of the fallen that a detector like the worlds' would flag: a range, or nothing.

    finding: of automation, whose bounds it follows from.
    """
    if finding is None or finding.answer != "found":
        return {}
    compared = min(finding["scoreable_timing"].value or 0, finding["scoreable_profile"].value or 0)
    if compared < MIN_COMPARED_SHARE * (finding["fallen"].value or 0):
        return {}
    shares = [finding[name] for name in ("inauthentic", "automated_authentic", "manual")]
    least, most = (
        [float(s.low or 0.0) for s in shares],
        [1.0 if s.high is None else float(s.high) for s in shares],
    )
    low = least_total(FLAGGED_AT_LEAST, least, most)
    high = -least_total([-rate for rate in FLAGGED_AT_MOST], least, most)
    return {"flagged_share": (low, high)} if high - low <= MAX_SHARE_RANGE else {}


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
    members: WaveMembers,
    notable: np.ndarray | None,
    finding: Finding | None,
) -> Items:
    """How many came back, when, and whether together."""
    if finding is None or finding.answer == "cannot" or not len(members.code):
        return {}
    four = finding["returned_4d"]
    if four.value is None:
        return {}
    found = find_absences(record)
    # of an account that fell twice in the wave, its last fall
    known_code, last = np.unique(members.code[::-1], return_index=True)
    at = np.minimum(np.searchsorted(known_code, found.code), len(known_code) - 1)
    fell_by = members.by[::-1][last][at]
    chosen = found.select((known_code[at] == found.code) & (fell_by == found.fell_by))
    back = chosen.back_by != NEVER
    out: Items = {"returned_share": float(four.value)}
    if back.sum() >= MIN_RETURNS:
        exact = chosen.back_after[back] == chosen.back_by[back]
        times = np.sort(chosen.back_by[back]) / 1e6
        delay = (chosen.back_by[back] - chosen.fell_by[back]) / 3.6e9
        out["log10_return_hours"] = math.log10(float(np.median(delay)) + 0.01)
        if exact.mean() > 0.9:
            together = np.searchsorted(times, times + BULK_WINDOW_S, "right")
            out["bulk_share"] = float((together - np.arange(len(times))).max() / len(times))
    if notable is not None:
        known = notable[chosen.code]
        within = back & (chosen.back_by - chosen.fell_by <= 4 * DAY_US)
        if known.any() and not known.all():
            out["log_or_return_notable"] = log_odds(
                within[known].sum(), known.sum(), within[~known].sum(), (~known).sum()
            )
    return out


def _report_items(record: Record, row: ScannedWave, codes: np.ndarray) -> Items:
    """From reports a day before the wave to a day after it."""
    if not record.has("acts"):
        return {}
    begin, end = _microseconds(row["start"]) - DAY_US, _microseconds(row["end"]) + DAY_US
    rows = record.sql(
        "SELECT i.code AS target, r.code AS reporter FROM acts a "
        "JOIN ids i ON i.id = coalesce(a.target, a.object) "
        "LEFT JOIN ids r ON r.id = a.account "
        "WHERE a.kind = 'report' AND epoch_us(a.time) BETWEEN $1 AND $2",
        [begin, end],
        split=ByRows(
            {"acts": "kind = 'report' AND epoch_us(time) BETWEEN $1 AND $2"}, (begin, end)
        ),
    )
    counted = record.sql(
        "SELECT count(*) AS n FROM acts WHERE kind = 'report'",
        split=ByParts("SELECT sum(n)::BIGINT AS n FROM parts", key=""),
    )
    total = counted.column("n")[0].as_py()
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
        np.bincount(pairs[:, 0], minlength=everyone) >= MIN_REPEATED_REPORTS
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
    """Ids of the figures that can be true together; None where that was not asked."""
    if found is None or "figures" not in found.tables:
        return None
    return {r["id"] for r in found.table("figures").to_pylist() if r["consistent"]}


def _window_seconds(window: str) -> float | None:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h)\s*", window or "")
    return None if match is None else float(match[1]) * {"s": 1, "min": 60, "h": 3600}[match[2]]


def _restored_share(raw: bytes, sized: list[Fact]) -> tuple[float, float] | None:
    """The share restored within four days, from figures; "thousands" is two thousand at least."""
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


def _microseconds(value: dt.datetime | None) -> int:
    return int(value.timestamp() * 1_000_000) if value is not None else -NEVER
