"""Taking one account out of the files of a case, as one change.

Every row that names the account goes: its own, and those of others about it. Where words of others
name it, the name is blanked; where others did something to its posts, a mark stands for the post.
In the dictionary its id is replaced by a mark that is nobody's, so that all others keep their codes
and pseudonyms. Findings go too: they are measured again. Keyed digests of its names stay, so that
it does not come back with another file.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from birdfall.model.schemas import ACCOUNT_COLUMNS
from birdfall.model.settings import Settings
from birdfall.record.atomic import explain_write_errors
from birdfall.record.case import Case
from birdfall.record.damage import check_whole, explain_damage
from birdfall.record.ids import SCHEMA as IDS_SCHEMA
from birdfall.record.ids import Ids
from birdfall.record.manifest import File, Import
from birdfall.record.mentions import Mentions, mentions_of
from birdfall.record.name_digest import REMOVED_FILE
from birdfall.record.record import Record
from birdfall.record.removed import (
    BLANK,
    RemovedNames,
    leave_out,
    without_names,
)
from birdfall.record.transaction import Transaction

#: Rows taken at a time.
BATCH_ROWS: Final = 1 << 16
#: Tables of what was not read, or only watched, with the columns that may hold cells of rows.
UNREAD: Final = {"coverage": ("note",), "rejected": ("value", "reason")}
#: Columns of acts that name posts, and the kinds of act that are done to a post of their target.
POST_COLUMNS: Final = ("object", "act_id", "conversation")
ON_POSTS: Final = ("repost", "reply", "quote", "like")
#: Letters from which a name that an account showed is looked for.
MIN_SHOWN_LETTERS: Final = 5
#: Files of a case that are written again from the record.
MADE_AGAIN: Final = ("findings/", "reports/", "run.json")


@dataclass(frozen=True)
class RemovedRows:
    """What went out of the record.

    Parameters
    ----------
    rows
        Rows that were taken out, by table.
    blanked
        Texts in which the name was blanked.
    """

    rows: Mapping[str, int]
    blanked: int


def remove_account(
    case: Case, account: str, put: Callable[[RemovedRows, Mentions], Mapping[str, bytes]]
) -> RemovedRows:
    """Take an account out of record, dictionary, settings and the names of imported files, and all
    findings and reports with it.

    Parameters
    ----------
    case
        The case.
    account
        Its id, which the record knows.
    put
        Gives the other files to be written in the same change, from what was removed and what
        finds the account in a text.

    Raises
    ------
    CaseError
        If the case is damaged or locked.
    """
    with case.lock():
        record = case.record()
        person = _Person.of(case, record, account)
        before = case.manifest
        taken: dict[str, int] = {}
        blanked = 0
        with explain_write_errors(case.path), Transaction(case.path) as transaction:
            added: list[File] = []
            for file, name in _tables_of(before.files):
                source, made = check_whole(case.path, file), transaction.workplace / "part"
                gone, changed = _rewrite(source, made, name, person)
                if gone or changed:
                    added.append(transaction.adopt(made, file.path, (file.rows or 0) - gone))
                taken[name] = taken.get(name, 0) + gone
                blanked += changed
            ids = _marked(record.told_ids or record.ids, person)
            made = transaction.workplace / "ids.parquet"
            table = ids.table().cast(IDS_SCHEMA)
            pq.write_table(table, made, compression="zstd", use_dictionary=False)
            added.append(transaction.adopt(made, "record/ids.parquet", len(ids)))
            removed = RemovedRows({t: n for t, n in taken.items() if n}, blanked)
            settings = _settings_without(record.settings, account, person.named)
            added.append(transaction.write("case.toml", settings.to_toml().encode()))
            added.append(transaction.write(REMOVED_FILE, person.removed.to_json()))
            for path, data in put(removed, person.named).items():
                added.append(transaction.write(path, data))
            gone_files = [f.path for f in before.files if f.path.startswith(MADE_AGAIN)]
            imports = tuple(_import_without(i, person.named) for i in before.imports)
            transaction.commit(
                replace(before.with_files(added, without=tuple(gone_files)), imports=imports)
            )
        for path in gone_files:
            (case.path / path).unlink(missing_ok=True)
    return removed


@dataclass(frozen=True)
class _Person:
    """Who is taken out.

    Parameters
    ----------
    names
        The id, and the handles by which rows name the account.
    named
        Finds the account in a text.
    shown
        Names for people, as the account showed them: looked for where cells of unread rows stand.
    posts
        The ids of its posts, by which rows of others lead to it.
    removed
        Everybody who was removed from the case, the person too.
    """

    names: tuple[str, ...]
    named: Mentions
    shown: tuple[str, ...]
    posts: frozenset[str]
    removed: RemovedNames

    @classmethod
    def of(cls, case: Case, record: Record, account: str) -> _Person:
        """What the record knows of an account."""
        told = record.identities.handles(account)
        known = [h for h, a in mentions_of(record).handles.items() if a == account]
        handles = [(account, handle) for handle in (*known, *told)]
        # an id of somebody else is nobody's handle here
        certain = [h for _, h in handles if not h.isdigit() and record.ids.code(h) is None]
        files = case.manifest.files
        names = (account, *told)
        before = RemovedNames(case.key, case.removed_names.digests)
        return cls(
            names,
            Mentions(record.ids.only(account), handles),
            _shown_names(case, files, names),
            _posts_of(case, files, names),
            before.with_names([account, *told, *certain]),
        )


def _marked(ids: Ids, person: _Person) -> Ids:
    """The dictionary with marks in the place of an account's names."""
    for name in person.names:
        code = ids.code(name)
        ids = ids if code is None else ids.without(code, person.removed.mark(name))
    return ids


def _tables_of(files: Sequence[File]) -> Iterator[tuple[File, str]]:
    """The parts of the record that can name an account, each with its table."""
    for file in files:
        table = file.path.split("/")[1] if file.path.startswith("record/") else ""
        if table in ACCOUNT_COLUMNS or table in UNREAD:
            yield file, table


def _column_batches(
    case: Case, files: Sequence[File], wanted: str, names: Sequence[str], columns: tuple[str, ...]
) -> Iterator[pa.Table]:
    """The rows of a table in which one of the columns names the account."""
    listed = pa.array(names, pa.string())
    for file, table in _tables_of(files):
        if table != wanted:
            continue
        with contextlib.closing(_read_batches(check_whole(case.path, file))) as batches:
            for rows in batches:
                found = pa.chunked_array([pa.array([False] * rows.num_rows, pa.bool_())])
                for column in columns:
                    theirs = pc.is_in(rows.column(column), value_set=listed)
                    found = pc.or_(found, theirs)
                yield rows.filter(found)


def _shown_names(case: Case, files: Sequence[File], names: Sequence[str]) -> tuple[str, ...]:
    """The names that an account showed, those of one short word left out."""
    shown: set[str] = set()
    for rows in _column_batches(case, files, "accounts", names, ("account",)):
        shown |= set(rows.column("name").drop_null().to_pylist())
    return tuple(n for n in sorted(shown) if len(n.strip()) >= MIN_SHOWN_LETTERS)


def _posts_of(case: Case, files: Sequence[File], names: Sequence[str]) -> frozenset[str]:
    """The ids of what an account wrote: its own acts, and what others did to its posts."""
    listed = pa.array(names, pa.string())
    posts: set[str] = set()
    for rows in _column_batches(case, files, "acts", names, ("account", "target")):
        own = pc.is_in(rows.column("account"), value_set=listed)
        posts |= set(rows.filter(own).column("act_id").drop_null().to_pylist())
        wrote = pc.and_(own, pc.equal(rows.column("kind"), "post"))
        kinds = pa.array(ON_POSTS, pa.string())
        answered = pc.and_(pc.invert(own), pc.is_in(rows.column("kind"), value_set=kinds))
        about = rows.filter(pc.fill_null(pc.or_(wrote, answered), False))
        posts |= set(about.column("object").drop_null().to_pylist())
    return frozenset(posts)


def _rewrite(source: Path, made: Path, table: str, person: _Person) -> tuple[int, int]:
    """A part without the rows of an account; returns how many went and how many texts changed."""
    gone = changed = 0
    with contextlib.closing(_read_batches(source)) as batches:
        schema = next(batches).schema
        with pq.ParquetWriter(made, schema, compression="zstd") as out:
            for rows in batches:
                left = leave_out(rows, table, person.named, person.names.__contains__)
                kept, texts = _without_traces(left.rows, table, person)
                gone, changed = gone + left.gone, changed + left.blanked + texts
                out.write_table(kept)
    return gone, changed


def _without_traces(rows: pa.Table, table: str, person: _Person) -> tuple[pa.Table, int]:
    """Rows of others without the ids of an account's posts, and cells of unread rows without the
    names it showed; how many values changed.
    """
    changed = 0
    for column in POST_COLUMNS if table == "acts" else UNREAD.get(table, ()):
        values = rows.column(column).to_pylist()
        new = [_trace(value, table, person) for value in values]
        differ = sum(a != b for a, b in zip(values, new, strict=True))
        if differ:
            place = rows.column_names.index(column)
            rows = rows.set_column(place, rows.field(place), pa.array(new, pa.string()))
            changed += differ
    return rows, changed


def _trace(value: str | None, table: str, person: _Person) -> str | None:
    if value is None:
        return None
    if table == "acts":
        return person.removed.mark(value) if value in person.posts else value
    folded = value.casefold()
    return BLANK if any(name.casefold() in folded for name in person.shown) else value


def _read_batches(source: Path) -> Generator[pa.Table, None, None]:
    """An empty table of the part's schema, then its rows."""
    with explain_damage(source), pq.ParquetFile(source) as part:
        yield part.schema_arrow.empty_table()
        for batch in part.iter_batches(BATCH_ROWS):
            yield pa.Table.from_batches([batch])


def _settings_without(settings: Settings, account: str, named: Mentions) -> Settings:
    def others(accounts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(a for a in accounts if a != account)

    return replace(
        settings,
        title=without_names(settings.title, named),
        question=without_names(settings.question, named),
        leaders=others(settings.leaders),
        controls=others(settings.controls),
        negative_controls=others(settings.negative_controls),
        public=others(settings.public),
        names={a: name for a, name in settings.names.items() if a != account},
        reply=tuple({k: without_names(v, named) for k, v in r.items()} for r in settings.reply),
    )


def _import_without(past: Import, named: Mentions) -> Import:
    return replace(
        past,
        source=without_names(past.source, named, file=True),
        notes=tuple(without_names(note, named) for note in past.notes),
        options={
            k: without_names(v, named) if isinstance(v, str) else v for k, v in past.options.items()
        },
    )


def now() -> str:
    """The moment, as the records of a case keep it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
