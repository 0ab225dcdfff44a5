"""Acts whose times are days are no coincidences of a minute."""

import pytest

from birdfall.measures.coordination import coordination
from birdfall.model.errors import CannotAnswer
from birdfall.model.units import DAY_US

MIDNIGHT = 1_641_000_000 * 1_000_000 // DAY_US * DAY_US


def table(shift):
    times = [MIDNIGHT + shift + day * DAY_US for day in (0, 0, 1, 1)]
    return {"account": list("abab"), "object": list("xxyy"), "time": times}


@pytest.mark.parametrize("shift", [0, 4 * DAY_US // 24])
def test_days_are_refused_below_a_day(shift):
    with pytest.raises(CannotAnswer, match="day"):
        coordination(table(shift), window="60s", null="none", time_unit="us")
    found = coordination(table(shift), window="1d", null="none", time_unit="us")
    assert found.estimates["edges"].value == 1


def test_times_to_the_second_are_taken():
    acts = table(0) | {"time": [MIDNIGHT, MIDNIGHT + 1_000_000, MIDNIGHT, MIDNIGHT + 9_000_000]}
    assert coordination(acts, window="60s", null="none", time_unit="us").answer == "found"


def test_minutes_are_refused_below_a_minute():
    minutes = [MIDNIGHT + n * 60_000_000 for n in (721, 721, 793, 793, 799)]
    acts = {"account": list("ababc"), "object": list("xxyyy"), "time": minutes}
    with pytest.raises(CannotAnswer, match="minute and no second"):
        coordination(acts, window="10s", null="none", time_unit="us")
    assert coordination(acts, window="60s", null="none", time_unit="us").answer == "found"
    exact = acts | {"time": [*minutes[:4], minutes[4] + 7_000_000]}
    assert coordination(exact, window="10s", null="none", time_unit="us").answer == "found"
