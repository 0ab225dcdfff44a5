"""Made-up files of the journeys, as the people have them who bring them."""

import csv
import datetime as dt
import io
import random
from pathlib import Path

from suspension_lists import suspension_list

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "data"
FOLLOWED = ("@presidencia", "@oposicion")


def fourcat_export():
    """Reposts as 4CAT exports a search of X: some accounts repost within seconds of each other."""
    text = io.StringIO()
    columns = (
        "id", "thread_id", "timestamp", "unix_timestamp", "link", "subject", "body", "author",
        "author_fullname", "author_id", "source", "language_guess", "is_retweet", "retweeted_user",
        "is_reply", "replied_user", "is_quote_tweet", "quoted_user", "hashtags", "urls", "mentions",
    )  # fmt: skip
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    posts = {}
    with (EXAMPLES / "tweets.csv").open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            moment = dt.datetime.fromisoformat(row["created_at"])
            number_of_post = posts.setdefault(row["object"], 5_000 + len(posts))
            writer.writerow(
                {
                    "id": 10_000 + number,
                    "thread_id": 10_000 + number,
                    "timestamp": f"{moment:%Y-%m-%d %H:%M:%S}",
                    "unix_timestamp": int(moment.timestamp()),
                    "link": f"https://x.com/{row['account']}/status/{10_000 + number}",
                    "body": f"RT @herald: what post number {number_of_post} says to everybody",
                    "author": row["account"],
                    "author_fullname": row["account"].title(),
                    "author_id": 900_000 + int(row["account"].removeprefix("reader")),
                    "source": "Web",
                    "language_guess": "en",
                    "is_retweet": "yes",
                    "retweeted_user": "herald",
                    "is_reply": "no",
                    "is_quote_tweet": "no",
                }
            )
    return text.getvalue()


def follower_sheet():
    """A sheet of follower counts noted each day, a column for each account; one falls."""
    draw = random.Random(3)
    counts, lines = [1_250_000, 640_000], ["date," + ",".join(FOLLOWED)]
    for day in range(40):
        moment = dt.date(2013, 10, 10) + dt.timedelta(days=day)
        counts = [n + draw.randrange(200, 400) for n in counts]
        if moment == dt.date(2013, 11, 1):
            counts[0] -= 6_600
        lines.append(f"{moment},{counts[0]},{counts[1]}")
    return "\n".join(lines) + "\n"


def reposts():
    """A plain table of reposts."""
    return (EXAMPLES / "tweets.csv").read_text("utf-8")


def stream():
    """A recorded stream with bursts of reports and waves behind them."""
    return (EXAMPLES / "stream.jsonl").read_text("utf-8")


def wrong_file():
    """A picture where a table was meant."""
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


FILES = {
    "suspended accounts.csv": suspension_list,
    "4cat-export.csv": fourcat_export,
    "followers.csv": follower_sheet,
    "reposts.csv": reposts,
    "stream.jsonl": stream,
    "photo.png": wrong_file,
}


def write_files(folder):
    """All files of the journeys in a folder; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        made = make()
        (folder / name).write_bytes(made if isinstance(made, bytes) else made.encode())
    return folder
