"""A broker's connections torn on their way, topics that anybody fills, and names that
are none: the watch goes on, loses nothing, and says what it met."""

import contextlib
import json
import random
import socket
import threading
import time

import pytest
from broker import Broker
from misbehaviours import JUNK, TOKENS
from test_kafka import feed, frames
from watch_running import Running, until

from birdfall.watch.alerts.delivery import send
from birdfall.watch.alerts.messages import AlertMessage, to_payload
from birdfall.watch.alerts.rules import Channel
from birdfall.watch.feeds import kafka
from birdfall.watch.feeds.base import now
from birdfall.watch.model.alert import SuspensionAlert, WaveStage
from birdfall.watch.model.stream_key import ALL_FALLS


class Between:
    """Stands between a client and the broker; tears so many connections, then none any more."""

    def __init__(self, draw, torn):
        self.draw, self.left, self.port_behind = draw, torn, 0
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self.listening.accept()
                threading.Thread(target=self._join, args=(ours,), daemon=True).start()

    def _join(self, ours):
        most = 1 << 60
        if self.left > 0:
            self.left -= 1
            most = self.draw.randrange(2000)
        with contextlib.suppress(OSError), ours:
            behind = socket.create_connection(("127.0.0.1", self.port_behind), 10)
            threading.Thread(target=carry, args=(ours, behind), daemon=True).start()
            with behind:
                carry(behind, ours, most)


def carry(source, target, most=1 << 60):
    """Hand on what comes until one side ends, or so many bytes came."""
    with contextlib.suppress(OSError):
        while most > 0 and (data := source.recv(65536)):
            target.sendall(data[:most])
            most -= len(data)
        target.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("seed", range(10))
def test_connections_to_a_broker_that_are_torn_anywhere(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(kafka, "BROKER_TIMEOUT_SECONDS", 1.0)
    between = Between(random.Random(f"kafka {seed}"), 5)
    broker = Broker(advertised=between.port)
    between.port_behind = broker.port
    broker.start()
    try:
        left, between.left = between.left, 0
        topic = broker.topic("torn")
        broker.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(range(40), now() - 1000)])
        between.left = left
        source = feed(broker, topic)
        source.servers = f"127.0.0.1:{between.port}"
        with Running(tmp_path / "w", source) as run:
            until(lambda: len(run.fallen()) == 40, 120)
        assert sorted(run.fallen()) == sorted(f"did:plc:{i}" for i in range(40))
    finally:
        broker.kill()
        between.close()


def test_what_anybody_puts_into_a_topic_ends_nothing_and_hides_nothing(broker, tmp_path):
    draw = random.Random(3)
    strange = [None, b"", b"x" * 900_000, *(draw.randbytes(200) for _ in range(30))]
    strange += [json.dumps(one).encode() for one in JUNK]
    strange += [token.encode("utf-8", "replace") for token in TOKENS]
    strange += [b'{"kind": "status", "account": ' + t.encode("utf-8", "replace") for t in TOKENS]
    strange += [
        b'{"kind":"status","status":"suspended","account":%s,"time":%s}'
        % (json.dumps(name).encode(), b"1700000000000000")
        for name in (
            "\ud800",
            "a\x00b",
            "\u202egnp.exe",
            "x" * 5000,
            "",
            "<script>",
            "=1+1",
            "../a",
        )
    ]
    true = [v for _, v, _, _ in frames(range(20), now() - 1000)]
    topic = broker.topic("strange")
    messages = [*strange, *true]
    draw.shuffle(messages)
    broker.produce(topic, [(draw.randbytes(40), value, 0, 0) for value in messages])
    with Running(tmp_path / "w", feed(broker, topic)) as run:
        wanted = {f"did:plc:{i}" for i in range(20)}
        until(lambda: wanted <= set(run.fallen()), 60)
        reached = json.dumps({"0": len(messages)})
        until(lambda: run.rows("SELECT cursor FROM sources") == [(reached,)], 60)
    assert len(run.fallen()) == len(set(run.fallen()))
    assert not any("\ud800" in name or "\ufffd" in name for name in run.fallen())


@pytest.mark.parametrize("name", ["²", "a b", "..", "x" * 300, "a\nb", "a/b", "\u202eb", ""])
def test_a_topic_that_cannot_be_is_said_and_tried_again(broker, monkeypatch, name):
    monkeypatch.setattr(kafka, "BROKER_TIMEOUT_SECONDS", 1.0)
    alert = SuspensionAlert(
        wave=1, stage=WaveStage.OPENED, stream=ALL_FALLS, begin=0, seconds=9, expected=0.1,
        fallen=40,
    )  # fmt: skip
    message = AlertMessage(alert, "wave:1:opened", 0, to_payload(alert, rules=["r"], time=0))
    begin = time.monotonic()
    said = send(Channel("q", "kafka", {"servers": broker.servers, "topic": name}), message)
    assert time.monotonic() - begin < 60
    assert said == "" or said.isprintable()
