"""Coming back at once: a crew's reports lie closer together than the crowd's on the same targets,
an honest circle's do not.
"""

import numpy as np
import pytest
from brigade_worlds import world

from birdfall.measures.brigades.crew import CrewFit, fisher_p, fit_classes
from birdfall.measures.brigades.dense_blocks import find_blocks
from birdfall.measures.brigades.synchrony import DRAWS, NO_SYNCHRONY, Synchrony, measure_synchrony
from tiers import some_fast

SECOND = 1_000_000


def drawn(seed, *, back_s, once_s, targets=4, each=30):
    rng = np.random.default_rng(seed)
    target = np.repeat(np.arange(targets), 2 * each)
    back = np.tile(np.arange(2 * each) < each, targets)
    lag = np.where(back, rng.exponential(back_s, len(back)), rng.exponential(once_s, len(back)))
    return target, (target * 7200 * SECOND + lag * SECOND).astype(np.int64), back


@pytest.mark.parametrize(("worlds", "most"), some_fast([(15, 3), (40, 5)], 1))
def test_who_comes_at_once_is_told_from_who_comes_like_the_rest(worlds, most):
    crew = measure_synchrony(*drawn(1, back_s=120, once_s=1200), seed=[0])
    assert crew.p == 1 / (1 + DRAWS) and crew.ratio < 0.25
    alike = [
        measure_synchrony(*drawn(seed, back_s=900, once_s=900), seed=[seed])
        for seed in range(worlds)
    ]
    assert sum(s.p <= 0.05 for s in alike) <= most
    assert not any(s.ratio <= 0.4 for s in alike)


def test_the_ratio_is_that_of_the_spreads():
    """By hand: distances to the median of one's own kind are 1, 0, 1 and 10, 0, 10 seconds on
    either target.
    """
    times = np.array([0, 1, 2, 0, 10, 20]) * SECOND
    target, time = np.repeat([1, 2], 60), np.tile(np.repeat(times, 10), 2)
    back = np.tile(np.repeat([True, True, True, False, False, False], 10), 2)
    assert measure_synchrony(target, time, back, seed=[0]).ratio == pytest.approx(
        (SECOND + 1) / (10 * SECOND + 1)
    )


def test_with_too_few_of_either_kind_nothing_is_said():
    target, time, back = drawn(2, back_s=10, once_s=1000, targets=1, each=9)
    assert measure_synchrony(target, time, back, seed=[0]) == NO_SYNCHRONY


def crew(joins, sync_, p=0.005):
    few = np.arange(3, dtype=np.int32)
    return CrewFit(few, np.array([3, 3, 3]), np.full(3, 1e-9), joins, 0.1, 0.5, p, 6, sync_)


def test_a_crew_that_comes_seldom_is_called_only_if_it_comes_at_once_and_names_nobody():
    seldom = crew(0.2, Synchrony(0.2, 0.002))
    assert (
        seldom.is_firm(0.01)
        and not seldom.is_steady(0.01)
        and not len(seldom.named_reporters(0.01))
    )
    assert crew(0.2, Synchrony(0.2, 0.002), p=0.07).is_firm(0.01), "two signs together"
    assert not crew(0.2, Synchrony(0.2, 0.002), p=0.9).is_firm(0.01)
    assert not crew(0.2, Synchrony(0.9, 0.002)).is_firm(0.01)
    assert not crew(0.2, Synchrony(0.2, 0.2)).is_firm(0.01)
    assert not crew(0.1, Synchrony(0.2, 0.002)).is_firm(0.01)
    assert (
        crew(0.4, NO_SYNCHRONY).is_steady(0.01)
        and len(crew(0.4, NO_SYNCHRONY).named_reporters(0.01)) == 3
    )


def test_a_keen_circle_that_comes_like_the_rest_is_no_crew_unless_it_comes_to_half_the_calls():
    unhurried = Synchrony(0.93, 0.35)
    assert not crew(0.34, unhurried).is_firm(0.01) and not len(
        crew(0.34, unhurried).named_reporters(0.01)
    )
    assert crew(0.34, Synchrony(0.5, 0.2)).is_steady(0.01)
    assert crew(0.6, unhurried).is_steady(0.01)


def test_two_p_values_together_are_uniform_under_chance():
    rng = np.random.default_rng(4)
    drawn_ = np.array([fisher_p(a, b) for a, b in rng.random((4000, 2))])
    assert np.mean(drawn_ <= 0.1) == pytest.approx(0.1, abs=0.02)
    assert fisher_p(1.0, 1.0) == 1.0


def test_a_crew_is_who_comes_back_more_often():
    """The two classes never change places: whatever the start, the crew's mean number of targets is
    the greater.
    """
    once = np.array([[400.0, 60, 10, 2, 0, 0]])
    share, joins, again, gained = fit_classes(once, 0.1)
    assert share[0] == 0 or 6 * joins[0] / (1 - (1 - joins[0]) ** 6) > (1 - again[0] ** 6) / (
        1 - again[0]
    )
    assert gained[0] >= 0


def test_a_crew_that_follows_three_calls_in_ten_is_called_by_both_signs_together():
    made = world(1105, crew=40, joins=0.3)
    [block] = find_blocks(made.reports, window=300_000_000).blocks
    assert np.isin(made.victims, block.targets).mean() >= 0.5
    assert (
        block.crew.p > 0.01
        and block.crew.synchrony.p <= 0.01
        and not len(block.crew.named_reporters(0.01))
    )
