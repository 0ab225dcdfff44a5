"""Controls for the fallen: accounts that stood, of like age and activity and audience, of whom as much is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: A stratum with fewer controls than this is joined with others; with none to join, its fallen are left out and counted.
MIN_CONTROLS = 5


@dataclass(frozen=True)
class MatchedControls:
    """fallen, controls: account codes. weight: float64 per control: how many of the fallen it stands for. unmatched: how many have no like."""

    fallen: np.ndarray
    controls: np.ndarray
    weight: np.ndarray
    unmatched: int

    @property
    def effective(self) -> float:
        """The number of even controls that would say as much (Kish 1965)."""
        return float(self.weight.sum() ** 2 / (self.weight**2).sum()) if len(self.weight) else 0.0


def match_controls(
    fallen: np.ndarray, others: np.ndarray, traits: list[np.ndarray]
) -> MatchedControls:
    """Coarsened exact matching (Iacus, King and Porro 2012) with weights.

    fallen, others: codes. traits: int64 per account code each, the most important first; where controls are too few the last is given up,
    then the one before it; the first is never given up.
    """
    weight = np.zeros(len(others))
    left = np.asarray(fallen)
    taken = []
    for depth in range(len(traits), 0, -1):
        key = _combine_traits(traits[:depth])
        names, at = np.unique(key[others], return_inverse=True)
        controls = np.bincount(at, minlength=len(names))
        place = np.searchsorted(names, key[left])
        place[place == len(names)] = 0
        good = (
            (names[place] == key[left]) & (controls[place] >= MIN_CONTROLS)
            if len(names)
            else np.zeros(len(left), np.bool_)
        )
        if good.any():
            load = np.bincount(place[good], minlength=len(names)) / np.maximum(controls, 1)
            weight += load[at]
            taken.append(left[good])
        left = left[~good]
        if not len(left):
            break
    kept = weight > 0
    chosen = np.sort(np.concatenate(taken)) if taken else np.zeros(0, np.int64)
    return MatchedControls(chosen, others[kept], weight[kept], len(left))


def _combine_traits(traits: list[np.ndarray]) -> np.ndarray:
    key = np.zeros(len(traits[0]), np.int64)
    for trait in traits:
        key = key * (int(trait.max(initial=0)) + 1) + trait
    return key
