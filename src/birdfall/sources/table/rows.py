"""From the answers of a plan to rows of the record.

Each row of the file is taken, skipped or refused, by every emit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.schemas import TABLES, TIME, Rows
from birdfall.sources.shared.durations import end_of
from birdfall.sources.shared.rejections import Rejections
from birdfall.sources.table import time_grain
from birdfall.sources.table.cells import Cell, fix_of, read_cell, time_array
from birdfall.sources.table.handles import fold_handles, fold_handles_behind_platforms
from birdfall.sources.table.listed_accounts import find_lists
from birdfall.sources.table.sql_plan import Plan

#: Ids longer than this are not ids.
MAX_ID_BYTES = 2_000
#: Free text may be this long; platforms' own limits lie far below.
MAX_TEXT_BYTES = 4 << 20
#: 1.23E+17, and whole numbers beyond 2^53 that passed through a float: what spreadsheets and data
#: frames make of long ids.
LOST_DIGITS_PATTERN = r"^(?:\d(?:[.,]\d+)?[eE]\+\d+|\d{16,}\.0)$"
#: Why a row is refused that says when something began and ended.
END_FIRST = "an end that lies before its begin"
#: What stands for any account that is gone or has no name: taken for one, many would act as one.
_NOBODY = pa.array(
    [
        "[deleted]", "[removed]", "[deleted user]", "<deleted>", "Anonymous", "Anónimo", "Anónima",
        "Anonyme", "Anônimo", "Anônima", "مجهول",
    ],
    pa.string(),
)  # fmt: skip
#: What a row is called that adds up the others.
_TOTALS = pa.array(
    [
        "Total", "TOTAL", "Totals", "Grand Total", "Grand total", "Sum", "Average", "Total general",
        "Totales", "Suma", "Promedio", "Somme", "Moyenne", "Total général", "Soma", "Média",
        "المجموع", "الإجمالي", "Summe", "Gesamt",
    ],
    pa.string(),
)  # fmt: skip
#: Columns of the record that name somebody.
_WHO: Final = frozenset(("account", "follower", "followed"))
_FREE_TEXT = {"text", "description", "name", "location", "note", "reason"}


class Emitter:
    """One emit over all batches of one file."""

    def __init__(self, plan: Plan, source: str, rejections: Rejections, file: str) -> None:
        self.plan = plan
        self._source = source
        self._rejections = rejections
        self._file = file
        self._seen = pa.array([], pa.string())
        self._seen_nothing = False
        self._ends: list[tuple[str, int, int, int]] = []
        self._acted: dict[str, list[int]] = {}
        self._last = 0
        self._told: set[str] = set()
        #: rows of accounts and the like that stood in the file before
        self.repeated = 0
        #: rows of the last batch that it passed over (bool[n])
        self.passed_over = np.zeros(0, bool)

    def rows(self, batch: pa.RecordBatch, lines: np.ndarray, checked: set[str]) -> Iterator[Rows]:
        """The rows of one batch of answers. lines: int64[n], the rows of the file.

        checked: texts of this batch found sound by the emits before, and cells that were refused;
        those found here are added.
        """
        emit = self.plan.emit
        self._told = checked
        keep = np.ones(batch.num_rows, bool)
        skip = batch.column(self.plan.skip)
        if pc.any(skip).as_py():
            keep &= ~skip.to_numpy(zero_copy_only=False)
        self.passed_over = ~keep
        if self.plan.until is None and not keep.any():
            return
        columns: dict[str, pa.Array] = {}
        for cell in self.plan.cells:
            columns[cell.column] = self._read_column(cell, batch, keep, lines, checked)
        if self.plan.ordered:
            self._refuse_disorder(batch, keep, lines, checked)
        self._add_grains(columns, batch)
        if self.plan.until is not None:
            self._collect_ends(columns, batch.column(self.plan.until), keep, lines)
            return
        if not keep.all():
            mask = pa.array(keep)
            columns = {c: a.filter(mask) for c, a in columns.items()}
            lines = lines[keep]
        columns, lines = self._spread(columns, lines)
        if emit.first_of:
            columns, lines = self._drop_repeats(columns, lines, emit.first_of)
        yield from self._build_rows(columns, lines)

    def _spread(
        self, columns: dict[str, pa.Array], lines: np.ndarray
    ) -> tuple[dict[str, pa.Array], np.ndarray]:
        """Cells of several values as rows, and handles as one writes them."""
        emit = self.plan.emit
        for split in emit.split:
            columns, lines = _split_column(columns, lines, split)
        for found in emit.find:
            columns, lines = _spread_lists(columns, lines, found)
        if emit.constants.get("object_kind") == "url" and "act_id" in columns:
            columns, lines = _without_own_addresses(columns, lines)
        for handle in emit.handles:
            if handle in columns:
                behind = len(emit.columns.get(handle, ())) > 1
                fold = fold_handles_behind_platforms if behind else fold_handles
                columns[handle] = fold(columns[handle])
        for column, known in self.plan.known_handles.items():
            columns[column] = fold_handles(columns[column], known)
        return columns, lines

    def _refuse_disorder(
        self, batch: pa.RecordBatch, keep: np.ndarray, lines: np.ndarray, checked: set[str]
    ) -> None:
        """Refuse the rows whose end lies before their begin."""
        begin, end = self.plan.ordered
        first, last = (
            self._read_column(c, batch, keep, lines, checked).cast(pa.int64())
            for c in self.plan.ordered
        )
        wrong = pc.fill_null(pc.less(last, first), False).to_numpy(zero_copy_only=False) & keep
        texts = batch.column(self.plan.end_text or end.answer)
        both = replace(end, file_columns=(*begin.file_columns, *end.file_columns))
        for index in np.flatnonzero(wrong).tolist():
            text = str(texts[index])
            late = last[index].as_py() + (time_grain.grain_of(text) or 0) * 1_000_000
            if late <= first[index].as_py():
                self._refuse(both, text, END_FIRST, keep, lines, index)

    def _add_grains(self, columns: dict[str, pa.Array], batch: pa.RecordBatch) -> None:
        """Keep times that name no second as the intervals that they are."""
        if self.plan.coarse is not None:
            texts = batch.column(self.plan.coarse)
            if texts.null_count == len(texts):
                return
            seconds = time_grain.grains_of(texts)
        elif self.plan.grain:
            seconds = np.full(batch.num_rows, self.plan.grain, np.int64)
        else:
            return
        if self.plan.emit.table == "acts":
            columns["within_s"] = pa.array(seconds, mask=seconds == 0)
            return
        if self.plan.emit.interval is not None:
            return
        begin = columns["time"].cast(pa.int64())
        # of a begin and an end on one day, the begin comes first
        begins = self.plan.emit.columns["time"] == self.plan.emit.ordered[:1]
        last = pa.array(np.maximum(seconds * 1_000_000 - (2 if begins else 1), 0))
        columns["time"] = pc.add(begin, last).cast(TIME)
        if "after" not in columns:
            before = pc.subtract(begin, 1)
            columns["after"] = pc.if_else(pa.array(seconds > 0), before, None).cast(TIME)

    def finish(self) -> Iterator[Rows]:
        """What is known only at the end.

        Ends that nothing later overtook, within the file's time.
        """
        found = []
        for account, start, end, line in self._ends:
            overtaken = any(start < acted <= end for acted in self._acted[account])
            if not overtaken and end <= self._last:
                found.append((account, end, line))
        self._ends = []
        if found:
            accounts, ends, lines = zip(*sorted(found, key=lambda f: (f[1], f[0])), strict=True)
            yield from self._build_rows(
                {"account": pa.array(accounts, pa.string()), "time": time_array(list(ends))},
                np.array(lines),
            )

    def _build_rows(self, columns: dict[str, pa.Array], lines: np.ndarray) -> Iterator[Rows]:
        emit, count = self.plan.emit, len(lines)
        if not count:
            return
        schema = TABLES[emit.table]
        for column, value in emit.constants.items():
            if schema.field(column).type == TIME:
                moment = self.plan.reading.microseconds(value)
                columns[column] = pa.repeat(pa.scalar(moment, pa.int64()), count).cast(TIME)
            else:
                columns[column] = pa.repeat(pa.scalar(value, pa.string()), count)
        if emit.interval is not None:
            columns["after"] = pc.subtract(
                columns["time"], pa.scalar(emit.interval, pa.duration("us"))
            )
        columns["source"] = pa.repeat(pa.scalar(self._source, pa.string()), count)
        columns["line"] = pa.array(lines)
        names = [n for n in schema.names if n in columns]
        arrays = [columns[n].cast(schema.field(n).type) for n in names]
        yield Rows(emit.table, pa.RecordBatch.from_arrays(arrays, names))

    def _read_column(
        self,
        cell: Cell,
        batch: pa.RecordBatch,
        keep: np.ndarray,
        lines: np.ndarray,
        checked: set[str],
    ) -> pa.Array:
        values = batch.column(cell.answer)
        if cell.column in self.plan.emit.find:
            return values
        if cell.raw is None:
            kind = f"{cell.answer} {cell.column in _FREE_TEXT}"
            if kind not in checked:
                values, sound = self._check_texts(cell, values, keep, lines)
                sound &= cell.column not in _WHO or self._name_somebody(cell, values, keep, lines)
                if sound:
                    checked.add(kind)
        else:
            raw = batch.column(cell.raw)
            if raw.null_count < len(raw):
                values = self._parse_in_python(cell, values, raw, keep, lines)
        if cell.required and values.null_count:
            for index in np.flatnonzero(
                pc.is_null(values).to_numpy(zero_copy_only=False) & keep
            ).tolist():
                self._refuse(cell, None, "nothing stands here", keep, lines, index)
        return values

    def _parse_in_python(
        self, cell: Cell, values: pa.Array, raw: pa.Array, keep: np.ndarray, lines: np.ndarray
    ) -> pa.Array:
        mask = pc.is_valid(raw).to_numpy(zero_copy_only=False) & keep
        chosen = np.flatnonzero(mask)
        found: list[Any] = []
        for index, text in zip(
            chosen.tolist(), raw.take(pa.array(chosen)).to_pylist(), strict=True
        ):
            try:
                found.append(read_cell(cell, text, self._file))
            except ValueError as error:
                found.append(None)
                self._refuse(cell, text, str(error), keep, lines, index)
        if cell.kind == "time":
            replacement = time_array(found)
            values = values.cast(replacement.type)
        else:
            replacement = pa.array(found, values.type)
        return pc.replace_with_mask(values, pa.array(mask), replacement)

    def _name_somebody(
        self, cell: Cell, values: pa.Array, keep: np.ndarray, lines: np.ndarray
    ) -> bool:
        """Whether all accounts are somebody's; rows of others are refused."""
        sound = True
        for names, reason in (
            (
                _NOBODY,
                "what platforms write for accounts that are gone or unnamed: many are called so",
            ),
            (_TOTALS, "a row that adds up others, by its name"),
        ):
            found = pc.is_in(values, value_set=names)
            if pc.any(found).as_py():
                self._refuse_all(cell, values, found, reason, keep, lines)
                sound = False
        if (lists := find_lists(values)) is not None:
            self._refuse_all(cell, values, lists, "several accounts in one cell", keep, lines)
            sound = False
        return sound

    def _check_texts(
        self, cell: Cell, values: pa.Array, keep: np.ndarray, lines: np.ndarray
    ) -> tuple[pa.Array, bool]:
        """The texts without NUL bytes, and whether there was nothing to object to in them."""
        free = cell.column in _FREE_TEXT
        limit = MAX_TEXT_BYTES if free else MAX_ID_BYTES
        longest = _max_bytes(values)
        sound = longest <= limit
        if longest > limit and cell.file_columns and cell.column not in self.plan.emit.split:
            too_long = pc.greater(pc.binary_length(values), limit)
            self._refuse_all(cell, values, too_long, f"over {limit:,} bytes long", keep, lines)
        data = values.buffers()[2]
        if data is not None and not np.frombuffer(data, np.uint8).all():
            sound = False
            if free:
                return pc.replace_substring(values, "\0", "\ufffd"), sound
            self._refuse_all(
                cell, values, pc.match_substring(values, "\0"), "a NUL byte in an id", keep, lines
            )
        if not free and cell.file_columns and data is not None and _may_be_numbers(values):
            lost = pc.match_substring_regex(values, LOST_DIGITS_PATTERN)
            if pc.any(lost).as_py():
                sound = False
                self._refuse_all(
                    cell,
                    values,
                    lost,
                    "an id as a rounded number: its last digits are lost",
                    keep,
                    lines,
                )
            if pc.any(pc.match_substring_regex(values, r"^\d+\.0$")).as_py():
                sound = False
                values = pc.replace_substring_regex(values, r"^(\d+)\.0$", r"\1")
        return values, sound

    def _refuse_all(
        self,
        cell: Cell,
        values: pa.Array,
        which: pa.Array,
        reason: str,
        keep: np.ndarray,
        lines: np.ndarray,
    ) -> None:
        for index in np.flatnonzero(pc.fill_null(which, False)).tolist():
            if keep[index]:
                self._refuse(cell, values[index].as_py(), reason, keep, lines, index)

    def _refuse(
        self,
        cell: Cell,
        value: str | None,
        reason: str,
        keep: np.ndarray,
        lines: np.ndarray,
        index: int,
    ) -> None:
        keep[index] = False
        # another kind of row that the same row of the file would have made told it before
        told = f"refused {lines[index]} {cell.shown}"
        if told in self._told:
            return
        self._told.add(told)
        self._rejections.add(int(lines[index]), cell.shown, value, reason, fix_of(cell, reason))

    def _collect_ends(
        self, columns: dict[str, pa.Array], until: pa.Array, keep: np.ndarray, lines: np.ndarray
    ) -> None:
        cell = next(c for c in self.plan.cells if c.column == "time")
        accounts = columns["account"].to_pylist()
        moments = columns["time"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_pylist()
        texts = until.to_pylist()
        for index, (account, moment) in enumerate(zip(accounts, moments, strict=True)):
            if account is None or moment is None:
                continue
            self._acted.setdefault(account, []).append(moment)
            self._last = max(self._last, moment)
            if not keep[index] or texts[index] is None:
                continue
            try:
                end = end_of(moment, texts[index], cell.reading.zone)
            except ValueError as error:
                self._rejections.add(
                    int(lines[index]),
                    self.plan.emit.until,
                    texts[index],
                    str(error) or "no duration",
                    None,
                )
                continue
            if end is not None and end < moment:
                self._rejections.add(
                    int(lines[index]),
                    self.plan.emit.until,
                    texts[index],
                    END_FIRST,
                    "Correct one of the two times.",
                )
                continue
            if end is not None:
                self._ends.append((account, moment, end, int(lines[index])))

    def _drop_repeats(
        self, columns: dict[str, pa.Array], lines: np.ndarray, by: str
    ) -> tuple[dict[str, pa.Array], np.ndarray]:
        if not len(lines):
            return columns, lines
        values = columns[by]
        if by == "account" and "handle" in columns:  # who changed the handle stands here again
            handles = pc.cast(columns["handle"], pa.string())
            values = pc.binary_join_element_wise(
                values, handles, "\n", null_handling="replace", null_replacement=""
            )
        # one list of words for those of before and those at hand: a code as high is new
        before = len(self._seen)
        both = pa.chunked_array([self._seen, values.cast(pa.string())]).dictionary_encode()
        coded = both.chunk(both.num_chunks - 1)  # no chunk is left of those of before if none was
        self._seen = coded.dictionary
        codes = coded.indices.fill_null(len(self._seen)).to_numpy()
        # written backwards, so that of each code the first row is left
        first = np.full(len(self._seen) + 1, -1, np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        if self._seen_nothing:  # a null is a value too: it comes once
            first[-1] = -1
        self._seen_nothing |= bool(values.null_count)
        taken = np.sort(first[before:][first[before:] >= 0])
        if len(taken) == len(lines):
            return columns, lines
        self.repeated += len(lines) - len(taken)
        rows = pa.array(taken)
        return {c: a.take(rows) for c, a in columns.items()}, lines[taken]


#: What addresses of single posts hold.
_OF_A_POST: Final = (
    r"/(?:status(?:es)?|comments|posts?|videos?|reel|p|photo|permalink)/|t\.me/|[?&]v="
)
#: A shorter id stands in any address.
_MIN_ID_LETTERS: Final = 4


def _without_own_addresses(
    columns: dict[str, pa.Array], lines: np.ndarray
) -> tuple[dict[str, pa.Array], np.ndarray]:
    """The rows but those whose object is the address of the post itself, which nobody shared."""
    found = pc.fill_null(pc.match_substring_regex(columns["object"], _OF_A_POST), False)
    places = np.flatnonzero(found.to_numpy(zero_copy_only=False))
    taken = pa.array(places)
    pairs = zip(
        places.tolist(),
        columns["object"].take(taken).to_pylist(),
        columns["act_id"].take(taken).to_pylist(),
        strict=True,
    )
    own = [place for place, address, act_id in pairs if _is_own_address(address, act_id)]
    if not own:
        return columns, lines
    keep = np.ones(len(lines), bool)
    keep[own] = False
    return {c: a.filter(pa.array(keep)) for c, a in columns.items()}, lines[keep]


def _is_own_address(address: str, act_id: str | None) -> bool:
    if act_id is None:
        return False
    name = act_id.removeprefix("t3_").removeprefix("t1_").rstrip("/")
    if len(name) < _MIN_ID_LETTERS:
        return False
    return re.search(rf"(?:^|[/=]){re.escape(name)}(?:$|[/?&#])", address) is not None


def _may_be_numbers(texts: pa.Array) -> bool:
    """Whether any id may be a number that a spreadsheet wrote: it holds a plus or ends in ".0"."""
    ends = np.frombuffer(texts.buffers()[1], np.int32 if texts.type == pa.string() else np.int64)
    ends = ends[texts.offset : texts.offset + len(texts) + 1]
    letters = np.frombuffer(texts.buffers()[2], np.uint8)
    if (letters[ends[0] : ends[-1]] == ord("+")).any():
        return True
    lasts = ends[1:][np.diff(ends) > 2]
    return bool(((letters[lasts - 1] == ord("0")) & (letters[lasts - 2] == ord("."))).any())


def _max_bytes(texts: pa.Array) -> int:
    """Bytes of the longest text."""
    if not len(texts):
        return 0
    ends = np.frombuffer(texts.buffers()[1], np.int32 if texts.type == pa.string() else np.int64)
    found: int = int(np.diff(ends[texts.offset : texts.offset + len(texts) + 1]).max())
    return found


def _split_column(
    columns: dict[str, pa.Array], lines: np.ndarray, name: str
) -> tuple[dict[str, pa.Array], np.ndarray]:
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(columns[name], r"[\[\]'\"]", ""))
    lists = pc.split_pattern_regex(plain, r"[\s,|;]+")
    return _spread_lists({**columns, name: lists}, lines, name)


def _spread_lists(
    columns: dict[str, pa.Array], lines: np.ndarray, name: str
) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Each item of the lists in `name` as a row of its own; of equal items of a list, the first."""
    lists = columns[name]
    parents = pc.list_parent_indices(lists)
    values = pc.list_flatten(lists)
    full = pc.and_(pc.is_valid(values), pc.greater(pc.utf8_length(values), 0))
    parents, values = parents.filter(full), values.filter(full)
    coded = values.dictionary_encode()
    pairs = parents.to_numpy() * (len(coded.dictionary) + 1) + coded.indices.to_numpy()
    _, firsts = np.unique(pairs, return_index=True)
    if len(firsts) < len(pairs):
        kept = pa.array(np.sort(firsts))
        parents, values = parents.take(kept), values.take(kept)
    spread = {c: a.take(parents) for c, a in columns.items()}
    spread[name] = values
    return spread, lines[parents.to_numpy()]
