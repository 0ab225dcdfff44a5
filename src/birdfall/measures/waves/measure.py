"""Waves: intervals in which suspensions exceed the base rate more than chance allows.

Offline scan over all dyadic windows with a negative-binomial likelihood ratio; significance by a block bootstrap of the
record's own ups and downs. Reads `statuses`; returns a finding of kind `waves`. Method: docs/methods/waves.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import pyarrow as pa

from birdfall.kernels import scan
from birdfall.measures.suspensions import spells
from birdfall.measures.waves import describe
from birdfall.measures.waves.baseline import (
    ASSUMED_SIZE,
    MAX_WINDOW_SHARE,
    Baseline,
    fit_baseline,
    level_quantiles,
)
from birdfall.measures.waves.clock import ScanClock, scan_clock
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import FALLEN
from birdfall.record.record import Record

METHOD = (
    "scan over dyadic windows, negative-binomial likelihood ratio (Kulldorff 1997; docs/methods/waves.md)",
    "moving-block bootstrap of the maximum (Kuensch 1989); Gumbel tail beyond it, said so",
    "onset by profile likelihood",
)
#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 1
#: Waves are looked for until none is left, at most this many.
MAX_WAVES = 60
#: How often the base rate is fitted, each time without the waves found before; only the last time are all records drawn.
MAX_PASSES, QUICK_REPLICATES = 3, 199
#: A record that does not say when it was watched, and is shorter than this, may be nothing but a wave: seconds.
MIN_ALONE_S = 3600.0
#: Waves that are shown in fine steps.
DETAILED_WAVES = 5


def applies_to(record: Record) -> Note | None:
    """None if some account is known to have fallen, or was watched and did not; else why not and what would help."""
    if not record.has("statuses"):
        return Note("no-statuses", {"needs": "statuses"})
    return None


def waves(
    record: Record,
    *,
    alpha: float = 0.01,
    replicates: int = 999,
    statuses: tuple[str, ...] = FALLEN,
    step: float | None = None,
    attributes: bool = True,
    seed: int = 0,
    progress: Progress = silent,
) -> Finding:
    """Waves of suspensions in a record.

    alpha: chance of any false wave in the whole record. replicates: bootstrap records. statuses: what counts as fallen.
    step: seconds, resolution of the scan; chosen from the data if None. attributes: whether to look for what the fallen share.
    Deterministic for a seed.
    Estimates and tables: docs/reference/findings.md. Never raises for lack of data: the finding then says "cannot".
    """
    parameters = {
        "alpha": alpha,
        "replicates": replicates,
        "statuses": list(statuses),
        "step": step,
        "seed": seed,
    }
    if not attributes:
        parameters["attributes"] = False
    note = applies_to(record)
    if note is not None:
        return Finding("waves", "waves", "cannot", reasons=(note,), parameters=parameters)
    fallen = spells(record, statuses)
    low, high = describe.fall_bounds(fallen)
    begun = low > describe.NEVER
    clock = scan_clock(record, low[begun], high[begun], step)
    # a fall known within a month is no event of the day it was found out
    timed = begun & (high - np.where(begun, low, 0) <= 2e6 * max(clock.resolution, clock.step))
    if clock.steps < 8:
        reason = Note(
            "record-too-short", {"steps": clock.steps, "needs": "a longer record or finer times"}
        )
        return Finding("waves", "waves", "cannot", reasons=(reason,), parameters=parameters)
    if fallen.num_rows and not timed.any():
        known = Note(
            "fallen-when-first-seen", {"accounts": int((~begun).sum()), "of": fallen.num_rows}
        )
        wide = Note("times-too-wide-to-scan", {"accounts": int(begun.sum()), "of": fallen.num_rows})
        reasons = tuple(n for n in (known, wide) if n.values["accounts"])
        return Finding("waves", "waves", "cannot", reasons=reasons, parameters=parameters)
    times = high[timed]
    counts = clock.count_per_step(times)
    searched = search(
        counts, clock, alpha=alpha, replicates=replicates, seed=seed, progress=progress
    )
    base = searched.base
    found = _drop_shoulders(
        [
            describe.refine_window(w, times, clock, base)
            for w in sorted(searched.windows, key=lambda w: -w.evidence)
        ]
    )
    found = sorted(found, key=lambda w: (-w.size, w.start))
    tables: dict[str, pa.Table] = {
        "waves": describe.wave_table(
            found, low, high, timed, record, fallen, seed if attributes else None
        ),
        "series": describe.series_table(counts, clock, base),
        "minutes": describe.minutes_table(found[:DETAILED_WAVES], times, clock, base),
        "members": describe.members_table(found, fallen, high, timed),
        "pit": describe.pit_table(base),
    }
    if not found and describe.lacks_watch_span(record) and clock.covered_seconds < MIN_ALONE_S:
        reason = Note(
            "no-baseline",
            {"seconds": clock.covered_seconds, "suspensions": fallen.num_rows, "needs": "coverage"},
        )
        return Finding("waves", "waves", "cannot", reasons=(reason,), parameters=parameters)
    years = clock.covered_seconds / (365.25 * 86400)
    estimates = {
        "waves": Estimate(len(found), "count", level=None, bounds="none"),
        "suspensions": Estimate(fallen.num_rows, "accounts", level=None, bounds="none"),
        "watched": Estimate(describe.accounts_known(record), "accounts", level=None, bounds="none"),
        "base_rate": Estimate(
            float(base.expected[clock.covered].mean() / clock.step * 86400),
            "per_day",
            level=None,
            bounds="none",
        ),
        "variance_to_mean": Estimate(
            _finite(base.variance_to_mean), "ratio", level=None, bounds="none"
        ),
        "poisson_alarms": Estimate(
            describe.poisson_alarms(counts, clock, base), "count", level=None, bounds="none"
        ),
        "false_alarm_rate": Estimate(
            alpha / years if years > 0 else None, "per_year", level=None, bounds="none"
        ),
        "pit_p": Estimate(_finite(base.pit_p), "p", level=None, bounds="none"),
    }
    return Finding(
        kind="waves",
        name="waves",
        answer="found" if found else "nothing",
        estimates=estimates,
        parameters=parameters,
        inputs=(record.input("statuses"), record.input("coverage")),
        limits=_limits(clock, base, searched, found, low, high, timed, replicates),
        method=METHOD,
        details={
            "step_s": clock.step,
            "resolution_s": clock.resolution,
            "season": base.season,
            "from": clock.begin_time,
            "to": clock.end_time,
            "covered_share": float(clock.covered.mean()),
            "null_median": searched.null_median,
        },
        tables=tables,
    )


class SearchResult:
    """What the scan found: windows (LLR, first step, steps, p, how p was come by), the base rate, the null."""

    def __init__(
        self,
        windows: list[describe.ScanWindow],
        base: Baseline,
        null_median: float,
        null_threshold: float,
    ) -> None:
        self.windows = windows
        self.base = base
        self.null_median = null_median
        self.null_threshold = null_threshold


def search(
    counts: np.ndarray,
    clock: ScanClock,
    *,
    alpha: float,
    replicates: int,
    seed: int,
    progress: Progress = silent,
) -> SearchResult:
    """Scan a series of counts: find the strongest window, cut it out, look again, until chance would do as well.

    counts: float64[n] per step of `clock`. Whether there is any wave is decided in the first pass, in which nothing has been
    left out; cutting out only lowers the maximum, so testing the rest against the same null errs on the side of fewer waves.
    """
    # a wave must not pass for the base rate it is held against: what was found is left out when the rate is fitted again
    masked = clock.covered.copy()
    windows: list[describe.ScanWindow] = []
    quick = min(replicates, max(QUICK_REPLICATES, int(np.ceil(2 / alpha))))
    raw = float("nan")
    for turn in range(MAX_PASSES):
        base = fit_baseline(counts, masked, clock.step, clock.begin, seed=seed)
        raw = raw if turn else base.variance_to_mean
        progress("waves: what chance does", turn, MAX_PASSES, "passes")
        draws = replicates if base.short or turn == MAX_PASSES - 1 else quick
        one = _find_crowds if base.short else _find_bursts
        windows, maxima, base = one(counts, clock, base, alpha=alpha, replicates=draws, seed=seed)
        if not windows or base.short:
            break
        masked = clock.covered.copy()
        for w in windows:
            masked[w.first : w.first + w.length] = False
    base = dataclasses.replace(base, variance_to_mean=raw)
    progress("waves: what chance does", MAX_PASSES, MAX_PASSES, "passes")
    return SearchResult(
        _join_touching(windows),
        base,
        float(np.median(maxima)),
        float(np.quantile(maxima, 1 - alpha)),
    )


def _find_bursts(
    counts: np.ndarray,
    clock: ScanClock,
    base: Baseline,
    *,
    alpha: float,
    replicates: int,
    seed: int,
) -> tuple[list[describe.ScanWindow], np.ndarray, Baseline]:
    """Windows above the base rate of a record that shows its own ups and downs; the maxima of records without any."""
    halves = [replicates // 2, replicates - replicates // 2]
    bulk, tail = level_quantiles(base)

    def draw(half: int) -> np.ndarray:
        found: np.ndarray = scan.null_maxima(
            base.expected,
            clock.covered,
            base.sizes,
            base.ranks,
            base.block,
            bulk,
            tail,
            base.run,
            base.clump,
            halves[half],
            _derive_seed(seed, half),
        )
        return found

    maxima = _draw_in_two_threads(draw)
    rest = counts.copy()
    windows: list[describe.ScanWindow] = []
    while len(windows) < MAX_WAVES:
        value, first, length = scan.dyadic_maximum(rest, base.expected, clock.covered, base.sizes)
        if length == 0 or length > max(1, clock.steps * MAX_WINDOW_SHARE):
            break
        p, kind = _p_value(value, maxima)
        if p > alpha:
            break
        first, length = _trim(rest, base.expected, first, length)
        windows.append(describe.ScanWindow(value, first, length, p, kind))
        rest[first : first + length] = np.minimum(
            rest[first : first + length], base.expected[first : first + length]
        )
        # the shoulders of a wave are the wave, not a second one
        _level_shoulders(rest, base.expected, first, length)
    return windows, maxima, base


def _find_crowds(
    counts: np.ndarray,
    clock: ScanClock,
    base: Baseline,
    *,
    alpha: float,
    replicates: int,
    seed: int,
) -> tuple[list[describe.ScanWindow], np.ndarray, Baseline]:
    """Windows of a short record that hold more of its events than their share of the time, given how many there are.

    Such a record cannot show its own spread, so records of as many events are drawn whose blocks have rates as uneven as
    real streams' (gamma of size 1), and what is left after a window is cut out is held against records of what is left.
    """
    lengths = int(np.log2(max(1.0, clock.steps * MAX_WINDOW_SHARE))) + 1
    left = clock.covered.copy()
    windows: list[describe.ScanWindow] = []
    first_maxima: np.ndarray | None = None
    while True:
        events = int(counts[left].sum())
        halves = [replicates // 2, replicates - replicates // 2]
        turn = len(windows)

        def draw(half: int) -> np.ndarray:
            found: np.ndarray = scan.crowding_null_maxima(
                events,
                left,
                lengths,
                base.block,
                ASSUMED_SIZE,
                halves[half],
                _derive_seed(seed, 2 * turn + half),
            )
            return found

        maxima = _draw_in_two_threads(draw) if left.any() else np.zeros(replicates)
        first_maxima = maxima if first_maxima is None else first_maxima
        value, first, length = scan.most_crowded_window(counts, left, lengths)
        p, kind = _p_value(value, maxima)
        if length == 0 or p > alpha or len(windows) >= MAX_WAVES:
            break
        rate = np.full(clock.steps, events / max(float(left.sum()), 1.0))
        first, length = _trim(np.where(left, counts, 0.0), rate, first, length)
        windows.append(describe.ScanWindow(value, first, length, p, kind))
        left[first : first + length] = False
    # half an event where nothing was seen: a rate of zero cannot be known
    quiet = max(float(counts[left].sum()), 0.5) / max(float(left.sum()), 1.0)
    return windows, first_maxima, dataclasses.replace(base, expected=np.full(clock.steps, quiet))


def _draw_in_two_threads(draw: Callable[[int], np.ndarray]) -> np.ndarray:
    """Sorted maxima of records in which nothing happened; each thread has a stream of its own."""
    with ThreadPoolExecutor(2) as pool:
        maxima: np.ndarray = np.concatenate(list(pool.map(draw, range(2))))
    maxima.sort()
    return maxima


def _p_value(value: float, maxima: np.ndarray) -> tuple[float, str]:
    """Monte-Carlo p; below its floor a Gumbel tail fitted to the maxima (moments), never below 1e-12."""
    above = int((maxima >= value).sum())
    floor = 1 / (len(maxima) + 1)
    if above or np.std(maxima) == 0:
        return (above + 1) / (len(maxima) + 1), "monte_carlo"
    scale = np.std(maxima) * np.sqrt(6) / np.pi
    mode = np.mean(maxima) - 0.5772156649 * scale
    tail = -np.expm1(-np.exp(-(value - mode) / scale))
    return float(min(floor, max(tail, 1e-12))), "extrapolated"


def _trim(counts: np.ndarray, expected: np.ndarray, first: int, length: int) -> tuple[int, int]:
    """A window without steps at its ends that hold no more than expected."""
    last = first + length - 1
    while first < last and counts[first] <= expected[first]:
        first += 1
    while last > first and counts[last] <= expected[last]:
        last -= 1
    return first, last - first + 1


def _level_shoulders(rest: np.ndarray, expected: np.ndarray, first: int, length: int) -> None:
    for direction, edge in ((-1, first - 1), (1, first + length)):
        at, quiet = edge, 0
        while 0 <= at < len(rest) and quiet < max(2, length // 2) and abs(at - edge) < 4 * length:
            if rest[at] > 2 * expected[at] + 1:
                rest[at] = expected[at]
                quiet = 0
            else:
                quiet += 1
            at += direction


def _join_touching(windows: list[describe.ScanWindow]) -> list[describe.ScanWindow]:
    """Windows that touch are one wave, with the strongest's evidence."""
    ordered = sorted(windows, key=lambda w: w.first)
    found: list[describe.ScanWindow] = []
    for window in ordered:
        if found and window.first <= found[-1].first + found[-1].length + max(
            1, found[-1].length // 2
        ):
            before = found.pop()
            end = max(before.first + before.length, window.first + window.length)
            strong = before if before.evidence >= window.evidence else window
            window = describe.ScanWindow(
                strong.evidence, before.first, end - before.first, strong.p, strong.p_kind
            )
        found.append(window)
    return found


def _drop_shoulders(found: list[describe.RefinedWave]) -> list[describe.RefinedWave]:
    """Waves, strongest first, without those that are the shoulder of a stronger one."""
    kept: list[describe.RefinedWave] = []
    for wave in found:
        if all(
            wave.start > w.end + (w.end - w.start) / 2 or wave.end < w.start - (w.end - w.start) / 2
            for w in kept
        ):
            kept.append(wave)
    return kept


def _limits(
    clock: ScanClock,
    base: Baseline,
    searched: SearchResult,
    found: list[describe.RefinedWave],
    low: np.ndarray,
    high: np.ndarray,
    timed: np.ndarray,
    replicates: int,
) -> tuple[Note, ...]:
    notes = []
    if base.short:
        notes.append(
            Note("short-history", {"blocks": base.blocks, "days": clock.covered_seconds / 86400})
        )
    if base.pit_p == base.pit_p and base.pit_p < 0.001:
        notes.append(Note("base-rate-fits-poorly", {"p": base.pit_p}))
    never = low == describe.NEVER
    censored = int(((low < high) & ~never).sum())
    if censored:
        notes.append(
            Note(
                "times-known-within-intervals",
                {"accounts": censored, "of": len(high), "resolution_s": clock.resolution},
            )
        )
    if never.any():
        notes.append(
            Note("fallen-when-first-seen", {"accounts": int(never.sum()), "of": len(high)})
        )
    if (~timed & ~never).any():
        notes.append(
            Note(
                "times-too-wide-to-scan",
                {"accounts": int((~timed & ~never).sum()), "of": len(high)},
            )
        )
    if not clock.covered.all():
        notes.append(Note("gaps-in-coverage", {"share": float(1 - clock.covered.mean())}))
    if any(w.first == 0 for w in searched.windows) or any(
        w.start <= clock.begin + clock.step for w in found
    ):
        # a list that begins may hold what fell before it began
        notes.append(Note("wave-at-the-beginning", {"from": clock.begin_time.isoformat()}))
    if len(searched.windows) >= MAX_WAVES:
        notes.append(Note("more-waves-than-listed", {"listed": MAX_WAVES}))
    if any(w.p_kind == "extrapolated" for w in searched.windows):
        notes.append(Note("p-extrapolated", {"floor": 1 / (replicates + 1)}))
    return tuple(notes)


def _derive_seed(seed: int, stream: int) -> int:
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] & 0x7FFFFFFF)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def waves_from_counts(
    times: np.ndarray,
    counts: np.ndarray,
    *,
    alpha: float = 0.01,
    replicates: int = 999,
    seed: int = 0,
) -> dict[str, Any]:
    """Waves in a regular series of counts (for example a platform's daily totals).

    times: int64 microseconds, equally spaced, ascending; counts: suspensions from each time to the next. Returns
    {"waves": [{"start", "end", "observed", "expected", "p_value", "p_kind"}], "poisson_alarms", "variance_to_mean"}.
    """
    step = float(np.median(np.diff(times))) / 1e6
    clock = ScanClock(float(times[0]) / 1e6, step, len(times), np.ones(len(times), np.bool_), step)
    series = counts.astype(np.float64)
    searched = search(series, clock, alpha=alpha, replicates=replicates, seed=seed)
    base = searched.base
    found = []
    for w in searched.windows:
        inside = slice(w.first, w.first + w.length)
        found.append(
            {
                "start": int(times[w.first]),
                "end": int(times[w.first] + w.length * step * 1e6),
                "observed": int(series[inside].sum()),
                "expected": float(base.expected[inside].sum()),
                "p_value": w.p,
                "p_kind": w.p_kind,
            }
        )
    return {
        "waves": found,
        "poisson_alarms": describe.poisson_alarms(series, clock, base),
        "variance_to_mean": base.variance_to_mean,
    }
