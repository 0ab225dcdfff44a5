"""Bursts that are due to how falls reached the record are told as such, and not as waves."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from birdfall.measures.waves import waves
from birdfall.measures.waves.clock import ScanClock
from birdfall.measures.waves.delivery import batch_cycle
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables
from builders import statuses

BEGIN = dt.datetime(2021, 3, 1, tzinfo=dt.UTC).timestamp()
DAY = 86400.0


def found(seconds, gaps=(), **options):
    """The finding of falls at these seconds after the begin; gaps: (from, to) in seconds."""
    seconds = np.sort(np.asarray(seconds))
    moments = ((BEGIN + seconds) * 1e6).astype(np.int64)
    rows = [(f"a{i}", "suspended", int(t)) for i, t in enumerate(moments)]
    tables = {"statuses": statuses(rows)}
    if len(gaps):
        edges = [(int((BEGIN + a) * 1e6), int((BEGIN + b) * 1e6)) for a, b in gaps]
        tables["coverage"] = pa.table(
            {
                "kind": ["gap"] * len(edges),
                "what": ["statuses"] * len(edges),
                "from": pa.array([a for a, _ in edges], pa.int64())
                .cast(pa.timestamp("us"))
                .cast(TIME),
                "to": pa.array([b for _, b in edges], pa.int64())
                .cast(pa.timestamp("us"))
                .cast(TIME),
            }
        )
    return waves(from_tables(tables), replicates=99, attributes=False, **options)


def codes(finding):
    return {n.code for n in (*finding.limits, *finding.reasons)}


@pytest.mark.parametrize("told", [True, False])
def test_a_backlog_after_an_outage_is_no_wave(told):
    rng = np.random.default_rng(11)
    times = rng.random(60 * 120) * 60 * DAY
    out = (times > 30 * DAY) & (times < 35 * DAY)
    times[out] = 35 * DAY + rng.random(out.sum()) * 1800  # handed over in half an hour
    finding = found(times, [(30 * DAY, 35 * DAY)] if told else ())
    assert finding.answer == "nothing"
    (note,) = [n for n in finding.limits if n.code == "backlog"]
    assert abs(note.values["suspensions"] - out.sum()) < 40
    assert abs(note.values["silent_s"] - 5 * DAY) < 0.3 * DAY


def test_a_wave_larger_than_a_backlog_stays_one_and_says_that_it_follows_a_gap():
    rng = np.random.default_rng(12)
    times = rng.random(60 * 120) * 60 * DAY
    times = times[(times < 30 * DAY) | (times > 31 * DAY)]
    times = np.r_[times, 31 * DAY + rng.random(900) * 1800]
    finding = found(times, [(30 * DAY, 31 * DAY)])
    assert finding.answer == "found" and "wave-after-a-gap" in codes(finding)
    elsewhere = np.r_[times[:-900], 50 * DAY + rng.random(900) * 1800]
    assert "wave-after-a-gap" not in codes(found(elsewhere, [(30 * DAY, 31 * DAY)]))


def test_a_queue_emptied_every_hour_makes_no_waves_but_a_wave_in_it_is_found():
    rng = np.random.default_rng(13)
    hours = np.repeat(np.arange(24 * 20), rng.poisson(6, 24 * 20))
    times = hours * 3600.0 + 5 + rng.random(len(hours)) * 40
    quiet = found(times)
    assert quiet.answer == "nothing" and "batched" in codes(quiet)
    assert quiet.details["step_s"] == 3600
    hit = found(np.r_[times, 300 * 3600.0 + 5 + rng.random(200) * 40])
    assert hit.answer == "found" and hit.table("waves").num_rows == 1


def test_reports_on_weekday_mornings_only_make_no_waves():
    rng = np.random.default_rng(14)
    days = [d for d in range(120) if (d % 7) < 5]
    times = np.concatenate([d * DAY + 9 * 3600 + rng.random(rng.poisson(25)) * 9000 for d in days])
    finding = found(times)
    assert finding.answer == "nothing" and "batched" in codes(finding)


def test_falls_one_by_one_are_not_called_batches():
    rng = np.random.default_rng(15)
    times = rng.random(4000) * 40 * DAY
    assert "batched" not in codes(found(np.r_[times, 20 * DAY + rng.random(500) * 600]))
    # awake by day: not a batch
    by_day = np.floor(times / DAY) * DAY + (6 + 14 * (times % DAY) / DAY) * 3600
    assert "batched" not in codes(found(by_day))


def test_pairs_set_anew_are_no_wave_and_are_counted():
    rng = np.random.default_rng(16)
    rows = [
        (f"a{i}", "suspended", int((BEGIN + t) * 1e6))
        for i, t in enumerate(np.sort(rng.random(2000) * 60 * DAY))
    ]
    for i in range(700):
        at = int((BEGIN + 70 * DAY + i * 3) * 1e6)
        rows += [(f"a{i}", "active", at), (f"a{i}", "suspended", at + 3_000_000)]
    finding = waves(from_tables({"statuses": statuses(rows)}), replicates=99, attributes=False)
    assert finding.answer == "nothing" and finding["suspensions"].value == 2000
    (note,) = [n for n in finding.limits if n.code == "set-anew-within-seconds"]
    assert note.values["suspensions"] == 700


@pytest.mark.slow
def test_a_wave_that_thins_out_is_not_told_smaller_than_it_was():
    held, widths = 0, []
    for seed in range(6):
        rng = np.random.default_rng(100 + seed)
        times = np.r_[rng.random(3600) * 30 * DAY, 15 * DAY + rng.exponential(1800, 400)]
        row = found(times).table("waves").to_pylist()[0]
        held += row["size_low"] <= 400 <= row["size_high"]
        widths.append(row["size_high"] - row["size_low"])
    assert held == 6 and max(widths) < 150


@pytest.mark.parametrize(("in_batch", "found"), [(19, True), (18, False)])
def test_the_share_that_makes_batches_is_enough_itself(in_batch, found):
    """Twenty an hour, of which 19 are the share that is asked for, and the others come later."""
    hours = 60
    seconds = np.r_[np.zeros(in_batch), np.full(20 - in_batch, 1800)]
    times = (np.arange(hours)[:, None] * 3600 + seconds).ravel() * 1_000_000
    clock = ScanClock(0.0, 60.0, hours * 60, np.ones(hours * 60, bool), 1.0)
    assert batch_cycle(times.astype(np.int64), clock) == ((3600.0, 1800.0) if found else None)
