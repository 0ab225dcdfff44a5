"""What must hold of explanations, on waves made account by account."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from audit.makes.causes import MAKES, Seen, one_world
from birdfall.explanations.other_makes import SURE
from birdfall.explanations.reference_worlds import CAUSES, reference
from birdfall.explanations.verdict import CauseVerdict, weigh_causes

#: So many worlds are looked through for one of which it is said.
MOST_WORLDS = 1000
#: Share of waves of two causes.
MIXED = 0.15


def _told(seed: int, returns: bool) -> Iterator[tuple[Seen, CauseVerdict]]:
    """Worlds of any cause and make of which anything is said, and what is."""
    rng = np.random.default_rng(seed)
    for _ in range(MOST_WORLDS):
        cause = str(rng.choice(["churn", *MAKES]))
        world = one_world(rng, cause, mixed=bool(rng.random() < MIXED))
        known = world.counts | world.list_ | (world.returned if returns else {})
        weighed = weigh_causes(dict(known), reference(), deep=False)
        if weighed.members:
            yield world, weighed


def _first(
    seed: int, returns: bool, said: Callable[[CauseVerdict], bool]
) -> tuple[Seen, CauseVerdict] | None:
    return next(((w, v) for w, v in _told(seed, returns) if said(v)), None)


def what_is_sure_is_true(seed: int, *, returns: bool = False) -> bool:
    """Whether a cause said with 0.99 or more is the cause."""
    found = _first(seed, returns, lambda v: float(v.probability.max()) >= SURE)
    return found is not None and CAUSES[int(found[1].probability.argmax())] == found[0].cause


def the_cause_is_in_the_set(seed: int, *, returns: bool = False) -> bool:
    """Whether the cause is left."""
    found = _first(seed, returns, lambda _: True)
    return found is not None and found[0].cause in found[1].members


def the_one_left_is_the_cause(seed: int, *, returns: bool = False) -> bool:
    """Whether the one cause that is left is the cause."""
    found = _first(seed, returns, lambda v: v.decided)
    return found is not None and found[1].members == (found[0].cause,)
