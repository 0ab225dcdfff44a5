"""Lists that Mastodon and its kin export as CSV: who is followed, muted, blocked, listed; domains.

None of them says when. A list of follows does not say whose it is: `--const account=NAME`; its
edges are `seen` (at `--const observed_at=TIME`, where that is known). Blocks of domains are
statuses of the domain, `seen`. A block, a mute or a place in a list without a time is no act, and
is refused. Files of names alone mostly have no header; pages of ids as X gave them
(`{"ids": [...]}`) are lists of names too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from birdfall.model.errors import UsageError, printable
from birdfall.model.progress import Progress
from birdfall.model.questions import Question
from birdfall.model.schemas import STATUSES, Part, Rows
from birdfall.sources.shared.json_object import parse_json_object
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import (
    ROWS_PER_BATCH,
    AccountRow,
    FollowRow,
    RowBuffers,
    StatusRow,
)
from birdfall.sources.shared.timestamps import TimeReader, find_zone
from birdfall.sources.table.column_roles import columns_by_role
from birdfall.sources.table.handles import fold_handle
from birdfall.sources.table.mapping import STATUS_WORDS

NAME = "account-list"
_ADDRESS: Final = re.compile(r"@?[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
#: A name that is no word and no header: an address, a handle with its sign, an id, a profile.
_ACCOUNT: Final = re.compile(
    rf"{_ADDRESS.pattern}|@[\w.-]{{1,60}}|\d{{4,25}}|did:[a-z]+:[\w.:%-]+|https?://[^\s,]+/[^\s,]+"
)
_DOMAIN: Final = re.compile(r"(?:\*\.)?[a-z0-9*_-]+(?:\.[a-z0-9*_-]+)+", re.ASCII)
#: A page of ids, as the first interfaces of Twitter gave followers and friends.
_IDS: Final = re.compile(rb'"ids"\s*:\s*\[\s*(?:"?\d+"?\s*[,\]]|\])')
_FOLLOW_HEADER: Final = "account address,show boosts"
_MUTE_HEADER: Final = "account address,hide notifications"
_DOMAIN_HEADER: Final = re.compile(r"#?domain,#?severity\b")
#: What a severity does to the accounts of a domain; "noop" hides and limits nothing.
_SEVERITIES: Final = {"suspend": "suspended", "silence": "limited", "noop": "active"}
#: Lines of a file of names that must all look like some for the file to be one.
_SNIFF_LINES: Final = 50
_TIMELESS_FIX: Final = "Nothing can be done: the export does not say when."


class _List(NamedTuple):
    """What a file lists, and whether its first line is a header.

    kind: "follows", "mutes", "blocks", "lists", "domains" with their severity, "names" or
    "domain names" alone.
    """

    kind: str
    header: bool
    pages: bool = False


def sniff(path: Path, head: bytes) -> float:
    """Sure by the header; of files without one, by what each of the first lines holds."""
    return 0.95 if _recognise(path, head) is not None else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of one list.

    Raises
    ------
    UsageError
        If the file says neither whose follows these are nor what became of the accounts in it.
    """
    found = _recognise(path, b"\n".join(_head_lines(path))) or _List("names", False)
    rows = _ListRows(options, path, found.kind)
    size = path.stat().st_size
    for number, line, done in read_lines(path, allow_large=options.allow_large):
        if number == 1 and found.header:
            continue
        if found.pages:
            rows.add_page(number, line)
            continue
        cells = _cells(line)
        if any(cells):
            rows.add(number, cells)
        if number % 1024 == 0:
            progress("read", done, size, "bytes")
            yield from rows.buffers.batches(at_least=ROWS_PER_BATCH)
    yield from rows.buffers.batches()


def _head_lines(path: Path) -> Iterator[bytes]:
    for number, line, _ in read_lines(path):
        if number > _SNIFF_LINES:
            return
        yield line


def _cells(line: bytes) -> list[str]:
    text = line.decode("utf-8-sig", "replace").replace("\0", "")
    try:
        return [c.strip() for c in next(csv.reader(io.StringIO(text)), [])]
    except csv.Error:
        return [text.strip()]


def _recognise(path: Path, head: bytes) -> _List | None:
    lines = head.splitlines()[: _SNIFF_LINES + 1]
    if len(lines) > _SNIFF_LINES:  # the last may be cut
        lines = lines[:_SNIFF_LINES]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _List(_kind_by_name(path.name), False, True) if _IDS.search(head) else None
    listed = [cells for line in lines if any(cells := _cells(line))]
    if not listed:
        return None
    first = ",".join(listed[0]).casefold()
    if first.startswith(_FOLLOW_HEADER):
        return _List("follows", True)
    if first.startswith(_MUTE_HEADER):
        return _List("mutes", True)
    if _DOMAIN_HEADER.match(first):
        return _List("domains", True)
    if all(len(c) == 2 and _ADDRESS.fullmatch(c[1]) and "@" not in c[0] for c in listed):
        return _List("lists", False)
    if any(len(c) != 1 for c in listed):
        return None
    return _recognise_names(path, [c[0] for c in listed])


def _recognise_names(path: Path, listed: list[str]) -> _List | None:
    """What a file of one column without a known header is; None for one that is a table."""
    first, rest = listed[0], listed[1:]
    for form, kind in ((_ACCOUNT, _kind_by_name(path.name)), (_DOMAIN, "domain names")):
        if not all(form.fullmatch(n) for n in rest):
            continue
        if form.fullmatch(first):
            return _List(kind, False)
        if rest and form is _ACCOUNT:
            own = first.casefold() == "account address"
            known = not own and any(columns_by_role([first]).values())
            return None if known else _List(kind, True)
    return None


def _kind_by_name(name: str) -> str:
    """What a file of names alone lists, by how its exporter calls it."""
    told = name.casefold()
    for word, kind in (("follow", "follows"), ("mute", "mutes"), ("block", "blocks")):
        if word in told:
            return kind
    return "names"


def _status_said(word: str | None, path: Path) -> str | None:
    """The status that a person means. Raises UsageError for a word that is none."""
    if word is None or word in STATUSES:
        return word
    status = STATUS_WORDS.get(word.casefold())
    if status is None:
        raise UsageError(
            f"{printable(word, 40)!r} is no status",
            where=str(path),
            fix=f"Use: {', '.join(STATUSES)}.",
        )
    return status


def _is_id(name: str) -> bool:
    return name.isdecimal() or name.startswith("did:")


class _ListRows:
    """Rows of the lines of one list."""

    def __init__(self, options: SourceOptions, path: Path, kind: str) -> None:
        self.buffers = RowBuffers(options.source_of(path))
        said = options.constants
        self._paged = False
        self._status = _status_said(said.get("status"), path)
        self._named = _DOMAIN if kind.startswith("domain") else _ACCOUNT
        if self._status and kind != "domains":
            kind = "statuses"
        self._kind = kind
        self._account = said.get("account") or said.get("follower")
        self._followed = said.get("followed")
        when = said.get("observed_at") or said.get("time")
        self._seen = TimeReader(find_zone(options.time_zone)).microseconds(when) if when else None
        self._check(path)

    def _check(self, path: Path) -> None:
        """Raise UsageError for what must be said first."""
        if self._kind == "names" and (self._account or self._followed):
            self._kind = "follows"
        if self._kind == "follows" and not (self._account or self._followed):
            raise UsageError(
                "this lists accounts that somebody follows, but not who does",
                where=str(path),
                why="An edge has two ends, and the file names one.",
                fix="Say whose list it is: --const account=NAME@SERVER "
                "(or --const followed=NAME@SERVER if these are the followers).",
                questions=(Question("Whose list is this?", "--const account=", open=True),),
            )
        if self._kind in ("names", "domain names"):
            edges = "whom they follow (--const followed=NAME), who follows them (--const "
            edges += "account=NAME), or "
            raise UsageError(
                "this is a list of names, and nothing says what they have in common",
                where=str(path),
                fix=f"Say {edges if self._kind == 'names' else ''}what became of them: "
                "--const status=suspended --const observed_at=2021-10-18T12:00:00Z.",
                questions=(Question("What became of these?", "--const status=", STATUSES),),
            )
        if self._kind in ("domains", "statuses") and self._seen is None:
            raise UsageError(
                "this says what became of accounts or domains, but not when somebody looked",
                where=str(path),
                why="It may have happened at any time before that.",
                fix="Say when it was saved: --const observed_at=2021-10-18T12:00:00Z.",
                questions=(Question("When was it saved?", "--const observed_at=", open=True),),
            )

    def add_page(self, number: int, line: bytes) -> None:
        """The rows of a page of ids."""
        page = parse_json_object(line)
        ids = page.value("ids") if page is not None else None
        self._paged = True
        if not isinstance(ids, list):
            shown = line[:80].decode("utf-8", "replace")
            self.buffers.rejections.add(number, None, shown, "no page of ids")
            return
        for one in ids:
            self.add(number, [str(one)])

    def add(self, number: int, cells: list[str]) -> None:
        """The rows of one line, or why there are none."""
        if self._kind == "domains":
            self._add_domain(number, cells)
            return
        name = cells[-1] if self._kind == "lists" else cells[0]
        if not (self._named.fullmatch(name) or (self._paged and name.isdecimal())):
            self.buffers.rejections.add(
                number, None, name, "a name of another form than the rest", "Correct the line."
            )
            return
        handle = name.lstrip("@")
        account = name if _is_id(name) else fold_handle(name)
        named = None if _is_id(name) or self._named is _DOMAIN else handle
        if named and self._kind in ("statuses", "follows"):
            self.buffers.add(AccountRow(account, number, named, observed_at=self._seen))
        if self._kind == "statuses":
            self.buffers.add(
                StatusRow(account, self._status or "", self._seen or 0, number, "seen")
            )
        elif self._kind == "follows":
            own = self._account or self._followed or ""
            other = own if _is_id(own) else fold_handle(own)
            follower, followed = (other, account) if self._account else (account, other)
            self.buffers.add(
                FollowRow(follower, followed, number, observation="seen", observed_at=self._seen)
            )
        else:
            what = {"mutes": "a mute", "blocks": "a block", "lists": "a place in a list"}
            reason = f"{what[self._kind]} whose time the file does not tell, so it is no act"
            self.buffers.rejections.add(number, None, name, reason, _TIMELESS_FIX)

    def _add_domain(self, number: int, cells: list[str]) -> None:
        domain = cells[0].casefold()
        severity = cells[1].casefold() if len(cells) > 1 else ""
        status = self._status or _SEVERITIES.get(severity)
        if not _DOMAIN.fullmatch(domain) or status is None:
            fault = "no domain" if status else "no severity that is known"
            self.buffers.rejections.add(number, None, ",".join(cells), fault, "Correct the line.")
            return
        comment = (cells[4] if len(cells) > 4 else "") or None
        seen = self._seen or 0
        self.buffers.add(StatusRow(domain, status, seen, number, "seen", reason=comment))
