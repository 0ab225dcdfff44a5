"""Follower counts: what counts alone tell of a loss, and whether published figures agree.

`follower_counts` measures net and gross losses of counted accounts; `reconcile` holds published
figures (`read_facts`) against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.follower_counts.applies import (
        applies_to,
    )
    from birdfall.measures.follower_counts.measure import (
        METHOD_VERSION,
        follower_counts,
    )
    from birdfall.measures.follower_counts.published_rows import (
        published_tables,
    )
    from birdfall.measures.follower_counts.reconciliation import (
        FACT_COLUMNS,
        RECONCILE_VERSION,
        Fact,
        read_facts,
        reconcile,
    )

__all__ = [
    "FACT_COLUMNS",
    "METHOD_VERSION",
    "RECONCILE_VERSION",
    "Fact",
    "applies_to",
    "follower_counts",
    "published_tables",
    "read_facts",
    "reconcile",
]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "measure": (
            "METHOD_VERSION",
            "follower_counts",
        ),
        "published_rows": ("published_tables",),
        "reconciliation": (
            "FACT_COLUMNS",
            "Fact",
            "RECONCILE_VERSION",
            "read_facts",
            "reconcile",
        ),
    },
)
