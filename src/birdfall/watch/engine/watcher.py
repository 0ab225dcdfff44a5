"""The loop of a watch: receive the batches of feeds, store and evaluate them, and raise alerts,
each batch in one transaction.

Time is event time (`engine.clock`). Without events it advances only while every live source is
connected (`engine.source_health`).
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from birdfall.model.errors import BirdfallError
from birdfall.watch.alerts.rules import DEFAULT_RULES, Rule
from birdfall.watch.detect.crew_waves import CrewWaves
from birdfall.watch.detect.detector_bank import TOTALS, DetectorBank
from birdfall.watch.detect.open_waves import OpenWaves
from birdfall.watch.detect.watched_streams import WatchedStreams
from birdfall.watch.engine.announce import Announcer
from birdfall.watch.engine.arrival import RecordedTime, cut_where_counted
from birdfall.watch.engine.clock import TickClock
from birdfall.watch.engine.learning import BaselineLearner
from birdfall.watch.engine.locked_state import LockedState
from birdfall.watch.engine.machine_clock import MachineClock
from birdfall.watch.engine.restart import Place, events_of_open_tick
from birdfall.watch.engine.source_health import GRACE_US, SourceHealth
from birdfall.watch.feeds.base import Feed, now
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import StatusSnapshot, StreamBatch
from birdfall.watch.model.wave import WaveKind
from birdfall.watch.store.database import State, StatusChange
from birdfall.watch.store.ingest import Ingested, ingest_batch
from birdfall.watch.store.queries.sources import last_receipt_time
from birdfall.watch.store.schema import write_error

#: Steps taken in one transaction, at most.
BATCH_STEPS = 2000
#: Batches that wait before feeds are held back.
MAX_WAITING_BATCHES: Final = 64
#: Seconds between looks at feeds that send nothing, and that feeds have to end once the watch is
#: stopped.
POLL_SECONDS, STOP_SECONDS = 0.2, 5.0

#: Batches with the feeds they come from.
Batches = Iterable[tuple[Feed, list[StreamBatch]]]


class Watcher:
    """One watch.

    Parameters
    ----------
    state
        Opened for writing.
    feeds
        The sources.
    leaders
        Accounts whose audiences are watched, besides those that the state knows.
    rules
        Which alerts go where.
    false_alarms_per_year
        Budget of all detectors together.
    keep_raw
        Whether steps are kept as they came, too.
    clock
        The machine's time in microseconds; another one in tests, of which each leap is believed
        unless it is a `MachineClock`.
    after
        Called after each batch, outside its transaction.
    link
        The address of the dashboard with a slash at its end; empty where there is none.
    recount_every
        Seconds between counts of what a wave is made of.
    tell
        Told what cannot be kept, and that the state is locked.
    """

    def __init__(
        self,
        state: State,
        feeds: Sequence[Feed],
        leaders: Sequence[str] = (),
        rules: Sequence[Rule] = DEFAULT_RULES,
        *,
        false_alarms_per_year: float = 1.0,
        keep_raw: bool = True,
        clock: Callable[[], int] = now,
        after: Callable[[], None] = lambda: None,
        link: str = "",
        recount_every: float = 1.0,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.state, self.feeds = state, list(feeds)
        self._keep_raw, self._after = keep_raw, after
        if not isinstance(clock, MachineClock):
            clock = MachineClock.of_machine(tell) if clock is now else MachineClock(clock)
        self._machine_clock = clock
        self._queue: queue.Queue[tuple[Feed, list[StreamBatch]]] = queue.Queue(MAX_WAITING_BATCHES)
        self._failed: BirdfallError | None = None
        self._tell = tell
        self._lock = LockedState(state, self._queue, tell)
        #: Whether memory is ahead of the state: a transaction was begun and did not end.
        self._unfinished = False
        self.bank = DetectorBank(false_alarms_per_year=false_alarms_per_year)
        # where one host is all that is watched, that an account is on it says nothing more than
        # that it fell
        only_host = frozenset({self.feeds[0].host} if len(self.feeds) == 1 else ())
        self.streams = WatchedStreams(state, self.bank, only_host)
        announcer = Announcer(state, rules, false_alarms_per_year=false_alarms_per_year, link=link)
        self.waves = OpenWaves(
            state,
            self.bank,
            announce=announcer.announce_wave,
            announce_returns=announcer.announce_returns,
            recount_every=recount_every,
        )
        self._crews = CrewWaves(state, announcer.announce_wave)
        learner = BaselineLearner(state, self.bank, false_alarms_per_year)
        self._clock = TickClock(state, self.streams, self.waves, self._crews, learner)
        self._recorded = RecordedTime(state)
        self._sources = SourceHealth(state, self.feeds, self._clock, announcer, self._machine_clock)
        self._restore(leaders)

    # -- running ------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set, or every feed has ended; what waits then is taken in first.

        Raises
        ------
        BirdfallError
            A source can never be read, or the state cannot be written.
        """
        self._lock.stop = stop
        self._take_backlog()
        threads = [
            threading.Thread(target=self._run_feed, args=(f, stop), daemon=True, name=f.name)
            for f in self.feeds
        ]
        for thread in threads:
            thread.start()
        try:
            while True:
                ended = stop.is_set() or not any(t.is_alive() for t in threads)
                if not self.poll(0.0 if ended else POLL_SECONDS) and ended:
                    break
            # what feeds still hand on is taken, so that none of them waits for room in the queue
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and any(t.is_alive() for t in threads):
                self.poll(0.05)
            while self.waiting_batches:
                self.poll(0.0)
            self.settle(ended=not stop.is_set())
            if self._failed is not None:
                raise self._failed
        except KeyboardInterrupt:
            # a batch that was undone comes again at the next start; detectors that have counted it
            # already are not kept, or it would count twice
            if not self._unfinished:
                self.settle(ended=False)
            raise
        except sqlite3.DatabaseError as error:
            raise write_error(self.state.path, error) from error
        finally:
            stop.set()

    def _run_feed(self, feed: Feed, stop: threading.Event) -> None:
        cursor, epoch = State.open(self.state.path, read_only=True).cursor(feed.name)

        def put(batch: list[StreamBatch]) -> None:
            while not stop.is_set() or not feed.live:
                try:
                    self._queue.put((feed, batch), timeout=0.5)
                    return
                except queue.Full:
                    continue

        try:
            feed.run(cursor, epoch, put, stop)
        except BirdfallError as error:
            # a source that can never be read has not ended: the error goes to the caller of `run`
            self._failed = error
            stop.set()

    @property
    def waiting_batches(self) -> int:
        """Batches that feeds delivered and that are not processed yet."""
        return self._queue.qsize()

    def poll(self, wait: float) -> bool:
        """Process waiting batches, or advance time after `wait` s; whether any were waiting."""
        self._take_backlog()
        batches: list[tuple[Feed, list[StreamBatch]]] = []
        try:
            batches.append(self._queue.get(timeout=wait) if wait else self._queue.get_nowait())
            while sum(len(batch) for _, batch in batches) < BATCH_STEPS:
                batches.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        self.process_batches(batches)
        return bool(batches)

    def _take_backlog(self) -> None:
        """Process what waited on disk while the state was locked, before anything newer."""
        feeds = {feed.name: feed for feed in self.feeds}
        backlog = self._lock.backlog
        if not backlog:
            return
        while (found := backlog.take()) is not None:
            source, batch = found
            # of a source that is not watched any more only what it said is kept
            feed = feeds.get(source) or RecordingFeed(source, ())
            self.process_batches([(feed, batch)])
        backlog.forget()

    def process_batches(self, batches: Batches) -> None:
        """Take in batches of feeds as one transaction, with all that follows from them."""
        listed = list(batches)
        busy = {feed.name for feed, _ in listed}
        self._unfinished = True
        with self.state.transaction():
            apart = [why for feed, batch in listed for why in self._take_in(feed, batch)]
            if self._lock.backlog:
                self.state.keep_meta(backlog=self._lock.backlog.place)
            self._sources.check_silence(busy, queue_empty=self._queue.empty())
            self._let_time_pass(busy)
            self._keep_open()
        self._unfinished = False
        self._lock.report_end()
        for said in apart:
            self._tell(f"set apart, as it cannot be kept: {said}; birdfall set-apart lists it")
        for _, batch in listed:
            for step in batch:
                if step.on_commit is not None:
                    step.on_commit()
        self._after()

    def settle(self, *, ended: bool = True) -> None:
        """Keep what is open, for the end of a watch. ended: its sources have ended, so that it is
        judged, too; a watch that was stopped goes on with it later, as if it had not been."""
        self._unfinished = True
        with self.state.transaction():
            if ended:
                recorded = [feed.name for feed in self.feeds if not feed.live]
                self._clock.advance_to(max(map(self._last_receipt, recorded), default=0))
                self.waves.judge()
                self._crews.search_pending(self.bank.tick, self.waves.moment)
            self._keep_open(everything=True)
            self.state.keep_detectors(self.bank.export_states(TOTALS))
            self._sources.keep_monitors()
            for feed in self.feeds:
                health = feed.health
                self.state.keep_health(feed.name, False, health.since, health.reason)
        self._after()

    # -- one batch ----------------------------------------------------------------------------

    def _take_in(self, feed: Feed, batch: list[StreamBatch]) -> list[str]:
        """Keep the steps of a batch and count them, in the order they came; why some cannot be
        kept."""
        apart: list[str] = []
        heard = False
        for chunk in cut_where_counted(batch):
            ingested = ingest_batch(self.state, feed.name, chunk, keep_raw=self._keep_raw)
            self._clock.start(ingested.kept)
            if not heard:
                heard = True
                self._sources.record(feed, [*ingested.kept, *batch[len(chunk) :]])
            if not feed.live:
                self._clock.advance_to(self._recorded.moment_of(feed.name, ingested.kept))
                self._recorded.note(feed.name, ingested.kept)
            self._apply_events(ingested)
            if any(isinstance(event, StatusSnapshot) for step in chunk for event in step.events):
                self.waves.check_returns(self.waves.moment)
            apart += [f"{feed.name}: {why}" for why in ingested.set_apart]
        return apart

    def _keep_open(self, *, everything: bool = False) -> None:
        """Keep what memory knows of the open tick, for a restart."""
        self.waves.refresh(everything=everything)
        self.waves.keep()
        self._clock.keep()
        self._crews.keep()

    def _last_receipt(self, source: str) -> int:
        return last_receipt_time(self.state, source)

    def _let_time_pass(self, busy: Collection[str]) -> None:
        """Go on by the machine's clock, where it is known that nothing is missing."""
        moment = self._machine_clock()
        self._sources.update(moment)
        if self._sources.is_time_known(moment, busy):
            self._clock.advance_to(moment - GRACE_US)

    def _apply_events(self, ingested: Ingested) -> None:
        """Count falls and reports in their ticks, and judge as they come."""
        self.waves.mark_for_recount(_changed_kinds(ingested))
        for moment, row, event in ingested.events:
            if isinstance(event, str) or event.falls:
                self._clock.advance_to(moment)
                self._clock.place.note(event, row)
                self._count(event)
                kind = WaveKind.REPORTS if isinstance(event, str) else WaveKind.FALLS
                self.waves.follow_event(kind, moment)
            elif event.returns:
                self.waves.follow_return(moment)

    def _count(self, event: StatusChange | str) -> None:
        """Count a fall, or a report of an account."""
        if isinstance(event, str):
            self._crews.note_report()
            self.streams.count_report(event)
        else:
            self.streams.count_fall(event)

    # -- beginning ----------------------------------------------------------------------------

    def _restore(self, leaders: Sequence[str]) -> None:
        """Go on where the last watch ended."""
        if leaders:
            self.state.watch_leaders(leaders)
        self._clock.restore()
        self._sources.restore()
        self.waves.restore()
        self._crews.restore()
        with self.state.transaction():
            if not self.state.meta("begun"):
                live = any(feed.live for feed in self.feeds)
                self.state.keep_meta(begun=self._machine_clock() if live else 0)
            if self._clock.has_started:
                self._recount_open_tick()

    def _recount_open_tick(self) -> None:
        """Count the open tick anew, from what was kept of it before the process died."""
        self.bank.count[:] = 0.0
        for event in events_of_open_tick(self.state, Place.kept(self.state)):
            self._count(event)


def _changed_kinds(ingested: Ingested) -> set[WaveKind]:
    """Kinds of waves that a batch may change."""
    kinds = {WaveKind.REPORTS} if ingested.reports else set()
    # a first status that is active is no news of a wave
    if any(c.previous is not None or c.status != "active" for c in ingested.changes):
        kinds.add(WaveKind.FALLS)
    return kinds
