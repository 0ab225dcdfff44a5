"""Reinstatements: were many suspended accounts brought back at once?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.reinstatements.applies import (
        applies_to,
    )
    from birdfall.measures.reinstatements.measure import (
        METHOD_VERSION,
        reinstatements,
    )

__all__ = ["METHOD_VERSION", "applies_to", "reinstatements"]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "measure": (
            "METHOD_VERSION",
            "reinstatements",
        ),
    },
)
