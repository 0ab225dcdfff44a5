"""Claims that compare: so many times as usual, as came back, or as of another account."""

from __future__ import annotations

from birdfall.claims.moments import claimed_interval
from birdfall.claims.parse import Comparison, ParsedClaim
from birdfall.claims.readings import Reading, Refusal, exact_reading, refuse
from birdfall.claims.subjects import ClaimSource, Subject, find_account, find_followers
from birdfall.claims.wave import first_wave

#: Keeps a ratio finite where next to nothing would have been usual.
MIN_EXPECTED = 1e-9


def measure_ratio(
    source: ClaimSource, claim: ParsedClaim, subject: Subject
) -> list[Reading] | Refusal:
    """The reading of a claim that something is so many times another thing."""
    if claim.of == Comparison.USUAL:
        return _measure_against_usual(source, claim)
    if claim.of == Comparison.RESTORED:
        return _measure_against_returns(source, subject)
    if claim.of.startswith("@") and subject.codes is not None:
        return _measure_against_account(source, claim, subject)
    return refuse("comparison-not-told", needs="what it is compared with")


def _measure_against_usual(source: ClaimSource, claim: ParsedClaim) -> list[Reading] | Refusal:
    wave = first_wave(source.findings)
    interval = claimed_interval(source, claim)
    if isinstance(interval, Refusal):
        return interval
    if wave is None or (interval is not None and not interval.holds(wave.onset_s)):
        return refuse("no-wave-to-compare", needs="statuses")
    expected = max(float(wave.expected), MIN_EXPECTED)
    low, high = (
        max(0.0, (wave.expected + excess) / expected) for excess in (wave.size_low, wave.size_high)
    )
    value = wave.observed / expected
    return [Reading("usual", value, min(low, value), max(high, value))]


def _measure_against_returns(source: ClaimSource, subject: Subject) -> list[Reading] | Refusal:
    falls, returns = source.events
    fallen = falls.of_accounts(subject.codes).count_accounts()
    returned = returns.of_accounts(subject.codes).count_accounts()
    if not returned:
        return refuse("none-returned", fallen=fallen)
    return [exact_reading("restored", fallen / returned)]


def _measure_against_account(
    source: ClaimSource, claim: ParsedClaim, subject: Subject
) -> list[Reading] | Refusal:
    """By the numbers of their followers that fell; "hit harder": by their shares as well."""
    falls, _ = source.events
    other = find_account(source, claim.of)
    if other is None or subject.codes is None:
        return refuse("account-not-known", account=claim.of, needs="leaders")
    followers = find_followers(source, other)
    ours = len(falls.of_accounts(subject.codes).code)
    theirs = len(falls.of_accounts(followers).code)
    if not theirs:
        return refuse("no-suspended-accounts")
    ratio = ours / theirs
    if not claim.by_share:
        return [exact_reading("accounts", ratio)]
    by_share = ratio * len(followers) / max(len(subject.codes), 1)
    return [Reading("accounts", by_share, min(ratio, by_share), max(ratio, by_share))]
