"""How suspended accounts come back: by appeal, when their time is over, or all at once."""

from __future__ import annotations

import numpy as np

DAY_S = 86_400.0
#: Row (account, status, second).
Row = tuple[str, str, float]


def desk(rng: np.random.Generator, asked: np.ndarray) -> np.ndarray:
    """When a desk that works from eight to six on weekdays answers appeals of these moments."""
    answered = asked + rng.lognormal(np.log(2.0), 0.8, len(asked)) * DAY_S
    weekday = (answered // DAY_S).astype(int) % 7
    answered += np.where(weekday >= 5, 7 - weekday, 0) * DAY_S
    day = answered // DAY_S
    hour = answered % DAY_S / 3600
    spread = 8 + rng.random(len(asked)) * 10
    opened = np.where((hour < 8) | (hour > 18), spread, hour)
    moments: np.ndarray = day * DAY_S + opened * 3600
    return moments


def appeals(
    rng: np.random.Generator, *, days: int = 120, a_day: float = 60.0
) -> tuple[np.ndarray, np.ndarray]:
    """Falls and returns (nan: none) of ordinary months in which a third appeals with success."""
    each = rng.poisson(a_day * rng.gamma(8.0, 1 / 8.0, days))
    fell = (np.repeat(np.arange(days), each) + rng.random(int(each.sum()))) * DAY_S
    back = np.full(len(fell), np.nan)
    lucky = rng.random(len(fell)) < 0.33
    back[lucky] = desk(rng, fell[lucky])
    back[back > days * DAY_S] = np.nan
    return fell, back


def rows(fell: np.ndarray, back: np.ndarray) -> list[Row]:
    """As status rows."""
    found = [(f"user {i}", "suspended", float(t)) for i, t in enumerate(fell)]
    found += [(f"user {i}", "active", float(t)) for i, t in enumerate(back) if np.isfinite(t)]
    return found


def ordinary_months(rng: np.random.Generator) -> list[Row]:
    """Nothing but appeals."""
    return rows(*appeals(rng))


def one_decision(
    rng: np.random.Generator, fell: np.ndarray, back: np.ndarray, size: int
) -> tuple[list[Row], set[str]]:
    """A rule is dropped, and so many of those it had caught come back within hours; and who they
    are. fell, back: of months of appeals.
    """
    back = back.copy()
    day = rng.uniform(50, 100)
    away = np.flatnonzero((fell < day * DAY_S) & ~(back < day * DAY_S))
    chosen = rng.choice(away, min(size, len(away)), replace=False)
    back[chosen] = day * DAY_S + rng.random(len(chosen)) * np.exp(
        rng.uniform(np.log(300), np.log(8 * 3600))
    )
    return rows(fell, back), {f"user {i}" for i in chosen}


def time_is_over(rng: np.random.Generator) -> list[Row]:
    """A wave of suspensions for three days each, which end as they had begun."""
    fell, back = appeals(rng)
    wave = rng.uniform(40, 80) * DAY_S + rng.random(int(rng.integers(400, 1500))) * rng.uniform(
        1800, 20_000
    )
    fell = np.r_[fell, wave]
    return rows(fell, np.r_[back, wave + 3 * DAY_S + rng.random(len(wave)) * 30])
