"""What an inquiry knows of one measure, and of what it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding, Note
from birdfall.pipeline.context import Run
from birdfall.record.record import Record
from birdfall.tell.page import Section

#: Keyword arguments of a measure's function.
Arguments = Mapping[str, object]
#: Formats that hold the tables of every finding.
TABLE_FORMATS: Final = ("csv", "parquet", "sqlite")


@dataclass(frozen=True, slots=True)
class StepSubject:
    """What one step of a run asks a measure about.

    Parameters
    ----------
    step
        The name of the step; kept with the case, so that a run that was cut off goes on after it.
    finding
        The name of the finding that says why the question cannot be answered.
    wave
        The number of the wave in question; None: the whole record.
    leaders
        The accounts in question (platform ids).
    request
        Further keyword arguments of the measure's function.
    asked
        Whether a person asked for just this: then what it raises is not turned into a refusal.
    """

    step: str
    finding: str
    wave: int | None = None
    leaders: tuple[str, ...] = ()
    request: Arguments = field(default_factory=dict)
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the catalogue.

    Parameters
    ----------
    name
        How the measure is called: the name of its step, and of its method in the API.
    face
        The dotted name of the package or module that has the function, `applies_to` and
        `METHOD_VERSION`. Without `applies_to` the measure answers every record.
    question
        What it answers, in a few words, as `birdfall look` lists it.
    function
        The function of `face`: `function(record, **arguments)`, which returns a finding or several;
        the measure's name if empty.
    kind
        The kind of its findings; the measure's name if empty.
    arguments
        The keyword arguments of the function, from the settings, the options and earlier findings.
    subjects
        What a run asks it about, in order; None: the record as a whole, once.
    needs
        The measures whose findings it reads, given the run.
    section
        The key of the report's section that shows it, or a section of its own; it stands after
        those of the built-in measures.
    command
        The word of the command line that asks for it, as `birdfall look` says beside the question.
    exports
        The formats its tables are exported in.
    version_name
        The name of the version of its method in `face`.
    missing
        What a run lacks to ask this about a subject, beyond what `applies_to` sees in the record.
    unmeasurable
        The refusal of a subject that nobody asked for and that proves unmeasurable underway; None:
        that is an error.
    accounts
        Where its findings name accounts by the platform's ids: `details.leader` in the JSON,
        `tables.NAME.COLUMN` for columns that have none of the common names
        (`birdfall.pipeline.pseudonyms.ACCOUNTS`).
    objects
        The same for objects of the platform: posts, links, tags, accounts.
    texts
        The same for words that people wrote.
    """

    name: str
    face: str
    question: str
    function: str = ""
    kind: str = ""
    arguments: Callable[[Run, StepSubject], Arguments] = lambda _run, about: about.request
    subjects: Callable[[Run], Sequence[StepSubject]] | None = None
    needs: Callable[[Run], Sequence[str]] = lambda _run: ()
    section: str | Section = ""
    command: str = "run"
    exports: tuple[str, ...] = TABLE_FORMATS
    version_name: str = "METHOD_VERSION"
    missing: Callable[[Run, StepSubject], Note | None] = lambda _run, _about: None
    unmeasurable: Note | None = None
    accounts: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def finding_kind(self) -> str:
        """The kind of its findings."""
        return self.kind or self.name

    @property
    def method_version(self) -> int:
        """The version of its method, which its findings carry."""
        return int(getattr(import_module(self.face), self.version_name, 1))

    def applies_to(self, record: Record) -> Note | None:
        """None if the record can carry the answer; else what is missing."""
        asked = getattr(import_module(self.face), "applies_to", None)
        note: Note | None = None if asked is None else asked(record)
        return note

    def subjects_of(self, run: Run) -> Sequence[StepSubject]:
        """What a run asks it about, given the findings so far."""
        return [StepSubject(self.name, self.name)] if self.subjects is None else self.subjects(run)

    def measure(
        self, run: Run, about: StepSubject, given: Arguments | None = None
    ) -> list[Finding]:
        """The findings about one subject, with the version of the method. given: arguments that go
        before all others.
        """
        function = getattr(import_module(self.face), self.function or self.name)
        arguments = {**self.arguments(run, about), **(given or {})}
        made = function(run.record, **arguments)
        return [self.label(run, f) for f in ([made] if isinstance(made, Finding) else made)]

    def answer(self, run: Run, about: StepSubject) -> list[Finding]:
        """As `measure`; what the record cannot carry is answered by a finding that says why."""
        if not about.asked:
            note = self.applies_to(run.record) or self.missing(run, about)
            if note is not None:
                return [self.label(run, self.refuse(about, note))]
        try:
            return self.measure(run, about)
        except CannotAnswer:
            if about.asked or self.unmeasurable is None:
                raise
            return [self.label(run, self.refuse(about, self.unmeasurable))]

    def refuse(self, about: StepSubject, note: Note) -> Finding:
        """The finding that says why the record cannot carry an answer."""
        return Finding(self.finding_kind, about.finding, "cannot", reasons=(note,))

    def label(self, run: Run, finding: Finding) -> Finding:
        """The finding with the version of its method, and as simulated where the record is."""
        return finding.replace(
            method_version=self.method_version,
            simulated=finding.simulated or run.record.settings.simulated,
        )
