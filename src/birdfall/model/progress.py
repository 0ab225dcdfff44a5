"""Progress of long work, reported to a listener that the work knows nothing about.

A listener is any callable `(stage, done, total, unit)`. `total` is None when it cannot be known.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called often; must be cheap and must not raise."""

    def __call__(self, stage: str, done: int, total: int | None, unit: str) -> None: ...


def silent(stage: str, done: int, total: int | None, unit: str) -> None:
    """The default listener: nobody."""
