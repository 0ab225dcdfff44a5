"""The machine's clock, as far as it can be believed.

A clock that is set wrong for a minute would carry the time of a watch a day ahead, and time never
goes back: a day of events would fall into one tick, and no wave of it be seen. So a leap, told by
the clock that only counts on, is believed when a live source says that it is as late. After the
machine slept the first event says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from birdfall.model.units import MINUTE_US, SECOND_US
from birdfall.watch.feeds.base import now

#: A change of the clock that is followed at once: what a server of time corrects.
MAX_DRIFT_US: Final = 5 * SECOND_US
#: How near a source's own time must be to the clock to show that a leap is true.
CONFIRMED_WITHIN_US: Final = MINUTE_US


class MachineClock:
    """What time it is, in microseconds, when it is called.

    Parameters
    ----------
    clock
        The machine's clock.
    steady
        A clock that only counts on, in microseconds; None: every leap is believed.
    tell
        Told of a leap that is not believed, and when it is.
    """

    def __init__(
        self,
        clock: Callable[[], int] = now,
        steady: Callable[[], int] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._clock, self._steady, self._tell = clock, steady or clock, tell
        self._ahead = self._clock() - self._steady()
        self._doubted = False

    @classmethod
    def of_machine(cls, tell: Callable[[str], None]) -> MachineClock:
        """That of this machine, which may leap."""
        return cls(now, _count_on, tell)

    def __call__(self) -> int:
        """The time that is believed."""
        moment, steady = self._clock(), self._steady()
        leap = moment - steady - self._ahead
        if abs(leap) <= MAX_DRIFT_US:
            self._ahead += leap
            if self._doubted:
                self._doubted = False
                self._tell("the machine's clock is right again")
        elif not self._doubted:
            self._doubted = True
            way = "forwards" if leap > 0 else "back"
            self._tell(
                f"the machine's clock leapt {way} by {abs(leap) / SECOND_US:,.0f} s; that is "
                "believed when a source tells the same time"
            )
        return steady + self._ahead

    def hear(self, moment: int) -> None:
        """A live source tells that something happened at `moment`."""
        if self._doubted and abs(self._clock() - moment) <= CONFIRMED_WITHIN_US:
            self._doubted = False
            self._ahead = self._clock() - self._steady()
            self._tell("a source tells the same time as the machine's clock, which is believed")


def _count_on() -> int:
    return time.monotonic_ns() // 1000
