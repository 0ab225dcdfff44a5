"""A few kills of each command; 500 of each by night (`kill_often.py`)."""

import pytest
from kill_often import KINDS, kill_often


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", KINDS)
def test_a_command_killed_on_its_way_ends_as_one_that_was_not(kind):
    found = kill_often(kind, kills=3, seed=7)
    assert found["kills"] >= 3
    assert (found["lost"], found["doubled"], found["dated"]) == (0, 0, 0)
