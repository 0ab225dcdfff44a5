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
#: So many posts a session scrolls past.
SHOWN = 60


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
    person = np.repeat(np.arange(accounts), rng.poisson(habit * days))
    begin = rng.random(len(person)) * days * DAY_S
    wanted = 1 + rng.poisson(reposts - 1, len(person))
    if one_at_a_time:
        person = np.repeat(person, wanted)
        begin = rng.random(len(person)) * days * DAY_S
        wanted = np.ones(len(person), np.int64)
    at_home = rng.random(len(person)) < 0.9
    where = np.where(at_home, home[person], rng.integers(0, communities, len(person)))
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for community in range(communities):
        here = np.flatnonzero(where == community)
        posts = born[community], liked[community], fresh_s
        session, post = _chosen(rng, begin[here], wanted[here], *posts)
        moments = begin[here[session]] + _since_opened(rng, session)
        parts.append((person[here[session]], first[community] + post, moments))
    who, what, when = _once_each(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    told = []
    planted = rng.choice(accounts, ring, replace=False) if ring else np.empty(0, np.int64)
    if ring:
        for post in rng.choice(first[-1], orders, replace=False):
            of = int(np.searchsorted(first, post, "right") - 1)
            start = born[of][post - first[of]] + rng.exponential(fresh_s)
            for member in rng.choice(planted, obey, replace=False):
                told.append((member, post, start + rng.random() * within_s))
    added = np.array(told).reshape(-1, 3)
    return Reposts(
        np.r_[who, added[:, 0]].astype(np.int32),
        np.r_[what, added[:, 1]].astype(np.int32),
        BEGIN_US + (np.r_[when, added[:, 2]] * 1e6).astype(np.int64),
        frozenset(int(p) for p in planted),
    )


def _chosen(
    rng: np.random.Generator,
    begin: np.ndarray,
    wanted: np.ndarray,
    born: np.ndarray,
    liked: np.ndarray,
    fresh_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(session, post) of what each session reposts, one after another: int64[n] each.

    Of the last `SHOWN` posts, each as often as it is liked and fresh, none twice: the largest of
    their logarithms and a Gumbel draw (Yellott 1977).
    """
    if not len(begin) or not len(born):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    last = np.searchsorted(born, begin)
    shown = last[:, None] - 1 - np.arange(SHOWN)
    age = begin[:, None] - born[np.maximum(shown, 0)]
    pull = np.log(liked)[np.maximum(shown, 0)] - age / fresh_s + rng.gumbel(size=shown.shape)
    pull[shown < 0] = -np.inf
    most = int(min(wanted.max(), SHOWN))
    order = np.argsort(-pull, axis=1)[:, :most]
    kept = np.arange(most) < np.minimum(wanted, last)[:, None]
    return np.nonzero(kept)[0], np.take_along_axis(shown, order, axis=1)[kept]


def _since_opened(rng: np.random.Generator, session: np.ndarray) -> np.ndarray:
    """Seconds from the opening of the app to each repost; `session` is ascending."""
    pauses = rng.exponential(15.0, len(session))
    total = np.cumsum(pauses)
    opens = np.searchsorted(session, session)
    return total - (total - pauses)[opens]


def _once_each(
    who: np.ndarray, what: np.ndarray, when: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first repost of each post by each account, in the order of time."""
    order = np.argsort(when, kind="stable")
    pair = who[order] * (int(what.max(initial=0)) + 1) + what[order]
    kept = order[np.sort(np.unique(pair, return_index=True)[1])]
    return who[kept], what[kept], when[kept]
