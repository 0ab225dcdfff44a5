"""Drawn conversations by way of Kafka: topics that are read, alerts that are sent, over a client
library that is played; the protocol of the broker is the library's own."""

import json
import threading
import time
import types

from hostile import SECRET, Conversation, iso, watch
from kafka_client import Failure, KafkaException, Message, played
from misbehaviours import JUNK, TOKENS

from birdfall.watch.feeds.kafka import KafkaFeed

#: Of each kind, what brokers say.
FAILURES = ("_TRANSPORT", "_PARTITION_EOF", "OFFSET_OUT_OF_RANGE", "UNKNOWN_TOPIC_OR_PART", "²\n")


#: The client is one of the whole process: one conversation at a time.
ONE_AT_A_TIME = threading.Lock()


class Topic(Conversation):
    """A topic of two partitions; between what is true stands what anybody put there."""

    def feed(self, url):
        return KafkaFeed(f"s{self.number}", url=url, servers="x:1", topic="t", start="all")

    def honest(self, _question):
        return b""

    def value(self, thing):
        """A message as one of the known forms."""
        about = {"active": False, "did": self.name(thing), "status": "takendown", "seq": thing}
        about["time"] = iso(self.at(thing))
        line = {"kind": "status", "account": self.name(thing), "status": "taken_down"}
        forms = (
            line | {"time": iso(self.at(thing))},
            {"did": self.name(thing), "time_us": self.at(thing), "kind": "account",
             "account": about},
        )  # fmt: skip
        return self.write(self.rng.choice(forms)).encode()

    def strange(self):
        """A message that nobody can make sense of."""
        rng = self.rng
        whole = self.value(rng.choice(self.things))
        ways = (
            lambda: None,
            lambda: rng.randbytes(rng.randrange(300)),
            lambda: json.dumps(rng.choice(JUNK)).encode(),
            lambda: rng.choice(TOKENS).encode(),
            lambda: whole[: rng.randrange(len(whole))],
            lambda: self.twisted(b"") or self.value(1),
            lambda: b'{"kind":"heard"' + rng.choice((b"", b"}", b',"time":1e999}')),
            lambda: b"x" * 100_000,
        )
        return rng.choice(ways)()

    def hold(self, url, state, outcome):
        told = [self.value(thing) for thing in self.listed()]
        told = [one for value in told for one in (*self.some_strange(), value)]
        parts = {0: told[::2], 1: told[1::2]}
        with ONE_AT_A_TIME, played(lambda _: PlayedConsumer(self, parts)):
            watch(self, url, state, outcome)

    def some_strange(self):
        return [self.strange() for _ in range(self.rng.choice((0, 0, 1, 3)))]


class PlayedConsumer:
    """What a consumer does; it misbehaves a few times before it is honest."""

    def __init__(self, talk, parts):
        self.talk, self.parts, self.at = talk, parts, {}

    def wrong(self, ways):
        """What goes wrong now, if anything does."""
        if self.talk.left <= 0 or self.talk.rng.random() < 0.5:
            return None
        self.talk.left -= 1
        return self.talk.rng.choice(ways)

    def fail(self):
        raise KafkaException(*(self.talk.rng.choice(((), (Failure(),), (Failure("²\n"),)))))

    def list_topics(self, topic, timeout):
        del timeout
        error = Failure("UNKNOWN_TOPIC_OR_PART")
        answer = self.wrong((self.fail, {}, {topic: topic_of({}, None)},
                             {topic: topic_of(self.parts, error)}))  # fmt: skip
        if callable(answer):
            answer()
        found = {topic: topic_of(self.parts, None)} if answer is None else answer
        return types.SimpleNamespace(topics=found)

    def get_watermark_offsets(self, place, timeout):
        del timeout
        answer = self.wrong((self.fail, "none", "fewer", "negative"))
        if callable(answer):
            answer()
        high = len(self.parts[place.partition])
        if answer == "none":
            return None
        return {"fewer": (0, 0), "negative": (-1001, high)}.get(answer, (0, high))

    def assign(self, places):
        self.at = {place.partition: max(place.offset, 0) for place in places}

    def consume(self, number, timeout):
        del number, timeout
        rng = self.talk.rng
        answer = self.wrong((self.fail, "error", "again", "other", "none"))
        if callable(answer):
            answer()
        if answer == "error":
            return [Message(error=Failure(rng.choice(FAILURES)))]
        if answer == "none":
            return []
        if answer == "other":
            return [Message(self.talk.strange(), rng.choice((7, -1)), rng.choice((0, 1 << 62)))]
        found = []
        for partition, begin in self.at.items():
            values = self.parts[partition][begin:]
            found += [Message(v, partition, begin + n) for n, v in enumerate(values)]
            self.at[partition] = len(self.parts[partition])
        if answer == "again":
            found += found
        if not found:
            time.sleep(0.005)
        return found

    def close(self):
        """Nothing is kept."""


def topic_of(partitions, error):
    return types.SimpleNamespace(error=error, partitions=dict.fromkeys(partitions))


class Actions(Conversation):
    """Alerts as actions: each is tried until the broker says that it is kept."""

    def honest(self, _question):
        return b""

    def hold(self, _url, _state, outcome):
        # imported here: it names all channels
        from conversations import send_until_taken

        kept = []
        with ONE_AT_A_TIME, played(None, lambda _: PlayedProducer(self, kept)):
            values = {"servers": f"{SECRET}:1", "topic": self.rng.choice(("t", "²", "a\nb"))}
            send_until_taken("kafka", values, outcome)
        outcome.lost += not kept
        outcome.doubled += len(kept) > 1


class PlayedProducer:
    """What a producer does; what it says it kept is kept."""

    def __init__(self, talk, kept):
        self.talk, self.kept, self.waiting = talk, kept, None
        self.way = ""
        if talk.left > 0:
            talk.left -= 1
            self.way = talk.rng.choice(("begin", "full", "late", "refused", "flush"))
        if self.way == "begin":
            raise KafkaException(Failure("_INVALID_ARG"))

    def produce(self, _topic, value, key, on_delivery):
        if self.way == "full":
            raise BufferError("queue full")
        self.waiting = (value, key, on_delivery)

    def flush(self, _timeout):
        value, key, on_delivery = self.waiting
        if self.way == "flush":
            raise KafkaException
        if self.way == "late":
            return 1
        if self.way == "refused":
            on_delivery(Failure(self.talk.rng.choice(FAILURES)), None)
            return 0
        json.loads(value)
        self.kept.append(key)
        on_delivery(None, None)
        return 0
