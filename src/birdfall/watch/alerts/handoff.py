"""Hand-over: a wave in the forms that other people's tools take. Nothing here acts; a person reads
it and decides.

ozone: bodies for `tools.ozone.moderation.emitEvent`, one per account: a tag; ozone-comment: a
comment; ozone-report: a report. osprey: actions for its input topic. coop: bodies for `POST
/api/v1/report`. csv: the accounts. hold: suspensions that look like a brigade's work, for review.
restore: accounts of the wave that are still down. reporters: who reported them, or the targets of a
burst.

Other packages bring formats of their own by the entry point group `birdfall.handoff_formats`: the
entry point's name is the format's, and it loads an object with the attributes of `HandoffFormat`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Final, NamedTuple, Protocol

from birdfall.model.errors import UsageError, printable
from birdfall.watch.alerts.actions import action_name, action_text, rfc3339
from birdfall.watch.detect.wave_contents import has_accounts
from birdfall.watch.model.alert import AlertKind, WaveStage
from birdfall.watch.model.ticks import FOREVER_US
from birdfall.watch.model.wave import SuspensionDetails, Wave, WaveKind
from birdfall.watch.store.database import State
from birdfall.watch.store.queries.accounts import status_of
from birdfall.watch.store.queries.falls import FallRow, list_falls
from birdfall.watch.store.queries.reports import (
    ReporterRow,
    TargetSpan,
    list_reporters,
    reporters_before,
    reporters_of_two,
)

#: Entry point group of formats that other packages bring.
GROUP: Final = "birdfall.handoff_formats"
#: A suspension looks like a brigade's work if so many reported the account, and this part of them
#: others of the wave too.
MIN_HOLD_REPORTERS, MIN_HOLD_TOGETHER = 5, 0.5
#: Characters of a text that a cell holds.
MAX_CELL_CHARS: Final = 10_000
#: A cell that begins so is a formula to a spreadsheet.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_VISIBLE: Final = ("active", "limited")


class ExportedAccount(NamedTuple):
    """One fallen account, as the tables list it.

    suspended_at: text in UTC. status_now: its status when this was made. reporters: accounts that
    had reported it before; together: the part of them that reported others of the wave too, from 0
    to 1.
    """

    account: str
    suspended_at: str
    reason: str
    status_now: str
    reporters: int
    together: float
    wave: int


@dataclass(frozen=True, slots=True)
class WaveExport:
    """What a format may write of a wave.

    Parameters
    ----------
    state
        The state of the watch.
    wave
        The wave; its accounts are kept.
    moderator
        The did of the moderator who will send it; empty where nobody was named.
    """

    state: State
    wave: Wave
    moderator: str = ""

    @property
    def end(self) -> int:
        """Until when accounts belong to it, in microseconds."""
        details = self.wave.details
        end = details.end if isinstance(details, SuspensionDetails) else None
        return end or self.wave.closed or FOREVER_US

    def falls(self) -> list[FallRow]:
        """Every suspension of the wave, in order; one account may have several."""
        return list_falls(self.state, self.wave.begin, self.end)

    def accounts(self) -> list[ExportedAccount]:
        """The fallen accounts, each once, in the order they fell."""
        first_falls: dict[str, FallRow] = {}
        for fall in self.falls():
            first_falls.setdefault(fall.account, fall)
        several = reporters_of_two(self.state, first_falls)
        found = []
        for fall in first_falls.values():
            reporters = reporters_before(self.state, fall.account, fall.time)
            together = len(reporters & several) / len(reporters) if reporters else 0.0
            found.append(
                ExportedAccount(
                    fall.account,
                    rfc3339(fall.time),
                    fall.reason,
                    status_of(self.state, fall.account),
                    len(reporters),
                    round(together, 3),
                    self.wave.id,
                )
            )
        return found

    def reporters(self) -> list[ReporterRow]:
        """Who reported the targets of a burst within it, or the fallen before they fell; most
        targets first."""
        if self.wave.kind is WaveKind.REPORTS:
            end = self.wave.closed or FOREVER_US
            spans = [TargetSpan(t.target, self.wave.begin, end) for t in self.wave.targets]
        else:
            spans = [TargetSpan(fall.account, 0, fall.time) for fall in self.falls()]
        return list_reporters(self.state, spans)


class HandoffFormat(Protocol):
    """One form of a wave; what entry points in the group `birdfall.handoff_formats` load.

    Examples
    --------
    A format of a package of its own:

    >>> class AccountLines:
    ...     is_table = False
    ...     def write(self, export):
    ...         return "".join(fall.account + chr(10) for fall in export.falls())
    """

    @property
    def is_table(self) -> bool:
        """Whether the text is a table whose first line names the columns."""
        ...

    def write(self, export: WaveExport) -> str:
        """The wave as text, one line for each thing."""
        ...


def export_wave(state: State, wave: Wave, name: str, moderator: str = "") -> str:
    """A wave as text in one of `format_names`.

    Parameters
    ----------
    state
        The state of the watch.
    wave
        The wave.
    name
        The format.
    moderator
        The did of the moderator who will send it to Ozone.

    Raises
    ------
    UsageError
        No format is called so, or the accounts of the wave are no longer kept.
    """
    if not has_accounts(state, wave):
        raise UsageError(
            f"the accounts of wave {wave.id} are no longer kept",
            where=str(state.path),
            fix="Those of the waves that are listed are.",
        )
    return find_format(name).write(WaveExport(state, wave, moderator))


def find_format(name: str) -> HandoffFormat:
    """The format of that name, built in or of another package.

    Raises UsageError with the known names.
    """
    if name in _FORMATS:
        return _FORMATS[name]
    for point in metadata.entry_points(group=GROUP, name=name):
        form: HandoffFormat = point.load()
        return form
    raise UsageError(f"no form is called {name!r}", fix=f"Known: {', '.join(format_names())}.")


def format_names() -> tuple[str, ...]:
    """The names of the formats: built in, then those of other packages."""
    others = sorted(point.name for point in metadata.entry_points(group=GROUP))
    return (*_FORMATS, *(name for name in others if name not in _FORMATS))


def is_table(name: str) -> bool:
    """Whether a format is known and is a table with a line of names first."""
    return name in format_names() and find_format(name).is_table


@dataclass(frozen=True, slots=True)
class _BuiltInFormat:
    """A format that comes with Birdfall."""

    writer: Callable[[WaveExport], str]
    is_table: bool = False

    def write(self, export: WaveExport) -> str:
        """The wave as text."""
        return self.writer(export)


def _is_hold_candidate(account: ExportedAccount) -> bool:
    return account.reporters >= MIN_HOLD_REPORTERS and account.together >= MIN_HOLD_TOGETHER


def _is_still_down(account: ExportedAccount) -> bool:
    return account.status_now not in _VISIBLE


def _write_accounts(
    export: WaveExport, wanted: Callable[[ExportedAccount], bool] = lambda _: True
) -> str:
    rows = [account for account in export.accounts() if wanted(account)]
    return _csv_text(ExportedAccount._fields, rows)


def _write_reporters(export: WaveExport) -> str:
    rows = [
        (
            row.reporter,
            row.targets,
            row.reports,
            rfc3339(row.first),
            rfc3339(row.last),
            row.ever,
            export.wave.id,
        )
        for row in export.reporters()
    ]
    return _csv_text((*ReporterRow._fields, "wave"), rows)


def _write_ozone(export: WaveExport, kind: str) -> str:
    """A tag, a comment or a report: each puts the account before moderators and changes nothing for
    its owner."""
    wave = export.wave
    if wave.kind is WaveKind.REPORTS:
        what = (
            f"Suspended after {wave.fallen} accounts reported {len(wave.targets)} others together"
        )
    else:
        what = f"One of {wave.fallen} accounts suspended together"
    begin = rfc3339(wave.begin)
    event: dict[str, str | list[str]] = {
        "$type": f"tools.ozone.moderation.defs#modEvent{kind.capitalize()}",
        "comment": f"{what} from {begin} (Birdfall, wave {wave.id}); proposed for review.",
    }
    if kind == "tag":
        event |= {"add": [f"birdfall-wave-{wave.id}"], "remove": []}
    elif kind == "report":
        event |= {"reportType": "com.atproto.moderation.defs#reasonOther"}
    return "".join(
        _json_line(
            {
                "event": event,
                "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": account},
                "createdBy": export.moderator or "put the did of the moderator here",
            }
        )
        for account in dict.fromkeys(fall.account for fall in export.falls())
    )


def _write_osprey(export: WaveExport) -> str:
    wave = export.wave
    stage = WaveStage.CLOSED if wave.closed else WaveStage.OPENED
    action = action_text(
        f"wave:{wave.id}:{stage.value}",
        action_name(AlertKind(wave.kind.value), stage),
        {
            "wave": wave.id,
            "stream": str(wave.stream),
            "begin": rfc3339(wave.begin),
            "size": wave.fallen,
            "returned": wave.returned,
            "expected": wave.expected,
        },
        wave.closed or wave.opened,
        ascii_only=True,
    )
    return action + "\n"


def _write_coop(export: WaveExport) -> str:
    wave = export.wave
    reason = f"suspended together with {wave.fallen - 1} others"
    if wave.kind is WaveKind.REPORTS:
        reason = (
            f"suspended after {wave.fallen} accounts reported {len(wave.targets)} others together"
        )
    return "".join(
        _json_line(
            {
                "reporter": {"kind": "user", "typeId": "birdfall", "id": "birdfall"},
                "reportedAt": rfc3339(fall.time),
                "reportedItem": {
                    "id": fall.account,
                    "typeId": "account",
                    "data": {"wave": wave.id},
                },
                "reportedForReason": {"reason": f"{reason}; proposed for review"},
            }
        )
        for fall in export.falls()
    )


def _json_line(value: object) -> str:
    # other than ASCII is written as \\u...: the lines are shown in terminals, and mean the same
    return json.dumps(value, ensure_ascii=True, sort_keys=True) + "\n"


def _csv_text(names: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(
        [_safe_cell(value) if isinstance(value, str) else value for value in row] for row in rows
    )
    return out.getvalue()


def _safe_cell(text: str) -> str:
    """A text that neither a spreadsheet takes for a formula nor a terminal for a command."""
    shown = printable(text, MAX_CELL_CHARS)
    return f"'{shown}" if text.startswith(_FORMULA_STARTS) else shown


_FORMATS: Final[dict[str, HandoffFormat]] = {
    "ozone": _BuiltInFormat(partial(_write_ozone, kind="tag")),
    "ozone-comment": _BuiltInFormat(partial(_write_ozone, kind="comment")),
    "ozone-report": _BuiltInFormat(partial(_write_ozone, kind="report")),
    "osprey": _BuiltInFormat(_write_osprey),
    "coop": _BuiltInFormat(_write_coop),
    "csv": _BuiltInFormat(_write_accounts, is_table=True),
    "hold": _BuiltInFormat(partial(_write_accounts, wanted=_is_hold_candidate), is_table=True),
    "restore": _BuiltInFormat(partial(_write_accounts, wanted=_is_still_down), is_table=True),
    "reporters": _BuiltInFormat(_write_reporters, is_table=True),
}
