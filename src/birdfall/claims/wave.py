"""The first wave of a case, which claims without a time are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birdfall.model.findings import Finding


@dataclass(frozen=True)
class FirstWave:
    """The first wave of a finding of kind `waves`.

    Parameters
    ----------
    onset_s
        When it began, seconds since 1970.
    members
        int[n], the codes of its accounts.
    observed, expected
        Suspensions in it, and how many would have been usual.
    size_low, size_high
        The interval of the excess.
    """

    onset_s: float
    members: NDArray[np.int64]
    observed: float
    expected: float
    size_low: float
    size_high: float

    @property
    def onset_us(self) -> int:
        """When it began, microseconds since 1970."""
        return int(self.onset_s * 1e6)


def first_wave(findings: Mapping[str, Finding]) -> FirstWave | None:
    """The first wave of the findings of a case, None if no wave was found."""
    found = findings.get("waves")
    if found is None or found.answer != "found":
        return None
    row = found.table("waves").to_pylist()[0]
    members = found.table("members")
    first = members.column("wave").to_numpy() == 1
    return FirstWave(
        onset_s=float(row["start"].timestamp()),
        members=members.column("code").to_numpy()[first].astype(np.int64),
        observed=row["observed"],
        expected=row["expected"],
        size_low=row["size_low"],
        size_high=row["size_high"],
    )
