"""Light worlds: waves drawn by kinds of accounts, not single ones, for calibration on thousands.

The same hazards, pace, sieges, restorations and ordinary falls as the full world, and the same
evidence; no graph, no acts, no text. A world takes about a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.world.evidence import ITEMS, MAX_DOSE, Outcome, evidence
from birdfall.world.hazards import (
    APP,
    KINDS,
    LEADER,
    NOTABLE,
    STATE,
    chances,
    hazard,
    shares_of_kinds,
)
from birdfall.world.priors import Parameters, Priors, draw, priors
from birdfall.world.timing import (
    DAY_S,
    WINDOW_S,
    Siege,
    busiest_window,
    ordinary_counts,
    ordinary_returns,
    pace,
    returns,
    siege,
)

#: Days of the record, and the one at whose beginning (UTC) the wave sets in.
DAYS: Final = 30
ONSET_DAY: Final = 25
#: A reporter of this many of the fallen is no passer-by.
REPEATED: Final = 3


def trigger_sizes(parameters: Parameters) -> list[tuple[str, float]]:
    """Triggers of a wave and the accounts each is to hit, the brigade last.

    Those it fails on are hit by no other.
    """
    size = parameters.size()
    return sorted(
        ((t, size * s) for t, s in parameters.shares.items()),
        key=lambda part: (part[0] == "brigade", part[0]),
    )


def report_days(parameters: Parameters) -> float:
    """Days over which reports are counted: the wave, a day before it and a day after."""
    return (
        2
        + max((parameters.by_trigger[t]["duration_s"] for t in parameters.shares), default=WINDOW_S)
        / DAY_S
    )


def looks_inauthentic(parameters: Parameters) -> np.ndarray:
    """The chance that a timeline looks inauthentic, by state: float64[3]."""
    p = parameters.every
    return np.array(
        [p["detector_sensitivity"], p["detector_automated"], p["detector_false_alarms"]]
    )


@dataclass(frozen=True)
class LightWorlds:
    """Evidence of many worlds.

    Features float64[n, len(ITEMS)] in the order of `ITEMS`, and the parameters of each.
    """

    features: np.ndarray
    parameters: tuple[Parameters, ...]

    @property
    def triggers(self) -> list[str]:
        """The (leading) trigger of each world."""
        return [p.trigger for p in self.parameters]


@dataclass(frozen=True)
class Fallen:
    """kind, fell, back of each.

    Reports by the crew on those of a brigade, and on its targets that did not fall.
    """

    kind: np.ndarray
    fell: np.ndarray
    back: np.ndarray
    joined: np.ndarray
    spared: np.ndarray


@dataclass(frozen=True)
class Waved:
    """What another make has happen.

    windows: ordinary falls per window of ten minutes. wave: who falls when, of int64[48] people by
    kind; None in a quiet month.
    """

    windows: np.ndarray
    wave: Callable[[np.ndarray, np.random.Generator], Fallen] | None


def simulate_light(
    parameters: Parameters,
    rng: np.random.Generator,
    *,
    accounts: int = 100_000,
    waved: Waved | None = None,
) -> dict[str, float]:
    """The evidence of one light world.

    A float for every name in `evidence.ITEMS`, NaN where the world has none.
    """
    return evidence(light_outcome(parameters, rng, accounts=accounts, waved=waved))


def light_worlds(
    number: int,
    seed: int,
    *,
    accounts: int = 100_000,
    ranges: Priors | None = None,
    trigger: str | None = None,
    mixed: bool | None = None,
    first: int = 0,
) -> LightWorlds:
    """Many worlds, each from a stream of its own: world i is the same whatever `number` is.

    first: the i of the first.
    """
    ranges = ranges or priors()
    drawn, rows = [], np.empty((number, len(ITEMS)))
    for i in range(number):
        rng = np.random.default_rng(np.random.SeedSequence([seed, 2013], spawn_key=(first + i,)))
        drawn.append(draw(ranges, rng, trigger=trigger, mixed=mixed))
        rows[i] = list(simulate_light(drawn[-1], rng, accounts=accounts).values())
    return LightWorlds(rows, tuple(drawn))


def light_outcome(
    parameters: Parameters,
    rng: np.random.Generator,
    *,
    accounts: int = 100_000,
    waved: Waved | None = None,
) -> Outcome:
    """What happened in one light world.

    waved: what another make has happen.
    """
    people = rng.multinomial(accounts, shares_of_kinds(parameters))
    if waved is not None:
        windows = waved.windows
        wave = waved.wave(people, rng) if waved.wave else None
    else:
        windows = ordinary_counts(parameters, DAYS, rng)
        wave = _wave(parameters, people, rng) if parameters.shares else None
    fallen = _with_ordinary(parameters, people, windows, wave, rng)
    hit = np.bincount(fallen.kind, minlength=KINDS)
    number = len(fallen.kind)
    flags = looks_inauthentic(parameters)
    standing = rng.multinomial(
        min(number, accounts - number), (people - hit) / max((people - hit).sum(), 1)
    )
    followers = int(people[LEADER == 1].sum()), int(hit[LEADER == 1].sum())
    doses, doses_fell, on_fallen, by_repeaters = _reports(
        parameters, accounts, number, followers, wave, rng
    )
    return Outcome(
        people=people,
        hit=hit,
        fell=fallen.fell,
        back=fallen.back,
        notable=NOTABLE[fallen.kind],
        flagged=int(rng.binomial(hit, flags[STATE]).sum()),
        flagged_of=int(rng.binomial(standing, flags[STATE]).sum()),
        controls=int(standing.sum()),
        base_per_s=parameters.every["base_per_ten_minutes"] / WINDOW_S,
        daily=windows.reshape(DAYS, -1).sum(1)[:ONSET_DAY],
        doses=doses,
        doses_fell=doses_fell,
        on_fallen=on_fallen,
        by_repeaters=by_repeaters,
    )


def _wave(parameters: Parameters, people: np.ndarray, rng: np.random.Generator) -> Fallen:
    left = people.copy()
    kinds, fell, back = [], [], []
    joined = spared = np.empty(0, np.int64)
    for trigger, size in trigger_sizes(parameters):
        values = parameters.by_trigger[trigger]
        weight = hazard(trigger, parameters, STATE, LEADER, APP, NOTABLE)
        crew = siege(values) if trigger == "brigade" else None
        struck = rng.binomial(left, chances(weight, left, size / (crew.succeeds if crew else 1.0)))
        kind = np.repeat(np.arange(KINDS), struck)
        if crew:
            reports = rng.binomial(crew.crew, crew.joins, len(kind))
            down = reports >= crew.threshold
            kind, joined, spared = kind[down], reports[down], reports[~down]
            fell.append(crew.falls(joined, values, rng))
        else:
            fell.append(pace(trigger, values, len(kind), rng))
        back.append(returns(values, NOTABLE[kind], fell[-1], rng))
        kinds.append(kind)
        left = left - np.bincount(kind, minlength=KINDS)
    return Fallen(np.concatenate(kinds), np.concatenate(fell), np.concatenate(back), joined, spared)


def _with_ordinary(
    parameters: Parameters,
    people: np.ndarray,
    windows: np.ndarray,
    wave: Fallen | None,
    rng: np.random.Generator,
) -> Fallen:
    """The fallen of the wave and the ordinary ones of its window.

    Without a wave, those of the window that looks most like one (`timing.busiest_window`).
    """
    none = np.empty(0, np.int64)
    if wave is None:
        times = busiest_window(windows, rng)
        wave = Fallen(none, np.empty(0), np.empty(0), none, none)
    else:
        here = windows[ONSET_DAY * 144 :]
        times = (np.repeat(np.arange(len(here)), here) + rng.random(int(here.sum()))) * WINDOW_S
        times = times[times <= (wave.fell.max() if len(wave.fell) else 0.0)]
    left = people - np.bincount(wave.kind, minlength=KINDS)
    weight = left * hazard("churn", parameters, STATE, LEADER, APP, NOTABLE)
    drawn = np.minimum(
        rng.multinomial(min(len(times), int(left.sum())), weight / weight.sum()), left
    )
    kind = np.repeat(np.arange(KINDS), drawn)
    times = rng.permutation(times)[: len(kind)]
    return Fallen(
        np.r_[wave.kind, kind],
        np.r_[wave.fell, times],
        np.r_[wave.back, ordinary_returns(parameters, times, rng)],
        wave.joined,
        wave.spared,
    )


def _reports(
    parameters: Parameters,
    accounts: int,
    fallen: int,
    followers: tuple[int, int],
    wave: Fallen | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Accounts by dose, the fallen by dose, reports on the fallen, and those by repeaters.

    followers: of the leader, in all and among the fallen.
    """
    p = parameters.every
    period = report_days(parameters)
    brigade = "brigade" in parameters.shares
    crew = siege(parameters.by_trigger["brigade"])
    joined = wave.joined if wave else np.empty(0, np.int64)
    spared = wave.spared if wave else np.empty(0, np.int64)
    if not brigade:
        joined, spared = _idle_crew_reports(crew, followers, p["idle_crew"], rng)
    hidden = (
        parameters.by_trigger["brigade"]["camouflage"] * (joined.sum() + spared.sum()) / accounts
        if brigade
        else 0.0
    )

    def honest(n: int) -> np.ndarray:
        return rng.poisson(
            rng.gamma(p["reports_size"], p["reports_per_account"] * period / p["reports_size"], n)
        )

    by_crew = np.zeros(fallen, np.int64)
    by_crew[: len(joined)] = joined
    hiding = rng.poisson(hidden, fallen)
    hiding[: len(joined)] = 0
    of_fallen = honest(fallen) + by_crew + hiding
    pile_ons = rng.poisson(p["pile_on_reports"], rng.poisson(p["pile_ons"] * period))
    others = accounts - fallen - len(spared) - len(pile_ons)
    chance = np.convolve(
        _negative_binomial(p["reports_size"], p["reports_per_account"] * period), _poisson(hidden)
    )
    chance = np.r_[chance[:MAX_DOSE], max(0.0, 1 - chance[:MAX_DOSE].sum())]
    dose = rng.multinomial(max(others, 0), chance / chance.sum())
    for some in (of_fallen, honest(len(spared)) + spared, pile_ons):
        dose += np.bincount(np.minimum(some, MAX_DOSE), minlength=MAX_DOSE + 1)
    dose_fell = np.bincount(np.minimum(of_fallen, MAX_DOSE), minlength=MAX_DOSE + 1)
    if brigade:  # the rule cannot tell an honest pile-on from a brigade
        dose_fell += np.bincount(
            np.minimum(pile_ons[pile_ons >= crew.threshold], MAX_DOSE), minlength=MAX_DOSE + 1
        )
    plain = int(of_fallen.sum() - by_crew.sum() - hiding.sum())
    again = float(
        plain * -np.expm1(-plain / accounts)
        - plain * (plain / accounts) * np.exp(-plain / accounts)
    )
    if len(joined):
        again += _crew_repeats(crew, joined, int(by_crew.sum() + hiding.sum()), rng)
    return dose, dose_fell, int(of_fallen.sum()), round(again)


def _idle_crew_reports(
    crew: Siege, followers: tuple[int, int], share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Reports of a crew that had no effect, on each follower it chose: the fallen, and the others.

    share: of the leader's followers that such a crew reports.
    """
    down, up = (
        rng.binomial(followers[1], share),
        rng.binomial(followers[0] - followers[1], share),
    )
    return rng.binomial(crew.crew, crew.joins, down), rng.binomial(crew.crew, crew.joins, up)


def _crew_repeats(crew: Siege, joined: np.ndarray, reports: int, rng: np.random.Generator) -> float:
    """Expected reports by those of a crew who reported several, of all `reports` of the crew."""
    each = rng.binomial(len(joined), joined.mean() / crew.crew, crew.crew)
    return float(reports * each[each >= REPEATED].sum() / max(each.sum(), 1))


def _negative_binomial(size: float, mean: float) -> np.ndarray:
    """Chances of 0 to `MAX_DOSE` - 1, by the recursion of the distribution."""
    k = np.arange(MAX_DOSE - 1)
    steps = np.log((k + size) / (k + 1)) + np.log(mean / (size + mean))
    return np.asarray(np.exp(np.cumsum(np.r_[size * np.log(size / (size + mean)), steps])))


def _poisson(mean: float) -> np.ndarray:
    """Chances of 0 to 59."""
    if mean <= 0:
        return np.ones(1)
    return np.asarray(np.exp(np.cumsum(np.r_[-mean, np.log(mean / np.arange(1, 60))])))
