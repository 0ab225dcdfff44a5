"""Medians of what came before: of each row of a table, the median and the median absolute
deviation of a window that slides over it.

Plain version: for every row and column d, `w` is what is known of `values[row, d - length : d]`
(of the first `length + 1` columns but d, while d < length); its median, and the median of
`abs(w - median)`. Cost: O(columns * length) a row; the window is kept in order from one column to
the next. Safe: indices stay within the window; no threads inside.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _insert(window: np.ndarray, number: int, value: float) -> int:
    """Put `value` into the first `number` of `window`, which ascend; nan is left out. How many they
    are then.
    """
    if np.isnan(value):
        return number
    at = number
    while at > 0 and window[at - 1] > value:
        window[at] = window[at - 1]
        at -= 1
    window[at] = value
    return number + 1


@njit(cache=True, nogil=True)
def _remove(window: np.ndarray, number: int, value: float) -> int:
    """Take `value` out of the first `number` of `window`. How many they are then."""
    if np.isnan(value):
        return number
    at = 0
    while window[at] != value:
        at += 1
    for later in range(at, number - 1):
        window[later] = window[later + 1]
    return number - 1


@njit(cache=True, nogil=True)
def _deviation(window: np.ndarray, number: int, middle: float) -> float:
    """The median of the distances of the first `number` of `window`, which ascend, from `middle`,
    their median.
    """
    above = 0
    while above < number and window[above] < middle:
        above += 1
    below = above - 1
    earlier, last = 0.0, 0.0
    for _ in range(number // 2 + 1):
        earlier = last
        if above >= number or (below >= 0 and middle - window[below] < window[above] - middle):
            last = middle - window[below]
            below -= 1
        else:
            last = window[above] - middle
            above += 1
    return last if number % 2 else (earlier + last) / 2.0


@njit(cache=True, nogil=True)
def running_medians(values: np.ndarray, length: int, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    """The median of the columns before each, and the median absolute deviation from it.

    Parameters
    ----------
    values
        float64[rows, columns]; nan where not known.
    length
        Columns of a window. It looks ahead where so many do not lie before.
    fewest
        Known values of a window below which nothing is said of it.

    Returns
    -------
    middle, deviation
        float64[rows, columns] each, nan where nothing is said.

    Examples
    --------
    >>> middle, deviation = running_medians(np.array([[1.0, 5.0, 3.0, 9.0]]), 2, 1)
    >>> middle.tolist(), deviation.tolist()
    ([[4.0, 2.0, 3.0, 4.0]], [[1.0, 1.0, 2.0, 1.0]])
    """
    rows, columns = values.shape
    middles, deviations = np.full((rows, columns), np.nan), np.full((rows, columns), np.nan)
    window = np.empty(length + 2)
    for row in range(rows):
        number = 0
        for column in range(1, min(length + 1, columns)):
            number = _insert(window, number, values[row, column])
        for column in range(columns):
            if column > 0:
                number = _insert(window, number, values[row, column - 1])
                gone = column if column <= length else column - length - 1
                number = _remove(window, number, values[row, gone])
            if number < max(fewest, 1):
                continue
            middle = window[number // 2]
            if number % 2 == 0:
                middle = (window[number // 2 - 1] + middle) / 2.0
            middles[row, column] = middle
            deviations[row, column] = _deviation(window, number, middle)
    return middles, deviations
