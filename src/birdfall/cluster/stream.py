"""The watch past one machine.

A Kafka topic of raw frames is sieved on many cores, and one watch judges what is left.

Nearly all of a stream is no news for the watch. The sieve decodes frames, takes each account's
state further, and passes on only what changes something: an account's status, a follow or unfollow
of a watched leader, a report. It runs on Quix Streams, as many processes as the topic has
partitions; frames are keyed by account, so that one account's events stay in order on one of them.
What is left fits one process: `birdfall watch kafka:HOST:PORT/NEWS` judges it with the same
detectors and the same state as a watch of the stream itself, so alerts are the same. Sizing:
docs/methods/watch-sizing.md. Needs the extra `birdfall[stream]`.
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

#: Follows of one account that are remembered so that their end can be told: more than anybody
#: follows leaders.
MAX_FOLLOWS: Final = 10_000
#: Microseconds between beats.
HEARTBEAT_US: Final = 1_000_000
#: What a broker is told of topics it makes.
TOPIC: Final = {"retention.ms": "86400000", "retention.bytes": "-1", "cleanup.policy": "delete"}


class AccountMemory(Protocol):
    """What the sieve knows of one account.

    A mapping that outlives the process (Quix Streams' state, or a dict).
    """

    def get(self, key: str, default: Any = None) -> Any: ...

    def set(self, key: str, value: Any) -> None: ...


def message_key(step: StreamBatch) -> bytes:
    """The key of a step: whose it is. Steps without news go anywhere."""
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
) -> list[dict[str, Any]]:
    """What of one message is news, as lines of `birdfall watch -`.

    What cannot be read is a line that says so.

    known: of the account whose message it is. Changes nothing but `known`.
    """
    try:
        events = decode_message(value, received)
    except DecodeError as error:
        return [{"kind": "refused", "why": str(error)[:200]}]
    found = []
    for event in events:
        if isinstance(event, Status):
            if known.get("status") != event.status:
                known.set("status", event.status)
                found.append(line_of(event))
        elif isinstance(event, Identity):
            if known.get("handle") != event.handle or known.get("status") is None:
                known.set("handle", event.handle)
                # an account first heard of is up, as the watch takes it
                known.set("status", known.get("status") or "active")
                found.append(line_of(event))
        elif isinstance(event, Follow):
            if event.followed in leaders:
                followed = dict(known.get("follows") or {})
                if event.key not in followed and len(followed) < MAX_FOLLOWS:
                    known.set("follows", {**followed, event.key: event.followed})
                    found.append(line_of(event))
        elif isinstance(event, Unfollow):
            followed = dict(known.get("follows") or {})
            leader = event.followed or followed.pop(event.key, "")
            if leader in leaders:
                known.set("follows", followed)
                found.append(line_of(Unfollow(event.follower, event.time, event.key, leader)))
        else:
            found.append(line_of(event))
    return found


def line_of(event: Event) -> dict[str, Any]:
    """An event as a line of JSON that `birdfall watch -` reads."""
    plain = {k: v for k, v in asdict(event).items() if v not in ("", False)}
    if isinstance(event, Report):
        plain["account"] = plain.pop("reporter")
    plain.pop("key", None)
    return {"kind": type(event).__name__.lower().replace("identity", "account"), **plain}


def publish(steps: Iterable[StreamBatch], servers: str, topic: str) -> int:
    """Steps of a feed into a topic as they came, keyed by account, with the moment they arrived.

    How many.
    """
    from confluent_kafka import Producer

    failed: list[str] = []
    producer = Producer(
        {**client_settings(), "bootstrap.servers": servers, "acks": "all", "linger.ms": 20}
    )
    number = 0
    for step in steps:

        def check_delivery(error: Any, _: Any) -> None:
            if error is not None:
                failed.append(str(error))

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
                producer.poll(0.1)
        number += 1
        producer.poll(0)
    if producer.flush(60) or failed:
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

    state: a folder for what it remembers.

    Run it as often as the topic has partitions, each with its own folder; a process that died is
    replaced by starting another. more: further settings of `quixstreams.Application`.
    """
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
    out = app.topic(
        news,
        key_serializer="bytes",
        value_serializer="bytes",
        config=TopicConfig(1, 1, dict(TOPIC)),
    )
    watched = frozenset(leaders)

    beat = Heartbeat()

    def pass_on(value: bytes, key: Any, moment: int, headers: Any, known: Any) -> list[bytes]:
        return [
            encode_line(line)
            for line in beat.with_beat(
                sieve_message(value, moment * 1000, known, watched), moment * 1000
            )
        ]

    frame = app.dataframe(parts)
    # quixstreams hands (value, key, timestamp, headers, state) to a stateful function with metadata
    frame.apply(pass_on, stateful=True, metadata=True, expand=True).to_topic(out)
    return app


class Heartbeat:
    """A line each second that says the stream is heard.

    Without it the judge could not tell a quiet stream from a dead sieve.
    """

    def __init__(self) -> None:
        self._last = -HEARTBEAT_US

    def with_beat(self, lines: list[dict[str, Any]], received: int) -> list[dict[str, Any]]:
        """The lines of a step that arrived at `received`, and a beat if one is due."""
        if received - self._last < HEARTBEAT_US:
            return lines
        self._last = received
        return [*lines, {"kind": "heard", "time": received}]


def encode_line(line: dict[str, Any]) -> bytes:
    """A line as bytes."""
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
        self._values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self._values[key] = value
