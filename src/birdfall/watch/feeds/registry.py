"""From what a person writes on the command line to the feed that is meant."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from birdfall.model.errors import InputError, UsageError
from birdfall.watch.feeds import kafka
from birdfall.watch.feeds.base import Feed
from birdfall.watch.feeds.jetstream_v2 import Jetstream2
from birdfall.watch.feeds.mediawiki_sse import Changes
from birdfall.watch.feeds.polling import Mastodon, Ozone
from birdfall.watch.feeds.replay import Lines, Recording, kind_of
from birdfall.watch.feeds.webhook import Hooks
from birdfall.watch.feeds.websocket import Firehose, Jetstream

FORMS = (
    "wss://HOST, jetstream:wss://HOST, jetstream2:wss://HOST, ozone:https://HOST, mastodon:https://HOST, mastodon-hooks:ADDRESS:PORT, "
    "wiki:https://HOST/PATH, kafka:HOST:PORT/TOPIC, - (lines on standard input), or a recording"
)


def feed_of(text: str, *, start: str = "live", dictionary: Path | None = None) -> Feed:
    """The feed `text` names. Secrets come from the environment. Raises UsageError or InputError."""
    if dictionary is not None and not dictionary.is_file():
        raise InputError(
            "there is no such dictionary",
            where=str(dictionary),
            fix="Name the file, or leave --dictionary out.",
        )
    kind, _, rest = text.partition(":")
    if text == "-":
        return Lines()
    if kind in ("ws", "wss"):
        return Firehose(name=f"atproto:{_host(text)}", url=text, start=start)
    if kind == "atproto":
        return Firehose(name=f"atproto:{_host(rest)}", url=rest, start=start)
    if kind == "jetstream":
        return Jetstream(
            name=f"jetstream:{_host(rest)}", url=rest, start=start, dictionary=dictionary
        )
    if kind == "jetstream2":
        return Jetstream2(
            name=f"jetstream2:{_host(rest)}", url=rest, start=start, dictionary=dictionary
        )
    if kind == "ozone":
        secret = os.environ.get("BIRDFALL_OZONE_SECRET", "")
        return Ozone(name=f"ozone:{_host(rest)}", url=rest, secret=secret, start=start)
    if kind == "mastodon":
        return Mastodon(
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
        return Hooks(
            name=text,
            secret=_secret("BIRDFALL_MASTODON_HOOK_SECRET"),
            host=host or "127.0.0.1",
            port=int(port),
        )
    if kind == "wiki":
        return Changes(name=f"wiki:{_host(rest)}", url=rest)
    if kind == "kafka":
        return kafka.feed(rest, start)
    return recording([Path(text)])


def recording(paths: list[Path], speed: float = 0.0) -> Recording:
    """Recordings, merged by time. Raises InputError if one cannot be read."""
    for path in paths:
        if not path.is_file():
            raise InputError("there is no such source", where=str(path), fix=f"Sources: {FORMS}.")
        kind_of(path)
    return Recording(
        name="recording:" + "+".join(p.name for p in paths), paths=tuple(paths), speed=speed
    )


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no address", fix=f"Sources: {FORMS}.")
    return parts.netloc.rpartition("@")[2]


def _secret(name: str) -> str:
    if not os.environ.get(name):
        raise UsageError(
            f"{name} is not set",
            fix="Set it in the environment; secrets are not given on the command line.",
        )
    return os.environ[name]
