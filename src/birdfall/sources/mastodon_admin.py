"""Accounts, reports and blocked domains as a moderator of Mastodon sees them (`/api/v1/admin/...`).

Suspended, silenced and disabled accounts are statuses `seen` when the page was saved, which it does
not say: `--const observed_at=TIME`. When an account was made is no time of anything else. A
report is an act of who reported; a blocked domain is a status of the domain, a change at the time
when it was blocked where the page tells it, else `seen`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.model.progress import Progress
from birdfall.model.questions import Question
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.json_pages import items_of, plain_text, read_pages
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import (
    ROWS_PER_BATCH,
    AccountRow,
    ActRow,
    RecordRow,
    RowBuffers,
    StatusRow,
)
from birdfall.sources.shared.timestamps import TimeReader, find_zone

NAME = "mastodon-admin"
_KEYS: Final = (b'"silenced"', b'"suspended"', b'"username"')
_REPORT: Final = (b'"action_taken"', b'"target_account"')
_DOMAIN: Final = (b'"domain"', b'"severity"', b'"digest"')
_SEVERITIES: Final = {"suspend": "suspended", "silence": "limited", "noop": "active"}
_TIMES: Final = TimeReader()


def sniff(_path: Path, head: bytes) -> float:
    """Sure when accounts, reports or domains carry the marks of moderation."""
    if head.lstrip()[:1] not in (b"[", b"{"):
        return 0.0
    return 0.95 if any(all(k in head for k in keys) for keys in (_KEYS, _REPORT, _DOMAIN)) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Accounts and their statuses. Raises UsageError if nothing says when the page was saved."""
    said = options.constants.get("observed_at") or options.constants.get("time")
    seen = TimeReader(find_zone(options.time_zone)).microseconds(said) if said else None
    buffers = RowBuffers(options.source_of(path))
    place = 0
    for page in read_pages(
        path, buffers.rejections, allow_large=options.allow_large, progress=progress
    ):
        listed = items_of(page, "accounts", "data", "reports", "domain_blocks")
        for item in [page] if listed is None else listed:
            place += 1
            for row in _rows(item, place, seen, path):
                if isinstance(row, str):
                    buffers.rejections.add(place, "id", item.value("id"), row)
                else:
                    buffers.add(row)
            yield from buffers.batches(at_least=ROWS_PER_BATCH)
    yield from buffers.batches()


def _rows(item: JsonObject, place: int, seen: int | None, path: Path) -> Iterator[RecordRow | str]:
    """The rows of one item, or why there are none. Raises UsageError for a time that is asked."""
    if "target_account" in item:
        yield _report(item, place)
        return
    made = _time(item.filled_text("created_at"))
    if "severity" in item and item.filled_text("domain"):
        status = _SEVERITIES.get(str(item.value("severity")))
        reason = item.filled_text("public_comment") or item.filled_text("comment")
        if status is None:
            yield "a severity that is not known"
        elif made is not None:
            yield StatusRow(str(item.value("domain")), status, made, place, reason=reason)
        else:
            when = _required(seen, path, "domains are blocked", "The page has no times.")
            yield StatusRow(str(item.value("domain")), status, when, place, "seen", reason=reason)
        return
    identity = item.filled_text("id")
    if identity is None:
        yield "an account without an id"
        return
    when = _required(
        seen, path, "accounts are suspended",
        "The only times in it are those at which the accounts were made.",
    )  # fmt: skip
    yield account_row(item, identity, place, when)
    yield StatusRow(identity, _status(item), when, place, "seen")


def _required(seen: int | None, path: Path, what: str, why: str) -> int:
    """The time at which somebody looked. Raises UsageError if nothing says it."""
    if seen is None:
        raise UsageError(
            f"this says which {what}, but not when somebody looked",
            where=str(path),
            why=why,
            fix="Say when the page was saved: --const observed_at=2024-01-20T12:00:00Z.",
            questions=(Question("When was this page saved?", "--const observed_at=", open=True),),
        )
    return seen


def _report(item: JsonObject, place: int) -> ActRow | str:
    """A report: an act of one account on another."""
    reporter, reported = item.child("account"), item.child("target_account")
    who = reporter.filled_text("id") if reporter else None
    whom = reported.filled_text("id") if reported else None
    time = _time(item.filled_text("created_at"))
    if who is None or whom is None or time is None:
        return "a report without reporter, reported or time"
    text, act_id = item.filled_text("comment"), item.filled_text("id")
    return ActRow(who, "report", whom, time, place, "account", whom, text, act_id=act_id)


def _time(text: str | None) -> int | None:
    try:
        return None if text is None else _TIMES.microseconds(text)
    except ValueError:
        return None


def _status(account: JsonObject) -> str:
    if account.value("suspended"):
        return "suspended"
    limited = account.value("silenced") or account.value("disabled")
    return "limited" if limited else "active"


def account_row(account: JsonObject, identity: str, place: int, seen: int) -> AccountRow:
    """What an account of the admin API is called and shows. seen: when, in microseconds."""
    profile = account.child("account") or JsonObject({})
    name, domain = account.filled_text("username"), account.filled_text("domain")
    handle = f"{name}@{domain}" if name and domain else name
    made = _time(account.filled_text("created_at") or profile.filled_text("created_at"))
    return AccountRow(
        identity,
        place,
        handle,
        profile.filled_text("display_name"),
        made,
        plain_text(profile.text("note")),
        language=account.filled_text("locale"),
        followers=profile.integer("followers_count"),
        following=profile.integer("following_count"),
        posts=profile.integer("statuses_count"),
        observed_at=seen,
    )
