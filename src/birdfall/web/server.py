"""The HTTP server of pages, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Final

import uvicorn
from starlette.applications import Starlette

from birdfall.web.connection_limits import ConnectionTable

#: Seconds that ending the server may take, and between looks at whether it has ended by itself.
STOP_TIMEOUT_SECONDS: Final = 5
STOP_CHECK_SECONDS: Final = 0.5
#: Seconds that answers under way may take when it ends.
GRACE_SECONDS: Final = 2
#: Connections that are taken before those that are open are heard again: who asks at once is heard
#: before so many others have come that it has to make room for them. And those that the system
#: holds until they are taken.
ACCEPTED_AT_ONCE, MAX_WAITING_CONNECTIONS = 16, 1024
#: Bytes of a request's first line and headers.
MAX_HEADER_BYTES: Final = 1 << 15


class PageServer:
    """Serves an application in a thread of its own.

    Parameters
    ----------
    application
        What answers.
    bound
        A socket bound to where to listen; closed at the end.
    name
        Of the thread.
    connections
        How many visitors may hold, and for how long.
    """

    def __init__(
        self,
        application: Starlette,
        bound: socket.socket,
        *,
        name: str,
        connections: ConnectionTable,
    ) -> None:
        self._socket = bound
        config = uvicorn.Config(
            application,
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=ACCEPTED_AT_ONCE,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            http=connections.protocol(),
            ws="none",
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True, name=name)

    def _run(self) -> None:
        asyncio.run(self._server.serve([self._socket]))

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        if self._server.started:
            self._socket.listen(MAX_WAITING_CONNECTIONS)

    def stop(self) -> None:
        """End the server."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_SECONDS)
        self._socket.close()

    def wait(self, stop: threading.Event) -> None:
        """Wait until `stop` is set or the server has ended by itself."""
        while self._thread.is_alive() and not stop.wait(STOP_CHECK_SECONDS):
            pass
