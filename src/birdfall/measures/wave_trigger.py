"""What the fallen of a wave share that others do not: the common trigger, by fast subset scan over disjoint traits.

For each trait (client of the last act, language, month of creation) accounts fall into disjoint values; the subset of values
whose accounts fell most beyond their share is a prefix of the values ordered by rate (Neill 2012), so the best of all
2^m subsets is found in m steps. Significance by drawing the fallen anew from all accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.record.query import Record

#: Subsets of more values than this explain nothing to a reader.
MOST_VALUES = 3
REPLICATES = 199
#: A trait is worth a word if the fallen have it at least this many times as often, and at least this many of them.
TIMES, SHARE = 2.0, 0.3

_TRAITS = {
    "client": """SELECT i.code, arg_max(a.client, a.time) AS value FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.client IS NOT NULL AND epoch_us(a.time) <= $1 GROUP BY i.code""",
    "language": "SELECT i.code, any_value(a.language) AS value FROM accounts a JOIN ids i ON i.id = a.account WHERE a.language IS NOT NULL GROUP BY i.code",
    "created": """SELECT i.code, strftime(min(a.created_at), '%Y-%m') AS value FROM accounts a JOIN ids i ON i.id = a.account
        WHERE a.created_at IS NOT NULL GROUP BY i.code""",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trigger:
    """trait and value(s) with the share of the fallen and of all accounts that have it, and the Monte-Carlo p."""

    trait: str
    value: str
    share: float
    base_share: float
    p: float


def trigger(record: Record, fallen: np.ndarray, before: int, *, seed: int = 0) -> Trigger | None:
    """The strongest shared trait of the accounts `fallen` (codes), as known before `before` (us); None if none stands out."""
    best: tuple[float, Trigger] | None = None
    rng = np.random.default_rng(seed)
    for trait, query in _TRAITS.items():
        needed = "acts" if trait == "client" else "accounts"
        if not record.has(needed):
            continue
        rows = record.sql(query, [before] if "$1" in query else None)
        codes, values = rows.column(0).to_numpy(), rows.column(1).to_pylist()
        hit = np.isin(codes, fallen)
        if hit.sum() < 20 or hit.sum() > 0.8 * len(hit):
            continue
        names, value = np.unique(np.array(values, dtype=object).astype(str), return_inverse=True)
        if len(names) < 2:
            continue
        everyone = np.bincount(value).astype(float)
        strength, chosen = _best_subset(np.bincount(value[hit], minlength=len(names)).astype(float), everyone)
        drawn = rng.multivariate_hypergeometric(
            everyone.astype(np.int64), int(hit.sum()), REPLICATES, method="marginals"
        )
        above = sum(_best_subset(d.astype(float), everyone)[0] >= strength for d in drawn)
        inside = np.isin(value, chosen)
        found = Trigger(
            trait,
            ", ".join(names[chosen]),
            float(inside[hit].mean()),
            float(inside.mean()),
            (above + 1) / (REPLICATES + 1),
        )
        if (
            found.p <= 0.01
            and found.share >= SHARE
            and found.share >= TIMES * found.base_share
            and (best is None or strength > best[0])
        ):
            best = strength, found
    return best[1] if best else None


def _best_subset(fallen: np.ndarray, everyone: np.ndarray) -> tuple[float, np.ndarray]:
    """The prefix of values by rate with the largest Poisson likelihood ratio: (ratio, value numbers)."""
    expected = everyone * fallen.sum() / everyone.sum()
    order = np.argsort(-fallen / np.maximum(expected, 1e-12), kind="stable")[:MOST_VALUES]
    c, m = np.cumsum(fallen[order]), np.cumsum(expected[order])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(c > m, c * np.log(c / m) - (c - m), 0.0)
    ratio = np.nan_to_num(ratio)
    top = int(np.argmax(ratio))
    return float(ratio[top]), order[: top + 1]
