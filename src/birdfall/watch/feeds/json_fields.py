"""JSON of a platform read by type: a member that is missing or of another type is absent, and never
an error.
"""

from __future__ import annotations

import json
from typing import Any

from birdfall.sources.shared.json_object import load_json


class DecodeError(ValueError):
    """What was received cannot be decoded; the text is the reason."""


class JsonFields:
    """The members of one JSON object.

    Parameters
    ----------
    members
        The object as `load_json` gives it; it is not copied.

    Examples
    --------
    >>> event = JsonFields.parse(b'{"id": 7, "subject": {"did": "did:plc:a"}}')
    >>> event.identifier("id"), event.text("id"), event.fields("subject").text("did")
    ('7', None, 'did:plc:a')
    """

    __slots__ = ("members",)

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    @classmethod
    def parse(cls, data: bytes | str) -> JsonFields:
        """Parse one object. Raises DecodeError if `data` is no JSON, or no object."""
        try:
            members = load_json(data)
        except ValueError as error:
            raise DecodeError("not JSON") from error
        if not isinstance(members, dict):
            raise DecodeError("not an object")
        return cls(members)

    def to_bytes(self) -> bytes:
        """The object as JSON, in UTF-8."""
        return json.dumps(self.members, ensure_ascii=False).encode()

    @classmethod
    def parse_list(cls, data: bytes | str) -> list[JsonFields]:
        """Parse a list of objects. Raises DecodeError if `data` is no JSON, or no list."""
        try:
            items = load_json(data)
        except ValueError as error:
            raise DecodeError("not JSON") from error
        if not isinstance(items, list):
            raise DecodeError("not a list")
        return [cls._of(item) for item in items]

    @classmethod
    def _of(cls, item: Any) -> JsonFields:
        # what is no object is kept where whoever looks through the refused will find it
        return cls(item if isinstance(item, dict) else {"no-object": item})

    def text(self, key: str) -> str | None:
        """A string; None if there is none."""
        value = self.members.get(key)
        return value if isinstance(value, str) else None

    def label(self, key: str, length: int) -> str:
        """Any scalar as text, cut to `length` characters; empty if it is missing or null."""
        return str(self.members.get(key) or "")[:length]

    def identifier(self, key: str) -> str:
        """A string or number that names something, as text cut to 200 characters; else empty."""
        value = self.members.get(key)
        return str(value)[:200] if isinstance(value, str | int) else ""

    def integer(self, key: str) -> int | None:
        """A whole number that is no boolean; None if there is none."""
        value = self.members.get(key)
        return value if type(value) is int else None

    def flag(self, key: str) -> bool:
        """Whether a member is there and neither false, zero, empty nor null."""
        return bool(self.members.get(key))

    def is_false(self, key: str) -> bool:
        """Whether a member is the boolean false, and not merely missing."""
        return self.members.get(key) is False

    def fields(self, key: str) -> JsonFields | None:
        """An object within this one; None if there is none."""
        value = self.members.get(key)
        return JsonFields(value) if isinstance(value, dict) else None

    def children(self, key: str) -> list[JsonFields] | None:
        """A list of objects within this one; None if there is none.

        Other items become objects without known members.
        """
        value = self.members.get(key)
        return [self._of(item) for item in value] if isinstance(value, list) else None
