"""The gates of the weighing, small and on fixed seeds.

Large ones run by `make test-calibration`. The docs print the shipped figures.
"""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from birdfall.explanations.calibration import Z_95, failed_gates, items_of_tier, measure_tier
from birdfall.explanations.calibration_report import calibration_tables, second_opinion_table
from birdfall.explanations.conformal_sets import calibrate_sets
from birdfall.explanations.likelihood_ratio import MONOTONE_ITEMS, fit_calibrated
from birdfall.explanations.ratio_check import misleading_shares, pair_figures, ratio_cost
from birdfall.explanations.recalibration import pairs_to_keep, recalibration
from birdfall.explanations.reference_worlds import (
    CAUSES,
    STRESSES,
    Worlds,
    calibration_figures,
    fresh_worlds,
    labelled_worlds,
    pack_parts,
    reference,
    stress_priors,
    unpack_parts,
)
from birdfall.explanations.verdict import weigh_causes
from birdfall.model.errors import UsageError
from birdfall.world.evidence import ITEMS
from birdfall.world.fast import light_worlds
from birdfall.world.observation import TIERS
from birdfall.world.priors import priors
from tiers import some_fast

PAGE = Path(__file__).parents[2] / "docs/methods/explanations.md"


@pytest.fixture(scope="module", params=some_fast([1500, 5000], 1))
def fresh(request):
    """Worlds of a seed that nothing shipped was made with."""
    return fresh_worlds(request.param, 777)


@pytest.fixture(scope="module", params=some_fast(["reports", "counts", "reinstatement"], 1))
def tier(request):
    model = fit_calibrated(reference(), items_of_tier(request.param))
    return request.param, model, calibrate_sets(model, reference().calibrate, reference().unlike)


def test_probabilities_of_unseen_worlds_are_frequencies(tier, fresh):
    _, model, _ = tier
    p = model.probabilities(fresh.columns(model.scale.items))
    error = 0.0
    for k in range(len(CAUSES)):
        where = np.minimum((p[:, k] * 10).astype(int), 9)
        for b in range(10):
            inside = where == b
            error += abs((p[inside, k] - (fresh.cause[inside] == k)).sum())
    # 1,500 or 5,000 worlds in fifty cells: chance alone gives about 0.012 or 0.006
    assert error / p.size <= 0.02


def test_sets_hold_the_true_cause(tier, fresh):
    _, model, sets = tier
    for stress, promised in ((False, 0.945), (True, 0.95)):
        members = sets.members(fresh.columns(model.scale.items), stressed=stress)
        for k, cause in enumerate(CAUSES):
            own = fresh.cause == k
            # thirty such counts: each may fall so low by chance once in 10,000
            assert members[own, k].sum() >= binom.ppf(1e-4, own.sum(), promised), cause


@pytest.fixture(scope="module")
def quiet():
    return light_worlds(1000, 4242, trigger="churn")


@pytest.mark.slow
def test_a_world_in_which_nothing_happened_is_not_given_a_cause(tier, quiet):
    _, model, sets = tier
    members = sets.members(quiet.features[:, [list(ITEMS).index(i) for i in model.scale.items]])
    assert ((members.sum(axis=1) == 1) & ~members[:, 0]).sum() < 10


def test_the_shipped_figures_keep_every_gate():
    assert failed_gates(calibration_figures()) == []
    assert set(calibration_figures()["tiers"]) == set(TIERS)
    for told in calibration_figures()["tiers"].values():
        assert told["reliability_error"] <= 0.02
        assert all(0.94 <= share <= 0.96 for share in told["coverage"].values())
        assert told["churn_verdicts"] < 0.01
        assert set(told["stress"]) == set(STRESSES)
        for simulator in told["stress"].values():
            assert simulator["reliability_error"] <= 0.05
            assert min(simulator["coverage"].values()) >= 0.90
        for pair in told["ratios"]:
            # few worlds leave a mean of rare large ratios uncertain by a tenth and more
            near = abs(pair["shared"] - 1) - Z_95 * pair["error"]
            assert not pair["estimable"] or near <= 0.1, pair
        # calibrated ratios of k or more are misleading in at most 1 of k worlds (Royall 1997)
        assert told["misleading"]["10"] <= 0.1 and told["misleading"]["100"] <= 0.01
    assert sum(p["estimable"] for p in calibration_figures()["tiers"]["counts"]["ratios"]) >= 10


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda f: f["tiers"]["list"].update(reliability_error=0.021), "list: reliability error"),
        (lambda f: f["tiers"]["list"].update(churn_verdicts=0.02), "churn called a cause"),
        (lambda f: f["tiers"]["list"]["coverage"].update(error=0.93), "coverage of error"),
        (
            lambda f: f["tiers"]["list"]["stress"]["low"].update(reliability_error=0.06),
            "simulator low",
        ),
        (
            lambda f: f["tiers"]["list"]["stress"]["low"]["coverage"].update(purge=0.89),
            "coverage of purge, simulator low",
        ),
        (
            lambda f: next(r for r in f["tiers"]["counts"]["ratios"] if r["estimable"]).update(
                shared=1.2
            ),
            "mean ratio",
        ),
    ],
)
def test_a_gate_that_is_not_kept_is_named(change, word):
    import copy

    worse = copy.deepcopy(calibration_figures())
    change(worse)
    failed = failed_gates(worse)
    assert len(failed) == 1 and word in failed[0]


def test_more_looking_decides_more():
    told = calibration_figures()["tiers"]
    decided = [told[t]["decided"] for t in TIERS]
    assert decided == sorted(decided)
    assert decided[0] < 0.25, "with counts alone the honest answer is mostly that nobody can tell"
    assert decided[-1] > 0.7


def test_the_shipped_figures_are_those_of_the_shipped_worlds():
    assert calibration_figures()["digest"] == reference().digest
    found, told = (
        measure_tier(reference(), items_of_tier("counts")),
        calibration_figures()["tiers"]["counts"],
    )
    for key in ("log_score", "brier", "decided", "reliability_error", "churn_verdicts"):
        assert found[key] == pytest.approx(told[key], abs=2e-3), key
    for key in ("coverage", "coverage_wide"):
        assert found[key] == pytest.approx(told[key], abs=2e-3), key
    for mine, theirs in zip(found["ratios"], told["ratios"], strict=True):
        assert (
            mine["shared"] == pytest.approx(theirs["shared"], rel=0.03) or not theirs["estimable"]
        )


def test_the_page_prints_the_shipped_figures():
    """What `birdfall calibrate` prints of the worlds that ship, line by line."""
    page = PAGE.read_text("utf-8").splitlines()
    for line in calibration_tables(calibration_figures()).splitlines():
        assert not line or line in page, line


def test_the_weighing_is_at_least_as_sharp_as_knowing_nothing_and_sharpens():
    bits = [calibration_figures()["tiers"][t]["log_score_bits"] for t in TIERS]
    assert bits[0] < 0.6 * np.log2(len(CAUSES))
    assert bits == sorted(bits, reverse=True)


@pytest.mark.slow
def test_the_weighing_is_not_worse_than_trees(fresh):
    """The second opinion on fewer worlds: a log score within 10 % of the trees' or better."""
    pytest.importorskip("sklearn")
    from dataclasses import replace

    from birdfall.explanations.boosted_trees_check import second_opinion

    fewer = replace(reference(), learn=reference().learn.select(slice(None, 4000)), measure=fresh)
    found = second_opinion(fewer, ("list",))["list"]
    assert found["log_score_bits"] <= 1.1 * found["trees_log_score_bits"]
    assert found["agree"] > 0.8
    assert found["agree_when_decided"] > 0.97
    assert "list" in second_opinion_table({"list": found})


def test_without_scikit_learn_a_second_opinion_says_what_to_install(monkeypatch):
    import sys

    from birdfall.explanations.boosted_trees_check import second_opinion

    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(UsageError, match="scikit-learn"):
        second_opinion(reference())


def gaussian(n, shift, rng):
    """Two causes that are two normal distributions, the others out of reach.

    Ratios are known exactly.
    """
    cause = np.repeat([0, 1, 2, 3, 4], n)
    x = rng.normal(np.where(cause == 1, shift, 0.0), 1.0)
    logits = np.zeros((len(x), 5))
    logits[:, 1] = shift * x - shift**2 / 2
    logits[:, 2:] = np.where(cause[:, None] == np.array([2, 3, 4]), 50.0, -50.0)
    logits[cause >= 2, :2] = -50
    return logits, cause


def test_exact_ratios_keep_their_definition_and_wrong_ones_do_not():
    logits, cause = gaussian(6000, 1.0, np.random.default_rng(5))
    pair = next(
        p
        for p in pair_figures(logits, cause)
        if (p["cause"], p["against"]) == (CAUSES[1], CAUSES[0])
    )
    assert pair["estimable"]
    assert pair["shared"] == pytest.approx(1, abs=3 * pair["error"])
    assert pair["mean"] == pytest.approx(1, abs=0.1)
    twice = next(
        p
        for p in pair_figures(2 * logits, cause)
        if (p["cause"], p["against"]) == (CAUSES[1], CAUSES[0])
    )
    assert abs(twice["shared"] - 1) > 5 * twice["error"]
    apart = next(
        p
        for p in pair_figures(logits, cause)
        if (p["cause"], p["against"]) == (CAUSES[2], CAUSES[3])
    )
    assert not apart["estimable"], "no world of one lies where worlds of the other do"


def test_overconfident_ratios_are_set_right():
    logits, cause = gaussian(6000, 1.0, np.random.default_rng(6))
    map_, shift = recalibration(2.0 * logits + [0.0, 0.7, 0, 0, 0], cause)
    again, other = gaussian(6000, 1.0, np.random.default_rng(7))
    right = (2.0 * again + [0.0, 0.7, 0, 0, 0]) @ map_ + shift
    pair = next(
        p
        for p in pair_figures(right, other)
        if (p["cause"], p["against"]) == (CAUSES[1], CAUSES[0])
    )
    assert pair["shared"] == pytest.approx(1, abs=0.06)
    assert len(pairs_to_keep(logits, cause)) == 2


def test_cost_and_misleading_evidence_by_hand():
    nothing = np.zeros((10, 5))
    cause = np.repeat(np.arange(5), 2)
    assert ratio_cost(nothing, cause) == {"mean": 1.0, "worst": 1.0}
    known = np.where(np.eye(5)[cause] == 1, 40.0, 0.0)
    assert ratio_cost(known, cause)["worst"] < 1e-9
    assert misleading_shares(known, cause) == {"10": 0.0, "100": 0.0}
    known[0] = [
        0,
        5,
        0,
        0,
        0,
    ]  # one of the two worlds of the first cause speaks for the second by e^5
    assert misleading_shares(known, cause) == {"10": 0.5, "100": 0.5}


def test_more_reinstatements_never_speak_for_a_purge(tier, fresh):
    """On worlds of every cause, all else equal.

    The ratio of an error to a purge never falls as more come back.
    """
    _, model, _ = tier
    if "returned_share" not in model.scale.items:
        pytest.skip("counts hold no reinstatements")
    rows = fresh.columns(model.scale.items)[:400]
    rows = rows[~np.isnan(rows).any(axis=1)][:200]
    at = model.scale.items.index("returned_share")
    more, less = (CAUSES.index(c) for c in MONOTONE_ITEMS["returned_share"])
    last = np.full(len(rows), -np.inf)
    for share in np.linspace(0, 1, 41):
        rows[:, at] = share
        z = model.logits(rows)
        ratio = z[:, more] - z[:, less]
        assert (ratio >= last - 1e-9).all(), share
        last = ratio
    rows[:, at] = 0.0
    assert (last - (lambda z: z[:, more] - z[:, less])(model.logits(rows))).min() > 1, (
        "and it does rise"
    )


def test_the_reference_is_its_bytes():
    worlds = labelled_worlds(light_worlds(50, 1))
    parts = {"learn": worlds, "calibrate": worlds, "measure": worlds, "stress-low": worlds}
    back = unpack_parts(pack_parts(parts))
    assert (back.learn.cause == worlds.cause).all() and (back.learn.mixed == worlds.mixed).all()
    assert len(back.tune) + len(back.calibrate) == 50
    # seven binary digits of half precision
    assert np.allclose(
        back.learn.features, worlds.features, atol=1e-4, rtol=1 / 220, equal_nan=True
    )
    assert pack_parts(
        {"learn": back.learn, **{n: worlds for n in parts if n != "learn"}}
    ) == pack_parts(parts)
    assert unpack_parts(pack_parts(parts)).digest == back.digest


@pytest.mark.parametrize("items, worlds", [(1, 1), (3, 400), (22, 57)])
def test_worlds_are_packed_without_loss_whatever_their_order(items, worlds):
    rng = np.random.default_rng(worlds)
    # every number of seven binary digits, minus zero, infinities and what is missing too
    halves = (rng.integers(0, 2**16, (worlds, items)) >> 3 << 3).astype(np.uint16)
    halves[0, 0] = np.float16(np.nan).view(np.uint16)
    features = halves.view(np.float16).astype(float)
    drawn = Worlds(features, rng.integers(0, 5, worlds), rng.random(worlds) < 0.2)
    back = unpack_parts(pack_parts({"learn": drawn, "calibrate": drawn, "measure": drawn}))
    assert np.array_equal(back.measure.features, features, equal_nan=True)
    assert np.array_equal(np.signbit(back.measure.features), np.signbit(features))
    assert back.measure.cause.tolist() == drawn.cause.tolist()
    assert back.measure.mixed.tolist() == drawn.mixed.tolist()


def test_the_reference_that_ships_is_small_and_says_what_it_said():
    """Probabilities as they were said before it was packed smaller: nothing of it may be lost."""
    assert (files("birdfall.explanations") / "worlds.npz").stat().st_size < 2.9e6
    known = {
        "log10_size": 2.8, "log10_excess": 1.1, "log10_duration_s": 3.0,
        "log_hazard_ratio": 0.4, "log10_dispersion": 0.5,
    }  # fmt: skip
    said = weigh_causes(known, reference(), deep=False).probability
    before = [0.029917399, 0.161514502, 0.293209047, 0.379806978, 0.135552075]
    assert said.tolist() == pytest.approx(before, abs=1e-6)


def test_worlds_do_not_depend_on_how_many_are_drawn():
    whole, later = light_worlds(6, 3), light_worlds(2, 3, first=4)
    assert np.array_equal(whole.features[4:], later.features, equal_nan=True)
    with pytest.raises(UsageError, match="1000"):
        fresh_worlds(10, 0)


@pytest.mark.parametrize("how", STRESSES)
def test_every_simulator_of_the_stress_ensemble_assumes_otherwise(how):
    changed = stress_priors(priors(), how)
    assert set(changed) == set(priors())
    if how in ("low", "high", "returns"):
        assert changed != priors()
    with pytest.raises(KeyError):
        stress_priors(priors(), "unknown")
