"""Evidence of a wave: two dozen observable numbers, each with the kind of observation it needs.

One definition for the full world (which counts accounts) and the light one (which counts kinds of
them), so that a table of likelihood ratios made from light worlds means the same on full ones. Odds
ratios are logarithms to base e with a half added to every cell; shares are 0..1; a number that the
world does not have is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.world.hazards import APP, CONTROL, LEADER, NOTABLE, STATE
from birdfall.world.timing import DAY_S

#: Each number and the first way of looking at which it can be had (`world.observation.TIERS`).
ITEMS: Final[dict[str, str]] = {
    "log10_size": "counts",
    "log10_excess": "counts",
    "log10_duration_s": "counts",
    "log_hazard_ratio": "counts",
    "log10_dispersion": "counts",
    "log_or_leader": "list",
    "log_or_control": "list",
    "log_or_notable": "list",
    "peak_share": "list",
    "burst_share": "list",
    "log_or_flagged": "timelines",
    "flagged_share": "timelines",
    "log_or_app": "timelines",
    "app_share": "timelines",
    "returned_share": "reinstatement",
    "bulk_share": "reinstatement",
    "log_or_return_notable": "reinstatement",
    "log10_return_hours": "reinstatement",
    "log10_reports": "reports",
    "lockstep_share": "reports",
    "dose_jump": "reports",
    "log_or_reported": "reports",
}

#: Doses are counted up to here; more is counted here.
MAX_DOSE: Final = 200


@dataclass(frozen=True)
class Outcome:
    """What happened in one world, before it is reduced.

    The fallen are all n that fell from the wave's onset to its end, those of an ordinary day among
    them: nobody who looks can tell them apart.

    people, hit: int64[48], accounts and fallen by kind (`world.hazards`). fell, back: float64[n],
    seconds from the onset, back inf if never. notable: of each of the n. flagged, flagged_of:
    looking inauthentic among the n and among `controls` standing accounts. base_per_s: ordinary
    falls per second. daily: falls by day before the wave. doses, doses_fell: int64[201], accounts
    by number of reports around the wave, and those of them that fell. on_fallen, by_repeaters:
    reports on the fallen, and of those by reporters of at least three of them.
    """

    people: np.ndarray
    hit: np.ndarray
    fell: np.ndarray
    back: np.ndarray
    notable: np.ndarray
    flagged: int
    flagged_of: int
    controls: int
    base_per_s: float
    daily: np.ndarray
    doses: np.ndarray
    doses_fell: np.ndarray
    on_fallen: int
    by_repeaters: int


def evidence(world: Outcome) -> dict[str, float]:
    """The numbers of `ITEMS` for one world, in that order."""
    n = len(world.fell)
    leader, control = _hazard(world, LEADER), _hazard(world, CONTROL)
    low, high = np.quantile(world.fell, [0.05, 0.95]) if n else (0.0, 0.0)
    expected = world.base_per_s * (world.fell.max() - world.fell.min()) if n else 0.0
    spread = world.daily.var() / max(world.daily.mean(), 1e-9) if len(world.daily) else np.nan
    returned = np.isfinite(world.back)
    within = returned & (world.back - world.fell <= 4 * DAY_S)
    delay = (world.back - world.fell)[returned]
    values = {
        "log10_size": np.log10(n + 0.5),
        "log10_excess": np.log10((n + 0.5) / (expected + 0.5)),
        "log10_duration_s": np.log10(high - low + 1),
        "log_hazard_ratio": np.log(leader / control),
        "log10_dispersion": np.log10(spread + 0.1),
        "log_or_leader": _log_odds_of(world, LEADER == 1),
        "log_or_control": _log_odds_of(world, CONTROL == 1),
        "log_or_notable": _log_odds_of(world, NOTABLE == 1),
        "peak_share": _fullest(world.fell, 60.0) / n if n else np.nan,
        "burst_share": _burst(world.fell),
        "log_or_flagged": log_odds(world.flagged, n, world.flagged_of, world.controls),
        "flagged_share": world.flagged / n if n else np.nan,
        "log_or_app": _log_odds_of(world, APP == 1),
        "app_share": world.hit[APP == 1].sum() / n if n else np.nan,
        "returned_share": within.mean() if n else np.nan,
        "bulk_share": _fullest(world.back[returned], 900.0) / returned.sum()
        if returned.sum() >= 3
        else np.nan,
        "log_or_return_notable": _return_odds_of_notable(world.notable == 1, within),
        "log10_return_hours": np.log10(np.median(delay) / 3600 + 0.01) if len(delay) else np.nan,
        "log10_reports": np.log10(world.on_fallen / n + 0.01) if n else np.nan,
        "lockstep_share": world.by_repeaters / world.on_fallen if world.on_fallen else 0.0,
        "dose_jump": dose_jump(world.doses, world.doses_fell),
        "log_or_reported": _report_odds(world),
    }
    return {name: float(values[name]) for name in ITEMS}


def log_odds(hit: float, of: float, other_hit: float, other_of: float) -> float:
    """The natural log of the odds ratio of two shares, hit / of against other_hit / other_of.

    A half is added to every cell (Haldane 1956, Anscombe 1956).
    """
    return float(
        np.log((hit + 0.5) * (other_of - other_hit + 0.5) / ((of - hit + 0.5) * (other_hit + 0.5)))
    )


def dose_jump(doses: np.ndarray, fell: np.ndarray, least: int = 10) -> float:
    """The largest rise in the share that fell from fewer than d reports (but some) to at least d.

    Parameters
    ----------
    doses, fell
        int64[MAX_DOSE + 1], accounts by number of reports, and those of them that fell.
    least
        Both sides of d must hold so many accounts; 0 if no d does.
    """
    above, above_fell = np.cumsum(doses[::-1])[::-1], np.cumsum(fell[::-1])[::-1]
    below, below_fell = np.cumsum(doses) - doses[0] - doses, np.cumsum(fell) - fell[0] - fell
    enough = (above >= least) & (below >= least)
    enough[:2] = False
    if not enough.any():
        return 0.0
    return float(np.max(above_fell[enough] / above[enough] - below_fell[enough] / below[enough]))


def _hazard(world: Outcome, of: np.ndarray) -> float:
    return float((world.hit[of == 1].sum() + 0.5) / (world.people[of == 1].sum() + 1))


def _log_odds_of(world: Outcome, of: np.ndarray) -> float:
    return log_odds(
        world.hit[of].sum(), world.people[of].sum(), world.hit[~of].sum(), world.people[~of].sum()
    )


def _fullest(times: np.ndarray, length: float) -> int:
    """The most events in any closed window of `length`."""
    ordered = np.sort(times)
    if not len(ordered):
        return 0
    return int(
        np.max(np.searchsorted(ordered, ordered + length, "right") - np.arange(len(ordered)))
    )


def _burst(times: np.ndarray) -> float:
    """The share of events in the fullest ten of a hundred equal parts of the wave.

    0.1 when even, towards 1 in batches.
    """
    if len(times) < 10 or times.max() <= times.min():
        return float("nan")
    counts = np.histogram(times, 100)[0]
    return float(np.sort(counts)[-10:].sum() / len(times))


def _return_odds_of_notable(notable: np.ndarray, returned: np.ndarray) -> float:
    if not notable.any() or notable.all():
        return float("nan")
    return log_odds(
        returned[notable].sum(), notable.sum(), returned[~notable].sum(), (~notable).sum()
    )


def _report_odds(world: Outcome) -> float:
    """Odds of any report in the day, among the fallen, relative to those who stand."""
    fell, stood = world.doses_fell, world.doses - world.doses_fell
    return log_odds(fell[1:].sum(), fell.sum(), stood[1:].sum(), stood.sum())


__all__ = ["ITEMS", "MAX_DOSE", "STATE", "Outcome", "dose_jump", "evidence", "log_odds"]
