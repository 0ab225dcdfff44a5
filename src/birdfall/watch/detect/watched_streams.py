"""Which streams an event counts in, and which streams are watched no longer.

Suspensions and reports of all are always watched, audiences as long as their leader is; hosts,
clients and reported accounts come with their first event and give way when they are quiet.
"""

from __future__ import annotations

from typing import Final

from birdfall.watch.detect.detector_bank import DetectorBank
from birdfall.watch.detect.host_client_streams import HostClientStreams
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey, StreamKind
from birdfall.watch.model.ticks import FOREVER_US, TICK_US
from birdfall.watch.store.database import State, StatusChange
from birdfall.watch.store.queries import ticks
from birdfall.watch.store.queries.reports import last_report_time

#: Reported accounts are forgotten after so many ticks without a report.
TARGET_IDLE_TICKS: Final = 360
#: The largest number of reported accounts watched at once.
MAX_TARGETS: Final = 20_000


class WatchedStreams:
    """The streams of a watch: a detector bank, and when reported accounts, hosts and clients were
    last seen.

    Parameters
    ----------
    state
        Knows the watched leaders and who follows them.
    bank
        The detectors.
    uninformative_hosts
        Hosts that get no detector of their own, as every account is on them.
    """

    def __init__(
        self,
        state: State,
        bank: DetectorBank,
        uninformative_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.bank = bank
        self.hosts_and_clients = HostClientStreams(bank, uninformative_hosts)
        self._state = state
        self._target_seen: dict[StreamKey, int] = {}

    def restore(self) -> None:
        """Watch what is to be watched, beside the detectors that the bank took up."""
        bank = self.bank
        leaders = (StreamKey(StreamKind.LEADER, name) for name in sorted(self._state.leaders))
        bank.add([ALL_FALLS, ALL_REPORTS, *leaders])
        self.hosts_and_clients.restore()
        self._target_seen = {
            stream: self._last_reported(stream)
            for stream in bank.streams
            if stream.kind is StreamKind.TARGET
        }

    def _last_reported(self, stream: StreamKey) -> int:
        """The tick in which a watched account was last reported."""
        moment = last_report_time(self._state, 0, FOREVER_US, [stream.name])
        return min((moment or 0) // TICK_US, self.bank.tick)

    def count_fall(self, change: StatusChange) -> None:
        """Count a suspension in the open tick of each stream it belongs to."""
        self.bank.add_events(ALL_FALLS)
        if self._state.leaders:
            for leader in self._state.leaders_of(change.account):
                self.bank.add_events(StreamKey(StreamKind.LEADER, leader))
        for stream in self.hosts_and_clients.streams_of(change.host, change.client):
            self.bank.add_events(stream)

    def count_report(self, target: str) -> None:
        """Count a report in the open tick, of all and of the reported account."""
        bank, stream = self.bank, StreamKey(StreamKind.TARGET, target)
        bank.add_events(ALL_REPORTS)
        if stream not in bank.row:
            if len(self._target_seen) >= MAX_TARGETS:
                return
            # a report of somebody new: as if watched as long as reports are
            bank.add([stream], float(bank.ticks[bank.row[ALL_REPORTS]]))
        self._target_seen[stream] = bank.tick
        bank.add_events(stream)

    def drop_idle(self) -> None:
        """Watch reported accounts, hosts and clients no longer that have been quiet too long or are
        too many.

        Call inside a transaction.
        """
        tick = self.bank.tick
        idle = {s for s, seen in self._target_seen.items() if tick - seen > TARGET_IDLE_TICKS}
        idle |= self.hosts_and_clients.trim()
        if idle:
            for stream in idle:
                self._target_seen.pop(stream, None)
            self.bank.drop(idle)
            ticks.delete_detectors(self._state, idle)

    @property
    def open_tick_begin(self) -> int:
        """The begin of the open tick, in microseconds."""
        return self.bank.tick * TICK_US
