"""What a source said and could not be read when it came, read again: by the name of the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from birdfall.watch.feeds.decode import (
    decode_frame,
    decode_jetstream,
    decode_line,
    decode_mastodon,
    decode_mediawiki,
    decode_ozone,
)
from birdfall.watch.feeds.jetstream_v2 import parse_message
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.feeds.kafka import decode_message
from birdfall.watch.model.events import Event

_Decoder = Callable[[bytes, int, str], Iterable[Event]]


def decode_again(source: str, raw: bytes, received: int) -> list[Event]:
    """The events of one step.

    Parameters
    ----------
    source
        The name of its source in the state, such as `wiki:HOST`.
    raw
        The step as it came.
    received
        When it came, in microseconds.

    Raises
    ------
    DecodeError
        If it still cannot be read, or comes from a source of another package.
    """
    scheme, _, host = source.partition(":")
    decoder = _DECODERS.get(scheme)
    if decoder is None:
        raise DecodeError("a source of another package")
    return list(decoder(raw, received, host))


def _decode_recorded(raw: bytes, received: int, host: str) -> list[Event]:
    """Of a recording, whose form nobody noted: by the first form in which it tells something."""
    del host
    found: list[Event] = []
    said = DecodeError("nothing that is known")
    for decoder in _RECORDED:
        try:
            found = list(decoder(raw, received, ""))
        except DecodeError as error:
            said = error
        if found:
            return found
    raise said


_RECORDED: Final[tuple[_Decoder, ...]] = (
    lambda raw, received, _: decode_message(raw, received),
    lambda raw, _received, _: decode_ozone(JsonFields.parse(raw)),
    lambda raw, _received, _: decode_mediawiki(JsonFields.parse(raw)),
)
_DECODERS: Final[dict[str, _Decoder]] = {
    "atproto": lambda raw, received, host: decode_frame(raw, received, host)[0],
    "jetstream": lambda raw, received, host: decode_jetstream(raw, received, host)[0],
    "jetstream2": lambda raw, received, host: parse_message(raw, received, host).events,
    "ozone": lambda raw, _received, _: decode_ozone(JsonFields.parse(raw)),
    "mastodon": lambda raw, _received, _: decode_mastodon(JsonFields.parse(raw)),
    "mastodon-hooks": lambda raw, _received, _: decode_mastodon(JsonFields.parse(raw)),
    "wiki": lambda raw, _received, _: decode_mediawiki(JsonFields.parse(raw)),
    "kafka": lambda raw, received, _: decode_message(raw, received),
    "-": lambda raw, received, _: decode_line(raw, received),
    "recording": _decode_recorded,
}
