"""What a record says of a claim: each reading is one thing its words can mean, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from birdfall.claims.parse import Role
from birdfall.claims.verdicts import Verdict
from birdfall.model.findings import Note

WindowJson = TypedDict("WindowJson", {"window_s": float, "from": float, "to": float, "value": int})
"""A window as a finding keeps it."""


class LevelJson(TypedDict):
    """A level as a finding keeps it."""

    role: str
    claimed: float
    low: float | None
    high: float | None
    measured: float | None
    at: float | None
    verdict: str


class DetailsJson(TypedDict, total=False):
    """What a reading adds to the details of a finding; only what was measured is there."""

    base: int
    since: float
    by: float
    before: float
    after: float
    best_reading: WindowJson
    true_from_s: float | None
    true_to_s: float | None


class WindowCount(NamedTuple):
    """How many events a window holds. begin, end: seconds since 1970, both inclusive."""

    window_s: float
    begin: float
    end: float
    value: int

    def to_json(self) -> WindowJson:
        """As a finding keeps it."""
        return {
            "window_s": self.window_s,
            "from": self.begin,
            "to": self.end,
            "value": self.value,
        }


class WindowRange(NamedTuple):
    """The shortest and the longest window for which a claim is true, in seconds; None if none."""

    shortest_s: float | None
    longest_s: float | None


@dataclass(frozen=True, slots=True)
class MeasuredLevel:
    """A claimed level of a count, what it was, and whether that agrees.

    Parameters
    ----------
    role
        Which level was meant.
    claimed, low, high
        The number claimed and the range its words allow.
    measured, at
        The level, and when it was counted (seconds since 1970); None where nothing was.
    verdict
        Whether it agrees.
    """

    role: Role
    claimed: float
    low: float | None
    high: float | None
    measured: float | None
    at: float | None
    verdict: Verdict

    def to_json(self) -> LevelJson:
        """As a finding keeps it."""
        return {
            "role": str(self.role),
            "claimed": self.claimed,
            "low": self.low,
            "high": self.high,
            "measured": self.measured,
            "at": self.at,
            "verdict": str(self.verdict),
        }


@dataclass(frozen=True, slots=True)
class ReadingDetails:
    """What else a reading measured, None where it does not apply.

    Parameters
    ----------
    base
        The number of accounts that a share is of, or that might have been counted.
    since, by
        The beginning and the end of the time claimed, seconds since 1970.
    before, after
        The count at both ends of a change.
    fullest
        The window that holds most.
    true_windows
        The windows for which the claim is true.
    """

    base: int | None = None
    since: float | None = None
    by: float | None = None
    before: float | None = None
    after: float | None = None
    fullest: WindowCount | None = None
    true_windows: WindowRange | None = None

    def to_json(self) -> DetailsJson:
        """As a finding keeps it."""
        found: DetailsJson = {}
        if self.base is not None:
            found["base"] = self.base
        if self.since is not None:
            found["since"] = self.since
        if self.by is not None:
            found["by"] = self.by
        if self.before is not None:
            found["before"] = self.before
        if self.after is not None:
            found["after"] = self.after
        if self.fullest is not None:
            found["best_reading"] = self.fullest.to_json()
        if self.true_windows is not None:
            found["true_from_s"], found["true_to_s"] = self.true_windows
        return found


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a claim can mean, measured.

    Parameters
    ----------
    name
        What was measured: "window", "wave", "record", "net-counts", "gross-ledger", "usual", ...
    value
        The measured number, in the unit of the claim.
    low, high
        The range it may lie in.
    details
        What else was measured.
    second
        The fullest window beside the one that holds most.
    levels
        Of a count, each with its own verdict.
    why
        The reason if this cannot decide.
    limits
        What to bear in mind.
    """

    name: str
    value: float
    low: float
    high: float
    details: ReadingDetails = ReadingDetails()
    second: WindowCount | None = None
    levels: tuple[MeasuredLevel, ...] = ()
    why: Note | None = None
    limits: tuple[Note, ...] = ()


def exact_reading(
    name: str,
    value: float,
    *,
    base: int | None = None,
    before: float | None = None,
    after: float | None = None,
) -> Reading:
    """A reading without bounds; base, before, after as of `ReadingDetails`."""
    details = ReadingDetails(base=base, before=before, after=after)
    return Reading(name, value, value, value, details)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a claim cannot be measured, and what would answer it."""

    note: Note


def refuse(code: str, **values: str | int) -> Refusal:
    """A refusal by the code of its note."""
    return Refusal(Note(code, dict(values)))


def nearest(low: float | None, high: float | None, least: float, most: float) -> float:
    """The value of [least, most] that comes nearest to the claimed range [low, high].

    For claims that any of the values makes true. low, high: None where the range is open.
    """
    at_least = low if low is not None else least
    at_most = high if high is not None else most
    if most < at_least:
        return most
    if least > at_most:
        return least
    return max(least, min(at_least, most)) if low is not None else min(most, max(at_most, least))
