"""Where a server listens, as a person writes it."""

from __future__ import annotations

from birdfall.model.errors import UsageError
from birdfall.model.whole_number import MAX_PORT, whole_number


def parse_address(text: str) -> tuple[str, int]:
    """(address, port) of "8470", "ADDRESS:PORT" or "[IPv6]:PORT". Raises UsageError."""
    host, _, port = text.rpartition(":")
    number = whole_number(port, MAX_PORT)
    if number is None:
        raise UsageError(
            f"{text!r} is no port and no ADDRESS:PORT", fix="Write 8470, or 127.0.0.1:8470."
        )
    return host.strip("[]") or "127.0.0.1", number
