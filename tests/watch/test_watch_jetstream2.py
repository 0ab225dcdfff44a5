"""Jetstream v2 against a server written here from the documented wire, and knowing nothing of the
reader: cursors that are inclusive, too old, ahead or moved up; error frames; events that come
twice; compression with a dictionary that changes."""

import asyncio
import contextlib
import http
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import websockets
import zstandard
from frames_made import iso
from hypothesis import given
from hypothesis import strategies as st
from watch_running import Running, until

from birdfall.watch.feeds.base import now
from birdfall.watch.feeds.jetstream_v2 import JetstreamV2Feed, parse_cursor, parse_message
from birdfall.watch.feeds.json_fields import DecodeError
from birdfall.watch.feeds.registry import open_feed
from birdfall.watch.feeds.websocket import MAX_FRAME_BYTES
from birdfall.watch.model.events import Follow, Identity, Status, Unfollow

STREAM = "network.bsky.jetstream.subscribeEvents"
PATH = f"/xrpc/{STREAM}"
#: Below this a cursor is a number, from it on a time.
SPLIT = 10**15


def frame(kind, sequence, moment, did, **more):
    payload = {
        "$type": f"{STREAM}#{kind}",
        "seq": sequence,
        "did": did,
        "time": iso(moment),
        **more,
    }
    return json.dumps({"$type": "message", "payload": payload})


def down(sequence, moment, did, status="takendown"):
    # the number and the time within are the host's own, not the service's
    body = {
        "active": False,
        "did": did,
        "seq": sequence + 7000,
        "status": status,
        "time": iso(moment - 300_000),
    }
    return frame("account", sequence, moment, did, account=body)


def commit(sequence, moment, did, operation, key, subject=None):
    more = {"rev": "3k", "operation": operation, "collection": "app.bsky.graph.follow", "rkey": key}
    if subject:
        more |= {
            "cid": "bafy",
            "record": {
                "$type": "app.bsky.graph.follow",
                "subject": subject,
                "createdAt": iso(moment),
            },
        }
    return frame("commit", sequence, moment, did, **more)


def failed(name):
    return json.dumps({"$type": "error", "error": name, "message": f"{name}; reconnect"})


class Service:
    """A service of Jetstream v2 on loopback. log: [(sequence, time, frame)]; floor: the lowest
    number it replays; ending: {connection: frame sent last, after `after` frames, before the
    connection ends}; dictionary: bytes it compresses with."""

    def __init__(self, log, *, floor=1, dictionary=b"", after=None, ending=None):
        self.log, self.floor, self.dictionary = log, floor, dictionary
        self.after, self.ending = after or {}, ending or {}
        self.asked, self.refused, self.offered, self.downloads = [], [], [], 0
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(self._serve()), daemon=True
        )

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *error):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(60)

    @property
    def number(self):
        return int.from_bytes(self.dictionary[4:8], "little") if self.dictionary else 0

    def _refuse(self, connection, name, message):
        self.refused.append(name)
        return connection.respond(
            http.HTTPStatus.BAD_REQUEST, json.dumps({"error": name, "message": message})
        )

    def _asks(self, connection, request):
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        if parts.path == "/xrpc/network.bsky.jetstream.getZstdDictionary":
            self.downloads += 1
            if not self.dictionary:
                return connection.respond(http.HTTPStatus.NOT_FOUND, "none")
            answer = connection.respond(http.HTTPStatus.OK, "")
            answer.body = self.dictionary
            del answer.headers["Content-Length"]
            answer.headers["Content-Length"] = str(len(self.dictionary))
            return answer
        if parts.path != PATH:
            return connection.respond(http.HTTPStatus.NOT_FOUND, "none")
        for wrong in ("wantedDids", "wantedCollections", "requireHello", "compress"):
            if wrong in query:
                return self._refuse(connection, "InvalidRequest", f"{wrong} is of the old endpoint")
        if set(query.get("kinds", [])) - {"commit", "identity", "account", "sync"}:
            return self._refuse(connection, "InvalidRequest", "unknown kind")
        asked = int(query.get("zstdDictionary", ["0"])[0])
        if "zstdDictionary" in query and asked != self.number:
            return self._refuse(
                connection, "UnknownZstdDictionary", f"current dictionary id is {self.number}"
            )
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        tip = self.log[-1][0] + 1 if self.log else 1
        if cursor is not None and 0 < cursor < min(SPLIT, tip) and cursor < self.floor:
            return self._refuse(
                connection, "CursorTooOld", f"cursor {cursor} below lookback floor {self.floor}"
            )
        return None

    async def _serve(self):
        self._over = asyncio.Event()

        async def talk(socket):
            query = parse_qs(urlsplit(socket.request.path).query)
            cursor = int(query["cursor"][0]) if "cursor" in query else None
            self.asked.append(query)
            self.offered.append(socket.subprotocol)
            number, sent, tip = len(self.asked), 0, self.log[-1][0] + 1 if self.log else 1
            press = (
                zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(self.dictionary))
                if "zstdDictionary" in query
                else None
            )

            async def send(text):
                await socket.send(press.compress(text.encode()) if press else text)

            if cursor is None or (cursor < SPLIT and cursor >= tip):
                begin = tip  # live, and no word of a cursor from the future
            elif cursor < SPLIT:
                begin = max(cursor, self.floor)
            else:
                begin = next((s for s, t, _ in self.log if t >= cursor), tip)
                if begin < self.floor or cursor < self.log[0][1]:
                    begin = max(begin, self.floor)
                    info = {
                        "$type": f"{STREAM}#info",
                        "name": "OutdatedCursor",
                        "message": f"starting at seq {begin}",
                    }
                    await send(json.dumps({"$type": "message", "payload": info}))
            at = 0
            while not self._over.is_set():
                for sequence, _, text in self.log[at:]:
                    at += 1
                    if sequence < begin:
                        continue
                    await send(text)
                    sent += 1
                    if self.after.get(number) == sent:
                        if number in self.ending:
                            await send(self.ending[number])
                        return
                await asyncio.sleep(0.02)

        async with websockets.serve(
            talk,
            "127.0.0.1",
            0,
            compression=None,
            process_request=self._asks,
            subprotocols=["xrpc.v1.json"],
            select_subprotocol=lambda _c, offered: next(
                (p for p in offered if p == "xrpc.v1.json"), None
            ),
        ) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._ready.set()
            await self._over.wait()


def log_of(numbers, start):
    return [(i, start + i * 1000, down(i, start + i * 1000, f"did:plc:{i}")) for i in numbers]


def feed(service, **more):
    return JetstreamV2Feed(
        name="j", url=service.url, **({"compressed": False, "start": "all"} | more)
    )


def test_every_event_once_though_each_connection_ends_and_the_last_one_comes_again(tmp_path):
    start = now() - 60_000_000
    with (
        Service(log_of(range(1, 13), start), after={1: 4, 2: 4, 3: 4}) as service,
        Running(tmp_path / "w", feed(service)) as run,
    ):
        until(lambda: len(run.fallen()) == 12)
    assert run.fallen() == [f"did:plc:{i}" for i in range(1, 13)]
    # the cursor is inclusive: what was seen last is sent again, and counts once
    assert [int(q["cursor"][0]) for q in service.asked[:4]] == [0, 4, 7, 10]
    assert run.rows("SELECT steps FROM sources") == [(15,)]
    assert run.rows("SELECT count(*) FROM gaps") == [(0,)]
    assert service.offered[0] == "xrpc.v1.json"
    assert service.asked[0]["kinds"] == ["account", "identity", "commit"]
    assert service.asked[0]["collections"] == ["app.bsky.graph.follow"]
    assert service.refused == []


def test_error_frames_end_a_connection_and_lose_nothing(tmp_path):
    start = now() - 60_000_000
    ending = {1: failed("ConsumerTooSlow"), 2: failed("InternalError")}
    with (
        Service(log_of(range(1, 8), start), after={1: 2, 2: 3}, ending=ending) as service,
        Running(tmp_path / "w", feed(service)) as run,
    ):
        until(lambda: len(run.fallen()) == 7)
    assert run.rows("SELECT refused FROM sources") == [(2,)]


def test_a_watch_that_is_started_again_goes_on(tmp_path):
    start = now() - 60_000_000
    with Service(log_of(range(1, 6), start)) as service:
        with Running(tmp_path / "w", feed(service)) as run:
            until(lambda: len(run.fallen()) == 5)
        run.state.close()
        service.log += log_of(range(6, 11), start)
        with Running(tmp_path / "w", feed(service)) as run:
            until(lambda: len(run.fallen()) == 10)
        assert service.asked[1]["cursor"] == ["5"]
        assert run.rows("SELECT cursor FROM sources") == [(f"10@{start + 10_000}",)]


def test_a_cursor_that_is_too_old_leaves_a_gap_and_goes_on_with_what_is_kept(tmp_path):
    start = now() - 3600_000_000
    with Service(log_of(range(1, 6), start)) as service:
        with Running(tmp_path / "w", feed(service)) as run:
            until(lambda: len(run.fallen()) == 5)
        run.state.close()
        later = start + 1800_000_000
        # events 6 to 99 came and went while nobody listened
        service.log, service.floor = log_of(range(100, 105), later), 100
        with Running(tmp_path / "w", feed(service)) as run:
            until(lambda: len(run.fallen()) == 10)
    assert service.refused == ["CursorTooOld"]
    assert run.rows("SELECT begin, end, why FROM gaps") == [
        (start + 5_000, later + 100_000, "cursor-too-old")
    ]


def test_a_server_that_counts_anew_is_noticed_though_it_says_nothing(tmp_path):
    start = now() - 600_000_000
    with Service(log_of(range(900, 906), start), floor=900) as service:
        with Running(tmp_path / "w", feed(service, start="live")) as run:
            until(lambda: len(service.asked) == 1)
            service.log += log_of(range(906, 908), start)
            until(lambda: len(run.fallen()) == 2)
        run.state.close()
        last = start + 907_000
        # reset: it counts from 1, and its history begins ten seconds after what was seen last
        service.log, service.floor = (
            [
                (i, last + i * 10_000_000, down(i, last + i * 10_000_000, f"did:plc:new{i}"))
                for i in range(1, 4)
            ],
            1,
        )
        with Running(tmp_path / "w", feed(service, start="live")) as run:
            until(lambda: len(service.asked) == 2)
            service.log += [(4, last + 40_000_000, down(4, last + 40_000_000, "did:plc:new4"))]
            until(lambda: len(run.fallen()) == 6)
    assert sorted(run.fallen()[2:]) == [f"did:plc:new{i}" for i in range(1, 5)], (
        "what it had before the live end is read too"
    )
    assert int(service.asked[1]["cursor"][0]) == 907
    assert int(service.asked[2]["cursor"][0]) == last - 5_000_000, "by time, set back a little"
    assert run.rows("SELECT epoch FROM sources") == [("1",)]
    assert ("server-began-anew",) in run.rows("SELECT why FROM gaps")


def trained(lines):
    return zstandard.train_dictionary(1024, [line.encode() for line in lines] * 20).as_bytes()


def test_messages_compressed_with_a_dictionary_that_is_asked_for_and_changes(tmp_path):
    start = now() - 60_000_000
    log = log_of(range(1, 41), start)
    first, second = trained([t for _, _, t in log[:20]]), trained([t for _, _, t in log[20:]])
    assert first[4:8] != second[4:8]
    with Service(log, dictionary=first, after={1: 20}) as service:
        with Running(tmp_path / "w", feed(service, compressed=True)) as run:
            until(lambda: len(run.fallen()) >= 20)
            service.dictionary = second
            until(lambda: len(run.fallen()) == 40)
        assert service.downloads >= 2 or service.refused == []
    assert int(service.asked[0]["zstdDictionary"][0]) == int.from_bytes(first[4:8], "little")
    assert run.rows("SELECT refused FROM sources") == [(0,)]


def test_without_a_dictionary_messages_come_plain(tmp_path):
    start = now() - 60_000_000
    with (
        Service(log_of(range(1, 4), start)) as service,
        Running(tmp_path / "w", feed(service, compressed=True)) as run,
    ):
        until(lambda: len(run.fallen()) == 3)
    assert "zstdDictionary" not in service.asked[0]


def test_a_message_that_would_fill_the_memory_is_refused(tmp_path):
    bomb = zstandard.ZstdCompressor().compress(b"\0" * (MAX_FRAME_BYTES + 1))
    assert len(bomb) < 10_000
    reader = JetstreamV2Feed(name="j", url="ws://127.0.0.1:9")
    data = trained([t for _, _, t in log_of(range(1, 40), now())])
    place = tmp_path / "dictionary"
    place.write_bytes(data)
    reader.dictionary = place
    assert f"zstdDictionary={int.from_bytes(data[4:8], 'little')}" in reader.connection_url()
    step = reader.decode_message(bomb, now())
    assert step.refused == "a message that would be too large unpacked"


def test_every_kind_of_event():
    t = 1_700_000_000_000_000
    found = parse_message(down(7, t, "did:plc:a").encode(), t, "host.test")
    # the moment is the host's own; the place in the stream the service's
    assert found.events == (
        Status("did:plc:a", "taken_down", t - 300_000, "takendown", "host.test"),
    )
    assert (found.sequence, found.time) == (7, t)
    body = {"did": "did:plc:a", "handle": "a.test", "seq": 9, "time": iso(t)}
    assert parse_message(
        frame("identity", 8, t, "did:plc:a", identity=body).encode(), t
    ).events == (Identity("did:plc:a", "a.test", t),)
    follow = commit(9, t, "did:plc:a", "create", "k", "did:plc:b")
    assert parse_message(follow.encode(), t).events == (
        Follow("did:plc:a", "did:plc:b", t, "did:plc:a/k"),
    )
    assert parse_message(commit(10, t, "did:plc:a", "delete", "k").encode(), t).events == (
        Unfollow("did:plc:a", t, "did:plc:a/k"),
    )
    sync = parse_message(frame("sync", 11, t, "did:plc:a", sync={"rev": "x"}).encode(), t)
    assert (sync.events, sync.sequence) == ((), 11)
    limited = parse_message(down(12, t, "did:plc:a", "throttled").encode(), t)
    assert limited.events[0].status == "limited"
    assert parse_message(failed("ConsumerTooSlow").encode(), t).fatal


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda s: (
        st.lists(s, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "$type",
                    "did",
                    "seq",
                    "time",
                    "account",
                    "rkey",
                    "active",
                    "operation",
                    "collection",
                    "record",
                ]
            )
            | st.text(max_size=4),
            s,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(
    st.binary(max_size=200) | _JSON.map(lambda x: json.dumps(x).encode()),
    st.sampled_from(["account", "identity", "commit", "info", "new"]),
    _JSON,
)
def test_whatever_comes_is_an_event_or_refused(data, kind, body):
    payload = {
        "$type": f"{STREAM}#{kind}",
        "seq": 3,
        "time": "2023-11-14T22:13:20Z",
        "did": "did:plc:a",
        kind: body,
    }
    if isinstance(body, dict):
        payload |= body
    for line in (data, json.dumps({"$type": "message", "payload": payload}).encode()):
        with contextlib.suppress(DecodeError):
            parse_message(line, 1_700_000_000_000_000)


def test_the_command_line_names_it():
    made = open_feed("jetstream2:wss://jetstream.example")
    assert isinstance(made, JetstreamV2Feed)
    assert made.name == "jetstream2:jetstream.example"
    assert parse_cursor("7@1700000000000000") == (7, 1_700_000_000_000_000)


@pytest.mark.parametrize("cursor", ["7@1700000000000000", "0@1700000000000000"])
def test_a_kept_place_asks_by_number_or_by_time(cursor):
    reader = JetstreamV2Feed(name="j", url="ws://127.0.0.1:9", compressed=False, cursor=cursor)
    assert (
        f"cursor={7 if cursor.startswith('7') else 1_700_000_000_000_000 - 5_000_000}"
        in reader.connection_url()
    )
