"""Sources at their worst: rate limits, events of one millisecond, canaries, replays, slow and large
deliveries, and lists with gaps.
"""

import hashlib
import hmac
import json
import socket
import threading
import time
from email.utils import formatdate
from urllib.parse import parse_qs, urlparse

import pytest
from test_watch_feeds import Served, report
from watch_running import Running, until

from birdfall.watch.feeds import webhook as hooks
from birdfall.watch.feeds.base import MAX_REQUESTED_WAIT_SECONDS, ConnectionLost
from birdfall.watch.feeds.decode import decode_mediawiki
from birdfall.watch.feeds.json_fields import JsonFields
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed, requested_wait
from birdfall.watch.feeds.webhook import MastodonWebhookFeed, is_signed

T = 1_700_000_000_000_000


def test_what_a_server_asks_is_waited():
    moment = T / 1e6
    assert requested_wait({"Retry-After": "7"}, moment) == 7
    assert requested_wait(
        {"Retry-After": formatdate(moment + 40, usegmt=True)}, moment
    ) == pytest.approx(40, abs=1)
    assert requested_wait(
        {"RateLimit-Reset": str(int(moment) + 30), "RateLimit-Remaining": "0"}, moment
    ) == pytest.approx(30, abs=1)
    for nothing in (
        {},
        {"Retry-After": "soon"},
        {"Retry-After": "-4"},
        {"RateLimit-Reset": "x"},
        {"RateLimit-Reset": "9" * 40, "RateLimit-Remaining": "5"},
    ):
        assert requested_wait(nothing, moment) == 0
    assert ConnectionLost("x", 1e12).wait == MAX_REQUESTED_WAIT_SECONDS, (
        "and no longer than a while"
    )


def test_a_rate_limit_is_kept_and_nothing_is_lost(tmp_path):
    asked = []

    def answer(path, _headers):
        at = int(parse_qs(urlparse(path).query).get("cursor", ["0::0"])[0].partition("::")[2])
        asked.append((time.monotonic(), at))
        if len(asked) == 2:
            return 429, {"Retry-After": "1"}, b""
        page = [report(i) for i in range(at + 1, min(at + 101, 151))]
        return (
            200,
            {},
            json.dumps(
                {"events": page} | ({"cursor": f"0::{page[-1]['id']}"} if page else {})
            ).encode(),
        )

    with (
        Served(answer) as server,
        Running(tmp_path / "w", OzoneFeed(name="o", url=server.url, secret="t", every=0.05)) as run,
    ):
        until(lambda: run.rows("SELECT count(*) FROM reports") == [(150,)])
    assert asked[2][0] - asked[1][0] >= 1.0, "no sooner than the server asked"
    assert asked[1][1] == 100


def test_events_of_one_millisecond_are_told_apart_and_a_page_without_cursor_is_taken_once(tmp_path):
    count = {"asked": 0}

    def answer(path, _headers):
        count["asked"] += 1
        # 130 events of one moment; the last page never brings a cursor
        at = int(parse_qs(urlparse(path).query).get("cursor", ["0::0"])[0].partition("::")[2])
        page = [report(i) for i in range(at + 1, min(at + 101, 131))]
        return (
            200,
            {},
            json.dumps({"events": page} | ({"cursor": "0::100"} if at == 0 else {})).encode(),
        )

    with (
        Served(answer) as server,
        Running(tmp_path / "w", OzoneFeed(name="o", url=server.url, secret="t", every=0.05)) as run,
    ):
        until(lambda: count["asked"] > 6)
        assert run.rows("SELECT count(*) FROM reports") == [(130,)]
    assert run.rows("SELECT count(*) FROM raw") == [(130,)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"events": 3}',
        b'{"events": [1, null, {}]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"events": [{"id": 1, "event": {"$type": 5}, "subject": []}]}',
    ],
)
def test_hostile_answers_of_a_poll(tmp_path, body):
    feed = OzoneFeed(name="o", url="", secret="t", every=0.05)
    with Served(lambda _path, _headers: (200, {}, body)) as server:
        feed.url = server.url
        with Running(tmp_path / "w", feed) as run:
            until(
                lambda: (
                    feed.health.attempts
                    or run.rows("SELECT refused FROM sources WHERE refused > 0")
                )
            )
    assert run.rows("SELECT count(*) FROM reports") == [(0,)]


def test_reports_that_were_resolved_at_once_and_lists_longer_than_a_page(tmp_path):
    everything = {i: i % 3 == 0 for i in range(1, 701)}

    def item(i):
        return {
            "id": str(i),
            "created_at": "2023-11-14T22:13:20Z",
            "account": {"id": "a"},
            "target_account": {"id": f"t{i}"},
        }

    def answer(path, _headers):
        if "/reports" not in path:
            return 200, {}, b"[]"
        query = parse_qs(urlparse(path).query)
        resolved, after = query["resolved"] == ["true"], int(query.get("min_id", ["0"])[0])
        chosen = [i for i in sorted(everything) if everything[i] == resolved and i > after][:200]
        return 200, {}, json.dumps([item(i) for i in reversed(chosen)]).encode()

    feed = MastodonFeed(name="m", url="", secret="s", every=0.05)
    with Served(answer) as server:
        feed.url = server.url
        with Running(tmp_path / "w", feed) as run:
            until(lambda: run.rows("SELECT count(*) FROM reports") == [(700,)])
    assert len(run.rows("SELECT DISTINCT target FROM reports")) == 700


def delivery(port, body, signature, *, length=None, slow=False):
    head = (
        "POST / HTTP/1.1\r\nHost: x\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n"
        f"X-Hub-Signature: {signature}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(head.encode() if not slow else head.encode()[:20])
        if not slow:
            connection.sendall(body)
        connection.settimeout(20)
        return connection.recv(100).partition(b"\r\n")[0].decode()


def sign(body, secret="right"):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def hook(account, suspended, moment):
    return json.dumps(
        {
            "event": "account.updated",
            "created_at": moment,
            "object": {"id": account, "username": "u", "suspended": suspended},
        }
    ).encode()


def test_deliveries_replayed_too_large_unsigned_or_broken(tmp_path):
    feed = MastodonWebhookFeed(name="h", secret="right", port=0)
    with Running(tmp_path / "w", feed) as run:
        until(lambda: feed.bound)
        down, up = hook("7", True, "2023-11-14T22:13:20Z"), hook("7", False, "2023-11-14T22:14:20Z")
        assert "200" in delivery(feed.bound, down, sign(down))
        assert "200" in delivery(feed.bound, up, sign(up))
        # the first one, caught on its way and sent again
        assert "200" in delivery(feed.bound, down, sign(down))
        assert run.rows("SELECT status FROM standing WHERE account = '7'") == [("active",)]
        assert len(run.rows("SELECT id FROM changes")) == 2
        for signature in (
            "",
            "sha256=",
            "sha1=" + "0" * 40,
            sign(down)[:-1] + "0",
            sign(down).upper(),
            "sha256=é",
        ):
            assert "401" in delivery(feed.bound, down, signature), signature
        assert "413" in delivery(feed.bound, b"", sign(b""), length=hooks.MAX_BODY_BYTES + 1)
        assert "413" in delivery(feed.bound, b"", sign(b""), length="-5")
        for body in (
            b"",
            b"[]",
            b"{",
            b"[" * 50_000,
            b'{"event": "account.updated"}',
            b'{"event": 3, "object": {}}',
        ):
            assert "200" in delivery(feed.bound, body, sign(body)), (
                "signed, kept, and counted as unreadable"
            )
        assert run.rows("SELECT refused FROM sources")[0][0] >= 4
        assert len(run.rows("SELECT id FROM changes")) == 2


def test_a_signature_is_compared_in_constant_time(monkeypatch):
    seen = []
    monkeypatch.setattr(hooks.hmac, "compare_digest", lambda a, b: seen.append((a, b)) or a == b)
    assert is_signed(b"x", "s", sign(b"x", "s"))
    assert not is_signed(b"x", "s", "sha256=0")
    assert len(seen) == 2


def test_more_deliveries_than_can_be_handled_are_sent_away(monkeypatch):
    monkeypatch.setattr(hooks, "MAX_CONCURRENT_DELIVERIES", 2)
    feed = MastodonWebhookFeed(name="h", secret="right", port=0)
    stop, waiting = threading.Event(), []
    threading.Thread(target=feed.run, args=(None, "", waiting.append, stop), daemon=True).start()
    until(lambda: feed.bound)
    body, said = hook("7", True, "2023-11-14T22:13:20Z"), []
    threads = [
        threading.Thread(
            target=lambda: said.append(delivery(feed.bound, body, sign(body))), daemon=True
        )
        for _ in range(6)
    ]
    for t in threads:
        t.start()
    until(lambda: len(said) == 4)
    assert all("503" in s for s in said)
    for [step] in list(waiting):
        step.on_commit()
    for t in threads:
        t.join(60)
    stop.set()
    assert sum("200" in s for s in said) == 2


BLOCK = {
    "type": "log",
    "log_type": "block",
    "log_action": "block",
    "title": "User:A",
    "namespace": 2,
    "timestamp": T // 1_000_000,
    "wiki": "testwiki",
    "log_params": [],
}


def test_canaries_are_no_blocks():
    assert decode_mediawiki(JsonFields({**BLOCK, "meta": {"domain": "canary"}})) == []
    assert (
        decode_mediawiki(JsonFields({**BLOCK, "meta": {"domain": "test.wikipedia.org"}}))[0].status
        == "suspended"
    )
    assert decode_mediawiki(JsonFields({**BLOCK, "log_action": "reblock"}))[0].status == "suspended"
    assert (
        decode_mediawiki(
            JsonFields({**BLOCK, "log_action": "reblock", "log_params": {"sitewide": False}})
        )[0].status
        == "limited"
    )


def test_a_block_a_reblock_and_an_unblock_are_one_fall_and_one_return(tmp_path):
    events = [("block", 0), ("reblock", 5), ("unblock", 9), ("unblock", 9)]
    stream = b": comment\nretry: 500\n\n" + b"".join(
        b"id: %d\r\nevent: message\r\ndata: %s\r\n\r\n"
        % (n, json.dumps({**BLOCK, "log_action": a, "timestamp": T // 1_000_000 + s}).encode())
        for n, (a, s) in enumerate(events, 1)
    )
    broken = (
        b'id: 9\ndata: {"type"\n\nid: 10\ndata: [1]\n\nid: 11\ndata: '
        + b"[" * 100_000
        + b'\n\ndata: {"cut": '
    )

    def answer(_path, headers):
        if headers.get("Last-Event-ID") is None:
            return 200, {"Content-Type": "text/event-stream"}, stream + broken
        time.sleep(0.2)
        return 200, {}, b": nothing\n\n"

    feed = MediaWikiFeed(name="c", url="")
    with Served(answer) as server:
        feed.url = server.url + "/"
        with Running(tmp_path / "w", feed) as run:
            until(lambda: run.rows("SELECT cursor FROM sources WHERE cursor = '11'"))
    assert run.rows("SELECT status, previous FROM changes ORDER BY id") == [
        ("suspended", None),
        ("active", "suspended"),
    ]
    assert run.rows("SELECT refused FROM sources") == [(3,)]


def test_a_line_without_end_is_left(tmp_path):
    feed = MediaWikiFeed(name="c", url="")
    with Served(lambda _path, _headers: (200, {}, b"data: " + b"x" * (3 << 20))) as server:
        feed.url = server.url + "/"
        with Running(tmp_path / "w", feed):
            until(lambda: feed.health.reason == "a line too long")
