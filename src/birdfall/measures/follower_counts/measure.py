"""Counts only: what follower counts alone can tell of a fall, net and gross, for every account and its controls.

Counts are net of growth: a drop of 135 can hide a loss of 1,700. So each account's ordinary growth is estimated from its own
history, and a loss is what the change falls short of it. Reads `follower_counts`. Method: docs/methods/counts.md.
"""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from birdfall.kernels.odds_ratio import e_value
from birdfall.model.findings import Answer, Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TIME
from birdfall.record.record import Record

METHOD = (
    "ordinary growth: trailing median of daily changes, spread by the median absolute deviation (docs/methods/counts.md)",
    "common falls: share of accounts beyond their own spread, against the other days (Gumbel tail, said so)",
    "E-value of the lower bound (VanderWeele and Ding 2017)",
)
#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 1
DAY_S = 86400.0
#: Days of history growth is read from, and days that must be known of them.
HISTORY_DAYS, MIN_KNOWN_DAYS = 28, 5
#: An account falls on a day if its change is this many of its own deviations below its growth.
FALL_DEVIATIONS = 4.0
#: Days on which an account's count may be missing before its change is not compared.
MAX_GAP_DAYS = 3
#: A count that falls to this share within a day, from at least so many, is that of a profile that was itself down or being
#: rebuilt (2013: a suspended minister's 32,000 read 1): nobody's followers leave like that.
REBUILT_SHARE, REBUILT_MIN_FOLLOWERS = 0.05, 20
#: Days after which a count that stayed down is a level of its own.
MAX_REBUILT_DAYS = 7
DETAILED_WAVES = 3


def applies_to(record: Record) -> Note | None:
    """None if some account's followers were counted often enough to tell its growth; else what is missing."""
    if not record.has("counts"):
        return Note("no-counts", {"needs": "counts"})
    row = record.sql(
        "SELECT max(n) FROM (SELECT count(DISTINCT time::DATE) AS n FROM counts WHERE followers IS NOT NULL GROUP BY account)"
    )
    days = row.column(0)[0].as_py() or 0
    return (
        None
        if days >= MIN_KNOWN_DAYS + 3
        else Note("too-few-counts", {"days": days, "needs": "counts"})
    )


@dataclass(frozen=True)
class Daily:
    """days: ordinals from the first. level: float64[accounts, days], NaN unknown. growth, spread: per day. z: of each change."""

    accounts: list[str]
    first: dt.date
    level: np.ndarray
    change: np.ndarray
    growth: np.ndarray
    spread: np.ndarray
    z: np.ndarray

    def day(self, index: int) -> dt.datetime:
        return dt.datetime.combine(self.first, dt.time(), dt.UTC) + dt.timedelta(days=index)


def follower_counts(
    record: Record,
    *,
    leaders: tuple[str, ...] = (),
    controls: tuple[str, ...] = (),
    alpha: float = 0.01,
    seed: int = 0,
    progress: Progress = silent,
) -> Finding:
    """Days on which follower counts fell beyond their own growth, with net and gross losses of every account.

    leaders, controls: ids, for roles and risk ratios. alpha: chance of a false common fall in the whole record.
    """
    parameters = {
        "leaders": list(leaders),
        "controls": list(controls),
        "alpha": alpha,
        "seed": seed,
        "deviations": FALL_DEVIATIONS,
        "history_days": HISTORY_DAYS,
    }
    note = applies_to(record)
    if note is not None:
        return Finding("counts", "counts", "cannot", reasons=(note,), parameters=parameters)
    daily = daily_levels(record)
    progress("counts", len(daily.accounts), len(daily.accounts), "accounts")
    found = [
        w | {"start": daily.day(w["from"]), "end": daily.day(w["to"] + 1)}
        for w in common_falls(daily, alpha)
    ]
    every = [(wave, account_drops(daily, wave, leaders, controls)) for wave in found]
    # the largest first: a small loss shared by all is a smaller fall than a large one that spared many
    every.sort(key=lambda e: (-sum(d["gross"] for d in e[1] if not d["rebuilt"]), e[0]["from"]))
    found = [wave | {"wave": i} for i, (wave, _) in enumerate(every, 1)]
    drops = [d | {"wave": i} for i, (_, rows) in enumerate(every, 1) for d in rows]
    ratios = [row for wave in found for row in risk_ratios(drops, wave["wave"], seed)]
    rows = [_wave_summary(wave, drops) for wave in found]
    drops = [d for d in drops if d["wave"] <= DETAILED_WAVES]
    answer: Answer = "found" if found else "nothing"
    return Finding(
        kind="counts",
        name="counts",
        answer=answer,
        estimates=_estimates(daily, rows, drops, leaders),
        parameters=parameters,
        inputs=(record.input("counts"),),
        limits=_limits(rows, drops),
        method=METHOD,
        details={"days": daily.level.shape[1], "first": daily.day(0)},
        tables={
            "waves": pa.Table.from_pylist(rows, schema=WAVES),
            "drops": pa.Table.from_pylist(drops, schema=DROPS),
            "ratios": pa.Table.from_pylist(ratios, schema=RATIOS),
            "series": _series(daily, (*leaders, *controls)),
        },
    )


def _fields(text: str, kind: pa.DataType) -> list[tuple[str, pa.DataType]]:
    return [(name, kind) for name in text.split()]


_F = pa.float64()
WAVES = pa.schema([("wave", pa.int32()), ("start", TIME), ("end", TIME), *_fields("accounts_hit accounts", pa.int64()),
    *_fields("net gross gross_low gross_high p_value", _F), ("p_kind", pa.string()),
    *_fields("widespread_share median_hazard largest_hazard", _F), ("largest_account", pa.string())])  # fmt: skip
DROPS = pa.schema(
    [
        ("wave", pa.int32()),
        ("account", pa.string()),
        *_fields("before after net", pa.int64()),
        *_fields(
            "growth growth_low growth_high gross gross_low gross_high hazard hazard_low hazard_high",
            _F,
        ),
        ("role", pa.string()),
        ("rebuilt", pa.bool_()),
    ]
)
RATIOS = pa.schema(
    [
        ("wave", pa.int32()),
        ("leader", pa.string()),
        ("control", pa.string()),
        *_fields("ratio low high naive_ratio e_value", _F),
    ]
)
SERIES = pa.schema(
    [("account", pa.string()), ("time", TIME), *_fields("followers expected low high", _F)]
)


def daily_levels(record: Record) -> Daily:
    """Each account's last count of every day, its change, ordinary growth and spread."""
    rows = record.sql(
        """SELECT account, date_diff('day', DATE '1970-01-01', time::DATE) AS day, arg_max(followers, time) AS followers
        FROM counts WHERE followers IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    account, day = rows.column(0).to_pylist(), rows.column(1).to_numpy()
    names, place = np.unique(np.array(account, dtype=object).astype(str), return_inverse=True)
    first = int(day.min())
    level = np.full((len(names), int(day.max()) - first + 1), np.nan)
    level[place, day - first] = rows.column(2).to_numpy()
    change = _changes(level)
    change[_rebuilt_days(level)] = np.nan
    growth, spread = _growth(change)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (change - growth) / spread
    return Daily(
        names.tolist(),
        dt.date(1970, 1, 1) + dt.timedelta(days=first),
        level,
        change,
        growth,
        spread,
        z,
    )


def _changes(level: np.ndarray) -> np.ndarray:
    """Change per day; over short gaps the change is shared out evenly, over long ones it is unknown."""
    change = np.full(level.shape, np.nan)
    last = np.full(level.shape[0], np.nan)
    since = np.full(level.shape[0], -1)
    for d in range(level.shape[1]):
        known = np.isfinite(level[:, d])
        gap = d - since
        fresh = known & (since >= 0) & (gap <= MAX_GAP_DAYS)
        # the whole change stands on the day it was seen: sharing it out would thin a fall over days that saw none
        change[fresh, d] = level[fresh, d] - last[fresh]
        last[known] = level[known, d]
        since[known] = d
    return change


def _rebuilt_days(level: np.ndarray) -> np.ndarray:
    """bool[accounts, days]: the count fell to almost nothing that day, or has not come back to half of what it was since."""
    marked = np.zeros(level.shape, bool)
    before, since = np.full(level.shape[0], np.nan), np.zeros(level.shape[0], np.int64)
    last = np.full(level.shape[0], np.nan)
    for d in range(level.shape[1]):
        known, down = np.isfinite(level[:, d]), np.isfinite(before)
        with np.errstate(invalid="ignore"):
            falls = (
                known
                & ~down
                & (last >= REBUILT_MIN_FOLLOWERS)
                & (level[:, d] <= REBUILT_SHARE * last)
            )
            back = known & down & ((level[:, d] >= 0.5 * before) | (d - since > MAX_REBUILT_DAYS))
        marked[:, d] = falls | (known & down)
        before[falls], since[falls] = last[falls], d
        before[back] = np.nan
        last[known] = level[known, d]
    return marked


def _growth(change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trailing median of the daily changes and 1.4826 times their median absolute deviation; first weeks look ahead."""
    growth, spread = np.full(change.shape, np.nan), np.full(change.shape, np.nan)
    days = change.shape[1]
    for d in range(days):
        window = (
            change[:, max(0, d - HISTORY_DAYS) : d]
            if d >= HISTORY_DAYS
            else np.delete(change[:, : HISTORY_DAYS + 1], d, axis=1)
        )
        known = np.isfinite(window).sum(axis=1)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            middle = np.nanmedian(window, axis=1)
            deviation = np.nanmedian(np.abs(window - middle[:, None]), axis=1) * 1.4826
        enough = known >= MIN_KNOWN_DAYS
        growth[enough, d] = middle[enough]
        # counts are whole: no account is steadier than two or three followers a day
        spread[enough, d] = np.maximum(deviation[enough], 2.5)
    return growth, spread


def common_falls(daily: Daily, alpha: float) -> list[dict[str, Any]]:
    """Days on which more accounts fell together than on others: [{wave, from, to (day numbers), p_value, p_kind}].

    With fewer than 20 accounts a day's evidence is its lowest z instead of the share of accounts that fell.
    """
    known = np.isfinite(daily.z)
    number = known.sum(axis=0)
    usable = number >= max(1, 0.25 * np.median(number[number > 0]) if (number > 0).any() else 1)
    if len(daily.accounts) >= 20:
        score = np.where(
            usable,
            (np.nan_to_num(daily.z, nan=0) <= -FALL_DEVIATIONS).sum(axis=0) / np.maximum(number, 1),
            0.0,
        )
    else:
        score = np.where(usable, np.maximum(0, -np.nan_to_num(daily.z, nan=0)).max(axis=0), 0.0)
    p, kind = _tail_p_values(
        score, usable, least=1 / len(daily.accounts) if len(daily.accounts) >= 20 else 1.5
    )
    hit = usable & (p <= alpha / max(int(usable.sum()), 1))
    found: list[dict[str, Any]] = []
    d = 0
    while d < len(hit):
        if hit[d]:
            end = d
            # days that lean the same way belong to it
            while end + 1 < len(hit) and (hit[end + 1] or score[end + 1] > 0.5 * score[d]):
                end += 1
            found.append(
                {
                    "from": d,
                    "to": end,
                    "p_value": float(p[d : end + 1].min()),
                    "p_kind": kind,
                    "score": float(score[d : end + 1].max()),
                }
            )
            d = end
        d += 1
    return [{"wave": i, **w} for i, w in enumerate(found, 1)]


def _tail_p_values(score: np.ndarray, usable: np.ndarray, least: float) -> tuple[np.ndarray, str]:
    """p of each day's score from the other days: an upper tail fitted to all but the most unusual twentieth."""
    values = score[usable]
    if len(values) < 10:
        return np.ones(len(score)), "rank"
    body = np.sort(values)[: max(5, int(np.ceil(0.95 * len(values))))]
    # the lower 95 % of an exponential-tailed score: quantiles fix place and scale
    half, high = np.quantile(body, [0.5, 0.95])
    scale = max((high - half) / np.log(10), least)
    p = np.exp(-np.maximum(score - half, 0) / scale) * 0.5
    return np.clip(p, 1e-12, 1.0), "extrapolated"


def account_drops(
    daily: Daily, wave: dict[str, Any], leaders: tuple[str, ...], controls: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Net change, ordinary growth and gross loss of every account over a wave's days."""
    rows = []
    first, last = wave["from"], wave["to"]
    for a, account in enumerate(daily.accounts):
        before = _last_known(daily.level[a], first - 1, -1)
        after = _last_known(daily.level[a], last, 1)
        if (
            before is None
            or after is None
            or after[0] - before[0] > last - first + 1 + 2 * MAX_GAP_DAYS
        ):
            continue
        growth, spread = daily.growth[a, first], daily.spread[a, first]
        if not np.isfinite(growth):
            continue
        days = after[0] - before[0]
        expected, deviation = growth * days, spread * np.sqrt(days)
        net = after[1] - before[1]
        low, high = expected - 1.96 * deviation, expected + 1.96 * deviation
        size = max(before[1], 1.0)
        lowest = np.nanmin(daily.level[a, first : after[0] + 1])
        rows.append(
            {
                "wave": wave["wave"],
                "account": account,
                "before": int(before[1]),
                "after": int(after[1]),
                "net": int(net),
                "growth": float(expected),
                "growth_low": float(low),
                "growth_high": float(high),
                "gross": float(expected - net),
                "gross_low": float(low - net),
                "gross_high": float(high - net),
                "hazard": float((expected - net) / size),
                "hazard_low": float((low - net) / size),
                "hazard_high": float((high - net) / size),
                "role": "leader"
                if account in leaders
                else "control"
                if account in controls
                else "other",
                "rebuilt": bool(
                    before[1] >= REBUILT_MIN_FOLLOWERS and lowest <= REBUILT_SHARE * before[1]
                ),
            }
        )
    return rows


def _last_known(level: np.ndarray, day: int, step: int) -> tuple[int, float] | None:
    for d in range(day, day + step * (MAX_GAP_DAYS + 1), step):
        if 0 <= d < len(level) and np.isfinite(level[d]):
            return d, float(level[d])
    return None


def risk_ratios(
    drops: list[dict[str, Any]], wave: int, seed: int, draws: int = 20_000
) -> list[dict[str, Any]]:
    """Risk ratio of each leader against each control, gross losses, with an interval that carries the growth's own."""
    mine = [d for d in drops if d["wave"] == wave and not d["rebuilt"]]
    rows = []
    rng = np.random.default_rng([seed, wave])
    for leader in (d for d in mine if d["role"] == "leader"):
        for control in (d for d in mine if d["role"] == "control"):
            a, b = _draw_hazards(leader, rng, draws), _draw_hazards(control, rng, draws)
            ratio = a / b
            low, high = np.quantile(ratio, [0.025, 0.975])
            middle = max(leader["hazard"], 1e-12) / max(
                control["hazard"], 1 / max(control["before"], 1)
            )
            naive = (
                (-leader["net"] / leader["before"])
                / max(-control["net"] / control["before"], 1e-12)
                if control["net"] < 0
                else None
            )
            rows.append(
                {
                    "wave": wave,
                    "leader": leader["account"],
                    "control": control["account"],
                    "ratio": float(middle),
                    "low": float(low),
                    "high": float(high),
                    "naive_ratio": naive,
                    "e_value": e_value(float(low)),
                }
            )
    return rows


def _draw_hazards(drop: dict[str, Any], rng: np.random.Generator, draws: int) -> np.ndarray:
    deviation = (drop["growth_high"] - drop["growth_low"]) / 3.92
    # a loss is at least one account: ratios of next to nothing would be infinite
    lost: np.ndarray = np.maximum(
        drop["gross"] + deviation * rng.standard_normal(draws), 1.0
    ) / max(drop["before"], 1)
    return lost


def _wave_summary(wave: dict[str, Any], drops: list[dict[str, Any]]) -> dict[str, Any]:
    mine = [d for d in drops if d["wave"] == wave["wave"] and not d["rebuilt"]]
    hazards = np.array([d["hazard"] for d in mine]) if mine else np.array([0.0])
    hit = [d for d in mine if d["gross_low"] > 0]
    largest = max(mine, key=lambda d: d["hazard"], default=None)
    return {
        "wave": wave["wave"],
        "start": wave.get("start"),
        "end": wave.get("end"),
        "accounts_hit": len(hit),
        "accounts": len(mine),
        "net": float(sum(d["net"] for d in mine)),
        "gross": float(sum(d["gross"] for d in mine)),
        "gross_low": float(sum(d["gross_low"] for d in mine)),
        "gross_high": float(sum(d["gross_high"] for d in mine)),
        "p_value": wave["p_value"],
        "p_kind": wave["p_kind"],
        "widespread_share": len(hit) / len(mine) if mine else None,
        "median_hazard": float(np.median(hazards)),
        "largest_hazard": float(hazards.max()),
        "largest_account": None if largest is None else largest["account"],
    }


def _estimates(
    daily: Daily, rows: list[dict[str, Any]], drops: list[dict[str, Any]], leaders: tuple[str, ...]
) -> dict[str, Estimate]:
    found = {
        "accounts": Estimate(len(daily.accounts), "accounts", level=None, bounds="none"),
        "waves": Estimate(len(rows), "count", level=None, bounds="none"),
    }
    own = [
        d
        for d in drops
        if d["wave"] == 1 and d["account"] == (leaders[0] if leaders else None) and not d["rebuilt"]
    ]
    if own:
        d = own[0]
        found |= {
            "net": Estimate(d["net"], "followers", level=None, bounds="none"),
            "gross": Estimate(d["gross"], "followers", d["gross_low"], d["gross_high"]),
            "growth": Estimate(d["growth"], "followers", d["growth_low"], d["growth_high"]),
        }
    elif rows:
        found |= {
            "net": Estimate(rows[0]["net"], "followers", level=None, bounds="none"),
            "gross": Estimate(
                rows[0]["gross"], "followers", rows[0]["gross_low"], rows[0]["gross_high"]
            ),
        }
    return found


#: An audience is not a target if at least this many accounts, and this share of all, fell on the same day.
WIDESPREAD_MIN_ACCOUNTS, WIDESPREAD_MIN_SHARE = 20, 0.05


def _limits(rows: list[dict[str, Any]], drops: list[dict[str, Any]]) -> tuple[Note, ...]:
    notes = [Note("counts-are-net-of-growth", {})]
    rebuilt = {d["account"] for d in drops if d["rebuilt"]}
    if rebuilt:
        notes.append(Note("profiles-rebuilt", {"accounts": len(rebuilt)}))
    if rows and rows[0]["accounts_hit"] >= max(
        WIDESPREAD_MIN_ACCOUNTS, WIDESPREAD_MIN_SHARE * rows[0]["accounts"]
    ):
        top = rows[0]
        values = {
            "share": top["widespread_share"],
            "largest": top["largest_hazard"],
            "median": top["median_hazard"],
        }
        notes.append(Note("widespread-not-targeted", values))
    return tuple(notes)


def _series(daily: Daily, shown: tuple[str, ...]) -> pa.Table:
    rows = []
    for a, account in enumerate(daily.accounts):
        if account not in shown:
            continue
        for d in range(daily.level.shape[1]):
            if np.isfinite(daily.level[a, d]):
                expected = daily.level[a, d] - daily.change[a, d] + daily.growth[a, d]
                low, high = (
                    expected - 1.96 * daily.spread[a, d],
                    expected + 1.96 * daily.spread[a, d],
                )
                values = [
                    float(v) if np.isfinite(v) else None
                    for v in (daily.level[a, d], expected, low, high)
                ]
                rows.append(
                    {
                        "account": account,
                        "time": daily.day(d),
                        **dict(zip(("followers", "expected", "low", "high"), values, strict=True)),
                    }
                )
    return pa.Table.from_pylist(rows, schema=SERIES)
