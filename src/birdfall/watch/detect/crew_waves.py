"""Crews as waves: reporters that move together without a burst are kept and announced like one.

What a burst has announced of them already is no news.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from birdfall.watch.detect.open_waves import GROWTH_FACTOR
from birdfall.watch.detect.reporter_lockstep import WINDOW_US, ReporterCrew, find_crews
from birdfall.watch.detect.wave_contents import describe_reports
from birdfall.watch.model.alert import WaveStage
from birdfall.watch.model.news import WaveNews
from birdfall.watch.model.stream_key import LOCKSTEP
from birdfall.watch.model.wave import Wave, WaveKind
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.alerts import last_announced_size
from birdfall.watch.store.queries.waves import insert_wave, list_waves_since, update_wave

#: Ticks between looks for crews.
CREW_SEARCH_TICKS: Final = 6


class CrewWaves:
    """Looks for crews every few ticks in which something was reported.

    Parameters
    ----------
    state
        Reports and waves; methods are called inside a transaction.
    announce
        Takes news of crews.
    """

    def __init__(self, state: State, announce: Callable[[WaveNews], None]) -> None:
        self._state, self._announce = state, announce
        self._reported, self._last_tick = False, 0
        self._kept = ""

    def restore(self) -> None:
        """Go on where the last watch ended."""
        self._kept = self._state.meta("crews")
        if self._kept:
            last, reported = self._kept.split()
            self._last_tick, self._reported = int(last), bool(int(reported))

    def keep(self) -> None:
        """Keep when the next look is due, for a restart; at the end of each batch."""
        text = f"{self._last_tick} {int(self._reported)}"
        if text != self._kept:
            self._state.keep_meta(crews=text)
            self._kept = text

    def note_report(self) -> None:
        """Something was reported since the last look."""
        self._reported = True

    def search_if_due(self, tick: int, moment: int) -> None:
        """Look for crews, if something was reported and the last look is long enough ago."""
        if self._reported and tick - self._last_tick >= CREW_SEARCH_TICKS:
            self.search(tick, moment)

    def search_pending(self, tick: int, moment: int) -> None:
        """Look for crews, if something was reported since the last look."""
        if self._reported:
            self.search(tick, moment)

    def search(self, tick: int, moment: int) -> None:
        """Look for crews among the reports of the day before `moment` (microseconds)."""
        self._reported, self._last_tick = False, tick
        for crew in find_crews(self._state, moment):
            known = self._find_known(crew, moment)
            if known is None or known.stream == LOCKSTEP:
                self._keep(crew, known, moment)

    def _keep(self, crew: ReporterCrew, known: Wave | None, moment: int) -> None:
        size = len(crew.members)
        details = describe_reports(self._state, crew.begin, crew.end, list(crew.targets))
        share = size / max(details.reporters, 1)
        details = replace(details, together=crew.members, share_together=share)
        if known is None:
            announced = 0
            number = insert_wave(
                self._state,
                stream=LOCKSTEP,
                begin=crew.begin,
                opened=moment,
                closed=moment,
                fallen=size,
                returned=0,
                expected=0.0,
                evidence=0.0,
                details=details,
            )
        else:
            number, announced = known.id, last_announced_size(self._state, known.id)
            update_wave(self._state, number, closed=moment, fallen=size, details=details)
        if size >= max(announced * GROWTH_FACTOR, 1):
            stage = WaveStage.GROWN if announced else WaveStage.OPENED
            self._announce(
                WaveNews(number, LOCKSTEP, crew.begin, stage, crew.end, size, 0.0, details)
            )

    def _find_known(self, crew: ReporterCrew, moment: int) -> Wave | None:
        """The burst or crew that was announced and holds half of these members."""
        members = set(crew.members)
        for wave in list_waves_since(self._state, moment - WINDOW_US):
            shared = len(members & set(wave.together))
            if wave.kind is WaveKind.REPORTS and 2 * shared >= len(members):
                return wave
        return None
