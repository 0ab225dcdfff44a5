"""What accounts do: posts, reposts and replies through the day and night of Caracas, cascades, apps that share for their owners.

And, where the cause is a brigade, reports: a crew that reuses its people against many targets, among honest reports.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from birdfall.model.schemas import TIME
from birdfall.world.enforcement import Falls
from birdfall.world.population import CLIENTS, INAUTHENTIC, PRESIDENT, WITH_APP, Population
from birdfall.world.scenarios import Scenario

_HOURS = np.array([3, 2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 8, 8, 7, 7, 7, 8, 9, 10, 10, 9, 7, 5], float)
_OPENINGS = ("Hoy", "Ahora", "Otra vez", "Desde temprano", "En Caracas", "Con la gente", "Sin miedo", "Mañana")
_MIDDLES = ("seguimos en la calle", "hablamos del juego", "esperamos la lluvia", "vamos al mercado", "escuchamos la radio",
            "leemos la prensa", "cocinamos arepas", "buscamos noticias", "celebramos el gol", "estudiamos para el examen")  # fmt: skip
_ENDS = (
    "con la familia",
    "en la plaza",
    "hasta la noche",
    "como siempre",
    "y no hay agua",
    "y hay cola",
    "con los amigos",
    "en el trabajo",
)
_TEMPLATE = "Apoyo total a la gestión, juntos hasta la victoria, siempre con el pueblo #venceremos"


def acts(world: Scenario, people: Population, falls: Falls, rng: np.random.Generator) -> pa.Table:
    """The acts of a world as a table of the record's schema, ordered by time. Accounts that have fallen are silent."""
    n = world.acts
    begin = world.begin.timestamp()
    share = people.activity / people.activity.sum()
    account = rng.choice(len(people), n, p=share).astype(np.int32)
    day = rng.integers(0, world.days, n)
    local_hour = rng.choice(24, n, p=_HOURS / _HOURS.sum())
    time = begin + day * 86400 + ((local_hour + 4.5) % 24) * 3600 + rng.random(n) * 3600
    kind = rng.choice(np.array(["repost", "post", "reply", "like"]), n, p=[0.4, 0.3, 0.12, 0.18])
    object_ = _posts(world, n, rng)
    # apps share the president's posts within seconds: the posts come twice a day
    sharing = np.flatnonzero((people.state[account] == WITH_APP) & (kind == "repost") & (rng.random(n) < 0.25))
    post = rng.integers(0, 2 * world.days, len(sharing))
    time[sharing] = begin + (post + 0.6) * 43200 + rng.exponential(25, len(sharing))
    object_[sharing] = 900_000_000 + post
    alive = _alive(world, people, falls, account, time)
    keep = np.flatnonzero(alive)
    keep = keep[np.argsort(time[keep], kind="stable")]
    return _table(people, account[keep], kind[keep], object_[keep], time[keep], rng)


def reports(world: Scenario, people: Population, falls: Falls, rng: np.random.Generator) -> pa.Table:
    """Reports against accounts: honest ones all the time, and a crew's before the wave if a brigade made it."""
    begin = world.begin.timestamp()
    n = 4_000
    reporter = rng.integers(world.leaders, len(people), n).astype(np.int32)
    target = rng.choice(len(people), n, p=people.activity / people.activity.sum()).astype(np.int32)
    time = begin + rng.random(n) * world.days * 86400
    if world.cause == "brigade":
        hit = falls.account[falls.wave]
        crew = rng.choice(np.setdiff1d(np.arange(world.leaders, len(people)), hit), 140, replace=False)
        each = rng.integers(3, 9, len(hit))
        victim = np.repeat(np.arange(len(hit)), each)
        reporter = np.r_[reporter, rng.choice(crew, len(victim))].astype(np.int32)
        target = np.r_[target, hit[victim]].astype(np.int32)
        time = np.r_[time, falls.time[falls.wave][victim] - rng.exponential(240, len(victim)) - 5]
    keep = np.flatnonzero((reporter != target) & (time >= begin))
    keep = keep[np.argsort(time[keep], kind="stable")]
    ids = np.array(people.ids, object)
    return pa.table(
        {
            "account": pa.array(ids[reporter[keep]], pa.string()),
            "kind": pa.array(["report"] * len(keep)),
            "object": pa.array(ids[target[keep]], pa.string()),
            "time": _times(time[keep]),
            "object_kind": pa.array(["account"] * len(keep)),
            "target": pa.array(ids[target[keep]], pa.string()),
            "act_id": pa.array([f"r{i}" for i in range(len(keep))]),
        }
    )


def _posts(world: Scenario, n: int, rng: np.random.Generator) -> np.ndarray:
    """Posts acted on: heavy-tailed popularity."""
    posts: np.ndarray = (rng.zipf(1.4, n) % 40_000).astype(np.int64)
    return posts


def _alive(world: Scenario, people: Population, falls: Falls, account: np.ndarray, time: np.ndarray) -> np.ndarray:
    down = np.full(len(people), np.inf)
    back = np.full(len(people), np.inf)
    down[falls.account] = falls.time
    back[falls.account] = falls.back
    end = world.begin.timestamp() + world.days * 86400
    alive: np.ndarray = (time < end) & ((time < down[account]) | (time > back[account]))
    return alive


def _table(
    people: Population,
    account: np.ndarray,
    kind: np.ndarray,
    object_: np.ndarray,
    time: np.ndarray,
    rng: np.random.Generator,
) -> pa.Table:
    n = len(account)
    ids = np.array(people.ids, object)
    own = kind == "post"
    names = np.array([f"post-{o}" for o in object_], object)
    names[own] = [f"post-own-{i}" for i in np.flatnonzero(own)]
    words = rng.integers(0, 1 << 30, n)
    texts = np.full(n, None, object)
    said = np.flatnonzero(own | (kind == "reply"))
    texts[said] = [_sentence(int(w)) for w in words[said]]
    repeated = said[(people.state[account[said]] == INAUTHENTIC) & (words[said] % 100 < 35)]
    texts[repeated] = _TEMPLATE
    client = np.array(CLIENTS, object)[people.client[account]]
    target = np.full(n, None, object)
    target[object_ >= 900_000_000] = people.ids[PRESIDENT]
    return pa.table(
        {
            "account": pa.array(ids[account], pa.string()),
            "kind": pa.array(kind.tolist()),
            "object": pa.array(names, pa.string()),
            "time": _times(time),
            "object_kind": pa.array(["post"] * n),
            "target": pa.array(target, pa.string()),
            "text": pa.array(texts, pa.string()),
            "language": pa.array(["es"] * n),
            "client": pa.array(client, pa.string()),
            "act_id": pa.array([f"a{i}" for i in range(n)]),
        }
    )


def _sentence(word: int) -> str:
    opening, middle, end = _OPENINGS[word % 8], _MIDDLES[word // 8 % 10], _ENDS[word // 80 % 8]
    other = _MIDDLES[word // 640 % 10]
    return f"{opening} {middle} {end}, y luego {other} {word // 6400 % 9973}"


def _times(seconds: np.ndarray) -> pa.Array:
    return pa.array(np.round(seconds * 1e6).astype(np.int64)).cast(TIME)
