"""A topic as a source of the watch, and as a sink of its alerts, on a broker nobody here wrote."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest
from frames_made import account
from watch_running import Running, until

import processes
from birdfall.model.errors import UsageError
from birdfall.watch.alerts import delivery as alerts
from birdfall.watch.alerts.rules import Channel, Rule, load_rules
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import FeedOptions, now
from birdfall.watch.feeds.json_fields import DecodeError
from birdfall.watch.feeds.kafka import KafkaFeed, client_settings, decode_message
from birdfall.watch.feeds.registry import open_feed
from birdfall.watch.model.alert import AlertKind, ReturnsAlert, SuspensionAlert, WaveStage
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.store.database import State


def frames(numbers, start):
    return [
        (b"k%d" % i, account(f"did:plc:{i}", start + i, status="takendown", sequence=i), 0, i % 3)
        for i in numbers
    ]


def feed(broker, topic, **more):
    return KafkaFeed(
        name=f"kafka:{topic}", servers=broker.servers, topic=topic, **({"start": "all"} | more)
    )


def test_all_partitions_are_read_and_nothing_twice_after_a_restart(broker, tmp_path):
    topic, start = broker.topic("partitions", 3), now() - 1000
    broker.produce(topic, frames(range(30), start))
    with Running(tmp_path / "w", feed(broker, topic)) as run:
        until(lambda: len(run.fallen()) == 30, 30)
    run.state.close()
    broker.produce(topic, frames(range(30, 60), start))
    with Running(tmp_path / "w", feed(broker, topic)) as run:
        until(lambda: len(run.fallen()) == 60, 30)
    assert sorted(run.fallen()) == sorted(f"did:plc:{i}" for i in range(60))
    assert run.rows("SELECT count(*) FROM raw") == [(60,)], "each message was taken once"
    assert json.loads(run.rows("SELECT cursor FROM sources")[0][0]) == {"0": 20, "1": 20, "2": 20}
    assert broker.committed(f"birdfall-{topic}", topic) < 0, "the broker is told nothing"


def test_a_live_watch_begins_at_the_end_and_keeps_its_place_before_anything_comes(broker, tmp_path):
    topic, start = broker.topic("live"), now() - 1000
    broker.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(range(5), start)])
    with Running(tmp_path / "w", feed(broker, topic, start="live")) as run:
        until(lambda: run.rows("SELECT cursor FROM sources WHERE cursor IS NOT NULL"), 30)
    assert run.fallen() == []
    run.state.close()
    broker.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(range(5, 8), start)])
    with Running(tmp_path / "w", feed(broker, topic, start="live")) as run:
        until(lambda: len(run.fallen()) == 3, 30)


def test_a_topic_that_began_anew_is_read_from_its_beginning(tmp_path):
    from broker import Broker

    broken = Broker().start()
    try:
        start = now() - 1000
        topic = broken.topic("anew")
        broken.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(range(9), start)])
        with Running(tmp_path / "w", feed(broken, topic)) as run:
            until(lambda: len(run.fallen()) == 9, 30)
            broken.kill()
            until(lambda: not run.feeds[0].health.connected, 60)
            broken.start()
            broken.topic(topic)
            broken.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(range(7, 12), start)])
            until(lambda: len(run.fallen()) == 12, 90)
        assert sorted(run.fallen()) == sorted(f"did:plc:{i}" for i in range(12))
        assert run.rows("SELECT why FROM gaps WHERE why = 'server-began-anew'") == [
            ("server-began-anew",)
        ]
    finally:
        broken.kill()


def test_lines_of_every_form_are_told_apart():
    t = 1_700_000_000_000_000
    line = json.dumps({"kind": "report", "account": "a", "target": "b", "time": t}).encode()
    v1 = json.dumps(
        {
            "did": "did:plc:a",
            "time_us": t,
            "kind": "account",
            "account": {
                "active": False,
                "did": "did:plc:a",
                "seq": 1,
                "status": "takendown",
                "time": "2023-11-14T22:13:20Z",
            },
        }
    ).encode()
    v2 = json.dumps(
        {
            "$type": "message",
            "payload": {
                "$type": "network.bsky.jetstream.subscribeEvents#account",
                "seq": 1,
                "did": "did:plc:a",
                "time": "2023-11-14T22:13:20Z",
                "account": {
                    "active": True,
                    "did": "did:plc:a",
                    "seq": 1,
                    "time": "2023-11-14T22:13:20Z",
                },
            },
        },
        separators=(",", ":"),
    ).encode()
    assert [
        type(decode_message(x, t)[0]).__name__ for x in (line, v1, v2, account("did:plc:a", t))
    ] == [
        "Report",
        "Status",
        "Status",
        "Status",
    ]
    for wrong in (b"", b"{}", b"{", b"\xff" * 30, b'{"kind": "account", "time_us": 1}'):
        with pytest.raises(DecodeError):
            decode_message(wrong, t)


WATCH = """
import sys, threading
from birdfall.watch.engine import watcher
from birdfall.watch.feeds import kafka
from birdfall.watch.store.database import State
watcher.BATCH = kafka.MAX_BATCH_MESSAGES = 20
state = State.open(sys.argv[1])
feed = kafka.KafkaFeed(name="k", servers=sys.argv[2], topic=sys.argv[3], start="all")

def tell():
    if state.connection.execute("SELECT 1 FROM raw LIMIT 1").fetchone():
        print("kept", flush=True)

watcher.Watcher(state, [feed], after=tell).run(threading.Event())
"""


def test_killed_at_random_moments_nothing_is_lost_or_doubled(broker, tmp_path):
    import random

    rng, topic, start = random.Random(1), broker.topic("killed"), now() - 10_000
    broker.produce(topic, [(b"", v, 0, 0) for _, v, _, _ in frames(range(3000), start)])
    path = tmp_path / "w.sqlite"
    deaths = 0
    for _ in range(8):
        process = processes.start(
            [sys.executable, "-c", WATCH, str(path), broker.servers, topic], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.6))
        deaths += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    state = State.open(path)
    seen = state.connection.execute("SELECT count(*) FROM raw").fetchone()[0]
    stop = threading.Event()
    watcher = Watcher(
        state, [KafkaFeed(name="k", servers=broker.servers, topic=topic, start="all")]
    )
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    end = time.monotonic() + 40
    while time.monotonic() < end and State.open(path, read_only=True).cursor("k")[0] != json.dumps(
        {"0": 3000}
    ):
        time.sleep(0.1)
    stop.set()
    thread.join(60)
    assert deaths == 8
    assert seen > 0, "it was at work when it was killed"
    rows = state.connection.execute("SELECT account FROM changes ORDER BY id").fetchall()
    assert [r[0] for r in rows] == [f"did:plc:{i}" for i in range(3000)]
    assert state.connection.execute("SELECT count(*) FROM raw").fetchone()[0] == 3000


def test_alerts_arrive_as_osprey_actions(broker, tmp_path):
    topic = broker.topic("osprey.actions_input")
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nname = "r"\non = "falls"\nnotify = ["queue"]\n[channel.queue]\nkind = "kafka"\n'
        f'servers = "{broker.servers}"\ntopic = "{topic}"\n'
    )
    [rule], channels = load_rules(rules)
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        for stage, fallen in (
            (WaveStage.OPENED, 40),
            (WaveStage.GROWN, 80),
            (WaveStage.CLOSED, 80),
        ):
            alert = SuspensionAlert(
                wave=1,
                stage=stage,
                stream=ALL_FALLS,
                begin=1_700_000_000_000_000,
                seconds=9,
                expected=0.1,
                fallen=fallen,
            )
            alerts.raise_alert(state, alert, [rule], 1_700_000_000_000_000)
    courier = alerts.Courier(str(tmp_path / "w.sqlite"), channels)
    courier.deliver(state)
    courier.deliver(state)
    found = broker.read(topic)
    assert [k for k, _ in found] == [b"wave:1:opened", b"wave:1:grown-to-80", b"wave:1:closed"], (
        "each once"
    )
    plain = [json.loads(v) for _, v in found]
    assert [p["data"]["action_name"] for p in plain] == [
        "wave_opened",
        "wave_updated",
        "wave_closed",
    ]
    assert plain[0].keys() == {"send_time", "data"}
    assert plain[0]["data"].keys() == {"action_id", "action_name", "data"}
    assert plain[0]["send_time"].startswith("2023-11-14T22:13:20")
    assert len({p["data"]["action_id"] for p in plain}) == 3
    assert all(0 < p["data"]["action_id"] < 1 << 63 for p in plain)
    assert plain[0]["data"]["data"]["numbers"]["fallen"] == 40


def test_a_broker_that_is_away_delays_an_alert(tmp_path, monkeypatch):
    from birdfall.watch.feeds import kafka

    monkeypatch.setattr(kafka, "BROKER_TIMEOUT_SECONDS", 0.5)
    channel = Channel("q", "kafka", {"servers": "127.0.0.1:9", "topic": "t"})
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        alert = ReturnsAlert(wave=1, fallen=60, returned=30)
        alerts.raise_alert(state, alert, [Rule("r", AlertKind.RETURNS, notify=("q",))], 1)
    alerts.Courier(str(tmp_path / "w.sqlite"), [channel]).deliver(state)
    done, tries, said = state.connection.execute(
        "SELECT done, tries, said FROM deliveries"
    ).fetchone()
    assert (done, tries) == (None, 1)
    assert "Kafka" in said


def test_the_command_line_and_the_settings(tmp_path, monkeypatch):
    made = open_feed("kafka:localhost:9092/events", FeedOptions(start="all"))
    assert (made.servers, made.topic, made.start, made.name) == (
        "localhost:9092",
        "events",
        "all",
        "kafka:localhost:9092/events",
    )
    for wrong in ("kafka:localhost", "kafka:localhost:9092", "kafka:/x"):
        with pytest.raises(UsageError):
            open_feed(wrong)
    place = tmp_path / "client.properties"
    place.write_text("# comment\nsecurity.protocol=SASL_SSL\nsasl.password=a=b\n")
    monkeypatch.setenv("BIRDFALL_KAFKA_CONFIG", str(place))
    assert client_settings() == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    place.write_text("nonsense\n")
    with pytest.raises(UsageError, match="line 1"):
        client_settings()
