"""Near-identical texts: which pairs share at least a given share of their character shingles.

Plain version: `s = {text[i:i+5] for i in range(len(text) - 4)}; J = len(s & t) / len(s | t)`, for
every pair. Plan: one-permutation MinHash of each text (Li, Owen, Zhang 2012) with optimal
densification (Shrivastava 2017), bands of the signature as keys (Broder 1997; Indyk and Motwani
1998), and every candidate pair verified by its exact Jaccard index. Cost: O(characters) for
signatures, O(candidates) to verify. Safe: 64-bit shingle hashes collide with probability below
1e-12 for texts of 4,096 shingles; ranges of texts and of pairs are disjoint, so threads share
nothing they write.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SHINGLE = 5
#: Base of the rolling polynomial hash of a shingle (modulo 2^64), and its power for the character
#: that leaves.
BASE = np.uint64(0x9E3779B97F4A7C15)
BASE_4 = np.uint64(0x9E3779B97F4A7C15**4 % 2**64)


@njit(cache=True, nogil=True)
def mix(x: np.uint64) -> np.uint64:
    """A bijection of 64 bits with good avalanche (splitmix64's finaliser, Steele 2014)."""
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def _shingles(codes: np.ndarray, begin: int, end: int, out: np.ndarray) -> int:
    """Hashes of the shingles of one text into `out`; returns their number (repeats included)."""
    number = end - begin - SHINGLE + 1
    if number <= 0:
        return 0
    h = np.uint64(0)
    for k in range(SHINGLE):
        h = h * BASE + np.uint64(codes[begin + k])
    out[0] = mix(h)
    for j in range(1, number):
        h = (h - np.uint64(codes[begin + j - 1]) * BASE_4) * BASE + np.uint64(
            codes[begin + j + SHINGLE - 1]
        )
        out[j] = mix(h)
    return number


@njit(cache=True, nogil=True)
def text_hashes(
    codes: np.ndarray, offset: np.ndarray, first: int, last: int, out: np.ndarray
) -> None:
    """A 64-bit hash of each whole text, for exact copies (equality is checked afterwards)."""
    for t in range(first, last):
        h = np.uint64(offset[t + 1] - offset[t])
        for i in range(offset[t], offset[t + 1]):
            h = mix(h ^ np.uint64(codes[i])) + np.uint64(0x9E3779B97F4A7C15)
        out[t] = h


@njit(cache=True, nogil=True)
def mark_equal(
    codes: np.ndarray, offset: np.ndarray, representative: np.ndarray, out: np.ndarray
) -> None:
    """out[t]: whether text t equals, code point for code point, the text it is represented by."""
    for t in range(len(representative)):
        r = representative[t]
        n = offset[t + 1] - offset[t]
        equal = offset[r + 1] - offset[r] == n
        i = 0
        while equal and i < n:
            equal = codes[offset[t] + i] == codes[offset[r] + i]
            i += 1
        out[t] = equal


@njit(cache=True, nogil=True)
def signatures(
    codes: np.ndarray, offset: np.ndarray, texts: np.ndarray, first: int, last: int, out: np.ndarray
) -> None:
    """MinHash signatures of `texts[first:last]` into rows of `out`, uint32[n, K], K a power of two.

    Each text must have at least SHINGLE code points.
    """
    k = out.shape[1]
    shift = np.uint64(64)
    while (np.uint64(1) << (np.uint64(64) - shift)) < np.uint64(k):
        shift -= np.uint64(1)
    empty = np.uint32(0xFFFFFFFF)
    scratch = np.empty(1024, np.uint64)
    full = np.empty(k, np.uint32)
    for row in range(first, last):
        t = texts[row]
        size = offset[t + 1] - offset[t]
        if size > len(scratch):
            scratch = np.empty(2 * size, np.uint64)
        number = _shingles(codes, offset[t], offset[t + 1], scratch)
        signature = out[row]
        signature[:] = empty
        for j in range(number):
            bin_ = scratch[j] >> shift
            value = np.uint32(scratch[j] & np.uint64(0xFFFFFFFE))
            if value < signature[bin_]:
                signature[bin_] = value
        for b in range(k):
            if signature[b] != empty:
                full[b] = signature[b]
                continue
            attempt = np.uint64(1)
            while True:
                other = mix(
                    np.uint64(b) * np.uint64(0x100000001B3)
                    + attempt * np.uint64(0x9E3779B97F4A7C15)
                ) % np.uint64(k)
                if signature[other] != empty:
                    full[b] = signature[other]
                    break
                attempt += np.uint64(1)
        signature[:] = full


@njit(cache=True, nogil=True)
def band_keys(signature: np.ndarray, band: int, rows: int, out: np.ndarray) -> None:
    """One key per text from the `rows` values of one band."""
    for t in range(len(signature)):
        h = np.uint64(band * 7919 + 1)
        for k in range(band * rows, (band + 1) * rows):
            h = mix(h ^ np.uint64(signature[t, k]))
        out[t] = h


@njit(cache=True, nogil=True)
def candidates(keys: np.ndarray, order: np.ndarray, reach: int, out: np.ndarray) -> tuple[int, int]:
    """Pairs of texts of one key, as lo << 32 | hi, into `out` if it is large enough; returns pairs
    and crowded keys.

    keys: sorted. order: the texts in that order. In a key of more than `reach` texts each is paired
    with the next `reach` only, so a key costs at most texts x reach; such keys are counted as
    crowded.
    """
    n = len(keys)
    pairs = 0
    crowded = 0
    i = 0
    while i < n:
        j = i + 1
        while j < n and keys[j] == keys[i]:
            j += 1
        if j - i > reach:
            crowded += 1
        for a in range(i, j):
            for b in range(a + 1, min(j, a + 1 + reach)):
                if pairs < len(out):
                    x, y = np.uint64(order[a]), np.uint64(order[b])
                    out[pairs] = (min(x, y) << np.uint64(32)) | max(x, y)
                pairs += 1
        i = j
    return pairs, crowded


@njit(cache=True, nogil=True)
def shingle_sets(
    codes: np.ndarray,
    offset: np.ndarray,
    texts: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    out: np.ndarray,
    first: int,
    last: int,
) -> None:
    """Sorted distinct shingle hashes of `texts[first:last]` into `out[starts[i]:ends[i]]`; `ends`
    is written.
    """
    for row in range(first, last):
        t = texts[row]
        at = starts[row]
        number = _shingles(
            codes, offset[t], offset[t + 1], out[at : at + max(offset[t + 1] - offset[t], 0)]
        )
        block = out[at : at + number]
        block.sort()
        kept = 0
        for j in range(number):
            if j == 0 or block[j] != block[j - 1]:
                block[kept] = block[j]
                kept += 1
        ends[row] = at + kept


@njit(cache=True, nogil=True)
def similarities(
    left: np.ndarray,
    right: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    sets: np.ndarray,
    at_least: float,
    out: np.ndarray,
    first: int,
    last: int,
) -> None:
    """Exact Jaccard index of pairs of shingle sets; 0 where the sizes alone rule `at_least` out."""
    for p in range(first, last):
        a, a_end = starts[left[p]], ends[left[p]]
        b, b_end = starts[right[p]], ends[right[p]]
        total = a_end - a + b_end - b
        out[p] = 0.0
        if min(a_end - a, b_end - b) < at_least * max(a_end - a, b_end - b):
            continue
        shared = 0
        while a < a_end and b < b_end:
            if sets[a] == sets[b]:
                shared += 1
                a += 1
                b += 1
            elif sets[a] < sets[b]:
                a += 1
            else:
                b += 1
        if total > shared:
            out[p] = shared / (total - shared)
