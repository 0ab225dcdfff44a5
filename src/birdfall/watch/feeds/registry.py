"""From what a person writes on the command line to the feed that is meant."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from birdfall.model.errors import InputError, UsageError
from birdfall.watch.feeds import kafka
from birdfall.watch.feeds.base import Feed
from birdfall.watch.feeds.jetstream_v2 import JetstreamV2Feed
from birdfall.watch.feeds.mediawiki_sse import MediaWikiFeed
from birdfall.watch.feeds.polling import MastodonFeed, OzoneFeed
from birdfall.watch.feeds.replay import LinesFeed, RecordingFeed, recording_format
from birdfall.watch.feeds.webhook import MastodonWebhookFeed
from birdfall.watch.feeds.websocket import FirehoseFeed, JetstreamFeed

SOURCE_FORMS = (
    "wss://HOST, jetstream:wss://HOST, jetstream2:wss://HOST, ozone:https://HOST, mastodon:https://HOST, mastodon-hooks:ADDRESS:PORT, "
    "wiki:https://HOST/PATH, kafka:HOST:PORT/TOPIC, - (lines on standard input), or a recording"
)


def open_feed(text: str, *, start: str = "live", dictionary: Path | None = None) -> Feed:
    """The feed `text` names. Secrets come from the environment. Raises UsageError or InputError."""
    if dictionary is not None and not dictionary.is_file():
        raise InputError(
            "there is no such dictionary",
            where=str(dictionary),
            fix="Name the file, or leave --dictionary out.",
        )
    kind, _, rest = text.partition(":")
    if text == "-":
        return LinesFeed()
    if kind in ("ws", "wss"):
        return FirehoseFeed(name=f"atproto:{_host(text)}", url=text, start=start)
    if kind == "atproto":
        return FirehoseFeed(name=f"atproto:{_host(rest)}", url=rest, start=start)
    if kind == "jetstream":
        return JetstreamFeed(
            name=f"jetstream:{_host(rest)}", url=rest, start=start, dictionary=dictionary
        )
    if kind == "jetstream2":
        return JetstreamV2Feed(
            name=f"jetstream2:{_host(rest)}", url=rest, start=start, dictionary=dictionary
        )
    if kind == "ozone":
        secret = os.environ.get("BIRDFALL_OZONE_SECRET", "")
        return OzoneFeed(name=f"ozone:{_host(rest)}", url=rest, secret=secret, start=start)
    if kind == "mastodon":
        return MastodonFeed(
            name=f"mastodon:{_host(rest)}",
            url=rest,
            secret=_secret("BIRDFALL_MASTODON_TOKEN"),
            start=start,
        )
    if kind == "mastodon-hooks":
        host, _, port = rest.rpartition(":")
        if not port.isdigit():
            raise UsageError(
                "mastodon-hooks needs an address and a port",
                where=text,
                fix="mastodon-hooks:127.0.0.1:8472",
            )
        return MastodonWebhookFeed(
            name=text,
            secret=_secret("BIRDFALL_MASTODON_HOOK_SECRET"),
            host=host or "127.0.0.1",
            port=int(port),
        )
    if kind == "wiki":
        return MediaWikiFeed(name=f"wiki:{_host(rest)}", url=rest)
    if kind == "kafka":
        return kafka.open_topic(rest, start)
    return open_recording([Path(text)])


def open_recording(paths: list[Path], speed: float = 0.0) -> RecordingFeed:
    """Recordings, merged by time. Raises InputError if one cannot be read."""
    for path in paths:
        if not path.is_file():
            raise InputError(
                "there is no such source", where=str(path), fix=f"Sources: {SOURCE_FORMS}."
            )
        recording_format(path)
    return RecordingFeed(
        name="recording:" + "+".join(p.name for p in paths), paths=tuple(paths), speed=speed
    )


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no address", fix=f"Sources: {SOURCE_FORMS}.")
    return parts.netloc.rpartition("@")[2]


def _secret(name: str) -> str:
    if not os.environ.get(name):
        raise UsageError(
            f"{name} is not set",
            fix="Set it in the environment; secrets are not given on the command line.",
        )
    return os.environ[name]
