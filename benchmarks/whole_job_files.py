"""The made-up files of `whole_job.py`: posts, what became of their accounts, and who follows whom.

Four shapes, none of which a measure was tuned on. `zipf`: 6 to 24 words a post from a vocabulary of
40,000 by Zipf's law, 55 % reposts, a tenth near copies, links and tags in a fifth, an account for
ten posts. `narrow`: the same, of ten stems and digits. `few`: the same by an account for a thousand
posts. `long`: 60 to 240 words a post, nothing copied, an account for three posts. Of all accounts
3 % are suspended, a third of them within ten minutes, and each follows six. `counts`: the followers
of accounts by day.
"""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

#: Posts for one account, and the fewest and most words of a post, by shape.
SHAPES = {"zipf": (10, 6, 24), "narrow": (10, 6, 24), "few": (1000, 6, 24), "long": (3, 60, 240)}
VOCABULARY = 40_000
STEMS = ("voto", "calle", "paz", "gente", "hoy", "marcha", "pueblo", "luz", "agua", "pan")
START = int(dt.datetime(2013, 10, 1, tzinfo=dt.UTC).timestamp())
SPAN, BURST = 30 * 86_400, 600
WAVE = START + 20 * 86_400
REPOSTS, NEAR_COPIES, TAGGED, SUSPENDED, FOLLOWED = 0.55, 0.1, 0.2, 0.03, 6


def vocabulary(shape: str, chance: np.random.Generator) -> np.ndarray:
    """The words of a shape, the most frequent first."""
    if shape == "narrow":
        return np.array([f"{stem}{digit}" for digit in range(10) for stem in STEMS], object)
    letters = np.array(list("eaosrnidlctumpbgvyqhfzjñx"), object)
    lengths = chance.integers(2, 11, VOCABULARY)
    return np.array(["".join(chance.choice(letters, n)) for n in lengths], object)


def texts(shape: str, number: int, chance: np.random.Generator) -> list[str]:
    """The texts of that many posts: one in ten is an earlier one with a word changed."""
    _, fewest, most = SHAPES[shape]
    words = vocabulary(shape, chance)
    weights = 1 / np.arange(1, len(words) + 1) if shape != "narrow" else np.ones(len(words))
    cumulated = np.cumsum(weights / weights.sum())
    lengths = chance.integers(fewest, most + 1, number)
    chosen = np.searchsorted(cumulated, chance.random(lengths.sum()))
    chosen = np.minimum(chosen, len(words) - 1)
    ends = np.cumsum(lengths)
    copied = (chance.random(number) < NEAR_COPIES) & (shape != "long")
    tagged = chance.random(number) < TAGGED
    of = (chance.random(number) * np.arange(number)).astype(np.int64)
    found: list[str] = []
    for at, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True)):
        if copied[at] and at:
            text = f"{found[of[at]]} {words[chosen[end - 1]]}"
        else:
            text = " ".join(words[chosen[end - length : end]])
            if tagged[at]:
                text += f" https://example.org/{chosen[end - 1]} #{words[chosen[end - length]]}"
        found.append(text[: 280 if shape != "long" else 2800])
    return found


def iso(seconds: np.ndarray) -> pa.Array:
    """Times as text, to the second, in UTC."""
    stamps = np.datetime_as_string(seconds.astype("datetime64[s]"))
    return pa.array(np.char.add(stamps, "Z").tolist())


def named(codes: np.ndarray) -> pa.Array:
    """Ids of accounts."""
    return pa.array([str(700_000_000 + 7 * code) for code in codes.tolist()])


def write_table(folder: Path, name: str, columns: dict[str, pa.Array]) -> None:
    """A CSV file."""
    pa_csv.write_csv(pa.table(columns), folder / f"{name}.csv")


def write_job(folder: Path, shape: str, posts: int, seed: int = 1) -> list[Path]:
    """The three files of a case with that many posts; made once."""
    paths = [folder / f"{name}.csv" for name in ("tweets", "statuses", "follows")]
    if all(path.exists() for path in paths):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng([seed, posts, *shape.encode()])
    accounts = max(posts // SHAPES[shape][0], 60)
    authors = np.minimum((accounts * chance.random(posts) ** 2).astype(np.int64), accounts - 1)
    times = np.sort(START + (chance.random(posts) * SPAN).astype(np.int64))
    ids = np.arange(posts, dtype=np.int64) + 10**17
    repost = (chance.random(posts) < REPOSTS) & (shape != "long")
    repost[0] = False
    # what is reposted was written shortly before, as a rule
    back = np.minimum(1 + (chance.pareto(0.6, posts) * 20).astype(np.int64), np.arange(posts))
    source = ids - np.maximum(back, 1)
    of = pa.array(source, mask=~repost).cast(pa.string())
    written = pa.array(texts(shape, posts, chance))
    text = pa.array([None if r else t for r, t in zip(repost, written.to_pylist(), strict=True)])
    write_table(
        folder,
        "tweets",
        {
            "id": pa.array(ids).cast(pa.string()),
            "author_id": named(authors),
            "created_at": iso(times),
            "text": text,
            "retweeted_id": of,
        },
    )
    fallen = chance.permutation(accounts)[: max(int(accounts * SUSPENDED), 3)]
    when = START + (chance.random(len(fallen)) * SPAN).astype(np.int64)
    wave = np.arange(len(fallen)) < len(fallen) // 3
    when[wave] = WAVE + (chance.random(wave.sum()) * BURST).astype(np.int64)
    write_table(folder, "statuses", {"account": named(fallen), "suspended_at": iso(when)})
    follower = np.repeat(np.arange(accounts), FOLLOWED)
    followed = np.minimum((accounts * chance.random(len(follower)) ** 3).astype(np.int64), accounts)
    write_table(folder, "follows", {"follower": named(follower), "followed": named(followed)})
    return paths


def write_suspensions(folder: Path, number: int, seed: int = 1) -> Path:
    """A list of that many suspensions, a third of them within ten minutes; made once."""
    path = folder / "suspensions.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        chance = np.random.default_rng([seed, number])
        when = START + (chance.random(number) * SPAN).astype(np.int64)
        when[: number // 3] = WAVE + (chance.random(number // 3) * BURST).astype(np.int64)
        columns = {"account": named(np.arange(number)), "suspended_at": iso(when)}
        write_table(folder, "suspensions", columns)
    return path


def write_counts(folder: Path, accounts: int, days: int, seed: int = 1) -> Path:
    """The followers of accounts by day, one of which falls by a tenth on one of them; made once."""
    path = folder / "counts.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        chance = np.random.default_rng([seed, accounts, days])
        size = np.exp(chance.normal(8, 2, accounts)).astype(np.int64) + 50
        drift = chance.normal(0.0004, 0.0004, (accounts, days)).cumsum(axis=1)
        counts = (size[:, None] * np.exp(drift)).astype(np.int64)
        counts[: accounts // 100, days // 2 :] = counts[: accounts // 100, days // 2 :] * 9 // 10
        day = np.tile(START + np.arange(days) * 86_400, accounts)
        columns = {
            "account": named(np.repeat(np.arange(accounts), days)),
            "observed_at": iso(day),
            "followers": pa.array(counts.ravel()),
        }
        write_table(folder, "counts", columns)
    return path
