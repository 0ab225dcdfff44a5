"""Interrupt and termination: every command ends with one sentence and an exit code, never a
traceback.

Ctrl-C (SIGINT) ends a command with exit code 130, SIGTERM with 143. A command that was started in
the background by a shell inherits SIGINT ignored and keeps it so, as is customary; SIGTERM always
works. Commands that run until they are stopped (`serve`, `watch`, `replay`) use `stop_event`
instead, which listens to both signals however the process was started.

Python answers a signal between two of its own steps: one that comes during a long call into native
code (a query, a sort) takes effect when that call returns. SIGKILL always works, and leaves nothing
half written either.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
SENTENCE = "Stopped. What was finished is kept; run the same command again to go on."
#: How long a command may take to clean up after a signal before the process is ended.
MAX_CLEANUP_S = 10.0
#: How long after an interrupt that nobody could receive it is raised again.
RAISE_AGAIN_S = 0.02


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived.

    A KeyboardInterrupt, so that whatever cleans up after Ctrl-C does so here too.
    """


class _State:
    """Which signal arrived, and whether the command still runs and can clean up after itself."""

    def __init__(self) -> None:
        self.received: int | None = None
        self.command_runs = True


_state = _State()


def install() -> None:
    """Take over SIGINT (unless it is ignored) and SIGTERM for this process; call it before anything
    heavy is imported.

    The first signal raises KeyboardInterrupt, or `Terminated`, in the main thread. A second one, or
    one that comes when the command has already ended, ends the process without unwinding: all that
    Birdfall writes becomes true by one rename, so nothing is left half written. Both take effect at
    the next step of Python's own, not within native code.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _on_signal)
    signal.signal(signal.SIGTERM, _on_signal)
    sys.unraisablehook = _unraisable
    threading.excepthook = _failed_thread


def received_signal() -> int | None:
    """The number of the signal that arrived since `install`, None if there was none.

    What a library raises after a signal (DuckDB: "interrupted", an import that was cut off) is a
    consequence of the signal and not an error of its own.
    """
    return _state.received


def exit_code(error: BaseException | None = None) -> int:
    """130 for an interrupt, 143 for a termination."""
    terminated = isinstance(error, Terminated) or _state.received == signal.SIGTERM
    return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED


def end_of_command() -> None:
    """From here on only the interpreter's own shutdown is left: a signal ends the process without
    unwinding.
    """
    _state.command_runs = False


class _StopEvent(threading.Event):
    """An event that knows whether anybody has looked at it yet."""

    looked_at = False

    def is_set(self) -> bool:
        self.looked_at = True
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        self.looked_at = True
        return super().wait(timeout)


@contextmanager
def stop_event(*, set_up: bool = False) -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, also where the process was started with SIGINT ignored.

    For commands that run until they are stopped. With `set_up` a signal that comes before anybody
    has looked at the event, so while the command is still being set up, interrupts it as it does
    other commands. A second signal ends the process without unwinding. The handlers from before are
    put back at the end. Outside the main thread, where no handler can be set, the event is left to
    the caller.
    """
    event = _StopEvent()
    event.looked_at = not set_up
    asked = False
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not event.looked_at:
            _on_signal(number, frame)
        if asked or _state.received is not None:
            _state.received = _state.received or number
            _end_at_once()
        asked = True
        event.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _on_signal(number: int, frame: FrameType | None) -> None:
    if _state.received is not None or not _state.command_runs:
        _state.received = _state.received or number
        _end_at_once()
    if _in_hook(frame):
        # what is raised here is lost: Python only reports what fails in a hook
        _raise_again(number)
        return
    _state.received = number
    watchdog = threading.Timer(MAX_CLEANUP_S, _end_at_once)
    watchdog.daemon = True
    watchdog.start()
    # a query that writes does not look for signals; loaded only if there may be one
    queries = sys.modules.get("birdfall.record.queries")
    if queries is not None:
        queries.interrupt_queries()
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _end_at_once() -> NoReturn:
    # nothing of Python's own output layer: it may be locked by what the signal interrupted
    os.write(2, f"\n{SENTENCE}\n".encode())
    os._exit(exit_code())


def _unraisable(args: Any) -> None:
    """An interrupt that was raised where nobody can receive it (a finaliser, a callback) is raised
    once more.
    """
    if isinstance(args.exc_value, KeyboardInterrupt) and _state.received is not None:
        number, _state.received = _state.received, None
        _raise_again(number)
    elif _state.received is None:
        sys.__unraisablehook__(args)


def _raise_again(number: int) -> None:
    # from a thread: raised here and now it would be lost in the hook that asks for it
    again = threading.Timer(RAISE_AGAIN_S, _thread.interrupt_main, (signal.Signals(number),))
    again.daemon = True
    again.start()


def _in_hook(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code is _unraisable.__code__:
            return True
        frame = frame.f_back
    return False


def _failed_thread(args: Any) -> None:
    """What a thread meets while the command is being stopped (closed files and connections) is not
    reported.
    """
    if _state.received is None:
        threading.__excepthook__(args)
