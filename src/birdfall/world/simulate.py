"""A simulated world: its record, its separate truth, and settings and claims of an inquiry.

Everything is drawn from named streams of one seed, so the same seed gives the same bytes and a
change in one part does not reshuffle the others. What is simulated is labelled so in the settings,
and from there on every page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa

from birdfall.model.errors import UsageError
from birdfall.model.schemas import TABLES
from birdfall.model.settings import Settings
from birdfall.record.record import Record, from_tables
from birdfall.world.acts import acts as acts_of
from birdfall.world.enforcement import SimulatedFalls, simulate_falls
from birdfall.world.follows import Follows, follows
from birdfall.world.observation import observe_world, to_nullable_timestamps
from birdfall.world.population import (
    CAST,
    CLUB,
    MINISTER,
    OPPONENT,
    PRESIDENT,
    SINGER,
    STATES,
    Population,
    population,
)
from birdfall.world.reporting import reports as reports_of
from birdfall.world.scenarios import Scenario, scenario

#: The streams of random numbers, by name: appended to, never reordered.
RNG_STREAMS = ("population", "follows", "enforcement", "acts", "reports", "observation")

#: Accounts beside the leaders that a world needs even without a wave.
MIN_OTHERS = 100


class WorldFacts(TypedDict):
    """What truly happened in a world, in numbers; times in seconds since 1970.

    cause: of the wave, "none" without one. observe: the way of looking. wave_begin, wave_end: of
    the falls in the wave, None without any. restored, appealed: of these. by_trigger: falls of the
    wave by trigger. follows: edges of the graph.
    """

    scenario: str
    cause: str
    observe: str
    wave_size: int
    wave_begin: float | None
    wave_end: float | None
    restored: int
    appealed: int
    by_trigger: dict[str, int]
    follows: int


class SimulatedClaim(TypedDict, total=False):
    """A claim of claims.toml: the statement, who made it and when, and its language."""

    text: str
    who: str
    when: str
    language: str


@dataclass(frozen=True)
class World:
    """A simulated world.

    Parameters
    ----------
    scenario, seed
        What it was drawn from.
    tables
        The record's tables.
    truth
        Tables no measure reads: every fall and every account's state.
    facts
        What truly happened, in numbers.
    settings, claims
        Of an inquiry into it.
    key
        Of its pseudonyms.
    """

    scenario: Scenario
    seed: int
    tables: dict[str, pa.Table]
    truth: dict[str, pa.Table]
    facts: WorldFacts
    settings: Settings
    claims: list[SimulatedClaim]
    key: bytes

    def record(self) -> Record:
        """The record in memory."""
        return from_tables(
            {n: conform(n, t) for n, t in self.tables.items()}, self.settings, key=self.key
        )


def simulate(
    name: str = "caracas-2013",
    *,
    seed: int = 0,
    observe: str = "full",
    accounts: int | None = None,
    **changes: Any,
) -> World:
    """A world by scenario and seed.

    Parameters
    ----------
    name
        Of a scenario of `world.scenarios`.
    seed
        The same seed gives the same bytes.
    observe
        The way of looking: one of `world.observation.OBSERVED`.
    accounts
        Size of the population; the wave keeps its own.
    changes
        Any figure of the scenario.

    Raises
    ------
    UsageError
        For an unknown scenario or way of looking, or a population too small for its wave.
    """
    world = scenario(name)
    world = replace(world if accounts is None else _resized(world, accounts), **changes)
    _check_size(world)
    streams = dict(
        zip(
            RNG_STREAMS,
            np.random.SeedSequence([seed, 20131031]).spawn(len(RNG_STREAMS)),
            strict=True,
        )
    )
    rng = {stream: np.random.default_rng(sequence) for stream, sequence in streams.items()}
    people = population(world, rng["population"])
    graph = follows(world, people, rng["follows"])
    fallen = simulate_falls(world, people, graph, rng["enforcement"])
    acts = acts_of(world, people, fallen, rng["acts"])
    reports = reports_of(world, people, fallen, rng["reports"])
    tables = observe_world(world, people, graph, fallen, acts, reports, observe, rng["observation"])
    return World(
        scenario=world,
        seed=seed,
        tables=tables,
        truth=_truth(people, graph, fallen),
        facts=_facts(world, graph, fallen, observe),
        settings=_settings(world, people),
        claims=_claims(world),
        key=f"simulated {name} {seed}".encode(),
    )


def _check_size(world: Scenario) -> None:
    """Raise UsageError for a population that cannot hold its leaders and its wave."""
    wave = (
        0 if world.cause == "none" else max(world.fallen, math.ceil(1.5 * world.fallen_followers))
    )
    least = world.leaders + max(wave, MIN_OTHERS)
    if world.accounts < least:
        raise UsageError(
            f"{world.accounts} accounts are too few for the world {world.name!r}",
            why=f"It has {world.leaders} leaders, and a wave of {world.fallen}, whatever the "
            "population."
            if wave
            else f"It has {world.leaders} leaders.",
            fix=f"Give it {least} accounts or more.",
        )


def _resized(world: Scenario, accounts: int) -> Scenario:
    """The scenario with another population; its wave keeps its size."""
    scale = accounts / world.accounts
    audience = max(int(world.leader_audience * scale), int(world.fallen_followers * 1.5))
    return replace(
        world,
        accounts=accounts,
        follows=int(world.follows * scale),
        acts=int(world.acts * scale),
        leader_audience=audience,
        control_audience=int(world.control_audience * scale),
        base_per_day=world.base_per_day * scale,
    )


def conform(name: str, table: pa.Table) -> pa.Table:
    """A table's columns in the types of the record's schema."""
    schema = TABLES[name]
    return pa.table({c: table.column(c).cast(schema.field(c).type) for c in table.column_names})


def _truth(people: Population, graph: Follows, fallen: SimulatedFalls) -> dict[str, pa.Table]:
    ids = np.array(people.ids, object)
    onset = fallen.time[fallen.wave].min() if fallen.wave.any() else np.inf
    edges = graph.edges_to(PRESIDENT)
    standing = edges[(graph.since[edges] < onset) & (graph.until[edges] > onset)]
    follower = np.zeros(len(people), bool)
    follower[graph.follower[standing]] = True
    return {
        "falls": pa.table(
            {
                "account": pa.array(ids[fallen.account], pa.string()),
                "status": fallen.status.tolist(),
                "time": to_nullable_timestamps(fallen.time),
                "back": to_nullable_timestamps(fallen.back),
                "wave": fallen.wave,
                "follows_leader": follower[fallen.account],
                "trigger": fallen.trigger.tolist(),
                "appealed": to_nullable_timestamps(fallen.appealed),
            }
        ),
        "accounts": pa.table(
            {
                "account": people.ids,
                "state": [STATES[s] for s in people.state],
                "community": people.community,
            }
        ),
    }


def _facts(world: Scenario, graph: Follows, fallen: SimulatedFalls, observe: str) -> WorldFacts:
    wave = fallen.wave
    return {
        "scenario": world.name,
        "cause": world.cause,
        "observe": observe,
        "wave_size": int(wave.sum()),
        "wave_begin": float(fallen.time[wave].min()) if wave.any() else None,
        "wave_end": float(fallen.time[wave].max()) if wave.any() else None,
        "restored": int(np.isfinite(fallen.back[wave]).sum()),
        "appealed": int(np.isfinite(fallen.appealed[wave]).sum()),
        "by_trigger": {
            str(t): int(n)
            for t, n in zip(*np.unique(fallen.trigger[wave], return_counts=True), strict=True)
        },
        "follows": len(graph.follower),
    }


def _settings(world: Scenario, people: Population) -> Settings:
    story = world.name.startswith("caracas")
    return Settings(
        title="Caracas, 31 October 2013 (simulated)" if story else "A quiet month (simulated)",
        question="¿Qué pasó con los seguidores de la presidencia el 31 de octubre de 2013?"
        if story
        else "¿Cayó algo en este mes?",
        language="es",
        time_zone="America/Caracas",
        leaders=(people.ids[PRESIDENT], people.ids[MINISTER]),
        controls=(people.ids[OPPONENT],),
        negative_controls=(people.ids[SINGER], people.ids[CLUB]),
        public=tuple(people.ids[: len(CAST)]),
        simulated=True,
        scenario=world.name,
    )


def _claims(world: Scenario) -> list[SimulatedClaim]:
    if not world.name.startswith("caracas"):
        return [
            {
                "text": "En este mes cayeron 5.000 cuentas en una hora",
                "who": "un rumor (simulado)",
                "language": "es",
            }
        ]
    return [
        {
            "text": "6.600 seguidores de @presidencia_demo en diez minutos",
            "who": "una ministra (simulada)",
            "when": "2013-10-31",
            "language": "es",
        },
        {
            "text": "More than 10,600 accounts were suspended in ten minutes",
            "who": "a newspaper (simulated)",
            "when": "2013-11-01",
            "language": "en",
        },
        {
            "text": "Des milliers de comptes ont été rétablis en quatre jours",
            "who": "un portail (simulé)",
            "when": "2013-11-04",
            "language": "fr",
        },
        {
            "text": "تم تعليق حوالي ٧٠٠٠ حساب خلال عشر دقائق",
            "who": "قناة إخبارية (محاكاة)",
            "when": "2013-11-01",
            "language": "ar",
        },
        {
            "text": "A oposição perdeu apenas 135 seguidores em um dia",
            "who": "um site de contagem (simulado)",
            "when": "2013-11-01",
            "language": "pt",
        },
    ]
