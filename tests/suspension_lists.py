"""Made-up lists as people have them: suspended accounts with times, and whom they followed."""

import datetime as dt
import random


def suspension_list(zone="", accounts=400, seed=1):
    """A spreadsheet of suspended accounts: some each day, and a wave within ten minutes."""
    draw = random.Random(seed)
    start = dt.datetime(2013, 10, 20)
    rows = [
        (f"u{n:04}", start + dt.timedelta(minutes=draw.randrange(14 * 1440)))
        for n in range(accounts // 2)
    ]
    night = dt.datetime(2013, 10, 31, 17, 50)
    rows += [
        (f"u{n:04}", night + dt.timedelta(seconds=draw.randrange(600)))
        for n in range(accounts // 2, accounts)
    ]
    lines = [f"{name},{moment:%Y-%m-%d %H:%M:%S}{zone},suspended" for name, moment in rows]
    return "account,time,status\n" + "\n".join(lines) + "\n"
