"""Suspensions by host and by client: a detector for each that a fallen account belonged to, made
when the first one falls.

Names of hosts and clients come from outside, and an attacker can make any number of them: the least
recent give way.
"""

from __future__ import annotations

from birdfall.watch.detect.detector_bank import DetectorBank
from birdfall.watch.model.stream_key import ALL_FALLS, StreamKey, StreamKind

#: Hosts and clients watched at once, and how many stay when there are more.
MAX_STREAMS, STREAMS_AFTER_TRIM = 2_000, 1_500


class HostClientStreams:
    """The detectors of hosts and clients in a bank.

    Parameters
    ----------
    bank
        The bank that holds them.
    uninformative_hosts
        Hosts that get no detector of their own, as every account is on them.
    """

    def __init__(
        self, bank: DetectorBank, uninformative_hosts: frozenset[str] = frozenset()
    ) -> None:
        self._bank, self._uninformative = bank, uninformative_hosts
        #: the tick in which something last fell on each
        self.last_seen: dict[StreamKey, int] = {}

    def streams_of(self, host: str, client: str) -> list[StreamKey]:
        """The streams that a fall of an account on `host`, acting through `client`, belongs to; new
        ones are made."""
        bank, streams = self._bank, []
        if host and host not in self._uninformative:
            streams.append(StreamKey(StreamKind.HOST, host))
        if client:
            streams.append(StreamKey(StreamKind.CLIENT, client))
        for stream in streams:
            if stream not in bank.row and len(self.last_seen) < 2 * MAX_STREAMS:
                # It was watched as long as all are, and nothing fell there but this: the fall that
                # made us look has taught.
                bank.add([stream], float(bank.ticks[bank.row[ALL_FALLS]]))
                bank.total[bank.row[stream]] += 1.0
                bank.invalidate_bounds()
            if stream in bank.row:
                self.last_seen[stream] = bank.tick
        return [stream for stream in streams if stream in bank.row]

    def trim(self) -> set[StreamKey]:
        """The least recent streams give way once there are more than can be watched; which these
        are."""
        if len(self.last_seen) <= MAX_STREAMS:
            return set()
        oldest = sorted(self.last_seen, key=lambda stream: self.last_seen[stream])
        gone = oldest[: len(self.last_seen) - STREAMS_AFTER_TRIM]
        for stream in gone:
            del self.last_seen[stream]
        return set(gone)

    def restore(self) -> None:
        """Take up those that the bank took up."""
        self.last_seen = {
            stream: self._bank.tick
            for stream in self._bank.streams
            if stream.kind in (StreamKind.HOST, StreamKind.CLIENT)
        }
