"""Profile signals: accounts made to order, and outlets that nobody writes by hand.

Family `profile` (made to order): follows many for one follower, follows much and says little,
follows at speed, a handle that ends in digits or is unlike other handles, no description, made in
the same hour as others, a description others have too. Family `pace` (automated, of whatever kind):
posts much per day, per account followed, and per follower. The signals of the two pull opposite
ways on purpose: bought followers follow and are silent, automatic outlets speak and follow nobody.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT, ByParts

PROFILE: Final = "profile"
PACE: Final = "pace"
#: A description is shared if so many accounts have it, and long enough not to be a greeting.
MIN_SHARING_ACCOUNTS, MIN_DESCRIPTION_BYTES = 3, 20
#: With fewer handles nothing is known of how handles are formed here.
MIN_HANDLES: Final = 500
#: Younger accounts count as this many days old; without a creation time there is no daily rate.
MIN_AGE_DAYS: Final = 1.0
_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789_-"

#: float64[accounts] of each (family, signal).
SignalValues = dict[tuple[str, str], np.ndarray]


_FROM_ACCOUNTS: Final = "FROM accounts a JOIN ids i ON i.id = a.account"
#: What changes must have been seen before the moment $1; creation is true whenever it was seen.
_SEEN_BEFORE: Final = "(a.observed_at IS NULL OR epoch_us(a.observed_at) < $1)"
#: Account codes with the hour each was made in, and how many were made in the same one, where most
#: are known to the hour.
_BORN: Final = f"""
SELECT i.code, min(epoch_us(a.created_at)) // 3600000000 AS hour {_FROM_ACCOUNTS}
WHERE a.created_at IS NOT NULL AND epoch_us(a.created_at) < $1 GROUP BY 1
"""
_COHORTS: Final = """
SELECT code, count(*) OVER (PARTITION BY hour) FROM {0}
WHERE (SELECT count(*) FILTER (hour % 24 <> 0) > 0.5 * count(*) FROM {0})
"""
#: Account codes with their description, and whether several accounts have it.
_DESCRIBED: Final = f"""
SELECT i.code, lower(max(a.description)) AS text {_FROM_ACCOUNTS}
WHERE a.description IS NOT NULL AND {_SEEN_BEFORE} GROUP BY 1
"""
_COPIED: Final = f"""
SELECT code, (strlen(text) >= {MIN_DESCRIPTION_BYTES}
AND count(*) OVER (PARTITION BY hash(text)) >= {MIN_SHARING_ACCOUNTS})::INT FROM {{0}}
"""


def add_profiles(record: Record, n: int, before: int, found: SignalValues) -> None:
    """Add the signals of what an account is, or was made as, to `found`.

    n: accounts. before: microseconds.
    """
    counts = _counts(record, n, before)
    found[PROFILE, "follows_many"] = np.log((counts["following"] + 1) / (counts["followers"] + 1))
    found[PROFILE, "follows_silently"] = np.log((counts["following"] + 1) / (counts["posts"] + 1))
    found[PROFILE, "follow_rate"] = np.log((counts["following"] + 1) / counts["days"])
    digits = record.sql(
        rf"""SELECT i.code, max(length(regexp_extract(split_part(a.handle, '.', 1), '\d*$')))
        {_FROM_ACCOUNTS} WHERE a.handle IS NOT NULL GROUP BY 1""",
        split=EACH_ACCOUNT,
    )
    found[PROFILE, "digits"] = values_by_code(n, digits)
    bare = record.sql(
        f"""SELECT i.code, min((a.description = '')::INT) {_FROM_ACCOUNTS}
        WHERE a.description IS NOT NULL AND {_SEEN_BEFORE} GROUP BY 1""",
        [before],
        split=EACH_ACCOUNT,
    )
    found[PROFILE, "bare"] = values_by_code(n, bare)
    cohort = record.sql(
        f"WITH born AS ({_BORN}) {_COHORTS.format('born')}",
        [before],
        split=ByParts(_COHORTS.format("parts"), map=_BORN),
    )
    found[PROFILE, "cohort"] = values_by_code(n, cohort)
    copied = record.sql(
        f"WITH described AS ({_DESCRIBED}) {_COPIED.format('described')}",
        [before],
        split=ByParts(_COPIED.format("parts"), map=_DESCRIBED),
    )
    found[PROFILE, "copied_description"] = values_by_code(n, copied)
    found[PROFILE, "odd_handle"] = _odd_handles(record, n)


def add_pace(record: Record, n: int, before: int, found: SignalValues) -> None:
    """Add how much an account posts: per day, per account it follows, and per follower."""
    counts = _counts(record, n, before)
    for name, by in (
        ("posts_daily", counts["days"]),
        ("posts_per_followed", counts["following"] + 1),
        ("posts_per_follower", counts["followers"] + 1),
    ):
        found[PACE, name] = np.log((counts["posts"] + 1) / by)


def _counts(record: Record, n: int, before: int) -> dict[str, np.ndarray]:
    """followers, following, posts as last seen before, and days since creation: float64[n] each.

    NaN where unknown.
    """
    rows = record.sql(
        """SELECT i.code AS code, arg_max(followers, row(seen, -line, followers)) AS followers,
        arg_max(following, row(seen, -line, following)) AS following,
        arg_max(posts, row(seen, -line, posts)) AS posts,
        ($1 - min(epoch_us(created_at))) / 86400e6 AS days
        FROM (
            SELECT *, coalesce(epoch_us(observed_at), 0) AS seen FROM accounts
            WHERE observed_at IS NULL OR epoch_us(observed_at) < $1
        ) a JOIN ids i ON i.id = a.account GROUP BY 1""",
        [before],
        split=EACH_ACCOUNT,
    )
    found = {}
    code = rows.column("code").to_numpy()
    for name in ("followers", "following", "posts", "days"):
        values = np.full(n, np.nan)
        values[code] = rows.column(name).cast(pa.float64()).fill_null(np.nan).to_numpy()
        found[name] = np.where(values >= 0, values, np.nan)
    found["days"] = np.maximum(found["days"], MIN_AGE_DAYS)
    return found


def _odd_handles(record: Record, n: int) -> np.ndarray:
    """How unlike other handles a handle is, float64[n], nats.

    Minus the mean log chance of its letter pairs under those of all other handles of the record.
    """
    rows = record.sql(
        f"""SELECT i.code, lower(split_part(ltrim(min(a.handle), '@'), '.', 1))
        {_FROM_ACCOUNTS} WHERE a.handle IS NOT NULL GROUP BY 1""",
        split=EACH_ACCOUNT,
    )
    odd = np.full(n, np.nan)
    if rows.num_rows < MIN_HANDLES:
        return odd
    size = len(_CHARACTERS) + 2  # a letter of another script, and the edge of the handle
    # each between edges; a line break may stand in a handle, so edges are told by their place
    handles = pc.binary_join_element_wise("\n", rows.column(1), "\n", "").combine_chunks()
    length = pc.utf8_length(handles).to_numpy() - 1
    codes = np.frombuffer("".join(handles.to_pylist()).encode("utf-32-le"), "<u4")
    place = np.full(128, size - 2)
    place[[ord(c) for c in _CHARACTERS]] = np.arange(len(_CHARACTERS))
    flat = np.where(codes < len(place), place[np.minimum(codes, len(place) - 1)], size - 2)
    end = np.cumsum(length + 1)
    flat[end - 1] = flat[np.r_[0, end[:-1]]] = size - 1
    first = np.ones(len(flat), np.bool_)
    first[end - 1] = False
    a, b = flat[first], flat[np.flatnonzero(first) + 1]
    pairs = np.bincount(a * size + b, minlength=size * size)
    # the pair itself is taken out, half a pair of every kind put in
    chance = (pairs[a * size + b] - 0.5) / (np.bincount(a, minlength=size)[a] - 1 + 0.5 * size)
    mean = np.add.reduceat(np.log(chance), np.concatenate([[0], np.cumsum(length)[:-1]])) / length
    odd[rows.column(0).to_numpy()] = np.where(length >= 2, -mean, np.nan)
    return odd


def values_by_code(n: int, rows: pa.Table) -> np.ndarray:
    """float64[n] from rows (code, number); NaN where there is none."""
    values = np.full(n, np.nan)
    values[rows.column(0).to_numpy()] = rows.column(1).to_numpy(zero_copy_only=False).astype(float)
    return values
