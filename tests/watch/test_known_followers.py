"""Accounts that are known by whom they follow, and by nothing else, are accounts: an audience is
compared with all of them."""

import pytest

from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Status, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries.waves import list_waves
from tiers import every_pair

T = 1_700_000_000_000_000


def test_the_audience_that_was_hit_is_named_where_only_follows_were_heard(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    feed = RecordingFeed("recording:x", ())
    watcher = Watcher(state, [feed], leaders=("leader", "control"), recount_every=0.0)
    follows = [(f"a{i}", "leader" if i % 2 else "control") for i in range(1200)]
    steps = [
        StreamBatch(T + i, (Follow(a, b, T + i, f"{a}/{b}"),)) for i, (a, b) in enumerate(follows)
    ]
    fall = T + 600_000_000
    steps += [
        StreamBatch(fall + i * 100_000, (Status(f"a{i}", "suspended", fall + i * 100_000),))
        for i in range(1, 401, 2)
    ]
    for i in range(0, len(steps), 100):
        watcher.process_batches([(feed, steps[i : i + 100])])
    [wave] = list_waves(state)
    assert wave.fallen == 200
    assert [e.leader for e in wave.ledgers if e.hit] == ["leader"]


def test_a_follow_does_not_raise_the_fallen(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    state.watch_leaders(["leader"])
    with state.transaction():
        ingest_batch(
            state,
            "x",
            [StreamBatch(T, (Status("a", "suspended", T), Follow("a", "leader", T + 1, "a/k")))],
        )
    assert (
        state.connection.execute("SELECT status FROM standing WHERE account = 'a'").fetchone()[0]
        == "suspended"
    )


@pytest.mark.parametrize(
    ("quiet", "late"),
    every_pair([58, 98], [2, 17, 40, 99], fast=[(58, 2), (98, 17), (58, 40), (98, 99)]),
)
def test_a_wave_begins_with_its_first_fall_wherever_in_a_tick_that_is(tmp_path, quiet, late):
    state = State.open(tmp_path / "w.sqlite")
    state.connection.execute("PRAGMA synchronous = OFF")
    feed = RecordingFeed("recording:x", ())
    watcher = Watcher(state, [feed], leaders=("leader",), recount_every=0.0)
    steps = [StreamBatch(T + i, (Follow(f"a{i}", "leader", T + i, f"a{i}/k"),)) for i in range(600)]
    # so many of two hundred fall in what is left of a tick
    fall = T + quiet * 1_000_000 + 2_000_000 - late * 100_000
    steps += [
        StreamBatch(t, (Status(f"b{t}", "suspended", t),))
        for t in range(T + 3_000_000, fall - 500_000, 10_000_000)
    ]
    steps += [
        StreamBatch(fall + i * 100_000, (Status(f"a{i}", "suspended", fall + i * 100_000),))
        for i in range(200)
    ]
    for step in steps:
        watcher.process_batches([(feed, [step])])
    [wave] = list_waves(state)
    assert (wave.begin, wave.fallen) == (fall, 200)
    assert [(e.leader, e.before, e.suspended) for e in wave.ledgers] == [("leader", 600, 200)]
