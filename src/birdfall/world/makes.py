"""Worlds of other makes: each cause as other accounts of it have it come about.

The weights of explanations are learnt on one account of each cause. Here are three more, written
from other mechanisms, and mixtures of them: a clean-up that takes networks sold to leaders, cuts a
score at night or asks for a telephone; reports that wait in the queue of a desk, follow a call on
the air or come from two camps at once; a defect that catches a word of a camp, a shard of the
machines or an app; a list that a script goes down, an order carried out in tranches, a circle
around the leader; quiet months of reports that breed others, of a desk with hours, of rates with a
heavy tail. Kinds of accounts, looks and reports are those of the light world.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from birdfall.world.fast import DAYS, Fallen, LightWorlds, Waved, simulate_light, trigger_sizes
from birdfall.world.hazards import APP, CONTROL, KINDS, LEADER, NOTABLE, STATE, chances
from birdfall.world.priors import Parameters, Priors, draw, priors
from birdfall.world.timing import DAY_S, siege

#: The makes: one mechanism of each cause in the first three, two of any in the last.
MAKES: Final = ("first", "second", "third", "mixed")
#: Windows of ten minutes in a day.
A_DAY: Final = 144

#: Beta shape of the share that comes back, by cause.
_SHARES: Final[Mapping[str, tuple[float, float]]] = {
    "purge": (1.0, 20.0), "brigade": (3.0, 3.0), "error": (8.0, 1.2), "targeted": (1.0, 6.0),
}  # fmt: skip


def other_make_worlds(
    number: int, seed: int, make: str, *, accounts: int = 100_000, ranges: Priors | None = None
) -> LightWorlds:
    """Many worlds of a make, each from a stream of its own.

    Raises
    ------
    KeyError
        For an unknown make.
    """
    if make not in MAKES:
        raise KeyError(make)
    ranges = ranges or priors()
    drawn, rows = [], []
    for i in range(number):
        rng = np.random.default_rng(np.random.SeedSequence([seed, 2014], spawn_key=(i,)))
        parameters = draw(ranges, rng, mixed=make == "mixed")
        waved = Waved(
            _windows(make, parameters, rng),
            partial(_wave, make, parameters) if parameters.shares else None,
        )
        rows.append(list(simulate_light(parameters, rng, accounts=accounts, waved=waved).values()))
        drawn.append(parameters)
    return LightWorlds(np.array(rows), tuple(drawn))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _windows(make: str, parameters: Parameters, rng: np.random.Generator) -> np.ndarray:
    """Ordinary suspensions per window of ten minutes, int64[days x 144]."""
    mean = parameters.every["base_per_ten_minutes"]
    cells = DAYS * A_DAY
    how = MAKES[int(rng.integers(3))] if make == "mixed" else make
    if how == "first":
        # each first report breeds others within the hour
        breeds = rng.uniform(0.2, 0.85)
        begun = rng.poisson(mean * (1 - breeds), cells)
        whole = begun.astype(np.int64)
        while begun.sum():
            born = rng.poisson(breeds * begun)
            late = np.repeat(np.arange(cells), born) + rng.geometric(0.4, int(born.sum())) - 1
            begun = np.bincount(late[late < cells], minlength=cells)
            whole += begun
        return whole
    if how == "second":
        # a desk with hours, and little at night and on two days of seven
        hour = np.arange(cells) % A_DAY / 6
        day = np.arange(cells) // A_DAY
        rate = np.where((hour > 8) & (hour < 18), 1.0, rng.uniform(0.02, 0.5))
        rate = rate * np.where(day % 7 < 5, 1.0, rng.uniform(0.1, 1.0))
        return np.asarray(rng.poisson(mean * rate / rate.mean()))
    heavy = rng.uniform(0.4, 1.3)
    rate = rng.lognormal(-(heavy**2) / 2, heavy, cells)
    return np.asarray(rng.poisson(mean * rate))


def _wave(of: str, parameters: Parameters, people: np.ndarray, rng: np.random.Generator) -> Fallen:
    """Who falls when in a wave of a make; people: int64[48], by kind."""
    left = people.copy()
    kinds, fell, back = [], [], []
    joined = none = np.empty(0, np.int64)
    for trigger, size in trigger_sizes(parameters):
        make = MAKES[int(rng.integers(3))] if of == "mixed" else of
        length = parameters.by_trigger[trigger]["duration_s"]
        struck = rng.binomial(left, chances(_weight(trigger, make, rng), left, size))
        kinds.append(np.repeat(np.arange(KINDS), struck))
        fell.append(_times(trigger, make, kinds[-1], length, rng))
        back.append(_returns(trigger, make, kinds[-1], fell[-1], rng))
        if trigger == "brigade":
            crew = siege(parameters.by_trigger[trigger]).crew
            joined = np.maximum(1, rng.binomial(crew, rng.uniform(0.05, 0.9), int(struck.sum())))
        left = left - struck
    return Fallen(np.concatenate(kinds), np.concatenate(fell), np.concatenate(back), joined, none)


def _weight(trigger: str, make: str, rng: np.random.Generator) -> np.ndarray:
    """Relative hazards of the kinds of accounts, float64[48]."""
    person = STATE > 0
    if trigger == "purge":
        return _weight_of_clean_up(make, rng)
    if trigger == "brigade":
        camp = np.where(LEADER == 1, _between(rng, 4, 150), 1.0)
        seen = np.where(NOTABLE == 1, _between(rng, 1, 20), 1.0)
        if make == "second":
            seen = np.where(NOTABLE == 1, _between(rng, 8, 150), 1.0)
        if make == "third":
            camp = camp + np.where(CONTROL == 1, _between(rng, 2, 100), 0.0)
        return np.asarray(camp * seen * np.where(person, 1.0, _between(rng, 0.02, 1.5)))
    if trigger == "error":
        if make == "first":
            camp = np.where(LEADER == 1, 1.0, 1 / _between(rng, 2, 60))
            return np.asarray(camp * np.where(person, 1.0, _between(rng, 0.2, 3.0)))
        if make == "second":
            return np.ones(KINDS)
        return np.where(APP == 1, 1.0, _between(rng, 1e-5, 0.01))
    camp = np.where(LEADER == 1, _between(rng, 8, 300), 1.0)
    if make == "first":
        seen = np.where(NOTABLE == 1, _between(rng, 20, 1000), 1.0)
        return np.asarray(camp * seen * (0.02 + person))
    if make == "second":
        seen = np.where(NOTABLE == 1, _between(rng, 1, 30), 1.0)
        return np.asarray(camp * seen * (0.05 + person))
    return np.asarray(
        camp**1.3
        * np.where(NOTABLE == 1, _between(rng, 2, 60), 1.0)
        * np.where(person, 1.0, _between(rng, 0.5, 6.0))
    )


def _weight_of_clean_up(make: str, rng: np.random.Generator) -> np.ndarray:
    bot = STATE == 0
    if make == "first":
        # networks sold to the leader, to the control, to both, to others: some fall whole
        taken = rng.gamma(0.3, 1.0, 4) + 1e-3
        return np.asarray(
            np.where(bot, taken[2 * LEADER + CONTROL] / taken.max(), _between(rng, 1e-5, 3e-3))
        )
    if make == "second":
        # a score: bots two spreads above people, schedulers one; the known are vouched for
        cut = rng.uniform(1.5, 3.5)
        score = np.array([2.2, 1.0, 0.0])[STATE] - 1.5 * NOTABLE
        return np.asarray(1 / (1 + np.exp(1.7 * (cut - score))))
    return np.where(
        bot, 1.0, np.where(STATE == 1, _between(rng, 0.02, 0.3), _between(rng, 1e-4, 0.02))
    )


def _times(
    trigger: str, make: str, kind: np.ndarray, length: float, rng: np.random.Generator
) -> np.ndarray:
    """Seconds from the onset at which each falls."""
    n = len(kind)
    even = rng.random(n)
    if trigger == "purge":
        if make == "first":
            network = rng.choice(12, n, p=rng.dirichlet(np.full(12, 0.7)))
            begins = np.cumsum(rng.gamma(0.7, 1.0, 12))
            since = begins[network] + even * rng.uniform(0.1, 1.0)
            return np.asarray(since / begins[-1] * length)
        if make == "second":
            nights = int(rng.integers(1, 4))
            return rng.integers(0, nights, n) * DAY_S + even * _between(rng, 60, 7200)
        return np.asarray(rng.exponential(length / 3, n))
    if trigger == "brigade":
        if make == "first":
            order, block = rng.permutation(n), int(rng.integers(10, 200))
            gap = length / max(n, 1) / 2
            pauses = (order // block) * (length / 2 / max(n / block, 1))
            return np.asarray(order * gap + pauses + even * gap)
        if make == "second":
            return np.asarray(rng.exponential(length / 4, n) / (1 + NOTABLE[kind]))
        return np.asarray(np.sqrt(even) * length)
    if trigger == "error":
        if make == "first":
            return np.asarray(rng.gamma(2.0, length / 6, n))
        return np.asarray(np.sqrt(even) * length) if make == "second" else even * min(length, 1800)
    if make == "first":
        gap = min(length / max(n, 1), _between(rng, 0.3, 30))
        return np.asarray((rng.permutation(n) + 0.1 * even) * gap)
    if make == "second":
        parts = int(rng.integers(2, 7))
        return rng.integers(0, parts, n) * length / parts + even * _between(rng, 30, 1200)
    return np.asarray(np.sort(even)[rng.permutation(n)] * length)


def _returns(
    trigger: str, make: str, kind: np.ndarray, fell: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """When each comes back (inf: never): by appeal, or all at once."""
    n = len(kind)
    known = NOTABLE[kind] == 1
    share: np.ndarray | float = rng.beta(*_SHARES[trigger])
    bulk = trigger == "error"
    if trigger == "purge" and make == "third":
        share = np.where(STATE[kind] == 0, 0.03, rng.uniform(0.2, 0.7))
    if trigger == "brigade":
        share = np.where(known, 1 - (1 - share) ** 2, share)
        bulk = make == "third" and rng.random() < 0.3
    if trigger == "targeted" and make == "second" and rng.random() < 0.3:
        share, bulk = rng.uniform(0.5, 1.0), True
    back = rng.random(n) < share
    hours = _between(rng, 1, 72) if bulk else _between(rng, 6, 150)
    alone = fell + rng.lognormal(np.log(hours * 3600), 0.8, n)
    together = (fell.max() if n else 0.0) + hours * 3600 + rng.random(n) * 900
    return np.where(back, together if bulk else alone, np.inf)
