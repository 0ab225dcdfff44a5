"""How long a CSV import into a case takes, as a ratio to DuckDB's read_csv into Parquet.

Same file, same run.

    python benchmarks/csv_import.py [rows] [shape ...] [--runs N]

Shapes: `acts` (five columns), `quoted` (text in quotes, with commas, quotes and line ends), `wide`
(the 31 columns of an information-operations release, of which 20 are used, as seven kinds of row),
`toolkit` (the columns of the Coordination Network Toolkit), `posts` (posts whose links and hashtags
are taken out of their text, a third of them retweets told by it). Beside the case, `memory` is
`ingest.load`, what `birdfall coordinate FILE` reads with. Seconds of the clock and of the
processor: where other work runs beside, the second are the ones to believe. Each shape runs in a
process of its own.
"""

import argparse
import csv
import datetime as dt
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from birdfall.record.case import Case
from birdfall.record.queries import open_connection
from birdfall.sources.ingest import ingest, load

START = dt.datetime(2013, 10, 31, tzinfo=dt.UTC)
WIDE = [
    "tweetid",
    "userid",
    "user_display_name",
    "user_screen_name",
    "user_reported_location",
    "user_profile_description",
    "user_profile_url",
    "follower_count",
    "following_count",
    "account_creation_date",
    "account_language",
    "tweet_language",
    "tweet_text",
    "tweet_time",
    "tweet_client_name",
    "in_reply_to_userid",
    "in_reply_to_tweetid",
    "quoted_tweet_tweetid",
    "is_retweet",
    "retweet_userid",
    "retweet_tweetid",
    "latitude",
    "longitude",
    "quote_count",
    "reply_count",
    "like_count",
    "retweet_count",
    "hashtags",
    "urls",
    "user_mentions",
    "poll_choices",
]


def acts(chance: random.Random, number: int) -> list[object]:
    """Acts by up to 200,000 accounts."""
    moment = (START + dt.timedelta(seconds=number * 0.7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    kind = chance.choice(["post", "repost", "like"])
    return [
        chance.randrange(200_000),
        kind,
        chance.randrange(10**9),
        moment,
        f"some text of a message {number}",
    ]


def quoted(chance: random.Random, number: int) -> list[object]:
    """The same with text as people write it."""
    words = chance.choice(
        ["«no», dijo", 'she said "no", twice', "first line\nsecond line", "plain, with a comma"]
    )
    return [*acts(chance, number)[:4], f"{words} {number} {'word ' * (number % 12)}"]


def wide(chance: random.Random, number: int) -> list[object]:
    """A tweet of a release; a third are retweets, a third carry tags, links and mentions."""
    user, moment = chance.randrange(20_000), START + dt.timedelta(seconds=number)
    tagged = number % 3 == 0
    retweet = (
        (chance.randrange(10**6), 10**17 + chance.randrange(10**5)) if number % 3 == 1 else ("", "")
    )
    return [
        10**17 + number,
        f"{user:064x}",
        f"Name {user}",
        f"screen{user}",
        "Caracas, Venezuela",
        f"I am {user}, a person",
        "",
        chance.randrange(5000),
        chance.randrange(5000),
        "2012-03-04",
        "es",
        "es",
        f"RT @someone: text {number}, with a comma",
        f"{moment:%Y-%m-%d %H:%M}",
        "Twitter for Android",
        "",
        "",
        "",
        retweet[0] != "",
        *retweet,
        "absent",
        "absent",
        0,
        0,
        0,
        0,
        "[uno, dos]" if tagged else "[]",
        "[https://example.org/a]" if tagged else "[]",
        f"[{chance.randrange(10**6)}]" if tagged else "[]",
        "",
    ]


def toolkit(chance: random.Random, number: int) -> list[object]:
    """A message: six in ten reposts, some replies, some with links."""
    user, part = chance.randrange(50_000), number % 10
    repost = f"p{chance.randrange(20_000)}" if part < 6 else ""
    reply = f"p{chance.randrange(20_000)}" if part == 6 else ""
    urls = f"https://example.org/{chance.randrange(5_000)}" if part > 7 else ""
    return [
        number,
        user,
        f"u{user}",
        repost,
        reply,
        f"a message of {user}, one of many {number}",
        1_400_000_000 + number // 3,
        urls,
    ]


def posts(chance: random.Random, number: int) -> list[object]:
    """A post of fifteen words, some of them links, hashtags and handles."""
    user = chance.randrange(50_000)
    words = [
        "vamos",
        "gente",
        "hoy",
        "el",
        "pueblo",
        "sale",
        "a",
        "la",
        "calle",
        "por",
        "su",
        "voz",
    ]
    found = [f"https://example.org/a/{number % 5000}", "#venezuela", "@leader"]
    text = " ".join([*chance.choices(words, k=14), chance.choice(found)])
    return [
        1_450_000_000_000_000_000 + number,
        1_100_000_000_000_000_000 + user,
        f"u{user}",
        f"{START + dt.timedelta(seconds=number // 3):%Y-%m-%dT%H:%M:%SZ}",
        f"RT @leader{number % 7}: {text}" if number % 3 == 0 else text,
    ]


SHAPES: dict[str, tuple[list[str], Callable[[random.Random, int], list[object]]]] = {
    "acts": (["account", "kind", "object", "created_at", "text"], acts),
    "quoted": (["account", "kind", "object", "created_at", "text"], quoted),
    "wide": (WIDE, wide),
    "toolkit": (
        [
            "message_id",
            "user_id",
            "username",
            "repost_id",
            "reply_id",
            "message",
            "timestamp",
            "urls",
        ],
        toolkit,
    ),
    "posts": (["id", "author_id", "username", "created_at", "text"], posts),
}


def write(path: Path, rows: int, shape: str = "acts") -> None:
    """A table of that shape, seed 1."""
    header, row = SHAPES[shape]
    chance = random.Random(1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(row(chance, number) for number in range(rows))


def spent() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def measured(work: Callable[[], object]) -> tuple[float, float]:
    clock, processor = spent()
    work()
    now = spent()
    return now[0] - clock, now[1] - processor


def runs(
    path: Path, small: Path, folder: Path, count: int
) -> Iterator[dict[str, tuple[float, float]]]:
    def duck() -> None:
        with open_connection() as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_csv('{path}')) "
                f"TO '{folder}/duck.parquet' (COMPRESSION zstd)"
            )

    ingest(Case.create(folder / "warm"), small)
    for turn in range(count):
        case = Case.create(folder / f"case-{turn}")
        yield {
            "duckdb": measured(duck),
            "case": measured(lambda case=case: ingest(case, path)),
            "memory": measured(lambda: load(path)),
        }


def told(shape: str, rows: int, count: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, small = folder / "rows.csv", folder / "small.csv"
        write(path, rows, shape)
        write(small, 100, shape)
        found = list(runs(path, small, folder, count))
        size = path.stat().st_size
    # The middle of the runs' own ratios: both sides of each ran under the same load.
    middle = {
        f"{what}_ratio_{kind}": round(
            sorted(r[what][k] / r["duckdb"][k] for r in found)[count // 2], 2
        )
        for what in ("case", "memory")
        for k, kind in enumerate(("clock", "processor"))
    }
    best = {
        f"{what}_s": round(min(r[what][0] for r in found), 2)
        for what in ("duckdb", "case", "memory")
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "shape": shape,
        "rows": rows,
        "megabytes": round(size / 1e6),
        **middle,
        **best,
        "peak_gb": round(peak, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("shapes", nargs="*", default=[])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--here", action="store_true", help="in this process")
    options = parser.parse_args()
    for shape in options.shapes or SHAPES:
        if options.here:
            print(json.dumps(told(shape, options.rows, options.runs)), flush=True)
        else:
            command = [
                sys.executable,
                __file__,
                str(options.rows),
                shape,
                "--runs",
                str(options.runs),
                "--here",
            ]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
