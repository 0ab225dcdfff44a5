"""Feeds by scheme: those that are built in, and those another package brings by an entry point."""

import pytest
from watch_running import Running, until

from birdfall.model.errors import InputError, UsageError
from birdfall.watch.feeds.base import FeedOptions
from birdfall.watch.feeds.registry import SOURCE_FORMS, open_feed

PLUGIN = """
from dataclasses import dataclass, field

from birdfall.watch.feeds.base import ConnectionHealth, now
from birdfall.watch.model.events import StreamBatch, Status


@dataclass
class OneFall:
    name: str
    account: str
    live: bool = True
    pushed: bool = True
    host: str = ""
    url: str = ""
    health: ConnectionHealth = field(default_factory=ConnectionHealth)

    def run(self, cursor, epoch, put, stop):
        self.health.mark_connected()
        put([StreamBatch(now(), (Status(self.account, "taken_down", now()),), "1", epoch)])
        stop.wait()


def open_one_fall(text, options):
    assert options.start in ("live", "all")
    return OneFall(name=text, account=text.partition(":")[2])
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """An installed package that registers the scheme `onefall`."""
    site = tmp_path / "site"
    about = site / "onefall-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "onefall.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: onefall\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[birdfall.feeds]\nonefall = onefall:open_one_fall\n")
    monkeypatch.syspath_prepend(str(site))


@pytest.mark.usefixtures("plugin")
def test_another_packages_feed_is_watched_like_any_other(tmp_path):
    feed = open_feed("onefall:did:x", FeedOptions(start="all"))
    with Running(tmp_path / "watch.sqlite", feed) as run:
        until(lambda: run.fallen() == ["did:x"])


@pytest.mark.usefixtures("plugin")
def test_a_scheme_that_is_built_in_is_not_replaced():
    assert open_feed("wiki:https://wiki.example/stream").name == "wiki:wiki.example"


def test_a_scheme_nobody_registered_is_the_path_of_a_recording(tmp_path):
    with pytest.raises(InputError, match="no such source") as caught:
        open_feed("onefall:did:x")
    assert SOURCE_FORMS in caught.value.fix
    path = tmp_path / "lines.ndjson"
    path.write_text('{"kind": "account", "account": "a", "time": 1700000000000000}\n')
    assert open_feed(str(path)).name == "recording:lines.ndjson"


@pytest.mark.parametrize(
    "wrong", ["wss:nothing", "jetstream:https://", "wiki:x", "mastodon-hooks:here", "kafka:host"]
)
def test_what_is_no_address_of_its_scheme_is_refused(wrong):
    with pytest.raises(UsageError):
        open_feed(wrong)
