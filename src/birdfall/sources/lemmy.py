"""The moderation log of Lemmy (`/api/v3/modlog`): bans from the instance change a status.

A ban with an end (`expires`) ends by itself, unless a later entry of the page says otherwise. Bans
from single communities, removed posts and comments and the rest are counted in `rejected`: they say
nothing of an account on the whole instance, and an act of a moderator is none of the author's.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.json_pages import read_pages
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import AccountRow, RowBuffers, StatusRow
from birdfall.sources.shared.timestamps import TimeReader, find_zone

NAME = "lemmy"
_PAGE: Final = re.compile(rb'"(?:banned|removed_posts|banned_from_community)"\s*:\s*\[')
#: Lemmy writes times of UTC, before 0.19 without saying so.
_UTC: Final = TimeReader(find_zone("UTC"))


def sniff(_path: Path, head: bytes) -> float:
    """Sure of a page with bans, or with the lists of the log."""
    known = (
        b'"mod_ban"' in head or b'"mod_remove_post"' in head or b'"banned_from_community"' in head
    )
    return 0.95 if head.lstrip()[:1] == b"{" and known and _PAGE.search(head) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Statuses of those who were banned and of those whose ban was lifted."""
    log = _BanLog(options.source_of(path))
    for page in read_pages(
        path, log.buffers.rejections, allow_large=options.allow_large, progress=progress
    ):
        log.add(page)
    yield from log.finish()


class _BanLog:
    """The bans of all pages. `line` is the place of an entry among the bans, from 1."""

    def __init__(self, source: str) -> None:
        self.buffers = RowBuffers(source)
        self._others: Counter[str] = Counter()
        self._place = 0
        #: account, time, end, line
        self._bans: list[tuple[str, int, int | None, int]] = []

    def add(self, page: JsonObject) -> None:
        """Take one page of the log."""
        for key in page.fields:
            for entry in page.children(key):
                if key == "banned":
                    self._place += 1
                    self._add_ban(entry)
                else:
                    self._others[key.replace("_", " ")] += 1

    def _add_ban(self, entry: JsonObject) -> None:
        ban, person = entry.child("mod_ban"), entry.child("banned_person")
        named = person or JsonObject({})
        account = named.filled_text("actor_id")
        number = ban.integer("other_person_id") if ban else None
        if account is None and number is not None:
            account = str(number)
        time = _time(ban.value("when_")) if ban else None
        if (
            ban is None
            or account is None
            or time is None
            or not isinstance(ban.value("banned"), bool)
        ):
            self.buffers.rejections.add(self._place, "mod_ban", account, "no ban, account or time")
            return
        handle, reason = named.filled_text("name"), ban.filled_text("reason")
        shown = named.filled_text("display_name")
        self.buffers.add(
            AccountRow(account, self._place, handle, shown, _time(named.value("published")))
        )
        banned = bool(ban.value("banned"))
        status = "suspended" if banned else "active"
        self.buffers.add(StatusRow(account, status, time, self._place, reason=reason))
        self._bans.append(
            (account, time, _time(ban.value("expires")) if banned else None, self._place)
        )

    def finish(self) -> Iterator[Rows]:
        """The ends of bans that were over within the log; other entries are counted."""
        last = max((time for _, time, _, _ in self._bans), default=0)
        bans = sorted(self._bans, key=lambda b: (b[0], b[1], b[3]))
        for (account, time, end, line), after in itertools.zip_longest(bans, bans[1:]):
            overtaken = after is not None and after[0] == account and after[1] <= (end or 0)
            if end is not None and time < end <= last and not overtaken:
                self.buffers.add(StatusRow(account, "active", end, line, reason="expired"))
        for key, count in sorted(self._others.items()):
            reason = f"entries of the log that ban nobody from the instance: {key}"
            self.buffers.rejections.add(None, None, count, reason)
        yield from self.buffers.batches()


def _time(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return _UTC.microseconds(value)
    except ValueError:
        return None
