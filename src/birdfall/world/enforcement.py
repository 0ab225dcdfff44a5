"""What the platform does: ordinary suspensions at an over-dispersed rate, the wave by its cause, and who comes back when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.world.follows import Follows
from birdfall.world.population import APP, INAUTHENTIC, MINISTER, PRESIDENT, Population
from birdfall.world.scenarios import Scenario


@dataclass(frozen=True)
class Falls:
    """Per fall: account number, time, time of return (inf: never), whether it is of the wave. Seconds since 1970."""

    account: np.ndarray
    time: np.ndarray
    back: np.ndarray
    wave: np.ndarray
    status: np.ndarray  # "suspended", "deactivated" or "deleted"


def falls(world: Scenario, people: Population, graph: Follows, rng: np.random.Generator) -> Falls:
    """All falls of a world, ordered by time."""
    wave = _wave(world, people, graph, rng)
    ordinary = _ordinary(world, people, rng, taken=set(wave.account.tolist()))
    own = _own_doing(world, people, rng, taken=set(wave.account.tolist()) | set(ordinary.account.tolist()))
    parts = (wave, ordinary, own)
    joined = [np.concatenate([getattr(p, f) for p in parts]) for f in ("account", "time", "back", "wave", "status")]
    order = np.lexsort((joined[0], joined[1]))
    return Falls(*(column[order] for column in joined))


def _wave(world: Scenario, people: Population, graph: Follows, rng: np.random.Generator) -> Falls:
    if world.cause == "none":
        return _none()
    onset = world.onset.timestamp()
    standing = graph.of(PRESIDENT)
    standing = standing[(graph.since[standing] < onset) & (graph.until[standing] > onset)]
    followers = graph.follower[standing]
    hit = rng.choice(followers, world.fallen_followers, replace=False, p=_odds(world, people, followers))
    others = np.setdiff1d(np.arange(world.leaders, len(people)), followers)
    rest = rng.choice(others, world.fallen - world.fallen_followers - 1, replace=False, p=_odds(world, people, others))
    account = np.r_[hit, rest, MINISTER].astype(np.int32)
    time = onset + _speed(world, len(account), rng)
    back = np.full(len(account), np.inf)
    returns = rng.random(len(account)) < world.restored
    delay = rng.lognormal(np.log(world.restored_median_h * 3600), 0.7, len(account))
    if (
        world.cause == "error"
    ):  # a defect is mended in bulk: half of those that return do so within minutes of each other
        bulk = rng.random(len(account)) < 0.5
        delay = np.where(bulk, world.restored_median_h * 3600 + rng.random(len(account)) * 900, delay)
    back[returns] = (time + delay)[returns]
    back[-1] = time[-1] + 5 * 3600  # the minister's account came back after some hours
    back[back > world.begin.timestamp() + world.days * 86400] = np.inf
    return Falls(account, time, back, np.ones(len(account), bool), np.full(len(account), "suspended"))


def _odds(world: Scenario, people: Population, among: np.ndarray) -> np.ndarray:
    """How likely each account is to be hit, relative to the others, by cause."""
    state, client, activity = people.state[among], people.client[among], people.activity[among]
    if world.cause == "purge":
        weight = np.where(state == INAUTHENTIC, 400.0, 0.5)
    elif world.cause == "error":
        weight = np.where(client == APP, 400.0, 1.0)
    elif world.cause == "brigade":
        weight = 0.2 + np.minimum(activity, 20)
    else:
        weight = np.where(state == INAUTHENTIC, 0.5, 1.0) * (0.5 + np.sqrt(activity))
    odds: np.ndarray = weight / weight.sum()
    return odds


def _speed(world: Scenario, n: int, rng: np.random.Generator) -> np.ndarray:
    """When within the wave each falls: a steady sweep, batches, or a slow build-up."""
    if world.cause == "purge":
        batch = rng.integers(0, 12, n)
        return np.minimum((batch + 0.35 * rng.random(n)) / 12 * world.duration_s, world.duration_s)
    if world.cause == "brigade":
        return rng.beta(2, 1.6, n) * world.duration_s
    return rng.random(n) * world.duration_s


def _ordinary(world: Scenario, people: Population, rng: np.random.Generator, taken: set[int]) -> Falls:
    """Hourly counts: negative binomial around a level that wanders (AR(1)) and breathes with the day."""
    hours = world.days * 24
    noise = rng.normal(0, 0.18, hours)
    level = np.zeros(hours)
    for h in range(1, hours):
        level[h] = 0.93 * level[h - 1] + noise[h]
    day = 1 + 0.5 * np.sin(2 * np.pi * ((np.arange(hours) % 24) - 15) / 24)
    mean = world.base_per_day / 24 * day * np.exp(level - level.var() / 2)
    number = rng.poisson(mean * rng.gamma(world.base_size, 1 / world.base_size, hours))
    time = np.sort(world.begin.timestamp() + (np.repeat(np.arange(hours), number) + rng.random(number.sum())) * 3600)
    weight = np.where(people.state == INAUTHENTIC, 6.0, 1.0) / (
        1 + np.maximum(0, (world.begin.timestamp() - people.created) / 86400 / 365)
    )
    weight[: world.leaders] = 0
    weight[np.fromiter(taken, np.int64, len(taken))] = 0
    account = rng.choice(len(people), len(time), replace=False, p=weight / weight.sum()).astype(np.int32)
    back = np.where(rng.random(len(time)) < world.base_restored, time + rng.exponential(60 * 3600, len(time)), np.inf)
    back[back > world.begin.timestamp() + world.days * 86400] = np.inf
    return Falls(account, time, back, np.zeros(len(time), bool), np.full(len(time), "suspended"))


def _own_doing(world: Scenario, people: Population, rng: np.random.Generator, taken: set[int]) -> Falls:
    """Accounts whose owners leave: deactivated, sometimes for a while, or deleted."""
    number = round(0.004 * len(people))
    free = np.setdiff1d(np.arange(world.leaders, len(people)), np.fromiter(taken, np.int64, len(taken)))
    account = rng.choice(free, number, replace=False).astype(np.int32)
    time = world.begin.timestamp() + rng.random(number) * world.days * 86400
    kind = np.where(rng.random(number) < 0.6, "deactivated", "deleted")
    back = np.where(
        (kind == "deactivated") & (rng.random(number) < 0.4), time + rng.exponential(4 * 86400, number), np.inf
    )
    back[back > world.begin.timestamp() + world.days * 86400] = np.inf
    return Falls(account, time, back, np.zeros(number, bool), kind)


def _none() -> Falls:
    empty = np.empty(0)
    return Falls(np.empty(0, np.int32), empty, empty, np.empty(0, bool), np.empty(0, "<U11"))
