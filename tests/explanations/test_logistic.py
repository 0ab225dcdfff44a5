"""The one optimum of the logistic regression.

Against a slow way to it, from anywhere, on any processor.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from birdfall.explanations.logistic import Bound, logistic


def problem(seed, n=120, k=4, classes=4):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)) * rng.uniform(0.3, 2, k)
    kind = np.argmax(
        x @ rng.normal(size=(k, classes)) + rng.gumbel(size=(n, classes)) * rng.uniform(0.1, 2),
        axis=1,
    )
    kind[:classes] = np.arange(classes)
    return x, kind


def loss(x, kind, classes, ridge, weight, bias):
    """The obvious way.

    The mean over classes of the mean cross-entropy of their rows, and the ridge.
    """
    z = x @ weight + bias
    log_p = (
        z
        - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True))
        - z.max(1, keepdims=True)
    )
    own = log_p[np.arange(len(x)), kind]
    return -np.mean([own[kind == c].mean() for c in range(classes)]) + ridge / 2 * (weight**2).sum()


def slowly(x, kind, classes, ridge, bound=None):
    k = x.shape[1]

    def value(flat):
        return loss(
            x, kind, classes, ridge, flat[: k * classes].reshape(k, classes), flat[k * classes :]
        )

    limits = (
        ()
        if bound is None
        else [
            {
                "type": "ineq",
                "fun": lambda f, c=c: f[c * classes + bound.more] - f[c * classes + bound.less],
            }
            for c in bound.columns
        ]
    )
    options = {"maxiter": 2000, "ftol": 1e-14}
    return minimize(
        value, np.zeros((k + 1) * classes), method="SLSQP", constraints=limits, options=options
    ).fun


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-4, 1e-2, 1.0]), st.booleans())
def test_no_slow_way_finds_less(seed, ridge, bounded):
    x, kind = problem(seed)
    bound = Bound(np.array([0, 2]), 2, 1) if bounded else None
    weight, bias = logistic(x, kind, 4, ridge=ridge, bound=bound)
    found = loss(x, kind, 4, ridge, weight, bias)
    assert found <= slowly(x, kind, 4, ridge, bound) + 1e-7
    if bounded:
        assert (weight[bound.columns, 2] >= weight[bound.columns, 1] - 1e-12).all()
    assert np.abs(weight.mean(axis=1)).max() < 1e-9 and abs(bias.mean()) < 1e-9


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 30))
def test_where_it_begins_does_not_matter(seed, far):
    x, kind = problem(seed)
    rng = np.random.default_rng(seed + 1)
    bound = Bound(np.array([1, 3]), 0, 2)
    plain = logistic(x, kind, 4, ridge=1e-3, bound=bound)
    other = logistic(
        x,
        kind,
        4,
        ridge=1e-3,
        bound=bound,
        begin=(rng.normal(size=(4, 4)) * far, rng.normal(size=4) * far),
    )
    assert np.allclose(plain[0], other[0], atol=1e-5) and np.allclose(plain[1], other[1], atol=1e-5)


def test_a_bound_that_binds_is_kept_and_costs_no_more_than_it_must():
    """Rows of the class that should rise lie low.

    Unbound its weight falls short, bound both weights are one.
    """
    rng = np.random.default_rng(3)
    kind = rng.integers(0, 3, 300)
    x = (rng.normal(size=300) - 1.5 * (kind == 1) + 1.5 * (kind == 0))[:, None]
    free = logistic(x, kind, 3, ridge=1e-3)[0]
    assert free[0, 1] < free[0, 0]
    held = logistic(x, kind, 3, ridge=1e-3, bound=Bound(np.array([0]), 1, 0))[0]
    assert held[0, 1] == pytest.approx(held[0, 0], abs=1e-9)


def test_classes_that_never_meet_get_finite_weights():
    x = np.concatenate([np.full((50, 1), -1.0), np.full((50, 1), 1.0)])
    kind = np.repeat([0, 1], 50)
    weight, bias = logistic(x, kind, 2, ridge=1e-4)
    assert (
        np.isfinite(weight).all()
        and 5 < weight[0, 1] - weight[0, 0] < 100
        and abs(bias).max() < 1e-6
    )


def test_the_last_class_is_not_bound():
    with pytest.raises(ValueError, match="last"):
        logistic(np.zeros((3, 1)), np.arange(3), 3, ridge=1.0, bound=Bound(np.array([0]), 2, 0))


WEIGHED = """
import sys, numpy as np
from birdfall.explanations import reference_worlds as worlds, verdict
from birdfall.world.evidence import ITEMS
reference, items = worlds.reference(), tuple(ITEMS)
values = reference.calibrate.columns(items)
row = values[np.flatnonzero(np.isfinite(values).all(axis=1))[7]]
known = dict(zip(items[:9], map(float, row[:9])))
made = verdict.weigh_causes(known, reference, sources={i: ITEMS[i] or "times" for i in known})
flip = [-1 if f is None else f for f in made.flip.values()]
gain, swing = list(made.gain.values()), list(made.swing.values())
np.savez(sys.argv[1], ratio=made.log10_ratio, parts=made.parts, gain=gain, swing=swing, flip=flip,
         members=made.members)
"""


@pytest.mark.slow
def test_a_verdict_is_the_same_on_other_processors(tmp_path):
    """Linear algebra has a path for each kind of processor, and can be told to take another's."""
    made = []
    for kind in ("", "Haswell", "Prescott"):
        out = tmp_path / f"{kind or 'own'}.npz"
        said = {
            **os.environ,
            "OPENBLAS_CORETYPE": kind,
            "OPENBLAS_NUM_THREADS": "1" if kind else "2",
        }
        subprocess.run([sys.executable, "-c", WEIGHED, str(out)], check=True, env=said)
        made.append(np.load(out))
    for other in made[1:]:
        assert (
            list(other["members"]) == list(made[0]["members"])
            and (other["flip"] == made[0]["flip"]).all()
        )
        for name in ("ratio", "parts", "gain", "swing"):
            assert np.allclose(other[name], made[0][name], rtol=1e-6, atol=1e-6), name
