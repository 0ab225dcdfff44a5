"""Ledgers: what happened to one leader's followers, as dated gains and losses by cause?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.ledgers.applies import (
        applies_to,
    )
    from birdfall.measures.ledgers.measure import (
        METHOD_VERSION,
        ledger,
        ledgers,
    )

__all__ = [
    "METHOD_VERSION",
    "applies_to",
    "ledger",
    "ledgers",
]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "measure": (
            "METHOD_VERSION",
            "ledger",
            "ledgers",
        ),
    },
)
