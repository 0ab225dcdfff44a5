"""Who reported in a burst, what became of the reported, and how many others ever did the like without any burst."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple, TypedDict

from birdfall.model.units import MINUTE_US
from birdfall.watch.model.ticks import FOREVER_US
from birdfall.watch.model.wave import Wave
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import reports
from birdfall.watch.store.queries.falls import first_fall_of

#: Reports that are looked through for the like of a burst, latest first.
MAX_COMPARED_REPORTS: Final = 200_000
#: Reporters of one burst that are listed.
MAX_LISTED_REPORTERS: Final = 200
#: What counts as "within as short a time" is no less than this.
MIN_COMPARED_SPAN_US: Final = MINUTE_US


class BurstTarget(TypedDict):
    """A target of a burst. fell: when it fell from the burst on, in microseconds; None if it did not."""

    target: str
    reporters: int
    fell: int | None


class BurstReporter(TypedDict):
    """A reporter of a burst. first, last: microseconds; ever: its reports at all times."""

    reporter: str
    targets: int
    first: int
    last: int
    ever: int


class ReporterComparison(TypedDict):
    """all: reporters that no burst names; like: those who reported two accounts within as short a time."""

    all: int
    like: int


class _Report(NamedTuple):
    time: int
    target: str


def burst_targets(state: State, wave: Wave) -> list[BurstTarget]:
    """The targets of a burst, most reported first."""
    return [
        {
            "target": target.target,
            "reporters": target.reporters,
            "fell": first_fall_of(state, target.target, wave.begin),
        }
        for target in wave.targets
    ]


def burst_reporters(state: State, wave: Wave) -> list[BurstReporter]:
    """Reporters of several targets of a burst, most targets first."""
    rows = reports.list_reporters_of_several(
        state, *_burst_span(wave), _target_names(wave), MAX_LISTED_REPORTERS
    )
    return [
        {
            "reporter": row.reporter,
            "targets": row.targets,
            "first": row.first,
            "last": row.last,
            "ever": row.ever,
        }
        for row in rows
    ]


def compare_reporters(state: State, bursts: list[Wave]) -> ReporterComparison | None:
    """How many of the reporters that no burst names reported like those of the shortest burst.

    None where there is nobody to compare with. Reads the latest `MAX_COMPARED_REPORTS` reports.
    """
    if not bursts:
        return None
    named = {reporter for wave in bursts for reporter in wave.together}
    shortest = min(last_report_time(state, wave) - wave.begin for wave in bursts)
    within = max(shortest, MIN_COMPARED_SPAN_US)
    by: dict[str, list[_Report]] = {}
    for row in reports.list_all_reports(state, MAX_COMPARED_REPORTS):
        if row.reporter not in named:
            by.setdefault(row.reporter, []).append(_Report(row.time, row.target))
    if not by:
        return None
    return {"all": len(by), "like": sum(_reports_several_within(r, within) for r in by.values())}


def last_report_time(state: State, wave: Wave) -> int:
    """When the last report of a burst's targets was, as far as is known; not before it was called."""
    last = reports.last_report_time(state, *_burst_span(wave), _target_names(wave))
    return max(last or 0, wave.opened)


def _burst_span(wave: Wave) -> tuple[int, int]:
    return wave.begin, wave.closed or FOREVER_US


def _target_names(wave: Wave) -> list[str]:
    return [target.target for target in wave.targets]


def _reports_several_within(made: list[_Report], within: int) -> bool:
    """Whether two different targets were reported within so many microseconds. made: latest first."""
    return any(
        later.target != earlier.target and later.time - earlier.time <= within
        for later, earlier in pairwise(made)
    )
