"""Detectors side by side: each does what the single one does, and a bank that was kept goes on as if it never stopped."""

import numpy as np
import pytest

from birdfall.kernels import edetector
from birdfall.watch.bank import LAG, REMEMBERED, SETTLED, Bank


def close(bank, counts):
    for name, number in counts.items():
        bank.put(name, number)
    bank.close(teach=np.ones(len(bank), bool), covered=True)


def test_the_open_tick_is_judged_as_the_closed_one_will_be():
    bank = Bank()
    bank.tick = 1000
    bank.add(["all", "leader:x"])
    for _ in range(40):
        close(bank, {"all": 1})
    bank.put("all", 30)
    expected, sizes = bank.expected(), bank.sizes()
    now = bank.evidence()
    state = bank.state[:2].copy()
    after, evidence = edetector.advance(
        state[0], np.array([30.0]), expected[:1], sizes[:1], np.ones(1, bool), bank.thetas
    )
    assert now[0] == pytest.approx(evidence[0])
    bank.close(teach=np.ones(2, bool), covered=True)
    assert bank.state[0] == pytest.approx(after)


def test_a_kept_bank_goes_on_as_if_it_never_stopped():
    rng = np.random.default_rng(0)
    first = Bank()
    first.tick = 5
    first.add(["all", "leader:x", "target:y"])
    for _ in range(200):
        close(first, {"all": int(rng.poisson(1)), "target:y": int(rng.poisson(0.1))})
    second = Bank()
    second.restore(first.plain())
    second.add(["leader:new"])
    first.add(["leader:new"])
    for bank in (first, second):
        bank.put("all", 12)
        bank.put("target:y", 9)
    assert second.tick == first.tick
    assert second.expected() == pytest.approx(first.expected())
    assert second.evidence() == pytest.approx(first.evidence())


def test_empty_ticks_skipped_are_empty_ticks_lived():
    lived, skipped = Bank(), Bank()
    for bank in (lived, skipped):
        bank.tick = 10
        bank.add(["all"])
        for _ in range(SETTLED + LAG):
            close(bank, {"all": 2})
    for _ in range(50):
        close(lived, {})
    skipped.skip(50, covered=True)
    assert skipped.expected() == pytest.approx(lived.expected())
    assert skipped.tick == lived.tick
    # while skipping, the bound of the beginning is used throughout: evidence differs a little, and never upward by much
    assert skipped.evidence()[0] <= lived.evidence()[0] + 0.5


@pytest.mark.parametrize("ticks", [1, 20, 29, 30, 31, 359, 360, 361, 389, 390, 391, 1000, 100_000])
@pytest.mark.parametrize("covered", [True, False])
def test_what_was_sums_up_alike_whether_empty_ticks_are_skipped_or_lived(ticks, covered):
    """What a silence of hours leaves behind is nothing: a spread of counts that are gone would judge those that come."""
    rng = np.random.default_rng(ticks)
    bank = Bank()
    bank.tick = 17
    bank.add(["all", "leader:x"])
    for k in range(500):
        bank.put("all", int(rng.poisson(3 if k < 450 else 9)))
        bank.put("leader:x", int(rng.poisson(0.2)))
        bank.close(teach=np.array([k % 7 != 0, True]), covered=True)
    bank.skip(ticks, covered=covered)
    old = np.arange(bank.tick - REMEMBERED, bank.tick - LAG) % REMEMBERED
    late = np.arange(bank.tick - LAG, bank.tick)
    counts, taught = bank.recent[:2].astype(float), bank.taught[:2][:, late % LAG]
    assert bank.sums[:2, 0] == pytest.approx((counts[:, late % REMEMBERED] * taught).sum(axis=1))
    assert bank.sums[:2, 1] == pytest.approx(taught.sum(axis=1))
    assert bank.sums[:2, 2] == pytest.approx(counts[:, old].sum(axis=1))
    assert bank.sums[:2, 3] == pytest.approx((counts[:, old] ** 2).sum(axis=1))


def test_a_burst_does_not_become_its_own_yardstick():
    bank = Bank()
    bank.tick = 1
    bank.add(["all"])
    for _ in range(500):
        close(bank, {"all": 1})
    before = bank.expected()[0]
    for _ in range(LAG - 1):
        close(bank, {"all": 50})
    assert bank.expected()[0] <= 1.2 * before


@pytest.mark.parametrize("seed", range(4))
def test_false_alarms_stay_within_the_budget(seed):
    """A hundred audiences of all kinds of rates, watched for a day each, at one false alarm a year."""
    rng = np.random.default_rng(seed)
    bank = Bank(false_alarms_per_year=1.0)
    bank.tick = 1
    names = [f"leader:{i}" for i in range(100)]
    rates = np.geomspace(0.001, 3, 100)
    bank.add(names)
    alarms = 0
    # an hour's level wanders by a third by itself: more than that only history can tell from a wave
    for _hour in range(24):
        level = rates * rng.gamma(8, 1 / 8, 100)
        for _ in range(360):
            bank.count[:100] = rng.poisson(level)
            called = bank.standing_out(bank.evidence())
            alarms += bool(called)
            bank.begin_anew(called)
            bank.close(teach=np.ones(100, bool), covered=True)
    # a day of a watch at one a year: one alarm at all is a chance of about 0.3 %
    assert alarms == 0


def test_a_tenfold_rate_is_called_within_a_minute():
    rng = np.random.default_rng(1)
    late = []
    for _ in range(20):
        bank = Bank()
        bank.tick = 1
        bank.add(["all", *(f"leader:{i}" for i in range(50))])
        for _ in range(2000):
            close(bank, {"all": int(rng.poisson(1.0))})
        for tick in range(12):
            bank.put("all", int(rng.poisson(10)))
            if bank.standing_out(bank.evidence()):
                late.append(tick + 1)
                break
            bank.close(teach=np.ones(len(bank), bool), covered=True)
        else:
            late.append(99)
    assert np.median(late) <= 6
    assert max(late) <= 12


def test_dropped_streams_leave_the_others_as_they_were():
    bank = Bank()
    bank.tick = 1
    bank.add(["all", "target:a", "target:b"])
    close(bank, {"all": 3, "target:b": 2})
    kept = bank.plain(["target:b"])["target:b"]
    bank.drop({"target:a"})
    assert bank.names == ["all", "target:b"]
    assert bank.plain(["target:b"])["target:b"] == kept


def test_more_streams_than_there_was_room_for():
    bank = Bank()
    bank.tick = 1
    bank.add(f"leader:{i}" for i in range(1000))
    bank.put("leader:999", 5)
    assert bank.evidence()[999] > bank.evidence()[0]
