"""What an inquiry is made from: the options of a run, what people gave besides the data, and the
findings so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypedDict

from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding
from birdfall.model.progress import Progress, silent
from birdfall.record.case import Case
from birdfall.record.record import Record


class OptionsJson(TypedDict, total=False):
    """`Options` as JSON."""

    seed: int
    alpha: float
    waves: int
    ledgers: int
    permutations: int
    replicates: int
    asked: list[str]
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class Options:
    """How an inquiry is run.

    Parameters
    ----------
    seed
        Of all random draws.
    alpha
        The error rate the tests are held to.
    waves
        How many of the largest waves are followed up.
    ledgers
        How many ledgers at most.
    permutations
        Draws of the tests of audiences.
    replicates
        Draws of the null model of waves.
    asked
        Further coordination networks, each the parameters of `birdfall.coordination` as JSON.
    left_out
        Names of measures that are not asked.
    """

    seed: int = 0
    alpha: float = 0.01
    waves: int = 3
    ledgers: int = 12
    permutations: int = 400
    replicates: int = 999
    asked: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, plain: OptionsJson) -> Options:
        """The options that `to_json` wrote."""
        asked = tuple(plain.get("asked", ()))
        left_out = tuple(plain.get("left_out", ()))
        values = {**plain, "asked": asked, "left_out": left_out}
        return cls(**values)  # type: ignore[arg-type]  # each key has the type of its field

    def to_json(self) -> OptionsJson:
        """The options as JSON values."""
        plain: OptionsJson = {**asdict(self), "asked": list(self.asked)}  # type: ignore[typeddict-item]
        if self.left_out:
            plain["left_out"] = list(self.left_out)
        else:
            del plain["left_out"]  # which earlier versions do not know
        return plain


@dataclass(frozen=True, slots=True)
class Inputs:
    """What people gave besides the data, as stored: claims to check (TOML) and published figures
    (CSV).
    """

    claims: bytes = b""
    facts: bytes = b""

    @classmethod
    def from_case(cls, case: Case) -> Inputs:
        """The inputs a case keeps."""
        return cls(case.read("claims.toml") or b"", case.read("facts.csv") or b"")


@dataclass
class Run:
    """One inquiry under way: the record, how it is asked, and the findings so far by name."""

    record: Record
    options: Options = field(default_factory=Options)
    inputs: Inputs = field(default_factory=Inputs)
    progress: Progress = silent
    found: dict[str, Finding] = field(default_factory=dict)

    def add(self, *findings: Finding) -> None:
        """Put findings among those so far, replacing those of the same name."""
        self.found.update({f.name: f for f in findings})

    def wave_numbers(self) -> list[int]:
        """The waves to follow up, largest first; empty while no waves are known."""
        waves = self.found.get("waves")
        if waves is None or waves.answer != "found":
            return []
        return [
            int(w) for w in waves.table("waves").column("wave").to_pylist()[: self.options.waves]
        ]

    def require_wave(self, number: int) -> None:
        """Raise CannotAnswer if the waves found have none of that number."""
        waves = self.found.get("waves")
        known = (
            waves.table("waves").column("wave").to_pylist()
            if waves is not None and waves.answer == "found"
            else []
        )
        if number not in known:
            raise CannotAnswer(
                f"there is no wave {number} in this record", fix="Look at waves() first."
            )

    def chosen_leaders(self) -> list[str]:
        """The leaders and controls of the settings that the record knows."""
        settings = self.record.settings
        return [
            a
            for a in (*settings.leaders, *settings.controls)
            if self.record.ids.code(a) is not None
        ]

    def leaders(self) -> list[str]:
        """Whose followers are looked at: `chosen_leaders`; without any, the audiences that explain
        a wave.
        """
        return (self.chosen_leaders() or explained_leaders(self.found))[: self.options.ledgers]


def explained_leaders(findings: Mapping[str, Finding]) -> list[str]:
    """The leaders whose audiences explain a wave, in the order of the findings, each once."""
    leaders: dict[str, None] = {}
    for finding in findings.values():
        if finding.kind == "audiences" and finding.answer == "found":
            leaders |= dict.fromkeys(finding.table("explanation").column("leader").to_pylist())
    return list(leaders)
