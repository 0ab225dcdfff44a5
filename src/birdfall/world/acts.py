"""Acts: posts and reactions through the day of Caracas, and apps that share for their owners.

A post, by anyone, at an hour people are up. Reposts, replies and likes go to an earlier post,
mostly of one's own community and mostly one of the few that spread: cascades with heavy tails, in
which nothing is shared before it was written. Schedulers post on the full minute. Hashtags, links
and mentions are acts of their own, at the time of the post that holds them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from birdfall.model.schemas import TIME
from birdfall.world import post_texts as words
from birdfall.world.enforcement import SimulatedFalls
from birdfall.world.population import (
    CLIENTS,
    INAUTHENTIC,
    PRESIDENT,
    SCHEDULER,
    WITH_APP,
    Population,
)
from birdfall.world.scenarios import Scenario

#: People by local hour (elicited; the trough before dawn and the evening peak are those of any such
#: record).
_HOURS = np.array([3, 2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 8, 8, 7, 7, 7, 8, 9, 10, 10, 9, 7, 5], float)
#: Caracas in 2013: UTC-04:30.
_WEST_H = 4.5
KINDS = ("post", "repost", "reply", "like", "hashtag", "link", "mention")
POST, REPOST, REPLY, LIKE, HASHTAG, LINK, MENTION = range(7)
_KIND_SHARES = np.array([0.26, 0.36, 0.11, 0.16, 0.06, 0.03, 0.02])
_OBJECT_KINDS = ("post", "post", "post", "post", "hashtag", "link", "account")
#: Share of all posts that spread, and of these the share that spread far.
_SPREAD_SHARE = 0.04
#: How often a reaction goes to any post, to one that spreads, to one that spreads far.
_LEVEL_SHARES = np.array([0.25, 0.35, 0.4])
#: Share of reactions, and of hashtags, that stay in one's own community.
_HOME_SHARE = 0.8
#: Seconds from a post to a reaction: median, and the spread of its logarithm.
_REACTION_MEDIAN_S, _REACTION_SPREAD = 2400, 1.5
#: Posts of the president a day; mean seconds until the app shares one, and its share of reposts.
_PRESIDENT_POSTS_PER_DAY, _APP_DELAY_S, _APP_SHARE = 2, 25.0, 0.25
#: Share of texts of inauthentic accounts that come from a template.
_TEMPLATE_SHARE = 0.35
_DAY_S = 86400


def acts(
    world: Scenario, people: Population, falls: SimulatedFalls, rng: np.random.Generator
) -> pa.Table:
    """The acts of a world as a table of the record's schema, ordered by time.

    About `world.acts` of them, less those of fallen accounts, which are silent. Cost: O(n log n);
    5,000,000 in some seconds.
    """
    n = world.acts
    begin = world.begin.timestamp()
    account = _draw_actors(people, n, rng)
    time = begin + _draw_times(world, n, rng)
    kind = rng.choice(len(KINDS), n, p=_KIND_SHARES).astype(np.int8)
    planned = (kind == POST) & (people.client[account] == SCHEDULER)
    time[planned] = np.floor(time[planned] / 60) * 60 + rng.random(int(planned.sum()))
    official = np.arange(_PRESIDENT_POSTS_PER_DAY * world.days)
    account = np.r_[np.full(len(official), PRESIDENT, np.int32), account]
    time = np.r_[begin + (official + 0.6) * _DAY_S / _PRESIDENT_POSTS_PER_DAY, time]
    kind = np.r_[np.full(len(official), POST, np.int8), kind]
    keep = np.flatnonzero(_is_up(world, people, falls, account, time))
    keep = keep[np.argsort(time[keep], kind="stable")]
    account, time, kind = account[keep], time[keep], kind[keep]
    object_ = _objects(people, account, time, kind, rng)
    object_, time = _app_shares(people, account, time, kind, object_, rng)
    keep = np.flatnonzero(_is_up(world, people, falls, account, time))
    keep = keep[np.argsort(time[keep], kind="stable")]
    return _table(people, account, time, kind, object_, keep, rng)


def _draw_actors(people: Population, n: int, rng: np.random.Generator) -> np.ndarray:
    reach = np.cumsum(people.activity)
    found = np.searchsorted(reach, rng.random(n) * reach[-1], "right")
    return np.asarray(np.minimum(found, len(people) - 1).astype(np.int32))


def _draw_times(world: Scenario, n: int, rng: np.random.Generator) -> np.ndarray:
    """Seconds from the beginning: any day, by the local clock."""
    hour = rng.choice(24, n, p=_HOURS / _HOURS.sum())
    return (
        rng.integers(0, world.days, n) * _DAY_S
        + (hour + _WEST_H) % 24 * 3600
        + rng.random(n) * 3600
    )


def _objects(
    people: Population,
    account: np.ndarray,
    time: np.ndarray,
    kind: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """The row of the post each act is about, its own for a post.

    Int64[n]; -1 if there was none yet.
    """
    object_ = np.arange(len(account))
    reacts = np.flatnonzero((kind == REPOST) | (kind == REPLY) | (kind == LIKE))
    posts = np.flatnonzero(kind == POST)
    place = people.community[account]
    spreads = np.where(account[posts] == PRESIDENT, 0.0, rng.random(len(posts)))
    home = np.where(
        rng.random(len(reacts)) < _HOME_SHARE,
        place[reacts],
        rng.integers(0, place.max() + 1, len(reacts)),
    )
    reach = rng.choice(3, len(reacts), p=_LEVEL_SHARES)
    before = time[reacts] - rng.lognormal(np.log(_REACTION_MEDIAN_S), _REACTION_SPREAD, len(reacts))
    object_[reacts] = -1
    for community in range(int(place.max()) + 1):
        for level in range(3):
            here = posts[(place[posts] == community) & (spreads < _SPREAD_SHARE**level)]
            mine = np.flatnonzero((home == community) & (reach == level))
            found = np.searchsorted(time[here], before[mine], "right") - 1
            object_[reacts[mine[found >= 0]]] = here[found[found >= 0]]
    return object_


def _app_shares(
    people: Population,
    account: np.ndarray,
    time: np.ndarray,
    kind: np.ndarray,
    object_: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Objects and times with the app's shares of the president's posts, seconds after each."""
    official = np.flatnonzero((account == PRESIDENT) & (kind == POST))
    shared = np.flatnonzero(
        (people.state[account] == WITH_APP)
        & (kind == REPOST)
        & (rng.random(len(account)) < _APP_SHARE)
    )
    if not len(official) or not len(shared):
        return object_, time
    post = official[rng.integers(0, len(official), len(shared))]
    object_, time = object_.copy(), time.copy()
    object_[shared] = post
    time[shared] = time[post] + rng.exponential(_APP_DELAY_S, len(shared))
    return object_, time


def _is_up(
    world: Scenario,
    people: Population,
    falls: SimulatedFalls,
    account: np.ndarray,
    time: np.ndarray,
) -> np.ndarray:
    down = np.full(len(people), np.inf)
    back = np.full(len(people), np.inf)
    down[falls.account] = falls.time
    back[falls.account] = falls.back
    end = world.begin.timestamp() + world.days * _DAY_S
    return np.asarray((time < end) & ((time < down[account]) | (time > back[account])))


def _table(
    people: Population,
    account: np.ndarray,
    time: np.ndarray,
    kind: np.ndarray,
    object_: np.ndarray,
    keep: np.ndarray,
    rng: np.random.Generator,
) -> pa.Table:
    """Rows `keep`, less reactions that found no post."""
    keep = keep[object_[keep] >= 0]
    post, account, time, kind = object_[keep], account[keep], time[keep], kind[keep]
    ids = pa.array(people.ids, pa.string())
    author = np.full(int(post.max(initial=0)) + 1, -1, np.int64)
    own = kind == POST
    author[post[own]] = account[own]
    reacts = (kind == REPOST) | (kind == REPLY) | (kind == LIKE)
    target = np.where(reacts, author[post], -1)
    named = np.flatnonzero(kind == MENTION)
    leaders = np.minimum(rng.zipf(1.5, len(named)) - 1, len(people) - 1)
    target[named] = leaders
    said = own | (kind == REPLY)
    templated = (
        said & (people.state[account] == INAUTHENTIC) & (rng.random(len(account)) < _TEMPLATE_SHARE)
    )
    return pa.table(
        {
            "account": ids.take(pa.array(account)),
            "kind": pa.array(KINDS).take(pa.array(kind)),
            "object": _names(people, account, kind, post, leaders, rng),
            "time": to_timestamps(time),
            "object_kind": pa.array(_OBJECT_KINDS).take(pa.array(kind)),
            "target": ids.take(pa.array(target, mask=target < 0)),
            "text": words.texts(said, templated, rng),
            "language": pa.array(people.language, pa.string()).take(pa.array(account)),
            "client": pa.array(CLIENTS).take(pa.array(people.client[account])),
            "act_id": words.numbered_names("a", np.arange(len(account))),
        }
    )


def _names(
    people: Population,
    account: np.ndarray,
    kind: np.ndarray,
    post: np.ndarray,
    leaders: np.ndarray,
    rng: np.random.Generator,
) -> pa.Array:
    """What each act is about, by name: a post, a hashtag, a link, an account."""
    groups = [
        np.flatnonzero(kind < HASHTAG),
        *(np.flatnonzero(kind == k) for k in (HASHTAG, LINK, MENTION)),
    ]
    names = pa.chunked_array(
        [
            words.numbered_names("post-", post[groups[0]]),
            words.tags(people.community[account[groups[1]]], rng),
            words.links(len(groups[2]), rng),
            pa.array(people.ids, pa.string()).take(pa.array(leaders)),
        ],
        pa.string(),
    )
    place = np.empty(len(kind), np.int64)
    place[np.concatenate(groups)] = np.arange(len(kind))
    return names.combine_chunks().take(pa.array(place))


def to_timestamps(seconds: np.ndarray) -> pa.Array:
    """Timestamps from seconds since 1970."""
    return pa.array(np.round(seconds * 1e6).astype(np.int64)).cast(TIME)
