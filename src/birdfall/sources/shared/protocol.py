"""What a source is: a module that recognises one format and turns a file into rows of the record.

A source module has these names:

    NAME: str
        What it is called on the command line, in kebab-case.
    sniff(path: Path, head: bytes) -> float
        How sure it is that it can read the file, 0 to 1. `head` holds the first 64 KiB,
        decompressed. Must not raise.
    read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]
        The rows of the file, in batches.
    WANTS_FOLLOWS: bool (may be left out)
        True if unfollows of this format name only the follow they end. `options.known_follows`
        then holds the follows of the case and of the files read before.

A row that cannot be used is yielded as a row of the table `rejected` (`sources.shared.rejections`);
a file that cannot be read at all raises one `BirdfallError`. Tools that the built-in sources use
are open to others: `shared.open` (decompression with a bound), `shared.record_rows` (rows one by
one), `shared.json_object`, `shared.timestamps`, `shared.coverage`.

A source of another package is registered under the entry point group `birdfall.sources`: its name
there is `NAME`, its value the module. It gets what the built-in ones get; `examples/plugin` shows
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.column_mapping import ColumnMapping
from birdfall.sources.shared.follow_index import FollowIndex

#: How much of a file `sniff` is shown, in bytes.
HEAD_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What the person who imports decided, and what the case knows that the file does not say.

    Parameters
    ----------
    time_zone
        IANA name for times that carry no zone of their own; None: such times are an error.
    date_format
        strptime format of times whose day and month cannot be told apart.
    mapping
        How columns become rows; None: known columns, or a guess.
    allow_large
        Read archives that unpack to more than the limits of `sources.shared.open`.
    staging
        An empty folder for the files of `Part`; None: yield `Rows` only.
    name
        What the rows carry in `source`; empty: the file's own name.
    columns, constants
        Role to the column that has it, and role to what is so in every row, as a person said.
    skip_lines
        Lines above the header; None: found.
    encoding
        The encoding of a text file; None: found.
    sheet
        The one sheet, table or file of a container to read; None: all.
    known_follows
        Follows that stand and unfollows that wait, for a source with `WANTS_FOLLOWS`, which keeps
        it up to date; None for all others.
    """

    time_zone: str | None = None
    date_format: str | None = None
    mapping: ColumnMapping | None = None
    allow_large: bool = False
    staging: Path | None = None
    name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    skip_lines: int | None = None
    encoding: str | None = None
    sheet: str | None = None
    known_follows: FollowIndex | None = None

    def source_of(self, path: Path) -> str:
        """What the rows of `path` carry in `source`."""
        return self.name or path.name


class Source(Protocol):
    """A module that reads one format; see the head of this file."""

    NAME: str

    def sniff(self, path: Path, head: bytes) -> float:
        """How sure the source is that it can read the file, 0 to 1."""
        ...

    def read(self, path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
        """The rows of the file, in batches."""
        ...


def wants_follows(source: Source) -> bool:
    """Whether `source` resolves unfollows through the follows that came before."""
    return bool(getattr(source, "WANTS_FOLLOWS", False))
