"""What every server of Birdfall's pages needs: who may come in, how many connections they may hold,
and the thread that serves them.
"""

from birdfall.web.address import parse_address
from birdfall.web.connection_limits import ConnectionTable, StreamPlaces
from birdfall.web.door import (
    HEADERS,
    AccessGuard,
    Door,
    comes_through_proxy,
    is_asset,
    is_loopback,
    names_this_machine,
)
from birdfall.web.server import PageServer

__all__ = [
    "HEADERS",
    "AccessGuard",
    "ConnectionTable",
    "Door",
    "PageServer",
    "StreamPlaces",
    "comes_through_proxy",
    "is_asset",
    "is_loopback",
    "names_this_machine",
    "parse_address",
]
