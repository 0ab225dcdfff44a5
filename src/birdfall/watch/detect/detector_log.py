"""What happened to all detectors since they were last kept together, so that those of quiet streams
need not be kept in each tick and come back as they were.

With each tick only the detectors of streams in which something came are kept. What happened to the
others is written here: ticks that ended or were passed over, and evidence that was reset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from birdfall.watch.detect.detector_bank import DetectorBank
from birdfall.watch.model.detector_state import DetectorJson
from birdfall.watch.model.stream_key import StreamKey

#: Entries after which all detectors are kept anew.
MAX_ENTRIES: Final = 200


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened to all detectors.

    Parameters
    ----------
    kind
        "close": the open tick ended; "skip": ticks without events were passed over; "reset": the
        evidence of a kind of stream was set to zero.
    falls, reports
        Whether streams of suspensions and of reports learned from the tick, or were reset.
    covered, ticks
        Whether all sources were seen meanwhile, and how many ticks it were.
    """

    kind: str
    falls: bool = True
    reports: bool = True
    covered: bool = True
    ticks: int = 1

    def apply(self, bank: DetectorBank) -> np.ndarray:
        """Let it happen to a bank; the counts of the tick that ended, float64[K], zero where none
        did."""
        mask = np.where(bank.report_mask(), self.reports, self.falls).astype(np.bool_)
        if self.kind == "close":
            return bank.close_tick(teach=mask, covered=self.covered)
        if self.kind == "skip":
            bank.skip_ticks(self.ticks, covered=self.covered)
        else:
            bank.reset_evidence(
                [stream for stream, hit in zip(bank.streams, mask, strict=True) if hit]
            )
        return np.zeros(len(bank))


@dataclass(slots=True)
class DetectorLog:
    """The log.

    Parameters
    ----------
    tick
        The open tick when all detectors were last kept.
    entries
        What happened since.
    """

    tick: int = 0
    entries: list[LogEntry] = field(default_factory=list)

    def note(self, entry: LogEntry) -> None:
        """It happened; ticks passed over one after the other are one entry."""
        last = self.entries[-1] if self.entries else None
        if entry.kind == "skip" and last and last.kind == "skip" and last.covered == entry.covered:
            entry = replace(entry, ticks=entry.ticks + last.ticks)
            self.entries.pop()
        self.entries.append(entry)

    @property
    def is_full(self) -> bool:
        """Whether all detectors should be kept anew."""
        return len(self.entries) >= MAX_ENTRIES

    def to_text(self) -> str:
        """The stored form."""
        rows = [[e.kind, e.falls, e.reports, e.covered, e.ticks] for e in self.entries]
        return json.dumps([self.tick, rows])

    @classmethod
    def from_text(cls, text: str) -> DetectorLog:
        """From the stored form; an empty log of an empty text."""
        if not text:
            return cls()
        tick, rows = json.loads(text)
        return cls(tick, [LogEntry(*row) for row in rows])

    def restore(self, bank: DetectorBank, kept: Mapping[StreamKey, DetectorJson]) -> None:
        """Take up detectors, each kept at a tick of its own, as they were at the last of them.

        Those of a watch that kept no log had quiet ticks since.
        """
        stored: dict[int, dict[StreamKey, DetectorJson]] = {}
        for stream, value in kept.items():
            stored.setdefault(int(value["tick"]), {})[stream] = value
        if not stored:
            return
        first = min(stored)
        bank.tick = first if self.entries else max(stored)
        if not self.entries:
            for tick in sorted(stored):
                bank.take_up(stored[tick], tick)
            return
        bank.take_up(stored.pop(first))
        for entry in self._since(first):
            entry.apply(bank)
            bank.take_up(stored.pop(bank.tick, {}))

    def _since(self, first: int) -> list[LogEntry]:
        """What happened from tick `first` on."""
        found, tick = [], self.tick
        for entry in self.entries:
            if tick >= first:
                found.append(entry)
            tick += 0 if entry.kind == "reset" else entry.ticks
        return found
