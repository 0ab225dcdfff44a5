"""What is watched and by which stream it is called: all, an audience, a host, a client, an account
under fire, reporters in step."""

import json
import sqlite3

import numpy as np
import pytest

from birdfall.measures.waves import baseline as wave_baseline
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.detect import chance_bounds
from birdfall.watch.detect import host_client_streams as groups
from birdfall.watch.detect import reporter_lockstep as lockstep
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.decode import decode_line, decode_mastodon
from birdfall.watch.feeds.json_fields import JsonFields
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Follow, Identity, Report, Status, StreamBatch
from birdfall.watch.model.stream_key import LOCKSTEP, StreamKey, StreamKind
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries.falls import count_limited_by_host
from birdfall.watch.store.queries.waves import list_waves
from tiers import some_fast

T = 1_700_000_000_000_000
SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
DOWN, UP = "suspended", "active"


def watched(path, events, *, until=None, **more):
    """A watch over events of their own times: (state, watcher)."""
    state = State.open(path)
    feed = RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0, **more)
    steps = [StreamBatch(e.time, (e,)) for e in sorted(events, key=lambda e: e.time)]
    if until is not None:
        steps.append(StreamBatch(until))
    for i in range(0, len(steps), 200):
        watcher.process_batches([(feed, steps[i : i + 200])])
    watcher.settle()
    return state, watcher


def alerts(state, kind=None):
    rows = state.connection.execute("SELECT kind, body FROM alerts ORDER BY id").fetchall()
    return [json.loads(r["body"]) for r in rows if kind is None or r["kind"] == kind]


def falls(name, number, begin, span, rng, **more):
    return [
        Status(f"{name}{i}", DOWN, begin + int(rng.uniform(0, span)), **more) for i in range(number)
    ]


def background(rng, hours, rate, hosts, clients=("",)):
    """Falls at `rate` an hour over all hosts."""
    return [
        Status(
            f"quiet{i}",
            DOWN,
            T + int(rng.uniform(0, hours * HOUR)),
            host=str(rng.choice(hosts)),
            client=str(rng.choice(clients)),
        )
        for i in range(rng.poisson(hours * rate))
    ]


HOSTS = [f"host{i}.test" for i in range(40)]


@pytest.mark.slow
def test_a_host_is_called_where_the_whole_stream_is_not(tmp_path):
    rng = np.random.default_rng(0)
    # 1,800 falls an hour over forty hosts; twelve within ten seconds on a small one are no news to
    # the whole
    quiet = background(rng, 2, 1800, HOSTS)
    quiet += [Status(f"s{i}", DOWN, T + i * HOUR // 3, host="small.test") for i in range(6)]
    wave = falls("w", 12, T + 2 * HOUR, 10 * SECOND, rng, host="small.test")
    state, _ = watched(tmp_path / "w", quiet + wave, until=T + 2 * HOUR + 30 * MINUTE)
    [found] = list_waves(state)
    assert found.stream == StreamKey.parse("host:small.test")
    assert found.called == (StreamKey.parse("host:small.test"),)
    [first, *_, last] = alerts(state, "falls")
    assert first["hosts"] == [], "so few have fallen yet that the host might single them out"
    assert last["hosts"] == ["small.test"]
    state.close()
    state, _ = watched(tmp_path / "q", quiet, until=T + 2 * HOUR + 30 * MINUTE)
    assert list_waves(state) == [], "without the twelve nothing is called"


def test_a_client_is_called_by_what_was_said_of_its_accounts(tmp_path):
    rng = np.random.default_rng(1)
    quiet = background(rng, 2, 1800, [""], ["web", "phone", "other"])
    # the client is known from the accounts' beginning; their suspension does not repeat it
    born = [Identity(f"w{i}", "", T + i, True, "scheduler") for i in range(14)]
    wave = falls("w", 14, T + 2 * HOUR, 10 * SECOND, rng)
    state, _ = watched(tmp_path / "w", quiet + born + wave, until=T + 2 * HOUR + 30 * MINUTE)
    [found] = list_waves(state)
    assert found.stream == StreamKey.parse("client:scheduler")
    assert found.details.clients["scheduler"] == 14
    [first, *_, last] = alerts(state, "falls")
    assert first["clients"] == [], "so few have fallen yet that it might single them out"
    assert last["clients"] == ["scheduler"]


def test_rules_ask_for_a_host_or_a_client(tmp_path):
    rng = np.random.default_rng(2)
    events = background(rng, 2, 60, HOSTS) + falls(
        "w", 60, T + 2 * HOUR, 20 * SECOND, rng, host="small.test", client="app"
    )
    rules = [
        Rule("here", "falls", host="small.test"),
        Rule("elsewhere", "falls", host="host1.test"),
        Rule("app", "falls", client="app"),
    ]
    state, _ = watched(tmp_path / "w", events, until=T + 3 * HOUR, rules=rules)
    fired = {name for body in alerts(state, "falls") for name in body["rules"]}
    assert fired == {"here", "app"}


@pytest.mark.parametrize(("hours", "hosts"), some_fast([(3, 100), (24, 300)], 1))
def test_hours_over_many_hosts_raise_nothing(tmp_path, hours, hosts):
    rng = np.random.default_rng(3)
    events = background(rng, hours, 600, [f"h{i}" for i in range(hosts)], ["a", "b", "c"])
    state, watcher = watched(tmp_path / "w", events, until=T + (hours + 1) * HOUR)
    assert list_waves(state) == []
    assert sum(s.kind is StreamKind.HOST for s in watcher.bank.streams) == hosts


def test_hosts_without_number_do_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "MAX_STREAMS", 50)
    monkeypatch.setattr(groups, "STREAMS_AFTER_TRIM", 30)
    events = [Status(f"a{i}", DOWN, T + i * 2 * SECOND, host=f"h{i}") for i in range(2000)]
    state, watcher = watched(tmp_path / "w", events)
    assert len(watcher.bank) <= 2 + 100
    kept = state.connection.execute(
        "SELECT count(*) FROM detectors WHERE stream LIKE 'host:%'"
    ).fetchone()[0]
    assert kept <= 100


def test_the_only_host_watched_is_no_stream_of_its_own(tmp_path):
    from birdfall.watch.feeds.websocket import FirehoseFeed

    feed = FirehoseFeed(name="f", url="wss://relay.test")
    watcher = Watcher(State.open(tmp_path / "w"), [feed])
    assert watcher.streams.hosts_and_clients.streams_of("relay.test", "") == []
    assert watcher.streams.hosts_and_clients.streams_of("other.test", "") == [
        StreamKey.parse("host:other.test")
    ]


def test_detectors_of_hosts_go_on_after_a_restart(tmp_path):
    rng = np.random.default_rng(4)
    quiet = background(rng, 3, 600, HOSTS[:5])
    state, first = watched(tmp_path / "w", quiet)
    state.close()
    second = Watcher(State.open(tmp_path / "w"), [RecordingFeed("r", ())])
    assert set(second.bank.streams) == set(first.bank.streams)
    assert (
        second.streams.hosts_and_clients.last_seen.keys()
        == first.streams.hosts_and_clients.last_seen.keys()
    )


def test_throttled_accounts_are_counted_by_host_and_never_as_a_wave(tmp_path):
    rng = np.random.default_rng(5)
    events = [
        Status(f"t{i}", "limited", T + HOUR + i * 10_000, "throttled", host="big.test")
        for i in range(443)
    ]
    events += [
        Status(f"u{i}", "limited", T + HOUR + i * 10_000, "throttled", host="b.test")
        for i in range(3)
    ]
    quiet = background(rng, 2, 20, HOSTS)
    state, _ = watched(tmp_path / "w", events + quiet)
    assert list_waves(state) == []
    assert count_limited_by_host(state, T, T + 2 * HOUR) == {"big.test": 443, "b.test": 3}
    state.close()
    # beside a real wave they are told of, and not counted
    wave = falls("w", 80, T + HOUR, 10 * SECOND, rng, host="small.test")
    state, _ = watched(tmp_path / "v", events + quiet + wave, until=T + 2 * HOUR)
    [found] = list_waves(state)
    assert found.fallen < 90
    assert found.details.limited["big.test"] > 0


def test_an_audience_a_report_burst_restorations_and_a_followers_drop(tmp_path):
    rng = np.random.default_rng(6)
    follows = [Follow(f"fan{i}", "leader", T + i, f"fan{i}/k") for i in range(60)] + [
        Follow(f"c{i}", "control", T + i, f"c{i}/k") for i in range(60)
    ]
    events = follows + background(rng, 3, 600, [""])
    events += [Status(f"fan{i}", DOWN, T + 3 * HOUR + i * 300_000) for i in range(40)]
    events += [Status(f"fan{i}", UP, T + 4 * HOUR + i * 300_000) for i in range(30)]
    events += [Report(f"r{i}", "victim", T + 5 * HOUR + i * 200_000, f"id{i}") for i in range(50)]
    state, _ = watched(tmp_path / "w", events, until=T + 6 * HOUR, leaders=("leader", "control"))
    burst, fall = list_waves(state)
    assert fall.kind == "falls"
    ledger = {e.leader: e for e in fall.ledgers}
    assert (ledger["leader"].before, ledger["leader"].after, ledger["leader"].now) == (
        60,
        20,
        50,
    ), "before, after, now"
    assert ledger["leader"].hit
    assert not ledger["control"].hit
    back = [a["numbers"]["returned"] for a in alerts(state, "returns")]
    assert back == sorted(set(back))
    assert back[-1] == 30
    assert len(back) <= 3, "each quarter once at most"
    assert burst.kind == "reports"
    assert [t.target for t in burst.targets] == ["victim"]


def honest(rng, hours, reporters=400, targets=120, rate=40):
    """Reports of people who report now and then; some targets draw many."""
    draw = rng.zipf(1.6, size=int(hours * rate)) % targets
    return [
        Report(
            f"p{rng.integers(reporters)}",
            f"t{draw[i]}",
            T + int(rng.uniform(0, hours * HOUR)),
            f"h{i}",
        )
        for i in range(len(draw))
    ]


def brigade(rng, members, targets, every, spread):
    return [
        Report(
            f"b{m}", f"v{k}", T + 2 * HOUR + k * every + int(rng.uniform(0, spread)), f"b{m}-{k}"
        )
        for k in range(targets)
        for m in range(members)
    ]


@pytest.mark.slow
def test_a_slow_brigade_is_found_by_its_steps(tmp_path):
    rng = np.random.default_rng(7)
    state, _ = watched(
        tmp_path / "w", honest(rng, 12) + brigade(rng, 8, 8, HOUR, 8 * MINUTE), until=T + 13 * HOUR
    )
    [crew] = [w for w in list_waves(state) if w.stream == LOCKSTEP]
    assert set(crew.together) == {f"b{m}" for m in range(8)}
    assert {t.target for t in crew.targets} <= {f"v{k}" for k in range(8)}
    told = [a for a in alerts(state, "reports") if a["stream"] == "lockstep"]
    assert len(told) == 1, "one crew is one alert"
    assert told[0]["time"] <= T + 9 * HOUR, "called while it goes on"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_honest_reporters_are_no_crew(tmp_path, seed):
    rng = np.random.default_rng(100 + seed)
    events = honest(rng, 24)
    # two pile-ons: two hundred people each, sixty of them in both
    for k, at in enumerate((6, 9)):
        events += [
            Report(
                f"p{i}", f"famous{k}", T + at * HOUR + int(rng.uniform(0, 20 * MINUTE)), f"f{k}-{i}"
            )
            for i in range(k * 140, k * 140 + 200)
        ]
    state, _ = watched(tmp_path / "w", events, until=T + 25 * HOUR)
    assert [w for w in list_waves(state) if w.stream == LOCKSTEP] == []


def test_a_fast_brigade_is_told_of_once(tmp_path):
    rng = np.random.default_rng(9)
    state, _ = watched(
        tmp_path / "w",
        honest(rng, 4) + brigade(rng, 20, 5, MINUTE // 2, 20 * SECOND),
        until=T + 6 * HOUR,
    )
    found = [w for w in list_waves(state) if w.kind == "reports"]
    assert len(found) == 1
    assert set(found[0].together) >= {f"b{m}" for m in range(20)}


def test_pairs_that_meet_by_chance_are_left_out():
    rng = np.random.default_rng(10)
    who, whom = (
        rng.integers(0, 50, 3000).astype(np.int32),
        rng.integers(0, 20, 3000).astype(np.int32),
    )
    times = np.sort(rng.integers(0, lockstep.WINDOW_US, 3000))
    lo, _ = lockstep.find_pairs(who, whom, times)
    assert len(lo) == 0


def test_what_is_assumed_of_spreads_is_what_the_measure_assumes():
    assert chance_bounds.ASSUMED_SIZE == wave_baseline.ASSUMED_SIZE


def test_a_state_of_the_first_format_is_brought_up_to_date(tmp_path):
    path = tmp_path / "old.sqlite"
    State.open(path).close()
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
    old.execute("INSERT INTO standing (account, status, time) VALUES ('a', 'active', 1)")
    old.commit()
    old.close()
    state = State.open(path)
    with state.transaction():
        ingest_batch(state, "s", [StreamBatch(2, (Status("a", DOWN, 2, host="h", client="c"),))])
    assert tuple(state.connection.execute("SELECT host, client FROM changes").fetchone()) == (
        "h",
        "c",
    )


def test_a_client_is_read_from_lines_and_from_mastodon():
    assert decode_line('{"kind": "account", "account": "a", "client": "app"}', T) == [
        Identity("a", "", T, False, "app")
    ]
    [status] = decode_line(
        '{"kind": "status", "account": "a", "status": "suspended", "client": "app", "host": "h"}', T
    )
    assert (status.client, status.host) == ("app", "h")
    body = {
        "event": "account.created",
        "created_at": "2023-11-14T22:13:20Z",
        "object": {"id": "7", "username": "a", "created_by_application_id": 12},
    }
    assert decode_mastodon(JsonFields(body))[0].client == "application:12"


@pytest.mark.parametrize("seed", range(4))
def test_a_burst_names_all_it_hits_and_nobody_else(tmp_path, seed):
    """Sixty report two to four of five accounts each within 45 s, among honest reports of 66
    others; the watch is a minute old."""
    rng = np.random.default_rng(seed)
    victims, spammers = [f"v{i}" for i in range(5)], [f"s{i}" for i in range(6)]
    ordinary = [(f"h{i}", spammers[rng.integers(6)]) for i in range(48)]
    ordinary += [
        (f"h{i}", f"h{(i + 1 + rng.integers(59)) % 60}") for i in rng.choice(60, 20, replace=False)
    ]
    jobs = [
        (f"b{i}", v)
        for i in range(60)
        for v in rng.choice(victims, rng.integers(2, 5), replace=False)
    ]
    events = [Identity(f"h{i}", f"h{i}", T + i * SECOND // 10) for i in range(60)]
    for begin, length, those in ((16, 110, ordinary), (66, 45, jobs)):
        for k, i in enumerate(rng.permutation(len(those))):
            who, whom = those[i]
            events.append(
                Report(
                    who,
                    str(whom),
                    T + int((begin + length * (k + 0.5) / len(those)) * SECOND),
                    f"{begin}:{k}",
                )
            )
    state, _ = watched(tmp_path / "w", events, until=T + 150 * SECOND)
    [burst] = [w for w in list_waves(state) if w.kind == "reports"]
    assert {t.target for t in burst.targets} == set(victims)
    together = set(burst.together)
    assert len([x for x in together if x.startswith("b")]) >= 57
    assert not [x for x in together if x.startswith("h")]


@pytest.mark.parametrize("seed", some_fast(range(3), 1))
def test_a_burst_against_one_account_does_not_draw_others_in(tmp_path, seed):
    """An hour of reports of a hundred accounts, each at a rate of its own; one of them comes under
    fire."""
    rng = np.random.default_rng(seed)
    rate = rng.pareto(1.5, 100) + 0.2
    draw = rng.choice(100, 3000, p=rate / rate.sum())
    events = [
        Report(f"p{rng.integers(900)}", f"t{t}", T + int(rng.random() * HOUR), f"o{k}")
        for k, t in enumerate(draw)
    ]
    events += [
        Report(f"b{k}", "victim", T + HOUR - int(rng.random() * 3 * MINUTE), f"f{k}")
        for k in range(150)
    ]
    state, _ = watched(tmp_path / "w", events, until=T + HOUR + MINUTE)
    [burst] = [w for w in list_waves(state) if w.kind == "reports"]
    assert [t.target for t in burst.targets] == ["victim"]


def test_what_a_batch_brings_after_the_alarm_is_counted_though_no_tick_ends(tmp_path):
    state = State.open(tmp_path / "w")
    feed = RecordingFeed("r", ())
    watcher = Watcher(state, [feed], recount_every=0.0)
    watcher.process_batches([(feed, [StreamBatch(T, (Identity("a", "", T),))])])
    begin = T + 600 * SECOND
    watcher.process_batches(
        [(feed, [StreamBatch(begin + i, (Status(f"a{i}", DOWN, begin + i),)) for i in range(80)])]
    )
    [found] = list_waves(state)
    assert found.fallen == 80
    state.close()
