"""Silence detection: tell an outage from a quiet feed.

Nothing is assumed of how a source's messages come but what its own connected hours have shown. A
silence is an outage where the emptier minutes of its slowest hour of the last week, taken
`SLOW_FACTOR` times emptier still (`UNKNOWN_NIGHT_FACTOR` times until a whole day is known), would
have brought `MIN_MISSED_MESSAGES` messages, and it is `LONGEST_SILENCE_FACTOR` times the longest of
that week. A source of which a quarter of the minutes of an hour are empty, or that is not known for
an hour yet, is never called silent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

#: Messages that a silence must have cost, in the slowest times that may be.
MIN_MISSED_MESSAGES = 1000.0
#: Seconds that a silence lasts at least.
MIN_SILENCE_SECONDS = 60.0
#: How much emptier than its slowest hour a source may become by itself: while its nights are not
#: known, and after.
UNKNOWN_NIGHT_FACTOR, SLOW_FACTOR = 20.0, 3.0
#: How many times the longest silence known must have passed.
LONGEST_SILENCE_FACTOR: Final = 3.0
#: Messages missing from which on a silence is waited out before its ticks count as quiet ones.
DOUBTFUL_MESSAGES = 30.0
#: Connected seconds of a minute, and minutes of an hour.
MINUTE_SECONDS, HOUR_MINUTES = 60.0, 60
#: Hours that are remembered, and hours that show day and night.
MAX_HOURS, DAY_HOURS = 168, 24
#: More than so many seconds between two checks are a process that slept or a clock that was set:
#: they are no silence.
MAX_CHECK_INTERVAL_SECONDS: Final = 5.0
#: Seconds until a source that stays silent is connected anew, doubled each time up to the last.
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 60.0, 900.0


@dataclass
class SilenceMonitor:
    """What one source usually sends, and whether it is silent. Times are connected seconds.

    Attributes
    ----------
    hours
        Of finished hours: messages a second in the emptier minutes, and the longest silence.
    minutes
        Messages of the finished minutes of the hour that is on.
    steps, seconds
        Messages and seconds of the minute that is on.
    longest, silent
        The longest silence of the hour that is on, and the present one.
    last
        When it last sent, in microseconds; 0 if never.
    mute
        Whether its silence was called.
    looked
        When it was last recorded or checked, in microseconds.
    retry, asked
        Seconds until it is connected anew, and the silence at the last time it was.
    """

    hours: list[tuple[float, float]] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    steps: float = 0.0
    seconds: float = 0.0
    longest: float = 0.0
    silent: float = 0.0
    last: int = 0
    mute: bool = False
    looked: int = 0
    retry: float = FIRST_RETRY_SECONDS
    asked: float = 0.0

    def record(self, steps: int, moment: int, *, live: bool = True) -> bool:
        """Messages came; whether that ends a silence that was called.

        steps: how many. moment: microseconds. live: they are of now, not of a past that is caught
        up with.
        """
        ended = self.mute
        if live and self.last and not self.mute:
            self._learn(steps)
        self.last, self.silent, self.mute, self.looked = moment, 0.0, False, moment
        self.retry, self.asked = FIRST_RETRY_SECONDS, 0.0
        return ended

    def _learn(self, steps: int) -> None:
        self.seconds += self.silent
        self.longest = max(self.longest, self.silent)
        while self.seconds >= MINUTE_SECONDS:
            self.minutes.append(self.steps)
            self.steps, self.seconds = 0.0, self.seconds - MINUTE_SECONDS
        self.steps += steps
        while len(self.minutes) >= HOUR_MINUTES:
            emptier = sorted(self.minutes[:HOUR_MINUTES])[HOUR_MINUTES // 4] / MINUTE_SECONDS
            self.hours = [*self.hours, (emptier, self.longest)][-MAX_HOURS:]
            self.minutes, self.longest = self.minutes[HOUR_MINUTES:], 0.0

    def check(self, connected: bool, moment: int) -> bool:
        """Nothing came until `moment` (microseconds); whether that is now a silence to call."""
        passed = (moment - self.looked) / 1e6 if self.looked else 0.0
        self.looked = moment
        if not connected or not self.last or not 0.0 < passed <= MAX_CHECK_INTERVAL_SECONDS:
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
        self.asked, self.retry = self.silent, min(self.retry * 2, LAST_RETRY_SECONDS)
        return True

    def slowest_rate(self) -> float:
        """Messages a second in the slowest times that may be; 0 where that is not known."""
        if not self.hours:
            return 0.0
        return min(rate for rate, _ in self.hours) / (
            SLOW_FACTOR if len(self.hours) >= DAY_HOURS else UNKNOWN_NIGHT_FACTOR
        )

    def silence_limit(self) -> float:
        """Connected seconds without a message that its history makes practically impossible."""
        slowest = self.slowest_rate()
        if slowest <= 0.0:
            return float("inf")
        return max(
            MIN_SILENCE_SECONDS,
            MIN_MISSED_MESSAGES / slowest,
            LONGEST_SILENCE_FACTOR * max(self.longest, *(longest for _, longest in self.hours)),
        )

    def is_doubtful(self) -> bool:
        """Whether so much is missing that the silence is not taken for a quiet time yet."""
        return self.mute or self.silent * self.slowest_rate() >= DOUBTFUL_MESSAGES

    def is_talkative(self) -> bool:
        """Whether it would send within a minute, so that being connected alone proves nothing."""
        return self.slowest_rate() * MIN_SILENCE_SECONDS >= DOUBTFUL_MESSAGES

    def to_text(self) -> str:
        """The stored form."""
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
        """From the stored form: a silence that was called lasts until data arrives."""
        if not text:
            return cls()
        plain = json.loads(text)
        plain["hours"] = [(h[0], h[1]) for h in plain["hours"]]
        return cls(**plain)
