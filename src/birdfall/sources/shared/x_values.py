"""Values of tweets, users and pages of X, each read as the type it must have."""

from __future__ import annotations

from typing import Final

from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.timestamps import TimeReader

_TIMES: Final = TimeReader()


def require_object(value: JsonObject, key: str) -> JsonObject:
    """The object under `key`. Raises KeyError if it is missing, ValueError if it is none."""
    found = value.require(key)
    if not isinstance(found, dict):
        raise ValueError(f"{key} is no object")
    return JsonObject(found)


def objects_in(value: JsonObject, key: str) -> list[JsonObject]:
    """The objects in the list under `key`, which may be missing. Raises ValueError for another."""
    listed = value.value(key) or []
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ValueError(f"{key} is no list of objects")
    return [JsonObject(item) for item in listed]


def id_of(thing: JsonObject) -> str:
    """The id of a tweet or a user of v1, with all its digits. Raises KeyError without one."""
    return str(thing.value("id_str") or thing.require("id"))


def count_in(value: object) -> int | None:
    """`value` if it is a count. Raises ValueError for another."""
    if value is None:
        return None
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def flag_in(value: object) -> bool | None:
    """`value` if it is true or false. Raises ValueError for another."""
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def text_in(value: object) -> str | None:
    """`value` as text that Arrow takes: no lone surrogates, no NUL bytes."""
    if value is None:
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def client_in(value: object) -> str | None:
    """`<a href="...">Twitter for iPhone</a>` without its link."""
    text = text_in(value)
    if text and text.startswith("<a ") and ">" in text:
        return text.split(">", 1)[1].split("<", 1)[0]
    return text


def time_in(value: object) -> int:
    """The time that `value` tells, in microseconds. Raises ValueError for none."""
    return _TIMES.microseconds(str(value))


def optional_time_in(value: object) -> int | None:
    """As `time_in`; None for nothing."""
    return None if value is None else time_in(value)


def retrieved_at(value: JsonObject) -> int | None:
    """When twarc retrieved a page; None if it does not say."""
    about = value.child("__twarc")
    return optional_time_in(about.value("retrieved_at")) if about else None
