"""Applications that so few accounts use that their name alone would single somebody out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from birdfall.record.record import Record

#: What stands for a client that fewer than `MIN_CLIENT_ACCOUNTS` accounts use, and for a group of
#: accounts as small.
MERGED: Final = "other"
MIN_CLIENT_ACCOUNTS: Final = 10
#: How names of clients stand beside each other in one text.
_BETWEEN: Final = ", "


@dataclass(frozen=True, slots=True)
class RareClients:
    """The applications that too few accounts use to be named in what leaves.

    Parameters
    ----------
    names
        Their names.
    """

    names: frozenset[str] = frozenset()

    def merge(self, client: str) -> str:
        """The name of a client; `MERGED` for a rare one.

        Examples
        --------
        >>> RareClients(frozenset({"flockbot"})).merge("flockbot")
        'other'
        """
        return MERGED if client in self.names else client

    def merge_in(self, text: str) -> str:
        """The name of a stratum or of a trigger, which may list several clients, without the rare
        ones.

        Examples
        --------
        >>> rare = RareClients(frozenset({"flockbot", "flock, bot"}))
        >>> rare.merge_in("client flockbot, age 1/4"), rare.merge_in("flock, bot, phone")
        ('client other, age 1/4', 'other, phone')
        """
        if not self.names:
            return text
        parts, found, at = text.split(_BETWEEN), list[str](), 0
        while at < len(parts):
            name, end = self._first_of(parts[at:])
            found.append(name)
            at += end
        return _BETWEEN.join(dict.fromkeys(found) if MERGED in found else found)

    def _first_of(self, parts: list[str]) -> tuple[str, int]:
        """What the first of these parts is called, and how many of them it takes: a client's own
        name may hold what stands between names.
        """
        for end in range(len(parts), 0, -1):
            said = _BETWEEN.join(parts[:end])
            if said in self.names:
                return MERGED, end
            if said.removeprefix("client ") in self.names:
                return f"client {MERGED}", end
        return parts[0], 1


def rare_clients(record: Record) -> RareClients:
    """The applications that too few accounts of a record use to be named in what leaves."""
    rare = record.sql(
        "SELECT client FROM acts WHERE client IS NOT NULL "
        "GROUP BY 1 HAVING count(DISTINCT account) < $1",
        [MIN_CLIENT_ACCOUNTS],
    )
    return RareClients(frozenset(rare.column(0).to_pylist()))
