"""Detectors side by side: each does what the single one does, and a bank that was kept goes on as
if it never stopped."""

import copy

import numpy as np
import pytest
from scipy import stats

from birdfall.kernels import edetector
from birdfall.watch.detect.chance_bounds import LearnedBaseline, log_tail
from birdfall.watch.detect.detector_bank import (
    LEARNING_LAG_TICKS,
    ONSET_HISTORY_TICKS,
    SETTLED_TICKS,
    DetectorBank,
)
from birdfall.watch.detect.detector_log import DetectorLog
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey
from tiers import every_pair, some_fast


def close(bank, counts):
    for name, number in counts.items():
        bank.add_events(name, number)
    bank.close_tick(teach=np.ones(len(bank), bool), covered=True)


def test_the_open_tick_is_judged_as_the_closed_one_will_be():
    bank = DetectorBank()
    bank.tick = 1000
    bank.add([ALL_FALLS, StreamKey.parse("leader:x")])
    for _ in range(40):
        close(bank, {ALL_FALLS: 1})
    bank.add_events(ALL_FALLS, 30)
    expected, sizes = bank.expected_counts(), bank.spread_sizes()
    now = bank.evidence()
    state = bank.state[:2].copy()
    after, evidence = edetector.advance(
        state[0], np.array([30.0]), expected[:1], sizes[:1], np.ones(1, bool), bank.thetas
    )
    assert now[0] == pytest.approx(evidence[0])
    bank.close_tick(teach=np.ones(2, bool), covered=True)
    assert bank.state[0] == pytest.approx(after)


def test_a_kept_bank_goes_on_as_if_it_never_stopped():
    rng = np.random.default_rng(0)
    first = DetectorBank()
    first.tick = 5
    first.add([ALL_FALLS, StreamKey.parse("leader:x"), StreamKey.parse("target:y")])
    for _ in range(200):
        close(
            first,
            {ALL_FALLS: int(rng.poisson(1)), StreamKey.parse("target:y"): int(rng.poisson(0.1))},
        )
    second = DetectorBank()
    DetectorLog().restore(second, first.export_states())
    second.add([StreamKey.parse("leader:new")])
    first.add([StreamKey.parse("leader:new")])
    for bank in (first, second):
        bank.add_events(ALL_FALLS, 12)
        bank.add_events(StreamKey.parse("target:y"), 9)
    assert second.tick == first.tick
    assert second.expected_counts() == pytest.approx(first.expected_counts())
    assert second.evidence() == pytest.approx(first.evidence())


def test_empty_ticks_skipped_are_empty_ticks_lived():
    lived, skipped = DetectorBank(), DetectorBank()
    for bank in (lived, skipped):
        bank.tick = 10
        bank.add([ALL_FALLS])
        for _ in range(SETTLED_TICKS + LEARNING_LAG_TICKS):
            close(bank, {ALL_FALLS: 2})
    for _ in range(50):
        close(lived, {})
    skipped.skip_ticks(50, covered=True)
    assert skipped.expected_counts() == pytest.approx(lived.expected_counts())
    assert skipped.tick == lived.tick
    # while skipping, the bound of the beginning is used throughout: evidence differs a little, and
    # never upward by much
    assert skipped.evidence()[0] <= lived.evidence()[0] + 0.5


@pytest.mark.parametrize("ticks", [1, 20, 29, 30, 31, 359, 360, 361, 389, 390, 391, 1000, 100_000])
@pytest.mark.parametrize("covered", [True, False])
def test_what_was_sums_up_alike_whether_empty_ticks_are_skipped_or_lived(ticks, covered):
    """What a silence of hours leaves behind is nothing: a spread of counts that are gone would
    judge those that come."""
    rng = np.random.default_rng(ticks)
    bank = DetectorBank()
    bank.tick = 17
    bank.add([ALL_FALLS, StreamKey.parse("leader:x")])
    for k in range(500):
        bank.add_events(ALL_FALLS, int(rng.poisson(3 if k < 450 else 9)))
        bank.add_events(StreamKey.parse("leader:x"), int(rng.poisson(0.2)))
        bank.close_tick(teach=np.array([k % 7 != 0, True]), covered=True)
    bank.skip_ticks(ticks, covered=covered)
    old = (
        np.arange(bank.tick - ONSET_HISTORY_TICKS, bank.tick - LEARNING_LAG_TICKS)
        % ONSET_HISTORY_TICKS
    )
    late = np.arange(bank.tick - LEARNING_LAG_TICKS, bank.tick)
    counts, taught = bank.recent[:2].astype(float), bank.taught[:2][:, late % LEARNING_LAG_TICKS]
    assert bank.sums[:2, 0] == pytest.approx(
        (counts[:, late % ONSET_HISTORY_TICKS] * taught).sum(axis=1)
    )
    assert bank.sums[:2, 1] == pytest.approx(taught.sum(axis=1))
    assert bank.sums[:2, 2] == pytest.approx(counts[:, old].sum(axis=1))
    assert bank.sums[:2, 3] == pytest.approx((counts[:, old] ** 2).sum(axis=1))


def test_a_burst_does_not_become_its_own_yardstick():
    bank = DetectorBank()
    bank.tick = 1
    bank.add([ALL_FALLS])
    for _ in range(500):
        close(bank, {ALL_FALLS: 1})
    before = bank.expected_counts()[0]
    for _ in range(LEARNING_LAG_TICKS - 1):
        close(bank, {ALL_FALLS: 50})
    assert bank.expected_counts()[0] <= 1.2 * before


@pytest.mark.parametrize("seed", some_fast(range(4), 1))
def test_false_alarms_stay_within_the_budget(seed):
    """A hundred audiences of all kinds of rates, watched for a day, at one false alarm a year."""
    rng = np.random.default_rng(seed)
    bank = DetectorBank(false_alarms_per_year=1.0)
    bank.tick = 1
    names = [StreamKey.parse(f"leader:{i}") for i in range(100)]
    rates = np.geomspace(0.001, 3, 100)
    bank.add(names)
    alarms = 0
    # an hour's level wanders by a third by itself: more than that only history can tell from a wave
    for _hour in range(24):
        level = rates * rng.gamma(8, 1 / 8, 100)
        for _ in range(360):
            bank.count[:100] = rng.poisson(level)
            called = bank.significant_streams(bank.evidence())
            alarms += bool(called)
            bank.reset_evidence(called)
            bank.close_tick(teach=np.ones(100, bool), covered=True)
    # a day of a watch at one a year: one alarm at all is a chance of about 0.3 %
    assert alarms == 0


@pytest.mark.parametrize("rate", some_fast([0.3, 30.0, 0.02, 3.0], 1))
def test_all_suspensions_raise_nothing_while_their_level_wanders(rate):
    """What stands for everything has a quarter of the budget, and counts of some ticks together: a
    day of each rate."""
    rng = np.random.default_rng(int(rate * 100))
    bank = DetectorBank(false_alarms_per_year=1.0)
    bank.tick = 1
    bank.add([ALL_FALLS, ALL_REPORTS])
    for _hour in range(24):
        level = rate * rng.gamma(8, 1 / 8)
        for _ in range(360):
            bank.count[0] = rng.poisson(level)
            assert bank.significant_streams(bank.evidence()) == []
            bank.close_tick(teach=np.ones(2, bool), covered=True)


@pytest.mark.parametrize(
    ("mean", "size"),
    [(18.0, 54.0), (3.0, 9.0), (0.1, 0.5), (180.0, 300.0), (1e-5, 1.0), (18.0, 1e9)],
)
def test_the_tail_is_never_taken_for_less_than_it_is(mean, size):
    known = min(size, 1e7)
    for number in range(1, int(10 * mean) + 20):
        true = stats.nbinom(known, known / (known + mean)).logsf(number - 1)
        if true < -200:
            break
        assert log_tail(number, mean, size) >= true - 1e-6
        if number > 2 * mean + 3:
            assert log_tail(number, mean, size) <= true + 1


def test_what_stands_for_everything_weighs_more_than_one_of_many():
    """However many audiences are watched, all suspensions are called by the same number."""

    def needed(audiences, name):
        bank = DetectorBank()
        bank.tick = 1
        bank.add(
            [ALL_FALLS, ALL_REPORTS, *(StreamKey.parse(f"leader:{i}") for i in range(audiences))]
        )
        bank.ticks[: len(bank)] = 2000
        bank.total[: len(bank)] = 200
        for number in range(1, 100):
            bank.count[bank.row[name]] = number
            if name in bank.significant_streams(bank.evidence()):
                return number
        return None

    assert needed(10, ALL_FALLS) == needed(5000, ALL_FALLS)
    assert needed(10, ALL_FALLS) < needed(5000, StreamKey.parse("leader:0"))


def test_weights_are_shared_out_and_no_more():
    """Of e-BH's weights only their sum is bounded, by the number of streams."""
    bank = DetectorBank()
    bank.add([ALL_FALLS, ALL_REPORTS, *(StreamKey.parse(f"leader:{i}") for i in range(8))])
    budget = np.log(bank.threshold)

    def called(evidence):
        return bank.significant_streams(np.array(evidence))

    none = [-np.inf] * 10
    # a quarter of the budget; from a quarter of an hour on half of that is for evidence: eight
    # times the threshold
    assert called([budget + np.log(4) + 0.01, *none[1:]]) == [ALL_FALLS]
    bank.ticks[:10] = SETTLED_TICKS
    assert called([budget + np.log(8) + 0.01, *none[1:]]) == [ALL_FALLS]
    assert called([budget + np.log(8) - 0.01, *none[1:]]) == []
    # half of it for eight others: sixteen times
    assert called([*none[1:], budget + np.log(16) + 0.01]) == [StreamKey.parse("leader:7")]
    assert called([*none[1:], budget + np.log(16) - 0.01]) == []
    bank.learned[ALL_FALLS] = LearnedBaseline(1.0, 10.0)
    assert called([budget + np.log(16) - 0.01, *none[1:]]) == []


@pytest.mark.parametrize(("rate", "hours", "share"), [(2.0, 1, 0.9), (1.0, 6, 0.75)])
def test_a_tenfold_rate_is_called_within_a_minute(rate, hours, share):
    """From a dozen events a minute on; at six in four of five once six hours are known."""
    rng = np.random.default_rng(1)
    bank = DetectorBank()
    bank.tick = 1
    bank.add([ALL_FALLS, ALL_REPORTS, *(StreamKey.parse(f"leader:{i}") for i in range(50))])
    for _ in range(hours * 360):
        close(bank, {ALL_FALLS: int(rng.poisson(rate))})
    late = []
    for _ in range(40):
        risen = copy.deepcopy(bank)
        for tick in range(12):
            risen.add_events(ALL_FALLS, int(rng.poisson(10 * rate)))
            if ALL_FALLS in risen.significant_streams(risen.evidence()):
                late.append(tick + 1)
                break
            risen.close_tick(teach=np.ones(len(bank), bool), covered=True)
        else:
            late.append(99)
    assert np.mean(np.array(late) <= 6) >= share
    assert max(late) <= 12


def _begun(bank, seconds, moments):
    """Whether falls at these seconds are called by a bank whose watch began at a moment of a tick;
    the tick is ten seconds."""
    bank.tick = 1
    bank.add([ALL_FALLS, ALL_REPORTS, StreamKey.parse("leader:x")])
    for tick in range(int(seconds // 10) + 1):
        number = np.count_nonzero(np.floor(np.asarray(moments) / 10) == tick)
        bank.add_events(ALL_FALLS, number)
        bank.add_events(StreamKey.parse("leader:x"), number)
        if bank.significant_streams(bank.evidence()):
            return True
        bank.close_tick(teach=np.ones(3, bool), covered=True)
    return False


@pytest.mark.parametrize("begun", np.arange(0.25, 10, 0.5))
@pytest.mark.parametrize(
    ("quiet", "falls", "lasts"), [(30, 80, 8), (30, 200, 40), (60, 50, 4), (60, 80, 40)]
)
def test_a_wave_is_called_in_a_watch_that_is_half_a_minute_old(begun, quiet, falls, lasts):
    """However it lies over the ticks: the part of it in a tick that ended may not be what the rest
    is measured by."""
    before = [begun + quiet / 4, begun + quiet / 3]
    assert _begun(
        DetectorBank(),
        begun + quiet + lasts,
        before + list(begun + quiet + np.linspace(0, lasts, falls)),
    )


@pytest.mark.parametrize(
    ("rate", "size"),
    every_pair(
        [0.3, 3, 30, 300, 3000],
        [1.0, 5.0, 1e6],
        fast=[(0.3, 1.0), (3, 5.0), (30, 1.0), (300, 1e6), (3000, 5.0)],
    ),
)
def test_a_watch_that_begins_takes_what_it_finds_for_usual(rate, size):
    """A platform that suspends three hundred a tick is no wave because nobody looked before."""
    called = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bank = DetectorBank()
        bank.tick = 1
        bank.add([ALL_FALLS, ALL_REPORTS])
        counts = rng.poisson(rate * rng.gamma(size, 1 / size, 60))
        counts[0] = rng.binomial(counts[0], rng.random())
        for number in counts:
            bank.add_events(ALL_FALLS, number)
            called += bool(bank.significant_streams(bank.evidence()))
            bank.close_tick(teach=np.ones(2, bool), covered=True)
    # ticks that vary as widely as size 1 are at the limit of what is granted: one in 500 watches is
    # measured there
    assert called == 0 if size > 1 else called <= 2


def test_dropped_streams_leave_the_others_as_they_were():
    bank = DetectorBank()
    bank.tick = 1
    bank.add([ALL_FALLS, StreamKey.parse("target:a"), StreamKey.parse("target:b")])
    close(bank, {ALL_FALLS: 3, StreamKey.parse("target:b"): 2})
    kept = bank.export_states([StreamKey.parse("target:b")])[StreamKey.parse("target:b")]
    bank.drop({StreamKey.parse("target:a")})
    assert bank.streams == [ALL_FALLS, StreamKey.parse("target:b")]
    assert bank.export_states([StreamKey.parse("target:b")])[StreamKey.parse("target:b")] == kept


def test_more_streams_than_there_was_room_for():
    bank = DetectorBank()
    bank.tick = 1
    bank.add((StreamKey.parse(f"leader:{i}") for i in range(1000)), ticks=10)
    bank.add_events(StreamKey.parse("leader:999"), 5)
    assert bank.evidence()[999] > bank.evidence()[0]
