"""Shortcuts: Arrow reads whole columns to the rows that SQL and the patient reader give."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.model.errors import UsageError
from birdfall.sources.ingest import load
from birdfall.sources.table import arrow_columns, delimited, sql_plan
from tiers import in_both_tiers

MOMENTS = st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2110, 1, 1))
FORMS = {
    "zulu": lambda m: m.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "offset": lambda m: m.strftime("%Y-%m-%d %H:%M:%S+02:00"),
    "fraction": lambda m: m.isoformat(timespec="milliseconds") + "Z",
    "local": lambda m: m.strftime("%Y-%m-%d %H:%M:%S"),
    "minutes": lambda m: m.strftime("%Y-%m-%dT%H:%M"),
    "day": lambda m: m.strftime("%Y-%m-%d"),
    "seconds": lambda m: str(int(m.replace(tzinfo=dt.UTC).timestamp())),
    "milliseconds": lambda m: str(int(m.replace(tzinfo=dt.UTC).timestamp() * 1000)),
    "microseconds": lambda m: str(int(m.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000),
    "nanoseconds": lambda m: str(int(m.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000_000),
    "nonsense": lambda _m: "soon",
}
KINDS = ("post", "Repost", "LIKE", "", "null", "shout", " post ", "réponse")


def rows_of(path, zone, monkeypatch, *, without):
    with monkeypatch.context() as patched:
        if without == "shortcuts":
            patched.setattr(sql_plan.Query, "use_arrow", lambda *_: None)
            for way in ("skipped_rows", "found_in_rows", "texts_behind"):
                patched.setattr(arrow_columns, way, lambda *_, **__: None)
        elif without == "arrow":
            patched.setattr(delimited, "read_blocks", refusing)
        record = load(path, time_zone=zone)
    tables = ("acts", "accounts", "counts", "rejected")
    return {
        t: sorted(record.table(t).to_pylist(), key=lambda r: (r["line"] or 0, str(r)))
        for t in tables
    }


def refusing(*_):
    import pyarrow as pa

    raise pa.ArrowInvalid("not today")


def every_way_reads_the_same(tmp_path_factory, rows, forms, zone):
    import csv

    path = tmp_path_factory.mktemp("t") / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "kind", "object", "time", "text"])
        for number, (account, moment, kind, thing) in enumerate(rows):
            writer.writerow(
                [account, kind, thing, FORMS[forms[number % len(forms)]](moment), f"text {thing}"]
            )
    with pytest.MonkeyPatch.context() as patched:
        whole = rows_of(path, zone, patched, without=None)
        assert rows_of(path, zone, patched, without="shortcuts") == whole
        assert rows_of(path, zone, patched, without="arrow") == whole


test_every_way_reads_the_same, test_every_way_reads_many_the_same = in_both_tiers(
    every_way_reads_the_same,
    given(
        st.lists(
            st.tuples(
                st.sampled_from(["a", "b", " c ", "", "NULL", "ñandú", "123456789012345678901"]),
                MOMENTS,
                st.sampled_from(KINDS),
                st.sampled_from(["x", "", "o 1", ' "quoted", twice', "two\nlines", "nan"]),
            ),
            max_size=30,
        ),
        st.lists(st.sampled_from(sorted(FORMS)), min_size=1, max_size=2),
        st.sampled_from(["UTC", "America/Caracas", "Europe/Madrid"]),
    ),
    few=10,
    many=100,
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_time_is_read_the_same_every_way(tmp_path_factory, form):
    moment = dt.datetime(2013, 10, 31, 22, 20)
    rows = [("a", moment, "post", "x"), ("b", moment + dt.timedelta(days=1), "LIKE", "o 1")]
    every_way_reads_the_same(tmp_path_factory, rows, [form], "America/Caracas")


def test_clocks_keep_their_summer_time_beyond_2037(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("account,kind,object,time\na,post,x,2038-07-01 12:00:00\n")
    (row,) = load(path, time_zone="Europe/Madrid").table("acts").to_pylist()
    assert row["time"] == dt.datetime(2038, 7, 1, 10, tzinfo=dt.UTC)


def counts_are_the_same_every_way(tmp_path_factory, counts):
    path = tmp_path_factory.mktemp("t") / "in.csv"
    lines = [f'a,2013-10-31T00:00:00Z,"{count}"' for count in ["3", *counts]]
    path.write_text("account,time,followers\n" + "".join(line + "\n" for line in lines))
    with pytest.MonkeyPatch.context() as patched:
        whole = rows_of(path, "UTC", patched, without=None)
        assert rows_of(path, "UTC", patched, without="shortcuts") == whole
        assert rows_of(path, "UTC", patched, without="arrow") == whole


test_counts_are_the_same_every_way, test_many_counts_are_the_same_every_way = in_both_tiers(
    counts_are_the_same_every_way,
    given(
        st.lists(
            st.sampled_from(
                ["0", "7", "00012", "-5", "1.0", "1,234", "0x1F", "", "many", "9" * 25]
            ),
            max_size=12,
        )
    ),
    few=6,
    many=60,
)


def test_a_column_without_any_value_is_named(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("account,time,followers\na,2013-10-31T00:00:00Z,\n")
    with pytest.raises(UsageError, match='no row has a value in "followers"'):
        load(path)


def test_an_hour_that_the_clocks_repeat_or_leave_out_is_read_as_ever(tmp_path, monkeypatch):
    path = tmp_path / "in.csv"
    path.write_text(
        "account,time,text\na,2013-10-27 02:30:00,repeated\nb,2013-03-31 02:30:00,left out\n"
    )
    whole = rows_of(path, "Europe/Madrid", monkeypatch, without=None)
    assert rows_of(path, "Europe/Madrid", monkeypatch, without="shortcuts") == whole
    assert whole["acts"][0]["time"].isoformat() == "2013-10-27T00:30:00+00:00"


@pytest.mark.parametrize(
    "text", ["account,time,text\na,2013-10-31 22:20:00,x\n", "account,time,text\na,2013-10-31,x\n"]
)
def test_no_shortcut_spares_the_question_for_the_zone(tmp_path, text):
    path = tmp_path / "in.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match="no time zone"):
        load(path)


def test_a_zone_that_is_missing_in_a_later_row_is_asked_for(tmp_path):
    path = tmp_path / "in.csv"
    rows = ["a,2013-10-31T22:20:00Z,x\n"] * 30_000 + ["b,2013-10-31 22:20:00,x\n"]
    path.write_text("account,time,text\n" + "".join(rows))
    with pytest.raises(UsageError, match="no time zone"):
        load(path)


@pytest.mark.parametrize("without", ["", "shortcuts", "arrow"])
def test_an_offset_that_no_place_has_is_refused_every_way(tmp_path, monkeypatch, without):
    path = tmp_path / "in.csv"
    ends = ("-23:59", "+15:00", "+14:01", "-14:00", "+13:45", "Z")
    lines = [f"u{k},suspended,2024-05-01T00:00:00{end}" for k, end in enumerate(ends)]
    path.write_text("\n".join(["account,status,time", *lines]) + "\n")
    found = rows_of(path, None, monkeypatch, without=without)
    assert [row["line"] for row in found["rejected"]] == [2, 3, 4]


@pytest.mark.parametrize("start", ["\n", "\n\n\r\n", "\ufeff", "\ufeff\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_before_the_header_and_line_ends_change_nothing(tmp_path, start, end):
    path = tmp_path / "in.csv"
    lines = ["account,time,text", "a,2013-10-31T22:20:00Z,x", "", "b,2013-10-31T22:21:00Z,y", ""]
    path.write_bytes((start + end.join(lines)).encode())
    record = load(path)
    assert record.table("acts", ["account", "line"]).to_pylist() == [
        {"account": "a", "line": 2},
        {"account": "b", "line": 3},
    ]
    assert record.sizes["rejected"] == 0


#: Posts and retweets of every look: what is found in one must not slip to another.
TEXTS = (
    "RT @lider: vamos #ve https://example.org/a", "  rt  @lider vamos", "RT @", "RT @lider ", "RT",
    "#uno #dos #dos", "hola @alfa, @beta.", "", "(https://example.org/a) y https://example.org/b.",
    "RT @lider: \N{LATIN SMALL LETTER E WITH ACUTE}#no #sí", "correo a@b.example #1 #1a",
    "RT  @x\n#y",
)  # fmt: skip


def test_signs_in_texts_are_found_in_the_rows_that_hold_them_whichever_way(tmp_path, monkeypatch):
    path = tmp_path / "posts.csv"
    lines = [
        f'{100 + n},{n % 5},u{n % 5},2021-10-18T12:00:{n:02}Z,"{text}"'
        for n, text in enumerate(TEXTS)
    ]
    path.write_text("\n".join(["id,author_id,username,created_at,text", *lines]), "utf-8")
    found = rows_of(path, None, monkeypatch, without=None)
    assert found == rows_of(path, None, monkeypatch, without="shortcuts")
    assert found == rows_of(path, None, monkeypatch, without="arrow")
    listed = [(a["kind"], a["object"]) for a in found["acts"] if a["line"] in (2, 7)]
    assert ("repost", "@lider: vamos #ve https://example.org/a") in listed
    assert ("hashtag", "dos") in listed and ("hashtag", "ve") not in listed
