"""The watch on several machines: a Kafka topic of raw frames is sieved on many cores.

One watch judges what is left. Nearly all of a stream changes nothing for the watch. The sieve
decodes frames, takes each account's state further, and passes on only what changes something: an
account's status, a follow or unfollow of a watched leader, a report. It runs on Quix Streams, as
many processes as the topic has partitions; frames are keyed by account, so that one account's
events stay in order on one of them. What is left fits one process: `birdfall watch
kafka:HOST:PORT/NEWS` judges it with the same detectors and the same state as a watch of the stream
itself, so alerts are the same. Sizing: docs/methods/watch-sizing.md. Needs the extra
`birdfall[stream]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from birdfall.watch.feeds.json_fields import DecodeError
from birdfall.watch.feeds.kafka import client_settings, decode_message
from birdfall.watch.model.events import (
    Event,
    Follow,
    Identity,
    Report,
    Status,
    StreamBatch,
    Unfollow,
)

if TYPE_CHECKING:
    from quixstreams import Application

#: Follows of one account that are remembered, at most: more than anybody follows leaders.
MAX_FOLLOWS: Final = 10_000
#: Microseconds between heartbeats.
HEARTBEAT_US: Final = 1_000_000
#: Settings of topics a broker makes.
TOPIC_SETTINGS: Final = {
    "retention.ms": "86400000",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
}


#: Characters of the reason why a message could not be read, at most.
MAX_REASON_CHARACTERS: Final = 200
#: Seconds to wait for the broker at the end, and for room in its queue.
FLUSH_S, QUEUE_WAIT_S = 60, 0.1

#: A line of JSON that `birdfall watch -` reads: its kind, and the fields of the event.
NewsLine = dict[str, str | int | bool]
#: What is remembered of an account: its status, its handle, and the leaders it follows by key.
MemoryValue = str | dict[str, str]


class AccountMemory(Protocol):
    """What the sieve knows of one account.

    It outlives the process (Quix Streams' state), or not (`_DictMemory`).
    """

    def get(self, key: str, default: MemoryValue | None = None) -> MemoryValue | None:
        """What is remembered under a key."""

    def set(self, key: str, value: MemoryValue) -> None:
        """Remember a value under a key."""


def message_key(step: StreamBatch) -> bytes:
    """The key of a step's message: the account whose it is; b"" for steps without events."""
    for event in step.events:
        if isinstance(event, Status | Identity):
            return event.account.encode()
        if isinstance(event, Follow | Unfollow):
            return event.follower.encode()
        if isinstance(event, Report):
            return event.reporter.encode()
    return b""


def sieve_message(
    value: bytes, received: int, known: AccountMemory, leaders: frozenset[str]
) -> list[NewsLine]:
    """What of one message changes something, as lines of `birdfall watch -`.

    Changes nothing but `known`.

    Parameters
    ----------
    value
        The message as the topic holds it.
    received
        When it arrived, microseconds UTC.
    known
        What is remembered of the account whose message it is.
    leaders
        Accounts whose followers are watched.

    Returns
    -------
    list
        Lines in order; a message that cannot be decoded gives one line that says why.
    """
    try:
        events = decode_message(value, received)
    except DecodeError as error:
        return [{"kind": "refused", "why": str(error)[:MAX_REASON_CHARACTERS]}]
    found: list[NewsLine] = []
    for event in events:
        if isinstance(event, Status):
            if known.get("status") != event.status:
                known.set("status", event.status)
                found.append(line_of(event))
        elif isinstance(event, Identity):
            if known.get("handle") != event.handle or known.get("status") is None:
                known.set("handle", event.handle)
                # a new account is active, as in the watch
                known.set("status", known.get("status") or "active")
                found.append(line_of(event))
        elif isinstance(event, Follow):
            if event.followed in leaders:
                followed = _remembered_follows(known)
                if event.key not in followed and len(followed) < MAX_FOLLOWS:
                    known.set("follows", {**followed, event.key: event.followed})
                    found.append(line_of(event))
        elif isinstance(event, Unfollow):
            followed = _remembered_follows(known)
            leader = event.followed or followed.pop(event.key, "")
            if leader in leaders:
                known.set("follows", followed)
                found.append(line_of(Unfollow(event.follower, event.time, event.key, leader)))
        else:
            found.append(line_of(event))
    return found


def _remembered_follows(known: AccountMemory) -> dict[str, str]:
    """Leaders an account follows, by the key of the follow."""
    follows = known.get("follows")
    return dict(follows) if isinstance(follows, dict) else {}


def line_of(event: Event) -> NewsLine:
    """An event as a line of JSON that `birdfall watch -` reads."""
    plain = {k: v for k, v in asdict(event).items() if v not in ("", False)}
    if isinstance(event, Report):
        plain["account"] = plain.pop("reporter")
    plain.pop("key", None)
    return {"kind": type(event).__name__.lower().replace("identity", "account"), **plain}


def publish(steps: Iterable[StreamBatch], servers: str, topic: str) -> int:
    """Put the steps of a feed into a topic, keyed by account, with the moment they arrived.

    Returns
    -------
    int
        How many steps.

    Raises
    ------
    OSError
        If the broker did not keep all of them.
    """
    # an optional dependency
    from confluent_kafka import Producer

    failed: list[str] = []
    producer = Producer(
        {**client_settings(), "bootstrap.servers": servers, "acks": "all", "linger.ms": 20}
    )

    def check_delivery(error: object, _: object) -> None:
        if error is not None:
            failed.append(str(error))

    number = 0
    for step in steps:
        while True:
            try:
                producer.produce(
                    topic,
                    step.raw,
                    key=message_key(step),
                    timestamp=step.received // 1000,
                    on_delivery=check_delivery,
                )
                break
            except BufferError:
                producer.poll(QUEUE_WAIT_S)
        number += 1
        producer.poll(0)
    if producer.flush(FLUSH_S) or failed:
        raise OSError(f"not everything was kept by the broker: {failed[:1]}")
    return number


def sieve(
    servers: str,
    topic: str,
    news: str,
    leaders: Iterable[str],
    *,
    state: str,
    group: str = "birdfall-sieve",
    reset: str = "earliest",
    **more: Any,
) -> Application:
    """A Quix Streams application that sieves `topic` into `news`; call its `run()`.

    Run it as often as the topic has partitions, each with its own folder; a process that died is
    replaced by starting another.

    Parameters
    ----------
    servers
        Addresses of the broker.
    topic, news
        Topic of raw frames, and topic of what is left.
    leaders
        Accounts whose followers are watched.
    state
        Folder for what it remembers.
    group, reset
        Consumer group, and where it begins without an offset.
    more
        Further settings of `quixstreams.Application`.
    """
    # an optional dependency
    from quixstreams import Application
    from quixstreams.models import TopicConfig

    app = Application(
        broker_address=servers,
        consumer_group=group,
        auto_offset_reset=reset,
        state_dir=state,
        **more,
    )
    parts = app.topic(topic, key_deserializer="bytes", value_deserializer="bytes")
    settings = TopicConfig(1, 1, dict(TOPIC_SETTINGS))
    out = app.topic(news, key_serializer="bytes", value_serializer="bytes", config=settings)
    watched, beat = frozenset(leaders), Heartbeat()

    # quixstreams hands (value, key, timestamp, headers, state) to a stateful function with metadata
    def pass_on(
        value: bytes, _key: object, moment_ms: int, _headers: object, known: AccountMemory
    ) -> list[bytes]:
        received = moment_ms * 1000
        lines = beat.with_beat(sieve_message(value, received, known, watched), received)
        return [encode_line(line) for line in lines]

    frame = app.dataframe(parts)
    frame.apply(pass_on, stateful=True, metadata=True, expand=True).to_topic(out)
    return app


class Heartbeat:
    """A line each second that shows that the stream is alive.

    Without it the judge could not tell a quiet stream from a dead sieve.
    """

    def __init__(self) -> None:
        self._last = -HEARTBEAT_US

    def with_beat(self, lines: list[NewsLine], received: int) -> list[NewsLine]:
        """The lines of a step that arrived at `received`, and a beat if one is due."""
        if received - self._last < HEARTBEAT_US:
            return lines
        self._last = received
        return [*lines, {"kind": "heard", "time": received}]


def encode_line(line: NewsLine) -> bytes:
    """A line as compact JSON, UTF-8."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


def sieve_locally(
    steps: Iterable[StreamBatch], leaders: Iterable[str]
) -> Iterator[tuple[int, bytes]]:
    """The sieve without a broker, in this process: (when it arrived, line).

    What the engine must equal, and how a sieve is measured.
    """
    watched, known, beat = frozenset(leaders), dict[bytes, _DictMemory](), Heartbeat()
    for step in steps:
        mine = known.setdefault(message_key(step), _DictMemory())
        received = step.received // 1000 * 1000  # a topic keeps milliseconds
        for line in beat.with_beat(sieve_message(step.raw, received, mine, watched), received):
            yield received, encode_line(line)


class _DictMemory:
    """What is remembered of one account, in this process."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, MemoryValue] = {}

    def get(self, key: str, default: MemoryValue | None = None) -> MemoryValue | None:
        return self._values.get(key, default)

    def set(self, key: str, value: MemoryValue) -> None:
        self._values[key] = value
