"""A case: the folder that holds the data, findings, claims and reports of one inquiry.

    case.toml        what a person decided       record/TABLE/*.parquet  tables, one part per import
    manifest.json    every file and its digest   record/ids.parquet      ids and codes
    case.key         the key of the pseudonyms   findings/NAME.json      findings
                                                 findings/tables/        their tables
    claims.toml      statements to be checked    reports/                what is told

All writes are atomic and become true together (`birdfall.record.transaction`). One process changes
a case at a time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import birdfall
from birdfall.model.errors import BirdfallError, CaseError
from birdfall.model.findings import Finding, as_plain, from_plain
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TABLES, Part, Rows
from birdfall.model.settings import Settings, checked_toml, parse_settings
from birdfall.record import manifest as manifests
from birdfall.record.atomic import digest, explain_write_errors
from birdfall.record.damage import RESTORE, RUN_AGAIN, check_whole, explain_damage
from birdfall.record.file_lock import try_lock
from birdfall.record.ids import SCHEMA as IDS_SCHEMA
from birdfall.record.ids import Ids, empty_ids
from birdfall.record.manifest import Import, ImportOptions, Manifest
from birdfall.record.name_digest import REMOVED_FILE
from birdfall.record.parts import WrittenParts, write_parts
from birdfall.record.record import Record, from_parquet
from birdfall.record.removed import RemovedNames
from birdfall.record.transaction import (
    FOLDER_MODE,
    STAGING,
    Transaction,
    clear_remains,
    finish_commit,
)

#: What a process that died while it made a case may have left.
_CRASH_REMAINS = frozenset({"case.key", ".lock", STAGING, manifests.COMMITTED})
#: Seconds after which a change that is still being moved into place is no longer waited for.
_MOVE_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Receipt:
    """What an import took in.

    Rows per table, rejected rows, whether it had been taken before, acts that came again, and rows
    of people who were removed from the case, which were left out.
    """

    rows: dict[str, int]
    rejected: int
    already: bool = False
    repeated: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Case:
    """A case folder. Holds no state of its own: every call reads what stands on disk.

    Examples
    --------
    >>> import tempfile
    >>> case = Case.create(tempfile.mkdtemp())
    >>> case.record().sizes["accounts"], case.findings()
    (0, {})
    """

    path: Path

    # -- making and opening ------------------------------------------------------------------------

    @classmethod
    def create(
        cls, path: str | Path, settings: Settings | None = None, *, key: bytes | None = None
    ) -> Case:
        """A new, empty case. `key` fixes the pseudonyms (simulations); by default it is random.

        Raises CaseError if a case or other files stand there already, UsageError if the settings
        could not be read again.
        """
        folder = Path(path)
        text = checked_toml(settings or Settings(), str(folder / "case.toml"))
        if manifests.is_case(folder):
            raise CaseError(
                "there is a case here already",
                where=str(folder),
                fix="Choose another folder with -o.",
            )
        if folder.is_dir() and any(entry.name not in _CRASH_REMAINS for entry in folder.iterdir()):
            raise CaseError(
                "this folder holds other files",
                where=str(folder),
                fix="Choose an empty folder with -o.",
            )
        with explain_write_errors(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        case = cls(folder)
        with case.lock(), Transaction(folder) as transaction:
            transaction.write("case.key", key or secrets.token_bytes(32))
            settled = transaction.write("case.toml", text.encode())
            transaction.commit(Manifest(files=(settled,), software=_software()))
        return case

    @classmethod
    def open(cls, path: str | Path, *, though_due: bool = False) -> Case:
        """An existing case. though_due: also one that was to be deleted by now.

        Raises CaseError if there is none, it is damaged, or its day has passed.
        """
        case = cls(Path(path))
        case._finish_transaction()
        manifests.read(case.path)
        if not though_due and case.is_due():
            raise CaseError(
                f"this case was to be deleted after {case.settings.delete_after}",
                where=str(case.path),
                why="Its data were to be kept no longer.",
                fix=f"Delete it: birdfall expire {case.path}. Or give it another day: "
                f"birdfall expire {case.path} --after 2030-01-31",
            )
        return case

    def is_due(self) -> bool:
        """Whether the day after which it is to be deleted has passed, in UTC."""
        try:
            day = self.settings.delete_after
        except BirdfallError:
            return False  # whoever reads the settings says what is wrong with them
        return bool(day) and dt.date.fromisoformat(day) < dt.datetime.now(dt.UTC).date()

    @property
    def manifest(self) -> Manifest:
        return manifests.read(self.path)

    @property
    def settings(self) -> Settings:
        where = self.path / "case.toml"
        with explain_damage(where, "Restore it from a copy."):
            text = where.read_text("utf-8")
        return parse_settings(text, str(where))

    def change_settings(self, **changes: Any) -> Settings:
        """Replace some settings and record it."""
        settings = replace(self.settings, **changes)
        text = checked_toml(settings, str(self.path / "case.toml"))
        with self.lock():
            self._put({"case.toml": text.encode()})
        return settings

    # -- the record --------------------------------------------------------------------------------

    def append(
        self,
        items: Iterable[Rows | Part],
        *,
        source: str,
        reader: str = "",
        digest: str | Callable[[], str] = "",
        options: ImportOptions | None = None,
        notes: tuple[str, ...] = (),
        dictionary: Ids | None = None,
        progress: Progress = silent,
    ) -> Receipt:
        """Take rows into the record as one atomic change: all of them, or (on any error) none.

        dictionary: the accounts by code of a case that has none yet, instead of in keyed order.

        digest: identifies the input; an input that was taken before is left out and the receipt
        says so. If it is computed meanwhile, what waits for it.
        """
        with self.lock():
            before = self.manifest
            if before.imports and callable(digest):
                digest = digest()
            for past in before.imports:
                if digest and past.digest == digest:
                    return Receipt(dict(past.rows), past.rejected, already=True)
            self._remove_unlisted(before)
            number = len(before.imports)
            with explain_write_errors(self.path), Transaction(self.path) as transaction:
                parts = write_parts(items, transaction.workplace, self.removed_names)
                written = parts.rows
                # Reading tells its own progress; what is left is names and digests.
                progress("keep", sum(written.values()), sum(written.values()), "rows")
                ids = self._grow_ids(transaction.workplace, parts, dictionary)
                added = []
                for table, rows in written.items():
                    place = f"record/{table}/part-{number:05d}.parquet"
                    added.append(
                        transaction.adopt(transaction.workplace / f"{table}.parquet", place, rows)
                    )
                if ids is not None:
                    added.append(
                        transaction.adopt(
                            transaction.workplace / "ids.parquet", "record/ids.parquet", len(ids)
                        )
                    )
                counts = {t: n for t, n in written.items() if t != "rejected"}
                known_by = digest() if callable(digest) else digest
                rejected = written.get("rejected", 0)
                note = Import(
                    source, reader, known_by, counts, rejected, _now(), options or {}, notes
                )
                transaction.commit(
                    replace(
                        before.with_files(added),
                        imports=(*before.imports, note),
                        software=_software(),
                    )
                )
            return Receipt(counts, rejected, removed=parts.left_out)

    def record(self) -> Record:
        """The record as measures read it."""
        manifest = self.manifest
        parts: dict[str, list[tuple[Path, str, int]]] = {}
        for file in manifest.files:
            section, _, rest = file.path.partition("/")
            table = rest.partition("/")[0]
            if section == "record" and table in TABLES:
                path = check_whole(self.path, file)
                parts.setdefault(table, []).append((path, file.sha256, file.rows or 0))
        return from_parquet(parts, self._ids(), self.settings)

    def _ids(self) -> Ids:
        listed = self.manifest.find("record/ids.parquet")
        if listed is None:
            return empty_ids()
        path = check_whole(self.path, listed)
        with explain_damage(path):
            column = pq.read_table(path, columns=["id"]).column("id")
            return Ids(column.cast(pa.string()).combine_chunks())

    def _grow_ids(
        self, staging: Path, written: WrittenParts, dictionary: Ids | None = None
    ) -> Ids | None:
        """The dictionary with the accounts that were written in it, in the staging folder.

        Who was removed has a mark in their place, so that others are called as if they were there.
        None if none of them is new.
        """
        ids, removed = self._ids(), self.removed_names
        gone = {a: removed.mark(a) for a in written.removed}
        new = [account for account, mark in gone.items() if ids.code(mark) is None]
        named = pa.concat_arrays([written.accounts, pa.array(new, pa.string())])
        merge = (ids if dictionary is None or len(ids) else dictionary).merge(named, self.key)
        if len(merge) == len(ids):
            return None
        for account in new:
            code = merge.code(account)
            merge = merge if code is None else merge.without(code, gone[account])
        pq.write_table(
            merge.table().cast(IDS_SCHEMA),
            staging / "ids.parquet",
            compression="zstd",
            use_dictionary=False,
        )
        return merge

    @property
    def removed_names(self) -> RemovedNames:
        """Who was removed from the case, and is not to come back with another file."""
        stored = self.read(REMOVED_FILE)
        with explain_damage(self.path / REMOVED_FILE, RESTORE):
            return RemovedNames.from_json(self.key if stored else b"", stored)

    @property
    def key(self) -> bytes:
        """The key of the pseudonyms. It never leaves the folder.

        Raises CaseError if it is missing or empty.
        """
        try:
            key = (self.path / "case.key").read_bytes()
            if not key:
                raise FileNotFoundError
            return key
        except PermissionError as error:
            raise CaseError(
                "case.key may not be read",
                where=str(self.path / "case.key"),
                why="Without it nothing can be called by pseudonym.",
                fix="Run this as the owner of the case.",
            ) from error
        except FileNotFoundError as error:
            raise CaseError(
                "case.key is missing or empty",
                where=str(self.path / "case.key"),
                why="Pseudonyms could not stay the same.",
                fix="Restore it from a copy.",
            ) from error

    # -- findings and other files ------------------------------------------------------------------

    def save(self, *findings: Finding) -> None:
        """Keep findings, replacing those of the same name, as one atomic change."""
        with self.lock():
            before = self.manifest
            added, gone = [], []
            with Transaction(self.path) as transaction:
                for finding in findings:
                    prefix = f"findings/tables/{finding.name}."
                    gone += [f.path for f in before.files if f.path.startswith(prefix)]
                    for table_name, table in sorted(finding.tables.items()):
                        added.append(
                            transaction.write_table(f"{prefix}{table_name}.parquet", table)
                        )
                    added.append(
                        transaction.write(
                            f"findings/{finding.name}.json", finding.to_json().encode()
                        )
                    )
                kept = {f.path for f in added}
                transaction.commit(
                    before.with_files(added, without=tuple(g for g in gone if g not in kept))
                )
            self._remove_unlisted(self.manifest)

    def finding(self, name: str) -> Finding:
        """A finding with its tables. Raises CaseError if the case has none of that name."""
        manifest = self.manifest
        if manifest.find(f"findings/{name}.json") is None:
            known = ", ".join(self.finding_names()) or "none yet; make some with: birdfall run"
            raise CaseError(
                f"there is no finding {name!r} in this case",
                where=str(self.path),
                fix=f"It has: {known}.",
            )
        path = self.path / f"findings/{name}.json"
        with explain_damage(path, RUN_AGAIN):
            plain = json.loads(path.read_text("utf-8"))
            listed = list(plain["tables"])
        tables = {}
        for table in listed:
            place = self.path / f"findings/tables/{name}.{table}.parquet"
            with explain_damage(place, RUN_AGAIN):
                tables[table] = pq.read_table(place)
        with explain_damage(path, RUN_AGAIN):
            return from_plain(plain, tables)

    def finding_names(self) -> list[str]:
        """Names of all findings, sorted."""
        names = [
            f.path
            for f in self.manifest.files
            if f.path.startswith("findings/") and f.path.endswith(".json")
        ]
        return sorted(Path(n).stem for n in names)

    def findings(self, kind: str | None = None) -> dict[str, Finding]:
        """All findings by name, or those of one kind."""
        found = {name: self.finding(name) for name in self.finding_names()}
        return {n: f for n, f in found.items() if kind is None or f.kind == kind}

    def remove_findings(self, *names: str) -> None:
        """Take findings out of the case (all, if no name is given)."""
        with self.lock():
            before = self.manifest
            chosen = names or tuple(self.finding_names())
            gone = [
                f.path
                for f in before.files
                if any(
                    f.path == f"findings/{n}.json" or f.path.startswith(f"findings/tables/{n}.")
                    for n in chosen
                )
            ]
            with Transaction(self.path) as transaction:
                transaction.commit(before.with_files([], without=tuple(gone)))
            self._remove_unlisted(self.manifest)

    def put(self, files: dict[str, bytes]) -> None:
        """Write other files of the case (reports, claims) by relative path in one atomic change."""
        with self.lock():
            self._put(files)

    def read(self, relative: str) -> bytes | None:
        """A file of the case that the manifest lists, or None.

        Raises CaseError if it is listed and cannot be read.
        """
        if self.manifest.find(relative) is None:
            return None
        with explain_damage(self.path / relative):
            return (self.path / relative).read_bytes()

    def find_damage(self) -> list[tuple[str, str]]:
        """Files that differ from the manifest: (path, "missing" or "changed"), and the key."""
        found = []
        key = self.path / "case.key"
        if not key.is_file() or not key.stat().st_size:
            found.append(("case.key", "missing"))
        for file in self.manifest.files:
            path = self.path / file.path
            if not path.is_file():
                found.append((file.path, "missing"))
            elif path.stat().st_size != file.bytes or digest(path) != file.sha256:
                found.append((file.path, "changed"))
        return found

    # -- inside ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the case for writing, whole.

        A change that a dead process left half moved is finished first, and what else it left is
        taken away.

        Raises CaseError if another process holds it.
        """
        with explain_write_errors(self.path):
            held = try_lock(self.path / ".lock")
        if held is None:
            raise CaseError(
                "another process is changing this case",
                where=str(self.path),
                fix="Wait for it to end, then run this again.",
            )
        with held:
            with explain_write_errors(self.path):
                finish_commit(self.path)
            clear_remains(self.path)
            yield

    def _finish_transaction(self) -> None:
        """See to it that no change stands half moved, by a process at work or one that died."""
        until = time.monotonic() + _MOVE_TIMEOUT_S
        while (self.path / manifests.COMMITTED).is_dir():
            try:
                with self.lock():
                    return
            except CaseError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _put(self, files: dict[str, bytes]) -> None:
        before = self.manifest
        with Transaction(self.path) as transaction:
            added = [transaction.write(path, data) for path, data in sorted(files.items())]
            transaction.commit(before.with_files(added))

    def _remove_unlisted(self, manifest: Manifest) -> None:
        """Remove what a dead process left: files that the manifest does not list."""
        listed = {f.path for f in manifest.files}
        for section in ("record", "findings"):
            for path in (self.path / section).rglob("*"):
                if path.is_file() and path.relative_to(self.path).as_posix() not in listed:
                    path.unlink()
        for path in self.path.glob("**/.*.partial"):
            path.unlink(missing_ok=True)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _software() -> str:
    return f"birdfall {birdfall.__version__}"


__all__ = ["Case", "Receipt", "as_plain"]
