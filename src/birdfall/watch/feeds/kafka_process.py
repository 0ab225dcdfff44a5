"""Kafka's client library in a process of its own, asked by way of pipes.

When that process ends, of whatever came from the broker or by a signal, the connection is lost and
another one begins: what was not yet kept is read again, as offsets are kept here and nowhere else.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from signal import Signals
from typing import Any, Final

from birdfall.watch.feeds import kafka_client
from birdfall.watch.feeds.kafka_client import (
    ClientError,
    TopicMessage,
    read_frame,
    write_frame,
)

#: Seconds beyond those a question allows before its process is ended.
GRACE_SECONDS: Final = 10.0
#: Seconds a process has to begin and load the library.
BEGIN_SECONDS: Final = 60.0


class ClientProcess:
    """A `kafka_client.TopicClient` in a process of its own; all its questions, with its errors.

    What it is asked by one thread at a time is answered, or raises ClientError: also when the
    process has ended, or does not answer in time and is ended.
    """

    def __init__(self, settings: Mapping[str, str], topic: str) -> None:
        self._until = time.monotonic() + BEGIN_SECONDS
        self._late, self._over = False, threading.Event()
        # the file itself, without its folder among the places of modules
        command = [sys.executable, "-P", kafka_client.__file__]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise ClientError(f"its client cannot be begun: {error.strerror}") from error
        threading.Thread(target=self._end_when_late, name="kafka-client", daemon=True).start()
        try:
            assert self.process.stdin is not None
            write_frame(self.process.stdin, [dict(settings), topic])
        except OSError as error:
            raise ClientError(self._say_end()) from error

    def begin(self) -> None:
        """As `TopicClient.begin`."""
        self._ask(BEGIN_SECONDS, "begin")

    def partitions(self, seconds: float) -> list[int]:
        """As `TopicClient.partitions`."""
        return [int(one) for one in self._ask(seconds, "partitions", seconds)]

    def bounds(self, partition: int, seconds: float) -> list[int]:
        """As `TopicClient.bounds`."""
        return [int(one) for one in self._ask(seconds, "bounds", partition, seconds)]

    def assign(self, partitions: Sequence[int], offsets: Sequence[int]) -> None:
        """As `TopicClient.assign`."""
        self._ask(GRACE_SECONDS, "assign", list(partitions), list(offsets))

    def consume(self, most: int, seconds: float) -> list[TopicMessage]:
        """As `TopicClient.consume`."""
        heads, values = self._exchange(seconds, ["consume", most, seconds])
        return [TopicMessage(value, *head) for head, value in zip(heads, values, strict=True)]

    def send(self, value: bytes, key: str, seconds: float) -> str:
        """As `TopicClient.send`."""
        limit = BEGIN_SECONDS + seconds
        return str(self._exchange(limit, ["send", key, seconds], value)[0])

    def close(self) -> None:
        """End the process."""
        self._over.set()
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # it was gone before it read the last question
                    continue
        self.process.wait()

    def _ask(self, seconds: float, *question: Any) -> Any:
        return self._exchange(seconds, list(question))[0]

    def _exchange(self, seconds: float, question: Any, *values: bytes) -> tuple[Any, list[bytes]]:
        self._until = time.monotonic() + seconds + GRACE_SECONDS
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            write_frame(self.process.stdin, question, *values)
            (failed, head), beside = read_frame(self.process.stdout)
        except (EOFError, OSError) as error:
            raise ClientError(self._say_end()) from error
        finally:
            self._until = float("inf")
        if failed:
            raise ClientError(failed)
        return head, beside

    def _end_when_late(self) -> None:
        while not self._over.wait(0.5):
            if time.monotonic() > self._until:
                self._late = True
                self.process.kill()
                return

    def _say_end(self) -> str:
        """Why there is no answer any more."""
        self._over.set()
        if self._late:
            return "its client did not answer"
        try:
            code = self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "its client did not answer"
        if code >= 0:
            return f"its client ended ({code})"
        return f"its client was ended ({Signals(-code).name})"
