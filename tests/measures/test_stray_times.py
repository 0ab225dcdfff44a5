"""A few rows whose times lie years away from all others are set apart and said."""

import numpy as np
import pytest
from test_status_spells import at

from birdfall.measures.coverage import coverage
from birdfall.measures.suspensions.stray_times import find_stray_times
from birdfall.measures.waves import waves
from birdfall.record.record import from_tables
from builders import statuses

YEAR = 365 * 86_400_000_000


@pytest.mark.parametrize("far", [[-9], [-40, -9], [30], [-9, 12]])
def test_what_lies_years_away_is_found(far):
    rest = np.linspace(0, YEAR / 4, 1000).astype(np.int64)
    found = find_stray_times(np.r_[rest, np.array(far) * YEAR])
    assert (found.rows, found.first, found.last) == (len(far), rest[0], rest[-1])


@pytest.mark.parametrize(
    "times",
    [
        np.linspace(0, 10 * YEAR, 1000),  # thin, but even
        np.r_[np.linspace(0, YEAR / 4, 500), np.linspace(3 * YEAR, 3.2 * YEAR, 100)],  # two studies
        np.arange(9.0) * YEAR * 9,
        np.r_[np.linspace(0, 4 * YEAR, 1000), 6 * YEAR],  # a long record that fell silent
    ],
)
def test_records_that_are_long_or_have_two_parts_are_left_whole(times):
    assert find_stray_times(times.astype(np.int64)) is None


def test_one_row_of_long_ago_makes_no_wave_of_a_steady_record():
    rng = np.random.default_rng(3)
    steady = np.sort(rng.random(2000)) * 90 * 86_400
    rows = [(f"u{i}", "suspended", at(t), None, "change") for i, t in enumerate(steady)]
    old = ("old", "suspended", at(-9 * 365 * 86_400), None, "change")
    record = from_tables({"statuses": statuses([*rows, old])})
    finding = waves(record, replicates=99)
    assert finding.answer == "nothing"
    codes = {note.code: note.values for note in finding.limits}
    assert codes["stray-times"]["rows"] == 1 and "times-too-wide-to-scan" not in codes
    assert coverage(record).table("clock").to_pylist() == [
        {"problem": "stray-times", "rows": 1, "example": None}
    ]
