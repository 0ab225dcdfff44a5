"""Nothing ends the courier: whatever a receiver answers, the alerts of every other channel go out,
and its own are tried again and shown."""

import sqlite3
import threading

import pytest
from raw_server import RawServer, http_answer, sends
from test_web import BROKEN
from watch_running import until

from birdfall.watch.alerts import delivery
from birdfall.watch.alerts.channels import find_channel
from birdfall.watch.alerts.delivery import MAX_TRIES, Courier, raise_alert
from birdfall.watch.alerts.rules import Channel, Rule
from birdfall.watch.feeds.base import now
from birdfall.watch.model.alert import AlertKind, ReturnsAlert
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.alerts import count_deliveries

GOOD = http_answer(b"ok")


def raised(path, wave, *channels):
    state = State.open(path)
    with state.transaction():
        rule = Rule("r", AlertKind.RETURNS, notify=channels)
        raise_alert(state, ReturnsAlert(wave=wave, fallen=60, returned=30), [rule], now())
    state.close()


def counts(path):
    state = State.open(path, read_only=True)
    try:
        return {count.channel: count for count in count_deliveries(state, MAX_TRIES)}
    finally:
        state.close()


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(delivery, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "STATE_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "FIRST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "LAST_WAIT_SECONDS", 0.05)
    State.open(tmp_path / "w.sqlite").close()
    return tmp_path / "w.sqlite"


def webhook(name, server):
    return Channel(name, "webhook", {"url": server.url, "secret": "s"})


def test_answers_that_are_none_delay_their_own_channel_only(path):
    answers = [*BROKEN.values(), http_answer(status="302 F", Location="http://[")][:9]

    def broken(connection, _question, number):
        connection.sendall((answers + [GOOD] * 99)[number])

    told = []
    with RawServer(broken) as bad, RawServer(sends(GOOD)) as good:
        courier = Courier(str(path), [webhook("bad", bad), webhook("good", good)], told.append)
        courier.start()
        for wave in range(3):
            raised(path, wave, "bad", "good")
            courier.wake()
            until(lambda wave=wave: len(good.questions) == wave + 1)
        until(lambda: counts(path)["bad"].arrived == 3)
        courier.stop()
    found = counts(path)
    assert (found["good"].arrived, found["good"].waiting, found["good"].lost) == (3, 0, 0)
    assert len(good.questions) == 3, "each arrived once"
    assert any("do not arrive" in said for said in told)
    assert told[-1] == "alerts to 'bad' arrive again"


def test_a_channel_that_hangs_holds_up_no_other(path, monkeypatch):
    monkeypatch.setattr(delivery, "STOP_SECONDS", 0.2)
    over = threading.Event()

    class Hanging:
        send = staticmethod(lambda *_: over.wait(600))

    monkeypatch.setattr(
        delivery, "find_channel", lambda kind: Hanging() if kind == "h" else find_channel(kind)
    )
    with RawServer(sends(GOOD)) as good:
        courier = Courier(str(path), [Channel("h", "h", {}), webhook("good", good)])
        raised(path, 1, "h", "good")
        courier.start()
        until(lambda: counts(path)["good"].arrived == 1)
        courier.stop()
        assert not over.is_set(), "it does not wait for the one that hangs"
    assert counts(path)["h"].waiting == 1
    over.set()


@pytest.mark.parametrize("error", [SystemExit(3), RecursionError(), MemoryError(), UnicodeError()])
def test_a_channel_may_raise_anything(path, monkeypatch, error):
    calls = []

    class Raising:
        def send(self, *_):
            calls.append(1)
            if len(calls) < 3:
                raise error

    monkeypatch.setattr(delivery, "find_channel", lambda _: Raising())
    courier = Courier(str(path), [Channel("c", "c", {})])
    raised(path, 1, "c")
    courier.start()
    until(lambda: counts(path)["c"].arrived == 1)
    courier.stop()
    assert len(calls) == 3


def test_a_state_that_cannot_be_used_for_a_while_is_said_and_tried_again(path, monkeypatch):
    told, fails = [], [sqlite3.OperationalError("database is locked")] * 3
    record = delivery.alert_store.list_due_deliveries

    def failing(*given, **more):
        if fails:
            raise fails.pop()
        return record(*given, **more)

    monkeypatch.setattr(delivery.alert_store, "list_due_deliveries", failing)
    with RawServer(sends(GOOD)) as good:
        courier = Courier(str(path), [webhook("good", good)], told.append)
        raised(path, 1, "good")
        courier.start()
        until(lambda: counts(path)["good"].arrived == 1)
        courier.stop()
    assert any("the state cannot be used: OperationalError" in said for said in told)


def test_alerts_for_a_channel_that_is_none_any_more_are_given_up_and_shown(path):
    courier = Courier(str(path), [])
    raised(path, 1, "gone")
    courier.start()
    until(lambda: counts(path)["gone"].lost == 1)
    courier.stop()
    assert counts(path)["gone"].said == "no such channel any more"
