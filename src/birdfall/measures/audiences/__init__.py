"""Audiences: whose followers were hit more than chance, and which audiences explain a wave?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.audiences.applies import (
        applies_to,
    )
    from birdfall.measures.audiences.follow_graph import (
        COLOUR_ROUNDS,
        E_VALUE_BOOSTS,
        Draws,
        StratumRates,
        follow_graph_at,
        spread_over_follows,
    )
    from birdfall.measures.audiences.measure import (
        METHOD_VERSION,
        audiences,
    )
    from birdfall.measures.audiences.tables import (
        MAX_OTHER_AUDIENCES,
    )

__all__ = [
    "COLOUR_ROUNDS",
    "E_VALUE_BOOSTS",
    "MAX_OTHER_AUDIENCES",
    "METHOD_VERSION",
    "Draws",
    "StratumRates",
    "applies_to",
    "audiences",
    "follow_graph_at",
    "spread_over_follows",
]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "follow_graph": (
            "COLOUR_ROUNDS",
            "E_VALUE_BOOSTS",
            "Draws",
            "StratumRates",
            "follow_graph_at",
            "spread_over_follows",
        ),
        "measure": (
            "METHOD_VERSION",
            "audiences",
        ),
        "tables": ("MAX_OTHER_AUDIENCES",),
    },
)
