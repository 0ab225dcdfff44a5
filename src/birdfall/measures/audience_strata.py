"""Strata: groups of accounts alike in age, activity, number of accounts followed, language and client, within which the
fallen are compared. What the record does not tell is left out, and said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.record.query import Record

#: Strata smaller than this are merged with a neighbour: they would decide nothing.
SMALLEST = 50


@dataclass(frozen=True)
class Strata:
    """of: int32[n], stratum per account code. traits: what they were made from. names: a label per stratum."""

    of: np.ndarray
    traits: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def number(self) -> int:
        return len(self.names)


def strata(record: Record, following: np.ndarray, before: int) -> Strata:
    """Strata of all accounts, from what was known before `before` (us). following: accounts each follows."""
    n = len(record.ids)
    parts: list[tuple[str, np.ndarray, list[str]]] = [("following", *_bins(following.astype(float), 4))]
    if record.has("accounts"):
        age = _numbers(
            record,
            "SELECT i.code, epoch(min(a.created_at)) FROM accounts a JOIN ids i ON i.id = a.account WHERE a.created_at IS NOT NULL GROUP BY 1",
            n,
        )
        if np.isfinite(age).any():
            parts.append(("age", *_bins(-age, 4)))
        parts += _labels(
            record,
            "language",
            "SELECT i.code, any_value(a.language) FROM accounts a JOIN ids i ON i.id = a.account WHERE a.language IS NOT NULL GROUP BY 1",
            n,
        )
    if record.has("acts"):
        activity = _numbers(
            record,
            "SELECT i.code, count(*) FROM acts a JOIN ids i ON i.id = a.account WHERE epoch_us(a.time) < $1 GROUP BY 1",
            n,
            before,
        )
        parts.append(("activity", *_bins(np.nan_to_num(activity), 4)))
        parts += _labels(
            record,
            "client",
            "SELECT i.code, mode(a.client) FROM acts a JOIN ids i ON i.id = a.account WHERE a.client IS NOT NULL AND epoch_us(a.time) < $1 GROUP BY 1",
            n,
            before,
        )
    key = np.zeros(n, np.int64)
    for _, bins, labels in parts:
        key = key * len(labels) + bins
    kept, of = np.unique(key, return_inverse=True)
    of, kept = _merged(of, kept)
    return Strata(of.astype(np.int32), tuple(name for name, _, _ in parts), tuple(_name(k, parts) for k in kept))


def _numbers(record: Record, query: str, n: int, before: int | None = None) -> np.ndarray:
    rows = record.sql(query, [before] if before is not None else None)
    values = np.full(n, np.nan)
    values[rows.column(0).to_numpy()] = rows.column(1).to_numpy()
    return values


def _bins(values: np.ndarray, number: int) -> tuple[np.ndarray, list[str]]:
    """Quantile bins; unknown values are a bin of their own."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), np.int64), ["all"]
    cuts = np.unique(np.quantile(values[known], np.arange(1, number) / number))
    bins = np.searchsorted(cuts, np.where(known, values, 0), "right")
    labels = [f"{i + 1}/{len(cuts) + 1}" for i in range(len(cuts) + 1)]
    if not known.all():
        bins[~known] = len(labels)
        labels.append("unknown")
    return bins.astype(np.int64), labels


def _labels(
    record: Record, name: str, query: str, n: int, before: int | None = None, most: int = 6
) -> list[tuple[str, np.ndarray, list[str]]]:
    """The commonest values of a trait; the rest together, the unknown together."""
    rows = record.sql(query, [before] if before is not None else None)
    if not rows.num_rows:
        return []
    values = np.array(rows.column(1).to_pylist(), dtype=object).astype(str)
    names, inverse, number = np.unique(values, return_inverse=True, return_counts=True)
    top = np.argsort(-number, kind="stable")[:most]
    place = np.full(len(names), len(top))
    place[top] = np.arange(len(top))
    bins = np.full(n, len(top) + 1, np.int64)
    bins[rows.column(0).to_numpy()] = place[inverse]
    return [(name, bins, [*names[top].tolist(), "other", "unknown"])]


def _merged(of: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strata that are too small joined with the next one in order."""
    sizes = np.bincount(of, minlength=len(kept))
    target = np.arange(len(kept))
    filled = 0
    current = 0
    for s in range(len(kept)):
        target[s] = current
        filled += sizes[s]
        if filled >= SMALLEST:
            current, filled = current + 1, 0
    if filled and current:  # the last ones are too few by themselves
        target[target == current] = current - 1
    first = np.array([np.flatnonzero(target == t)[0] for t in range(target.max() + 1)])
    return target[of], kept[first]


def _name(key: int, parts: list[tuple[str, np.ndarray, list[str]]]) -> str:
    named = []
    for name, _, labels in reversed(parts):
        key, at = divmod(int(key), len(labels))
        named.append(f"{name} {labels[at]}")
    return ", ".join(reversed(named))
