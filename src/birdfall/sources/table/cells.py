"""Single cells: what a column of an emit must hold, and reading a text that SQL could not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from birdfall.sources.shared import timestamps

#: Answers that say only that an account was not shown.
UNTOLD_STATUSES = frozenset((
    "403", "404", "410", "not found", "notfound", "not_found", "unavailable", "error", "forbidden",
    "user not found", "page not found", "account not found", "gone", "does not exist", "missing",
    "no encontrada", "no encontrado", "no existe", "introuvable", "n'existe pas", "indisponible",
    "não encontrada", "não encontrado", "não existe", "indisponível", "no disponible", "غير موجود",
))  # fmt: skip
NOT_THERE = (
    "it says only that the account was not shown: suspended, deleted and renamed look the same"
)
#: Why a count such as "32K" is refused: its last digits are not told.
ROUNDED = "a rounded figure, not a count"


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of one emit: where it comes from and what it must be.

    answer, raw: columns of the query's answer with the value, and with the text where there is no
    value (None for texts).
    """

    column: str
    file_columns: tuple[str, ...]
    kind: str  # "time", "count", "flag", "word", "text"
    required: bool
    reading: timestamps.TimeReader
    words: tuple[str, ...]
    answer: str
    raw: str | None
    thousands: str | None = None

    @property
    def shown(self) -> str:
        """The file's column, as a rejection names it."""
        return " + ".join(self.file_columns)


def read_cell(cell: Cell, text: str, file: str) -> int:
    """The value of a text that SQL could not read.

    Raises ValueError with the reason, or UsageError if it must be asked.
    """
    if cell.kind == "time":
        try:
            return cell.reading.microseconds(text)
        except timestamps.NeedsZone:
            raise timestamps.zone_error(file, cell.shown, text) from None
        except timestamps.NeedsDayOrder:
            raise timestamps.day_order_error(file, cell.shown, text) from None
    if cell.kind == "count":
        return _count(timestamps.ascii_digits(text), cell.thousands)
    if cell.kind == "word":
        if cell.column == "status" and text.casefold().strip(" .") in UNTOLD_STATUSES:
            raise ValueError(NOT_THERE)
        raise ValueError(f"no {cell.column} that Birdfall knows")
    raise ValueError("neither true nor false")


def _count(text: str, thousands: str | None) -> int:
    if thousands and re.fullmatch(rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", text):
        text = text.replace(thousands, "")
    if re.fullmatch(r"\d+(?:\.0*)?", text):
        number = int(text.split(".")[0])
    elif re.fullmatch(r"\d{1,3}(?:([ ,.'\u00a0\u202f])\d{3})(?:\1\d{3})+|\d{1,3}[ ']\d{3}", text):
        number = int(re.sub(r"\D", "", text))
    elif re.fullmatch(
        r"[~≈<>+]?\s*\d+(?:[.,]\d+)?\s*(?:[kKmMbB]|mil|mill?\.?|mio|tsd|M|ألف|مليون)\+?", text
    ):
        raise ValueError(ROUNDED)
    elif re.fullmatch(r"-\d+(?:\.\d*)?", text):
        raise ValueError("a negative count")
    elif re.fullmatch(r"\d+(?:[.,]\d+)+", text):
        raise ValueError("not a whole number, or one whose sign may part thousands or decimals")
    else:
        raise ValueError("not a whole number")
    if number >= 1 << 63:
        raise ValueError("a number too large")
    return number


def thousands_sign(texts: Iterable[str]) -> str | None:
    """The sign that parts thousands in a column of counts.

    One that always stands before three digits; None if none does.

    A follower cannot be counted in parts, so 1.234 is a thousand and more, unless 12.5 in the same
    column shows that the sign parts decimals.
    """
    for sign in ".,'\N{RIGHT SINGLE QUOTATION MARK}\N{ARABIC THOUSANDS SEPARATOR}":
        signed = [t for t in texts if sign in t]
        if signed and all(
            re.fullmatch(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+", t) for t in signed
        ):
            return sign
    return None


def fix_of(cell: Cell, reason: str = "") -> str:
    """What a person can do about a refused cell."""
    if "digits are lost" in reason:
        return "Export the file again with this column as text; the digits cannot be had back."
    if reason == ROUNDED:
        return "Write it out in full, such as 32145; where only this is known, leave the row out."
    if reason == timestamps.DAY_NUMBER:
        return "Say --date-format excel, or format the column as a date and save the file again."
    if "before its begin" in reason:
        return "Correct one of the two times."
    if "bytes long" in reason or "NUL" in reason:
        return "Leave the row out, or mend the cell."
    return {
        "time": "Correct the time, or say its form with --date-format.",
        "count": "Write whole numbers from 0, such as 1234.",
        "word": "Write a known word, or say with --mapping what this one means; "
        f"known: {', '.join(cell.words)}.",
        "flag": "Write true or false.",
    }.get(cell.kind, "Fill the cell, or leave the row out.")


def time_array(values: list[int]) -> pa.Array:
    """Microseconds as the record's times."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def join_cells(row: Mapping[str, str | None], names: tuple[str, ...]) -> str:
    """The text of several columns of a sample row; empty if one is missing."""
    if len(names) == 1:
        return (row.get(names[0]) or "").strip()
    texts = [row.get(name) or "" for name in names]
    return " ".join(t.strip() for t in texts) if all(texts) else ""
