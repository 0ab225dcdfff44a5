"""Suspensions: when each account fell and when it came back, as the other measures read it.

`spells` gives one row per time an account entered a status; `find_absences` chains them into the
times an account could not be seen, whatever words the platform used meanwhile.
"""

from birdfall.measures.suspensions.absences import (
    ALWAYS,
    DEACTIVATED,
    DELETED,
    SUSPENSION,
    Absences,
    find_absences,
    record_end,
)
from birdfall.measures.suspensions.status_spells import SPELLS, count_set_anew, spells
from birdfall.measures.suspensions.stray_times import StrayTimes, find_stray_statuses

__all__ = [
    "ALWAYS",
    "DEACTIVATED",
    "DELETED",
    "SPELLS",
    "SUSPENSION",
    "Absences",
    "StrayTimes",
    "count_set_anew",
    "find_absences",
    "find_stray_statuses",
    "record_end",
    "spells",
]
