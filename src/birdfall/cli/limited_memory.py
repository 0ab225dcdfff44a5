"""Where memory is limited a command runs in a process of its own, and another stays to say how it
ended: a library that finds no memory, or a system that takes it back, ends a process without a
word.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final

from birdfall.cli.signals import EXIT_INTERRUPTED, EXIT_TERMINATED
from birdfall.model.memory_limit import (
    address_space,
    memory_limit,
    reserve_little,
    tells_of_memory,
)

#: Commands that run until they are stopped: whoever starts them watches over them.
LASTING: Final = ("app", "serve", "watch", "replay")
#: How a process ends that a library or the system ended for want of memory, by number.
_ENDED: Final = ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGKILL", "SIGSEGV", "SIGTRAP")
#: What `prctl` is told so that a process ends with the one that began it.
_END_WITH_PARENT: Final = 1
#: A signal that somebody sent, rather than a terminal to all that runs in it.
_SENT: Final = 0


def run_within_memory(command: Callable[[], int], words: Sequence[str]) -> int:
    """Run a command, in a process of its own where memory is limited; its exit code.

    words: what follows `birdfall`. A process that a library or the system ended is told of in a
    sentence, with exit code 1.
    """
    if sys.platform != "linux":
        return command()
    limit = memory_limit()
    if limit is None or (words and words[0] in LASTING):
        return command()
    if address_space() is not None:
        reserve_little()
    # from here on signals wait until it is known to whom they go
    heard = {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    parent = os.getpid()
    told, end = os.pipe()
    child = os.fork()
    if child == 0:
        _end_with(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        try:
            return _run_to_a_sentence(command, limit)
        finally:
            os.write(end, b".")
    os.close(end)
    code = _await_end(child, heard)
    if code in (0, EXIT_INTERRUPTED, EXIT_TERMINATED) or (code > 0 and os.read(told, 1)):
        return code
    return _tell_of_end(code, limit)


def _run_to_a_sentence(command: Callable[[], int], limit: int) -> int:
    """Run a command; where memory does not even suffice to say what failed, say so with what is
    there.
    """
    try:
        return command()
    except Exception as error:
        # Python itself, where it finds none, fails without saying of what
        if not (isinstance(error, SystemError) or tells_of_memory(error)):
            raise
    _tell("there is not enough memory for this", limit)
    return 1


def _tell(what: str, limit: int) -> None:
    print(
        f"birdfall: {what}: {limit / 1e9:.1f} GB are allowed here\n"
        "  What was finished is kept; a change that was not finished was not kept.\n"
        "  Allow more memory (ulimit -v, or the limit of the container), close other programs, "
        "or take in less; then run the same command again.",
        file=sys.stderr,
    )


def _end_with(parent: int) -> None:
    """Let this process end where the one that began it is killed."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _await_end(child: int, heard: set[signal.Signals]) -> int:
    """Hand signals on until the command has ended; its exit code, or less than nothing the signal
    that ended it.
    """
    if sys.platform != "linux":
        return 0
    while True:
        came = signal.sigwaitinfo(heard)
        # a terminal tells everybody in it, the command too
        if came.si_signo != signal.SIGCHLD and came.si_code == _SENT:
            os.kill(child, came.si_signo)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)


def _tell_of_end(code: int, limit: int) -> int:
    """Say of an end that the command could not speak of; the exit code. code: of `_await_end`."""
    ended = {-signal.SIGINT: EXIT_INTERRUPTED, -signal.SIGTERM: EXIT_TERMINATED}
    if code in ended:
        return ended[code]
    name = signal.Signals(-code).name if code < 0 else f"exit {code}"
    if code < 0 and name not in _ENDED:
        return 128 - code
    who = "the system" if name == "SIGKILL" else "a library"
    _tell(f"{who} ended this command ({name}), as happens where memory runs out", limit)
    return 1
