"""A case as it is given to others: its tables in batches, by pseudonym unless asked otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import pyarrow as pa

from birdfall.model.findings import Finding
from birdfall.model.schemas import TABLES
from birdfall.model.settings import Settings
from birdfall.pipeline.catalogue import measure_of
from birdfall.pipeline.pseudonyms import pseudonymise
from birdfall.record.case import Case
from birdfall.record.record import Record

#: Rows of a batch.
BATCH_ROWS: Final = 65_536


class SharedTable(NamedTuple):
    """One table of a case.

    Parameters
    ----------
    name
        A table of the record, or FINDING.TABLE with underscores for hyphens.
    schema
        Its columns.
    batches
        Its rows, to be walked once.
    """

    name: str
    schema: pa.Schema
    batches: Iterator[pa.Table]


@dataclass(frozen=True)
class SharedCase:
    """What an export format reads of a case.

    Parameters
    ----------
    case
        The case.
    identified
        Whether ids and texts stand as they are, instead of pseudonyms.
    """

    case: Case
    identified: bool = False

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.case.path.name

    @property
    def settings(self) -> Settings:
        """What a person decided about it."""
        return self.case.settings

    @property
    def software(self) -> str:
        """What it was made with."""
        return self.case.manifest.software

    @cached_property
    def findings(self) -> Mapping[str, Finding]:
        """Its findings by name; their own tables still name accounts by id."""
        return self.case.findings()

    @cached_property
    def record(self) -> Record:
        """Its record, which names accounts by id."""
        return self.case.record()

    def tables(self, form: str | None = None) -> Iterator[SharedTable]:
        """Every table that has rows. form: leave out the findings of measures that are not exported
        in it.
        """
        for name, schema in TABLES.items():
            if self.record.has(name):
                columns = pa.schema([pa.field(f.name, f.type) for f in schema])
                yield SharedTable(name, columns, self._batches(name))
        for finding in self.findings.values():
            measure = measure_of(finding)
            if form is not None and measure is not None and form not in measure.exports:
                continue
            for table_name, table in sorted(finding.tables.items()):
                shown = self._view(table)
                name = f"{finding.name}.{table_name}".replace("-", "_")
                yield SharedTable(name, shown.schema, iter([shown]))

    def _batches(self, name: str) -> Iterator[pa.Table]:
        reader = self.record.connection.sql(f"SELECT * FROM {name}").to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            yield self._view(pa.Table.from_batches([batch]))

    @cached_property
    def _view(self) -> Callable[[pa.Table], pa.Table]:
        if self.identified:
            return lambda table: table
        record, public, key = self.record, set(self.settings.public), self.case.key
        return lambda table: pseudonymise(table, record, public, key)
