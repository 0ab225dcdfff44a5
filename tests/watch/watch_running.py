"""A watch at work in a thread, for tests."""

import threading
import time

from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.store.database import State


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Running:
    """A watch in a thread, on a state of its own."""

    def __init__(self, path, *feeds, **more):
        self.state = State.open(path)
        self.feeds, self.stop = feeds, threading.Event()
        self.watcher = Watcher(self.state, list(feeds), **more)
        self.thread = threading.Thread(target=self.watcher.run, args=(self.stop,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()

    def rows(self, query, *values):
        reader = State.open(self.state.path, read_only=True)
        try:
            return [tuple(r) for r in reader.connection.execute(query, values)]
        finally:
            reader.close()

    def fallen(self):
        return [
            r[0]
            for r in self.rows(
                "SELECT account FROM changes WHERE status = 'taken_down' ORDER BY id"
            )
        ]
