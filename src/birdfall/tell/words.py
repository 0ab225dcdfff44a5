"""Words: one catalogue per language, with the same keys, and the format of numbers and times.

Messages are ICU MessageFormat as far as it is needed: `{name}` and
`{name, plural, one {...} other {# ...}}`, with Babel's plural rules (Arabic has six forms). Spanish
groups digits by a thin space from five digits on, as its academy writes; Arabic uses Latin digits.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from birdfall.model.findings import Note
from birdfall.tell.marks import Counted, Marks, ShownNumber, ShownTime

LANGUAGES: Final = ("en", "es", "fr", "ar", "pt")
NAMES: Final = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "ar": "العربية",
    "pt": "Português",
}
THIN_SPACE: Final = "\u202f"
#: The minus of typesetters, as wide as a digit.
MINUS: Final = "\u2212"
#: Unit of a length of time, and its seconds.
DURATION_UNITS: Final = (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400))
#: A length of time is given in a unit up to so many of it.
MAX_UNITS: Final = 100
#: Values of notes that are moments.
MOMENTS_OF_NOTES: Final = ("from", "to", "silent_from")
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
    """The words of one language, and how it writes numbers and times in a zone.

    Parameters
    ----------
    language
        A language of `LANGUAGES`.
    zone
        The zone of all times.
    marks
        Where it is kept which number or time stands where in its texts; None to keep nothing.
    """

    language: str
    zone: ZoneInfo
    marks: Marks | None = field(default=None, compare=False, repr=False)

    @property
    def direction(self) -> str:
        """The direction of its script: "ltr" or "rtl"."""
        return "rtl" if self.language == "ar" else "ltr"

    @property
    def comma(self) -> str:
        """What stands between the items of a list."""
        return "، " if self.language == "ar" else ", "

    @property
    def semicolon(self) -> str:
        """What stands between items that hold commas."""
        return {"ar": "؛ ", "fr": f"{THIN_SPACE}; "}.get(self.language, "; ")

    @property
    def colon(self) -> str:
        """What stands behind a label."""
        return "\u00a0:" if self.language == "fr" else ":"

    def __call__(self, key: str, **values: MessageValue) -> str:
        """The message `key` with its values. Raises KeyError for a key its catalogue has not."""
        return render(_catalogue(self.language)[key], values, self, key)

    def shown(self, number: ShownNumber) -> str:
        """A number as it is printed, with what it is where that is kept."""
        return number.text if self.marks is None else self.marks.mark(number)

    def has(self, key: str) -> bool:
        """Whether there is a message `key`."""
        return key in _catalogue(self.language)

    def note(self, note: Note, finding: str = "") -> str:
        """The sentence of a limit or refusal. finding: the name of the finding it belongs to."""
        key = f"note.{note.code}"
        if not self.has(key):
            return note.code.replace("-", " ")
        return self(key, **{k: self._noted(v, k, key, finding) for k, v in note.values.items()})

    def _noted(self, value: NoteValue, name: str, note: str, finding: str) -> MessageValue:
        """A value of a note for its message: a count that chooses a form, or a text."""
        text = self.value(value, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return text
        if isinstance(value, float) and value.is_integer() and text == self.number(value):
            value = int(value)  # counts of some findings are sums of weights
        about = f"{finding}.{note}.{name}" if finding else f"{note}.{name}"
        shown = ShownNumber(text, about, value, definition=f"{note}.{name}", finding=finding)
        return Counted(value, shown) if isinstance(value, int) else self.shown(shown)

    def needs(self, word: str) -> str:
        """The words for a table or column that a measure needs."""
        return self(f"needs.{word}") if self.has(f"needs.{word}") else word

    def value(self, value: NoteValue, name: str = "") -> str:
        """A note's value as text: shares as percentages, lists joined."""
        if isinstance(value, bool) or value is None:
            return "–" if value is None else str(value)
        if isinstance(value, (list, tuple)):
            return self.comma.join(self.value(v) for v in value)
        if isinstance(value, float) and "share" in name and abs(value) <= 1:
            return self.percent(value)
        if isinstance(value, (int, float)) and (name.endswith("_s") or name == "seconds"):
            return self.duration(value)
        if name == "trace" and self.has(f"trace.{value}"):
            return self(f"trace.{value}")
        if isinstance(value, str) and name in MOMENTS_OF_NOTES:
            return self._moment_of_note(value)
        if isinstance(value, (int, float)):
            return self.number(value)
        return str(value)

    def bounded(self, value: str, low: str, high: str) -> str:
        """A value with its bounds behind it: "5 (3 to 9)"."""
        return f"{value} ({self('range', low=low, high=high)})"

    def quote(self, text: str) -> str:
        """A text between the quotation marks of this language."""
        begin, end = QUOTATION_MARKS[self.language]
        return f"{begin}{text}{end}"

    def _moment_of_note(self, value: str) -> str:
        """A moment that a note holds as ISO text, in prose; what is no moment as it is."""
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            return value
        return self.moment(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))

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
        rounded = round(float(value), digits) or 0.0  # never "-0"
        if rounded < 0:
            return MINUS + self.number(-rounded, digits)
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
        if 0 < abs(share) < 0.01:
            digits = 1
        locale = _locale("en" if self.language == "ar" else self.language)
        share = round(share, digits + 2) or 0.0  # never "-0%"
        sign = f"{THIN_SPACE}%" if self.language == "fr" else "%"
        form = "#,##0." + "#" * digits + sign if digits else f"#,##0{sign}"
        return str(format_percent(share, format=form, locale=locale))

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

    def short_day(self, value: dt.datetime | int) -> str:
        """The day of a moment in the case's zone, for a table: "31 oct 2013"."""
        return self._in_zone(value, "d MMM y")

    def month(self, value: dt.datetime | int) -> str:
        """The month of a moment in the case's zone: "octubre de 2013"."""
        return self._in_zone(value, _DAYS[self.language].split(" ", 1)[1].removeprefix("'de' "))

    def is_midnight(self, moment: int) -> bool:
        """Whether a moment, in microseconds, begins a day of the case's zone."""
        start = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=moment)
        return start.astimezone(self.zone).time() == dt.time()

    def axis_day(self, value: dt.datetime) -> str:
        """A day without its year, for the axis of a chart: "29 sept."."""
        return self._on_an_axis(self._in_zone(value, "d MMM"))

    def axis_month(self, value: dt.datetime) -> str:
        """A month, for the axis of a chart: "sept. 2013"."""
        return self._on_an_axis(self._in_zone(value, "MMM y"))

    def _on_an_axis(self, text: str) -> str:
        """A text in a drawing, which runs from left to right, in its own direction."""
        return f"\u2067{text}\u2069" if self.direction == "rtl" else text

    def _in_zone(self, value: dt.datetime | int, pattern: str) -> str:
        if isinstance(value, int):
            value = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=value)
        locale = _locale("ar_EG" if self.language == "ar" else self.language)
        text = str(format_datetime(value, pattern, tzinfo=self.zone, locale=locale))
        text = _FIRST_DAY.sub(_FIRST.get(self.language, "1"), text.translate(_ARABIC_DIGITS))
        if self.marks is None:
            return text
        local = value.astimezone(self.zone)
        iso = local.isoformat(timespec="seconds") if "HH" in pattern or "H'" in pattern else ""
        return self.marks.mark(ShownTime(text, iso or local.date().isoformat()))

    def duration(self, seconds: float | None, *, alone: bool = False) -> str:
        """A length of time in the unit a reader would use, as it stands in a sentence.

        alone: as it stands by itself, which in Arabic is another form of "two minutes".
        """
        if seconds is None:
            return "–"
        locale = _locale("ar_EG" if self.language == "ar" else self.language)
        for unit, size in DURATION_UNITS:
            if seconds < MAX_UNITS * size or unit == "day":
                delta = dt.timedelta(seconds=max(1, round(seconds / size)) * size)
                text = str(
                    format_timedelta(delta, granularity=unit, threshold=10_000, locale=locale)
                )
                if self.language == "ar" and not alone:
                    text = _ARABIC_DUAL.sub(r"\1ين", text)  # behind "within", "after", "lasted"
                return text.translate(_ARABIC_DIGITS)
        raise AssertionError("every length has a unit")


#: How the dual of a unit of time ends where it stands alone; "5 ثوانٍ" is none.
_ARABIC_DUAL: Final = re.compile(r"^([^\W\d]+)ان$")
#: The quotation marks of each language.
QUOTATION_MARKS: Final = {
    "en": ("“", "”"),
    "es": ("“", "”"),
    "fr": ("«\u202f", "\u202f»"),
    "ar": ("«", "»"),
    "pt": ("“", "”"),
}
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
#: How the first day of a month is written, where it is no plain number.
_FIRST: Final = {"fr": "1er", "pt": "1º"}
_FIRST_DAY: Final = re.compile(r"^1(?= )")
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
    return {key: _typeset(text) for key, text in found.items()} if language == "fr" else found


def _typeset(text: str) -> str:
    """French text with its narrow spaces before high marks and within quotation marks."""
    text = re.sub(r"[ \u00a0](?=[;?!%»])", THIN_SPACE, text)
    return re.sub(r"(?<=«)[ \u00a0]", THIN_SPACE, text).replace(" :", "\u00a0:")


def render(message: str, values: Mapping[str, MessageValue], speaker: Words, key: str = "") -> str:
    """An ICU message with its values put in. key: of the message, which its own numbers go by."""
    text, at = _Rendering(message, values, speaker, key).text_from(0)
    if at != len(message):
        raise ValueError(f"unbalanced braces in {message!r}")
    return text


#: A number in the text of a message itself.
_NUMERAL: Final = re.compile(r"[0-9]+(?:[.,\u202f\u00a0][0-9]+)*(?:[\u202f\u00a0]?%)?")


@dataclass(frozen=True)
class _Rendering:
    """A message being rendered."""

    message: str
    values: Mapping[str, MessageValue]
    speaker: Words
    key: str

    def text_from(self, at: int, counted: float | None = None) -> tuple[str, int]:
        """The message from `at` to its end or an unmatched brace, and where that is.

        counted: the number that `#` stands for, inside a plural.
        """
        out, message = list[str](), self.message
        while at < len(message):
            character = message[at]
            if character == "}":
                break
            if character == "#" and counted is not None:
                out.append(_count_text(counted, self.speaker))
                at += 1
            elif character == "{":
                piece, at = self._placeholder(at + 1)
                out.append(piece)
            else:
                stops = (message.find(c, at) for c in ("{", "}", "#"))
                end = min((i for i in stops if i > at), default=len(message))
                out.append(self._own_text(message[at:end]))
                at = end
        return "".join(out), at

    def _own_text(self, text: str) -> str:
        """Text of the message itself, with its numbers marked: they were set and not measured."""
        if self.speaker.marks is None or not self.key:
            return text
        return _NUMERAL.sub(lambda match: self._own_number(match[0]), text)

    def _own_number(self, text: str) -> str:
        digits = re.sub(r"\D", "", text)
        definition = f"set.{self.key}"
        shown = ShownNumber(text, f"{definition}.{digits}", int(digits), "set", "", definition)
        return self.speaker.shown(shown)

    def _placeholder(self, at: int) -> tuple[str, int]:
        """What stands for the braces that open before `at`, and the position behind them."""
        message = self.message
        end = min(i for i in (message.find(",", at), message.find("}", at)) if i >= 0)
        name = message[at:end].strip()
        if message[end] == "}":
            value = self.values.get(name, "–")
            text = _count_text(value, self.speaker) if isinstance(value, Counted) else str(value)
            return text, end + 1
        kind_end = message.index(",", end + 1)
        if message[end + 1 : kind_end].strip() != "plural":
            raise ValueError(f"only plurals are known, in {message!r}")
        at = kind_end + 1
        count = self.values[name]
        if not isinstance(count, int | float):
            raise ValueError(f"{name} counts something in {message!r}, and is {count!r}")
        form = _locale(self.speaker.language).plural_form(count)
        chosen: dict[str, str] = {}
        while True:
            while message[at].isspace():
                at += 1
            if message[at] == "}":
                break
            brace = message.index("{", at)
            label = message[at:brace].strip()
            text, at = self.text_from(brace + 1, count)
            chosen[label] = text
            at += 1
        exact = f"={count}"
        return chosen.get(exact, chosen.get(form, chosen["other"])), at + 1


def _count_text(count: float, speaker: Words) -> str:
    """A count as it stands in a text: one that knows which it is, as it was to be written."""
    return speaker.shown(count.shown) if isinstance(count, Counted) else speaker.number(count)
