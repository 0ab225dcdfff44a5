"""What a wave is made of: who fell and returned, whose audience that was, and each watched leader's
ledger.

Everything is counted anew from the stored changes each time, so what an alert says and what a
report finds later agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from birdfall.model.units import MINUTE_US
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.model.wave import (
    LeaderLedger,
    ReportDetails,
    SuspensionDetails,
    TargetCount,
    Wave,
)
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import falls
from birdfall.watch.store.queries.accounts import count_accounts
from birdfall.watch.store.queries.reports import list_first_reports

#: A wave's chart shows so much before it, and at most so much of it.
CHART_BEFORE_US, MAX_CHART_US = 5 * MINUTE_US, 30 * MINUTE_US
#: The begin of a wave by exact times: the least that counts as usual in a tick, and the shortest
#: time that a rate is taken over.
MIN_TICK_RATE, MIN_RATE_SPAN_US = 1 / 360, 100_000
#: The log likelihood from which a begin is clear, and within which another one is hardly less
#: likely (20 to 1).
CLEAR_LOG_LIKELIHOOD, LIKELIHOOD_TOLERANCE = 10.0, 3.0
#: Leaders whose ledgers are kept with a wave, and those of them that nobody of the wave followed.
MAX_LEDGERS, MAX_UNTOUCHED_LEDGERS = 100, 20
#: An audience is named as hit from these odds on, with the lower bound above 1, and so many fallen
#: followers.
MIN_HIT_ODDS, MIN_HIT_FALLEN = 2.0, 5
#: Normal deviate of a 95 % interval.
Z_95: Final = 1.96


class Contents(NamedTuple):
    """A wave of suspensions as it stands: how many fell, how many of them are back, and the
    details."""

    fallen: int
    returned: int
    details: SuspensionDetails


class AudienceOdds(NamedTuple):
    """An odds ratio with its 95 % interval."""

    ratio: float
    low: float
    high: float


def find_begin(state: State, onset: int, end: int, baseline: float) -> int:
    """When a wave of suspensions began by exact times.

    Parameters
    ----------
    state
        The state.
    onset
        Begin of the tick in which the wave most likely began, microseconds.
    end
        Until when falls are looked at, microseconds.
    baseline
        Falls a tick brought until then.

    Returns
    -------
    int
        The moment of the wave's first fall; `onset` if there was none.

    Notes ----- A wave does not begin with a tick. Its likeliest begin is looked for among the falls
    of that tick and the one before, at `baseline` until then and whatever rate fits best from then
    on; of those that are hardly less likely, the first.
    """
    times = falls.list_fall_times(state, onset - TICK_US, end)
    scored: list[tuple[float, int]] = []
    for number, moment in enumerate(times):
        if moment >= onset + TICK_US:
            break
        since = len(times) - number
        span = max(end - moment, MIN_RATE_SPAN_US)
        expected = max(baseline, MIN_TICK_RATE) * span / TICK_US
        gain = since * math.log(since / expected) - since + expected if since > expected else 0.0
        scored.append((gain, moment))
    best = max((score for score, _ in scored), default=0.0)
    if best < CLEAR_LOG_LIKELIHOOD:
        return next((t for t in times if t >= onset), onset)
    return next(moment for score, moment in scored if score >= best - LIKELIHOOD_TOLERANCE)


def describe_suspensions(state: State, begin: int, end: int) -> Contents:
    """The wave of suspensions within [begin, end], in microseconds."""
    number, last = falls.stage_fallen(state, begin, end)
    end = last or end
    known = count_accounts(state)
    return Contents(
        number,
        falls.count_returns(state),
        SuspensionDetails(
            end=end,
            accounts=known,
            leaders=_make_ledgers(state, begin, end, number, known),
            hosts=falls.count_falls_by(state, falls.FallGroup.HOST, begin, end),
            clients=falls.count_falls_by(state, falls.FallGroup.CLIENT, begin, end),
            limited=falls.count_limited_by_host(state, begin, end),
            reasons=falls.count_falls_by(state, falls.FallGroup.REASON, begin, end),
            reported=falls.count_reported_before(state),
        ),
    )


def recount_returns(state: State, wave: Wave) -> tuple[int, SuspensionDetails]:
    """(returned, details) of a wave of suspensions whose first falls are no longer all kept.

    What it came to stands; only who is back is counted anew.
    """
    falls.stage_fallen(state, wave.begin, wave.closed or wave.opened)
    back = falls.count_returns(state)
    up = falls.staged_accounts_up(state)
    ledgers = []
    for ledger in wave.ledgers:
        now = falls.visible_followers(state, ledger.leader)
        ledgers.append(replace(ledger, returned=min(len(up & now), ledger.suspended), now=len(now)))
    details = wave.details if isinstance(wave.details, SuspensionDetails) else SuspensionDetails()
    return back, replace(details, leaders=tuple(ledgers))


def has_accounts(state: State, wave: Wave) -> bool:
    """Whether the accounts of a wave are still kept: those of the waves that are listed are."""
    return wave.id > int(state.meta("let_go", "0"))


def describe_reports(state: State, begin: int, end: int, targets: Sequence[str]) -> ReportDetails:
    """The burst of reports of these targets within [begin, end] (microseconds)."""
    rows = list_first_reports(state, begin, end, targets)
    reported_by: dict[str, set[str]] = {}
    reporters_of: dict[str, set[str]] = {target: set() for target in targets}
    for row in rows:
        reported_by.setdefault(row.reporter, set()).add(row.target)
        reporters_of[row.target].add(row.reporter)
    together = sorted(reporter for reporter, of in reported_by.items() if len(of) >= 2)
    most_first = sorted(targets, key=lambda target: (-len(reporters_of[target]), target))
    return ReportDetails(
        targets=tuple(TargetCount(target, len(reporters_of[target])) for target in most_first),
        reports=len(rows),
        reporters=len(reported_by),
        together=tuple(together),
        share_together=len(together) / len(reported_by) if reported_by else 0.0,
    )


def odds_ratio(inside_fallen: int, inside: int, fallen: int, known: int) -> AudienceOdds:
    """Odds of falling inside an audience against outside (Haldane 1956), with the 95 % interval
    (Woolf 1955).

    Parameters
    ----------
    inside_fallen, inside
        Followers that fell, and followers in all.
    fallen, known
        Accounts that fell, and accounts known of in all.
    """
    a, b = inside_fallen + 0.5, inside - inside_fallen + 0.5
    c = fallen - inside_fallen + 0.5
    d = max(known - inside - (fallen - inside_fallen), 0) + 0.5
    ratio = a * d / (b * c)
    spread = Z_95 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return AudienceOdds(ratio, ratio * math.exp(-spread), ratio * math.exp(spread))


def _make_ledgers(
    state: State, begin: int, end: int, fallen: int, known: int
) -> tuple[LeaderLedger, ...]:
    """A ledger for each leader that the staged followed, most first, and for some of the others."""
    touched = falls.count_staged_followers(state, begin)
    chosen = sorted(touched, key=lambda leader: (-touched[leader], leader))[:MAX_LEDGERS]
    others = [leader for leader in sorted(state.leaders) if leader not in touched]
    chosen += others[: max(0, min(MAX_UNTOUCHED_LEDGERS, MAX_LEDGERS - len(chosen)))]
    return tuple(_make_ledger(state, leader, begin, end, fallen, known) for leader in chosen)


def _make_ledger(
    state: State, leader: str, begin: int, end: int, fallen: int, known: int
) -> LeaderLedger:
    before = falls.visible_followers(state, leader, begin)
    after = falls.visible_followers(state, leader, end + 1)
    down = falls.staged_accounts(state)
    lost = before & down
    now = falls.visible_followers(state, leader)
    odds = odds_ratio(len(lost), len(before), fallen, known)
    return LeaderLedger(
        leader=leader,
        before=len(before),
        suspended=len(lost),
        returned=len(lost & now),
        left=len(before - after - down),
        came=len(after - before),
        after=len(after),
        now=len(now),
        odds_ratio=odds.ratio,
        or_low=odds.low,
        or_high=odds.high,
        hit=len(lost) >= MIN_HIT_FALLEN and odds.ratio >= MIN_HIT_ODDS and odds.low > 1.0,
    )
