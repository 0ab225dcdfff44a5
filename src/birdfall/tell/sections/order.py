"""The sections below the first screen, in the order a sceptical editor asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.tell.blocks import WrittenSection
from birdfall.tell.page import Page, Section, SectionWriter
from birdfall.tell.sections import (
    audiences,
    automation,
    base_rates,
    brigades,
    claims,
    coordination,
    creations,
    explanations,
    follower_counts,
    ledgers,
    methods,
    objections,
    reconciliation,
    refusals,
    reinstatements,
    returns,
)

#: What was measured, by kind of finding; a measure from outside adds its section here.
MEASURE_SECTIONS: Final = (
    Section("claims", claims.section, "claim"),
    Section("audience", audiences.section, "audiences"),
    Section("returns", returns.section, "returns"),
    Section("reinstatements", reinstatements.section, "reinstatements"),
    Section("ledgers", ledgers.section, "ledger"),
    Section("counts", follower_counts.section, "counts"),
    Section("reconciliation", reconciliation.section, "reconciliation"),
    Section("coordination", coordination.section, "coordination"),
    Section("brigades", brigades.section, "brigades"),
    Section("creations", creations.section, "creations"),
    Section("automation", automation.section, "automation"),
    Section("explanations", explanations.section, "explanations"),
)
#: What holds for all findings: base rates, refusals, objections, methods.
CLOSING_SECTIONS: Final = (
    Section("base", base_rates.section, "waves"),
    Section("refused", refusals.section),
    Section("wrong", objections.section),
    Section("method", methods.section),
)
#: All built-in sections, in the order of the report.
SECTIONS: Final = (*MEASURE_SECTIONS, *CLOSING_SECTIONS)
#: The section of each kind of finding that has one.
SECTION_BY_KIND: Final[Mapping[str, SectionWriter]] = {s.kind: s.write for s in SECTIONS if s.kind}


def order_sections(extra: Sequence[Section] = ()) -> tuple[Section, ...]:
    """The sections of a report with those of measures from outside, after the built-in measures.

    Parameters
    ----------
    extra
        Sections of measures from outside, in the order they are to stand.

    Raises
    ------
    UsageError
        If a key is taken: anchors are unique in a page.
    """
    taken = {s.key for s in SECTIONS}
    for section in extra:
        if section.key in taken:
            raise UsageError(
                f"the report has a section {section.key!r} already",
                fix="Give the section of the measure another key.",
            )
        taken.add(section.key)
    return (*MEASURE_SECTIONS, *extra, *CLOSING_SECTIONS)


def write_sections(page: Page, order: Sequence[Section] = SECTIONS) -> list[WrittenSection]:
    """All sections that have something to say, in order."""
    written = [WrittenSection(s.key, s.title(page.say), s.write(page)) for s in order]
    return [s for s in written if s.body]
