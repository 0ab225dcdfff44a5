"""A time without an hour is a day and one without a second a minute, kept as intervals; an end
that lies before its begin is refused."""

import datetime as dt

import pytest

from birdfall.sources.ingest import load
from birdfall.sources.table.time_grain import grain_of, grain_of_format

DAY_S = 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-01-31", DAY_S), ("31.01.2024", DAY_S), ("20240131", DAY_S), ("31 enero 2024", DAY_S),
        ("٣١/٠١/٢٠٢٤", DAY_S), ("2024-W05-3", DAY_S),
        ("2024-01-31 17:52", 60), ("31.01.2024 17:52", 60), ("31/01/24 5:52 PM", 60),
        ("2024-01-31T17:52Z", 60), ("2024-01-31T17:52+02:00", 60), ("31/01/2024 a las 17:53", 60),
        ("31.01.2024 17.52 Uhr", 60), ("31 janvier 2024 17h52", 60), ("31/01/2024 5 pm", 3600),
        ("2024-01-31T17:52:09Z", None), ("2024-01-31 17:52:09.5", None), ("1706723529", None),
        ("1706723529123", None), ("1706723529,5", None), ("20240131175209", None),
        ("20240131T175209Z", None), ("Wed Jan 31 17:52:09 +0000 2024", None), ("17h52m09s", None),
        ("31.01.2024 17.52.09", None), ("1.706723529e+09", None),
    ],
)  # fmt: skip
def test_how_finely_a_time_is_written(text, seconds):
    assert grain_of(text) == seconds


def test_how_finely_a_form_writes_times():
    forms = ("%d/%m/%Y", "%d/%m/%Y %H", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%s")
    assert [grain_of_format(f) for f in forms] == [DAY_S, 3600, 60, None, None]


def loaded(tmp_path, text, **options):
    path = tmp_path / "in.csv"
    path.write_text(text, "utf-8")
    return load(path, **options)


def test_changes_of_a_day_or_a_minute_are_intervals(tmp_path):
    rows = "account,suspended_at\na,2024-01-02\nb,2024-01-02 12:30\nc,2024-01-02 12:30:00\n"
    found = loaded(tmp_path, rows, time_zone="UTC").table("statuses").to_pylist()
    second = dt.timedelta(seconds=1)
    widths = [None if r["after"] is None else (r["time"] - r["after"]) // second for r in found]
    assert widths == [DAY_S, 60, None]
    assert {r["time"].date() for r in found} == {dt.date(2024, 1, 2)}


def test_acts_of_a_day_say_so_beside_those_that_are_exact(tmp_path):
    rows = "account,object,time\na,x,2024-01-02\nb,x,2024-01-02 00:00\nc,x,2024-01-02 00:00:00\n"
    found = loaded(tmp_path, rows, time_zone="UTC").table("acts").to_pylist()
    assert [r["within_s"] for r in found] == [DAY_S, 60, None]
    assert len({r["time"] for r in found}) == 1


@pytest.mark.parametrize(
    "header",
    [
        "account,suspended_at,restored_at",
        "account,last seen,gone",
        "account,suspendida el,fecha restauración",
        "follower,followed,since,until",
        "follower,followed,followed_at,unfollowed_at",
    ],
)
def test_an_end_before_its_begin_is_refused(tmp_path, header):
    names = "a,l" if header.startswith("follower") else "a"
    begins = ["2024-01-05T00:00:00Z,2024-01-02T00:00:00Z", "2024-01-05T10:00:00Z,2024-01-05"]
    text = f"{header}\n{names},{begins[0]}\n{names},{begins[1]}\n"
    record = loaded(tmp_path, text, time_zone="UTC")
    assert [r["line"] for r in record.table("rejected").to_pylist()] == [2]
    assert "before its begin" in record.table("rejected").to_pylist()[0]["reason"]
    kept = {r["line"] for t in ("statuses", "follows") for r in record.table(t).to_pylist()}
    assert kept == {3}


def test_a_fall_and_its_return_on_one_day_stand_in_this_order(tmp_path):
    from birdfall.measures.suspensions import spells

    record = loaded(
        tmp_path, "account,suspended_at,restored_at\na,2024-01-02,2024-01-02\n", time_zone="UTC"
    )
    assert [r["ended_as"] for r in spells(record).to_pylist()] == ["active"]


def test_when_a_follow_ended_is_kept(tmp_path):
    text = "follower,followed,since,until\na,l,2024-01-05T00:00:00Z,2024-01-09T00:00:00Z\n"
    (row,) = loaded(tmp_path, text).table("follows").to_pylist()
    assert (row["until"] - row["since"]).days == 4 and row["observation"] == "change"
