"""What the platform does.

Ordinary suspensions, the wave by its cause, who appeals, who returns when.

Whom a cause hits, how fast, and who returns follow the hazards, pace and restorations of the worlds
that explanations are calibrated on (`world.hazards`, `world.timing`), from the middle of the public
priors; how many fall, of whose followers, and how many return is the scenario's, so that the same
public counts come from different truths. A wave may have several causes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.world.follows import Follows
from birdfall.world.hazards import hazard
from birdfall.world.population import APP, CAST, INAUTHENTIC, MINISTER, PRESIDENT, Population
from birdfall.world.priors import Parameters, middle, priors
from birdfall.world.scenarios import Scenario
from birdfall.world.timing import pace, returns, siege


@dataclass(frozen=True)
class SimulatedFalls:
    """All falls of a world, one entry each; times in seconds since 1970.

    Parameters
    ----------
    account
        int32[n], number of the account.
    time, back
        float64[n], when it fell and returned (inf: never).
    wave
        bool[n], whether the fall is of the wave.
    status
        "suspended", "deactivated" or "deleted".
    trigger
        Of a fall in the wave, "" elsewhere.
    appealed
        When its owner appealed (inf: never); a return without an appeal was part of a restoration
        of all.
    """

    account: np.ndarray
    time: np.ndarray
    back: np.ndarray
    wave: np.ndarray
    status: np.ndarray
    trigger: np.ndarray
    appealed: np.ndarray


def simulate_falls(
    world: Scenario, people: Population, graph: Follows, rng: np.random.Generator
) -> SimulatedFalls:
    """All falls of a world, ordered by time."""
    wave = _wave_falls(world, people, graph, rng)
    ordinary = _ordinary_suspensions(world, people, rng, taken=set(wave.account.tolist()))
    own = _departures(
        world, people, rng, taken=set(wave.account.tolist()) | set(ordinary.account.tolist())
    )
    parts = (wave, ordinary, own)
    names = ("account", "time", "back", "wave", "status", "trigger", "appealed")
    joined = [np.concatenate([getattr(p, f) for p in parts]) for f in names]
    order = np.lexsort((joined[0], joined[1]))
    return SimulatedFalls(*(column[order] for column in joined))


def parameters_of(world: Scenario, trigger: str) -> Parameters:
    """The middle of the priors, with the scenario's figures of pace and restorations."""
    figures = {
        "duration_s": world.duration_s,
        "returned": world.restored,
        "return_median_h": world.restored_median_h,
    }
    if trigger == "brigade":
        figures |= {
            "crew": world.crew,
            "threshold": world.threshold,
            "dilution": world.dilution,
            "lag_s": world.lag_s,
        }
    if trigger == "purge":
        figures |= {"leak_automated": world.leak, "leak_manual": world.leak}
    return middle(priors(), trigger).with_values(**{trigger: figures})


def _wave_falls(
    world: Scenario, people: Population, graph: Follows, rng: np.random.Generator
) -> SimulatedFalls:
    if world.cause == "none":
        return _no_falls()
    onset, end = world.onset.timestamp(), world.begin.timestamp() + world.days * 86400
    standing = graph.edges_to(PRESIDENT)
    standing = standing[(graph.since[standing] < onset) & (graph.until[standing] > onset)]
    followers = np.unique(graph.follower[standing])
    others = np.setdiff1d(np.arange(len(CAST), len(people)), followers)
    parts = []
    for (trigger, hit), (_, rest) in zip(
        world.split_by_cause(world.fallen_followers),
        world.split_by_cause(world.fallen - world.fallen_followers - 1),
        strict=True,
    ):
        chosen = np.r_[
            _choose_hit(world, people, followers, hit, trigger, 1, rng),
            _choose_hit(world, people, others, rest, trigger, 0, rng),
        ]
        followers, others = np.setdiff1d(followers, chosen), np.setdiff1d(others, chosen)
        parts.append(_draw_part(world, chosen, trigger, rng))
    # the minister falls with the rest, and her account comes back after some hours
    parts.append(
        _single_fall(MINISTER, onset + rng.random() * world.duration_s, 5 * 3600.0, world.cause)
    )
    account, time, back, triggers, appealed = (
        np.concatenate([p[k] for p in parts]) for k in range(5)
    )
    number = len(account)
    back[back > end] = np.inf
    appealed[appealed > end] = np.inf
    return SimulatedFalls(
        account, time, back, np.ones(number, bool), np.full(number, "suspended"), triggers, appealed
    )


def _choose_hit(
    world: Scenario,
    people: Population,
    among: np.ndarray,
    number: int,
    trigger: str,
    follows: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """`number` of these accounts, by their hazard under the trigger."""
    notable = (among < world.leaders).astype(np.int64)
    app = (people.client[among] == APP).astype(np.int64)
    weight = hazard(
        trigger,
        parameters_of(world, trigger),
        people.state[among],
        np.full(len(among), follows),
        app,
        notable,
    )
    return rng.choice(among, number, replace=False, p=weight / weight.sum()).astype(np.int32)


_Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _draw_part(
    world: Scenario, account: np.ndarray, trigger: str, rng: np.random.Generator
) -> _Part:
    """When each falls, returns and appeals: account, time, back, trigger, appealed."""
    values, number = parameters_of(world, trigger).by_trigger[trigger], len(account)
    if trigger == "brigade":
        crew = siege(values)
        fell = crew.falls(
            np.maximum(rng.binomial(crew.crew, crew.joins, number), crew.threshold), values, rng
        )
        fell = np.minimum(fell, world.duration_s - rng.random(number))
    else:
        fell = pace(trigger, values, number, rng)
    notable = (account < world.leaders).astype(np.int64)
    back = returns(values, notable, fell, rng)
    # an account restored alone had an appeal granted; those in one batch at the end were all
    # restored without one
    last, median = (fell.max() if number else 0.0), values["return_median_h"] * 3600
    bulk = (back >= last + median) & (back <= last + median + 600)
    heard = np.isfinite(back) & ~bulk
    refused = ~np.isfinite(back) & (rng.random(number) < world.appeals_refused)
    until = np.where(heard, np.where(np.isfinite(back), back, 0.0) - fell, 4 * 86400.0)
    appealed = np.where(heard | refused, fell + rng.random(number) * until, np.inf)
    onset = world.onset.timestamp()
    return account, onset + fell, onset + back, np.full(number, trigger, "<U8"), onset + appealed


def _single_fall(account: int, time: float, returns_after: float, trigger: str) -> _Part:
    back = np.array([time + returns_after])
    return (
        np.array([account], np.int32),
        np.array([time]),
        back,
        np.array([trigger], "<U8"),
        back - 3600.0,
    )


def _ordinary_suspensions(
    world: Scenario, people: Population, rng: np.random.Generator, taken: set[int]
) -> SimulatedFalls:
    """Hourly counts.

    Negative binomial around a level that wanders (AR(1)) and breathes with the day.
    """
    hours = world.days * 24
    noise = rng.normal(0, 0.18, hours)
    level = np.zeros(hours)
    for h in range(1, hours):
        level[h] = 0.93 * level[h - 1] + noise[h]
    day = 1 + 0.5 * np.sin(2 * np.pi * ((np.arange(hours) % 24) - 15) / 24)
    mean = world.base_per_day / 24 * day * np.exp(level - level.var() / 2)
    number = rng.poisson(mean * rng.gamma(world.base_size, 1 / world.base_size, hours))
    time = np.sort(
        world.begin.timestamp()
        + (np.repeat(np.arange(hours), number) + rng.random(number.sum())) * 3600
    )
    weight = np.where(people.state == INAUTHENTIC, 6.0, 1.0) / (
        1 + np.maximum(0, (world.begin.timestamp() - people.created) / 86400 / 365)
    )
    weight[: world.leaders] = 0
    weight[np.fromiter(taken, np.int64, len(taken))] = 0
    account = rng.choice(len(people), len(time), replace=False, p=weight / weight.sum()).astype(
        np.int32
    )
    back = np.where(
        rng.random(len(time)) < world.base_restored,
        time + rng.exponential(60 * 3600, len(time)),
        np.inf,
    )
    back[back > world.begin.timestamp() + world.days * 86400] = np.inf
    number = len(time)
    appealed = np.where(np.isfinite(back), (time + back) / 2, np.inf)
    return SimulatedFalls(
        account,
        time,
        back,
        np.zeros(number, bool),
        np.full(number, "suspended"),
        np.full(number, "", "<U8"),
        appealed,
    )


def _departures(
    world: Scenario, people: Population, rng: np.random.Generator, taken: set[int]
) -> SimulatedFalls:
    """Accounts whose owners leave: deactivated, sometimes for a while, or deleted."""
    number = round(0.004 * len(people))
    free = np.setdiff1d(
        np.arange(world.leaders, len(people)), np.fromiter(taken, np.int64, len(taken))
    )
    account = rng.choice(free, number, replace=False).astype(np.int32)
    time = world.begin.timestamp() + rng.random(number) * world.days * 86400
    kind = np.where(rng.random(number) < 0.6, "deactivated", "deleted")
    back = np.where(
        (kind == "deactivated") & (rng.random(number) < 0.4),
        time + rng.exponential(4 * 86400, number),
        np.inf,
    )
    back[back > world.begin.timestamp() + world.days * 86400] = np.inf
    return SimulatedFalls(
        account,
        time,
        back,
        np.zeros(number, bool),
        kind,
        np.full(number, "", "<U8"),
        np.full(number, np.inf),
    )


def _no_falls() -> SimulatedFalls:
    empty = np.empty(0)
    return SimulatedFalls(
        np.empty(0, np.int32),
        empty,
        empty,
        np.empty(0, bool),
        np.empty(0, "<U11"),
        np.empty(0, "<U8"),
        empty,
    )
