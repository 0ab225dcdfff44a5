"""Whole numbers as others write them: in addresses, headers, names of files, and what platforms
send.
"""

from __future__ import annotations

from typing import Final

#: The largest number that is taken where nothing smaller bounds it: that of 64 bits with a sign.
LARGEST: Final = (1 << 63) - 1
#: The last port of a machine.
MAX_PORT: Final = 65_535


def whole_number(text: str, most: int = LARGEST) -> int | None:
    """The number that plain digits write, from 0 to `most`; None for anything else.

    `str.isdigit` takes signs that `int` does not (`"²"`), and `int` refuses thousands of digits
    with an error: neither may decide over a text that somebody else wrote.

    Examples
    --------
    >>> whole_number("042"), whole_number("²"), whole_number("٣"), whole_number("-1")
    (42, None, None, None)
    >>> whole_number("70000", most=65535), whole_number("9" * 5000)
    (None, None)
    """
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(most)):
        return None
    number = int(digits)
    return number if number <= most else None
