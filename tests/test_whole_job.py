"""The benchmark of the whole job: its table is what the page shows, and growth is told."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def whole_job(monkeypatch):
    pytest.importorskip("resource", reason="processes are measured as Unix does")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import whole_job

    yield whole_job
    sys.modules.pop("whole_job", None)


def test_the_page_shows_the_table_that_is_kept(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    import write_performance

    page = write_performance.PAGE.read_text("utf-8")
    told = json.loads(write_performance.TABLE.read_text("utf-8"))
    assert write_performance.page_with(page, write_performance.written(told)) == page
    told["rows"][0]["cpu_s"] += 10
    assert write_performance.page_with(page, write_performance.written(told)) != page


def test_a_row_that_grows_by_a_quarter_is_told_and_noise_is_not(whole_job):
    before = whole_job.Measured("run", 3, 4.0, 8.0, 0.4, 9.0, 0.5, 2.0)
    assert whole_job.grown(before, before) == []
    assert whole_job.grown(replace(before, ratio=9.9, peak_gb=0.5), before) == []
    assert len(whole_job.grown(replace(before, ratio=10.5), before)) == 1
    assert len(whole_job.grown(replace(before, peak_gb=0.6), before)) == 1
    small = replace(before, ratio=0.4)
    assert whole_job.grown(replace(small, ratio=0.6), small) == []


@pytest.mark.usefixtures("whole_job")
def test_the_files_are_what_they_are_said_to_be(tmp_path):
    from collections import Counter

    import whole_job_files
    from pyarrow import csv

    for shape in ("narrow", "long"):
        posts = whole_job_files.SHAPES[shape][0]
        paths = whole_job_files.write_job(tmp_path / shape, shape, 2000)
        tweets, statuses, follows = (csv.read_csv(path) for path in paths)
        accounts = max(2000 // posts, 60)
        assert tweets.num_rows == 2000 and statuses.num_rows == max(int(accounts * 0.03), 3)
        assert follows.num_rows == 6 * accounts
        reposts = tweets.num_rows - tweets.column("retweeted_id").null_count
        assert reposts == 0 if shape == "long" else 1000 < reposts < 1200
        # a repost has no text of its own, and what it repeats came before it
        rows = tweets.to_pylist()
        assert all((row["text"] == "") == (row["retweeted_id"] is not None) for row in rows)
        assert all((row["retweeted_id"] or 0) < row["id"] for row in rows)
        days = Counter(row["suspended_at"].date() for row in statuses.to_pylist())
        assert max(days.values()) >= statuses.num_rows // 3
