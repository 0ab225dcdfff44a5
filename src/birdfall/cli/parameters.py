"""Parameters that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from birdfall.model.errors import UsageError, printable

Language = Literal["en", "es", "fr", "ar", "pt"]
LANGUAGES = ("en", "es", "fr", "ar", "pt")
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Out = Annotated[Path, Parameter(name=["--out", "-o"])]
OptionalOut = Annotated[Path | None, Parameter(name=["--out", "-o"])]
Many = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=False)]
Flag = Annotated[bool, Parameter(negative="")]

#: How a file is laid out and what its columns are, where it does not say so itself.
Column = Annotated[
    tuple[str, ...],
    Parameter(
        name="--column",
        negative="",
        consume_multiple=False,
        help="Which column is what, such as account=NAME or time=NAME. Several may be given.",
    ),
]
Const = Annotated[
    tuple[str, ...],
    Parameter(
        name="--const",
        negative="",
        consume_multiple=False,
        help="What is so in every row, such as status=suspended or observed_at=2021-10-18.",
    ),
]
SkipLines = Annotated[
    int | None,
    Parameter(name="--skip-lines", help="How many lines stand above the header of a table."),
]
Encoding = Annotated[
    str | None,
    Parameter(name="--encoding", help="The encoding of a text file, such as windows-1256."),
]
Sheet = Annotated[
    str | None,
    Parameter(name="--sheet", help="The one sheet, table or file in a container that is read."),
]


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
