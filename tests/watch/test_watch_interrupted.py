"""Ctrl-C in a program that has no handler of its own ends a watch as its stop event does; options
take paths as text.
"""

import json
from pathlib import Path

import pytest

import birdfall
from birdfall.watch.alerts.delivery import Courier
from birdfall.watch.engine.folder import WatchFolder
from birdfall.watch.engine.watcher import Watcher

T = 1_700_000_000_000_000


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "lines.ndjson"
    lines = [{"kind": "account", "account": f"a{k}", "time": T + k} for k in range(20)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def ended(monkeypatch):
    """What was done for the end of the watch."""
    done = []
    settle, stop, maintain = Watcher.settle, Courier.stop, WatchFolder.maintain

    def maintained(folder, state, everything=False):
        if everything:
            done.append("maintained")
        maintain(folder, state, everything=everything)

    monkeypatch.setattr(
        Watcher, "settle", lambda w, **how: (done.append("settled"), settle(w, **how))
    )
    monkeypatch.setattr(Courier, "stop", lambda c: (done.append("delivered"), stop(c)))
    monkeypatch.setattr(WatchFolder, "maintain", maintained)
    return done


def interrupted(*_args, **_options):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("poll", ["settled", "maintained", "delivered"]),
        # within a batch, which is undone: detectors that have counted it are not kept
        ("_let_time_pass", ["maintained", "delivered"]),
    ],
)
def test_an_interrupt_ends_a_watch_in_order(tmp_path, recording, ended, monkeypatch, where, wanted):
    monkeypatch.setattr(Watcher, where, interrupted)
    said = []
    options = birdfall.WatchOptions(state=tmp_path / "w", notify=False)
    result = birdfall.watch(recording, options=options, log=said.append)
    assert result.stopped
    assert ended == wanted
    assert said[-1] == "stopped"


def test_options_take_paths_as_text(tmp_path, recording):
    options = birdfall.WatchOptions(state=str(tmp_path / "w"), rules="r", case="c", dictionary="d")
    paths = (options.state, options.rules, options.case, options.dictionary)
    assert paths == (tmp_path / "w", Path("r"), Path("c"), Path("d"))
    assert birdfall.WatchOptions().rules is None
    options = birdfall.WatchOptions(state=str(tmp_path / "w"), notify=False)
    assert birdfall.replay(recording, options=options).state == tmp_path / "w"
