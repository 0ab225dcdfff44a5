"""Automation: which share of the fallen is inauthentic, automated but authentic, or by hand.

Bounds against matched controls, not a score per person. Signals are ranked among accounts that
stood and are alike in age, activity and audience, and weighed by what sets the fallen apart
(`automation.score`); what the fallen show beyond them is a share that is there at least
(`kernels.excess_share`). There is an upper bound only where the signals see something: then the
share is at most what is visible over the least sensitivity published for such signals. Where
nothing is visible the share is unknown, not small. Method: docs/methods/automation.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from birdfall.kernels.excess_share import Excess, excess
from birdfall.measures.automation.clients import CLIENT, shared_client
from birdfall.measures.automation.matching import MatchedControls, match_controls
from birdfall.measures.automation.profiles import PACE, PROFILE
from birdfall.measures.automation.score import account_scores
from birdfall.measures.automation.signals import FAMILIES, TIMING, Signals, signals
from birdfall.measures.automation.traits import matching_traits
from birdfall.measures.suspensions import find_absences
from birdfall.model.findings import Answer, Estimate, Finding, Note
from birdfall.record.record import Record

KIND: Final = "automation"
METHOD: Final = (
    "timing: burstiness (Goh and Barabási 2008; Kim and Jo 2016), corrected conditional entropy "
    "(Porta et al. 1998; Gianvecchio et al. 2011)",
    "behaviour strings: Cresci et al. 2016; Nwala et al. 2023",
    "controls: coarsened exact matching (Iacus, King and Porro 2012)",
    "score: weights of a logistic regression that are nothing or more, cross-fitted "
    "(Chernozhukov et al. 2018)",
    "share: mixture proportion from below by the best bin (Garg et al. 2021) within exact bounds "
    "(Clopper and Pearson 1934)",
    "what signals miss: sensitivity from 0.35, the least measured (docs/methods/automation.md)",
)
#: Grows when the same data would give other numbers. 3: of an account's rows of one time the first
#: line gives its client and profile, not whichever was met first.
METHOD_VERSION: Final = 3
#: Fewer on either side carry no share.
MIN_FALLEN, MIN_CONTROLS = 50, 100
#: Least share of automated accounts that such signals see, on data a method was not made on.
MIN_SENSITIVITY: Final = 0.35
#: An account is flagged above this quantile of the scores of accounts that stood.
FLAG_QUANTILE: Final = 0.9


@dataclass(frozen=True)
class _Family:
    """One family of signals, compared with the controls.

    excess: what the fallen show beyond them. score: float64[accounts], NaN where not scoreable.
    """

    excess: Excess
    score: np.ndarray
    pair: MatchedControls


def automation(
    record: Record, waves: Finding, wave: int, *, leaders: Sequence[str] = ()
) -> Finding:
    """Bound the shares of automated and inauthentic accounts among the members of a wave.

    Parameters
    ----------
    record
        Read: `acts`, `accounts`, `statuses`, and `follows` with `leaders`.
    waves
        A finding of kind `waves`.
    wave
        Which of its waves.
    leaders
        Ids; followers of any of them are compared with followers.

    Returns
    -------
    Finding
        As `automation_of_accounts`, of what was known before the wave began.
    """
    start = next(r["start"] for r in waves.table("waves").to_pylist() if r["wave"] == wave)
    members = [m["code"] for m in waves.table("members").to_pylist() if m["wave"] == wave]
    before = round(start.timestamp() * 1_000_000)
    return automation_of_accounts(
        record, np.array(members, np.int64), before, leaders=leaders, name=f"{KIND}-{wave}"
    )


def automation_of_accounts(
    record: Record,
    fallen: np.ndarray,
    before: int,
    *,
    leaders: Sequence[str] = (),
    level: float = 0.95,
    name: str = KIND,
) -> Finding:
    """Bound the shares of automated and inauthentic accounts among given accounts.

    Parameters
    ----------
    record
        Read: `acts`, `accounts`, `statuses`, and `follows` with `leaders`.
    fallen
        int64[k], account codes.
    before
        Microseconds; only what was known before is used.
    leaders
        Ids; followers of any of them are compared with followers.
    level
        Of the bounds.
    name
        Of the finding.

    Returns
    -------
    Finding
        Of kind `automation`, with the table `signals`. The shares are of the accounts of which
        enough is known (`scoreable_timing`, `scoreable_profile`), not of all the fallen. It names
        no account.

    References
    ----------
    Iacus, King and Porro (2012) on matching; Garg et al. (2021) on mixture proportions.

    Examples
    --------
    >>> from birdfall.record.record import from_tables
    >>> automation_of_accounts(from_tables({}), np.array([], np.int64), 0).answer
    'cannot'
    """
    fallen = np.unique(np.asarray(fallen, np.int64))
    found = _compare_groups(record, fallen, before, leaders, level)
    parameters: dict[str, int | float | list[str]] = {
        "before": before,
        "leaders": list(leaders),
        "level": level,
        "sensitivity": MIN_SENSITIVITY,
    }
    return _finding(record, found, name, parameters)


class _Comparison(NamedTuple):
    """The fallen beside those that stood: their signals, each family compared, and the shares.

    fallen, stood: int64[...], account codes, ascending. scoreable: of the fallen, by family. table:
    each signal by itself.
    """

    fallen: np.ndarray
    stood: np.ndarray
    families: dict[str, _Family | None]
    scoreable: dict[str, int]
    shares: _Shares
    table: pa.Table


def _compare_groups(
    record: Record, fallen: np.ndarray, before: int, leaders: Sequence[str], level: float
) -> _Comparison:
    """The fallen against all accounts that never fell, family by family."""
    known = signals(record, before)
    is_standing = np.ones(len(record.ids), np.bool_)
    is_standing[fallen] = False
    is_standing[find_absences(record).code] = False
    stood = np.flatnonzero(is_standing)
    traits = matching_traits(record, known.acts, leaders, before)
    families = {
        family: _compare_family(known, family, fallen, stood, traits, level) for family in FAMILIES
    }
    scoreable = {f: int(_scoreable(known, f)[fallen].sum()) for f in FAMILIES}
    shares = _bound_shares(families, level)
    client = _client_row(record, families, before, level)
    table = _signal_table(known, families, client, level)
    return _Comparison(fallen, stood, families, scoreable, shares, table)


def _finding(
    record: Record,
    found: _Comparison,
    name: str,
    parameters: dict[str, int | float | list[str]],
) -> Finding:
    """What the comparison says."""
    answer, reasons, limits = _judge(found)
    return Finding(
        kind=KIND,
        name=name,
        answer=answer,
        estimates=_estimates(found),
        parameters=parameters,
        inputs=tuple(
            record.input(t) for t in ("statuses", "acts", "accounts", "follows") if record.has(t)
        ),
        reasons=tuple(reasons),
        limits=tuple(limits),
        method=METHOD,
        tables={"signals": found.table},
        simulated=record.settings.simulated,
    )


def _judge(found: _Comparison) -> tuple[Answer, list[Note], list[Note]]:
    """The answer, its reasons, and its limits."""
    reasons, limits = _reasons_and_limits(found.families, found.scoreable, len(found.fallen))
    if not any(found.families.values()):
        return "cannot", reasons, limits
    if found.shares.some_are_sure:
        return "found", reasons, limits
    return "nothing", reasons, [*limits, Note("nothing-visible-is-not-manual", {})]


def _estimates(found: _Comparison) -> dict[str, Estimate]:
    """The finding's numbers."""
    shares = found.shares
    return {
        "fallen": _accounts(len(found.fallen)),
        "scoreable_timing": _accounts(found.scoreable[TIMING]),
        "scoreable_profile": _accounts(found.scoreable[PROFILE]),
        "scoreable_pace": _accounts(found.scoreable[PACE]),
        "inauthentic": shares.inauthentic,
        "automated": shares.automated,
        "automated_authentic": shares.automated_authentic,
        "manual": shares.manual,
        **_flag_counts(found.families, found.fallen, found.stood),
    }


def _compare_family(
    known: Signals,
    family: str,
    fallen: np.ndarray,
    others: np.ndarray,
    traits: list[np.ndarray],
    level: float,
) -> _Family | None:
    """One family of the fallen against their controls; None if too few on either side."""
    rows = known.rows_of(family)
    scoreable = _scoreable(known, family)
    pattern = np.zeros(known.value.shape[1], np.int64)
    for row in rows:
        pattern = pattern * 2 + np.isfinite(known.value[row])
    _, pattern = np.unique(pattern, return_inverse=True)
    pair = match_controls(
        fallen[scoreable[fallen]], others[scoreable[others]], [pattern.astype(np.int64), *traits]
    )
    if len(pair.fallen) < MIN_FALLEN or pair.effective < MIN_CONTROLS:
        return None
    pair = pair.in_order_of(known.value[rows])
    score = account_scores(known.value[rows], pair)
    return _Family(
        _rescale_to_known(
            excess(score[pair.fallen], score[pair.controls], pair.weight, level=level), pair
        ),
        score,
        pair,
    )


def _rescale_to_known(found: Excess, pair: MatchedControls) -> Excess:
    """The same over all scoreable fallen: those without a match may be anything."""
    share = len(pair.fallen) / (len(pair.fallen) + pair.unmatched)
    return Excess(
        found.low * share, found.visible * share, found.high * share + 1 - share, found.threshold
    )


def _scoreable(known: Signals, family: str) -> np.ndarray:
    """bool[accounts]: something is known of it."""
    found: np.ndarray = np.isfinite(known.value[known.rows_of(family)]).any(axis=0)
    return found


class _Shares(NamedTuple):
    """Bounds of the shares of the fallen."""

    inauthentic: Estimate
    automated: Estimate
    automated_authentic: Estimate
    manual: Estimate

    @property
    def some_are_sure(self) -> bool:
        """Whether any kind is there with certainty."""
        kinds = (self.inauthentic, self.automated, self.automated_authentic)
        return any((e.low or 0.0) > 0 for e in kinds)


def _bound_shares(families: dict[str, _Family | None], level: float) -> _Shares:
    profile, timing = families[PROFILE], families[TIMING]
    inauthentic = _share_bounds(profile.excess if profile else None, level)
    # Counts of output show it more coarsely than acts: they are used where acts are not known.
    output = timing or families[PACE]
    automated = _share_bounds(output.excess if output else None, level)
    authentic = _unknown_share(level)
    if profile is not None and timing is not None:
        authentic = _authentic(profile, timing, inauthentic, level)
    sure = (inauthentic.low or 0.0) + (authentic.low or 0.0)
    least = max(sure, automated.low or 0.0, inauthentic.low or 0.0)
    most = 1.0
    if authentic.value is not None:
        most = (inauthentic.high or 0.0) + (authentic.high or 0.0)
    manual = Estimate(None, "share", max(0.0, 1 - most), 1 - least, level, "identified")
    return _Shares(inauthentic, automated, authentic, manual)


def _authentic(profile: _Family, timing: _Family, inauthentic: Estimate, level: float) -> Estimate:
    """The automated but authentic: automated among those whose profile is no more suspect than that
    of half the controls, carried over to all that are authentic.
    """
    middle = _weighted_median(profile.score[profile.pair.controls], profile.pair.weight)
    with np.errstate(invalid="ignore"):
        plain = profile.score <= middle
    inside = timing.pair
    group = inside.fallen[plain[inside.fallen]]
    mine = plain[inside.controls]
    pair = MatchedControls(group, inside.controls[mine], inside.weight[mine], 0)
    if len(group) < MIN_FALLEN or pair.effective < MIN_CONTROLS:
        return _unknown_share(level)
    found = excess(timing.score[group], timing.score[pair.controls], pair.weight, level=level)
    return Estimate(
        found.visible * (1 - (inauthentic.value or 0.0)),
        "share",
        found.low * (1 - (inauthentic.high or 0.0)),
        _upper_bound(found) * (1 - (inauthentic.low or 0.0)),
        level,
        "identified",
    )


def _upper_bound(found: Excess) -> float:
    """The largest share that fits what is visible; signals that see nothing here bound nothing."""
    return min(1.0, found.high / MIN_SENSITIVITY) if found.low > 0 else 1.0


def _share_bounds(found: Excess | None, level: float) -> Estimate:
    if found is None:
        return _unknown_share(level)
    return Estimate(found.visible, "share", found.low, _upper_bound(found), level, "identified")


def _unknown_share(level: float) -> Estimate:
    return Estimate(None, "share", 0.0, 1.0, level, "identified")


def _flag_counts(
    families: dict[str, _Family | None], fallen: np.ndarray, others: np.ndarray
) -> dict[str, Estimate]:
    """How many look automated or made to order, by a threshold one in ten that stood passes."""
    scores = [f.score for f in families.values() if f is not None]
    if not scores:
        return {}
    stacked = np.stack(scores)
    number = np.isfinite(stacked).sum(axis=0)
    score = np.where(number > 0, np.nansum(stacked, axis=0) / np.maximum(number, 1), np.nan)
    known = np.isfinite(score)
    mine, theirs = fallen[known[fallen]], others[known[others]]
    if len(mine) < MIN_FALLEN or len(theirs) < MIN_CONTROLS:
        return {}
    threshold = np.quantile(score[theirs], FLAG_QUANTILE)
    return {
        "flagged": _accounts(int((score[mine] > threshold).sum())),
        "flagged_of": _accounts(len(mine)),
        "flagged_others": _accounts(int((score[theirs] > threshold).sum())),
        "flagged_others_of": _accounts(len(theirs)),
    }


@dataclass(frozen=True, slots=True)
class _SignalRow:
    """One row of the table `signals`: what one signal shows by itself."""

    signal: str
    family: str
    fallen: int
    controls: int
    middle_fallen: float
    middle_controls: float
    at_least: float
    visible: float


_SIGNALS: Final = pa.schema([
    ("signal", pa.string()), ("family", pa.string()), ("fallen", pa.int64()),
    ("controls", pa.int64()), ("middle_fallen", pa.float64()), ("middle_controls", pa.float64()),
    ("at_least", pa.float64()), ("visible", pa.float64()),
])  # fmt: skip


def _client_row(
    record: Record, families: dict[str, _Family | None], before: int, level: float
) -> _SignalRow | None:
    """What the clients that the fallen share show.

    A signal of its own, in no bound, for a town may share a client too.
    """
    found = families[TIMING] or families[PROFILE]
    if found is None or not record.has("acts"):
        return None
    value = shared_client(record, found.pair, before)
    return None if value is None else _signal_row("client", CLIENT, value, found.pair, level)


def _signal_table(
    known: Signals, families: dict[str, _Family | None], client: _SignalRow | None, level: float
) -> pa.Table:
    """Each signal by itself: who is known, middle values, and the excess over the controls."""
    rows = [] if client is None else [client]
    for k, (name, family) in enumerate(zip(known.names, known.families, strict=True)):
        found = families[family]
        row = (
            None if found is None else _signal_row(name, family, known.value[k], found.pair, level)
        )
        if row is not None:
            rows.append(row)
    rows.sort(key=lambda row: (-row.at_least, -row.visible, row.signal))
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=_SIGNALS)


def _signal_row(
    name: str, family: str, value: np.ndarray, pair: MatchedControls, level: float
) -> _SignalRow | None:
    mine, theirs = np.isfinite(value[pair.fallen]), np.isfinite(value[pair.controls])
    group, controls, weight = (
        value[pair.fallen][mine],
        value[pair.controls][theirs],
        pair.weight[theirs],
    )
    if len(group) < MIN_FALLEN or not len(controls):
        return None
    one = excess(group, controls, weight, level=level)
    return _SignalRow(
        signal=name,
        family=family,
        fallen=len(group),
        controls=len(controls),
        middle_fallen=float(np.median(group)),
        middle_controls=_weighted_median(controls, weight),
        at_least=one.low,
        visible=one.visible,
    )


def _reasons_and_limits(
    families: dict[str, _Family | None], scoreable: dict[str, int], fallen: int
) -> tuple[list[Note], list[Note]]:
    reasons, limits = [], [Note("shares-are-not-persons", {})]
    for family, found in families.items():
        if family == PACE:  # stands in for timing, whose absence is noted
            continue
        if found is None:
            reasons.append(
                Note(
                    f"too-few-known-by-{family}", {"accounts": scoreable[family], "fallen": fallen}
                )
            )
        elif found.pair.unmatched:
            limits.append(
                Note("fallen-without-like", {"accounts": found.pair.unmatched, "family": family})
            )
    return reasons, limits


def _weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(summed, summed[-1] / 2)])


def _accounts(number: int) -> Estimate:
    return Estimate(number, "accounts", level=None, bounds="none")
