"""What a source lists when it is first asked, or asked again after a while, is how things stand:
nobody fell at that moment."""

import json

import pytest

from birdfall.watch.engine.archive import case_from_wave
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import FeedOptions
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.registry import open_feed
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.model.wave import SuspensionDetails
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.falls import list_falls
from birdfall.watch.store.queries.waves import find_wave, insert_wave, list_waves

MINUTE = 60_000_000
T = 1_700_000_000_000_000


class Instance:
    """A Mastodon server's admin API, as far as it is asked; `at` is its clock and ours."""

    def __init__(self, monkeypatch, reports=0):
        self.suspended, self.reports, self.at, self.asked = set(), reports, T, []
        monkeypatch.setattr("birdfall.watch.feeds.polling.now", lambda: self.at)

    def fetch(self, address):
        body, link = self.answer(address)
        return json.dumps(body).encode(), link

    def answer(self, address):
        self.asked.append(address)
        if "/reports" in address:
            after = int(address.partition("min_id=")[2].partition("&")[0] or 0)
            if "resolved=true" in address:
                return [], ""
            listed = [
                {
                    "id": str(i),
                    "created_at": "2023-11-14T22:13:20Z",
                    "account": {"id": f"r{i}"},
                    "target_account": {"id": "t"},
                }
                for i in range(after + 1, self.reports + 1)
            ]
            return listed[:200] if "min_id" in address else listed[-200:], ""
        return [{"id": i, "username": i, "suspended": True} for i in sorted(self.suspended)], ""


def asked(feed, instance, watcher):
    feed.fetch = instance.fetch
    feed.poll(lambda batch: watcher.process_batches([(feed, batch)]))


def watched(path, instance, **more):
    """A watch that is started, or started again: the feed goes on from what the state kept."""
    state = State.open(path)
    feed = MastodonFeed(name="mastodon:x", url="https://x", secret="s", **more)
    feed.cursor, feed.epoch = state.cursor(feed.name)
    return state, feed, Watcher(state, [feed], recount_every=0.0, clock=lambda: instance.at)


def statuses(state):
    rows = state.connection.execute(
        "SELECT account, status, seen FROM changes ORDER BY id"
    ).fetchall()
    return [tuple(r) for r in rows]


def test_accounts_that_were_suspended_before_the_watch_are_no_wave(tmp_path, monkeypatch):
    instance = Instance(monkeypatch)
    instance.suspended = {f"a{i}" for i in range(3000)}
    state, feed, watcher = watched(tmp_path / "w", instance)
    for _ in range(40):
        asked(feed, instance, watcher)
        instance.at += 10_000_000
    assert list_waves(state) == []
    assert (
        state.connection.execute(
            "SELECT count(*) FROM standing WHERE status = 'suspended'"
        ).fetchone()[0]
        == 3000
    )
    assert list_falls(state, 0, 1 << 62) == []
    # and one that happens while it watches is
    instance.suspended |= {f"b{i}" for i in range(100)}
    for _ in range(30):
        asked(feed, instance, watcher)
        instance.at += 10_000_000
    [wave] = list_waves(state)
    assert wave.fallen == 100


def test_what_changed_while_the_watch_was_off_is_known_but_is_no_wave(tmp_path, monkeypatch):
    instance = Instance(monkeypatch)
    instance.suspended = {"old", "back"}
    state, feed, watcher = watched(tmp_path / "w", instance)
    asked(feed, instance, watcher)
    state.close()
    instance.at += 8 * 60 * MINUTE
    instance.suspended = {"old"} | {f"n{i}" for i in range(500)}
    state, feed, watcher = watched(tmp_path / "w", instance)
    for _ in range(10):
        asked(feed, instance, watcher)
        instance.at += 10_000_000
    assert list_waves(state) == []
    now = dict(state.connection.execute("SELECT account, status FROM standing").fetchall())
    assert now["back"] == "active", "a restoration that nobody saw is not forgotten"
    assert sum(s == "suspended" for s in now.values()) == 501
    [gap] = state.connection.execute('SELECT "begin", "end", why FROM gaps').fetchall()
    assert tuple(gap) == (T, T + 8 * 60 * MINUTE, "not-connected")
    case = case_from_wave(state, _wave_of(state), tmp_path / "case")
    rows = (
        case.record().sql("SELECT observation, count(*) AS n FROM statuses GROUP BY 1").to_pylist()
    )
    assert rows == [{"observation": "seen", "n": 503}]


def _wave_of(state):

    with state.transaction():
        number = insert_wave(
            state,
            stream=ALL_FALLS,
            begin=T,
            opened=T,
            closed=T,
            fallen=0,
            returned=0,
            expected=0.0,
            evidence=0.0,
            details=SuspensionDetails(),
        )
    return find_wave(state, number)


def test_a_watch_that_is_killed_and_started_at_once_counts_on(tmp_path, monkeypatch):
    instance = Instance(monkeypatch)
    state, feed, watcher = watched(tmp_path / "w", instance)
    instance.suspended = {"old"}
    asked(feed, instance, watcher)
    state.close()
    instance.at += 20_000_000
    instance.suspended = {"new"}
    state, feed, watcher = watched(tmp_path / "w", instance)
    asked(feed, instance, watcher)
    assert statuses(state) == [
        ("old", "suspended", 1),
        ("new", "suspended", 0),
        ("old", "active", 0),
    ]
    assert state.connection.execute("SELECT count(*) FROM gaps").fetchone()[0] == 0


def test_what_other_sources_told_is_not_undone_by_a_list(tmp_path, monkeypatch):
    instance = Instance(monkeypatch)
    state, feed, watcher = watched(tmp_path / "w", instance)
    other = RecordingFeed("recording:y", ())
    watcher.process_batches([(other, [StreamBatch(T, (Status("did:plc:a", "suspended", T),))])])
    asked(feed, instance, watcher)
    assert statuses(state) == [("did:plc:a", "suspended", 0)]


@pytest.mark.parametrize(("start", "reports"), [("live", 1), ("all", 501)])
def test_reports_begin_now_or_with_the_first(tmp_path, monkeypatch, start, reports):
    instance = Instance(monkeypatch, reports=500)
    state, feed, watcher = watched(tmp_path / "w", instance, start=start)
    for _ in range(4):
        asked(feed, instance, watcher)
    instance.reports += 1
    asked(feed, instance, watcher)
    assert state.connection.execute("SELECT count(*) FROM reports").fetchone()[0] == reports


def test_a_server_without_reports_begins_with_its_first(tmp_path, monkeypatch):
    instance = Instance(monkeypatch)
    state, feed, watcher = watched(tmp_path / "w", instance, start="live")
    asked(feed, instance, watcher)
    instance.reports = 3
    asked(feed, instance, watcher)
    assert state.connection.execute("SELECT count(*) FROM reports").fetchone()[0] == 3


def test_a_moderation_service_is_read_from_now_on_unless_all_is_asked_for(monkeypatch):
    monkeypatch.setattr("birdfall.watch.feeds.polling.now", lambda: T)
    asked_for = []

    def fetch(address):
        asked_for.append(address)
        return b'{"events": []}', ""

    for start, cursor in (("live", f"cursor={T // 1000 - 30_000}%3A%3A0"), ("all", "")):
        feed = OzoneFeed(name="o", url="https://x", start=start)
        feed.fetch = fetch
        steps = []
        feed.poll(steps.extend)
        assert (cursor in asked_for[-1]) if cursor else ("cursor" not in asked_for[-1])
        if start == "live":
            assert steps[-1].cursor == f"{T // 1000}::0", (
                "a watch that is killed before anything comes goes on from here"
            )


def test_the_command_line_says_where_to_begin(monkeypatch):
    monkeypatch.setenv("BIRDFALL_MASTODON_TOKEN", "s")
    for text in (
        "ozone:https://x",
        "mastodon:https://x",
        "jetstream:wss://x",
        "jetstream2:wss://x",
        "wss://x",
    ):
        assert open_feed(text).start == "live"
        assert open_feed(text, FeedOptions(start="all")).start == "all"
    assert "cursor=1" in open_feed("jetstream:wss://x", FeedOptions(start="all")).connection_url()
    assert "cursor" not in open_feed("jetstream:wss://x").connection_url()
    assert json.dumps(open_feed("mastodon:https://x").cursor) == "null"
