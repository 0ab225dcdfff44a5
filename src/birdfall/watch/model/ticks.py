"""The tick, the step in which detectors count events.

Moments are int64 microseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import Final

from birdfall.model.units import SECOND_US

#: Length of a tick in microseconds.
TICK_US: Final = 10 * SECOND_US
#: Later than any moment: "as far as is stored".
FOREVER_US: Final = 1 << 62
