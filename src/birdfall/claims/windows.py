"""How many events a window of time holds, wherever it holds most.

Where times are known within intervals only: the least and the most that any window of that length
may hold, exactly. Times are seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birdfall.claims.parse import ParsedClaim, Qualifier
from birdfall.claims.readings import WindowCount, WindowRange

Seconds = NDArray[np.float64]
#: Allows for rounding where a claimed share is turned into a number of accounts.
ROUNDING = 1e-9


@dataclass(frozen=True)
class EventTimes:
    """Events by account: each happened in (low, high], exactly at low where both are equal.

    Parameters
    ----------
    code
        int[n], the code of the account.
    low, high
        float[n], seconds since 1970.
    fell
        Of returns: the fall that each one ended.
    """

    code: NDArray[np.int64]
    low: Seconds
    high: Seconds
    fell: EventTimes | None = None

    def select(self, keep: NDArray[np.bool_]) -> EventTimes:
        """The events that a mask keeps."""
        fell = None if self.fell is None else self.fell.select(keep)
        return EventTimes(self.code[keep], self.low[keep], self.high[keep], fell)

    def back_within(self, window_s: float) -> tuple[EventTimes, EventTimes, EventTimes]:
        """The returns seen at most a window after each one's own fall; those sure and possible."""
        fell = self.fell
        if fell is None:
            raise ValueError("these events are no returns")
        return (
            self.select(self.high - fell.high <= window_s),
            self.select(self.high - fell.low <= window_s),
            self.select(self.low - fell.high <= window_s),
        )

    def of_accounts(self, codes: NDArray[np.int64] | None) -> EventTimes:
        """The events of some accounts; None: of all."""
        return self if codes is None else self.select(np.isin(self.code, codes))

    def within(self, begin: float, end: float) -> tuple[EventTimes, EventTimes, EventTimes]:
        """The events seen in [begin, end], those that happened in it for sure, and possibly."""
        ended = self.high >= begin
        return (
            self.select(ended & (self.high <= end)),
            self.select((self.low >= begin) & (self.high <= end)),
            self.select(ended & ((self.low < end) | (self.high <= end))),
        )

    def count_accounts(self) -> int:
        """How many accounts had an event."""
        return len(np.unique(self.code))

    @property
    def is_exact(self) -> bool:
        """Whether all times are known exactly."""
        return bool((self.low == self.high).all())


def fullest_window(times: Seconds, window_s: float) -> WindowCount:
    """The window of a length that holds most events; the first of several. times: sorted."""
    number = np.searchsorted(times, times + window_s, "right") - np.arange(len(times))
    first = int(np.argmax(number))
    begin = float(times[first])
    return WindowCount(window_s, begin, float(times[first] + window_s), int(number[first]))


def second_window(times: Seconds, best: WindowCount) -> WindowCount | None:
    """The fullest window of the same length that does not touch the best one, None if none."""
    window_s = best.window_s
    before, after = times[times < best.begin], times[times > best.end]
    found: list[WindowCount] = []
    if len(before):  # windows that end with an event before the best one begins
        number = np.arange(1, len(before) + 1) - np.searchsorted(before, before - window_s, "left")
        at = int(np.argmax(number))
        begin = float(before[at] - window_s)
        found.append(WindowCount(window_s, begin, begin + window_s, int(number[at])))
    if len(after):
        found.append(fullest_window(after, window_s))
    return max(found, key=lambda window: (window.value, -window.begin), default=None)


def count_bounds(low: Seconds, high: Seconds, window_s: float) -> tuple[int, int]:
    """The most events known to lie in one window, and the most that may lie in one.

    Notes
    -----
    An event lies in [s, s + window] for certain if high - window <= s <= low, and possibly if
    low - window < s <= high: each bound is the greatest number of such intervals over one point.
    O(n log n).
    """
    if not len(low):
        return 0, 0
    begins, ends = high - window_s, low
    sure = begins <= ends
    certain = _max_overlap(begins[sure], ends[sure])
    opened = low - window_s
    opened = np.where(high > low, np.nextafter(opened, np.inf), opened)
    return certain, _max_overlap(opened, high)


def _max_overlap(begins: Seconds, ends: Seconds) -> int:
    """The most of the intervals [begins, ends] that share a point."""
    if not len(begins):
        return 0
    begins, ends = np.sort(begins), np.sort(ends)
    over = np.arange(1, len(begins) + 1) - np.searchsorted(ends, begins, "left")
    # equal beginnings count together: the last of them has seen all
    return int(over.max())


def find_true_windows(times: Seconds, claim: ParsedClaim, factor: float = 1.0) -> WindowRange:
    """The shortest and the longest window whose fullest count the claim allows.

    times: sorted. factor: what a count is multiplied by to be in the unit of the claim.
    """
    least = max(1, int(np.ceil(claim.low / factor - ROUNDING))) if claim.low is not None else 1
    most = int(np.floor(claim.high / factor + ROUNDING)) if claim.high is not None else len(times)
    if claim.qualifier is Qualifier.NOT or least > len(times) or most < least or not len(times):
        return WindowRange(None, None)
    shortest = float((times[least - 1 :] - times[: len(times) - least + 1]).min())
    if most >= len(times):
        return WindowRange(shortest, float(times[-1] - times[0]))
    longest = float((times[most:] - times[: len(times) - most]).min())
    return WindowRange(shortest, longest) if longest >= shortest else WindowRange(None, None)
