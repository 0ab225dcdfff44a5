"""Drawn conversations with servers that misbehave, for each protocol a watch listens to.

A server has some true things to tell. Before it does so honestly it misbehaves a few times, as its
seed draws: it tears answers anywhere, drips them, sends too much, other types, other bytes, TLS,
errors and redirects, tells things twice and in the wrong order, and has a clock an hour off. What
must hold: the source never ends, each true thing is kept once, what went wrong is said, and no
secret reaches another server.
"""

import base64
import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import logging
import struct
import threading
import time
from unittest import mock

from frames_made import account
from misbehaviours import of_http, of_websockets, twist
from raw_server import RawServer, http_answer

from birdfall.watch.alerts import channels
from birdfall.watch.engine import handles
from birdfall.watch.feeds import base, mediawiki_sse, polling, webhook, websocket
from birdfall.watch.feeds.jetstream_v2 import JetstreamV2Feed
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.web import WebLimits
from birdfall.watch.feeds.websocket import FirehoseFeed, JetstreamFeed
from birdfall.watch.model.alert import ReturnsAlert
from birdfall.watch.store.ingest import ingest_batch

T, HOUR_US = 1_700_000_000_000_000, 3_600_000_000
SECRET = "tooth-and-claw"
#: Seconds after which what was not told is lost.
DEADLINE_SECONDS = 120.0
MAX_MISBEHAVIOURS, THINGS = 4, 5
ALERT = ReturnsAlert(wave=1, fallen=60, returned=40)


@dataclasses.dataclass
class Outcome:
    """What conversations ended in. said: why sources were lost, each once."""

    tried: int = 0
    lost: int = 0
    doubled: int = 0
    ended: int = 0
    leaked: int = 0
    unsaid: int = 0
    said: set = dataclasses.field(default_factory=set)
    wrong: list = dataclasses.field(default_factory=list)


def iso(at):
    return dt.datetime.fromtimestamp(at / 1e6, dt.UTC).isoformat().replace("+00:00", "Z")


def websocket_frame(data, kind=2):
    size = len(data)
    head = bytes([0x80 | kind])
    if size < 126:
        head += bytes([size])
    else:
        head += (
            b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size)
        )
    return head + data


def accept_websocket(question):
    lines = question.split(b"\r\n")
    keys = [x.partition(b":")[2].strip() for x in lines if x.lower().startswith(b"sec-websocket-k")]
    # a question that is none, as the begin of TLS, gets an answer that fits nothing
    key = keys[0] if keys else b""
    made = base64.b64encode(
        hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    ).decode()
    protocol = b"Sec-WebSocket-Protocol: xrpc.v1.json\r\n" if b"xrpc.v1.json" in question else b""
    head = "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head.encode() + protocol + f"Sec-WebSocket-Accept: {made}\r\n\r\n".encode()


class Conversation:
    """One server and what it has to tell; `feed` is made for it. rng: seeded."""

    scheme, table = "http", "changes"
    #: Whether JSON is written with other tokens in it.
    twists = False
    #: What a server of ours is: it answers `answer(connection, question, number)`.
    server = RawServer

    def __init__(self, number, rng):
        self.rng, self.number = rng, number
        self.shift = rng.choice((0, 0, HOUR_US, -HOUR_US))
        self.left = rng.randrange(MAX_MISBEHAVIOURS + 1)
        #: Answers that were sent with other bytes or tokens in them.
        self.changed = 0
        self.things = list(range(1, THINGS + 1))

    def name(self, thing):
        return f"did:plc:c{self.number}t{thing}"

    def at(self, thing):
        return T + thing * 1_000_000 + self.shift

    def listed(self):
        """What is told, some of it twice and in another order."""
        found = [*self.things, *(t for t in self.things if self.rng.random() < 0.2)]
        if self.rng.random() < 0.3:
            self.rng.shuffle(found)
        return found

    def honest(self, question):
        """The bytes of an honest answer."""
        raise NotImplementedError

    def hold(self, url, state, outcome):
        """Have the conversation with the server at `url`; adds to `outcome` what it ended in."""
        watch(self, url, state, outcome)

    def answer(self, connection, question, _number):
        if self.left > 0:
            self.left -= 1
            with contextlib.suppress(OSError):
                self.misbehave(connection, question)
            return
        connection.sendall(self.honest(question))
        if self.scheme == "ws" or "text/event-stream" in question.decode("latin-1"):
            self.over.wait(DEADLINE_SECONDS)

    def misbehave(self, connection, question):
        """One of the ways to be wrong."""
        whole, rng = self.honest(question), self.rng
        general = (
            lambda: whole[: rng.randrange(len(whole) + 1)],
            lambda: whole + rng.randbytes(50),
            lambda: rng.randbytes(rng.randrange(300)),
            lambda: b"\x15\x03\x03\x00\x02\x02\x28",
            lambda: self.spoiled(question),
            lambda: self.twisted(question),
        )
        kinds = [general, general, of_http(whole, rng, self.canary)]
        if self.scheme == "ws" and b"sec-websocket-key" in question.lower():
            kinds.append(of_websockets(accept_websocket(question), rng))
        data = rng.choice(rng.choice(kinds))()
        if rng.random() < 0.2:
            for begin in range(0, min(len(data), 400), 40):
                connection.sendall(data[begin : begin + 40])
                time.sleep(0.001)
            data = data[400:]
        connection.sendall(data)

    def write(self, value):
        """JSON, with other tokens in it where it is asked for."""
        text = json.dumps(value)
        return twist(text, self.rng) if self.twists else text

    def twisted(self, question):
        """An honest answer in whose JSON a few tokens are others."""
        self.twists, self.changed = True, self.changed + 1
        try:
            return self.honest(question)
        finally:
            self.twists = False

    def spoiled(self, question):
        """An honest answer with a few bytes of it changed."""
        self.changed += 1
        data = bytearray(self.honest(question))
        for _ in range(self.rng.randrange(1, 6)):
            data[self.rng.randrange(len(data))] = self.rng.randrange(256)
        return bytes(data)


class Ozone(Conversation):
    def feed(self, url):
        return OzoneFeed(f"s{self.number}", url=url, secret=f"user:{SECRET}", every=0.001)

    def honest(self, _question):
        events = [
            {
                "id": self.number * 100 + thing,
                "event": {"$type": "tools.ozone.moderation.defs#modEventTakedown"},
                "subject": {"did": self.name(thing)},
                "createdAt": iso(self.at(thing)),
            }
            for thing in self.listed()
        ]
        return http_answer(self.write({"events": events}).encode())


class Mastodon(Conversation):
    table = "reports"

    def feed(self, url):
        return MastodonFeed(f"s{self.number}", url=url, secret=SECRET, every=0.001)

    def name(self, thing):
        return f"c{self.number}t{thing}"

    def honest(self, question):
        found = []
        if b"resolved=false" in question:
            found = [
                {
                    "id": str(thing),
                    "created_at": iso(self.at(thing)),
                    "account": {"id": "9"},
                    "target_account": {"id": self.name(thing)},
                }
                for thing in self.listed()
            ]
        return http_answer(self.write(found).encode())


class Wiki(Conversation):
    def feed(self, url):
        return MediaWikiFeed(f"s{self.number}", url=url)

    def name(self, thing):
        return f"C{self.number}t{thing}"

    def honest(self, _question):
        body = b""
        for thing in self.listed():
            change = {
                "type": "log",
                "log_type": "block",
                "log_action": "block",
                "title": f"User:{self.name(thing)}",
                "namespace": 2,
                "timestamp": self.at(thing) // 1_000_000,
                "wiki": "w",
            }
            body += f"id: {thing}\ndata: {self.write(change)}\n\n".encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + body


class Firehose(Conversation):
    scheme = "ws"

    def feed(self, url):
        return FirehoseFeed(f"s{self.number}", url=url)

    def message(self, thing):
        frame = account(self.name(thing), self.at(thing), status="takendown", sequence=thing)
        return websocket_frame(frame)

    def honest(self, question):
        return accept_websocket(question) + b"".join(map(self.message, self.listed()))


class Jetstream(Firehose):
    def feed(self, url):
        return JetstreamFeed(f"s{self.number}", url=url)

    def message(self, thing):
        body = {
            "active": False,
            "did": self.name(thing),
            "seq": thing,
            "status": "takendown",
            "time": iso(self.at(thing)),
        }
        line = {"did": self.name(thing), "time_us": T + thing, "kind": "account", "account": body}
        return websocket_frame(self.write(line).encode(), 1)


class JetstreamTwo(Firehose):
    def feed(self, url):
        return JetstreamV2Feed(f"s{self.number}", url=url, compressed=False)

    def message(self, thing):
        body = {
            "active": False,
            "did": self.name(thing),
            "seq": thing,
            "status": "takendown",
            "time": iso(self.at(thing)),
        }
        kind = "network.bsky.jetstream.subscribeEvents#account"
        payload = {
            "$type": kind,
            "seq": thing,
            "did": self.name(thing),
            "time": iso(T + thing * 1000),
            "account": body,
        }
        frame = {"$type": "message", "payload": payload}
        return websocket_frame(self.write(frame).encode(), 1)


FEEDS = {
    "ozone": Ozone,
    "mastodon": Mastodon,
    "wiki": Wiki,
    "firehose": Firehose,
    "jetstream": Jetstream,
    "jetstream2": JetstreamTwo,
}


@contextlib.contextmanager
def small_limits():
    """Waits of milliseconds and limits of some kilobytes, so that thousands can be tried."""
    small = WebLimits(15.0, 1 << 16)
    # what asyncio says of each answer to a connection that is gone
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        for module, name, value in (
            (base, "MIN_WAIT_SECONDS", 0.001),
            (base, "MAX_WAIT_SECONDS", 0.004),
            (polling, "ANSWER_LIMITS", small),
            (channels, "POST_LIMITS", small),
            (channels, "MAIL_STEP_SECONDS", 10.0),
            (channels, "MAIL_SECONDS", 20.0),
            (mediawiki_sse, "MAX_LINE_BYTES", 1 << 16),
            (mediawiki_sse, "STOP_CHECK_SECONDS", 0.01),
            (mediawiki_sse, "IDLE_SECONDS", 10.0),
            (websocket, "MAX_FRAME_BYTES", 1 << 16),
            (websocket, "FLUSH_SECONDS", 0.005),
            (websocket, "OPEN_SECONDS", 15.0),
            (websocket, "CLOSE_SECONDS", 0.05),
            (handles, "ANSWER_LIMITS", small),
            (webhook, "CHECK_SECONDS", 0.01),
        ):
            stack.enter_context(mock.patch.object(module, name, value))
        yield


def watch(talk, url, state, outcome):
    """A feed that is watched until all is told, or too long."""
    feed, stop, failed, lock = talk.feed(url), threading.Event(), [], threading.Lock()
    names = [talk.name(thing) for thing in talk.things]
    said = []

    def put(batch):
        with lock, state.transaction():
            ingest_batch(state, feed.name, batch)

    def run():
        try:
            feed.run(None, "", put, stop)
        except BaseException as error:
            failed.append(error)

    mark_lost = feed.health.mark_lost
    feed.health.mark_lost = lambda reason: (said.append(reason), mark_lost(reason))
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    column = "target" if talk.table == "reports" else "account"
    marks = ",".join("?" * len(names))
    query = f"SELECT DISTINCT {column} FROM {talk.table} WHERE {column} IN ({marks})"
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        with lock:
            kept = state.connection.execute(query, names).fetchall()
        if len(kept) == len(names) or time.monotonic() > deadline or not thread.is_alive():
            break
        time.sleep(0.002)
    ended = not thread.is_alive()
    stop.set()
    talk.over.set()
    thread.join(10)
    outcome.lost += len(kept) < len(names)
    # an account may change twice, where changed bytes said so; one change is kept once, and one
    # report once under each number it was told with
    status = "''" if talk.table == "reports" else "status"
    most = 1 + talk.changed * (talk.table == "reports")
    again = (
        f"SELECT {column} FROM {talk.table} WHERE {column} IN ({marks}) "
        f"GROUP BY {column}, time, {status} HAVING count(*) > {most}"
    )
    with lock:
        outcome.doubled += bool(state.connection.execute(again, names).fetchall())
    outcome.ended += ended or bool(failed)
    outcome.unsaid += any(not reason for reason in said)
    outcome.said.update(said)
