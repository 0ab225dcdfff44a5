"""How falls reach a log: a queue, an outage, a desk with hours, a setting changed for everybody."""

from __future__ import annotations

import numpy as np

DAY_S = 86_400.0


def outage(rng: np.random.Generator) -> np.ndarray:
    """Steady falls over two months; the collector is down for one to six days and then catches up.

    Seconds, float64[n].
    """
    times = rng.random(rng.poisson(60 * 120)) * 60 * DAY_S
    begin = rng.uniform(10, 40) * DAY_S
    end = begin + rng.uniform(1, 6) * DAY_S
    lost = (times > begin) & (times < end)
    times[lost] = end + rng.random(int(lost.sum())) * rng.uniform(300, 7200)
    return np.sort(times)


def hourly_queue(rng: np.random.Generator) -> np.ndarray:
    """A queue that is emptied once an hour, within a minute."""
    held = rng.poisson(rng.gamma(3.0, 2.0, 24 * 20))
    begin = rng.uniform(0, 3600)
    return np.sort(
        np.repeat(np.arange(len(held)), held) * 3600.0 + begin + rng.random(held.sum()) * 50
    )


def weekday_mornings(rng: np.random.Generator) -> np.ndarray:
    """A desk that works on weekdays from nine to half past eleven."""
    days = [d for d in range(120) if d % 7 < 5]
    return np.sort(
        np.concatenate([d * DAY_S + 9 * 3600 + rng.random(rng.poisson(25)) * 9000 for d in days])
    )


def thinning_wave(rng: np.random.Generator, size: int = 400) -> np.ndarray:
    """A month of steady falls, and a wave whose pace halves and halves again."""
    wave = rng.uniform(8, 22) * DAY_S + rng.exponential(rng.uniform(300, 7200), size)
    return np.sort(np.concatenate([rng.random(rng.poisson(30 * 120)) * 30 * DAY_S, wave]))


def set_anew(rng: np.random.Generator) -> list[tuple[str, str, float]]:
    """Blocks of two months, of which many are lifted and set anew within seconds one day.

    Rows (account, status, second).
    """
    falls = np.sort(rng.random(1500) * 60 * DAY_S)
    rows = [(f"user {i}", "suspended", float(t)) for i, t in enumerate(falls)]
    begin = rng.uniform(61, 80) * DAY_S
    for i in rng.permutation(1500)[:900]:
        at = begin + float(rng.random() * 3600)
        rows += [(f"user {i}", "active", at), (f"user {i}", "suspended", at + rng.uniform(1, 20))]
    return rows
