"""Who was removed from a case, known by keyed digests alone, so that nobody comes back with the
next file that names them.

A digest can be compared with a name by whoever holds the key of the case, and is not turned back
into one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import ACCOUNT_COLUMNS
from birdfall.record.ids import empty_ids
from birdfall.record.mentions import MAX_FILE_NAME, Mentions
from birdfall.record.name_digest import name_digest, name_mark

#: What stands in a text, or in a file's name, where the person was named.
BLANK: Final = "[removed]"
#: Names whose digests are kept at hand.
MAX_KEPT: Final = 1 << 20


class RemovedNames(Mentions):
    """The names of those who were removed: finds them in texts as `Mentions` does.

    Parameters
    ----------
    key
        The key of the case.
    digests
        Of every id and handle of theirs.

    Examples
    --------
    >>> gone = RemovedNames(b"key").with_names(["did:plc:a", "@Luna_9"])
    >>> gone.knows("luna_9"), gone.knows("sol_3")
    (True, False)
    >>> gone.replace("ask @luna_9 and @sol_3", lambda _: BLANK)
    'ask @[removed] and @sol_3'
    """

    def __init__(self, key: bytes, digests: Iterable[str] = ()) -> None:
        super().__init__(empty_ids())
        self._key, self.digests = key, frozenset(digests)
        self._looked_up: dict[str, bool] = {}

    @classmethod
    def from_json(cls, key: bytes, stored: bytes | None) -> RemovedNames:
        """Those that `removed.json` holds; nobody without one."""
        return cls(key, () if stored is None else map(str, json.loads(stored)))

    def to_json(self) -> bytes:
        """As `removed.json` holds them."""
        return (json.dumps(sorted(self.digests), indent=1) + "\n").encode()

    def with_names(self, names: Iterable[str]) -> RemovedNames:
        """These, and further names."""
        return RemovedNames(self._key, self.digests | {self._digest(name) for name in names})

    def __bool__(self) -> bool:
        return bool(self.digests)

    def knows(self, account: str) -> bool:
        """Whether somebody who was removed has this id or handle."""
        found = self._looked_up.get(account)
        if found is None:
            found = self._digest(account) in self.digests
            if len(self._looked_up) < MAX_KEPT:
                self._looked_up[account] = found
        return found

    def find(self, word: str) -> str | None:
        """The name itself where somebody who was removed has it."""
        return word if self.knows(word) else None

    def holder(self, handle: str) -> str | None:
        """As `find`."""
        return self.find(handle)

    def stands_in(self, file_name: str, *, besides: Iterable[str] = ()) -> bool:
        """Whether the name of a file holds one of these names, also within a longer word."""
        del besides
        text = file_name[:MAX_FILE_NAME]
        places = range(len(text) + 1)
        return any(self.knows(text[a:b]) for a in places for b in places if a < b)

    def mark(self, name: str) -> str:
        """What stands in the dictionary of a case in the place of an id, and in rows in the place
        of a post: nobody's name, and the same each time.
        """
        return name_mark(self._key, name)

    def _digest(self, name: str) -> str:
        return name_digest(self._key, name)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows without those of removed people.

    Parameters
    ----------
    rows
        What is left.
    gone
        How many rows went.
    blanked
        Texts of others in which a name was blanked.
    """

    rows: pa.Table
    gone: int
    blanked: int


def leave_out(
    rows: pa.Table, table: str, named: Mentions, is_theirs: Callable[[str], bool]
) -> LeftOut:
    """Rows of a table without those of people who are to be left out, and about them, and with
    their names blanked in the texts of others.

    named: finds them in texts. is_theirs: whether an account in a row is one of them.
    """
    columns = [*ACCOUNT_COLUMNS.get(table, ()), *(["object"] if table == "acts" else [])]
    out = pa.chunked_array([pa.array([False] * rows.num_rows, pa.bool_())])
    for column in columns:
        values = rows.column(column)
        theirs = list(filter(is_theirs, values.unique().drop_null().to_pylist()))
        out = pc.or_(out, pc.is_in(values, value_set=pa.array(theirs, pa.string())))
    kept = rows.filter(pc.invert(out))
    changed, blanked = _blank(kept, named)
    return LeftOut(changed, rows.num_rows - kept.num_rows, blanked)


def _blank(rows: pa.Table, named: Mentions) -> tuple[pa.Table, int]:
    """The rows with the accounts blanked in their texts, and how many texts that changed."""
    changed = 0
    for place, one in enumerate(rows.schema):
        if not pa.types.is_string(one.type):
            continue
        column = rows.column(place)
        blank = {
            value: without_names(value, named, file=one.name == "source")
            for value in column.unique().drop_null().to_pylist()
        }
        if all(value == new for value, new in blank.items()):
            continue
        values = column.to_pylist()
        changed += sum(v is not None and blank[v] != v for v in values)
        rows = rows.set_column(place, one, pa.array([blank.get(v) for v in values], one.type))
    return rows, changed


def without_names(text: str, named: Mentions, *, file: bool = False) -> str:
    """A text with the accounts blanked. file: it is the name of a file."""
    if file and named.stands_in(text):
        return BLANK + Path(text).suffix
    return named.replace(text, lambda _: BLANK)
