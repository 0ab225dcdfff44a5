"""Digits that are none for Python, or too many: wherever others write a number."""

import json

import pytest
from raw_server import RawServer, http_answer

from birdfall.model.errors import UsageError
from birdfall.model.whole_number import whole_number
from birdfall.watch.alerts.channels import find_channel, verify_signature
from birdfall.watch.feeds.base import FeedOptions
from birdfall.watch.feeds.polling import MastodonFeed, requested_wait
from birdfall.watch.feeds.registry import open_feed
from birdfall.watch.model.alert import wave_number
from birdfall.web import parse_address

NO_NUMBERS = ("²", "٣", "-1", "", "1_0", " 1", "9" * 5000)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_none(text):
    assert whole_number(text) is None
    assert wave_number(f"wave:{text}:began") == 0
    assert not verify_signature(b"", "s", f"t={text},v1=00", at=0)


@pytest.mark.parametrize("text", ["²", "٣", "x", "-1", "Mon, 99 Foo 99999 99:99:99 GMT"])
def test_a_wait_that_is_no_number_asks_for_none(text):
    assert requested_wait({"Retry-After": text}, 0.0) == 0.0
    assert requested_wait({"RateLimit-Reset": text, "RateLimit-Remaining": "0"}, 0.0) == 0.0


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_port_that_is_no_number_is_refused_with_its_reason(text, monkeypatch):
    monkeypatch.setenv("BIRDFALL_MASTODON_HOOK_SECRET", "s" * 20)
    with pytest.raises(UsageError):
        parse_address(f"127.0.0.1:{text}")
    with pytest.raises(UsageError):
        open_feed(f"mastodon-hooks:127.0.0.1:{text}", FeedOptions())
    with pytest.raises(UsageError):
        find_channel("email").check({"port": text})


def report(number):
    return {
        "id": number,
        "created_at": "2023-11-14T22:13:20Z",
        "account": {"id": "9"},
        "target_account": {"id": f"t{number}"},
    }


def test_a_report_without_a_number_is_refused_once_and_holds_up_no_other():
    listed = [report("²"), report("7"), report("9" * 40)]

    def answer(connection, question, _number):
        found = listed if b"resolved=false" in question else []
        connection.sendall(http_answer(json.dumps(found).encode()))

    got = []
    with RawServer(answer) as server:
        feed = MastodonFeed("m", url=server.url, secret="s")
        for _ in range(2):
            feed.poll(got.extend)
    assert {event.target for step in got for event in step.events if hasattr(event, "target")} == {
        "t7"
    }
    assert [step.refused for step in got if step.refused] == ["a report without its number"] * 2
    assert feed.cursor.startswith("7@"), "no number of another leads past what is still to come"
