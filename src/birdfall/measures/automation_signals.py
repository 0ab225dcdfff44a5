"""Signs of automation and of inauthentic accounts, per account, from what was known before a moment; never of one person alone.

Two families, each value larger the more machine-like or made-to-order an account looks, NaN where too little is known:
timing (how it acts: `kernels.timing`, reposts within seconds, only reposts) and profile (what it is: follows many for one
follower, handle that ends in digits, no description, made in the same hour as others, description and texts others have too).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.kernels import timing as kernel
from birdfall.record.query import Record

TIMING, PROFILE = "timing", "profile"
#: Acts without which reposts and texts of an account say nothing.
FEWEST_ACTS, FEWEST_TEXTS, FEWEST_REPOSTS = 20, 5, 5
#: A repost within so many seconds of the post was hardly read.
QUICK_S: Final = 10
#: A text is shared if so many accounts have it, and long enough not to be a greeting.
SHARED_BY, TEXT_LENGTH = 3, 20


@dataclass(frozen=True)
class Signals:
    """names and families of the signals; value: float64[signals, accounts]; acts: int64[accounts], before the moment."""

    names: tuple[str, ...]
    families: tuple[str, ...]
    value: np.ndarray
    acts: np.ndarray

    def of(self, family: str) -> np.ndarray:
        """Rows of one family."""
        return np.flatnonzero(np.array(self.families) == family)


def signals(record: Record, before: int) -> Signals:
    """All signals of all accounts, from what happened before `before` (us). Signals that nobody has are left out."""
    n = len(record.ids)
    found: dict[tuple[str, str], np.ndarray] = {}
    acts = np.zeros(n, np.int64)
    if record.has("acts"):
        acts = _times(record, n, before, found)
        _reposts(record, n, before, found)
        _texts(record, n, before, found)
    if record.has("accounts"):
        _profiles(record, n, before, found)
    kept = {k: v for k, v in found.items() if np.isfinite(v).any()}
    value = np.stack(list(kept.values())) if kept else np.zeros((0, n))
    return Signals(tuple(k[1] for k in kept), tuple(k[0] for k in kept), value, acts)


Found = dict[tuple[str, str], np.ndarray]


def _times(record: Record, n: int, before: int, found: Found) -> np.ndarray:
    rows = record.sql(
        "SELECT i.code AS code, epoch_us(a.time) AS time FROM acts a JOIN ids i ON i.id = a.account "
        "WHERE a.kind <> 'report' AND epoch_us(a.time) < $1 ORDER BY 1, 2", [before],
    )  # fmt: skip
    acts = np.bincount(rows.column("code").to_numpy(), minlength=n).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(acts)])
    values, _ = kernel.timing(start, rows.column("time").to_numpy().astype(np.int64))
    for k, name in enumerate(kernel.SIGNALS):
        found[TIMING, name] = values[:, k]
    return acts


def _reposts(record: Record, n: int, before: int, found: Found) -> None:
    found[TIMING, "reposts"] = _filled(n, record.sql(
        f"""SELECT i.code, avg((a.kind = 'repost')::INT) FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind IN ('post', 'repost', 'reply', 'quote') AND epoch_us(a.time) < $1
        GROUP BY 1 HAVING count(*) >= {FEWEST_ACTS}""", [before],
    ))  # fmt: skip
    found[TIMING, "quick"] = _filled(n, record.sql(
        f"""SELECT i.code, avg((epoch_us(r.time) - p.time <= {QUICK_S * 1_000_000})::INT) FROM acts r
        JOIN (SELECT object, min(epoch_us(time)) AS time FROM acts WHERE kind IN ('post', 'reply', 'quote') GROUP BY 1) p USING (object)
        JOIN ids i ON i.id = r.account WHERE r.kind = 'repost' AND epoch_us(r.time) < $1
        GROUP BY 1 HAVING count(*) >= {FEWEST_REPOSTS}""", [before],
    ))  # fmt: skip


def _texts(record: Record, n: int, before: int, found: Found) -> None:
    """The share of an account's texts that others wrote too, word for word but for names, addresses and signs."""
    found[PROFILE, "copied_texts"] = _filled(n, record.sql(
        rf"""WITH said AS (SELECT i.code, hash(regexp_replace(lower(a.text), 'https?://\S+|[@#]\w+|[^[:alnum:]]+', ' ', 'g')) AS text
        FROM acts a JOIN ids i ON i.id = a.account WHERE a.kind IN ('post', 'reply', 'quote') AND strlen(a.text) >= {TEXT_LENGTH}
        AND epoch_us(a.time) < $1), shared AS (SELECT text FROM said GROUP BY text HAVING count(DISTINCT code) >= {SHARED_BY})
        SELECT code, avg((text IN (SELECT text FROM shared))::INT) FROM said GROUP BY code HAVING count(*) >= {FEWEST_TEXTS}""", [before],
    ))  # fmt: skip


def _profiles(record: Record, n: int, before: int, found: Found) -> None:
    # what is said of an account's beginning is true whenever it was seen; what changes must have been seen before
    seen = "(a.observed_at IS NULL OR epoch_us(a.observed_at) < $1)"
    found[PROFILE, "follows_many"] = _filled(n, record.sql(
        f"""SELECT i.code, ln((arg_max(a.following, a.observed_at) + 1) / (arg_max(a.followers, a.observed_at) + 1))
        FROM (SELECT * REPLACE (coalesce(observed_at, TIMESTAMPTZ '1970-01-01') AS observed_at) FROM accounts a WHERE {seen}) a
        JOIN ids i ON i.id = a.account WHERE a.following >= 0 AND a.followers >= 0 GROUP BY 1""", [before],
    ))  # fmt: skip
    found[PROFILE, "digits"] = _filled(n, record.sql(
        r"""SELECT i.code, max(length(regexp_extract(split_part(a.handle, '.', 1), '\d*$'))) FROM accounts a
        JOIN ids i ON i.id = a.account WHERE a.handle IS NOT NULL GROUP BY 1"""
    ))  # fmt: skip
    found[PROFILE, "bare"] = _filled(n, record.sql(
        f"""SELECT i.code, min((a.description = '')::INT) FROM accounts a JOIN ids i ON i.id = a.account
        WHERE a.description IS NOT NULL AND {seen} GROUP BY 1""", [before],
    ))  # fmt: skip
    found[PROFILE, "cohort"] = _filled(n, record.sql(
        """WITH born AS (SELECT account, min(epoch_us(created_at)) // 3600000000 AS hour FROM accounts
        WHERE created_at IS NOT NULL AND epoch_us(created_at) < $1 GROUP BY 1)
        SELECT i.code, count(*) OVER (PARTITION BY hour) FROM born b JOIN ids i ON i.id = b.account
        WHERE (SELECT count(*) FILTER (hour % 24 <> 0) > 0.5 * count(*) FROM born)""", [before],
    ))  # fmt: skip
    found[PROFILE, "copied_description"] = _filled(n, record.sql(
        f"""WITH told AS (SELECT i.code, lower(max(a.description)) AS text FROM accounts a JOIN ids i ON i.id = a.account
        WHERE a.description IS NOT NULL AND {seen} GROUP BY 1)
        SELECT code, (strlen(text) >= {TEXT_LENGTH} AND count(*) OVER (PARTITION BY hash(text)) >= {SHARED_BY})::INT FROM told""", [before],
    ))  # fmt: skip


def _filled(n: int, rows: pa.Table) -> np.ndarray:
    """float64[n] from rows (code, number); NaN where there is none."""
    values = np.full(n, np.nan)
    values[rows.column(0).to_numpy()] = rows.column(1).to_numpy(zero_copy_only=False).astype(float)
    return values
