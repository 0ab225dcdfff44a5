"""Why a row was refused, in the language of the page, where the reason is one of a table's."""

from __future__ import annotations

import re
from typing import Final

from birdfall.sources.shared.timestamps import DAY_NUMBER, IMPLAUSIBLE, NO_PLACE, NO_TIME, ORDER
from birdfall.sources.table.cells import NOT_THERE, ROUNDED
from birdfall.sources.table.rows import END_FIRST

#: Reasons as the reader of tables gives them, each with the key of its words.
WORDS_OF: Final = {
    NO_TIME: "no-time",
    IMPLAUSIBLE: "implausible",
    NO_PLACE: "no-place",
    ORDER: "other-order",
    DAY_NUMBER: "day-number",
    "not a day number": "day-number",
    END_FIRST: "end-first",
    ROUNDED: "rounded",
    NOT_THERE: "not-shown",
    "nothing stands here": "empty",
    "neither true nor false": "not-boolean",
    "a negative count": "negative",
    "not a whole number": "not-whole",
    "not a whole number, or one whose sign may part thousands or decimals": "unclear-number",
    "a number too large": "too-large",
    "what platforms write for accounts that are gone or unnamed: many are called so": "nobody",
    "a row that adds up others, by its name": "total",
    "an id as a rounded number: its last digits are lost": "lost-digits",
    "the header again": "header",
    "a quote that is never closed": "open-quote",
    "accounts that stand further up: counted once": "repeated",
    "rows that hold nothing of what is read here": "nothing-read",
    "not a JSON object": "not-json",
}
#: Reasons that hold what differs from file to file.
_OTHERS: Final = (
    (re.compile(r"not of the form .+"), "not-of-form"),
    (re.compile(r"no \w+ that Birdfall knows"), "unknown-word"),
    (re.compile(r"not readable as CSV: .*", re.DOTALL), "not-csv"),
    (re.compile(r"over [\d,]+ bytes long"), "too-long"),
)


def refusal_key(reason: str) -> str | None:
    """The key of the words of a reason; None for one that is said in English alone."""
    found = WORDS_OF.get(reason)
    if found is not None:
        return f"refused.{found}"
    return next((f"refused.{key}" for form, key in _OTHERS if form.fullmatch(reason)), None)
