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

from birdfall.model.errors import InputError, UsageError
from birdfall.model.progress import Progress
from birdfall.model.questions import Question
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared import json_array
from birdfall.sources.shared.json_object import JsonObject, load_json
from birdfall.sources.shared.open import read_head, read_lines
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
from birdfall.sources.shared.x_values import (
    client_in,
    count_in,
    flag_in,
    id_of,
    objects_in,
    optional_time_in,
    require_object,
    retrieved_at,
    text_in,
    time_in,
)

NAME = "x"
#: Rows of one table, and rejected lines, after which a batch is handed on.
_ROWS_PER_BATCH: Final = 1 << 14
_REFERENCES: Final = {"retweeted": "repost", "quoted": "quote", "replied_to": "reply"}

#: Files of the archive that X gives its own people, by the name in their first line.
_ARCHIVE: Final = re.compile(rb"[\s\xef\xbb\xbf]*window\.YTD\.([\w-]{1,80})\.part\d+\s*=")
_RETWEET: Final = re.compile(r"RT (@(\w+).+)", re.DOTALL)
#: Keys of what an archive tells without saying when, and what it is.
_TIMELESS: Final = {"like": "a like", "blocking": "a block", "muting": "a mute"}
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
    owner = _owner(path, options)
    part = _ARCHIVE.match(read_head(path))
    notices = others = 0
    for number, line, packed in read_lines(path, allow_large=options.allow_large):
        if not line.strip():
            continue
        if _NOTICE.match(line):
            notices += 1
            continue
        try:
            value = load_json(line.removeprefix(b"\xef\xbb\xbf"))
            if part and isinstance(value, dict) and not value.keys() <= _ARCHIVE_KEYS:
                others += 1
                continue
            found = list(_rows(value, number, owner))
        except _NoOwner as error:
            raise _owner_question(path) from error
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
    if others:
        named = part[1].decode() if part else ""
        buffers.rejections.add(
            None, None, others, f"entries of {named}.js, which tell no act of the account"
        )
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


class _NoOwner(Exception):
    """Nothing says whose archive this is."""


def _owner_question(path: Path) -> UsageError:
    return UsageError(
        "this part of an archive of X does not say whose it is",
        where=str(path),
        why="That stands in account.js, which is not beside it.",
        fix="Put account.js of the same archive beside it, or say the id of the account: "
        "--const account=1100000000000000011.",
        questions=(Question("Which account (its id)?", "--const account=", open=True),),
    )


def _owner(path: Path, options: SourceOptions) -> JsonObject | None:
    """The account an archive is of, as a person said or by the `account.js` beside it: tweets and
    followers do not say.

    It has the keys of a user of a v1.1 tweet.
    """
    if said := options.constants.get("account"):
        name = options.constants.get("handle")
        return JsonObject({"id_str": said, "screen_name": name})
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
        yield from _tweet_v2(plain, line, {}, retrieved_at(plain))
    elif plain.child("user") is not None:
        yield from _tweet_v1(plain, require_object(plain, "user"), line)
    elif "screen_name" in plain:
        yield _user_v1(plain, line, None)
    elif "username" in plain:
        yield _user_v2(plain, line, retrieved_at(plain))
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
        account = require_object(value, "account")
        yield AccountRow(
            str(account.require("accountId")),
            line,
            text_in(account.value("username")),
            text_in(account.value("accountDisplayName")),
            optional_time_in(account.value("createdAt")),
        )
        return
    for key, what in _TIMELESS.items():
        if key in value:
            named = require_object(value, key)
            thing = text_in(named.value("tweetId") or named.value("accountId")) or ""
            reason = f"{what} whose time the archive does not tell, so it is no act"
            yield _Rejected(key, thing, reason, "Nothing can be done: the platform keeps it back.")
            return
    if owner is None:
        raise _NoOwner
    if "tweet" in value:
        yield from _tweet_v1(_with_original(require_object(value, "tweet")), owner, line)
        return
    is_follower = "follower" in value
    other = str(
        require_object(value, "follower" if is_follower else "following").require("accountId")
    )
    own = str(owner.require("id_str"))
    follower, followed = (other, own) if is_follower else (own, other)
    yield FollowRow(follower, followed, line, observation="seen")


def _with_original(tweet: JsonObject) -> JsonObject:
    """A tweet of an archive, where retweets are told by their text alone: whom they are of, and in
    which words, names what was retweeted.
    """
    match = _RETWEET.match(text_in(tweet.value("full_text") or tweet.value("text")) or "")
    if match is None or "retweeted_status" in tweet:
        return tweet
    mentions = objects_in(tweet.child("entities") or JsonObject({}), "user_mentions")
    writer = next((m for m in mentions if m.value("screen_name") == match[2]), None)
    named = {"id_str": id_of(writer) if writer else f"@{match[2]}"}
    original = {"id_str": match[1], "user": named}
    return JsonObject({**tweet.fields, "retweeted_status": original})


def _page_rows(page: JsonObject, line: int) -> Iterator[_Found]:
    seen = retrieved_at(page)
    includes = page.child("includes") or JsonObject({})
    tweets = {t.require("id"): t for t in objects_in(includes, "tweets")}
    for user in objects_in(includes, "users"):
        yield _user_v2(user, line, seen)
    single = page.child("data")
    for item in [single] if single is not None else objects_in(page, "data"):
        if "username" in item and "author_id" not in item:
            yield _user_v2(item, line, seen)
        else:
            yield from _tweet_v2(item, line, tweets, seen)
    for error in objects_in(page, "errors"):
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
    base = _Base(str(account), time_in(tweet.require("created_at")), str(tweet.require("id")), line)
    said = _Said(
        text_in(tweet.value("text")), text_in(tweet.value("lang")), text_in(tweet.value("source"))
    )
    kinds = set()
    for reference in objects_in(tweet, "referenced_tweets"):
        kind = _REFERENCES.get(reference.require("type"))
        if kind is None:
            continue
        kinds.add(kind)
        identity = reference.require("id")
        target = included.get(identity, reference).value("author_id")
        if not target and kind == "reply":
            target = tweet.value("in_reply_to_user_id")
        yield _post_act(base, kind, str(identity), said, text_in(target))
    if "repost" in kinds:
        return
    yield _post_act(base, "post", base.act_id, said, None)
    entities = tweet.child("entities") or JsonObject({})
    links = (
        u.value("unwound_url") or u.value("expanded_url") or u.value("url")
        for u in objects_in(entities, "urls")
    )
    yield from _entity_acts(
        base,
        (h.value("tag") for h in objects_in(entities, "hashtags")),
        links,
        (m.value("id") for m in objects_in(entities, "mentions")),
    )


def _tweet_v1(tweet: JsonObject, user: JsonObject, line: int) -> Iterator[_Found]:
    time = time_in(tweet.require("created_at"))
    yield _user_v1(user, line, time)
    base = _Base(id_of(user), time, id_of(tweet), line)
    said = _Said(
        text_in(tweet.value("full_text") or tweet.value("text")),
        text_in(tweet.value("lang")),
        client_in(tweet.value("source")),
    )
    original = tweet.child("retweeted_status")
    if original is not None:
        yield _post_act(
            base, "repost", id_of(original), said, id_of(require_object(original, "user"))
        )
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
        yield _post_act(base, "quote", str(quoted), said, id_of(writer) if writer else None)
    entities = (tweet.child("extended_tweet") or tweet).child("entities") or JsonObject({})
    mentions = (
        id_of(m) if m.value("id_str") or m.value("id") else None
        for m in objects_in(entities, "user_mentions")
    )
    links = (u.value("expanded_url") or u.value("url") for u in objects_in(entities, "urls"))
    hashtags = (h.value("text") for h in objects_in(entities, "hashtags"))
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
            thing = text_in(value) or ""
            target = thing if kind == "mention" else None
            yield ActRow(
                base.account, kind, thing, base.time, base.line, object_kind, target,
                act_id=base.act_id,
            )  # fmt: skip


def _user_v1(user: JsonObject, line: int, seen: int | None) -> AccountRow:
    return AccountRow(
        id_of(user),
        line,
        text_in(user.value("screen_name")),
        text_in(user.value("name")),
        optional_time_in(user.value("created_at")),
        text_in(user.value("description")),
        text_in(user.value("location")),
        text_in(user.value("lang")),
        flag_in(user.value("verified")),
        count_in(user.value("followers_count")),
        count_in(user.value("friends_count")),
        count_in(user.value("statuses_count")),
        seen,
    )


def _user_v2(user: JsonObject, line: int, seen: int | None) -> AccountRow:
    metrics = user.child("public_metrics") or JsonObject({})
    return AccountRow(
        str(user.require("id")),
        line,
        text_in(user.value("username")),
        text_in(user.value("name")),
        optional_time_in(user.value("created_at")),
        text_in(user.value("description")),
        text_in(user.value("location")),
        None,
        flag_in(user.value("verified")),
        count_in(metrics.value("followers_count")),
        count_in(metrics.value("following_count")),
        count_in(metrics.value("tweet_count")),
        seen,
    )
