"""Made-up cases; their truth is what they were built from, never what was found in them."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from birdfall.claims.subjects import ClaimSource
from birdfall.measures.ledgers import ledger
from birdfall.measures.waves import waves
from birdfall.model.settings import Settings
from birdfall.record.record import from_tables
from builders import after, counts, follows, statuses

HOUR, DAY, DAYS = 3600, 86400, 40


@dataclass(frozen=True)
class KnownCase:
    """How a case is built.

    Accounts 0 .. fans-1 follow @leader; `rivals` others follow @control. In the ten minutes from
    `onset`, `hit` fans, `rivals_hit` rivals and `others` accounts fall; `back` of the fans hit and
    `others_back` of the others are back on the next day, in the hour from `home_min` minutes after
    the onset on. Besides, `quiet` accounts a day fall over forty days. The count of @minister is
    `high`, then `low` for four hours, then `later`.
    """

    name: str
    onset: dt.datetime
    zone: str
    leader: str
    control: str
    minister: str
    fans: int
    rivals: int
    hit: int
    rivals_hit: int
    others: int
    back: int
    others_back: int
    quiet: int
    levels: tuple[int, int, int]
    home_min: int
    strangers: int = 5000

    @property
    def fallen(self):
        return self.hit + self.rivals_hit + self.others

    @property
    def restored(self):
        return self.back + self.others_back

    @property
    def missing(self):
        return self.fallen - self.restored

    @property
    def local(self):
        return self.onset.astimezone(ZoneInfo(self.zone))

    @cache  # noqa: B019 (three cases)
    def source(self):
        """The record with its waves, ready to hold claims against."""
        draw = np.random.default_rng(5)
        start = self.onset - dt.timedelta(days=30, hours=12)
        ids = [f"u{i}" for i in range(self.fans + self.rivals + self.strangers)]
        fans, rivals = ids[: self.fans], ids[self.fans : self.fans + self.rivals]
        strangers = ids[self.fans + self.rivals :]
        others = strangers[: self.others]
        hit = [*fans[: self.hit], *rivals[: self.rivals_hit], *others]
        rows = [(a, "suspended", after(self.onset, draw.random() * 600)) for a in hit]
        calm = strangers[self.others : self.others + self.quiet * DAYS]
        rows += [(a, "suspended", after(start, draw.random() * DAYS * DAY)) for a in calm]
        morning = self.onset + dt.timedelta(minutes=self.home_min)
        back = [*fans[: self.back], *others[: self.others_back]]
        rows += [(a, "active", after(morning, draw.random() * HOUR)) for a in back]
        rows.sort(key=lambda row: row[2])
        edges = [(a, self.leader, after(start, -100 * DAY)) for a in fans]
        edges += [(a, self.control, after(start, -100 * DAY)) for a in rivals]
        series = []
        high, low, later = self.levels
        for hour in range(DAYS * 24):
            moment = start + dt.timedelta(hours=hour)
            fell, home = moment > self.onset, moment > morning + dt.timedelta(hours=1)
            series.append((self.leader, moment, self.fans - self.hit * fell + self.back * home))
            series.append((self.control, moment, self.rivals - self.rivals_hit * fell))
            soon = self.onset + dt.timedelta(hours=4)
            series.append(
                (self.minister, moment, low if fell and moment < soon else later if fell else high)
            )
        settings = Settings(leaders=(self.leader,), controls=(self.control,), time_zone=self.zone)
        record = from_tables(
            {
                "accounts": pa.table({"account": [*ids, self.leader, self.control, self.minister]}),
                "statuses": statuses(rows),
                "follows": follows(edges),
                "counts": counts(series),
            },
            settings,
        )
        found = {name: ledger(record, name) for name in (self.leader, self.control, self.minister)}
        return ClaimSource(record, {**found, "waves": waves(record, replicates=99)}, settings)


CARACAS = KnownCase(
    "caracas",
    dt.datetime(2013, 10, 31, 17, 50, tzinfo=dt.UTC),
    "UTC",
    "presidencia", "opositor", "ministra",
    fans=6000, rivals=4000, hit=3000, rivals_hit=60, others=240, back=1000, others_back=100,
    quiet=20, levels=(32000, 1, 17000), home_min=970, strangers=10003,
)  # fmt: skip
#: Its wave begins on 4 March in UTC and on 3 March where the case is.
QUITO = KnownCase(
    "quito",
    dt.datetime(2016, 3, 4, 2, 30, tzinfo=dt.UTC),
    "America/Guayaquil",
    "alcaldia", "bomberos", "ministra",
    fans=2500, rivals=1000, hit=500, rivals_hit=10, others=290, back=400, others_back=200,
    quiet=4, levels=(9000, 40, 6000), home_min=700,
)  # fmt: skip
TUNIS = KnownCase(
    "tunis",
    dt.datetime(2019, 7, 18, 6, 5, tzinfo=dt.UTC),
    "Africa/Tunis",
    "baladiya", "nadi", "ministra",
    fans=800, rivals=1500, hit=600, rivals_hit=150, others=50, back=60, others_back=20,
    quiet=2, levels=(15000, 300, 12000), home_min=1620,
)  # fmt: skip
#: Its wave begins on 10 February in UTC and in the evening of the 9th where the case is.
MANAUS = KnownCase(
    "manaus",
    dt.datetime(2021, 2, 10, 1, 20, tzinfo=dt.UTC),
    "America/Manaus",
    "prefeita", "sindicato", "ministra",
    fans=4000, rivals=2000, hit=1200, rivals_hit=300, others=500, back=300, others_back=200,
    quiet=6, levels=(24000, 800, 20000), home_min=600,
)  # fmt: skip
#: Nobody came back, and the account compared was hit harder.
AMMAN = KnownCase(
    "amman",
    dt.datetime(2018, 5, 6, 9, 15, tzinfo=dt.UTC),
    "Asia/Amman",
    "tareq", "nour", "wazir",
    fans=900, rivals=900, hit=90, rivals_hit=450, others=60, back=0, others_back=0,
    quiet=10, levels=(5000, 4500, 4800), home_min=1440,
)  # fmt: skip
CASES = (CARACAS, QUITO, TUNIS)
BY_NAME = {case.name: case for case in (*CASES, MANAUS, AMMAN)}
