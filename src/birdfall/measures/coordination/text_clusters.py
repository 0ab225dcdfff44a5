"""Near-identical texts: which posts say the same, word for word or nearly, in any language.

Texts are reduced (case, accents, Arabic letter forms, links, mentions, punctuation:
`text_characters`), exact copies are grouped, and what is left is compared by character shingles:
candidates from MinHash bands, each verified by its exact Jaccard index. A cluster is what hangs
together, cut back to those near its representative so that a chain of small edits does not join two
different texts. Its number serves coordination as an object. Method: docs/methods/text.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from birdfall.kernels import minhash, text_normal
from birdfall.measures.coordination.text_normalisation import character_table
from birdfall.model.cores import cores

#: Values per signature and bands: a pair at Jaccard 0.8 is a candidate with probability 1 - (1 -
#: 0.8^4)^16 = 0.9998.
VALUES, BANDS = 64, 16
#: Pairs tried per text and key where a key is shared by very many texts.
MAX_PARTNERS_PER_KEY = 24
#: Candidates that are gathered at a time.
PIECE_PAIRS = 1 << 16
#: Smallest Jaccard index of 5-character shingles that joins two texts.
NEAR = 0.8
#: Texts with fewer reduced characters are never joined.
MIN_TEXT_LENGTH = 16

T = TypeVar("T")

_HTTP, _HTTPS, _WWW = (
    np.frombuffer(w, np.uint8).astype(np.uint32) for w in (b"http://", b"https://", b"www.")
)


@dataclass(frozen=True)
class ReducedTexts:
    """Texts as code points: text t is codes[offset[t]:offset[t + 1]]."""

    codes: np.ndarray
    offset: np.ndarray

    def __len__(self) -> int:
        return len(self.offset) - 1

    def text(self, t: int) -> str:
        """One text as it is compared."""
        return "".join(map(chr, self.codes[self.offset[t] : self.offset[t + 1]]))


@dataclass(frozen=True)
class TextClusters:
    """cluster: int64[n], a number from 0 for texts that share theirs with another text, -1 for the
    rest.

    representative: per cluster, the first of its most frequent texts. size: texts per cluster.
    similarity: smallest Jaccard index of a member to the representative. short: texts too short to
    compare. crowded: keys shared by so many texts that not all pairs were tried.
    """

    cluster: np.ndarray
    representative: np.ndarray
    size: np.ndarray
    similarity: np.ndarray
    short: int
    crowded: int


def reduce_texts(texts: pa.Array | pa.ChunkedArray) -> ReducedTexts:
    """`texts` (nulls count as empty) reduced to what is compared."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    flat = texts.cast(pa.large_string()).fill_null("")
    n = len(flat)
    _, offsets, data = flat.buffers()
    offset = np.frombuffer(offsets, np.int64)[flat.offset : flat.offset + n + 1]
    buffer = (
        np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
    )
    table = character_table()

    def part(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        ends = np.empty(last - first, np.int64)
        return text_normal.reduce(
            buffer,
            offset,
            first,
            last,
            table.kinds,
            table.starts,
            table.pieces,
            ends,
            _HTTP,
            _HTTPS,
            _WWW,
        ), ends

    parts = _run_threads(n, part)
    starts = np.cumsum([0] + [len(codes) for codes, _ in parts])
    ends = np.concatenate(
        [ends + start for (_, ends), start in zip(parts, starts[:-1], strict=True)]
    )
    return ReducedTexts(
        np.concatenate([codes for codes, _ in parts]), np.r_[0, ends].astype(np.int64)
    )


def cluster_texts(
    texts: pa.Array | pa.ChunkedArray,
    *,
    at_least: float = NEAR,
    shortest: int = MIN_TEXT_LENGTH,
    floor: float | None = None,
) -> TextClusters:
    """Clusters of near-identical texts.

    at_least: smallest Jaccard index (0..1] of 5-character shingles that joins two texts. shortest:
    texts with fewer reduced characters are never joined (a "yes" is not a copy of a "yes"). floor:
    a member less similar than this to its cluster's representative is cut off; None: twice as far
    from 1 as `at_least`. Raises ValueError for values out of range. Source: Broder 1997; Li, Owen
    and Zhang 2012; Shrivastava 2017.
    """
    if not 0 < at_least <= 1 or shortest < minhash.SHINGLE:
        raise ValueError(f"at_least must be in (0, 1] and shortest at least {minhash.SHINGLE}")
    return _cluster_reduced(reduce_texts(texts), at_least, shortest, floor)


def _cluster_reduced(
    plain: ReducedTexts, at_least: float, shortest: int, floor: float | None
) -> TextClusters:
    length = np.diff(plain.offset)
    long_enough = np.flatnonzero(length >= shortest)
    representative = _first_copies(plain)
    distinct = long_enough[representative[long_enough] == long_enough]
    left, right, _, sets, crowded = _near_pairs(plain, distinct, at_least)
    copies = np.bincount(representative[long_enough], minlength=len(plain))[distinct]
    label, nearness = _cluster_components(
        left, right, copies, sets, max(0.0, 2 * at_least - 1) if floor is None else floor
    )
    return _number_clusters(
        label, nearness, representative, distinct, long_enough, copies, len(plain), crowded
    )


def text_objects(texts: pa.Array) -> pa.Array:
    """The cluster of each text as an object of the `text` trace; a text nobody copied is one of its
    own.

    Null for texts too short to tell.
    """
    plain = reduce_texts(texts)
    found = _cluster_reduced(plain, NEAR, MIN_TEXT_LENGTH, None)
    length = np.diff(plain.offset)
    names = [
        None if n < MIN_TEXT_LENGTH else f"text-{c}" if c >= 0 else f"single-{i}"
        for i, (c, n) in enumerate(zip(found.cluster.tolist(), length.tolist(), strict=True))
    ]
    return pa.array(names, pa.string())


def near_pairs(texts: pa.Array, *, at_least: float = NEAR) -> list[tuple[int, int, float]]:
    """All verified pairs (i < j, Jaccard index) of distinct texts: the step before clusters, for
    audits.
    """
    plain = reduce_texts(texts)
    distinct = np.flatnonzero(
        (_first_copies(plain) == np.arange(len(plain))) & (np.diff(plain.offset) >= minhash.SHINGLE)
    )
    left, right, similarity, _, _ = _near_pairs(plain, distinct, at_least)
    pairs = zip(distinct[left].tolist(), distinct[right].tolist(), similarity.tolist(), strict=True)
    return sorted((min(i, j), max(i, j), s) for i, j, s in pairs)


def likeness_to(text: str, others: Sequence[str]) -> list[float]:
    """The Jaccard index of 5-character shingles of a text and each of some others, reduced as they
    are for clusters; 1 for those that are the same when reduced, 0 for those too short to tell.
    """
    plain = reduce_texts(pa.array([text, *others], pa.string()))
    told = np.flatnonzero(np.diff(plain.offset) >= minhash.SHINGLE)
    found = np.zeros(len(plain))
    if len(told) and told[0] == 0:
        right = np.arange(len(told))
        left = np.zeros_like(right)
        sets = _shingle_sets(plain, told, left, right)
        found[told] = sets.similarities(left, right, 0.0)
    same = [plain.text(0) == plain.text(t) for t in range(1, len(plain))]
    return [float(one) for one in np.where(same, 1.0, found[1:])]


def _first_copies(plain: ReducedTexts) -> np.ndarray:
    """For each text the first text that equals it."""
    n = len(plain)
    hashes = np.empty(n, np.uint64)
    _run_threads(
        n, lambda first, last: minhash.text_hashes(plain.codes, plain.offset, first, last, hashes)
    )
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    representative = first[inverse].astype(np.int64)
    same = np.empty(n, np.bool_)
    minhash.mark_equal(plain.codes, plain.offset, representative, same)
    known: dict[str, int] = {}
    for t in np.flatnonzero(~same):  # two texts of one hash: told apart by themselves
        representative[t] = known.setdefault(plain.text(int(t)), int(t))
    return representative


@dataclass(frozen=True)
class _ShingleSets:
    """Sorted shingle sets of the texts that are compared; `place` leads from a position in
    `distinct` to its set.
    """

    place: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    shingles: np.ndarray

    def similarities(self, left: np.ndarray, right: np.ndarray, at_least: float) -> np.ndarray:
        """Exact Jaccard index of pairs of positions; 0 where sizes alone rule `at_least` out."""
        found = np.empty(len(left), np.float64)
        a, b = self.place[left], self.place[right]
        _run_threads(
            len(left),
            lambda first, last: minhash.similarities(
                a, b, self.starts, self.ends, self.shingles, at_least, found, first, last
            ),
        )
        return found


def _near_pairs(
    plain: ReducedTexts, distinct: np.ndarray, at_least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, _ShingleSets, int]:
    """Verified pairs among `distinct`, as positions in it, their Jaccard index, the sets, and how
    many keys were crowded.
    """
    n = len(distinct)
    signature = np.empty((n, VALUES), np.uint32)
    bits = np.empty((n, minhash.WORDS), np.uint64)
    _run_threads(
        n,
        lambda first, last: minhash.signatures(
            plain.codes, plain.offset, distinct, first, last, signature, bits
        ),
    )
    size = np.diff(plain.offset)[distinct] - minhash.SHINGLE + 1
    pairs, crowded = _candidate_pairs(signature, bits, size, at_least)
    left, right = (
        (pairs >> np.uint64(32)).astype(np.int64),
        (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64),
    )
    sets = _shingle_sets(plain, distinct, left, right)
    similarity = sets.similarities(left, right, at_least)
    near = similarity >= at_least - 1e-9
    return left[near], right[near], similarity[near], sets, crowded


def _candidate_pairs(
    signature: np.ndarray, bits: np.ndarray, size: np.ndarray, at_least: float
) -> tuple[np.ndarray, int]:
    """Pairs of rows that share a band and may be near, ascending, as lo << 32 | hi; and how many
    keys were crowded.
    """
    n, rows = len(signature), VALUES // BANDS
    rank = np.empty((n, BANDS), np.int32)
    low = max(n - 1, 1).bit_length()
    keys = np.empty(n, np.uint64)
    crowded, found = 0, [np.empty(0, np.uint64)]
    for band in range(BANDS):
        minhash.band_keys(signature, band, rows, low, keys)
        keys.sort()
        crowded += minhash.rank_texts(keys, low, band, MAX_PARTNERS_PER_KEY, rank)

        def part(at: int, last: int, band: int = band) -> list[np.ndarray]:
            pieces, room = [], np.empty(PIECE_PAIRS, np.uint64)
            while at < last:
                number, at = minhash.candidates(
                    keys, low, signature, bits, size, rank, band, rows, MAX_PARTNERS_PER_KEY,
                    at_least, at, last, room,
                )  # fmt: skip
                pieces.append(room[:number].copy())
            return pieces

        for pieces in _run_threads(n, part):
            found += pieces
    pairs = np.concatenate(found)
    pairs.sort()
    return pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs, crowded


def _shingle_sets(
    plain: ReducedTexts, distinct: np.ndarray, left: np.ndarray, right: np.ndarray
) -> _ShingleSets:
    """Shingle sets of every text that stands in a candidate pair."""
    involved = np.zeros(len(distinct), np.bool_)
    involved[left] = involved[right] = True
    texts = distinct[involved]
    starts = np.r_[0, np.cumsum(np.diff(plain.offset)[texts])].astype(np.int64)
    ends, shingles = starts[:-1].copy(), np.empty(starts[-1], np.uint64)
    _run_threads(
        len(texts),
        lambda first, last: minhash.shingle_sets(
            plain.codes, plain.offset, texts, starts, ends, shingles, first, last
        ),
    )
    return _ShingleSets(np.cumsum(involved) - 1, starts, ends, shingles)


def _cluster_components(
    left: np.ndarray, right: np.ndarray, copies: np.ndarray, sets: _ShingleSets, floor: float
) -> tuple[np.ndarray, np.ndarray]:
    """A label per distinct text and its similarity to its cluster's representative.

    The representative is the text with most copies, the earliest among equals. Members below
    `floor` leave and are clustered among themselves, until all are near their own.
    """
    n = len(copies)
    label = np.arange(n)
    nearness = np.ones(n)
    open_ = np.ones(n, np.bool_)
    rank = np.lexsort((np.arange(n), -copies))
    order = np.empty(n, np.int64)
    order[rank] = np.arange(n)
    while True:
        inside = open_[left] & open_[right]
        if not inside.any():
            break
        a, b = left[inside], right[inside]
        graph = sparse.coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
        _, component = connected_components(graph, directed=False)
        members = np.unique(np.r_[a, b])
        best = np.full(component.max() + 1, n, np.int64)
        np.minimum.at(best, component[members], order[members])
        head = rank[best[component[members]]]
        near = np.where(members == head, 1.0, sets.similarities(members, head, floor))
        stays = near >= floor - 1e-9
        label[members[stays]] = head[stays]
        nearness[members[stays]] = near[stays]
        open_[members[stays]] = False
    return label, nearness


def _number_clusters(
    label: np.ndarray,
    nearness: np.ndarray,
    representative: np.ndarray,
    distinct: np.ndarray,
    long_enough: np.ndarray,
    copies: np.ndarray,
    n: int,
    crowded: int,
) -> TextClusters:
    """Clusters of two texts or more, numbered by their representative's place."""
    total = np.bincount(label, weights=copies, minlength=len(distinct)).astype(np.int64)
    heads = np.flatnonzero(total >= 2)
    number = np.full(len(distinct), -1, np.int64)
    number[heads] = np.arange(len(heads))
    worst = np.ones(len(distinct))
    np.minimum.at(worst, label, nearness)
    position = np.full(n, -1, np.int64)
    position[distinct] = np.arange(len(distinct))
    cluster = np.full(n, -1, np.int64)
    cluster[long_enough] = number[label[position[representative[long_enough]]]]
    return TextClusters(
        cluster, distinct[heads], total[heads], worst[heads], n - len(long_enough), crowded
    )


def _run_threads(number: int, work: Callable[[int, int], T]) -> list[T]:
    """What `work(first, last)` gives for ranges [first, last) of `number`, one for each core."""
    parts = cores()
    cuts = [number * i // parts for i in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, cuts[:-1], cuts[1:]))
