"""Ten thousand accounts on a real host, and a wave among them: everything found, with how much
memory and how late.
"""

import os
import time

import pytest
from scenario import people
from test_live_host import QUIET_SECONDS, agrees, until_told
from watching import DOWN, Watch, lags

from birdfall.watch.store.database import State

pytestmark = pytest.mark.nightly
ACCOUNTS = int(os.environ.get("BIRDFALL_NIGHTLY_ACCOUNTS", "10000"))
#: What a watch may hold in memory, in megabytes.
MOST_MEMORY = 400


def test_a_wave_among_ten_thousand_accounts(network, tmp_path, figures):
    ring, fans = ACCOUNTS * 3 // 10, ACCOUNTS // 10
    folder = tmp_path / "watch"
    begun = time.monotonic()
    scenario = people(
        network, ring=ring, fans=fans, both=fans // 4, crowd=ACCOUNTS - ring - fans - 2, at_once=16
    )
    figures |= {"accounts": ACCOUNTS, "seconds_to_make_them": round(time.monotonic() - begun)}
    begun = time.monotonic()
    watch = Watch(
        [network.stream], folder, scenario.leader, scenario.control, more=("--start", "all")
    )
    watch.has("SELECT count(*) FROM edges", scenario.edges, seconds=300)
    figures["seconds_to_catch_up"] = round(time.monotonic() - begun, 1)
    scenario.everyday()
    watch.has("SELECT count(*) FROM ends", 3)
    time.sleep(QUIET_SECONDS)
    assert watch.told() == [], "the quiet before the wave is silent"
    victims = scenario.ring[: ring * 2 // 3]
    began = time.time()
    scenario.down(victims, seconds=20, at_once=16)
    figures["seconds_of_takedowns"] = round(time.time() - began, 1)
    at, _ = until_told(watch, 20)
    watch.has(DOWN, len(victims) + 1, seconds=120)
    scenario.up(victims[::2], seconds=10, at_once=16)
    watch.has(DOWN, len(victims) + 1 - len(scenario.restored), seconds=120)
    time.sleep(3)
    figures["memory_mb"] = round(watch.most_memory)
    watch.stop()
    wave = agrees(folder, scenario)
    state = State.open(folder / "watch.sqlite", read_only=True)
    late = lags(state)
    events = state.connection.execute("SELECT sum(steps) FROM sources").fetchone()[0]
    state.close()
    figures |= {
        "events": events,
        "down": len(victims),
        "restored": len(scenario.restored),
        "alert_seconds_after_first_takedown": round(at - began, 1),
        "called_at_event_time": round((wave.opened - wave.begin) / 1e6, 1),
        "lag_seconds_median": round(late[len(late) // 2], 3),
        "lag_seconds_99th": round(late[len(late) * 99 // 100], 3),
    }
    assert figures["memory_mb"] < MOST_MEMORY
