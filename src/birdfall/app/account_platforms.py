"""On which platforms the accounts of a case act, where its acts name several."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.app.open_case import OpenCase
from birdfall.record.platforms import read_platforms

#: What stands in an address for pairs of accounts that act on no platform in common.
ACROSS: Final = "*"
#: Platforms that are told apart: the first by name.
MAX_PLATFORMS: Final = 20


@dataclass(frozen=True)
class AccountPlatforms:
    """Which accounts act on which platforms.

    Parameters
    ----------
    names
        The platforms, by name.
    codes
        The accounts of which a platform is known, ascending: int64[n].
    acts_on
        bool[n, platforms].
    """

    names: tuple[str, ...]
    codes: np.ndarray
    acts_on: np.ndarray

    def of(self, accounts: np.ndarray) -> np.ndarray:
        """bool[n, platforms]: where accounts act; all False for those of which nothing is known."""
        place = np.minimum(np.searchsorted(self.codes, accounts), len(self.codes) - 1)
        return np.asarray(self.acts_on[place] & (self.codes[place] == accounts)[:, None])

    def keep(self, source: np.ndarray, target: np.ndarray, platform: str) -> np.ndarray:
        """bool[n]: the pairs of which both act on a platform; of `ACROSS`, those of which each acts
        somewhere, but on no platform in common. Of a platform that there is none of: no pair.
        """
        one, other = self.of(source), self.of(target)
        if platform == ACROSS:
            return np.asarray(~(one & other).any(axis=1) & one.any(axis=1) & other.any(axis=1))
        if platform not in self.names:
            return np.zeros(len(source), np.bool_)
        number = self.names.index(platform)
        return np.asarray(one[:, number] & other[:, number])


def platforms_of(opened: OpenCase) -> AccountPlatforms | None:
    """Where the accounts of a case act; None where its acts do not name two platforms."""
    return _platforms_of(opened)


@lru_cache(maxsize=8)
def _platforms_of(opened: OpenCase) -> AccountPlatforms | None:
    table = opened.ask(read_platforms)
    if table is None:
        return None
    names = sorted(set(table.column("platform").to_pylist()))[:MAX_PLATFORMS]
    if len(names) < 2:
        return None
    accounts = table.column("account").to_numpy().astype(np.int64)
    codes = np.unique(accounts)
    acts_on = np.zeros((len(codes), len(names)), np.bool_)
    which = pc.fill_null(pc.index_in(table.column("platform"), pa.array(names)), -1).to_numpy()
    acts_on[np.searchsorted(codes, accounts)[which >= 0], which[which >= 0]] = True
    return AccountPlatforms(tuple(names), codes, acts_on)
