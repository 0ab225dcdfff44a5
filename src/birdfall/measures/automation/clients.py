"""Shared clients: does an account act through a client that the fallen use beyond its base rate?

The client an account last used before the moment. Its value is the log ratio of the client's share
among the fallen to that among the controls, each counted in the half of the accounts that this one
is not in, so that no account vouches for itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from birdfall.measures.automation.matching import MatchedControls
from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT

CLIENT: Final = "client"
_LAST_CLIENTS: Final = """
SELECT i.code AS code, arg_max(a.client, row(a.time, -a.line, a.client)) AS client
FROM acts a JOIN ids i ON i.id = a.account
WHERE a.client IS NOT NULL AND epoch_us(a.time) < $1 GROUP BY 1"""


def shared_client(
    record: Record, pair: MatchedControls, before: int, *, seed: int = 0
) -> np.ndarray | None:
    """Log ratio of the use of each account's client by the fallen over that by the controls.

    Parameters
    ----------
    pair
        The fallen and their controls.
    before
        Microseconds; acts before it are read.
    seed
        Seed of the halves.

    Returns
    -------
    float64[accounts] or None
        NaN outside of `pair` and where no client is known; None if fewer than two clients are.
    """
    rows = record.sql(_LAST_CLIENTS, [before], split=EACH_ACCOUNT)
    apps, app = np.unique(
        rows.column("client").to_numpy(zero_copy_only=False).astype(str), return_inverse=True
    )
    if len(apps) < 2:
        return None
    used = np.full(len(record.ids), -1, np.int64)
    used[rows.column("code").to_numpy()] = app
    return use_log_ratios(used, len(apps), pair, seed=seed)


def use_log_ratios(
    used: np.ndarray, apps: int, pair: MatchedControls, *, seed: int = 0
) -> np.ndarray:
    """Log ratios by what each account used, float64[accounts].

    used: int64[accounts], number of the client, -1 where unknown. apps: how many clients there are.
    """
    found = np.full(len(used), np.nan)
    rng = np.random.default_rng([seed, 6])
    # by client, so that halves do not hang on the codes
    one, other = (np.argsort(used[codes], kind="stable") for codes in (pair.fallen, pair.controls))
    sides = [
        (pair.fallen[one], np.ones(len(pair.fallen))),
        (pair.controls[other], pair.weight[other]),
    ]
    halves = [rng.permutation(len(codes)) % 2 for codes, _ in sides]
    for half in (0, 1):
        shares = []
        for (codes, weight), part in zip(sides, halves, strict=True):
            there = (part != half) & (used[codes] >= 0)
            counts = np.bincount(used[codes[there]], weight[there], apps) + 0.5
            shares.append(counts / counts.sum())
        ratio = np.log(shares[0] / shares[1])
        for (codes, _), part in zip(sides, halves, strict=True):
            mine = codes[(part == half) & (used[codes] >= 0)]
            found[mine] = ratio[used[mine]]
    return found
