"""What a source said and nobody could read is set apart with its reason, of every protocol: it is
listed, and brought back once it can be read. It leaves with the people it names, and in time."""

import base64
import io
import json
import threading

import pytest
from frames_made import account

from birdfall.watch.engine.removal import remove_from_watch
from birdfall.watch.engine.retention import Retention
from birdfall.watch.engine.set_apart import bring_back
from birdfall.watch.feeds.jetstream_v2 import JetstreamV2Feed
from birdfall.watch.feeds.kafka import KafkaFeed
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.replay import LinesFeed
from birdfall.watch.feeds.webhook import decode_delivery
from birdfall.watch.feeds.websocket import FirehoseFeed, JetstreamFeed
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries import set_apart
from birdfall.watch.store.queries.set_apart import count_unheld, iter_set_apart
from commands import birdfall

T = 1_700_000_000_000_000
WHEN = "2023-11-14T22:13:20Z"
BODY = {"active": False, "did": "did:plc:a", "seq": 1, "status": "takendown", "time": WHEN}
#: By the name of a source: what tells a fall, or a report, in its protocol.
TOLD = {
    "atproto:h.example": account("did:plc:a", T, status="takendown"),
    "jetstream:h.example": {"did": "did:plc:a", "time_us": T, "kind": "account", "account": BODY},
    "jetstream2:h.example": {
        "$type": "message",
        "payload": {
            "$type": "network.bsky.jetstream.subscribeEvents#account",
            "seq": 1, "did": "did:plc:a", "time": WHEN, "account": BODY,
        },
    },
    "ozone:h.example": {
        "id": 1, "event": {"$type": "tools.ozone.moderation.defs#modEventTakedown"},
        "subject": {"did": "did:plc:a"}, "createdAt": WHEN,
    },
    "mastodon:h.example": {
        "event": "report.created",
        "object": {"id": "1", "created_at": WHEN, "account": {"id": "9"},
                   "target_account": {"id": "5"}},
    },
    "mastodon-hooks:127.0.0.1:1": {
        "event": "account.updated", "created_at": WHEN, "object": {"id": "5", "suspended": True},
    },
    "wiki:h.example": {
        "type": "log", "log_type": "block", "log_action": "block", "title": "User:A",
        "namespace": 2, "timestamp": T // 1_000_000, "wiki": "w",
    },
    "kafka:h.example:1/t": {"kind": "status", "account": "a", "status": "suspended", "time": WHEN},
    "-": {"kind": "status", "account": "a", "status": "suspended", "time": WHEN},
    "recording:r.ndjson": {"kind": "status", "account": "a", "status": "suspended", "time": WHEN},
    "recording:r.atfh": account("did:plc:a", T, status="takendown"),
}  # fmt: skip


def raw_of(told):
    return told if isinstance(told, bytes) else json.dumps(told).encode()


def kept(state):
    return [
        state.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("changes", "reports")
    ]


@pytest.mark.parametrize("source", TOLD)
def test_what_could_not_be_read_is_brought_back_when_it_can(tmp_path, source):
    """As after a fault of ours in a decoder was mended."""
    state = State.open(tmp_path / "watch.sqlite")
    steps = [
        StreamBatch(T + 5, refused="an #account without its account", raw=raw_of(TOLD[source])),
        StreamBatch(T + 6, refused="not JSON", raw=b"{'"),
    ]
    with state.transaction():
        ingest_batch(state, source, steps)
    assert [row.why for row in iter_set_apart(state)] == [step.refused for step in steps]
    assert sum(kept(state)) == 0
    assert bring_back(state) == 1
    assert sum(kept(state)) == 1
    times = state.connection.execute("SELECT time FROM changes UNION SELECT time FROM reports")
    assert [row[0] for row in times] == [T], "under its own time"
    assert [row.why for row in iter_set_apart(state)] == ["not JSON"]
    assert state.connection.execute("SELECT refused FROM sources").fetchone()[0] == 1
    assert bring_back(state) == 0
    state.close()


def refused_by_feeds():
    """One refused step of each feed, as the feed gives it."""
    put = []
    wrong = b'{"kind": "status' + b"x" * 3000
    yield FirehoseFeed("atproto:h").decode_message(wrong, T)
    yield FirehoseFeed("atproto:h").decode_message("text", T)
    yield JetstreamFeed("jetstream:h").decode_message(wrong.decode(), T)
    yield JetstreamFeed("jetstream:h").decode_message(wrong, T)
    yield JetstreamV2Feed("jetstream2:h").decode_message(wrong.decode(), T)
    yield MediaWikiFeed("wiki:h").decode_event(wrong, "1")
    yield KafkaFeed("kafka:h:1/t").decode_step(wrong, 0)
    yield decode_delivery(wrong, T)
    LinesFeed(stream=io.BytesIO(wrong + b"\n")).run(None, "", put.extend, threading.Event())
    yield put[0]


def test_every_feed_keeps_what_it_refuses_whole():
    for step in refused_by_feeds():
        assert step.refused
        assert step.raw == b"text" or len(step.raw) == 3016, step


def test_a_flood_of_what_nobody_can_read_is_held_up_to_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(set_apart, "MAX_HELD_STEPS", 10)
    state = State.open(tmp_path / "watch.sqlite")
    for begin in range(3):
        with state.transaction():
            ingest_batch(
                state, "-", [StreamBatch(T, refused="not JSON", raw=b"{") for _ in range(begin + 5)]
            )
    assert len(list(iter_set_apart(state))) == 10
    assert count_unheld(state) == {"-": 8}
    assert state.connection.execute("SELECT count(*) FROM raw").fetchone()[0] == 18
    state.close()
    said = birdfall("set-apart", tmp_path, check=0).stdout
    assert "8 more" in said
    state = State.open(tmp_path / "watch.sqlite")
    monkeypatch.setattr(set_apart, "MAX_HELD_BYTES", 0)
    with state.transaction():
        ingest_batch(state, "other", [StreamBatch(T, refused="not JSON", raw=b"{")])
    assert count_unheld(state) == {"-": 8, "other": 1}


def test_who_is_removed_is_removed_from_what_was_set_apart(tmp_path):
    path = tmp_path / "watch.sqlite"
    state = State.open(path)
    told = [StreamBatch(T + i, refused="x", raw=raw_of(TOLD["-"] | {"account": name}))
            for i, name in enumerate(("gone-account", "left-account"))]  # fmt: skip
    with state.transaction():
        ingest_batch(state, "-", told)
        ingest_batch(state, "-", [StreamBatch(T, ("gone-account",), raw=b"gone-account")])
    with state.transaction():
        state.connection.execute(
            "INSERT INTO standing (account, status, time) VALUES ('gone-account', 'active', 1)"
        )
    state.close()
    remove_from_watch(tmp_path, "gone-account")
    state = State.open(path)
    held = [base64.b64decode(json.loads(row.step)["raw"]) for row in iter_set_apart(state)]
    assert not any(b"gone-account" in raw for raw in held)
    assert sum(b"left-account" in raw for raw in held) == 1
    assert b"gone-account" not in path.read_bytes()
    state.close()


def test_what_is_set_apart_is_forgotten_in_time(tmp_path):
    state = State.open(tmp_path / "watch.sqlite")
    day = 86_400_000_000
    with state.transaction():
        for at in (T, T + 9 * day):
            ingest_batch(state, "-", [StreamBatch(at, refused="not JSON", raw=b"{")])
        told = (Status("a", "suspended", T + 10 * day),)
        ingest_batch(state, "-", [StreamBatch(T + 10 * day, told)])
        state.keep_meta(tick=(T + 10 * day) // TICK_US)
    retention = Retention(state, 5.0)
    while state.kept_from < T + 5 * day - 3_600_000_000:
        retention.step(T + 10 * day)
    assert [row.received for row in iter_set_apart(state)] == [T + 9 * day]
    state.close()
