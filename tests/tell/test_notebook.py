"""A finding as a chart for a notebook.

The report's numbers, valid for Vega, refused where there is nothing to draw.
"""

import datetime as dt
import json
import sys
from types import SimpleNamespace

import pyarrow as pa
import pytest

import birdfall
from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.tell import notebook

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


def limited():
    rows = {"account": ["a", None, "b"], "object": ["x"] * 3, "time": [1.0, 2.0, 3.0]}
    return birdfall.coordination(rows)


def test_a_finding_says_its_limits_in_sentences():
    shown = notebook.render(limited())
    assert "Rows that lacked account, object or time were left out (1)." in shown
    assert "interests-from-the-same-acts" not in shown
    assert shown.count("Shared interests were estimated") == 1


def test_a_finding_alone_says_its_limits_by_code():
    """It knows no language: it shows the same whatever else is imported."""
    assert "interests-from-the-same-acts" in limited()._repr_html_()


def test_a_notebook_shows_the_sentences_from_the_first_name_used(monkeypatch):
    renderers = {}
    formatter = SimpleNamespace(for_type=renderers.__setitem__)
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": formatter}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert birdfall.coordination is not None
    assert "were left out (1)" in renderers[Finding](limited())


def test_outside_a_notebook_nothing_is_registered(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert birdfall.coordination is not None
