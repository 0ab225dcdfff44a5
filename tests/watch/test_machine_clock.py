"""A clock that leaps makes a watch neither blind nor loud, and holds back no alert."""

import random

import pytest

from birdfall.watch.alerts import delivery
from birdfall.watch.alerts.delivery import Courier, raise_alert
from birdfall.watch.alerts.rules import Channel, Rule
from birdfall.watch.engine.machine_clock import MachineClock
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import ConnectionHealth
from birdfall.watch.model.alert import AlertKind, ReturnsAlert
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.store.database import State
from tiers import some_fast

SECOND, DAY = 1_000_000, 86_400_000_000
T = 1_700_000_000 * SECOND


class Live:
    """A live source that is connected."""

    name, live, pushed, host, url = "atproto:x", True, True, "", ""

    def __init__(self):
        self.health = ConnectionHealth()
        self.health.mark_connected()
        self.health.since = T


def watched(folder, leap, lasts):
    """(alerts, what was said) of a quarter of an hour with a wave at its end; the machine's clock
    leaps for some seconds after five minutes, or falls asleep and wakes later."""
    true, ahead, asleep, said = [T], [0], [0], []
    clock = MachineClock(lambda: true[0] + ahead[0], lambda: true[0] - asleep[0], said.append)
    state, feed, rng, number = State.open(folder / "w.sqlite"), Live(), random.Random(1), 0
    watcher = Watcher(state, [feed], recount_every=0.0, clock=clock, tell=said.append)
    late = 0
    for second in range(0, 1000, 2):
        if lasts is None and second == 300:
            late = asleep[0] = leap
        true[0] = T + second * SECOND + late
        if lasts is not None and second in (300, 300 + lasts):
            ahead[0] = leap if second == 300 else 0
        fallen = 24 if 900 <= second < 910 else int(rng.random() < 1 / 15)
        steps = [StreamBatch(true[0] + ahead[0], ())]
        for _ in range(fallen):
            number += 1
            status = Status(f"a{number}", "suspended", true[0])
            steps.append(StreamBatch(true[0] + ahead[0], (status,), cursor=str(number)))
        watcher.process_batches([(feed, steps)])
    rows = state.connection.execute("SELECT kind, key, time FROM alerts").fetchall()
    kept = state.connection.execute("SELECT count(*) FROM changes").fetchone()[0]
    state.close()
    assert kept == number
    return [tuple(row) for row in rows], said


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return watched(tmp_path_factory.mktemp("plain"), 0, 0)


@pytest.mark.parametrize(
    ("leap", "lasts"),
    some_fast(
        [(DAY, 60), (-DAY, 60), (3_600 * SECOND, 5_000), (-7_200 * SECOND, 5_000), (SECOND, 60)], 1
    ),
)
def test_a_leap_hides_no_wave_and_makes_no_alarm(tmp_path, plain, leap, lasts):
    usual, quiet = plain
    found, said = watched(tmp_path, leap, lasts)
    assert usual[0][:2] == ("falls", "wave:1:opened")
    assert found == usual
    assert quiet == []
    assert any("leapt" in text for text in said) == (abs(leap) > 5 * SECOND)


def test_a_machine_that_slept_goes_on_when_the_first_event_tells_the_time(tmp_path):
    found, said = watched(tmp_path, 8 * 3_600 * SECOND, None)
    assert ("falls", "wave:1:opened") in [row[:2] for row in found]
    assert any("is believed" in text for text in said)


def test_small_corrections_are_followed():
    wall, steady = [0], [0]
    clock = MachineClock(lambda: wall[0], lambda: steady[0])
    for _ in range(100):
        wall[0] += 4 * SECOND
        steady[0] += SECOND
        assert clock() == wall[0]


@pytest.mark.parametrize("ahead", [-DAY, 600 * SECOND, DAY])
def test_an_alert_dated_by_a_clock_that_was_ahead_goes_out_at_once(tmp_path, monkeypatch, ahead):
    state, sent = State.open(tmp_path / "w.sqlite"), []
    said = ["not now"]
    monkeypatch.setattr(delivery, "send", lambda _, m: sent.append(m.key) or said[0])
    channel = Channel("c", "stdout", {})
    courier = Courier(str(tmp_path / "w.sqlite"), [channel])
    alert = ReturnsAlert(wave=1, fallen=60, returned=40)
    rules = [Rule("r", AlertKind.RETURNS, notify=("c",))]
    monkeypatch.setattr(delivery, "now", lambda: T)
    with state.transaction():
        raise_alert(state, alert, rules, T + ahead)
    courier.deliver(state)
    assert len(sent) == 1
    # the clock goes back while it waits for the next try
    monkeypatch.setattr(delivery, "now", lambda: T - DAY)
    courier.deliver(state)
    assert len(sent) == 2
    state.close()
