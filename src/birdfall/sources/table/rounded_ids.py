"""Columns of long ids that a spreadsheet rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from birdfall.sources.table.column_roles import columns_by_role

#: Digits of a whole number that a spreadsheet keeps.
_KEPT_DIGITS: Final = 15
#: Digits of a moment in milliseconds since 1970; in finer units zeros may follow.
_CLOCK_DIGITS: Final = 13
#: So many zeros beyond them, in all values together, are no chance.
_LOST_DIGITS: Final = 9


def rounded_columns(
    columns: Sequence[str], sample: Sequence[Mapping[str, str | None]]
) -> list[str]:
    """Columns of long ids that a spreadsheet rounded: zeros alone from the 16th digit on.

    Moments counted in micro- or nanoseconds since 1970 end in zeros too, but are no ids: they are
    known by the column's name, or by zeros that begin before the digits a spreadsheet keeps.
    """
    found = []
    roles = columns_by_role(columns)
    times = {c for role in ("posted", "observed", "born") for c in roles.get(role, [])}
    for column in columns:
        if column in times:
            continue
        values = {v for row in sample if (v := row.get(column))}
        beyond = [v[_KEPT_DIGITS:] for v in values if v.isdecimal() and len(v) > _KEPT_DIGITS]
        kept = "".join(v[_CLOCK_DIGITS:_KEPT_DIGITS] for v in values)
        lost = sum(map(len, beyond))
        if (
            kept.strip("0")
            and len(beyond) == len(values) > 1
            and lost >= _LOST_DIGITS
            and not "".join(beyond).strip("0")
        ):
            found.append(column)
    return found
