"""Drawn conversations with every kind of server and sender that a watch talks to: the feeds of
`hostile`, receivers of alerts, senders of webhooks, and hosts that are asked for a handle.
"""

import contextlib
import hashlib
import hmac
import json
import random
import socket
import threading
import time
import types
from functools import lru_cache

import zstandard
from hostile import (
    ALERT,
    DEADLINE_SECONDS,
    FEEDS,
    MAX_MISBEHAVIOURS,
    SECRET,
    Conversation,
    JetstreamTwo,
    Outcome,
    iso,
    small_limits,
    websocket_frame,
)
from kafka_talks import Actions, Topic
from raw_server import RawServer, http_answer, sends

from birdfall.watch.alerts.delivery import MAX_TRIES, send
from birdfall.watch.alerts.messages import AlertMessage, to_payload
from birdfall.watch.alerts.rules import Channel
from birdfall.watch.engine.handles import ask_host
from birdfall.watch.feeds.jetstream_v2 import JetstreamV2Feed
from birdfall.watch.feeds.webhook import MastodonWebhookFeed
from birdfall.watch.feeds.websocket import FirehoseFeed
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch

MESSAGE = AlertMessage(ALERT, ALERT.key, 0, to_payload(ALERT, rules=[], time=0))


class Webhook(Conversation):
    """The other direction: an alert is tried until a whole answer says that it arrived."""

    kind = "webhook"

    def honest(self, _question):
        return http_answer(b"ok")

    def values(self, url):
        return {"url": url, "secret": "s", "token": SECRET}

    def hold(self, url, _state, outcome):
        send_until_taken(self.kind, self.values(url), outcome)


def send_until_taken(kind, values, outcome):
    """Send an alert as often as the courier tries."""
    said = "never tried"
    for _ in range(MAX_TRIES):
        try:
            said = send(Channel("c", kind, values), MESSAGE)
        except BaseException:
            outcome.ended += 1
            return
        if not said:
            break
        outcome.said.add(said)
    outcome.lost += bool(said)


class Ntfy(Webhook):
    kind = "ntfy"


class MailServer(RawServer):
    """A server that speaks first, as one that takes mail does."""

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5.0)
            number = len(self.questions)
            self.questions.append(b"")
            self.answer(connection, b"", number)


class Mail(Webhook):
    """An alert as a mail; what arrives is counted by whole messages that were taken."""

    kind, server = "email", MailServer
    #: As mail servers answer, in the order of a conversation.
    ANSWERS = (b"220 hello\r\n", b"250-a\r\n250 b\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n",
               b"250 kept\r\n", b"221 bye\r\n")  # fmt: skip

    def values(self, url):
        host, port = url.rpartition("/")[2].split(":")
        return {"server": host, "port": port, "sender": "a@b.example", "to": "c@d.example"}

    def answer(self, connection, _question, _number):
        place, wrong = None, b""
        if self.left > 0:
            self.left -= 1
            place = self.rng.randrange(len(self.ANSWERS) - 1)
            wrong = self.wrong_answer(self.ANSWERS[place])
        for number, text in enumerate(self.ANSWERS):
            if number and not read_lines(connection, body=number == 5):
                return
            if number == place:
                with contextlib.suppress(OSError):
                    connection.sendall(wrong)
                return
            connection.sendall(text)

    def wrong_answer(self, text):
        """What comes instead of an answer."""
        return self.rng.choice(
            (
                text[: self.rng.randrange(len(text) + 1)],
                self.rng.randbytes(self.rng.randrange(300)),
                text[:3] + b"-" + b"x" * 100_000 + b"\r\n",
                (text[:3] + b"-more\r\n") * 20_000,
                b"421 away\r\n",
                b"550 no\r\n",
                b"999 ?\r\n",
                b"-1\r\n",
                b"\x15\x03\x03\x00\x02\x02\x28",
                b"",
            )
        )


def read_lines(connection, *, body):
    """One line of the other side, or the whole of a message; empty where it went away."""
    end, data = b"\r\n.\r\n" if body else b"\r\n", b""
    while not data.endswith(end):
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    return data


class Hooks(Conversation):
    """Senders of webhooks: bad ones, and one that sends again until it is told that all is kept."""

    def feed(self, _url):
        return MastodonWebhookFeed(f"s{self.number}", SECRET, port=0)

    def name(self, thing):
        return f"c{self.number}t{thing}"

    def delivery(self, thing):
        about = {"id": self.name(thing), "suspended": True}
        body = {"event": "account.updated", "created_at": iso(self.at(thing)), "object": about}
        return signed(self.write(body).encode("utf-8", "replace"))

    def honest(self, _question):
        return self.delivery(self.rng.choice(self.things))

    def hold(self, url, state, outcome):
        feed, stop, failed = self.feed(url), threading.Event(), []

        def put(batch):
            with state.transaction():
                ingest_batch(state, feed.name, batch)
            for step in batch:
                step.on_commit()

        def run():
            try:
                feed.run(None, "", put, stop)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        end = time.monotonic() + DEADLINE_SECONDS
        while not feed.bound and thread.is_alive() and time.monotonic() < end:
            time.sleep(0.002)
        kept = [self._deliver(feed.bound, thing, outcome) for thing in self.listed()]
        outcome.ended += bool(failed) or not thread.is_alive()
        stop.set()
        thread.join(10)
        names = [self.name(thing) for thing in self.things]
        marks = ",".join("?" * len(names))
        rows = state.connection.execute(
            f"SELECT account, time, status FROM changes WHERE account IN ({marks})",
            names,
        ).fetchall()
        wanted = {(self.name(thing), self.at(thing) // 1000 * 1000) for thing in self.things}
        outcome.lost += not all(kept) or bool(wanted - {(a, t // 1000 * 1000) for a, t, _ in rows})
        outcome.doubled += len(rows) != len(set(rows))

    def _deliver(self, port, thing, outcome):
        """Whether a delivery is kept in the end, with bad ones before it."""
        while self.left > 0:
            self.left -= 1
            with contextlib.suppress(OSError), connected(port) as connection:
                self.misbehave(connection, b"")
                connection.shutdown(socket.SHUT_WR)
                outcome.said.add(connection.recv(100)[9:12])
        for _ in range(3):
            with contextlib.suppress(OSError), connected(port) as connection:
                connection.sendall(self.delivery(thing))
                if b" 200 " in connection.recv(100):
                    return True
        return False


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def signed(body):
    """The bytes of a delivery that shows the secret."""
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Hub-Signature: sha256={mac}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Handles(Conversation):
    """A host that is asked whom a handle means: what it says, or nothing; never anything else."""

    scheme = "ws"

    def honest(self, _question):
        return http_answer(self.write({"did": self.name(1)}).encode())

    def spoiled(self, question):
        # changed bytes of a name are another name, which nobody could tell
        return self.honest(question)[: self.rng.randrange(60)]

    def hold(self, url, _state, outcome):
        feed, found = FirehoseFeed(name="atproto:x", url=url), ""
        for _ in range(MAX_MISBEHAVIOURS + 1):
            try:
                found = ask_host(feed, "lead.example")
            except BaseException:
                outcome.ended += 1
                return
            if found:
                break
        outcome.said.add(found and "found")
        outcome.lost += found != self.name(1)


class Packed(JetstreamTwo):
    """Messages that are packed with a dictionary, which is asked for first and may come spoiled."""

    def feed(self, url):
        return JetstreamV2Feed(f"s{self.number}", url=url)

    def honest(self, question):
        if b"getZstdDictionary" in question:
            return http_answer(packing().dictionary)
        return super().honest(question)

    def packed(self, question):
        return b"zstdDictionary" in question.partition(b"\r\n")[0]

    def answer(self, connection, question, number):
        self.asked = question
        super().answer(connection, question, number)

    def message(self, thing):
        frame = super().message(thing)
        if not self.packed(self.asked):
            return frame
        # the head of a frame of text has two, four or ten bytes
        size = {126: 4, 127: 10}.get(frame[1], 2)
        return websocket_frame(packing().compress(frame[size:]))


@lru_cache(maxsize=1)
def packing():
    """What a service packs its messages with."""
    samples = [
        json.dumps({"payload": {"$type": "a#account", "did": f"did:plc:{i}", "seq": i}}).encode()
        for i in range(500)
    ]
    trained = zstandard.train_dictionary(2000, samples)
    packer = zstandard.ZstdCompressor(dict_data=trained, write_checksum=True)
    return types.SimpleNamespace(dictionary=trained.as_bytes(), compress=packer.compress)


PROTOCOLS = {
    **FEEDS,
    "packed": Packed,
    "kafka": Topic,
    "actions": Actions,
    "hooks": Hooks,
    "handles": Handles,
    "webhook": Webhook,
    "ntfy": Ntfy,
    "mail": Mail,
}


def converse(protocol, number, seed, state, outcome):
    """One conversation; adds to `outcome` what it ended in."""
    rng = random.Random(f"{protocol}-{seed}-{number}")
    talk = PROTOCOLS[protocol](number, rng)
    talk.over = threading.Event()
    with RawServer(sends(http_answer(b"{}"))) as canary, talk.server(talk.answer) as server:
        talk.canary = canary.url
        url = server.url.replace("http", talk.scheme, 1)
        outcome.tried += 1
        before = outcome.lost + outcome.doubled + outcome.ended + outcome.unsaid
        talk.hold(url, state, outcome)
        talk.over.set()
        outcome.leaked += bool(canary.questions)
        after = outcome.lost + outcome.doubled + outcome.ended + outcome.unsaid
        if after > before or canary.questions:
            outcome.wrong.append((protocol, seed, number))


def converse_often(protocol, number, seed, folder, *, begin=0):
    """The outcome of `number` conversations, from that of number `begin` on."""
    with small_limits():
        return converse_on(protocol, range(begin, begin + number), seed, folder)


def converse_on(protocol, numbers, seed, folder):
    """The same for conversations of these numbers, within `small_limits`."""
    state, outcome = State.open(folder / f"{protocol}.sqlite"), Outcome()
    state.connection.execute("PRAGMA synchronous = OFF")
    for number in numbers:
        converse(protocol, number, seed, state, outcome)
    state.close()
    return outcome
