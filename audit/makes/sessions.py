"""People who open an app: each at times of its own, and then reposts what is fresh there at once.

Posts come at any time, each in one community, and are shown by how fresh and how liked they are.
An account opens the app some times a day, sees mostly its own community, and reposts a few posts
within about a minute. Nobody knows of anybody else. A ring may be planted, that reposts the same
posts shortly after one another, whenever it is told to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAY_S = 86_400.0
#: Microseconds since 1970 of the first day.
BEGIN_US = 1_600_000_000_000_000


@dataclass(frozen=True)
class Reposts:
    """account, post: int32[n]; time: int64[n] us; ring: codes of the planted accounts."""

    account: np.ndarray
    post: np.ndarray
    time: np.ndarray
    ring: frozenset[int]

    @property
    def table(self) -> dict[str, object]:
        """As columns account, object, time."""
        return {
            "account": [f"person {a}" for a in self.account.tolist()],
            "object": [f"post {p}" for p in self.post.tolist()],
            "time": self.time,
        }


def people_with_apps(
    seed: int,
    *,
    accounts: int = 900,
    communities: int = 10,
    days: int = 14,
    opens_a_day: float = 1.0,
    reposts: float = 4.0,
    posts_a_day: float = 40.0,
    fresh_s: float = 3600.0,
    one_at_a_time: bool = False,
    ring: int = 0,
    orders: int = 30,
    obey: int = 14,
    within_s: float = 45.0,
) -> Reposts:
    """One world.

    Parameters
    ----------
    posts_a_day
        New posts a day in each community.
    fresh_s
        How fast posts lose interest.
    one_at_a_time
        Each repost of a session stands alone, at a time of its own: the control.
    ring, orders, obey, within_s
        So many planted accounts are told of so many posts, and so many of them repost each within
        so many seconds.
    """
    rng = np.random.default_rng(seed)
    number = rng.poisson(posts_a_day * days, communities)
    born = [np.sort(rng.random(n)) * days * DAY_S for n in number]
    first = np.r_[0, np.cumsum(number)]
    liked = [rng.lognormal(0, 1.0, n) for n in number]
    home = rng.integers(0, communities, accounts)
    habit = rng.gamma(2.0, opens_a_day / 2.0, accounts)
    who, what, when = [], [], []
    for person in range(accounts):
        opens = np.sort(rng.random(rng.poisson(habit[person] * days))) * days * DAY_S
        seen: set[int] = set()
        for begin in opens:
            where = home[person] if rng.random() < 0.9 else rng.integers(communities)
            wanted = 1 + rng.poisson(reposts - 1)
            moments = begin + np.cumsum(rng.exponential(15.0, wanted))
            if one_at_a_time:
                moments = np.sort(rng.random(wanted)) * days * DAY_S
            for moment in moments:
                now = moment if one_at_a_time else begin
                last = int(np.searchsorted(born[where], now))
                shown = np.arange(max(0, last - 60), last)
                shown = np.array([p for p in shown if int(first[where] + p) not in seen], np.int64)
                if not len(shown):
                    continue
                chance = liked[where][shown] * np.exp(-(now - born[where][shown]) / fresh_s) + 1e-12
                chosen = int(rng.choice(shown, p=chance / chance.sum()))
                seen.add(int(first[where] + chosen))
                who.append(person)
                what.append(int(first[where] + chosen))
                when.append(float(moment))
    planted = rng.choice(accounts, ring, replace=False) if ring else np.empty(0, np.int64)
    if ring:
        for post in rng.choice(first[-1], orders, replace=False):
            where = int(np.searchsorted(first, post, "right") - 1)
            begin = born[where][post - first[where]] + rng.exponential(fresh_s)
            for member in rng.choice(planted, obey, replace=False):
                who.append(int(member))
                what.append(int(post))
                when.append(float(begin + rng.random() * within_s))
    return Reposts(
        np.array(who, np.int32),
        np.array(what, np.int32),
        BEGIN_US + (np.array(when) * 1e6).astype(np.int64),
        frozenset(int(p) for p in planted),
    )
