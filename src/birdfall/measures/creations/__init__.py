"""Creations: were the accounts made together?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.creations.applies import (
        applies_to,
    )
    from birdfall.measures.creations.measure import (
        METHOD_VERSION,
        creations,
    )

__all__ = ["METHOD_VERSION", "applies_to", "creations"]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "measure": (
            "METHOD_VERSION",
            "creations",
        ),
    },
)
