"""What must hold of returns that are known from looks."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from audit.bursts import statuses
from audit.makes.looks import looked_at
from birdfall.measures.returns import returns
from birdfall.record.record import from_tables


def share_of_the_seen_is_covered(median_s: float, seed: int) -> bool:
    """Whether the share back within four days lies within its interval, of the falls seen at a
    look; and whether of all falls at least as many were back as its lower edge says.
    """
    world = looked_at(np.random.default_rng(seed), accounts=300, typical_s=median_s)
    table = statuses(world.rows)
    seen = pa.array(["seen"] * table.num_rows)
    table = table.set_column(table.schema.get_field_index("observation"), "observation", seen)
    found = returns(from_tables({"statuses": table}))
    share = found["returned_4d"]
    told = any(note.code == "short-falls-unseen" for note in found.limits)
    if share.low is None or share.high is None or not told:
        return False
    return bool(
        share.low <= world.share_back_of_seen <= share.high and share.low <= world.share_back
    )
