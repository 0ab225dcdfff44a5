"""Texts reduced to what counts when two are compared, as code points; one table look-up per
character, no Python per text.

Plain version: `for c in text: out += table[c]`, with links, @mentions and zero-width characters
left out and every run of anything that is not a letter, mark, digit, hash sign or emoji written as
one space. Cost: O(characters), about 10 ns each. Safe: before each text there is room for its
longest possible form; malformed UTF-8 is read byte by byte as a space; texts do not share memory,
so ranges of texts run in threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SPACE = np.uint32(0x20)
#: Classes of characters in the table.
DROP, BREAK, KEEP = 0, 1, 2
#: Longest run of code points one character may become (Arabic ligatures reach 18; four words keep
#: them apart).
MAX_CODE_POINTS = 18


@njit(cache=True, nogil=True)
def _decode_utf8(buffer: np.ndarray, begin: int, end: int, out: np.ndarray) -> int:
    """Code points of UTF-8 `buffer[begin:end]` into `out`; returns their number. A stray byte
    becomes a space.
    """
    n = 0
    i = begin
    while i < end:
        b = np.uint32(buffer[i])
        if b < 0x80:
            code, step = b, 1
        elif 0xC0 <= b < 0xE0 and i + 1 < end:
            code, step = (b & 0x1F) << 6 | (np.uint32(buffer[i + 1]) & 0x3F), 2
        elif 0xE0 <= b < 0xF0 and i + 2 < end:
            code = (
                (b & 0x0F) << 12
                | (np.uint32(buffer[i + 1]) & 0x3F) << 6
                | (np.uint32(buffer[i + 2]) & 0x3F)
            )
            step = 3
        elif 0xF0 <= b < 0xF8 and i + 3 < end:
            code = (b & 0x07) << 18 | (np.uint32(buffer[i + 1]) & 0x3F) << 12
            code |= (np.uint32(buffer[i + 2]) & 0x3F) << 6 | (np.uint32(buffer[i + 3]) & 0x3F)
            step = 4
        else:
            code, step = SPACE, 1
        out[n] = code
        n += 1
        i += step
    return n


@njit(cache=True, nogil=True)
def _matches_word(codes: np.ndarray, at: int, n: int, word: np.ndarray) -> bool:
    """Whether `word` (lower-case ASCII) stands at `at`, in either case."""
    if at + len(word) > n:
        return False
    for k in range(len(word)):
        c = codes[at + k]
        if 0x41 <= c <= 0x5A:
            c += 0x20
        if c != word[k]:
            return False
    return True


@njit(cache=True, nogil=True)
def _class_of(code: int, kinds: np.ndarray) -> int:
    return kinds[code] if code < len(kinds) else KEEP


@njit(cache=True, nogil=True)
def _write_text(
    codes: np.ndarray,
    n: int,
    kinds: np.ndarray,
    starts: np.ndarray,
    pieces: np.ndarray,
    out: np.ndarray,
    at: int,
    http: np.ndarray,
    https: np.ndarray,
    www: np.ndarray,
) -> int:
    """The reduced text of `codes[:n]` into `out[at:]`; returns the end."""
    begin = at
    i = 0
    gap = False
    while i < n:
        c = codes[i]
        at_word = i == 0 or _class_of(codes[i - 1], kinds) != KEEP
        if at_word and (
            _matches_word(codes, i, n, http)
            or _matches_word(codes, i, n, https)
            or _matches_word(codes, i, n, www)
        ):
            while i < n and not (codes[i] <= 0x20 or codes[i] == 0xA0 or codes[i] == 0x3000):
                i += 1
            gap = True
            continue
        if c == 0x40 and at_word:  # @mention
            i += 1
            while i < n and (
                _class_of(codes[i], kinds) == KEEP or codes[i] == 0x5F or codes[i] == 0x2E
            ):
                i += 1
            gap = True
            continue
        kind = _class_of(c, kinds)
        if kind == BREAK:
            gap = True
        elif kind == KEEP:
            if gap and at > begin:
                out[at] = SPACE
                at += 1
            gap = False
            if c < len(kinds):
                for k in range(starts[c], starts[c + 1]):
                    out[at] = pieces[k]
                    at += 1
            else:
                out[at] = c
                at += 1
        i += 1
    return at


@njit(cache=True, nogil=True)
def reduce(
    buffer: np.ndarray,
    offset: np.ndarray,
    first: int,
    last: int,
    kinds: np.ndarray,
    starts: np.ndarray,
    pieces: np.ndarray,
    ends: np.ndarray,
    http: np.ndarray,
    https: np.ndarray,
    www: np.ndarray,
) -> np.ndarray:
    """Texts `first` to `last` reduced, uint32; `ends[t - first]` is where each ends.

    buffer: uint8, UTF-8 of all texts; offset: int64[n + 1]. kinds: int8, class per code point;
    starts, pieces: what each becomes, at most LONGEST code points (and a space).
    """
    scratch = np.empty(1024, np.uint32)
    out = np.empty(offset[last] - offset[first] + (MAX_CODE_POINTS + 1) * 1024, np.uint32)
    at = 0
    for t in range(first, last):
        size = offset[t + 1] - offset[t]
        if size > len(scratch):
            scratch = np.empty(2 * size, np.uint32)
        n = _decode_utf8(buffer, offset[t], offset[t + 1], scratch)
        if at + n * (MAX_CODE_POINTS + 1) > len(out):
            grown = np.empty(2 * len(out) + n * (MAX_CODE_POINTS + 1), np.uint32)
            grown[:at] = out[:at]
            out = grown
        at = _write_text(scratch, n, kinds, starts, pieces, out, at, http, https, www)
        ends[t - first] = at
    return out[:at].copy()
