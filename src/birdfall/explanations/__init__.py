"""Explanations: which cause fits what was measured, and how surely such a weighing can be trusted.

This face is all that the outside imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.explanations.boosted_trees_check import second_opinion
    from birdfall.explanations.calibration import failed_gates, measure_calibration
    from birdfall.explanations.calibration_report import calibration_tables, second_opinion_table
    from birdfall.explanations.casebook import WeighedEvent, weigh_events
    from birdfall.explanations.details import ExplanationDetails
    from birdfall.explanations.measure import (
        METHOD_VERSION,
        explanations,
        published_explanations,
    )
    from birdfall.explanations.reference_worlds import (
        fresh_worlds,
        pack_parts,
        reference,
        simulate_parts,
        unpack_parts,
        write_reference,
    )

__all__ = [
    "METHOD_VERSION",
    "ExplanationDetails",
    "WeighedEvent",
    "calibration_tables",
    "explanations",
    "failed_gates",
    "fresh_worlds",
    "measure_calibration",
    "pack_parts",
    "published_explanations",
    "reference",
    "second_opinion",
    "second_opinion_table",
    "simulate_parts",
    "unpack_parts",
    "weigh_events",
    "write_reference",
]

__getattr__ = import_lazily(
    __name__,
    {
        "boosted_trees_check": ("second_opinion",),
        "calibration": ("failed_gates", "measure_calibration"),
        "calibration_report": ("calibration_tables", "second_opinion_table"),
        "casebook": ("WeighedEvent", "weigh_events"),
        "details": ("ExplanationDetails",),
        "measure": ("METHOD_VERSION", "explanations", "published_explanations"),
        "reference_worlds": (
            "fresh_worlds",
            "pack_parts",
            "reference",
            "simulate_parts",
            "unpack_parts",
            "write_reference",
        ),
    },
)
