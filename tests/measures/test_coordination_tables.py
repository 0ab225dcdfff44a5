"""Bare tables as traces: codes, names and digests."""

import datetime as dt
import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import birdfall
from birdfall.measures.coordination import coordination, traces
from birdfall.measures.coordination.bare_tables import rename_columns, trace_from_table
from birdfall.measures.coordination.traces import content_ids
from birdfall.measures.coordination.value_codes import encode_values
from birdfall.model.errors import UsageError


@given(
    st.lists(st.sampled_from(["b", "a", "", "ä", "10", "9", "a\0b"]), min_size=1, max_size=30),
    st.sampled_from(["texts", "numbers", "far numbers", "narrow", "largest", "dictionary"]),
)
def test_codes_are_places_among_the_sorted_names(values, form):
    """Against the obvious way, for texts, whole numbers (whose names are sorted as texts) and
    dictionaries with idle and double entries.
    """
    if form == "numbers":
        values = [len(v) * 7 - 3 for v in values]
        column = pa.array(values, pa.int64())
    elif form == "far numbers":
        values = [(len(v) - 1) * 10**15 for v in values]
        column = pa.array(values, pa.int64())
    elif form == "narrow":
        values = [127 if len(v) % 2 else -128 for v in values]
        column = pa.array(values, pa.int8())
    elif form == "largest":
        values = [2**64 - 1 - len(v) for v in values]
        column = pa.array(values, pa.uint64())
    elif form == "dictionary":
        entries = ["idle", *values, *values]
        column = pa.DictionaryArray.from_arrays(
            pa.array(range(1, len(values) + 1), pa.int32()), pa.array(entries)
        )
    else:
        column = pa.array(values, pa.string())
    names, codes = encode_values(column)
    wanted = sorted({str(v).encode() for v in values})
    assert [n.encode() for n in names.to_pylist()] == wanted
    assert (
        codes.tolist() == [wanted.index(str(v).encode()) for v in values]
        and codes.dtype == np.int32
    )


def test_numbers_and_their_texts_are_one_trace_and_one_digest():
    rows = {
        "account": [10, 9, 10, 9],
        "object": [1, 1, 2, 2],
        "time": [0, 5, 9, 12],
        "content": [40, 30, 20, 10],
    }
    texts = {k: v if k == "time" else [str(x) for x in v] for k, v in rows.items()}
    found = [trace_from_table(pa.table(r), time_unit="s")[0] for r in (rows, texts)]
    assert traces.trace_digest(found[0]) == traces.trace_digest(found[1])
    assert [content_ids(f).cast(pa.string()).to_pylist() for f in found] == [
        ["40", "30", "20", "10"]
    ] * 2
    for preset in ("toolkit", "coortweet"):
        both = [
            coordination(pa.table(r), time_unit="s", preset=preset, window="60s").table("edges")
            for r in (rows, texts)
        ]
        assert both[0].num_rows and both[0].equals(both[1])


def test_a_digest_is_of_all_names_however_many_are_joined_at_once(monkeypatch):
    made = trace_from_table(
        {"account": ["a", "b", "ü", ""], "object": ["x"] * 4, "time": [1, 2, 3, 4]}
    )[0]
    plain = hashlib.sha256()
    for column in (made.account, made.object_, made.time):
        plain.update(column.tobytes())
    for names in (made.accounts, made.objects):
        plain.update("\0".join(names.to_pylist()).encode())
    for at_once in (1, 2, 3, 100):
        monkeypatch.setattr(traces, "_NAMES_PER_DIGEST_PART", at_once)
        assert traces.trace_digest(made) == plain.hexdigest()


CARACAS = dt.timezone(dt.timedelta(hours=-4))
ACCOUNTS, OBJECTS, SECONDS = (
    ["a", "b", "a", "b"],
    ["x", "x", "y", "y"],
    [1_400_000_000 + k for k in (0, 5, 900, 990)],
)


@pytest.mark.parametrize(
    ("times", "noted"),
    [
        (pa.array([s * 10**6 for s in SECONDS], pa.timestamp("us", "America/Caracas")), []),
        (pa.array([s * 10**9 for s in SECONDS], pa.timestamp("ns")), []),
        (SECONDS, ["times-told-by-size"]),
        ([s * 1000 for s in SECONDS], ["times-told-by-size"]),
        ([s * 10**9 for s in SECONDS], ["times-told-by-size"]),
        ([s * 10**6 for s in SECONDS], []),
        ([float(s) for s in SECONDS], []),
        (np.array([s * 1000.0 for s in SECONDS]), ["times-told-by-size"]),
        ([str(s) for s in SECONDS], []),
        ([f"{dt.datetime.fromtimestamp(s, dt.UTC):%Y-%m-%dT%H:%M:%SZ}" for s in SECONDS], []),
        (
            [f"{dt.datetime.fromtimestamp(s, CARACAS):%Y-%m-%d %H:%M:%S%z}" for s in SECONDS],
            [],
        ),
        (
            [f"{dt.datetime.fromtimestamp(s, dt.UTC):%Y-%m-%d %H:%M:%S}" for s in SECONDS],
            ["times-without-zone"],
        ),
        (
            [f"{dt.datetime.fromtimestamp(s, dt.UTC):%d/%m/%Y %H:%M:%S}" for s in SECONDS],
            ["times-without-zone"],
        ),
        ([str(SECONDS[0]), "13/05/2014 16:53:25 +00:00", *map(str, SECONDS[2:])], []),
    ],
)
def test_times_in_any_form_are_the_same_moments(times, noted):
    made, notes = trace_from_table({"account": ACCOUNTS, "object": OBJECTS, "time": times})
    assert made.time.tolist() == [s * 10**6 for s in SECONDS]
    assert [n.code for n in notes] == noted


def test_times_that_cannot_be_told_are_said_and_not_guessed():
    def read(times, **more):
        return trace_from_table(
            {"account": ["a"] * len(times), "object": ["x"] * len(times), "time": times}, **more
        )

    assert [n.code for n in read([0, 30, 10**9])[1]] == ["times-look-like-seconds"]
    assert read([0, 30, 10**9], time_unit="us")[1] == []
    assert read([-5, 0, 5], time_unit="s")[0].time.tolist() == [-5_000_000, 0, 5_000_000]
    found, notes = read(["2014-05-13T16:53:20Z", "soon", None, ""])
    assert len(found) == 1 and notes[-1].values == {"rows": 3}
    for times, told in (
        (["soon", "later"], "no.* time in any form|not a time"),
        ([2**62], "beyond all calendars"),
        ([1e300], "beyond"),
        (["03/04/2013 10:00"], "fits two dates"),
        ([b"x"], "cannot be read"),
    ):
        with pytest.raises(UsageError, match=told):
            read(times, time_unit="s" if isinstance(times[0], int) else None)


def test_tables_of_all_makes_and_column_names_are_one_trace():
    rows = {"account": ACCOUNTS, "object": OBJECTS, "time": [s * 10**6 for s in SECONDS]}
    wanted = traces.trace_digest(trace_from_table(rows)[0])
    frame = pd.DataFrame(rows)
    odd = frame.rename(columns={"account": "¿Quién?", "object": "=link", "time": "when\n"})
    tables = [
        pa.table(rows),
        pa.RecordBatch.from_pydict(rows),
        frame,
        tuple(rows.values()),
        pa.table(rows).to_pylist(),
        frame.astype({"account": "category"}),
        rename_columns(odd, {"account": "¿Quién?", "object": "=link", "time": "when\n"}),
    ]
    assert [traces.trace_digest(trace_from_table(t)[0]) for t in tables] == [wanted] * len(tables)
    found = birdfall.coordination(
        odd, columns={"account": "¿Quién?", "object": "=link", "time": "when\n"}, null="none"
    )
    assert found["acts"].value == 4
    with pytest.raises(UsageError, match="It has: ¿Quién"):
        trace_from_table(odd)
    with pytest.raises(UsageError, match="no column 'who'"):
        rename_columns(odd, {"account": "who"})


def test_ids_that_passed_through_floats_are_ids_or_an_error():
    rows = {"account": [7.0, float("nan"), 8.0], "object": ["x"] * 3, "time": [1, 2, 3]}
    for column in (rows["account"], np.array(rows["account"]), pd.Series(rows["account"])):
        made, notes = trace_from_table(rows | {"account": column})
        assert made.accounts.to_pylist() == ["7", "8"] and notes[-1].values == {"rows": 1}
    with pytest.raises(UsageError, match="last digits are gone"):
        trace_from_table(rows | {"account": [1.23e17, 2.0, 3.0]})
    mixed, _ = trace_from_table(rows | {"account": pd.Series([12, "ana", None], dtype=object)})
    assert mixed.accounts.to_pylist() == ["12", "ana"]


def test_any_window_and_no_unknown_word():
    rows = {
        "account": ["a", "b"] * 2,
        "object": ["x", "x", "y", "y"],
        "time": [-(10**15), 10**15, 0, 4],
    }
    for window in ("999999999d", 1e300, dt.timedelta(days=999_999_999), 2**60):
        assert birdfall.coordination(rows, window=window)["edges"].value == 1
    for words in (
        {"null": "degre"},
        {"groups": "infomap"},
        {"interests_from": "act"},
        {"count": "pair"},
        {"preset": "cnt"},
    ):
        with pytest.raises(UsageError, match="there is no"):
            birdfall.coordination(rows, **words)
    left = birdfall.coordination(rows, leave_out="x").table("left_out")
    assert left.column("object").to_pylist() == ["x"]


def test_texts_and_languages_that_are_numbers_are_texts():
    acts = 400
    rows = {
        "account": [f"a{i % 40}" for i in range(acts)],
        "object": [f"o{i // 8}" for i in range(acts)],
        "time": [1.7e9 + 5.5 * i for i in range(acts)],
        "text": list(range(acts)),
        "language": [1] * acts,
    }
    made, _ = trace_from_table(rows)
    assert made.languages.type == pa.string() and set(map(type, made.shown.values())) == {str}
    assert birdfall.coordination(rows).table("edges").num_rows > 0
