"""Removing one person from a watch: rows, raw events and names wherever they stand. Keyed digests
of the names stay, so that what comes later is kept without the person.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from birdfall.model.errors import UsageError
from birdfall.record.atomic import write_bytes, write_text, write_with
from birdfall.record.ids import keyed_pseudonym
from birdfall.record.name_digest import MARK, REMOVED_FILE, name_mark
from birdfall.watch.engine.backlog import BACKLOG_FILE
from birdfall.watch.engine.folder import STATE_FILE
from birdfall.watch.model.stream_key import StreamKind
from birdfall.watch.store.database import State
from birdfall.watch.store.lock import lock_folder
from birdfall.watch.store.pseudonym_key import pseudonym_key
from birdfall.watch.store.queries import removal as rows
from birdfall.watch.store.queries.accounts import handle_of
from birdfall.watch.store.queries.raw import list_raw_files
from birdfall.watch.store.queries.set_apart import clean_set_apart

REMOVALS_FILE: Final = "removals.json"
#: Letters from which a name is looked for anywhere in raw events, and not only between other signs.
MIN_FREE_LETTERS: Final = 4
#: Digits from which a bare number in words is taken for an id.
MIN_ID_DIGITS: Final = 8
#: What may not stand before and behind a name in words.
_BEFORE, _BEHIND = r"(?<![\w.-])", r"(?![\w-]|\.\w)"


@dataclass(frozen=True, slots=True)
class WatchRemoval:
    """What a removal from a watch did. It holds no name.

    Parameters
    ----------
    at
        When.
    pseudonym
        The name under which the person stood on pages and in alerts.
    rows
        Rows deleted, by table.
    texts
        Texts in which a mark now stands for the person: waves, alerts, reasons.
    raw
        Raw steps that held the person, deleted.
    """

    at: str
    pseudonym: str
    rows: Mapping[str, int]
    texts: int
    raw: int


@dataclass(frozen=True)
class _Names:
    """Finds the names of a person. mark: what stands for them."""

    names: tuple[str, ...]
    mark: str

    def stand_in(self, data: bytes) -> bool:
        """Whether raw bytes hold one of the names, also as JSON writes it."""
        return any(pattern.search(data) for pattern in self._raw_patterns())

    def clean(self, text: str) -> str:
        """A text with the mark in place of the names; JSON stays JSON."""
        if not any(name.lower() in text.lower() for name in self._written()):
            return text
        try:
            plain = json.loads(text)
        except ValueError:
            return self._clean_words(text)
        if isinstance(plain, str | int | float):
            return self._clean_words(text)
        clean = self._clean_value(plain)
        return text if clean == plain else json.dumps(clean)

    def _clean_value(self, value: object) -> object:
        if isinstance(value, str):
            return self._clean_words(value)
        if isinstance(value, list):
            return [self._clean_value(one) for one in value]
        if isinstance(value, dict):
            return {self._clean_words(k): self._clean_value(one) for k, one in value.items()}
        return value

    def _clean_words(self, text: str) -> str:
        for name in self.names:
            if text.lower() == name.lower():
                return self.mark
            for kind in (StreamKind.LEADER, StreamKind.TARGET):
                if text == f"{kind.value}:{name}":
                    return f"{kind.value}:{self.mark}"
            bare = name.isalpha() or (name.isdigit() and len(name) < MIN_ID_DIGITS)
            at = "@" if bare else "@?"
            found = f"{_BEFORE}{at}{re.escape(name)}{_BEHIND}"
            text = re.sub(found, self.mark, text, flags=re.IGNORECASE)
        return text

    def _written(self) -> list[str]:
        return [*self.names, *(json.dumps(name)[1:-1] for name in self.names)]

    def _raw_patterns(self) -> list[re.Pattern[bytes]]:
        patterns = []
        for name in self._written():
            text = re.escape(name.encode("utf-8", "surrogatepass"))
            if len(name) < MIN_FREE_LETTERS:
                text = _BEFORE.encode() + text + _BEHIND.encode()
            patterns.append(re.compile(text, re.IGNORECASE))
        return patterns


def remove_from_watch(folder: Path, name: str) -> WatchRemoval:
    """Remove an account from a watch that is not at work, and keep nothing of it from then on.

    Parameters
    ----------
    folder
        Of the watch.
    name
        The account, by id, by @handle, or by the pseudonym of the pages.

    Raises
    ------
    UsageError
        If the state knows no such account, or several; if the watch is at work, or has events that
        wait to be kept.
    """
    backlog = folder / BACKLOG_FILE
    with lock_folder(folder):
        if backlog.is_file() and backlog.stat().st_size:
            raise UsageError(
                "events wait to be kept by this watch",
                where=str(backlog),
                fix="Begin the watch once, so that they are kept; stop it, and run this again.",
            )
        with closing(State.open(folder / STATE_FILE, check=True)) as state:
            return _remove(state, folder, name)


def _remove(state: State, folder: Path, name: str) -> WatchRemoval:
    key = pseudonym_key(state.path)
    account = _find(state, name, key)
    handle = handle_of(state, account)
    names = tuple(dict.fromkeys(n for n in (account, handle) if n))
    gone = _Names(names, name_mark(key, account))
    # the digests first: whatever happens from here on, the person does not come back
    removed = state.removed.with_names(key, names)
    write_bytes(folder / REMOVED_FILE, removed.to_json(), mode=0o600)
    rows.overwrite_deleted(state)
    raw = _rewrite_raw_files(state, folder / "raw", gone)
    with state.transaction():
        deleted = rows.delete_account(state, account)
        raw += rows.delete_raw(state, gone.stand_in)
        texts = clean_set_apart(state, removed.leave_out, gone.stand_in)
        texts += rows.replace_texts(state, gone.clean)
    rows.compact(state)
    texts += sum(_clean_file(path, gone.clean) for path in sorted(folder.glob("*.json")))
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    done = WatchRemoval(at, keyed_pseudonym(account, key), deleted, texts, raw)
    path = folder / REMOVALS_FILE
    before = json.loads(path.read_text("utf-8")) if path.is_file() else []
    write_text(path, json.dumps([*before, asdict(done)], indent=1) + "\n", mode=0o600)
    return done


def _find(state: State, name: str, key: bytes) -> str:
    """The account of this id, handle or pseudonym. Raises UsageError for none, and for several."""
    bare = name.strip().lstrip("@").lower()
    found = {
        account
        for account in rows.iter_accounts(state)
        if not account.startswith(MARK)
        and (account == name or bare in (account.lower(), keyed_pseudonym(account, key)))
    }
    found |= {a for a in rows.accounts_of_handle(state, bare) if not a.startswith(MARK)}
    if name in found:
        return name
    if len(found) == 1:
        return found.pop()
    several = ", ".join(sorted(found)[:5])
    raise UsageError(
        f"{len(found)} accounts of this watch are called {name!r}"
        if found
        else f"no account {name!r} in this watch",
        where=str(state.path.parent),
        fix=f"Give the id: {several}." if found else "Give its id, its @handle or its pseudonym.",
    )


def _rewrite_raw_files(state: State, folder: Path, gone: _Names) -> int:
    """Write the files of raw events without steps that hold the person; how many steps went."""
    number = 0
    for file in list_raw_files(state):
        path = folder / file.path
        if not path.is_file():
            continue
        table = pq.read_table(path)
        held = [gone.stand_in(data) for data in table.column("data").to_pylist()]
        if any(held):
            kept = table.filter(pc.invert(pa.array(held)))
            write_with(path, partial(_write_raw, kept), mode=0o600)
            with state.transaction():
                rows.change_raw_file(state, file.path, kept.num_rows, path.stat().st_size)
            number += sum(held)
    return number


def _write_raw(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", use_dictionary=["source"])


def _clean_file(path: Path, clean: Callable[[str], str]) -> bool:
    """Clean a file of words beside the state; whether it named the person."""
    if path.name in (REMOVED_FILE, REMOVALS_FILE):
        return False
    text = path.read_text("utf-8", "replace")
    new = clean(text)
    if new != text:
        write_text(path, new, mode=0o600)
    return new != text
