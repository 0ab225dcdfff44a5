"""Child processes of tests: each leads its own process group, which is always ended."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

BIRDFALL = (sys.executable, "-m", "birdfall")
#: Processes that the test at work has started; `conftest.py` ends those that are left after it.
STARTED = []
#: Seconds a command may take from its start to its first words, on a busy machine.
START_SECONDS = 60


def _ignore_interrupt():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def start(command, *, interrupt_ignored=False, outlives_test=False, **options):
    """A process in a group of its own, which is ended with the test at the latest.

    interrupt_ignored: as a shell starts what it puts into the background. outlives_test: it serves
    several tests, and whoever starts it ends it.
    """
    if os.name == "nt":
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        options["start_new_session"] = True
        if interrupt_ignored:
            options["preexec_fn"] = _ignore_interrupt
    process = subprocess.Popen([str(word) for word in command], **options)
    if not outlives_test:
        STARTED.append(process)
    return process


def end(process):
    """End a process with all it has started, and close its pipes."""
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def end_started():
    """End what the test has started and not ended itself."""
    while STARTED:
        end(STARTED.pop())


@contextlib.contextmanager
def running(command, **options):
    """A process that lives no longer than the block."""
    process = start(command, **options)
    try:
        yield process
    finally:
        end(process)


class Child:
    """A process whose output is gathered while it runs, so that no pipe is ever full."""

    def __init__(self, command, **options):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = start(command, text=True, **pipes | options)
        self.out, self.err = [], []
        self._readers = [
            threading.Thread(target=self._gather, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)

    @staticmethod
    def _gather(stream, lines):
        with contextlib.suppress(ValueError):
            for line in stream:
                lines.append(line)

    def wait_for(self, *wanted, seconds=START_SECONDS):
        """Wait until each of `wanted` stands in a line of the output."""
        deadline = time.monotonic() + seconds
        while not all(any(w in line for line in self.out + self.err) for w in wanted):
            assert time.monotonic() < deadline, self.out + self.err
            assert self.process.poll() is None, self.out + self.err
            time.sleep(0.05)

    def stop(self, number=signal.SIGINT, seconds=90):
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(60)
        return code
