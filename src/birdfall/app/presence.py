"""Whether a window of the workspace is open, as the pages say it themselves.

A page says that it is there when it opens and every minute after, and that it leaves when it does.
A browser may keep a page silent that nobody looks at: such a page counts for an hour. Pages without
scripts say nothing; who never heard of a page ends nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

#: Seconds that a page counts without a word of it, and that nobody may be there before the end: as
#: long as a way from one page to another, or a reload, takes.
SILENT_SECONDS, EMPTY_SECONDS = 3600.0, 30.0
#: Pages that are known at once.
MAX_PAGES: Final = 1000


class Presence:
    """The pages that are open. clock: seconds from any beginning."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._pages: dict[str, float] = {}
        self._empty_since: float | None = None

    def open(self, page: str) -> None:
        """A page is there."""
        with self._lock:
            self._pages.pop(page, None)
            self._pages[page] = self._clock()
            while len(self._pages) > MAX_PAGES:
                del self._pages[next(iter(self._pages))]
            self._empty_since = None

    def leave(self, page: str) -> None:
        """A page has left."""
        with self._lock:
            if self._pages.pop(page, None) is not None and not self._pages:
                self._empty_since = self._clock()

    def is_over(self) -> bool:
        """Whether pages were there, and none has been for `EMPTY_SECONDS`."""
        with self._lock:
            now = self._clock()
            heard = {p: t for p, t in self._pages.items() if now - t < SILENT_SECONDS}
            if self._pages and not heard:
                self._empty_since = now
            self._pages = heard
            return (
                not self._pages
                and self._empty_since is not None
                and now - self._empty_since >= EMPTY_SECONDS
            )
