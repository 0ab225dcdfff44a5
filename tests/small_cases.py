"""Small cases of different data, as newspapers bring them: what each is about is all they hold."""

import datetime as dt

import numpy as np
import pyarrow as pa

from birdfall.model.schemas import TIME, Rows
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Options
from birdfall.pipeline.run import run
from birdfall.record.case import Case

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
FACTS = b"""id,when_local,said_by,quantity,relation,value,unit,window,population,kind,source,url
1,2020-03-01,agency,level,exactly,1000000,followers,,@leader,level,,
2,2020-06-09,agency,level,exactly,1200000,followers,,@leader,level,,
3,2020-03-01,agency,level,exactly,2000000,followers,,@other,level,,
4,2020-06-09,agency,level,exactly,2150000,followers,,@other,level,,
5,2020-06-10,minister,lost,almost,7000,followers,ten minutes,followers of @leader,gross,,
6,2020-06-10,newspaper,lost,almost,20000,followers,ten minutes,followers of @leader,gross,,
7,2020-06-10,counter,net change,exactly,-5000,followers,day,@leader,net,,
8,2020-06-10,counter,net change,exactly,-100,followers,day,@other,net,,
9,2020-06-10,minister,level before,about,32000,followers,,@minister,level,,
10,2020-06-10,newspaper,lowest level,exactly,1,followers,,@minister,level,,
11,2020-06-11,newspaper,level later,over,17000,followers,,@minister,level,,
12,2020-06-10,newspaper,closed,about,7000,accounts,,all,gross,,
13,2020-06-10,minister,suspended,over,10000,accounts,,all,gross,,
14,2020-06-11,newspaper,restored,about,50,accounts,,all,gross,,
15,2020-06-10,spokesperson of the platform,explanation,,,,,,statement,no comment,
"""


def _times(seconds):
    return pa.array([START + dt.timedelta(seconds=float(s)) for s in seconds], TIME)


def statuses(wave=200):
    seconds = [i * 7200.0 for i in range(400)] + [150 * 7200.0 + i for i in range(wave)]
    return Rows(
        "statuses",
        pa.record_batch(
            {
                "account": [f"s{i}" for i in range(len(seconds))],
                "status": ["suspended"] * len(seconds),
                "time": _times(seconds),
                "observation": ["change"] * len(seconds),
            }
        ),
    )


def follows(wave=200):
    pairs = [(f"s{400 + i}", "leader") for i in range(wave)]
    pairs += [(f"s{i}", "control") for i in range(0, 400, 2)]
    return Rows(
        "follows",
        pa.record_batch(
            {
                "follower": [p[0] for p in pairs],
                "followed": [p[1] for p in pairs],
                "observation": ["seen"] * len(pairs),
                "observed_at": _times([0] * len(pairs)),
            }
        ),
    )


def acts(kind, *, together):
    rng = np.random.default_rng(1)
    rows = [
        (f"a{rng.integers(300)}", f"o{rng.integers(150)}", t) for t in rng.random(400) * 864_000
    ]
    if together:
        rows += [
            (f"c{c}", f"v{v}", 500_000 + 1900 * v + rng.exponential(60 if kind == "report" else 8))
            for c in range(20)
            for v in range(6)
        ]
    rows.sort(key=lambda row: row[2])
    return Rows(
        "acts",
        pa.record_batch(
            {
                "account": [r[0] for r in rows],
                "kind": [kind] * len(rows),
                "object": [r[1] for r in rows],
                "target": [r[1] if kind == "report" else None for r in rows],
                "time": _times([r[2] for r in rows]),
            }
        ),
    )


def counts(*, fall):
    rng = np.random.default_rng(2)
    rows = []
    for place, account in enumerate(("leader", "steady", "other")):
        level = 100_000.0 * (place + 1)
        for day in range(40):
            level += 100 + rng.normal(0, 10)
            if fall and day == 30 and account == "leader":
                level -= 9_000
            rows.append((account, day * 86_400, round(level)))
    rows.sort(key=lambda row: row[1])
    return Rows(
        "counts",
        pa.record_batch(
            {
                "account": [r[0] for r in rows],
                "time": _times([r[1] for r in rows]),
                "followers": pa.array([r[2] for r in rows], pa.int64()),
            }
        ),
    )


def one_account():
    """An account that was suspended, came back, and is all the data hold."""
    return Rows(
        "statuses",
        pa.record_batch(
            {
                "account": ["only"] * 2,
                "status": ["suspended", "active"],
                "time": _times([0, 7200]),
                "observation": ["change"] * 2,
            }
        ),
    )


def wave_of_three():
    """A suspension a week, but three within a minute."""
    seconds = [i * 604_800.0 for i in range(60)] + [3e7, 3e7 + 20, 3e7 + 40]
    return Rows(
        "statuses",
        pa.record_batch(
            {
                "account": [f"s{i}" for i in range(len(seconds))],
                "status": ["suspended"] * len(seconds),
                "time": _times(seconds),
                "observation": ["change"] * len(seconds),
            }
        ),
    )


def posts_in(language, *, texts):
    """Posts with their texts, a part of them word for word the same within seconds."""
    rng = np.random.default_rng(3)
    rows = [
        (f"a{rng.integers(200)}", f"{texts[0]} {rng.integers(150)}", t)
        for t in rng.random(600) * 864_000
    ]
    rows += [
        (f"c{c}", f"{texts[1]} {v}", 100_000 + 5000 * v + rng.exponential(9))
        for c in range(12)
        for v in range(8)
    ]
    rows.sort(key=lambda row: row[2])
    return Rows(
        "acts",
        pa.record_batch(
            {
                "account": [r[0] for r in rows],
                "kind": ["post"] * len(rows),
                "object": [f"p{i}" for i in range(len(rows))],
                "text": [r[1] for r in rows],
                "language": [language] * len(rows),
                "time": _times([r[2] for r in rows]),
            }
        ),
    )


NOBODY = Rows("accounts", pa.record_batch({"account": ["a"]}))
#: What each case holds.
CASES = {
    "posts": lambda: [acts("repost", together=True)],
    "quiet posts": lambda: [acts("repost", together=False)],
    "suspensions": lambda: [statuses()],
    "counts": lambda: [counts(fall=True)],
    "quiet counts": lambda: [counts(fall=False)],
    "suspensions and follows": lambda: [statuses(), follows()],
    "reports": lambda: [acts("report", together=True)],
    "figures": list,
    "nothing": lambda: [NOBODY],
    "one account": lambda: [one_account()],
    "wave of three": lambda: [wave_of_three()],
    "posts in Arabic": lambda: [
        posts_in("ar", texts=("صباح الخير من الحي", "إلى الساحة مع @leader 7,000 مرة"))
    ],
}
#: Cases that take long: that in which explanations are weighed, and others of which one like them
#: is fast.
SLOW_CASES = ("suspensions and follows", "posts in Arabic", "wave of three")


def make_case(name, folder):
    """The case of that name, measured."""
    settings = Settings(title=name, public=("leader", "control", "steady", "other"))
    case = Case.create(folder, settings, key=b"k")
    rows = CASES[name]()
    if rows:
        case.append(rows, source="rows")
    if name == "figures":
        case.put({"facts.csv": FACTS})
    run(case, Options(replicates=99, permutations=50))
    return case
