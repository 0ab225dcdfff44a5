"""Pages of Bluesky's interface as people save them: followers, follows, feeds, searches, profiles,
likes, notifications and the records of an account.

`getFollowers` and `getFollows` name edges that stood when the page was saved, not when that was.
`getAuthorFeed`, `searchPosts` and `getPostThread` hold posts: a repost is one of the person whose
feed it is, at the time at which the feed showed it. `getLikes` and `listNotifications` say when;
`getRepostedBy` does not, so that its reposts are no acts. Records of `listRecords` have the time
that their writer's client put on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.atproto.acts import account_of_uri, acts_of
from birdfall.sources.atproto.frames import FrameError
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.json_pages import items_of, read_objects
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import (
    ROWS_PER_BATCH,
    AccountRow,
    ActRow,
    FollowRow,
    RowBuffers,
)
from birdfall.sources.shared.timestamps import TimeReader, find_zone

NAME = "bluesky-pages"
_LISTS: Final = re.compile(
    rb'"(followers|follows|feed|posts|actors|profiles|likes|repostedBy|notifications|records)"\s*:\s*\['
)
_PROFILE: Final = re.compile(rb'\{\s*"did"\s*:\s*"did:')
_TIMES: Final = TimeReader()
_FACETS: Final = {
    "app.bsky.richtext.facet#link": ("link", "url", "uri"),
    "app.bsky.richtext.facet#tag": ("hashtag", "hashtag", "tag"),
    "app.bsky.richtext.facet#mention": ("mention", "account", "did"),
}


def sniff(_path: Path, head: bytes) -> float:
    """Sure when a page's list is of accounts, posts or records of the protocol."""
    if b'"did:' in head and b'"handle"' in head:
        profile = _PROFILE.match(head.lstrip()) and b'"followersCount"' in head
        return 0.95 if _LISTS.search(head) or profile else 0.0
    return 0.95 if b'"records"' in head and b'"at://did:' in head and b'"$type"' in head else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of saved pages, one a line or one a file."""
    page_rows = _SavedPages(RowBuffers(options.source_of(path)), _seen(options))
    size = path.stat().st_size
    for number, page, line, done in read_objects(path, allow_large=options.allow_large):
        if page is None or not page_rows.add(page):
            shown = line[:200].decode("utf-8", "replace")
            page_rows.buffers.rejections.add(
                number, None, shown, "no page of Bluesky that is known"
            )
        progress("read", done, size, "bytes")
        yield from page_rows.buffers.batches(at_least=ROWS_PER_BATCH)
    yield from page_rows.buffers.batches()


def _seen(options: SourceOptions) -> int | None:
    said = options.constants.get("observed_at")
    return TimeReader(find_zone(options.time_zone)).microseconds(said) if said else None


class _SavedPages:
    """The rows of pages. `line` is the place of an item among all items, from 1."""

    def __init__(self, buffers: RowBuffers, seen: int | None) -> None:
        self.buffers = buffers
        self._seen = seen
        self._place = 0

    def add(self, page: JsonObject) -> bool:
        """Take one page; False if it is of no kind that is known."""
        subject = page.child("subject")
        if subject is not None and subject.filled_text("did"):
            return self._add_edges(page, subject)
        posts = items_of(page, "posts", "feed")
        if posts is not None:
            for item in posts:
                self._place += 1
                self._add_post(item.child("post") or item, item.child("reason"))
            return True
        people = items_of(page, "actors", "profiles")
        if people is None and page.filled_text("did") and page.filled_text("handle"):
            people = [page]
        for person in people or ():
            self._place += 1
            self._add_person(person)
        return people is not None or self._add_deeds(page)

    def _add_deeds(self, page: JsonObject) -> bool:
        """Likes and reposts of one post, notifications of one account, or its own records."""
        uri, found = page.filled_text("uri"), False
        for key, add in (
            ("likes", self._add_like), ("repostedBy", self._add_reposter),
            ("notifications", self._add_notification), ("records", self._add_record),
        ):  # fmt: skip
            for item in items_of(page, key) or ():
                self._place += 1
                add(item, uri)
            found = found or isinstance(page.value(key), list)
        return found

    def _add_like(self, item: JsonObject, uri: str | None) -> None:
        actor, time = item.child("actor"), _time(item.value("indexedAt") or item.value("createdAt"))
        did = actor.filled_text("did") if actor else None
        if actor is None or did is None or time is None or uri is None:
            self.buffers.rejections.add(self._place, None, did, "a like without account or time")
            return
        self._add_person(actor)
        target = account_of_uri(uri)
        self.buffers.add(ActRow(did, "like", uri, time, self._place, "post", target))

    def _add_reposter(self, person: JsonObject, uri: str | None) -> None:
        self._add_person(person)
        reason = "a repost whose time the page does not tell, so it is no act"
        self.buffers.rejections.add(self._place, "repostedBy", uri, reason)

    def _add_notification(self, item: JsonObject, _: str | None) -> None:
        author, own = item.child("author"), item.filled_text("uri")
        did = author.filled_text("did") if author else None
        time = _time(item.value("indexedAt"))
        if author is None or did is None or time is None or own is None:
            self.buffers.rejections.add(self._place, None, own, "no account, time or address")
            return
        self._add_person(author)
        self._add_written(own, did, time, item.child("record") or JsonObject({}))

    def _add_record(self, item: JsonObject, _: str | None) -> None:
        uri, record = item.filled_text("uri"), item.child("value") or JsonObject({})
        did, time = account_of_uri(uri or ""), _time(record.value("createdAt"))
        if uri is None or did is None or time is None:
            self.buffers.rejections.add(self._place, None, uri, "no account, time or address")
            return
        self._add_written(uri, did, time, record)

    def _add_written(self, uri: str, did: str, time: int, record: JsonObject) -> None:
        """The acts of a record that an account wrote."""
        collection, key = ([*uri.split("/"), "", "", ""])[3:5]
        if collection == "app.bsky.graph.follow":
            subject = record.filled_text("subject")
            if subject:
                self.buffers.add(FollowRow(did, subject, self._place, time, observed_at=self._seen))
            return
        try:
            acts = acts_of(did, collection, key, record)
        except FrameError as error:
            self.buffers.rejections.add(self._place, collection, uri, str(error))
            return
        for act in acts:
            self.buffers.add(
                ActRow(
                    did, act.kind, act.object, time, self._place, act.object_kind, act.target,
                    act.text, act.language, act_id=act.act_id,
                )
            )  # fmt: skip

    def _add_edges(self, page: JsonObject, subject: JsonObject) -> bool:
        own = subject.filled_text("did") or ""
        self._place += 1
        self._add_person(subject)
        for key in ("followers", "follows"):
            for person in page.children(key):
                self._place += 1
                other = person.filled_text("did")
                if other is None:
                    self.buffers.rejections.add(
                        self._place, "did", None, "an account without an id"
                    )
                    continue
                self._add_person(person)
                edge = (other, own) if key == "followers" else (own, other)
                self.buffers.add(
                    FollowRow(*edge, self._place, observation="seen", observed_at=self._seen)
                )
        return "followers" in page or "follows" in page

    def _add_person(self, person: JsonObject) -> None:
        did = person.filled_text("did")
        if did is None:
            return
        self.buffers.add(
            AccountRow(
                did,
                self._place,
                person.filled_text("handle"),
                person.filled_text("displayName"),
                _time(person.value("createdAt")),
                person.filled_text("description"),
                followers=person.integer("followersCount"),
                following=person.integer("followsCount"),
                posts=person.integer("postsCount"),
                observed_at=self._seen,
            )
        )

    def _add_post(self, post: JsonObject, reason: JsonObject | None) -> None:
        author, uri = post.child("author"), post.filled_text("uri")
        record = post.child("record") or JsonObject({})
        did = author.filled_text("did") if author else None
        time = _time(post.value("indexedAt")) or _time(record.value("createdAt"))
        if author is None or did is None or uri is None or time is None:
            self.buffers.rejections.add(self._place, None, uri, "a post without author or time")
            return
        self._add_person(author)
        by = reason.child("by") if reason is not None else None
        if reason is not None and by is not None:
            reposter, when = by.filled_text("did"), _time(reason.value("indexedAt"))
            if reposter and when:
                self._add_person(by)
                act_id = reason.filled_text("uri")
                self.buffers.add(
                    ActRow(reposter, "repost", uri, when, self._place, "post", did, act_id=act_id)
                )
        self._add_own(record, did, uri, time)

    def _add_own(self, record: JsonObject, did: str, uri: str, time: int) -> None:
        place = self._place
        text = record.filled_text("text")
        self.buffers.add(ActRow(did, "post", uri, time, place, "post", text=text, act_id=uri))
        parent = (record.child("reply") or JsonObject({})).child("parent")
        answered = parent.filled_text("uri") if parent else None
        if answered:
            target = answered.removeprefix("at://").partition("/")[0]
            self.buffers.add(
                ActRow(did, "reply", answered, time, place, "post", target, act_id=uri)
            )
        for facet in record.children("facets"):
            for feature in facet.children("features"):
                found = _FACETS.get(str(feature.value("$type")))
                thing = feature.filled_text(found[2]) if found else None
                if found is None or thing is None:
                    continue
                named = thing if found[0] == "mention" else None
                self.buffers.add(
                    ActRow(did, found[0], thing, time, place, found[1], named, act_id=uri)
                )


def _time(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return _TIMES.microseconds(value)
    except ValueError:
        return None
