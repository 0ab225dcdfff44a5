"""How commands print: results on stdout, messages and progress on stderr."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from birdfall.model.progress import Progress, silent

#: The longest progress line on a terminal, in characters.
MAX_LINE = 120
#: Seconds between two lines of the same stage in a log.
LOG_INTERVAL_S = 10.0
#: Seconds between two states of the live line of a terminal.
LIVE_INTERVAL_S = 0.1


def log(text: str) -> None:
    """Print one message, on stderr."""
    print(_encodable(text, sys.stderr), file=sys.stderr, flush=True)


def quiet_libraries() -> None:
    """Keep what libraries would say of each broken connection off stderr, where it would bury what
    the watch says; whoever set up logging still gets it.
    """
    for name in ("asyncio", "websockets"):
        logging.getLogger(name).addHandler(logging.NullHandler())


def print_result(text: str) -> None:
    """Print a result, on stdout."""
    print(_encodable(text, sys.stdout), flush=True)


def print_json(value: object) -> None:
    """Print a result as JSON, on stdout."""
    from birdfall.model.findings import to_plain  # Arrow, which `--help` must not wait for

    text = json.dumps(
        to_plain(value), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False
    )
    print(_encodable(text, sys.stdout), flush=True)


def _encodable(text: str, stream: TextIO) -> str:
    """The text with what the stream cannot hold (half of a pair, an unreadable name) as escapes."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextmanager
def show_progress(quiet: bool = False) -> Iterator[Progress]:
    """A progress listener: a live line with rate and time left on a terminal, one line per stage
    elsewhere.
    """
    if quiet:
        yield silent
        return
    lines = _LiveLine() if sys.stderr.isatty() else _LogLines()
    try:
        yield lines
    finally:
        lines.end()


class _LogLines:
    """For logs and pipes: each stage once, and again every ten seconds while it lasts."""

    def __init__(self) -> None:
        self.stage = ""
        self.began_at = self.printed_at = time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None, unit: str) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.began_at, self.printed_at = stage, now, now
            log(f"{stage} ...")
        elif now - self.printed_at >= LOG_INTERVAL_S:
            self.printed_at = now
            log(f"{stage} ... {_progress_text(done, total, unit, now - self.began_at)}")

    def end(self) -> None:
        """Leave the log as it is."""


class _LiveLine(_LogLines):
    """For a terminal: one line that is written over, ten times a second at most."""

    def __call__(self, stage: str, done: int, total: int | None, unit: str) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.began_at, self.printed_at = stage, now, 0.0
        if now - self.printed_at >= LIVE_INTERVAL_S:
            self.printed_at = now
            line = f"{stage} ... {_progress_text(done, total, unit, now - self.began_at)}"
            print("\r\x1b[2K" + line[:MAX_LINE], end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self.stage:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _progress_text(done: int, total: int | None, unit: str, seconds: float) -> str:
    rate = done / seconds if seconds > 0.5 else 0.0
    # How many rows a file has is only known at its end.
    about = "about " if unit == "rows" and total != done else ""
    text = (
        f"{_format_count(done)} {unit}"
        if total is None
        else f"{_format_count(done)} of {about}{_format_count(total)} {unit}"
    )
    if rate >= 1:
        text += f", {_format_count(round(rate))}/s"
        if total is not None and done < total:
            text += f", {_duration((total - done) / rate)} left"
    return text


def _format_count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
