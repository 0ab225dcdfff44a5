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


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_that_know_their_zone_are_not_asked_for_it(unit):
    times = pa.array([1_634_558_400, 1_634_558_401], pa.timestamp("s", "UTC"))
    held = pa.table(ROWS | {"created_at": times.cast(pa.timestamp(unit, "UTC"))})
    acts = birdfall.read(held).record.table("acts")
    assert acts.column("time").to_pylist() == ROWS["created_at"]


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


def frame(**more):
    when = pd.to_datetime(["2024-01-01 12:00:01"] * 8)
    return pd.DataFrame({"user": ["a", "b"] * 4, "phash": list("wwxxyyzz"), "when": when} | more)


COLUMNS = {"account": "user", "object": "phash", "time": "when"}


@pytest.mark.parametrize(
    ("columns", "options", "name"),
    [
        (None, {}, "coordination-image"),
        (COLUMNS, {}, "coordination-repost"),
        (COLUMNS, {"trace": "image"}, "coordination-image"),
        ({"account": "user", "object:meme": "phash"}, {"trace": "meme"}, "coordination-meme"),
    ],
)
def test_a_frame_is_measured_as_its_file_is(columns, options, name):
    finding = birdfall.coordination(
        frame(), columns=columns, time_zone="UTC", null="none", **options
    )
    assert finding.name == name
    assert finding.table("edges").column("weight").to_pylist() == [4]


def test_what_is_asked_is_told_in_python():
    with pytest.raises(UsageError) as error:
        birdfall.read(frame())
    assert 'time_zone="America/Caracas"' in str(error.value) and "--" not in str(error.value)
    assert str(error.value).startswith("table 1, column when")
    with pytest.raises(UsageError) as error:
        birdfall.read({"foo": ["a"], "bar": ["b"]})
    assert 'columns={"account": "NAME"}' in error.value.fix and "--" not in error.value.fix


@pytest.mark.parametrize(
    "account",
    [["a", 3], [1.0, None], pd.Categorical(["a", "b"]), pa.array(["a", "b"]).dictionary_encode()],
)
def test_columns_of_any_make_are_read(account):
    data = {"account": account, "object": ["x", "y"], "time": ["2024-01-01T12:00:01Z"] * 2}
    record = birdfall.read(data).record
    assert record.sizes["acts"] + record.sizes["rejected"] == 2


def test_rows_are_a_table_too():
    moment = {"time": "2024-01-01T12:00:01Z"}
    rows = [{"account": "a", "object": "x"}, {"account": "b", "object": "x"} | moment]
    record = birdfall.read(rows).record
    assert (record.sizes["acts"], record.sizes["rejected"]) == (1, 1)


def test_a_wrong_name_is_answered_with_those_there_are():
    finding = birdfall.coordination(frame(), time_zone="UTC", null="none")
    with pytest.raises(KeyError, match="edges"):
        finding["nope"]
    with pytest.raises(KeyError, match="nodes"):
        finding.table("nope")
