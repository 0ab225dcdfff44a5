"""Repositories of the AT Protocol as CAR files (`com.atproto.sync.getRepo`, "download my data").

A repository holds what its account has written and not deleted: no deletion stands in it, and no
time but the one that the writer's own client put on each record (`createdAt`), which is a claim. A
record without a time that can be read is refused; the key of a record (a TID, made by a clock) is
not used, for clients choose it too. Follows stand at the time of the last commit.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import libipld

from birdfall.model.errors import InputError
from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.atproto import frames
from birdfall.sources.atproto.acts import acts_of
from birdfall.sources.shared.json_object import JsonObject
from birdfall.sources.shared.open import open_bytes
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import (
    ROWS_PER_BATCH,
    AccountRow,
    ActRow,
    FollowRow,
    RowBuffers,
)

NAME = "atproto-repository"
#: A repository is held in memory whole; those of people are a few MiB, the largest some hundred.
MAX_REPOSITORY_BYTES: Final = 512 << 20
#: A tree of keys this deep would hold more records than there are.
MAX_TREE_DEPTH: Final = 64
_FOLLOW: Final = "app.bsky.graph.follow"
_TID_DIGITS: Final = "234567abcdefghijklmnopqrstuvwxyz"

Blocks = dict[bytes, Any]


def sniff(_path: Path, head: bytes) -> float:
    """Certain when the header of a CAR stands first, after its length."""
    return 1.0 if b"\xa2eroots" in head[:12] else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of one repository.

    Raises
    ------
    InputError
        If the file is damaged, too large, or no repository.
    """
    with open_bytes(path, allow_large=options.allow_large) as stream:
        data = stream.read(MAX_REPOSITORY_BYTES + 1)
    if len(data) > MAX_REPOSITORY_BYTES:
        raise InputError(
            f"this repository is over {MAX_REPOSITORY_BYTES >> 20} MiB", where=str(path)
        )
    try:
        header, blocks = libipld.decode_car(data)
        commit = _commit(header, blocks)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise _damaged(path) from error
    rows = _RepositoryRows(options.source_of(path), commit)
    for done, (key, record) in enumerate(_records(commit.value("data"), blocks, path), 1):
        rows.add(done, key, record)
        if done % 1024 == 0:
            progress("read", done, len(blocks), "records")
            yield from rows.buffers.batches(at_least=ROWS_PER_BATCH)
    yield from rows.finish()


def _damaged(path: Path) -> InputError:
    return InputError(
        "this is no whole repository of the AT Protocol",
        where=str(path),
        why="A part of it is damaged or missing, and records would be lost without a trace.",
        fix="Download it again.",
    )


def _commit(header: dict[str, Any], blocks: Blocks) -> JsonObject:
    """The commit at the root. Raises KeyError, TypeError or ValueError if there is none."""
    commit = JsonObject(blocks[header["roots"][0]])
    frames.parse_name(commit.value("did"), "did")
    if "data" not in commit:
        raise KeyError("data")
    return commit


def _records(root: object, blocks: Blocks, path: Path) -> Iterator[tuple[str, JsonObject | None]]:
    """(collection/key, record) of all records, in the order of their keys.

    None for a record that is not there. Raises InputError for a tree that is not whole.
    """
    waiting: list[tuple[object, int]] = [(root, 0)]
    seen: set[object] = set()
    try:
        while waiting:
            item, depth = waiting.pop()
            if isinstance(item, tuple):
                key, value = item
                found = blocks.get(value)
                yield key, JsonObject(found) if isinstance(found, dict) else None
                continue
            if item in seen or depth > MAX_TREE_DEPTH:
                raise _damaged(path)
            seen.add(item)
            waiting += [(i, depth + 1) for i in reversed(_node(JsonObject(blocks[item])))]  # type: ignore[index]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def _node(node: JsonObject) -> list[Any]:
    """The parts of a node of the tree in the order of keys: other nodes, and (key, record)."""
    parts: list[Any] = []
    if node.value("l") is not None:
        parts.append(node.value("l"))
    last = b""
    for entry in node.require("e"):
        key = last[: entry["p"]] + entry["k"]
        last = key
        parts.append((key.decode("utf-8"), entry["v"]))
        if entry.get("t") is not None:
            parts.append(entry["t"])
    return parts


class _RepositoryRows:
    """Rows of the records of one repository."""

    def __init__(self, source: str, commit: JsonObject) -> None:
        self.buffers = RowBuffers(source)
        self._did = str(commit.value("did"))
        self._seen = _time_of_revision(commit.filled_text("rev"))
        self._skipped: Counter[str] = Counter()

    def add(self, line: int, path: str, record: JsonObject | None) -> None:
        """The rows of one record, or why there are none."""
        collection, _, key = path.partition("/")
        if record is None:
            self._refuse(line, path, "a record that is not in the file")
        elif collection not in frames.COLLECTIONS:
            self._skipped[f"records of {collection[:80]} are no part of the record"] += 1
        elif collection == "app.bsky.actor.profile":
            self.buffers.add(
                AccountRow(
                    self._did, line, name=record.text("displayName"),
                    description=record.text("description"), observed_at=self._seen,
                )
            )  # fmt: skip
        else:
            try:
                self._add_acts(line, collection, key, record)
            except frames.FrameError as error:
                self._refuse(line, path, str(error))

    def _add_acts(self, line: int, collection: str, key: str, record: JsonObject) -> None:
        time = frames.parse_time(record.value("createdAt"))
        did = self._did
        if collection == _FOLLOW:
            subject = frames.parse_name(record.value("subject"), "did")
            self.buffers.add(FollowRow(did, subject, line, time, None, "change", self._seen))
            uri = f"at://{did}/{collection}/{key}"
            self.buffers.add(
                ActRow(did, "follow", subject, time, line, "account", subject, act_id=uri)
            )
            return
        for a in acts_of(did, collection, key, record):
            self.buffers.add(
                ActRow(
                    did, a.kind, a.object, time, line,
                    a.object_kind, a.target, a.text, a.language, None, a.act_id,
                )
            )  # fmt: skip

    def _refuse(self, line: int, path: str, reason: str) -> None:
        self.buffers.rejections.add(line, path.partition("/")[0], path, reason)

    def finish(self) -> Iterator[Rows]:
        """What is left, and how many records of which kinds were skipped."""
        for what, count in sorted(self._skipped.items()):
            self.buffers.rejections.add(None, None, count, what)
        yield from self.buffers.batches()


def _time_of_revision(revision: str | None) -> int | None:
    """The time that the name of a commit tells, in microseconds; None if it tells none."""
    if revision is None or len(revision) != 13 or any(c not in _TID_DIGITS for c in revision):
        return None
    number = 0
    for character in revision:
        number = number << 5 | _TID_DIGITS.index(character)
    microseconds = number >> 10
    soon = dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp() * 1e6
    return microseconds if 0 < microseconds < soon else None
