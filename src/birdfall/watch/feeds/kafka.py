"""Kafka, in and out (extra `birdfall[kafka]`): a topic read as a stream, and alerts sent as Osprey
actions.

Offsets are kept in the state, in one transaction with what was read; nothing is committed to the
broker. So a crash between the two cannot lose or double anything, and any number of watches read a
topic without knowing of each other. Settings that a broker asks for (SASL, TLS) stand in a file of
librdkafka's `name=value` lines, named by BIRDFALL_KAFKA_CONFIG.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from birdfall.model.errors import UsageError
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
from birdfall.watch.model.events import Event, Gap, StreamBatch

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, KafkaException, Message

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
        # an optional extra
        from confluent_kafka import Consumer, KafkaException

        consumer = Consumer(
            {
                **client_settings(),
                "bootstrap.servers": self.servers,
                "group.id": f"birdfall-{self.topic}",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "log_level": 2,
            }
        )
        try:
            self._begin(consumer, put)
            self.read_until_reconnect(consumer, put, stop)
        except KafkaException as error:
            raise ConnectionLost(f"Kafka: {_name_of(error)}") from error
        finally:
            consumer.close()

    def _begin(self, consumer: Consumer, put: Put) -> None:
        """Take up each partition where it was left; report a gap where that is not possible any
        more.
        """
        known = {int(k): int(v) for k, v in json.loads(self.cursor or "{}").items()}
        gaps: list[Gap] = []
        self._next, received = {}, now()
        for partition in self._partitions(consumer):
            low, high = self._bounds(consumer, partition)
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
        self._assign(consumer)
        self.health.mark_connected()
        self.cursor = self._cursor_text()
        # no message yet: the first one tells when the watch began
        put([StreamBatch(0, (), self.cursor, self.epoch, gaps=tuple(gaps))])

    def read_until_reconnect(self, consumer: Consumer, put: Put, stop: threading.Event) -> None:
        """Give what `consumer` brings to `put` until it is to stop, or to connect again."""
        checked = time.monotonic()
        heartbeat = _HeartbeatMonitor(self.health)
        while not stop.is_set() and not self.health.reconnect:
            messages = consumer.consume(MAX_BATCH_MESSAGES, POLL_SECONDS)
            heartbeat.check(messages)
            steps = [self._step_of(message) for message in messages]
            if steps:
                cursor = self._cursor_text()
                steps[-1] = replace(steps[-1], cursor=cursor, epoch=self.epoch)
                put(steps)
                self.cursor = cursor
            if time.monotonic() - checked > PARTITION_CHECK_SECONDS:
                checked = time.monotonic()
                self._add_partitions(consumer)

    def _step_of(self, message: Message) -> StreamBatch:
        failure = message.error()
        if failure is not None:
            raise ConnectionLost(f"Kafka: {failure.name()}")
        self._next[message.partition()] = message.offset() + 1
        return self.decode_step(message.value() or b"", message.timestamp()[1])

    def decode_step(self, value: bytes, milliseconds: int) -> StreamBatch:
        """Decode one message; `milliseconds`: its time, 0 if it has none."""
        received = milliseconds * 1000 if self.timed and milliseconds > 0 else now()
        try:
            return StreamBatch(received, tuple(decode_message(value, received)), raw=value)
        except DecodeError as error:
            return StreamBatch(received, refused=str(error), raw=value)

    def _cursor_text(self) -> str:
        return json.dumps({str(p): at for p, at in sorted(self._next.items())})

    def _add_partitions(self, consumer: Consumer) -> None:
        fresh = [p for p in self._partitions(consumer) if p not in self._next]
        if fresh:
            self._next |= {p: self._bounds(consumer, p)[0] for p in fresh}
            self._assign(consumer)

    def _partitions(self, consumer: Consumer) -> list[int]:
        topics = consumer.list_topics(self.topic, timeout=BROKER_TIMEOUT_SECONDS).topics
        found = topics.get(self.topic)
        if found is None or found.error is not None or not found.partitions:
            raise ConnectionLost("no such topic")
        return sorted(found.partitions)

    def _bounds(self, consumer: Consumer, partition: int) -> tuple[int, int]:
        """The first offset a partition still has, and the next it will give."""
        from confluent_kafka import TopicPartition

        found = consumer.get_watermark_offsets(
            TopicPartition(self.topic, partition), timeout=BROKER_TIMEOUT_SECONDS
        )
        if found is None:
            raise ConnectionLost("no answer")
        return int(found[0]), int(found[1])

    def _assign(self, consumer: Consumer) -> None:
        from confluent_kafka import TopicPartition

        consumer.assign([TopicPartition(self.topic, p, at) for p, at in self._next.items()])


class _HeartbeatMonitor:
    """Marks a connection lost when a topic that had heartbeats has none any more."""

    def __init__(self, health: ConnectionHealth) -> None:
        self._health = health
        self._last = 0.0

    def check(self, messages: list[Message]) -> None:
        """Take notice of the messages of one poll."""
        moment = time.monotonic()
        if any((m.value() or b"").startswith(_HEARTBEAT) for m in messages if m.error() is None):
            self._last = moment
            if not self._health.connected:
                self._health.mark_connected()
        elif (
            self._last
            and self._health.connected
            and moment - self._last > HEARTBEAT_TIMEOUT_SECONDS
        ):
            self._health.mark_lost("the sieve is silent")


def _name_of(error: KafkaException) -> str:
    return str(error.args[0].name()) if error.args else "error"


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
    if not topic or ":" not in servers:
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
    from confluent_kafka import KafkaException, Producer

    failed: list[str] = []

    def note_failure(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(error.name())

    try:
        producer = Producer(
            {
                **client_settings(),
                "bootstrap.servers": values["servers"],
                "acks": "all",
                "log_level": 2,
                "message.timeout.ms": int(BROKER_TIMEOUT_SECONDS * 1000),
            }
        )
        producer.produce(values["topic"], action, key=key.encode(), on_delivery=note_failure)
        left = producer.flush(BROKER_TIMEOUT_SECONDS + 2)
    except KafkaException as error:
        raise OSError(f"Kafka: {_name_of(error)}") from error
    if failed or left:
        raise OSError(f"Kafka: {failed[0] if failed else 'no answer'}")
