"""What a source is: one module per format that recognises a file and turns it into rows of the record.

A source module has three names:

    NAME: str                                           what it is called on the command line, kebab-case
    sniff(path: Path, head: bytes) -> float             0..1: how sure it is that it can read the file; `head` holds the
                                                        first 64 KiB, decompressed; must not raise
    read(path: Path, options: SourceOptions, progress) -> Iterator[Rows | Part]

Rows that cannot be taken are yielded as rows of the table `rejected` (see `sources.rejections`); a file that cannot be
read at all raises one `BirdfallError`. Sources of other packages register their module under the entry point group
`birdfall.sources`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows

if TYPE_CHECKING:
    from birdfall.sources.table.mapping import Mapping

#: How much of a file `sniff` is shown.
HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What the person who imports has said, and where a source may put its Parquet parts.

    time_zone: IANA name for times that carry no zone of their own; None: such times are an error.
    date_format: strptime format of times whose day and month cannot be told apart.
    mapping: how columns become rows; None: known columns or a guess. allow_large: take archives that unpack to more
    than the limits of `sources.open`. staging: an empty folder for files named by `Part`; None: yield `Rows` only.
    name: how the rows name their file in `source`; empty: the file's own name.
    """

    time_zone: str | None = None
    date_format: str | None = None
    mapping: Mapping | None = None
    allow_large: bool = False
    staging: Path | None = None
    name: str = ""

    def source_of(self, path: Path) -> str:
        """What the rows of `path` carry in `source`."""
        return self.name or path.name


class Source(Protocol):
    """A module that reads one format."""

    NAME: str

    def sniff(self, path: Path, head: bytes) -> float: ...

    def read(
        self, path: Path, options: SourceOptions, progress: Progress
    ) -> Iterator[Rows | Part]: ...
