"""Ratios are limited by worlds of other makes, and selections are told from waves."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from birdfall.explanations.conformal_sets import fit_cloud
from birdfall.explanations.evidence import CaseEvidence
from birdfall.explanations.likelihood_ratio import fit_full
from birdfall.explanations.measure import explain_evidence, explanations
from birdfall.explanations.other_makes import NO_LIMITS, SURE, RatioLimits, _borne_out, ratio_limits
from birdfall.explanations.reference_worlds import CAUSES, calibration_figures, reference
from birdfall.explanations.verdict import weigh_causes
from birdfall.measures.returns import returns
from birdfall.measures.waves import waves
from birdfall.record.record import from_tables
from birdfall.world.makes import MAKES, other_make_worlds

BEGIN = dt.datetime(2021, 3, 1, tzinfo=dt.UTC)


def test_a_ratio_is_cut_where_worlds_no_longer_bear_it_out():
    # 99 worlds of the other cause: one of them at 10^4, nine at 10^0.5, the others below 1
    misleading = np.r_[4.0, np.full(9, 0.5), np.full(89, -1.0)]
    limit = _borne_out(misleading)

    def share(reached):
        return (int((misleading >= reached).sum()) + 1) / 100

    assert share(limit) <= 10**-limit * (1 + 1e-9)
    assert all(share(x) > 10**-x for x in np.arange(limit + 0.01, 6, 0.01))
    assert _borne_out(np.full(999, -5.0)) == pytest.approx(3.0)
    assert _borne_out(np.full(999, 3.0)) == 0


def test_limits_multiply_and_cut_and_the_shares_follow_them():
    largest = np.full((len(CAUSES), len(CAUSES)), 2.0)
    limits = RatioLimits(0.5, largest)
    logits = np.array([[0.0, 2.0, 40.0, -3.0, 0.0]])
    pairs = limits.pairs(logits)[0]
    assert pairs[1, 0] == pytest.approx(1.0 / np.log(10))
    assert pairs[2, 0] == 2.0 and pairs[0, 2] == -2.0
    shares = limits.probabilities(logits)[0]
    assert shares.sum() == pytest.approx(1) and shares[2] / shares[0] == pytest.approx(100)
    assert NO_LIMITS.pairs(logits)[0, 2, 3] == 6.0


def test_worlds_of_other_makes_make_ratios_smaller():
    worlds = reference()
    assert set(worlds.makes) == set(MAKES)
    items = ("log10_size", "log10_duration_s", "log_hazard_ratio", "log_or_leader", "peak_share")
    limits = ratio_limits(fit_full(worlds, items), worlds.makes)
    assert 0.1 < limits.factor < 0.9
    others = ~np.eye(len(CAUSES), dtype=bool)
    assert limits.largest[others].max() < 4
    assert ratio_limits(fit_full(worlds, items), {}) is NO_LIMITS


def test_what_is_said_of_makes_left_out_is_true():
    for told in calibration_figures()["tiers"].values():
        sure = sum(m["sure"] for m in told["left_out"].values())
        right = sum(m["sure_right"] for m in told["left_out"].values())
        assert sure < 300 or right >= 0.97 * sure
        assert set(told["left_out"]) == set(MAKES)
    assert (
        sum(m["sure"] for m in calibration_figures()["tiers"]["list"]["left_out"].values()) >= 300
    )


def test_a_make_is_drawn_world_by_world():
    few, more = other_make_worlds(2, 5, "mixed"), other_make_worlds(4, 5, "mixed")
    np.testing.assert_array_equal(few.features, more.features[:2])
    assert all(p.mixed or not p.shares for p in more.parameters)
    with pytest.raises(KeyError):
        other_make_worlds(1, 5, "fourth")


def test_a_range_is_integrated_where_worlds_lie():
    """Worlds lie at waves of hours, hardly any at a thousandth of a second: the range that reaches
    there says what its likely part says.
    """
    known = {"log10_size": 3.0, "log10_excess": 2.0, "log_hazard_ratio": 1.0}
    likely = weigh_causes(known | {"log10_duration_s": (2.0, 4.0)}, reference(), deep=False)
    wide = weigh_causes(known | {"log10_duration_s": (-12.0, 4.0)}, reference(), deep=False)
    assert np.abs(wide.probability - likely.probability).max() < 0.1


def test_worlds_lie_thickest_in_their_middle():
    model = fit_full(reference(), ("log10_size", "log10_duration_s"))
    cloud = fit_cloud(model, reference().calibrate)
    middle, edge = cloud.log_density(np.array([[3.0, 3.0], [9.0, -3.0]]))
    assert middle > edge + 5


def log_of(back_of_wave, back_of_others):
    """A month of suspensions with a wave, and which of them come back a day later."""
    rng = np.random.default_rng(4)
    usual = np.sort(rng.random(90)) * 30 * 86_400
    wave = 20 * 86_400 + rng.random(120) * 900
    rows = []
    for i, (second, in_wave) in enumerate([(s, False) for s in usual] + [(s, True) for s in wave]):
        at = BEGIN + dt.timedelta(seconds=float(second))
        rows.append((f"a{i}", "suspended", at))
        if (i % 100) < 100 * (back_of_wave if in_wave else back_of_others):
            rows.append((f"a{i}", "active", at + dt.timedelta(days=1)))
    account, status, time = zip(*rows, strict=True)
    table = {
        "account": account,
        "status": status,
        "time": pa.array(time, pa.timestamp("us", "UTC")),
    }
    return from_tables({"statuses": pa.table({**table, "observation": ["change"] * len(rows)})})


def weighed(record):
    found = {"waves": waves(record, replicates=49, attributes=False)}
    found["returns-1"] = returns(record)
    return explanations(record, found)


@pytest.mark.slow
def test_a_log_of_the_reinstated_alone_is_not_weighed():
    finding = weighed(log_of(1.0, 1.0))
    assert finding.answer == "cannot"
    assert [(r.code, r.values) for r in finding.reasons] == [
        ("only-the-reinstated", {"accounts": 210})
    ]
    # a mended defect gives all of a wave back, but not all who were ever suspended
    assert weighed(log_of(1.0, 0.1)).answer != "cannot"


def test_followers_of_one_account_alone_are_no_evidence_of_its_audience():
    evidence = CaseEvidence({"log10_size": 3.0, "log10_duration_s": 3.0}, {}, only_followers=400)
    codes = [n.code for n in explain_evidence("explanations-1", evidence, {"wave": 1}).limits]
    assert "only-followers-of-one" in codes


def test_shares_stay_below_what_is_sure_where_makes_disagree():
    # the list of a wave that hit one audience alone: a list and a brigade look the same
    known = {"log10_size": 2.5, "log10_excess": 2.0, "log10_duration_s": 3.5, "log_or_leader": 4.0}
    assert weigh_causes(known, reference(), deep=False).probability.max() < SURE
