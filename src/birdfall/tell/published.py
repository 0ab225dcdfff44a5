"""Published figures in the words of a page: how a figure was put, of whom, within which time, when.

A table of figures is written by people, in their words. What has words in the language of the page
is told in it; anything else stands between quotation marks, as it was written.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from babel.units import format_unit

from birdfall.model.findings import Finding
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import NumberWriter, quoted
from birdfall.tell.rows import FigureRow, PublishedFigure
from birdfall.tell.words import Words

#: Characters of one text from the table of figures.
MAX_TEXT_CHARACTERS: Final = 160
#: How a number may be put in a table of figures, and the message that says so.
WORDINGS: Final[Mapping[str, str]] = {
    wording: key
    for key, wordings in {
        "about": ("about", "around", "approximately", "circa", "some", "~"),
        "almost": ("almost", "nearly", "close to", "just under"),
        "over": ("over", "more than", ">"),
        "under": ("under", "less than", "fewer than", "below", "<"),
        "least": ("at least", "no fewer than", ">="),
        "most": ("at most", "up to", "no more than", "<="),
        "exactly": ("exactly", "", "="),
    }.items()
    for wording in wordings
}
#: Words that stand for a number.
VAGUE_NUMBERS: Final = (
    "dozens", "hundreds", "thousands", "tens of thousands", "hundreds of thousands", "millions",
)  # fmt: skip
_LENGTH: Final = re.compile(
    r"(?P<n>\d{1,4}|an?|one|some)\s*(?P<unit>s|sec|second|min|minute|h|hour|d|day|week|month)s?"
)
_UNITS: Final = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "d": "day"}
_FOLLOWERS: Final = re.compile(
    r"(?:followers|seguidores|abonnés|متابعو) (?:of|de|do|da)? ?(.+)", re.I
)


def short(text: str, say: Words) -> str:
    """A text from the table, without tricks and not too long, whose digits are no number here."""
    clean = sanitize_text(text)
    cut = clean if len(clean) <= MAX_TEXT_CHARACTERS else clean[: MAX_TEXT_CHARACTERS - 1] + "…"
    return quoted(cut, say)


def worded(row: PublishedFigure | FigureRow, finding: Finding, say: Words) -> str:
    """A figure as it was put: "almost 6,600", "thousands"; "" for a row that gives none."""
    relation = row["relation"].strip()
    if row["value"] is None:
        return _vague_number(relation, say)
    number = NumberWriter(finding, say).other(
        say.number(row["value"]), "published.value", row["value"], "published", row["id"]
    )
    key = WORDINGS.get(relation.casefold())
    if key is None:
        return f"{say.quote(short(relation, say))} {number}"
    return say(f"published.{key}", n=number)


def _vague_number(relation: str, say: Words) -> str:
    if not relation:
        return ""
    if relation.casefold() in VAGUE_NUMBERS:
        return say("published.vague." + relation.casefold().replace(" ", "_"))
    return say.quote(short(relation, say))


def day_words(when: str, say: Words) -> str:
    """The day of a figure, or the month or the year where no more is known of it."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}", when):
            return say.month(_noon(f"{when}-01", say))
        return say.short_day(_noon(when[:10], say))
    except ValueError:
        return short(when, say)


def whole_day(when: str, say: Words) -> str:
    """The same day in prose."""
    try:
        return say.day(_noon(when[:10], say))
    except ValueError:
        return short(when, say)


def _noon(day: str, say: Words) -> dt.datetime:
    """Noon of a day in the zone of the page, where it is that day whatever the zone does."""
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(12), say.zone)


def window_words(window: str, say: Words) -> str:
    """Within which time a figure was said to have come about; "" where the table does not say."""
    text = window.strip().casefold()
    if text in ("moment", "at once"):
        return say("published.at_once")
    found = _LENGTH.fullmatch(text)
    if found is None:
        return say.quote(short(window, say)) if text else ""
    unit = _UNITS.get(found["unit"], found["unit"])
    if found["n"] == "some":
        some = f"published.some.{unit}"
        return say(some) if say.has(some) else say.quote(short(window, say))
    count = int(found["n"]) if found["n"].isdecimal() else 1
    return quoted(format_length(count, unit, say), say)


def format_length(count: int, unit: str, say: Words) -> str:
    """So many of a unit of time: "10 minutes"."""
    locale = "ar_EG" if say.language == "ar" else say.language
    text = str(format_unit(count, f"duration-{unit}", "long", locale=locale))
    return text.translate({0x0660 + i: str(i) for i in range(10)})


def population_words(population: str, say: Words) -> str:
    """Of whom a figure speaks: "followers of @leader", "all accounts"."""
    text = population.strip()
    if text.casefold() in ("", "all"):
        return say("published.all") if text else ""
    found = _FOLLOWERS.fullmatch(text)
    if found is None:
        return short(text, say)
    return say("published.followers", account=short(found[1], say))


def loss_bounds(finding: Finding) -> tuple[float, float] | None:
    """Between which bounds the account in question must have lost followers, by the net change and
    the day's growth; None where the figures do not leave a loss.

    finding: of kind `reconciliation`.
    """
    figure = next((r for r in compared(finding) if r["kind"] == "net"), None)
    if figure is None or figure["growth_low"] is None or figure["growth_high"] is None:
        return None
    grown = (figure["growth_low"], figure["growth_high"])
    low, high = (round(growth - figure["value"]) for growth in grown)
    return (low, high) if low > 0 else None


def loss_words(finding: Finding, say: Words) -> tuple[str, str]:
    """These bounds as they are written; dashes where there are none."""
    bounds, write = loss_bounds(finding), NumberWriter(finding, say)
    if bounds is None:
        return "–", "–"
    low, high = (
        write.other(say.number(value), f"loss.{end}", value, "followers")
        for end, value in zip(("low", "high"), bounds, strict=True)
    )
    return low, high


def growth_words(finding: Finding, say: Words) -> dict[str, str]:
    """How much an account may have grown on the day, for a message, low and high."""
    figure, write = compared(finding)[0], NumberWriter(finding, say)
    return {
        f"growth_{end}": write.other(
            say.number(round(value)), f"growth_of_the_day.{end}", value, "followers"
        )
        for end, value in (("low", figure["growth_low"]), ("high", figure["growth_high"]))
        if value is not None
    }


def net_words(finding: Finding, say: Words) -> str:
    """The net change that a counter showed."""
    figure = next(r for r in compared(finding) if r["kind"] == "net")
    return worded(figure, finding, say)


def compared(finding: Finding) -> list[FigureRow]:
    """Figures of the day that could be compared with the others."""
    if "figures" not in finding.tables:
        return []
    return [r for r in finding.table("figures").to_pylist() if r["consistent"] is not None]
