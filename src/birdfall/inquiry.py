"""An inquiry into a record, on disk or in memory: the object that every question is asked of.

    case = birdfall.open("caso/")            # or birdfall.read("events.parquet")
    case.audiences(case.waves())

Every method returns a `Finding`, which shows itself in a notebook, knows what it was computed from
and how, and writes itself as JSON. What each measure is asked, and with which arguments, stands in
`birdfall.pipeline.catalogue`, which `birdfall run` uses too, so both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding
from birdfall.pipeline.asking import begin_run, known_ids, measure_first, refuse, require_data
from birdfall.pipeline.catalogue import find_measure
from birdfall.pipeline.context import Inputs, Options, Run
from birdfall.pipeline.measure import StepSubject
from birdfall.record.case import Case
from birdfall.record.record import Record
from birdfall.tell.record_summary import record_html, record_text
from birdfall.tell.words import LANGUAGES


@dataclass(frozen=True)
class Inquiry:
    """A record to ask, and the case it lies in, if it lies in one.

    Parameters
    ----------
    record
        The data.
    case
        The case on disk; None: the record is in memory only, and nothing is kept.

    Examples
    --------
    >>> import birdfall
    >>> inquiry = birdfall.simulate("quiet", accounts=500)
    >>> inquiry.coverage().answer
    'found'
    """

    record: Record
    case: Case | None = None

    def coverage(self) -> Finding:
        """What was watched when, with its gaps, and which questions the data can answer.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.coverage()['gaps'].value
        0
        """
        return self.measure("coverage")

    def waves(self, **parameters: Any) -> Finding:
        """Intervals in which suspensions exceed the base rate more than chance allows.

        Parameters: those of `birdfall.measures.waves.waves`.

        Raises
        ------
        CannotAnswer
            If the record holds no statuses.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.waves().table('waves').column('size').to_pylist()
        [299.9793703165194]
        """
        return self.measure("waves", **parameters)

    def audiences(
        self, waves: Finding | None = None, *, wave: int = 1, **parameters: Any
    ) -> Finding:
        """Whose audience one wave hit, all leaders tested, explained away step by step.

        Parameters
        ----------
        waves
            A finding of `waves()`; the one kept in the case, or computed, if not given.
        wave
            The number of the wave.
        **parameters
            Those of `birdfall.measures.audiences.audiences`.

        Raises
        ------
        CannotAnswer
            Without follows, or without that wave.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.audiences().table('explanation').column('leader').to_pylist()
        ['presidencia']
        """
        return self.measure("audiences", waves=waves, wave=wave, **parameters)

    def ledger(self, leader: str, **parameters: Any) -> Finding:
        """The dated gains and losses of one account's followers by cause.

        Parameters
        ----------
        leader
            The account's id or handle.
        **parameters
            Those of `birdfall.measures.ledgers.ledger`.

        Raises
        ------
        CannotAnswer
            Without follows or statuses.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> ledger = case.ledger('@presidencia')
        >>> sorted(ledger.estimates)[:3]
        ['before', 'half_return', 'lost_deactivated']
        """
        return self.measure("ledgers", leaders=(leader,), **parameters)

    def returns(
        self, waves: Finding | None = None, *, wave: int | None = None, **parameters: Any
    ) -> Finding:
        """How soon the fallen came back (Kaplan-Meier), of one wave or of the whole record.

        Parameters
        ----------
        waves
            A finding of `waves()`; the one kept in the case, or computed, if not given.
        wave
            The number of the wave; the whole record if neither is given.
        **parameters
            Those of `birdfall.measures.returns.returns`.

        Raises
        ------
        CannotAnswer
            Without statuses, or without that wave.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.returns(wave=1)['returned'].value
        146
        """
        number = (wave or 1) if waves is not None or wave is not None else None
        return self.measure("returns", waves=waves, wave=number, **parameters)

    def reinstatements(self, **parameters: Any) -> Finding:
        """Intervals in which more suspended accounts were reinstated than the base rate explains.

        Parameters: those of `birdfall.measures.reinstatements.reinstatements`.

        Raises
        ------
        CannotAnswer
            If too few accounts were seen to come back.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.reinstatements().kind
        'reinstatements'
        """
        return self.measure("reinstatements", **parameters)

    def creations(self, **parameters: Any) -> Finding:
        """Intervals in which more of the accounts were made than the base rate explains.

        Parameters: those of `birdfall.measures.creations.creations`.

        Raises
        ------
        CannotAnswer
            If too few accounts have a date of creation.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.simulate('quiet', accounts=500)
        >>> case.creations().answer
        'nothing'
        """
        return self.measure("creations", **parameters)

    def counts(self, **parameters: Any) -> Finding:
        """Drops of follower counts beyond each account's own growth, net and gross.

        Parameters: those of `birdfall.measures.follower_counts.follower_counts`.

        Raises
        ------
        CannotAnswer
            Without enough counts.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.simulate('quiet', accounts=3_000, observe='counts')
        >>> case.counts().kind
        'counts'
        """
        return self.measure("counts", **parameters)

    def coordination(self, **parameters: Any) -> Finding:
        """Which accounts acted in concert more than chance allows.

        Parameters: those of `birdfall.measures.coordination.coordination`, such as trace="repost".

        Raises
        ------
        CannotAnswer
            Without acts of the trace.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/tweets.csv")
        >>> network = case.coordination(trace='repost', window='60s')
        >>> network['groups'].value, network['significant'].value
        (1, 28)
        """
        return self.measure("coordination", **parameters)

    def brigades(self, **parameters: Any) -> Finding:
        """Who reported accounts together, and whether it worked.

        Parameters: those of `birdfall.measures.brigades.brigades`.

        Raises
        ------
        CannotAnswer
            If the record holds no reports.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.simulate('quiet', accounts=500)
        >>> case.brigades()['brigades'].value
        0
        """
        return self.measure("brigades", **parameters)

    def automation(
        self, waves: Finding | None = None, *, wave: int = 1, **parameters: Any
    ) -> Finding:
        """Which share of the fallen is inauthentic, automated but authentic, or by hand, in bounds
        against matched controls.

        Followers of the settings' leaders and controls are compared with followers; without any,
        those of the audiences that explain a wave. Of more than twelve the first twelve are taken,
        as in a run; `leaders` takes all it is given.

        Parameters
        ----------
        waves
            A finding of `waves()`; the one kept in the case, or computed, if not given.
        wave
            The number of the wave.
        **parameters
            Those of `birdfall.measures.automation.automation`, such as leaders=["42"].

        Raises
        ------
        CannotAnswer
            Without acts or profiles, or without that wave.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.automation()
        Traceback (most recent call last):
            ...
        birdfall.model.errors.CannotAnswer: ...
        """
        return self.measure("automation", waves=waves, wave=wave, **parameters)

    def explanations(self, *, wave: int = 1) -> Finding:
        """Which causes of a wave the evidence leaves, weighed on simulated worlds.

        Everything is measured first if the case keeps no findings.

        Parameters
        ----------
        wave
            The number of the wave.

        Raises
        ------
        CannotAnswer
            Without that wave.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.explanations().details['set']
        ['purge', 'brigade', 'error', 'targeted']
        """
        return self.measure("explanations", wave=wave)

    def measure(
        self,
        name: str,
        /,
        *,
        waves: Finding | None = None,
        wave: int | None = None,
        leaders: Sequence[str] | None = None,
        **parameters: Any,
    ) -> Finding:
        """One measure of the catalogue, by its name; measures of other packages too.

        What it reads of other measures (waves, audiences) is taken from the findings the case
        keeps, or measured first. Where a measure makes several findings, as ledgers and claims do,
        the first is returned; `run` returns all.

        Parameters
        ----------
        name
            The name of the measure, such as "waves".
        waves
            A finding of kind `waves`, instead of the one kept.
        wave
            The number of the wave in question. If not given, it is 1 where the measure needs one;
            returns are then those of the whole record.
        leaders
            The accounts in question, each by id or by handle.
        **parameters
            Arguments of the measure's function, which go before the settings.

        Raises
        ------
        CannotAnswer
            If the record cannot carry the answer, or what people gave besides it (facts, claims)
            is missing.
        UsageError
            If there is no measure of that name.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.measure('waves').kind
        'waves'
        """
        measure = find_measure(name)
        leaders = known_ids(self.record, leaders)
        run = self._run(waves, everything=name == "explanations")
        # a network is asked of its own trace, and says itself what the record lacks for it
        if name != "coordination":
            require_data(measure, self.record)
        needs = list(measure.needs(run))
        if wave is None and "waves" in needs:
            if name == "returns" or (name == "ledgers" and leaders is not None):
                needs.remove("waves")
            elif name != "ledgers":
                wave = 1
        if leaders is None and "leaders" not in parameters:
            measure_first(run, needs)
        else:
            measure_first(run, [m for m in needs if m == "waves"])
            parameters |= {} if leaders is None or name == "ledgers" else {"leaders": leaders}
        if wave is not None:
            run.require_wave(wave)
        if leaders is None and name == "ledgers":
            leaders = run.leaders()
        subject = StepSubject(name, name, wave, tuple(leaders or ()))
        refuse(measure.missing(run, subject))
        found = measure.measure(run, subject, parameters)
        if not found:
            raise CannotAnswer(f"{name} found nothing to answer in this record")
        return found[0]

    def check(self, statement: str, *, language: str | None = None) -> list[Finding]:
        """Every measurable claim in a sentence (es, en, fr, ar, pt), checked against this record.

        Parameters
        ----------
        statement
            The sentence, in the asker's words.
        language
            Its language; recognised if not given.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> [claim] = case.check('300 accounts were suspended in ten minutes')
        >>> claim.details['verdict']
        'supported'
        """
        from birdfall.claims import check_sentence  # the lexicon, which other methods do not need

        findings = self.findings()
        if not findings and find_measure("waves").applies_to(self.record) is None:
            findings = {"waves": self.waves()}
        checked = check_sentence(
            self.record, findings, statement, language=language, settings=self.record.settings
        )
        claims, run = find_measure("claims"), Run(self.record)
        return [claims.label(run, finding) for finding in checked]

    def findings(self) -> dict[str, Finding]:
        """The findings kept in the case, by name; empty in memory.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.findings()
        {}
        """
        return {} if self.case is None else self.case.findings()

    def run(self, **options: Any) -> dict[str, Finding]:
        """Everything that applies, in order; kept in the case if there is one.

        Parameters
        ----------
        **options
            Those of `birdfall.pipeline.context.Options`, such as seed=1 or waves=5.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/follows.csv")
        >>> sorted(case.run())
        ['brigades', 'counts', 'coverage', 'ledger', 'waves']
        """
        from birdfall.pipeline.run import compute, run  # the measures, which take a second to load

        chosen = Options(**options)
        if self.case is not None:
            return run(self.case, chosen)
        return compute(self.record, chosen, Inputs())

    def report(self, *, language: str = "en", languages: Sequence[str] = LANGUAGES) -> bytes:
        """The report of a case that has been run, as HTML.

        Parameters
        ----------
        language
            The language of its first view.
        languages
            All languages it holds.

        Raises
        ------
        CannotAnswer
            For a record in memory.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.report()
        Traceback (most recent call last):
            ...
        birdfall.model.errors.CannotAnswer: ...
        """
        from birdfall.pipeline.report import render_report  # templates and fonts

        if self.case is None:
            raise CannotAnswer(
                "a record in memory has no report",
                fix="Make a case of it: birdfall import FILE -o CASE",
            )
        return render_report(self.case, languages=tuple(languages), default=language)

    def _run(self, waves: Finding | None, *, everything: bool) -> Run:
        """An inquiry with the findings at hand. waves: those in question, if not the ones kept."""
        found = self.findings()
        if everything and not found:
            found = self.run()
        return begin_run(self.record, self.case, found, waves)

    def __repr__(self) -> str:
        return f"<Inquiry: {record_text(self.record)}>"

    def _repr_html_(self) -> str:
        return record_html(self.record)
