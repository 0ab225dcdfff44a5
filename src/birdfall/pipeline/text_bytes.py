"""Columns of texts by their bytes, where one look at all of them spares one at each row."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_DAY_S: Final = 86_400
_DAY_US: Final = _DAY_S * 1_000_000
#: Days whose date has four digits of a year, from the first of year 1 to the last of 9999, as days
#: since 1970.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896


class TextBytes(NamedTuple):
    """A column of texts as bytes in UTF-8, one after the other.

    Parameters
    ----------
    signs
        uint8[m].
    begins
        int64[n], where each text begins among `signs`, of those that are not empty.
    """

    signs: np.ndarray
    begins: np.ndarray


def bytes_of(texts: pa.StringArray) -> TextBytes:
    """The bytes of a column of texts.

    Examples
    --------
    >>> bytes_of(pa.array(["ab", None, "", "c"])).begins.tolist()
    [0, 2]
    """
    _, ends, signs = texts.buffers()
    if not len(texts) or signs is None:
        return TextBytes(np.empty(0, np.uint8), np.empty(0, np.int64))
    reached = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    reached = reached.astype(np.int64)
    of_these = np.frombuffer(signs, np.uint8)[reached[0] : reached[-1]]
    return TextBytes(of_these, (reached[:-1] - reached[0])[np.diff(reached) > 0])


def texts_of_bytes(signs: np.ndarray) -> pa.StringArray:
    """A column of texts of one length. signs: uint8[n, length], their bytes in UTF-8.

    Examples
    --------
    >>> texts_of_bytes(np.frombuffer(b"abcd", np.uint8).reshape(2, 2)).to_pylist()
    ['ab', 'cd']
    """
    number, length = signs.shape
    ends = np.arange(number + 1, dtype=np.int32) * np.int32(length)
    return pa.StringArray.from_buffers(
        number, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(signs))
    )


@cache
def _times_of_day() -> np.ndarray:
    """`T00:00:00` to `T23:59:59`, uint8[86400, 9]."""
    second = np.arange(_DAY_S)
    parts = np.stack([second // 3600, second // 60 % 60, second % 60], axis=1)
    found = np.empty((_DAY_S, 9), np.uint8)
    found[:, ::3] = np.frombuffer(b"T::", np.uint8)
    found[:, 1::3], found[:, 2::3] = parts // 10 + ord("0"), parts % 10 + ord("0")
    return found


def iso_times(times: pa.Array, zone: str) -> pa.Array | None:
    """Times to the second as ISO 8601, `zone` behind each; None where some are finer, or of a year
    without four digits.

    Dates and times of day are looked up: a day has few seconds, and a column few days.

    Parameters
    ----------
    times
        Timestamps in microseconds.
    zone
        What follows each.

    Examples
    --------
    >>> iso_times(pa.array([86_399_000_000, None], pa.timestamp("us")), "Z").to_pylist()
    ['1970-01-01T23:59:59Z', None]
    """
    microseconds = pc.fill_null(times.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    days, rest = np.divmod(microseconds, _DAY_US)
    seconds, fraction = np.divmod(rest, 1_000_000)
    if not len(times) or fraction.any() or days.min() < _FIRST_DAY or days.max() > _LAST_DAY:
        return None
    different, which = np.unique(days, return_inverse=True)
    dates = np.datetime_as_string(different.astype("datetime64[D]")).astype("S10")
    cells = np.empty((len(times), 19 + len(zone)), np.uint8)
    cells[:, :10] = dates.view(np.uint8).reshape(-1, 10)[which]
    cells[:, 10:19] = _times_of_day()[seconds]
    cells[:, 19:] = np.frombuffer(zone.encode(), np.uint8)
    found = texts_of_bytes(cells)
    return pc.if_else(times.is_valid(), found, pa.scalar(None, pa.string()))
