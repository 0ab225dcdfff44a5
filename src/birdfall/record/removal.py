"""Taking one account out of the files of a case, as one change.

Every row that names the account goes: its own, and those of others about it. Where words of others
name it, the name is blanked. In the dictionary its id is replaced by a mark that is nobody's, so
that all others keep their codes and pseudonyms. Findings go too: they are measured again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Generator, Mapping, Sequence
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
from birdfall.record.manifest import File, Import
from birdfall.record.mentions import Mentions, mentions_of
from birdfall.record.transaction import Transaction

#: What stands in a text, or in a file's name, where the person was named.
BLANK: Final = "[removed]"
#: Rows taken at a time.
BATCH_ROWS: Final = 1 << 16
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
        handles = [(a, h) for h, a in mentions_of(record).handles.items() if a == account]
        handles += [(account, h) for h in record.identities.handles(account)]
        names = (account, *record.identities.handles(account))
        named = Mentions(record.ids.only(account), handles)
        ids = record.told_ids or record.ids
        codes = [code for name in names if (code := ids.code(name)) is not None]
        before = case.manifest
        taken: dict[str, int] = {}
        blanked = 0
        with explain_write_errors(case.path), Transaction(case.path) as transaction:
            added: list[File] = []
            for file in before.files:
                table = file.path.split("/")[1] if file.path.startswith("record/") else ""
                if table in ACCOUNT_COLUMNS or table in ("coverage", "rejected"):
                    source, made = check_whole(case.path, file), transaction.workplace / "part"
                    gone, changed = _rewrite(source, made, table, names, named)
                    if gone or changed:
                        added.append(transaction.adopt(made, file.path, (file.rows or 0) - gone))
                    taken[table] = taken.get(table, 0) + gone
                    blanked += changed
            if codes:
                for code in codes:
                    ids = ids.without(code)
                made = transaction.workplace / "ids.parquet"
                table = ids.table().cast(IDS_SCHEMA)
                pq.write_table(table, made, compression="zstd", use_dictionary=False)
                added.append(transaction.adopt(made, "record/ids.parquet", len(ids)))
            removed = RemovedRows({t: n for t, n in taken.items() if n}, blanked)
            settings = _settings_without(record.settings, account, named)
            added.append(transaction.write("case.toml", settings.to_toml().encode()))
            for path, data in put(removed, named).items():
                added.append(transaction.write(path, data))
            gone_files = [f.path for f in before.files if f.path.startswith(MADE_AGAIN)]
            imports = tuple(_import_without(i, named) for i in before.imports)
            transaction.commit(
                replace(before.with_files(added, without=tuple(gone_files)), imports=imports)
            )
        for path in gone_files:
            (case.path / path).unlink(missing_ok=True)
    return removed


def _rewrite(
    source: Path, made: Path, table: str, accounts: Sequence[str], named: Mentions
) -> tuple[int, int]:
    """A part without the rows of an account; returns how many went and how many texts changed."""
    gone = changed = 0
    with contextlib.closing(_read_batches(source)) as batches:
        schema = next(batches).schema
        with pq.ParquetWriter(made, schema, compression="zstd") as out:
            for rows in batches:
                kept = rows.filter(pc.invert(_names(rows, table, accounts)))
                gone += rows.num_rows - kept.num_rows
                kept, texts = _blank(kept, named)
                changed += texts
                out.write_table(kept)
    return gone, changed


def _read_batches(source: Path) -> Generator[pa.Table, None, None]:
    """An empty table of the part's schema, then its rows."""
    with explain_damage(source), pq.ParquetFile(source) as part:
        yield part.schema_arrow.empty_table()
        for batch in part.iter_batches(BATCH_ROWS):
            yield pa.Table.from_batches([batch])


def _names(rows: pa.Table, table: str, accounts: Sequence[str]) -> pa.ChunkedArray:
    """Whether each row is of the account or about it, by any of its names."""
    listed = pa.array(accounts, pa.string())
    columns = [*ACCOUNT_COLUMNS.get(table, ()), *(["object"] if table == "acts" else [])]
    found = pa.chunked_array([pa.array([False] * rows.num_rows)])
    for column in columns:
        found = pc.or_(found, pc.is_in(rows.column(column), value_set=listed))
    return found


def _blank(rows: pa.Table, named: Mentions) -> tuple[pa.Table, int]:
    """The rows with the account blanked in their texts, and how many texts that changed."""
    changed = 0
    for place, one in enumerate(rows.schema):
        if not pa.types.is_string(one.type):
            continue
        column = rows.column(place)
        blank = {
            value: _without(value, named, file=one.name == "source")
            for value in column.unique().drop_null().to_pylist()
        }
        if all(value == new for value, new in blank.items()):
            continue
        values = column.to_pylist()
        changed += sum(v is not None and blank[v] != v for v in values)
        rows = rows.set_column(place, one, pa.array([blank.get(v) for v in values], one.type))
    return rows, changed


def _without(text: str, named: Mentions, *, file: bool = False) -> str:
    if file and named.stands_in(text):
        return BLANK + Path(text).suffix
    return named.replace(text, lambda _: BLANK)


def _settings_without(settings: Settings, account: str, named: Mentions) -> Settings:
    def others(accounts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(a for a in accounts if a != account)

    return replace(
        settings,
        title=_without(settings.title, named),
        question=_without(settings.question, named),
        leaders=others(settings.leaders),
        controls=others(settings.controls),
        negative_controls=others(settings.negative_controls),
        public=others(settings.public),
        names={a: name for a, name in settings.names.items() if a != account},
        reply=tuple({k: _without(v, named) for k, v in r.items()} for r in settings.reply),
    )


def _import_without(past: Import, named: Mentions) -> Import:
    return replace(
        past,
        source=_without(past.source, named, file=True),
        notes=tuple(_without(note, named) for note in past.notes),
        options={
            k: _without(v, named) if isinstance(v, str) else v for k, v in past.options.items()
        },
    )


def now() -> str:
    """The moment, as the records of a case keep it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
