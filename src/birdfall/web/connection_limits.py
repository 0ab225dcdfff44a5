"""Limits of a server's connections: nobody can lock others out by holding many, or by saying
and taking what they have to slowly.

A request's head and body must be there within seconds, and what is sent must be taken. Where an
address, or all together, hold as many connections as they may, a new one takes the place of the
oldest that has not yet asked anything: whoever asks at once is always served.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Any, Final, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from birdfall.web.door import is_loopback

#: Seconds for a request's head, for its body, and for which nothing of an answer may be taken.
HEAD_SECONDS, BODY_SECONDS, STALL_SECONDS = 5.0, 10.0, 30.0
#: Connections of all visitors, of one address, and of this machine (a proxy's visitors all come
#: from there).
MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS, MAX_CONNECTIONS_OF_THIS_MACHINE = 400, 100, 300
#: Open pages that are told of news (`live_updates`): of all visitors, and of one other machine. The
#: rest of the connections is kept for pages.
MAX_STREAMS, MAX_STREAMS_PER_ADDRESS = 128, 32


class ConnectionTable:
    """The connections of one server: how many an address holds, and which asked nothing yet.

    body_seconds: the time a request's body may take; None: `BODY_SECONDS`.
    """

    def __init__(self, body_seconds: float | None = None) -> None:
        self.body_seconds = body_seconds
        self._held: Counter[str] = Counter()
        #: oldest first
        self._waiting: dict[BoundedProtocol, None] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """What uvicorn makes for each connection."""
        return cast("type[asyncio.Protocol]", partial(BoundedProtocol, self))

    def add(self, connection: BoundedProtocol) -> bool:
        """Take a connection; False if there is no place for it."""
        address = connection.address
        limit = MAX_CONNECTIONS_PER_ADDRESS
        if not address or is_loopback(address):
            limit = MAX_CONNECTIONS_OF_THIS_MACHINE
        if self._held[address] >= limit and not self._drop_oldest(address):
            return False
        if self._held.total() >= MAX_CONNECTIONS and not self._drop_oldest(None):
            return False
        self._held[address] += 1
        self._waiting[connection] = None
        return True

    def set_waiting(self, connection: BoundedProtocol, *, waiting: bool) -> None:
        """Note whether a connection has a request that is being answered."""
        if waiting:
            self._waiting[connection] = None
        else:
            self._waiting.pop(connection, None)

    def remove(self, connection: BoundedProtocol) -> None:
        """A connection has ended."""
        self._waiting.pop(connection, None)
        self._held[connection.address] -= 1
        if self._held[connection.address] <= 0:
            del self._held[connection.address]

    def _drop_oldest(self, address: str | None) -> bool:
        """End the oldest connection that has asked nothing, of an address or of all; whether there
        was one."""
        oldest = next((c for c in self._waiting if address in (None, c.address)), None)
        if oldest is None:
            return False
        oldest.drop()
        return True


class BoundedProtocol(H11Protocol):
    """One connection, with limits. table: the connections of its server."""

    def __init__(self, table: ConnectionTable, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.address = ""
        self._table, self._counted = table, False
        self._timer: asyncio.TimerHandle | None = None
        self._timed: object = None
        self._stall: asyncio.TimerHandle | None = None
        self._unsent = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, if there is a place for it."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        super().connection_made(transport)
        self._counted = self._table.add(self)
        if not self._counted:
            transport.abort()
            return
        self._watch()
        self._stall = self.loop.call_later(STALL_SECONDS, self._check_taken)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """An answer is whole: the connection waits for the next request."""
        super().on_response_complete()
        if self._counted:
            self._table.set_waiting(self, waiting=True)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        for timer in (self._timer, self._stall):
            if timer is not None:
                timer.cancel()
        self._forget()
        super().connection_lost(exc)

    def drop(self) -> None:
        """End the connection at once."""
        self._forget()
        self.transport.abort()

    def _forget(self) -> None:
        if self._counted:
            self._counted = False
            self._table.remove(self)

    def _watch(self) -> None:
        """Set the time by which the other side must have said what it is saying."""
        stage = self.conn.their_state
        if stage is self._timed or self.transport.is_closing():
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timed = None, stage
        if stage is h11.IDLE:
            self._timer = self.loop.call_later(HEAD_SECONDS, self.drop)
        elif self._counted:
            self._table.set_waiting(self, waiting=False)
        if stage is h11.SEND_BODY:
            self._timer = self.loop.call_later(self._table.body_seconds or BODY_SECONDS, self.drop)

    def _check_taken(self) -> None:
        """End a connection whose other side takes nothing of what it is sent."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent >= self._unsent > 0:
            self.drop()
            return
        self._unsent = unsent
        self._stall = self.loop.call_later(STALL_SECONDS, self._check_taken)


class StreamPlaces:
    """Places for pages that are told of news, bounded over all and by address."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Take a place; False if there is none."""
        limit = MAX_STREAMS if is_loopback(address) else MAX_STREAMS_PER_ADDRESS
        if self._held.total() >= MAX_STREAMS or self._held[address] >= limit:
            return False
        self._held[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Give a place back."""
        self._held[address] -= 1
        if self._held[address] <= 0:
            del self._held[address]


__all__: Final = ["ConnectionTable", "StreamPlaces"]
