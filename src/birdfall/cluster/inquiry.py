"""A whole inquiry on an engine: the measures of the catalogue, asked of tables of a session.

    from birdfall.cluster.inquiry import run

    findings = run(spark, {"statuses": statuses, "follows": follows}, Settings())

The measures are those of one machine, in the same order, and so are the findings. What each leaves
to the engine, what comes to the machine that asks, and what bounds it: docs/methods/sizing.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from birdfall.cluster.engine_record import MOST_COLLECTED, EngineRecord, NotOnAnEngine, read_tables
from birdfall.cluster.follow_graph import engine_graph
from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.settings import Settings
from birdfall.pipeline.catalogue import catalogue
from birdfall.pipeline.context import Inputs, Options, Run
from birdfall.pipeline.measure import Measure, StepSubject

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: The note of what is refused here and answered on one machine, and of what reads such an answer.
REFUSED: Final = "not-on-an-engine"
LACKING: Final = "reads-what-was-not-measured"
#: Measures that read the findings of all others.
_READS_ALL: Final = ("explanations", "explanations-published", "claims")


def run(
    spark: SparkSession,
    tables: Mapping[str, DataFrame],
    settings: Settings | None = None,
    *,
    options: Options | None = None,
    inputs: Inputs | None = None,
    key: bytes = b"birdfall",
    parts: int = 16,
    most_collected: int = MOST_COLLECTED,
    progress: Progress = silent,
) -> dict[str, Finding]:
    """Run all measures on tables of an engine.

    Parameters
    ----------
    spark
        A session of Apache Spark or Sail; its workers need this package installed.
    tables
        The record's tables by name (accounts, acts, statuses, follows, counts, coverage, rejected),
        with its columns; those that may be null may be missing.
    settings, options, inputs
        As of one machine: whose audiences are in question, how it is run, claims and published
        figures.
    key
        Of the order in which accounts are numbered.
    parts
        Parts that accounts are dealt into: a worker holds one at a time.
    most_collected
        Rows that may come to this machine for one question, and accounts of its dictionary. What
        needs more is refused with the note `not-on-an-engine`.
    progress
        Called between the stages of a measure.

    Returns
    -------
    dict
        Findings by name: those of one machine on the same tables, counts equal and other numbers to
        1e-9. Their inputs bear no digest.

    Raises
    ------
    UsageError
        For a table or column the record does not have, a required column that holds nulls, and
        handles in the place of ids.
    NotOnAnEngine
        If the tables name more accounts than may be collected.
    """
    if parts < 1 or most_collected < 1:
        raise UsageError("parts and most_collected must be 1 or more")
    record = read_tables(
        spark,
        tables,
        settings or Settings(),
        key=key,
        parts=parts,
        most_collected=most_collected,
    )
    state = Run(record, options or Options(), inputs or Inputs(), progress)
    for measure in catalogue():
        for found in _answers(measure, state, record):
            state.add(found)
    return state.found


def _answers(measure: Measure, state: Run, record: EngineRecord) -> Iterator[Finding]:
    """The findings of a measure; a refusal where it cannot be measured on the engine."""
    try:
        subjects = measure.subjects_of(state)
    except NotOnAnEngine as error:
        yield _refusal(measure, state, StepSubject(measure.name, measure.name), error)
        return
    for about in subjects:
        lacking = _lacking(measure, state)
        if lacking:
            note = Note(LACKING, {"tables": ", ".join(lacking)})
            yield measure.label(state, measure.refuse(about, note))
            continue
        try:
            yield from _measured(measure, state, record, about)
        except NotOnAnEngine as error:
            yield _refusal(measure, state, about, error)


def _measured(
    measure: Measure, state: Run, record: EngineRecord, about: StepSubject
) -> list[Finding]:
    """The findings about one subject; audiences are given their graph by the engine."""
    if measure.name != "audiences" or "follows" not in record.frames:
        return measure.answer(state, about)
    note = measure.applies_to(record) or measure.missing(state, about)
    if note is not None:
        return [measure.label(state, measure.refuse(about, note))]
    return measure.measure(state, about, {"graph_at": engine_graph})


def _refusal(measure: Measure, state: Run, about: StepSubject, error: NotOnAnEngine) -> Finding:
    note = Note(REFUSED, {"tables": str(error.where or error.what)})
    return measure.label(state, measure.refuse(about, note))


def _lacking(measure: Measure, state: Run) -> list[str]:
    """The findings that a measure reads and that were refused here: without them its answer would
    be another one than on one machine.
    """
    kinds = set(measure.needs(state))
    return [
        finding.name
        for finding in state.found.values()
        if any(reason.code in (REFUSED, LACKING) for reason in finding.reasons)
        and (measure.name in _READS_ALL or finding.kind in kinds)
        and finding.kind != "coverage"
    ]
