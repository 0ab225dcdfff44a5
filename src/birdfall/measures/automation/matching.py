"""Controls for the fallen: accounts that stood, alike in age, activity, audience and knowledge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

#: A stratum with fewer controls is joined with others; with none to join, its fallen are left out.
MIN_CONTROLS: Final = 5


@dataclass(frozen=True)
class MatchedControls:
    """The fallen and the accounts they are compared with.

    Parameters
    ----------
    fallen, controls
        Account codes.
    weight
        float64[controls], how many of the fallen each stands for.
    unmatched
        How many of the fallen have no account like them.
    """

    fallen: np.ndarray
    controls: np.ndarray
    weight: np.ndarray
    unmatched: int

    @property
    def effective(self) -> float:
        """The number of equally weighted controls that would say as much (Kish 1965)."""
        return float(self.weight.sum() ** 2 / (self.weight**2).sum()) if len(self.weight) else 0.0

    def in_order_of(self, values: np.ndarray) -> MatchedControls:
        """The same with both sides in the order of their signals, float64[signals, accounts], so
        that folds and sums do not hang on the codes; accounts alike in all of them are one to each.
        """
        known = np.nan_to_num(values, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        fallen = self.fallen[np.lexsort(known[:, self.fallen])]
        controls = np.lexsort([self.weight, *known[:, self.controls]])
        return replace(
            self, fallen=fallen, controls=self.controls[controls], weight=self.weight[controls]
        )


def match_controls(
    fallen: np.ndarray, others: np.ndarray, traits: list[np.ndarray]
) -> MatchedControls:
    """Match controls to the fallen by coarsened exact matching with weights.

    Parameters
    ----------
    fallen, others
        int64 codes of the fallen and of the accounts that stood.
    traits
        int64[accounts] each, the most important first. Where controls are too few the last is given
        up, then the one before it; the first is never given up.

    References
    ----------
    Iacus, King and Porro (2012), Causal inference without balance checking.

    Examples
    --------
    >>> trait = np.array([0, 1, 0, 0, 0, 0, 0, 1])
    >>> match_controls(np.array([0, 1]), np.arange(2, 8), [trait]).unmatched
    1
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
