"""Returns: did suspended accounts come back, how many, and how soon?

`returns` is the measure; `return_curve` draws the curve of given absences, as ledgers do for the
followers a leader lost.
"""

from birdfall.measures.returns.curves import (
    CURVE_SCHEMA,
    MAX_CURVE_ROWS,
    ReturnCurve,
    return_curve,
)
from birdfall.measures.returns.measure import METHOD_VERSION, applies_to, returns
from birdfall.measures.returns.turnbull import IntervalCurve

__all__ = [
    "CURVE_SCHEMA",
    "MAX_CURVE_ROWS",
    "METHOD_VERSION",
    "IntervalCurve",
    "ReturnCurve",
    "applies_to",
    "return_curve",
    "returns",
]
