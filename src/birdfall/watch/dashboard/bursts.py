"""Reporters of a burst: what they reported, what became of it, and how many others did the like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from birdfall.model.units import MINUTE_US
from birdfall.watch.dashboard.view import ReporterComparison
from birdfall.watch.model.ticks import FOREVER_US
from birdfall.watch.model.wave import Wave
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import reports
from birdfall.watch.store.queries.falls import first_fall_of

#: Reports that reporters of a burst are compared with, latest first.
MAX_COMPARED_REPORTS: Final = 200_000
#: Reporters of one burst that are listed.
MAX_LISTED_REPORTERS: Final = 200
#: What counts as "within as short a time" is no less than this.
MIN_COMPARED_SPAN_US: Final = MINUTE_US


class BurstTarget(NamedTuple):
    """A target of a burst. fell: when it fell from the burst on, in microseconds; None if not."""

    target: str
    reporters: int
    fell: int | None


class _Report(NamedTuple):
    time: int
    target: str


def burst_targets(state: State, wave: Wave) -> tuple[BurstTarget, ...]:
    """The targets of a burst, most reported first."""
    return tuple(
        BurstTarget(t.target, t.reporters, first_fall_of(state, t.target, wave.begin))
        for t in wave.targets
    )


def burst_reporters(state: State, wave: Wave) -> Sequence[reports.ReporterRow]:
    """Reporters of several targets of a burst, most targets first."""
    return reports.list_reporters_of_several(
        state, *_burst_span(wave), _target_names(wave), MAX_LISTED_REPORTERS
    )


def compare_reporters(state: State, bursts: Sequence[Wave]) -> ReporterComparison | None:
    """How many of the reporters that no burst names reported as quickly as those of the shortest.

    Reads the latest `MAX_COMPARED_REPORTS` reports. None where there is nobody to compare with.
    """
    if not bursts:
        return None
    named = {reporter for wave in bursts for reporter in wave.together}
    shortest = min(last_report_time(state, wave) - wave.begin for wave in bursts)
    within = max(shortest, MIN_COMPARED_SPAN_US)
    by_reporter: dict[str, list[_Report]] = {}
    for row in reports.list_all_reports(state, MAX_COMPARED_REPORTS):
        if row.reporter not in named:
            by_reporter.setdefault(row.reporter, []).append(_Report(row.time, row.target))
    if not by_reporter:
        return None
    similar = sum(_reports_several_within(made, within) for made in by_reporter.values())
    return ReporterComparison(len(by_reporter), similar)


def last_report_time(state: State, wave: Wave) -> int:
    """When the last known report of a burst's targets was; not before the burst was called."""
    last = reports.last_report_time(state, *_burst_span(wave), _target_names(wave))
    return max(last or 0, wave.opened)


def _burst_span(wave: Wave) -> tuple[int, int]:
    return wave.begin, wave.closed or FOREVER_US


def _target_names(wave: Wave) -> list[str]:
    return [target.target for target in wave.targets]


def _reports_several_within(made: Sequence[_Report], within: int) -> bool:
    """Whether two targets were reported within so many microseconds. made: latest first."""
    return any(
        later.target != earlier.target and later.time - earlier.time <= within
        for later, earlier in pairwise(made)
    )
