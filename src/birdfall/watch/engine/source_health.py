"""Which sources are connected, lost or silent: time without data is a gap, not a quiet hour.

A lost source makes a gap unless it delivers afterwards all that happened meanwhile. A source that
is connected but sends none of its usual events (`engine.silence`) counts as lost until it sends
again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from birdfall.model.units import MINUTE_US, SECOND_US
from birdfall.watch.engine.announce import Announcer
from birdfall.watch.engine.clock import TickClock
from birdfall.watch.engine.machine_clock import MachineClock
from birdfall.watch.engine.silence import SilenceMonitor
from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, Feed
from birdfall.watch.model.alert import NoDataReason
from birdfall.watch.model.events import Gap, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import note_gap, sound_times

#: How long a source may be behind the clock before time stops waiting for its events.
GRACE_US: Final = 3 * SECOND_US
#: Events this far behind the clock show that a source is catching up.
CATCH_UP_US: Final = 15 * SECOND_US
#: Between two times that what sources usually send is kept.
KEEP_MONITORS_US: Final = MINUTE_US
#: Seconds after which a source that sends again, but only undated events, has made a gap.
UNDATED_SECONDS: Final = 30.0


class _Resumed(NamedTuple):
    """A source that sends again: since when it was silent, how long it may be silent without an
    outage, and when its data arrived."""

    silent_since: int
    limit: int
    heard: int


@dataclass(slots=True)
class _SourceState:
    """What the watch knows of one feed.

    newest: latest own time of its last batch. down_since: since when it gives no data, None while
    it does. kept_up, kept_lost: what was last written of it: `since` of its connection, and whether
    it was connected while it gave no data.
    """

    newest: int = 0
    down_since: int | None = None
    kept_up: int | None = None
    kept_lost: bool | None = None
    monitor: SilenceMonitor | None = None
    resumed: _Resumed | None = None


class SourceHealth:
    """The sources of a watch; methods are called inside a transaction.

    Parameters
    ----------
    state
        Where health, gaps and what sources usually send are kept.
    feeds
        The sources.
    clock
        The clock of the watch: it goes on over gaps.
    announcer
        Told of silences and of their ends.
    machine_clock
        The machine's time in microseconds.
    """

    def __init__(
        self,
        state: State,
        feeds: Iterable[Feed],
        clock: TickClock,
        announcer: Announcer,
        machine_clock: MachineClock,
    ) -> None:
        self._state, self._feeds = state, list(feeds)
        self._clock, self._announcer, self._machine_clock = clock, announcer, machine_clock
        self._sources = {feed.name: _SourceState() for feed in self._feeds}
        self._monitors_kept = 0

    def restore(self) -> None:
        """Restore what sources usually send; a silence that was called lasts until data arrives."""
        for feed in self._feeds:
            if feed.live and feed.pushed:
                monitor = SilenceMonitor.from_text(self._state.meta(f"heard:{feed.name}"))
                source = self._sources[feed.name]
                source.monitor = monitor
                if monitor.mute:
                    feed.health.silent, source.down_since = True, monitor.last

    def record(self, feed: Feed, batch: list[StreamBatch]) -> None:
        """A source is heard; call before what it says is taken in."""
        source = self._source(feed)
        steps = sum(bool(step.received) for step in batch)
        times = [moment for step in batch for moment in sound_times(step)]
        source.newest = max(times, default=0)
        if feed.live and times:
            self._machine_clock.hear(source.newest)
        if source.monitor is None or not steps:
            return
        monitor, moment = source.monitor, self._machine_clock()
        silent_since, limit = monitor.last, int(min(monitor.silence_limit(), 1e9) * 1e6)
        if monitor.record(steps, moment, live=not times or max(times) > moment - CATCH_UP_US):
            feed.health.silent = False
            # the gap that this made is known when the first event dates itself
            down_since = silent_since if source.down_since is None else source.down_since
            source.down_since = None
            self._announcer.announce_data_again(feed.name, down_since, moment)
            source.resumed = _Resumed(silent_since, limit, moment)
            self._keep_monitor(feed.name)
        if source.resumed is not None and times:
            self._resume(feed, source, source.resumed, min(times))

    def check_silence(self, busy: Collection[str], *, queue_empty: bool) -> None:
        """Look for silences of sources that nothing came from. busy: names of those that something
        came from."""
        if not any(source.monitor is not None for source in self._sources.values()):
            return
        moment = self._machine_clock()
        for feed in self._feeds:
            source = self._sources[feed.name]
            if source.monitor is None or feed.name in busy or not queue_empty:
                continue
            if source.monitor.check(feed.health.connected, moment):
                feed.health.silent = feed.health.reconnect = True
                self._keep_monitor(feed.name)
            elif source.monitor.should_reconnect():
                feed.health.reconnect = True
            resumed = source.resumed
            if resumed is not None and moment - resumed.heard > UNDATED_SECONDS * SECOND_US:
                self._resume(feed, source, resumed, resumed.heard)
        since_kept = moment - self._monitors_kept
        if since_kept >= KEEP_MONITORS_US or since_kept < 0:
            self._monitors_kept = moment
            self.keep_monitors()

    def update(self, moment: int) -> None:
        """Keep how connections stand at `moment` (microseconds), note gaps that ended, and announce
        silences."""
        for feed in self._feeds:
            health, source = feed.health, self._source(feed)
            if (
                (health.connected and not self._is_silent(source))
                or health.ended
                or not health.since
            ):
                self._mark_up(feed, source, moment)
            else:
                self._mark_down(feed, source, moment)

    def is_time_known(self, moment: int, busy: Collection[str]) -> bool:
        """Whether time may go on to `moment` by the machine's clock: every live source is connected
        and up to date.

        busy: names of the sources that something came from now.
        """
        live = [feed for feed in self._feeds if feed.live]
        if not live or not all(
            # one that connected while the clock was ahead has done so long ago
            feed.health.connected and not 0 <= moment - feed.health.since < GRACE_US
            for feed in live
        ):
            return False
        sources = [self._source(feed) for feed in live]
        # nor does it while a source is unusually silent, or has not yet shown whether it resumes
        # where it fell silent
        if any(s.resumed is not None for s in self._sources.values()) or any(
            s.monitor is not None and s.monitor.is_doubtful() for s in sources
        ):
            return False
        # a source that hands on the past is catching up: its events say what time it is
        return not any(
            feed.name in busy and 0 < self._source(feed).newest < moment - CATCH_UP_US
            for feed in live
        )

    def keep_monitors(self) -> None:
        """Keep what sources usually send."""
        for name, source in self._sources.items():
            if source.monitor is not None:
                self._keep_monitor(name)

    def _source(self, feed: Feed) -> _SourceState:
        # a batch may come from a source that is no feed of this watch
        return self._sources.setdefault(feed.name, _SourceState())

    def _is_silent(self, source: _SourceState) -> bool:
        """Whether a connected source is silent, or was lost and would send at once if it were
        back."""
        monitor, down_since = source.monitor, source.down_since
        if monitor is None:
            return False
        return monitor.mute or (
            down_since is not None and monitor.last <= down_since and monitor.is_talkative()
        )

    def _mark_up(self, feed: Feed, source: _SourceState, moment: int) -> None:
        if source.down_since is not None:
            self._end_gap(feed, source, source.down_since, moment)
        health = feed.health
        if source.kept_up != health.since:
            source.kept_up = health.since
            self._state.keep_health(feed.name, health.connected, health.since, health.reason)

    def _mark_down(self, feed: Feed, source: _SourceState, moment: int) -> None:
        health, monitor = feed.health, source.monitor
        said = CONNECTED_BUT_SILENT if health.connected else health.reason
        first = source.down_since is None
        if source.down_since is None:
            silent = health.silent and monitor is not None
            source.down_since = monitor.last if silent and monitor is not None else health.since
            source.kept_up = None
        if first or source.kept_lost != health.connected:
            source.kept_lost = health.connected
            self._state.keep_health(feed.name, False, source.down_since, said)
        silent = said == CONNECTED_BUT_SILENT
        reason = NoDataReason.SAYS_NOTHING if silent else NoDataReason.NOT_CONNECTED
        self._announcer.announce_no_data(feed.name, source.down_since, moment, said, reason)

    def _end_gap(self, feed: Feed, source: _SourceState, since: int, moment: int) -> None:
        source.down_since = None
        self._announcer.announce_data_again(feed.name, since, moment)
        cursor, _ = self._state.cursor(feed.name)
        if cursor is None and feed.live and moment - since > GRACE_US:
            # nothing tells this source where to go on from: what happened meanwhile was not seen
            gap = Gap(since, moment, NoDataReason.NOT_CONNECTED.value)
            note_gap(self._state, feed.name, gap)
            self._clock.skip_gap(moment, min_ticks=2)

    def _resume(self, feed: Feed, source: _SourceState, resumed: _Resumed, moment: int) -> None:
        """A source resumes at `moment` by its own time: where that is later than the begin of its
        silence, the events in between are lost."""
        source.resumed = None
        if moment - resumed.silent_since <= resumed.limit:
            return
        gap = Gap(resumed.silent_since, moment, NoDataReason.SAYS_NOTHING.value)
        note_gap(self._state, feed.name, gap)
        self._clock.skip_gap(moment)

    def _keep_monitor(self, name: str) -> None:
        monitor = self._sources[name].monitor
        if monitor is not None:
            self._state.keep_meta(**{f"heard:{name}": monitor.to_text()})
