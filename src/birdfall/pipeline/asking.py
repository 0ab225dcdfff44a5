"""What a measure needs before it is asked: data that carry its answer, and findings of others."""

from __future__ import annotations

from collections.abc import Sequence

from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding, Note, say_the_same
from birdfall.pipeline.catalogue import find_measure
from birdfall.pipeline.context import Inputs, Run
from birdfall.pipeline.measure import Measure
from birdfall.record.case import Case
from birdfall.record.record import Record


def refuse(note: Note | None) -> None:
    """Raise CannotAnswer with what is missing, if anything is."""
    if note is not None:
        raise CannotAnswer(
            f"this record cannot answer that: {note.code}", why=str(note.values.get("needs", ""))
        )


def require_data(measure: Measure, record: Record) -> None:
    """Raise CannotAnswer where the record cannot carry the measure's answer."""
    refuse(measure.applies_to(record))


def begin_run(
    record: Record, case: Case | None, found: dict[str, Finding], waves: Finding | None
) -> Run:
    """An inquiry with the findings at hand. waves: those in question, if not the ones found."""
    if waves is not None and ("waves" not in found or not say_the_same(waves, found["waves"])):
        # what was found of other waves says nothing of these
        found = {"waves": waves}
    inputs = Inputs() if case is None else Inputs.from_case(case)
    return Run(record, inputs=inputs, found=found)


def measure_first(run: Run, needs: Sequence[str]) -> None:
    """Put the findings of other measures that are not at hand into the run.

    Raises CannotAnswer where waves are needed and the record carries none.
    """
    for name in needs:
        measure = find_measure(name)
        if any(f.kind == measure.finding_kind for f in run.found.values()):
            continue
        if name == "waves":
            require_data(measure, run.record)
        for subject in measure.subjects_of(run):
            run.add(*measure.answer(run, subject))


def known_ids(record: Record, names: Sequence[str] | None) -> list[str] | None:
    """The ids of accounts named by id or by handle."""
    from birdfall.pipeline.intake import known_id  # the readers, which a case on disk rarely needs

    return None if names is None else [known_id(record, name) for name in names]
