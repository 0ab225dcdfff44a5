"""Jetstream lines: the same record as the full stream, where the wire carries it."""

import contextlib
import json

import pytest
from atproto_streams import at, microseconds
from hypothesis import given
from hypothesis import strategies as st

from birdfall.measures.suspensions import spells
from birdfall.sources.atproto.frames import FrameError
from birdfall.sources.ingest import load
from birdfall.sources.jetstream import decode_line, sniff

ANA, LEA = "did:plc:ana", "did:plc:lea"


def line(seconds, kind, **body):
    return json.dumps({"did": ANA, "time_us": microseconds(seconds), "kind": kind, kind: body})


def follow(seconds, key, operation="create"):
    record = {} if operation == "delete" else {"record": {"subject": LEA, "createdAt": at(seconds)}}
    return line(
        seconds,
        "commit",
        operation=operation,
        collection="app.bsky.graph.follow",
        rkey=key,
        **record,
    )


def test_lines_become_rows(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(
        "\n".join(
            [
                line(0, "identity", did=ANA, time=at(-1), handle="ana.test"),
                line(0, "account", did=ANA, time=at(-1), active=True),
                follow(1, "k"),
                "",
                "{broken",
                follow(2, "k", "delete"),
                line(3, "account", did=ANA, time=at(2.5), active=False, status="takendown"),
            ]
        )
    )
    record = load(path)
    follows = record.sql(
        "SELECT epoch_us(since) s, epoch_us(until) u, line FROM follows ORDER BY line"
    ).to_pylist()
    assert follows == [
        {"s": microseconds(1), "u": None, "line": 3},
        {"s": microseconds(1), "u": microseconds(2), "line": 6},
    ]
    fallen = record.sql(
        "SELECT epoch_us(time) t FROM statuses WHERE status = 'taken_down'"
    ).to_pylist()
    assert fallen == [{"t": microseconds(2.5)}]
    assert record.sql("SELECT line, reason FROM rejected").to_pylist() == [
        {"line": 5, "reason": "not JSON"}
    ]


def test_the_wave_is_the_same_on_both_wires(real):
    frames = load(real("atproto-recordings/wave-pds0.4.217.atfh.gz"))
    lines = load(real("atproto-recordings/wave-pds0.4.217.jetstream-v1.jsonl.gz"))
    assert (
        spells(frames).drop_columns("code").to_pylist()
        == spells(lines).drop_columns("code").to_pylist()
    )
    for query in (
        "SELECT account, status, time, reason FROM statuses ORDER BY ALL",
        "SELECT account, handle, created_at, observed_at FROM accounts ORDER BY ALL",
        "SELECT account, kind, object, target, text, language, act_id FROM acts ORDER BY ALL",
        "SELECT follower, followed, since IS NULL, until IS NULL FROM follows ORDER BY ALL",
    ):
        assert frames.sql(query).equals(lines.sql(query))


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"7",
        b'{"did":"did:x","time_us":"now","kind":"account"}',
        b"[" * 100_000,
        b'{"did":"did:x","time_us":1,"kind":"account","account":{}}',
        b'{"time_us":1772366400000000,"kind":"nothing"}',
        b'{"did":"did:x","time_us":1772366400000000,"kind":"commit","commit":{"operation":"create"}}',
    ],
)
def test_bad_lines_are_refused(body):
    with pytest.raises(FrameError):
        decode_line(body)


def test_half_characters_do_not_stop_the_import(tmp_path):
    record = {"text": "\ud800 hola", "createdAt": at(0)}
    path = tmp_path / "x.jsonl"
    path.write_text(
        line(
            0,
            "commit",
            operation="create",
            collection="app.bsky.feed.post",
            rkey="k",
            record=record,
        )
    )
    assert load(path).sql("SELECT text FROM acts").to_pylist() == [{"text": "\ufffd hola"}]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "did",
                        "time_us",
                        "kind",
                        "account",
                        "commit",
                        "identity",
                        "active",
                        "time",
                        "operation",
                    ]
                ),
                c,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_an_event_or_refused(value):
    with contextlib.suppress(FrameError):
        sent, event = decode_line(json.dumps(value).encode())
        assert sent > 0 and event.time > 0


def test_other_json_lines_are_left_to_other_readers(tmp_path):
    assert sniff(tmp_path, b'{"id": 1, "text": "x"}\n') == 0
    assert sniff(tmp_path, line(0, "account", did=ANA).encode()) == 1
