"""Waves: were there intervals with more suspensions than the base rate explains, and how large?

`waves` is the measure of a record, `waves_from_counts` that of a series of totals. `fit_baseline`,
`design_detector` and `back_test` serve the live watch, which uses the same base rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.waves.applies import (
        applies_to,
    )
    from birdfall.measures.waves.backtest import (
        BackTest,
        Detector,
        back_test,
        design_detector,
    )
    from birdfall.measures.waves.baseline import (
        ASSUMED_SIZE,
        Baseline,
        fit_baseline,
    )
    from birdfall.measures.waves.bursts import (
        BURSTS,
        Bursts,
        burst_columns,
        find_bursts,
    )
    from birdfall.measures.waves.clock import (
        DAY_S,
        ScanClock,
        scan_clock,
    )
    from birdfall.measures.waves.describe import (
        is_inside,
    )
    from birdfall.measures.waves.from_counts import (
        CountWave,
        CountWaves,
        waves_from_counts,
    )
    from birdfall.measures.waves.measure import (
        METHOD_VERSION,
        waves,
    )
    from birdfall.measures.waves.power import (
        smallest_crowd,
        smallest_found,
        smallest_planted,
    )

__all__ = [
    "ASSUMED_SIZE",
    "BURSTS",
    "DAY_S",
    "METHOD_VERSION",
    "BackTest",
    "Baseline",
    "Bursts",
    "CountWave",
    "CountWaves",
    "Detector",
    "ScanClock",
    "applies_to",
    "back_test",
    "burst_columns",
    "design_detector",
    "find_bursts",
    "fit_baseline",
    "is_inside",
    "scan_clock",
    "smallest_crowd",
    "smallest_found",
    "smallest_planted",
    "waves",
    "waves_from_counts",
]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "backtest": (
            "BackTest",
            "Detector",
            "back_test",
            "design_detector",
        ),
        "baseline": (
            "ASSUMED_SIZE",
            "Baseline",
            "fit_baseline",
        ),
        "bursts": (
            "BURSTS",
            "Bursts",
            "burst_columns",
            "find_bursts",
        ),
        "clock": (
            "DAY_S",
            "ScanClock",
            "scan_clock",
        ),
        "describe": ("is_inside",),
        "from_counts": (
            "CountWave",
            "CountWaves",
            "waves_from_counts",
        ),
        "measure": (
            "METHOD_VERSION",
            "waves",
        ),
        "power": (
            "smallest_crowd",
            "smallest_found",
            "smallest_planted",
        ),
    },
)
