"""Addresses of servers as a person writes them, told from what cannot be one."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from birdfall.model.whole_number import MAX_PORT, whole_number

#: A name, an address of IPv4, or one of IPv6 in brackets; then perhaps a port.
_SERVER: Final = re.compile(r"(?P<host>\[[^\[\]]+\]|[^:\[\]]*)(?::(?P<port>[^:]*))?")


def split_server(text: str) -> tuple[str, int | None] | None:
    """Host, without brackets, and port of "HOST", "HOST:PORT", "[IPV6]:PORT"; the host may be
    empty. None if it cannot be one.

    Examples
    --------
    >>> split_server("[::1]:9092")
    ('::1', 9092)
    >>> split_server("localhost")
    ('localhost', None)
    >>> split_server("[::1]:99999")
    """
    found = _SERVER.fullmatch(text)
    if found is None or not _is_plain(text):
        return None
    host, port = found["host"], None
    if found["port"] is not None:
        port = whole_number(found["port"], MAX_PORT)
        if not port:
            return None
    if not host.startswith("["):
        return host, port
    try:
        # what stands behind % is the card it goes by
        ipaddress.IPv6Address(host[1:-1].replace("%25", "%", 1))
    except ValueError:
        return None
    return host[1:-1], port


def server_of(url: str) -> str:
    """`HOST` or `HOST:PORT` of an address of WebSockets or HTTP, without the name and password that
    may stand before it; empty if it cannot be one.

    Examples
    --------
    >>> server_of("wss://user:password@[::1]:8080/path")
    '[::1]:8080'
    >>> server_of("wss://host:x")
    ''
    """
    try:
        parts = urlsplit(url) if _is_plain(url) else None
    except ValueError:
        return ""
    if parts is None or parts.scheme not in ("ws", "wss", "http", "https"):
        return ""
    server = parts.netloc.rpartition("@")[2]
    found = split_server(server)
    return server if found is not None and found[0] else ""


def _is_plain(text: str) -> bool:
    """Whether it holds no spaces, lines, turned text or half characters."""
    return text.isprintable() and " " not in text
