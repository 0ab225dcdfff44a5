"""Rows of a file of JSON objects, one a line.

Inner objects under dotted names, every value as a text that keeps its digits.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from birdfall.model.errors import InputError
from birdfall.sources.shared.captured_items import open_envelope
from birdfall.sources.shared.json_object import JsonObject, parse_json_object
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.rejections import Rejections

#: Columns of one file, at most.
MAX_NAMES: Final = 5_000
#: What interfaces call the list that a page is for.
PAGE_KEYS: Final = (
    "data", "items", "results", "result", "posts", "tweets", "statuses", "messages", "videos",
    "comments", "itemList", "item_list", "events", "records", "accounts", "users", "followers",
    "following", "documents", "hits", "rows", "edges", "children", "features",
)  # fmt: skip
#: Lines looked at for the names of columns.
_NAME_SAMPLE_LINES = 2_000


def column_names(path: Path, plain: Path) -> list[str]:
    """The names of all columns of the first lines.

    Raises InputError if none of them is an object.
    """
    names: dict[str, None] = {}
    for _, line, _ in itertools.islice(read_lines(plain), _NAME_SAMPLE_LINES):
        value = parse_object(line)
        for item in () if value is None else open_page(value):
            names |= dict.fromkeys(flatten(item))
            if len(names) > MAX_NAMES:
                break
    if not names:
        raise InputError(
            "no line of this file is a JSON object",
            where=str(path),
            fix="JSON Lines has one object a line.",
        )
    return list(names)


def read_records(
    path: Path, used: Sequence[str], rejections: Rejections, place: list[int]
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """(line, the values `used`) of every object.

    Lines that are none are refused. place: is told the bytes read.
    """
    for number, line, read in read_lines(path):
        place[0] = read
        if not line.strip():
            continue
        value = parse_object(line)
        if value is None:
            rejections.add(
                number,
                None,
                line[:200].decode("utf-8", "replace"),
                "not a JSON object",
                "Mend or remove the line.",
            )
            continue
        for item in open_page(value):
            found = flatten(item)
            yield number, tuple([found.get(name) for name in used])


def open_page(value: JsonObject) -> list[JsonObject]:
    """The objects that a page holds in a list, each with what the page says beside it; else itself.

    A page has one list of objects under a name that interfaces use, alone or within `data`; GraphQL
    has it one object deeper, with each object as a `node`.
    """
    captured = open_envelope(value)
    if captured is not None:
        return [captured]
    turned = _rows_under_names(value) or _turn_columns(value)
    if turned is not None:
        return turned
    if len(value.fields) > 0 and _are_by_id(value.fields):
        numbered = value.fields.keys() <= {str(n) for n in range(len(value.fields) + 1)}
        return [
            JsonObject(item if numbered else {"id": k} | item) for k, item in value.fields.items()
        ]
    holders = [value, *(value.child(k) for k in ("data", "response", "result", "hits"))]
    data = value.child("data")
    for inner in (data.child(k) for k in data.fields) if data is not None else ():
        if inner is not None and any("node" in edge for edge in inner.children("edges", 1)):
            holders.append(inner)
    for holder in holders:
        for key in PAGE_KEYS if holder is not None else ():
            listed = holder.value(key) if holder is not None else None
            if isinstance(listed, list) and listed and all(isinstance(i, dict) for i in listed):
                beside = {
                    f"page.{k}": v
                    for k, v in value.fields.items()
                    if not isinstance(v, (list, dict))
                }
                return [JsonObject(beside | item) for item in listed]
            if isinstance(listed, dict) and listed and _are_by_id(listed):
                return [JsonObject({"id": k} | item) for k, item in listed.items()]
    return [value]


def _are_by_id(listed: dict[str, object]) -> bool:
    """Whether a list of objects is written as one object, with each under its own number."""
    return all(k.isdecimal() and isinstance(v, dict) and v for k, v in listed.items())


def _rows_under_names(value: JsonObject) -> list[JsonObject] | None:
    """The rows of a table that has the names of its columns beside lists of cells, as data frames
    and databases write it; None if the value is none.
    """
    names = value.value("columns")
    rows = value.value("data") if "data" in value else value.value("rows")
    if not (isinstance(names, list) and isinstance(rows, list) and names and rows):
        return None
    if not all(isinstance(n, str) for n in names):
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    return [JsonObject(dict(zip(names, row, strict=True))) for row in rows]


def _turn_columns(value: JsonObject) -> list[JsonObject] | None:
    """The rows of a table that is written by its columns, as data frames write themselves: each a
    list, or an object of row numbers; None if the value is none.
    """
    columns = list(value.fields.values())
    if len(columns) < 2:
        return None
    if all(isinstance(c, dict) for c in columns):
        numbers = list(columns[0])
        if not all(list(c) == numbers and all(k.isdecimal() for k in c) for c in columns):
            return None
        columns = [list(c.values()) for c in columns]
    if not all(isinstance(c, list) and len(c) == len(columns[0]) > 0 for c in columns):
        return None
    if any(isinstance(cell, (dict, list)) for column in columns for cell in column):
        return None
    return [
        JsonObject(dict(zip(value.fields, row, strict=True))) for row in zip(*columns, strict=True)
    ]


def flatten(value: JsonObject, prefix: str = "") -> dict[str, str | None]:
    """A JSON object as texts, its inner objects under dotted names; lists stay JSON.

    Posts of VK also get the ids by which others know them (`_add_ids_of_vk`).
    """
    found: dict[str, str | None] = {}
    if not prefix and "owner_id" in value.fields and "from_id" in value.fields:
        _add_ids_of_vk(value, found)
    for key, inner in value.fields.items():
        name = prefix + key.encode("utf-8", "replace").decode()
        if isinstance(inner, dict) and inner and prefix.count(".") < 4:
            found |= flatten(JsonObject(inner), f"{name}.")
        elif inner is None:
            found[name] = None
        else:
            text = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
            found[name] = text.encode("utf-8", "replace").decode("utf-8")
    return found


def _add_ids_of_vk(post: JsonObject, found: dict[str, str | None]) -> None:
    """Ids of a post of VK and of the one it copied: each wall counts its posts from one, so that
    the wall belongs to the id. What was copied is a list, the nearest first.
    """
    copied = next(iter(post.children("copy_history")), None)
    for name, one in (("vk_post_id", post), ("vk_copied_post_id", copied)):
        if one is not None and one.value("id") is not None:
            found[name] = f"{one.value('owner_id')}_{one.value('id')}"


def parse_object(line: bytes) -> JsonObject | None:
    """The object of a line; None if it holds none."""
    return parse_json_object(line.removeprefix(b"\xef\xbb\xbf"))
