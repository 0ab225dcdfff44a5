"""Absences: how long each account could not be seen, whatever words the platform used meanwhile.

A suspension that becomes a takedown or a deletion without the account being seen in between is one
absence, named by how it began. Spells say when; here they are chained, as arrays. Times are int64
microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from birdfall.measures.suspensions.status_spells import HIDDEN, spells
from birdfall.record.kept import kept_with_record
from birdfall.record.record import NEVER, Record
from birdfall.record.split import EACH_ACCOUNT, ByParts

#: Cause of an absence by its first status: 1 suspension, 2 deactivation, 3 deletion.
SUSPENSION, DEACTIVATED, DELETED = 1, 2, 3
_CAUSE: Final = {
    "suspended": SUSPENSION,
    "taken_down": SUSPENSION,
    "deactivated": DEACTIVATED,
    "deleted": DELETED,
}
#: No lower bound is known.
ALWAYS: Final = -NEVER


@dataclass(frozen=True)
class Absences:
    """One entry per absence, ordered by (account code, fell_by).

    Parameters
    ----------
    code
        int32[n], account.
    cause, later
        int8[n], by its first and its last status (a suspension that ended in a deletion: 3).
    fell_after, fell_by
        int64[n]; it began in (fell_after, fell_by], exactly where both are equal; `ALWAYS`: no
        lower bound.
    back_after, back_by
        int64[n]; it ended in (back_after, back_by]; `NEVER` if the account was not seen again.
    known_until
        int64[n], the last moment at which the account is known to have been out of sight.
    """

    code: NDArray[np.int32]
    cause: NDArray[np.int8]
    later: NDArray[np.int8]
    fell_after: NDArray[np.int64]
    fell_by: NDArray[np.int64]
    back_after: NDArray[np.int64]
    back_by: NDArray[np.int64]
    known_until: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.code)

    def as_read_only(self) -> Absences:
        """These, which nobody can change from now on."""
        for name in self.__dataclass_fields__:
            getattr(self, name).flags.writeable = False
        return self

    def select(self, keep: NDArray[np.bool_]) -> Absences:
        """Those for which `keep` (bool[n]) holds."""
        return Absences(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


@kept_with_record
def find_absences(record: Record, until: int | None = None) -> Absences:
    """All absences of a record, as known at a moment.

    Parameters
    ----------
    record
        Read: `statuses`, `coverage`.
    until
        Microseconds; the end of the record if None.

    Notes
    -----
    Where statuses are a log of changes, an account that fell and was not reported again was out of
    sight until the log ended; where they are sightings, only until it was last seen so.

    Examples
    --------
    >>> from birdfall.model.schemas import TIME
    >>> from birdfall.record.record import from_tables
    >>> statuses = pa.table({
    ...     "account": ["a", "a", "a"], "status": ["suspended", "deleted", "active"],
    ...     "time": pa.array([10, 20, 30]).cast(TIME), "observation": ["change"] * 3,
    ... })
    >>> absences = find_absences(from_tables({"statuses": statuses}))
    >>> absences.fell_by.tolist(), absences.back_by.tolist()
    ([10], [30])
    """
    end = record_end(record) if until is None else until
    table = spells(record, HIDDEN)
    sighted = _known_by_sightings(record)
    code = table.column("code").to_numpy().astype(np.int32)
    fell_by = _microseconds(table, "fell_by", 0)
    order = np.lexsort((fell_by, code))
    code, fell_by = code[order], fell_by[order]
    fell_after = _microseconds(table, "fell_after", ALWAYS)[order]
    ended_by, ended_after = (
        _microseconds(table, name, NEVER)[order] for name in ("ended_by", "ended_after")
    )
    last_seen = _microseconds(table, "last_seen", 0)[order]
    status, ended_as = (_causes(table.column(name))[order] for name in ("status", "ended_as"))
    goes_on = ended_as > 0
    # A spell that ends as another hidden status is followed by that one: the chain is one absence.
    begins = np.concatenate(([True], ~goes_on[:-1]))[: len(code)]
    first = np.flatnonzero(begins)
    last = np.concatenate((first[1:], [len(code)]))[: len(first)] - 1
    found = Absences(
        code[first],
        status[first],
        status[last],
        fell_after[first],
        fell_by[first],
        ended_after[last],
        ended_by[last],
        last_seen[last],
    )
    found = found.select(found.fell_by <= end)
    returned = found.back_by <= end
    back_by = np.where(returned, found.back_by, NEVER)
    back_after = np.where(returned, found.back_after, NEVER)
    # A return after `until` still shows that the account was away at `until`.
    away = np.where(found.back_by != NEVER, np.minimum(found.back_after, end), found.known_until)
    logged = ~sighted[found.code] if len(found) else np.empty(0, dtype=bool)
    known = np.where(returned, back_after, np.where(logged, end, np.minimum(away, end)))
    return Absences(
        found.code,
        found.cause,
        found.later,
        found.fell_after,
        found.fell_by,
        back_after,
        back_by,
        np.maximum(known, found.fell_by),
    ).as_read_only()


def _causes(statuses: pa.ChunkedArray) -> NDArray[np.int8]:
    """The cause that each hidden status is, 0 for every other and for none."""
    coded = statuses.combine_chunks().dictionary_encode()
    causes = np.array([*(_CAUSE.get(s, 0) for s in coded.dictionary.to_pylist()), 0], np.int8)
    places = coded.indices.fill_null(len(causes) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(causes[places], np.int8)


@kept_with_record
def record_end(record: Record) -> int:
    """Until when statuses were watched, us: the end of coverage, or the last status."""
    last = record.sql(
        "SELECT epoch_us(max(time)) AS last FROM statuses",
        split=ByParts("SELECT max(last) AS last FROM parts", key=""),
    )
    watched = record.sql(
        """
        SELECT epoch_us(max("to")) FROM coverage
        WHERE kind IN ('watched', 'sampled') AND what IN ('statuses', 'status', 'all')
        """
    )
    ends = [rows.column(0)[0].as_py() for rows in (last, watched)]
    return max((int(end) for end in ends if end is not None), default=0)


def _known_by_sightings(record: Record) -> NDArray[np.bool_]:
    """Whether each account is known by sightings, bool[accounts + 1]."""
    rows = record.sql(
        """SELECT i.code FROM statuses s JOIN ids i ON i.id = s.account
        WHERE s.observation = 'seen' GROUP BY ALL""",
        split=EACH_ACCOUNT,
    )
    found = np.zeros(len(record.ids) + 1, dtype=bool)
    found[rows.column(0).to_numpy()] = True
    return found


def _microseconds(table: pa.Table, name: str, missing: int) -> NDArray[np.int64]:
    column = table.column(name).cast(pa.int64()).fill_null(missing)
    return np.asarray(column.to_numpy(), dtype=np.int64)
