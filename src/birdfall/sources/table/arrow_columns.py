"""Columns of texts that Arrow reads in one go.

Each function answers for all of a column, or gives None: then SQL reads it.

Most files write a column in one form throughout. What one of these reads, SQL and
`timestamps` read to the same value; they only take longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import TIME
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US, TimeReader
from birdfall.sources.table.signs_in_texts import find_in_texts

ArrowReader = Callable[[pa.Array], pa.Array | None]

#: So many different words are looked up one by one, not more.
_MAX_WORDS: Final = 4_096
#: Arrow knows no daylight saving from 2038 on, where the tables of the time zones end.
ZONED_LATEST_US: Final = 2_114_380_800_000_000
#: Units of Unix time as (multiplier, divisor) to microseconds: s, ms, us, ns.
_UNITS: Final = ((1_000_000, 1), (1_000, 1), (1, 1), (1, 1_000))
_ZONED: Final = re.compile(r"\d:\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$")

#: An offset of fifteen hours and more, or of 14:01 to 14:59 (`timestamps.MAX_OFFSET`).
_NO_OFFSET: Final = r"\d:\d\d.*[+-](?:(?:1[5-9]|[2-9]\d)(?::?\d\d)?|14:?(?:0[1-9]|[1-9]\d))$"


def time_reader(reading: TimeReader) -> ArrowReader | None:
    """ISO 8601 with or without a zone, and Unix time; None if the form of the times was said."""
    if reading.format is not None:
        return None

    def read(texts: pa.Array) -> pa.Array | None:
        if texts.null_count == len(texts):
            return pa.nulls(len(texts), TIME)
        if _all_digits(texts):
            return _read_unix(texts)
        latest = LATEST_US
        try:
            if reading.zone is None or _first_has_zone(texts):
                if _has_no_offset(texts):
                    return None
                found = pc.cast(texts, TIME)
            else:
                latest = ZONED_LATEST_US
                local = pc.cast(texts, pa.timestamp("us"))
                found = pc.assume_timezone(
                    local, reading.zone.key, ambiguous="earliest", nonexistent="raise"
                ).cast(TIME)
        except (pa.ArrowException, ValueError):
            return None
        bounds = pc.min_max(found.cast(pa.int64())).as_py()
        return found if bounds["min"] >= EARLIEST_US and bounds["max"] < latest else None

    return read


def read_counts(texts: pa.Array) -> pa.Array | None:
    """Whole numbers from 0."""
    return _read_whole(texts) if _all_digits(texts) else None


def word_reader(
    cases: Mapping[str, str] | Mapping[str, bool],
    kind: pa.DataType,
    *,
    fold: bool,
    others_stay: bool = False,
) -> ArrowReader:
    """Each word by what it means.

    fold: whatever its case. others_stay: a word that is not listed stays as it is.
    """

    def read(texts: pa.Array) -> pa.Array | None:
        coded = texts.dictionary_encode()
        if len(coded.dictionary) > _MAX_WORDS:
            return None
        said = coded.dictionary.to_pylist()
        folded = [w.lower() for w in said] if fold else said
        if not others_stay and any(w not in cases for w in folded):
            return None
        meant = pa.array([cases.get(w, w) for w in folded], kind)
        return meant.take(coded.indices)

    return read


class PatternMatches:
    """Which texts of a batch hold what a pattern finds; kept until the next batch, for emits ask
    the same again.
    """

    def __init__(self) -> None:
        self._batch: pa.RecordBatch | None = None
        self._found: dict[tuple[str, str], pa.Array] = {}

    def find(self, batch: pa.RecordBatch, column: str, pattern: str) -> pa.Array:
        """Per row whether it does, False of a null."""
        if batch is not self._batch:
            self._batch, self._found = batch, {}
        if (column, pattern) not in self._found:
            held = pc.match_substring_regex(batch.column(column), pattern)
            self._found[column, pattern] = pc.fill_null(held, False)
        return self._found[column, pattern]


def skipped_rows(batch: pa.RecordBatch, emit: Emit, matches: PatternMatches) -> pa.Array:
    """Which rows an emit passes over."""
    found = pa.repeat(False, batch.num_rows)
    for name in emit.skip_if_null:
        found = pc.or_(found, pc.is_null(batch.column(name)))
    for name in emit.skip_if_present:
        found = pc.or_(found, pc.is_valid(batch.column(name)))
    for name, words in emit.only_if.items():
        found = pc.or_(found, pc.invert(_holds_word(batch.column(name), words)))
    for name, words in emit.skip_if.items():
        found = pc.or_(found, _holds_word(batch.column(name), words))
    for name, pattern in emit.matching.items():
        found = pc.or_(found, pc.invert(matches.find(batch, name, pattern)))
    for name, pattern in emit.not_matching.items():
        found = pc.or_(found, matches.find(batch, name, pattern))
    return found


def texts_behind(
    batch: pa.RecordBatch, column: str, pattern: str, emit: Emit, matches: PatternMatches
) -> pa.Array:
    """What stands behind the beginning of texts that `pattern` finds, in the rows that an emit does
    not pass over.
    """
    texts = batch.column(column)
    kept = pc.and_(pc.is_valid(texts), pc.invert(skipped_rows(batch, emit, matches)))
    rest = pc.replace_substring_regex(
        texts.filter(kept), pattern=pattern, replacement="", max_replacements=1
    )
    rest = pc.ascii_trim(rest, characters=" ")
    rest = pc.if_else(pc.equal(rest, ""), pa.scalar(None, pa.string()), rest)
    places = kept.to_numpy(zero_copy_only=False)
    return rest.take(pa.array(np.cumsum(places) - 1, mask=~places))


def found_in_rows(
    batch: pa.RecordBatch, column: str, pattern: str, emit: Emit, matches: PatternMatches
) -> pa.Array | None:
    """Per text the list of what `pattern` finds, of the rows that an emit does not pass over; None
    for a pattern that is not looked for so. Looking through texts costs most of all.
    """
    kept = pc.invert(skipped_rows(batch, emit, matches)).to_numpy(zero_copy_only=False)
    if kept.all():
        return find_in_texts(batch.column(column), pattern)
    found = find_in_texts(batch.column(column).filter(pa.array(kept)), pattern)
    if found is None:
        return None
    sizes = np.zeros(len(kept) + 1, np.int32)
    sizes[1:][kept] = np.diff(found.offsets.to_numpy())
    return pa.ListArray.from_arrays(pa.array(np.cumsum(sizes, dtype=np.int32)), found.flatten())


def _holds_word(texts: pa.Array, words: Iterable[str]) -> pa.Array:
    listed = pa.array([w.casefold() for w in words], pa.string())
    return pc.is_in(pc.fill_null(pc.utf8_lower(texts), ""), value_set=listed)


def _all_digits(texts: pa.Array) -> bool:
    """Whether every text that is there is of the digits 0 to 9 alone, and none is empty."""
    data = texts.buffers()[2]
    if data is None:
        return False
    ends = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    if not len(letters) or letters.min() < 48 or letters.max() > 57:
        return False
    return bool((np.diff(ends) > 0).sum() == len(texts) - texts.null_count)


def _read_whole(texts: pa.Array) -> pa.Array | None:
    try:
        return pc.cast(texts, pa.int64())
    except pa.ArrowException:
        return None


def _read_unix(texts: pa.Array) -> pa.Array | None:
    numbers = _read_whole(texts)
    if numbers is None:
        return None
    bounds = pc.min_max(numbers).as_py()
    for up, down in _UNITS:
        if EARLIEST_US * down <= bounds["min"] * up and bounds["max"] * up < LATEST_US * down:
            scaled = (
                pc.multiply(numbers, up)
                if up > 1
                else pc.divide(numbers, down)
                if down > 1
                else numbers
            )
            return scaled.cast(TIME)
    return None


def _has_no_offset(texts: pa.Array) -> bool:
    """Whether a text has an offset that no place has."""
    others = texts.filter(pc.invert(pc.ends_with(texts, "Z")))
    return pc.any(pc.match_substring_regex(others, _NO_OFFSET)).as_py() is True


def _first_has_zone(texts: pa.Array) -> bool:
    """Whether the first text that is there names its zone."""
    return bool(_ZONED.search(texts.drop_null()[0].as_py()))
