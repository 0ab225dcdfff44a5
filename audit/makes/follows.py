"""Who follows whom, and waves that hit the followers of two accounts, or of one, or of nobody.

Everybody follows some of thirty accounts, more or less liked; who follows many falls more often by
the way. A wave takes whoever follows one of those it is after with odds several times those of
others: whoever follows both is in no more danger than who follows one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAY_S = 86_400.0


@dataclass(frozen=True)
class Followed:
    """follows: (follower, followed) rows. falls: (account, second). hit: names of those hit."""

    follows: list[tuple[str, str]]
    falls: list[tuple[str, float]]
    hit: tuple[str, ...]


def followed(
    rng: np.random.Generator, *, hit: int = 2, odds: float = 6.0, accounts: int = 3000
) -> Followed:
    """One world in which so many audiences were hit."""
    liked = rng.uniform(0.05, 0.25, 30)
    taste = rng.gamma(4.0, 0.25, accounts)
    chance = np.minimum(liked[:, None] * taste, 0.9)
    edges = rng.random(chance.shape) < chance
    # two of them share a part of their followers
    shared = rng.random(accounts) < 0.3
    edges[1] = np.where(shared, edges[0], edges[1])
    either = edges[:hit].any(axis=0) if hit else np.zeros(accounts, bool)
    base = rng.uniform(0.01, 0.03) * taste / taste.mean()
    danger = np.where(either, odds * base / (1 - base + odds * base), base)
    fell = np.flatnonzero(rng.random(accounts) < danger)
    others = rng.choice(np.setdiff1d(np.arange(accounts), fell), 60, replace=False)
    falls = [(f"user {i}", 25 * DAY_S + float(rng.random() * 600)) for i in fell]
    falls += [(f"user {i}", float(rng.random() * 24 * DAY_S)) for i in others]
    follows = [(f"user {i}", f"known {a}") for a, i in np.argwhere(edges)]
    return Followed(follows, falls, tuple(f"known {a}" for a in range(hit)))
