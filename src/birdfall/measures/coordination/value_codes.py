"""Codes of texts and whole numbers that do not depend on the order in which these come."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def encode_values(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The different values as sorted texts, and each one's place among them (int32[n]).

    values: texts or whole numbers, without nulls.

    Codes do not depend on the order of the input. Only different values are made texts and sorted.
    """
    if pa.types.is_dictionary(values.type):
        different, codes = _encode_dictionary(
            values.dictionary.cast(pa.string()), values.indices.to_numpy(zero_copy_only=False)
        )
    elif pa.types.is_integer(values.type) and len(values):
        different, codes = _encode_numbers(values)
    else:
        seen = values.dictionary_encode()
        different, codes = seen.dictionary, seen.indices.to_numpy(zero_copy_only=False)
    texts = different.cast(pa.string())
    order = pc.sort_indices(texts)
    place = np.empty(len(texts), np.int32)
    place[order.to_numpy()] = np.arange(len(texts), dtype=np.int32)
    return texts.take(order), place[codes]


def _encode_dictionary(entries: pa.Array, indices: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """The different entries that rows have, and each row's among them: a dictionary that was given
    may hold idle and double ones.
    """
    used = np.zeros(len(entries), bool)
    used[indices] = True
    different = pc.unique(entries.filter(pa.array(used)))
    found = pc.fill_null(pc.index_in(entries, value_set=different), -1)
    return different, found.to_numpy(zero_copy_only=False)[indices]


def _encode_numbers(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The different numbers and each row's among them; by a table where they lie close together,
    which hashes none.
    """
    # narrow types could not hold the differences
    numbers = (
        values.to_numpy() if values.type.bit_width == 64 else values.cast(pa.int64()).to_numpy()
    )
    low = numbers.min()
    width = int(numbers.max()) - int(low) + 1
    if width > 4 * len(numbers) + (1 << 16):
        seen = values.dictionary_encode()
        return seen.dictionary, seen.indices.to_numpy(zero_copy_only=False)
    shifted = numbers - low
    there = np.zeros(width, bool)
    there[shifted] = True
    different = np.flatnonzero(there)
    place = np.empty(width, np.int32)
    place[different] = np.arange(len(different), dtype=np.int32)
    return pa.array(different.astype(numbers.dtype) + low), place[shifted]
