"""A trace straight from files is the trace of the record made of them: same acts, same codes, same
rows refused.
"""

import csv

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

import birdfall
from birdfall.measures.coordination import CoordinationOptions, FileReading, coordinate_files
from birdfall.measures.coordination.from_files import read_acts
from birdfall.measures.coordination.traces import read_trace
from birdfall.model.errors import CannotAnswer, UsageError
from birdfall.sources.ingest import load
from birdfall.sources.shared.repeats import REPEATED
from tiers import in_both_tiers

TOOLKIT = [
    "message_id",
    "user_id",
    "username",
    "repost_id",
    "reply_id",
    "message",
    "timestamp",
    "urls",
]
ID = st.sampled_from(
    ["1", "2", "3", "77", " 4 ", "a,b", 'say "hi"', "éà", "NULL", "nan", "", "x" * 2001]
)
HANDLE = st.sampled_from(["", "a", " b "])
TIME = st.sampled_from(
    [
        "1400000000",
        "1400000030",
        "1400000061",
        "1400000061000",
        "2014-05-13T16:53:20Z",
        "never",
        "",
        "12",
    ]
)
LINKS = st.sampled_from(
    ["", "http://example.org/a?utm_source=x", "https://www.example.org/a http://b.example/"]
)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 30).map(str),
        ID,
        HANDLE,
        ID,
        ID,
        st.sampled_from(["", "m", "a\nb"]),
        TIME,
        LINKS,
    ),
    min_size=1,
    max_size=25,
)


def written(folder, header, rows, form="csv"):
    path = folder / f"acts.{form}"
    if form == "parquet":
        pq.write_table(
            pa.table(
                {h: pa.array([r[i] for r in rows], pa.string()) for i, h in enumerate(header)}
            ),
            path,
        )
        return path
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def told(trace, record_ids):
    acts = sorted(
        zip(
            trace.account.tolist(),
            trace.objects.take(pa.array(trace.object_)).to_pylist(),
            trace.time.tolist(),
            trace.contents.to_pylist() if trace.contents is not None else [None] * len(trace),
            strict=True,
        ),
        key=str,
    )
    return acts, record_ids.id_of.to_pylist(), trace.objects.to_pylist()


def acts_are_those_of_the_record(tmp_path_factory, form, trace, rows):
    path = written(tmp_path_factory.mktemp("acts"), TOOLKIT, rows, form)
    record = load(path)
    again = REPEATED in record.table("rejected").column("reason").to_pylist()
    for bare in (False, True):
        direct = read_acts([path], trace, bare=bare)
        # the edges of other tools are made of the rows as they stand, those that came again too
        assert (bare and again) or told(direct.trace, direct.ids) == told(
            read_trace(record, trace), record.ids
        )
        assert direct.trace.shown == {} or not bare
    whole = read_trace(record, trace)
    ordered = read_acts([path], trace).trace
    for column in ("account", "object_", "time"):
        assert getattr(ordered, column).tolist() == getattr(whole, column).tolist()
    assert ordered.shown.keys() == whole.shown.keys()
    assert read_acts([path], trace, handles=True).names().keys() == record.names().keys()
    # the rows of this trace that were refused are refused for the same reason
    refused = {
        (r["line"], r["column"], r["value"], r["reason"])
        for r in record.table("rejected").to_pylist()
    }
    assert {
        (r["line"], r["column"], r["value"], r["reason"]) for r in direct.rejected.to_pylist()
    } <= refused


FORMS_AND_TRACES = [("csv", "repost"), ("parquet", "repost"), ("csv", "reply"), ("csv", "link")]
test_acts_are_those_of_the_record, test_many_acts_are_those_of_the_record = in_both_tiers(
    acts_are_those_of_the_record,
    given(rows=ROWS),
    few=3,
    many=30,
    marks=[pytest.mark.parametrize(("form", "trace"), FORMS_AND_TRACES)],
    phases=(Phase.explicit, Phase.generate),
)


def rows_refused_are_all_listed(tmp_path_factory, rows):
    path = written(
        tmp_path_factory.mktemp("acts"),
        ["account_id", "object_id", "timestamp_share", "content_id"],
        rows,
    )
    record = load(path)
    direct = read_acts([path], "repost", bare=True)
    refused = record.table("rejected").sort_by("line").to_pylist()
    assert direct.rejected.sort_by("line").to_pylist() == [
        r for r in refused if r["reason"] != REPEATED
    ]
    assert len(direct.trace) + direct.rejected.num_rows == len(rows)
    assert [n.values["rows"] for n in direct.limits] == (
        [len(rows) - len(direct.trace)] if direct.rejected.num_rows else []
    )


test_rows_refused_are_all_listed, test_many_rows_refused_are_all_listed = in_both_tiers(
    rows_refused_are_all_listed,
    given(
        rows=st.lists(st.tuples(ID, ID, TIME, st.integers(0, 9).map(str)), min_size=1, max_size=20)
    ),
    few=5,
    many=40,
    phases=(Phase.explicit, Phase.generate),
)


def test_a_finding_of_files_is_the_finding_of_their_record(tmp_path):
    rng = np.random.default_rng(3)
    rows = [
        [
            str(i),
            f"u{rng.integers(40)}",
            "n",
            f"p{rng.integers(12)}",
            "",
            "words",
            str(1_400_000_000 + rng.integers(4000)),
            "",
        ]
        for i in range(1500)
    ]
    path = written(tmp_path, TOOLKIT, rows)
    for asked in (
        {"window": "60s"},
        {"window": 30, "preset": "toolkit"},
        {"window": 30, "preset": "coortweet"},
    ):
        finding, _ = coordinate_files([path], CoordinationOptions(**asked))
        whole = birdfall.read(path).coordination(**asked)
        assert finding.replace(inputs=()).to_json() == whole.replace(inputs=()).to_json()
        assert all(finding.table(n).equals(whole.table(n)) for n in whole.tables), asked
        again = birdfall.coordination(path, **asked)
        assert (
            again.to_json() == finding.to_json()
            and birdfall.coordination([path], **asked).answer == finding.answer
        )


def test_two_files_are_one_trace(tmp_path):
    for name, start in (("a", 0), ("b", 5)):
        pcsv.write_csv(
            pa.table(
                {
                    "account": [f"u{i}" for i in range(5)],
                    "object": ["x"] * 5,
                    "time": [1_400_000_000 + start] * 5,
                }
            ),
            tmp_path / f"{name}.csv",
        )
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    direct = read_acts(paths, "repost")
    assert told(direct.trace, direct.ids) == told(
        read_trace(load(*paths), "repost"), load(*paths).ids
    )
    assert len(direct.trace) == 10


def test_what_needs_a_record_is_left_to_it(tmp_path):
    path = written(
        tmp_path, ["account", "object", "time", "kind"], [["a", "x", "1400000000", "repost"]]
    )
    assert read_acts([path], "repost") is None
    assert read_acts([path], "text") is None
    assert coordinate_files([path], CoordinationOptions(trace=["repost", "like"])) is None
    lines = tmp_path / "firehose.jsonl"
    lines.write_text('{"did":"did:plc:a","time_us":1,"kind":"commit"}\n')
    assert read_acts([lines], "repost") is None or birdfall.read(lines) is not None


def test_no_acts_and_no_zone_are_said(tmp_path):
    path = written(tmp_path, TOOLKIT, [["1", "a", "a", "", "", "m", "1400000000", ""]])
    with pytest.raises(CannotAnswer, match="no acts of repost"):
        coordinate_files([path], CoordinationOptions())
    path = written(tmp_path, ["account", "object", "time"], [["a", "x", "2014-01-01 10:00:00"]])
    with pytest.raises(UsageError, match="zone"):
        coordinate_files([path], CoordinationOptions())
    finding, _ = coordinate_files([path], CoordinationOptions(), FileReading(time_zone="UTC"))
    assert finding.answer == "nothing"
