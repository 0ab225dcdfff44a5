"""Kafka, in and out (extra `birdfall[kafka]`): a topic read as a stream, and alerts sent as Osprey
actions.

Offsets are kept in the state, in one transaction with what was read; nothing is committed to the
broker. So a crash between the two cannot lose or double anything, and any number of watches read a
topic without knowing of each other. The client library lives in a process of its own
(`feeds.kafka_process`): what a broker sends can end it, and never the watch. Settings that a broker
asks for (SASL, TLS) stand in a file of librdkafka's `name=value` lines, named by
BIRDFALL_KAFKA_CONFIG.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from birdfall.model.errors import UsageError
from birdfall.watch.feeds.addresses import split_server
from birdfall.watch.feeds.base import (
    ConnectionHealth,
    ConnectionLost,
    Put,
    ReconnectingFeed,
    Start,
    now,
)
from birdfall.watch.feeds.decode import decode_frame, decode_jetstream, decode_line
from birdfall.watch.feeds.jetstream_v2 import parse_message
from birdfall.watch.feeds.json_fields import DecodeError
from birdfall.watch.feeds.kafka_client import ClientError, TopicClient, TopicMessage
from birdfall.watch.feeds.kafka_process import ClientProcess
from birdfall.watch.model.events import Event, Gap, StreamBatch

#: Who reads and writes topics: a process, or the library in this one.
TopicSource: TypeAlias = ClientProcess | TopicClient
#: Begins one: the settings of the library, and the topic.
begin_client: Callable[[Mapping[str, str], str], TopicSource] = ClientProcess
#: Most messages that are read at once.
MAX_BATCH_MESSAGES: Final = 1000
#: Seconds that one poll waits for messages.
POLL_SECONDS: Final = 0.2
#: Seconds a broker may take to answer, and between looks for new partitions.
BROKER_TIMEOUT_SECONDS, PARTITION_CHECK_SECONDS = 10.0, 30.0
#: A topic with heartbeats (`birdfall.cluster.stream`) that had none for so many seconds is lost,
#: though the broker answers.
HEARTBEAT_TIMEOUT_SECONDS: Final = 15.0
_HEARTBEAT: Final = b'{"kind":"heard"'


@dataclass
class KafkaFeed(ReconnectingFeed):
    """Reads a topic.

    A message is a frame of the AT Protocol firehose, a line of Jetstream (v1 or v2), or a line as
    on standard input: each is known by how it begins. The cursor is `{"partition": next offset}` as
    JSON.

    Attributes
    ----------
    servers
        `host:port`, several with commas.
    start
        Where a topic without a cursor begins: "live" or "all".
    timed
        Take the message's time as that of its arrival (the topic was filled by another watch), not
        the moment it was read.
    """

    servers: str = ""
    topic: str = ""
    start: Start = "live"
    timed: bool = False
    _next: dict[int, int] = field(default_factory=dict, init=False)

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        """Read until the broker is lost or `stop` is set. Raises ConnectionLost."""
        client = None
        try:
            client = begin_client(
                {**client_settings(), "bootstrap.servers": self.servers}, self.topic
            )
            client.begin()
            self._begin(client, put)
            self.read_until_reconnect(client, put, stop)
        except ClientError as error:
            raise ConnectionLost(f"Kafka: {error}") from error
        finally:
            if client is not None:
                client.close()

    def _begin(self, client: TopicSource, put: Put) -> None:
        """Take up each partition where it was left; report a gap where that is not possible any
        more.
        """
        known = {int(k): int(v) for k, v in json.loads(self.cursor or "{}").items()}
        gaps: list[Gap] = []
        self._next, received = {}, now()
        for partition in self._partitions(client):
            low, high = self._bounds(client, partition)
            at = known.get(partition)
            if at is None:
                # a partition that is new to a known topic is read from its beginning
                at = low if known or self.start == "all" else high
            elif at > high:
                self.epoch, at = str(int(self.epoch or "0") + 1), low
                gaps.append(Gap(0, received, "server-began-anew"))
            elif at < low:
                gaps.append(Gap(0, received, "cursor-too-old"))
                at = low
            self._next[partition] = at
        self._assign(client)
        self.health.mark_connected()
        self.cursor = self._cursor_text()
        # no message yet: the first one tells when the watch began
        put([StreamBatch(0, (), self.cursor, self.epoch, gaps=tuple(gaps))])

    def read_until_reconnect(self, client: TopicSource, put: Put, stop: threading.Event) -> None:
        """Give what `client` brings to `put` until it is to stop, or to connect again."""
        checked = time.monotonic()
        heartbeat = _HeartbeatMonitor(self.health)
        while not stop.is_set() and not self.health.reconnect:
            messages = client.consume(MAX_BATCH_MESSAGES, POLL_SECONDS)
            heartbeat.check(messages)
            steps = [self._step_of(message) for message in messages]
            if steps:
                cursor = self._cursor_text()
                steps[-1] = replace(steps[-1], cursor=cursor, epoch=self.epoch)
                put(steps)
                self.cursor = cursor
            if time.monotonic() - checked > PARTITION_CHECK_SECONDS:
                checked = time.monotonic()
                self._add_partitions(client)

    def _step_of(self, message: TopicMessage) -> StreamBatch:
        if message.failure:
            raise ConnectionLost(f"Kafka: {message.failure}")
        self._next[message.partition] = message.offset + 1
        return self.decode_step(message.value, message.milliseconds)

    def decode_step(self, value: bytes, milliseconds: int) -> StreamBatch:
        """Decode one message; `milliseconds`: its time, 0 if it has none."""
        received = milliseconds * 1000 if self.timed and milliseconds > 0 else now()
        try:
            return StreamBatch(received, tuple(decode_message(value, received)), raw=value)
        except DecodeError as error:
            return StreamBatch(received, refused=str(error), raw=value)

    def _cursor_text(self) -> str:
        return json.dumps({str(p): at for p, at in sorted(self._next.items())})

    def _add_partitions(self, client: TopicSource) -> None:
        fresh = [p for p in self._partitions(client) if p not in self._next]
        if fresh:
            self._next |= {p: self._bounds(client, p)[0] for p in fresh}
            self._assign(client)

    def _partitions(self, client: TopicSource) -> list[int]:
        found = client.partitions(BROKER_TIMEOUT_SECONDS)
        if not found:
            raise ConnectionLost("no such topic")
        return found

    def _bounds(self, client: TopicSource, partition: int) -> tuple[int, int]:
        """The first offset a partition still has, and the next it will give."""
        found = client.bounds(partition, BROKER_TIMEOUT_SECONDS)
        if not found:
            raise ConnectionLost("no answer")
        return found[0], found[1]

    def _assign(self, client: TopicSource) -> None:
        client.assign(list(self._next), list(self._next.values()))


class _HeartbeatMonitor:
    """Marks a connection lost when a topic that had heartbeats has none any more."""

    def __init__(self, health: ConnectionHealth) -> None:
        self._health = health
        self._last = 0.0

    def check(self, messages: Sequence[TopicMessage]) -> None:
        """Take notice of the messages of one poll."""
        moment = time.monotonic()
        if any(m.value.startswith(_HEARTBEAT) for m in messages):
            self._last = moment
            if not self._health.connected:
                self._health.mark_connected()
        elif (
            self._last
            and self._health.connected
            and moment - self._last > HEARTBEAT_TIMEOUT_SECONDS
        ):
            self._health.mark_lost("the sieve is silent")


def decode_message(value: bytes, received: int) -> list[Event]:
    """Decode one message of any of the known forms.

    `received` in microseconds. Raises DecodeError.
    """
    if not value.startswith(b"{"):
        return decode_frame(value, received)[0]
    # The first hundred bytes name what a line is; only a line of our own may be of any order.
    if value.startswith((b'{"$type":"message"', b'{"$type":"error"')):
        return list(parse_message(value, received).events)
    try:
        return decode_line(value, received)
    except DecodeError:
        if b'"time_us"' in value:
            return decode_jetstream(value, received)[0]
        raise


def client_settings() -> dict[str, str]:
    """The settings of librdkafka in the file that BIRDFALL_KAFKA_CONFIG names.

    Raises UsageError.
    """
    name = os.environ.get("BIRDFALL_KAFKA_CONFIG")
    if not name:
        return {}
    try:
        lines = Path(name).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "the settings for Kafka cannot be read",
            where=name,
            fix="Name a file in BIRDFALL_KAFKA_CONFIG.",
        ) from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        key, equals, value = line.strip().partition("=")
        if not key or key.startswith("#"):
            continue
        if not equals:
            raise UsageError(
                "a line that is no setting", where=f"{name}, line {number}", fix="Write name=value."
            )
        found[key.strip()] = value.strip()
    return found


def open_topic(text: str, start: Start) -> KafkaFeed:
    """The feed of `text`, `HOST:PORT/TOPIC`.

    Raises UsageError if it is none, or the client is not installed.
    """
    servers, _, topic = text.removeprefix("//").partition("/")
    found = [split_server(server) for server in servers.split(",")]
    if not topic or not all(one is not None and one[0] and one[1] for one in found):
        raise UsageError(
            "kafka needs a server and a topic",
            where=f"kafka:{text}",
            fix="kafka:localhost:9092/events",
        )
    require_client()
    return KafkaFeed(name=f"kafka:{servers}/{topic}", servers=servers, topic=topic, start=start)


def require_client() -> None:
    """Raises UsageError if the client is not installed."""
    try:
        import confluent_kafka  # noqa: F401
    except ImportError as error:
        raise UsageError("Kafka needs its client", fix="pip install 'birdfall[kafka]'") from error


def send_action(values: Mapping[str, str], action: bytes, key: str) -> None:
    """Send one action to a topic; it is stored by the broker when this returns.

    Parameters
    ----------
    values
        `servers` and `topic` of the channel.
    action
        The action, as JSON in UTF-8.
    key
        The alert's; an action that comes twice has the same key and `action_id`.

    Raises
    ------
    OSError
        If the broker did not store it.
    """
    client = None
    try:
        client = begin_client(
            {**client_settings(), "bootstrap.servers": values["servers"]}, values["topic"]
        )
        failed = client.send(action, key, BROKER_TIMEOUT_SECONDS)
    except ClientError as error:
        raise OSError(f"Kafka: {error}") from error
    finally:
        if client is not None:
            client.close()
    if failed:
        raise OSError(f"Kafka: {failed}")
