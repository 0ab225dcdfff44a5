"""What must hold of returns that are known from looks."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from audit.bursts import statuses
from audit.makes.looks import Looked, looked_at
from birdfall.measures.ledgers import ledger
from birdfall.measures.returns import returns
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables


def share_of_the_seen_is_covered(median_s: float, seed: int) -> bool:
    """Whether the share back within four days lies within its interval, of the falls seen at a
    look; and whether of all falls at least as many were back as its lower edge says.
    """
    world = looked_at(np.random.default_rng(seed), accounts=300, typical_s=median_s)
    found = returns(from_tables({"statuses": _seen(world)}))
    share = found["returned_4d"]
    told = any(note.code == "short-falls-unseen" for note in found.limits)
    if share.low is None or share.high is None or not told:
        return False
    return bool(
        share.low <= world.share_back_of_seen <= share.high and share.low <= world.share_back
    )


def losses_at_looks_are_counted(seed: int) -> bool:
    """Whether a ledger from looks counts exactly the followers who were away at one, and says that
    shorter falls are in no number of it.
    """
    rng = np.random.default_rng(seed)
    world = looked_at(rng, accounts=150, typical_s=float(rng.uniform(6, 72) * 3600))
    accounts = sorted({account for account, _, _ in world.rows})
    follows = pa.table(
        {
            "follower": accounts,
            "followed": ["leader"] * len(accounts),
            "since": pa.array([0] * len(accounts), pa.int64()).cast(TIME),
            "observation": ["change"] * len(accounts),
        }
    )
    found = ledger(from_tables({"statuses": _seen(world), "follows": follows}), "leader")
    away = {account for account, status, _ in world.rows if status == "suspended"}
    told = any(note.code == "short-falls-unseen" for note in found.limits)
    return told and found["lost_suspension"].value == len(away) <= world.fell


def _seen(world: Looked) -> pa.Table:
    """What was seen at looks, as rows of statuses."""
    table = statuses(world.rows)
    seen = pa.array(["seen"] * table.num_rows)
    return table.set_column(table.schema.get_field_index("observation"), "observation", seen)
