"""The seal of a page: its own SHA-256, which shows a changed character without the case.

A seal shows change, not authorship: who wants to deceive can seal again. What holds against that is
the case, from which `birdfall verify` computes every number anew.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

#: Stands in the page where its digest belongs, while the digest is taken.
BLANK: Final = b"0" * 64
_SLOT: Final = re.compile(rb'(<meta name="birdfall-seal" content=")([0-9a-f]{64})(")')


def seal(page: bytes) -> bytes:
    """`page` with its digest in the place made for it.

    Parameters
    ----------
    page
        Must hold `<meta name="birdfall-seal" content="000...">` once.

    Raises
    ------
    ValueError
        If it does not.
    """
    if len(_SLOT.findall(page)) != 1:
        raise ValueError("a page to be sealed has one place for its seal")
    return _SLOT.sub(rb"\g<1>" + _digest(page) + rb"\g<3>", page)


def seal_holds(page: bytes) -> bool:
    """Whether the page is byte for byte as it was sealed."""
    found = _SLOT.findall(page)
    return len(found) == 1 and found[0][1] == _digest(page)


def _digest(page: bytes) -> bytes:
    return hashlib.sha256(_SLOT.sub(rb"\g<1>" + BLANK + rb"\g<3>", page)).hexdigest().encode()
