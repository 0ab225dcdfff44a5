"""Days on which many counted accounts fell together, and what each of them lost, net and gross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.kernels.odds_ratio import e_value
from birdfall.measures.follower_counts.daily import (
    MAX_GAP_DAYS,
    REBUILT_MIN_FOLLOWERS,
    REBUILT_SHARE,
    Daily,
)

#: An account falls on a day if its change is this many of its own deviations below its growth.
FALL_DEVIATIONS: Final = 4.0
#: With fewer accounts a day is judged by its lowest z instead of the share of accounts that fell.
MIN_ACCOUNTS_FOR_SHARES: Final = 20
#: Draws for the interval of a risk ratio.
RATIO_DRAWS: Final = 20_000
#: Half width of a 95 % interval in deviations, as growth bounds are given.
_HALF_WIDTH: Final = 1.96
#: Days needed to fit the tail of ordinary days' scores.
_MIN_DAYS: Final = 10


@dataclass(frozen=True, slots=True)
class CommonFall:
    """Days on which more accounts fell together than on others.

    Parameters
    ----------
    first, last
        Day numbers of `Daily`, both included.
    p_value
        Smallest p of its days.
    p_kind
        "extrapolated", or "rank" where days are too few for a tail.
    """

    first: int
    last: int
    p_value: float
    p_kind: str


@dataclass(frozen=True, slots=True)
class AccountDrop:
    """What one account lost over a common fall.

    Parameters
    ----------
    account
        Its id.
    before, after
        Followers before and after; net: their difference.
    growth, growth_low, growth_high
        Ordinary growth over the days between, with its 95 % interval.
    gross, gross_low, gross_high
        Loss: growth less the net change.
    hazard, hazard_low, hazard_high
        Loss per follower before.
    role
        "leader", "control" or "other".
    rebuilt
        Whether the profile itself was down or being rebuilt.
    """

    account: str
    before: int
    after: int
    net: int
    growth: float
    growth_low: float
    growth_high: float
    gross: float
    gross_low: float
    gross_high: float
    hazard: float
    hazard_low: float
    hazard_high: float
    role: str
    rebuilt: bool


@dataclass(frozen=True, slots=True)
class RiskRatio:
    """Gross loss per follower of a leader over that of a control.

    Parameters
    ----------
    ratio, low, high
        With the 95 % interval that the growth's own uncertainty gives.
    naive_ratio
        The ratio of net losses; None where the control lost nothing net.
    e_value
        Of the lower bound (VanderWeele and Ding 2017).
    """

    leader: str
    control: str
    ratio: float
    low: float
    high: float
    naive_ratio: float | None
    e_value: float


def common_falls(daily: Daily, alpha: float) -> list[CommonFall]:
    """Days on which more accounts fell together than on others, in order of time.

    alpha: chance of any false one in the whole record.
    """
    many = len(daily.accounts) >= MIN_ACCOUNTS_FOR_SHARES
    number = np.isfinite(daily.z).sum(axis=0)
    usable = number >= max(1, 0.25 * np.median(number[number > 0]) if (number > 0).any() else 1)
    z = np.nan_to_num(daily.z, nan=0)
    if many:
        share = (z <= -FALL_DEVIATIONS).sum(axis=0) / np.maximum(number, 1)
        score = np.where(usable, share, 0.0)
    else:
        score = np.where(usable, np.maximum(0, -z).max(axis=0), 0.0)
    p, kind = _tail_p_values(score, usable, least=1 / len(daily.accounts) if many else 1.5)
    hit = usable & (p <= alpha / max(int(usable.sum()), 1))
    found: list[CommonFall] = []
    d = 0
    while d < len(hit):
        if hit[d]:
            end = d
            # Days that lean the same way belong to it.
            while end + 1 < len(hit) and (hit[end + 1] or score[end + 1] > 0.5 * score[d]):
                end += 1
            found.append(CommonFall(d, end, float(p[d : end + 1].min()), kind))
            d = end
        d += 1
    return found


def _tail_p_values(score: np.ndarray, usable: np.ndarray, least: float) -> tuple[np.ndarray, str]:
    """p of each day's score: an exponential tail fitted to all but the most unusual twentieth."""
    values = score[usable]
    if len(values) < _MIN_DAYS:
        return np.ones(len(score)), "rank"
    body = np.sort(values)[: max(5, int(np.ceil(0.95 * len(values))))]
    # Quantiles of the lower 95 % fix place and scale.
    half, high = np.quantile(body, [0.5, 0.95])
    scale = max((high - half) / np.log(10), least)
    p = np.exp(-np.maximum(score - half, 0) / scale) * 0.5
    return np.clip(p, 1e-12, 1.0), "extrapolated"


def account_drops(
    daily: Daily, fall: CommonFall, leaders: tuple[str, ...], controls: tuple[str, ...]
) -> list[AccountDrop]:
    """Net change, ordinary growth and gross loss of every account over the days of `fall`.

    Accounts whose counts are missing about it, or whose growth is not known, are left out.
    """
    drops = []
    for a, account in enumerate(daily.accounts):
        role = "leader" if account in leaders else "control" if account in controls else "other"
        drop = _account_drop(daily, fall, a, role)
        if drop is not None:
            drops.append(drop)
    return drops


def _account_drop(daily: Daily, fall: CommonFall, a: int, role: str) -> AccountDrop | None:
    first, last = fall.first, fall.last
    before = _last_known(daily.level[a], first - 1, -1)
    after = _last_known(daily.level[a], last, 1)
    if before is None or after is None:
        return None
    (day_before, level_before), (day_after, level_after) = before, after
    days = day_after - day_before
    growth, spread = daily.growth[a, first], daily.spread[a, first]
    if days > last - first + 1 + 2 * MAX_GAP_DAYS or not np.isfinite(growth):
        return None
    expected, deviation = growth * days, spread * np.sqrt(days)
    net = level_after - level_before
    low, high = expected - _HALF_WIDTH * deviation, expected + _HALF_WIDTH * deviation
    size = max(level_before, 1.0)
    lowest = np.nanmin(daily.level[a, first : day_after + 1])
    return AccountDrop(
        account=daily.accounts[a],
        before=int(level_before),
        after=int(level_after),
        net=int(net),
        growth=float(expected),
        growth_low=float(low),
        growth_high=float(high),
        gross=float(expected - net),
        gross_low=float(low - net),
        gross_high=float(high - net),
        hazard=float((expected - net) / size),
        hazard_low=float((low - net) / size),
        hazard_high=float((high - net) / size),
        role=role,
        rebuilt=bool(
            level_before >= REBUILT_MIN_FOLLOWERS and lowest <= REBUILT_SHARE * level_before
        ),
    )


def _last_known(level: np.ndarray, day: int, step: int) -> tuple[int, float] | None:
    """(day, level) of the first known level from `day` on in steps of `step`, within the gap."""
    for d in range(day, day + step * (MAX_GAP_DAYS + 1), step):
        if 0 <= d < len(level) and np.isfinite(level[d]):
            return d, float(level[d])
    return None


def risk_ratios(drops: list[AccountDrop], wave: int, seed: int) -> list[RiskRatio]:
    """Risk ratio of each leader against each control of one wave, gross losses.

    The interval carries the uncertainty of both growths. wave, seed: of the draws.
    """
    mine = [d for d in drops if not d.rebuilt]
    rng = np.random.default_rng([seed, wave])
    return [
        _risk_ratio(leader, control, rng)
        for leader in mine
        if leader.role == "leader"
        for control in mine
        if control.role == "control"
    ]


def _risk_ratio(leader: AccountDrop, control: AccountDrop, rng: np.random.Generator) -> RiskRatio:
    ratio = _draw_hazards(leader, rng) / _draw_hazards(control, rng)
    low, high = np.quantile(ratio, [0.025, 0.975])
    middle = max(leader.hazard, 1e-12) / max(control.hazard, 1 / max(control.before, 1))
    naive = (
        (-leader.net / leader.before) / max(-control.net / control.before, 1e-12)
        if control.net < 0
        else None
    )
    return RiskRatio(
        leader=leader.account,
        control=control.account,
        ratio=float(middle),
        low=float(low),
        high=float(high),
        naive_ratio=naive,
        e_value=e_value(float(low)),
    )


def _draw_hazards(drop: AccountDrop, rng: np.random.Generator) -> np.ndarray:
    """Gross losses per follower under draws of the growth, float64[RATIO_DRAWS]."""
    deviation = (drop.growth_high - drop.growth_low) / (2 * _HALF_WIDTH)
    # A loss is at least one account: ratios of next to nothing would be infinite.
    lost = np.maximum(drop.gross + deviation * rng.standard_normal(RATIO_DRAWS), 1.0)
    return np.asarray(lost / max(drop.before, 1))
