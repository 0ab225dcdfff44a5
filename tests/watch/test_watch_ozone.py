"""Ozone dates an event before it stores it: what is stored late, and what two sources tell of one
change, counts once."""

import json
import re
from urllib.parse import parse_qs, urlparse

import pytest

from birdfall.watch.feeds.polling import OZONE_REWIND_MS, OzoneFeed, rewind_cursor
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import MAX_ECHO_US, ingest_batch

T = 1_700_000_000_000  # milliseconds


def event(number, moment):
    import datetime as dt

    at = dt.datetime.fromtimestamp(moment / 1000, dt.UTC).isoformat(timespec="milliseconds")
    return {
        "id": number,
        "event": {"$type": "tools.ozone.moderation.defs#modEventReport"},
        "createdAt": at,
        "createdBy": f"did:plc:{number}",
        "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": "did:plc:t"},
        "_at": moment,
    }


class Service:
    """Answers as Ozone does: what is stored, in the order of its dates, from behind the cursor on,
    a few at a time."""

    def __init__(self, page=100):
        self.stored, self.page, self.questions = [], page, 0

    def fetch(self, address):
        self.questions += 1
        cursor = parse_qs(urlparse(address).query).get("cursor", ["0::0"])[0]
        after = tuple(map(int, cursor.split("::")))
        found = [
            e
            for e in sorted(self.stored, key=lambda e: (e["_at"], e["id"]))
            if (e["_at"], e["id"]) > after
        ]
        listed = found[: self.page]
        more = {"cursor": f"{listed[-1]['_at']}::{listed[-1]['id']}"} if listed else {}
        return json.dumps({"events": listed} | more).encode(), ""


def asked(feed, service):
    """The reports that one turn hands on."""
    feed.fetch = service.fetch
    found = []
    feed.poll(found.extend)
    return [e.reporter.removeprefix("did:plc:") for step in found for e in step.events]


@pytest.mark.parametrize("page", [3, 100])
def test_what_was_dated_before_but_stored_after_is_not_lost(page):
    service, feed = Service(page), OzoneFeed(name="o", url="http://x")
    service.stored = [event(i, T + 1000 * i) for i in (1, 2, 5, 6, 7)]
    assert asked(feed, service) == ["1", "2", "5", "6", "7"]
    service.stored += [event(3, T + 3000), event(8, T + 8000), event(4, T + 6500)]
    assert asked(feed, service) == ["3", "4", "8"]
    assert asked(feed, service) == []
    assert feed.cursor == f"{T + 8000}::8"


def test_a_queue_older_than_that_is_not_read_again():
    service, feed = Service(10), OzoneFeed(name="o", url="http://x")
    service.stored = [event(i, T + OZONE_REWIND_MS * i) for i in range(1, 101)]
    assert len(asked(feed, service)) == 100
    service.questions = 0
    asked(feed, service)
    assert service.questions <= 3


def test_cursors_of_another_form_are_left_alone():
    assert rewind_cursor(None) is None
    assert rewind_cursor("abc") == "abc"
    assert rewind_cursor(f"{T}::77") == f"{T - OZONE_REWIND_MS}::0"
    assert rewind_cursor("5::1") == "0::0"
    assert re.fullmatch(r"\d+::0", rewind_cursor("99999::3"))


def test_a_change_that_another_source_told_of_is_not_told_again_after_it_was_undone(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    t = T * 1000

    def took(source, *events):
        with state.transaction():
            return [c.status for c in ingest_batch(state, source, [StreamBatch(t, events)]).changes]

    stream = (
        Status("a", "active", t),
        Status("a", "taken_down", t + 100_000),
        Status("a", "active", t + 1_000_000),
    )
    assert took("firehose", *stream) == ["active", "taken_down", "active"]
    # the queue is read two seconds later: the takedown first, its reversal then, both dated a
    # little before
    assert (
        took("ozone", Status("a", "taken_down", t + 90_000), Status("a", "active", t + 990_000))
        == []
    )
    # a new takedown is news, and so is an old one that nobody told of
    assert took("ozone", Status("a", "taken_down", t + 2_000_000)) == ["taken_down"]
    assert took("ozone", Status("a", "active", t - 3 * MAX_ECHO_US)) == ["active"]


def test_an_event_that_came_spoiled_is_taken_when_it_comes_whole():
    spoiled = event(1, T) | {"event": {"$tspe": "tools.ozone.moderation.defs#modEventReport"}}
    pages, got = [[spoiled], [event(1, T)], [event(1, T)]], []
    feed = OzoneFeed(name="o", url="http://127.0.0.1:9")
    feed.fetch = lambda _: (json.dumps({"events": pages.pop(0)}).encode(), "")
    for _ in range(3):
        feed.poll(got.extend)
    assert [len(step.events) for step in got if step.raw] == [0, 1], "whole, and once"
