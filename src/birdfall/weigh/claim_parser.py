"""From a sentence to what can be measured in it: quantity, number, qualifier, window, population. es, en, fr, ar, pt.

A parser that is not sure says so: `ambiguous` holds the other reading of a number such as 3.348 when the language does not settle it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from birdfall.weigh import claim_words as lexicon


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """quantity: "fallen", "restored" or "lost" (net change of a count). value: the number claimed. low, high: the range its
    qualifier allows (None: open). unit: "accounts", "followers" or "percent". window_s: None if none is said. population: "all",
    or a handle. ambiguous: the number's other reading, or None.
    """

    quantity: str
    value: float
    low: float | None
    high: float | None
    unit: str
    window_s: float | None
    population: str
    qualifier: str
    language: str
    ambiguous: float | None = None


#: What a plain number allows: nobody counts to the last account.
PLAIN, ABOUT, ALMOST, EXACT = 0.02, 0.10, 0.10, 0.005

_GROUPED = r"\d{1,3}(?:[.,'’\u00a0\u202f\u2009 ]\d{3})+(?:[.,]\d+)?(?!\d)"
_NUMBER = re.compile(rf"(?<![\w.,@])[-−+]?(?:{_GROUPED}|\d+(?:[.,]\d+)?)")
_HANDLE = re.compile(r"@[\w.\-]+")


def folded(text: str) -> str:
    """Lower case without accents, Arabic letter forms and digits made one; the length of words may change."""
    out = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if unicodedata.category(character) == "Mn" or character in "ـ\u200f\u200e":
            continue
        digit = unicodedata.digit(character, None)
        out.append(
            str(digit)
            if digit is not None
            else {"ى": "ي", "ة": "ه", "ٱ": "ا", "ء": "", "٬": ",", "٫": "."}.get(character, character)
        )
    return "".join(out)


def _folded_keys(table: dict[str, lexicon.Numbers]) -> dict[str, lexicon.Numbers]:
    return {language: {folded(word): value for word, value in words.items()} for language, words in table.items()}


#: The number words as they look once folded.
SMALL, LARGE = _folded_keys(lexicon.SMALL), _folded_keys(lexicon.LARGE)
SECONDS = {folded(word): value for word, value in lexicon.SECONDS.items()}
QUALIFIERS = tuple((name, tuple(folded(p) for p in phrases)) for name, phrases in lexicon.QUALIFIERS)
ALONE = {folded(word): value for word, value in lexicon.ALONE.items()}


def language_of(text: str) -> str | None:
    """The language a sentence seems to be in, None if nothing tells."""
    if re.search(r"[\u0600-\u06ff]", text):
        return "ar"
    words = set(re.findall(r"[a-z]+", folded(text)))
    scores = {language: len(words & tells) for language, tells in lexicon.TELLS.items()}
    best = max(scores.values())
    winners = [language for language, score in scores.items() if score == best]
    return winners[0] if best and len(winners) == 1 else (winners[0] if best >= 2 else None)


def parse(sentence: str, language: str | None = None) -> list[ParsedClaim]:
    """Every measurable claim of a sentence; an empty list if there is none."""
    spoken = language or language_of(sentence)
    handles = _HANDLE.findall(sentence)
    text = folded(_HANDLE.sub(" ", sentence))
    numbers = _numbers(text, spoken)
    windows = [n for n in numbers if n.seconds is not None]
    window = windows[0].value * (windows[0].seconds or 0) if windows else _window_alone(text)
    found = []
    for number in numbers:
        if number.seconds is not None or number.is_date:
            continue
        found.append(_claim(text, number, spoken or "en", window, handles))
    return found[:4]


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    begin: int
    end: int
    seconds: float | None
    percent: bool
    ambiguous: float | None
    is_date: bool


def _numbers(text: str, language: str | None) -> list[_Number]:
    """Numbers in digits and in words, in order, each with the unit of time that follows it."""
    found = []
    for match in _NUMBER.finditer(text):
        value, other = _digits(match.group(), language)
        end = match.end()
        value, end, other = _multiplied(text, value, end, language, other)
        found.append(_with_unit(text, value, match.start(), end, other))
    taken = [(n.begin, n.end) for n in found]
    for begin, end, value in _words(text, language):
        if not any(a < end and begin < b for a, b in taken):
            found.append(_with_unit(text, float(value), begin, end, None))
    found.sort(key=lambda n: n.begin)
    # "un", "one" and their like count something only before a unit of time; a bare year is a date
    return [replace(n, is_date=True) if _bare(text, n) else n for n in found]


def _digits(text: str, language: str | None) -> tuple[float, float | None]:
    """The value of a number in digits, and its other reading if the language does not settle one."""
    plain = text.lstrip("+-−")
    marks = re.findall(r"[.,]", plain)
    grouped = re.sub(r"['’\u00a0\u202f\u2009 ]", "", plain)
    thousands = "," if language in ("en", "ar") else "." if language in ("es", "pt", "fr") else None
    if len(set(marks)) == 2:  # 1.234,5 or 1,234.5: the last one is the decimal mark
        decimal = marks[-1]
        return float(grouped.replace("," if decimal == "." else ".", "").replace(decimal, ".")), None
    if not marks:
        return float(grouped), None
    mark = marks[0]
    joined = float(grouped.replace(mark, ""))
    tail = grouped.rsplit(mark, 1)[1]
    if len(marks) > 1:
        return joined, None
    split = float(grouped.replace(mark, "."))
    if len(tail) != 3:
        return split, None
    # one mark and three digits: thousands where the language writes them so; else both are possible
    return (joined, None) if mark == thousands else (joined, split)


def _multiplied(
    text: str, value: float, end: int, language: str | None, other: float | None
) -> tuple[float, int, float | None]:
    match = re.match(r"\s*([^\W\d_]+)", text[end:])
    if match:
        word = match.group(1)
        for large in (*_lexica(LARGE, language), *LARGE.values()):
            if word in large and large[word] >= 1000:
                # 3.348 million is a decimal, whatever the language writes for thousands
                value = other if other is not None else value
                return value * large[word], end + match.end(), None
    return value, end, other


def _lexica(table: dict[str, lexicon.Numbers], language: str | None) -> list[lexicon.Numbers]:
    return [table[language]] if language in table else list(table.values())


def _words(text: str, language: str | None) -> list[tuple[int, int, int]]:
    """Numbers written in words: (begin, end, value)."""
    found = []
    for name in [language] if language in SMALL else list(SMALL):
        assert name is not None
        found += _words_in(text, name)
    found.sort(key=lambda f: (f[0], -(f[1] - f[0])))
    kept: list[tuple[int, int, int]] = []
    for one in found:
        if not kept or one[0] >= kept[-1][1]:
            kept.append(one)
    return kept


def _words_in(text: str, language: str) -> list[tuple[int, int, int]]:
    small, large, joins = SMALL[language], LARGE[language], lexicon.JOINS[language]
    tokens = [(m.start(), m.end(), m.group()) for m in re.finditer(r"[^\W\d_]+", text)]
    found: list[tuple[int, int, int]] = []
    total = current = 0
    begin = end = -1
    previous = ""

    def close() -> None:
        nonlocal total, current, begin, end
        if begin >= 0:
            found.append((begin, end, total + current))
        total = current = 0
        begin = end = -1

    for at, stop, word in tokens:
        bare = (
            word[1:] if language == "ar" and word.startswith("و") and (word[1:] in small or word[1:] in large) else word
        )
        if bare in small:
            value = small[bare]
            if language == "fr" and value == 20 and previous == "quatre":
                current += 76  # quatre-vingts: four becomes eighty
            elif (begin >= 0 and current % 100 and value >= 100) or (
                begin >= 0 and current % 10 > 0 and value < 10 and language != "ar"
            ):
                close()
                current = value
            else:
                current += value
            begin = at if begin < 0 else begin
            end = stop
        elif bare in large and (begin >= 0 or large[bare] >= 100) and len(bare) > 1:
            value = large[bare]
            if value == 100:
                current = max(current, 1) * 100
            else:
                total += max(current, 1) * value
                current = 0
            begin = at if begin < 0 else begin
            end = stop
        elif word not in joins:
            close()
        previous = bare
    close()
    return found


def _with_unit(text: str, value: float, begin: int, end: int, other: float | None) -> _Number:
    match = re.match(r"\s*(?:de\s+|d['’]\s*)?([^\W\d_]+|%)", text[end:])
    word = match.group(1) if match else ""
    seconds = float(SECONDS[word]) if word in SECONDS else None
    percent = word == "%" or bool(
        re.match(r"\s*(?:%|per ?cent|por ciento|pour ?cent|por cento|في الميه|بالميه)", text[end:])
    )
    return _Number(value, begin, end, seconds, percent, other, False)


def _bare(text: str, number: _Number) -> bool:
    if number.seconds is not None or number.percent:
        return False
    written = text[number.begin : number.end]
    counted = re.match(r"\s*(?:de\s+|d['’]\s*)?([^\W\d_]+)", text[number.end :])
    of_accounts = counted is not None and counted.group(1).startswith((*lexicon.ACCOUNTS, *lexicon.FOLLOWERS))
    year = number.value == int(number.value) and 1990 <= number.value <= 2100 and written.isdigit() and not of_accounts
    dated = bool(
        re.match(
            r"\s*(?:de\s+)?(?:janv|febr|fev|mar|apr|abr|avr|may|mai|jun|jui|jul|aug|ago|aou|sep|set|oct|okt|out|nov|dec|dez|dic|يناير|اكتوبر|نوفمبر)",
            text[number.end :],
        )
    )
    article = number.value == 1 and not written.isdigit()
    return year or article or dated


def _window_alone(text: str) -> float | None:
    for word in re.findall(r"[^\W\d_]+", text):
        if word in ALONE:
            return float(ALONE[word])
    match = re.search(r"(?:in an|in a|en una|en un|en une|em um|em uma|per|خلال|في)\s+([^\W\d_]+)", text)
    return float(SECONDS[match.group(1)]) if match and match.group(1) in SECONDS else None


def _claim(text: str, number: _Number, language: str, window: float | None, handles: list[str]) -> ParsedClaim:
    words = re.findall(r"[^\W\d_]+", text)

    def says(stems: tuple[str, ...]) -> bool:
        return any(
            w.startswith(stem) or (language == "ar" and w.lstrip("وبال").startswith(stem))
            for w in words
            for stem in stems
        )

    restored, lost = says(lexicon.RESTORED), says(lexicon.LOST)
    followers = says(lexicon.FOLLOWERS)
    quantity = "restored" if restored else "fallen"
    if lost and not says(lexicon.FALLEN) and followers and not restored:
        quantity = "lost"
    unit = "percent" if number.percent else "followers" if followers and not says(lexicon.ACCOUNTS) else "accounts"
    qualifier = _qualifier(text[: number.begin][-40:], text[number.end :][:24])
    low, high = allowed(number.value, qualifier)
    population = handles[0] if handles else "all"
    return ParsedClaim(
        quantity, number.value, low, high, unit, window, population, qualifier, language, number.ambiguous
    )


def _qualifier(before: str, after: str) -> str:
    for name, phrases in QUALIFIERS:
        if any(re.search(rf"(?<!\w){re.escape(p)}\W*(?:\w+\W+)?$", before) for p in phrases):
            return name
    if re.match(r"\s*(?:\w+\s+){0,2}(?:تقريبا|approximately|aproximadamente|environ|or so)", after):
        return "about"
    return "plain"


def allowed(value: float, qualifier: str) -> tuple[float | None, float | None]:
    """The range within which a number said with this qualifier is true."""
    if qualifier == "about":
        return value * (1 - ABOUT), value * (1 + ABOUT)
    if qualifier == "almost":
        return value * (1 - ALMOST), value
    if qualifier in ("at_least", "more_than"):
        return value, None
    if qualifier == "at_most":
        return None, value
    if qualifier == "exactly":
        return value * (1 - EXACT), value * (1 + EXACT)
    return value * (1 - PLAIN), value * (1 + PLAIN)
