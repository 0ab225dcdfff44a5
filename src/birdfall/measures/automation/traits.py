"""Traits in which the fallen and their controls must be alike: activity, age and audience."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT

#: Quantiles at which ages are cut for matching.
AGE_QUANTILES: Final = (0.25, 0.5, 0.75)


def matching_traits(
    record: Record, acts: np.ndarray, leaders: Sequence[str], before: int
) -> list[np.ndarray]:
    """Traits for `match_controls`, the most important first, int64[accounts] each.

    Parameters
    ----------
    record
        Read: `accounts`, and `follows` with `leaders`.
    acts
        [accounts], the number of acts of each.
    leaders
        Ids; followers of any of them are compared with followers.
    before
        Microseconds; ages are counted up to it, and only what was known before is used.
    """
    return [
        _activity_bins(acts),
        _age_bins(record, before),
        _follows_leader(record, leaders, before),
    ]


def _activity_bins(acts: np.ndarray) -> np.ndarray:
    """Powers of two of the number of acts."""
    return np.asarray(np.floor(np.log2(acts + 1)).astype(np.int64))


def _age_bins(record: Record, before: int) -> np.ndarray:
    age = np.full(len(record.ids), np.nan)
    if record.has("accounts"):
        rows = record.sql(
            """SELECT i.code, min(epoch_us(a.created_at)) FROM accounts a
            JOIN ids i ON i.id = a.account WHERE a.created_at IS NOT NULL GROUP BY 1""",
            split=EACH_ACCOUNT,
        )
        age[rows.column(0).to_numpy()] = before - rows.column(1).to_numpy()
    known = np.isfinite(age)
    bins = np.full(len(age), len(AGE_QUANTILES) + 1, np.int64)
    if known.any():
        bins[known] = np.searchsorted(np.quantile(age[known], AGE_QUANTILES), age[known], "right")
    return bins


def _follows_leader(record: Record, leaders: Sequence[str], before: int) -> np.ndarray:
    follows = np.zeros(len(record.ids), np.int64)
    if leaders and record.has("follows"):
        rows = record.sql(
            """SELECT DISTINCT i.code FROM follows f JOIN ids i ON i.id = f.follower
            WHERE list_contains($1, f.followed) AND (f.since IS NULL OR epoch_us(f.since) < $2)""",
            [list(leaders), before],
            split=EACH_ACCOUNT,
        )
        follows[rows.column(0).to_numpy()] = 1
    return follows
