"""Hashtags, mentions and links in the texts of posts, found many rows at a time.

What is found is what the regular expressions say. Bytes are looked at all together where only ASCII
stands beside a sign; of a text in which another letter touches one, the expression itself is asked.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from birdfall.record.queries import open_connection
from birdfall.sources.table.sql_text import quote_text

HASHTAGS: Final = r"(?:^|[^\pL\pN_&/])[#\x{FF03}]([\pL\pM\pN_]*\pL[\pL\pM\pN_]*)"
LINKS: Final = r"https?://[^\s<>\"'”»]*[^\s<>\"'”».,;:!?…)\]]"
MENTIONS: Final = (
    r"(?:^|[^\pL\pN_@./]|(?:^|[\s(])\.)[@\x{FF20}]([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)"
)


def _table(letters: bytes) -> np.ndarray:
    """bool[256]: which bytes are among `letters`."""
    found = np.zeros(256, bool)
    found[list(letters)] = True
    return found


_SMALL: Final = b"abcdefghijklmnopqrstuvwxyz"
_LETTER: Final = _table(_SMALL + _SMALL.upper())
_WORD: Final = _LETTER | _table(b"0123456789_")
_NO_LETTER: Final = _WORD & ~_LETTER
_IN_HANDLE: Final = _WORD | _table(b".-")
_BLANK: Final = _table(b"\t\n\f\r ")
_FOREIGN: Final = np.arange(256) >= 0x80
_IN_LINK: Final = ~(_BLANK | _table(b"<>\"'") | _FOREIGN)
_NOT_LAST_IN_LINK: Final = _table(b".,;:!?)]")
#: A longer word is left to the expression, which is linear in it.
MAX_STEPS: Final = 256
#: The last two bytes of the wide # and @ of East Asian keyboards.
_WIDE: Final = {ord("#"): (0xBC, 0x83), ord("@"): (0xBC, 0xA0)}


class _Texts(NamedTuple):
    """Texts as bytes, all in one: data uint8[bytes], ends int64[rows + 1]."""

    data: np.ndarray
    ends: np.ndarray

    def rows_of(self, places: np.ndarray) -> np.ndarray:
        """The row of each place."""
        return np.searchsorted(self.ends, places, "right") - 1

    def before(self, places: np.ndarray, begins: np.ndarray) -> np.ndarray:
        """The byte before each place; a line end where the text begins there."""
        found = self.data[np.maximum(places - 1, 0)]
        return np.where(places <= begins, ord("\n"), found)


class _Found(NamedTuple):
    """What stands where, in order: rows, first and last places (int64); and rows to ask again."""

    rows: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    unsure: np.ndarray


def find_in_texts(texts: pa.Array, pattern: str) -> pa.Array | None:
    """Per text the list of what `pattern` finds, as DuckDB's regexp_extract_all has it.

    Parameters
    ----------
    texts
        Strings; of a null there is an empty list.
    pattern
        `HASHTAGS`, `MENTIONS` or `LINKS`; of any other the answer is None.
    """
    look = {HASHTAGS: _hashtags, MENTIONS: _mentions, LINKS: _links}.get(pattern)
    buffers = texts.buffers()
    if look is None or texts.type != pa.string():
        return None
    if buffers[2] is None or not len(texts):
        return pa.array([[]] * len(texts), pa.list_(pa.string()))
    ends = np.frombuffer(buffers[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    found = look(_Texts(np.frombuffer(buffers[2], np.uint8)[: ends[-1]], ends.astype(np.int64)))
    unsure = np.unique(found.unsure)
    sure = ~np.isin(found.rows, unsure)
    rows, begins, last = found.rows[sure], found.begins[sure], found.ends[sure]
    words = _cut(buffers[2], begins, last)
    if len(unsure):
        asked = _ask(texts.take(pa.array(unsure)), pattern)
        sizes = np.diff(asked.offsets.to_numpy())
        rows = np.concatenate([rows, np.repeat(unsure, sizes)])
        words = pa.concat_arrays([words, asked.flatten()])
        order = np.argsort(rows, kind="stable")
        rows, words = rows[order], words.take(pa.array(order))
    sizes = np.bincount(rows, minlength=len(texts))
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), words)


def _ask(texts: pa.Array, pattern: str) -> pa.ListArray:
    """The lists that the regular expression itself finds."""
    group = 0 if pattern == LINKS else 1
    with open_connection() as connection:
        connection.register("texts_at_hand", pa.table({"told": texts}))
        found = connection.sql(
            f"SELECT regexp_extract_all(told, {quote_text(pattern)}, {group}) AS found "
            "FROM texts_at_hand"
        ).to_arrow_table()
    return found.column(0).combine_chunks()


def _cut(data: pa.Buffer, begins: np.ndarray, ends: np.ndarray) -> pa.Array:
    """The texts between these places."""
    sizes = ends - begins
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    places = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], sizes)
    taken = np.frombuffer(data, np.uint8)[places]
    return pa.StringArray.from_buffers(len(begins), pa.py_buffer(offsets), pa.py_buffer(taken))


def _walk(
    data: np.ndarray, inside: np.ndarray, places: np.ndarray, limits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """From each place the first byte that is not `inside` (bool[256]), at most the limit, and
    whether the walk was given up before, or ended at a letter beyond ASCII.
    """
    ends = places.copy()
    walking = np.arange(len(places))
    for _ in range(MAX_STEPS):
        walking = walking[ends[walking] < limits[walking]]
        walking = walking[inside[data[ends[walking]]]]
        if not len(walking):
            break
        ends[walking] += 1
    unsure = np.zeros(len(places), bool)
    unsure[walking] = True
    stopped = ends < limits
    unsure[stopped] |= _FOREIGN[data[ends[stopped]]]
    return ends, unsure


def _rows_with_wide(texts: _Texts, sign: int) -> np.ndarray:
    places = np.flatnonzero(texts.data[:-2] == 0xEF) if len(texts.data) > 2 else np.array([], int)
    second, third = _WIDE[sign]
    wide = places[(texts.data[places + 1] == second) & (texts.data[places + 2] == third)]
    return texts.rows_of(wide[wide >= texts.ends[0]])


def _hashtags(texts: _Texts) -> _Found:
    data = texts.data
    places = np.flatnonzero(data == ord("#"))
    places = places[places >= texts.ends[0]]
    rows = texts.rows_of(places)
    limits = texts.ends[rows + 1]
    before = texts.before(places, texts.ends[rows])
    ends, unsure = _walk(data, _WORD, places + 1, limits)
    digits, _ = _walk(data, _NO_LETTER, places + 1, ends)
    touched = unsure | _FOREIGN[before]
    kept = ~_WORD[before] & (before != ord("&")) & (before != ord("/"))
    kept &= digits < ends
    again = np.concatenate([rows[touched], _rows_with_wide(texts, ord("#"))])
    return _Found(rows[kept], places[kept] + 1, ends[kept], again)


def _mentions(texts: _Texts) -> _Found:
    data = texts.data
    places = np.flatnonzero(data == ord("@"))
    places = places[places >= texts.ends[0]]
    rows = texts.rows_of(places)
    begins, limits = texts.ends[rows], texts.ends[rows + 1]
    before = texts.before(places, begins)
    ends, unsure = _walk(data, _IN_HANDLE, places + 1, limits)
    # what ends at another letter has ended: handles are ASCII
    unsure &= (ends < limits) & _IN_HANDLE[data[np.minimum(ends, len(data) - 1)]]
    first = np.minimum(places + 1, len(data) - 1)
    kept = (places + 1 < limits) & _WORD[data[first]]
    free = ~_WORD[before] & (before != ord("@")) & (before != ord("/")) & (before != ord("."))
    further = texts.before(places - 1, begins)
    dotted = (before == ord(".")) & (_BLANK[further] | (further == ord("(")))
    kept &= free | dotted
    again = np.concatenate([rows[unsure | _FOREIGN[before]], _rows_with_wide(texts, ord("@"))])
    rows, places, ends = rows[kept], places[kept], ends[kept]
    while (over := ~_WORD[data[ends - 1]]).any():  # a point or a dash ends the sentence
        ends = ends - over
    return _Found(rows, places + 1, ends, again)


def _links(texts: _Texts) -> _Found:
    data = texts.data
    colons = np.flatnonzero(data[:-2] == ord(":")) if len(data) > 2 else np.array([], int)
    colons = colons[(data[colons + 1] == ord("/")) & (data[colons + 2] == ord("/"))]
    colons = colons[colons >= texts.ends[0]]
    rows = texts.rows_of(colons)
    secure = data[np.maximum(colons - 1, 0)] == ord("s")
    places = colons - 4 - secure
    named = places >= texts.ends[rows]
    for number, letter in enumerate(b"http"):
        named &= data[np.clip(places + number, 0, len(data) - 1)] == letter
    rows, places, colons = rows[named], places[named], colons[named]
    limits = texts.ends[rows + 1]
    ends, unsure = _walk(data, _IN_LINK, colons + 3, limits)
    # an address in an address: which ends where is for the expression to say
    unsure[1:] |= places[1:] < ends[:-1]
    unsure[:-1] |= places[1:] < ends[:-1]
    while (over := (ends > colons + 3) & _NOT_LAST_IN_LINK[data[ends - 1]]).any():
        ends = ends - over
    kept = ends > colons + 3
    return _Found(rows[kept], places[kept], ends[kept], rows[unsure])
