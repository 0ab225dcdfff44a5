"""A state that an earlier version kept opens and goes on: the same waves, alerts and JSON as that
version would have made, but for the moment of returns, which that version dated by the tick, and
the names of reported accounts, which alerts give by pseudonym since.

`states/version_0_1.sql` is the dump of a state that version 0.1.0 kept of `events` up to the middle
of a wave; `states/version_0_1_continued.json` the waves and alerts that version 0.1.0 had once it
had taken in the rest.
"""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from birdfall.watch.alerts.messages import AlertMessage
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.alert import AlertKind
from birdfall.watch.model.events import Follow, Identity, Report, Status, StreamBatch
from birdfall.watch.model.wave import parse_details
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.waves import list_waves

STATES = Path(__file__).parent / "states"
T = 1_700_000_000_000_000
SECOND, MINUTE = 1_000_000, 60_000_000
BURST, WAVE = T + 100 * MINUTE, T + 121 * MINUTE
#: Where version 0.1.0 stopped.
CUT = WAVE + 30 * SECOND
RULES = [
    Rule("waves", AlertKind.FALLS, notify=("hook",)),
    Rule("small host", AlertKind.FALLS, host="small.test"),
    Rule("bursts", AlertKind.REPORTS),
    Rule("back", AlertKind.RETURNS, leader="leader"),
]


def suspended(account, moment):
    return Status(account, "suspended", moment, host="small.test", client="app")


def events():
    """A burst of reports, then a wave over one audience, host and client, back in part."""
    found = [Identity("leader", "lead.example", T)]
    found += [Follow(f"fan{i}", "leader", T + i, f"fan{i}/k") for i in range(60)]
    found += [Follow(f"other{i}", "control", T + i, f"other{i}/k") for i in range(60)]
    found += [
        Status(f"quiet{i}", "suspended", T + i * 3 * MINUTE, host=f"h{i % 3}.test", client="web")
        for i in range(40)
    ]
    found += [Report(f"honest{i}", f"t{i}", T + i * 4 * MINUTE, f"h{i}") for i in range(30)]
    found += [
        Report(f"r{i}", f"v{k}", BURST + (4 * i + k) * 200_000, f"{i}-{k}")
        for i in range(20)
        for k in range(4)
    ]
    found += [suspended(f"fan{i}", WAVE + i * SECOND // 2) for i in range(40)]
    found += [Status(f"v{k}", "taken_down", WAVE + 25 * SECOND + k) for k in range(4)]
    found += [suspended(f"fan{i}", WAVE + 40 * SECOND + i * SECOND // 2) for i in range(40, 60)]
    found += [Status(f"fan{i}", "active", WAVE + 30 * MINUTE + i * SECOND) for i in range(35)]
    found += [Status("end", "suspended", WAVE + 60 * MINUTE)]
    return sorted(found, key=lambda event: event.time)


REPORTED_BEFORE = re.compile(r"\d+( of \d+)? had been reported before they [^.]*\.")


def to_the_tick(alerts):
    """Alerts with the moments of returns as that version dated them, without names, and without
    the sentence on those reported before, which is worded otherwise since (its number is a field).
    """
    for row in alerts:
        row[-1]["why"] = REPORTED_BEFORE.sub("", row[-1].get("why", ""))
        for target in row[-1].get("targets", ()):
            target["target"] = ""
        if row[-1].get("stream", "").startswith("target:"):
            row[-1]["stream"] = "target:"
        if row[2] == "returns":
            row[4] -= row[4] % (10 * SECOND)
            row[-1]["time"] -= row[-1]["time"] % (10 * SECOND)
    return alerts


@pytest.fixture
def earlier(tmp_path):
    """The state as version 0.1.0 left it."""
    path = tmp_path / "watch.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript((STATES / "version_0_1.sql").read_text("utf-8"))
    connection.close()
    return path


def rows(state, table):
    return [
        [*row[:-1], json.loads(row[-1])]
        for row in state.connection.execute(f"SELECT * FROM {table} ORDER BY id")
    ]


def test_a_watch_goes_on_with_it_as_that_version_would_have(earlier):
    state, feed = State.open(earlier, check=True), RecordingFeed("r", ())
    watcher = Watcher(
        state,
        [feed],
        leaders=("leader", "control"),
        rules=RULES,
        recount_every=0.0,
        link="http://127.0.0.1:8470/",
        keep_raw=False,
    )
    assert [wave.closed is None for wave in list_waves(state)] == [True, False]
    for event in events():
        if event.time >= CUT:
            watcher.process_batches([(feed, [StreamBatch(event.time, (event,), str(event.time))])])
    continued = json.loads((STATES / "version_0_1_continued.json").read_text("utf-8"))
    assert to_the_tick(rows(state, "alerts")) == to_the_tick(continued["alerts"])
    assert rows(state, "waves") == continued["waves"]
    state.close()


def test_its_details_and_alerts_are_read_and_written_as_they_are(earlier):
    state = State.open(earlier)
    for (text,) in state.connection.execute("SELECT details FROM waves").fetchall():
        written = json.dumps(parse_details(text).to_json(), ensure_ascii=False, sort_keys=True)
        assert written == text
    bodies = [row[0] for row in state.connection.execute("SELECT body FROM alerts")]
    assert len(bodies) == 9
    for text in bodies:
        message = AlertMessage.parse(text)
        assert message.to_text() == text
        written = message.alert.to_json()
        assert written == {key: message.payload[key] for key in written}
    state.close()
