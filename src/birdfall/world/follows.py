"""Who follows whom: heavy-tailed audiences, communities that prefer their own leaders, celebrities that all share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.world.population import CLUB, INAUTHENTIC, MINISTER, OPPONENT, PRESIDENT, SINGER, Population
from birdfall.world.scenarios import Scenario


@dataclass(frozen=True)
class Follows:
    """Edges by account number. since, until: seconds since 1970; -inf before the record, inf while it stands."""

    follower: np.ndarray
    followed: np.ndarray
    since: np.ndarray
    until: np.ndarray

    def of(self, leader: int) -> np.ndarray:
        """Positions of the edges to `leader`."""
        return np.flatnonzero(self.followed == leader)


def follows(world: Scenario, people: Population, rng: np.random.Generator) -> Follows:
    """The graph: about `world.follows` edges, most of them older than the record, some begun or ended in it."""
    n, leaders = len(people), world.leaders
    popularity = rng.pareto(1.1, leaders) + 0.05
    popularity[:5] = 0  # the cast's audiences are drawn below
    home = people.community[:leaders]
    degree = np.minimum(rng.lognormal(0, 0.9, n) * 13.5, leaders / 3)
    degree *= (world.follows - 1.2 * (world.leader_audience + world.control_audience)) / max(degree.sum(), 1) / 0.93
    drawn = rng.poisson(degree)
    pairs = []
    for c in range(world.communities):
        mine = np.flatnonzero(people.community == c)
        weight = popularity * np.where(home == c, 6.0, 1.0)
        total = int(drawn[mine].sum())
        chosen = rng.choice(leaders, total, p=weight / weight.sum())
        pairs.append(np.repeat(mine, drawn[mine]) * np.int64(leaders) + chosen)
    pairs += [_cast(world, people, rng)]
    keys = np.unique(np.concatenate(pairs))
    follower, followed = keys // leaders, keys % leaders
    keep = follower != followed
    follower, followed = follower[keep].astype(np.int32), followed[keep].astype(np.int32)
    return Follows(follower, followed, *_times(world, len(follower), rng))


def _cast(world: Scenario, people: Population, rng: np.random.Generator) -> np.ndarray:
    """Audiences of the cast: the president's from two communities and all that is bought, the opponent's from others."""
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
        weight = weight.copy()
        weight[: world.leaders] = 0
        chosen = rng.choice(n, min(size, int((weight > 0).sum())), replace=False, p=weight / weight.sum())
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
