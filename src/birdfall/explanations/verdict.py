"""The verdict on one case: likelihood ratios with caps, the set, misfit, fragility, and what record would decide it.

Nothing here knows who is who: a cause is weighed by numbers that stay the same when the names are swapped.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from birdfall.explanations.conformal_sets import MISFIT, calibrate_sets, fit_cloud, strangeness
from birdfall.explanations.likelihood_ratio import CauseClassifier, fit_calibrated, fit_full
from birdfall.explanations.reference_worlds import CAUSES, Reference, Worlds
from birdfall.world.evidence import ITEMS

#: A simulator cannot support more: largest |log10 likelihood ratio| of one item, and of all.
ITEM_CAP, TOTAL_CAP = 3.0, 6.0
#: Draws of a number known only as a range.
DRAWS: Final = 64
#: Of these, so many are moved to find the smallest change that alters the set.
FLIPPED: Final = 64
#: Worlds a quick second fit learns from, where many are needed.
QUICK: Final = 3_000
#: Fits side by side.
ABREAST: Final = 2
LOG10 = float(np.log(10))

Value = float | tuple[float, float]


@dataclass(frozen=True)
class CauseVerdict:
    """What is said of a case.

    items: names of what was known. log10_ratio: float64[causes, causes], row over column, capped. parts: float64[items + 1, causes],
    log10 support that each item (last: all together) adds to each cause against the mean of the others, capped. probability: with
    every cause as likely beforehand. members: the set, after the misfit gate (empty: outside what was simulated). misfit: p.
    without: per item left out, the set. sources: per source left out, the set. whole: the set with all, made the same quick way as these,
    to compare them with. swing: per item or source left out, the largest change of log10 of a ratio between causes that are not out of
    the question. flip: per item, the smallest change (in spreads) that alters the set, None if none up to four does. gain: per way of
    looking not had, bits expected of it.
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

    known: items (`world.evidence.ITEMS`) with their value, or a range (low, high) within which it lies. sources: where each came
    from, for leaving a whole source out. deep: also fragility and what would decide. Raises ValueError if nothing is known.
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
    """`weigh_causes` of what can be a key: a case is weighed for its report, its page and its check."""
    known, sources = dict(evidence), {i: source for i, source in source_of if source}
    items = tuple(known)
    if not items:
        raise ValueError("nothing is known")
    drawn = _sample_values(items, known)
    model = fit_full(reference, items)
    logits = _mean_logits(model, drawn)
    members, strange, misfit = _plausible_causes(model, reference, drawn)
    pairs = np.clip((logits[:, None] - logits[None, :]) / LOG10, -TOTAL_CAP, TOTAL_CAP)
    probability = np.exp(logits - logits.max())
    probability /= probability.sum()
    without: dict[str, tuple[str, ...]] = {}
    by_source: dict[str, tuple[str, ...]] = {}
    swing: dict[str, float] = {}
    flip: dict[str, float | None] = {}
    gain: dict[str, float] = {}
    whole = members
    if deep:
        fewer = _reduced_reference(reference)
        # learnt from the same worlds as those to come, so each of them begins near its end
        near = fit_calibrated(fewer, items, model, quick=True)
        whole, base = _plausible_causes(near, fewer, drawn)[0], _mean_logits(near, drawn)

        gone_by_item = {i: (i,) for i in items} if len(items) > 1 else {}
        gone_by_source = {}
        for source in sorted(set(sources.values())):
            gone = tuple(i for i in items if sources.get(i) == source)
            if gone and len(gone) < len(items):
                gone_by_source[source] = gone
        # Each is a fit of its own, and numpy lets go of the interpreter: side by side they take half the time.
        with ThreadPoolExecutor(ABREAST) as beside:
            begun = [
                {
                    name: beside.submit(_refit_without, known, gone, fewer, near)
                    for name, gone in group.items()
                }
                for group in (gone_by_item, gone_by_source)
            ]
            moved = beside.submit(_smallest_flips, model, reference, drawn)
            gained = beside.submit(_expected_gains, near, probability, fewer)
        without, by_source = (
            {name: fit.result()[0] for name, fit in group.items()} for group in begun
        )
        swing = {
            name: _largest_swing(base, fit.result()[1])
            for group in begun
            for name, fit in group.items()
        }
        flip, gain = moved.result(), gained.result()
    entropy = float(-(probability * np.log2(np.maximum(probability, 1e-12))).sum())
    return CauseVerdict(
        items,
        tuple(known[i] for i in items),
        pairs,
        _item_support(model, drawn),
        probability,
        members,
        strange,
        misfit,
        without,
        by_source,
        whole,
        swing,
        flip,
        gain,
        entropy,
    )


def enfsi_word(log10_ratio: float) -> str:
    """The ENFSI (2015) word for a likelihood ratio, as a key; against the first cause where it is below 1."""
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
    """Evenly spread draws of what is known, float64[draws, items]; one if nothing is a range."""
    ranged = [i for i in items if isinstance(known[i], tuple)]
    number = DRAWS if ranged else 1
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


def _mean_logits(model: CauseClassifier, drawn: np.ndarray) -> np.ndarray:
    """Logits of the average likelihood over the draws, float64[causes]. The evidence's own chance cancels per draw only."""
    p = model.probabilities(drawn).mean(axis=0)
    found: np.ndarray = np.log(np.maximum(p, 1e-300))
    return found


def _plausible_causes(
    model: CauseClassifier, reference: Reference, drawn: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, float]:
    sets = calibrate_sets(model, reference.calibrate, reference.stress)
    cloud = fit_cloud(model, reference.calibrate)
    inside = np.asarray(sets.members(drawn).any(axis=0))
    misfit = max(cloud.misfit(row) for row in drawn[:: max(len(drawn) // 16, 1)])
    members = (
        tuple(c for c, on in zip(CAUSES, inside, strict=True) if on) if misfit >= MISFIT else ()
    )
    return members, strangeness(model, drawn).min(axis=0) - sets.wide, misfit


def _item_support(model: CauseClassifier, drawn: np.ndarray) -> np.ndarray:
    """Support of each item for each cause against the mean of the others, log10 and capped; the last row is the rest."""
    rows = np.vstack([model.contributions(drawn), model.rest])
    others = (rows.sum(axis=1, keepdims=True) - rows) / (rows.shape[1] - 1)
    found: np.ndarray = np.clip((rows - others) / LOG10, -ITEM_CAP, ITEM_CAP)
    return found


def _reduced_reference(reference: Reference) -> Reference:
    """Fewer worlds, of every part."""
    part = slice(None, QUICK)
    stress = {n: w.select(slice(None, QUICK // 3)) for n, w in reference.stress.items()}
    learn, tune, calibrate = (
        reference.learn.select(part),
        reference.tune.select(part),
        reference.calibrate.select(part),
    )
    return replace(reference, learn=learn, tune=tune, calibrate=calibrate, stress=stress)


def _refit_without(
    known: dict[str, Value], gone: tuple[str, ...], reference: Reference, start: CauseClassifier
) -> tuple[tuple[str, ...], np.ndarray]:
    """The set and the logits float64[causes] with some items left out."""
    left = {i: v for i, v in known.items() if i not in gone}
    items = tuple(i for i in ITEMS if i in left)
    model = fit_calibrated(reference, items, start, quick=True)
    drawn = _sample_values(items, left)
    return _plausible_causes(model, reference, drawn)[0], _mean_logits(model, drawn)


def _largest_swing(before: np.ndarray, after: np.ndarray) -> float:
    """The largest change of log10 of a ratio, between causes that one or the other leaves within 10^3 of the best."""
    near = (before.max() - before < ITEM_CAP * LOG10) | (after.max() - after < ITEM_CAP * LOG10)
    change = ((after - before) / LOG10)[near]
    return float(min(change.max() - change.min(), TOTAL_CAP))


def _smallest_flips(
    model: CauseClassifier, reference: Reference, drawn: np.ndarray
) -> dict[str, float | None]:
    """How far each number would have to move, in spreads over worlds, before the set is another. A range moves as a whole."""
    sets = calibrate_sets(model, reference.calibrate, reference.stress)
    wanted = sets.members(drawn).any(axis=0)
    steps = np.concatenate([[s, -s] for s in np.arange(0.1, 4.01, 0.1)])
    some = drawn[:: max(len(drawn) // FLIPPED, 1)]
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
    model: CauseClassifier, probability: np.ndarray, reference: Reference
) -> dict[str, float]:
    """Bits by which each way of looking that is not had would lower the uncertainty between causes, on average over worlds of
    the causes as likely as they are now. model: learnt from `reference`.
    """
    items, test = model.scale.items, reference.calibrate
    base = _uncertainty(model, test, probability)
    found = {}
    for way in dict.fromkeys(ITEMS.values()):
        more = tuple(i for i in ITEMS if i in items or ITEMS[i] == way)
        if len(more) > len(items):
            found[way] = max(
                base
                - _uncertainty(
                    fit_calibrated(reference, more, model, quick=True), test, probability
                ),
                0.0,
            )
    return found


def _uncertainty(model: CauseClassifier, worlds: Worlds, probability: np.ndarray) -> float:
    """Mean entropy (bits) of what the model says, over worlds weighted as their causes are likely, with that as its prior."""
    p = model.probabilities(worlds.columns(model.scale.items)) * probability
    p /= np.maximum(p.sum(axis=1, keepdims=True), 1e-300)
    entropy = -(p * np.log2(np.maximum(p, 1e-12))).sum(axis=1)
    weight = (
        probability[worlds.cause] / np.bincount(worlds.cause, minlength=len(CAUSES))[worlds.cause]
    )
    return float((entropy * weight).sum() / weight.sum())
