"""Dose-response: thresholds jump, flat and smooth curves do not, placebos show nothing; order knows
before from after.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.measures.brigades.dose_response import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    dose_bins,
    dose_curve,
    find_occasions,
    isotonic_fit,
)
from birdfall.measures.brigades.report_order import report_order
from birdfall.measures.brigades.reports import NEVER, Reports, TargetFalls
from birdfall.measures.brigades.threshold_test import (
    design_cells,
    find_jump,
    fit_smooth_rise,
    placebo_jumps,
)

NONE = TargetFalls(*(np.zeros(0, np.int64) for _ in range(4)))


def log(rows):
    """Reports from (reporter, target, time)."""
    rows = sorted(rows, key=lambda r: (r[2], r[0], r[1]))
    who, on, at = (np.array([r[i] for r in rows], np.int64) for i in range(3))
    return Reports(who.astype(np.int32), on.astype(np.int32), at)


def falls(rows):
    """Falls from (code, after, by, ended)."""
    rows = sorted(rows, key=lambda r: (r[0], r[2]))
    code, after, by, ended = (np.array([r[i] for r in rows], np.int64) for i in range(4))
    return TargetFalls(code.astype(np.int32), after, by, ended)


def slow_occasions(reports, fell, within, counted, forget):
    """The same, one report at a time; exact falls only."""
    found = []
    for target in sorted(set(reports.target.tolist())):
        mine = [
            (t, r)
            for t, r, o in zip(
                reports.time.tolist(),
                reports.reporter.tolist(),
                reports.target.tolist(),
                strict=True,
            )
            if o == target
        ]
        mine.sort()
        own = sorted(
            (by, ended)
            for code, by, ended in zip(
                fell.code.tolist(), fell.by.tolist(), fell.ended.tolist(), strict=True
            )
            if code == target
        )
        seen, number, last, passed = set(), 0, None, 0
        for i, (t, r) in enumerate(mine):
            before = [f for f in own if f[0] < t]
            if len(before) != passed or last is None or t - last > forget:
                seen, number, passed = set(), 0, len(before)
            last = t
            seen.add(r)
            number += 1
            if before and t < before[-1][1]:
                continue
            if i + 1 < len(mine) and mine[i + 1][0] == t:
                continue
            following = mine[i + 1][0] if i + 1 < len(mine) else None
            hit = any(
                t <= by <= t + within and (following is None or by < following) for by, _ in own
            )
            found.append((target, t, len(seen) if counted == "reporters" else number, hit))
    return found


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(10, 12), st.integers(0, 30)),
        min_size=1,
        max_size=30,
    ),
    st.lists(
        st.tuples(st.integers(10, 12), st.integers(0, 30), st.integers(0, 9)),
        max_size=5,
        unique_by=lambda f: f[:2],
    ),
    st.sampled_from(["reporters", "reports"]),
    st.integers(1, 8),
    st.integers(2, 40),
)
def test_occasions_agree_with_the_slow_way(rows, fallen, counted, within, forget):
    reports = log(rows)
    fell = (
        falls([(c, by, by, by + down if down else NEVER) for c, by, down in fallen])
        if fallen
        else NONE
    )
    found = find_occasions(reports, fell, within=within, dose=counted, forget=forget)
    got = list(
        zip(
            found.target.tolist(),
            found.time.tolist(),
            found.dose.tolist(),
            found.fell.tolist(),
            strict=True,
        )
    )
    assert got == slow_occasions(reports, fell, within, counted, forget)


def test_a_fall_known_only_within_an_interval_that_holds_a_report_is_left_out_and_counted():
    reports = log([(1, 9, 10), (2, 9, 20), (3, 9, 30)])
    found = find_occasions(reports, falls([(9, 15, 25, NEVER)]), within=100)
    assert found.undated == 1 and not found.fell.any()
    exact = find_occasions(reports, falls([(9, 21, 25, NEVER)]), within=100)
    assert exact.undated == 0 and exact.fell.sum() == 1 and exact.dose[exact.fell].tolist() == [2]


def test_voices_count_a_lockstep_crowd_once():
    reports = log([(r, 9, 10 * r) for r in range(1, 6)])
    found = find_occasions(reports, NONE, within=5, dose="voices", voice=np.full(5, 0.2))
    assert found.dose.tolist() == [1, 1, 1, 1, 1]
    with pytest.raises(ValueError, match="voices"):
        find_occasions(reports, NONE, within=5, dose="voices")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 30)), min_size=1, max_size=25))
def test_isotonic_is_the_closest_rising_sequence(points):
    value, weight = (np.array([p[i] for p in points], float) for i in range(2))
    fitted = isotonic_fit(value, weight)
    assert (np.diff(fitted) >= -1e-12).all()
    # the minimax formula of Robertson, Wright and Dykstra 1988, by brute force
    n = len(value)
    brute = [
        max(
            min(np.average(value[a : b + 1], weights=weight[a : b + 1]) for b in range(i, n))
            for a in range(i + 1)
        )
        for i in range(n)
    ]
    assert np.allclose(fitted, brute)


def simulated(seed, chance, targets=1500):
    """Each target gets up to some forty reports a while apart; after each it falls with
    chance(dose, its own frailty).
    """
    rng = np.random.default_rng(seed)
    rows, fallen = [], []
    for target in range(targets):
        now = int(rng.random() * 300 * DAY_US)
        frailty = rng.gamma(2.0, 0.5)
        for dose in range(1, 1 + min(40, 1 + int(rng.exponential(9)))):
            now += int(rng.exponential(2 * HOUR_US)) + 1
            rows.append((10_000 + dose, target, now))
            if rng.random() < chance(dose, frailty):
                fallen.append((target, now + 1, now + 1, NEVER))
                break
    return log(rows), falls(fallen)


def judged(seed, chance):
    reports, fell = simulated(seed, chance)
    found = find_occasions(reports, fell, within=HOUR_US)
    return found, find_jump(found, draws=199, seed=seed)


def test_a_threshold_is_a_jump_where_it_is():
    found, tested = judged(1, lambda dose, _: 0.3 if dose >= 10 else 0.01)
    assert tested.p <= 0.01
    assert tested.low <= 10 <= tested.high and tested.at in (9, 10, 11)
    assert tested.ratio_low > 5
    assert max(score for _, score in placebo_jumps(found, number=10)) < tested.score


def test_no_dose_and_a_smooth_rise_are_no_jump():
    flat = [judged(seed, lambda *_: 0.03)[1] for seed in range(8)]
    assert sum(t.flat_p <= 0.05 for t in flat) <= 2 and sum(t.p <= 0.05 for t in flat) <= 1
    smooth = [judged(seed, lambda dose, _: 0.01 * dose)[1] for seed in range(8)]
    assert all(t.flat_p <= 0.05 for t in smooth)
    assert sum(t.p <= 0.05 for t in smooth) <= 1


def test_a_steep_but_smooth_rise_is_no_jump_as_a_rule():
    steep = [
        judged(seed, lambda dose, _: 0.15 / (1 + np.exp(-(dose - 10) / 3)))[1] for seed in range(20)
    ]
    assert sum(t.p <= 0.05 for t in steep) <= 5


def test_the_null_of_a_step_is_fitted_in_every_draw():
    """A draw whose fit stalls far from its optimum scores dozens, and would hide any step."""
    found, _ = judged(1, lambda dose, _: 0.3 if dose >= 10 else 0.01)
    low, high = dose_bins(found.dose)
    where = np.searchsorted(low, found.dose, "right") - 1
    cells, number, fallen, design = design_cells(
        where, len(low), found.fell, found.stratum % 4, low, high
    )
    level, _ = fit_smooth_rise(number, fallen[None, :], design, cells, len(low))
    drawn = np.random.default_rng(3).binomial(
        number.astype(int), np.clip(level[0], 0, 1), (199, len(number))
    )
    _, null = fit_smooth_rise(number, drawn.astype(float), design, cells, len(low))
    assert null.max() < 6


def test_two_doses_are_enough_for_a_test():
    rows = [(r, t, 10 * t + r) for t in range(200) for r in range(2)]
    found = find_occasions(
        log(rows), falls([(t, 10 * t + 1, 10 * t + 1, NEVER) for t in range(0, 200, 3)]), within=5
    )
    tested = find_jump(found, draws=49)
    assert tested is not None and 0 < tested.p <= 1


def test_worse_accounts_that_are_reported_more_are_no_jump():
    frail = [judged(seed, lambda _, frailty: 0.03 * frailty)[1] for seed in range(8)]
    assert sum(t.p <= 0.05 for t in frail) <= 1


def test_placebos_of_a_flat_curve_are_mostly_quiet():
    found, _ = judged(3, lambda *_: 0.03)
    quiet = [p for p, _ in placebo_jumps(found, number=20)]
    assert np.median(quiet) > 0.05 and len(quiet) == 20


def test_without_falls_or_with_one_dose_there_is_no_test():
    reports = log([(1, 9, 10), (2, 8, 20)])
    assert find_jump(find_occasions(reports, NONE, within=5)) is None
    shown = dose_curve(find_occasions(reports, NONE, within=5))
    assert shown.occasions.tolist() == [2] and shown.falls.tolist() == [0]


def test_reports_before_the_fall_are_told_from_reports_at_any_time():
    rng = np.random.default_rng(5)
    before, any_time, fallen = [], [], []
    for target in range(40):
        fall = int((20 + rng.random() * 300) * DAY_US)
        fallen.append((target, fall, fall, NEVER))
        for r in range(5):
            before.append((100 + r, target, fall - int(rng.exponential(HOUR_US))))
            any_time.append((100 + r, target, int(rng.random() * fall)))
    near = report_order(log(before), falls(fallen), begin=0, draws=199)
    far = report_order(log(any_time), falls(fallen), begin=0, draws=199)
    assert near.p == 1 / 200 and near.tested == 40 and near.before.tolist() == [5] * 40
    assert far.p > 0.05


def test_order_counts_what_came_after_and_tests_only_exact_falls():
    reports = log([(1, 9, 10), (2, 9, 50), (3, 9, 90), (1, 8, 95)])
    found = report_order(
        reports,
        falls([(9, 60, 60, 80), (9, 85, 85, NEVER), (8, 20, 90, NEVER), (7, 5, 5, NEVER)]),
        begin=0,
    )
    assert (
        found.target.tolist() == [8, 9]
        and found.before.tolist() == [0, 2]
        and found.after.tolist() == [1, 1]
    )
    assert (
        found.first.tolist() == [95, 10]
        and found.last_before.tolist() == [-1, 50]
        and found.tested == 1
    )
    assert report_order(reports, NONE, begin=0).p is None


def test_tempo_alone_is_no_dose():
    # a report that follows at once is followed by a fall more often, whatever the dose
    rng = np.random.default_rng(8)
    rows, fallen = [], []
    for target in range(1200):
        now = int(rng.random() * 300 * DAY_US)
        hurried = rng.random() < 0.5
        for dose in range(1, 1 + min(25, 1 + int(rng.exponential(12 if hurried else 4)))):
            now += int(rng.exponential(20e6 if hurried else 6 * HOUR_US)) + 1
            rows.append((10_000 + dose, target, now))
            if rng.random() < (0.08 if hurried and dose > 1 else 0.01):
                fallen.append((target, now + 1, now + 1, NEVER))
                break
    tested = find_jump(find_occasions(log(rows), falls(fallen), within=MINUTE_US), draws=199)
    assert tested.p > 0.05


@pytest.mark.parametrize(
    ("ratio", "low", "high", "spoken"),
    [
        (2.0, 1.4, 2.9, True),
        (0.77, 0.08, 7.43, False),
        (1.3, 0.9, 1.9, False),
        (None, None, None, False),
    ],
)
def test_a_step_that_may_lead_down_is_no_jump(ratio, low, high, spoken):
    """Far out, where few occasions lie, a bent curve can be left by a step that leads nowhere (331
    hits on Wikipedia, 2013).
    """
    from birdfall.measures.brigades.dose_tests import DoseTest, may_call_jump
    from birdfall.measures.brigades.threshold_test import Jump, PlaceboJump

    step = Jump(331, 331, 331, ratio, low, high, 0.0005, 0.0004, 0.001, 0.001, 12.0)
    assert (
        may_call_jump({"reporters": DoseTest(None, step, [PlaceboJump(0.5, 0.1)] * 40)}) is spoken
    )
