"""What Instagram and TikTok give people of their own account, as JSON: followers, whom they follow,
likes. Each entry says when. TikTok says whose it is, Instagram does not: `--const account=NAME`.

Pages of followers of TikTok's interface for research name neither whose they are nor when, so that
the edges are `seen`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.model.progress import Progress
from birdfall.model.questions import Question
from birdfall.model.schemas import Part, Rows
from birdfall.model.units import SECOND_US
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.json_pages import read_pages
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import (
    ROWS_PER_BATCH,
    AccountRow,
    ActRow,
    FollowRow,
    RowBuffers,
)
from birdfall.sources.shared.timestamps import EARLIEST_US, LATEST_US, TimeReader, find_zone

NAME = "downloads"
_INSTAGRAM: Final = re.compile(rb'"string_list_data"\s*:\s*\[')
_TIKTOK: Final = re.compile(
    rb'"(?:FansList|Follower List|Follower|Following List|Like List|Favorite Videos)"\s*:'
)
_RESEARCH: Final = re.compile(rb'"user_follow(?:ers|ing)"\s*:\s*\[')
_TIKTOK_MARKS: Final = (b'"Activity"', b'"Your Activity"', b'"Profile"', b'"Profile And Settings"')
_VIDEO: Final = re.compile(r"/video/(\d+)")
#: Lists of Instagram of whom the account follows; the others are of who follows it.
_FOLLOWED_KEYS: Final = ("relationships_following", "relationships_follow_requests_sent")
_UTC: Final = TimeReader(find_zone("UTC"))


def sniff(_path: Path, head: bytes) -> float:
    """Sure of Instagram's lists and of TikTok's sections."""
    if head.lstrip()[:1] not in (b"[", b"{"):
        return 0.0
    if (_INSTAGRAM.search(head) and b'"timestamp"' in head) or _RESEARCH.search(head):
        return 0.95
    return 0.95 if any(m in head for m in _TIKTOK_MARKS) and _TIKTOK.search(head) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of one file. Raises UsageError if nothing says whose it is."""
    rows = _OwnRows(options, path)
    for page in read_pages(
        path, rows.buffers.rejections, allow_large=options.allow_large, progress=progress
    ):
        rows.add(page)
        yield from rows.buffers.batches(at_least=ROWS_PER_BATCH)
    yield from rows.finish()


class _OwnRows:
    """Rows of the lists of one account. `line` is the place of an entry among all, from 1."""

    def __init__(self, options: SourceOptions, path: Path) -> None:
        self.buffers = RowBuffers(options.source_of(path))
        self._path = path
        self._own = (options.constants.get("account") or "").lstrip("@").casefold()
        said = options.constants.get("observed_at")
        zone = find_zone(options.time_zone)
        self._seen = TimeReader(zone).microseconds(said) if said else None
        self._place = 0
        self._others = 0

    def add(self, page: JsonObject) -> None:
        """Take one object of the file: an entry, or all the lists."""
        if page.value("string_list_data") is not None:
            # the file of followers is an array of entries
            self._add_entry(page, followed="following" in self._path.name.casefold())
            return
        data = page.child("data") or page
        if "user_followers" in data or "user_following" in data:
            self._add_research(data)
            return
        lists = [k for k in page.fields if k.startswith("relationships_")]
        for key in lists:
            if key in (*_FOLLOWED_KEYS[:1], "relationships_followers"):
                for entry in page.children(key):
                    self._add_entry(entry, followed=key in _FOLLOWED_KEYS)
            else:
                self._others += sum(1 for _ in page.children(key))
        if not lists:
            self._add_tiktok(page)

    def _add_research(self, data: JsonObject) -> None:
        """Take a page of TikTok's interface for research."""
        for key in ("user_followers", "user_following"):
            for person in data.children(key):
                self._place += 1
                name = person.filled_text("username")
                if name is None:
                    self.buffers.rejections.add(self._place, "username", None, "an empty name")
                    continue
                own, other = self._account(), name.casefold()
                ends = (own, other) if key == "user_following" else (other, own)
                shown = person.filled_text("display_name")
                self.buffers.add(
                    AccountRow(other, self._place, name, shown, observed_at=self._seen)
                )
                self.buffers.add(
                    FollowRow(*ends, self._place, observation="seen", observed_at=self._seen)
                )

    def _add_entry(self, entry: JsonObject, *, followed: bool) -> None:
        self._place += 1
        named = next(entry.children("string_list_data", 1), JsonObject({}))
        name = named.filled_text("value") or entry.filled_text("title")
        time = (named.integer("timestamp") or 0) * SECOND_US
        if name is None or not EARLIEST_US <= time < LATEST_US:
            self.buffers.rejections.add(self._place, None, name, "an entry without name or time")
            return
        self._add_edge(name, time, followed=followed)

    def _add_edge(self, name: str, time: int, *, followed: bool) -> None:
        own, other = self._account(), name.lstrip("@").casefold()
        follower, leader = (own, other) if followed else (other, own)
        self.buffers.add(AccountRow(other, self._place, name))
        self.buffers.add(FollowRow(follower, leader, self._place, time))

    def _account(self) -> str:
        if not self._own:
            raise UsageError(
                "this lists who follows an account or whom it follows, but not which account",
                where=str(self._path),
                why="An edge has two ends, and the file names one.",
                fix="Say whose list it is: --const account=NAME.",
                questions=(Question("Whose list is this?", "--const account=", open=True),),
            )
        return self._own

    def _add_tiktok(self, page: JsonObject) -> None:
        self._own = self._own or (_find_text(page, "userName") or "").casefold()
        listed = list(_lists_in(page))
        if not listed:  # an object torn from its list
            self._others += 1
        for key, entries in listed:
            for entry in entries:
                self._place += 1
                self._add_dated(key, entry)

    def _add_dated(self, key: str, entry: JsonObject) -> None:
        name = entry.filled_text("UserName")
        link = entry.filled_text("Link") or entry.filled_text("link") or ""
        told = entry.filled_text("Date") or entry.filled_text("date") or ""
        if key not in ("FansList", "Following", "ItemFavoriteList"):
            self._others += 1
            return
        try:
            time = _UTC.microseconds(told)
        except ValueError:
            self.buffers.rejections.add(self._place, "Date", told, "no time")
            return
        video = _VIDEO.search(link)
        if key != "ItemFavoriteList" and name:
            self._add_edge(name, time, followed=key == "Following")
        elif video:
            self.buffers.add(ActRow(self._account(), "like", video[1], time, self._place, "post"))
        else:
            self.buffers.rejections.add(self._place, key, link, "nobody and no video is named")

    def finish(self) -> Iterator[Rows]:
        """What is left, and how many entries of other lists there were."""
        if self._others:
            reason = "entries of other lists, which are no follows or likes"
            self.buffers.rejections.add(None, None, self._others, reason)
        yield from self.buffers.batches()


def _lists_in(value: JsonObject, depth: int = 0) -> Iterator[tuple[str, list[JsonObject]]]:
    """Every list of objects, with its name, at most five objects deep."""
    for key in value.fields:
        child = value.child(key)
        if child is not None and depth < 5:
            yield from _lists_in(child, depth + 1)
        elif isinstance(value.value(key), list):
            yield key, list(value.children(key))


def _find_text(value: JsonObject, key: str, depth: int = 0) -> str | None:
    found = value.filled_text(key)
    inner = (value.child(k) for k in value.fields) if depth < 5 else ()
    return found or next(
        (t for child in inner if child and (t := _find_text(child, key, depth + 1))), None
    )
