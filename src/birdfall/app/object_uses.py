"""Hashtags, links and domains over time: who used them, how few did most of it, and when many did
at once.

What a case holds of one kind is read once and kept as columns, so that every click is an answer
from memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import bdtrc

from birdfall.app.account_table import Bins, time_step
from birdfall.app.open_case import OpenCase
from birdfall.measures.coordination import Trace, read_trace

#: What can be listed: traces whose objects are words that many use.
KINDS: Final = ("hashtag", "link", "domain")
#: Chance that a list of a kind marks any burst at all where there is none.
BURST_LEVEL: Final = 0.01
#: Fewest accounts of a step that can be a burst.
MIN_BURST_ACCOUNTS: Final = 5
ORDERS: Final = ("accounts", "uses", "gini", "first", "burst")


@dataclass(frozen=True, slots=True)
class Burst:
    """A stretch [begin, end) in microseconds in which more accounts used an object than the times
    at which all objects of its kind were used make likely.

    Parameters
    ----------
    accounts
        How many used it in the busiest step of the stretch.
    expected
        How many were to be expected in that step.
    """

    begin: int
    end: int
    accounts: int
    expected: float


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a page lists it.

    Parameters
    ----------
    number
        Its code.
    uses, accounts
        How often it was used, and by how many.
    gini
        How unequally its uses are spread over these accounts: 0 if each used it as often, near 1 if
        few did nearly all of it; None for fewer than two accounts.
    first, last
        When it was first and last used, in microseconds.
    """

    number: int
    uses: int
    accounts: int
    gini: float | None
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ObjectUse:
    """A use of an object: by code who, and when, in microseconds."""

    code: int
    time: int


class ObjectUses:
    """All uses of objects of one kind.

    Parameters
    ----------
    trace
        As `read_trace` reads it.
    """

    def __init__(self, trace: Trace) -> None:
        account = trace.record_code(trace.account)
        order = np.lexsort((account, trace.time, trace.object_))
        self._object = trace.object_[order]
        self._account = account[order]
        self._time = trace.time[order]
        self.names: pa.Array = trace.objects
        count = len(trace.objects)
        self._start = np.searchsorted(self._object, np.arange(count + 1))
        self.uses = np.diff(self._start)
        self._people = int(self._account.max(initial=0)) + 1
        pairs, self._each = np.unique(
            self._object.astype(np.int64) * self._people + self._account, return_counts=True
        )
        self._pair_object = pairs // self._people
        self.accounts = np.bincount(self._pair_object, minlength=count)
        self.gini = self._concentration()

    def __len__(self) -> int:
        return len(self.uses)

    def _concentration(self) -> np.ndarray:
        """float64[objects]: Gini index of uses over the accounts that used each, corrected for how
        few they are (n / (n - 1)); NaN for fewer than two.
        """
        order = np.lexsort((self._each, self._pair_object))
        each, which = self._each[order].astype(np.float64), self._pair_object[order]
        starts = np.searchsorted(which, np.arange(len(self)))
        rank = np.arange(1, len(each) + 1) - starts[which]
        n = self.accounts.astype(np.float64)
        weighted = np.bincount(which, each * rank, minlength=len(self))
        with np.errstate(divide="ignore", invalid="ignore"):
            gini = (2 * weighted / (n * self.uses) - (n + 1) / n) * n / (n - 1)
        return np.where(n >= 2, np.clip(gini, 0.0, 1.0), np.nan)

    def find(self, search: str) -> np.ndarray:
        """The objects whose name holds a text, in any case; all for ""."""
        if not search:
            return np.arange(len(self))
        held = pc.match_substring(self.names, search, ignore_case=True)
        return np.flatnonzero(pc.fill_null(held, False).to_numpy(zero_copy_only=False))

    def order(self, objects: np.ndarray, by: str) -> np.ndarray:
        """Objects in one of `ORDERS`: the most first, and those first used first."""
        first = self._time[self._start[objects]]
        keys = -self.accounts[objects]
        match by:
            case "uses":
                keys = -self.uses[objects]
            case "gini":
                keys = np.nan_to_num(-self.gini[objects], nan=1.0)
            case "first":
                keys = first
            case "burst":
                keys = np.array([-len(self.bursts.get(int(o), ())) for o in objects], np.int64)
        return objects[np.lexsort((objects, first, -self.accounts[objects], keys))]

    def listed(self, objects: Sequence[int]) -> list[ListedObject]:
        """What a page says of some objects."""
        return [
            ListedObject(
                int(o),
                int(self.uses[o]),
                int(self.accounts[o]),
                None if np.isnan(self.gini[o]) else float(self.gini[o]),
                int(self._time[self._start[o]]),
                int(self._time[self._start[o + 1] - 1]),
            )
            for o in objects
        ]

    @cached_property
    def _steps(self) -> tuple[int, int, int]:
        """Where the steps of time begin, how long each is, in microseconds, and how many."""
        first, last = int(self._time.min()), int(self._time.max())
        step = time_step(last - first)
        begin = first // step * step
        return begin, step, (last - begin) // step + 1

    def bins(self, number: int) -> Bins:
        """The uses of an object over the time in which any object of its kind was used."""
        begin, step, count = self._steps
        time = self._time[self._start[number] : self._start[number + 1]]
        counts = np.bincount((time - begin) // step, minlength=count)
        return Bins(begin, step, tuple(int(n) for n in counts))

    @cached_property
    def bursts(self) -> dict[int, tuple[Burst, ...]]:
        """The bursts of each object that has any.

        In each step of time the accounts that used an object are counted, each once. An account in
        a step is expected where all objects together had theirs: the count is binomial in that
        step's share of them. A step is marked where chance would mark any in the whole list with
        probability `BURST_LEVEL` at most (Bonferroni); marked neighbours are one burst.
        """
        if not len(self._time):
            return {}
        begin, step, count = self._steps
        place = (self._time - begin) // step
        cell = self._object.astype(np.int64) * count + place
        each_once = np.unique(cell * self._people + self._account) // self._people
        share = np.bincount(each_once % count, minlength=count) / len(each_once)
        total = np.bincount(each_once // count, minlength=len(self))
        cells, counts = np.unique(each_once, return_counts=True)
        objects, places = cells // count, cells % count
        # where too few ever used an object, none of its steps can be marked
        tests = int((total >= MIN_BURST_ACCOUNTS).sum()) * int((share > 0).sum())
        able = counts >= MIN_BURST_ACCOUNTS
        objects, places, counts = objects[able], places[able], counts[able]
        chance = bdtrc(counts - 1, total[objects], share[places])
        marked = chance * max(tests, 1) <= BURST_LEVEL
        expected = total[objects] * share[places]
        found: dict[int, list[Burst]] = {}
        for o, p, n, e in zip(
            *(column[marked].tolist() for column in (objects, places, counts, expected)),
            strict=True,
        ):
            of_object = found.setdefault(o, [])
            one = Burst(begin + p * step, begin + (p + 1) * step, n, e)
            if of_object and of_object[-1].end == one.begin:
                before = of_object.pop()
                busiest = max(before, one, key=lambda b: b.accounts)
                one = Burst(before.begin, one.end, busiest.accounts, busiest.expected)
            of_object.append(one)
        return {o: tuple(of_object) for o, of_object in found.items()}

    def uses_of(
        self, number: int, begin: int | None, end: int | None, start: int, size: int
    ) -> tuple[list[ObjectUse], int, int]:
        """Some uses of an object within [begin, end), in the order of time; how many there are in
        it, and by how many accounts.
        """
        part = slice(self._start[number], self._start[number + 1])
        time, account = self._time[part], self._account[part]
        keep = np.ones(len(time), np.bool_)
        if begin is not None:
            keep &= time >= begin
        if end is not None:
            keep &= time < end
        time, account = time[keep], account[keep]
        rows = zip(account[start:][:size].tolist(), time[start:][:size].tolist(), strict=True)
        return [ObjectUse(*row) for row in rows], len(time), len(np.unique(account))


@lru_cache(maxsize=4)
def object_uses(opened: OpenCase, kind: str) -> ObjectUses:
    """The uses of one of `KINDS` in a case; read once for each of its states."""
    return ObjectUses(opened.ask(lambda record: read_trace(record, kind)))
