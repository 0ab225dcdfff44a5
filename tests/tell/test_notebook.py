"""A finding as a chart for a notebook: the report's numbers, valid for Vega, refused where there is nothing to draw."""

import datetime as dt
import json

import pyarrow as pa
import pytest

import birdfall
from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def waves():
    rows = [
        {
            "from": START + dt.timedelta(hours=i),
            "to": START + dt.timedelta(hours=i + 1),
            "observed": 50 if i == 20 else 2,
            "expected": 2.0,
            "low": 0,
            "high": 6,
            "covered": i != 5,
        }
        for i in range(48)
    ]
    wave = [
        {"wave": 1, "start": START + dt.timedelta(hours=20), "end": START + dt.timedelta(hours=21)}
    ]
    return Finding(
        "waves",
        "waves",
        "found",
        tables={"series": pa.Table.from_pylist(rows), "waves": pa.Table.from_pylist(wave)},
        simulated=True,
    )


def test_waves_have_their_numbers_under_the_pointer():
    import vl_convert

    spec = birdfall.chart(waves()).to_dict()
    assert "simulated" in spec["title"]
    line = spec["layer"][-1]
    assert {t["title"] for t in line["encoding"]["tooltip"]} == {
        "from",
        "observed",
        "usual, low",
        "usual, high",
    }
    assert vl_convert.vegalite_to_svg(json.dumps(spec), vl_version="v6_1").startswith("<svg")


def test_returns_and_ledgers_have_charts():
    curve = pa.table(
        {"after_s": [0.0, 86400.0], "returned": [0.0, 0.4], "low": [0.0, 0.3], "high": [0.1, 0.5]}
    )
    series = pa.table({"time": [START, START + dt.timedelta(days=1)], "followers": [100, 60]})
    for finding in (
        Finding("returns", "returns", "found", tables={"curve": curve}),
        Finding("ledger", "ledger-a", "found", tables={"series": series}),
    ):
        assert birdfall.chart(finding).to_dict()


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(UsageError, match="no chart"):
        birdfall.chart(Finding("audiences", "audiences-1", "found"))


def test_a_finding_says_its_limits_in_sentences():
    rows = {"account": ["a", None, "b"], "object": ["x"] * 3, "time": [1.0, 2.0, 3.0]}
    shown = birdfall.coordination(rows)._repr_html_()
    assert "Rows that lacked account, object or time were left out (1)." in shown
    assert (
        "interests-from-the-same-acts" not in shown and shown.count("Interests were learned") == 1
    )
