"""Fits kept on this machine: the same bits as fits that are made anew, and never in their way."""

import numpy as np
import pytest

from birdfall.explanations import kept_fits, verdict
from birdfall.explanations.reference_worlds import reference

ITEMS = ("log10_size", "returned_share")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(kept_fits.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(verdict, "REFIT_WORLDS", 600)  # few worlds: the fit is not the point
    verdict._reduced_reference.cache_clear()
    yield tmp_path / "fits"
    verdict._reduced_reference.cache_clear()
    verdict._refit.cache_clear()
    verdict._fit_near.cache_clear()


def fit(worlds, calls):
    """A fit of the smaller reference, which counts how often it is made."""

    def make():
        calls.append(1)
        fewer = verdict._reduced_reference(worlds)
        return verdict._with_thresholds(verdict.fit_calibrated(fewer, ITEMS, quick=True), fewer)

    return kept_fits.kept_fit(worlds, ("test", *ITEMS), make)


def arrays(fitted):
    model = fitted.sets.model
    return [
        model.scale.centre, model.scale.spread, *model.scale.knots, model.weight, model.bias,
        model.mean, model.learnt.weight, model.learnt.bias, fitted.sets.bound, fitted.sets.wide,
        fitted.cloud.centre, fitted.cloud.inverse, fitted.cloud.usual,
    ]  # fmt: skip


def test_a_kept_fit_is_the_fit_to_the_last_bit_and_a_torn_one_is_made_anew(folder):
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
    folder, monkeypatch, tmp_path
):
    calls = []
    fit(verdict._reduced_reference(reference()), calls)
    assert not folder.exists()
    taken = tmp_path / "a file"
    taken.write_text("no folder")
    for place in ("", str(taken)):
        monkeypatch.setenv(kept_fits.FOLDER_VARIABLE, place)
        fit(reference(), calls)
    assert len(calls) == 3 and taken.read_text() == "no folder"


def test_other_code_takes_no_fit_of_this_and_the_oldest_go(folder, monkeypatch):
    calls = []
    fit(reference(), calls)
    monkeypatch.setattr(kept_fits, "_made_by", lambda: "other code")
    monkeypatch.setattr(kept_fits, "MAX_FITS", 1)
    fit(reference(), calls)
    assert len(calls) == 2
    assert len(list(folder.glob("*"))) == 1
