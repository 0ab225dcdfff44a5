"""Automation: which share of the fallen is inauthentic, automated but authentic, or by hand?

`automation` asks it of a wave, `automation_of_accounts` of any accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.automation.applies import (
        applies_to,
    )
    from birdfall.measures.automation.measure import (
        METHOD_VERSION,
        automation,
        automation_of_accounts,
    )

__all__ = [
    "METHOD_VERSION",
    "applies_to",
    "automation",
    "automation_of_accounts",
]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to",),
        "measure": (
            "METHOD_VERSION",
            "automation",
            "automation_of_accounts",
        ),
    },
)
