"""Ids of accounts that look the same to people: they differ in marks that nobody sees, or in how
their letters are composed."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: Marks of no width and of direction, RE2.
UNSEEN_PATTERN: Final = (
    r"[\x{00AD}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}"
    r"\x{FEFF}]"
)


def find_lookalikes(ids: pa.Array) -> list[tuple[str, ...]]:
    """Groups of different ids that look the same, in the order of what one sees.

    Parameters
    ----------
    ids
        Different ids, strings.

    Examples
    --------
    >>> [len(g) for g in find_lookalikes(pa.array(["jose", "jo\\u200bse", "ana"]))]
    [2]
    """
    if not len(ids) or pc.all(pc.string_is_ascii(ids)).as_py():
        return []
    odd = ids.filter(pc.invert(pc.string_is_ascii(ids)))
    seen: dict[str, set[str]] = defaultdict(set)
    plain = pc.replace_substring_regex(odd, UNSEEN_PATTERN, "").to_pylist()
    for written, text in zip(odd.to_pylist(), plain, strict=True):
        seen[unicodedata.normalize("NFC", text)].add(written)
    bare = [text for text in seen if text.isascii()]
    for text in (
        pa.array(bare, pa.string())
        .filter(pc.is_in(pa.array(bare, pa.string()), value_set=ids))
        .to_pylist()
    ):
        seen[text].add(text)
    return [tuple(sorted(seen[text])) for text in sorted(seen) if len(seen[text]) > 1]
