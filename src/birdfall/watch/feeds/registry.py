"""From the text that names a source to the feed that reads it.

A source is written `SCHEME:ADDRESS`; each scheme has an opener. Schemes of other packages are
registered under the entry point group `birdfall.feeds`: the entry point's name is the scheme, and
it loads a `FeedOpener`. A text whose scheme nobody registered is the path of a recording.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from birdfall.model.errors import InputError, UsageError, printable
from birdfall.watch.feeds.addresses import server_of, split_server
from birdfall.watch.feeds.base import Feed, FeedOpener, FeedOptions
from birdfall.watch.feeds.jetstream_v2 import JetstreamV2Feed
from birdfall.watch.feeds.kafka import open_topic
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.replay import LinesFeed, RecordingFeed, recording_format
from birdfall.watch.feeds.webhook import MastodonWebhookFeed
from birdfall.watch.feeds.websocket import FirehoseFeed, JetstreamFeed

#: Entry point group of feeds that other packages bring.
GROUP: Final = "birdfall.feeds"
#: How the sources that are built in are written, for help and error texts.
SOURCE_FORMS: Final = (
    "wss://HOST, jetstream:wss://HOST, jetstream2:wss://HOST, ozone:https://HOST, "
    "mastodon:https://HOST, mastodon-hooks:ADDRESS:PORT, wiki:https://HOST/PATH, "
    "kafka:HOST:PORT/TOPIC, - (lines on standard input), or a recording"
)


def open_feed(text: str, options: FeedOptions | None = None) -> Feed:
    """Open the feed that `text` names; nothing is connected before it is run.

    Parameters
    ----------
    text
        `SCHEME:ADDRESS`, `-` for lines on standard input, or the path of a recording.
    options
        What was asked for beyond the address; the defaults if not given.

    Raises
    ------
    UsageError
        If the address cannot be one of its scheme, or a secret it needs is not in the environment.
    InputError
        If a file that is named (a recording, a dictionary) is not there or cannot be read.
    """
    options = options or FeedOptions()
    if options.dictionary is not None and not options.dictionary.is_file():
        raise InputError(
            "there is no such dictionary",
            where=str(options.dictionary),
            fix="Name the file, or leave --dictionary out.",
        )
    if text == "-":
        return LinesFeed()
    scheme = text.partition(":")[0]
    opener = _OPENERS.get(scheme) or _load_opener(scheme)
    return open_recordings([Path(text)]) if opener is None else opener(text, options)


def open_recordings(paths: Sequence[Path], speed: float = 0.0) -> RecordingFeed:
    """Open recordings as one feed, merged by time.

    Parameters
    ----------
    paths
        Files that `recording_format` knows.
    speed
        0: as fast as can be; 1: at the pace of the recording; 10: ten times as fast.

    Raises
    ------
    InputError
        If one of them is not there, or is no recording.
    """
    for path in paths:
        if not path.is_file():
            raise InputError(
                "there is no such source", where=str(path), fix=f"Sources: {SOURCE_FORMS}."
            )
        recording_format(path)
    name = "recording:" + "+".join(p.name for p in paths)
    return RecordingFeed(name=name, paths=tuple(paths), speed=speed)


def _open_firehose(text: str, options: FeedOptions) -> Feed:
    url = text.removeprefix("atproto:")
    return FirehoseFeed(name=f"atproto:{_host(url)}", url=url, start=options.start)


def _open_jetstream(text: str, options: FeedOptions) -> Feed:
    scheme, _, url = text.partition(":")
    kind = JetstreamV2Feed if scheme == "jetstream2" else JetstreamFeed
    return kind(
        name=f"{scheme}:{_host(url)}",
        url=url,
        start=options.start,
        dictionary=options.dictionary,
    )


def _open_ozone(text: str, options: FeedOptions) -> Feed:
    url = text.removeprefix("ozone:")
    secret = os.environ.get("BIRDFALL_OZONE_SECRET", "")
    return OzoneFeed(name=f"ozone:{_host(url)}", url=url, secret=secret, start=options.start)


def _open_mastodon(text: str, options: FeedOptions) -> Feed:
    url = text.removeprefix("mastodon:")
    host, secret = _host(url), _secret("BIRDFALL_MASTODON_TOKEN")
    return MastodonFeed(name=f"mastodon:{host}", url=url, secret=secret, start=options.start)


def _open_mastodon_webhooks(text: str, _: FeedOptions) -> Feed:
    server = text.removeprefix("mastodon-hooks:")
    found = split_server(server)
    if found is None or found[1] is None:
        raise UsageError(
            "mastodon-hooks needs an address and a port",
            where=text,
            fix="mastodon-hooks:127.0.0.1:8472",
        )
    return MastodonWebhookFeed(
        name=text,
        secret=_secret("BIRDFALL_MASTODON_HOOK_SECRET"),
        bind=found[0] or "127.0.0.1",
        port=found[1],
    )


def _open_mediawiki(text: str, _: FeedOptions) -> Feed:
    url = text.removeprefix("wiki:")
    return MediaWikiFeed(name=f"wiki:{_host(url)}", url=url)


def _open_kafka(text: str, options: FeedOptions) -> Feed:
    return open_topic(text.removeprefix("kafka:"), options.start)


_OPENERS: Final[dict[str, FeedOpener]] = {
    "ws": _open_firehose,
    "wss": _open_firehose,
    "atproto": _open_firehose,
    "jetstream": _open_jetstream,
    "jetstream2": _open_jetstream,
    "ozone": _open_ozone,
    "mastodon": _open_mastodon,
    "mastodon-hooks": _open_mastodon_webhooks,
    "wiki": _open_mediawiki,
    "kafka": _open_kafka,
}


def _load_opener(scheme: str) -> FeedOpener | None:
    """The opener another package registered for `scheme`; None if none did."""
    for point in metadata.entry_points(group=GROUP, name=scheme):
        opener: FeedOpener = point.load()
        return opener
    return None


def _host(url: str) -> str:
    server = server_of(url)
    if not server:
        raise UsageError(f"{printable(url)!r} is no address", fix=f"Sources: {SOURCE_FORMS}.")
    return server


def _secret(name: str) -> str:
    if not os.environ.get(name):
        raise UsageError(
            f"{name} is not set",
            fix="Set it in the environment; secrets are not given on the command line.",
        )
    return os.environ[name]
