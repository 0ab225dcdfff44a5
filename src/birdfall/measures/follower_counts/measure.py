"""Counts only: what follower counts alone show of a loss, net and gross, for every counted account.

Counts are net of growth: a drop of 135 can hide a loss of 1,700. So each account's ordinary growth
is estimated from its own history, and a loss is what the change falls short of it. Reads `counts`.
Method: docs/methods/counts.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.measures.follower_counts.applies import applies_to
from birdfall.measures.follower_counts.daily import (
    HISTORY_DAYS,
    Daily,
    daily_levels,
)
from birdfall.measures.follower_counts.drops import (
    FALL_DEVIATIONS,
    AccountDrop,
    CommonFall,
    RiskRatio,
    account_drops,
    common_falls,
    risk_ratios,
)
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TIME
from birdfall.record.record import Record

METHOD: Final = (
    "ordinary growth: trailing median of daily changes, spread by the median absolute deviation "
    "(docs/methods/counts.md)",
    "common falls: share of accounts beyond their own spread, against the other days "
    "(Gumbel tail, said so)",
    "E-value of the lower bound (VanderWeele and Ding 2017)",
)
#: Grows when the same data would give other numbers.
#: 2: sums are of the accounts that surely lost, days on which none did are no falls, and changes
#: over several days are held against as many days' growth.
#: 3: days are those of the case's zone. 4: of counts of one moment the first line's, not whichever
#: was met first. 5: the levels of whoever lost most, and of rebuilt profiles, are kept too.
METHOD_VERSION: Final = 5
#: Waves whose accounts are listed.
DETAILED_WAVES: Final = 3
#: An audience is no target if so many accounts, and this share of all, fell on the same day.
WIDESPREAD_MIN_ACCOUNTS, WIDESPREAD_MIN_SHARE = 20, 0.05
#: Accounts with rebuilt profiles whose levels are kept, at most.
MAX_REBUILT_SHOWN: Final = 5
#: Half width of a 95 % interval in deviations.
_HALF_WIDTH: Final = 1.96

WAVES: Final = pa.schema([
    ("wave", pa.int32()), ("start", TIME), ("end", TIME), ("accounts_hit", pa.int64()),
    ("accounts", pa.int64()), ("net", pa.float64()), ("gross", pa.float64()),
    ("gross_low", pa.float64()), ("gross_high", pa.float64()), ("p_value", pa.float64()),
    ("p_kind", pa.string()), ("widespread_share", pa.float64()), ("median_hazard", pa.float64()),
    ("largest_hazard", pa.float64()), ("largest_account", pa.string()),
])  # fmt: skip
DROPS: Final = pa.schema([
    ("wave", pa.int32()), ("account", pa.string()), ("before", pa.int64()), ("after", pa.int64()),
    ("net", pa.int64()), ("growth", pa.float64()), ("growth_low", pa.float64()),
    ("growth_high", pa.float64()), ("gross", pa.float64()), ("gross_low", pa.float64()),
    ("gross_high", pa.float64()), ("hazard", pa.float64()), ("hazard_low", pa.float64()),
    ("hazard_high", pa.float64()), ("role", pa.string()), ("rebuilt", pa.bool_()),
])  # fmt: skip
RATIOS: Final = pa.schema([
    ("wave", pa.int32()), ("leader", pa.string()), ("control", pa.string()),
    ("ratio", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
    ("naive_ratio", pa.float64()), ("e_value", pa.float64()),
])  # fmt: skip
SERIES: Final = pa.schema([
    ("account", pa.string()), ("time", TIME), ("followers", pa.float64()),
    ("expected", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Wave:
    """A common fall with its number, and what each account and each pair of them shows."""

    number: int
    fall: CommonFall
    drops: list[AccountDrop]
    ratios: list[RiskRatio]


@dataclass(frozen=True, slots=True)
class _WaveSummary:
    """One row of `WAVES`."""

    wave: int
    start: dt.datetime
    end: dt.datetime
    accounts_hit: int
    accounts: int
    net: float
    gross: float
    gross_low: float
    gross_high: float
    p_value: float
    p_kind: str
    widespread_share: float | None
    median_hazard: float
    largest_hazard: float
    largest_account: str | None


def follower_counts(
    record: Record,
    *,
    leaders: tuple[str, ...] = (),
    controls: tuple[str, ...] = (),
    alpha: float = 0.01,
    seed: int = 0,
    progress: Progress = silent,
) -> Finding:
    """Find days on which follower counts fell beyond their own growth.

    Parameters
    ----------
    record
        Read: `counts`.
    leaders, controls
        Account ids, for roles and risk ratios.
    alpha
        Chance of any false common fall in the whole record.
    seed
        Seed of the risk ratios' intervals.
    progress
        Called once the levels are read.

    Returns
    -------
    Finding
        Of kind `counts`, with tables `waves`, `drops`, `ratios` and `series`: net and gross losses
        of every account. It answers "cannot" where counts are too few.

    References
    ----------
    VanderWeele and Ding (2017), Sensitivity analysis in observational research: the E-value.

    Examples
    --------
    Thirty accounts that grow by ten a day; on day 40 fifteen of them lose a thousand followers:

    >>> from birdfall.record.record import from_tables
    >>> days, names = np.arange(60), ["leader", *(f"a{i}" for i in range(29))]
    >>> level = 5000 + 10 * np.tile(days, (30, 1))
    >>> level[:15, 40:] -= 1000
    >>> times = pa.array(np.tile(days, 30) * 86_400_000_000).cast(TIME)
    >>> counts = pa.table({"account": np.repeat(names, 60), "time": times,
    ...                    "followers": level.ravel()})
    >>> finding = follower_counts(from_tables({"counts": counts}), leaders=("leader",))
    >>> finding["net"].value, finding["gross"].value
    (-990, 1000.0)
    """
    blank = _blank_finding(leaders, controls, alpha, seed)
    note = applies_to(record)
    if note is not None:
        return blank.replace(reasons=(note,))
    daily = daily_levels(record)
    progress("counts", len(daily.accounts), len(daily.accounts), "accounts")
    waves = _find_waves(daily, leaders, controls, alpha, seed)
    return _fill_finding(blank, record, daily, waves, leaders, controls)


def _blank_finding(
    leaders: tuple[str, ...], controls: tuple[str, ...], alpha: float, seed: int
) -> Finding:
    """A finding of which only the question is known."""
    return Finding(
        kind="counts",
        name="counts",
        answer="cannot",
        parameters={
            "leaders": list(leaders),
            "controls": list(controls),
            "alpha": alpha,
            "seed": seed,
            "deviations": FALL_DEVIATIONS,
            "history_days": HISTORY_DAYS,
        },
    )


def _fill_finding(
    blank: Finding,
    record: Record,
    daily: Daily,
    waves: list[_Wave],
    leaders: tuple[str, ...],
    controls: tuple[str, ...],
) -> Finding:
    """The blank finding with what the waves show."""
    summaries = [_summarise(daily, wave) for wave in waves]
    detailed = waves[:DETAILED_WAVES]
    return blank.replace(
        answer="found" if waves else "nothing",
        estimates=_estimates(daily, summaries, detailed, leaders),
        inputs=(record.input("counts"),),
        limits=_limits(daily, summaries, detailed),
        method=METHOD,
        details={"days": daily.level.shape[1], "first": daily.day(0)},
        tables={
            "waves": pa.Table.from_pylist([asdict(row) for row in summaries], schema=WAVES),
            "drops": _table_of_rows([(w.number, d) for w in detailed for d in w.drops], DROPS),
            "ratios": _table_of_rows([(w.number, r) for w in waves for r in w.ratios], RATIOS),
            "series": _series_table(daily, (*leaders, *controls, *_drawn(summaries, detailed))),
        },
    )


def _table_of_rows(
    rows: Sequence[tuple[int, AccountDrop | RiskRatio]], schema: pa.Schema
) -> pa.Table:
    """A table of rows, each with the number of its wave; columns are fields of these names."""
    columns: list[list[object]] = [[number for number, _ in rows]]
    columns += [[getattr(row, name) for _, row in rows] for name in schema.names[1:]]
    return pa.table(columns, schema=schema)


def _find_waves(
    daily: Daily, leaders: tuple[str, ...], controls: tuple[str, ...], alpha: float, seed: int
) -> list[_Wave]:
    """Common falls with the largest gross loss first, numbered from 1.

    A small loss shared by all is a smaller fall than a large one that spared many. Days on which no
    account surely lost any (the interval of its loss holds zero) are no falls.
    """
    falls = [
        (fall, account_drops(daily, fall, leaders, controls)) for fall in common_falls(daily, alpha)
    ]
    falls = [(fall, drops) for fall, drops in falls if _hit(drops)]
    falls.sort(key=lambda pair: (-sum(d.gross for d in _hit(pair[1])), pair[0].first))
    return [
        _Wave(number, fall, drops, risk_ratios(drops, number, seed))
        for number, (fall, drops) in enumerate(falls, 1)
    ]


def _hit(drops: list[AccountDrop]) -> list[AccountDrop]:
    """Those that surely lost: the interval of their loss lies above zero."""
    return [d for d in drops if not d.rebuilt and d.gross_low > 0]


def _summarise(daily: Daily, wave: _Wave) -> _WaveSummary:
    mine = [d for d in wave.drops if not d.rebuilt]
    hazards = np.array([d.hazard for d in mine]) if mine else np.array([0.0])
    hit = _hit(mine)
    largest = max(mine, key=lambda d: d.hazard, default=None)
    return _WaveSummary(
        wave=wave.number,
        start=daily.day(wave.fall.first),
        end=daily.day(wave.fall.last + 1),
        accounts_hit=len(hit),
        accounts=len(mine),
        net=float(sum(d.net for d in hit)),
        gross=float(sum(d.gross for d in hit)),
        gross_low=float(sum(d.gross_low for d in hit)),
        gross_high=float(sum(d.gross_high for d in hit)),
        p_value=wave.fall.p_value,
        p_kind=wave.fall.p_kind,
        widespread_share=len(hit) / len(mine) if mine else None,
        median_hazard=float(np.median(hazards)),
        largest_hazard=float(hazards.max()),
        largest_account=None if largest is None else largest.account,
    )


def _estimates(
    daily: Daily, summaries: list[_WaveSummary], waves: list[_Wave], leaders: tuple[str, ...]
) -> dict[str, Estimate]:
    """Accounts and waves; the first leader's loss in the largest wave, else that of all."""
    found = {
        "accounts": Estimate(len(daily.accounts), "accounts", level=None, bounds="none"),
        "waves": Estimate(len(summaries), "count", level=None, bounds="none"),
    }
    leader = leaders[0] if leaders else None
    drops = waves[0].drops if waves else []
    own = next((d for d in drops if d.account == leader and not d.rebuilt), None)
    if own is not None:
        found["net"] = Estimate(own.net, "followers", level=None, bounds="none")
        found["gross"] = Estimate(own.gross, "followers", own.gross_low, own.gross_high)
        found["growth"] = Estimate(own.growth, "followers", own.growth_low, own.growth_high)
    elif summaries:
        top = summaries[0]
        found["net"] = Estimate(top.net, "followers", level=None, bounds="none")
        found["gross"] = Estimate(top.gross, "followers", top.gross_low, top.gross_high)
    return found


def _limits(daily: Daily, summaries: list[_WaveSummary], waves: list[_Wave]) -> tuple[Note, ...]:
    notes = [Note("counts-are-net-of-growth", {})]
    unseen = _unseen_days(daily)
    if unseen.any():
        notes.append(Note("gaps-in-coverage", {"share": float(unseen.mean())}))
    slowed = sum(s.net >= 0 for s in summaries)
    if slowed:
        notes.append(Note("growth-slowed", {"waves": slowed}))
    rebuilt = {d.account for wave in waves for d in wave.drops if d.rebuilt}
    if rebuilt:
        notes.append(Note("profiles-rebuilt", {"accounts": len(rebuilt)}))
    top = summaries[0] if summaries else None
    if top and top.accounts_hit >= max(
        WIDESPREAD_MIN_ACCOUNTS, WIDESPREAD_MIN_SHARE * top.accounts
    ):
        values = {
            "share": top.widespread_share,
            "largest": top.largest_hazard,
            "median": top.median_hazard,
        }
        notes.append(Note("widespread-not-targeted", values))
    return tuple(notes)


def _unseen_days(daily: Daily) -> np.ndarray:
    """bool[days]: so few accounts were counted that nothing can be said of the day."""
    counted = np.isfinite(daily.level).sum(axis=0)
    some = counted[counted > 0]
    return np.asarray(counted < 0.25 * np.median(some))


def _drawn(summaries: list[_WaveSummary], waves: list[_Wave]) -> list[str]:
    """Accounts of the largest common fall whose levels tell it.

    That which lost the largest share, and those whose profiles were down or rebuilt.
    """
    if not waves:
        return []
    rebuilt = [d.account for d in waves[0].drops if d.rebuilt][:MAX_REBUILT_SHOWN]
    largest = summaries[0].largest_account
    return rebuilt if largest is None else [largest, *rebuilt]


def _series_table(daily: Daily, shown: tuple[str, ...]) -> pa.Table:
    """Known levels of the accounts `shown`, beside what was expected. Schema `SERIES`."""
    columns: dict[str, list[str | dt.datetime | float | None]] = {n: [] for n in SERIES.names}
    for a, account in enumerate(daily.accounts):
        if account not in shown:
            continue
        for d in np.flatnonzero(np.isfinite(daily.level[a])).tolist():
            expected = daily.level[a, d] - daily.change[a, d] + daily.growth[a, d]
            half = _HALF_WIDTH * daily.spread[a, d]
            columns["account"].append(account)
            columns["time"].append(daily.day(d))
            columns["followers"].append(_finite(daily.level[a, d]))
            columns["expected"].append(_finite(expected))
            columns["low"].append(_finite(expected - half))
            columns["high"].append(_finite(expected + half))
    return pa.table(columns, schema=SERIES)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
