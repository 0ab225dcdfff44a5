"""A fall that another source dates earlier, later on: the moment at which it was counted and told
stands; the earlier one is kept among the raw events, and a case of them has it.
"""

import json

import pytest
from hostile import iso

from birdfall.record.case import Case
from birdfall.sources.ingest import ingest
from birdfall.watch.engine.archive import rotate
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.decode import decode_jetstream
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.store.database import State

WHO = "did:plc:abcdefghijklmnopqrstuvwx"
T, MINUTE = 1_700_000_000_000_000, 60_000_000


def watched(folder, minutes):
    """The state of a watch that is told of one fall again and again, at moments of these minutes,
    as Jetstream tells it."""
    state, feed = State.open(folder / "watch.sqlite"), RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    for number, minute in enumerate(minutes):
        line, received = fall_at(T + minute * MINUTE), T + (20 + number) * MINUTE
        events, _ = decode_jetstream(line, received)
        watcher.process_batches([(feed, [StreamBatch(received, tuple(events), raw=line)])])
    watcher.settle()
    return state


def fall_at(moment):
    """A line of Jetstream."""
    body = {"active": False, "did": WHO, "seq": 1, "status": "takendown", "time": iso(moment)}
    line = {"did": WHO, "time_us": moment, "kind": "account", "account": body}
    return json.dumps(line).encode()


@pytest.mark.parametrize("minutes", [(10, 4), (10, 4, 10, 4), (10, 9)])
def test_the_moment_that_was_counted_stands(tmp_path, minutes):
    state = watched(tmp_path, minutes)
    kept = state.connection.execute("SELECT time FROM changes WHERE account = ?", (WHO,)).fetchall()
    stands = state.connection.execute("SELECT time FROM standing WHERE account = ?", (WHO,))
    assert [row[0] for row in kept] == [T + 10 * MINUTE] == [row[0] for row in stands]
    state.close()


def test_a_case_of_the_raw_events_has_the_earlier_moment(tmp_path):
    state = watched(tmp_path, (10, 4))
    case = Case.create(tmp_path / "case")
    for path in rotate(state, tmp_path / "raw", everything=True):
        ingest(case, path)
    state.close()
    rows = case.record().sql("SELECT min(epoch_us(time)) AS first, count(*) AS n FROM statuses")
    assert rows.to_pylist() == [{"first": T + 4 * MINUTE, "n": 2}]
