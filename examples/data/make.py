"""Write the sample files of this folder again: the same bytes every time, nobody real in them.

    python examples/data/make.py [FOLDER]

The files are small and simulated: one October in which 300 accounts fall within ten minutes of its
last evening, most of them followers of @presidencia, and a group of eight accounts reposts the same
posts within seconds.
"""

import csv
import datetime as dt
import json
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

FIRST_DAY = dt.datetime(2013, 10, 1, tzinfo=dt.UTC)
WAVE = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)
DAYS = 31
ACCOUNTS = 1200
FOLLOWERS = 700
GROUP = [f"reader{n:04d}" for n in range(1100, 1108)]


def stamp(moment: dt.datetime) -> str:
    """A time as these files write it: UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moments(rng: random.Random, per_day: int) -> Iterator[dt.datetime]:
    """As many random moments a day, in order."""
    for day in range(DAYS):
        for second in sorted(rng.sample(range(86_400), per_day)):
            yield FIRST_DAY + dt.timedelta(days=day, seconds=second)


def posts(rng: random.Random) -> Iterator[tuple[str, ...]]:
    """Reposts of some eighty posts by everybody, and by a group within seconds of each other."""
    rows = []
    for moment in moments(rng, 60):
        rows.append((moment, f"reader{rng.randrange(ACCOUNTS):04}", f"post{rng.randrange(80):03}"))
    for number in range(12):
        begin = FIRST_DAY + dt.timedelta(days=2 * number + 3, hours=19, seconds=rng.randrange(3600))
        for account in GROUP:
            rows.append(
                (begin + dt.timedelta(seconds=rng.randrange(20)), account, f"call{number:02d}")
            )
    for moment, account, post in sorted(rows):
        yield account, "repost", post, stamp(moment)


def suspensions(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Three accounts a day, then 300 within ten minutes; half of those come back in six hours."""
    everybody = [f"reader{n:04d}" for n in range(ACCOUNTS)]
    hit = set(rng.sample(everybody[:FOLLOWERS], 260) + rng.sample(everybody[FOLLOWERS:1100], 40))
    usual = rng.sample([a for a in everybody if a not in hit], 3 * DAYS)
    rows = [(moment, account, "") for moment, account in zip(moments(rng, 3), usual, strict=True)]
    for account in sorted(hit):
        fall = WAVE + dt.timedelta(seconds=rng.randrange(600))
        back = fall + dt.timedelta(minutes=rng.randrange(60, 360))
        rows.append((fall, account, stamp(back) if rng.random() < 0.5 else ""))
    for moment, account, back in sorted(rows):
        yield account, stamp(moment), back


def follows() -> Iterator[tuple[str, str]]:
    """Who follows whom: two public accounts with audiences that overlap."""
    for number in range(ACCOUNTS):
        if number < FOLLOWERS:
            yield f"reader{number:04d}", "@presidencia"
        if number >= FOLLOWERS - 200:
            yield f"reader{number:04d}", "@oposicion"


def stream(rng: random.Random) -> Iterator[dict[str, object]]:
    """Lines as a platform sends them: an hour of quiet, then three bursts of reports and waves."""
    begin = int(dt.datetime(2023, 11, 14, 22, tzinfo=dt.UTC).timestamp() * 1_000_000)
    minute = 60_000_000
    lines: list[dict[str, object]] = []
    for number in range(300):
        follow = {"follower": f"did:example:reader{number}", "followed": "did:example:leader"}
        lines.append({"kind": "follow", **follow, "time": begin + number})
    fall = {"kind": "status", "status": "suspended"}
    for number in range(60):
        at = begin + number * minute + rng.randrange(minute)
        lines.append({**fall, "account": f"did:example:usual{number}", "time": at})
    for wave in range(3):
        at = begin + (120 + 60 * wave) * minute
        for number in range(60):
            account = f"did:example:reader{wave * 60 + number}"
            for reporter in range(6):
                report = {"account": f"did:example:reporter{reporter}", "target": account}
                name = f"{wave}-{number}-{reporter}"
                lines.append(
                    {"kind": "report", **report, "time": at - 10_000_000 + number, "id": name}
                )
            lines.append({**fall, "account": account, "time": at + number * 100_000})
    yield from sorted(lines, key=lambda line: str(line["time"]))


FACTS = """\
id,when_local,said_by,quantity,relation,value,unit,window,population,kind,source,url
1,2013-05-20,a news agency,level,over,1100000,followers,,@presidencia,level,,
2,2013-10-30,a counter,level,about,1430000,followers,,@presidencia,level,,
3,2013-10-31,a minister,lost,almost,6600,accounts,ten minutes,followers of @presidencia,gross,,
4,2013-10-31,a counter,net change,exactly,-4849,followers,day,@presidencia,net,,
"""

CLAIMS = """\
[[claim]]
text = "Almost 300 accounts were suspended in ten minutes"
who = "a minister"
when = "2013-10-31"
language = "en"

[[claim]]
text = "6.600 cuentas en diez minutos"
who = "a newspaper"
when = "2013-11-01"
language = "es"
"""

RULES = """\
[[rule]]
name = "any wave"
on = "falls"
"""


def write_table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A CSV file with this header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def main(folder: Path) -> None:
    """Write all files."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(2013)
    write_table(folder / "tweets.csv", ("account", "kind", "object", "created_at"), posts(rng))
    write_table(
        folder / "suspended.csv", ("account", "suspended_at", "restored_at"), suspensions(rng)
    )
    write_table(folder / "follows.csv", ("follower", "followed"), follows())
    (folder / "facts.csv").write_text(FACTS, "utf-8")
    (folder / "claims.toml").write_text(CLAIMS, "utf-8")
    (folder / "rules.toml").write_text(RULES, "utf-8")
    lines = (json.dumps(line) + "\n" for line in stream(rng))
    (folder / "stream.jsonl").write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
