"""Audiences: whose followers were hit more than chance, and which audiences explain a wave?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.audiences.applies import (
        applies_to,
    )
    from birdfall.measures.audiences.measure import (
        METHOD_VERSION,
        audiences,
    )

__all__ = [
    "METHOD_VERSION",
    "applies_to",
    "audiences",
]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "measure": (
            "METHOD_VERSION",
            "audiences",
        ),
    },
)
