"""Running medians against the obvious way: a window at a time, sorted by numpy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from birdfall.kernels.running_median import running_medians

VALUES = st.one_of(
    st.just(float("nan")),
    st.integers(-3, 3).map(float),
    st.floats(-1e9, 1e9, allow_subnormal=False),
)


def plain_medians(values, length, fewest):
    middles, deviations = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    for d in range(values.shape[1]):
        before = slice(d - length, d) if d >= length else np.flatnonzero(np.arange(length + 1) != d)
        for row, of_row in enumerate(values):
            places = np.arange(values.shape[1])
            window = of_row[before] if d >= length else of_row[[p for p in places if p in before]]
            window = window[np.isfinite(window)]
            if len(window) >= max(fewest, 1):
                middles[row, d] = np.median(window)
                deviations[row, d] = np.median(np.abs(window - middles[row, d]))
    return middles, deviations


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(0, 12)), elements=VALUES),
    st.integers(1, 6),
    st.integers(0, 4),
)
def test_each_window_is_told_as_numpy_tells_it(values, length, fewest):
    for mine, plain in zip(
        running_medians(values, length, fewest), plain_medians(values, length, fewest), strict=True
    ):
        np.testing.assert_array_equal(mine, plain)
