"""Priors: the ranges from which parameters of a simulated world are drawn, with their origins.

All of them stand in `priors.toml`, one file, each with its meaning, its origin (measured, published
or elicited) and its source. `draw` gives one world's parameters; the same generator state gives the
same ones.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import numpy as np

from birdfall.model.errors import UsageError

#: Triggers of design: T0 none, T1 internal rule, T2 outside reports, T3 over-broad rule or defect,
#: T4 directed.
TRIGGERS: Final = ("churn", "purge", "brigade", "error", "targeted")
Trigger = Literal["churn", "purge", "brigade", "error", "targeted"]
#: Triggers that make a wave.
MAKING: Final = TRIGGERS[1:]
ORIGINS: Final = ("measured", "published", "elicited")
#: Chance of each trigger when none is asked for; and that a wave is a mixture of two.
MIXED: Final = 0.2
_SHAPES: Final = {
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "normal": ("mean", "spread"),
    "beta": ("a", "b"),
}
_WORDS: Final = ("distribution", "meaning", "origin", "source")


@dataclass(frozen=True, slots=True)
class Prior:
    """One parameter's range. numbers: (low, high), (mean, spread) or (a, b), by distribution."""

    distribution: str
    numbers: tuple[float, float]
    meaning: str
    origin: str
    source: str

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        one, two = self.numbers
        if self.distribution == "loguniform":
            return float(np.exp(rng.uniform(np.log(one), np.log(two))))
        if self.distribution == "beta":
            return float(rng.beta(one, two))
        if self.distribution == "normal":
            return float(rng.normal(one, two))
        return float(rng.uniform(one, two))

    @property
    def middle(self) -> float:
        """The median (of a beta: the mean)."""
        one, two = self.numbers
        if self.distribution == "loguniform":
            return float(np.sqrt(one * two))
        return {"beta": one / (one + two), "normal": one}.get(self.distribution, (one + two) / 2)


Priors = Mapping[str, Mapping[str, Prior]]


@dataclass(frozen=True)
class Parameters:
    """One world's parameters. shares: of the wave by trigger, summing to 1, empty for churn.

    every: what holds for all (`all` in the priors). by_trigger: what holds for the part of the wave
    with that trigger.
    """

    shares: Mapping[str, float]
    every: Mapping[str, float]
    by_trigger: Mapping[str, Mapping[str, float]]

    @property
    def trigger(self) -> str:
        """The trigger with the largest share of the wave; `churn` without one."""
        return (
            max(self.shares, key=lambda name: (self.shares[name], name)) if self.shares else "churn"
        )

    @property
    def mixed(self) -> bool:
        """Whether the wave has more than one trigger."""
        return len(self.shares) > 1

    def size(self) -> float:
        """Accounts in the wave."""
        return self.by_trigger[self.trigger]["size"] if self.shares else 0.0

    def with_values(
        self, every: Mapping[str, float] | None = None, **by_trigger: Mapping[str, float]
    ) -> Parameters:
        """The same with some values replaced.

        Raises UsageError for a name the priors do not have.
        """
        for table, new, old in [
            ("all", every or {}, self.every),
            *((t, v, self.by_trigger.get(t, {})) for t, v in by_trigger.items()),
        ]:
            if unknown := sorted(set(new) - set(old)):
                raise UsageError(
                    f"no parameter {table}.{unknown[0]}",
                    fix=f"There are: {', '.join(sorted(old))}.",
                )
        changed = {t: {**v, **by_trigger.get(t, {})} for t, v in self.by_trigger.items()}
        return replace(self, every={**self.every, **(every or {})}, by_trigger=changed)


def priors(path: Path | None = None) -> Priors:
    """The public priors, or others from a file of the same form.

    Raises UsageError naming what is wrong in it.
    """
    return _packaged_priors() if path is None else parse_priors(path.read_text("utf-8"), str(path))


@functools.cache
def _packaged_priors() -> Priors:
    return parse_priors(
        files("birdfall.world").joinpath("priors.toml").read_text("utf-8"), "priors.toml"
    )


def parse_priors(text: str, where: str) -> Priors:
    """Priors from TOML.

    Raises UsageError naming the table and what is missing, unknown or impossible.
    """
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"this is not TOML: {error}", where=where, fix="Mend the line, or restore the file."
        ) from error
    if set(plain) != {"all", *MAKING}:
        raise UsageError(
            "the tables do not fit", where=where, fix=f"They are: all, {', '.join(MAKING)}."
        )
    return {
        table: {
            name: _prior(value, f"{where}, [{table}.{name}]") for name, value in entries.items()
        }
        for table, entries in plain.items()
    }


def _prior(value: object, where: str) -> Prior:
    if not isinstance(value, dict) or value.get("distribution") not in _SHAPES:
        raise UsageError("no known distribution", where=where, fix=f"Known: {', '.join(_SHAPES)}.")
    keys = _SHAPES[value["distribution"]]
    if set(value) != {*_WORDS, *keys}:
        raise UsageError(
            "keys are missing or unknown", where=where, fix=f"Write: {', '.join((*_WORDS, *keys))}."
        )
    if value["origin"] not in ORIGINS:
        raise UsageError(
            f"origin {value['origin']!r}", where=where, fix=f"One of: {', '.join(ORIGINS)}."
        )
    one, two = float(value[keys[0]]), float(value[keys[1]])
    positive = value["distribution"] in ("loguniform", "beta")
    ordered = value["distribution"] in ("uniform", "loguniform")
    if (
        not np.isfinite([one, two]).all()
        or (positive and min(one, two) <= 0)
        or (ordered and one >= two)
    ):
        raise UsageError(
            f"impossible numbers {one:g}, {two:g}", where=where, fix="Low below high, and positive."
        )
    return Prior(
        value["distribution"], (one, two), value["meaning"], value["origin"], value["source"]
    )


def draw(
    ranges: Priors,
    rng: np.random.Generator,
    *,
    trigger: str | None = None,
    mixed: bool | None = None,
) -> Parameters:
    """One world's parameters.

    trigger: the (leading) one; by default each of the five is as likely. mixed: whether a second
    trigger has a part of the wave of up to a half; by default with chance `MIXED`, never for churn.
    Raises UsageError for an unknown trigger.
    """
    if trigger is not None and trigger not in TRIGGERS:
        raise UsageError(
            f"there is no trigger {trigger!r}", fix=f"Triggers: {', '.join(TRIGGERS)}."
        )
    leading = trigger or str(rng.choice(TRIGGERS))
    every = {name: prior.draw(rng) for name, prior in ranges["all"].items()}
    by_trigger = {t: {name: prior.draw(rng) for name, prior in ranges[t].items()} for t in MAKING}
    with_second, second, part = (
        rng.random() < MIXED,
        str(rng.choice(MAKING)),
        float(rng.uniform(0.1, 0.5)),
    )
    if leading == "churn":
        return Parameters({}, every, by_trigger)
    if second == leading or not (with_second if mixed is None else mixed):
        if not mixed:
            return Parameters({leading: 1.0}, every, by_trigger)
        second = MAKING[(MAKING.index(leading) + 1) % len(MAKING)]
    return Parameters({leading: 1 - part, second: part}, every, by_trigger)


def middle(ranges: Priors, trigger: str) -> Parameters:
    """The parameters in the middle of every range: where a scenario starts from."""
    every = {name: prior.middle for name, prior in ranges["all"].items()}
    by_trigger = {t: {name: prior.middle for name, prior in ranges[t].items()} for t in MAKING}
    return Parameters({} if trigger == "churn" else {trigger: 1.0}, every, by_trigger)
