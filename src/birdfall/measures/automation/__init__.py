"""Automation: which share of the fallen is inauthentic, automated but authentic, or by hand?

`automation` asks it of a wave, `automation_of_accounts` of any accounts.
"""

from birdfall.measures.automation.measure import (
    METHOD_VERSION,
    applies_to,
    automation,
    automation_of_accounts,
)

__all__ = [
    "METHOD_VERSION",
    "applies_to",
    "automation",
    "automation_of_accounts",
]
