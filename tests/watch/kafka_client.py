"""Kafka's client library, played by ours: a broker that fails, lies about what it has, and holds
messages of anybody."""

import contextlib
import sys
import types

from birdfall.watch.feeds import kafka
from birdfall.watch.feeds.kafka_client import TopicClient


class KafkaException(Exception):
    """As the client raises it: its first argument is a `Failure`."""


class Failure:
    """An error of a broker."""

    def __init__(self, name="_TRANSPORT"):
        self._name = name

    def name(self):
        return self._name


class Message:
    """One message, or an error in place of one."""

    def __init__(self, value=b"", partition=0, offset=0, *, error=None, moment=-1):
        self._value, self._partition, self._offset = value, partition, offset
        self._error, self._moment = error, moment

    def value(self):
        return self._value

    def partition(self):
        return self._partition

    def offset(self):
        return self._offset

    def error(self):
        return self._error

    def timestamp(self):
        return (1, self._moment)


class TopicPartition:
    """A place in a topic."""

    def __init__(self, topic, partition, offset=-1):
        self.topic, self.partition, self.offset = topic, partition, offset


def client_of(consumer, producer):
    """The module: what a consumer and a producer do is the test's."""
    made = types.ModuleType("confluent_kafka")
    made.KafkaException, made.TopicPartition = KafkaException, TopicPartition
    made.Consumer, made.Producer = consumer, producer
    return made


@contextlib.contextmanager
def played(consumer, producer=None):
    """The client is this one for a while."""
    before, process = sys.modules.get("confluent_kafka"), kafka.begin_client
    # what is played can be met in this process only
    kafka.begin_client = TopicClient
    sys.modules["confluent_kafka"] = client_of(consumer, producer)
    try:
        yield
    finally:
        kafka.begin_client = process
        if before is None:
            del sys.modules["confluent_kafka"]
        else:
            sys.modules["confluent_kafka"] = before
