"""Who is hit: the relative hazard of an account under each trigger, by what it is.

One definition for the full and the light world.

An account has a state, follows the leader or not, follows the control or not, uses the shared app
or not, is notable or not. Under a trigger it falls independently of the others with chance 1 -
exp(-hazard x dose); the dose is set so that the expected size is the one drawn. The full world
applies this to accounts, the light one to the 48 kinds of them: the same distribution.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from birdfall.world.priors import Parameters

INAUTHENTIC, AUTOMATED, MANUAL = 0, 1, 2
#: Kinds of accounts: every combination of state, leader, control, app and notable, in that order.
STATE, LEADER, CONTROL, APP, NOTABLE = (
    a.ravel() for a in np.meshgrid([0, 1, 2], [0, 1], [0, 1], [0, 1], [0, 1], indexing="ij")
)
KINDS: Final = len(STATE)
#: At most this share of an eligible population falls, whatever size was drawn.
MOST: Final = 0.9


def shares_of_kinds(parameters: Parameters) -> np.ndarray:
    """The share of each kind in the population: float64[48], summing to 1."""
    p = parameters.every
    state = np.array([p["inauthentic"], p["automated"], 1 - p["inauthentic"] - p["automated"]])
    app = np.array([p["app_inauthentic"], p["app_automated"], p["app_manual"]])
    leader = _multiply_odds(
        p["audience"], np.array([p["audience_inauthentic_odds"], p["audience_automated_odds"], 1.0])
    )
    control = _multiply_odds(
        p["control_audience"], np.array([p["control_inauthentic_odds"], 1.0, 1.0])
    )
    # notable accounts are neither bought nor bots
    notable = np.array([0.0, p["notable"], p["notable"]])
    follows = np.where(NOTABLE == 1, p["notable_follows_leader"], leader[STATE])
    follows_control = np.where(
        LEADER == 1,
        _multiply_odds(control[STATE], np.full(KINDS, p["overlap_odds"])),
        control[STATE],
    )
    return np.asarray(
        state[STATE]
        * _flag_share(NOTABLE, notable[STATE])
        * _flag_share(APP, app[STATE])
        * _flag_share(LEADER, follows)
        * _flag_share(CONTROL, follows_control)
    )


def hazard(
    trigger: str,
    parameters: Parameters,
    state: np.ndarray,
    leader: np.ndarray,
    app: np.ndarray,
    notable: np.ndarray,
) -> np.ndarray:
    """Relative hazards under a trigger (`churn`.

    Of ordinary suspension) for accounts or kinds: float64[n].
    """
    if trigger == "churn":
        p = parameters.every
        return np.asarray(
            np.where(state == INAUTHENTIC, p["base_inauthentic_hazard"], 1.0)
            * np.where(leader == 1, p["base_leader_odds"], 1.0)
        )
    q = parameters.by_trigger[trigger]
    known = np.where(leader == 1, q["focus"], 1.0) * np.where(notable == 1, q["notable"], 1.0)
    if trigger == "purge":
        return np.asarray(known * np.array([1.0, q["leak_automated"], q["leak_manual"]])[state])
    if trigger == "error":
        return np.asarray(known * np.where(app == 1, 1.0, q["leak"]))
    return np.asarray(known * np.array([q["inauthentic"], 1.0, 1.0])[state])


def chances(weight: np.ndarray, number: np.ndarray | float, size: float) -> np.ndarray:
    """The chance to be hit of accounts of each weight, so that `size` are expected.

    1 - exp(-weight x dose).

    weight: float64[n] >= 0, of which there are `number` each. size is cut to `MOST` of those with
    any weight.
    """
    number = np.broadcast_to(np.asarray(number, np.float64), weight.shape)
    eligible = float(number[weight > 0].sum())
    wanted = min(size, MOST * eligible)
    if wanted <= 0:
        return np.zeros(len(weight))
    low, high = -60.0, 60.0
    for _ in range(70):  # bisection on the logarithm of the dose: the expectation grows with it
        middle = (low + high) / 2
        if float(-(number * np.expm1(-weight * np.exp(middle))).sum()) < wanted:
            low = middle
        else:
            high = middle
    return np.asarray(-np.expm1(-weight * np.exp(high)))


def _multiply_odds(share: np.ndarray | float, odds: np.ndarray) -> np.ndarray:
    """`share` with its odds multiplied."""
    share = np.asarray(share)
    return np.asarray(share * odds / (1 - share + share * odds))


def _flag_share(flag: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.where(flag == 1, share, 1 - share)
