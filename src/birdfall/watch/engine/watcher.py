"""The loop of the watch: take in what feeds hand on, keep it, judge it, and raise alerts, each batch as one transaction.

Time is the events' own: a stream that catches up after a loss is judged as if it had been heard in time. Where nothing is
heard, time goes on only while every live source is connected; a source that is lost makes a gap, not a quiet hour.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from birdfall.model.errors import BirdfallError
from birdfall.watch.alerts.delivery import raise_alert, sentence
from birdfall.watch.alerts.rules import DEFAULT, Rule, history, matching
from birdfall.watch.detect import reporter_lockstep as lockstep
from birdfall.watch.detect import wave_queries as waves
from birdfall.watch.detect.detector_bank import LAG, REMEMBERED, TICK_US, DetectorBank, Learned
from birdfall.watch.detect.host_client_streams import Groups
from birdfall.watch.engine.silence import SilenceMonitor
from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, Feed, now
from birdfall.watch.model.events import Gap, StreamBatch
from birdfall.watch.store.database import Ingested, State, StatusChange, unwritable

#: Steps taken in one transaction, at most.
BATCH = 2000
#: How long a source may be behind the clock before time stops waiting for its events.
GRACE = 3_000_000
#: A wave is over after so many quiet ticks, or after as many as its own rate would leave quiet in one wave of twenty, an hour at most.
QUIET, LONGEST_QUIET, FALSE_END = 12, 360, 0.05
#: Reported accounts are forgotten after so many ticks without a report.
FORGET = 360
#: The largest number of reported accounts watched at once.
MOST_TARGETS = 20_000
#: Ticks between making the detector of history anew.
RELEARN = 2160
ALL = 1 << 62
#: Ticks between looks for reporters that move together.
CREWS = 6
#: Days of ticks from which a detector is made of history.
LEARN_DAYS = 2.0
#: Seconds between keeping what a source usually sends, and after which one that is heard again but dates nothing has made a gap.
KEEP_HEARD, UNDATED = 60, 30
#: Events this far behind the clock, in microseconds, are of a past that is caught up with.
PAST = 15_000_000
#: The chance that a burst names an account that is not under fire.
JOINED = 0.01
#: News worth a second alert: a wave has doubled, or so many more parts in a hundred have returned.
GROWN, RETURNED = 2.0, 0.25


@dataclass
class _Open:
    """A wave that is on."""

    number: int
    stream: str
    begin: int
    quiet: int = 0
    last: int = 0
    told: int = 0
    told_back: float = 0.0
    targets: dict[str, int] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    #: events that a tick brought before it began
    usual: float = 0.0
    #: events of its own stream from the tick `counted` on, and ticks since that passed what is usual
    events: float = 0.0
    still: int = 0
    counted: int = 0


@dataclass
class Watcher:
    """One watch. clock: the time of the machine, in microseconds; another one in tests."""

    state: State
    feeds: list[Feed]
    leaders: tuple[str, ...] = ()
    rules: list[Rule] = field(default_factory=lambda: list(DEFAULT))
    false_alarms_per_year: float = 1.0
    keep_raw: bool = True
    clock: Callable[[], int] = now
    after: Callable[[], None] = lambda: None
    link: str = ""
    recount_every: float = 1.0

    def __post_init__(self) -> None:
        self.bank = DetectorBank(false_alarms_per_year=self.false_alarms_per_year)
        # Where one host is all that is watched, that an account is on it says nothing more than that it fell.
        self.groups = Groups(
            self.bank,
            frozenset({self.feeds[0].host} if len(self.feeds) == 1 else ()),
        )
        self.open: dict[str, _Open] = {}
        self._queue: queue.Queue[tuple[Feed, list[StreamBatch]]] = queue.Queue(maxsize=64)
        self._target_seen: dict[str, int] = {}
        self._behind: dict[str, int] = {}
        self._down: dict[str, int] = {}
        #: what sources usually send; those heard again after a silence: since when, how long they may be silent, heard again
        self._heard: dict[str, SilenceMonitor] = {}
        self._resumed: dict[str, tuple[int, int, int]] = {}
        self._heard_kept = 0
        self._evidence: dict[str, float] = {}
        self._learned_at = -RELEARN
        self._next_count = 0.0
        #: kinds of which something came since what is open was counted, and the tick in which that was
        self._news: set[str] = {"falls", "reports"}
        self._counted_at = -1
        self._reported, self._crews_at = False, 0
        self._latest = 0
        #: up to when what is kept counts: within a batch no further than it is judged, else all
        self._as_of = ALL
        self._looked: dict[str, float] = {}
        self._failed: BirdfallError | None = None
        self._prepare()

    # -- running --------------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set, or every feed has ended. What is waiting then is taken in first."""
        threads = [
            threading.Thread(target=self._feed, args=(f, stop), daemon=True, name=f.name)
            for f in self.feeds
        ]
        for thread in threads:
            thread.start()
        try:
            while True:
                ended = stop.is_set() or not any(t.is_alive() for t in threads)
                if not self.poll(0.0 if ended else 0.2) and ended:
                    break
            # what feeds still hand on is taken, so that none of them waits for room in the queue
            patience = time.monotonic() + 5
            while time.monotonic() < patience and any(t.is_alive() for t in threads):
                self.poll(0.05)
            while not self._queue.empty():
                self.poll(0.0)
            self._settle()
            if self._failed is not None:
                raise self._failed
        except sqlite3.DatabaseError as error:
            raise unwritable(self.state.path, error) from error
        finally:
            stop.set()

    def _feed(self, feed: Feed, stop: threading.Event) -> None:
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
            # a source that can never be read is no source that has ended: whoever began the watch is told
            self._failed = error
            stop.set()

    def poll(self, wait: float) -> bool:
        """Take in what waits, or after `wait` seconds let time go on; whether anything was there."""
        batches: list[tuple[Feed, list[StreamBatch]]] = []
        try:
            batches.append(self._queue.get(timeout=wait) if wait else self._queue.get_nowait())
            while sum(len(b) for _, b in batches) < BATCH:
                batches.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        self.process_batches(batches)
        return bool(batches)

    def process_batches(self, batches: Iterable[tuple[Feed, list[StreamBatch]]]) -> None:
        """Batches of feeds as one transaction, with all that follows from them."""
        listed = list(batches)
        with self.state.transaction():
            for feed, batch in listed:
                self._begin_clock(batch)
                self._hear(feed, batch)
                taken = self.state.ingest(feed.name, batch, keep_raw=self.keep_raw)
                self._absorb(taken)
                newest = max((e.time for step in batch for e in step.events), default=0)
                self._behind[feed.name] = newest
                if not feed.live and batch:
                    self._advance(max(step.received for step in batch) // TICK_US)
            self._listen({feed.name for feed, _ in listed})
            self._time_passes({feed.name for feed, _ in listed})
            self._judge()
        for _, batch in listed:
            for step in batch:
                if step.on_commit is not None:
                    step.on_commit()
        self.after()

    # -- time -----------------------------------------------------------------------------------------------------

    def _begin_clock(self, batch: list[StreamBatch]) -> None:
        """The first thing heard says when the watch began."""
        if not self.bank.tick and batch:
            heard = batch[0]
            self._advance(min([heard.received, *(e.time for e in heard.events)]) // TICK_US)

    def _time_passes(self, busy: set[str]) -> None:
        moment = self.clock()
        live = [f for f in self.feeds if f.live]
        self._health(moment)
        if not live or not all(
            f.health.connected and moment - f.health.since >= GRACE for f in live
        ):
            return
        # Nor does it where one is silent as it never was, or has not said yet whether it goes on where it fell silent.
        if self._resumed or any(
            f.name in self._heard and self._heard[f.name].is_doubtful() for f in live
        ):
            return
        # A source that hands on the past is catching up: its events say what time it is.
        if any(f.name in busy and 0 < self._behind.get(f.name, 0) < moment - PAST for f in live):
            return
        self._advance((moment - GRACE) // TICK_US)

    def _health(self, moment: int) -> None:
        for feed in self.feeds:
            health = feed.health
            known = self._down.get(feed.name)
            if (
                (health.connected and not self._says_nothing(feed, known))
                or health.ended
                or not health.since
            ):
                if known is not None:
                    self._gap_ends(feed, known, moment)
                if self._evidence.get(f"up:{feed.name}") != float(health.since):
                    self._evidence[f"up:{feed.name}"] = float(health.since)
                    self.state.keep_health(feed.name, health.connected, health.since, health.reason)
                continue
            since = self._heard[feed.name].last if health.silent else health.since
            said = CONNECTED_BUT_SILENT if health.connected else health.reason
            if known is None:
                self._down[feed.name] = since
                self._evidence.pop(f"up:{feed.name}", None)
            if known is None or self._evidence.get(f"mute:{feed.name}") != float(health.connected):
                self._evidence[f"mute:{feed.name}"] = float(health.connected)
                self.state.keep_health(feed.name, False, self._down[feed.name], said)
            seconds = (moment - self._down[feed.name]) // 1_000_000
            rules = matching(self.rules, "no-data", int(seconds), set())
            if rules:
                numbers = {"source": feed.name, "seconds": int(seconds)}
                body = {
                    "numbers": numbers,
                    "said": said,
                    "reason": "says-nothing" if said == CONNECTED_BUT_SILENT else "not-connected",
                    "silenced_by": f"the source being {'heard' if said == CONNECTED_BUT_SILENT else 'reached'} again",
                    "link": self._sources(),
                }
                body["why"] = sentence({"kind": "no-data", **body})
                raise_alert(
                    self.state,
                    f"no-data:{feed.name}:{self._down[feed.name]}",
                    "no-data",
                    rules,
                    moment,
                    body,
                )

    def _says_nothing(self, feed: Feed, down: int | None) -> bool:
        """Whether a connected source is mute, or was lost and is one that would have been heard at once were it there again."""
        if feed.name not in self._heard:
            return False
        heard = self._heard[feed.name]
        return heard.mute or (down is not None and heard.last <= down and heard.is_talkative())

    def _hear(self, feed: Feed, batch: list[StreamBatch]) -> None:
        """A source is heard; call before what it says is taken in."""
        steps = sum(bool(step.received) for step in batch)
        if feed.name not in self._heard or not steps:
            return
        heard, moment = self._heard[feed.name], self.clock()
        times = [e.time for step in batch for e in step.events]
        since, bound = heard.last, int(min(heard.silence_limit(), 1e9) * 1e6)
        if heard.record(steps, moment, live=not times or max(times) > moment - PAST):
            feed.health.silent = False
            # the gap that this made is known when the first event dates itself
            self._heard_again(feed, self._down.pop(feed.name, since), moment)
            self._resumed[feed.name] = since, bound, moment
            self._keep_heard(feed.name)
        if feed.name in self._resumed and times:
            self._goes_on_from(feed, min(times))

    def _goes_on_from(self, feed: Feed, moment: int) -> None:
        """After a silence the first event says by its own time whether the source goes on where it fell silent, or what came then is lost."""
        since, bound, _ = self._resumed.pop(feed.name)
        if moment - since <= bound:
            return
        self.state.note_gap(feed.name, Gap(since, moment, "says-nothing"))
        missed = moment // TICK_US - self.bank.tick
        if missed > 0:
            self._close(covered=False)
            self.bank.skip(missed - 1, covered=False)

    def _listen(self, busy: set[str]) -> None:
        """Sources that nothing came from."""
        if not self._heard:
            return
        moment = self.clock()
        for feed in self.feeds:
            heard = self._heard.get(feed.name)
            if heard is None or feed.name in busy or not self._queue.empty():
                continue
            if heard.check(feed.health.connected, moment):
                feed.health.silent = feed.health.reconnect = True
                self._keep_heard(feed.name)
            elif heard.should_reconnect():
                feed.health.reconnect = True
            resumed = self._resumed.get(feed.name)
            if resumed is not None and moment - resumed[2] > UNDATED * 1_000_000:
                self._goes_on_from(feed, resumed[2])
        if moment - self._heard_kept >= KEEP_HEARD * 1_000_000 or moment < self._heard_kept:
            self._heard_kept = moment
            for name in self._heard:
                self._keep_heard(name)

    def _keep_heard(self, name: str) -> None:
        self.state.keep_meta(**{f"heard:{name}": self._heard[name].to_text()})

    def _gap_ends(self, feed: Feed, since: int, moment: int) -> None:
        del self._down[feed.name]
        self._heard_again(feed, since, moment)
        cursor, _ = self.state.cursor(feed.name)
        if cursor is None and feed.live and moment - since > GRACE:
            # nothing tells this source where to go on from: what happened meanwhile was not seen
            self.state.note_gap(feed.name, Gap(since, moment, "not-connected"))
            behind = moment // TICK_US - self.bank.tick
            if behind > 1:
                self._close(covered=False)
                self.bank.skip(behind - 1, covered=False)

    def _heard_again(self, feed: Feed, since: int, moment: int) -> None:
        """Who was told that a source is silent is told when it no longer is."""
        key = f"no-data:{feed.name}:{since}"
        if (
            self.state.connection.execute("SELECT 1 FROM alerts WHERE key = ?", (key,)).fetchone()
            is None
        ):
            return
        seconds = max((moment - since) // 1_000_000, 0)
        numbers = {"source": feed.name, "seconds": int(seconds)}
        body: dict[str, Any] = {"numbers": numbers, "news": "closed", "link": self._sources()}
        body["why"] = sentence({"kind": "no-data", **body})
        rules = matching(self.rules, "no-data", int(seconds), set())
        raise_alert(self.state, f"{key}:over", "no-data", rules, moment, body)

    def _sources(self) -> str:
        """The page of the sources."""
        return f"{self.link}sources" if self.link else ""

    def _advance(self, tick: int) -> None:
        """Let ticks end until `tick` is the open one."""
        if not self.bank.tick:
            self.bank.tick = tick
            return
        if tick <= self.bank.tick:
            return
        self._close(covered=True)
        while self.bank.tick < tick and self.open:
            self._close(covered=True)
        self.bank.skip(tick - self.bank.tick, covered=True)

    def _close(self, *, covered: bool) -> None:
        n = len(self.bank)
        if covered and self.bank.count[:n].any():
            self._latest = max(self._latest, (self.bank.tick + 1) * TICK_US - 1)
            self._judge()
        busy = np.flatnonzero(self.bank.count[:n])
        expected = self.bank.expected()
        names = self.bank.names
        teach = np.ones(n, np.bool_)
        for kind in self.open:
            teach &= ~self.bank.of_reports() if kind == "reports" else self.bank.of_reports()
        begin = self.bank.tick * TICK_US
        keep = [
            (names[k], begin, int(self.bank.count[k]), float(expected[k]), _high(expected[k]), 0.0)
            for k in busy.tolist()
            if not names[k].startswith("target:")
        ]
        if covered:
            self.state.keep_ticks(keep)
        loud = {names[k]: self.bank.count[k] > expected[k] for k in busy.tolist()}
        counts = self.bank.close(teach=teach, covered=covered)
        for wave in list(self.open.values()):
            k = self.bank.place.get(wave.stream, -1)
            wave.events += float(counts[k]) if k >= 0 else 0.0
            wave.still = 0 if loud.get(wave.stream) else wave.still + 1
            wave.quiet = (
                0
                if any(on for name, on in loud.items() if _belongs(name, wave))
                else wave.quiet + 1
            )
            if wave.quiet >= QUIET and (
                k < 0 or wave.still >= self._lasts(wave, float(expected[k]))
            ):
                self._end(wave)
        changed = {names[k] for k in busy.tolist()} | {"all", "reports"}
        self.state.keep_detectors(self.bank.plain(changed))
        self._remember_place()
        if self._reported and self.bank.tick - self._crews_at >= CREWS:
            self._crews()
        self._forget_targets()
        self._relearn()

    # -- what came in ---------------------------------------------------------------------------------------------

    def _absorb(self, taken: Ingested) -> None:
        """Changes and reports into their ticks, in the order of their own times."""
        things: list[tuple[int, StatusChange | None, Any]] = [
            (c.time, c, None) for c in taken.changes if c.falls
        ]
        things += [(r.time, None, r) for r in taken.reports]
        things.sort(key=lambda t: t[0])
        # an account that is first heard of, and is well, is no news of a wave
        news = (
            {"falls"}
            if any(c.previous is not None or c.status != "active" for c in taken.changes)
            else set()
        )
        news |= {"reports"} if taken.reports else set()
        self._news |= news
        for moment, change, report in things:
            self._advance(moment // TICK_US)
            self._latest = self._as_of = max(self._latest, moment)
            if change is not None:
                self._fell(change)
            else:
                self._was_reported(report.target)
            self._look_again("falls" if change is not None else "reports")
        self._as_of = ALL
        # what was counted within the batch was counted no further than it was judged
        self._news |= news

    def _look_again(self, kind: str) -> None:
        """Judge within a batch, each time a tick has grown by a third beyond what is usual: alarms come as they would live."""
        if kind in self.open:
            return
        k = self.bank.place["all" if kind == "falls" else "reports"]
        count = float(self.bank.count[k])
        if count < self._looked.get(kind, 0.0):
            self._looked[kind] = 0.0
        if count >= max(4.0, 1.33 * self._looked.get(kind, 0.0)):
            self._looked[kind] = count
            self._judge()

    def _fell(self, change: StatusChange) -> None:
        self.bank.put("all")
        if self.state.leaders:
            for leader in self.state.leaders_of(change.account):
                self.bank.put(f"leader:{leader}")
        for name in self.groups.of(change.host, change.client):
            self.bank.put(name)

    def _was_reported(self, target: str) -> None:
        self._reported = True
        self.bank.put("reports")
        name = f"target:{target}"
        if name not in self.bank.place:
            if len(self._target_seen) >= MOST_TARGETS:
                return
            # a report of somebody new: as if watched as long as reports are
            self.bank.add([name], float(self.bank.ticks[self.bank.place["reports"]]))
        self._target_seen[name] = self.bank.tick
        self.bank.put(name)

    # -- judging --------------------------------------------------------------------------------------------------

    def _judge(self, fresh: bool = False) -> None:
        n = len(self.bank)
        if self.bank.count[:n].any():
            evidence = self.bank.evidence()
            called = self.bank.standing_out(evidence)
            for kind in ("falls", "reports"):
                mine = [name for name in called if _kind(name) == kind]
                if mine and kind not in self.open:
                    self._begin(kind, mine, float(evidence[self.bank.place[mine[0]]]))
                    fresh = True
                elif mine:
                    self._goes_on(self.open[kind], mine)
            if "reports" in self.open:
                self._join(self.open["reports"], evidence)
        # What a wave is made of is counted anew each time: once a second is often enough, however fast events come.
        if fresh or time.monotonic() >= self._next_count:
            self._count_anew(fresh or self.bank.tick != self._counted_at)
            self._next_count = time.monotonic() + self.recount_every

    def _count_anew(self, everything: bool) -> None:
        """What is open, where something of its kind came; everything in each tick, for audiences and what is known grow by themselves."""
        for kind in list(self.open):
            if everything or kind in self._news:
                self._update(kind, self.open[kind])
        if everything or "falls" in self._news:
            self._returns()
        self._news.clear()
        self._counted_at = self.bank.tick

    def _begin(self, kind: str, called: list[str], evidence: float) -> None:
        onset = min(self.bank.onset(name) for name in called[:5]) * TICK_US
        moment = max(self._moment(), onset)
        usual = self._usual(kind, onset // TICK_US)
        begin = (
            waves.first_fall(self.state, onset, moment, usual)
            if kind == "falls"
            else self._first_report(onset)
        )
        wave = _Open(0, called[0], begin, last=moment, usual=self._usual(kind, begin // TICK_US))
        self._goes_on(wave, called)
        self._count_from(wave)
        wave.number = waves.keep_wave(
            self.state,
            None,
            stream=called[0],
            begin=begin,
            opened=moment,
            closed=None,
            fallen=0,
            returned=0,
            expected=_over(wave, moment),
            evidence=evidence,
            details={"kind": kind, "usual": wave.usual},
        )
        self.open[kind] = wave

    def _lasts(self, wave: _Open, expected: float) -> float:
        """Ticks of its own stream's silence after which a wave is over: where it is sparse, silences come within it by chance."""
        ticks = max(self.bank.tick - wave.still - wave.counted, 1)
        # nothing is a wave below twice what is expected: else one that has faded into the usual would never be over
        rate = max(wave.events / ticks, 2 * expected, 1e-9)
        return float(np.clip(np.log((1 + wave.events) / FALSE_END) / rate, QUIET, LONGEST_QUIET))

    def _count_from(self, wave: _Open) -> None:
        """What a wave has brought since it began, or since as long as counts are remembered."""
        wave.counted = max(wave.begin // TICK_US, self.bank.tick - REMEMBERED)
        if wave.stream in self.bank.place:
            since = np.arange(wave.counted, self.bank.tick) % REMEMBERED
            wave.events = float(self.bank.recent[self.bank.place[wave.stream], since].sum())

    def _goes_on(self, wave: _Open, called: list[str]) -> None:
        for name in called:
            if name.startswith(("host:", "client:")):
                wave.called.add(name)
            if name.startswith("target:"):
                wave.targets.setdefault(name.removeprefix("target:"), self.bank.tick)

    def _join(self, burst: _Open, evidence: np.ndarray) -> None:
        """Name further accounts that a burst hits, once some are called.

        That there is a burst the budget of false alarms has answered; who else is under fire is asked of the reported accounts alone.
        Evidence less its number of ticks is a martingale, so by chance any of them passes this at any time with `JOINED` at most.
        """
        if not burst.targets:
            return
        place = np.flatnonzero(self.bank.of_targets())
        enough = np.log(np.maximum(self.bank.ticks[place], 1.0) * len(place) / JOINED)
        self._goes_on(burst, [self.bank.names[k] for k in place[evidence[place] >= enough]])

    def _update(self, kind: str, wave: _Open) -> None:
        end = self._reaches(wave)
        size, back, details = self._made_of(kind, wave, end)
        expected = _over(wave, end)
        waves.keep_wave(
            self.state, wave.number, fallen=size, returned=back, expected=expected, details=details
        )
        if size >= max(wave.told * GROWN, 1):
            self._tell(
                kind,
                wave,
                size,
                end,
                expected,
                details,
                "opened" if not wave.told else f"grown-to-{size}",
            )
            wave.told = size

    def _made_of(self, kind: str, wave: _Open, end: int) -> tuple[int, int, dict[str, Any]]:
        """(size, returned, details) of a wave up to `end`."""
        if kind == "falls":
            size, back, details = waves.described(self.state, wave.begin, end, self._as_of)
            return size, back, {**details, "called": sorted(wave.called), "usual": wave.usual}
        details = waves.reported(self.state, wave.begin, end, self._targets(wave, end)) | {
            "usual": wave.usual
        }
        return details["reporters"], 0, details

    def _reaches(self, wave: _Open) -> int:
        """Until when a wave lasts as far as is known: now, or the end of its last tick above the usual."""
        ended = (self.bank.tick - wave.quiet) * TICK_US - 1
        return max(self._moment() if not wave.quiet else min(ended, self._moment()), wave.begin)

    def _targets(self, wave: _Open, end: int) -> list[str]:
        """Accounts under fire; without any called by itself, all that were reported twice or more in the burst."""
        if wave.targets:
            return sorted(wave.targets)
        rows = self.state.connection.execute(
            "SELECT target FROM reports WHERE time BETWEEN ? AND ? GROUP BY target HAVING count(DISTINCT reporter) >= 2 ORDER BY count(*) DESC LIMIT 100",
            (wave.begin, end),
        )
        return sorted(r[0] for r in rows)

    def _tell(
        self,
        kind: str,
        wave: _Open,
        size: int,
        end: int,
        expected: float,
        details: dict[str, Any],
        what: str,
    ) -> None:
        seconds = max((min(int(details.get("end", end)), end) - wave.begin) // 1_000_000, 1)
        numbers: dict[str, Any] = {
            "wave": wave.number,
            "seconds": int(seconds),
            "expected": round(expected, 2),
        }
        hit = [e["leader"] for e in details.get("leaders", []) if e["hit"]]
        if kind == "falls":
            numbers |= {
                "fallen": size,
                "reported_before": details["reported"],
                "audiences_hit": len(hit),
            }
        else:
            numbers |= {
                "reporters": size,
                "reports": details["reports"],
                "targets": len(details["targets"]),
                "together": len(details["together"]),
            }
        body: dict[str, Any] = {
            "numbers": numbers,
            "stream": wave.stream,
            "begin": wave.begin,
            "news": what,
            "audiences": hit[:20],
            "hit": [self._named(e) for e in details.get("leaders", []) if e["hit"]][:20],
            "targets": details.get("targets", [])[:20],
            "false_alarms_per_year": self.false_alarms_per_year,
            "silenced_by": f"a rule with at_least above {size}",
            "link": self._where(wave.number),
        }
        body["why"] = sentence({"kind": kind, **body})
        for group in ("host", "client"):
            body[f"{group}s"] = [
                n.partition(":")[2] for n in details.get("called", []) if n.startswith(f"{group}:")
            ]
        rules = matching(self.rules, kind, size, set(hit), wave.called)
        raise_alert(
            self.state, f"wave:{wave.number}:{what}", kind, rules, max(end, wave.begin), body
        )

    def _named(self, entry: dict[str, Any]) -> dict[str, Any]:
        """A leader whose audience was hit, with the name people know it by."""
        row = self.state.connection.execute(
            "SELECT handle FROM standing WHERE account = ?", (entry["leader"],)
        ).fetchone()
        counted = {
            key: entry[key]
            for key in ("leader", "before", "suspended", "after", "returned", "odds_ratio")
        }
        return {**counted, "handle": (row[0] or "") if row else ""}

    def _where(self, number: int) -> str:
        """The page of a wave."""
        return f"{self.link}wave/{number}" if self.link else ""

    def _end(self, wave: _Open) -> None:
        kind = next(k for k, w in self.open.items() if w is wave)
        closed = self._reaches(wave)
        size, back, details = self._made_of(kind, wave, closed)
        expected = _over(wave, closed)
        waves.keep_wave(
            self.state,
            wave.number,
            closed=closed,
            fallen=size,
            returned=back,
            details=details,
            expected=expected,
        )
        self._tell(kind, wave, size, closed, expected, details, "closed")
        del self.open[kind]
        self.bank.begin_anew([name for name in self.bank.names if _kind(name) == kind])

    def _crews(self) -> None:
        """Reporters that move together without a burst. What a burst has told of them already is no news."""
        self._reported, self._crews_at = False, self.bank.tick
        moment = self._moment()
        for crew in lockstep.find_crews(self.state, moment):
            known = self._known_crew(crew, moment)
            if known is not None and known.stream != lockstep.STREAM:
                continue
            details = waves.reported(self.state, crew.begin, crew.end, list(crew.targets))
            details |= {
                "together": list(crew.members),
                "share_together": len(crew.members) / max(details["reporters"], 1),
            }
            values = {"closed": moment, "fallen": len(crew.members), "details": details}
            if known is None:
                number, told = (
                    waves.keep_wave(
                        self.state,
                        None,
                        stream=lockstep.STREAM,
                        begin=crew.begin,
                        opened=moment,
                        returned=0,
                        expected=0.0,
                        evidence=0.0,
                        **values,
                    ),
                    0,
                )
            else:
                number, told = known.id, self._told(known.id)
                waves.keep_wave(self.state, number, **values)
            if len(crew.members) >= max(told * GROWN, 1):
                wave = _Open(number, lockstep.STREAM, crew.begin)
                news = "opened" if not told else f"grown-to-{len(crew.members)}"
                self._tell("reports", wave, len(crew.members), crew.end, 0.0, details, news)

    def _known_crew(self, crew: lockstep.ReporterCrew, moment: int) -> waves.Wave | None:
        """The burst or crew that was told of and holds half of these members."""
        members = set(crew.members)
        rows = self.state.connection.execute(
            "SELECT * FROM waves WHERE coalesce(closed, opened) >= ? OR closed IS NULL ORDER BY id DESC",
            (moment - lockstep.BACK,),
        )
        for row in rows.fetchall():
            wave = waves.wave_of(row)
            if wave.kind == "reports" and 2 * len(
                members & set(wave.details.get("together", []))
            ) >= len(members):
                return wave
        return None

    def _returns(self) -> None:
        """Tell when much of the last wave is back; once for each further quarter."""
        row = self.state.connection.execute(
            "SELECT * FROM waves WHERE stream NOT LIKE 'target:%' AND stream NOT IN ('reports', 'lockstep') ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is None or not row["fallen"]:
            return
        wave = waves.wave_of(row)
        end = wave.closed or self._moment()
        size, back = wave.fallen, waves.returned(self.state, wave.begin, end, self._as_of)
        if back != wave.returned:
            if wave.begin < self.state.kept_from:
                back, details = waves.counted_later(self.state, wave)
            else:
                size, back, details = waves.described(self.state, wave.begin, end, self._as_of)
                details |= {
                    key: wave.details[key] for key in ("called", "usual") if key in wave.details
                }
            waves.keep_wave(self.state, wave.id, returned=back, fallen=size, details=details)
        share = int(back / max(size, 1) / RETURNED)
        if share < 1:
            return
        hit = {e["leader"] for e in wave.details.get("leaders", []) if e["hit"]}
        rules = matching(self.rules, "returns", back, hit, set(wave.details.get("called", [])))
        numbers = {"wave": wave.id, "fallen": size, "returned": back}
        body = {
            "numbers": numbers,
            "silenced_by": f"a rule with at_least above {back}",
            "link": self._where(wave.id),
            "why": sentence({"kind": "returns", "numbers": numbers}),
        }
        raise_alert(
            self.state,
            f"wave:{wave.id}:returned-{share}-quarters",
            "returns",
            rules,
            self._moment(),
            body,
        )

    def _usual(self, kind: str, begin: int) -> float:
        """Events a tick brings, as learned before the tick `begin`: the first ones of a wave have taught before it was called."""
        name = "all" if kind == "falls" else "reports"
        if name in self.bank.learned:
            return self.bank.learned[name].expected
        k = self.bank.place[name]
        since = np.arange(max(begin, self.bank.tick - LAG), self.bank.tick)
        taught = self.bank.taught[k, since % LAG]
        own = float((self.bank.recent[k, since % REMEMBERED] * taught).sum())
        ticks = float(self.bank.ticks[k] - taught.sum())
        return max(float(self.bank.total[k]) - own, 0.0) / max(ticks, 1.0)

    def _moment(self) -> int:
        """The latest moment that was judged: of an event, or the begin of the open tick."""
        return max(self._latest, self.bank.tick * TICK_US)

    def _first_report(self, onset: int) -> int:
        row = self.state.connection.execute(
            "SELECT min(time) FROM reports WHERE time >= ?", (onset,)
        ).fetchone()
        return onset if row[0] is None else int(row[0])

    # -- keeping --------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Take up where the last watch ended."""
        if self.leaders:
            self.state.watch_leaders(self.leaders)
        self.bank.restore(self.state.detectors())
        self.bank.add(["all", "reports", *(f"leader:{x}" for x in sorted(self.state.leaders))])
        self.groups.restore()
        self._target_seen = {
            name: self.bank.tick for name in self.bank.names if name.startswith("target:")
        }
        for feed in self.feeds:
            if feed.live and feed.pushed:
                heard = self._heard[feed.name] = SilenceMonitor.from_text(
                    self.state.meta(f"heard:{feed.name}")
                )
                if heard.mute:
                    feed.health.silent, self._down[feed.name] = True, heard.last
        for wave in waves.waves(self.state, open_only=True):
            told = self._told(wave.id)
            targets = {t["target"]: 0 for t in wave.details.get("targets", [])}
            self.open[wave.kind] = _Open(
                wave.id,
                wave.stream,
                wave.begin,
                told=told,
                targets=targets,
                called=set(wave.details.get("called", [])),
                usual=float(wave.details.get("usual", 0.0)),
            )
            self._count_from(self.open[wave.kind])
        with self.state.transaction():
            if not self.state.meta("begun"):
                self.state.keep_meta(begun=self.clock() if any(f.live for f in self.feeds) else 0)
            self._recount()

    def _told(self, number: int) -> int:
        row = self.state.connection.execute(
            "SELECT body FROM alerts WHERE key LIKE ? AND kind IN ('falls', 'reports') ORDER BY id DESC LIMIT 1",
            (f"wave:{number}:%",),
        ).fetchone()
        if row is None:
            return 0
        import json

        numbers = json.loads(row[0])["numbers"]
        return int(numbers.get("fallen", numbers.get("reporters", 0)))

    def _remember_place(self) -> None:
        row = self.state.connection.execute(
            "SELECT (SELECT max(id) FROM changes), (SELECT max(id) FROM reports)"
        ).fetchone()
        self.state.keep_meta(
            tick=self.bank.tick,
            changes=self._last(row[0], "changes"),
            reports=self._last(row[1], "reports"),
        )

    def _last(self, newest: int | None, table: str) -> int:
        """The last row that belongs to a tick that has ended: those of the open one are counted again after a restart."""
        begin = self.bank.tick * TICK_US
        row = self.state.connection.execute(
            f"SELECT min(id) FROM {table} WHERE time >= ?", (begin,)
        ).fetchone()
        return int(newest or 0) if row[0] is None else int(row[0]) - 1

    def _recount(self) -> None:
        """The counts of the open tick, from what was kept of it before the process died."""
        if not self.bank.tick:
            return
        self.bank.count[:] = 0.0
        c = self.state.connection
        query = "SELECT account, status, previous, time, received, host, reason, client FROM changes WHERE id > ? AND NOT seen ORDER BY id"
        changes = [
            StatusChange(*row) for row in c.execute(query, (int(self.state.meta("changes", "0")),))
        ]
        reports = c.execute(
            "SELECT target, time FROM reports WHERE id > ? ORDER BY id",
            (int(self.state.meta("reports", "0")),),
        )
        things: list[tuple[int, StatusChange | None, str]] = [
            (x.time, x, "") for x in changes if x.falls
        ]
        things += [(r["time"], None, r["target"]) for r in reports]
        for moment, change, target in sorted(things, key=lambda t: t[0]):
            self._advance(moment // TICK_US)
            if change is not None:
                self._fell(change)
            else:
                self._was_reported(target)

    def _forget_targets(self) -> None:
        old = {
            name for name, tick in self._target_seen.items() if self.bank.tick - tick > FORGET
        } | self.groups.too_many()
        if old:
            for name in old:
                self._target_seen.pop(name, None)
            self.bank.drop(old)
            self.state.connection.executemany(
                "DELETE FROM detectors WHERE stream = ?", [(name,) for name in old]
            )

    def _relearn(self) -> None:
        """Make the detectors of what is stored, where there is enough of it."""
        if self.bank.tick - self._learned_at < RELEARN:
            return
        self._learned_at = self.bank.tick
        until = self.bank.tick * TICK_US
        begun = int(self.state.meta("begun", "0"))
        if not begun:
            begun = (
                self.state.connection.execute("SELECT min(begin) FROM ticks").fetchone()[0] or until
            )
        if until - begun < LEARN_DAYS * 86_400_000_000:
            return
        for name in ("all", "reports"):
            found = learned_from(self.state, name, begun, until, self.false_alarms_per_year)
            if found is not None:
                self.bank.learned[name] = found

    def _settle(self) -> None:
        with self.state.transaction():
            self._judge(fresh=True)
            if self._reported:
                self._crews()
            self.state.keep_detectors(self.bank.plain(["all", "reports"]))
            for name in self._heard:
                self._keep_heard(name)
            for feed in self.feeds:
                self.state.keep_health(feed.name, False, feed.health.since, feed.health.reason)
        self.after()


def learned_from(
    state: State, stream: str, begin: int, end: int, false_alarms_per_year: float
) -> Learned | None:
    """What stored history says of a stream's next tick; None if nothing ever happened in it."""
    from birdfall.measures.waves import design_detector, fit_baseline

    counts, covered, first = history(state, stream, begin, end)
    if counts.sum() < 20:
        return None
    base = fit_baseline(counts, covered, TICK_US / 1e6, first / 1e6, trailing=True)
    made = design_detector(base, TICK_US / 1e6, false_alarms_per_year=false_alarms_per_year)
    return Learned(float(base.expected[-1] * made.lift), float(made.size))


def _over(wave: _Open, end: int) -> float:
    """How many events would have been usual in a wave until `end`."""
    return wave.usual * max(end - wave.begin, 1) / TICK_US


def _kind(name: str) -> str:
    return "reports" if name == "reports" or name.startswith("target:") else "falls"


def _belongs(name: str, wave: _Open) -> bool:
    return _kind(name) == (
        "reports" if wave.stream == "reports" or wave.stream.startswith("target:") else "falls"
    )


def _high(expected: float) -> float:
    """More than a tick usually brings: twice what is expected at most, and three deviations of a Poisson above."""
    return float(max(2 * expected, expected + 3 * np.sqrt(expected), 1.0))
