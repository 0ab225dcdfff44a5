"""Tables in memory are read as their files are."""

import datetime as dt

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import birdfall
from birdfall.model.errors import UsageError

ROWS = {
    "user": ["@Alfa", "beta"],
    "retweeted_id": ["900", "900"],
    "tweet_id": ["1", "2"],
    "created_at": [dt.datetime(2021, 10, 18, 12, 0, s, tzinfo=dt.UTC) for s in (0, 1)],
}


@pytest.mark.parametrize("make", [dict, pa.table, pd.DataFrame, "relation"])
def test_a_table_is_read_as_its_file_is(make):
    held = pa.table(ROWS)
    data = duckdb.sql("SELECT * FROM held") if make == "relation" else make(ROWS)
    acts = birdfall.read(data).record.table("acts").to_pylist()
    assert [(a["account"], a["kind"], a["object"]) for a in acts] == [
        ("alfa", "repost", "900"),
        ("beta", "repost", "900"),
    ]
    assert held.num_rows == len(acts)


def test_columns_are_said_as_for_files():
    seen = {"who": ["a"], "state of it": ["suspended"], "looked": ["2024-01-20 10:00"]}
    columns = {"account": "who", "status": "state of it", "observed_at": "looked"}
    record = birdfall.read(seen, columns=columns, time_zone="UTC").record
    assert record.table("statuses").column("observation").to_pylist() == ["seen"]
    with pytest.raises(UsageError, match="list"):
        birdfall.read([1, 2])


def test_findings_go_back_out():
    acts = {"account": ["a", "b"] * 4, "object": list("wwxxyyzz"), "time": list(range(8))}
    finding = birdfall.coordination(acts, window="5s", null="none")
    assert finding.to_pandas("edges").shape[0] == finding.to_arrow("edges").num_rows == 1
