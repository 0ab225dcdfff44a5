"""Removing one person from a case, its findings, reports and exports; and deleting a case that is
due. Both leave a dated record without the name.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.model.progress import Progress, silent
from birdfall.pipeline.copies import COPIES_FILE, REPORT, Copy, copies_json, copies_of
from birdfall.pipeline.export import export
from birdfall.pipeline.intake import find_account
from birdfall.pipeline.report import REPORT_FILE, write_report
from birdfall.pipeline.run import options_of, run
from birdfall.record.atomic import write_text
from birdfall.record.case import Case
from birdfall.record.damage import RESTORE, explain_damage
from birdfall.record.ids import pseudonym
from birdfall.record.mentions import Mentions, every_handle
from birdfall.record.name_digest import MARK
from birdfall.record.record import Record
from birdfall.record.removal import RemovedRows, now, remove_account
from birdfall.record.removed import BLANK
from birdfall.sources.table.handles import fold_handle

REMOVALS_FILE: Final = "removals.json"
#: What is left in the place of a case that was deleted.
DELETED_FILE: Final = "deleted.json"


@dataclass(frozen=True)
class Removal:
    """What a removal did. It holds no name: only the pseudonym, by which those who were given
    something can find the person's rows in it.

    Parameters
    ----------
    at
        When.
    pseudonym
        The name under which the person stood in what was shared.
    rows
        Rows taken out, by table.
    blanked
        Texts of others in which the name was blanked.
    claims
        Statements taken out since they named the person.
    findings
        The findings that were measured again.
    changed
        Those of them that say other numbers than before.
    rewritten
        Reports and exports that were made anew.
    left
        Reports and exports that could not be, each with its reason.
    done
        Whether it was carried to its end. If not, the person is out of the case all the same;
        `birdfall run` measures it again, and what was made of it before is to be made anew.
    """

    at: str
    pseudonym: str
    rows: Mapping[str, int]
    blanked: int
    claims: int = 0
    findings: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    done: bool = False


def remove_person(case: Case, name: str, *, progress: Progress = silent) -> Removal:
    """Remove an account from a case: rows, dictionary, settings and claims in one change; then
    everything that was measured is measured again, and reports and exports are made anew.

    Parameters
    ----------
    case
        The case.
    name
        The account, by id, by handle or by pseudonym.

    Raises
    ------
    UsageError
        If the record knows no such account, or several.
    CaseError
        If the case is damaged or locked.
    """
    account, code = _whom(case.record(), name)
    options, before = options_of(case), case.findings()
    had_report = case.read(REPORT_FILE) is not None
    called = pseudonym(code)
    made: list[Removal] = []

    def put(removed: RemovedRows, named: Mentions) -> Mapping[str, bytes]:
        inputs, claims = _inputs_without(case, named)
        entry = Removal(now(), called, removed.rows, removed.blanked, claims)
        made.append(entry)
        return {**inputs, REMOVALS_FILE: _removals_json((*removals_of(case), entry))}

    progress("remove", 0, None, "rows")
    remove_account(case, account, put)
    (entry,) = made
    after = {} if options is None else run(case, options, progress=progress)
    rewritten, left = _make_again(case, had_report and bool(after))
    entry = replace(
        entry,
        findings=tuple(sorted(after)),
        changed=tuple(sorted(n for n in set(before) | set(after) if _differ(before, after, n))),
        rewritten=rewritten,
        left=left,
        done=True,
    )
    case.put({REMOVALS_FILE: _removals_json((*removals_of(case)[:-1], entry))})
    return entry


def _whom(record: Record, name: str) -> tuple[str, int]:
    """The account of this id, handle or pseudonym, and its code.

    Raises UsageError if there is none, or if the name could mean two.
    """
    called = record.ids.called(name)
    # every handle that it ever had, and not only the latest
    holders = {a for a, h in every_handle(record) if fold_handle(h) == fold_handle(name)}
    try:
        account = find_account(record, name)
    except UsageError:
        if len(holders) > 1 or (called is None and not holders):
            raise
        account = next(iter(holders), called or "")
    if called is not None and {account, *holders} != {called}:
        holder = account if account != called else next(iter(holders - {called}))
        raise UsageError(
            f"{name!r} is the handle of one account and the pseudonym of another",
            fix=f"Give the id: {holder} has the handle, {called} the pseudonym.",
        )
    code = record.ids.code(account)
    if code is None or account.startswith(MARK):
        raise UsageError(
            f"no account {name!r} in this record",
            fix="Give its id, its handle or its pseudonym.",
        )
    return account, code


def removals_of(case: Case) -> tuple[Removal, ...]:
    """The removals that a case records, in their order."""
    stored = case.read(REMOVALS_FILE)
    if stored is None:
        return ()
    with explain_damage(case.path / REMOVALS_FILE, RESTORE):
        tuples = ("findings", "changed", "rewritten")
        return tuple(
            Removal(**{**plain, **{key: tuple(plain[key]) for key in tuples}})
            for plain in json.loads(stored)
        )


def _removals_json(removals: tuple[Removal, ...]) -> bytes:
    return (json.dumps([asdict(r) for r in removals], indent=1) + "\n").encode()


def _inputs_without(case: Case, named: Mentions) -> tuple[dict[str, bytes], int]:
    """Claims and published figures without the account, and how many claims named it."""
    inputs, gone = {}, 0
    stored = case.read("claims.toml")
    if stored:
        from birdfall.claims import read_claims, write_claims  # the lexicons take a while to load

        claims = read_claims(stored.decode("utf-8"))
        kept = [c for c in claims if all(not _is_named(v, named) for v in asdict(c).values() if v)]
        gone = len(claims) - len(kept)
        if gone:
            inputs["claims.toml"] = write_claims(kept).encode()
    facts = case.read("facts.csv")
    if facts is not None:
        blanked = named.replace(facts.decode("utf-8", "replace"), lambda _: BLANK).encode()
        if blanked != facts:
            inputs["facts.csv"] = blanked
    return inputs, gone


def _is_named(text: object, named: Mentions) -> bool:
    return isinstance(text, str) and named.replace(text, lambda _: BLANK) != text


def _differ(before: Mapping[str, Finding], after: Mapping[str, Finding], name: str) -> bool:
    one, other = before.get(name), after.get(name)
    if one is None or other is None:
        return True
    return one.answer != other.answer or one.estimates != other.estimates


def _make_again(case: Case, report: bool) -> tuple[tuple[str, ...], dict[str, str]]:
    """Make the report of the case and all copies it knows of anew.

    Returns what was made, and what was not with its reason.
    """
    made, left = [], {}
    if report:
        made.append(str(write_report(case, case.settings.language)))
    copies = copies_of(case)
    for copy in copies:
        if not copy.is_there():
            left[copy.path] = "it is no longer there; whoever has it must remove the pseudonym"
        elif not copy.is_alone():
            left[copy.path] = "other files stand beside it; remove it and export again"
        else:
            _make_copy(case, copy)
            made.append(copy.path)
    case.put({COPIES_FILE: copies_json(tuple(c for c in copies if c.path not in left))})
    return tuple(made), left


def _make_copy(case: Case, copy: Copy) -> None:
    copy.remove()
    if copy.form == REPORT:
        if case.finding_names():
            write_report(case, copy.language or case.settings.language, out=Path(copy.path))
    else:
        export(case, copy.form, Path(copy.path), identified=copy.identified)


def delete_case(case: Case) -> Path:
    """Delete a case and the exports and reports that it knows of, and leave a dated record of it
    without any name in its place.

    Returns the path of that record.
    """
    settings, manifest = case.settings, case.manifest
    with case.lock():
        copies = [c for c in copies_of(case) if c.is_there() and c.is_alone()]
    for copy in copies:
        copy.remove()
    left = {
        "deleted": now(),
        "due": settings.delete_after,
        "files": len(manifest.files),
        "bytes": sum(f.bytes for f in manifest.files),
        "imports": len(manifest.imports),
        "copies": len(copies),
        "software": manifest.software,
    }
    folder = case.path
    # the manifest first: what is half deleted is no case any more
    (folder / "manifest.json").unlink()
    (folder / "case.key").unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    write_text(folder / DELETED_FILE, json.dumps(left, indent=1) + "\n", mode=0o600)
    return folder / DELETED_FILE
