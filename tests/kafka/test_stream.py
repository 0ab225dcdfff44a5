"""Past one machine: the sieve on Quix Streams and the judge behind it raise the alerts of the
single process.
"""

import json
import threading
import time

import pytest
from watch_running import until

from birdfall.cluster import stream
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.kafka import KafkaFeed
from birdfall.watch.feeds.replay import RecordingFeed, read_steps
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.waves import list_waves


def alerts(state):
    rows = state.connection.execute(
        "SELECT key, kind, time, body FROM alerts ORDER BY id"
    ).fetchall()
    return [(r["key"], r["kind"], r["time"], json.loads(r["body"])["numbers"]) for r in rows]


def told(state):
    """All a watch says: its alerts, its waves with their parts, and what stands in the end."""
    c = state.connection
    return {
        "alerts": alerts(state),
        "waves": [
            (w.stream, w.begin, w.opened, w.closed, w.fallen, w.returned, w.details)
            for w in list_waves(state)
        ],
        "changes": sorted(tuple(r) for r in c.execute("SELECT account, status, time FROM changes")),
        "edges": sorted(tuple(r) for r in c.execute("SELECT followed, follower, since FROM edges")),
        "ends": sorted(tuple(r) for r in c.execute("SELECT followed, follower, until FROM ends")),
        "standing": sorted(
            tuple(r) for r in c.execute("SELECT account, status, handle FROM standing")
        ),
    }


def single(path, files, leaders):
    state = State.open(path)
    Watcher(state, [RecordingFeed("r", tuple(files))], leaders=leaders, recount_every=0.0).run(
        threading.Event()
    )
    return state


def judged(path, broker, topic, number, leaders):
    """The judge over a topic of news, until it has taken `number` messages."""
    state = State.open(path)
    feed = KafkaFeed(
        name="news", servers=broker.servers, topic=topic, start="all", timed=True, live=False
    )
    stop = threading.Event()
    watcher = Watcher(state, [feed], leaders=leaders, recount_every=0.0)
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    until(
        lambda: (
            json.loads(State.open(path, read_only=True).cursor("news")[0] or "{}").get("0")
            == number
        ),
        90,
    )
    stop.set()
    thread.join(60)
    return state


@pytest.fixture
def wave(recording):
    meta = json.loads((recording / "wave-ci-truth.json").read_text())
    return recording / "wave-ci.atfh.gz", (meta["leader"], meta["control"])


def test_the_engine_raises_the_alerts_of_the_single_process(broker, wave, tmp_path):
    path, leaders = wave
    steps = list(read_steps(path))
    source, news = broker.topic("frames"), broker.topic("news")
    assert stream.publish(steps, broker.servers, source) == len(steps)
    app = stream.sieve(
        broker.servers,
        source,
        news,
        leaders,
        state=str(tmp_path / "state"),
        use_changelog_topics=False,
        loglevel="ERROR",
    )
    app.run(timeout=8.0, count=len(steps))
    passed = broker.read(news)
    expected = [line for _, line in stream.sieve_locally(steps, leaders)]
    assert [v for _, v in passed] == expected, "the engine's sieve is the sieve"
    assert len(passed) < len(steps) / 2
    first = single(tmp_path / "single", [path], leaders)
    second = judged(tmp_path / "judge", broker, news, len(passed), leaders)
    one, other = told(first), told(second)
    assert len(one["alerts"]) >= 2
    for what in one:
        assert one[what] == other[what], what


def test_over_several_partitions_only_the_order_between_accounts_is_lost(broker, wave, tmp_path):
    path, leaders = wave
    steps = list(read_steps(path))
    source, news = broker.topic("frames3", 3), broker.topic("news3")
    stream.publish(steps, broker.servers, source)
    for _ in range(2):
        # a second sieve that starts from the beginning (the first one's place was lost) passes
        # everything on again
        app = stream.sieve(
            broker.servers,
            source,
            news,
            leaders,
            state=str(tmp_path / f"s{_}"),
            group=f"g{_}",
            use_changelog_topics=False,
            loglevel="ERROR",
        )
        app.run(timeout=8.0, count=len(steps))
    passed = broker.read(news)
    state = judged(tmp_path / "judge", broker, news, len(passed), leaders)
    one, other = told(single(tmp_path / "single", [path], leaders)), told(state)
    for what in ("changes", "edges", "ends", "standing"):
        assert one[what] == other[what], what
    assert sum(w[4] for w in one["waves"]) == sum(w[4] for w in other["waves"])


def test_a_sieve_that_died_is_no_quiet_stream(broker, monkeypatch):
    from birdfall.watch.feeds import kafka

    monkeypatch.setattr(kafka, "HEARTBEAT_TIMEOUT_SECONDS", 1.0)
    topic = broker.topic("beats")
    feed = KafkaFeed(name="k", servers=broker.servers, topic=topic, start="all")
    stop = threading.Event()
    threading.Thread(
        target=feed.run, args=(None, "", lambda _batch: None, stop), daemon=True
    ).start()
    until(lambda: feed.health.connected, 30)
    time.sleep(2)
    assert feed.health.connected, "a topic that never beat is not expected to"
    broker.produce(
        topic, [(b"", stream.encode_line({"kind": "heard", "time": time.time_ns() // 1000}), 0, 0)]
    )
    until(lambda: not feed.health.connected, 30)
    assert feed.health.reason == "the sieve is silent"
    broker.produce(
        topic, [(b"", stream.encode_line({"kind": "heard", "time": time.time_ns() // 1000}), 0, 0)]
    )
    until(lambda: feed.health.connected, 30)
    stop.set()
