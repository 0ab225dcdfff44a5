"""What a finding on a trace will cost, said before it is spent."""

from __future__ import annotations

from typing import Final

from birdfall.kernels.coaction.coaction import CoactionCost
from birdfall.measures.coordination.traces import Trace
from birdfall.model.errors import printable

#: Seconds and bytes of a whole finding, per act and per pair of acts within the window: two shared
#: cores, 1 and 10 million acts.
SECONDS_PER_ACT: Final = 2.7e-6
SECONDS_PER_PAIR: Final = 2.2e-7
BYTES_PER_ACT: Final = 250
#: An object with such a share of all pairs is named before they are spent on it.
HEAVY_SHARE: Final = 0.2
#: Below so many seconds nobody asks what takes them.
UNNOTICED_SECONDS: Final = 5


def cost_line(trace: Trace, cost: CoactionCost) -> str:
    """What a finding on this trace will cost, in one line; where few objects cause most of it,
    which.
    """
    seconds = cost.acts * SECONDS_PER_ACT + cost.pairs * SECONDS_PER_PAIR
    memory = max(cost.memory, cost.acts * BYTES_PER_ACT)
    line = (
        f"coordination {trace.name}: {cost.pairs:,} pairs of acts within the window, "
        f"about {max(1.0, seconds):.0f} s and {memory / 1e9:.1f} GB"
    )
    heavy = [
        (int(o), p / cost.pairs)
        for o, p in zip(cost.objects, cost.object_pairs, strict=True)
        if p > HEAVY_SHARE * cost.pairs
    ]
    if seconds < UNNOTICED_SECONDS or not heavy:
        return line
    named = ", ".join(
        f"{printable(trace.objects[o].as_py(), 60)} ({share:.0%})" for o, share in heavy
    )
    return f"{line}; most pairs on {named}, which can be left out"
