"""Returns: did suspended accounts come back, how many, and how soon?

`returns` is the measure; `return_curve` draws the curve of given absences, as ledgers do for the
followers a leader lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.returns.applies import (
        applies_to,
    )
    from birdfall.measures.returns.curves import (
        CURVE_SCHEMA,
        MAX_CURVE_ROWS,
        ReturnCurve,
        return_curve,
    )
    from birdfall.measures.returns.measure import (
        METHOD_VERSION,
        returns,
    )
    from birdfall.measures.returns.turnbull import (
        IntervalCurve,
    )

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

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "curves": (
            "CURVE_SCHEMA",
            "MAX_CURVE_ROWS",
            "ReturnCurve",
            "return_curve",
        ),
        "measure": (
            "METHOD_VERSION",
            "returns",
        ),
        "turnbull": ("IntervalCurve",),
    },
)
