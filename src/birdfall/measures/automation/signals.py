"""Signals of automation and of inauthentic accounts, from what was known before a moment.

Each value is larger the more machine-like or made-to-order an account looks, NaN where too little
is known. Three families: timing (how it acts: `kernels.timing`, reposts within seconds, only
reposts, its own texts over and over), profile and pace (what it is, and what its counts say of its
output: `automation.profiles`). Texts that others have too belong to profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.kernels import timing as kernel
from birdfall.measures.automation.profiles import (
    PACE,
    PROFILE,
    SignalValues,
    add_pace,
    add_profiles,
    values_by_code,
)
from birdfall.measures.coordination import cluster_texts
from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT, ByParts, ByRows, in_order

TIMING: Final = "timing"
FAMILIES: Final = (TIMING, PROFILE, PACE)
#: Acts, texts and reposts without which those of an account say nothing.
MIN_ACTS, MIN_TEXTS, MIN_REPOSTS = 20, 5, 5
#: A repost within so many seconds of the post was hardly read.
QUICK_REPOST_S: Final = 10
#: A text is shared if so many accounts have it, and long enough not to be a greeting.
MIN_SHARING_ACCOUNTS, MIN_TEXT_BYTES = 3, 20
#: Texts read of each account, the last ones; fewer where accounts are very many.
MAX_TEXTS_PER_ACCOUNT, MAX_TEXTS = 50, 400_000


@dataclass(frozen=True)
class Signals:
    """All signals of all accounts.

    Parameters
    ----------
    names, families
        Of each signal.
    value
        float64[signals, accounts], NaN where unknown.
    acts
        int64[accounts], acts before the moment.
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    value: np.ndarray
    acts: np.ndarray

    def rows_of(self, family: str) -> np.ndarray:
        """Rows of `value` of one family, int64."""
        return np.flatnonzero(np.array(self.families) == family)


def signals(record: Record, before: int) -> Signals:
    """Compute all signals of all accounts from what happened before `before` (microseconds).

    Signals that no account has are left out.
    """
    n = len(record.ids)
    found: dict[tuple[str, str], np.ndarray] = {}
    acts = np.zeros(n, np.int64)
    if record.has("acts"):
        acts = _add_timing(record, n, before, found)
        _add_reposts(record, n, before, found)
        _add_texts(record, n, before, found)
    if record.has("accounts"):
        add_profiles(record, n, before, found)
        add_pace(record, n, before, found)
    kept = {k: v for k, v in found.items() if np.isfinite(v).any()}
    value = np.stack(list(kept.values())) if kept else np.zeros((0, n))
    return Signals(tuple(k[1] for k in kept), tuple(k[0] for k in kept), value, acts)


def _add_timing(record: Record, n: int, before: int, found: SignalValues) -> np.ndarray:
    """Add the timing signals; returns the number of acts, int64[n]."""
    rows = record.sql(
        """SELECT i.code AS code, epoch_us(a.time) AS time,
        (list_position($2, a.kind))::TINYINT AS kind
        FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind <> 'report' AND epoch_us(a.time) < $1 ORDER BY 1, 2, 3""",
        [before, list(kernel.KINDS)],
        split=ByParts(in_order("code", "time", "kind")),
    )
    acts = np.bincount(rows.column("code").to_numpy(), minlength=n).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(acts)])
    time = rows.column("time").to_numpy().astype(np.int64)
    values, _ = kernel.timing(start, time)
    for k, name in enumerate(kernel.SIGNALS):
        found[TIMING, name] = values[:, k]
    found[TIMING, "script"] = kernel.scripts(
        start, time, rows.column("kind").fill_null(0).to_numpy().astype(np.int64)
    )
    return acts


def _add_reposts(record: Record, n: int, before: int, found: SignalValues) -> None:
    """Add the share of reposts among acts, and of reposts within seconds among reposts."""
    reposts = record.sql(
        f"""SELECT i.code, avg((a.kind = 'repost')::INT) FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind IN ('post', 'repost', 'reply', 'quote') AND epoch_us(a.time) < $1
        GROUP BY 1 HAVING count(*) >= {MIN_ACTS}""",
        [before],
        split=EACH_ACCOUNT,
    )
    found[TIMING, "reposts"] = values_by_code(n, reposts)
    quick = record.sql(
        f"""SELECT i.code, avg((epoch_us(r.time) - p.time <= {QUICK_REPOST_S * 1_000_000})::INT)
        FROM acts r JOIN (
            SELECT object, min(epoch_us(time)) AS time FROM acts
            WHERE kind IN ('post', 'reply', 'quote') GROUP BY 1
        ) p USING (object)
        JOIN ids i ON i.id = r.account WHERE r.kind = 'repost' AND epoch_us(r.time) < $1
        GROUP BY 1 HAVING count(*) >= {MIN_REPOSTS}""",
        [before],
        split=ByRows({"acts": "kind IN ('post', 'repost', 'reply', 'quote')"}),
    )
    found[TIMING, "quick"] = values_by_code(n, quick)


def _add_texts(record: Record, n: int, before: int, found: SignalValues) -> None:
    """Add the share of an account's last texts that nearly equal others', or others of its own.

    Near copies are clusters of `coordination.text_clusters`; names, addresses and signs do not
    count.
    """
    most = int(np.clip(MAX_TEXTS // max(n, 1), MIN_TEXTS, MAX_TEXTS_PER_ACCOUNT))
    rows = record.sql(
        f"""SELECT i.code AS code, regexp_replace(a.text, '[0-9]+', '0', 'g') AS text
        FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind IN ('post', 'reply', 'quote') AND strlen(a.text) >= {MIN_TEXT_BYTES}
        AND epoch_us(a.time) < $1
        QUALIFY row_number() OVER (
            PARTITION BY i.code ORDER BY a.time DESC, a.object, a.text
        ) <= {most}
        AND count(*) OVER (PARTITION BY i.code) >= {MIN_TEXTS}
        ORDER BY code, a.time, a.object, a.text""",
        [before],
        split=ByParts(in_order("code")),
    )
    if not rows.num_rows:
        return
    code = rows.column("code").to_numpy().astype(np.int64)
    clusters = cluster_texts(rows.column("text"))
    cluster = clusters.cluster
    inside = cluster >= 0
    pair, place = np.unique(np.stack([cluster[inside], code[inside]]), axis=1, return_inverse=True)
    authors = np.bincount(pair[0], minlength=len(clusters.size))
    copied, repeated = np.zeros(len(code)), np.zeros(len(code))
    copied[inside] = authors[cluster[inside]] >= MIN_SHARING_ACCOUNTS
    repeated[inside] = np.bincount(place.ravel())[place.ravel()] >= 2
    texts = np.bincount(code, minlength=n)
    for family, name, value in (
        (PROFILE, "copied_texts", copied),
        (TIMING, "own_copies", repeated),
    ):
        share = np.bincount(code, value, n) / np.maximum(texts, 1)
        found[family, name] = np.where(texts >= MIN_TEXTS, share, np.nan)
