"""Live updates: the state is read once per interval, however many pages are open.

A page without news gets a heartbeat, which shows that it is still connected. A slow reader delays
nobody else: each listener has its own task and no queue, as only the latest version counts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from functools import partial

from starlette.concurrency import run_in_threadpool

from birdfall.model.errors import BirdfallError

#: Seconds between two checks for changes, and until a page without news gets a heartbeat.
CHECK_SECONDS, HEARTBEAT_SECONDS = 0.5, 15.0


class Updates:
    """version: changes whenever a page would look different; asked in a thread, while anybody
    listens.
    """

    def __init__(self, version: Callable[[], str]) -> None:
        self._version = version
        self._known = ""
        self._changed: asyncio.Condition | None = None
        self._poller: asyncio.Task[None] | None = None
        self.listeners = 0
        self._ended = False

    def close(self) -> None:
        """Let all listeners go, at the next look. From any thread."""
        self._ended = True

    async def stream(self) -> AsyncIterator[bytes]:
        """Server-sent events: the version now, and again whenever it is another one."""
        if self._changed is None:
            self._changed = asyncio.Condition()
        self.listeners += 1
        try:
            if self._poller is None or self._poller.done():
                self._poller = asyncio.create_task(self._poll_version())
            said = ""
            while not self._ended:
                try:
                    async with self._changed:
                        await asyncio.wait_for(
                            self._changed.wait_for(partial(self._differs, said)), HEARTBEAT_SECONDS
                        )
                except TimeoutError:
                    yield b": still here\n\n"
                else:
                    if self._known != said:
                        said = self._known
                        yield f"data: {json.dumps(said)}\n\n".encode()
        finally:
            self.listeners -= 1

    def _differs(self, said: str) -> bool:
        return self._ended or self._known != said

    async def _poll_version(self) -> None:
        while self.listeners and not self._ended:
            await self._check_version()
            await asyncio.sleep(CHECK_SECONDS)
        if self._changed is not None:
            async with self._changed:
                self._changed.notify_all()

    async def _check_version(self) -> None:
        try:
            found = await run_in_threadpool(self._version)
        except (BirdfallError, OSError):
            # a state that is being written anew is looked at again
            return
        if found != self._known and self._changed is not None:
            async with self._changed:
                self._known = found
                self._changed.notify_all()
