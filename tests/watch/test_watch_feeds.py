"""Sources over the network, against servers of our own: reconnection, error frames, polling,
webhooks, server-sent events.
"""

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from frames_made import Host, account, advisory, failure
from watch_running import Running, until

from birdfall.watch.alerts.rules import Rule
from birdfall.watch.engine.archive import case_from_wave
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import now
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.feeds.webhook import MastodonWebhookFeed
from birdfall.watch.feeds.websocket import FirehoseFeed, JetstreamFeed
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.model.wave import SuspensionDetails
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries.waves import find_wave, insert_wave

T = 1_700_000_000_000_000


def test_a_stream_that_breaks_goes_on_where_it_was(tmp_path):
    start = now()

    def script(_number, cursor):
        begin = 0 if cursor is None else cursor
        # each connection ends after three frames
        return [
            account(f"did:plc:{i}", start + i, status="takendown", sequence=i)
            for i in range(begin + 1, begin + 4)
        ]

    with (
        Host(script, hold=lambda number: number >= 4) as host,
        Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run,
    ):
        until(lambda: len(run.fallen()) >= 12)
    assert run.fallen() == [f"did:plc:{i}" for i in range(1, 13)]
    assert host.asked[:4] == [None, 3, 6, 9]


def test_a_watch_that_is_started_again_asks_for_what_it_missed(tmp_path):
    start = now()

    def script(_number, cursor):
        begin = 0 if cursor is None else cursor
        return [
            account(f"did:plc:{i}", start + i, status="takendown", sequence=i)
            for i in range(begin + 1, begin + 6)
        ]

    with Host(script, hold=lambda _number: True) as host:
        with Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run:
            until(lambda: len(run.fallen()) == 5)
        run.state.close()
        with Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run:
            until(lambda: len(run.fallen()) == 10)
    assert host.asked == [None, 5]


def test_a_server_that_was_reset_is_read_from_its_beginning_once(tmp_path):
    start = now()

    def script(number, cursor):
        if number == 1:
            return [account("did:plc:a", start, status="takendown", sequence=900)]
        if cursor == 900:
            return [failure("FutureCursor")]
        return [
            account("did:plc:a", start, status="takendown", sequence=1),
            account("did:plc:b", start + 5, status="takendown", sequence=2),
        ]

    with (
        Host(script, hold=lambda number: number >= 3) as host,
        Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run,
    ):
        until(lambda: len(run.fallen()) == 2)
        time.sleep(0.3)
    assert run.fallen() == ["did:plc:a", "did:plc:b"]
    assert host.asked[:3] == [None, 900, 0]
    [(begin, end, why)] = run.rows("SELECT begin, end, why FROM gaps")
    assert why == "server-began-anew"
    assert start <= begin < end, "from the last thing heard before the reset"
    assert run.rows("SELECT epoch FROM sources") == [("1",)]


def test_what_a_server_no_longer_keeps_is_a_gap_in_the_coverage(tmp_path):
    kept, later = now() - 60_000_000, now() + 5_000_000
    path = tmp_path / "w"
    state = State.open(path)
    with state.transaction():
        ingest_batch(
            state, "f", [StreamBatch(kept, (Status("did:plc:a", "taken_down", kept),), "7")]
        )
    state.close()

    def script(_number, _cursor):
        return [
            advisory("OutdatedCursor"),
            account("did:plc:b", later, status="takendown", sequence=99),
        ]

    with (
        Host(script, hold=lambda _number: True) as host,
        Running(path, FirehoseFeed(name="f", url=host.url)) as run,
    ):
        until(lambda: len(run.fallen()) == 2)
    assert host.asked[0] == 7
    assert run.rows("SELECT begin, end, why FROM gaps") == [(kept, later, "cursor-too-old")]
    case = case_from_wave(State.open(path), _one_wave(path), tmp_path / "case")
    rows = (
        case.record().sql("SELECT DISTINCT kind, note FROM coverage WHERE kind = 'gap'").to_pylist()
    )
    assert rows == [{"kind": "gap", "note": "cursor-too-old"}]


def _one_wave(path):
    state = State.open(path)
    with state.transaction():
        number = insert_wave(
            state,
            stream=ALL_FALLS,
            begin=1,
            opened=1,
            closed=1,
            fallen=0,
            returned=0,
            expected=0.0,
            evidence=0.0,
            details=SuspensionDetails(),
        )
    return find_wave(state, number)


def test_a_reader_that_was_too_slow_comes_back_for_the_rest(tmp_path):
    start = now()

    def script(number, _cursor):
        if number == 1:
            return [
                account("did:plc:a", start, status="takendown", sequence=1),
                failure("ConsumerTooSlow"),
            ]
        return [account("did:plc:b", start + 5, status="takendown", sequence=2)]

    with (
        Host(script, hold=lambda number: number >= 2) as host,
        Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run,
    ):
        until(lambda: len(run.fallen()) == 2)
    assert host.asked[1] == 1


def test_garbage_is_counted_and_passed_over(tmp_path):
    start = now()
    frames = [
        b"",
        b"\xff" * 40,
        "text",
        account("did:plc:a", start, status="takendown", sequence=3),
        b"{}",
    ]
    with (
        Host(lambda _number, _cursor: frames, hold=lambda _number: True) as host,
        Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run,
    ):
        until(lambda: run.rows("SELECT steps FROM sources") == [(5,)])
    assert run.rows("SELECT refused FROM sources") == [(4,)]
    assert run.fallen() == ["did:plc:a"]


def test_nobody_there_is_an_alert_of_its_own_and_only_one(tmp_path):
    clock = {"at": now()}
    feed = FirehoseFeed(name="f", url="ws://127.0.0.1:9")
    run = Running(
        tmp_path / "w", feed, rules=[Rule("silent", "no-data", 60)], clock=lambda: clock["at"]
    )
    with run:
        until(lambda: feed.health.attempts >= 1)
        time.sleep(0.3)
        assert run.rows("SELECT kind FROM alerts") == []
        clock["at"] += 61_000_000
        until(lambda: run.rows("SELECT kind FROM alerts") == [("no-data",)])
        clock["at"] += 61_000_000
        time.sleep(0.5)
        assert run.rows("SELECT kind FROM alerts") == [("no-data",)]
    assert run.rows("SELECT count(*) FROM ticks") == [(0,)], "no data is not silence"


def test_who_was_told_of_silence_is_told_of_its_end(tmp_path):
    clock = {"at": now()}
    feed = RecordingFeed("f", (), live=True)
    state = State.open(tmp_path / "w")
    watcher = Watcher(
        state, [feed], rules=[Rule("silent", "no-data", 60)], clock=lambda: clock["at"]
    )
    for seconds in (0, 30):
        feed.health.connected, feed.health.since, feed.health.reason = (
            False,
            clock["at"],
            "HTTP 503",
        )
        clock["at"] += seconds * 1_000_000
        watcher.process_batches([])
        feed.health.mark_connected()
        watcher.process_batches([])
        assert state.connection.execute("SELECT count(*) FROM alerts").fetchone()[0] == 0, (
            "a short loss is no news"
        )
    feed.health.connected, feed.health.since, feed.health.reason = False, clock["at"], "HTTP 503"
    watcher.process_batches([])
    clock["at"] += 61_000_000
    watcher.process_batches([])
    clock["at"] += 61_000_000
    feed.health.mark_connected()
    watcher.process_batches([])
    told = [
        json.loads(r[0])["why"]
        for r in state.connection.execute("SELECT body FROM alerts ORDER BY id")
    ]
    assert told == [
        "No data from f for 61 s: nothing can be said about this time. What went wrong: HTTP 503.",
        "f is heard again, after 122 s without data.",
    ]


def test_a_wave_on_the_wire_is_called_within_seconds(tmp_path):
    start = now()

    def script(_number, _cursor):
        # the host still has the minute before: what nobody watched has nothing to stand out from
        before = account("did:plc:x", start - 60_000_000, status="takendown", sequence=0)
        return [
            before,
            *(
                account(f"did:plc:{i}", start + i * 1000, status="takendown", sequence=i)
                for i in range(1, 200)
            ),
        ]

    with (
        Host(script, hold=lambda _number: True) as host,
        Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run,
    ):
        until(lambda: run.rows("SELECT kind FROM alerts WHERE kind = 'falls'"))
    assert time.time_ns() // 1000 - start < 10_000_000


def test_throttled_hosts_make_no_wave(tmp_path):
    start = now()

    def script(_number, _cursor):
        return [
            account(f"did:plc:{i}", start + i * 1000, status="throttled", sequence=i)
            for i in range(1, 500)
        ]

    with (
        Host(script, hold=lambda _number: True) as host,
        Running(tmp_path / "w", FirehoseFeed(name="f", url=host.url)) as run,
    ):
        until(lambda: run.rows("SELECT steps FROM sources") == [(499,)])
        time.sleep(0.5)
    assert run.rows("SELECT count(*) FROM changes") == [(499,)]
    assert run.rows("SELECT count(*) FROM waves") == [(0,)]


def test_jetstream_with_its_dictionary_and_its_cursor(tmp_path):
    import zstandard

    start = now()

    def line(i):
        return json.dumps(
            {
                "did": f"did:plc:{i}",
                "time_us": start + i,
                "kind": "account",
                "account": {
                    "active": False,
                    "did": f"did:plc:{i}",
                    "seq": i,
                    "status": "takendown",
                    "time": "2023-11-14T22:13:20Z",
                },
            }
        ).encode()

    dictionary = zstandard.ZstdCompressionDict(b" ".join(line(i) for i in range(300)))
    place = tmp_path / "dictionary"
    place.write_bytes(dictionary.as_bytes())
    press = zstandard.ZstdCompressor(dict_data=dictionary)

    def script(number, _cursor):
        if number == 1:
            return [*(press.compress(line(i)) for i in range(1, 10)), b"\x00broken"]
        # at least once: what was sent comes again, and in plain text, as it is asked for now
        return [line(i).decode() for i in range(1, 11)]

    with (
        Host(script, hold=lambda number: number > 1) as host,
        Running(tmp_path / "w", JetstreamFeed(name="j", url=host.url, dictionary=place)) as run,
    ):
        until(lambda: len(run.fallen()) == 10)
    assert host.asked[1] == start + 9 - 5_000_000
    assert run.rows("SELECT refused FROM sources") == [(1,)]
    assert run.feeds[0].dictionary is None, "a dictionary that failed once is not used again"


class Served:
    """An HTTP server on loopback: `answer(path, headers)` gives (status, headers, body)."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = answer(self.path, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


def report(i, moment="2023-11-14T22:13:20.000Z"):
    return {
        "id": i,
        "event": {
            "$type": "tools.ozone.moderation.defs#modEventReport",
            "reportType": "x#reasonSpam",
        },
        "createdAt": moment,
        "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": "did:plc:t"},
        "createdBy": f"did:plc:{i}",
    }


def test_ozone_is_asked_page_by_page(tmp_path):
    from urllib.parse import parse_qs, urlparse

    asked, trouble = [], {"left": 2}

    def answer(path, headers):
        query = parse_qs(urlparse(path).query)
        at = int(query.get("cursor", ["0::0"])[0].partition("::")[0]) // 60_000
        asked.append(at)
        assert headers["Authorization"].startswith("Basic ")
        if at == 100 and trouble["left"]:
            trouble["left"] -= 1
            return 503, {}, b""
        page = [report(i) for i in range(at + 1, min(at + 101, 251))]
        # a report a minute: further apart than a question reaches back
        body = {"events": page} | (
            {"cursor": f"{page[-1]['id'] * 60_000}::{page[-1]['id']}"} if page else {}
        )
        return 200, {}, json.dumps(body).encode()

    with (
        Served(answer) as server,
        Running(
            tmp_path / "w", OzoneFeed(name="o", url=server.url, secret="admin:x", every=0.05)
        ) as run,
    ):
        until(lambda: run.rows("SELECT count(*) FROM reports") == [(250,)])
        time.sleep(0.3)
    assert run.rows("SELECT count(*) FROM reports") == [(250,)]
    assert run.rows("SELECT cursor FROM sources") == [("15000000::250",)]
    assert asked.count(0) == 1


def test_mastodon_is_asked_for_reports_and_suspensions(tmp_path):
    suspended = [{"id": str(i), "username": f"u{i}", "suspended": True} for i in range(3)]

    def answer(path, headers):
        assert headers["Authorization"] == "Bearer secret-token"
        if "/reports" in path:
            body = (
                []
                if "min_id=0" not in path
                else [
                    {
                        "id": "9",
                        "created_at": "2023-11-14T22:13:20Z",
                        "account": {"id": "50"},
                        "target_account": {"id": "1"},
                    }
                ]
            )
        else:
            body = suspended
        return 200, {}, json.dumps(body).encode()

    feed = MastodonFeed(name="m", url="", secret="secret-token", every=0.05)
    with Served(answer) as server:
        feed.url = server.url
        with Running(tmp_path / "w", feed) as run:
            until(
                lambda: (
                    run.rows("SELECT count(*) FROM changes WHERE status = 'suspended'") == [(3,)]
                )
            )
            suspended.pop()
            until(
                lambda: (
                    run.rows(
                        "SELECT account FROM changes "
                        "WHERE status = 'active' AND previous = 'suspended'"
                    )
                    == [("2",)]
                )
            )
    assert run.rows("SELECT reporter, target FROM reports") == [("50", "1")]


@pytest.mark.parametrize(("secret", "status"), [("right-secret", 200), ("wrong-secret", 401)])
def test_webhooks_are_taken_only_when_signed(tmp_path, secret, status):
    feed = MastodonWebhookFeed(name="h", secret="right-secret", port=0)
    body = json.dumps(
        {
            "event": "account.updated",
            "created_at": "2023-11-14T22:13:20Z",
            "object": {"id": "7", "suspended": True},
        }
    ).encode()
    with Running(tmp_path / "w", feed) as run:
        until(lambda: feed.bound)
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            f"http://127.0.0.1:{feed.bound}/", data=body, headers={"X-Hub-Signature": signature}
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                said = answer.status
        except urllib.error.HTTPError as error:
            said = error.code
        assert said == status
        # what was answered 200 is kept
        assert len(run.rows("SELECT * FROM changes")) == (status == 200)


def test_server_sent_events_go_on_from_the_last_id(tmp_path):
    asked = []

    def answer(_path, headers):
        asked.append(headers.get("Last-Event-ID"))
        first = 1 if asked[-1] is None else int(asked[-1]) + 1
        if first > 6:
            time.sleep(0.3)
            return 200, {"Content-Type": "text/event-stream"}, b": nothing new\n\n"
        out = b""
        for i in range(first, first + 3):
            change = {
                "type": "log",
                "log_type": "block",
                "log_action": "block",
                "title": f"User:U{i}",
                "namespace": 2,
                "timestamp": T // 1_000_000 + i,
                "wiki": "testwiki",
                "log_params": [],
            }
            out += b"event: message\nid: %d\ndata: %s\n\n" % (i, json.dumps(change).encode())
        return 200, {"Content-Type": "text/event-stream"}, out

    with (
        Served(answer) as server,
        Running(tmp_path / "w", MediaWikiFeed(name="c", url=server.url + "/stream")) as run,
    ):
        until(lambda: len(run.rows("SELECT * FROM changes")) == 6)
        until(lambda: len(asked) >= 3)
    assert asked[:3] == [None, "3", "6"]
