"""Jetstream version 2: frames of its lexicon become the rows that version 1 gives."""

import contextlib
import datetime as dt
import gzip
import json

import pytest
from atproto_streams import at, microseconds
from hypothesis import given
from hypothesis import strategies as st

from birdfall.sources import jetstream
from birdfall.sources.atproto.frames import AccountEvent, CommitEvent, FrameError, OtherEvent
from birdfall.sources.ingest import load, look_into
from birdfall.sources.jetstream import decode_line, sniff
from birdfall.sources.shared.json_object import JsonObject

ANA, LEA = "did:plc:ana", "did:plc:lea"
STREAM = "network.bsky.jetstream.subscribeEvents"


def decode_frame(plain):
    return jetstream.decode_frame(JsonObject(plain))


def frame(kind, sequence, seconds, **fields):
    payload = {
        "$type": f"{STREAM}#{kind}",
        "seq": sequence,
        "did": ANA,
        "time": at(seconds),
        "witnessedAt": at(seconds),
    }
    return {"$type": "message", "payload": payload | fields}


def follow(sequence, seconds, key, operation="create"):
    record = (
        {}
        if operation == "delete"
        else {"cid": "bafy", "record": {"subject": LEA, "createdAt": at(seconds)}}
    )
    return frame(
        "commit",
        sequence,
        seconds,
        rev="r",
        operation=operation,
        collection="app.bsky.graph.follow",
        rkey=key,
        **record,
    )


def account(sequence, seconds, status=None):
    body = {"did": ANA, "seq": 900 + sequence, "time": at(seconds - 0.5), "active": status is None}
    return frame(
        "account", sequence, seconds, account=body | ({"status": status} if status else {})
    )


def written(path, frames):
    path.write_text("".join(json.dumps(f) + "\n" for f in frames))
    return path


def of_version_1(line, sequence):
    """The frame that version 2 sends for a line of version 1."""
    plain = json.loads(line)
    kind = plain["kind"]
    time = dt.datetime.fromtimestamp(plain["time_us"] / 1e6, dt.UTC).isoformat(
        timespec="microseconds"
    )
    payload = {"$type": f"{STREAM}#{kind}", "seq": sequence, "did": plain["did"], "time": time}
    payload |= plain["commit"] if kind == "commit" else {kind: plain[kind]}
    return json.dumps({"$type": "message", "payload": payload}).encode() + b"\n"


def test_frames_become_rows(tmp_path):
    frames = [
        account(1, 1),
        follow(2, 2, "k"),
        follow(3, 3, "k", "delete"),
        account(4, 4, "takendown"),
        frame("sync", 5, 5, sync={"did": ANA, "seq": 1, "time": at(5), "blocks": "", "rev": "r"}),
        {
            "$type": "message",
            "payload": {
                "$type": f"{STREAM}#info",
                "name": "OutdatedCursor",
                "message": "resumed from 40",
            },
        },
        {"$type": "error", "error": "ConsumerTooSlow", "message": "reconnect with cursor=42"},
    ]
    path = written(tmp_path / "v2.jsonl", frames)
    assert look_into(path).reader == "jetstream"
    record = load(path)
    assert record.sql(
        "SELECT status, epoch_us(time) AS t, line FROM statuses ORDER BY line"
    ).to_pylist() == [
        {"status": "active", "t": microseconds(0.5), "line": 1},
        {"status": "taken_down", "t": microseconds(3.5), "line": 4},
    ]
    assert record.sql(
        "SELECT epoch_us(until) AS u FROM follows WHERE until IS NOT NULL"
    ).to_pylist() == [{"u": microseconds(3)}]
    assert record.sql("SELECT line, reason FROM rejected ORDER BY line").to_pylist() == [
        {"line": 6, "reason": "the server said: OutdatedCursor: resumed from 40"},
        {
            "line": 7,
            "reason": "the server ended the stream: ConsumerTooSlow: reconnect with cursor=42",
        },
        {"line": None, "reason": "#sync events hold nothing for the record"},
    ]


def test_an_event_that_comes_again_after_a_reconnection_is_taken_once(tmp_path):
    path = written(
        tmp_path / "v2.jsonl", [follow(2, 2, "k"), account(3, 3), follow(2, 2, "k"), account(3, 3)]
    )
    record = load(path)
    assert record.sizes["follows"] == 1 and record.sizes["statuses"] == 1
    assert record.table("rejected", ["line"]).column(0).to_pylist() == [None]


def test_the_real_stream_is_the_same_in_both_versions(real, tmp_path):
    old = real("atproto-recordings/wave-pds0.4.217.jetstream-v1.jsonl.gz")
    new = tmp_path / "v2.jsonl.gz"
    new.write_bytes(
        gzip.compress(
            b"".join(
                of_version_1(line, number)
                for number, line in enumerate(gzip.decompress(old.read_bytes()).splitlines())
            )
        )
    )
    before, after = load(old), load(new)
    for table in ("accounts", "acts", "statuses", "follows"):
        query = f"SELECT * EXCLUDE (source) FROM {table} ORDER BY ALL"
        assert before.sql(query).equals(after.sql(query)), table
    assert before.sizes == after.sizes


def test_payloads_alone_and_nested_commits_are_read():
    flat = follow(2, 2, "k")["payload"]
    assert decode_frame(flat) == decode_frame({"$type": "message", "payload": flat})
    nested = {k: v for k, v in flat.items() if k in ("$type", "seq", "did", "time")}
    nested["commit"] = {k: v for k, v in flat.items() if k not in nested}
    assert decode_frame(nested).event == decode_frame(flat).event
    assert isinstance(decode_frame(flat).event, CommitEvent)


def test_an_imported_time_is_the_acts_and_the_witnessed_one_the_arrival():
    found = decode_frame(
        follow(2, 2, "k") | {"payload": follow(2, 2, "k")["payload"] | {"witnessedAt": at(90)}}
    )
    assert (found.time, found.witnessed, found.sequence) == (microseconds(2), microseconds(90), 2)
    assert found.event.time == microseconds(2)


def test_the_server_about_itself():
    assert decode_frame({"$type": "error", "error": "FutureCursor"}).fatal
    assert decode_frame({"$type": "error"}).message == "nothing that can be read"
    assert isinstance(decode_frame(frame("novelty", 1, 1, novelty={})).event, OtherEvent)
    assert isinstance(decode_frame(account(1, 1, "suspended")).event, AccountEvent)


@pytest.mark.parametrize(
    "plain",
    [
        {"$type": "message"},
        {"$type": "message", "payload": []},
        {"$type": "message", "payload": {"$type": "app.other#commit"}},
        frame("account", 1, 1),
        frame("account", 1, 1, account={"did": ANA}),
        frame("commit", 1, 1, operation="create"),
        {"$type": "message", "payload": {"$type": f"{STREAM}#commit", "did": ANA, "time": at(1)}},
        {
            "$type": "message",
            "payload": {"$type": f"{STREAM}#commit", "did": ANA, "seq": 1, "time": "soon"},
        },
        {
            "$type": "message",
            "payload": {"$type": f"{STREAM}#commit", "did": ANA, "seq": True, "time": at(1)},
        },
        {"$type": "novelty"},
        {},
    ],
)
def test_unknown_shapes_are_refused_and_counted(tmp_path, plain):
    with pytest.raises(FrameError):
        decode_frame(plain)
    record = load(written(tmp_path / "v2.jsonl", [account(1, 1), plain]))
    assert record.sizes["statuses"] == 1 and record.table("rejected", ["line"]).column(
        0
    ).to_pylist() == [2]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.dictionaries(
            st.sampled_from(["$type", "payload", "seq", "time", "did", "commit", "account", "x"]),
            inner,
            max_size=5,
        ),
    )
)
def test_any_json_is_a_frame_or_refused(value):
    for plain in (value, {"$type": "message", "payload": value}):
        with contextlib.suppress(FrameError):
            decode_line(json.dumps(plain).encode())


def test_it_is_known_by_its_first_line(tmp_path):
    for plain in (
        account(1, 1),
        account(1, 1)["payload"],
        {"$type": "error", "error": "ConsumerTooSlow"},
    ):
        assert sniff(tmp_path, json.dumps(plain).encode()) == 1.0
    for plain in (
        {"$type": "message", "payload": {"$type": "app.other#x"}},
        {"$type": "app.bsky.feed.post", "text": "x"},
    ):
        assert sniff(tmp_path, json.dumps(plain).encode()) == 0.0
    assert jetstream.NAME == "jetstream"
