"""Fits kept on this machine: the same bits as fits that are made anew, and never in their way."""

from dataclasses import replace

import numpy as np
import pytest

from birdfall.explanations import kept_fits
from birdfall.explanations.conformal_sets import calibrate_sets, fit_cloud
from birdfall.explanations.likelihood_ratio import fit_calibrated
from birdfall.explanations.other_makes import ratio_limits
from birdfall.explanations.reference_worlds import reference

ITEMS = ("log10_size", "returned_share")
FEW = slice(None, 600)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(kept_fits.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path / "fits"


@pytest.fixture(scope="module")
def fewer():
    """Few of the worlds: the fit is not the point."""
    parts = {name: getattr(reference(), name).select(FEW) for name in ("learn", "tune")}
    return replace(reference(), calibrate=reference().calibrate.select(FEW), **parts)


@pytest.fixture
def fit(fewer):
    """`fit(kept, calls)`: a fit kept as one of the worlds, which counts how often it is made."""

    def of(kept, calls):
        def make():
            calls.append(1)
            model = fit_calibrated(fewer, ITEMS, quick=True)
            sets = calibrate_sets(model, fewer.calibrate, {})
            makes = {name: worlds.select(FEW) for name, worlds in fewer.makes.items()}
            limits = ratio_limits(model, makes)
            return kept_fits.Fitted(sets, fit_cloud(model, fewer.calibrate), limits)

        return kept_fits.kept_fit(kept, ("test", *ITEMS), make)

    return of


def arrays(fitted):
    model = fitted.sets.model
    return [
        model.scale.centre, model.scale.spread, *model.scale.knots, model.weight, model.bias,
        model.mean, model.learnt.weight, model.learnt.bias, fitted.sets.bound, fitted.sets.wide,
        fitted.cloud.centre, fitted.cloud.inverse, fitted.cloud.usual,
        fitted.limits.factor, fitted.limits.largest,
    ]  # fmt: skip


def test_a_kept_fit_is_the_fit_to_the_last_bit_and_a_torn_one_is_made_anew(folder, fit):
    calls = []
    first, again = fit(reference(), calls), fit(reference(), calls)
    assert len(calls) == 1
    assert again.sets.model.scale.items == first.sets.model.scale.items == ITEMS
    assert again.sets.model.scale.gaps == first.sets.model.scale.gaps
    for one, other in zip(arrays(first), arrays(again), strict=True):
        np.testing.assert_array_equal(one, other)
    (path,) = folder.glob("*.npz")
    whole = path.read_bytes()
    for torn in (b"", whole[: len(whole) // 2], whole.replace(b"weight", b"height")):
        path.write_bytes(torn)
        np.testing.assert_array_equal(fit(reference(), calls).sets.wide, first.sets.wide)
    # one changed byte within an array
    path.write_bytes(whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:])
    np.testing.assert_array_equal(fit(reference(), calls).sets.wide, first.sets.wide)
    assert len(calls) == 5


def test_only_fits_of_the_shipped_worlds_are_kept_and_only_where_there_is_a_folder(
    folder, fit, fewer, monkeypatch, tmp_path
):
    calls = []
    fit(fewer, calls)
    assert not folder.exists()
    taken = tmp_path / "a file"
    taken.write_text("no folder")
    for place in ("", str(taken)):
        monkeypatch.setenv(kept_fits.FOLDER_VARIABLE, place)
        fit(reference(), calls)
    assert len(calls) == 3 and taken.read_text() == "no folder"


def test_other_code_takes_no_fit_of_this_and_the_oldest_go(folder, fit, monkeypatch):
    calls = []
    fit(reference(), calls)
    monkeypatch.setattr(kept_fits, "_made_by", lambda: "other code")
    monkeypatch.setattr(kept_fits, "MAX_FITS", 1)
    fit(reference(), calls)
    assert len(calls) == 2
    assert len(list(folder.glob("*"))) == 1
