"""Cells that hold several accounts at once, which are no one account of that name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.errors import UsageError, printable
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import Chosen

_WHO: Final = ("account", "follower", "followed")
_SIGNS: Final = re.compile(r"\s*[,;|،؛]\s*")
#: ["alfa", "beta"], ['alfa'] and [alfa, beta], but not [deleted].
_IN_BRACKETS: Final = re.compile(r"""\[\s*(?:(["']).*\1|[^\s,]+(?:\s*,\s*[^\s,]+)+)\s*\]""")
_ONE: Final = re.compile(r"@?[\w.:\-]+(?:@[\w.\-]+)?")


def refuse_listed_accounts(chosen: Chosen, emits: Iterable[Emit], where: str) -> None:
    """Raise UsageError if cells of the column of the account hold several of them."""
    names = {n for e in emits for c in _WHO for n in e.columns.get(c, ()) if c not in e.extract}
    for name in sorted(names & set(chosen.sample[0] if chosen.sample else ())):
        listed = next(filter(_is_list, chosen.values(name)), None)
        if listed is not None:
            raise UsageError(
                f'"{printable(name, 40)}" has several accounts in one cell: '
                f"{printable(listed, 60)}",
                where=where,
                why="They would be taken for one account of that name.",
                fix="Write one account a row, and what is said of them in each of the rows.",
            )


#: A sign without which no cell is a list.
_MAY_BE_LIST: Final = r"[,;|،؛\[]"


def find_lists(accounts: pa.Array) -> pa.Array | None:
    """Which texts list several accounts (bool[n]); None if none does."""
    doubtful = pc.match_substring_regex(accounts, _MAY_BE_LIST)
    if not pc.any(doubtful).as_py():
        return None
    words = accounts.filter(doubtful).unique().to_pylist()
    lists = [w for w in words if w is not None and _is_list(w)]
    return pc.is_in(accounts, value_set=pa.array(lists, accounts.type)) if lists else None


def _is_list(cell: str) -> bool:
    """Whether a cell lists accounts. "Ruiz, Ana" is one person; ["alfa"] is a list of one."""
    text = cell.strip()
    if _IN_BRACKETS.fullmatch(text):
        return True
    parts = _SIGNS.split(text.strip(",;| "))
    if len(parts) < 2 or not all(map(_ONE.fullmatch, parts)):
        return False
    return len(parts) > 2 or not all(p[:1].isupper() for p in parts)
