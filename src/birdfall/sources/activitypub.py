"""Posts of Mastodon and its kin: outboxes (ActivityPub), with the archives that hold them.

A `Create` is a post, an `Announce` a repost, a `Like` a like; a reply names what it answers. Tags
and mentions are those of the object itself. Accounts are the actors' addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.json_pages import items_of, plain_text, read_pages
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH, ActRow, RowBuffers
from birdfall.sources.shared.timestamps import TimeReader

NAME = "activitypub"
_STREAMS: Final = re.compile(
    rb'"https?://www\.w3\.org/ns/activitystreams"|"type"\s*:\s*"OrderedCollection(?:Page)?"'
)
_ITEMS: Final = re.compile(rb'"(?:orderedItems|items)"\s*:\s*\[|"actor"\s*:')
_KINDS: Final = {"Announce": "repost", "Like": "like", "Create": "post"}
_TIMES: Final = TimeReader()


def sniff(_path: Path, head: bytes) -> float:
    """Sure of a collection of activities, or of activities one a line."""
    return 0.95 if _STREAMS.search(head) and _ITEMS.search(head) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Acts of an outbox. What is none (updates, deletions) is counted."""
    buffers = RowBuffers(options.source_of(path))
    place = others = addresses = 0
    for page in read_pages(
        path, buffers.rejections, allow_large=options.allow_large, progress=progress
    ):
        listed = items_of(page, "orderedItems", "items")
        addresses += _count_addresses(page)
        for activity in [page] if listed is None else listed:
            place += 1
            kind = _KINDS.get(str(activity.value("type")))
            if kind is None:
                others += 1
                continue
            for row in _acts(activity, kind, place):
                if isinstance(row, str):
                    buffers.rejections.add(place, None, activity.value("id"), row)
                else:
                    buffers.add(row)
            yield from buffers.batches(at_least=ROWS_PER_BATCH)
    if addresses:
        buffers.rejections.add(
            None, None, addresses, "likes or bookmarks whose time is not told, so they are no acts"
        )
    if others:
        buffers.rejections.add(None, None, others, "activities that are no posts, boosts or likes")
    yield from buffers.batches()


def _count_addresses(page: JsonObject) -> int:
    """How many items of a collection are addresses alone, as likes and bookmarks in an archive."""
    listed = [page.value(key) for key in ("orderedItems", "items")]
    return sum(isinstance(i, str) for items in listed if isinstance(items, list) for i in items)


def _acts(activity: JsonObject, kind: str, place: int) -> Iterator[ActRow | str]:
    """The acts of one activity, or the reason why there are none."""
    account = _address(activity.value("actor"))
    note = activity.child("object") or JsonObject({})
    thing = _address(activity.value("object"))
    try:
        time = _TIMES.microseconds(str(activity.value("published") or note.value("published")))
    except ValueError:
        yield "no time with a zone"
        return
    if account is None or thing is None:
        yield "no actor" if account is None else "no object"
        return
    act_id = activity.filled_text("id") or thing
    text = plain_text(note.text("content")) if kind == "post" else None
    target = _address(note.value("attributedTo")) if kind != "post" else None
    language = next(iter((note.child("contentMap") or JsonObject({})).keys()), None)
    yield ActRow(account, kind, thing, time, place, "post", target, text, language, act_id=act_id)
    if kind != "post":
        return
    answered = _address(note.value("inReplyTo"))
    if answered:
        yield ActRow(account, "reply", answered, time, place, "post", act_id=act_id)
    for tag in note.children("tag"):
        name = tag.filled_text("name")
        if tag.value("type") == "Hashtag" and name:
            hashtag = name.lstrip("#")
            yield ActRow(account, "hashtag", hashtag, time, place, "hashtag", act_id=act_id)
        href = tag.filled_text("href")
        if tag.value("type") == "Mention" and href:
            yield ActRow(account, "mention", href, time, place, "account", href, act_id=act_id)


def _address(value: Any) -> str | None:
    """The address of a thing that is named or spelled out."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else None
