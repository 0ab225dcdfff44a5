"""Tables of a record from rows as short as a test can say them.

A time is a datetime with a zone, None for unknown, or whole microseconds since 1970.
"""

import datetime as dt

import numpy as np
import pyarrow as pa

from birdfall.model.schemas import TIME


def times(moments):
    """A column of times."""
    return pa.array(moments, TIME)


def after(start, seconds):
    """The moment so many seconds after `start`; None stays None."""
    return None if seconds is None else start + dt.timedelta(seconds=float(seconds))


def _columns(rows, width):
    """Rows as columns; cells that a row leaves out at its end are None."""
    filled = [(*row, *[None] * (width - len(row))) for row in rows]
    return [[row[k] for row in filled] for k in range(width)]


def statuses(rows, *, observation="change"):
    """Rows (account, status, time[, after[, observation]]), numbered as lines of a file."""
    account, status, time, earlier, seen = _columns(rows, 5)
    return pa.table(
        {
            "account": pa.array(account, pa.string()),
            "status": pa.array(status, pa.string()),
            "time": times(time),
            "after": times(earlier),
            "observation": [observation if s is None else s for s in seen],
            "line": pa.array(range(len(rows)), pa.int64()),
        }
    )


def falls(moments, *, earlier=None):
    """Accounts a0, a1, ... suspended at these moments, or within (earlier, moment]."""
    before = [None] * len(moments) if earlier is None else earlier
    rows = zip(moments, before, strict=True)
    return statuses([(f"a{i}", "suspended", *pair) for i, pair in enumerate(rows)])


def counts(rows):
    """Rows (account, time, followers)."""
    account, time, followers = _columns(rows, 3)
    columns = {"account": account, "time": times(time)}
    return pa.table(columns | {"followers": pa.array(np.asarray(followers), pa.int64())})


def follows(rows):
    """Rows (follower, followed[, since[, until[, observed_at]]]); `seen` with observed_at."""
    follower, followed, since, until, observed = _columns(rows, 5)
    return pa.table(
        {
            "follower": follower,
            "followed": followed,
            "since": times(since),
            "until": times(until),
            "observation": ["change" if o is None else "seen" for o in observed],
            "observed_at": times(observed),
        }
    )


def coverage(rows, *, what="statuses"):
    """Rows (kind, from, to): watched, gap, sampled."""
    kind, begin, end = _columns(rows, 3)
    columns = {"from": times(begin), "to": times(end), "what": [what] * len(rows)}
    return pa.table(columns | {"kind": kind})


def acts(rows, **columns):
    """Rows (account, kind, object, time), and further columns by name."""
    account, kind, object_, time = _columns(rows, 4)
    made = {"account": account, "kind": kind, "object": object_, "time": times(time)}
    return pa.table(made | columns)
