"""What platforms send, reduced to what the watch needs; whatever else they send is refused with a
reason.
"""

import contextlib
import json

import pytest
from frames_made import account, failure, identity
from hypothesis import given
from hypothesis import strategies as st

from birdfall.watch.feeds.decode import (
    MAX_CLOCK_LEAD_US,
    decode_frame,
    decode_jetstream,
    decode_line,
    decode_mastodon,
    decode_mediawiki,
    decode_ozone,
)
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.model.events import Follow, Identity, Report, Status, Unfollow

T = 1_700_000_000_000_000


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("takendown", "taken_down"),
        ("suspended", "suspended"),
        ("deactivated", "deactivated"),
        ("deleted", "deleted"),
        ("throttled", "limited"),
        ("desynchronized", "limited"),
        ("brand-new-word", "deactivated"),
        (None, "active"),
    ],
)
def test_every_status_of_the_protocol(word, status):
    events, sequence = decode_frame(account("did:plc:a", T, status=word, sequence=7), T)
    assert sequence == 7
    assert [(e.account, e.status, e.time) for e in events] == [("did:plc:a", status, T)]


def test_an_event_of_the_future_counts_from_its_arrival():
    near, _ = decode_frame(account("did:plc:a", T + MAX_CLOCK_LEAD_US - 1), T)
    far, _ = decode_frame(account("did:plc:a", T + MAX_CLOCK_LEAD_US + 1), T)
    assert near[0].time == T + MAX_CLOCK_LEAD_US - 1
    assert far[0].time == T


def test_a_handle():
    events, _ = decode_frame(identity("did:plc:a", T, "a.test"), T)
    assert events == [Identity("did:plc:a", "a.test", T)]


def test_what_a_server_says_of_itself_is_refused_by_name():
    with pytest.raises(DecodeError, match="FutureCursor"):
        decode_frame(failure("FutureCursor"), T)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_refused(data):
    for read in (decode_frame, decode_jetstream):
        with contextlib.suppress(DecodeError):
            read(data, T)
    with contextlib.suppress(DecodeError):
        decode_line(data, T)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "event",
                "subject",
                "createdAt",
                "createdBy",
                "object",
                "type",
                "log_type",
                "title",
                "timestamp",
                "id",
            ]
        ),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=9),
            lambda s: st.dictionaries(st.sampled_from(["$type", "did", "id", "account"]), s),
            max_leaves=5,
        ),
    )
)
def test_any_object_is_events_or_refused(plain):
    for read in (decode_ozone, decode_mediawiki, decode_mastodon):
        with contextlib.suppress(DecodeError):
            read(JsonFields(plain))


def test_jetstream():
    line = {
        "did": "did:plc:a",
        "time_us": T,
        "kind": "account",
        "account": {
            "active": False,
            "did": "did:plc:a",
            "seq": 3,
            "status": "takendown",
            "time": "2023-11-14T22:13:20Z",
        },
    }
    events, sent = decode_jetstream(json.dumps(line), T)
    assert (sent, events[0].status) == (T, "taken_down")
    line = {
        "did": "did:plc:a",
        "time_us": T,
        "kind": "commit",
        "commit": {
            "rev": "x",
            "operation": "delete",
            "collection": "app.bsky.graph.follow",
            "rkey": "k",
        },
    }
    assert decode_jetstream(json.dumps(line), T)[0] == [Unfollow("did:plc:a", T, "did:plc:a/k")]


def test_ozone():
    report = {
        "id": 5,
        "event": {
            "$type": "tools.ozone.moderation.defs#modEventReport",
            "reportType": "com.atproto.moderation.defs#reasonSpam",
        },
        "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": "did:plc:b"},
        "createdBy": "did:plc:a",
        "createdAt": "2023-11-14T22:13:20Z",
    }
    assert decode_ozone(JsonFields(report)) == [
        Report("did:plc:a", "did:plc:b", T, "5", "reasonSpam")
    ]
    down = {**report, "event": {"$type": "tools.ozone.moderation.defs#modEventTakedown"}}
    assert decode_ozone(JsonFields(down))[0].status == "taken_down"
    post = {**down, "subject": {"uri": "at://did:plc:b/app.bsky.feed.post/1"}}
    assert decode_ozone(JsonFields(post)) == [], "a takedown of one post is no suspension"


def test_a_block_of_some_pages_is_no_suspension():
    change = {
        "type": "log",
        "log_type": "block",
        "log_action": "block",
        "title": "User:A",
        "namespace": 2,
        "timestamp": T // 1_000_000,
        "log_params": [],
    }
    assert decode_mediawiki(JsonFields(change))[0].status == "suspended"
    assert (
        decode_mediawiki(JsonFields({**change, "log_params": {"sitewide": False}}))[0].status
        == "limited"
    )
    assert decode_mediawiki(JsonFields({**change, "log_action": "unblock"}))[0].status == "active"
    assert decode_mediawiki(JsonFields({**change, "title": "User:192.0.2.1"})) == []


def test_mastodon():
    body = {
        "event": "account.updated",
        "created_at": "2023-11-14T22:13:20Z",
        "object": {"id": "7", "username": "a", "suspended": True},
    }
    assert decode_mastodon(JsonFields(body))[1] == Status("7", "suspended", T, "", "")
    report = {
        "event": "report.created",
        "object": {
            "id": "9",
            "category": "spam",
            "created_at": "2023-11-14T22:13:20Z",
            "account": {"id": "1"},
            "target_account": {"id": "2"},
        },
    }
    assert decode_mastodon(JsonFields(report)) == [Report("1", "2", T, "report:9", "spam")]
    assert decode_mastodon(JsonFields({**report, "event": "report.updated"})) == []


def test_lines():
    assert decode_line(
        json.dumps({"kind": "follow", "follower": "a", "followed": "b", "time": T}), 0
    ) == [Follow("a", "b", T, "a/b")]
    assert decode_line('{"kind": "status", "account": "a", "status": "suspended"}', T) == [
        Status("a", "suspended", T)
    ]
    for wrong in (
        "[]",
        "{}",
        '{"kind": "status", "account": "a", "status": "gone"}',
        '{"kind": "status", "account": "", "status": "active"}',
        '{"kind": "report", "account": "a"}',
        '{"kind": "status", "account": "a", "status": "active", "time": "yesterday"}',
    ):
        with pytest.raises(DecodeError):
            decode_line(wrong, T)
