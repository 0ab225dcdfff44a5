"""A follower count over time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class CountSeries(NamedTuple):
    """A follower count over time.

    Parameters
    ----------
    time
        float[n], seconds since 1970, ascending.
    level
        float[n], followers.
    """

    time: NDArray[np.float64]
    level: NDArray[np.float64]

    def between(self, begin: float, end: float) -> CountSeries:
        """The counts in [begin, end], and the last one before."""
        first = max(int(np.searchsorted(self.time, begin, "right")) - 1, 0)
        last = int(np.searchsorted(self.time, end, "right"))
        return CountSeries(self.time[first:last], self.level[first:last])
