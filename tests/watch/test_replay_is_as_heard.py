"""A replay says at each moment only what was known then: its alerts are those of the same recording
heard live, step by step."""

import json
import threading
from pathlib import Path

import pytest

from birdfall.watch.engine import watcher
from birdfall.watch.feeds import replay
from birdfall.watch.store.database import State

STREAM = Path(__file__).parents[2] / "examples/data/stream.jsonl"
#: Lines that raise alerts enough; the whole takes twice as long.
LINES = 900


def alerts(monkeypatch, path, recording, leaders, *, steps):
    """The alerts of a watch that takes in so many steps at a time."""
    monkeypatch.setattr(replay, "MAX_BATCH_STEPS", steps)
    monkeypatch.setattr(watcher, "BATCH_STEPS", steps)
    state = State.open(path)
    feed = replay.RecordingFeed("r", (recording,))
    watcher.Watcher(state, [feed], leaders=leaders).run(threading.Event())
    rows = state.connection.execute("SELECT key, kind, time, body FROM alerts ORDER BY id")
    found = [(r["key"], r["kind"], r["time"], json.loads(r["body"])) for r in rows]
    state.close()
    return found


def compared(monkeypatch, folder, recording, leaders=()):
    live = alerts(monkeypatch, folder / "live.sqlite", recording, leaders, steps=1)
    replayed = alerts(monkeypatch, folder / "replay.sqlite", recording, leaders, steps=1000)
    return live, replayed


def test_a_replay_of_a_stream_raises_the_alerts_of_the_stream(monkeypatch, tmp_path):
    part = tmp_path / "part.jsonl"
    part.write_text("".join(STREAM.read_text("utf-8").splitlines(keepends=True)[:LINES]), "utf-8")
    live, replayed = compared(monkeypatch, tmp_path, part, ("did:example:leader",))
    assert len(live) > 5
    assert replayed == live


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("wave-ci.atfh.gz", "wave-ci-truth.json"),
        ("brigade-ozone-events.jsonl.gz", ""),
        ("mediawiki-rc-block-wave.jsonl.gz", ""),
    ],
)
def test_a_replay_of_a_recording_raises_the_alerts_of_its_hearing(
    real, monkeypatch, tmp_path, name, truth
):
    leaders = ()
    if truth:
        meta = json.loads(real(f"atproto-recordings/{truth}").read_text())
        leaders = (meta["leader"], meta["control"])
    live, replayed = compared(monkeypatch, tmp_path, real(f"atproto-recordings/{name}"), leaders)
    assert live
    assert replayed == live
