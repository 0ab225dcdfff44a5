"""What people say of a watch's alerts: seen, true, false, or of something they no longer ask about.

Kept beside the state of the watch, which the watch alone writes. What was said holds also after the
alert itself is no longer kept, so that the share of true ones per rule is over all judged.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from birdfall.record.atomic import write_text
from birdfall.watch.dashboard.view import AlertEntry

#: The file in the folder of a watch that holds them, and how many it holds at most.
MARKS: Final = "alert-marks.json"
MAX_MARKS: Final = 20_000
_LOCK: Final = threading.Lock()


class AlertJudgement(StrEnum):
    """What somebody says of an alert; `muted`: of all news of its wave or source."""

    SEEN = "seen"
    TRUE = "true"
    FALSE = "false"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class AlertMark:
    """What was said of an alert.

    Parameters
    ----------
    judgement
        What was said.
    rules
        The rules that fired it.
    subject
        The wave or source it is about.
    by, at
        Who said so, and when (ISO 8601).
    """

    judgement: AlertJudgement
    rules: tuple[str, ...]
    subject: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """How often a rule was judged right and wrong."""

    true: int
    false: int

    @property
    def share(self) -> float | None:
        """The share that was true of those judged; None if none was."""
        judged = self.true + self.false
        return self.true / judged if judged else None


def read_marks(folder: Path) -> dict[str, AlertMark]:
    """All that was said, by the key of the alert; nothing if the file cannot be read."""
    try:
        plain = json.loads((folder / MARKS).read_text("utf-8"))
        return {
            str(key): AlertMark(
                AlertJudgement(one["judgement"]), tuple(map(str, one["rules"])),
                str(one["subject"]), str(one["by"]), str(one["at"]),
            )
            for key, one in plain.items()
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def put_mark(folder: Path, alert: AlertEntry, judgement: AlertJudgement | None, by: str) -> None:
    """Keep what somebody says of an alert; None takes back what was said."""
    with _LOCK:
        marks = read_marks(folder)
        marks.pop(alert.key, None)
        if judgement is not None:
            now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            marks[alert.key] = AlertMark(judgement, alert.rules, alert.subject, by, now)
        kept = dict(list(marks.items())[-MAX_MARKS:])
        plain = {key: asdict(one) for key, one in kept.items()}
        write_text(folder / MARKS, json.dumps(plain, ensure_ascii=False, indent=1))


def is_open(alert: AlertEntry, marks: Mapping[str, AlertMark]) -> bool:
    """Whether nobody has said anything of an alert, and its wave or source is not muted."""
    muted = {mark.subject for mark in marks.values() if mark.judgement is AlertJudgement.MUTED}
    return alert.key not in marks and alert.subject not in muted


def rule_records(marks: Sequence[AlertMark]) -> dict[str, RuleRecord]:
    """How each rule was judged, by its name."""
    found: dict[str, RuleRecord] = {}
    for mark in marks:
        for rule in mark.rules:
            before = found.get(rule, RuleRecord(0, 0))
            found[rule] = RuleRecord(
                before.true + (mark.judgement is AlertJudgement.TRUE),
                before.false + (mark.judgement is AlertJudgement.FALSE),
            )
    return found
