"""`birdfall watch` as a person starts it, beside a test."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from birdfall.watch.store.database import State
from processes import start

DOWN = "SELECT count(*) FROM standing WHERE status = 'taken_down'"


class Watch:
    """Its alerts are read as they come, with the moment of each. environment: more than the tests'
    own.
    """

    def __init__(self, sources, folder, *leaders, more=(), environment=None):
        command = [
            sys.executable,
            "-m",
            "birdfall",
            "watch",
            *sources,
            "--state",
            str(folder),
            *more,
        ]
        for leader in leaders:
            command += ["--leader", leader["did"]]
        self.alerts, self.said, self.path = [], [], folder / "watch.sqlite"
        self.process = start(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for stream, kept in ((self.process.stdout, self.alerts), (self.process.stderr, self.said)):
            threading.Thread(target=self._read, args=(stream, kept), daemon=True).start()

    @staticmethod
    def _read(stream, kept):
        for line in stream:
            kept.append((time.time(), line.strip()))

    def told(self, kind="falls"):
        return [
            (at, a)
            for at, a in ((at, json.loads(text)) for at, text in self.alerts)
            if a["kind"] == kind
        ]

    def dashboard(self, seconds=30):
        """The dashboard's address, once it is said."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _, text in list(self.said):
                if "dashboard: " in text:
                    return text.split("dashboard: ")[1]
            time.sleep(0.1)
        raise AssertionError(f"no dashboard: {self.said}")

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(60)

    def state(self):
        return State.open(self.path, read_only=True)

    def has(self, query, wanted, seconds=60):
        """Wait until a query on the state has this answer."""
        end = time.monotonic() + seconds
        found = None
        while time.monotonic() < end:
            if self.path.exists():
                try:
                    state = self.state()
                    found = state.connection.execute(query).fetchone()[0]
                    state.close()
                except Exception as error:  # the file is being made
                    found = error
                if found == wanted:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{query}: {found!r}, not {wanted!r}; {self.said[-5:]}")

    @property
    def most_memory(self):
        """The most memory the process has held so far, in megabytes."""
        with Path(f"/proc/{self.process.pid}/status").open() as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def lags(state):
    """How long after its own time each status change was taken in, in seconds, sorted."""
    rows = state.connection.execute("SELECT received - time FROM changes")
    return sorted(max(r[0], 0) / 1e6 for r in rows)
