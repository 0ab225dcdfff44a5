"""How files of acts are read: which column is what, said or guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from birdfall.measures.coordination.options import TRACES
from birdfall.model.errors import UsageError, printable
from birdfall.model.schemas import ACT_KINDS, TABLES
from birdfall.sources.registry import choose_source
from birdfall.sources.shared.column_mapping import ColumnMapping, Emit
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.table import reader as tables


@dataclass(frozen=True)
class FileReading:
    """How files are read.

    Attributes
    ----------
    mapping : ColumnMapping, optional
        Which column is what; guessed by their names if None.
    reader : str, optional
        The source that reads them; chosen by their content if None.
    time_zone, date_format : str, optional
        Of times that do not say it themselves.
    constants, columns : mapping
        What is so in every row, and which column is what, by role.
    skip_lines, encoding, sheet, allow_large
        How the files are laid out, as `sources.shared.protocol.SourceOptions` has it.
    """

    mapping: ColumnMapping | None = None
    reader: str | None = None
    time_zone: str | None = None
    date_format: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    skip_lines: int | None = None
    encoding: str | None = None
    sheet: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    allow_large: bool = False

    @property
    def source_options(self) -> SourceOptions:
        """The same as sources take it."""
        return SourceOptions(
            self.time_zone,
            self.date_format,
            self.mapping,
            self.allow_large,
            columns=self.columns,
            constants=self.constants,
            skip_lines=self.skip_lines,
            encoding=self.encoding,
            sheet=self.sheet,
        )


def guessed_columns(paths: Sequence[Path], reading: FileReading) -> list[str]:
    """Per table whose columns are guessed, which is taken for what; reads no rows.

    For files that become a record.
    """
    read: list[str] = []
    for path in paths:
        if choose_source(path, reading.reader).NAME == "table":
            with tables.open_mapped_table(path, reading.source_options) as (_, mapping):
                read += column_guesses(path, mapping)
    return read


def column_guesses(path: Path, mapping: ColumnMapping) -> list[str]:
    """Which column of a file was taken for what, where that was a guess; one line or none."""
    found: dict[str, dict[str, None]] = {}
    for emit in mapping.emits:
        for column, names in emit.columns.items():
            found.setdefault(column, {})[" + ".join(names)] = None
    read = {name for names in found.values() for name in names}
    for emit in mapping.emits:  # a column that only tells what was done
        for name in set(emit.only_if) - read if emit.table == "acts" else ():
            found.setdefault("kind", {})[name] = None
    if mapping.name != "guessed" or all({c} == set(map(str.casefold, found[c])) for c in found):
        return []
    first = [c for c in ("account", "object", "time", "kind") if c in found]
    named = ", ".join(
        f"{c} is {' or '.join(_quoted(name) for name in found[c])}"
        for c in (*first, *sorted(set(found) - set(first)))
    )
    return [f"{printable(path.name, 80)}: {named}"]


def _quoted(name: str) -> str:
    return f'"{printable(name, 40)}"'


def mapping_from_columns(columns: Mapping[str, str], trace: str | Sequence[str]) -> ColumnMapping:
    """A table of acts by the names of its columns: account, object, time, and kind if rows say it
    themselves.

    columns: ours to the file's. Raises UsageError if one is missing or unknown, or if nothing says
    of what kind the acts are.
    """
    known = [c for c in TABLES["acts"].names if c not in ("source", "line", "within_s")]
    names = [trace] if isinstance(trace, str) else list(trace)
    columns = dict(columns)
    if names == ["text"] and "object" not in columns and "text" in columns:
        columns["object"] = columns["text"]
    needed = ("account", "object", "time")
    missing = [c for c in needed if c not in columns]
    others = [c for c in known if c not in needed]
    unknown = [c for c in columns if c not in known]
    if missing or unknown:
        raise UsageError(
            f"there is no column {unknown[0]!r} in a table of acts"
            if unknown
            else f"no column is named for {', '.join(missing)}",
            fix=f"Name account, object and time; also known: {', '.join(others)}.",
        )
    constants = {}
    if "kind" not in columns:
        kind = "hashtag" if names == ["hashtags"] else "post" if names == ["text"] else names[0]
        if len(names) == 1 and kind not in (*ACT_KINDS, *TRACES):
            constants["object_kind"], kind = kind, "use"
        if len(names) != 1 or kind not in ACT_KINDS:
            raise UsageError(
                f"nothing says which acts are {', '.join(names)}",
                fix="Name the column that says it: kind=COLUMN.",
            )
        constants["kind"] = kind
    return ColumnMapping((Emit("acts", {c: (n,) for c, n in columns.items()}, constants),))
