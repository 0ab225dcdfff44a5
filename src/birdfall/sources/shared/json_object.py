"""JSON objects of unknown content, read field by field as the type that is wanted.

What platforms send is hostile input: a field may be missing or hold anything. Each accessor gives
the value if it has the type that is asked for, and None otherwise, so that callers decide what a
missing value means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, KeysView
from itertools import accumulate
from typing import Any, Final

#: Stands where a character could not be read. Texts may hold it; a name that does is no name: two
#: names could be taken for one.
UNREADABLE: Final = "\ufffd"
#: Keys by which databases such as MongoDB name the type of a value in JSON.
_TYPES: Final = ("oid", "date", "numberLong", "numberInt", "numberDouble", "numberDecimal", "uuid")
_TYPED_TEXT: Final = re.compile(rf'\{{\s*"\$(?:{"|".join(_TYPES)})"')
_TYPED_BYTES: Final = re.compile(_TYPED_TEXT.pattern.encode())
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")
#: How many lists and objects may stand within each other: a quarter of the interpreter's own limit.
MAX_DEPTH: Final = 250
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = bytes.maketrans(b"[]{}", b"\2\0\2\0")


class JsonObject:
    """One JSON object.

    Parameters
    ----------
    fields
        The object as a JSON or CBOR decoder gives it.

    Examples
    --------
    >>> post = JsonObject({"uri": "at://x", "count": 3, "reply": {"parent": None}})
    >>> post.text("uri"), post.text("count"), post.integer("count")
    ('at://x', None, 3)
    >>> post.child("reply").keys()
    dict_keys(['parent'])
    """

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonObject) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"JsonObject({self.fields!r})"

    def __contains__(self, key: str) -> bool:
        return key in self.fields

    def keys(self) -> KeysView[str]:
        """The names of its fields."""
        return self.fields.keys()

    def value(self, key: str) -> Any:
        """The field as it stands; None if it is missing."""
        return self.fields.get(key)

    def require(self, key: str) -> Any:
        """The field as it stands. Raises KeyError if it is missing."""
        return self.fields[key]

    def text(self, key: str) -> str | None:
        """The field if it is a string, an empty one included."""
        value = self.fields.get(key)
        return value if isinstance(value, str) else None

    def filled_text(self, key: str) -> str | None:
        """The field if it is a string that is not empty."""
        return self.text(key) or None

    def integer(self, key: str) -> int | None:
        """The field if it is a whole number of 64 bits; true and false are none.

        Examples
        --------
        >>> counts = JsonObject({"known": 3, "too many": 1 << 70})
        >>> counts.integer("known"), counts.integer("too many")
        (3, None)
        """
        value = self.fields.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        return value if -(1 << 63) <= value < 1 << 63 else None

    def flag(self, key: str) -> bool | None:
        """The field if it is true or false."""
        value = self.fields.get(key)
        return value if isinstance(value, bool) else None

    def child(self, key: str) -> JsonObject | None:
        """The field if it is an object."""
        value = self.fields.get(key)
        return JsonObject(value) if isinstance(value, dict) else None

    def children(self, key: str, limit: int | None = None) -> Iterator[JsonObject]:
        """The objects among the first `limit` items of the field, if it is a list."""
        value = self.fields.get(key)
        for item in value[:limit] if isinstance(value, list) else ():
            if isinstance(item, dict):
                yield JsonObject(item)


def parse_json_object(data: bytes | str) -> JsonObject | None:
    """The object that JSON text holds; None if it holds none or is no JSON."""
    try:
        value = load_json(data)
    except ValueError:
        return None
    return JsonObject(value) if isinstance(value, dict) else None


def load_json(data: bytes | str) -> Any:
    """What JSON text holds, as `json.loads` gives it, of texts that can be kept.

    JSON may hold one half of a surrogate pair (`"\\ud800"`), which is no character and can be
    written to no file: each becomes U+FFFD (`UNREADABLE`).

    Raises
    ------
    ValueError
        If it is no JSON, or nested too deeply.

    Examples
    --------
    >>> load_json(r'{"name": "a\\ud800"}')
    {'name': 'a\ufffd'}
    """
    if _is_nested_too_deeply(data):
        raise ValueError("nested too deeply")
    try:
        value = json.loads(data)
        typed = _TYPED_TEXT.search(data) if isinstance(data, str) else _TYPED_BYTES.search(data)
        if typed:
            value = _without_types(value)
        # half a pair stands in JSON as an escape, or in bytes that are no UTF-8, or in another UTF
        if isinstance(data, str):
            doubtful = "\\u" in data or not data.isascii()
        else:
            doubtful = b"\\u" in data or b"\xed" in data or b"\0" in data
        return _with_whole_characters(value) if doubtful else value
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _is_nested_too_deeply(data: bytes | str) -> bool:
    """Whether more than `MAX_DEPTH` lists and objects stand within each other.

    Found before it is decoded: where the interpreter's own limit is met half way, whatever it does
    in between (a finaliser, a callback of its collector) fails too, and nobody can receive that.
    """
    opened = (
        data.count("[") + data.count("{")
        if isinstance(data, str)
        else data.count(b"[") + data.count(b"{")
    )
    if opened <= MAX_DEPTH:
        return False
    plain = data.encode("utf-8", "replace") if isinstance(data, str) else data
    brackets = _STRING.sub(b"", plain).translate(_STEPS, _NO_BRACKETS)
    # an end is written as 0 and a beginning as 2: one less is the step
    return max(accumulate(sign - 1 for sign in brackets), default=0) > MAX_DEPTH


def _without_types(value: Any) -> Any:
    """Values instead of objects that hold nothing but a value and its type."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key.startswith("$") and key[1:] in _TYPES:
                return _without_types(inner)
        return {key: _without_types(inner) for key, inner in value.items()}
    return [_without_types(inner) for inner in value] if isinstance(value, list) else value


def _with_whole_characters(value: Any) -> Any:
    """A value in whose texts each half of a surrogate pair is U+FFFD."""
    if isinstance(value, str):
        return _HALF_PAIR.sub(UNREADABLE, value)
    if isinstance(value, list):
        return [_with_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {
            _HALF_PAIR.sub(UNREADABLE, key): _with_whole_characters(item)
            for key, item in value.items()
        }
    return value
