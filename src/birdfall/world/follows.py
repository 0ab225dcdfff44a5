"""Follow edges: heavy-tailed audiences, communities with leaders of their own, celebrities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.world.population import (
    CAST,
    CLUB,
    INAUTHENTIC,
    MINISTER,
    OPPONENT,
    PRESIDENT,
    SINGER,
    Population,
)
from birdfall.world.scenarios import Scenario

#: No audience drawn by popularity is a larger share of all accounts.
MAX_AUDIENCE_SHARE: Final = 0.4


@dataclass(frozen=True)
class Follows:
    """Edges by account number.

    since, until: seconds since 1970; -inf before the record, inf while it stands.
    """

    follower: np.ndarray
    followed: np.ndarray
    since: np.ndarray
    until: np.ndarray

    def edges_to(self, leader: int) -> np.ndarray:
        """Positions of the edges to `leader`."""
        return np.flatnonzero(self.followed == leader)


def follows(
    world: Scenario,
    people: Population,
    rng: np.random.Generator,
    audiences: Mapping[int, np.ndarray] | None = None,
) -> Follows:
    """The graph.

    `world.follows` distinct edges to leaders, most of them older than the record, some begun or
    ended in it.

    audiences: accounts that follow a member of the cast, where they are given already.
    """
    n, leaders = len(people), world.leaders
    home = people.community[:leaders]
    eager = np.minimum(rng.lognormal(0, 0.9, n), 10.0)
    cast = _cast(world, people, audiences or {}, rng)
    sizes = _sizes(world, rng.pareto(1.1, leaders - len(CAST)) + 0.05, world.follows - len(cast))
    pairs = [cast]
    for leader, size in enumerate(sizes, len(CAST)):
        # an exponential race: who arrives first follows, in proportion to eagerness, six times as
        # readily at home
        arrival = rng.standard_exponential(n) / (
            eager * np.where(people.community == home[leader], 6.0, 1.0)
        )
        pairs.append(np.argpartition(arrival, size - 1)[:size] * np.int64(leaders) + leader)
    keys = np.sort(np.concatenate(pairs))
    follower, followed = keys // leaders, keys % leaders
    keep = follower != followed
    follower, followed = follower[keep].astype(np.int32), followed[keep].astype(np.int32)
    return Follows(follower, followed, *_times(world, len(follower), rng))


def _sizes(world: Scenario, popularity: np.ndarray, total: int) -> np.ndarray:
    """Audience sizes in proportion to popularity, summing to `total`.

    Each is one at least and `MAX_AUDIENCE_SHARE` of all accounts at most.
    """
    most = MAX_AUDIENCE_SHARE * world.accounts
    low, high = 0.0, max(total, 1) / popularity.min()
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if np.clip(middle * popularity, 1, most).sum() < total else (low, middle)
        )
    return np.asarray(np.clip(np.round(high * popularity), 1, most).astype(np.int64))


def _cast(
    world: Scenario,
    people: Population,
    audiences: Mapping[int, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Audiences of the cast.

    The president's from two communities and all that is bought, the opponent's from others.
    """
    n, leaders = len(people), np.int64(world.leaders)
    near = np.array([5.0, 3.5, 1.2, 0.8, 0.4, 0.4, 0.3, 0.3])[people.community % 8]
    far = np.array([0.35, 0.5, 1.5, 3.0, 3.0, 2.5, 2.0, 2.0])[people.community % 8]
    bought = np.where(people.state == INAUTHENTIC, 3.0, 1.0)
    wanted = (
        (PRESIDENT, world.leader_audience, near * bought * np.where(people.state == 1, 2.5, 1.0)),
        (OPPONENT, world.control_audience, far),
        (SINGER, int(0.3 * n), np.ones(n)),
        (CLUB, int(0.22 * n), np.ones(n)),
        (MINISTER, int(0.06 * n), near),
    )
    found = []
    for leader, size, weight in wanted:
        if leader in audiences:
            found.append(audiences[leader].astype(np.int64) * leaders + leader)
            continue
        weight = weight.copy()
        weight[: world.leaders] = 0
        chosen = rng.choice(
            n, min(size, int((weight > 0).sum())), replace=False, p=weight / weight.sum()
        )
        found.append(chosen.astype(np.int64) * leaders + leader)
    return np.concatenate(found)


def _times(world: Scenario, edges: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    begin, length = world.begin.timestamp(), world.days * 86400.0
    since = np.full(edges, -np.inf)
    until = np.full(edges, np.inf)
    new = rng.random(edges) < 0.14
    since[new] = begin + rng.random(int(new.sum())) * length
    ended = (rng.random(edges) < 0.02) & ~new
    until[ended] = begin + rng.random(int(ended.sum())) * length
    return since, until
