"""A step of a stream as a line of text, so that it can wait on disk and come back as it was.

The text is ASCII and holds any step, also one that no table can: names with half characters, times
of any size.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any, Final

from birdfall.watch.model.events import (
    Event,
    Follow,
    Gap,
    Identity,
    Report,
    Status,
    StatusSnapshot,
    StreamBatch,
    Unfollow,
)

#: Characters that are shown of what is no event.
MAX_SHOWN_CHARS: Final = 200
_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind for kind in (Status, Follow, Unfollow, Report, Identity, StatusSnapshot)
}


def step_to_text(step: StreamBatch) -> str:
    """A step as one line of JSON; what is to be called when it is kept is left out."""
    return json.dumps(
        {
            "received": step.received,
            "events": [_members(event) for event in step.events],
            "cursor": step.cursor,
            "epoch": step.epoch,
            "raw": base64.b64encode(step.raw).decode(),
            "gaps": [asdict(gap) for gap in step.gaps],
            "refused": step.refused,
            "reconnect": step.reconnect,
        },
        default=str,
    )


def step_from_text(text: str) -> StreamBatch:
    """The step that `step_to_text` wrote.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        found = json.loads(text)
        return StreamBatch(
            found["received"],
            tuple(_event(event) for event in found["events"]),
            found["cursor"],
            found["epoch"],
            base64.b64decode(found["raw"]),
            tuple(Gap(**gap) for gap in found["gaps"]),
            found["refused"],
            found["reconnect"],
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("no step of a stream") from error


def _members(event: Event) -> dict[str, Any]:
    if type(event).__name__ not in _KINDS:
        # no event at all: it is shown, and cannot come back
        return {"kind": "", "shown": repr(event)[:MAX_SHOWN_CHARS]}
    return {"kind": type(event).__name__, **asdict(event)}


def _event(members: dict[str, Any]) -> Event:
    kind = _KINDS[members.pop("kind")]
    if kind is StatusSnapshot:
        members["accounts"] = tuple(members["accounts"])
    event: Event = kind(**members)
    return event
