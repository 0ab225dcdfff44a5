"""A crew among a crowd: do the people of a block come back to its targets more often than one crowd
would, and who are they?

Of everyone who reported a target of the block while it was under way, k is how many of its targets.
One crowd, however keen, thins out: most come once, fewer twice (k - 1 geometric, the widest of the
usual shapes). A crew answers a call with some chance, m calls in all (k binomial). Two classes are
fitted by expectation-maximisation (Dempster, Laird and Rubin 1977); a parametric bootstrap says
whether the second is needed; each reporter's chance to be of the crowd says who is named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.measures.brigades.reports import Reports
from birdfall.measures.brigades.synchrony import NO_SYNCHRONY, Synchrony, measure_synchrony

BOOTSTRAP_DRAWS = 199
EM_STEPS = 40
#: Expectation-maximisation starts from crews with as many calls as these quantiles of the
#: reporters.
START_QUANTILES = (0.5, 0.9, 0.99)
#: Reporters' worth of weight that what is seen elsewhere, or supposed, of coming back has.
PRIOR_REPORTERS = 30.0
#: Honest reporters supposed besides those seen.
SUPPOSED_HONEST = 0.5
#: A crew's members follow at least this share of its calls, or this many: people of an honest
#: circle meet again less often.
MIN_JOINS, MIN_CALLS = 0.3, 6.0
#: A crew that follows fewer calls differs from an honest circle if those who come back come at
#: once: within this part of the time the rest of the crowd takes on the same targets. It must
#: follow at least so many calls all the same, and nobody of it is named.
MAX_SYNCHRONY_RATIO, MIN_SYNCHRONOUS_JOINS = 0.45, 0.15
#: Below so large a share of calls a crew whose people come no sooner than the rest of the crowd
#: (this part of its time) may be a keen circle.
SURE_JOINS, UNHURRIED_RATIO = 0.5, 0.7
#: Nobody is named whose own chance to be of the crowd is more than so many times the share allowed
#: on average.
MAX_DOUBT_FACTOR = 3.0
#: Nobody is named for reporting fewer targets of a block than this.
MIN_NAMED_TARGETS = 2


@dataclass(frozen=True)
class CrewFit:
    """reporter: int32[r], who reported a target of the block; calls: int64[r], how many of them;
    crowd: float64[r], chance to be of the crowd. joins: chance that a crew member follows a call;
    again: chance that one of the crowd comes once more; share: crew among the reporters; p: of
    needing a crew at all; targets: of the block; sync: whether those who come back come at once.
    """

    reporter: np.ndarray
    calls: np.ndarray
    crowd: np.ndarray
    joins: float
    again: float
    share: float
    p: float
    targets: int
    synchrony: Synchrony = NO_SYNCHRONY

    def is_steady(self, alpha: float) -> bool:
        """Whether a crew is needed, and comes back so often that an honest circle is no likely
        reading of it.
        """
        hurried = self.synchrony == NO_SYNCHRONY or self.synchrony.ratio <= UNHURRIED_RATIO
        often = self.joins >= SURE_JOINS or (self.joins >= MIN_JOINS and hurried)
        return self.p <= alpha and (often or self.joins * self.targets >= MIN_CALLS)

    def is_firm(self, alpha: float) -> bool:
        """`steady`, or those who come back come at once, as in an honest circle they do not, and
        both signs together are beyond chance.

        How often somebody comes and when, given that, are two signs of which neither knows the
        other: their p are combined (Fisher 1932).
        """
        at_once = (
            self.synchrony.p <= alpha
            and self.synchrony.ratio <= MAX_SYNCHRONY_RATIO
            and self.joins >= MIN_SYNCHRONOUS_JOINS
        )
        return self.is_steady(alpha) or (at_once and fisher_p(self.p, self.synchrony.p) <= alpha)

    @property
    def likely_members(self) -> np.ndarray:
        """int32, ascending: who rather is of the crew than of the crowd."""
        return np.sort(self.reporter[(self.crowd < 0.5) & (self.calls >= MIN_NAMED_TARGETS)])

    def named_reporters(self, alpha: float) -> np.ndarray:
        """int32, ascending: the largest set in which the expected share of honest reporters is at
        most `alpha`, and nobody's own chance to be one more than `DOUBT` times that; nobody of a
        crew that is not `steady`.
        """
        order = np.lexsort((self.reporter, self.crowd))
        order = order[
            (self.calls[order] >= MIN_NAMED_TARGETS)
            & (self.crowd[order] <= MAX_DOUBT_FACTOR * alpha)
        ]
        expected = np.cumsum(self.crowd[order]) / np.arange(1, len(order) + 1)
        passing = np.flatnonzero(expected <= alpha)
        # those of one k stand or fall together
        if not len(passing) or not self.is_steady(alpha):
            return np.empty(0, np.int32)
        bound = self.crowd[order[passing[-1]]]
        chosen = order[self.crowd[order] <= bound]
        while len(chosen) and self.crowd[chosen].mean() > alpha:
            chosen = chosen[self.crowd[chosen] < self.crowd[chosen].max()]
        return np.sort(self.reporter[chosen])


def fisher_p(one: float, other: float) -> float:
    """p of two independent p-values together: chi-squared of -2 log(one * other) with four degrees
    of freedom.
    """
    product = one * other
    return product * (1.0 - float(np.log(product)))


def fit_crew(
    reports: Reports, members: np.ndarray, targets: np.ndarray, window: int, seed: list[int]
) -> CrewFit:
    """The crew among those who reported `targets` while `members` did (within `window` us before
    the first and after the last).
    """
    on = np.isin(reports.target, targets)
    core = on & np.isin(reports.reporter, members)
    where = np.searchsorted(targets, reports.target[on])
    first, last = (
        np.full(len(targets), np.iinfo(np.int64).max),
        np.full(len(targets), np.iinfo(np.int64).min),
    )
    np.minimum.at(first, np.searchsorted(targets, reports.target[core]), reports.time[core])
    np.maximum.at(last, np.searchsorted(targets, reports.target[core]), reports.time[core])
    inside = (reports.time[on] >= first[where] - window) & (
        reports.time[on] <= last[where] + window
    )
    pair = np.unique(
        reports.reporter[on][inside].astype(np.int64) << 32 | reports.target[on][inside]
    )
    reporter, calls = np.unique(pair >> 32, return_counts=True)
    at = np.flatnonzero(on)[inside]
    at = at[
        np.unique(
            reports.reporter[at].astype(np.int64) << 32 | reports.target[at], return_index=True
        )[1]
    ]
    back = calls[np.searchsorted(reporter, reports.reporter[at])] >= MIN_NAMED_TARGETS
    together = measure_synchrony(reports.target[at], reports.time[at], back, seed=seed)
    prior = _return_chance_elsewhere(
        reports, reporter, int(first.min()) - window, int(last.max()) + window
    )
    histogram = np.bincount(calls, minlength=len(targets) + 1)[1:].astype(float)
    share, joins, again, gained = (float(x[0]) for x in fit_classes(histogram[None, :], prior))
    one_crowd = _geometric_pmf(
        np.array([_return_chance(histogram[None, :], prior)[0]]), len(targets)
    )[0]
    rng = np.random.default_rng([*seed, 7])
    drawn = rng.multinomial(int(histogram.sum()), one_crowd, BOOTSTRAP_DRAWS).astype(float)
    as_much = int((fit_classes(drawn, prior)[3] >= gained).sum())
    crowd = _crowd_chance(np.array([share]), np.array([joins]), np.array([again]), len(targets))[0]
    return CrewFit(
        reporter.astype(np.int32),
        calls,
        crowd[calls - 1],
        joins,
        again,
        share,
        (1 + as_much) / (1 + BOOTSTRAP_DRAWS),
        len(targets),
        together,
    )


def _return_chance_elsewhere(reports: Reports, crew: np.ndarray, begin: int, end: int) -> float:
    """How often others, in the same time, went on to one more target; a fourth where nobody else
    reported.
    """
    others = (reports.time >= begin) & (reports.time <= end) & ~np.isin(reports.reporter, crew)
    if not others.any():
        return 0.25
    pair = np.unique(reports.reporter[others].astype(np.int64) << 32 | reports.target[others])
    people = len(np.unique(pair >> 32))
    return float((len(pair) - people + 0.25) / (len(pair) + 1.0))


def _return_chance(histogram: np.ndarray, prior: float) -> np.ndarray:
    """float64[b]: chance to come once more if all are one crowd.

    histogram: float64[b, m], reporters by k - 1.
    """
    more = histogram @ np.arange(histogram.shape[1])
    stop = PRIOR_REPORTERS * (1.0 - prior)
    return np.asarray(
        (more + PRIOR_REPORTERS * prior)
        / (more + histogram.sum(1) + PRIOR_REPORTERS * prior + stop),
        np.float64,
    )


def _geometric_pmf(again: np.ndarray, most: int) -> np.ndarray:
    """float64[b, m]: P(k) for k = 1..m, the tail at m."""
    k = np.arange(most)
    chance = (1.0 - again[:, None]) * again[:, None] ** k
    chance[:, -1] = again ** (most - 1)
    return np.asarray(chance, np.float64)


def _binomial_pmf(joins: np.ndarray, most: int) -> np.ndarray:
    """float64[b, m]: P(k of m calls followed | at least one)."""
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.arange(1, most + 1)
    ways = gammaln(most + 1) - gammaln(k + 1) - gammaln(most - k + 1)
    log_p = ways + xlogy(k, joins[:, None]) + xlog1py(most - k, -joins[:, None])
    any_ = -np.expm1(xlog1py(most, -joins))
    return np.asarray(np.exp(log_p) / np.maximum(any_, 1e-300)[:, None], np.float64)


def _crowd_chance(share: np.ndarray, joins: np.ndarray, again: np.ndarray, most: int) -> np.ndarray:
    """float64[b, m]: chance that who reported k targets is of the crowd."""
    crew = share[:, None] * _binomial_pmf(joins, most)
    crowd = (1.0 - share[:, None]) * _geometric_pmf(again, most)
    return np.asarray(crowd / np.maximum(crew + crowd, 1e-300), np.float64)


def fit_classes(
    histogram: np.ndarray, prior: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(share, joins, again, log-likelihood gained over one crowd), each float64[b], of histograms
    float64[b, m].

    Expectation-maximisation from several starts, the best kept: crews that followed as many calls
    as the reporter at each of `STARTS`.
    """
    below = np.cumsum(histogram, 1) / np.maximum(1.0, histogram.sum(1, keepdims=True))
    best: tuple[np.ndarray, ...] | None = None
    for start in START_QUANTILES:
        calls = np.argmax(below >= start - 1e-12, axis=1) + 1.0
        fitted = _fit_from_start(histogram, prior, calls / histogram.shape[1])
        if best is None:
            best = fitted
        else:
            better = fitted[3] > best[3]
            best = tuple(np.where(better, new, old) for new, old in zip(fitted, best, strict=True))
    assert best is not None
    return best[0], best[1], best[2], best[3]


def _fit_from_start(
    histogram: np.ndarray, prior: float, joins: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`_fit` from one start.

    Half an honest reporter is supposed besides (Jeffreys), so that the crowd never vanishes.
    """
    rows, most = histogram.shape
    k = np.arange(1, most + 1)
    number = histogram.sum(1)
    single = _return_chance(histogram, prior)
    joins = np.clip(joins, 1e-6, 1 - 1e-6)
    again = np.minimum(single, max(prior, 0.02))
    share = np.full(rows, 0.3)
    for _ in range(EM_STEPS):
        crowd = _crowd_chance(share, joins, again, most)
        of_crew, of_crowd = histogram * (1.0 - crowd), histogram * crowd
        crew_number = of_crew.sum(1)
        share = crew_number / (number + SUPPOSED_HONEST)
        # mean of a binomial that is at least one: k = m joins / (1 - (1 - joins)^m), solved by
        # fixed-point steps
        mean = (of_crew @ k) / np.maximum(crew_number, 1e-9)
        for _ in range(8):
            joins = np.clip(
                mean * -np.expm1(most * np.log1p(-np.minimum(joins, 1 - 1e-9))) / most,
                1e-6,
                1 - 1e-6,
            )
        again = _return_chance(of_crowd, prior)
    both = share[:, None] * _binomial_pmf(joins, most) + (1.0 - share[:, None]) * _geometric_pmf(
        again, most
    )
    one = _geometric_pmf(single, most)
    gained = (histogram * (np.log(np.maximum(both, 1e-300)) - np.log(np.maximum(one, 1e-300)))).sum(
        1
    )
    # the two classes may change places: a "crew" that comes back less often than its crowd is none
    swapped = most * joins / -np.expm1(most * np.log1p(-joins)) <= (1.0 - again**most) / (
        1.0 - again
    )
    return np.where(swapped, 0.0, share), joins, again, np.where(swapped, 0.0, gained)
