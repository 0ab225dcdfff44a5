"""X (Twitter) as twarc and the API write it: v1.1 and v2 tweets, pages of them, users, and errors.

Archives that X gives its own people (`tweets.js`, `follower.js`) are read too. A page's `errors`
name accounts that could not be shown because they were suspended: that is a status `seen` at the
time twarc noted (`__twarc.retrieved_at`); a page that says no time rejects them, for a status
without a time tells nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from birdfall.model.errors import InputError
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared import json_array
from birdfall.sources.shared.json_object import JsonObject, load_json
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import (
    AccountRow,
    ActRow,
    FollowRow,
    RecordRow,
    RowBuffers,
    StatusRow,
)
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.shared.timestamps import TimeReader

NAME = "x"
_TIMES: Final = TimeReader()
#: Rows of one table, and rejected lines, after which a batch is handed on.
_ROWS_PER_BATCH: Final = 1 << 14
_REFERENCES: Final = {"retweeted": "repost", "quoted": "quote", "replied_to": "reply"}

#: Files of the archive that X gives its own people, by the name in their first line.
_ARCHIVE: Final = re.compile(
    rb"[\s\xef\xbb\xbf]*window\.YTD\.(?:tweets?|follower|following|account|like|block)\.part\d+\s*="
)
#: Keys of what an archive tells without saying when, and what it is.
_TIMELESS: Final = {"like": "a like", "blocking": "a block"}
_ARCHIVE_KEYS: Final = {"tweet", "follower", "following", "account", *_TIMELESS}
#: What the streams of v1 say between tweets: deletions, limits, warnings.
_NOTICE_KEYS: Final = (
    "delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "disconnect", "warning",
    "friends", "friends_str", "control", "event",
)  # fmt: skip
_NOTICE: Final = re.compile(rb'\{\s*"(?:' + "|".join(_NOTICE_KEYS).encode() + rb')"\s*:')
#: Keys of which a tweet, a user or a page has at least one, and those it has beside it.
_MARKS: Final = (
    b'"id_str"',
    b'"author_id"',
    b'"includes"',
    b'"__twarc"',
    b'"public_metrics"',
    b'"screen_name"',
)
_CONTENTS: Final = (b'"created_at"', b'"data"', b'"errors"')


class _Rejected(NamedTuple):
    """A part of a line that cannot be used."""

    column: str
    value: str
    reason: str
    fix: str


class _Base(NamedTuple):
    """What all acts of one tweet share."""

    account: str
    time: int
    act_id: str
    line: int


class _Said(NamedTuple):
    """The text of a tweet, its language and the app it was written with."""

    text: str | None
    language: str | None
    client: str | None


_Found = RecordRow | _Rejected


def sniff(_path: Path, head: bytes) -> float:
    """Sure when the first object has the keys of a tweet, a user or a page of them."""
    if _ARCHIVE.match(head):
        return 0.95
    first = json_array.skip_to_object(head)
    if json_array.is_lines(head):
        # a stream may begin with notices about other tweets
        lines = (line.strip() for line in first.split(b"\n"))
        first = next((x for x in lines if x and not _NOTICE.match(x)), b"")
    if not first.startswith(b"{"):
        return 0.0
    known = any(mark in first for mark in _MARKS) and any(key in first for key in _CONTENTS)
    return 0.95 if known else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a file of JSON lines: acts, accounts, follows and seen suspensions."""
    buffers = RowBuffers(options.source_of(path))
    size = path.stat().st_size
    owner = _owner(path)
    notices = 0
    for number, line, packed in read_lines(path, allow_large=options.allow_large):
        if not line.strip():
            continue
        if _NOTICE.match(line):
            notices += 1
            continue
        try:
            found = list(_rows(load_json(line.removeprefix(b"\xef\xbb\xbf")), number, owner))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _reject_line(buffers.rejections, number, line, error)
            continue
        for row in found:
            if isinstance(row, _Rejected):
                buffers.rejections.add(number, row.column, row.value, row.reason, row.fix)
            else:
                buffers.add(row)
        if number % 1024 == 0:
            progress("read", packed, size, "bytes")
            yield from buffers.batches(at_least=_ROWS_PER_BATCH)
    if notices:
        buffers.rejections.add(None, None, notices, "notices of the stream, which are no tweets")
    yield from buffers.batches()


def _reject_line(rejections: Rejections, number: int, line: bytes, error: Exception) -> None:
    if isinstance(error, KeyError) and error.args:
        why = f"{error.args[0]} is missing"
    else:
        why = str(error)[:120]
    shown = line[:200].decode("utf-8", "replace")
    reason = f"no tweet, user or page of them: {why}"
    rejections.add(number, None, shown, reason, "Mend or remove the line.")


def _owner(path: Path) -> JsonObject | None:
    """The account an archive is of, by the `account.js` beside it: tweets and followers do not say.

    It has the keys of a user of a v1.1 tweet.
    """
    beside = path.with_name("account.js")
    if not beside.is_file():
        return None
    try:
        for _, line, _ in read_lines(beside):
            account = load_json(line)["account"]
            name = account.get("username")
            return JsonObject({"id_str": str(account["accountId"]), "screen_name": name})
    except (InputError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return None


def _rows(value: object, line: int, owner: JsonObject | None) -> Iterator[_Found]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    plain = JsonObject(value)
    if len(value) == 1 and value.keys() <= _ARCHIVE_KEYS:
        yield from _archive_rows(plain, line, owner)
    elif (captured := _captured(plain)) is not None:
        yield from _tweet_v1(*captured, line)
    elif "data" in plain or "errors" in plain or "includes" in plain:
        yield from _page_rows(plain, line)
    elif "author_id" in plain or plain.child("author") is not None:
        yield from _tweet_v2(plain, line, {}, _retrieved_at(plain))
    elif plain.child("user") is not None:
        yield from _tweet_v1(plain, _object(plain, "user"), line)
    elif "screen_name" in plain:
        yield _user_v1(plain, line, None)
    elif "username" in plain:
        yield _user_v2(plain, line, _retrieved_at(plain))
    else:
        raise ValueError("none of their keys")


def _captured(plain: JsonObject) -> tuple[JsonObject, JsonObject] | None:
    """A tweet and its author as the page of X has them, which Zeeschuimer keeps, else None.

    Both get the keys of v1.1.
    """
    shown = plain.child("data") or plain
    tweet = shown.child("legacy")
    result = (
        (shown.child("core") or JsonObject({})).child("user_results") or JsonObject({})
    ).child("result")
    if tweet is None or result is None:
        return None
    about = {**(result.child("core") or JsonObject({})).fields}
    user = {**about, **(result.child("legacy") or JsonObject({})).fields}
    user["id_str"] = result.value("rest_id") or tweet.value("user_id_str")
    original = (tweet.child("retweeted_status_result") or JsonObject({})).child("result")
    fields = dict(tweet.fields)
    if original is not None:
        original = original.child("tweet") or original
        said = original.child("legacy") or JsonObject({})
        fields["retweeted_status"] = {
            "id_str": original.value("rest_id") or said.value("id_str"),
            "user": {"id_str": said.value("user_id_str") or "0"},
        }
    return JsonObject(fields), JsonObject(user)


def _archive_rows(value: JsonObject, line: int, owner: JsonObject | None) -> Iterator[_Found]:
    """One element of an archive: a tweet, a follower, somebody followed, or the account itself."""
    if "account" in value:
        account = _object(value, "account")
        yield AccountRow(
            str(account.require("accountId")),
            line,
            _text(account.value("username")),
            _text(account.value("accountDisplayName")),
            _optional_time(account.value("createdAt")),
        )
        return
    for key, what in _TIMELESS.items():
        if key in value:
            named = _object(value, key)
            thing = _text(named.value("tweetId") or named.value("accountId")) or ""
            reason = f"{what} whose time the archive does not tell, so it is no act"
            yield _Rejected(key, thing, reason, "Nothing can be done: the platform keeps it back.")
            return
    if owner is None:
        raise ValueError("whose archive this is stands in account.js, which is not beside it")
    if "tweet" in value:
        yield from _tweet_v1(_object(value, "tweet"), owner, line)
        return
    is_follower = "follower" in value
    other = str(_object(value, "follower" if is_follower else "following").require("accountId"))
    own = str(owner.require("id_str"))
    follower, followed = (other, own) if is_follower else (own, other)
    yield FollowRow(follower, followed, line, observation="seen")


def _page_rows(page: JsonObject, line: int) -> Iterator[_Found]:
    seen = _retrieved_at(page)
    includes = page.child("includes") or JsonObject({})
    tweets = {t.require("id"): t for t in _objects(includes, "tweets")}
    for user in _objects(includes, "users"):
        yield _user_v2(user, line, seen)
    single = page.child("data")
    for item in [single] if single is not None else _objects(page, "data"):
        if "username" in item and "author_id" not in item:
            yield _user_v2(item, line, seen)
        else:
            yield from _tweet_v2(item, line, tweets, seen)
    for error in _objects(page, "errors"):
        yield from _error_rows(error, line, seen)


def _error_rows(error: JsonObject, line: int, seen: int | None) -> Iterator[_Found]:
    detail = str(error.fields.get("detail", ""))
    if error.value("resource_type") != "user" or "suspended" not in detail.casefold():
        return
    account = str(error.value("resource_id") or error.value("value") or "")
    if seen is None or not account.isdigit():
        reason = "a suspension of a name without an id"
        if seen is None:
            reason = "a suspension seen at a time not told"
        yield _Rejected("errors", account, reason, "Collect with twarc 2, by user id.")
        return
    yield StatusRow(account, "suspended", seen, line, "seen")


def _tweet_v2(
    tweet: JsonObject, line: int, included: dict[str, JsonObject], seen: int | None
) -> Iterator[_Found]:
    author = tweet.child("author")
    account = tweet.value("author_id") or (author or JsonObject({})).require("id")
    if author is not None:
        yield _user_v2(author, line, seen)
    base = _Base(str(account), _time(tweet.require("created_at")), str(tweet.require("id")), line)
    said = _Said(
        _text(tweet.value("text")), _text(tweet.value("lang")), _text(tweet.value("source"))
    )
    kinds = set()
    for reference in _objects(tweet, "referenced_tweets"):
        kind = _REFERENCES.get(reference.require("type"))
        if kind is None:
            continue
        kinds.add(kind)
        identity = reference.require("id")
        target = included.get(identity, reference).value("author_id")
        if not target and kind == "reply":
            target = tweet.value("in_reply_to_user_id")
        yield _post_act(base, kind, str(identity), said, _text(target))
    if "repost" in kinds:
        return
    yield _post_act(base, "post", base.act_id, said, None)
    entities = tweet.child("entities") or JsonObject({})
    links = (
        u.value("unwound_url") or u.value("expanded_url") or u.value("url")
        for u in _objects(entities, "urls")
    )
    yield from _entity_acts(
        base,
        (h.value("tag") for h in _objects(entities, "hashtags")),
        links,
        (m.value("id") for m in _objects(entities, "mentions")),
    )


def _tweet_v1(tweet: JsonObject, user: JsonObject, line: int) -> Iterator[_Found]:
    time = _time(tweet.require("created_at"))
    yield _user_v1(user, line, time)
    base = _Base(_id(user), time, _id(tweet), line)
    said = _Said(
        _text(tweet.value("full_text") or tweet.value("text")),
        _text(tweet.value("lang")),
        _client(tweet.value("source")),
    )
    original = tweet.child("retweeted_status")
    if original is not None:
        yield _post_act(base, "repost", _id(original), said, _id(_object(original, "user")))
        return
    yield _post_act(base, "post", base.act_id, said, None)
    replied = tweet.value("in_reply_to_status_id_str") or tweet.value("in_reply_to_status_id")
    if replied:
        target = tweet.value("in_reply_to_user_id_str") or tweet.value("in_reply_to_user_id")
        silent = _Said(None, None, None)
        yield _post_act(base, "reply", str(replied), silent, str(target) if target else None)
    quoted = tweet.value("quoted_status_id_str") or tweet.value("quoted_status_id")
    if quoted:
        writer = (tweet.child("quoted_status") or JsonObject({})).child("user")
        yield _post_act(base, "quote", str(quoted), said, _id(writer) if writer else None)
    entities = (tweet.child("extended_tweet") or tweet).child("entities") or JsonObject({})
    mentions = (
        _id(m) if m.value("id_str") or m.value("id") else None
        for m in _objects(entities, "user_mentions")
    )
    links = (u.value("expanded_url") or u.value("url") for u in _objects(entities, "urls"))
    hashtags = (h.value("text") for h in _objects(entities, "hashtags"))
    yield from _entity_acts(base, hashtags, links, mentions)


def _post_act(base: _Base, kind: str, thing: str, said: _Said, target: str | None) -> ActRow:
    """An act on a post."""
    return ActRow(
        base.account, kind, thing, base.time, base.line, "post", target, *said, act_id=base.act_id
    )


def _entity_acts(
    base: _Base, hashtags: Iterator[Any], links: Iterator[Any], mentions: Iterator[Any]
) -> Iterator[ActRow]:
    """One act for each hashtag, link and mention of a tweet."""
    named = itertools.chain(
        (("hashtag", "hashtag", h) for h in hashtags),
        (("link", "url", u) for u in links),
        (("mention", "account", m) for m in mentions),
    )
    for kind, object_kind, value in named:
        if value:
            thing = _text(value) or ""
            target = thing if kind == "mention" else None
            yield ActRow(
                base.account, kind, thing, base.time, base.line, object_kind, target,
                act_id=base.act_id,
            )  # fmt: skip


def _user_v1(user: JsonObject, line: int, seen: int | None) -> AccountRow:
    return AccountRow(
        _id(user),
        line,
        _text(user.value("screen_name")),
        _text(user.value("name")),
        _optional_time(user.value("created_at")),
        _text(user.value("description")),
        _text(user.value("location")),
        _text(user.value("lang")),
        _flag(user.value("verified")),
        _count(user.value("followers_count")),
        _count(user.value("friends_count")),
        _count(user.value("statuses_count")),
        seen,
    )


def _user_v2(user: JsonObject, line: int, seen: int | None) -> AccountRow:
    metrics = user.child("public_metrics") or JsonObject({})
    return AccountRow(
        str(user.require("id")),
        line,
        _text(user.value("username")),
        _text(user.value("name")),
        _optional_time(user.value("created_at")),
        _text(user.value("description")),
        _text(user.value("location")),
        None,
        _flag(user.value("verified")),
        _count(metrics.value("followers_count")),
        _count(metrics.value("following_count")),
        _count(metrics.value("tweet_count")),
        seen,
    )


def _object(value: JsonObject, key: str) -> JsonObject:
    """The object under `key`. Raises KeyError if it is missing, ValueError if it is none."""
    found = value.require(key)
    if not isinstance(found, dict):
        raise ValueError(f"{key} is no object")
    return JsonObject(found)


def _objects(value: JsonObject, key: str) -> list[JsonObject]:
    """The objects in the list under `key`, which may be missing. Raises ValueError for another."""
    listed = value.value(key) or []
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ValueError(f"{key} is no list of objects")
    return [JsonObject(item) for item in listed]


def _id(thing: JsonObject) -> str:
    return str(thing.value("id_str") or thing.require("id"))


def _count(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _flag(value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _text(value: object) -> str | None:
    """`value` as text that Arrow takes: no lone surrogates, no NUL bytes."""
    if value is None:
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _client(value: object) -> str | None:
    """`<a href="...">Twitter for iPhone</a>` without its link."""
    text = _text(value)
    if text and text.startswith("<a ") and ">" in text:
        return text.split(">", 1)[1].split("<", 1)[0]
    return text


def _time(value: object) -> int:
    return _TIMES.microseconds(str(value))


def _optional_time(value: object) -> int | None:
    return None if value is None else _time(value)


def _retrieved_at(value: JsonObject) -> int | None:
    about = value.child("__twarc")
    return _optional_time(about.value("retrieved_at")) if about else None
