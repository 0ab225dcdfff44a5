"""Times in words: months and weekdays of six languages, zones by name, clocks as people say them.

`timestamps` asks here last, for what none of its forms fits: "31 de octubre de 2013 a las 17:53",
"October 18th, 2021 12:06 PM EDT", "18 تشرين الأول 2021". Every word must be known; a text with one
that is not is no time.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Final
from zoneinfo import ZoneInfo

#: Names of months, each month's of all languages; several words are joined by "_".
_MONTH_NAMES: Final = (
    "jan january ene enero janv janvier janeiro januar jän jänner يناير كانون_الثاني جانفي",
    "feb february febrero fév févr février fev fevereiro februar فبراير شباط فيفري",
    "mar march marzo mars março märz mär مارس آذار اذار",
    "apr april abr abril avr avril أبريل ابريل إبريل نيسان أفريل",
    "may mayo mai maio مايو أيار ايار ماي",
    "jun june junio juin junho juni يونيو حزيران جوان",
    "jul july julio juil juill juillet julho juli يوليو يوليوز تموز جويلية",
    "aug august ago agosto août aout أغسطس اغسطس آب اب أوت غشت أغشت",
    "sep sept september septiembre setiembre septembre set setembro سبتمبر أيلول ايلول شتنبر شتمبر",
    "oct october octubre octobre out outubro okt oktober أكتوبر اكتوبر تشرين_الأول تشرين_الاول",
    "nov november noviembre novembre novembro نوفمبر تشرين_الثاني نونبر",
    "dec december dic diciembre déc décembre dez dezembro dezember ديسمبر كانون_الأول "
    "كانون_الاول دجنبر دجمبر",
)
_FILLER_WORDS: Final = (
    "mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday "
    "saturday sunday lun mar mie mié jue vie sab sáb dom lunes martes miercoles miércoles "
    "jueves viernes sabado sábado domingo mer jeu ven sam dim lundi mardi mercredi jeudi "
    "vendredi samedi dimanche seg ter qua qui sex segunda terca terça quarta quinta sexta "
    "feira segunda-feira terça-feira quarta-feira quinta-feira sexta-feira montag "
    "dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so الاثنين "
    "الإثنين الثلاثاء الأربعاء الاربعاء الخميس الجمعة السبت الأحد الاحد يوم في الساعة من "
    "عام سنة de del of the at on a las la à a_las às as das um uhr le el o os les y hs "
    "hrs hr h horas heures hora @ th st nd rd er º ª dia día em en il"
)
_FILLERS: Final = frozenset(_FILLER_WORDS.split(" "))
#: Hours from UTC of zones by their letters. Of letters that mean several, the one of the field's
#: tools (North America, Europe).
ZONES: Final = {
    "tu": 0.0,
    "utc": 0.0, "gmt": 0.0, "z": 0.0, "wet": 0.0, "west": 1.0, "bst": 1.0, "cet": 1.0, "cest": 2.0,
    "mez": 1.0, "mesz": 2.0, "eet": 2.0, "eest": 3.0, "trt": 3.0, "ast": -4.0,
    "adt": -3.0, "est": -5.0, "edt": -4.0, "cst": -6.0, "cdt": -5.0, "mst": -7.0, "mdt": -6.0,
    "pst": -8.0, "pdt": -7.0, "akst": -9.0, "akdt": -8.0, "hst": -10.0, "nst": -3.5, "ndt": -2.5,
    "brt": -3.0, "brst": -2.0, "art": -3.0, "clt": -4.0, "clst": -3.0, "cot": -5.0, "pet": -5.0,
    "ect": -5.0, "bot": -4.0, "uyt": -3.0, "pyt": -4.0, "pyst": -3.0, "ist": 5.5, "pkt": 5.0,
    "jst": 9.0, "kst": 9.0, "hkt": 8.0, "sgt": 8.0, "wib": 7.0, "aest": 10.0, "aedt": 11.0,
    "acst": 9.5, "awst": 8.0, "nzst": 12.0, "nzdt": 13.0, "sast": 2.0, "eat": 3.0, "cat": 2.0,
    "wat": 1.0,
}  # fmt: skip
#: Zones by letters whose distance from UTC has changed: by the day, as tables of zones have it.
_CHANGED_ZONES: Final = {"msk": "Europe/Moscow", "vet": "America/Caracas"}
#: Zones in words: what each language calls them, and the letters of `ZONES`.
_PHRASES: Final = {
    phrase: letters
    for letters, phrases in {
        "utc": "coordinated universal time|universal time|greenwich mean time|"
        "hora universal coordinada|tiempo universal coordinado|temps universel coordonné|"
        "tempo universal coordenado|hora del meridiano de greenwich|التوقيت العالمي المنسق|"
        "توقيت غرينتش",
        "est": "eastern standard time|hora estándar del este|heure normale de l'est|"
        "hora padrão oriental",
        "edt": "eastern daylight time|hora de verano del este|heure avancée de l'est|"
        "hora de verão oriental",
        "cst": "central standard time|hora estándar central|heure normale du centre",
        "cdt": "central daylight time|hora de verano central|heure avancée du centre",
        "mst": "mountain standard time", "mdt": "mountain daylight time",
        "pst": "pacific standard time|hora estándar del pacífico|heure normale du pacifique",
        "pdt": "pacific daylight time|hora de verano del pacífico|heure avancée du pacifique",
        "cet": "central european standard time|central european winter time|"
        "hora estándar de europa central|heure normale d'europe centrale|"
        "mitteleuropäische normalzeit|توقيت وسط أوروبا الرسمي",
        "cest": "central european summer time|hora de verano de europa central|"
        "heure d'été d'europe centrale|mitteleuropäische sommerzeit|توقيت وسط أوروبا الصيفي",
        "eet": "eastern european standard time|heure normale d'europe de l'est",
        "eest": "eastern european summer time|heure d'été d'europe de l'est",
        "wet": "western european standard time", "west": "western european summer time",
        "bst": "british summer time", "ist": "india standard time|indian standard time",
        "jst": "japan standard time", "kst": "korea standard time|korean standard time",
        "brt": "brasilia standard time|hora estándar de brasilia|horário padrão de brasília|"
        "heure normale de brasilia",
        "art": "argentina standard time|hora estándar de argentina|horário padrão da argentina",
        "cot": "colombia standard time|hora estándar de colombia",
        "pet": "peru standard time|hora estándar de perú",
        "bot": "bolivia time|hora de bolivia", "vet": "venezuela time|hora de venezuela|"
        "hora legal de venezuela|heure du venezuela|horário da venezuela",
        "msk": "moscow standard time|moscow time|hora de moscú|heure de moscou",
        "sast": "south africa standard time", "eat": "east africa time",
        "wat": "west africa standard time", "cat": "central africa time",
    }.items()
    for phrase in phrases.split("|")
}  # fmt: skip
#: Zones in words that change with the season: by the day, as tables of zones have it.
_PLACES: Final = {
    phrase: place
    for place, phrases in {
        "America/New_York": "eastern time|us eastern time|hora del este|heure de l'est",
        "America/Chicago": "central time|us central time",
        "America/Denver": "mountain time", "America/Los_Angeles": "pacific time|hora del pacífico",
        "Europe/Madrid": "hora de madrid|hora peninsular|central european time|"
        "heure d'europe centrale|hora de europa central",
        "Europe/Paris": "heure de paris", "Europe/London": "uk time|london time",
        "Europe/Lisbon": "hora de lisboa|horário de lisboa",
        "America/Sao_Paulo": "brasilia time|hora de brasilia|horário de brasília|hora de brasília",
        "America/Argentina/Buenos_Aires": "argentina time|hora de argentina|hora argentina",
        "America/Bogota": "colombia time|hora de colombia", "America/Lima": "hora de perú",
        "America/Santiago": "chile time|hora de chile|hora chilena",
        "America/Mexico_City": "hora de méxico|hora del centro de méxico",
        "Asia/Beirut": "توقيت بيروت", "Africa/Cairo": "توقيت القاهرة",
        "Asia/Riyadh": "توقيت مكة المكرمة|توقيت الرياض|arabian standard time",
    }.items()
    for phrase in phrases.split("|")
}  # fmt: skip
_WORDED_ZONE: Final = re.compile(
    r"(?<!\w)\(?(" + "|".join(sorted((*_PHRASES, *_PLACES), key=len, reverse=True)) + r")\)?\s*$"
)
_OFFSET: Final = re.compile(
    r"(?:(?:\b(?:utc|gmt))\s*|(?<=[\d\s)]))([+-])(\d{1,2})(?::?(\d{2}))?(?:\s*(?:\([^)]*\)|utc|gmt))?$"
)
#: A zone between the clock and the year, as `date` of Unix writes it.
_ZONE_BEFORE_YEAR: Final = re.compile(r"(?<=\d )([a-z]{2,4}) (?=\d{4}$)")
_BEHIND: Final = re.compile(r"\s*\([^()]*\)$")
_LETTERS: Final = re.compile(r"(?<![^\W\d_])([a-z]{1,4})$")
_CLOCK: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s?(?:[:h]\s?(\d{2})(?:\s?(?::|m|min)\s?(\d{2})(?:[.,](\d+))?)?(?:\s?(?:s|min)\b)?)"
    r"(?:\s*([ap])\.?\s?m\b\.?|\s*(ص|م|صباحا|مساء)(?!\w))?"
)
_HOUR_ALONE: Final = re.compile(r"(?<!\d)(\d{1,2})\s*([ap])\.?\s?m\b\.?")
_DATE: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_NUMBER_DATE: Final = re.compile(r"(?<!\d)\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?!\d)")
_WEEK: Final = re.compile(r"(\d{4})-?W(\d{2})-?([1-7])(?=T|\s|$)")
_ORDINAL: Final = re.compile(r"(\d{4})-(\d{3})(?=T|\s|$)")


def plain_signs(text: str) -> str:
    """`text` with plain minus signs and blanks, and nothing that cannot be seen."""
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"[\u2010-\u2015\u2212\ufe63\uff0d]", "-", text)
    text = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff]", "", text)
    return re.sub(r"[\s\u00a0\u2000-\u200a\u202f\u3000]+", " ", text).strip()


def day_by_week_or_number(text: str) -> str | None:
    """`text` with an ISO week date or a day's number in its year as a common date; else None."""
    if match := _WEEK.match(text):
        try:
            day = dt.date.fromisocalendar(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            return None
    elif match := _ORDINAL.match(text):
        number = int(match[2])
        day = dt.date(int(match[1]), 1, 1) + dt.timedelta(days=number - 1)
        if not number or day.year != int(match[1]):
            return None
    else:
        return None
    return day.isoformat() + text[match.end() :]


class WordsTime:
    """The parts of a time in words.

    date: (year, month, day), or a text of three numbers whose order is for others to tell. zone:
    None if none is named.
    """

    def __init__(
        self,
        date: tuple[int, int, int] | str,
        clock: tuple[int, int, int, int],
        zone: dt.tzinfo | None,
    ) -> None:
        self.date = date
        self.clock = clock
        self.zone = zone


def read_words(text: str) -> WordsTime | None:
    """A time in words; None if any of them is not known."""
    rest, zone = _take_zone(text.casefold())
    rest, clock = _take_clock(rest)
    if clock is None:
        return None
    if match := _DATE.search(rest):
        date = (int(match[1]), int(match[2]), int(match[3]))
        return _whole(rest[: match.start()] + " " + rest[match.end() :], date, clock, zone)
    if match := _NUMBER_DATE.search(rest):
        remaining = rest[: match.start()] + " " + rest[match.end() :]
        return _whole(remaining, match[0], clock, zone)
    return _worded_date(rest, clock, zone)


def _worded_date(
    text: str, clock: tuple[int, int, int, int], zone: dt.tzinfo | None
) -> WordsTime | None:
    for phrase in _TWO_WORDS:
        text = text.replace(phrase.replace("_", " "), phrase)
    tokens = re.findall(r"\d+|[^\W\d]+(?:[-_][^\W\d]+)*", text)
    months = [m for t in tokens if (m := _MONTHS.get(t.rstrip("."))) is not None]
    numbers = [t for t in tokens if t.isdecimal()]
    years = [n for n in numbers if len(n) == 4]
    days = [n for n in numbers if len(n) <= 2]
    words = [t for t in tokens if not t.isdecimal() and t not in _MONTHS and t not in _FILLERS]
    # "mar" is March and Tuesday
    if len(months) == 2 and "mar" in tokens:
        months = [m for m in months if m != 3] or months
    if words or len(months) != 1 or len(years) != 1 or len(days) != 1 or len(numbers) != 2:
        return None
    return WordsTime((int(years[0]), months[0], int(days[0])), clock, zone)


def _whole(
    remaining: str,
    date: tuple[int, int, int] | str,
    clock: tuple[int, int, int, int],
    zone: dt.tzinfo | None,
) -> WordsTime | None:
    words = re.findall(r"[^\W_]+(?:-[^\W\d]+)*", remaining)
    known = all(w in _FILLERS or w == "t" for w in words)
    return WordsTime(date, clock, zone) if known else None


def _take_zone(text: str) -> tuple[str, dt.tzinfo | None]:
    """The text without its zone, and the zone; None if it names none."""
    if match := _WORDED_ZONE.search(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        rest, zone = text[: match.start()], _zone_of(_PHRASES.get(match[1], ""))
        # an offset that stands before the words is the zone; they name it again
        if found := _OFFSET.search(rest.rstrip()):
            return _take_zone(rest[: found.end()].rstrip())
        return rest, zone or ZoneInfo(_PLACES[match[1]])
    if match := _OFFSET.search(text):
        hours, minutes = int(match[2]), int(match[3] or 0)
        far = dt.timedelta(hours=hours, minutes=minutes)
        # the last part of a date is no zone
        if hours <= 14 and minutes < 60 and _CLOCK.search(text[: match.start()]):
            return text[: match.start()], dt.timezone(-far if match[1] == "-" else far)
    if (match := _ZONE_BEFORE_YEAR.search(text)) and (zone := _zone_of(match[1])):
        return text[: match.start()] + text[match.end() :], zone
    bare = _BEHIND.sub("", text)
    if (match := _LETTERS.search(bare)) and (zone := _zone_of(match[1])):
        return bare[: match.start()], zone
    return bare, None


def _zone_of(letters: str) -> dt.tzinfo | None:
    if letters in _CHANGED_ZONES:
        return ZoneInfo(_CHANGED_ZONES[letters])
    hours = ZONES.get(letters)
    return None if hours is None else dt.timezone(dt.timedelta(hours=hours))


#: Letters that other zones are called by too.
_OF_SEVERAL: Final = frozenset(("ast", "bst", "cst", "cdt", "est", "edt", "ist", "mst", "pst",
                                "ect", "cat", "art", "wat", "west", "gst", "nst"))  # fmt: skip


def zone_taken(text: str) -> str | None:
    """What the letters of a zone were taken for, such as "CST as UTC-06:00"; None if the text has
    none, or one that means one zone alone.
    """
    bare = _BEHIND.sub("", text.strip().casefold())
    match = _LETTERS.search(bare) or _ZONE_BEFORE_YEAR.search(bare)
    if match is None or match[1] not in _OF_SEVERAL or match[1] not in ZONES:
        return None
    minutes = round(ZONES[match[1]] * 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{match[1].upper()} as UTC{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def _take_clock(text: str) -> tuple[str, tuple[int, int, int, int] | None]:
    match = _CLOCK.search(text)
    if match:
        hour, half = int(match[1]), match[5] or match[6]
        minute, second = int(match[2] or 0), int(match[3] or 0)
        fraction = int(((match[4] or "") + "000000")[:6])
    elif match := _HOUR_ALONE.search(text):
        hour, half, minute, second, fraction = int(match[1]), match[2], 0, 0, 0
    else:
        return text, (0, 0, 0, 0)
    if half:
        if not 1 <= hour <= 12:
            return text, None
        hour = hour % 12 + (12 if half in ("p", "م", "مساء") else 0)
    if hour > 23 or minute > 59 or second > 59:
        return text, None
    return text[: match.start()] + " " + text[match.end() :], (hour, minute, second, fraction)


_MONTHS: Final = {
    name.casefold(): number
    for number, names in enumerate(_MONTH_NAMES, start=1)
    for name in names.split()
}
_TWO_WORDS: Final = tuple(name for name in _MONTHS if "_" in name)
