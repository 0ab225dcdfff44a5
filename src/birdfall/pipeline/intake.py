"""The way into an inquiry: open a case or make one, take files in, and keep what a person decided
and asks.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple, TypedDict

from birdfall.measures.follower_counts import read_facts
from birdfall.model.errors import BirdfallError, UsageError
from birdfall.model.progress import Progress, silent
from birdfall.model.settings import Settings
from birdfall.record.case import Case
from birdfall.record.manifest import is_case
from birdfall.record.record import Record
from birdfall.sources.ingest import Look, ingest, load, look_into_all
from birdfall.sources.shared.column_mapping import ColumnMapping
from birdfall.sources.table.handles import fold_handle
from birdfall.sources.table.mapping import load_mapping, read_small_file

#: Accounts named where a handle fits several.
MAX_NAMED_ACCOUNTS = 5


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are read, where they do not say it themselves.

    Parameters
    ----------
    mapping
        A mapping of columns, or the TOML file that has it; None: known columns, or a guess.
    reader
        The name of a reader; None: the one that is surest it knows the file.
    time_zone
        IANA name for times that carry no zone of their own.
    date_format
        strptime format of times whose day and month cannot be told apart.
    allow_large
        Take archives that unpack to very much more than their size.
    columns, constants
        Role to the column that has it, and role to what is so in every row.
    skip_lines
        Lines above the header; None: found.
    encoding
        Of text files; None: found.
    sheet
        The one sheet, table or file of a container that is read; None: all.
    """

    mapping: Path | ColumnMapping | None = None
    reader: str | None = None
    time_zone: str | None = None
    date_format: str | None = None
    allow_large: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    skip_lines: int | None = None
    encoding: str | None = None
    sheet: str | None = None

    @property
    def keywords(self) -> ReadKeywords:
        """The same as the functions of `sources.ingest` take them."""
        mapping = self.mapping
        return {
            "mapping": load_mapping(mapping) if isinstance(mapping, Path) else mapping,
            "reader": self.reader,
            "time_zone": self.time_zone,
            "date_format": self.date_format,
            "allow_large": self.allow_large,
            "columns": self.columns,
            "constants": self.constants,
            "skip_lines": self.skip_lines,
            "encoding": self.encoding,
            "sheet": self.sheet,
        }


class ReadKeywords(TypedDict):
    """`ReadOptions` as keywords, with the mapping read."""

    mapping: ColumnMapping | None
    reader: str | None
    time_zone: str | None
    date_format: str | None
    allow_large: bool
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    skip_lines: int | None
    encoding: str | None
    sheet: str | None


class FileReceiptJson(TypedDict):
    """A `FileReceipt` as JSON."""

    file: str
    rows: dict[str, int]
    rejected: int
    already: bool
    repeated: int
    removed: int


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """What was taken from one file: rows per table, rejected rows, whether the same file had been
    taken before, and rows of people who were removed from the case, which were left out.
    """

    file: str
    rows: dict[str, int]
    rejected: int
    already: bool
    repeated: int = 0
    removed: int = 0

    def to_json(self) -> FileReceiptJson:
        """The receipt as JSON values."""
        return {
            "file": self.file,
            "rows": self.rows,
            "rejected": self.rejected,
            "already": self.already,
            "repeated": self.repeated,
            "removed": self.removed,
        }


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decides about a case; what is left empty stays as the case has it.

    leaders, controls, negative_controls, public: accounts, each by id or by handle. The other
    fields are those of `birdfall.Settings`.
    """

    leaders: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    negative_controls: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    question: str = ""
    title: str = ""
    language: str = ""
    time_zone: str = ""


class Prepared(NamedTuple):
    """A case that is ready to be run, and what was taken into it."""

    case: Case
    receipts: list[FileReceipt]


def prepare(
    files: Sequence[Path],
    out: Path | None,
    read: ReadOptions,
    *,
    title: str = "",
    facts: Path | None = None,
    progress: Progress = silent,
) -> Prepared:
    """The case to run: the one named, or one made from files.

    Parameters
    ----------
    files
        One case, or files of any known form; patterns such as "data/*.csv" are expanded.
    out
        The case to take the files into; made if it does not exist. None: `files` is a case.
    read
        How the files are read.
    title
        The title of a new case.
    facts
        A table of published figures, which is enough to make a case of.

    Raises
    ------
    UsageError
        If there is nothing to run on, or no folder to make the case in.
    """
    if not files and facts is None:
        raise UsageError(
            "nothing to run on", fix="Name a case or some files: birdfall run tweets.csv -o case/"
        )
    if len(files) == 1 and files[0].is_dir() and out is None:
        return Prepared(Case.open(files[0]), [])
    if out is None:
        given = files[0] if files else f"--facts {facts}"
        raise UsageError(
            "where should the case be made?", fix=f"Add a folder: birdfall run {given} -o case/"
        )
    case = open_or_create(out, title)
    receipts = add_files(case, files, read, progress=progress) if files else []
    return Prepared(case, receipts)


def open_or_create(path: Path, title: str = "") -> Case:
    """The case at `path`, made if there is none. title: of a new case; the folder's name if not
    given.
    """
    if is_case(path):
        return Case.open(path)
    return Case.create(path, Settings(title=title or path.name))


def add_files(
    case: Case, files: Sequence[Path], read: ReadOptions, *, progress: Progress = silent
) -> list[FileReceipt]:
    """Take files into a case, each whole or not at all, in their order.

    Raises UsageError if no file is named or a pattern fits none, and as `sources.ingest.ingest`
    does.
    """
    if not files:
        raise UsageError("no files were named", fix="birdfall import tweets.csv -o case/")
    paths = expand_patterns(files)
    keywords = read.keywords
    receipts: list[FileReceipt] = []
    for path in paths:
        try:
            receipt = ingest(case, path, progress=progress, **keywords)
        except BirdfallError as error:
            if receipts:
                before = error.why.replace("Nothing was changed.", "").strip()
                kept = (
                    f"{len(receipts)} of {len(paths)} files were taken in before it and are kept."
                )
                error.why = f"{before} {kept}".strip()
            raise
        receipts.append(
            FileReceipt(
                str(path),
                receipt.rows,
                receipt.rejected,
                receipt.already,
                receipt.repeated,
                receipt.removed,
            )
        )
    return receipts


def look_at_files(files: Sequence[Path], read: ReadOptions) -> list[Look]:
    """What each file is, seen from its beginning, and how it would be read."""
    keywords = read.keywords
    return [look for path in files for look in look_into_all(path, **keywords)]


def load_files(files: Sequence[Path], read: ReadOptions, *, progress: Progress = silent) -> Record:
    """The files as one record in memory, without a case."""
    return load(*files, progress=progress, **read.keywords)


def expand_patterns(files: Sequence[Path]) -> list[Path]:
    """`files` with patterns such as "data/*.csv" as the files they fit, sorted: some shells leave
    that to us.
    """
    found: list[Path] = []
    for path in files:
        if not glob.has_magic(str(path)) or path.exists():
            found.append(path)
            continue
        fitting = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        if not fitting:
            raise UsageError(
                "no file fits this pattern", where=str(path), fix="Check the folder and the ending."
            )
        found += fitting
    return found


def change_choices(case: Case, choices: Choices) -> None:
    """Write what was decided into the case's settings; nothing is written where nothing changes.

    Raises UsageError for an account that the record does not know, or knows several of.
    """
    current = asdict(case.settings)
    changes: dict[str, str | tuple[str, ...]] = {}
    for key, value in asdict(choices).items():
        if isinstance(value, tuple):
            record = case.record()
            value = tuple(find_account(record, name) for name in value)
        if value and value != current[key]:
            changes[key] = value
    if changes:
        case.change_settings(**changes)


def find_account(record: Record, name: str) -> str:
    """The id of an account given by id or by handle.

    Raises UsageError if the record knows none or several.
    """
    if record.ids.code(name) is not None:
        return name
    handle = fold_handle(name)
    if (known := record.identities.account(handle)) != handle:
        return known
    if record.ids.code(handle) is not None:
        return handle
    found = sorted(a for a, h in record.names().items() if fold_handle(h) == handle)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no account {name!r} in this record",
            fix="Give its id, or the handle as the data write it.",
        )
    raise UsageError(
        f"{len(found)} accounts have had the handle {name!r}",
        fix="Give the id: " + ", ".join(found[:MAX_NAMED_ACCOUNTS]),
    )


def known_id(record: Record, name: str) -> str:
    """The id of an account given by id or by handle; a name that is neither stays as it is."""
    try:
        return find_account(record, name)
    except UsageError:
        return name


def put_inputs(case: Case, *, claims: Path | None = None, facts: Path | None = None) -> None:
    """Keep claims to check (TOML) and published figures to reconcile (CSV) in the case, read
    strictly first.
    """
    files = {}
    if claims is not None:
        from birdfall.claims import read_claims  # the lexicons take a while to load

        data = read_small_file(claims)
        read_claims(data.decode("utf-8", "replace"))
        files["claims.toml"] = data
    if facts is not None:
        data = read_small_file(facts)
        read_facts(data, str(facts))
        files["facts.csv"] = data
    if files:
        case.put(files)
