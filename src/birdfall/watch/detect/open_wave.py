"""A wave or burst that is on, and the form in which it is kept between two batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypedDict

from birdfall.watch.model.stream_key import StreamKey, StreamKind
from birdfall.watch.model.ticks import TICK_US


class OpenWaveJson(TypedDict):
    """What a watch knows of a wave that is on, beside its row."""

    number: int
    announced: int
    targets: list[str]
    called: list[str]
    quiet: int
    counted_from: int
    events: float
    own_quiet: int


@dataclass
class OpenWave:
    """A wave that is on.

    Parameters
    ----------
    number, stream, begin
        Its number, the stream that called it first, and when it began (microseconds).
    announced_size
        Its size when it was last announced; 0 before.
    targets
        Accounts under fire that were called.
    called
        Hosts and clients that stood out by themselves.
    baseline
        Events a tick brought before it began.
    quiet_ticks
        Ticks since any of its streams brought more than is usual.
    counted_from, events, own_quiet_ticks
        The tick from which events of its own stream are counted, these events, and ticks since that
        stream brought more than is usual.
    """

    number: int
    stream: StreamKey
    begin: int
    announced_size: int = 0
    targets: set[str] = field(default_factory=set)
    called: set[StreamKey] = field(default_factory=set)
    baseline: float = 0.0
    quiet_ticks: int = 0
    counted_from: int = 0
    events: float = 0.0
    own_quiet_ticks: int = 0

    def owns(self, stream: StreamKey) -> bool:
        """Whether events of a stream are of this wave's kind."""
        return stream.counts_reports == self.stream.counts_reports

    def extend(self, called: Iterable[StreamKey]) -> None:
        """Further streams were called."""
        for stream in called:
            if stream.kind in (StreamKind.HOST, StreamKind.CLIENT):
                self.called.add(stream)
            if stream.kind is StreamKind.TARGET:
                self.targets.add(stream.name)

    def expected_until(self, end: int) -> float:
        """Events that would have been usual until `end` (microseconds)."""
        return self.baseline * max(end - self.begin, 1) / TICK_US

    def to_json(self) -> OpenWaveJson:
        """The stored form."""
        return {
            "number": self.number,
            "announced": self.announced_size,
            "targets": sorted(self.targets),
            "called": sorted(str(stream) for stream in self.called),
            "quiet": self.quiet_ticks,
            "counted_from": self.counted_from,
            "events": self.events,
            "own_quiet": self.own_quiet_ticks,
        }

    def take_up(self, kept: OpenWaveJson) -> None:
        """Go on from the stored form."""
        self.announced_size = kept["announced"]
        self.targets = set(kept["targets"])
        self.called = {StreamKey.parse(text) for text in kept["called"]}
        self.quiet_ticks, self.own_quiet_ticks = kept["quiet"], kept["own_quiet"]
        self.counted_from, self.events = kept["counted_from"], kept["events"]
