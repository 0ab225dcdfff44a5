"""Waves: were there intervals with more suspensions than the base rate explains, and how large?

`waves` is the measure. `fit_baseline`, `design_detector` and `back_test` serve the live watch, which
holds streams against the same base rate.
"""

from birdfall.measures.waves.backtest import BackTest, Detector, back_test, design_detector
from birdfall.measures.waves.baseline import ASSUMED_SIZE, Baseline, fit_baseline
from birdfall.measures.waves.measure import METHOD_VERSION, applies_to, waves

__all__ = [
    "ASSUMED_SIZE",
    "METHOD_VERSION",
    "BackTest",
    "Baseline",
    "Detector",
    "applies_to",
    "back_test",
    "design_detector",
    "fit_baseline",
    "waves",
]
