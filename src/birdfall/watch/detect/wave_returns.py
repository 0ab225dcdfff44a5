"""Returns: how many accounts of the last wave of suspensions can be seen again."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from birdfall.watch.detect.wave_contents import (
    count_returns,
    describe_suspensions,
    recount_returns,
)
from birdfall.watch.model.news import ReturnNews
from birdfall.watch.model.wave import SuspensionDetails
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.waves import last_suspension_wave, update_wave

#: The part of the fallen whose return is worth an alert, and each further one.
RETURN_SHARE: Final = 0.25


def find_returns(state: State, moment: int, as_of: int) -> ReturnNews | None:
    """Count anew who of the last wave is back; news where that is a quarter of them or more.

    Parameters
    ----------
    state
        The state; a transaction is open. A wave that has changed is kept.
    moment
        Until when a wave that is on reaches, microseconds.
    as_of
        Up to when stored events count, microseconds.
    """
    wave = last_suspension_wave(state)
    if wave is None or not wave.fallen:
        return None
    end = wave.closed or moment
    fallen, returned = wave.fallen, count_returns(state, wave.begin, end, as_of)
    if returned != wave.returned:
        if wave.begin < state.kept_from:
            returned, details = recount_returns(state, wave)
        else:
            fallen, returned, details = describe_suspensions(state, wave.begin, end, as_of)
            if isinstance(wave.details, SuspensionDetails):
                known = wave.details
                details = replace(details, called=known.called, baseline=known.baseline)
        update_wave(state, wave.id, returned=returned, fallen=fallen, details=details)
    quarters = int(returned / max(fallen, 1) / RETURN_SHARE)
    return ReturnNews(wave, moment, fallen, returned, quarters) if quarters >= 1 else None
