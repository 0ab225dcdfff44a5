"""Half of a surrogate pair is legal JSON and no character: it is replaced where texts are kept,
refused where accounts are named, and ends neither a watch nor a replay nor an import."""

import json

import pytest
from watch_running import Running, until

from birdfall.sources.ingest import load
from birdfall.sources.shared.json_object import UNREADABLE, load_json
from birdfall.watch.feeds.base import now
from birdfall.watch.feeds.decode import decode_jetstream, decode_line, decode_mastodon, decode_ozone
from birdfall.watch.feeds.jetstream_v2 import parse_message
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.feeds.webhook import decode_delivery
from birdfall.watch.model.events import Identity, Report, Status
from birdfall.watch.session import WatchOptions, replay
from commands import birdfall

HALF, AT = "\ud800", "2023-11-14T22:13:20Z"
T = 1_700_000_000_000_000


def account(name, handle="x"):
    body = {"did": name, "handle": handle, "seq": 1, "time": AT}
    return json.dumps({"did": name, "time_us": T, "kind": "identity", "identity": body})


def ozone(did, comment="", by="did:plc:m"):
    kind = "tools.ozone.moderation.defs#modEventTakedown"
    event = {"$type": kind, "comment": comment}
    return {"id": 1, "event": event, "subject": {"did": did}, "createdAt": AT, "createdBy": by}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (r'"\ud800"', UNREADABLE),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ude00\ud83d"', UNREADABLE * 2),
        (r'{"\udc00": ["a\uDfff", 1, null]}', {UNREADABLE: ["a" + UNREADABLE, 1, None]}),
        (b'"\xed\xa0\x80"', UNREADABLE),
        (r'"\\ud800"', r"\ud800"),
        (json.dumps(HALF).encode("utf-16"), UNREADABLE),
    ],
)
def test_json_is_read_without_half_characters(text, whole):
    assert load_json(text) == whole


def test_texts_hold_a_sign_and_names_are_refused():
    line = {"kind": "status", "account": "a", "status": "suspended", "reason": f"x{HALF}"}
    assert decode_line(json.dumps(line), T) == [
        Status("a", "suspended", T, reason=f"x{UNREADABLE}")
    ]
    [found], _ = decode_jetstream(account("did:plc:a", HALF), T)
    assert found == Identity("did:plc:a", UNREADABLE, T)
    [found] = decode_ozone(JsonFields(load_json(json.dumps(ozone("did:plc:a", HALF)))))
    assert found.reason == UNREADABLE
    refused = [
        lambda: decode_line(json.dumps(line | {"account": f"a{HALF}"}), T),
        lambda: decode_jetstream(account(f"did:plc:{HALF}"), T),
        lambda: decode_ozone(JsonFields.parse(json.dumps(ozone(f"did:plc:{HALF}")))),
        lambda: decode_mastodon(
            JsonFields.parse(
                json.dumps(
                    {"event": "account.updated", "created_at": AT, "object": {"id": f"1{HALF}"}}
                )
            )
        ),
    ]
    for decode in refused:
        with pytest.raises(DecodeError, match="character that cannot be read"):
            decode()


def test_a_delivery_and_a_message_of_jetstream_2_with_half_characters_can_be_kept():
    body = {"event": "account.updated", "created_at": AT, "object": {"id": "7", "username": HALF}}
    step = decode_delivery(json.dumps(body).encode(), T)
    assert step.events[0].handle == UNREADABLE
    kind = "network.bsky.jetstream.subscribeEvents#identity"
    name = {"did": "did:plc:a", "handle": HALF, "seq": 1, "time": AT}
    payload = {"$type": kind, "seq": 1, "did": "did:plc:a", "time": AT, "identity": name}
    frame = parse_message(json.dumps({"$type": "message", "payload": payload}).encode(), T)
    assert frame.events[0].handle == UNREADABLE


LINES = [
    json.dumps({"kind": "account", "account": "a", "handle": HALF, "time": T}),
    json.dumps(
        {"kind": "status", "account": "b", "status": "suspended", "reason": HALF, "time": T}
    ),
    json.dumps({"kind": "status", "account": f"c{HALF}", "status": "suspended", "time": T}),
    json.dumps({"kind": "status", "account": "d", "status": "suspended", "time": T}),
]


def test_a_replay_goes_on_and_counts_what_it_refused(tmp_path):
    path = tmp_path / "lines.ndjson"
    path.write_text("\n".join(LINES))
    result = replay(path, options=WatchOptions(state=tmp_path / "s", notify=False))
    assert not result.stopped


def test_a_watch_goes_on_and_counts_what_it_refused(tmp_path):
    path = tmp_path / "lines.ndjson"
    path.write_text("\n".join(LINES))
    with Running(tmp_path / "w", RecordingFeed("r", (path,))) as run:
        until(lambda: run.rows("SELECT steps, refused FROM sources") == [(4, 1)])
        assert run.rows("SELECT account FROM changes ORDER BY 1") == [("b",), ("d",)]


@pytest.mark.parametrize(
    "lines",
    [
        [account("did:plc:a", HALF), account(f"did:plc:{HALF}"), account("did:plc:b")],
        [json.dumps(ozone("did:plc:a", HALF)), json.dumps(ozone(f"did:plc:{HALF}") | {"id": 2})],
    ],
)
def test_an_import_goes_on(tmp_path, lines):
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines))
    record = load(path)
    rejected = record.sql("SELECT reason FROM rejected").to_pylist()
    assert any("cannot be read" in row["reason"] for row in rejected)
    birdfall("import", path, "--out", tmp_path / "case", check=0)


def test_a_report_by_half_a_name_is_refused():
    line = {"kind": "report", "account": f"a{HALF}", "target": "b"}
    with pytest.raises(DecodeError):
        decode_line(json.dumps(line), now())
    line["account"] = "a"
    assert isinstance(decode_line(json.dumps(line), now())[0], Report)
