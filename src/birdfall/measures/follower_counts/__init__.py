"""Follower counts: what counts alone tell of a loss, and whether published figures agree.

`follower_counts` measures net and gross losses of counted accounts; `reconcile` holds published
figures (`read_facts`) against each other.
"""

from birdfall.measures.follower_counts.measure import (
    METHOD_VERSION,
    applies_to,
    follower_counts,
)
from birdfall.measures.follower_counts.reconcile import (
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
    "read_facts",
    "reconcile",
]
