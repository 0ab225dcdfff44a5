"""How long measuring a case takes: by what it took here before, else by what was measured on other
machines.

Both are ranges, and wide: what a machine does beside decides more than the case.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from birdfall.app.workspace import DESKS

#: The file in a workspace that holds what measuring took, and how many of its last lines count.
TIMES: Final = "times.jsonl"
MAX_TIMES: Final = 20
_MAX_BYTES: Final = 1 << 16
#: Seconds of a processor that measuring took on two cores of a server (docs/performance.md): for a
#: small case at least and at most, and for each million rows of it.
FIXED_SECONDS: Final = (3.5, 8.0)
SECONDS_PER_MILLION: Final = (4.0, 30.0)
#: How much slower a machine at work on other things was by the clock.
BUSY: Final = 5.0
#: By how much the quickest and the slowest time of this machine are widened.
WIDENED: Final = 1.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExpectedTime:
    """Between which times measuring is expected to end.

    Parameters
    ----------
    least, most
        In seconds.
    measured
        How many earlier measurements of this workspace it goes by; 0: those of other machines.
    """

    least: float
    most: float
    measured: int


@dataclass(frozen=True, slots=True)
class TakenTime:
    """What one measurement took. rows: of the case; seconds: by the clock."""

    rows: int
    seconds: float


def expected_time(workspace: Path, rows: int) -> ExpectedTime:
    """How long measuring a case of so many rows takes.

    Each earlier measurement says how many times what is usual this machine takes; the least and the
    most of them hold for the case in question.
    """
    taken = read_times(workspace)
    if not taken:
        return ExpectedTime(_usual(rows, 0), BUSY * _usual(rows, 1), 0)
    ratios = [one.seconds / _middle(one.rows) for one in taken]
    usual = _middle(rows)
    return ExpectedTime(min(ratios) * usual / WIDENED, max(ratios) * usual * WIDENED, len(taken))


def _usual(rows: int, bound: int) -> float:
    return FIXED_SECONDS[bound] + SECONDS_PER_MILLION[bound] * rows / 1e6


def _middle(rows: int) -> float:
    return math.sqrt(_usual(rows, 0) * _usual(rows, 1))


def read_times(workspace: Path) -> list[TakenTime]:
    """What the last measurements took; lines that cannot be read are left out."""
    try:
        with (workspace / DESKS / TIMES).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _MAX_BYTES))
            lines = file.read().splitlines()[-MAX_TIMES:]
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            plain = json.loads(line)
            one = TakenTime(int(plain["rows"]), float(plain["seconds"]))
        except (ValueError, KeyError, TypeError):
            continue
        if one.rows >= 0 and 0 < one.seconds < float("inf"):
            found.append(one)
    return found


def timed(workspace: Path, sizes: Mapping[str, int], work: Callable[[], T]) -> T:
    """What some work comes to; what it took is noted. sizes: rows of the case by table."""
    begun = time.monotonic()
    result = work()
    seconds = max(round(time.monotonic() - begun, 2), 0.01)
    line = json.dumps({"rows": sum(sizes.values()), "seconds": seconds})
    with (workspace / DESKS / TIMES).open("ab") as file:
        file.write(line.encode() + b"\n")
    return result
