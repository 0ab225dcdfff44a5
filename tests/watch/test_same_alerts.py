"""What a watch says follows from the events: however they were cut into batches, and however often
it was killed in between, it tells the same, dated the same."""

import json
import threading

import numpy as np
import pytest

from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Report, Status, StreamBatch
from birdfall.watch.store.database import State
from tiers import some_fast

T = 1_700_000_000_000_000
SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
LEADERS = ("lead0", "lead1")


def story(seed):
    """Two hours with a wave, a burst, a crew and returns; some of it comes late."""
    rng = np.random.default_rng(seed)
    events = [Follow(f"a{i}", LEADERS[i % 2], T - HOUR + i, f"k{i}") for i in range(300)]
    for i in range(int(rng.integers(10, 60))):
        events.append(Status(f"q{i}", "suspended", T + int(rng.uniform(0, 2 * HOUR)), host="h0"))
        events.append(Report(f"r{i}", f"t{i % 9}", T + int(rng.uniform(0, 2 * HOUR)), f"i{i}"))
    begin, fell = T + HOUR + int(rng.integers(0, 10 * SECOND)), int(rng.integers(20, 250))
    spread = int(rng.choice([9, 60, 600])) * SECOND
    for i in range(fell):
        moment = begin + int(rng.uniform(0, spread))
        events.append(Status(f"a{i}", "suspended", moment, host=f"h{i % 3}"))
        if rng.random() < 0.6:
            back = moment + int(rng.uniform(MINUTE, 30 * MINUTE))
            events.append(Status(f"a{i}", "active", back, host=f"h{i % 3}"))
    burst = begin + 20 * MINUTE
    for i in range(int(rng.integers(20, 120))):
        target = f"hit{i % 3}"
        events.append(Report(f"b{i % 40}", target, burst + int(rng.uniform(0, spread)), f"j{i}"))
    events.sort(key=lambda e: e.time)
    late = rng.exponential(SECOND, len(events)).astype(int)
    steps = [(e.time + int(wait), e) for e, wait in zip(events, late, strict=True)]
    steps.sort(key=lambda step: step[0])
    return [StreamBatch(received, (e,)) for received, e in steps]


def told(path, steps, lengths, *, killed):
    """What a watch keeps after these steps, taken in batches of drawn lengths."""
    feed, at = RecordingFeed("r", ()), 0
    state = State.open(path)
    watcher = Watcher(state, [feed], LEADERS, recount_every=0.0)
    while at < len(steps):
        length = next(lengths)
        watcher.process_batches([(feed, steps[at : at + length])])
        at += length
        if killed and next(lengths) % 3 == 0:
            state.close()
            state = State.open(path)
            watcher = Watcher(state, [feed], LEADERS, recount_every=0.0)
    watcher.settle()
    query = state.connection.execute
    found = {
        "alerts": [tuple(r) for r in query("SELECT key, time, body FROM alerts ORDER BY id")],
        "waves": [tuple(r) for r in query("SELECT * FROM waves ORDER BY id")],
        "ticks": [tuple(r) for r in query("SELECT stream, begin, observed FROM ticks")],
    }
    state.close()
    return found


def drawn(seed, most):
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(1, most))


@pytest.mark.parametrize("seed", some_fast(range(6), 3))
def test_alerts_follow_from_the_events(tmp_path, seed):
    steps = story(seed)
    whole = told(tmp_path / "whole", steps, iter(lambda: len(steps), 0), killed=False)
    assert whole["alerts"], "this story holds something to tell"
    cut = told(tmp_path / "cut", steps, drawn(seed, 200), killed=False)
    assert cut == whole
    killed = told(tmp_path / "killed", steps, drawn(seed, 120), killed=True)
    assert killed == whole


def test_a_recording_with_its_latest_line_first_is_told_as_it_happened(tmp_path):
    lines = [
        json.dumps(
            {
                "kind": "status",
                "account": s.events[0].account,
                "time": s.events[0].time,
                "status": s.events[0].status,
            }
        )
        for s in story(0)
        if isinstance(s.events[0], Status)
    ]
    found = []
    for name, ordered in (("down", lines[::-1]), ("up", lines)):
        (tmp_path / name).write_text("".join(line + "\n" for line in ordered))
        state = State.open(tmp_path / f"{name}.sqlite")
        feed = RecordingFeed("r", (tmp_path / name,))
        Watcher(state, [feed], recount_every=0.0).run(threading.Event())
        rows = state.connection.execute("SELECT key, time, body FROM alerts ORDER BY id")
        found.append([tuple(row) for row in rows])
        state.close()
    assert found[0]
    assert found[0] == found[1]
