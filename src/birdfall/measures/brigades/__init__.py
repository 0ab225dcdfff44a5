"""Brigades: were accounts reported by a crew that works together, and did the reports move
suspensions?

This face is all that the outside imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.brigades.applies import (
        applies_to,
    )
    from birdfall.measures.brigades.measure import (
        METHOD_VERSION,
        BrigadeKeywords,
        BrigadeOptions,
        brigades,
    )

__all__ = ["METHOD_VERSION", "BrigadeKeywords", "BrigadeOptions", "applies_to", "brigades"]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "measure": (
            "BrigadeKeywords",
            "BrigadeOptions",
            "METHOD_VERSION",
            "brigades",
        ),
    },
)
