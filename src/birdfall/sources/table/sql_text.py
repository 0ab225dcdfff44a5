"""SQL for names and texts of a file, and its texts without blanks and words for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Words with which a cell says that nothing stands in it.
NULL_WORDS: Final = (
    "", "null", "NULL", "None", "nan", "NaN", r"\N", "NA", "N/A", "#N/A", "n/a", "#NA", "undefined",
    "N/D", "n/d", "s/d", "S/D", "NaT", "<NA>", "#VALUE!", "#REF!", "#¡VALOR!",
)  # fmt: skip


def quote_name(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


NULL_WORDS_SQL: Final = ", ".join(quote_text(n) for n in NULL_WORDS)


def trim_source(source: str, types: Mapping[str, str]) -> str:
    """`source` with no blanks around its texts, and nulls for words that say nothing.

    Looking for blanks first is far cheaper than trimming every cell; the length is known without a
    look at the text.
    """
    texts = [quote_name(name) for name, kind in types.items() if kind == "VARCHAR"]
    if not texts:
        return source
    longest = max(map(len, NULL_WORDS))
    trimmed = ", ".join(
        f"CASE WHEN prefix({t}, ' ') OR suffix({t}, ' ') THEN trim({t}) ELSE {t} END AS {t}"
        for t in texts
    )
    kept = ", ".join(
        f"CASE WHEN strlen({t}) <= {longest} AND {t} IN ({NULL_WORDS_SQL}) THEN NULL "
        f"ELSE {t} END AS {t}"
        for t in texts
    )
    return f"(SELECT * REPLACE ({kept}) FROM (SELECT * REPLACE ({trimmed}) FROM {source}))"
