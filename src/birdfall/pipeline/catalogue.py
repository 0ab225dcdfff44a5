"""The one table of measures: what the API, a run, the command line, the report, the export and
`verify` know of each.

A measure stands in a package of its own, its face, with a function that answers a question about a
record, `applies_to(record)`, which says why the record cannot carry the answer, and
`METHOD_VERSION`. The row of the table adds what an inquiry needs besides: in which order it is
asked, about what, with which arguments from the settings, and where its findings are shown.

Other packages add measures through the entry point group `birdfall.measures`: each entry point is
a `Measure`. It is asked after the built-in ones, before the explanations, and reads their findings.

    from birdfall.pipeline.measure import Measure
    from birdfall.tell.page import Section

    daily = Measure(
        name="daily",
        face="my_package.daily",
        question="on which days accounts fell",
        section=Section("daily", write_section, "daily", {"en": "Day by day"}),
    )

A face is imported when its measure is first asked: NumPy, Numba and SciPy take a second to load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import metadata
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding, Note
from birdfall.pipeline.context import Run
from birdfall.pipeline.measure import TABLE_FORMATS, Arguments, Measure, StepSubject
from birdfall.tell.page import Section

#: Records drawn, at most, to tell a burst of returns or of creations from chance.
MOST_BURST_RECORDS: Final = 199
#: The entry point group of measures of other packages.
GROUP: Final = "birdfall.measures"


def _each_wave(name: str) -> Callable[[Run], Sequence[StepSubject]]:
    return lambda run: [StepSubject(f"{name}-{w}", f"{name}-{w}", w) for w in run.wave_numbers()]


def _largest_wave(name: str) -> Callable[[Run], Sequence[StepSubject]]:
    return lambda run: _each_wave(name)(run)[:1]


def _waves(run: Run, about: StepSubject) -> Arguments:
    options = run.options
    return {
        "alpha": options.alpha,
        "replicates": options.replicates,
        "seed": options.seed,
        "progress": run.progress,
        **about.request,
    }


def _audiences(run: Run, about: StepSubject) -> Arguments:
    settings = run.record.settings
    return {
        "waves": run.found["waves"],
        "wave_number": about.wave or 1,
        "leaders": settings.leaders,
        "controls": settings.controls,
        "negative_controls": settings.negative_controls,
        "permutations": run.options.permutations,
        "seed": run.options.seed,
        "progress": run.progress,
    }


def _returns(run: Run, about: StepSubject) -> Arguments:
    if about.wave is None:
        return {}
    return {"wave": run.found["waves"], "wave_number": about.wave}


def _ledger_subjects(run: Run) -> Sequence[StepSubject]:
    return [StepSubject("ledgers", "ledger", leaders=tuple(run.leaders()))]


def _missing_leaders(_run: Run, about: StepSubject) -> Note | None:
    return None if about.leaders else Note("no-leader-chosen", {"needs": "leaders"})


def _missing_facts(run: Run, _about: StepSubject) -> Note | None:
    return None if run.inputs.facts else Note("no-facts", {"needs": "facts"})


def _follower_counts(run: Run, about: StepSubject) -> Arguments:
    del about
    settings = run.record.settings
    return {
        "leaders": settings.leaders,
        "controls": settings.controls,
        "seed": run.options.seed,
    }


def _networks(run: Run) -> Sequence[StepSubject]:
    from birdfall.pipeline.networks import NetworkRequest, standard_traces  # loads the measure

    asked = [NetworkRequest(text) for text in run.options.asked]
    standard = standard_traces(run.record, run.options.asked)
    return [
        *(StepSubject(n, n, request={"trace": t}) for t in standard for n in [f"coordination-{t}"]),
        *(StepSubject(r.step, r.name, request=r.parameters, asked=True) for r in asked),
    ]


def _coordination(run: Run, about: StepSubject) -> Arguments:
    return {
        "alpha": run.options.alpha,
        "seed": run.options.seed,
        "progress": run.progress,
        **about.request,
    }


def _brigades(run: Run, about: StepSubject) -> Arguments:
    del about
    return {"alpha": run.options.alpha, "seed": run.options.seed, "progress": run.progress}


def _automation(run: Run, about: StepSubject) -> Arguments:
    return {"waves": run.found["waves"], "wave": about.wave or 1, "leaders": run.leaders()}


def _bursts(run: Run, about: StepSubject) -> Arguments:
    options = run.options
    return {
        "alpha": options.alpha,
        "replicates": min(options.replicates, MOST_BURST_RECORDS),
        "seed": options.seed,
        "progress": run.progress,
        **about.request,
    }


def _if_it_applies(name: str) -> Callable[[Run], Sequence[StepSubject]]:
    """Asked by a run only where the record can answer: nobody is told of what nobody asked."""

    def subjects(run: Run) -> Sequence[StepSubject]:
        return [] if find_measure(name).applies_to(run.record) else [StepSubject(name, name)]

    return subjects


def _explanations(run: Run, about: StepSubject) -> Arguments:
    run.progress("explanations", 0, None, "worlds")
    return {"findings": run.found, "wave": about.wave or 1}


def _if_facts(name: str) -> Callable[[Run], Sequence[StepSubject]]:
    return lambda run: [StepSubject(name, name)] if run.inputs.facts else []


#: The measures in the order they are asked; later ones read what earlier ones found.
BUILT_IN: Final = (
    Measure(
        "coverage",
        "birdfall.measures.coverage",
        "what was watched when",
        section="method",
        command="look",
    ),
    Measure(
        "waves",
        "birdfall.measures.waves",
        "did something fall",
        arguments=_waves,
        section="base",
    ),
    Measure(
        "audiences",
        "birdfall.measures.audiences",
        "whose audience was it",
        arguments=_audiences,
        subjects=_each_wave("audiences"),
        needs=lambda _run: ("waves",),
        section="audience",
    ),
    Measure(
        "returns",
        "birdfall.measures.returns",
        "did they come back",
        arguments=_returns,
        subjects=_each_wave("returns"),
        needs=lambda _run: ("waves",),
        section="returns",
    ),
    Measure(
        "reinstatements",
        "birdfall.measures.reinstatements",
        "were many reinstated at once",
        arguments=_bursts,
        subjects=_if_it_applies("reinstatements"),
        section="reinstatements",
    ),
    Measure(
        "ledgers",
        "birdfall.measures.ledgers",
        "who lost which followers",
        kind="ledger",
        arguments=lambda _run, about: {"leaders": about.leaders},
        subjects=_ledger_subjects,
        needs=lambda run: () if run.chosen_leaders() else ("waves", "audiences"),
        section="ledgers",
        missing=_missing_leaders,
        accounts=("details.leader", "parameters.leader", "reasons.values.leader"),
    ),
    Measure(
        "counts",
        "birdfall.measures.follower_counts",
        "what follower counts alone tell",
        function="follower_counts",
        arguments=_follower_counts,
        section="counts",
        accounts=("parameters.leaders", "parameters.controls", "details.leader"),
    ),
    Measure(
        "reconciliation",
        "birdfall.pipeline.published",
        "do the published figures agree",
        function="reconcile",
        arguments=lambda run, _about: {"facts": run.inputs.facts},
        subjects=_if_facts("reconciliation"),
        section="reconciliation",
        missing=_missing_facts,
        version_name="RECONCILE_VERSION",
        texts=("details.leader", "parameters.leader"),
    ),
    Measure(
        "coordination",
        "birdfall.measures.coordination",
        "who acted in concert",
        arguments=_coordination,
        subjects=_networks,
        section="coordination",
        command="coordinate",
        exports=(*TABLE_FORMATS, "gexf", "graphml"),
        # acts that turn out to hold nothing of the trace, such as texts too short to tell
        unmeasurable=Note("no-acts", {"needs": "acts"}),
        objects=("parameters.leave_out",),
    ),
    Measure(
        "brigades",
        "birdfall.measures.brigades",
        "who reported them",
        arguments=_brigades,
        section="brigades",
    ),
    Measure(
        "creations",
        "birdfall.measures.creations",
        "were they made together",
        arguments=_bursts,
        subjects=_if_it_applies("creations"),
        section="creations",
    ),
    Measure(
        "automation",
        "birdfall.measures.automation",
        "were they automated",
        arguments=_automation,
        subjects=_largest_wave("automation"),
        needs=lambda run: ("waves",) if run.chosen_leaders() else ("waves", "audiences"),
        section="automation",
        accounts=("parameters.leaders",),
    ),
)
#: Asked last, since they weigh or use the findings of all others.
CONCLUDING: Final = (
    Measure(
        "explanations",
        "birdfall.explanations",
        "which explanation fits",
        arguments=_explanations,
        subjects=_largest_wave("explanations"),
        needs=lambda _run: ("waves",),
        section="explanations",
        command="explain",
    ),
    Measure(
        "explanations-published",
        "birdfall.pipeline.published",
        "which explanation fits the published figures",
        function="weigh_published_figures",
        kind="explanations",
        arguments=lambda run, _about: {"facts": run.inputs.facts, "findings": run.found},
        subjects=_if_facts("explanations-published"),
        section="explanations",
        missing=_missing_facts,
        command="explain",
    ),
    Measure(
        "claims",
        "birdfall.pipeline.statements",
        "is what was said true",
        function="check_claims",
        kind="claim",
        arguments=lambda run, _about: {"claims": run.inputs.claims, "findings": run.found},
        section="claims",
        command="check",
        accounts=("details.account",),
        texts=(
            "reasons.values.account",
            *(f"details.said.{key}" for key in ("text", "who", "where", "when")),
            *(f"details.parsed.{key}" for key in ("population", "of", "group")),
        ),
    ),
)


@cache
def catalogue() -> tuple[Measure, ...]:
    """All measures in the order they are asked: built in, of other packages, concluding."""
    return (*BUILT_IN, *_plugin_measures(), *CONCLUDING)


def _plugin_measures() -> Iterator[Measure]:
    """The measures of other packages.

    Raises UsageError for an entry point that is none, or bears a name twice.
    """
    taken = {m.name for m in (*BUILT_IN, *CONCLUDING)}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: p.name):
        measure = point.load()
        if not isinstance(measure, Measure):
            raise UsageError(
                f"{point.value} is no measure",
                where=f"entry point {point.name} of {GROUP}",
                why="A birdfall.pipeline.catalogue.Measure is expected there.",
                fix="Mend the package, or uninstall it.",
            )
        if measure.name in taken:
            raise UsageError(
                f"there are two measures called {measure.name!r}",
                where=f"entry point {point.name} of {GROUP}",
                fix="Give the other package's measure another name.",
            )
        taken.add(measure.name)
        yield measure


def find_measure(name: str) -> Measure:
    """The measure of that name. Raises UsageError with the known names."""
    for measure in catalogue():
        if measure.name == name:
            return measure
    known = ", ".join(m.name for m in catalogue())
    raise UsageError(f"there is no measure {name!r}", fix=f"Measures: {known}.")


def measure_of(finding: Finding) -> Measure | None:
    """The measure that makes findings of this kind, that of its name if several do; None if no
    installed package has it.
    """
    of_kind = [m for m in catalogue() if m.finding_kind == finding.kind]
    return next((m for m in of_kind if m.name == finding.name), of_kind[0] if of_kind else None)


def extra_sections() -> list[Section]:
    """The report's sections that other packages' measures bring."""
    return [m.section for m in catalogue() if isinstance(m.section, Section)]
