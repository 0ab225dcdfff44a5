"""Which sources there are, and which of them reads a file.

A source's module is loaded when a file is shown to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any, Final, cast

from birdfall.model.errors import InputError, UsageError
from birdfall.sources.shared.open import read_head
from birdfall.sources.shared.protocol import Source

#: Name to module. Specific formats stand before general ones: the first of equally sure sources
#: reads the file.
_BUILT_IN: Final = {
    "container": "birdfall.sources.container",
    "atproto": "birdfall.sources.atproto.reader",
    "atproto-repository": "birdfall.sources.atproto.repository",
    "jetstream": "birdfall.sources.jetstream",
    "ozone": "birdfall.sources.ozone",
    "mediawiki": "birdfall.sources.mediawiki",
    "dsa": "birdfall.sources.dsa",
    "mediawiki-log": "birdfall.sources.mediawiki_log",
    "account-list": "birdfall.sources.account_lists",
    "telegram": "birdfall.sources.telegram",
    "activitypub": "birdfall.sources.activitypub",
    "mastodon-admin": "birdfall.sources.mastodon_admin",
    "lemmy": "birdfall.sources.lemmy",
    "bluesky-pages": "birdfall.sources.bluesky_pages",
    "downloads": "birdfall.sources.downloads",
    "x": "birdfall.sources.x",
    "watch": "birdfall.sources.watch_archive",
    "table": "birdfall.sources.table.reader",
}
GROUP: Final = "birdfall.sources"


@cache
def sources() -> tuple[tuple[str, Callable[[], Source]], ...]:
    """(name, loader) of every source: built in, then those of other packages."""
    built_in: list[tuple[str, Callable[[], Source]]] = [
        (name, partial(_module, module))
        for name, module in _BUILT_IN.items()
        if util.find_spec(module) is not None
    ]
    points = sorted(metadata.entry_points(group=GROUP), key=lambda p: p.name)
    return (*built_in, *((point.name, point.load) for point in points))


def find_source(name: str) -> Source:
    """The source of that name. Raises UsageError with the known names."""
    known = dict(sources())
    if name not in known:
        raise UsageError(f"there is no reader {name!r}", fix=f"Readers: {', '.join(known)}.")
    return known[name]()


def choose_source(path: Path, reader: str | None = None) -> Source:
    """The source that is surest it can read `path`.

    Raises InputError if the file cannot be read or none knows it.
    """
    start = read_head(path)
    if reader is not None:
        return find_source(reader)
    if not start:
        raise InputError(
            "this file is empty",
            where=str(path),
            fix="Check that it was downloaded or copied whole.",
        )
    if (kind := _binary_kind(start)) is not None:
        raise InputError(
            f"this is {kind}, not data",
            where=str(path),
            fix="Export the data behind it as CSV, JSON, Parquet or a workbook.",
        )
    best, surest = None, 0.0
    for _, load in sources():
        source = load()
        sure = source.sniff(path, start)
        if sure > surest:
            best, surest = source, sure
    if best is None:
        raise InputError(
            "no reader knows this kind of file", where=str(path), fix="Choose one with --reader."
        )
    return best


#: What files are that hold no rows, by their first bytes.
_BINARIES: Final = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x7fELF": "a program",
    b"MZ\x90\x00": "a program",
    b"RIFF": "a sound or a film",
    b"ID3": "a sound",
    b"{\\rtf": "a text document (RTF)",
    b"<!DOCTYPE html": "a web page",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
}


def _binary_kind(head: bytes) -> str | None:
    """What a file is by its first bytes, if it is one of which nothing can be read."""
    return next((kind for sign, kind in _BINARIES.items() if head.startswith(sign)), None)


def _module(name: str) -> Source:
    return cast(Any, import_module(name))  # type: ignore[no-any-return]
