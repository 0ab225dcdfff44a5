"""A conversation with a mail server, bounded over all: in time, and in what the server may say.

What a server answers is hostile input: one that says a byte each second, or a line after the other
without an end, would hold whoever listens to it for ever.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import threading
from types import TracebackType
from typing import IO, Any, Final

#: Bytes that a mail server may say in one conversation.
MAX_SAID_BYTES: Final = 1 << 16


class MailConnection(smtplib.SMTP):
    """A connection to a mail server, for a `with`.

    Parameters
    ----------
    server, port
        Its address.
    step_seconds
        For how long one step of the conversation may take.
    seconds
        For how long all of it may take; then the connection is ended.
    """

    def __init__(self, server: str, port: int, *, step_seconds: float, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()
        try:
            # an address of IPv6 is written in brackets where a port may follow
            super().__init__(server.strip("[]"), port, timeout=step_seconds)
        except BaseException:
            self._timer.cancel()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self._timer.cancel()

    def getreply(self) -> tuple[int, bytes]:
        """One answer of the server.

        Raises smtplib.SMTPServerDisconnected where it says too much or nothing.
        """
        if self.file is None and self.sock is not None:
            self.file = _BoundedLines(self.sock.makefile("rb"))
        return super().getreply()

    def _end(self) -> None:
        connection = self.sock
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _BoundedLines:
    """The lines that a server says, up to a bound."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, MAX_SAID_BYTES

    def readline(self, size: int = -1) -> bytes:
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("the mail server says too much")
        return line

    def close(self) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
