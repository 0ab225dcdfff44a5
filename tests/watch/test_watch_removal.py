"""Who is removed from a watch is in no byte of its folder, and does not come back with what comes
later; all others stay as they were."""

import json
import sqlite3

import pytest

from birdfall.model.errors import UsageError
from birdfall.record.ids import keyed_pseudonym
from birdfall.watch.engine.archive import rotate
from birdfall.watch.engine.removal import remove_from_watch
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import (
    Follow,
    Identity,
    Report,
    Status,
    StatusSnapshot,
    StreamBatch,
)
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.lock import lock_folder
from birdfall.watch.store.pseudonym_key import pseudonym_key
from birdfall.watch.store.queries.set_apart import insert_set_apart
from birdfall.watch.store.queries.waves import list_waves
from canaries import texts_within
from commands import birdfall

T = 1_700_000_000_000_000
SECOND, MINUTE = 1_000_000, 60_000_000
#: The one who goes reports, is reported, follows, falls, and is watched.
GONE, HANDLE = "did:plc:zqxidgone", "zqxid-gone.example"


def steps():
    """A burst of reports against one account, and a wave that hits its audience and itself."""
    events = [Identity("leader", "leader.example", T), Identity(GONE, HANDLE, T)]
    for i in range(120):
        events.append(Identity(f"did:plc:a{i}", f"a{i}.example", T + i))
        events.append(Follow(f"did:plc:a{i}", GONE, T + i, f"did:plc:a{i}/k"))
    events.append(Follow(GONE, "leader", T + 200, f"{GONE}/k"))
    burst, wave = T + 50 * MINUTE, T + 60 * MINUTE
    for i in range(60):
        moment = burst + i * SECOND // 5
        events.append(Report(f"did:plc:a{i}", GONE, moment, f"r{i}", f"as @{HANDLE} said"))
    events.append(Report(GONE, "did:plc:a3", burst, f"{GONE}/r", ""))
    for i in range(100):
        moment = wave + i * SECOND // 20
        reason = f"for {GONE}" if i == 7 else ""
        events.append(Status(f"did:plc:a{i}", "suspended", moment, reason=reason))
    events.append(Status(GONE, "suspended", wave + SECOND))
    events.append(Status("end", "suspended", wave + 60 * MINUTE))
    return [StreamBatch(e.time, (e,), raw=repr(e).encode()) for e in events]


def made(folder, *, rotated=True):
    folder.mkdir(parents=True)
    state, feed = State.open(folder / "watch.sqlite"), RecordingFeed("r", ())
    watcher = Watcher(state, [feed], leaders=("leader", GONE), recount_every=0.0)
    watcher.process_batches([(feed, steps())])
    watcher.settle()
    with state.transaction():
        insert_set_apart(state, "r", T, f"of {GONE}", json.dumps({"account": GONE}))
    if rotated:
        rotate(state, folder / "raw", everything=True)
    state.close()
    (folder / "alert-marks.json").write_text(json.dumps({"k": {"by": f"asked by @{HANDLE}"}}))
    return folder


def holding(folder):
    """Files in whose bytes, packed or not, or names the person stands."""
    words = (GONE.encode(), HANDLE.encode(), b"zqxid")
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".key"]
    return {p.name for p in files for text in texts_within(p) for w in words if w in text.lower()}


@pytest.fixture(scope="module")
def removed(tmp_path_factory):
    folder = made(tmp_path_factory.mktemp("removal") / "watch")
    before = holding(folder)
    told = json.loads(birdfall("remove", folder, f"@{HANDLE}", "--json", check=0).stdout)
    return folder, before, told


def test_no_byte_of_the_folder_names_the_person(removed):
    folder, before, told = removed
    assert {"watch.sqlite", "alert-marks.json"} <= before and len(before) > 2
    assert holding(folder) == set()
    assert told["rows"]["reports"] == 61 and told["rows"]["edges"] == 121
    assert told["rows"]["leaders"] == 1 and told["raw"] > 180 and told["texts"] > 3


def test_waves_others_and_raw_events_of_others_stay(removed):
    folder, _, told = removed
    state = State.open(folder / "watch.sqlite", check=True)
    waves = list_waves(state)
    fallen = state.connection.execute("SELECT count(*) FROM changes").fetchone()[0]
    raw = state.connection.execute("SELECT sum(rows) FROM raw_files").fetchone()[0]
    state.close()
    assert {wave.fallen for wave in waves} == {101, 60} and fallen == 101
    assert raw == len(steps()) - told["raw"]
    (entry,) = json.loads((folder / "removals.json").read_text())
    key = pseudonym_key(folder / "watch.sqlite")
    assert entry["pseudonym"] == keyed_pseudonym(GONE, key) and entry["at"].startswith("20")


def test_what_comes_later_is_kept_without_the_person(removed):
    folder, _, _ = removed
    state = State.open(folder / "watch.sqlite")
    late = T + 200 * MINUTE
    came = (
        Identity(GONE, HANDLE, late),
        Report("did:plc:a1", GONE, late, "late-1"),
        Follow(GONE, "leader", late, "late-2"),
        StatusSnapshot("suspended", (GONE, "did:plc:b"), late),
        Identity("did:plc:b", "b.example", late),
    )
    with state.transaction():
        kept = ingest_batch(state, "r", [StreamBatch(late, came, raw=repr(came).encode())])
    ids = {row[0] for row in state.connection.execute("SELECT account FROM standing")}
    state.close()
    assert not kept.set_apart and "did:plc:b" in ids
    assert holding(folder) == set()


def test_a_watch_that_begins_again_goes_on_without_the_person(tmp_path):
    folder = made(tmp_path / "watch", rotated=False)
    key = pseudonym_key(folder / "watch.sqlite")
    remove_from_watch(folder, keyed_pseudonym(GONE, key))
    state, feed = State.open(folder / "watch.sqlite"), RecordingFeed("again", ())
    watcher = Watcher(state, [feed], leaders=("leader",), recount_every=0.0)
    watcher.process_batches([(feed, steps())])
    watcher.settle()
    state.close()
    assert holding(folder) == set()


def test_nobody_of_that_name_several_and_a_watch_at_work_are_refused(tmp_path):
    folder = tmp_path / "watch"
    folder.mkdir()
    state = State.open(folder / "watch.sqlite")
    twins = (Identity("a", "same.example", T), Identity("b", "same.example", T))
    with state.transaction():
        ingest_batch(state, "r", [StreamBatch(T, twins)])
    state.close()
    assert "no account" in birdfall("remove", folder, "@nobody", check=2).stderr
    assert "2 accounts" in birdfall("remove", folder, "@same.example", check=2).stderr
    with lock_folder(folder), pytest.raises(UsageError, match="another watch"):
        remove_from_watch(folder, "a")
    assert not (folder / "removed.json").exists()
    with sqlite3.connect(folder / "watch.sqlite") as left:
        assert left.execute("SELECT count(*) FROM standing").fetchone()[0] == 2
