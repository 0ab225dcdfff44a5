"""What a watch forgets: only what nothing needs any more, in small steps, written down; and its
file stays bounded."""

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from birdfall.model.errors import CaseError, UsageError
from birdfall.model.units import DAY_US, HOUR_US, MINUTE_US
from birdfall.watch.alerts.backtest import MAX_HISTORY_DAYS, backtest_rule
from birdfall.watch.alerts.handoff import export_wave
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.dashboard.state_view import StateView
from birdfall.watch.detect.wave_contents import (
    describe_suspensions,
    recount_returns,
)
from birdfall.watch.engine import retention
from birdfall.watch.engine.archive import case_from_wave, delete_raw_files, rotate
from birdfall.watch.engine.learning import learn_baseline
from birdfall.watch.engine.retention import Retention
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Gap, Report, Status, StreamBatch, Unfollow
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.model.wave import ReportDetails, SuspensionDetails, TargetCount
from birdfall.watch.store.database import State, TickValues
from birdfall.watch.store.ingest import add_follow, ingest_batch
from birdfall.watch.store.queries.falls import count_returns, list_falls, stage_fallen
from birdfall.watch.store.queries.waves import find_wave, insert_wave
from processes import start
from tiers import some_fast

T = 1_700_000_000_000_000
SECOND = 1_000_000
STREAMS = (ALL_FALLS, ALL_REPORTS, StreamKey.parse("leader:x"))


def begun(path):
    """A state that need not outlast a power cut."""
    state = State.open(path)
    state.connection.execute("PRAGMA synchronous = OFF")
    return state


def take(state, moment, *events, raw=b"", gaps=()):
    with state.transaction():
        state.keep_meta(tick=moment // TICK_US)
        return ingest_batch(
            state, "s", [StreamBatch(moment, tuple(events), str(moment), raw=raw, gaps=gaps)]
        )


def forgotten(state, moment, days=None):
    """Forget all that is due."""
    forgetting = Retention(state, days)
    for _ in range(100_000):
        if not forgetting.step(moment):
            return
    pytest.fail("it never ends")


def count(state, table):
    return state.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def a_wave(state, begin, number, name, *, kind="falls", targets=()):
    """So many fall within a minute, and the wave is kept as the watch would."""
    for i in range(number):
        take(state, begin + i * SECOND, Status(f"{name}{i}", "suspended", begin + i * SECOND))
    end = begin + number * SECOND
    size, back, details = describe_suspensions(state, begin, end)
    if kind == "reports":
        details = ReportDetails(targets=tuple(TargetCount(t, 2) for t in targets), reports=1)
    with state.transaction():
        return insert_wave(
            state,
            stream=ALL_FALLS,
            begin=begin,
            opened=begin,
            closed=end,
            fallen=size,
            returned=back,
            expected=0.0,
            evidence=1.0,
            details=details,
        )


def years(days, seed=1):
    """A stream of so many days: people follow, fall, return, report and unfollow; a wave now and
    then. Its events, as they were taken."""
    chance = random.Random(seed)
    said = []
    for day in range(days):
        for _ in range(40):
            moment = T + day * DAY_US + chance.randrange(DAY_US)
            who = f"a{chance.randrange(300)}"
            kind = chance.random()
            if kind < 0.3:
                event = Status(
                    who,
                    chance.choice(["suspended", "suspended", "taken_down", "limited", "deleted"]),
                    moment,
                )
            elif kind < 0.55:
                event = Status(who, "active", moment)
            elif kind < 0.75:
                event = Report(f"r{chance.randrange(50)}", who, moment, f"{day}-{moment}")
            elif kind < 0.9:
                event = Follow(who, "leader", moment, f"k{who}")
            else:
                event = Unfollow(who, moment, followed="leader")
            said.append(event)
    said.sort(key=lambda e: e.time)
    return said


def test_raw_files_are_never_written_over(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    take(state, T, raw=b"first")
    [first] = rotate(state, tmp_path / "raw", everything=True)
    whole = first.read_bytes()
    take(state, T + 1, raw=b"second")
    [second] = rotate(state, tmp_path / "raw", everything=True)
    assert first != second
    assert first.read_bytes() == whole
    assert count(state, "raw_files") == 2


def test_a_raw_file_removed_before_that_was_written_down_holds_nothing_up(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    for i in range(2):
        take(state, T + i, raw=b"x")
        rotate(state, tmp_path / "raw", everything=True)
    first, second = sorted((tmp_path / "raw").iterdir())
    first.unlink()
    gone = delete_raw_files(
        state, tmp_path / "raw", days=1.0, now=time.time_ns() // 1000 + 2 * DAY_US
    )
    assert gone == [first.name, second.name]


def test_the_state_counts_towards_the_limit(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    take(state, T, raw=b"x")
    [path] = rotate(state, tmp_path / "raw", everything=True)
    assert delete_raw_files(state, tmp_path / "raw", gigabytes=1e-3, now=0, beside=900_000) == []
    assert delete_raw_files(state, tmp_path / "raw", gigabytes=1e-3, now=0, beside=1_000_000) == [
        path.name
    ]


@pytest.mark.slow
def test_old_ticks_go_and_detectors_and_back_tests_do_not_change(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    chance = random.Random(3)
    end = T - T % DAY_US + 80 * DAY_US
    begin = end - 80 * DAY_US
    take(state, end)
    rows = [
        TickValues(stream, begin + k * 60 * TICK_US, chance.randrange(1, 6), 1.0, 2.0)
        for stream in STREAMS
        for k in range(80 * DAY_US // (60 * TICK_US))
    ]
    with state.transaction():
        state.keep_ticks(rows)
        state.keep_meta(begun=begin)
        state.connection.execute("UPDATE sources SET event = ?", (end,))
        old = insert_wave(
            state,
            stream=ALL_FALLS,
            begin=begin + DAY_US,
            opened=begin + DAY_US,
            closed=begin + DAY_US + MINUTE_US,
            fallen=9,
            returned=0,
            expected=0.0,
            evidence=1.0,
            details=SuspensionDetails(),
        )
    rule = Rule("r", "falls", 5, leader="x")

    def results():
        return (
            [learn_baseline(state, name, begin, end, 1.0) for name in (ALL_FALLS, ALL_REPORTS)],
            backtest_rule(state, rule, false_alarms_per_year=1.0, until=end),
            backtest_rule(state, Rule("a", "falls", 5), false_alarms_per_year=1.0, until=end),
        )

    before, chart = results(), StateView(state.path).wave(old).near
    forgotten(state, end)
    assert results() == before
    oldest = dict(
        state.connection.execute(
            "SELECT stream, min(begin) FROM ticks WHERE begin >= ? GROUP BY 1",
            (begin + 2 * DAY_US,),
        ).fetchall()
    )
    assert {name: (end - first) // DAY_US for name, first in oldest.items()} == dict.fromkeys(
        ("all", "reports", "leader:x"), MAX_HISTORY_DAYS + 1
    )
    assert 0 < count(state, f"ticks WHERE begin < {begin + 2 * DAY_US}") < 10, (
        "only what the chart of the wave shows is left"
    )
    assert StateView(state.path).wave(old).near == chart
    # a look at the past that was forgotten says that it was not watched
    assert (
        backtest_rule(state, rule, false_alarms_per_year=1.0, until=begin + 10 * DAY_US).days < 0.1
    )


@pytest.mark.parametrize("seed", range(4))
def test_what_is_measured_of_what_is_kept_is_what_it_was(tmp_path, seed):
    whole, less = begun(tmp_path / "whole.sqlite"), begun(tmp_path / "less.sqlite")
    chance = random.Random(seed)
    said = years(40, seed)
    numbers = []
    for state in (whole, less):
        state.watch_leaders(["leader"])
        for i, event in enumerate(said):
            take(state, event.time, event)
            if i in (200, 1400):
                numbers.append(a_wave(state, event.time + 1, 30, f"w{i}-"))
                take(
                    state,
                    event.time + HOUR_US,
                    *(Status(f"w{i}-{k}", "active", event.time + HOUR_US) for k in range(10)),
                )
            if state is less and i % 100 == 0:
                forgotten(state, event.time, days=10)
    now = said[-1].time
    forgotten(less, now, days=10)
    since = less.kept_from
    assert now - 11 * DAY_US < since <= now - 10 * DAY_US
    assert count(less, "changes") < 0.6 * count(whole, "changes")
    assert count(less, "reports") < 0.5 * count(whole, "reports")
    for _ in range(20):
        begin = chance.randrange(since, now)
        end = chance.randrange(begin, now)
        ours, theirs = (
            describe_suspensions(less, begin, end),
            describe_suspensions(whole, begin, end),
        )
        # who had been reported before is said of what is kept
        theirs_kept = replace(theirs.details, reported=ours.details.reported)
        assert ours == theirs._replace(details=theirs_kept)
    for number in numbers[:2]:
        ours, theirs = find_wave(less, number), find_wave(whole, number)
        assert list_falls(less, ours.begin, ours.closed) == list_falls(
            whole, theirs.begin, theirs.closed
        )
        for state in (less, whole):
            stage_fallen(state, ours.begin, ours.closed)
        assert count_returns(less) == count_returns(whole)
        for form in ("csv", "hold", "restore", "ozone", "coop"):
            assert export_wave(less, ours, form) == export_wave(whole, theirs, form)
        back, details = recount_returns(less, ours)
        size, same, again = describe_suspensions(whole, theirs.begin, theirs.closed)
        assert (ours.fallen, back) == (size, same)
        for entry, other in zip(details.leaders, again.leaders, strict=True):
            for column in ("leader", "before", "suspended", "returned", "now"):
                assert getattr(entry, column) == getattr(other, column)
    query = "SELECT account, status FROM standing ORDER BY 1"
    assert [*map(tuple, less.connection.execute(query))] == [
        *map(tuple, whole.connection.execute(query))
    ]


def test_the_past_read_again_is_no_news(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    state.watch_leaders(["leader"])
    said = years(20)
    # a status said twice before it changed is another matter: only what was news is read again
    said = [e for e in said if take(state, e.time, e).changes or not isinstance(e, Status)]
    forgotten(state, said[-1].time, days=5)
    edges = state.connection.execute("SELECT follower FROM edges ORDER BY 1").fetchall()
    before = count(state, "changes"), count(state, "reports")
    for event in said:
        taken = take(state, said[-1].time, event)
        assert not taken.changes
        assert not taken.reports
        if isinstance(event, Follow):
            assert not add_follow(state, event), "an edge that ended stays ended"
    assert (count(state, "changes"), count(state, "reports")) == before
    assert [
        tuple(r) for r in state.connection.execute("SELECT follower FROM edges ORDER BY 1")
    ] == [tuple(r) for r in edges]


def test_numbers_are_never_given_twice(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    for i in range(10):
        take(state, T + i, Status(f"a{i}", "limited", T + i), Report("r", f"a{i}", T + i, str(i)))
        take(state, T + 100 + i, Status(f"a{i}", "active", T + 100 + i))
    last = [
        state.connection.execute(f"SELECT max(id) FROM {t}").fetchone()[0]
        for t in ("changes", "reports")
    ]
    later = T + 30 * DAY_US
    with state.transaction():
        state.keep_meta(tick=later // TICK_US)
        state.connection.execute("UPDATE sources SET event = ?", (later,))
    forgotten(state, later, days=3)
    assert (count(state, "changes"), count(state, "reports")) == (2, 1)
    take(state, later, Status("new", "suspended", later), Report("r", "new", later, "new"))
    assert [
        state.connection.execute(f"SELECT max(id) FROM {t}").fetchone()[0]
        for t in ("changes", "reports")
    ] == [n + 1 for n in last]


def test_a_clock_a_year_ahead_forgets_nothing(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    for i in range(10):
        take(state, T + i * DAY_US, Status(f"a{i}", "limited", T + i * DAY_US))
    with state.transaction():
        state.keep_meta(tick=(T + 400 * DAY_US) // TICK_US)
    forgotten(state, T + 400 * DAY_US, days=30)
    assert state.kept_from == 0
    assert count(state, "changes") == 10


def test_waves_beyond_the_listed_ones_let_go_of_their_accounts(tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "LISTED_WAVES", 2)
    state = begun(tmp_path / "w.sqlite")
    for i in range(4):
        a_wave(state, T + i * 5 * DAY_US, 20, f"w{i}-")
        begin = T + i * 5 * DAY_US
        take(
            state,
            begin + HOUR_US,
            *(Status(f"w{i}-{k}", "active", begin + HOUR_US) for k in range(20)),
        )
        forgotten(state, begin + HOUR_US, days=3)
    take(state, T + 60 * DAY_US, Status("x", "limited", T + 60 * DAY_US))
    forgotten(state, T + 60 * DAY_US, days=3)
    assert [
        len(list_falls(state, w.begin, w.closed))
        for w in (find_wave(state, n) for n in (1, 2, 3, 4))
    ] == [0, 0, 20, 20]
    with pytest.raises(UsageError, match="no longer kept"):
        export_wave(state, find_wave(state, 1), "csv")
    assert len(export_wave(state, find_wave(state, 3), "csv").splitlines()) == 21
    view = StateView(state.path)
    assert view.download(1, "csv") is None
    assert (view.wave(1).has_accounts, view.wave(3).has_accounts, view.wave(3).can_make_case) == (
        False,
        True,
        False,
    )


def test_a_burst_keeps_its_reports(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    for k in range(30):
        take(state, T + k * SECOND, Report(f"r{k}", f"t{k % 3}", T + k * SECOND, f"b{k}"))
    take(
        state,
        T + DAY_US,
        Status("t1", "suspended", T + DAY_US),
        Report("later", "t2", T + DAY_US, "later"),
    )
    number = a_wave(state, T, 0, "", kind="reports", targets=("t0", "t1", "t2"))
    for k in range(30):
        moment = T + (k + 2) * DAY_US
        take(state, moment, Report("r", "other", moment, f"o{k}"))
    before = (
        export_wave(state, find_wave(state, number), "reporters"),
        StateView(state.path).wave(number),
    )
    forgotten(state, T + 31 * DAY_US, days=5)
    assert count(state, "reports WHERE target = 'other'") < 8
    assert (
        export_wave(state, find_wave(state, number), "reporters"),
        replace(StateView(state.path).wave(number), can_make_case=True),
    ) == (
        before[0],
        before[1],
    )


def test_a_case_of_a_wave_whose_beginnings_went_is_refused_and_a_later_one_says_since_when(
    tmp_path,
):
    state = begun(tmp_path / "w.sqlite")
    state.watch_leaders(["leader"])
    early = a_wave(state, T, 20, "e")
    take(state, T + DAY_US, *(Status(f"e{k}", "active", T + DAY_US) for k in range(10)))
    take(
        state,
        T + 3 * DAY_US,
        Status("old", "suspended", T + 3 * DAY_US),
        gaps=(Gap(T, T + HOUR_US, "not-connected"),),
    )
    late = a_wave(state, T + 29 * DAY_US, 20, "l")
    take(state, T + 30 * DAY_US, Status("x", "suspended", T + 30 * DAY_US))
    forgotten(state, T + 30 * DAY_US, days=5)
    with pytest.raises(CaseError, match="no longer kept") as refused:
        case_from_wave(state, find_wave(state, early), tmp_path / "early")
    assert "2023-12-09" in str(refused.value.why)
    assert not (tmp_path / "early").exists()
    record = case_from_wave(state, find_wave(state, late), tmp_path / "late").record()
    since = state.kept_from
    coverage = record.sql('SELECT DISTINCT kind, epoch_us("from") AS a FROM coverage').to_pylist()
    assert coverage == [{"kind": "watched", "a": since}]
    rows = record.sql(
        "SELECT account, status, epoch_us(time) AS t FROM statuses WHERE observation = 'seen' "
        "ORDER BY 1"
    ).to_pylist()
    assert rows == [
        {"account": a, "status": "suspended", "t": since}
        for a in [*(f"e{k}" for k in range(10, 20)), "old"]
    ]
    assert record.sql("SELECT min(epoch_us(time)) AS t FROM statuses").to_pylist() == [{"t": since}]


@pytest.mark.slow
def test_the_file_stays_bounded(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    state.watch_leaders(["leader"])
    forgetting = Retention(state, 7)
    chance = random.Random(1)
    sizes = {}
    for day in range(110):
        for hour in range(0, 24, 4):
            begin = T + day * DAY_US + hour * HOUR_US
            events = [
                (
                    Status(
                        f"a{chance.randrange(1000)}",
                        chance.choice(["suspended", "active"]),
                        begin + k,
                    ),
                    Report(
                        f"r{chance.randrange(500)}",
                        f"a{chance.randrange(1000)}",
                        begin + k,
                        f"{begin + k}",
                    ),
                    Follow(f"a{chance.randrange(1000)}", "leader", begin + k, f"{begin + k}"),
                    Unfollow(f"a{chance.randrange(1000)}", begin + k, followed="leader"),
                )
                for k in range(15)
            ]
            take(state, begin, *(e for four in events for e in four))
            with state.transaction():
                state.keep_ticks(
                    TickValues(stream, begin + k * TICK_US, 1, 1.0, 2.0)
                    for stream in STREAMS
                    for k in range(10)
                )
            for _ in range(10):
                if not forgetting.step(begin):
                    break
        sizes[day] = state.connection.execute("PRAGMA page_count").fetchone()[0]
    # from the first eight weeks and a day on, which ticks stay, nothing grows but what accounts
    # there are
    assert max(sizes[d] for d in range(70, 110)) <= 1.1 * sizes[69]
    assert count(state, "ticks") < 60 * 6 * 10 * 3
    assert count(state, "reports") < 9 * 90


_KILLED = """
import sys
from birdfall.watch.engine.retention import Retention
from birdfall.watch.store.database import State
state = State.open(sys.argv[1])
forgetting = Retention(state, 5)
print("begun", flush=True)
while forgetting.step(int(sys.argv[2])):
    pass
"""


@pytest.mark.parametrize("copies", some_fast([1, 4], 1))
def test_killed_at_any_moment(tmp_path, copies):
    state = begun(tmp_path / "w.sqlite")
    state.watch_leaders(["leader"])
    for event in years(60):
        take(state, event.time, event)
        now = event.time
    a_wave(state, T + 3 * DAY_US, 30, "w")
    with state.transaction():
        state.connection.execute("UPDATE sources SET event = ?", (now,))
        state.keep_meta(tick=now // TICK_US)
    state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    state.close()
    tables = ("changes", "reports", "ends", "edges", "standing", "waves")

    def all_of(path):
        opened = State.open(path, check=True)
        found = {
            t: [tuple(r) for r in opened.connection.execute(f"SELECT * FROM {t} ORDER BY 1, 2")]
            for t in tables
        }
        opened.close()
        return found

    whole = (tmp_path / "w.sqlite").read_bytes()
    code = _KILLED.replace(
        "from birdfall.watch.store.database",
        "from birdfall.watch.engine import retention\nretention.STEP_ROWS = 20\n"
        "from birdfall.watch.store.database",
    )
    (tmp_path / "right.sqlite").write_bytes(whole)
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "right.sqlite"), str(now)],
        check=True,
        capture_output=True,
    )
    right = all_of(tmp_path / "right.sqlite")
    assert right != all_of(tmp_path / "w.sqlite")
    chance = random.Random()
    for i in range(copies):
        path = tmp_path / f"k{i}.sqlite"
        path.write_bytes(whole)
        for _ in range(3):
            with start(
                [sys.executable, "-c", code, str(path), str(now)], stdout=subprocess.PIPE
            ) as process:
                process.stdout.readline()
                time.sleep(chance.uniform(0.0, 0.05))
                process.send_signal(signal.SIGKILL)
        opened = State.open(path, check=True)
        gone = count(opened, "changes") < len(all_of(tmp_path / "w.sqlite")["changes"])
        assert opened.kept_from or not gone, "what is gone is written down"
        opened.close()
        subprocess.run(
            [sys.executable, "-c", code, str(path), str(now)], check=True, capture_output=True
        )
        assert all_of(path) == right


def test_room_that_nothing_uses_goes_back_to_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "SPARE_BYTES", 1 << 16)
    state = begun(tmp_path / "w.sqlite")
    for i in range(200):
        take(state, T + i, *(Report("r" * 100, "t" * 100, T + i, f"{i}-{k}") for k in range(20)))
    take(state, T + 30 * DAY_US, Report("r", "t", T + 30 * DAY_US, "last"))
    state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    large = state.path.stat().st_size
    forgotten(state, T + 30 * DAY_US, days=3)
    state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert state.path.stat().st_size < large / 4


def test_follows_are_found_by_an_index(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    plan = state.connection.execute(
        "EXPLAIN QUERY PLAN SELECT max(until) FROM ends WHERE followed = 'a' AND follower = 'b'"
    ).fetchall()
    assert "ends_pair" in plan[0]["detail"]


def test_the_pages_say_what_is_kept(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    take(state, T, Status("a", "suspended", T))
    kept = StateView(state.path).storage()
    assert (kept.since, kept.removes, kept.removed, kept.over) == (
        T,
        False,
        False,
        False,
    )
    take(state, T + 30 * DAY_US, Status("b", "suspended", T + 30 * DAY_US))
    forgotten(state, T + 30 * DAY_US, days=3)
    with state.transaction():
        state.keep_meta(keep_days=3.0, keep_gigabytes=1e-9)
    kept = StateView(state.path).storage()
    assert (kept.since, kept.removes, kept.removed, kept.over) == (
        state.kept_from,
        True,
        True,
        True,
    )


def test_reported_accounts_are_forgotten_after_a_restart_too(tmp_path):
    state = begun(tmp_path / "w.sqlite")
    feed = RecordingFeed("r", ())
    first = Watcher(state, [feed])
    for k, target in enumerate("tuv"):
        first.process_batches(
            [
                (
                    feed,
                    [
                        StreamBatch(
                            T + k * MINUTE_US, (Report("r", target, T + k * MINUTE_US, target),)
                        )
                    ],
                )
            ]
        )
    assert StreamKey.parse("target:t") in state.detectors()
    again = Watcher(state, [feed])
    for k in range(1, 3):
        later = T + k * 2 * HOUR_US
        again.process_batches(
            [(feed, [StreamBatch(later, (Report("r", "v", later, f"late{k}"),))])]
        )
    assert not {"target:t", "target:u"} & set(map(str, again.bank.streams))
    assert StreamKey.parse("target:t") not in state.detectors()
