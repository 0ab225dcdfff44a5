"""Kafka's client library, and the process it lives in: bytes of a broker that were changed on their
way can end the process that reads them, and that must not be the watch's.

Run as a script by `feeds.kafka_process`: questions come by standard input, answers leave by
standard output. So it imports nothing of ours, and begins in the time its library takes.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, KafkaException, Message

#: Largest head of a question or answer, in bytes: a thousand messages take some tens of thousands.
MAX_HEAD_BYTES: Final = 16 << 20
_LENGTH: Final = struct.Struct(">I")


class TopicMessage(NamedTuple):
    """One message of a topic; milliseconds: its time, 0 or less if it has none; failure: the name
    of an error that came in its place, else empty."""

    value: bytes
    partition: int
    offset: int
    milliseconds: int
    failure: str = ""


class ClientError(Exception):
    """The library could not do what was asked; the text is the name of its error."""


class TopicClient:
    """The library in this process, for one topic.

    Parameters
    ----------
    settings
        Of the library, as its documentation names them.
    topic
        The topic.
    """

    def __init__(self, settings: Mapping[str, str], topic: str) -> None:
        self._settings, self._topic = dict(settings), topic
        self._consumer: Any = None

    def begin(self) -> None:
        """Begin to read."""
        # an optional extra
        from confluent_kafka import Consumer, KafkaException

        try:
            self._consumer = Consumer(
                {
                    **self._settings,
                    "group.id": f"birdfall-{self._topic}",
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "auto.offset.reset": "error",
                    # what was changed on its way is asked for again
                    "check.crcs": True,
                    "log_level": 2,
                }
            )
        except KafkaException as error:
            raise ClientError(_name_of(error)) from error

    def partitions(self, seconds: float) -> list[int]:
        """The partitions of the topic; none if there is no such topic."""
        from confluent_kafka import KafkaException

        try:
            found = self._consumer.list_topics(self._topic, timeout=seconds).topics
        except KafkaException as error:
            raise ClientError(_name_of(error)) from error
        topic = found.get(self._topic)
        return [] if topic is None or topic.error is not None else sorted(topic.partitions)

    def bounds(self, partition: int, seconds: float) -> list[int]:
        """The first offset a partition still has, and the next it will give; none without an
        answer.
        """
        from confluent_kafka import KafkaException, TopicPartition

        try:
            found = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition), timeout=seconds
            )
        except KafkaException as error:
            raise ClientError(_name_of(error)) from error
        return [] if found is None else [int(found[0]), int(found[1])]

    def assign(self, partitions: Sequence[int], offsets: Sequence[int]) -> None:
        """Read these partitions, each from its offset on."""
        from confluent_kafka import KafkaException, TopicPartition

        places = [
            TopicPartition(self._topic, p, at) for p, at in zip(partitions, offsets, strict=True)
        ]
        try:
            self._consumer.assign(places)
        except KafkaException as error:
            raise ClientError(_name_of(error)) from error

    def consume(self, most: int, seconds: float) -> list[TopicMessage]:
        """What came, at most so many, waiting at most so long."""
        from confluent_kafka import KafkaException

        try:
            return [_read(message) for message in self._consumer.consume(most, seconds)]
        except KafkaException as error:
            raise ClientError(_name_of(error)) from error

    def send(self, value: bytes, key: str, seconds: float) -> str:
        """Send one message; empty when the broker stored it, else why it did not."""
        from confluent_kafka import KafkaException, Producer

        failed: list[str] = []

        def note_failure(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error.name())

        try:
            producer = Producer(
                {
                    **self._settings,
                    "acks": "all",
                    "log_level": 2,
                    "message.timeout.ms": int(seconds * 1000),
                }
            )
            producer.produce(self._topic, value, key=key.encode(), on_delivery=note_failure)
            left = producer.flush(seconds + 2)
        except KafkaException as error:
            raise ClientError(_name_of(error)) from error
        return failed[0] if failed else "no answer" if left else ""

    def close(self) -> None:
        """Stop reading."""
        if self._consumer is not None:
            self._consumer.close()


def write_frame(stream: IO[bytes], head: Any, *values: bytes) -> None:
    """Write one question or answer: a head, and what goes beside it as it is."""
    text = json.dumps([head, [len(value) for value in values]]).encode()
    stream.write(_LENGTH.pack(len(text)) + text + b"".join(values))
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[Any, list[bytes]]:
    """Read what `write_frame` wrote. Raises EOFError where it ends before."""
    length = _LENGTH.unpack(_read_whole(stream, _LENGTH.size))[0]
    if length > MAX_HEAD_BYTES:
        raise EOFError
    head, sizes = json.loads(_read_whole(stream, length))
    return head, [_read_whole(stream, size) for size in sizes]


def _read_whole(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _read(message: Message) -> TopicMessage:
    failure = message.error()
    if failure is not None:
        return TopicMessage(b"", 0, 0, 0, failure.name() or "error")
    return TopicMessage(
        message.value() or b"", message.partition(), message.offset(), message.timestamp()[1]
    )


def _name_of(error: KafkaException) -> str:
    return str(error.args[0].name()) if error.args else "error"


def answer(client: TopicClient, question: list[Any], values: list[bytes]) -> tuple[Any, ...]:
    """What the client says to one question: a head, then what goes beside it."""
    name, *given = question
    if name == "consume":
        found = client.consume(*given)
        return [list(m[1:]) for m in found], *(m.value for m in found)
    if name == "send":
        return (client.send(values[0], *given),)
    return (getattr(client, name)(*given),)


def main() -> None:
    """Answer until the other side is gone."""
    # Ctrl-C is for the watch, which ends this process when it has kept what came
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # what the library prints is no answer
    os.dup2(2, 1)
    try:
        (settings, topic), _ = read_frame(questions)
        client = TopicClient(settings, topic)
        while True:
            question, values = read_frame(questions)
            try:
                head, *beside = answer(client, question, values)
                write_frame(answers, ["", head], *beside)
            except ClientError as error:
                write_frame(answers, [str(error) or "error", None])
            except Exception as error:
                write_frame(answers, [f"{type(error).__name__}: {error}"[:200], None])
    except (EOFError, OSError):
        # nobody asks any more; what the library still does is of no use to anybody
        os._exit(0)


if __name__ == "__main__":
    main()
