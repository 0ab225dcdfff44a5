"""A case as it is given to others: its tables in batches, by pseudonym unless asked otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import pyarrow as pa

from birdfall.model.findings import Finding
from birdfall.model.schemas import TABLES
from birdfall.model.settings import Settings
from birdfall.pipeline.catalogue import measure_of
from birdfall.pipeline.pseudonyms import Pseudonyms
from birdfall.record.case import Case
from birdfall.record.clients import rare_clients
from birdfall.record.mentions import mentions_of
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
        """The name of its folder; a number where that names somebody."""
        name = self.case.path.resolve().name
        return name if self.identified else self.pseudonyms.source(name)

    @cached_property
    def settings(self) -> Settings:
        """What a person decided about it."""
        settings = self.case.settings
        return settings if self.identified else shared_settings(settings, self.pseudonyms)

    @property
    def software(self) -> str:
        """What it was made with."""
        return self.case.manifest.software

    @cached_property
    def findings(self) -> Mapping[str, Finding]:
        """Its findings by name."""
        findings = self.case.findings()
        if self.identified:
            return findings
        shared = (self.pseudonyms.finding(finding) for finding in findings.values())
        return {finding.name: finding for finding in shared}

    @cached_property
    def record(self) -> Record:
        """Its record, which names accounts by id."""
        return self.case.record()

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """What its accounts are called outside."""
        return pseudonyms_of(self.case, self.record)

    def tables(self, form: str | None = None) -> Iterator[SharedTable]:
        """Every table that has rows. form: leave out the findings of measures that are not exported
        in it.
        """
        yield from self.record_tables()
        for finding in self.findings.values():
            measure = measure_of(finding)
            if form is not None and measure is not None and form not in measure.exports:
                continue
            for table_name, shown in sorted(finding.tables.items()):
                name = f"{finding.name}.{table_name}".replace("-", "_")
                yield SharedTable(name, shown.schema, iter([shown]))

    def record_tables(self) -> Iterator[SharedTable]:
        """The tables of the record that have rows."""
        for name, schema in TABLES.items():
            if self.record.has(name):
                columns = pa.schema([pa.field(f.name, f.type) for f in schema])
                yield SharedTable(name, columns, self._batches(name))

    def _batches(self, name: str) -> Iterator[pa.Table]:
        if not self.identified:
            _ = self.pseudonyms  # asks the record, which cannot be asked while rows are read
        for batch in self.record.batches(name, BATCH_ROWS):
            yield self._view(batch)

    def _view(self, table: pa.Table) -> pa.Table:
        return table if self.identified else self.pseudonyms.table(table)


def pseudonyms_of(case: Case, record: Record) -> Pseudonyms:
    """What the accounts of a case are called outside. record: that of the case."""
    return Pseudonyms(
        record.ids,
        frozenset(record.settings.public),
        case.key,
        mentions_of(record),
        rare_clients(record),
    )


def shared_settings(settings: Settings, called: Pseudonyms) -> Settings:
    """The settings with nobody in them but by pseudonym; names are those of public accounts."""

    def all_of(accounts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(called.account(account) or "" for account in accounts)

    return replace(
        settings,
        title=called.text(settings.title),
        question=called.text(settings.question),
        leaders=all_of(settings.leaders),
        controls=all_of(settings.controls),
        negative_controls=all_of(settings.negative_controls),
        names={a: name for a, name in settings.names.items() if a in called.public},
        reply=tuple({k: called.text(v) for k, v in r.items()} for r in settings.reply),
    )
