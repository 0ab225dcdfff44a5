"""X (Twitter) as twarc and the API write it.

Tweets of v1.1 and of v2, v2 pages with their includes, users, and errors.

A page's `errors` name accounts that could not be shown because they were suspended: that is a
status `seen` at the time twarc noted (`__twarc.retrieved_at`); a page that says no time rejects
them, for a status without a time tells nothing.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from birdfall.model.errors import InputError
from birdfall.model.progress import Progress
from birdfall.model.schemas import TABLES, Part, Rows
from birdfall.sources.shared import json_array
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.shared.timestamps import TimeReader

NAME = "x"
_READING: Final = TimeReader()
_ROWS: Final = 1 << 14
_REFERENCES: Final = {"retweeted": "repost", "quoted": "quote", "replied_to": "reply"}

#: Files of the archive that X gives its own people, by the name in their first line.
_ARCHIVE: Final = re.compile(
    rb"[\s\xef\xbb\xbf]*window\.YTD\.(?:tweets?|follower|following|account)\.part\d+\s*="
)

Row = dict[str, Any]


def sniff(_path: Path, head: bytes) -> float:
    """Sure when the first object has the keys of a tweet, a user or a page of them."""
    if _ARCHIVE.match(head):
        return 0.95
    first = json_array.skip_to_object(head)
    first = first.split(b"\n", 1)[0] if json_array.is_lines(head) else first
    if not first.startswith(b"{"):
        return 0.0
    marks = (
        b'"id_str"',
        b'"author_id"',
        b'"includes"',
        b'"__twarc"',
        b'"public_metrics"',
        b'"screen_name"',
    )
    if any(mark in first for mark in marks) and (
        b'"created_at"' in first or b'"data"' in first or b'"errors"' in first
    ):
        return 0.95
    return 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Acts of every kind, accounts and seen suspensions of a file of JSON lines."""
    source = options.source_of(path)
    rejections = Rejections(source)
    size = path.stat().st_size
    waiting: dict[str, list[Row]] = defaultdict(list)
    owner = _owner(path)
    for number, line, packed in read_lines(path, allow_large=options.allow_large):
        if not line.strip():
            continue
        try:
            found = list(_rows(json.loads(line.removeprefix(b"\xef\xbb\xbf")), owner))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            shown = line[:200].decode("utf-8", "replace")
            rejections.add(
                number,
                None,
                shown,
                f"no tweet, user or page of them: {_words(error)}",
                "Mend or remove the line.",
            )
            continue
        for table, row in found:
            if table == "rejected":
                rejections.add(number, row["column"], row["value"], row["reason"], row["fix"])
            else:
                waiting[table].append(row | {"source": source, "line": number})
        for table in [t for t, rows in waiting.items() if len(rows) >= _ROWS]:
            yield _batch(table, waiting.pop(table))
            progress("read", packed, size, "bytes")
        yield from rejections.rows(at_least=1 << 12)
    for table, rows in sorted(waiting.items()):
        yield _batch(table, rows)
    yield from rejections.rows()


def _words(error: Exception) -> str:
    return (
        f"{error.args[0]} is missing"
        if isinstance(error, KeyError) and error.args
        else str(error)[:120]
    )


def _batch(table: str, rows: list[Row]) -> Rows:
    return Rows(table, pa.RecordBatch.from_pylist(rows, schema=TABLES[table]))


def _owner(path: Path) -> Row | None:
    """Whose archive a file belongs to, by the `account.js` beside it.

    Its tweets and followers do not say.
    """
    beside = path.with_name("account.js")
    if not beside.is_file():
        return None
    try:
        for _, line, _ in read_lines(beside):
            account = json.loads(line)["account"]
            return {"id_str": str(account["accountId"]), "screen_name": account.get("username")}
    except (InputError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return None


def _archive_rows(value: Row, owner: Row | None) -> Iterator[tuple[str, Row]]:
    """One element of an archive: a tweet, a follower, somebody followed, or the account itself."""
    if "account" in value:
        account = value["account"]
        yield (
            "accounts",
            {
                "account": str(account["accountId"]),
                "handle": account.get("username"),
                "name": account.get("accountDisplayName"),
                "created_at": _optional_time(account.get("createdAt")),
            },
        )
        return
    if owner is None:
        raise ValueError("whose archive this is stands in account.js, which is not beside it")
    if "tweet" in value:
        yield from _v1(value["tweet"] | {"user": owner})
        return
    other = str((value.get("follower") or value["following"])["accountId"])
    pair = (other, owner["id_str"]) if "follower" in value else (owner["id_str"], other)
    yield "follows", {"follower": pair[0], "followed": pair[1], "observation": "seen"}


def _rows(value: Any, owner: Row | None = None) -> Iterator[tuple[str, Row]]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if len(value) == 1 and value.keys() <= {"tweet", "follower", "following", "account"}:
        yield from _archive_rows(value, owner)
        return
    if "data" in value or "errors" in value or "includes" in value:
        yield from _page(value)
    elif "author_id" in value or isinstance(value.get("author"), dict):
        yield from _v2(value, {}, _retrieved_at(value))
    elif isinstance(value.get("user"), dict):
        yield from _v1(value)
    elif "screen_name" in value:
        yield "accounts", _user_v1(value, None)
    elif "username" in value:
        yield "accounts", _user_v2(value, _retrieved_at(value))
    else:
        raise ValueError("none of their keys")


def _page(page: Row) -> Iterator[tuple[str, Row]]:
    seen = _retrieved_at(page)
    includes = page.get("includes") or {}
    tweets = {t["id"]: t for t in includes.get("tweets", ())}
    for user in includes.get("users", ()):
        yield "accounts", _user_v2(user, seen)
    data = page.get("data") or []
    for item in [data] if isinstance(data, dict) else data:
        if "username" in item and "author_id" not in item:
            yield "accounts", _user_v2(item, seen)
        else:
            yield from _v2(item, tweets, seen)
    for error in page.get("errors") or ():
        yield from _error(error, seen)


def _error(error: Row, seen: dt.datetime | None) -> Iterator[tuple[str, Row]]:
    detail = str(error.get("detail", ""))
    if error.get("resource_type") != "user" or "suspended" not in detail.casefold():
        return
    account = str(error.get("resource_id") or error.get("value") or "")
    if seen is None or not account.isdigit():
        reason = (
            "a suspension seen at a time not told"
            if seen is None
            else "a suspension of a name without an id"
        )
        yield (
            "rejected",
            {
                "column": "errors",
                "value": account,
                "reason": reason,
                "fix": "Collect with twarc 2, by user id.",
            },
        )
        return
    yield (
        "statuses",
        {"account": account, "status": "suspended", "time": seen, "observation": "seen"},
    )


def _v2(
    tweet: Row, included: dict[str, Row], seen: dt.datetime | None
) -> Iterator[tuple[str, Row]]:
    author = tweet.get("author") if isinstance(tweet.get("author"), dict) else None
    account = str(tweet.get("author_id") or (author or {})["id"])
    if author:
        yield "accounts", _user_v2(author, seen)
    base = {"account": account, "time": _time(tweet["created_at"]), "act_id": str(tweet["id"])}
    more = {
        "text": _text(tweet.get("text")),
        "language": tweet.get("lang"),
        "client": tweet.get("source"),
    }
    kinds = set()
    for reference in tweet.get("referenced_tweets") or ():
        kind = _REFERENCES.get(reference["type"])
        if kind is None:
            continue
        kinds.add(kind)
        other = included.get(reference["id"], reference)
        target = other.get("author_id") or (
            tweet.get("in_reply_to_user_id") if kind == "reply" else None
        )
        yield (
            "acts",
            base
            | more
            | {
                "kind": kind,
                "object": str(reference["id"]),
                "object_kind": "post",
                "target": target,
            },
        )
    if "repost" in kinds:
        return
    yield "acts", base | more | {"kind": "post", "object": base["act_id"], "object_kind": "post"}
    entities = tweet.get("entities") or {}
    links = [
        u.get("unwound_url") or u.get("expanded_url") or u.get("url")
        for u in entities.get("urls", ())
    ]
    yield from _parts(
        base,
        [h.get("tag") for h in entities.get("hashtags", ())],
        links,
        [m.get("id") for m in entities.get("mentions", ())],
    )


def _v1(tweet: Row) -> Iterator[tuple[str, Row]]:
    time = _time(tweet["created_at"])
    yield "accounts", _user_v1(tweet["user"], time)
    base = {"account": _id(tweet["user"]), "time": time, "act_id": _id(tweet)}
    more = {
        "text": _text(tweet.get("full_text") or tweet.get("text")),
        "language": tweet.get("lang"),
        "client": _client(tweet.get("source")),
    }
    original = tweet.get("retweeted_status")
    if isinstance(original, dict):
        yield (
            "acts",
            base
            | more
            | {
                "kind": "repost",
                "object": _id(original),
                "object_kind": "post",
                "target": _id(original["user"]),
            },
        )
        return
    yield "acts", base | more | {"kind": "post", "object": base["act_id"], "object_kind": "post"}
    if tweet.get("in_reply_to_status_id_str") or tweet.get("in_reply_to_status_id"):
        replied = str(tweet.get("in_reply_to_status_id_str") or tweet["in_reply_to_status_id"])
        target = tweet.get("in_reply_to_user_id_str") or tweet.get("in_reply_to_user_id")
        yield (
            "acts",
            base
            | {
                "kind": "reply",
                "object": replied,
                "object_kind": "post",
                "target": target and str(target),
            },
        )
    if tweet.get("quoted_status_id_str") or tweet.get("quoted_status_id"):
        quoted = tweet.get("quoted_status") or {}
        target = _id(quoted["user"]) if isinstance(quoted.get("user"), dict) else None
        identity = str(tweet.get("quoted_status_id_str") or tweet["quoted_status_id"])
        yield (
            "acts",
            base
            | more
            | {"kind": "quote", "object": identity, "object_kind": "post", "target": target},
        )
    entities = (tweet.get("extended_tweet") or tweet).get("entities") or {}
    mentions = [
        _id(m) if m.get("id_str") or m.get("id") else None
        for m in entities.get("user_mentions", ())
    ]
    links = [u.get("expanded_url") or u.get("url") for u in entities.get("urls", ())]
    yield from _parts(base, [h.get("text") for h in entities.get("hashtags", ())], links, mentions)


def _parts(
    base: Row, hashtags: list[Any], links: list[Any], mentions: list[Any]
) -> Iterator[tuple[str, Row]]:
    named = itertools.chain(
        (("hashtag", h, {}) for h in hashtags),
        (("link", u, {"object_kind": "url"}) for u in links),
        (("mention", m, {"object_kind": "account", "target": str(m)}) for m in mentions),
    )
    for kind, thing, more in named:
        if thing:
            yield "acts", base | {"kind": kind, "object": str(thing), "object_kind": kind} | more


def _user_v1(user: Row, seen: dt.datetime | None) -> Row:
    return {
        "account": _id(user),
        "handle": user.get("screen_name"),
        "name": user.get("name"),
        "created_at": _optional_time(user.get("created_at")),
        "description": user.get("description"),
        "location": user.get("location"),
        "language": user.get("lang"),
        "verified": user.get("verified"),
        "followers": _count(user.get("followers_count")),
        "following": _count(user.get("friends_count")),
        "posts": _count(user.get("statuses_count")),
        "observed_at": seen,
    }


def _user_v2(user: Row, seen: dt.datetime | None) -> Row:
    metrics = user.get("public_metrics") or {}
    return {
        "account": str(user["id"]),
        "handle": user.get("username"),
        "name": user.get("name"),
        "created_at": _optional_time(user.get("created_at")),
        "description": user.get("description"),
        "location": user.get("location"),
        "verified": user.get("verified"),
        "followers": _count(metrics.get("followers_count")),
        "following": _count(metrics.get("following_count")),
        "posts": _count(metrics.get("tweet_count")),
        "observed_at": seen,
    }


def _id(thing: Row) -> str:
    return str(thing.get("id_str") or thing["id"])


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _text(value: Any) -> str | None:
    return (
        None
        if value is None
        else str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    )


def _client(value: Any) -> str | None:
    """`<a href="...">Twitter for iPhone</a>` without its link."""
    text = _text(value)
    return (
        text.split(">", 1)[1].split("<", 1)[0]
        if text and text.startswith("<a ") and ">" in text
        else text
    )


def _time(value: Any) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(
        microseconds=_READING.microseconds(str(value))
    )


def _optional_time(value: Any) -> dt.datetime | None:
    return None if value is None else _time(value)


def _retrieved_at(value: Row) -> dt.datetime | None:
    return _optional_time((value.get("__twarc") or {}).get("retrieved_at"))
