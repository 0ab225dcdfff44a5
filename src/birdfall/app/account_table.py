"""The accounts that fell as a page lists them: any stretch of time, filtered, in any order, some at
a time.

The whole table of a wave is held as columns, so that every click is an answer from memory.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.app.open_case import OpenCase
from birdfall.model.whole_number import whole_number
from birdfall.record.listing import fallen_accounts

#: Steps of a picture of the accounts over time, at most, and the lengths they may have, in seconds.
MAX_BINS: Final = 240
BIN_SECONDS: Final = (
    1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800, 2592000, 31536000,
)  # fmt: skip
#: What the menus of clients, languages and groups offer, at most.
MAX_OFFERED: Final = 20
#: Ages at which the menu of ages parts accounts, in days.
YOUNG_DAYS, MIDDLE_DAYS = 30, 365
#: A column's mark for what is not known.
UNKNOWN: Final = np.iinfo(np.int64).min
DAY_US: Final = 86_400_000_000
SORTS: Final = ("fell", "-fell", "created", "-created", "returned", "-acts")
AGES: Final = ("young", "middle", "old", "unknown")
#: What stands in an address for a value that is not known.
NOT_KNOWN: Final = "?"


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """Which accounts are listed, and how.

    Parameters
    ----------
    begin, end
        The stretch [begin, end) in which they fell, in microseconds; None: no bound.
    leader
        Whom they followed, by code or id; "": anybody.
    returned
        `yes`, `no`, or "" for both.
    age
        How old they were: one of `AGES`, or "".
    client, language
        With what, and in which language, most of their acts were done; `?`: not known; "": any.
    group
        A group of a network, `NAME:NUMBER`; "": any.
    sort
        One of `SORTS`.
    """

    begin: int | None = None
    end: int | None = None
    leader: str = ""
    returned: str = ""
    age: str = ""
    client: str = ""
    language: str = ""
    group: str = ""
    sort: str = "fell"


@dataclass(frozen=True, slots=True)
class TableRow:
    """An account of the list; times in microseconds, None where they are not known."""

    code: int
    fell: int
    returned: int | None
    created: int | None
    client: str
    language: str
    acts: int


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A page of accounts.

    Parameters
    ----------
    rows
        Those of this page.
    matching
        How many match in all.
    stretch
        How many fell in the stretch, whatever else is asked.
    after
        The code after which the next page begins; None if this is the last.
    """

    rows: tuple[TableRow, ...]
    matching: int
    stretch: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Bins:
    """Accounts over time: counts in equal steps from `begin`, in microseconds."""

    begin: int
    step: int
    counts: tuple[int, ...]

    @property
    def edges(self) -> tuple[int, ...]:
        """The ends of the steps, one more than there are steps."""
        return tuple(self.begin + n * self.step for n in range(len(self.counts) + 1))


class AccountTable:
    """The accounts of a wave, or all that fell, as columns.

    Parameters
    ----------
    table
        As `record.listing.fallen_accounts` gives it.
    followed
        By the code and the id of a leader, which of them followed it: bool[n].
    groups
        By network, the group of each of them, 0 for none: int32[n].
    """

    def __init__(
        self,
        table: pa.Table,
        followed: Mapping[str, np.ndarray],
        groups: Mapping[str, np.ndarray],
    ) -> None:
        self._numbers = {
            name: pc.fill_null(table.column(name).cast(pa.int64()), UNKNOWN).to_numpy()
            for name in ("code", "fell", "returned", "created", "acts")
        }
        self._words = {name: _encode(table.column(name)) for name in ("client", "language")}
        self._followed, self._groups = followed, groups
        self._orders: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._numbers["code"])

    def offered(self, column: str) -> list[str]:
        """What the menu of a column offers: its commonest values, then `?` if some lack it."""
        codes, values = self._words[column]
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        common = sorted(zip(-counts, map(str, values), strict=True))[:MAX_OFFERED]
        lacking = [NOT_KNOWN] if (codes < 0).any() and len(values) else []
        return [value for count, value in common if count] + lacking

    def offered_groups(self) -> list[str]:
        """The groups that some of the accounts are in, the largest first."""
        found = []
        for name, groups in self._groups.items():
            counts = np.bincount(groups)
            found += [(int(counts[g]), name, int(g)) for g in np.flatnonzero(counts) if g]
        found.sort(key=lambda one: (-one[0], one[1], one[2]))
        return [f"{name}:{group}" for _, name, group in found[:MAX_OFFERED]]

    def bins(self, query: AccountQuery) -> Bins:
        """Those that a query lists, over time; its stretch is not looked at."""
        fell = self._numbers["fell"]
        if not len(fell):
            return Bins(0, 1_000_000, ())
        first, last = int(fell.min()), int(fell.max())
        step = time_step(last - first)
        begin = first // step * step
        shown = fell[self._mask(replace(query, begin=None, end=None))]
        counts = np.bincount((shown - begin) // step, minlength=(last - begin) // step + 1)
        return Bins(begin, step, tuple(int(n) for n in counts))

    def page(self, query: AccountQuery, size: int, after: int | None = None) -> AccountPage:
        """A page of what a query lists.

        after: the `after` of the page before; None for the first, and so an account that is none.
        """
        mask = self._mask(query)
        order = self._order(query.sort)
        stretch = self._mask(AccountQuery(begin=query.begin, end=query.end))
        listed = order[mask[order]]
        start = 0
        if after is not None:
            place = np.flatnonzero(self._numbers["code"][order] == after)
            # the account itself may not match: those after it in the order are counted
            start = int(mask[order[: place[0] + 1]].sum()) if len(place) else 0
        rows = tuple(self._row(int(n)) for n in listed[start : start + size])
        more = start + size < len(listed)
        return AccountPage(
            rows, int(mask.sum()), int(stretch.sum()), rows[-1].code if more else None
        )

    def rows(self, query: AccountQuery) -> Sequence[TableRow]:
        """All that a query lists."""
        order = self._order(query.sort)
        return [self._row(int(n)) for n in order[self._mask(query)[order]]]

    def group_of(self, code: int) -> str:
        """The first group that an account is in, `NAME:NUMBER`; "" if it is in none."""
        place = np.flatnonzero(self._numbers["code"] == code)
        for name, groups in self._groups.items():
            if len(place) and groups[place[0]] > 0:
                return f"{name}:{int(groups[place[0]])}"
        return ""

    def _row(self, n: int) -> TableRow:
        number = {name: int(column[n]) for name, column in self._numbers.items()}
        word = {name: str(v[c[n]]) if c[n] >= 0 else "" for name, (c, v) in self._words.items()}
        known = {
            name: None if number[name] == UNKNOWN else number[name]
            for name in ("returned", "created")
        }
        return TableRow(
            number["code"], number["fell"], known["returned"], known["created"],
            word["client"], word["language"], number["acts"],
        )  # fmt: skip

    def _order(self, sort: str) -> np.ndarray:
        """int64[n]: positions in the order of a query; what is not known stands last."""
        with self._lock:
            if sort not in self._orders:
                column = self._numbers[sort.removeprefix("-")]
                known = column != UNKNOWN
                keys = np.where(known, -column if sort.startswith("-") else column, 0)
                self._orders[sort] = np.lexsort((self._numbers["code"], keys, ~known))
            return self._orders[sort]

    def _mask(self, query: AccountQuery) -> np.ndarray:
        """bool[n]: those that a query lists."""
        numbers = self._numbers
        mask = np.ones(len(self), np.bool_)
        if query.begin is not None:
            mask &= numbers["fell"] >= query.begin
        if query.end is not None:
            mask &= numbers["fell"] < query.end
        if query.leader:
            mask &= self._followed.get(query.leader, np.zeros(len(self), np.bool_))
        if query.returned:
            mask &= (numbers["returned"] != UNKNOWN) == (query.returned == "yes")
        if query.age:
            mask &= self._of_age(query.age)
        for name, wanted in (("client", query.client), ("language", query.language)):
            if wanted:
                mask &= _is_word(*self._words[name], wanted)
        if query.group:
            network, _, digits = query.group.rpartition(":")
            groups, number = self._groups.get(network), whole_number(digits)
            if groups is None or number is None:
                mask[:] = False
            else:
                mask &= groups == number
        return mask

    def _of_age(self, age: str) -> np.ndarray:
        created = self._numbers["created"]
        known = created != UNKNOWN
        days = np.where(known, (self._numbers["fell"] - np.where(known, created, 0)) // DAY_US, -1)
        ranges = {
            "young": known & (days < YOUNG_DAYS),
            "middle": known & (days >= YOUNG_DAYS) & (days < MIDDLE_DAYS),
            "old": known & (days >= MIDDLE_DAYS),
            "unknown": ~known,
        }
        return np.asarray(ranges[age])


def _encode(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Codes, -1 for null, and the values they stand for."""
    encoded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return codes, encoded.dictionary.to_numpy(zero_copy_only=False)


def _is_word(codes: np.ndarray, values: np.ndarray, wanted: str) -> np.ndarray:
    if wanted == NOT_KNOWN:
        return np.asarray(codes < 0)
    place = np.flatnonzero(values == wanted)
    return np.asarray(codes == place[0]) if len(place) else np.zeros(len(codes), np.bool_)


def time_step(span_us: int) -> int:
    """The length of a step, in microseconds, at which a span takes `MAX_BINS` at most."""
    wanted = (s * 1_000_000 for s in BIN_SECONDS if span_us // (s * 1_000_000) < MAX_BINS - 1)
    return next(wanted, BIN_SECONDS[-1] * 1_000_000)


def account_table(opened: OpenCase, wave: int, *, by_handle: bool) -> AccountTable:
    """The accounts of a wave; of number 0, all that fell. One that was made is kept.

    by_handle: with the names of applications that few use, which are one word otherwise.
    """
    return _account_table(opened, wave, by_handle)


@lru_cache(maxsize=8)
def _account_table(opened: OpenCase, wave: int, by_handle: bool) -> AccountTable:
    members = wave_members(opened).get(wave)
    table = opened.ask(lambda record: fallen_accounts(record, members))
    if not by_handle:
        place = table.column_names.index("client")
        clients = table.column("client").to_pylist()
        shared = [None if one is None else opened.shared_client(one) for one in clients]
        table = table.set_column(place, "client", pa.chunked_array([shared], pa.string()))
    codes = table.column("code").to_numpy()
    return AccountTable(table, _followed(opened, codes), _groups(opened, codes))


@lru_cache(maxsize=8)
def wave_members(opened: OpenCase) -> Mapping[int, pa.Table]:
    """The accounts of each wave, by its number: those that the finding counts."""
    waves = opened.findings.get("waves")
    if waves is None or waves.answer != "found":
        return {}
    members = waves.table("members")
    numbers = waves.table("waves").column("wave").to_pylist()
    return {n: members.filter(pc.equal(members.column("wave"), n)) for n in numbers}


def _followed(opened: OpenCase, codes: np.ndarray) -> dict[str, np.ndarray]:
    settings = opened.settings
    leaders = list(dict.fromkeys([*settings.leaders, *settings.controls]))
    if not leaders:
        return {}
    edges = opened.ask(lambda record: record.edges(leaders))
    found: dict[str, np.ndarray] = {}
    for leader in leaders:
        code = opened.record.ids.code(leader)
        if code is not None:
            followers = np.isin(codes, edges.follower[edges.followed == code])
            found |= {leader: followers, str(code): followers}
    return found


def _groups(opened: OpenCase, codes: np.ndarray) -> dict[str, np.ndarray]:
    """By network, the group of each of these accounts."""
    found = {}
    for name, finding in opened.findings.items():
        if not name.startswith("coordination-"):
            continue
        if finding.answer != "found" or "nodes" not in finding.tables:
            continue
        nodes = finding.table("nodes")
        place = pc.index_in(pa.array(codes, pa.int32()), nodes.column("code").cast(pa.int32()))
        group = pc.fill_null(pc.take(nodes.column("group").combine_chunks(), place), 0)
        found[name] = np.maximum(group.to_numpy(zero_copy_only=False), 0)
    return found
