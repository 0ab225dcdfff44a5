"""Actions as Osprey's input topic takes them, of waves and of alerts."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TypedDict

from birdfall.watch.model.alert import AlertJson, AlertKind, WaveStage


class WaveActionData(TypedDict):
    """What an action says of a wave."""

    wave: int
    stream: str
    begin: str
    size: int
    returned: int
    expected: float


def action_name(kind: AlertKind, stage: WaveStage) -> str:
    """What an alert is called as an action.

    Examples
    --------
    >>> action_name(AlertKind.FALLS, WaveStage.OPENED)
    'wave_opened'
    >>> action_name(AlertKind.REPORTS, WaveStage.OPENED)
    'brigade_detected'
    """
    if kind is AlertKind.RETURNS:
        return "wave_returning"
    if kind is AlertKind.NO_DATA:
        return "no_data"
    word = "updated" if stage is WaveStage.GROWN else stage.value
    if kind is AlertKind.FALLS:
        return f"wave_{word}"
    return "brigade_detected" if stage is WaveStage.OPENED else f"brigade_{word}"


def action_text(
    key: str, name: str, data: AlertJson | WaveActionData, moment: int, *, ascii_only: bool
) -> str:
    """One action as JSON text.

    Parameters
    ----------
    key
        Names what the action is about; `action_id` is made of it, so that what is sent twice has
        one id.
    name
        From `action_name`.
    data
        What it says.
    moment
        When it happened, in microseconds.
    ascii_only
        Write other characters as escapes, for lines that may be shown in a terminal.
    """
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) >> 1
    action = {
        "send_time": rfc3339(moment),
        "data": {"action_id": number, "action_name": name, "data": data},
    }
    return json.dumps(action, ensure_ascii=ascii_only, sort_keys=True)


def rfc3339(moment: int) -> str:
    """A moment (microseconds) as text, in UTC, to the millisecond."""
    return dt.datetime.fromtimestamp(moment / 1e6, dt.UTC).isoformat(timespec="milliseconds")
