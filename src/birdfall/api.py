"""The public API's one object: an inquiry into a record, on disk or in memory.

    case = birdfall.open("caso/")            # or birdfall.read("events.parquet"), birdfall.simulate("caracas-2013")
    waves = case.waves()
    case.audiences(waves)

Every method returns a `Finding`, which shows itself in a notebook, knows what it was computed from and how, and writes
itself as JSON. The same functions serve the command line, so both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birdfall.model import findings
from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding, Note
from birdfall.model.progress import silent
from birdfall.record.case import Case
from birdfall.record.record import Record


@dataclass(frozen=True)
class Inquiry:
    """A record to ask, and the case it lies in, if it lies in one."""

    record: Record
    case: Case | None = None

    def coverage(self) -> Finding:
        """What was watched when, with gaps, clock trouble and duplicates; which questions the data can answer."""
        from birdfall.measures.coverage import coverage

        return self._labelled(coverage(self.record))

    def waves(self, **parameters: Any) -> Finding:
        """Intervals in which suspensions exceed the base rate more than chance allows. Parameters: `measures.waves.waves`.

        Raises CannotAnswer if the record holds no statuses.
        """
        from birdfall.measures import waves

        _refuse(waves.applies_to(self.record))
        return self._labelled(waves.waves(self.record, **parameters))

    def audiences(
        self, waves: Finding | None = None, *, wave: int = 1, **parameters: Any
    ) -> Finding:
        """Whose audience one wave hit, all leaders tested, explained away step by step.

        waves: a finding of `waves()`; computed if not given. Raises CannotAnswer without follows or without that wave.
        """
        from birdfall.measures import audiences

        _refuse(audiences.applies_to(self.record))
        settings = self.record.settings
        chosen: dict[str, Any] = {
            "leaders": settings.leaders,
            "controls": settings.controls,
            "negative_controls": settings.negative_controls,
        }
        found = self._wave(waves, wave)
        return self._labelled(
            audiences.audiences(self.record, found, wave_number=wave, **(chosen | parameters))
        )

    def ledger(self, leader: str, **parameters: Any) -> Finding:
        """The dated gains and losses of one account's followers by cause. leader: the account's id."""
        from birdfall.measures import ledgers

        _refuse(ledgers.applies_to(self.record))
        return self._labelled(ledgers.ledger(self.record, leader, **parameters))

    def returns(
        self, waves: Finding | None = None, *, wave: int | None = None, **parameters: Any
    ) -> Finding:
        """How soon the fallen came back (Kaplan-Meier), of one wave or of the whole record."""
        from birdfall.measures import returns

        _refuse(returns.applies_to(self.record))
        if wave is None and waves is None:
            return self._labelled(returns.returns(self.record, **parameters))
        number = wave or 1
        found = self._wave(waves, number)
        return self._labelled(
            returns.returns(self.record, wave=found, wave_number=number, **parameters)
        )

    def counts(self, **parameters: Any) -> Finding:
        """What follower counts alone can tell: drops beyond each account's own growth, net and gross."""
        from birdfall.measures import follower_counts as counts

        _refuse(counts.applies_to(self.record))
        settings = self.record.settings
        chosen: dict[str, Any] = {"leaders": settings.leaders, "controls": settings.controls}
        return self._labelled(counts.follower_counts(self.record, **(chosen | parameters)))

    def coordination(self, **parameters: Any) -> Finding:
        """Which accounts moved together more than chance allows. Parameters: `measures.coordination.coordination`."""
        from birdfall.measures.coordination import coordination

        return self._labelled(coordination(self.record, **parameters))

    def brigades(self, **parameters: Any) -> Finding:
        """Who reported accounts together, and whether it worked. Parameters: `measures.brigades.brigades`.

        Raises CannotAnswer if the record holds no reports.
        """
        from birdfall.measures.brigades import measure as brigades

        _refuse(brigades.applies_to(self.record))
        return self._labelled(brigades.brigades(self.record, **parameters))

    def automation(self, waves: Finding | None = None, *, wave: int = 1) -> Finding:
        """Which share of the fallen is inauthentic, automated but authentic, or by hand, in bounds against matched controls.

        waves: a finding of `waves()`; computed if not given. Raises CannotAnswer without acts or profiles, or without that wave.
        """
        from birdfall.measures import automation

        _refuse(automation.applies_to(self.record))
        found, settings = self._wave(waves, wave), self.record.settings
        whose = [
            a
            for a in (*settings.leaders, *settings.controls)
            if self.record.ids.code(a) is not None
        ]
        return self._labelled(automation.automation(self.record, found, wave, leaders=whose))

    def explanations(self, *, wave: int = 1) -> Finding:
        """Which causes of a wave the evidence leaves, weighed on simulated worlds. Measures everything first if nothing is kept."""
        from birdfall.explanations.measure import explanations

        known = self.findings() or self.run()
        self._wave(known.get("waves"), wave)
        return self._labelled(explanations(self.record, known, wave=wave))

    def check(self, statement: str, *, language: str | None = None) -> list[Finding]:
        """Every measurable claim in a sentence (es, en, fr, ar, pt), checked against this record."""
        from birdfall.claims import check_sentence

        findings = self.findings() or self._basic()
        return [
            self._labelled(f)
            for f in check_sentence(
                self.record, findings, statement, language=language, settings=self.record.settings
            )
        ]

    def findings(self) -> dict[str, Finding]:
        """The findings kept in the case, by name; empty in memory."""
        return {} if self.case is None else self.case.findings()

    def run(self, **options: Any) -> dict[str, Finding]:
        """Everything that applies, in order; kept in the case if there is one."""
        from birdfall.pipeline import run as inquiry

        chosen = inquiry.Options(**options)
        if self.case is not None:
            return inquiry.run(self.case, chosen)
        return inquiry.compute(self.record, chosen, inquiry.Inputs())

    def report(
        self, *, language: str = "en", languages: Sequence[str] = ("en", "es", "fr", "ar", "pt")
    ) -> bytes:
        """The report of a case that has been run, as HTML. Raises CannotAnswer for a record in memory."""
        from birdfall.tell.report import render

        if self.case is None:
            raise CannotAnswer(
                "a record in memory has no report",
                fix="Make a case of it: birdfall import FILE -o CASE",
            )
        return render(self.case, languages=tuple(languages), default=language)

    def _basic(self) -> dict[str, Finding]:
        from birdfall.measures import waves

        return {} if waves.applies_to(self.record) is not None else {"waves": self.waves()}

    def _wave(self, waves: Finding | None, number: int) -> Finding:
        found = waves or self.findings().get("waves") or self.waves()
        if found.answer != "found" or number not in found.table("waves").column("wave").to_pylist():
            raise CannotAnswer(
                f"there is no wave {number} in this record", fix="Look at waves() first."
            )
        return found

    def _labelled(self, finding: Finding) -> Finding:
        return finding.replace(simulated=True) if self.record.settings.simulated else finding

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<li>{rows:,} {escape(name)}</li>" for name, rows in self.record.sizes.items() if rows
        )
        label = " · simulated data" if self.record.settings.simulated else ""
        return f"<div><b>{escape(self.record.settings.title or 'record')}</b>{label}<ul>{rows}</ul></div>"


def _sentence(note: Note) -> str:
    from birdfall.tell.words import words

    return words("en", "UTC").note(note)


findings.sentence = _sentence


def open_case(path: str | Path) -> Inquiry:
    """A case on disk. Raises CaseError if there is none."""
    case = Case.open(path)
    return Inquiry(case.record(), case)


def read(*paths: str | Path, **options: Any) -> Inquiry:
    """Files read into memory, without making a case. Options as of `sources.ingest.load` (time_zone, mapping, ...)."""
    from birdfall.sources.ingest import load

    return Inquiry(load(*[Path(p) for p in paths], **options))


def simulate(scenario: str = "caracas-2013", *, seed: int = 0, **options: Any) -> Inquiry:
    """A simulated world as a record in memory, labelled simulated. Its truth: `birdfall.world.simulate.simulate`."""
    from birdfall.world.simulate import simulate as simulated

    return Inquiry(simulated(scenario, seed=seed, **options).record())


def coordination(
    data: Any, *, columns: Mapping[str, str] | None = None, **parameters: Any
) -> Finding:
    """Who moved together, in any table of account, object and time, in files, or in an inquiry. See `measures.coordination`.

    columns: which column is what where the names do not say it, such as {"account": "user_id", "object": "url", "time": "posted"}.
    Of files (a path or several) only the columns needed are read where that will do; options of `read` may be given too.
    """
    if isinstance(data, Inquiry):
        return data.coordination(**parameters)
    if isinstance(data, (str, Path)) or (
        isinstance(data, (list, tuple)) and data and all(isinstance(d, (str, Path)) for d in data)
    ):
        return _of_files(
            [Path(p) for p in ([data] if isinstance(data, (str, Path)) else data)],
            columns,
            parameters,
        )
    from birdfall.measures.coordination import coordination as measured
    from birdfall.measures.coordination import rename_columns

    return measured(data if columns is None else rename_columns(data, columns), **parameters)


def _of_files(
    paths: list[Path], columns: Mapping[str, str] | None, parameters: dict[str, Any]
) -> Finding:
    from birdfall.measures.coordination import (
        CoordinationOptions,
        FileReading,
        coordinate_files,
        mapping_from_columns,
    )

    reading: dict[str, Any] = {
        k: parameters.pop(k)
        for k in ("mapping", "reader", "time_zone", "date_format")
        if k in parameters
    }
    if columns is not None:
        reading["mapping"] = mapping_from_columns(columns, parameters.get("trace", "repost"))
    progress = parameters.pop("progress", silent)
    asked = CoordinationOptions(**parameters)
    found = coordinate_files(paths, asked, FileReading(**reading), progress=progress)
    return found[0] if found is not None else read(*paths, **reading).coordination(**parameters)


def _refuse(note: Note | None) -> None:
    if note is not None:
        raise CannotAnswer(
            f"this record cannot answer that: {note.code}", why=str(note.values.get("needs", ""))
        )
