"""Unfollows name only their follow's key: it is found in earlier and later files, and the case."""

import gzip
import json

import pytest
from atproto_streams import follow, microseconds, recording, unfollow
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.measures.coverage import coverage
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest, load
from commands import birdfall

ANA, BEA, LEA = "did:plc:ana", "did:plc:bea", "did:plc:lea"
EDGES = """SELECT follower, followed, epoch_us(since) AS since, epoch_us(until) AS until
FROM follows ORDER BY ALL"""
ACTS = """SELECT account, kind, object, epoch_us(time) AS time, act_id, source, line
FROM acts ORDER BY ALL"""


def told(did, seconds, key, action="create"):
    """The same as a line of Jetstream."""
    commit = {"operation": action, "collection": "app.bsky.graph.follow", "rkey": key}
    if action == "create":
        commit["record"] = {"subject": LEA, "createdAt": "2026-03-01T12:00:00Z"}
    return json.dumps(
        {"did": did, "time_us": microseconds(seconds), "kind": "commit", "commit": commit}
    )


def two_files(tmp_path, wire):
    first, second = tmp_path / f"first.{wire}", tmp_path / f"second.{wire}"
    if wire == "atfh":
        first.write_bytes(
            recording(
                [follow(ANA, 0, "k1", LEA), follow(BEA, 1, "k1", LEA), follow(ANA, 2, "k2", LEA)]
            )
        )
        second.write_bytes(
            recording([unfollow(ANA, 50, "k1"), unfollow(BEA, 51, "k1"), unfollow(BEA, 52, "lost")])
        )
    else:
        first.write_text("\n".join([told(ANA, 0, "k1"), told(BEA, 1, "k1"), told(ANA, 2, "k2")]))
        second.write_text(
            "\n".join(
                told(d, s, k, "delete")
                for d, s, k in ((ANA, 50, "k1"), (BEA, 51, "k1"), (BEA, 52, "lost"))
            )
        )
    return first, second


@pytest.mark.parametrize("wire", ["atfh", "jsonl"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("way", ["case", "memory"])
def test_a_recording_cut_in_two_gives_the_same_edges_in_either_order(tmp_path, wire, order, way):
    files = two_files(tmp_path, wire)
    chosen = [files[i] for i in order]
    if way == "case":
        case = Case.create(tmp_path / "case")
        for path in chosen:
            ingest(case, path)
        record = case.record()
    else:
        record = load(*chosen)
    edges = record.sql(EDGES).to_pylist()
    assert [(e["follower"], e["since"], e["until"]) for e in edges] == [
        (ANA, microseconds(0), microseconds(50)),
        (ANA, microseconds(0), None),
        (ANA, microseconds(2), None),
        (BEA, microseconds(1), microseconds(51)),
        (BEA, microseconds(1), None),
    ]
    gone = [a for a in record.sql(ACTS).to_pylist() if a["kind"] == "unfollow"]
    assert [(a["account"], a["object"], a["source"], a["line"]) for a in gone] == [
        (ANA, LEA, files[1].name, 1),
        (BEA, LEA, files[1].name, 2),
    ]
    found = coverage(record)
    assert found.estimates["rejected"].value == 1
    assert found.details["rejected"] == [
        {"reason": "an unfollow of somebody unknown: the follow was not recorded", "rows": 1}
    ]


def test_two_commands_do_as_one(tmp_path):
    files = two_files(tmp_path, "atfh")
    for path in reversed(files):
        birdfall("import", path, "-o", tmp_path / "case", check=0)
    assert Case.open(tmp_path / "case").record().sql(EDGES).num_rows == 5


def test_a_third_file_does_not_find_the_same_unfollow_again(tmp_path):
    first, second = two_files(tmp_path, "atfh")
    again = tmp_path / "again.atfh"
    again.write_bytes(recording([follow(ANA, 0, "k1", LEA), follow(BEA, 60, "k9", LEA)]))
    case = Case.create(tmp_path / "case")
    for path in (second, first, again):
        ingest(case, path)
    ended = (
        case.record()
        .sql("SELECT follower FROM follows WHERE until IS NOT NULL ORDER BY 1")
        .to_pylist()
    )
    assert [e["follower"] for e in ended] == [ANA, BEA]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 7), st.permutations([0, 1]))
def test_wherever_a_recording_is_cut(tmp_path_factory, cut, order):
    frames = [
        follow(ANA, 0, "k1", LEA),
        unfollow(ANA, 1, "k1"),
        follow(ANA, 2, "k2", BEA),
        follow(BEA, 3, "k1", LEA),
        unfollow(BEA, 4, "k1"),
        follow(BEA, 5, "k2", LEA),
        unfollow(ANA, 6, "k2"),
        unfollow(BEA, 7, "k2"),
    ]
    folder = tmp_path_factory.mktemp("t")
    (folder / "whole.atfh").write_bytes(recording(frames))
    parts = [folder / "a.atfh", folder / "b.atfh"]
    parts[0].write_bytes(recording(frames[:cut], received=[microseconds(i) for i in range(cut)]))
    parts[1].write_bytes(recording(frames[cut:], received=[microseconds(i) for i in range(cut, 8)]))
    whole, cut_up = load(folder / "whole.atfh"), load(*(parts[i] for i in order))
    for query in (EDGES, ACTS.replace(", source, line", "")):
        assert cut_up.sql(query).equals(whole.sql(query))


def test_the_real_stream_cut_in_two_is_the_whole(real, tmp_path):
    lines = gzip.decompress(
        real("atproto-recordings/wave-pds0.4.217.jetstream-v1.jsonl.gz").read_bytes()
    ).splitlines(True)
    whole = tmp_path / "whole.jsonl"
    whole.write_bytes(b"".join(lines))
    middle = len(lines) // 2
    (tmp_path / "1.jsonl").write_bytes(b"".join(lines[:middle]))
    (tmp_path / "2.jsonl").write_bytes(b"".join(lines[middle:]))
    expected = load(whole).sql(EDGES)
    for order in (("1", "2"), ("2", "1")):
        case = Case.create(tmp_path / "-".join(order))
        for name in order:
            ingest(case, tmp_path / f"{name}.jsonl")
        assert case.record().sql(EDGES).equals(expected)
