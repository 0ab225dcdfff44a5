"""The population: accounts with age, language, community, activity, client, state; leaders.

Handles are invented. States: inauthentic (controlled, bought), with an app that shares for its
owner, or by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.world.scenarios import Scenario

INAUTHENTIC, WITH_APP, BY_HAND = 0, 1, 2
STATES = ("inauthentic", "with app", "by hand")
CLIENTS = ("web", "Móvil", "Tableta", "RetuitApp", "Programador")
WEB, PHONE, TABLET, APP, SCHEDULER = range(5)

#: Leaders with a part in the story: (handle, name).
CAST = (
    ("presidencia_demo", "Presidencia (simulada)"),
    ("oposicion_demo", "Oposición (simulada)"),
    ("cantante_demo", "Cantante (simulada)"),
    ("club_demo", "Club de béisbol (simulado)"),
    ("ministra_demo", "Ministra (simulada)"),
)
PRESIDENT, OPPONENT, SINGER, CLUB, MINISTER = range(5)

_SYLLABLES = [
    "ma",
    "ca",
    "ra",
    "lu",
    "si",
    "no",
    "te",
    "mi",
    "jo",
    "pe",
    "al",
    "ve",
    "ri",
    "do",
    "na",
    "sa",
    "go",
    "be",
    "li",
    "cu",
    "fe",
    "to",
    "ro",
    "di",
    "la",
    "mo",
    "ya",
    "ne",
    "vi",
    "ba",
]


@dataclass(frozen=True)
class Population:
    """Arrays of n accounts, by number.

    Id, handle, created (s since 1970), community, state, client, activity (relative).
    """

    ids: list[str]
    handles: list[str]
    names: list[str | None]
    created: np.ndarray
    community: np.ndarray
    state: np.ndarray
    client: np.ndarray
    activity: np.ndarray
    language: list[str]

    def __len__(self) -> int:
        return len(self.ids)


def population(world: Scenario, rng: np.random.Generator) -> Population:
    """The accounts of a world; the first five are the cast, the next are other leaders."""
    n = world.accounts
    community = rng.choice(world.communities, n, p=_shares(world.communities)).astype(np.int32)
    state = rng.choice(
        3, n, p=[world.inauthentic, world.with_app, 1 - world.inauthentic - world.with_app]
    ).astype(np.int8)
    state[: world.leaders] = BY_HAND
    client = rng.choice([WEB, PHONE, TABLET], n, p=[0.4, 0.5, 0.1]).astype(np.int8)
    client[state == WITH_APP] = APP
    client[state == INAUTHENTIC] = rng.choice(
        [SCHEDULER, WEB], int((state == INAUTHENTIC).sum()), p=[0.75, 0.25]
    )
    begin = world.begin.timestamp()
    age_days = np.where(state == INAUTHENTIC, rng.gamma(1.2, 90, n), rng.gamma(2.2, 320, n)) + 3
    activity = rng.lognormal(0, 1.3, n) * np.where(
        state == INAUTHENTIC, 1.5, np.where(state == WITH_APP, 2.2, 1.0)
    )
    order = rng.permutation(n)
    ids = [str(10_000_000 + 7_919 * int(k)) for k in order]
    handles, names = _handles(state, rng), [None] * n
    shown: list[str | None] = list(names)
    for number, (handle, name) in enumerate(CAST):
        handles[number], shown[number] = handle, name
    language = rng.choice(
        ["es", "en", "pt", "fr", "ar"], n, p=[0.83, 0.08, 0.05, 0.02, 0.02]
    ).tolist()
    return Population(
        ids, handles, shown, begin - age_days * 86400, community, state, client, activity, language
    )


def _shares(communities: int) -> np.ndarray:
    weight = 1 / np.arange(1, communities + 1) ** 0.5
    shares: np.ndarray = weight / weight.sum()
    return shares


def _handles(state: np.ndarray, rng: np.random.Generator) -> list[str]:
    """Names of four syllables; made by the dozen, most of them end in a number."""
    n = len(state)
    parts = rng.integers(0, len(_SYLLABLES), (n, 4))
    numbers = rng.integers(0, 9999, n)
    numbered = rng.random(n) < np.where(state == INAUTHENTIC, 0.8, 0.46)
    return [
        "".join(_SYLLABLES[p] for p in row) + (f"{k:04d}" if with_number else f"_{i:x}")
        for i, (row, k, with_number) in enumerate(zip(parts, numbers, numbered, strict=True))
    ]
