"""What several measures ask of a record, found once and kept with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar, cast

from birdfall.record.record import Record

_Arguments = ParamSpec("_Arguments")
_Found = TypeVar("_Found")


def kept_with_record(
    find: Callable[Concatenate[Record, _Arguments], _Found],
) -> Callable[Concatenate[Record, _Arguments], _Found]:
    """`find`, asked once of each record for the same arguments; what it finds lives as long as the
    record does.

    A record does not change, so neither may what is found: `find` is to return what nobody changes.

    Examples
    --------
    >>> from birdfall.record.record import from_tables
    >>> asked = []
    >>> @kept_with_record
    ... def count_rows(record: Record) -> int:
    ...     asked.append(record)
    ...     return sum(record.sizes.values())
    >>> record = from_tables({})
    >>> count_rows(record), count_rows(record), len(asked)
    (0, 0, 1)
    """

    @functools.wraps(find)
    def found(record: Record, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Found:
        key = (find, args, tuple(sorted(kwargs.items())))
        if key not in record.kept:
            record.kept[key] = find(record, *args, **kwargs)
        return cast(_Found, record.kept[key])

    return cast(Callable[Concatenate[Record, _Arguments], _Found], found)
