"""Parameters that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from cyclopts import Parameter

from birdfall.model.errors import UsageError, printable

if TYPE_CHECKING:
    from birdfall.pipeline.intake import ReadOptions

# told to mypy, and without the libraries of `tell`, which every command would wait for
Language = Literal["en", "es", "fr", "ar", "pt"]
LANGUAGES = get_args(Language)
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Out = Annotated[Path, Parameter(name=["--out", "-o"])]
OptionalOut = Annotated[Path | None, Parameter(name=["--out", "-o"])]
Many = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=False)]
Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class FileOptions:
    """The options of every command that reads files: how, where they do not say it themselves."""

    mapping: Path | None = None
    """A mapping of columns (TOML), as `birdfall look --save-mapping` writes; else it is guessed."""
    time_zone: str | None = None
    """The zone of times that state none, such as America/Caracas."""
    date_format: str | None = None
    """How dates are written: "%d/%m/%y %H:%M", or dmy or mdy where only the order is open."""
    reader: str | None = None
    """Which reader to use, instead of the one that recognises the file."""
    column: Many = ()
    """Which column is what, such as account=NAME or time=NAME. Several may be given."""
    const: Many = ()
    """What is so in every row, such as status=suspended or observed_at=2021-10-18."""
    skip_lines: int | None = None
    """How many lines stand above the header of a table."""
    encoding: str | None = None
    """The encoding of a text file, such as windows-1256."""
    sheet: str | None = None
    """The one sheet, table or file in a container that is read."""
    allow_large: Flag = False
    """Take in compressed files that unpack to very much more than their size."""

    def options(self) -> ReadOptions:
        """The same as files are read by. Raises UsageError for a column or constant unsaid."""
        from birdfall.pipeline.intake import ReadOptions

        return ReadOptions(
            self.mapping,
            self.reader,
            self.time_zone,
            self.date_format,
            self.allow_large,
            parse_pairs(self.column, "--column"),
            parse_pairs(self.const, "--const"),
            self.skip_lines,
            self.encoding,
            self.sheet,
        )


#: Nothing said: what a file does not say itself is found, guessed or asked.
AS_IS = FileOptions()


def parse_pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """What `--column` or `--const` say, by role. Raises UsageError for one without a value."""
    found = {}
    for text in texts:
        role, sign, value = text.partition("=")
        if not sign or not role or not value:
            raise UsageError(
                f"{printable(text, 60)!r} does not say what is what",
                fix=f"Write {option} ROLE=NAME, such as "
                + (
                    "--column account=user."
                    if option == "--column"
                    else "--const status=suspended."
                ),
            )
        found[role.strip()] = value
    return found


def read_short_links(path: Path) -> dict[str, str]:
    """A table of short links and the addresses they lead to, as coordination takes it.

    Raises UsageError for a file without two columns, InputError for one that cannot be read.
    """
    import csv

    from birdfall.measures.coordination import short_link_table
    from birdfall.sources.table.mapping import read_small_file

    lines = read_small_file(path).decode("utf-8-sig", "replace").splitlines()
    sign = max(",;\t", key=lambda s: lines[0].count(s)) if lines else ","
    rows = [row[:2] for row in csv.reader(lines, delimiter=sign) if row]
    if not rows or any(len(row) != 2 for row in rows):
        raise UsageError(
            "this is no table of short links",
            where=str(path),
            fix="Give a CSV of two columns: the short link, and the address it leads to.",
        )
    if "." not in rows[0][0]:  # a header
        rows = rows[1:]
    return short_link_table({short: long for short, long in rows if short and long})
