"""Keyed digests of the names of people who were removed; nothing heavy is loaded for them."""

from __future__ import annotations

import hmac
from typing import Final

#: The file of a case or of a watch that holds the digests.
REMOVED_FILE: Final = "removed.json"
#: Begin of what stands in the place of an id.
MARK: Final = "removed:"
#: Hexadecimal digits of a digest, and of a mark.
DIGITS, MARK_DIGITS = 32, 16


def name_digest(key: bytes, name: str) -> str:
    """The digest of an id or a handle, with or without its @, in any case of its letters.

    Examples
    --------
    >>> name_digest(b"key", "@Luna") == name_digest(b"key", "luna")
    True
    """
    plain = name.strip().lstrip("@").lower().encode("utf-8", "surrogatepass")
    return hmac.digest(key, b"removed " + plain, "sha256").hex()[:DIGITS]


def name_mark(key: bytes, name: str) -> str:
    """What stands in the place of a name: nobody's, and the same each time."""
    return MARK + name_digest(key, name)[:MARK_DIGITS]
