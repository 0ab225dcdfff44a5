"""Values that PHP serialised, as MediaWiki keeps the parameters of a log entry."""

from __future__ import annotations

from typing import Final

#: Arrays in arrays, at most; MediaWiki writes two.
MAX_DEPTH: Final = 8

PhpValue = str | int | float | bool | None | dict[str, "PhpValue"]


def read_php_value(data: bytes) -> PhpValue:
    """The value that `data` holds: text, number, yes or no, nothing, or an array.

    An array is a dict whose keys are texts. Objects are refused: nothing of theirs is made.

    Raises
    ------
    ValueError
        If it is no serialised value, or goes on after it.

    Examples
    --------
    >>> read_php_value(b'a:2:{s:8:"duration";s:8:"24 hours";i:0;b:1;}')
    {'duration': '24 hours', '0': True}
    """
    value, place = _value(data, 0, 0)
    if place != len(data):
        raise ValueError("more than one value")
    return value


def _value(data: bytes, place: int, depth: int) -> tuple[PhpValue, int]:
    kind = data[place : place + 2]
    if kind == b"N;":
        return None, place + 2
    if kind in (b"i:", b"d:", b"b:"):
        end = _find(data, b";", place)
        text = data[place + 2 : end].decode("ascii", "replace")
        number: PhpValue = float(text) if kind == b"d:" else int(text)
        return (bool(number) if kind == b"b:" else number), end + 1
    if kind == b"s:":
        colon = _find(data, b":", place + 2)
        start = colon + 2
        end = start + _length(data[place + 2 : colon], data)
        if data[colon + 1 : start] != b'"' or data[end : end + 2] != b'";':
            raise ValueError("a text of another length than it says")
        return data[start:end].decode("utf-8", "replace"), end + 2
    if kind == b"a:":
        return _array(data, place, depth)
    raise ValueError("a kind of value that is not known")


def _array(data: bytes, place: int, depth: int) -> tuple[PhpValue, int]:
    if depth >= MAX_DEPTH:
        raise ValueError("nested too deeply")
    colon = _find(data, b":", place + 2)
    count = _length(data[place + 2 : colon], data)
    if data[colon + 1 : colon + 2] != b"{":
        raise ValueError("an array without its items")
    found: dict[str, PhpValue] = {}
    place = colon + 2
    for _ in range(count):
        key, place = _value(data, place, depth + 1)
        found[str(key)], place = _value(data, place, depth + 1)
    if data[place : place + 1] != b"}":
        raise ValueError("an array that does not end")
    return found, place + 1


def _find(data: bytes, sign: bytes, place: int) -> int:
    found = data.find(sign, place, place + 400)
    if found < 0:
        raise ValueError("a value that does not end")
    return found


def _length(digits: bytes, data: bytes) -> int:
    if not digits.isdigit() or len(digits) > 10 or int(digits) > len(data):
        raise ValueError("a length that cannot be")
    return int(digits)
