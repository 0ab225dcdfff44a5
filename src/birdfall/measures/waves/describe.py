"""One wave, exactly: its edges, onset, size, speed, members and what they share; and the series it is drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import stats

from birdfall.kernels import interval_censoring, scan
from birdfall.measures.waves.baseline import Baseline, count_band, size_at
from birdfall.measures.waves.clock import ScanClock, to_datetime
from birdfall.measures.waves.common_trigger import SharedTrait, find_common_trigger
from birdfall.model.schemas import TIME
from birdfall.record.record import Record

#: Events beyond which the exact interval is first looked for among evenly taken ones: the search is quadratic.
MAX_EXACT_EVENTS = 3000
#: Half the 95 % quantile of chi-squared with one degree of freedom: how far below the best an onset may lie.
ONSET_LOG_LIKELIHOOD_DROP = 1.92


@dataclass(frozen=True, slots=True)
class ScanWindow:
    """A window of steps that chance does not explain."""

    evidence: float
    first: int
    length: int
    p: float
    p_kind: str


@dataclass(frozen=True, slots=True)
class RefinedWave:
    """A refined wave; times in seconds since 1970 UTC.

    whole_steps: its edges are those of steps, [start, end), for its times are no finer. late: how long before they were seen
    the falls may lie (a day, for daily reports). peak: None where a minute cannot be told.
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


#: Where a fall has no lower bound: it was never seen standing.
NEVER = np.iinfo(np.int64).min


def fall_bounds(fallen: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """When each fell, at the earliest (`NEVER`: no lower bound) and at the latest: int64 us."""
    high = fallen.column("fell_by").cast(pa.int64()).to_numpy()
    low = fallen.column("fell_after").cast(pa.int64()).fill_null(NEVER).to_numpy()
    return low, high


def refine_window(
    window: ScanWindow, times: np.ndarray, clock: ScanClock, base: Baseline
) -> RefinedWave:
    """The exact edges of a window among the events in and around it, with everything that is said of the wave."""
    first, last = clock.edge(window.first), clock.edge(window.first + window.length)
    around = 1.0 * (last - first)
    seconds = np.sort(times) / 1e6
    rate = float(base.expected[window.first : window.first + window.length].mean() / clock.step)
    k = size_at(base.sizes, window.length)
    whole_steps = clock.resolution >= clock.step * 0.999  # the steps are as fine as the times
    if whole_steps:
        start, end, onset = first, last, (first - clock.late, first - clock.late + clock.step)
        inside = seconds[(seconds >= first) & (seconds < last)]
    else:
        least = max(clock.resolution, clock.step * 1e-3)
        for _ in range(8):
            near = seconds[(seconds >= first - around) & (seconds <= last + around)]
            start, end, onset = _edges(near, rate, least)
            # at the rim of the record there is nothing further to look at, only other waves to stray into
            if (start > near[0] or near[0] == seconds[0]) and (
                end < near[-1] or near[-1] == seconds[-1]
            ):
                break
            # the wave reaches the rim of what was looked at: look further
            around *= 2
        inside = seconds[(seconds >= start) & (seconds <= end)]
    expected = rate * max(end - start, clock.step * 1e-3)
    low, high = count_band(np.array([expected]), k)
    number, at = scan.densest(inside, 60.0)
    minutes_told = clock.resolution <= 60.0
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
        peak=int(number) if minutes_told else None,
        peak_at=float(inside[at]) if minutes_told else None,
        quantiles=(float(tenths[0]), float(tenths[1]), float(tenths[2])),
        rate=rate,
        whole_steps=whole_steps,
        late=clock.late if whole_steps else 0.0,
    )


#: Where a wave begins and ends is a change of rate within minutes, over which the level does not wander: Poisson.
_POISSON_SIZE = 1e9


def _edges(near: np.ndarray, rate: float, least: float) -> tuple[float, float, tuple[float, float]]:
    """Start, end and the plausible onsets of the densest interval among the events `near`."""
    m = len(near)
    since = near - near[0]
    every = max(1, -(-m // MAX_EXACT_EVENTS))
    # events beyond number are first looked at every so many, then one by one about the edges found
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
    # before the first event of a wave its likelihood falls by the wave's rate: how far it may have begun without one
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
    """One row per wave, in the order given. timed: bool[n], falls whose time is known well enough to be scanned. seed: None leaves
    out what the fallen share.
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
        inside = inside_of(wave, high, timed)
        shared = (
            None
            if seed is None
            else find_common_trigger(record, codes[inside], round(wave.start * 1e6), seed=seed)
        )
        a, b = spans[number - 1]
        likely = (
            float(wave.observed)
            if estimate is None
            else interval_censoring.likely_number(known, high, a, b, estimate)
        )
        rows.append(
            _row(number, wave, int(certain[number - 1]), int(possible[number - 1]), likely, shared)
        )
    return pa.Table.from_pylist(rows, schema=WAVES)


def _row(
    number: int,
    w: RefinedWave,
    certain: int,
    possible: int,
    likely: float,
    shared: SharedTrait | None,
) -> dict[str, object]:
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
        "trigger": shared and shared.trait,
        "trigger_value": shared and shared.value,
        "trigger_share": shared and shared.share,
        "trigger_base_share": shared and shared.base_share,
        "trigger_p": shared and shared.p,
    }


WAVES = pa.schema([
    ("wave", pa.int32()), ("start", TIME), ("end", TIME), ("onset_low", TIME), ("onset_high", TIME), ("duration_s", pa.float64()),
    ("observed", pa.int64()), ("expected", pa.float64()), ("size", pa.float64()), ("size_low", pa.float64()),
    ("size_high", pa.float64()), ("p_value", pa.float64()), ("p_kind", pa.string()), ("peak_per_minute", pa.int64()),
    ("peak_at", TIME), ("t10", TIME), ("t50", TIME), ("t90", TIME), ("base_rate_per_hour", pa.float64()),
    ("certain_low", pa.int64()), ("certain_high", pa.int64()), ("likely", pa.float64()), ("trigger", pa.string()), ("trigger_value", pa.string()),
    ("trigger_share", pa.float64()), ("trigger_base_share", pa.float64()), ("trigger_p", pa.float64()),
])  # fmt: skip


def inside_of(wave: RefinedWave, high: np.ndarray, timed: np.ndarray) -> np.ndarray:
    """Which spells belong to a wave: those that were seen fallen within it, and whose time is known well enough."""
    start, end = round(wave.start * 1e6), round(wave.end * 1e6)
    # a step ends where the next begins, and that instant is the next one's
    inside: np.ndarray = (
        timed & (high >= start) & ((high < end) if wave.whole_steps else (high <= end))
    )
    return inside


def span_of(wave: RefinedWave) -> tuple[int, int]:
    """The time (begin, end] in us that a wave stands for: reports of day d tell of falls in (d - 1, d]."""
    start, end = round((wave.start - wave.late) * 1e6), round((wave.end - wave.late) * 1e6)
    if wave.late > 0:
        return start, end
    return start - 1, end - 1 if wave.whole_steps else end


def members_table(
    found: list[RefinedWave], fallen: pa.Table, high: np.ndarray, timed: np.ndarray
) -> pa.Table:
    """The accounts of each wave."""
    pieces = []
    for number, wave in enumerate(found, 1):
        chosen = fallen.filter(pa.array(inside_of(wave, high, timed)))
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
    """The whole record in at most `most` equal steps, with what was expected and what is usual."""
    together = max(1, int(np.ceil(clock.steps / most)))
    return _series_table(counts, base.expected, clock, base, clock.begin, clock.step, together)


def minutes_table(
    found: list[RefinedWave], times: np.ndarray, clock: ScanClock, base: Baseline
) -> pa.Table:
    """Fine steps around each wave: three durations on either side, no finer than the data know."""
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
        drawn = _series_table(
            counts, expected, inner, base, begin, step, 1, scale=step / clock.step
        )
        pieces.append(drawn.add_column(0, "wave", pa.array([number] * drawn.num_rows, pa.int32())))
    empty = pa.schema([pa.field("wave", pa.int32()), *SERIES]).empty_table()
    return pa.concat_tables(pieces) if pieces else empty


SERIES = pa.schema([
    ("from", TIME), ("to", TIME), ("observed", pa.int64()), ("expected", pa.float64()), ("low", pa.float64()),
    ("high", pa.float64()), ("covered", pa.bool_()),
])  # fmt: skip


def _series_table(
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
    edges = np.arange(11) / 10
    return pa.table({"from": edges[:-1], "to": edges[1:], "count": base.pit.astype(np.int64)})


def poisson_alarms(counts: np.ndarray, clock: ScanClock, base: Baseline, p: float = 1e-6) -> int:
    """How many blocks of the record a Poisson scan would have called waves: days, or blocks if the record is short."""
    together = (
        max(1, round(86400 / clock.step)) if clock.steps * clock.step > 20 * 86400 else base.block
    )
    starts = np.arange(0, clock.steps, together)
    observed = np.add.reduceat(np.where(clock.covered, counts, 0), starts)
    mean = np.add.reduceat(np.where(clock.covered, base.expected, 0), starts)
    return int((stats.poisson.sf(observed - 1, np.maximum(mean, 1e-9)) < p).sum())


def accounts_known(record: Record) -> int | None:
    """How many accounts the record knows: who could have fallen."""
    return len(record.ids) or None


def lacks_watch_span(record: Record) -> bool:
    """Whether nothing but the falls themselves says how long was watched."""
    said = record.sql(
        """SELECT count(*) FROM coverage WHERE kind IN ('watched', 'sampled') AND what IN ('statuses', 'status', 'all', 'everything', 'stream')"""
    )
    return not said.column(0)[0].as_py() and not record.has("acts")
