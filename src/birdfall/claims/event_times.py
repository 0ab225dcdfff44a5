"""The falls and the returns of a record, as claims are held against them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from birdfall.claims.windows import EventTimes
from birdfall.measures.suspensions import spells
from birdfall.record.record import Record

#: Stands for "no lower bound" while times are integers.
_NO_BOUND_US = -(2**62)


def read_events(record: Record) -> tuple[EventTimes, EventTimes]:
    """All falls of a record, and all returns."""
    table = spells(record)
    code = table.column("code").to_numpy().astype(np.int64)
    ended_as = table.column("ended_as").to_pylist()
    returned = np.array([status in ("active", "limited") for status in ended_as], bool)
    events = []
    for first, last, keep in (
        ("fell_after", "fell_by", np.ones(len(code), bool)),
        ("ended_after", "ended_by", returned),
    ):
        low, high = (
            table.column(name).cast("int64").fill_null(_NO_BOUND_US).to_numpy()
            for name in (first, last)
        )
        low = np.where(low <= _NO_BOUND_US, high, low)
        events.append(EventTimes(code[keep], low[keep] / 1e6, high[keep] / 1e6))
    falls, returns = events
    return falls, replace(returns, fell=falls.select(returned))
