"""The verdict on one case: capped likelihood ratios, the set, misfit, fragility, next records.

Nothing here knows who is who: causes are weighed by numbers that stay the same under other names.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from birdfall.explanations.conformal_sets import (
    MIN_MISFIT_P,
    CauseSets,
    calibrate_sets,
    fit_cloud,
    strangeness,
)
from birdfall.explanations.kept_fits import Fitted, kept_fit
from birdfall.explanations.likelihood_ratio import CauseClassifier, fit_calibrated, fit_full
from birdfall.explanations.other_makes import ITEM_CAP, LOG10, TOTAL_CAP, ratio_limits
from birdfall.explanations.reference_worlds import CAUSES, Reference, Worlds
from birdfall.model.cores import cores
from birdfall.world.evidence import ITEMS

#: Draws of a number known only as a range.
RANGE_DRAWS: Final = 64
#: Of these, so many are shifted to find the smallest change that alters the set.
FLIP_DRAWS: Final = 64
#: Changes that are tried, in spreads over worlds: the largest, and the step.
MAX_FLIP, FLIP_STEP = 4.0, 0.1
#: Training-set size of the fast refits, of which many are needed.
REFIT_WORLDS: Final = 3_000
#: Draws for which the misfit is computed, about.
MISFIT_DRAWS: Final = 16
Value = float | tuple[float, float]


@dataclass(frozen=True)
class CauseVerdict:
    """What the evidence says of the causes of one case.

    Parameters
    ----------
    items, values
        What was known, and its values.
    log10_ratio
        float64[causes, causes], likelihood ratio of row over column, capped.
    parts
        float64[items + 1, causes], log10 support of each item for each cause against the mean of
        the others, capped; the last row is what no item adds alone.
    probability
        float64[causes], with every cause as likely beforehand.
    members
        The set of causes that are left; none if the case is outside what was simulated.
    strange
        float64[causes], strangeness less its threshold: above 0 is out of the set.
    misfit
        p-value of the case being one of the worlds.
    without, sources
        By item left out, and by source left out, the set.
    whole
        The set with all, by a fast refit like those, to compare them with.
    swing
        By item or source left out, the largest change of a log10 ratio between causes that are
        within 10^3 of the best.
    flip
        By item, the smallest change (in spreads over worlds) that alters the set; None if none up
        to `MAX_FLIP` does.
    gain
        By way of looking that was not had, bits expected of it.
    entropy
        Of `probability`, in bits.
    """

    items: tuple[str, ...]
    values: tuple[Value, ...]
    log10_ratio: np.ndarray
    parts: np.ndarray
    probability: np.ndarray
    members: tuple[str, ...]
    strange: np.ndarray
    misfit: float
    without: dict[str, tuple[str, ...]]
    sources: dict[str, tuple[str, ...]]
    whole: tuple[str, ...]
    swing: dict[str, float]
    flip: dict[str, float | None]
    gain: dict[str, float]
    entropy: float

    @property
    def decided(self) -> bool:
        """Whether one cause is left."""
        return len(self.members) == 1


def weigh_causes(
    known: dict[str, Value],
    reference: Reference,
    *,
    sources: dict[str, str] | None = None,
    deep: bool = True,
) -> CauseVerdict:
    """Weigh what is known of a case.

    Parameters
    ----------
    known
        Items (`world.evidence.ITEMS`) with their value, or a range (low, high) it lies within.
    reference
        Worlds to learn from and to calibrate on.
    sources
        Where each item came from, for leaving a whole source out.
    deep
        Also compute fragility and what would decide.

    Raises
    ------
    ValueError
        If nothing is known.
    """
    of = tuple((i, (sources or {}).get(i, "")) for i in ITEMS if i in known)
    return _weigh_known(tuple((i, known[i]) for i, _ in of), reference, of, deep)


@functools.lru_cache(maxsize=8)
def _weigh_known(
    evidence: tuple[tuple[str, Value], ...],
    reference: Reference,
    source_of: tuple[tuple[str, str], ...],
    deep: bool,
) -> CauseVerdict:
    """`weigh_causes` of what can be a key.

    A case is weighed for its report, its page and its check.
    """
    known, sources = dict(evidence), {i: source for i, source in source_of if source}
    items = tuple(known)
    if not items:
        raise ValueError("nothing is known")
    drawn = _sample_values(items, known)
    whole = _fit_whole(reference, items)
    logits = _mean_logits(whole, drawn)
    members, strange, misfit = _plausible_causes(whole, drawn)
    pairs = whole.limits.pairs(logits)
    probability = whole.limits.probabilities(logits[None])[0]
    fragility = (
        _fragility(known, sources, reference, whole, drawn, probability)
        if deep
        else _Fragility({}, {}, members, {}, {}, {})
    )
    entropy = float(-(probability * np.log2(np.maximum(probability, 1e-12))).sum())
    return CauseVerdict(
        items,
        tuple(known[i] for i in items),
        pairs,
        _item_support(whole, drawn),
        probability,
        members,
        strange,
        misfit,
        fragility.without,
        fragility.sources,
        fragility.whole,
        fragility.swing,
        fragility.flip,
        fragility.gain,
        entropy,
    )


class _Fragility(NamedTuple):
    """The fields of a verdict that say what it depends on."""

    without: dict[str, tuple[str, ...]]
    sources: dict[str, tuple[str, ...]]
    whole: tuple[str, ...]
    swing: dict[str, float]
    flip: dict[str, float | None]
    gain: dict[str, float]


def _fragility(
    known: dict[str, Value],
    sources: dict[str, str],
    reference: Reference,
    fitted: Fitted,
    drawn: np.ndarray,
    probability: np.ndarray,
) -> _Fragility:
    """Refit without each item and each source, and shift each item, to see what changes."""
    sets = fitted.sets
    items = sets.model.scale.items
    near = _fit_near(reference, items)
    whole, base = _plausible_causes(near, drawn)[0], _stated_logits(near, drawn)
    by_item = {i: (i,) for i in items} if len(items) > 1 else {}
    by_source = {}
    for source in sorted(set(sources.values())):
        left_out = tuple(i for i in items if sources.get(i) == source)
        if left_out and len(left_out) < len(items):
            by_source[source] = left_out
    # each is a fit of its own, and numpy releases the interpreter: in threads they take half the
    # time
    with ThreadPoolExecutor(cores()) as pool:
        item_fits, source_fits = (
            {
                name: pool.submit(_weigh_without, known, left_out, reference)
                for name, left_out in group.items()
            }
            for group in (by_item, by_source)
        )
        flips = pool.submit(_smallest_flips, sets, drawn)
        gains = pool.submit(_expected_gains, reference, items, probability)
    without = {name: fit.result()[0] for name, fit in item_fits.items()}
    without_source = {name: fit.result()[0] for name, fit in source_fits.items()}
    swing = {
        name: _largest_swing(base, fit.result()[1])
        for fits in (item_fits, source_fits)
        for name, fit in fits.items()
    }
    return _Fragility(without, without_source, whole, swing, flips.result(), gains.result())


def enfsi_word(log10_ratio: float) -> str:
    """The ENFSI (2015) word for a likelihood ratio, as a key.

    Of its inverse where it is below 1.
    """
    size = abs(log10_ratio)
    for bound, word in (
        (0.301, "none"),
        (1.0, "weak"),
        (2.0, "moderate"),
        (3.0, "moderately-strong"),
        (4.0, "strong"),
        (6.0, "very-strong"),
    ):
        if size < bound:
            return word
    return "extremely-strong"


def _sample_values(items: tuple[str, ...], known: dict[str, Value]) -> np.ndarray:
    """Evenly spread draws of what is known, float64[draws, items].

    One draw if nothing is a range.
    """
    ranged = [i for i in items if isinstance(known[i], tuple)]
    number = RANGE_DRAWS if ranged else 1
    out = np.empty((number, len(items)))
    rng = np.random.default_rng(7)
    for j, item in enumerate(items):
        value = known[item]
        if isinstance(value, tuple):
            # a Latin hypercube: every range is covered evenly
            out[:, j] = value[0] + (value[1] - value[0]) * (rng.permutation(number) + 0.5) / number
        else:
            out[:, j] = value
    return out


def _mean_logits(fitted: Fitted, drawn: np.ndarray) -> np.ndarray:
    """Logits of the likelihood of what is known, float64[causes], as learnt.

    Of ranges it is the integral over them: the mean over the draws of the shares of the causes,
    each draw as heavy as worlds of all causes lie thick there.
    """
    p = fitted.sets.model.probabilities(drawn)
    thick = fitted.cloud.log_density(drawn)
    weight = np.exp(thick - thick.max())
    mean = weight @ p / weight.sum()
    found: np.ndarray = np.log(np.maximum(mean, 1e-300))
    return found


def _stated_logits(fitted: Fitted, drawn: np.ndarray) -> np.ndarray:
    """The same, as other makes leave them."""
    return _mean_logits(fitted, drawn) * fitted.limits.factor


def _plausible_causes(
    fitted: Fitted, drawn: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, float]:
    """The set, the strangeness of each cause beyond its threshold, and the misfit p-value."""
    sets, cloud = fitted.sets, fitted.cloud
    model = sets.model
    inside = np.asarray(sets.members(drawn).any(axis=0))
    misfit = max(cloud.misfit(row) for row in drawn[:: max(len(drawn) // MISFIT_DRAWS, 1)])
    members = (
        tuple(c for c, on in zip(CAUSES, inside, strict=True) if on)
        if misfit >= MIN_MISFIT_P
        else ()
    )
    return members, strangeness(model, drawn).min(axis=0) - sets.wide, misfit


def _item_support(fitted: Fitted, drawn: np.ndarray) -> np.ndarray:
    """Log10 support of each item for each cause against the mean of the others, capped.

    Then the rest.
    """
    model = fitted.sets.model
    rows = np.vstack([model.contributions(drawn), model.rest]) * fitted.limits.factor
    others = (rows.sum(axis=1, keepdims=True) - rows) / (rows.shape[1] - 1)
    found: np.ndarray = np.clip((rows - others) / LOG10, -ITEM_CAP, ITEM_CAP)
    return found


def _with_thresholds(model: CauseClassifier, reference: Reference) -> Fitted:
    sets = calibrate_sets(model, reference.calibrate, reference.unlike)
    limits = ratio_limits(model, reference.makes)
    return Fitted(sets, fit_cloud(model, reference.calibrate), limits)


@functools.lru_cache(maxsize=16)
def _fit_whole(reference: Reference, items: tuple[str, ...]) -> Fitted:
    """What all worlds of the reference teach of these items."""

    def make() -> Fitted:
        return _with_thresholds(fit_full(reference, items), reference)

    return kept_fit(reference, ("whole", *items), make)


@functools.lru_cache(maxsize=16)
def _fit_near(reference: Reference, items: tuple[str, ...]) -> Fitted:
    """The same from fewer worlds.

    Refits without some items learn from these too, so each of them begins near its end.
    """

    def make() -> Fitted:
        fewer = _reduced_reference(reference)
        start = _fit_whole(reference, items).sets.model
        return _with_thresholds(fit_calibrated(fewer, items, start, quick=True), fewer)

    return kept_fit(reference, ("near", *items), make)


@functools.lru_cache(maxsize=512)
def _refit(reference: Reference, items: tuple[str, ...], others: tuple[str, ...]) -> Fitted:
    """What the fewer worlds teach of other items, from the fit of `items` on."""

    def make() -> Fitted:
        fewer = _reduced_reference(reference)
        start = _fit_near(reference, items).sets.model
        return _with_thresholds(fit_calibrated(fewer, others, start, quick=True), fewer)

    return kept_fit(reference, ("refit", *items, "of", *others), make)


@functools.lru_cache(maxsize=2)
def _reduced_reference(reference: Reference) -> Reference:
    """The reference with fewer worlds in every part, for fast refits."""
    part = slice(None, REFIT_WORLDS)
    stress, makes = (
        {n: w.select(slice(None, REFIT_WORLDS // 3)) for n, w in worlds.items()}
        for worlds in (reference.stress, reference.makes)
    )
    learn, tune, calibrate = (
        reference.learn.select(part),
        reference.tune.select(part),
        reference.calibrate.select(part),
    )
    return replace(
        reference, learn=learn, tune=tune, calibrate=calibrate, stress=stress, makes=makes
    )


def _weigh_without(
    known: dict[str, Value], gone: tuple[str, ...], reference: Reference
) -> tuple[tuple[str, ...], np.ndarray]:
    """The set and the logits float64[causes] with some items left out."""
    left = {i: v for i, v in known.items() if i not in gone}
    items = tuple(i for i in ITEMS if i in left)
    fitted = _refit(reference, tuple(known), items)
    drawn = _sample_values(items, left)
    return _plausible_causes(fitted, drawn)[0], _stated_logits(fitted, drawn)


def _largest_swing(before: np.ndarray, after: np.ndarray) -> float:
    """The largest change of a log10 ratio between causes within 10^3 of the best in either."""
    near = (before.max() - before < ITEM_CAP * LOG10) | (after.max() - after < ITEM_CAP * LOG10)
    change = ((after - before) / LOG10)[near]
    return float(min(change.max() - change.min(), TOTAL_CAP))


def _smallest_flips(sets: CauseSets, drawn: np.ndarray) -> dict[str, float | None]:
    """By item, the smallest change in spreads over worlds that alters the set.

    Ranges shift as a whole.
    """
    model = sets.model
    wanted = sets.members(drawn).any(axis=0)
    steps = np.concatenate([[s, -s] for s in np.arange(FLIP_STEP, MAX_FLIP + 0.01, FLIP_STEP)])
    some = drawn[:: max(len(drawn) // FLIP_DRAWS, 1)]
    found: dict[str, float | None] = {}
    for j, item in enumerate(model.scale.items):
        rows = np.repeat(some[None], len(steps), axis=0)
        rows[:, :, j] += steps[:, None] * model.scale.spread[j]
        inside = (
            sets.members(rows.reshape(-1, rows.shape[2]))
            .reshape(len(steps), len(some), -1)
            .any(axis=1)
        )
        changed = (inside != wanted).any(axis=1)
        found[item] = float(abs(steps[np.argmax(changed)])) if changed.any() else None
    return found


def _expected_gains(
    reference: Reference, items: tuple[str, ...], probability: np.ndarray
) -> dict[str, float]:
    """Bits expected of each way of looking that was not had.

    By how much it would lower the uncertainty between causes, on average over worlds of the causes
    as likely as they are now.
    """
    test = _reduced_reference(reference).calibrate
    base = _uncertainty(_fit_near(reference, items), test, probability)
    found = {}
    for way in dict.fromkeys(ITEMS.values()):
        more = tuple(i for i in ITEMS if i in items or ITEMS[i] == way)
        if len(more) > len(items):
            found[way] = max(
                base - _uncertainty(_refit(reference, items, more), test, probability),
                0.0,
            )
    return found


def _uncertainty(fitted: Fitted, worlds: Worlds, probability: np.ndarray) -> float:
    """Mean entropy (bits) of what is left to be told, over worlds as likely as their causes are."""
    model = fitted.sets.model
    logits = model.logits(worlds.columns(model.scale.items))
    p = fitted.limits.probabilities(logits) * probability
    p /= np.maximum(p.sum(axis=1, keepdims=True), 1e-300)
    entropy = -(p * np.log2(np.maximum(p, 1e-12))).sum(axis=1)
    weight = (
        probability[worlds.cause] / np.bincount(worlds.cause, minlength=len(CAUSES))[worlds.cause]
    )
    return float((entropy * weight).sum() / weight.sum())
