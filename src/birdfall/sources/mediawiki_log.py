"""Log entries of a MediaWiki (blocks, sign-ups) as pages of its interface, tables and dumps have
them: `logevents` as JSON and as CSV in the interface's columns, and the table `logging` of a dump.

They become changes as the stream of recent changes has them, and `mediawiki` makes rows of those.
A dump numbers the comments and the people who acted, so that reasons are not told there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from birdfall.model.errors import InputError
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.model.units import SECOND_US
from birdfall.sources.mediawiki import WikiLog
from birdfall.sources.shared.json_log import UnusableLine
from birdfall.sources.shared.json_object import JsonObject, load_json
from birdfall.sources.shared.json_pages import items_of, read_objects
from birdfall.sources.shared.open import read_head, read_lines
from birdfall.sources.shared.php_values import read_php_value
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ROWS_PER_BATCH
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.shared.sql_inserts import Cells, InsertReader, UnreadableInsert
from birdfall.sources.shared.timestamps import TimeReader, find_zone
from birdfall.sources.table import delimited
from birdfall.sources.table.tabular import open_table

NAME = "mediawiki-log"
_DUMP: Final = re.compile(
    rb"(?:CREATE TABLE (?:IF NOT EXISTS )?|INSERT INTO )[`\"]?logging[`\"]?", re.IGNORECASE
)
_PAGE: Final = re.compile(rb'"logevents"\s*:\s*\[')
#: Columns of `logevents` as a table; the parameters stand in one column or in one for each.
_COLUMNS: Final = ("logid", "title", "type", "action", "timestamp")
_UTC: Final = TimeReader(find_zone("UTC"))
#: A dump of all tables of a wiki says its first rows long after its beginning.
_SQL_HEAD: Final = (b"-- MySQL dump", b"-- MariaDB dump", b"/*!", b"-- Dump")


def sniff(_path: Path, head: bytes) -> float:
    """Sure of a page of log entries, of a table with its columns, and of a dump of SQL."""
    return 0.95 if _form(head) else 0.0


def _form(head: bytes) -> str | None:
    """ "page", "table" or "dump"; None for none of them."""
    if _DUMP.search(head) or head.lstrip().startswith(_SQL_HEAD):
        return "dump"
    if head.lstrip(b"\xef\xbb\xbf \r\n")[:1] in (b"{", b"["):
        return "page" if _PAGE.search(head) and b'"logid"' in head else None
    first = head.partition(b"\n")[0].decode("utf-8-sig", "replace")
    _, header = delimited.detect_dialect(first)
    return "table" if {c.strip().casefold() for c in header} >= set(_COLUMNS) else None


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a log. An entry that cannot be read is a rejected row."""
    log = WikiLog(options.source_of(path))
    for number, change in _changes(path, options, log.events.rejections):
        try:
            log.add_event(number, change)
        except UnusableLine as error:
            log.events.rejections.add(number, None, change.value("title"), str(error))
        if number % 1024 == 0:
            progress("read", number, None, "rows")
            yield from log.events.rows(at_least=ROWS_PER_BATCH)
    log.close()
    yield from log.events.finish()


def _changes(
    path: Path, options: SourceOptions, rejections: Rejections
) -> Iterator[tuple[int, JsonObject]]:
    form = _form(read_head(path))
    if form == "page":
        return _page_changes(path, options, rejections)
    if form == "table":
        return _table_changes(path, options, rejections)
    return _dump_changes(path, options, rejections)


def _page_changes(
    path: Path, options: SourceOptions, rejections: Rejections
) -> Iterator[tuple[int, JsonObject]]:
    place = 0
    for number, page, line, _ in read_objects(path, allow_large=options.allow_large):
        if page is None:
            shown = line[:200].decode("utf-8", "replace")
            rejections.add(number, None, shown, "not a JSON object")
            continue
        listed = items_of(page.child("query") or page, "logevents")
        for entry in [page] if listed is None else listed:
            place += 1
            yield place, _change(entry)


def _table_changes(
    path: Path, options: SourceOptions, rejections: Rejections
) -> Iterator[tuple[int, JsonObject]]:
    with open_table(
        path,
        "csv",
        allow_large=options.allow_large,
        staging=options.staging,
        encoding=options.encoding,
        skip_lines=options.skip_lines,
    ) as table:
        names = {name: name.casefold() for name in table.types}
        for texts, lines in table.read_texts(list(names), rejections):
            for line, row in zip(lines.tolist(), texts.to_pylist(), strict=True):
                entry = {names[name]: value for name, value in row.items() if value is not None}
                yield line, _change(JsonObject(entry))


def _change(entry: JsonObject) -> JsonObject:
    """An entry of `logevents` as a change; what it lacks, the change lacks."""
    namespace = entry.value("ns")
    told = {
        "id": _whole(entry.value("logid")),
        "type": "log",
        "log_type": entry.value("type"),
        "log_action": entry.value("action"),
        "title": entry.value("title"),
        "namespace": 2 if namespace is None else _whole(namespace),
        "user": entry.value("user"),
        "comment": entry.value("comment"),
        "timestamp": _seconds(entry.value("timestamp")),
        "log_params": _parameters(entry),
    }
    return JsonObject(told)


def _parameters(entry: JsonObject) -> dict[str, object]:
    """The parameters: an object, a text that holds one, or columns called `params.NAME`."""
    value = entry.value("params")
    if isinstance(value, str) and value.strip().startswith("{"):
        value = _object_in(value)
    found = value if isinstance(value, dict) else {}
    flat = {k.partition(".")[2]: v for k, v in entry.fields.items() if k.startswith("params.")}
    found = {**found, **flat}
    if "partial" in found or str(found.get("sitewide")).casefold() == "false":
        found["sitewide"] = False
    return found


def _object_in(text: str) -> object:
    """What a cell of a table holds: JSON, or an object as Python shows it."""
    try:
        return load_json(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text[: 1 << 16])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: object) -> int | None:
    try:
        return _UTC.microseconds(str(value)) // SECOND_US
    except ValueError:
        return None


# -- dumps -----------------------------------------------------------------------------------------


def _dump_changes(
    path: Path, options: SourceOptions, rejections: Rejections
) -> Iterator[tuple[int, JsonObject]]:
    inserts, place = InsertReader("logging"), 0
    for _, line, _ in read_lines(path, allow_large=options.allow_large):
        try:
            for cells in inserts.rows(line):
                place += 1
                yield place, _dumped_change(cells)
        except UnreadableInsert as error:
            shown = line[:80].decode("utf-8", "replace")
            rejections.add(place + 1, None, shown, str(error), "Download the dump again.")
    if not place and inserts.others:
        named = ", ".join(sorted(inserts.others)[:20])
        raise InputError(
            f"this dump holds other tables than logging: {named}",
            where=str(path),
            why="Blocks and sign-ups of a wiki stand in its table logging.",
            fix="Take the dump called ...-logging.sql.gz, or export this table as CSV.",
        )


def _dumped_change(cells: Cells) -> JsonObject:
    texts = {k: v.decode("utf-8", "replace") for k, v in cells.items() if v is not None}
    told: dict[str, Any] = {
        "id": _whole(texts.get("log_id")),
        "type": "log",
        "log_type": texts.get("log_type"),
        "log_action": texts.get("log_action"),
        "title": (texts.get("log_title") or "").replace("_", " ") or None,
        # titles of a dump come without the word of their namespace
        "namespace": None,
        "user": texts.get("log_user_text") or texts.get("log_actor"),
        "comment": texts.get("log_comment"),
        "timestamp": _seconds(texts.get("log_timestamp")),
        "log_params": _dumped_parameters(cells.get("log_params") or b""),
    }
    return JsonObject(told)


def _dumped_parameters(data: bytes) -> dict[str, object]:
    """Parameters as PHP serialised them ("5::duration"), or, before 2012, one a line."""
    if not data:
        return {}
    try:
        value = read_php_value(data)
    except ValueError:
        first = data.decode("utf-8", "replace").partition("\n")[0].strip()
        return {"duration": first} if first else {}
    named = value if isinstance(value, dict) else {}
    return {k.rpartition("::")[2]: v for k, v in named.items()}
