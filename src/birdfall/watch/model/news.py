"""What detection hands on to be announced: news of waves, and of accounts that come back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from birdfall.watch.model.alert import WaveStage
from birdfall.watch.model.stream_key import StreamKey
from birdfall.watch.model.wave import Wave, WaveDetails

#: The part of the fallen whose return is worth an alert, and each further one.
RETURN_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class WaveNews:
    """A wave or burst began, has grown, or ended.

    Parameters
    ----------
    wave, stream, begin
        Its number, the stream that called it, and when it began (microseconds).
    stage
        What is new.
    end
        Until when it reaches as far as is known, in microseconds.
    size
        Fallen accounts, or reporters.
    expected
        Events that would have been usual meanwhile.
    details
        What it is made of.
    """

    wave: int
    stream: StreamKey
    begin: int
    stage: WaveStage
    end: int
    size: int
    expected: float
    details: WaveDetails


@dataclass(frozen=True, slots=True)
class ReturnNews:
    """How many of a wave's accounts can be seen again.

    wave: as it stands. moment: when this was seen, microseconds. fallen, returned: as counted now;
    quarters: full ones that are back.
    """

    wave: Wave
    moment: int
    fallen: int
    returned: int
    quarters: int

    @property
    def until_next_quarter(self) -> int:
        """Returns that come at least before another quarter is back."""
        wanted = math.ceil((self.quarters + 1) * RETURN_SHARE * self.fallen)
        return max(wanted - self.returned, 1)
