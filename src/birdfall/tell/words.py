"""Words: one catalogue per language, with the same keys, and the format of numbers and times.

Messages are ICU MessageFormat as far as it is needed: `{name}` and
`{name, plural, one {...} other {# ...}}`, with Babel's plural rules (Arabic has six forms). Spanish
groups digits by a thin space from five digits on, as its academy writes; Arabic uses Latin digits.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from birdfall.model.findings import Note

LANGUAGES: Final = ("en", "es", "fr", "ar", "pt")
NAMES: Final = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "ar": "العربية",
    "pt": "Português",
}
THIN_SPACE: Final = "\u202f"
#: Unit of a length of time, and its seconds.
DURATION_UNITS: Final = (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400))
#: A length of time is given in a unit up to so many of it.
MAX_UNITS: Final = 100
#: No tail probability is known below this.
MIN_PROBABILITY: Final = 1e-6

#: What a message takes: a text, or a number (by which plurals are chosen).
MessageValue = str | float | None
#: What a note holds: JSON.
NoteValue = str | float | bool | None | Sequence["NoteValue"]


@lru_cache
def _locale(name: str) -> Locale:
    """What Babel knows of a locale. By its name it would be looked up on disk each time."""
    return Locale.parse(name)


@dataclass(frozen=True)
class Words:
    """The words of one language, and how it writes numbers and times in a zone."""

    language: str
    zone: ZoneInfo

    @property
    def direction(self) -> str:
        """The direction of its script: "ltr" or "rtl"."""
        return "rtl" if self.language == "ar" else "ltr"

    def __call__(self, key: str, **values: MessageValue) -> str:
        """The message `key` with its values. Raises KeyError for a key its catalogue has not."""
        return render(_catalogue(self.language)[key], values, self)

    def has(self, key: str) -> bool:
        """Whether there is a message `key`."""
        return key in _catalogue(self.language)

    def note(self, note: Note) -> str:
        """The sentence of a limit or refusal."""
        key = f"note.{note.code}"
        if not self.has(key):
            return note.code.replace("-", " ")
        return self(key, **{k: self.value(v, k) for k, v in note.values.items()})

    def needs(self, word: str) -> str:
        """The words for a table or column that a measure needs."""
        return self(f"needs.{word}") if self.has(f"needs.{word}") else word

    def value(self, value: NoteValue, name: str = "") -> str:
        """A note's value as text: shares as percentages, lists joined."""
        if isinstance(value, bool) or value is None:
            return "–" if value is None else str(value)
        if isinstance(value, (list, tuple)):
            return ", ".join(self.value(v) for v in value)
        if isinstance(value, float) and "share" in name and abs(value) <= 1:
            return self.percent(value)
        if isinstance(value, (int, float)):
            return self.number(value)
        return str(value)

    def join(self, items: Sequence[str]) -> str:
        """A list in a sentence: "a, b and c"."""
        locale = {"en": "en_GB", "pt": "pt_BR"}.get(self.language, self.language)
        return str(format_list(list(items), locale=_locale(locale))) if items else "–"

    def number(self, value: float | int | None, digits: int | None = None) -> str:
        """A number as this language writes it; a dash for none."""
        if value is None:
            return "–"
        if digits is None:
            digits = (
                0 if isinstance(value, int) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
            )
        rounded = round(float(value), digits)
        if self.language == "es":
            text = format_decimal(
                rounded, format="#,##0." + "#" * digits if digits else "#,##0", locale=_locale("es")
            )
            whole = text.split(",")[0]
            return str(
                text.replace(".", THIN_SPACE if abs(rounded) >= 10_000 else "")
                if "." in whole
                else text
            )
        locale = _locale("en" if self.language == "ar" else self.language)
        return str(
            format_decimal(
                rounded, format="#,##0." + "#" * digits if digits else "#,##0", locale=locale
            )
        )

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share as a percentage."""
        if share is None:
            return "–"
        if 0 < share < 0.01:
            digits = 1
        locale = _locale("en" if self.language == "ar" else self.language)
        return str(
            format_percent(
                share, format="#,##0." + "#" * digits + "%" if digits else "#,##0%", locale=locale
            )
        )

    def small(self, probability: float | None) -> str:
        """A probability with the digits that matter: a power of ten below a thousandth.

        Below `MIN_PROBABILITY` only that bound is given.
        """
        if probability is None or probability >= 0.001 or probability <= 0:
            return self.number(probability, 3)
        if probability < MIN_PROBABILITY:
            return "\u2066< 10⁻⁶\u2069"
        power = math.floor(math.log10(probability))
        mantissa = self.number(probability / 10**power, 1)
        # set apart, so that it reads from left to right in Arabic too
        return f"\u2066{mantissa} × 10{str(power).translate(_RAISED)}\u2069"

    def time(self, value: dt.datetime | int | None, *, seconds: bool = False) -> str:
        """A moment in the case's zone, with the zone named once elsewhere."""
        if value is None:
            return "–"
        comma = "،" if self.language == "ar" else ","
        return self._in_zone(value, f"d MMM y{comma} HH:mm" + (":ss" if seconds else ""))

    def moment(self, value: dt.datetime | int) -> str:
        """A moment in prose, in the case's zone: "31 de octubre de 2013 a las 17:50"."""
        return self._in_zone(value, _MOMENTS[self.language])

    def day(self, value: dt.datetime | int) -> str:
        """The day of a moment in the case's zone, in prose: "31 de octubre de 2013"."""
        return self._in_zone(value, _DAYS[self.language])

    def _in_zone(self, value: dt.datetime | int, pattern: str) -> str:
        if isinstance(value, int):
            value = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=value)
        locale = _locale("ar_EG" if self.language == "ar" else self.language)
        text = str(format_datetime(value, pattern, tzinfo=self.zone, locale=locale))
        return text.translate(_ARABIC_DIGITS)

    def duration(self, seconds: float | None) -> str:
        """A length of time in the unit a reader would use."""
        if seconds is None:
            return "–"
        locale = _locale("ar_EG" if self.language == "ar" else self.language)
        for unit, size in DURATION_UNITS:
            if seconds < MAX_UNITS * size or unit == "day":
                delta = dt.timedelta(seconds=max(1, round(seconds / size)) * size)
                text = str(
                    format_timedelta(delta, granularity=unit, threshold=10_000, locale=locale)
                )
                return text.translate(_ARABIC_DIGITS)
        raise AssertionError("every length has a unit")


#: How a day, and a moment, is written in prose.
_DAYS: Final = {
    "en": "d MMMM y",
    "es": "d 'de' MMMM 'de' y",
    "fr": "d MMMM y",
    "ar": "d MMMM y",
    "pt": "d 'de' MMMM 'de' y",
}
_MOMENTS: Final = {
    "en": "d MMMM y, HH:mm",
    "es": "d 'de' MMMM 'de' y 'a las' HH:mm",
    "fr": "d MMMM y 'à' H'\u202fh\u202f'mm",
    "ar": "d MMMM y، HH:mm",
    "pt": "d 'de' MMMM 'de' y 'às' HH'h'mm",
}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ARABIC_DIGITS = {0x0660 + i: str(i) for i in range(10)}


def words(language: str, time_zone: str = "UTC") -> Words:
    """The words of a language of `LANGUAGES`; KeyError for another. time_zone: IANA name."""
    if language not in LANGUAGES:
        raise KeyError(language)
    return Words(language, ZoneInfo(time_zone))


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> dict[str, str]:
    folder = files("birdfall.tell") / "words"
    found: dict[str, str] = json.loads((folder / f"{language}.json").read_text("utf-8"))
    for part in ("app", "page"):
        found |= json.loads((folder / f"{part}.{language}.json").read_text("utf-8"))
    notes = folder / f"notes.{language}.json"
    if notes.is_file():
        found |= {
            k if k.startswith("needs.") else f"note.{k.removeprefix('note.')}": v
            for k, v in json.loads(notes.read_text("utf-8")).items()
        }
    return found


def render(message: str, values: Mapping[str, MessageValue], speaker: Words) -> str:
    """An ICU message with its values put in."""
    text, at = _render(message, 0, values, speaker, None)
    if at != len(message):
        raise ValueError(f"unbalanced braces in {message!r}")
    return text


def _render(
    message: str,
    at: int,
    values: Mapping[str, MessageValue],
    speaker: Words,
    counted: float | None,
) -> tuple[str, int]:
    """The message from `at` to its end or an unmatched brace, and where that is.

    counted: the number that `#` stands for, inside a plural.
    """
    out = []
    while at < len(message):
        character = message[at]
        if character == "}":
            break
        if character == "#" and counted is not None:
            out.append(speaker.number(counted))
            at += 1
        elif character == "{":
            piece, at = _placeholder(message, at + 1, values, speaker)
            out.append(piece)
        else:
            out.append(character)
            at += 1
    return "".join(out), at


def _placeholder(
    message: str, at: int, values: Mapping[str, MessageValue], speaker: Words
) -> tuple[str, int]:
    """What stands for the braces that open before `at`, and the position behind them."""
    end = min(i for i in (message.find(",", at), message.find("}", at)) if i >= 0)
    name = message[at:end].strip()
    if message[end] == "}":
        return str(values.get(name, "–")), end + 1
    kind_end = message.index(",", end + 1)
    if message[end + 1 : kind_end].strip() != "plural":
        raise ValueError(f"only plurals are known, in {message!r}")
    at = kind_end + 1
    count = values[name]
    if not isinstance(count, int | float):
        raise ValueError(f"{name} counts something in {message!r}, and is {count!r}")
    locale = _locale(speaker.language)
    form = locale.plural_form(count)
    chosen: dict[str, str] = {}
    while True:
        while message[at].isspace():
            at += 1
        if message[at] == "}":
            break
        brace = message.index("{", at)
        label = message[at:brace].strip()
        text, at = _render(message, brace + 1, values, speaker, count)
        chosen[label] = text
        at += 1
    exact = f"={count}"
    return chosen.get(exact, chosen.get(form, chosen["other"])), at + 1
