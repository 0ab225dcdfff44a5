"""Verdicts: whether a measured range agrees with the range that a claim allows."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from birdfall.claims.parse import VAGUE_LEAST, VAGUE_MOST, ParsedClaim, Qualifier, Unit

#: Off by no more than this share of the claimed number: supported within.
NEAR_SHARE = 0.10
#: A bound ("at least", "fewer than") is off by no more than this share.
NEAR_BOUND_SHARE = 0.02
#: A number from this on may be round.
MIN_ROUND = 10


_BOUNDS = (Qualifier.AT_LEAST, Qualifier.MORE_THAN, Qualifier.AT_MOST, Qualifier.UP_TO)
#: "Up to" is meant to be reached but for this share; below it, it is neither true nor false.
UP_TO_SHARE = 0.10
#: Shares are quotients: ends of ranges are compared to so many parts of the number.
ROUNDING = 1e-9
#: Percentages are told in three digits: who reads 45.0 % is told no less than 45 %.
PERCENT_ROUNDING = 1e-3


class Verdict(StrEnum):
    """The verdicts, the most favourable first.

    SUPPORTED: what was measured, or all it may be, lies in the range the words allow.
    SUPPORTED_WITHIN: off by a tenth at most. NOT_ANSWERABLE: it may be true and may be false.
    """

    SUPPORTED = "supported"
    SUPPORTED_WITHIN = "supported_within"
    NOT_ANSWERABLE = "not_answerable"
    CONTRADICTED = "contradicted"


class Judgement(NamedTuple):
    """A verdict, and how far off the claim is: a share of the number claimed, signed."""

    verdict: Verdict
    off_by: float | None


def precision(value: float) -> float:
    """How precisely a number is said: the unit of its last digit that is not nought.

    Who says 3,300 does not mean 3,000; who says 3,000 may.

    Examples
    --------
    >>> precision(3300), precision(3000), precision(33)
    (100.0, 1000.0, 1.0)
    """
    unit = 1.0
    while value >= MIN_ROUND and value % (10 * unit) == 0:
        unit *= 10
    return unit


def worst(verdicts: list[Verdict]) -> Verdict:
    """The least favourable of several verdicts."""
    return max(verdicts, key=list(Verdict).index)


def judge(claim: ParsedClaim, low: float, high: float) -> Judgement:
    """Judge a claim whose true value lies in [low, high].

    Examples
    --------
    >>> from birdfall.claims.parse import parse
    >>> claim, = parse("at least 6,600 accounts fell")
    >>> str(judge(claim, 7000, 7000).verdict), str(judge(claim, 3000, 3000).verdict)
    ('supported', 'contradicted')
    """
    middle = (low + high) / 2
    off_by = (middle - claim.value) / claim.value if claim.value else None
    return Judgement(_verdict_on(claim, low, high), off_by)


def understates(claim: ParsedClaim, low: float) -> bool:
    """Whether more than a vague numeral covers were measured: "thousands" said of 12,000.

    Such a word says that there were at least some thousands; it is not false of more, and nobody
    would say it of them. "A couple of thousand" does say how many at most.
    """
    if claim.qualifier is not Qualifier.VAGUE or claim.high is None:
        return False
    return low > claim.high >= claim.value * VAGUE_MOST / VAGUE_LEAST


def _verdict_on(claim: ParsedClaim, low: float, high: float) -> Verdict:
    percent = PERCENT_ROUNDING * abs(claim.value) if claim.unit is Unit.PERCENT else 0.0
    slack = max(percent, ROUNDING * max(abs(claim.value), 1.0))
    at_least = claim.low - slack if claim.low is not None else float("-inf")
    at_most = claim.high + slack if claim.high is not None else float("inf")
    inside = at_least <= low and high <= at_most
    outside = high < at_least or low > at_most
    if claim.qualifier is Qualifier.NOT:  # the range is what is denied
        if inside:
            return Verdict.CONTRADICTED
        return Verdict.SUPPORTED if outside else Verdict.NOT_ANSWERABLE
    strictly_more = claim.qualifier is Qualifier.MORE_THAN and high <= (claim.low or 0.0)
    if strictly_more and claim.unit is Unit.TIMES:
        return Verdict.CONTRADICTED  # as many are not more
    if claim.qualifier is Qualifier.UP_TO and low < (1 - UP_TO_SHARE) * claim.value:
        return Verdict.NOT_ANSWERABLE
    if inside and not strictly_more:
        return Verdict.SUPPORTED
    if understates(claim, low):
        return Verdict.NOT_ANSWERABLE
    if not outside and not strictly_more:
        # bounds that straddle the claim decide nothing, unless they are narrow
        narrow = high - low <= NEAR_SHARE * max(claim.value, 1)
        return Verdict.SUPPORTED_WITHIN if narrow else Verdict.NOT_ANSWERABLE
    # off by how much: from the number itself and not from the edge its wording allows; of a
    # range, from its edge
    ranged = claim.qualifier in (Qualifier.BETWEEN, Qualifier.VAGUE)
    edges = [e for e in (claim.low, claim.high) if e is not None] if ranged else [claim.value]
    gap = min(abs(value - edge) for value in (low, high) for edge in edges)
    share = NEAR_BOUND_SHARE if claim.qualifier in _BOUNDS else NEAR_SHARE
    near = gap <= share * claim.value and claim.qualifier is not Qualifier.EXACTLY
    if claim.qualifier is Qualifier.PLAIN and gap >= precision(claim.value):
        near = False
    return Verdict.SUPPORTED_WITHIN if near else Verdict.CONTRADICTED
