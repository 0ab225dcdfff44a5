"""A case in other tools' forms: CSV, Parquet, SQLite, and the formats that other packages add.

A format is an `ExportFormat`: a name, and a function that writes a case to a path. Other packages
add theirs through the entry point group `birdfall.exports`, and `birdfall export --format NAME`
finds them:

    from birdfall.pipeline.export import ExportFormat

    def write_lines(case, out):
        with out.open("w") as file:
            for table in case.tables():
                file.writelines(f"{table.name} {batch.num_rows}\\n" for batch in table.batches)
        return [out]

    lines = ExportFormat("lines", "one line a batch", write_lines)

What a format is given is meant to be shared: accounts go by pseudonym, and what can tell who a
person is stays behind, unless the export was asked for as `identified`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.errors import UsageError
from birdfall.pipeline.copies import Copy, note_copy
from birdfall.pipeline.csv_cells import write_csv_batches
from birdfall.pipeline.evidence import write_evidence
from birdfall.pipeline.shared_case import SharedCase, SharedTable
from birdfall.pipeline.sqlite_file import write_sqlite
from birdfall.record.atomic import SHARED, made_whole, write_with
from birdfall.record.case import Case

#: Writes one table: path, columns, rows in batches.
TableWriter = Callable[[Path, pa.Schema, Iterator[pa.Table]], None]

#: The entry point group of formats of other packages.
GROUP: Final = "birdfall.exports"


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One form a case can be written in.

    Parameters
    ----------
    name
        Its word on the command line.
    help
        What it makes, in a few words.
    write
        `write(case, out)`: writes the case and returns the files made. `out` does not exist, its
        folder does.
    """

    name: str
    help: str
    write: Callable[[SharedCase, Path], list[Path]]


def export(case: Case, form: str, out: Path, *, identified: bool = False) -> list[Path]:
    """Write the record and all findings' tables of a case; returns the files made.

    Parameters
    ----------
    case
        The case.
    form
        The name of a format: csv and parquet make a folder with one file per table, sqlite one
        file.
    out
        What to make.
    identified
        With the platform's ids, handles and texts as they are, for those who may hold them.

    Raises
    ------
    UsageError
        If `out` exists, or there is no format of that name.
    """
    chosen = find_format(form)
    if out.exists():
        raise UsageError(
            "this name is taken", where=str(out), fix="Choose another with -o, or remove it."
        )
    with made_whole(out) as place:
        made = chosen.write(SharedCase(case, identified), place)
        if identified:
            for path in (place, *made):
                path.chmod(0o700 if path.is_dir() else 0o600)
    files = [path.relative_to(place) for path in made]
    note_copy(
        case,
        Copy(str(out.resolve()), form, tuple(f.as_posix() for f in files), identified=identified),
    )
    return [out / file for file in files]


@cache
def formats() -> dict[str, ExportFormat]:
    """All formats by name: built in, then those of other packages.

    Raises UsageError for an entry point that is no format, or bears the name of another.
    """
    found = {f.name: f for f in BUILT_IN}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: p.name):
        form = point.load()
        where = f"entry point {point.name} of {GROUP}"
        if not isinstance(form, ExportFormat):
            raise UsageError(
                f"{point.value} is no export format",
                where=where,
                why="A birdfall.pipeline.export.ExportFormat is expected there.",
                fix="Mend the package, or uninstall it.",
            )
        if form.name in found:
            raise UsageError(
                f"there are two export formats called {form.name!r}",
                where=where,
                fix="Give the other package's format another name.",
            )
        found[form.name] = form
    return found


def find_format(name: str) -> ExportFormat:
    """The format of that name. Raises UsageError with the known names."""
    if name not in formats():
        known = ", ".join(f"{f.name} ({f.help})" for f in formats().values())
        raise UsageError(f"there is no format {name!r}", fix=f"Formats: {known}.")
    return formats()[name]


def _write_csv_folder(case: SharedCase, out: Path) -> list[Path]:
    return list(_write_folder(case, out, "csv", write_csv_batches))


def _write_parquet_folder(case: SharedCase, out: Path) -> list[Path]:
    return list(_write_folder(case, out, "parquet", _write_parquet))


def _write_folder(
    case: SharedCase,
    out: Path,
    form: str,
    write: TableWriter,
) -> Iterator[Path]:
    """A folder with one file per table, each named after it."""
    out.mkdir(parents=True)
    for table in case.tables(form):
        path = out / f"{table.name}.{form}"
        write_with(path, partial(_write_table, write, table), mode=SHARED)
        yield path


def _write_table(write: TableWriter, table: SharedTable, path: Path) -> None:
    write(path, table.schema, table.batches)


def _write_parquet(path: Path, schema: pa.Schema, batches: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(batch.cast(schema))


def _write_sqlite_file(case: SharedCase, out: Path) -> list[Path]:
    write_with(out, partial(write_sqlite, case=case), mode=SHARED)
    return [out]


BUILT_IN: Final = (
    ExportFormat("csv", "a folder of tables that no spreadsheet runs", _write_csv_folder),
    ExportFormat("parquet", "a folder of tables with their types", _write_parquet_folder),
    ExportFormat("sqlite", "one file that Datasette opens", _write_sqlite_file),
    ExportFormat("evidence", "a case by pseudonym that others compute again", write_evidence),
)
