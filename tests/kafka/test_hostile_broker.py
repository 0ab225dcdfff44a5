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
from birdfall.watch.feeds.kafka_process import ClientProcess
from birdfall.watch.model.alert import SuspensionAlert, WaveStage
from birdfall.watch.model.stream_key import ALL_FALLS


class Between:
    """Stands between a client and the broker; tears so many connections, or changes bytes on them,
    then none any more."""

    def __init__(self, draw, torn, *, change=False):
        self.draw, self.left, self.port_behind, self.change = draw, torn, 0, change
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
        most, changed = 1 << 60, frozenset()
        if self.left > 0:
            self.left -= 1
            if self.change:
                end = self.draw.choice((60, 400, 4000))
                changed = frozenset(self.draw.randrange(end) for _ in range(self.draw.randrange(9)))
            else:
                most = self.draw.randrange(2000)
        with contextlib.suppress(OSError), ours:
            behind = socket.create_connection(("127.0.0.1", self.port_behind), 10)
            threading.Thread(target=carry, args=(ours, behind), daemon=True).start()
            with behind:
                carry(behind, ours, most, changed)


def carry(source, target, most=1 << 60, changed=frozenset()):
    """Hand on what comes until one side ends, or so many bytes came; those at the places of
    `changed` are other ones."""
    at = 0
    with contextlib.suppress(OSError):
        while at < most and (data := bytearray(source.recv(65536))):
            for place in changed:
                if at <= place < at + len(data):
                    data[place - at] ^= 1 + place % 255
            target.sendall(data[: most - at])
            at += len(data)
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


def changed_bytes(tmp_path, monkeypatch, seed):
    """A watch by way of ten connections on which bytes are changed: what it kept, and what was
    said of each loss."""
    monkeypatch.setattr(kafka, "BROKER_TIMEOUT_SECONDS", 1.0)
    between = Between(random.Random(f"changed {seed}"), 0, change=True)
    broker = Broker(advertised=between.port)
    between.port_behind = broker.port
    broker.start()
    try:
        topic = broker.topic("changed")
        broker.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(range(40), now() - 1000)])
        between.left = 10
        source, said = feed(broker, topic), []
        source.servers = f"127.0.0.1:{between.port}"
        mark_lost = source.health.mark_lost
        monkeypatch.setattr(
            source.health, "mark_lost", lambda why: (said.append(why), mark_lost(why))
        )
        with Running(tmp_path / "w", source) as run:
            # then the connections are honest, and what comes last is taken
            until(lambda: between.left == 0 or source.health.connected, 120)
            between.left = 0
            broker.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames([40], now())])
            until(lambda: "did:plc:40" in run.fallen(), 120)
        return run.fallen(), said
    finally:
        broker.kill()
        between.close()


@pytest.mark.parametrize("seed", range(10))
def test_bytes_of_a_broker_that_are_changed_on_their_way_end_no_watch(tmp_path, monkeypatch, seed):
    fallen, said = changed_bytes(tmp_path, monkeypatch, seed)
    assert len(fallen) == len(set(fallen))
    assert set(fallen) <= {f"did:plc:{i}" for i in range(41)}, "what was changed is not believed"
    assert all(why.isprintable() and why for why in said)


def test_a_client_that_dies_is_lost_and_begun_anew(broker, tmp_path, monkeypatch):
    begun = []

    def begin(*given):
        begun.append(ClientProcess(*given))
        return begun[-1]

    monkeypatch.setattr(kafka, "begin_client", begin)
    topic, said = broker.topic("dies"), []
    source = feed(broker, topic)
    mark_lost = source.health.mark_lost
    monkeypatch.setattr(source.health, "mark_lost", lambda why: (said.append(why), mark_lost(why)))
    with Running(tmp_path / "w", source) as run:
        for number in range(5):
            numbers = range(number * 100, number * 100 + 100)
            broker.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(numbers, now())])
            least = number * 20
            until(lambda least=least: len(run.fallen()) > least, 60)
            begun[-1].process.kill()
            until(lambda count=number + 2: len(begun) == count, 60)
        until(lambda: len(run.fallen()) == 500, 60)
    assert run.fallen() == [f"did:plc:{i}" for i in range(500)]
    assert said[:5] == ["Kafka: its client was ended (SIGKILL)"] * 5
    assert all(client.process.poll() is not None for client in begun), "none is left behind"


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
