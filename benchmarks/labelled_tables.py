"""Labelled tables for `labelled.py`: who did what when, and who is known to have been coordinated.

Columns are known by their names: those of the releases on information operations (userid,
tweet_time, retweet_tweetid, hashtags, urls, tweet_text), of the IRA posts of Clemson and
FiveThirtyEight or of the same by author (author or author_id, publish_date, content,
account_category), or plain ones (account, time, label and any of the traces). A file that holds
only coordinated accounts or only controls says so by the option it is given with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TRACES = ("repost", "hashtag", "link", "text", "delete")
#: Our column: theirs, the first that a file has.
COLUMNS = {
    "account": ("account", "userid", "user_id", "external_author_id", "author_id", "author"),
    "time": ("time", "tweet_time", "publish_date", "created_at"),
    "label": ("label", "is_control", "coordinated"),
    "group": ("group", "cluster", "campaign", "account_category"),
    "repost": ("repost", "retweet_tweetid", "retweeted_id"),
    "hashtag": ("hashtag", "hashtags"),
    "link": ("link", "url", "urls"),
    "text": ("text", "tweet_text", "content"),
    "delete": ("delete",),
}
#: Times of the IRA posts as Clemson and FiveThirtyEight released them: month, day, year.
FIVETHIRTYEIGHT_TIME = "%m/%d/%Y %H:%M"
_TRUE, _FALSE = ("1", "true", "io", "malicious", "bot"), ("0", "false", "control", "genuine")
_TAG = re.compile("[#\N{FULLWIDTH NUMBER SIGN}](\\w+)")


@dataclass
class Labelled:
    """Acts by trace, each (account, object, time in microseconds), and what is known of accounts.

    coordinated: by account; accounts without an entry are not scored. group: by account.
    """

    acts: dict[str, list[pa.Table]] = field(default_factory=dict)
    coordinated: dict[str, bool] = field(default_factory=dict)
    group: dict[str, str] = field(default_factory=dict)
    posts: int = 0

    def trace(self, name: str) -> pa.Table:
        """All acts of one trace; texts are still texts."""
        return pa.concat_tables(self.acts[name])


def read_labelled(
    coordinated: list[Path], controls: list[Path], plain: list[Path], groups: Path | None = None
) -> Labelled:
    """The tables of the files. groups: a table of accounts alone (id or account, and a group)."""
    found = Labelled()
    known = None if groups is None else _group_table(groups)
    if known is not None:
        found.group |= known
    for paths, label in ((coordinated, True), (controls, False), (plain, None)):
        for path in _files(paths):
            _add(found, _rows(path), label, path)
    return found


def _group_table(path: Path) -> dict[str, str]:
    rows = _rows(path)
    account = next(c for c in ("id", *COLUMNS["account"]) if c in rows.column_names)
    group = next(c for c in COLUMNS["group"] if c in rows.column_names)
    return dict(zip(rows[account].to_pylist(), rows[group].to_pylist(), strict=True))


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.csv*")) if path.is_dir() else [path]


def _rows(path: Path) -> pa.Table:
    """A table, every cell as text."""
    with duckdb.connect() as connection:
        reader = (
            "read_parquet($1)"
            if path.suffix == ".parquet"
            else "read_csv($1, all_varchar=true, header=true, quote='\"', escape='\"')"
        )
        rows = connection.sql(f"SELECT * FROM {reader}", params=[str(path)]).to_arrow_table()
    columns = [
        c.cast(pa.timestamp("us")) if pa.types.is_timestamp(c.type) else c.cast(pa.string())
        for c in rows.columns
    ]
    return pa.table(dict(zip(rows.column_names, columns, strict=True)))


def _column(rows: pa.Table, name: str) -> pa.ChunkedArray | None:
    theirs = next((c for c in COLUMNS[name] if c in rows.column_names), None)
    return None if theirs is None else rows.column(theirs)


def _times(column: pa.ChunkedArray) -> np.ndarray:
    """int64[n] microseconds since 1970, UTC; the least integer where a cell is no time."""
    if not pa.types.is_timestamp(column.type):
        with duckdb.connect() as connection:
            table = pa.table({"t": column})
            connection.register("given", table)
            column = connection.sql(
                "SELECT coalesce(try_cast(t AS TIMESTAMP), try_strptime(t, $1)) t FROM given",
                params=[FIVETHIRTYEIGHT_TIME],
            ).to_arrow_table()["t"]
    whole = column.cast(pa.timestamp("us")).cast(pa.int64())
    return whole.fill_null(np.iinfo(np.int64).min).to_numpy()


def _add(found: Labelled, rows: pa.Table, label: bool | None, path: Path) -> None:
    if "deletion_time" in rows.column_names:  # posts that were deleted, and when
        rows = rows.append_column("delete", pa.array(["deleted"] * rows.num_rows))
        others = [c for c in rows.column_names if c in COLUMNS["time"]]
        rows = rows.drop_columns(others).rename_columns(
            ["time" if c == "deletion_time" else c for c in rows.drop_columns(others).column_names]
        )
    account, moment = _column(rows, "account"), _column(rows, "time")
    if account is None or moment is None:
        raise SystemExit(f"{path}: no account or no time among {', '.join(rows.column_names)}")
    time = _times(moment)
    there = pa.array(time > np.iinfo(np.int64).min) if len(time) else pa.array([], pa.bool_())
    there = pc.and_(there, account.is_valid().combine_chunks())
    found.posts += pc.sum(there).as_py() or 0
    people = account.to_pylist()
    if label is not None:
        found.coordinated |= dict.fromkeys(people, label)
    elif (said := _column(rows, "label")) is not None:
        is_control = "label" not in rows.column_names and "is_control" in rows.column_names
        for who, what in zip(people, said.to_pylist(), strict=True):
            if (read := _truth(what)) is not None:
                found.coordinated[who] = read != is_control
    if (group := _column(rows, "group")) is not None:
        found.group |= dict(zip(people, group.to_pylist(), strict=True))
    for trace in TRACES:
        _add_trace(found, rows, trace, time, there)


def _truth(said: str | None) -> bool | None:
    word = (said or "").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _add_trace(
    found: Labelled, rows: pa.Table, trace: str, time: np.ndarray, there: pa.Array
) -> None:
    objects = _column(rows, trace)
    if objects is None and trace == "hashtag" and (texts := _column(rows, "text")) is not None:
        objects = pa.chunked_array([[" ".join(_TAG.findall(t or "")) for t in texts.to_pylist()]])
    if objects is None:
        return
    account = _column(rows, "account")
    table = pa.table({"account": account, "object": objects, "time": time}).filter(there)
    table = table.filter(pc.greater(pc.utf8_length(pc.fill_null(table["object"], "")), 0))
    if trace in ("hashtag", "link"):  # lists as texts: [a, b], or tags with spaces between
        bare = pc.replace_substring_regex(table["object"].combine_chunks(), r"[\[\]'\",]+", " ")
        parts = pc.split_pattern_regex(pc.utf8_trim_whitespace(bare), r"\s+")
        at = pc.list_parent_indices(parts)
        table = table.take(at).set_column(1, "object", pc.utf8_lower(pc.list_flatten(parts)))
        table = table.filter(pc.greater(pc.utf8_length(table["object"]), 0))
    if table.num_rows:
        found.acts.setdefault(trace, []).append(
            table.cast(pa.schema([("account", pa.string()), ("object", pa.string()),
                                  ("time", pa.int64())]))
        )  # fmt: skip
