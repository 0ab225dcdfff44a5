"""Retention: what a watch forgets, and when, so that its state stays bounded and nothing still
needed goes.

Ticks older than what back-tests and detectors of history read go always. With a number of days,
changes and reports older than that go too, but for those of the waves that are listed and what says
how an account stands. Each step is small and one transaction, and from when on all is kept is
written down before the first row goes: no reader takes what is gone for quiet.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from birdfall.model.units import DAY_US, HOUR_US, MINUTE_US
from birdfall.watch.alerts.backtest import MAX_HISTORY_DAYS
from birdfall.watch.alerts.delivery import MAX_TRIES
from birdfall.watch.detect.wave_contents import CHART_BEFORE_US, MAX_CHART_US
from birdfall.watch.model.alert import wave_number
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS
from birdfall.watch.model.ticks import FOREVER_US, TICK_US
from birdfall.watch.model.wave import Wave, WaveKind
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import retention as rows
from birdfall.watch.store.queries.retention import EventTable, OldEvent
from birdfall.watch.store.queries.set_apart import delete_old_set_apart
from birdfall.watch.store.queries.sources import latest_event, list_gaps
from birdfall.watch.store.queries.waves import LISTED_WAVES, list_waves, next_wave, waves_version

#: A day more than what is read.
TICK_DAYS: Final = MAX_HISTORY_DAYS + 1
#: However few days are asked for: crews look back a day, and an open tick is counted again after a
#: crash.
MIN_DAYS: Final = 2.0
#: Rows looked at in a step, streams swept in a step, pages given back in a step.
STEP_ROWS, STEP_STREAMS, STEP_PAGES = 1_000, 500, 500
#: A sweep of ticks begins when so much more of them is old.
SWEEP_EVERY_US: Final = 6 * HOUR_US
#: Seconds between looks once nothing was left to do.
IDLE_SECONDS: Final = 30.0
#: Free pages wait to be used again; more than so many bytes of them, and more than a quarter of the
#: file, go back to the disk.
SPARE_BYTES: Final = 64 << 20

#: [begin, end] in microseconds.
Span = tuple[int, int]
_CHARTED_STREAMS: Final = (str(ALL_FALLS), str(ALL_REPORTS))


@dataclass
class ProtectedSpans:
    """What the listed waves hold: spans in microseconds, merged, with what is shown around them.

    Attributes
    ----------
    falls, reports, around
        Of waves of suspensions; of the charts of bursts; of all.
    targets
        Spans of bursts by reported account.
    first_wave
        The earliest wave that is listed; 0 if all are.
    open_since
        Since when a wave is on, in microseconds; `FOREVER_US` if none is.
    """

    falls: list[Span] = field(default_factory=list)
    reports: list[Span] = field(default_factory=list)
    around: list[Span] = field(default_factory=list)
    targets: dict[str, list[Span]] = field(default_factory=dict)
    first_wave: int = 0
    open_since: int = FOREVER_US

    @classmethod
    def load(cls, state: State, listed_waves: int) -> ProtectedSpans:
        """As the last `listed_waves` waves of `state` stand now."""
        found = cls()
        waves = list_waves(state, limit=listed_waves)
        for wave in waves:
            begin, end = _shown_span(wave)
            if wave.kind is WaveKind.FALLS:
                found.falls.append((begin, end))
            else:
                found.reports.append((begin, min(end, wave.begin + MAX_CHART_US + MINUTE_US)))
            for target in wave.targets:
                found.targets.setdefault(target.target, []).append((begin, end))
            found.around.append((begin, end))
            if wave.closed is None:
                found.open_since = min(begin, found.open_since)
        found.first_wave = waves[-1].id if len(waves) == listed_waves else 0
        for spans in (found.falls, found.reports, found.around):
            spans[:] = _merge_spans(spans)
        return found

    def holds_fall(self, account: str, moment: int) -> bool:
        """Whether a fall of `account` belongs to a listed wave, or came after a listed burst
        against it."""
        return _contains(self.falls, moment) or any(
            begin <= moment for begin, _ in self.targets.get(account, ())
        )

    def holds_report(self, target: str, moment: int) -> bool:
        """Whether a report of `target` belongs to a listed burst, or is on its chart."""
        return _contains(self.reports, moment) or any(
            begin <= moment <= end for begin, end in self.targets.get(target, ())
        )


@dataclass
class Retention:
    """Deletes from a state what is no longer needed, a step at a time.

    Parameters
    ----------
    state
        Opened for writing.
    days
        Changes and reports older than this go; None keeps them all.
    """

    state: State
    days: float | None = None

    def __post_init__(self) -> None:
        #: up to when ticks were swept, and the last stream of a sweep that goes on
        self._swept_until, self._sweep_stream = 0, ""
        self._sweeping = False
        self._protected: tuple[tuple[int, int, int], ProtectedSpans] | None = None
        #: up to when ends of follows, gaps and alerts were deleted
        self._tidied_until = 0
        self._idle_until = 0.0

    def run(self, moment: int) -> bool:
        """One step, unless there was nothing to do a moment ago; whether there is more to do.

        moment: the machine's clock, in microseconds.
        """
        if time.monotonic() < self._idle_until:
            return False
        more = self.step(moment)
        self._idle_until = 0.0 if more else time.monotonic() + IDLE_SECONDS
        return more

    def step(self, moment: int) -> bool:
        """Delete a little of what is due; whether there is more to do."""
        at = self._trusted_time(moment)
        if at <= 0:
            return False
        horizon = self._move_horizon(at)
        work: list[Callable[[], bool]] = [lambda: self._delete_ticks(at - TICK_DAYS * DAY_US)]
        if horizon:
            work += [
                lambda: self._delete_changes(horizon, at),
                lambda: self._delete_reports(horizon, at),
                self._release_wave,
                lambda: self._delete_rest(horizon),
            ]
        for task in work:
            with self.state.transaction():
                more = task()
            if more:
                return True
        return self._release_pages()

    # -- when ---------------------------------------------------------------------------------

    def _trusted_time(self, moment: int) -> int:
        """The earliest of the machine's time, of what was judged, and of the latest event.

        A clock that jumps a year ahead must not make old what is of today.
        """
        judged = int(self.state.meta("tick", "0")) * TICK_US
        return min(moment, judged, latest_event(self.state))

    def _move_horizon(self, at: int) -> int:
        """From when on all is kept, 0 for from the beginning; written down first, an hour at a
        time."""
        if self.days is None:
            return 0
        oldest = int(at - max(self.days, MIN_DAYS) * DAY_US)
        horizon = min(oldest, self._protected_spans().open_since)
        earliest = rows.earliest_moment(self.state)
        if (
            horizon >= self.state.kept_from + HOUR_US
            and earliest is not None
            and earliest < horizon
        ):
            with self.state.transaction():
                self.state.keep_meta(kept_from=horizon)
            self.state.drop_caches()
        return self.state.kept_from

    def _protected_spans(self) -> ProtectedSpans:
        version = waves_version(self.state)
        if self._protected is None or self._protected[0] != version:
            self._protected = version, ProtectedSpans.load(self.state, LISTED_WAVES)
        return self._protected[1]

    def _meta_number(self, key: str) -> int:
        return int(self.state.meta(key, "0"))

    # -- what ---------------------------------------------------------------------------------

    def _delete_ticks(self, before: int) -> bool:
        """Ticks that nothing reads any more, stream by stream."""
        if not self._sweeping:
            if before < self._swept_until + SWEEP_EVERY_US:
                return False
            self._swept_until, self._sweep_stream, self._sweeping = before, "", True
        around, deleted = self._protected_spans().around, 0
        for _ in range(STEP_STREAMS):
            stream = rows.next_tick_stream(self.state, self._sweep_stream)
            if stream is None:
                self._sweeping = False
                return False
            charted = around if stream in _CHARTED_STREAMS else []
            done = self._delete_ticks_of(stream, charted, STEP_ROWS - deleted)
            deleted += done
            if done:
                swept = max(self._swept_until, self._meta_number("ticks_from"))
                self.state.keep_meta(ticks_from=swept)
            if deleted >= STEP_ROWS:
                break
            self._sweep_stream = stream
        return True

    def _delete_ticks_of(self, stream: str, charted: list[Span], limit: int) -> int:
        """Delete old ticks of one stream, at most `limit`, but for those on charts of listed waves;
        how many went."""
        deleted, begin, before = 0, 0, self._swept_until
        for first, last in [*(span for span in charted if span[0] < before), (before, before)]:
            end = first - first % TICK_US
            deleted += rows.delete_ticks(self.state, stream, begin, end, limit - deleted)
            begin = last + 1
        return deleted

    def _delete_changes(self, horizon: int, at: int) -> bool:
        """Changes in the order they were kept, up to the first that is young enough."""
        old, last = self._next_old(EventTable.CHANGES, horizon, at)
        self._thin_changes({event.account: event.id for event in old})
        return self._mark_swept(EventTable.CHANGES, last)

    def _thin_changes(self, accounts: dict[str, int]) -> None:
        """Of an account's changes up to a row, leave those of listed waves, and the last one where
        it is needed.

        That is where the account is not up, or where an earlier one is left: then it says that the
        account came back.
        """
        protected, young = self._protected_spans(), self.state.kept_from
        gone: list[int] = []
        for account, until in accounts.items():
            changes = rows.list_changes_of(self.state, account, until)
            held = [
                change.time >= young
                or (change.falls and protected.holds_fall(account, change.time))
                for change in changes
            ]
            if changes:
                held[-1] |= changes[-1].status != "active" or any(held)
            gone += [
                change.id for change, is_held in zip(changes, held, strict=True) if not is_held
            ]
        rows.delete_events(self.state, EventTable.CHANGES, gone)

    def _delete_reports(self, horizon: int, at: int) -> bool:
        old, last = self._next_old(EventTable.REPORTS, horizon, at)
        self._thin_reports(old)
        return self._mark_swept(EventTable.REPORTS, last)

    def _thin_reports(self, reports: list[OldEvent]) -> None:
        """Of some reports, leave those of listed bursts, and those before their target fell in a
        listed wave."""
        protected, young = self._protected_spans(), self.state.kept_from
        last_fall: dict[str, int] = {}
        for target in {report.account for report in reports}:
            falls = [
                change.time
                for change in rows.list_changes_of(self.state, target)
                if change.falls and protected.holds_fall(target, change.time)
            ]
            last_fall[target] = max(falls, default=-FOREVER_US)
        gone = [
            report.id
            for report in reports
            if last_fall[report.account] < report.time < young
            and not protected.holds_report(report.account, report.time)
        ]
        rows.delete_events(self.state, EventTable.REPORTS, gone)

    def _next_old(self, table: EventTable, horizon: int, at: int) -> tuple[list[OldEvent], int]:
        """(the next rows that are old enough, the last row looked at or 0).

        One dated ahead of the clock stays.
        """
        found: list[OldEvent] = []
        last = 0
        swept = self._meta_number(f"forgot_{table.value}")
        for event in rows.list_next_events(self.state, table, swept, STEP_ROWS):
            if horizon <= event.time <= at:
                break
            last = event.id
            if event.time < horizon:
                found.append(event)
        return found, last

    def _mark_swept(self, table: EventTable, last: int) -> bool:
        if last:
            self.state.keep_meta(**{f"forgot_{table.value}": last})
        return bool(last)

    def _release_wave(self) -> bool:
        """Delete what was kept for a wave that is no longer listed, a wave at a time."""
        first_listed = self._protected_spans().first_wave
        wave = next_wave(self.state, self._meta_number("let_go"), first_listed)
        if wave is None or _shown_span(wave)[1] >= self.state.kept_from:
            return False
        begin, end = _shown_span(wave)
        accounts = rows.accounts_changed_within(self.state, begin, end)
        accounts |= {target.target for target in wave.targets}
        self._thin_changes(dict.fromkeys(accounts, self._meta_number("forgot_changes")))
        until = self._meta_number("forgot_reports")
        for account in accounts:
            self._thin_reports(rows.list_reports_of(self.state, account, until))
        self._thin_reports(rows.list_reports_within(self.state, begin, end, until))
        self.state.keep_meta(let_go=wave.id)
        return True

    def _delete_rest(self, horizon: int) -> bool:
        """Ends of follows that say nothing any more, gaps and alerts, once for each horizon."""
        if horizon <= self._tidied_until:
            return False
        protected = self._protected_spans()
        ends = rows.delete_old_ends(self.state, horizon, STEP_ROWS)
        apart = delete_old_set_apart(self.state, horizon, STEP_ROWS)
        old = min(horizon, self._meta_number("ticks_from") or horizon)
        gaps = [
            gap.id
            for gap in list_gaps(self.state)
            if gap.end < old
            and not any(
                begin - HOUR_US <= gap.end and gap.begin <= end for begin, end in protected.around
            )
        ]
        rows.delete_gaps(self.state, gaps[:STEP_ROWS])
        first_wave = max(protected.first_wave, 1)
        alerts = [
            alert.id
            for alert in rows.list_old_alerts(self.state, horizon, MAX_TRIES)
            if wave_number(alert.key) < first_wave
        ]
        rows.delete_alerts(self.state, alerts[:STEP_ROWS])
        more = STEP_ROWS in (ends, apart) or len(gaps) > STEP_ROWS or len(alerts) > STEP_ROWS
        self._tidied_until = self._tidied_until if more else horizon
        return more

    def _release_pages(self) -> bool:
        """Give free pages back to the disk, where the file was made so that it can."""
        room = rows.file_room(self.state)
        free_bytes = room.free_pages * room.page_bytes
        if not room.can_shrink or free_bytes <= SPARE_BYTES or 4 * room.free_pages <= room.pages:
            return False
        rows.release_pages(self.state, STEP_PAGES)
        return True


def size_of(path: Path) -> int:
    """Bytes of a state on the disk, with what is on its way into it."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _shown_span(wave: Wave) -> Span:
    """What the page of a wave shows of the time around it."""
    if wave.closed is None:
        return wave.begin - CHART_BEFORE_US, FOREVER_US
    return wave.begin - CHART_BEFORE_US, max(wave.closed, wave.begin + MINUTE_US) + MINUTE_US


def _merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that overlap as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def _contains(spans: list[Span], moment: int) -> bool:
    k = bisect_right(spans, (moment, 1 << 63)) - 1
    return k >= 0 and spans[k][0] <= moment <= spans[k][1]
