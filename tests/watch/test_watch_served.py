"""What `birdfall serve` and the limits of `birdfall watch` say to a person at the command line."""

import re
import sqlite3
import subprocess
import urllib.request

import pytest

from birdfall.model.units import DAY_US
from birdfall.watch.dashboard.server import DashboardServer, reachable_host
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.lock import lock_folder
from processes import BIRDFALL, Child

T = 1_700_000_000_000_000


@pytest.fixture
def folder(tmp_path):
    state = State.open(tmp_path / "w" / "watch.sqlite")
    with state.transaction():
        ingest_batch(state, "-", [StreamBatch(T, (Status("a", "suspended", T),), "1")])
        state.keep_meta(tick=T // 10_000_000)
    state.close()
    return tmp_path / "w"


def older(path):
    """A state as the first format had it."""
    old = sqlite3.connect(path)
    for table, column in (
        ("standing", "host"),
        ("standing", "client"),
        ("changes", "client"),
        ("changes", "seen"),
    ):
        old.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    old.execute("DROP TABLE set_apart")
    old.execute("UPDATE meta SET value = '1' WHERE key = 'format'")
    old.commit()
    old.close()


def birdfall(*words):
    return [*BIRDFALL, *map(str, words)]


def open_first_page(folder, *more):
    """The address that `birdfall serve` prints, and the page there."""
    with Child(birdfall("serve", folder, "--at", *more)) as server:
        server.wait_for("http://")
        address = server.out[0].strip()
        with urllib.request.urlopen(address, timeout=10) as answer:
            page = answer.read().decode()
        assert server.stop() == 0
    return address, page


def test_the_address_that_is_printed_can_be_opened(folder):
    served = DashboardServer(folder / "watch.sqlite", "0.0.0.0:0")
    served.start()
    try:
        assert served.token in served.invitation
        assert "0.0.0.0" not in served.invitation
        request = urllib.request.Request(
            served.address + "en/now", headers={"Authorization": f"Bearer {served.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    finally:
        served.stop()
    assert re.fullmatch(r"[0-9.]+", reachable_host("0.0.0.0"))
    assert reachable_host("::") != "::"
    for host in ("127.0.0.1", "192.0.2.7", "desk.example", "::1"):
        assert reachable_host(host) == host


def test_a_folder_of_an_earlier_birdfall_is_brought_up_to_date_and_shown(folder):
    older(folder / "watch.sqlite")
    _, text = open_first_page(folder, "0")
    assert "Birdfall watch" in text
    State.open(folder / "watch.sqlite", read_only=True).close()


def test_a_folder_of_an_earlier_birdfall_that_is_watched_says_what_to_do(folder):
    older(folder / "watch.sqlite")
    with lock_folder(folder):
        done = subprocess.run(
            birdfall("serve", folder, "--at", "0"), capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2
    for words in (
        "an earlier Birdfall",
        "Another watch uses the folder",
        f"birdfall watch SOURCE --state {folder}",
    ):
        assert words in done.stderr


@pytest.mark.slow
def test_a_watch_forgets_as_it_is_told_and_says_what_is_too_large(folder):
    state = State.open(folder / "watch.sqlite")
    later = T + 30 * DAY_US
    with state.transaction():
        ingest_batch(
            state, "-", [StreamBatch(later, (Status("b", "limited", later),), "2", raw=b"x")]
        )
        ingest_batch(
            state, "-", [StreamBatch(later + 1, (Status("a", "active", later - 20 * DAY_US),), "3")]
        )
        state.keep_meta(tick=later // 10_000_000)
    state.close()
    done = subprocess.run(
        birdfall(
            "watch", "-", "--state", folder, "--keep-days", "5", "--keep-gigabytes", "0.00001"
        ),
        input="",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "more than --keep-gigabytes 1e-05: no raw events are kept" in done.stderr
    assert not list((folder / "raw").glob("*.parquet"))
    state = State.open(folder / "watch.sqlite", read_only=True)
    assert state.kept_from == later - 5 * DAY_US
    for wrong in ("--keep-days=0", "--keep-gigabytes=-1"):
        done = subprocess.run(
            birdfall("watch", "-", wrong, "--state", folder),
            input="",
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 2
        assert "must be above 0" in done.stderr
