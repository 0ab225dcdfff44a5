"""`birdfall remove` and `expire`: how long data of people are kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from birdfall.cli.output import log, print_json, print_result, show_progress
from birdfall.cli.parameters import Json
from birdfall.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.pipeline.removal import Removal


def remove(case: Path, account: str, *, json: Json = False) -> int:
    """Remove a person from a case, its findings, reports and exports, or from a watch.

    Parameters
    ----------
    case
        The case, or the folder of a watch that is not at work.
    account
        Who is removed: @handle, id or pseudonym.
    """
    from birdfall.app.desk_removal import clear_desk, hold_desk
    from birdfall.pipeline.removal import remove_person
    from birdfall.record.case import Case

    if (case / "watch.sqlite").is_file():
        return _remove_from_watch(case, account, json)
    opened = Case.open(case, though_due=True)
    with hold_desk(case) as desk:
        with show_progress(json) as progress:
            removal = remove_person(opened, account, progress=progress)
        cleared = None if desk is None else clear_desk(desk, opened.removed_names)
    if json:
        desk_said = {} if cleared is None else {"workspace": asdict(cleared)}
        print_json(asdict(removal) | desk_said)
    else:
        _print_removal(removal)
        if cleared is not None:
            print_result(
                f"workspace: {cleared.files:,} files that had been given deleted (the case keeps "
                f"what was read of them); named in {cleared.blanked:,} notes and logs, blanked"
            )
            if cleared.evidence:
                print_result("workspace: the evidence is to be packed again")
    return ExitCode.FOUND


def _remove_from_watch(folder: Path, account: str, json: bool) -> int:
    """Remove a person from a watch, and say what went."""
    from birdfall.cli.serving import upgrade_state
    from birdfall.watch.engine.removal import remove_from_watch

    upgrade_state(folder, folder / "watch.sqlite")
    removal = remove_from_watch(folder, account)
    if json:
        print_json(asdict(removal))
        return ExitCode.FOUND
    rows = ", ".join(f"{n:,} {table}" for table, n in removal.rows.items()) or "no rows"
    print_result(f"removed {removal.pseudonym}: {rows}; {removal.raw:,} raw steps deleted")
    print_result(f"a mark stands for the person in {removal.texts:,} texts (waves, alerts)")
    log("Numbers of past waves and alerts stay. What comes later is kept without the person.")
    log("Alerts that were sent, cases that were made, and backups are not reached.")
    return ExitCode.FOUND


def _print_removal(removal: Removal) -> None:
    rows = ", ".join(f"{n:,} {table}" for table, n in removal.rows.items()) or "no rows"
    print_result(f"removed {removal.pseudonym}: {rows}; {removal.blanked:,} texts blanked")
    if removal.claims:
        print_result(f"claims that named the person, taken out: {removal.claims}")
    print_result(f"measured again: {', '.join(removal.findings) or 'nothing was measured before'}")
    print_result(f"  of these other than before: {', '.join(removal.changed) or 'none'}")
    for path in removal.rewritten:
        print_result(f"made anew: {path}")
    for path, reason in removal.left.items():
        print_result(f"not made anew: {path}: {reason}")
    log("Copies that were moved or sent to others are not known here; nor are backups.")


def expire(*cases: Path, after: str | None = None, never: bool = False, json: Json = False) -> int:
    """Delete the cases whose day has passed, or set that day.

    Parameters
    ----------
    cases
        The cases.
    after
        The day after which they are to be deleted, such as 2027-01-31.
    never
        Take the day away.
    """
    import shutil

    from birdfall.app.desk_removal import desk_folder, hold_desk
    from birdfall.pipeline.removal import delete_case
    from birdfall.record.case import Case

    if not cases:
        raise UsageError("no case was named", fix="birdfall expire case/ --after 2027-01-31")
    day = "" if never else _read_day(after)
    told = {}
    for path in cases:
        case = Case.open(path, though_due=True)
        if day is not None:
            case.change_settings(delete_after=day)
            told[str(path)] = f"to be deleted after {day}" if day else "kept until it is deleted"
        elif case.is_due():
            with hold_desk(path):
                left = delete_case(case)
            shutil.rmtree(desk_folder(path), ignore_errors=True)
            told[str(path)] = f"deleted; {left} says when"
        else:
            due = case.settings.delete_after
            told[str(path)] = f"kept: its day is {due}" if due else "kept: it has no day"
    if json:
        print_json(told)
    else:
        for name, words in told.items():
            print_result(f"{name}: {words}")
    return ExitCode.FOUND


def _read_day(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UsageError(f"{text!r} is no day", fix="Write it as 2027-01-31.") from error
