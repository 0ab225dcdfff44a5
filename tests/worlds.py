"""Smaller worlds, for tests to which the size of a night is nothing."""

from dataclasses import replace

from birdfall.world.scenarios import SCENARIOS

#: Figures of a night of a tenth of the accounts, of the fallen and of all that was done, whose
#: wave is as plain as that of the whole one.
SMALL = {
    "accounts": 6_000,
    "follows": 30_000,
    "leaders": 60,
    "acts": 15_000,
    "leader_audience": 2_000,
    "control_audience": 2_500,
    "fallen": 500,
    "fallen_followers": 450,
    "base_per_day": 30.0,
}


def make_worlds_small(monkeypatch):
    """In this process, until the test ends, commands simulate small worlds."""
    for name, scenario in SCENARIOS.items():
        monkeypatch.setitem(SCENARIOS, name, replace(scenario, **SMALL))
