"""Strata: groups of accounts alike in what goes with falling.

Client, accounts followed, age, activity, profile, language. The fallen are compared within them
only. What the record does not hold is left out, and noted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT

#: Strata smaller than this are merged with a neighbour: they would decide nothing.
MIN_STRATUM_ACCOUNTS: Final = 50
QUARTILES: Final = (0.25, 0.5, 0.75)
#: Accounts that follow very many are in every audience, and fall more often: cut finer there.
UPPER_TAIL_QUANTILES: Final = (0.25, 0.5, 0.75, 0.9, 0.97)
#: Values of a client or language that are kept apart; the rarer ones are one group.
MAX_KEPT_LABELS: Final = 6


@dataclass(frozen=True)
class AccountStrata:
    """Strata of all accounts.

    Parameters
    ----------
    of
        int32[n], stratum per account code.
    traits
        What they were made from, the most important first.
    names
        A label per stratum.
    """

    of: np.ndarray
    traits: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many strata there are."""
        return len(self.names)


@dataclass(frozen=True)
class _Trait:
    """One trait of every account. bin: int64[n] into labels."""

    name: str
    bin: np.ndarray
    labels: list[str]


def strata(record: Record, following: np.ndarray, before: int) -> AccountStrata:
    """Strata of all accounts from what was known before a moment.

    Parameters
    ----------
    following
        int64[n], accounts each follows.
    before
        Microseconds.

    Notes
    -----
    The first traits matter most for who falls by a rule; the later ones are the first to be merged
    where accounts are few.
    """
    n = len(record.ids)
    found = [
        _client(record, n, before),
        _Trait("following", *_bins(following.astype(float), UPPER_TAIL_QUANTILES)),
        _age(record, n),
        _activity(record, n, before),
        _profile(record, n),
        _language(record, n, before),
    ]
    traits = [t for t in found if t is not None and len(t.labels) > 1]
    key = np.zeros(n, np.int64)
    for trait in traits:
        key = key * len(trait.labels) + trait.bin
    kept, of = np.unique(key, return_inverse=True)
    target = _merge_small_strata(np.bincount(of), kept // _mixed_radix(traits[1:]))
    first = np.flatnonzero(np.r_[True, np.diff(target) > 0])
    return AccountStrata(
        target[of].astype(np.int32),
        tuple(t.name for t in traits),
        tuple(_stratum_name(int(k), traits) for k in kept[first]),
    )


def _client(record: Record, n: int, before: int) -> _Trait | None:
    """The client each account acts through: what a rule against automation goes by."""
    return _labels(
        record,
        "client",
        n,
        "SELECT i.code, mode(a.client ORDER BY a.client) FROM acts a "
        "JOIN ids i ON i.id = a.account WHERE a.client IS NOT NULL "
        "AND epoch_us(a.time) < $1 GROUP BY 1",
        [before],
    )


def _age(record: Record, n: int) -> _Trait | None:
    age = _numbers(
        record,
        n,
        "SELECT i.code, epoch(min(a.created_at)) FROM accounts a JOIN ids i ON i.id = a.account "
        "WHERE a.created_at IS NOT NULL GROUP BY 1",
    )
    return _Trait("age", *_bins(-age, QUARTILES)) if np.isfinite(age).any() else None


def _activity(record: Record, n: int, before: int) -> _Trait | None:
    if not record.has("acts"):
        return None
    acts = _numbers(
        record,
        n,
        "SELECT i.code, count(*) FROM acts a JOIN ids i ON i.id = a.account "
        "WHERE epoch_us(a.time) < $1 GROUP BY 1",
        [before],
    )
    return _Trait("activity", *_bins(np.nan_to_num(acts), QUARTILES))


def _profile(record: Record, n: int) -> _Trait | None:
    """How bare a profile is: 0 full to 2 barest, 3 unknown.

    Bare is to be without a description, and to have a handle that ends in four digits or more.
    """
    bare = _numbers(
        record,
        n,
        r"""SELECT i.code, max((a.description = '')::INT
        + regexp_matches(split_part(a.handle, '.', 1), '\d{4,}$')::INT)
        FROM accounts a JOIN ids i ON i.id = a.account
        WHERE a.description IS NOT NULL AND a.handle IS NOT NULL GROUP BY 1""",
    )
    if not np.isfinite(bare).any():
        return None
    return _Trait(
        "profile",
        np.where(np.isfinite(bare), np.nan_to_num(bare), 3).astype(np.int64),
        ["full", "bare", "barest", "unknown"],
    )


def _language(record: Record, n: int, before: int) -> _Trait | None:
    """The language of the account, or else of most of what it wrote."""
    return _labels(
        record,
        "language",
        n,
        """SELECT code, arg_min(language, rank) FROM (
        SELECT i.code, min(a.language) AS language, 0 AS rank FROM accounts a
        JOIN ids i ON i.id = a.account WHERE a.language IS NOT NULL GROUP BY 1
        UNION ALL SELECT i.code, mode(a.language ORDER BY a.language), 1 FROM acts a
        JOIN ids i ON i.id = a.account WHERE a.language IS NOT NULL
        AND epoch_us(a.time) < $1 GROUP BY 1
        ) GROUP BY code""",
        [before],
    )


def _numbers(record: Record, n: int, query: str, parameters: list[int] | None = None) -> np.ndarray:
    """float64[n] from rows (code, number); NaN where there is none."""
    rows = record.sql(query, parameters, split=EACH_ACCOUNT)
    values = np.full(n, np.nan)
    values[rows.column(0).to_numpy()] = rows.column(1).to_numpy()
    return values


def _bins(values: np.ndarray, quantiles: tuple[float, ...]) -> tuple[np.ndarray, list[str]]:
    """Bins between quantiles; unknown values are a bin of their own."""
    known = np.isfinite(values)
    cuts = np.unique(np.quantile(values[known], quantiles))
    bins = np.searchsorted(cuts, np.where(known, values, 0), "right")
    labels = [f"{i + 1}/{len(cuts) + 1}" for i in range(len(cuts) + 1)]
    if not known.all():
        bins[~known] = len(labels)
        labels.append("unknown")
    return bins.astype(np.int64), labels


def _labels(record: Record, name: str, n: int, query: str, parameters: list[int]) -> _Trait | None:
    """The commonest values of a trait; the rest together, the unknown together.

    query: gives rows (code, value).
    """
    rows = record.sql(query, parameters, split=EACH_ACCOUNT)
    if not rows.num_rows:
        return None
    values = np.array(rows.column(1).to_pylist(), dtype=object).astype(str)
    names, inverse, number = np.unique(values, return_inverse=True, return_counts=True)
    top = np.argsort(-number, kind="stable")[:MAX_KEPT_LABELS]
    place = np.full(len(names), len(top))
    place[top] = np.arange(len(top))
    bins = np.full(n, len(top) + 1, np.int64)
    bins[rows.column(0).to_numpy()] = place[inverse]
    return _Trait(name, bins, [*names[top].tolist(), "other", "unknown"])


def _merge_small_strata(sizes: np.ndarray, head: np.ndarray) -> np.ndarray:
    """The stratum that each one is merged into, int64[strata], ascending.

    Neighbours are joined until they hold `MIN_STRATUM_ACCOUNTS`. sizes: int64[strata]. head:
    int64[strata], value of the first trait, ascending; strata of different values are joined only
    where one has too few in all.
    """
    target = np.zeros(len(sizes), np.int64)
    current, filled, began = 0, 0, 0  # of the stratum being filled; where its head began
    for s, size in enumerate(sizes):
        if s and head[s] != head[s - 1]:
            if 0 < filled < MIN_STRATUM_ACCOUNTS and current > began:
                target[target == current] = (
                    current - 1
                )  # what is left over of a head joins its last full stratum
                filled = 0
            began = current
        target[s] = current
        filled += int(size)
        if filled >= MIN_STRATUM_ACCOUNTS:
            current, filled = current + 1, 0
    if filled and current:  # the last ones are too few by themselves
        target[target == current] = current - 1
    return target


def _mixed_radix(traits: list[_Trait]) -> int:
    return int(np.prod([len(t.labels) for t in traits], dtype=np.int64)) if traits else 1


def _stratum_name(key: int, traits: list[_Trait]) -> str:
    """What the first of a stratum's accounts are like."""
    named = []
    for trait in reversed(traits):
        key, at = divmod(key, len(trait.labels))
        named.append(f"{trait.name} {trait.labels[at]}")
    return ", ".join(reversed(named)) or "all"
