"""What the commands say while they work, and how they print results."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from birdfall.model.progress import Progress, silent


def say(text: str) -> None:
    """One line of talk, on stderr."""
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """A result, on stdout."""
    print(text, flush=True)


def show_json(value: Any) -> None:
    """A result as JSON, on stdout."""
    from birdfall.model.findings import _clean

    print(
        json.dumps(_clean(value), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False),
        flush=True,
    )


@contextmanager
def telling(quiet: bool = False) -> Iterator[Progress]:
    """A progress listener: a live line with rate and time left on a terminal, one line per stage elsewhere."""
    if quiet:
        yield silent
        return
    teller = _Live() if sys.stderr.isatty() else _Lines()
    try:
        yield teller
    finally:
        teller.end()


class _Lines:
    """For logs and pipes: each stage once, and again every ten seconds while it lasts."""

    def __init__(self) -> None:
        self.stage = ""
        self.began = self.told = time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None, unit: str) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.began, self.told = stage, now, now
            say(f"{stage} ...")
        elif now - self.told >= 10:
            self.told = now
            say(f"{stage} ... {_standing(done, total, unit, now - self.began)}")

    def end(self) -> None:
        return


class _Live(_Lines):
    """For a terminal: one line that is written over, ten times a second at most."""

    def __call__(self, stage: str, done: int, total: int | None, unit: str) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.began, self.told = stage, now, 0.0
        if now - self.told >= 0.1:
            self.told = now
            line = f"{stage} ... {_standing(done, total, unit, now - self.began)}"
            print("\r\x1b[2K" + line[:120], end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.stage:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _standing(done: int, total: int | None, unit: str, seconds: float) -> str:
    rate = done / seconds if seconds > 0.5 else 0.0
    # How many rows a file has is only known at its end.
    about = "about " if unit == "rows" and total != done else ""
    text = (
        f"{_grouped(done)} {unit}"
        if total is None
        else f"{_grouped(done)} of {about}{_grouped(total)} {unit}"
    )
    if rate >= 1:
        text += f", {_grouped(round(rate))}/s"
        if total is not None and done < total:
            text += f", {_duration((total - done) / rate)} left"
    return text


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
