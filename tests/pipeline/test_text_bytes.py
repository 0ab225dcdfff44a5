"""What is told of columns by their bytes is what each text tells by itself."""

import datetime as dt

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from birdfall.pipeline.csv_cells import _cells, plain_value, safe_cell
from birdfall.pipeline.pseudonyms import Pseudonyms
from birdfall.record.ids import Ids
from birdfall.record.mentions import Mentions

ODD = st.sampled_from("=+-@\t\r\n\x1b\x7f\x80\x9f\u200e\u2028\u202e\u2066\u2069 ¿é…🦜ا")
TEXTS = st.lists(st.none() | st.text(ODD | st.characters(codec="utf-8"), max_size=4), max_size=6)
TIMES = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))
WHOLE = TIMES.map(lambda time: time.replace(microsecond=0))


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(0, 2))
@example(["a\u202eb"], 0)
@example(["x", "\x9f"], 1)
def test_cells_are_made_safe_in_columns_as_one_by_one(texts, skipped):
    column = pa.array(texts, pa.string()).slice(skipped)
    assert _cells(column).to_pylist() == [safe_cell(text) for text in texts[skipped:]]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.none() | WHOLE, max_size=4) | st.lists(st.none() | TIMES, max_size=4),
    st.sampled_from([None, "UTC"]),
)
def test_times_are_written_in_columns_as_one_by_one(times, zone):
    column = pa.chunked_array([pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", zone))])
    plain = [None if time is None else plain_value(time) for time in column.to_pylist()]
    assert _cells(column).to_pylist() == plain


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=70), max_size=5), st.binary(max_size=80))
def test_ids_of_posts_are_called_in_columns_as_one_by_one(posts, key):
    ids = Ids(pa.array(["42"]))
    called = Pseudonyms(ids, frozenset(), key, Mentions(ids))
    shared = called.table(pa.table({"act_id": pa.array(posts, pa.string())}))
    assert shared.column("act_id").to_pylist() == [called.digest(post) for post in posts]


def test_accounts_are_called_the_same_few_or_many_at_once():
    ids = Ids(pa.array([f"{number}" for number in range(1000)]))
    public = frozenset({"7", "elsewhere"})
    few, many = (Pseudonyms(ids, public, b"key", Mentions(ids)) for _ in range(2))
    accounts = [*(f"{number}" for number in range(900)), "elsewhere", "unknown", None]
    at_once = many.table(pa.table({"account": pa.array(accounts, pa.string())}))
    one_by_one = [
        few.table(pa.table({"account": pa.array([account], pa.string())})).column("account")[0]
        for account in ["1", "7", "899", "elsewhere", "unknown", None]
    ]
    found = dict(zip(accounts, at_once.column("account").to_pylist(), strict=True))
    assert [found[a] for a in ["1", "7", "899", "elsewhere", "unknown", None]] == [
        one.as_py() for one in one_by_one
    ]
