"""How the columns of a table become rows of the record: the mapping itself, as a value.

`table.mapping` reads mappings from TOML and describes the format; here stands only what a source's
options carry.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import tomli_w

from birdfall.model.units import DAY_S

_TomlValue = (
    str
    | None
    | list[str]
    | dict[str, str]
    | dict[str, list[str]]
    | dict[str, str | list[str]]
    | dict[str, dict[str, str]]
)


@dataclass(frozen=True, slots=True)
class Emit:
    """One row of the record for each row of the file.

    Parameters
    ----------
    table
        The table of the record that the row belongs to.
    columns
        Record column to the file's column; several are joined by a space.
    constants
        Record column to the text that all rows have in it.
    values
        Per record column, the file's word to ours. Words not listed stay as they are, but for
        common names of kinds.
    interval
        How far before `time` a change may have happened; fills `after`.
    until
        A column with how long it lasts ("24 hours", "infinity", a date): `time` of the row becomes
        the end, and rows without an end are skipped.
    skip_if_null, skip_if_present
        Columns of the file; a row in which one of them is empty, or is not, is skipped.
    only_if, skip_if
        Column of the file to words: rows in which it holds none of them are skipped, or those in
        which it holds one. The empty word stands for an empty cell.
    matching, not_matching
        Column of the file to a regular expression (RE2): rows whose text does not match are
        skipped, or those whose text does. An empty cell matches nothing.
    extract
        Record column to a regular expression: its first group in the text is the value.
    find
        Record column to a regular expression: each match (its first group) becomes a row.
    handles
        Record columns that hold handles: written in small letters, without @ and address.
    some_handles
        Record columns in which handles stand beside ids: as `handles`, but a text without @ and
        address keeps its case unless the same handle stands in the column with one.
    ordered
        Two columns of the file, a begin and an end: a row whose end lies before its begin is
        refused.
    split
        Record columns of several values, each of which becomes its own row.
    first_of
        A record column of whose values only the first row of each is kept.
    """

    table: str
    columns: dict[str, tuple[str, ...]]
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    interval: dt.timedelta | None = None
    until: str | None = None
    skip_if_null: tuple[str, ...] = ()
    skip_if_present: tuple[str, ...] = ()
    only_if: dict[str, tuple[str, ...]] = field(default_factory=dict)
    split: tuple[str, ...] = ()
    first_of: str | None = None
    skip_if: dict[str, tuple[str, ...]] = field(default_factory=dict)
    matching: dict[str, str] = field(default_factory=dict)
    not_matching: dict[str, str] = field(default_factory=dict)
    extract: dict[str, str] = field(default_factory=dict)
    find: dict[str, str] = field(default_factory=dict)
    handles: tuple[str, ...] = ()
    some_handles: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()

    @property
    def conditions(self) -> set[str]:
        """Columns of the file that say which rows it takes."""
        words = {*self.only_if, *self.skip_if, *self.matching, *self.not_matching}
        return {*self.skip_if_null, *self.skip_if_present, *words}

    @property
    def used(self) -> set[str]:
        """Columns of the file it reads."""
        chosen = {name for names in self.columns.values() for name in names}
        chosen |= self.conditions | set(self.ordered)
        return chosen | ({self.until} if self.until else set())


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """All emits of one kind of file, with what is known of its times.

    Parameters
    ----------
    emits
        One or more rows of the record for each row of the file.
    time_zone
        IANA name of the zone of times that carry none.
    date_format
        strptime format of its times.
    name
        The name of a mapping that comes with Birdfall, "guessed", or empty.
    """

    emits: tuple[Emit, ...]
    time_zone: str | None = None
    date_format: str | None = None
    name: str = ""

    @property
    def used(self) -> set[str]:
        """Columns of the file that any emit reads."""
        return set().union(*(emit.used for emit in self.emits))

    def to_toml(self) -> str:
        """The mapping as a file that `load_mapping` reads back to the same."""
        about = {"name": self.name, "time_zone": self.time_zone, "date_format": self.date_format}
        head = {key: value for key, value in about.items() if value}
        return tomli_w.dumps(head | {"emit": [_emit_document(emit) for emit in self.emits]})


def _emit_document(emit: Emit) -> dict[str, _TomlValue]:
    def one_or_list(names: tuple[str, ...]) -> str | list[str]:
        return names[0] if len(names) == 1 else list(names)

    seconds = int(emit.interval.total_seconds()) if emit.interval else 0
    full: dict[str, _TomlValue] = {
        "table": emit.table,
        "columns": {c: one_or_list(n) for c, n in emit.columns.items()},
        "constants": emit.constants,
        "values": emit.values,
        "interval": f"{seconds // DAY_S}d"
        if seconds and not seconds % DAY_S
        else f"{seconds}s"
        if seconds
        else "",
        "until": emit.until,
        "skip_if_null": list(emit.skip_if_null),
        "skip_if_present": list(emit.skip_if_present),
        "only_if": {c: list(v) for c, v in emit.only_if.items()},
        "split": list(emit.split),
        "first_of": emit.first_of,
        "skip_if": {c: list(v) for c, v in emit.skip_if.items()},
        "matching": emit.matching,
        "not_matching": emit.not_matching,
        "extract": emit.extract,
        "find": emit.find,
        "handles": list(emit.handles),
        "some_handles": list(emit.some_handles),
        "ordered": list(emit.ordered),
    }
    return {key: value for key, value in full.items() if value}
