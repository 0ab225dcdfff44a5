"""Texts of a record as pages list them: which many wrote, who was first, and what is alike."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from birdfall.record.record import Record

#: Acts whose words are their author's own: what a repost holds was written by somebody else.
WRITTEN: Final = "a.kind IN ('post', 'reply', 'quote') AND a.text <> ''"
#: Texts that are looked at to tell rare words from common ones.
SAMPLED_TEXTS: Final = 20_000
#: Words of a text that are looked for, at most: a longer text shares more of them with its copies.
MAX_WORDS: Final = 12
#: Letters of a piece that stands for a word in a text without spaces between words.
PIECE_LETTERS: Final = 4
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ListedText:
    """A text, and who wrote it.

    Parameters
    ----------
    text
        Its words.
    posts, accounts
        How often it was written, and by how many.
    first, last
        When it was first and last written.
    author
        The code of the account that wrote it first; of several at one moment, the smallest.
    together
        How many accounts wrote it at that first moment.
    rank
        Its place, from 0, among the texts that `author` wrote at that moment.
    """

    text: str
    posts: int
    accounts: int
    first: dt.datetime
    last: dt.datetime
    author: int
    together: int
    rank: int


_LISTED: Final = """
    SELECT a.text, count(*) AS posts, count(DISTINCT a.account) AS accounts,
        min(a.time) AS first, max(a.time) AS last FROM acts a WHERE {where} GROUP BY a.text"""
#: What is asked of the few texts that a page lists: who wrote each of them first.
_WITH_AUTHOR: Final = """
    WITH listed AS MATERIALIZED ({listed}),
    authors AS (SELECT b.text, min(i.code) AS author, count(DISTINCT b.account) AS together
        FROM acts b JOIN listed l ON l.text = b.text AND l.first = b.time
        JOIN ids i ON i.id = b.account WHERE b.kind IN ('post', 'reply', 'quote') GROUP BY 1),
    ranked AS (SELECT l.text, count(DISTINCT c.text) FILTER (c.text < l.text) AS rank
        FROM listed l JOIN authors f ON f.text = l.text JOIN ids i ON i.code = f.author
        JOIN acts c ON c.account = i.id AND c.time = l.first
        WHERE c.kind IN ('post', 'reply', 'quote') AND c.text <> '' GROUP BY 1)
    SELECT l.*, f.author, f.together, r.rank FROM listed l
    JOIN authors f ON f.text = l.text JOIN ranked r ON r.text = l.text ORDER BY {order}"""


def copied_texts(record: Record, limit: int, search: str = "") -> list[ListedText]:
    """The texts that the most accounts wrote, and of as many those that were written first.

    search: words that a text must hold, each of them, in any case; "": all texts that at least two
    accounts wrote.
    """
    wanted = search.lower().split()
    where = " AND ".join(
        [WRITTEN, *(f"contains(lower(a.text), $w{n})" for n in range(len(wanted)))]
    )
    order = "accounts DESC, posts DESC, first, text"
    listed = _LISTED.format(where=where) + ("" if wanted else " HAVING accounts > 1")
    return _listed(
        record,
        f"{listed} ORDER BY {order} LIMIT $limit",
        order,
        {"limit": limit, **{f"w{n}": word for n, word in enumerate(wanted)}},
    )


def text_of(record: Record, author: int, first: int, rank: int) -> ListedText | None:
    """The text that an account (by code) wrote at a moment (in microseconds), at a place among its
    texts of that moment; None if it wrote none.
    """
    if not 0 <= author < len(record.ids):
        return None
    rows = record.sql(
        f"""SELECT DISTINCT a.text FROM acts a WHERE {WRITTEN} AND a.account = $account
            AND a.time = make_timestamptz($first::BIGINT) ORDER BY a.text LIMIT 1 OFFSET $rank""",
        {"account": record.ids.id_of[author].as_py(), "first": first, "rank": rank},
    )
    found = listed_texts(record, rows.column("text").to_pylist())
    return found[0] if found else None


def listed_texts(record: Record, texts: Sequence[str]) -> list[ListedText]:
    """These texts, in the order in which they were first written."""
    where = f"{WRITTEN} AND a.text IN (SELECT unnest($texts))"
    return _listed(record, _LISTED.format(where=where), "first, text", {"texts": list(texts)})


def _listed(
    record: Record, listed: str, order: str, values: dict[str, str | int | list[str]]
) -> list[ListedText]:
    if not record.has("acts") or values.get("texts") == []:
        return []
    order = re.sub(r"\b(accounts|posts|first|text)\b", r"l.\1", order)
    rows = record.sql(_WITH_AUTHOR.format(listed=listed, order=order), values)
    return [ListedText(**row) for row in rows.to_pylist()]


def texts_alike(record: Record, text: str, limit: int) -> list[str]:
    """Other texts that share one of the rarer words of a text, by how many they share: all whose
    words are at least half those of the text and of them together are among these, as far as
    `limit` and `MAX_WORDS` reach.

    Of a text with fewer than three words, pieces of `PIECE_LETTERS` letters stand for words.
    """
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))
    if len(words) < 3:
        line = "".join(words)
        last = max(len(line) - PIECE_LETTERS, 0)
        words = list(dict.fromkeys(line[n : n + PIECE_LETTERS] for n in range(last + 1)))
    words = [word for word in words if word]
    if not words or not record.has("acts"):
        return []
    named = {f"w{n}": word for n, word in enumerate(words)}
    counts = ", ".join(f"count(*) FILTER (contains(text, ${name})) AS {name}" for name in named)
    common = record.sql(
        f"""SELECT {counts} FROM (SELECT lower(a.text) AS text FROM acts a WHERE {WRITTEN}
            LIMIT {SAMPLED_TEXTS})""",
        named,
    ).to_pylist()[0]
    # two sets of which half is shared share one of any half of the words and one more
    rarest = sorted(named, key=lambda name: (common[name], name))[: len(named) // 2 + 1][:MAX_WORDS]
    shared = " + ".join(f"contains(lower(text), ${name})::INTEGER" for name in rarest)
    rows = record.sql(
        f"""SELECT text FROM (SELECT DISTINCT a.text FROM acts a WHERE {WRITTEN}
            AND ({" OR ".join(f"contains(lower(a.text), ${name})" for name in rarest)})
            AND a.text <> $text)
            ORDER BY {shared} DESC, text LIMIT $limit""",
        {**{name: named[name] for name in rarest}, "text": text, "limit": limit},
    )
    return list(rows.column("text").to_pylist())


@dataclass(frozen=True, slots=True)
class ListedPost:
    """A post as pages list it: by code who wrote it, when, and the words; "" for none."""

    code: int
    time: dt.datetime
    text: str


def posts_of_text(record: Record, text: str, size: int, start: int = 0) -> list[ListedPost]:
    """Posts of exactly this text in the order of time, at most `size`, after the first `start`."""
    rows = record.sql(
        f"""SELECT i.code, a.time, a.text FROM acts a JOIN ids i ON i.id = a.account
            WHERE {WRITTEN} AND a.text = $text ORDER BY a.time, i.code LIMIT $size OFFSET $start""",
        {"text": text, "size": size, "start": start},
    )
    return [ListedPost(**row) for row in rows.to_pylist()]


def words_at(record: Record, codes: Sequence[int], times: Sequence[int]) -> list[ListedPost]:
    """For each account (by code) and moment (microseconds), what the account wrote or passed on
    then: the longest of its texts of that moment.
    """
    wanted = pa.table(
        {
            "place": pa.array(range(len(codes)), pa.int64()),
            "code": pa.array(codes, pa.int32()),
            "at": pa.array(times, pa.int64()),
        }
    )
    record.connection.register("wanted_posts", wanted)
    rows = record.sql(
        """WITH w AS (SELECT p.*, i.id FROM wanted_posts p JOIN ids i USING (code)),
        found AS (SELECT w.place, arg_max(a.text, length(a.text)) AS text FROM w JOIN acts a
            ON a.account = w.id AND a.time = make_timestamptz(w.at)
            WHERE a.text IS NOT NULL GROUP BY 1)
        SELECT w.code, make_timestamptz(w.at) AS time, coalesce(f.text, '') AS text
        FROM w LEFT JOIN found f USING (place) ORDER BY w.place"""
    )
    return [ListedPost(**row) for row in rows.to_pylist()]
