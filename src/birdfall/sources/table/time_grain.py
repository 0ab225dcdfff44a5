"""How finely a time is written: a day without an hour, a minute without a second.

What is written so names an interval, and is kept as one: otherwise all acts of a day would seem to
be of its midnight.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.units import DAY_S
from birdfall.sources.shared import timestamps

#: What surely has seconds: a clock with three parts, or Unix time.
EXACT_PATTERN: Final = r":\d\d:\d\d|^-?\d{9,}(?:[.,]\d+)?$|^\d{8}T?\d{6}Z?$|[0-9][eE][+]\d"
_ZONE: Final = re.compile(r"\s*(?:[+-]\d\d:?\d\d|Z|UTC[+-]?[\d:]*|GMT[+-]?[\d:]*)$")
_SECONDS: Final = re.compile(r"\d\s*[:hH.]\s*\d\d\s*[:m'.]\s*\d\d(?!\d)(?![-/.]?\d)")
_MINUTES: Final = re.compile(r"\d\s*[:hH\u066b]\s*\d\d(?!\d)")
_DOTTED_MINUTES: Final = re.compile(
    r"(?<![\d.])\d{1,2}\.\d\d(?![\d.])(?=.*\b(?:uhr|h|hs|hrs|[ap]\.?m)\b)|"
    r"^\d{4}-\d\d-\d\d[T ]\d\d\.\d\d$", re.IGNORECASE,
)  # fmt: skip
_DATE: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_HOURS: Final = re.compile(
    r"\d\s*(?:h|hs|hrs?|horas?|heures?|uhr|[ap]\.?\s?m\.?|[صم])(?![^\W\d])", re.IGNORECASE
)
_MINUTE_S, _HOUR_S = 60, 3600


def grain_of(text: str) -> int | None:
    """Seconds within which a time that is written so lies; None if it names a second.

    Examples
    --------
    >>> [grain_of(t) for t in ("2024-01-31", "31/01/2024 17:52", "2024-01-31T17:52:09Z")]
    [86400, 60, None]
    """
    plain = timestamps.ascii_digits(text).strip()
    if re.search(EXACT_PATTERN, plain):
        return None
    plain = _ZONE.sub("", plain)
    clock = _DATE.sub(" ", plain)
    if _SECONDS.search(clock) or len(_DATE.findall(plain)) > 1:
        return None
    if _MINUTES.search(clock) or _DOTTED_MINUTES.search(plain):
        return _MINUTE_S
    return _HOUR_S if _HOURS.search(clock) else int(DAY_S)


def grain_of_format(date_format: str) -> int | None:
    """The same for times of one strptime form.

    Examples
    --------
    >>> grain_of_format("%d/%m/%y %H:%M"), grain_of_format("%Y-%m-%d %H:%M:%S")
    (60, None)
    """
    parts = set(re.findall(r"%-?([A-Za-z])", date_format))
    if parts & set("SfsTcXr"):
        return None
    if parts & set("MR"):
        return _MINUTE_S
    return _HOUR_S if parts & set("HI") else int(DAY_S)


def grains_of(texts: pa.Array) -> np.ndarray:
    """Per text, how finely it is written; int64[n], 0 where it names a second or there is none."""
    if texts.null_count == len(texts):
        return np.zeros(len(texts), np.int64)
    coded = texts.dictionary_encode()
    found = [0 if t is None else grain_of(t) or 0 for t in coded.dictionary.to_pylist()]
    codes = pc.fill_null(coded.indices, len(found)).to_numpy(zero_copy_only=False)
    grains: np.ndarray = np.append(np.array(found, np.int64), 0)[codes]
    return grains


def coarse_texts(texts: pa.Array) -> pa.Array | None:
    """Nulls if all texts surely name a second; None: SQL tells them apart."""
    if _are_iso(texts):
        return pa.nulls(len(texts), pa.string())
    exact = pc.match_substring_regex(texts, EXACT_PATTERN)
    sure = pc.all(exact, min_count=0).as_py()
    return pa.nulls(len(texts), pa.string()) if sure else None


def _are_iso(texts: pa.Array) -> bool:
    """Whether all texts have a colon where ISO 8601 has those of the clock."""
    if texts.null_count or not len(texts) or texts.type != pa.string():
        return False
    starts = np.frombuffer(texts.buffers()[1], np.int32)[
        texts.offset : texts.offset + len(texts) + 1
    ]
    if (np.diff(starts) < 19).any():
        return False
    letters = np.frombuffer(texts.buffers()[2], np.uint8)
    return bool(
        (letters[starts[:-1] + 13] == ord(":")).all()
        and (letters[starts[:-1] + 16] == ord(":")).all()
    )
