"""Timing: how fast a wave runs under each trigger, when a besieged account falls, who is restored
and when, and how ordinary falls arrive.

Shared by the full and the light world. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from birdfall.kernels import tails
from birdfall.world.priors import Parameters

WINDOW_S = 600.0
DAY_S = 86400.0
#: Day-to-day correlation of the level of ordinary suspensions (0.62 to 0.71 on 383 real days of
#: 2022-23).
CARRIED_OVER = 0.65
#: Windows that someone may call a wave where nothing happened: from a minute to three days.
SHORTEST_QUIET_S, LONGEST_QUIET_S = 60.0, 3 * DAY_S
#: Of these, the share whose length a scan chose; the others have any length, and only their place
#: is the busiest.
SCANNED_SHARE = 0.5


def pace(
    trigger: str, values: Mapping[str, float], number: int, rng: np.random.Generator
) -> np.ndarray:
    """Seconds from the onset at which each of `number` falls.

    Batches for a purge, one sweep for a defect, a list worked off.

    The falls of a brigade come from its reports: see `Siege`. Returns float64[number] within the
    wave's duration.
    """
    length = values["duration_s"]
    if trigger == "purge":
        batches = max(2, round(values["batches"]))
        within = rng.random(number) * 0.3
        return np.asarray((rng.integers(0, batches, number) + within) / batches * length)
    if trigger == "error":
        return np.asarray(np.minimum(rng.exponential(length / 4, number), length))
    return np.asarray(rng.random(number) * length)


@dataclass(frozen=True)
class Siege:
    """What a crew can do.

    Its size, the chance that a member reports a target, and how many reports suspend.
    """

    crew: int
    joins: float
    threshold: int
    succeeds: float

    def falls(
        self, joined: np.ndarray, values: Mapping[str, float], rng: np.random.Generator
    ) -> np.ndarray:
        """Seconds from the onset at which targets with `joined` >= threshold reports fall.

        Float64[n].

        The call to report a target comes at any moment of the wave, its reports follow after
        exponential lags, and the account falls with the report that reaches the threshold (the
        order statistic, drawn by its beta distribution).
        """
        call = rng.random(len(joined)) * values["duration_s"]
        rank = rng.beta(self.threshold, joined - self.threshold + 1)
        return np.asarray(call - values["lag_s"] * np.log1p(-rank))


def siege(values: Mapping[str, float]) -> Siege:
    """The crew of a brigade.

    One too small for the threshold makes no wave, so the threshold is cut to what it reaches.
    """
    crew, joins = max(5, round(values["crew"])), 1 - values["dilution"]
    threshold = int(min(round(values["threshold"]), max(2, np.floor(crew * joins))))
    return Siege(crew, joins, threshold, tails.binomial_tail(threshold, crew, joins))


def returns(
    values: Mapping[str, float], notable: np.ndarray, fell: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """When each of the fallen is restored (inf: never), in the clock of `fell`: float64[n].

    Alone, after a delay of median `return_median_h`, or with all others of the batch, at one time
    after the last fall.
    """
    share, odds = min(values["returned"], 0.999), values["return_notable"]
    chance = np.where(notable == 1, share * odds / (1 - share + share * odds), share)
    number = len(fell)
    back = np.asarray(rng.random(number) < chance)
    median = values["return_median_h"] * 3600
    delay = rng.lognormal(np.log(median), 0.7, number)
    together = rng.random(number) < values["return_bulk"]
    batch = (fell.max() if number else 0.0) + median + rng.random(number) * 600
    return np.asarray(np.where(back, np.where(together, batch, fell + delay), np.inf))


def ordinary_returns(
    parameters: Parameters, fell: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """When each of the ordinarily suspended is restored within four days (inf: never)."""
    back = rng.random(len(fell)) < parameters.every["base_returned"]
    return np.asarray(np.where(back, fell + rng.random(len(fell)) * 4 * DAY_S, np.inf))


def ordinary_counts(parameters: Parameters, days: int, rng: np.random.Generator) -> np.ndarray:
    """Ordinary suspensions per window of ten minutes: int64[days x 144].

    Gamma levels by day (correlated from day to day) and again by window, both of the drawn size,
    with Poisson counts on top: over-dispersed at every window length, as real streams are.
    """
    size = parameters.every["base_size"]
    shock = rng.normal(0, 1, days)
    level = np.empty(days)
    level[0] = shock[0]
    for day in range(1, days):
        level[day] = CARRIED_OVER * level[day - 1] + np.sqrt(1 - CARRIED_OVER**2) * shock[day]
    # log-normal days with the spread of a gamma of this size: 1 / size is the squared coefficient
    # of variation
    spread = np.sqrt(np.log1p(1 / size))
    by_day = np.exp(spread * level - spread**2 / 2)
    windows = rng.gamma(size, 1 / size, (days, 144))
    mean = parameters.every["base_per_ten_minutes"] * by_day[:, None] * windows
    return np.asarray(rng.poisson(mean).ravel())


def busiest_window(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Times (s, from the first on) of the ordinary falls that look most like a wave.

    counts: int64[n], ordinary falls per window of ten minutes.

    Half of the time a scan chooses: the place and the (doubling) length whose count is the least
    likely at the mean rate. Else the length is drawn, evenly in its logarithm, and the busiest
    place of that length is taken. So what was chosen by looking is part of what chance does.
    """
    if rng.random() < SCANNED_SHARE:
        length = _least_likely_length(counts)
    else:
        length = float(np.exp(rng.uniform(np.log(SHORTEST_QUIET_S), np.log(LONGEST_QUIET_S))))
    together = max(1, round(length / WINDOW_S))
    if length >= WINDOW_S:
        sums = _running_sums(counts, together)
        first = int(sums.argmax())
        here = counts[first : first + together]
        times = (np.repeat(np.arange(together), here) + rng.random(int(here.sum()))) * WINDOW_S
        return np.asarray(times - times.min()) if len(times) else times
    # the fullest stretch of the fullest cells
    best = np.empty(0)
    for cell in np.argsort(-counts, kind="stable")[:24]:
        times = np.sort(rng.random(int(counts[cell]))) * WINDOW_S
        ends = np.searchsorted(times, times + length, "right")
        held = ends - np.arange(len(times))
        if len(held) and held.max() > len(best):
            first = int(held.argmax())
            best = times[first : ends[first]]
    return np.asarray(best - best.min()) if len(best) else best


def _running_sums(counts: np.ndarray, together: int) -> np.ndarray:
    """Sums over every `together` neighbours."""
    total = np.r_[0, np.cumsum(counts)]
    return np.asarray(total[together:] - total[:-together])


def _least_likely_length(counts: np.ndarray) -> float:
    """The doubling length (s) of the window with the largest Poisson likelihood ratio."""
    rate = max(float(counts.mean()), 1e-9)
    best, length = -1.0, WINDOW_S
    together = 1
    while together * WINDOW_S <= LONGEST_QUIET_S and together < len(counts):
        most, mean = float(_running_sums(counts, together).max()), rate * together
        ratio = most * np.log(most / mean) - (most - mean) if most > mean else 0.0
        if ratio > best:
            best, length = ratio, together * WINDOW_S
        together *= 2
    return length
