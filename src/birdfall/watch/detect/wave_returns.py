"""Returns: how many accounts of the last wave of suspensions can be seen again."""

from __future__ import annotations

from dataclasses import replace

from birdfall.watch.detect.wave_contents import describe_suspensions, recount_returns
from birdfall.watch.model.news import RETURN_SHARE, ReturnNews
from birdfall.watch.model.wave import SuspensionDetails
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.falls import count_returns, stage_fallen
from birdfall.watch.store.queries.waves import last_suspension_wave, update_wave


def find_returns(state: State, moment: int, *, everything: bool = False) -> ReturnNews | None:
    """Count anew who of the last wave is back; None if there is no wave.

    Parameters
    ----------
    state
        The state; a transaction is open. A wave that has changed is kept.
    moment
        Until when a wave that is on reaches, microseconds. What one that is over came to stands.
    everything
        Whether its ledgers are counted anew though nobody else is back.
    """
    wave = last_suspension_wave(state)
    if wave is None or not wave.fallen:
        return None
    is_on = wave.closed is None and wave.begin >= state.kept_from
    number, _ = stage_fallen(state, wave.begin, wave.closed or moment)
    fallen, returned = number if is_on else wave.fallen, count_returns(state)
    if everything or (fallen, returned) != (wave.fallen, wave.returned):
        if is_on:
            fallen, returned, details = describe_suspensions(state, wave.begin, moment)
            if isinstance(wave.details, SuspensionDetails):
                known = wave.details
                details = replace(details, called=known.called, baseline=known.baseline)
        else:
            returned, details = recount_returns(state, wave)
        update_wave(state, wave.id, returned=returned, fallen=fallen, details=details)
        wave = replace(wave, returned=returned, fallen=fallen, details=details)
    return ReturnNews(wave, moment, fallen, returned, _quarters(returned, fallen))


def _quarters(returned: int, fallen: int) -> int:
    return int(returned / max(fallen, 1) / RETURN_SHARE)
