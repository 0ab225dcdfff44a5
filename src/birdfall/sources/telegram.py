"""Chats and channels as Telegram Desktop exports them (`result.json`), one or all of an account's.

A message is a post, and a reply too if it answers one. A forwarded message is a repost of what it
was forwarded from: Telegram names who wrote it, not which message, so the object is the writer with
the words. Links, hashtags and mentions are those that Telegram marked in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.json_pages import read_pages
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH, AccountRow, ActRow, RowBuffers
from birdfall.sources.shared.timestamps import NeedsZone, TimeReader, find_zone, zone_error

NAME = "telegram"
_MESSAGES: Final = re.compile(rb'"messages"\s*:\s*\[')
_MARKS: Final = re.compile(rb'"(?:date_unixtime|from_id|actor_id|text_entities)"\s*:')
#: What Telegram calls the marked parts of a text, to kinds of acts and of objects.
_ENTITIES: Final = {
    "link": ("link", "url"),
    "text_link": ("link", "url"),
    "hashtag": ("hashtag", "hashtag"),
    "mention": ("mention", "account"),
}


def sniff(_path: Path, head: bytes) -> float:
    """Sure when there is a list of messages with Telegram's own keys."""
    return 0.95 if _MESSAGES.search(head) and _MARKS.search(head) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of an export: acts and accounts. Service messages are counted, not taken."""
    export = _Export(path, options)
    for page in read_pages(
        path, export.buffers.rejections, allow_large=options.allow_large, progress=progress
    ):
        for chat in _chats(page):
            for message in chat.children("messages"):
                export.add(message, chat)
                yield from export.buffers.batches(at_least=ROWS_PER_BATCH)
    yield from export.finish()


def _chats(page: JsonObject) -> Iterator[JsonObject]:
    if isinstance(page.value("messages"), list):
        yield page
    for listed in ("chats", "left_chats"):
        yield from (page.child(listed) or JsonObject({})).children("list")


class _Export:
    """The rows of one export, message by message. `line` is the message's place, from 1."""

    def __init__(self, path: Path, options: SourceOptions) -> None:
        self.buffers = RowBuffers(options.source_of(path))
        self._times = TimeReader(find_zone(options.time_zone))
        self._path = path
        self._place = 0
        self._services = 0
        self._known: set[str] = set()

    def add(self, message: JsonObject, chat: JsonObject) -> None:
        """Take one message."""
        self._place += 1
        if message.value("type") not in (None, "message"):
            self._services += 1
            return
        time = self._time(message)
        account = message.filled_text("from_id") or _channel(chat)
        if time is None or account is None:
            reason = "no time" if time is None else "nobody is said to have written this"
            self.buffers.rejections.add(self._place, None, None, reason)
            return
        name = message.filled_text("from") or chat.filled_text("name")
        if account not in self._known:
            self._known.add(account)
            self.buffers.add(AccountRow(account, self._place, name=name, observed_at=time))
        act_id = f"{chat.value('id') or ''}/{message.value('id') or self._place}"
        text = _text(message)
        source = message.filled_text("forwarded_from")
        if source is not None:
            kind, thing = "repost", f"{source}: {text or message.value('forwarded_from_id') or ''}"
        else:
            kind, thing = "post", act_id
        self.buffers.add(
            ActRow(account, kind, thing, time, self._place, "post", source, text, act_id=act_id)
        )
        answered = message.integer("reply_to_message_id")
        if answered is not None:
            chat_id = _short_id(message.value("reply_to_peer_id")) or chat.value("id") or ""
            thing = f"{chat_id}/{answered}"
            self.buffers.add(
                ActRow(account, "reply", thing, time, self._place, "post", act_id=act_id)
            )
        self._add_entities(message, account, time, act_id)

    def _add_entities(self, message: JsonObject, account: str, time: int, act_id: str) -> None:
        for entity in message.children("text_entities") or ():
            found = _ENTITIES.get(str(entity.value("type")))
            thing = entity.filled_text("href") or entity.filled_text("text")
            if found is None or thing is None:
                continue
            kind, object_kind = found
            target = thing if kind == "mention" else None
            self.buffers.add(
                ActRow(account, kind, thing, time, self._place, object_kind, target, act_id=act_id)
            )

    def _time(self, message: JsonObject) -> int | None:
        unix = message.value("date_unixtime")
        said = str(unix if unix is not None else message.value("date") or "")
        try:
            return self._times.microseconds(said)
        except NeedsZone:
            raise zone_error(str(self._path), "date", said) from None
        except ValueError:
            return None

    def finish(self) -> Iterator[Rows]:
        """What is left, and how many messages were none of anybody."""
        if self._services:
            what = "messages of the service (joins, pins, titles), which are no acts"
            self.buffers.rejections.add(None, None, self._services, what)
        yield from self.buffers.batches()


def _short_id(peer: object) -> str | None:
    """The number of a chat that another names, as its own export has it: "channel77" is 77."""
    digits = str(peer or "").lstrip("abcdefghijklmnopqrstuvwxyz")
    return digits if digits.isdecimal() else None


def _channel(chat: JsonObject) -> str | None:
    """Who writes in a channel whose posts name nobody."""
    if "channel" not in str(chat.value("type")) or chat.value("id") is None:
        return None
    return f"channel{chat.value('id')}"


def _text(message: JsonObject) -> str | None:
    """The text of a message, which Telegram writes in pieces where parts of it are marked."""
    value = message.value("text")
    pieces = value if isinstance(value, list) else [value]
    words = (p.get("text") if isinstance(p, dict) else p for p in pieces)
    return "".join(w for w in words if isinstance(w, str)) or None
