"""Accounts as a moderator of Mastodon sees them (`/api/v1/admin/accounts`, `/api/v2/...`).

Suspended, silenced and disabled accounts are statuses `seen` when the page was saved, which it does
not say: `--const observed_at=TIME`. When an account was made is no time of anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.json_pages import items_of, plain_text, read_pages
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH, AccountRow, RowBuffers, StatusRow
from birdfall.sources.shared.timestamps import TimeReader, find_zone

NAME = "mastodon-admin"
_KEYS: Final = (b'"silenced"', b'"suspended"', b'"username"')
_TIMES: Final = TimeReader()


def sniff(_path: Path, head: bytes) -> float:
    """Sure when accounts carry the marks of moderation."""
    return 0.95 if head.lstrip()[:1] in (b"[", b"{") and all(k in head for k in _KEYS) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Accounts and their statuses. Raises UsageError if nothing says when the page was saved."""
    said = options.constants.get("observed_at") or options.constants.get("time")
    if said is None:
        raise UsageError(
            "this says which accounts are suspended, but not when somebody looked",
            where=str(path),
            why="The only times in it are those at which the accounts were made.",
            fix="Say when the page was saved: --const observed_at=2024-01-20T12:00:00Z.",
        )
    seen = TimeReader(find_zone(options.time_zone)).microseconds(said)
    buffers = RowBuffers(options.source_of(path))
    place = 0
    for page in read_pages(
        path, buffers.rejections, allow_large=options.allow_large, progress=progress
    ):
        listed = items_of(page, "accounts", "data")
        for account in [page] if listed is None else listed:
            place += 1
            identity = account.filled_text("id")
            if identity is None:
                buffers.rejections.add(place, "id", None, "an account without an id")
                continue
            buffers.add(_account_row(account, identity, place, seen))
            buffers.add(StatusRow(identity, _status(account), seen, place, "seen"))
            yield from buffers.batches(at_least=ROWS_PER_BATCH)
    yield from buffers.batches()


def _status(account: JsonObject) -> str:
    if account.value("suspended"):
        return "suspended"
    limited = account.value("silenced") or account.value("disabled")
    return "limited" if limited else "active"


def _account_row(account: JsonObject, identity: str, place: int, seen: int) -> AccountRow:
    profile = account.child("account") or JsonObject({})
    name, domain = account.filled_text("username"), account.filled_text("domain")
    handle = f"{name}@{domain}" if name and domain else name
    created = account.filled_text("created_at") or profile.filled_text("created_at")
    try:
        made = None if created is None else _TIMES.microseconds(created)
    except ValueError:
        made = None
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
