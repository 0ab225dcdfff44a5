"""How made-up cases are built in which accounts come back in several rounds."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from birdfall.claims.subjects import ClaimSource
from birdfall.measures.ledgers import ledger
from birdfall.measures.waves import waves
from birdfall.model.settings import Settings
from birdfall.record.record import from_tables
from builders import after, counts, follows, statuses

DAYS = 30


def moment(zone, *when):
    return dt.datetime(*when, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def spread(first, last, begin, end):
    """A count that goes from one number to another between two hours."""
    return lambda hour: int(first + (last - first) * min(max((hour - begin) / (end - begin), 0), 1))


def source(*, zone, onset, lasts, names, followers, strangers, hit, back, quiet, others):
    """A case where `hit` of the followers of two accounts and of strangers fall evenly over
    `lasts` seconds, `back` of them come back in the hour after each of several moments, and
    `quiet` strangers a day fall besides. others: counts of other accounts by hours after the onset.
    """
    draw = np.random.default_rng(11)
    start = onset - dt.timedelta(days=DAYS)
    groups = [[f"{name}{n}" for n in range(size)] for name, size in zip(
        "fcs", (*followers, strangers), strict=True)]  # fmt: skip
    fallen = [account for group, n in zip(groups, hit, strict=True) for account in group[:n]]
    places = draw.permutation((np.arange(len(fallen)) + 0.5) / len(fallen) * lasts)
    rows = [(a, "suspended", after(onset, at)) for a, at in zip(fallen, places, strict=True)]
    calm = groups[2][hit[2] : hit[2] + quiet * 2 * DAYS]
    rows += [(a, "suspended", after(start, draw.random() * 2 * DAYS * 86400)) for a in calm]
    taken = [0, 0, 0]
    for when, numbers in back:
        for kind, n in enumerate(numbers):
            again = groups[kind][taken[kind] : taken[kind] + n]
            rows += [(a, "active", after(when, draw.random() * 3600)) for a in again]
            taken[kind] += n
    rows.sort(key=lambda row: row[2])
    series = []
    for hour in range(2 * DAYS * 24):
        at = start + dt.timedelta(hours=hour)
        for kind, name in enumerate(names):
            home = sum(n[kind] for when, n in back if at >= when + dt.timedelta(hours=1))
            gone = hit[kind] if at > onset else 0
            series.append((name, at, followers[kind] - gone + home))
        since = (at - onset).total_seconds() / 3600
        series += [(name, at, level(since)) for name, level in others.items()]
    settings = Settings(leaders=names[:1], controls=names[1:], time_zone=zone)
    long_ago = after(start, -50 * 86400)
    owned = zip(names, groups, strict=False)
    edges = [(account, name, long_ago) for name, group in owned for account in group]
    record = from_tables(
        {
            "accounts": pa.table({"account": [*(a for g in groups for a in g), *names, *others]}),
            "statuses": statuses(rows),
            "follows": follows(edges),
            "counts": counts(series),
        },
        settings,
    )
    found = {name: ledger(record, name) for name in (*names, *others)}
    return ClaimSource(record, {**found, "waves": waves(record, replicates=99)}, settings)
