"""Signs in texts, found in bytes: what DuckDB's regular expressions find, of any text."""

import random

import duckdb
import pyarrow as pa
import pytest

from birdfall.sources.table.signs_in_texts import HASHTAGS, LINKS, MENTIONS, find_in_texts

PARTS = (
    "#", "@", ".", "-", " ", "a", "Z", "9", "_", "&", "/", "ñ", "＃", "＠", "é", "e\u0301", ":",
    "http://", "https://", "://", "x.co/a", ",", ")", "…", "”", "»", "\n", "\t", "#uno", "@ana",
    "#هاشتاغ", "#ña", "\u00a0", "(", "!", "\u0301", "'", "7" * 260, "x" * 300,
)  # fmt: skip


def by_expression(texts, pattern, group):
    told = pattern.replace("'", "''")
    with duckdb.connect() as connection:
        connection.register("t", pa.table({"x": texts}))
        found = connection.sql(f"SELECT regexp_extract_all(x, '{told}', {group}) FROM t").fetchall()
    return [row or [] for (row,) in found]


@pytest.mark.parametrize(("pattern", "group"), [(HASHTAGS, 1), (MENTIONS, 1), (LINKS, 0)])
def test_bytes_find_what_the_expression_finds(pattern, group):
    chance = random.Random(5)
    rows = [
        "".join(chance.choices(PARTS, k=chance.randrange(9))) if chance.random() > 0.05 else None
        for _ in range(4_000)
    ]
    texts = pa.array(rows, pa.string()).slice(7, 3_900)
    found = find_in_texts(texts, pattern).to_pylist()
    assert found == by_expression(texts, pattern, group)
    assert 200 < sum(map(bool, found)) < 3_500


@pytest.mark.parametrize("rows", [[], [None, None], [""], ["no sign"], ["://"], ["s://"]])
def test_texts_without_signs_hold_nothing(rows):
    assert find_in_texts(pa.array(rows, pa.string()), LINKS).to_pylist() == [[] for _ in rows]


def test_other_expressions_are_left_to_sql():
    assert find_in_texts(pa.array(["a"]), "a") is None
