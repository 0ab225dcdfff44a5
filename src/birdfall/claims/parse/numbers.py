"""Numbers in a sentence: digits in every style, and number words in es, en, fr, ar, pt, alone and mixed ("6 mil 600", "1,4 million").

A number word either adds, in falling order of size (hundred, ten, one), or multiplies what stands before it (hundred, thousand,
million, dozen). Arabic says ones before tens, and everything it adds with "and".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from birdfall.claims.parse.tokens import Token, folded, forms


@dataclass(frozen=True, slots=True)
class Amount:
    """A number: tokens [begin, end). other: its other reading in digits, or None. about: a round word (a dozen). low, high: what
    a vague word (thousands) covers, or None. written: in digits alone. decimal: digits with a decimal mark.
    """

    value: float
    begin: int
    end: int
    other: float | None = None
    about: bool = False
    low: float | None = None
    high: float | None = None
    written: bool = False
    article: bool = False


def _words(text: str) -> dict[str, float]:
    return {
        folded(word): float(value)
        for word, _, value in (pair.partition("=") for pair in text.split())
    }


_EN = (
    "one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 fourteen=14 fifteen=15 "
    "sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 fourty=40 fifty=50 sixty=60 seventy=70 eighty=80 ninety=90 zero=0"
)
_ES = (
    "un=1 uno=1 una=1 dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 trece=13 catorce=14 quince=15 "
    "dieciséis=16 diecisiete=17 dieciocho=18 diecinueve=19 veinte=20 veintiún=21 veintiuno=21 veintiuna=21 veintidós=22 veintitrés=23 "
    "veinticuatro=24 veinticinco=25 veintiséis=26 veintisiete=27 veintiocho=28 veintinueve=29 treinta=30 cuarenta=40 cincuenta=50 sesenta=60 "
    "setenta=70 ochenta=80 noventa=90 cien=100 ciento=100 doscientos=200 doscientas=200 trescientos=300 trescientas=300 cuatrocientos=400 "
    "cuatrocientas=400 quinientos=500 quinientas=500 seiscientos=600 seiscientas=600 setecientos=700 setecientas=700 ochocientos=800 "
    "ochocientas=800 novecientos=900 novecientas=900 cero=0"
)
_PT = (
    "um=1 uma=1 dois=2 duas=2 três=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11 doze=12 treze=13 catorze=14 quatorze=14 "
    "quinze=15 dezesseis=16 dezasseis=16 dezessete=17 dezassete=17 dezoito=18 dezenove=19 dezanove=19 vinte=20 trinta=30 quarenta=40 cinquenta=50 "
    "sessenta=60 setenta=70 oitenta=80 noventa=90 cem=100 cento=100 duzentos=200 duzentas=200 trezentos=300 trezentas=300 quatrocentos=400 "
    "quatrocentas=400 quinhentos=500 quinhentas=500 seiscentos=600 seiscentas=600 setecentos=700 setecentas=700 oitocentos=800 oitocentas=800 "
    "novecentos=900 novecentas=900 zero=0"
)
_FR = (
    "un=1 une=1 deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 neuf=9 dix=10 onze=11 douze=12 treize=13 quatorze=14 quinze=15 seize=16 "
    "vingt=20 vingts=20 trente=30 quarante=40 cinquante=50 soixante=60 septante=70 octante=80 huitante=80 nonante=90 zéro=0"
)
_AR_ONES = (("واحد", "واحده", "احد", "احدي"), ("اثنان", "اثنين", "اثنتان", "اثنتين", "اثنا", "اثني", "اثنتا", "اثنتي"),
    ("ثلاثه", "ثلاث"), ("اربعه", "اربع"), ("خمسه", "خمس"), ("سته", "ست"), ("سبعه", "سبع"), ("ثمانيه", "ثماني", "ثمان"),
    ("تسعه", "تسع"))  # fmt: skip
_AR_TENS = ("عشر", "ثلاث", "اربع", "خمس", "ست", "سبع", "ثمان", "تسع")


def _arabic() -> dict[str, float]:
    found: dict[str, float] = {"صفر": 0, "عشر": 10, "عشره": 10}
    for value, names in enumerate(_AR_ONES, 1):
        found |= {folded(name): float(value) for name in names}
        for name in names if value > 2 else ():
            found |= {
                folded(name.removesuffix("ه") + hundred): value * 100.0
                for hundred in ("مئه", "مائه", "ميه", "مايه")
            }
    for value, name in enumerate(_AR_TENS, 2):
        found |= {folded(name + end): value * 10.0 for end in ("ون", "ين")}
    found |= {
        folded(word): 200.0
        for word in (
            "مئتان",
            "مئتين",
            "مائتان",
            "مائتين",
            "ميتين",
            "ميتان",
            "مئتا",
            "مئتي",
            "مائتا",
            "مائتي",
        )
    }
    return found


#: Words that add, by language.
ADDS: dict[str, dict[str, float]] = {
    "en": _words(_EN),
    "es": _words(_ES),
    "fr": _words(_FR),
    "ar": _arabic(),
    "pt": _words(_PT),
}
#: Words that multiply what stands before them.
TIMES: dict[str, dict[str, float]] = {
    "en": _words("hundred=100 thousand=1000 k=1000 million=1000000 millions=1000000 m=1000000 mn=1000000 billion=1000000000"),
    "es": _words("mil=1000 k=1000 millón=1000000 millones=1000000 m=1000000"),
    "fr": _words("cent=100 cents=100 mille=1000 mil=1000 k=1000 million=1000000 millions=1000000 m=1000000 milliard=1000000000"),
    "ar": _words("مئة=100 مائة=100 مية=100 ألف=1000 آلاف=1000 ألفا=1000 مليون=1000000 مليونا=1000000 ملايين=1000000 الفات=1000"),
    "pt": _words("mil=1000 k=1000 milhão=1000000 milhões=1000000 m=1000000 mi=1000000"),
}  # fmt: skip
#: Arabic twos of what multiplies.
_TWOS = _words("ألفان=2000 ألفين=2000 ألفي=2000 مليونان=2000000 مليونين=2000000 مليوني=2000000")
#: Round words: a dozen of. In the plural and without a number they are vague.
ROUND: dict[str, dict[str, float]] = {
    "en": _words("dozen=12 dozens=12 hundreds=100 thousands=1000 millions=1000000 couple=2 tens=10 scores=20"),
    "es": _words("docena=12 docenas=12 decena=10 decenas=10 veintena=20 treintena=30 cincuentena=50 centenar=100 centenares=100 centena=100 "
        "centenas=100 cientos=100 millar=1000 millares=1000 miles=1000 millones=1000000 par=2"),
    "fr": _words("douzaine=12 douzaines=12 dizaine=10 dizaines=10 quinzaine=15 vingtaine=20 trentaine=30 quarantaine=40 cinquantaine=50 "
        "soixantaine=60 centaine=100 centaines=100 millier=1000 milliers=1000 millions=1000000 paire=2"),
    "ar": _words("دزينة=12 عشرات=10 مئات=100 آلاف=1000 ألوف=1000 ملايين=1000000"),
    "pt": _words("dúzia=12 dúzias=12 dezena=10 dezenas=10 vintena=20 centena=100 centenas=100 milhar=1000 milhares=1000 milhões=1000000 par=2"),
}  # fmt: skip
#: Exact round words; the others are said of about so many.
_EXACT = {
    folded(w)
    for w in ("dozen", "docena", "douzaine", "دزينة", "dúzia", "docenas", "douzaines", "dúzias")
}
_PLURAL = {
    folded(w)
    for w in (
        "dozens",
        "hundreds",
        "thousands",
        "millions",
        "tens",
        "scores",
        "docenas",
        "decenas",
        "centenares",
        "centenas",
        "cientos",
        "millares",
        "miles",
        "millones",
        "douzaines",
        "dizaines",
        "centaines",
        "milliers",
        "عشرات",
        "مئات",
        "آلاف",
        "ألوف",
        "ملايين",
        "dúzias",
        "dezenas",
        "milhares",
        "milhões",
    )
}
HALVES = {folded(w) for w in ("half", "medio", "media", "demi", "demie", "meio", "meia", "نصف")}
#: A few of what follows.
FEW = {
    folded(w)
    for w in (
        "few",
        "several",
        "many",
        "unos",
        "unas",
        "pocos",
        "pocas",
        "varios",
        "varias",
        "algunos",
        "algunas",
        "quelques",
        "plusieurs",
        "poucos",
        "poucas",
        "vários",
        "várias",
        "alguns",
        "algumas",
        "عدة",
        "بضع",
        "بضعة",
    )
}
_ARTICLES = {"a", "an", "un", "une", "una", "uno", "um", "uma"}
_JOINS = {"en": {"and"}, "es": {"y"}, "fr": {"et"}, "ar": {"و"}, "pt": {"e"}}
#: "And one" looks like "one" once its letters are folded.
_AND_ONE = {folded(word) for word in ("وأحد", "وواحد", "وإحدى", "وواحدة", "واحدة")}
_AR_ONE = {folded(word) for word in ("أحد", "إحدى", "واحد", "واحدة", "الواحد")}
_OF = {"of", "de", "d", "من"}
LANGUAGES = tuple(ADDS)


def amounts(words: list[Token], language: str) -> list[Amount]:
    """All numbers, in order, not touching each other."""
    found: list[Amount] = []
    at = 0
    while at < len(words):
        one = (
            _vague(words, at, language)
            or _half(words, at, language)
            or _Reading(words, at, language).amount()
        )
        if one is None:
            at += 1
        else:
            found.append(one)
            at = one.end
    return found


@cache
def _lookup(word: str, language: str) -> tuple[bool, str, float] | None:
    """(joined by an Arabic "and" written onto it, "adds" | "times" | "twos" | "round", value) of a word."""
    for form in forms(word) if language == "ar" else (word,):
        joined = form != word and word.startswith(("و", "ف"))
        if form in _TWOS and language == "ar":
            return joined, "twos", _TWOS[form]
        if form in ADDS[language]:
            return joined, "adds", ADDS[language][form]
        if form in TIMES[language]:
            return joined, "times", TIMES[language][form]
        if form in ROUND[language]:
            return joined, "round", ROUND[language][form]
    return None


def _vague(words: list[Token], at: int, language: str) -> Amount | None:
    """ "thousands", "tens of thousands", "a few hundred", "varios miles": from two to ten of them."""
    begin = at
    few = words[at].text in FEW
    while at < len(words) and (words[at].text in FEW or (few and words[at].text in (*_OF, "a"))):
        at += 1
    unit, end = 1.0, at
    while at < len(words) and words[at].kind == "word":
        seen = _lookup(words[at].text, language)
        bare = next((f for f in forms(words[at].text) if f in _PLURAL), None)
        many = (
            seen is not None
            and seen[1] in ("round", "times")
            and (bare is not None or few or unit > 1)
        )
        if not many or seen is None or len(words[at].text) < 3:
            break
        unit, end = unit * seen[2], at + 1
        at += 2 if at + 1 < len(words) and words[at + 1].text in _OF else 1
    if end == begin or unit < 10 or (unit < 100 and few and end - begin < 2):
        return None
    return Amount(2 * unit, begin, end, low=2 * unit, high=10 * unit)


def _half(words: list[Token], at: int, language: str) -> Amount | None:
    """ "half a million", "media docena", "un demi-millier"."""
    begin = at
    if words[at].text in _ARTICLES and at + 1 < len(words) and words[at + 1].text in HALVES:
        at += 1
    if not any(f in HALVES for f in forms(words[at].text)):
        return None
    at += 1
    if at < len(words) and words[at].text in _ARTICLES:
        at += 1
    seen = _lookup(words[at].text, language) if at < len(words) else None
    if seen is None or seen[1] not in ("times", "round") or len(words[at].text) < 3:
        return None
    return Amount(seen[2] / 2, begin, at + 1, about=seen[2] != 12)


class _Reading:
    """One number read from a place on: what is complete (`total`), the group below a thousand, and how much room it has left."""

    def __init__(self, words: list[Token], at: int, language: str) -> None:
        self.words, self.language = words, language
        self.begin = self.at = self.end = at
        self.total, self.group, self.room, self.scale = 0.0, 0.0, 1000.0, 1e12
        self.touched = self.about = False
        self.other: float | None = None
        self.pieces = 0
        self.digits = 0

    def amount(self) -> Amount | None:
        while self.at < len(self.words):
            joined = False
            at = self.at
            if self.pieces and self.words[at].text in _JOINS[self.language]:
                joined, at = True, at + 1
            elif (
                self.pieces
                and self.words[at].text == ","
                and self.language == "pt"
                and not self.touched
                and self.scale <= 1e6
            ):
                at += 1  # "duzentos mil, quatrocentos e um"
            if at >= len(self.words) or not self._take(self.words[at], joined, at):
                break
            self.pieces += 1
            self.at = self.end = at + 1
        self._and_a_half()
        if not self.pieces:
            return None
        first = self.words[self.begin].text
        return Amount(
            self.total + self.group,
            self.begin,
            self.end,
            self.other,
            self.about,
            written=self.digits == self.pieces == 1,
            article=(self.pieces == 1 and first in _ARTICLES)
            or (self.pieces == 1 and first in _AR_ONE),
        )

    def _take(self, token: Token, joined: bool, at: int) -> bool:
        if token.kind == "digits":
            return self._take_digits(token, joined)
        if token.kind != "word":
            return False
        seen = _lookup(token.text, self.language)
        if seen is None:
            return False
        written_on, kind, value = seen
        joined = joined or written_on
        if self.pieces and self.digits == self.pieces and kind == "adds":
            return False
        if kind == "adds":
            return self._add(value, joined, at)
        if kind == "twos":
            return self._whole(value, 10 ** (len(str(int(value))) - 1), joined)
        if kind == "round":
            return self._round(value, token.text)
        # "k" and "m" stand close to digits only
        if (
            len(token.text) <= 2
            and token.text != "mi"
            and not (self.digits and self.digits == self.pieces)
        ):
            return False
        return self._hundred(joined) if value == 100 else self._multiply(value, joined)

    def _take_digits(self, token: Token, joined: bool) -> bool:
        value, other, whole = read_digits(token.text, self.language)
        if not self.pieces:
            self.group, self.other, self.touched, self.room = value, other, True, 0.0
            self.digits += 1
            return True
        # "6 mil 600"; "6 mil y 50 volvieron" are two numbers
        fits = whole and 100 <= value < 1000 and not self.touched and self.scale == 1000
        if not fits or (joined and self.language in ("es", "en")):
            return False
        self.group, self.touched, self.room = value, True, 0.0
        self.digits += 1
        return True

    def _add(self, value: float, joined: bool, at: int) -> bool:
        language, before = self.language, self.words[at - 1].text if at else ""
        if value == 0:
            self.room = 0.0
            return not self.pieces
        if (
            language == "fr"
            and value == 20
            and before == "quatre"
            and self.group % 10 == 4
            and self.group % 100 < 10
        ):
            self.group += 76
            self.room = 20.0
            return True
        if language == "fr" and value in (7, 8, 9) and before == "dix" and self.touched:
            self.group += value
            return True
        if language == "ar" and self.pieces and self.words[at].text in _AND_ONE:
            joined = True
        if language == "ar" and self.touched:
            if value == 10 and not joined and 0 < self.group % 100 < 10:  # three ten: thirteen
                self.group, self.room = self.group + 10, 0.0
                return True
            if (
                joined
                and value in range(20, 100, 10)
                and 0 < self.group % 100 < 10
                and self.room == 0
            ):
                self.group, self.room = self.group + value, -1.0
                return True
            if not joined:
                return False
        elif language == "ar" and self.pieces and not joined:
            return False
        if value >= self.room or not self._may_join(value, joined):
            return False
        self.group += value
        self.touched = True
        if value >= 100:
            self.room = 100.0
        elif value >= 20 and value % 10 == 0:
            self.room = 20.0 if language == "fr" and value == 60 else 10.0
        else:
            self.room = 0.0
        return True

    def _may_join(self, value: float, joined: bool) -> bool:
        """Whether the language joins (or leaves unjoined) at this place."""
        if not self.pieces or self.language in ("ar", "pt"):
            return True
        tens = self.room in (10.0, 20.0)
        if self.language == "en":
            return not (joined and tens)
        if self.language == "es":
            return joined == tens or (not joined and not tens)
        return not joined or (tens and value in (1, 11))

    def _hundred(self, joined: bool) -> bool:
        """A word that makes hundreds of the ones before it: English, French, Arabic."""
        if joined:
            if self.language != "ar" or self.room < 1000:
                return False
            self.group, self.touched, self.room = 100.0, True, 100.0
            return True
        if self.touched and not (1 <= self.group < 100 and self.room <= 0):
            return False
        self.group = (self.group if self.touched else 1.0) * 100
        self.touched, self.room = True, 100.0
        return True

    def _multiply(self, value: float, joined: bool) -> bool:
        if value >= self.scale or (joined and self.touched) or (joined and self.language != "ar"):
            return False
        if self.touched or not self.pieces or joined or value > 1000:
            part = self.group if self.touched else 1.0
            if self.touched and self.digits and self.other is not None:
                part, self.other = (
                    self.other,
                    None,
                )  # 3.348 million is a decimal, whatever the language writes for thousands
            if value > 1000 and 0 < self.total < value:  # "ciento veinte mil millones"
                part, self.total = self.total + (self.group if self.touched else 0.0), 0.0
            self.total += part * value
        else:
            self.total += value
        self.group, self.touched, self.room, self.scale = 0.0, False, 1000.0, value
        return True

    def _whole(self, value: float, scale: float, joined: bool) -> bool:
        if self.touched or scale >= self.scale or (self.pieces and not joined):
            return False
        self.total += value
        self.room, self.scale = 1000.0, scale
        return True

    def _round(self, value: float, word: str) -> bool:
        if self.total or (self.touched and self.group >= 1000):
            return False
        self.group = (self.group if self.touched else 1.0) * value
        self.touched, self.room, self.scale = True, 0.0, 1.0
        self.about = word not in _EXACT and value != 2
        return True

    def _and_a_half(self) -> None:
        """ "millón y medio", "two and a half thousand", "six mille et demi"."""
        words, at = self.words, self.at
        if not self.pieces or at >= len(words):
            return
        written_on = self.language == "ar" and words[at].text == "و" + "نصف"
        if not written_on:
            if words[at].text not in _JOINS[self.language]:
                return
            at += 1
            if at < len(words) and words[at].text in _ARTICLES:
                at += 1
            if at >= len(words) or words[at].text not in HALVES:
                return
        if self.scale <= 1e9 and self.scale >= 1000 and not self.touched:
            self.total += self.scale / 2
            self.end = self.at = at + 1
        elif self.touched and at + 1 < len(words):
            seen = _lookup(words[at + 1].text, self.language)
            if seen is not None and seen[1] == "times" and seen[2] >= 1000:
                self.total, self.group = (self.group + 0.5) * seen[2], 0.0
                self.end = self.at = at + 2


def read_digits(text: str, language: str) -> tuple[float, float | None, bool]:
    """The value of a number in digits, its other reading if the language does not settle one, and whether it is whole."""
    marks = re.findall(r"[.,]", text)
    grouped = re.sub(r"[' _]", "", text)
    thousands = "," if language in ("en", "ar") else "."
    if len(set(marks)) == 2:  # 1.234,5 or 1,234.5: the last one is the decimal mark
        decimal = marks[-1]
        return (
            float(grouped.replace("," if decimal == "." else ".", "").replace(decimal, ".")),
            None,
            False,
        )
    if not marks:
        return float(grouped), None, True
    joined = float(re.sub(r"[.,]", "", grouped))
    if len(marks) > 1:
        return joined, None, True
    split = float(grouped.replace(marks[0], "."))
    if len(re.split(r"[.,]", grouped)[1]) != 3 or grouped.startswith("0"):
        return split, None, False
    # one mark and three digits: thousands where the language writes them so; else both are possible
    return (joined, None, True) if marks[0] == thousands else (joined, split, True)
