"""The process that Kafka's client lives in: its end, of whatever kind, is said and never waited
for."""

import os
import signal
import subprocess
import sys
import time

import pytest

from birdfall.watch.feeds import kafka_client, kafka_process
from birdfall.watch.feeds.kafka_client import ClientError
from birdfall.watch.feeds.kafka_process import ClientProcess

#: A client library that does what its settings say when it is asked for partitions.
LIBRARY = """
import os, time, types

class KafkaException(Exception):
    pass

class Consumer:
    def __init__(self, settings):
        self.settings = settings
    def list_topics(self, topic, timeout):
        print("what is printed is no answer")
        os.write(1, b"nor is this")
        exec(self.settings["do"])
        return types.SimpleNamespace(
            topics={topic: types.SimpleNamespace(error=None, partitions={1: 0, 0: 0})}
        )
"""


@pytest.fixture
def begin(tmp_path, monkeypatch):
    (tmp_path / "confluent_kafka.py").write_text(LIBRARY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = []

    def begin(do="pass"):
        made.append(ClientProcess({"do": do}, "t"))
        made[-1].begin()
        return made[-1]

    yield begin
    for client in made:
        client.close()
        assert client.process.poll() is not None


def test_it_answers_and_what_the_library_prints_is_no_answer(begin):
    client = begin()
    assert [client.partitions(1.0), client.partitions(1.0)] == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("do", "says"),
    [
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("os._exit(3)", "ended (3)"),
        ("raise KafkaException()", "error"),
        ("raise ValueError('half')", "half"),
        ("time.sleep(60)", "did not answer"),
    ],
)
def test_its_end_is_said(begin, monkeypatch, do, says):
    monkeypatch.setattr(kafka_process, "GRACE_SECONDS", 0.3)
    client, begun = begin(do), time.monotonic()
    with pytest.raises(ClientError) as error:
        client.partitions(0.1)
    assert says in str(error.value)
    assert time.monotonic() - begun < 30


def test_it_ends_with_the_watch_and_not_with_its_terminal(tmp_path):
    (tmp_path / "confluent_kafka.py").write_text(LIBRARY)
    process = subprocess.Popen(
        [sys.executable, "-P", kafka_client.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    kafka_client.write_frame(process.stdin, [{"do": "pass"}, "t"])
    kafka_client.write_frame(process.stdin, ["begin"])
    assert kafka_client.read_frame(process.stdout) == (["", None], [])
    process.send_signal(signal.SIGINT)
    kafka_client.write_frame(process.stdin, ["partitions", 1.0])
    assert kafka_client.read_frame(process.stdout) == (["", [0, 1]], [])
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()


def test_no_secret_is_on_its_command_line(begin):
    client = begin("password = 'hunter2'")
    assert not any("hunter2" in str(word) for word in client.process.args)
