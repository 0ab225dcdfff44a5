"""Near-identical texts: which pairs share at least a given share of their character shingles.

Plain version: `s = {text[i:i+5] for i in range(len(text) - 4)}; J = len(s & t) / len(s | t)`, for
every pair. Plan: one-permutation MinHash of each text (Li, Owen, Zhang 2012) with optimal
densification (Shrivastava 2017), bands of the signature as keys (Broder 1997; Indyk and Motwani
1998), and every candidate pair whose
bits leave it possible verified by its exact Jaccard index. Cost: O(characters) for
signatures, O(candidates) to verify. Safe: 64-bit shingle hashes collide with probability below
1e-12 for texts of 4,096 shingles; ranges of texts and of pairs are disjoint, so threads share
nothing they write.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SHINGLE = 5
#: Words of 64 bits in which a text's shingles are marked: one line of a processor's cache.
WORDS = 8
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
    codes: np.ndarray,
    offset: np.ndarray,
    texts: np.ndarray,
    first: int,
    last: int,
    out: np.ndarray,
    bits: np.ndarray,
) -> None:
    """MinHash signatures of `texts[first:last]` into rows of `out`, uint32[n, K], K a power of two;
    into rows of `bits`, uint64[n, WORDS], one bit per shingle, which some may share.

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
        bits[row] = 0
        for j in range(number):
            bit = scratch[j] >> np.uint64(32) & np.uint64(64 * WORDS - 1)
            bits[row, bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
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
def band_keys(signature: np.ndarray, band: int, rows: int, low: int, out: np.ndarray) -> None:
    """Per text the key of one band of `rows` values, its lowest `low` bits the text's number.

    So sorting `out`, uint64[n], brings the texts of one key together, the earlier first.
    """
    for t in range(len(signature)):
        h = np.uint64(band * 7919 + 1)
        for k in range(band * rows, (band + 1) * rows):
            h = mix(h ^ np.uint64(signature[t, k]))
        out[t] = h >> np.uint64(low) << np.uint64(low) | np.uint64(t)


@njit(cache=True, nogil=True)
def rank_texts(keys: np.ndarray, low: int, band: int, reach: int, rank: np.ndarray) -> int:
    """The place of each text in the sorted keys of a band into `rank[:, band]`; returns how many
    keys more than `reach` texts share.
    """
    some = np.uint64(low)
    text = (np.uint64(1) << some) - np.uint64(1)
    crowded = 0
    first = 0
    for at in range(len(keys)):
        rank[keys[at] & text, band] = at
        if keys[at] >> some != keys[first] >> some:
            first = at
        if at - first == reach:
            crowded += 1
    return crowded


@njit(cache=True, nogil=True)
def _tried_before(
    signature: np.ndarray, rank: np.ndarray, x: int, y: int, band: int, rows: int, reach: int
) -> bool:
    """Whether an earlier band paired these texts: one key, and within reach of each other."""
    for b in range(band):
        if abs(np.int64(rank[x, b]) - np.int64(rank[y, b])) <= reach:
            k = b * rows
            while k < (b + 1) * rows and signature[x, k] == signature[y, k]:
                k += 1
            if k == (b + 1) * rows:
                return True
    return False


@njit(cache=True, nogil=True)
def most_differing(at_least: float) -> float:
    """Of the shingles of two texts, the largest share that only one of them has, at a Jaccard index
    of `at_least`.

    A little more, so that rounding decides nothing.
    """
    return (1.0 - at_least) / (1.0 + at_least) + 1e-6


@njit(cache=True, nogil=True)
def _differing(bits: np.ndarray, x: int, y: int) -> int:
    """Bits that only one of two texts has: at most the shingles that only one has."""
    total = np.uint64(0)
    for w in range(WORDS):
        v = bits[x, w] ^ bits[y, w]
        v -= v >> np.uint64(1) & np.uint64(0x5555555555555555)
        v = (v & np.uint64(0x3333333333333333)) + (
            v >> np.uint64(2) & np.uint64(0x3333333333333333)
        )
        v = (v + (v >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        total += v * np.uint64(0x0101010101010101) >> np.uint64(56)
    return int(total)


@njit(cache=True, nogil=True)
def candidates(
    keys: np.ndarray,
    low: int,
    signature: np.ndarray,
    bits: np.ndarray,
    size: np.ndarray,
    rank: np.ndarray,
    band: int,
    rows: int,
    reach: int,
    at_least: float,
    first: int,
    last: int,
    out: np.ndarray,
) -> tuple[int, int]:
    """Pairs of texts of one key of a band, as lo << 32 | hi, that no earlier band had and whose
    bits allow a Jaccard index of `at_least`; from `first` on until `last` or `out` is full.

    keys, low, rank: as of `band_keys` (sorted) and `rank_texts`. signature, bits: as of
    `signatures`. size: int64[n], shingles of each text, repeats included. Each text is paired with
    the next `reach` of its key only, so a key costs at most texts x reach. Returns the number of
    pairs and where to go on.
    """
    some = np.uint64(low)
    text = (np.uint64(1) << some) - np.uint64(1)
    share = most_differing(at_least)
    pairs = 0
    at = first
    while at < last and pairs + reach <= len(out):
        x = np.int64(keys[at] & text)
        for other in range(at + 1, min(len(keys), at + 1 + reach)):
            if keys[other] >> some != keys[at] >> some:
                break
            y = np.int64(keys[other] & text)
            if _differing(bits, x, y) > share * (size[x] + size[y]):
                continue
            if _tried_before(signature, rank, x, y, band, rows, reach):
                continue
            out[pairs] = np.uint64(min(x, y)) << np.uint64(32) | np.uint64(max(x, y))
            pairs += 1
        at += 1
    return pairs, at


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
    """Exact Jaccard index of pairs of shingle sets; 0 where more differs than `at_least` allows."""
    share = most_differing(at_least)
    for p in range(first, last):
        a, a_end = starts[left[p]], ends[left[p]]
        b, b_end = starts[right[p]], ends[right[p]]
        total = a_end - a + b_end - b
        most = share * total
        differing = 0
        shared = 0
        while a < a_end and b < b_end and differing <= most:
            x, y = sets[a], sets[b]
            a += x <= y
            b += y <= x
            shared += x == y
            differing += x != y
        out[p] = shared / (total - shared) if differing <= most and total > shared else 0.0
