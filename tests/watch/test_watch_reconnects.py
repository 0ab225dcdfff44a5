"""What was once connected is lost and tried again, whatever an answer is; only an address that
never worked is refused, and no source ends another."""

import threading

import pytest
from frames_made import account
from raw_server import RawServer, http_answer, sends
from test_watch_faults import Handed
from watch_running import until

from birdfall.model.errors import UsageError
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds import base
from birdfall.watch.feeds.base import ConnectionLost, ReconnectingFeed
from birdfall.watch.feeds.jetstream_v2 import JetstreamV2Feed
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.websocket import FirehoseFeed, JetstreamFeed
from birdfall.watch.store.database import State

FEEDS = (FirehoseFeed, JetstreamFeed, JetstreamV2Feed, MediaWikiFeed, OzoneFeed, MastodonFeed)
#: What a host under maintenance may answer, or what stands before it.
ANSWERS = {
    "a redirect to a page": http_answer(status="302 F", Location="https://status.example/"),
    "a redirect to no address": http_answer(status="307 T", Location="http://[::"),
    "a redirect without an address": http_answer(status="301 M"),
    "a page": http_answer(b"<html>back soon</html>", Content_Type="text/html"),
    "an error": http_answer(status="503 S", Retry_After="0"),
    "nothing": b"",
}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(base, "MIN_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(base, "MAX_WAIT_SECONDS", 0.02)


def address_of(kind, server):
    return server.url.replace("http", "ws") if issubclass(kind, FEEDS[:3]) else server.url


@pytest.mark.parametrize("kind", FEEDS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_source_that_was_connected_is_lost_and_tried_again(kind, answer):
    with RawServer(sends(ANSWERS[answer])) as server:
        feed, stop = kind("s", url=address_of(kind, server)), threading.Event()
        thread = threading.Thread(
            target=feed.run, args=("7", "", lambda _: None, stop), daemon=True
        )
        thread.start()
        until(lambda: feed.health.attempts >= 3)
        assert thread.is_alive()
        assert feed.health.reason
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "url", ["://", "ws://127.0.0.1:1", "wss://127.0.0.1:1", "ws://nobody.test"]
)
def test_an_address_that_worked_is_never_refused(url):
    feed, stop = FirehoseFeed("s", url=url), threading.Event()
    thread = threading.Thread(target=feed.run, args=("7", "", lambda _: None, stop), daemon=True)
    thread.start()
    until(lambda: feed.health.attempts >= 2)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_an_address_that_never_worked_is_refused():
    refused = []

    def run():
        with pytest.raises(UsageError, match="no address of a stream") as error:
            FirehoseFeed("s", url="http://example.test").run(
                None, "", lambda _: None, threading.Event()
            )
        refused.append(error.value)

    # in a thread as in a watch: one in which an event loop runs, as Playwright's does, has no place
    # for another, and it would be asked again for ever
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert refused


class Failing(ReconnectingFeed):
    """Connects once, and then raises what ends a watch that begins."""

    def connect_once(self, _put, _stop):
        if not self.health.attempts:
            self.health.mark_connected()
            raise ConnectionLost("maintenance")
        raise UsageError("no address of a stream")


def test_a_source_that_fails_ends_no_other(tmp_path):
    state, stop = State.open(tmp_path / "w.sqlite"), threading.Event()
    failing, other = Failing("f"), Handed()
    watcher = Watcher(state, [failing, other])
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    until(lambda: failing.health.attempts >= 3)
    other.batches.append([account_step()])
    until(lambda: not other.batches)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert failing.health.reason == "no address of a stream"
    assert state.connection.execute("SELECT count(*) FROM changes").fetchone()[0] == 1


def account_step():
    from birdfall.watch.feeds.base import now
    from birdfall.watch.feeds.decode import decode_frame
    from birdfall.watch.model.events import StreamBatch

    frame = account("did:plc:abcdefgh", now(), status="takendown", sequence=1)
    return StreamBatch(now(), tuple(decode_frame(frame, now())[0]))
