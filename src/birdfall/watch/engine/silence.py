"""What a source usually sends, and how long a silence of it can be by itself: the yardstick by which a connected source that says
nothing is "no data", and not quiet.

Nothing is assumed of how its messages come but what its own connected hours have shown. A silence is none of its own where the emptier
minutes of its slowest hour of the last week, taken `SLOWER` times emptier still (`NIGHT` times until a whole day is known), would have brought
`EXPECTED` messages, and it is `LONGER` times the longest of that week. A source of which a quarter of the minutes of an hour are empty, or that is not
known for an hour yet, is never called silent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

#: Messages that a silence must have cost, in the slowest times that may be, and seconds that it lasts at least.
EXPECTED, SHORTEST = 1000.0, 60.0
#: How much emptier than its slowest hour a source may become by itself: while its nights are not known, and after.
NIGHT, SLOWER = 20.0, 3.0
#: How many times the longest silence known must have passed.
LONGER = 3.0
#: Messages missing from which on a silence is waited out before its ticks count as quiet ones.
DOUBTED = 30.0
#: Connected seconds of a minute, minutes of an hour, hours that are remembered, and hours that show day and night.
MINUTE, HOUR, WEEK, DAY = 60.0, 60, 168, 24
#: More than so many seconds between two looks are a process that slept or a clock that was set: they are no silence.
LOOKS: Final = 5.0
#: Seconds until a source that stays silent is connected anew, doubled each time up to the last.
FIRST_RETRY, LAST_RETRY = 60.0, 900.0


@dataclass
class SilenceMonitor:
    """One source. Times are connected seconds; `last` is a moment in microseconds, when it was heard last."""

    #: messages a second in the emptier minutes, and the longest silence, of finished hours; then the minutes of the one that is on
    hours: list[tuple[float, float]] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    steps: float = 0.0
    seconds: float = 0.0
    longest: float = 0.0
    silent: float = 0.0
    last: int = 0
    mute: bool = False
    looked: int = 0
    retry: float = FIRST_RETRY
    asked: float = 0.0

    def record(self, steps: int, moment: int, *, live: bool = True) -> bool:
        """Messages came; whether that ends a silence that was called. live: they are of now, not of a past that is caught up with."""
        ended = self.mute
        if live and self.last and not self.mute:
            self._learn(steps)
        self.last, self.silent, self.mute, self.looked = moment, 0.0, False, moment
        self.retry, self.asked = FIRST_RETRY, 0.0
        return ended

    def _learn(self, steps: int) -> None:
        self.seconds += self.silent
        self.longest = max(self.longest, self.silent)
        while self.seconds >= MINUTE:
            self.minutes.append(self.steps)
            self.steps, self.seconds = 0.0, self.seconds - MINUTE
        self.steps += steps
        while len(self.minutes) >= HOUR:
            emptier = sorted(self.minutes[:HOUR])[HOUR // 4] / MINUTE
            self.hours = [*self.hours, (emptier, self.longest)][-WEEK:]
            self.minutes, self.longest = self.minutes[HOUR:], 0.0

    def check(self, connected: bool, moment: int) -> bool:
        """Nothing came until now; whether that is now a silence which is none of the source's own."""
        passed = (moment - self.looked) / 1e6 if self.looked else 0.0
        self.looked = moment
        if not connected or not self.last or not 0.0 < passed <= LOOKS:
            return False
        self.silent += passed
        if self.mute or self.silent < self.silence_limit():
            return False
        self.mute, self.asked = True, self.silent
        return True

    def should_reconnect(self) -> bool:
        """Whether a source that stays silent is to be connected anew now."""
        if not self.mute or self.silent < self.asked + self.retry:
            return False
        self.asked, self.retry = self.silent, min(self.retry * 2, LAST_RETRY)
        return True

    def slowest_rate(self) -> float:
        """Messages a second in the slowest times that may be; 0 where that is not known."""
        if not self.hours:
            return 0.0
        return min(rate for rate, _ in self.hours) / (SLOWER if len(self.hours) >= DAY else NIGHT)

    def silence_limit(self) -> float:
        """Connected seconds without a message that its history makes practically impossible."""
        slowest = self.slowest_rate()
        if slowest <= 0.0:
            return float("inf")
        return max(
            SHORTEST,
            EXPECTED / slowest,
            LONGER * max(self.longest, *(longest for _, longest in self.hours)),
        )

    def is_doubtful(self) -> bool:
        """Whether so much is missing that the silence is not taken for a quiet time yet."""
        return self.mute or self.silent * self.slowest_rate() >= DOUBTED

    def is_talkative(self) -> bool:
        """Whether it would be heard within a minute, so that being connected alone proves nothing."""
        return self.slowest_rate() * SHORTEST >= DOUBTED

    def to_text(self) -> str:
        """What is kept."""
        return json.dumps(
            {
                "hours": [[round(v, 4) for v in hour] for hour in self.hours],
                "minutes": self.minutes,
                "steps": self.steps,
                "seconds": round(self.seconds, 3),
                "longest": round(self.longest, 3),
                "last": self.last,
                "mute": self.mute,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> SilenceMonitor:
        """From what was kept: a silence that was called goes on until something is heard."""
        if not text:
            return cls()
        plain = json.loads(text)
        plain["hours"] = [(h[0], h[1]) for h in plain["hours"]]
        return cls(**plain)
