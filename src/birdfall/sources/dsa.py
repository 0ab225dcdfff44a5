"""Statements of reasons of platforms (Digital Services Act): every statement, or counts by day.

A statement says that a platform decided something of some content or account, never of which. So it
is no act and no status of an account: the decisions are counted by day, platform, category and
kind, and the numbers stand in `rejected`, where nothing measures them by mistake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.errors import InputError, printable
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.table import delimited
from birdfall.sources.table.tabular import open_table

NAME = "dsa"
#: Columns that both forms have; and those that say when and how many, the better first.
_COLUMNS: Final = ("category", "decision_account", "decision_visibility", "platform_name")
_DAYS: Final = ("application_date", "received_date", "created_at", "date", "day")
_NUMBERS: Final = ("total", "count", "number", "n", "sors", "statements")
_DECISIONS: Final = ("visibility", "monetary", "provision", "account")
_WORD: Final = re.compile(r"(?:STATEMENT_CATEGORY|DECISION_[A-Z]+)_(\w+)")
_REASON: Final = "decisions of a platform, which name no account, counted by day"


def sniff(_path: Path, head: bytes) -> float:
    """Sure by the columns of a statement of reasons."""
    first = head.partition(b"\n")[0].decode("utf-8-sig", "replace")
    if "decision_account" not in first:
        return 0.0
    _, header = delimited.detect_dialect(first)
    return 0.95 if {_plain(c) for c in header} >= set(_COLUMNS) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """The numbers of decisions, as rows of `rejected`."""
    rejections = Rejections(options.source_of(path))
    counted: Counter[tuple[str, str, str, str]] = Counter()
    with open_table(
        path,
        "csv",
        allow_large=options.allow_large,
        staging=options.staging,
        progress=progress,
        encoding=options.encoding,
        skip_lines=options.skip_lines,
    ) as table:
        names = {_plain(name): name for name in table.types}
        if missing := sorted(set(_COLUMNS) - set(names)):
            raise InputError(
                f"there is no column {missing[0]} in these decisions",
                where=str(path),
                fix="Check --skip-lines, or download the file again.",
            )
        day = next((names[c] for c in _DAYS if c in names), None)
        number = next((names[c] for c in _NUMBERS if c in names), None)
        decisions = [names[f"decision_{d}"] for d in _DECISIONS if f"decision_{d}" in names]
        plain = [names["platform_name"], names["category"]]
        used = list(dict.fromkeys([*plain, *decisions, *(c for c in (day, number) if c)]))
        done = 0
        for texts, lines in table.read_texts(used, rejections):
            for line, row in zip(lines.tolist(), texts.to_pylist(), strict=True):
                many = (row[number] or "") if number else "1"
                if not many.isdecimal() or len(many) > 18 or not (day and row[day]):
                    rejections.add(line, number or day, many, "no day, or no whole number")
                    continue
                decided = " and ".join(_said(row[d]) for d in decisions if _said(row[d]))
                platform, category = (_said(row[c]) for c in plain)
                when = str(row[day])[:10]
                counted[when, platform, category, decided or "none"] += int(many)
            done += len(lines)
            progress("read", done, None, "rows")
            yield from rejections.rows(at_least=1 << 12)
    for (when, platform, category, decided), many in sorted(counted.items()):
        told = f"{when} {platform}, {category}, {decided}: {many}"
        rejections.add(None, None, printable(told, 200), _REASON)
    yield from rejections.rows()


def _plain(name: str) -> str:
    return name.strip().casefold().removesuffix("_single")


def _said(text: str | None) -> str:
    """What a cell says in small letters, without the name of its list: "account suspended"."""
    words = [w.lower().replace("_", " ") for w in _WORD.findall(text or "")]
    return ", ".join(words) if words else (text or "").strip('[]" ')
