"""Tables as CSV: any text comes back, as `safe_cell` has it, and no cell runs."""

from __future__ import annotations

import csv
import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import example, given
from hypothesis import strategies as st

from birdfall.pipeline.csv_cells import UNSAFE_PATTERN, plain_value, safe_cell, write_csv

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
@example("=1+1")
@example("\x80")
@example("a\u2066b")
@example("\n@")
@example("a\n=")
def test_what_arrow_takes_for_unsafe_is_what_safe_cell_changes(text):
    risky = pc.match_substring_regex(pa.array([text]), UNSAFE_PATTERN)[0].as_py()
    assert risky == (safe_cell(text) != text)


@given(st.lists(st.one_of(st.none(), TEXT), min_size=1, max_size=8))
def test_any_text_comes_back_as_a_safe_cell(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_csv(
        path, pa.table({"number": list(range(len(texts))), "text": pa.array(texts, pa.string())})
    )
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["number", "text"]
    assert [r[1] for r in rows[1:]] == [safe_cell(t) if t is not None else "" for t in texts]
    assert [int(r[0]) for r in rows[1:]] == list(range(len(texts)))


def test_times_numbers_truths_and_lists(tmp_path):
    moment = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)
    table = pa.table(
        {
            "time": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "share": pa.array([1e-7, None]),
            "whole": pa.array([3, None]),
            "yes": pa.array([True, None]),
            "people": pa.array([["=a", "b"], None], pa.list_(pa.string())),
        }
    )
    write_csv(tmp_path / "t.csv", table)
    with (tmp_path / "t.csv").open(newline="") as file:
        names, first, second = csv.reader(file)
    assert names == table.column_names and second == [""] * 5
    assert first[0] == "2013-10-31T22:20:00+00:00" and float(first[1]) == 1e-7
    assert first[2:] == ["3", "1", '["=a", "b"]']


MOMENT = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999))


@given(
    st.lists(st.one_of(st.none(), MOMENT), min_size=1, max_size=6), st.sampled_from([None, "UTC"])
)
@example([dt.datetime(2013, 10, 31, 22, 20), dt.datetime(1, 1, 1, 0, 0, 0, 100), None], "UTC")
def test_times_are_written_as_python_writes_them(tmp_path_factory, moments, zone):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    times = pa.array(moments, pa.timestamp("us")).cast(pa.timestamp("us", zone))
    write_csv(path, pa.table({"number": list(range(len(moments))), "time": times}))
    with path.open(newline="") as file:
        written = [row[1] for row in list(csv.reader(file))[1:]]
    assert written == [plain_value(v) if v is not None else "" for v in times.to_pylist()]
