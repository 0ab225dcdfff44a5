"""One wave, exactly: its edges, onset, size, speed, members, and the series it is drawn in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, TypedDict

import numpy as np
import pyarrow as pa

from birdfall.kernels import interval_censoring, scan, tails
from birdfall.measures.suspensions import DEACTIVATED, DELETED, find_absences
from birdfall.measures.waves.baseline import Baseline, count_band, size_at
from birdfall.measures.waves.clock import DAY_S, ScanClock, to_datetime
from birdfall.measures.waves.common_trigger import SharedTrait, find_common_trigger
from birdfall.measures.waves.search import ScanWindow
from birdfall.model.schemas import TIME
from birdfall.record.record import Record

#: Events beyond which the exact interval is first searched among a sample: the search is quadratic.
MAX_EXACT_EVENTS: Final = 3000
#: Half the 95 % quantile of chi-squared with one degree of freedom: how far below the best
#: log-likelihood that of a plausible onset may lie.
ONSET_LOG_LIKELIHOOD_DROP: Final = 1.92
#: Lower bound in us of a fall that was never seen standing.
NEVER: Final = np.iinfo(np.int64).min
#: Where a wave begins and ends is a change of rate within minutes, over which the level does not
#: wander: the negative-binomial size is that of a Poisson.
_POISSON_SIZE: Final = 1e9
#: Window in seconds in which a wave's peak is counted.
_PEAK_S: Final = 60.0
#: Rounds in which a window grows while the wave reaches its rim.
_MAX_WIDENINGS: Final = 8
#: Departures by deletion and deactivation are counted within so many microseconds: ten minutes.
DEPARTURES_WINDOW_US: Final = 600_000_000
#: A Poisson test calls a block below this p.
_POISSON_ALARM_P: Final = 1e-6
#: Records longer than this are tested day by day.
_DAILY_FROM_DAYS: Final = 20


@dataclass(frozen=True, slots=True)
class RefinedWave:
    """A wave with exact edges; times in seconds since 1970 UTC.

    Parameters
    ----------
    start, end
        Closed interval of its events, or [start, end) with `whole_steps`.
    onset_low, onset_high
        Plausible onsets (95 %, profile likelihood).
    observed, expected
        Events in it, and those the base rate explains.
    size, size_low, size_high
        Events beyond the base rate, and their bounds by its spread and by where the wave may end.
    p, p_kind
        As in `ScanWindow`.
    peak, peak_at
        Most events within a minute, and when; None where times are coarser than a minute.
    quantiles
        Times by which 10, 50 and 90 % of its events had happened.
    rate
        Base rate in events per second.
    whole_steps
        Its edges are those of steps, for its times are no finer.
    late
        Seconds by which falls may lie before they were seen (a day, for daily reports).
    """

    start: float
    end: float
    onset_low: float
    onset_high: float
    observed: int
    expected: float
    size: float
    size_low: float
    size_high: float
    p: float
    p_kind: str
    peak: int | None
    peak_at: float | None
    quantiles: tuple[float, float, float]
    rate: float
    whole_steps: bool = False
    late: float = 0.0


def fall_bounds(fallen: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """When each fell at the earliest (`NEVER`: no lower bound) and at the latest.

    Returns
    -------
    low, high
        int64[n], microseconds; a fall happened in (low, high].
    """
    high = fallen.column("fell_by").cast(pa.int64()).to_numpy()
    low = fallen.column("fell_after").cast(pa.int64()).fill_null(NEVER).to_numpy()
    return low, high


def refine_window(
    window: ScanWindow, times: np.ndarray, clock: ScanClock, base: Baseline
) -> RefinedWave:
    """Find the exact edges of a window among the events in and around it, and describe the wave.

    times: int64[n], microseconds, ascending or not.
    """
    first, last = clock.edge(window.first), clock.edge(window.first + window.length)
    around = 1.0 * (last - first)
    seconds = np.sort(times) / 1e6
    rate = float(base.expected[window.steps].mean() / clock.step)
    # No length is steadier than steps that know nothing of one another.
    k = min(size_at(base.sizes, window.length), float(base.sizes[0]) * window.length)
    whole_steps = clock.resolution >= clock.step * 0.999  # the steps are as fine as the times
    if whole_steps:
        start, end, onset = first, last, (first - clock.late, first - clock.late + clock.step)
        inside = seconds[(seconds >= first) & (seconds < last)]
    else:
        least = max(clock.resolution, clock.step * 1e-3)
        for _ in range(_MAX_WIDENINGS):
            near = seconds[(seconds >= first - around) & (seconds <= last + around)]
            start, end, onset = _edges(near, rate, least)
            # At the rim of the record there is nothing further, only other waves to stray into.
            if (start > near[0] or near[0] == seconds[0]) and (
                end < near[-1] or near[-1] == seconds[-1]
            ):
                break
            # The wave reaches the rim of what was searched: search further.
            around *= 2
        inside = seconds[(seconds >= start) & (seconds <= end)]
    expected = rate * max(end - start, clock.step * 1e-3)
    low, high = count_band(np.array([expected]), k)
    number, at = scan.densest(inside, _PEAK_S)
    has_minutes = clock.resolution <= _PEAK_S
    tenths = np.quantile(inside, [0.1, 0.5, 0.9], method="inverted_cdf")
    return RefinedWave(
        start=start,
        end=end,
        onset_low=onset[0],
        onset_high=onset[1],
        observed=len(inside),
        expected=expected,
        size=len(inside) - expected,
        size_low=len(inside) - float(high[0]),
        size_high=len(inside) - float(low[0]),
        p=window.p,
        p_kind=window.p_kind,
        peak=int(number) if has_minutes else None,
        peak_at=float(inside[at]) if has_minutes else None,
        quantiles=(float(tenths[0]), float(tenths[1]), float(tenths[2])),
        rate=rate,
        whole_steps=whole_steps,
        late=clock.late if whole_steps else 0.0,
    )


def _edges(near: np.ndarray, rate: float, least: float) -> tuple[float, float, tuple[float, float]]:
    """Start, end and (earliest, latest) plausible onset of the densest interval among `near`.

    near: float64[m], seconds, ascending. rate: base rate per second. least: shortest duration
    counted, in seconds.
    """
    m = len(near)
    since = near - near[0]
    every = max(1, -(-m // MAX_EXACT_EVENTS))
    # Very many events are first sampled, then taken one by one about the edges found.
    some = np.unique(np.append(np.arange(0, m, every), m - 1))
    _, i, j = scan.best_interval(
        since[some], rate / every, _POISSON_SIZE, least, (0, len(some)), (0, len(some))
    )
    i, j = int(some[i]), int(some[j])
    if every > 1:
        reach = 4 * every
        _, i, j = scan.best_interval(
            since,
            rate,
            _POISSON_SIZE,
            least,
            (max(0, i - reach), min(m, i + reach)),
            (max(0, j - reach), min(m, j + reach)),
        )
    value = scan.onset_profile(since, rate, _POISSON_SIZE, least, j)
    if not len(value):
        return float(near[i]), float(near[j]), (float(near[i]), float(near[i]))
    plausible = np.flatnonzero(value >= value.max() - ONSET_LOG_LIKELIHOOD_DROP)
    # Before a wave's first event its likelihood falls by its rate: how far back it may have begun.
    slack = value[plausible] - (value.max() - ONSET_LOG_LIKELIHOOD_DROP)
    faster = (j - plausible + 1) / np.maximum(since[j] - since[plausible], least) - rate
    earliest = np.maximum(
        near[plausible] - slack / np.maximum(faster, 1e-12), near[np.maximum(plausible - 1, 0)]
    )
    return float(near[i]), float(near[j]), (float(earliest.min()), float(near[plausible[-1]]))


def wave_table(
    found: list[RefinedWave],
    low: np.ndarray,
    high: np.ndarray,
    timed: np.ndarray,
    record: Record,
    fallen: pa.Table,
    seed: int | None,
) -> pa.Table:
    """One row per wave, in the order given. Schema `WAVES`.

    Parameters
    ----------
    found
        The waves.
    low, high
        int64[n] us, bounds of each fall.
    timed
        bool[n], falls whose time is known well enough to be scanned.
    record, fallen
        The record and its spells, as `suspensions.spells` gives them.
    seed
        Seed of the search for shared traits; None leaves them out.
    """
    rows = []
    codes = fallen.column("code").to_numpy()
    spans = [span_of(w) for w in found]
    begin, end = (
        np.array([a for a, _ in spans], np.int64),
        np.array([b for _, b in spans], np.int64),
    )
    certain, possible = interval_censoring.count_in_windows(low, high, begin, end)
    known = np.where(low == NEVER, (high.min() if len(high) else 0) - 1, low)
    estimate = interval_censoring.turnbull(known, high) if found and (low < high).any() else None
    for number, wave in enumerate(found, 1):
        inside = is_inside(wave, high, timed)
        shared = (
            None
            if seed is None
            else find_common_trigger(record, codes[inside], round(wave.start * 1e6), seed=seed)
        )
        a, b = spans[number - 1]
        likely = (
            float(wave.observed)
            if estimate is None
            else interval_censoring.expected_number(known, high, a, b, estimate)
        )
        rows.append(
            _row(number, wave, int(certain[number - 1]), int(possible[number - 1]), likely, shared)
        )
    return pa.Table.from_pylist(rows, schema=WAVES)


class _WaveRow(TypedDict):
    """One row of `WAVES`."""

    wave: int
    start: dt.datetime
    end: dt.datetime
    onset_low: dt.datetime
    onset_high: dt.datetime
    duration_s: float
    observed: int
    expected: float
    size: float
    size_low: float
    size_high: float
    p_value: float
    p_kind: str
    peak_per_minute: int | None
    peak_at: dt.datetime | None
    t10: dt.datetime
    t50: dt.datetime
    t90: dt.datetime
    base_rate_per_hour: float
    certain_low: int
    certain_high: int
    likely: float
    trigger: str | None
    trigger_value: str | None
    trigger_share: float | None
    trigger_base_share: float | None
    trigger_p: float | None


def _row(
    number: int,
    w: RefinedWave,
    certain: int,
    possible: int,
    likely: float,
    shared: SharedTrait | None,
) -> _WaveRow:
    return {
        "wave": number,
        "start": to_datetime(w.start),
        "end": to_datetime(w.end),
        "onset_low": to_datetime(w.onset_low),
        "onset_high": to_datetime(w.onset_high),
        "duration_s": w.end - w.start,
        "observed": w.observed,
        "expected": w.expected,
        "size": w.size,
        "size_low": w.size_low,
        "size_high": w.size_high,
        "p_value": w.p,
        "p_kind": w.p_kind,
        "peak_per_minute": w.peak,
        "peak_at": None if w.peak_at is None else to_datetime(w.peak_at),
        "t10": to_datetime(w.quantiles[0]),
        "t50": to_datetime(w.quantiles[1]),
        "t90": to_datetime(w.quantiles[2]),
        "base_rate_per_hour": w.rate * 3600,
        "certain_low": certain,
        "certain_high": possible,
        "likely": likely,
        "trigger": None if shared is None else shared.trait,
        "trigger_value": None if shared is None else shared.value,
        "trigger_share": None if shared is None else shared.share,
        "trigger_base_share": None if shared is None else shared.base_share,
        "trigger_p": None if shared is None else shared.p,
    }


WAVES: Final = pa.schema([
    ("wave", pa.int32()), ("start", TIME), ("end", TIME), ("onset_low", TIME),
    ("onset_high", TIME), ("duration_s", pa.float64()), ("observed", pa.int64()),
    ("expected", pa.float64()), ("size", pa.float64()), ("size_low", pa.float64()),
    ("size_high", pa.float64()), ("p_value", pa.float64()), ("p_kind", pa.string()),
    ("peak_per_minute", pa.int64()), ("peak_at", TIME), ("t10", TIME), ("t50", TIME), ("t90", TIME),
    ("base_rate_per_hour", pa.float64()), ("certain_low", pa.int64()), ("certain_high", pa.int64()),
    ("likely", pa.float64()), ("trigger", pa.string()), ("trigger_value", pa.string()),
    ("trigger_share", pa.float64()), ("trigger_base_share", pa.float64()),
    ("trigger_p", pa.float64()),
])  # fmt: skip


def is_inside(wave: RefinedWave, high: np.ndarray, timed: np.ndarray) -> np.ndarray:
    """Which spells belong to a wave, bool[n]: seen fallen within it, at a time known well enough.

    high: int64[n] us, when each was seen fallen. timed: bool[n].
    """
    start, end = round(wave.start * 1e6), round(wave.end * 1e6)
    # A step ends where the next begins, and that instant is the next one's.
    inside: np.ndarray = (
        timed & (high >= start) & ((high < end) if wave.whole_steps else (high <= end))
    )
    return inside


def span_of(wave: RefinedWave) -> tuple[int, int]:
    """The interval (begin, end] in us of a wave: reports of day d are of falls in (d - 1, d]."""
    start, end = round((wave.start - wave.late) * 1e6), round((wave.end - wave.late) * 1e6)
    if wave.late > 0:
        return start, end
    return start - 1, end - 1 if wave.whole_steps else end


def members_table(
    found: list[RefinedWave], fallen: pa.Table, high: np.ndarray, timed: np.ndarray
) -> pa.Table:
    """The accounts of each wave, one row per account and wave."""
    pieces = []
    for number, wave in enumerate(found, 1):
        chosen = fallen.filter(pa.array(is_inside(wave, high, timed)))
        pieces.append(
            chosen.select(["account", "code", "fell_after", "fell_by", "status"]).add_column(
                0, pa.field("wave", pa.int32()), pa.array([number] * chosen.num_rows, pa.int32())
            )
        )
    schema = pa.schema(
        [
            pa.field("wave", pa.int32()),
            *(
                fallen.schema.field(n)
                for n in ("account", "code", "fell_after", "fell_by", "status")
            ),
        ]
    )
    return pa.concat_tables(pieces).cast(schema) if pieces else schema.empty_table()


def series_table(counts: np.ndarray, clock: ScanClock, base: Baseline, most: int = 360) -> pa.Table:
    """The whole record in at most `most` equal steps, with the expected counts and their band."""
    together = max(1, int(np.ceil(clock.steps / most)))
    return _draw_series(counts, base.expected, clock, base, clock.begin, clock.step, together)


def minutes_table(
    found: list[RefinedWave], times: np.ndarray, clock: ScanClock, base: Baseline
) -> pa.Table:
    """Fine steps around each wave: three durations either side, no finer than the times known."""
    pieces = []
    for number, wave in enumerate(found, 1):
        duration = max(wave.end - wave.start, clock.resolution, clock.step * 0.05)
        begin, end = (
            max(wave.start - 3 * duration, clock.begin),
            min(wave.end + 3 * duration, clock.edge(clock.steps)),
        )
        step = max((end - begin) / 120, clock.resolution, 1e-3)
        steps = max(1, int(np.ceil((end - begin) / step)))
        at = ((times / 1e6 - begin) // step).astype(np.int64)
        counts = np.bincount(at[(at >= 0) & (at < steps)], minlength=steps).astype(float)
        edges = begin + np.arange(steps) * step
        index = np.clip(((edges - clock.begin) / clock.step).astype(np.int64), 0, clock.steps - 1)
        expected = base.expected[index] * step / clock.step
        inner = ScanClock(begin, step, steps, clock.covered[index], clock.resolution)
        drawn = _draw_series(counts, expected, inner, base, begin, step, 1, scale=step / clock.step)
        pieces.append(drawn.add_column(0, "wave", pa.array([number] * drawn.num_rows, pa.int32())))
    empty = pa.schema([pa.field("wave", pa.int32()), *SERIES]).empty_table()
    return pa.concat_tables(pieces) if pieces else empty


SERIES: Final = pa.schema([
    ("from", TIME), ("to", TIME), ("observed", pa.int64()), ("expected", pa.float64()),
    ("low", pa.float64()), ("high", pa.float64()), ("covered", pa.bool_()),
])  # fmt: skip


def _draw_series(
    counts: np.ndarray,
    expected: np.ndarray,
    clock: ScanClock,
    base: Baseline,
    begin: float,
    step: float,
    together: int,
    scale: float = 1.0,
) -> pa.Table:
    starts = np.arange(0, clock.steps, together)
    observed = np.add.reduceat(counts, starts)
    mean = np.add.reduceat(expected, starts)
    covered = (
        np.add.reduceat(clock.covered.astype(float), starts) / np.diff(np.r_[starts, clock.steps])
        > 0.5
    )
    low, high = count_band(mean, size_at(base.sizes, together * scale))
    ends = np.r_[starts[1:], clock.steps]
    columns = [
        pa.array([to_datetime(begin + s * step) for s in starts], TIME),
        pa.array([to_datetime(begin + e * step) for e in ends], TIME),
        pa.array(observed.astype(np.int64)),
        pa.array(mean),
        pa.array(low),
        pa.array(high),
        pa.array(covered),
    ]
    return pa.table(columns, schema=SERIES)


def pit_table(base: Baseline) -> pa.Table:
    """The histogram of the probability integral transform, ten bins over 0..1."""
    edges = np.arange(11) / 10
    return pa.table({"from": edges[:-1], "to": edges[1:], "count": base.pit.astype(np.int64)})


def count_poisson_alarms(counts: np.ndarray, clock: ScanClock, base: Baseline) -> int:
    """How many blocks a Poisson test would have called waves: days, or blocks of a short record.

    counts: float64[n] per step of `clock`.
    """
    long = clock.steps * clock.step > _DAILY_FROM_DAYS * DAY_S
    together = max(1, round(DAY_S / clock.step)) if long else base.block
    starts = np.arange(0, clock.steps, together)
    observed = np.add.reduceat(np.where(clock.covered, counts, 0), starts)
    mean = np.add.reduceat(np.where(clock.covered, base.expected, 0), starts)
    p = tails.poisson_tail(observed, np.maximum(mean, 1e-9))
    return int((p < _POISSON_ALARM_P).sum())


def lacks_watch_span(record: Record) -> bool:
    """Whether nothing but the falls themselves says how long was watched."""
    rows = record.sql(
        """SELECT count(*) FROM coverage WHERE kind IN ('watched', 'sampled')
        AND what IN ('statuses', 'status', 'all', 'everything', 'stream')"""
    )
    return not rows.column(0)[0].as_py() and not record.has("acts")


def count_departures(record: Record) -> dict[str, tuple[int, str]]:
    """Accounts deleted and deactivated, which are no suspensions; {} where there are none.

    With the most of these departures within ten minutes, among those whose time is known exactly.
    """
    gone = find_absences(record)
    left = np.isin(gone.cause, (DELETED, DEACTIVATED))
    if not left.any():
        return {}
    exact = np.sort(gone.fell_by[left & (gone.fell_after == gone.fell_by)])
    within = np.searchsorted(exact, exact + DEPARTURES_WINDOW_US) - np.arange(len(exact))
    counts = {
        "deleted": len(np.unique(gone.code[gone.cause == DELETED])),
        "deactivated": len(np.unique(gone.code[gone.cause == DEACTIVATED])),
        "departures_10min": int(within.max(initial=0)),
    }
    return {name: (number, "accounts") for name, number in counts.items()}
