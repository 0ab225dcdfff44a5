"""Drawn conversations with servers that misbehave: nothing ends, is lost, doubled, or let out."""

import logging

import pytest
from conversations import PROTOCOLS, converse_often
from hostile import Outcome

from birdfall.cli.output import quiet_libraries
from birdfall.watch.feeds import base, web
from birdfall.watch.feeds.polling import OzoneFeed
from birdfall.watch.model.events import Report, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch


def check(outcome, number):
    assert outcome.wrong == []
    assert outcome.tried == number
    assert outcome.lost == outcome.doubled == outcome.ended == outcome.leaked == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_few_conversations(tmp_path, protocol):
    check(converse_often(protocol, 5, 2, tmp_path), 5)


def test_a_delivery_with_an_offset_that_no_place_has_dates_nothing(tmp_path):
    """One dated 23:59 west of UTC came before the true one, and its day was kept."""
    check(converse_often("hooks", 1, 1, tmp_path, begin=1098), 1)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_many_conversations(tmp_path, protocol):
    outcome = converse_often(protocol, 200, 3, tmp_path)
    check(outcome, 200)
    assert len(outcome.said) >= {"handles": 1, "hooks": 2}.get(protocol, 5)


def test_the_conversations_see_a_secret_that_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "_origin", lambda _: ("", "", None))
    # one in which the server sends the watch to another
    assert converse_often("ozone", 1, 1, tmp_path, begin=165).leaked == 1


def test_the_conversations_see_a_source_that_ends(tmp_path, monkeypatch):
    def run(feed, _cursor, _epoch, put, stop):
        feed.connect_once(put, stop)

    monkeypatch.setattr(base.ReconnectingFeed, "run", run)
    assert converse_often("wiki", 5, 1, tmp_path).ended > 0


def test_the_conversations_see_what_is_doubled(tmp_path, monkeypatch):
    monkeypatch.setattr("birdfall.watch.store.ingest._is_known_change", lambda *_: False)
    monkeypatch.setattr(
        "hostile.ingest_batch",
        lambda state, source, batch: [
            (ingest_batch(state, source, batch), forget_standing(state)) for _ in range(2)
        ],
    )
    assert converse_often("firehose", 3, 1, tmp_path).doubled > 0


def forget_standing(state):
    state.connection.execute("DELETE FROM standing")


def test_the_conversations_see_what_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("hostile.DEADLINE_SECONDS", 0.5)
    monkeypatch.setattr(
        OzoneFeed, "_is_new", lambda _feed, item: str(item.members["id"])[-1] != "3"
    )
    outcome = converse_often("ozone", 2, 1, tmp_path)
    assert outcome.lost == 2
    assert isinstance(outcome, Outcome)


@pytest.mark.parametrize(("protocol", "seed", "number"), [("mastodon", 1, 6580), ("packed", 7, 21)])
def test_conversations_that_once_went_wrong(tmp_path, protocol, seed, number):
    check(converse_often(protocol, 1, seed, tmp_path, begin=number), 1)


def test_a_report_that_came_spoiled_is_taken_when_it_comes_whole(tmp_path):
    state = State.open(tmp_path / "w.sqlite")
    for target in ("xyz", "abc", "abc", "xyz"):
        step = StreamBatch(9, (Report("r", target, 5, "report:1"),))
        with state.transaction():
            ingest_batch(state, "m", [step])
    kept = state.connection.execute("SELECT target FROM reports ORDER BY id").fetchall()
    assert [row[0] for row in kept] == ["xyz", "abc"]
    state.close()


def test_what_libraries_say_of_broken_connections_does_not_reach_the_terminal(capfd, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    for name in ("asyncio", "websockets"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
    logging.getLogger("asyncio").warning("socket.send() raised exception.")
    assert "socket.send" in capfd.readouterr().err
    quiet_libraries()
    logging.getLogger("asyncio").warning("socket.send() raised exception.")
    assert capfd.readouterr().err == ""
