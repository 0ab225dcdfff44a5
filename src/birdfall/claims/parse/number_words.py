"""Numerals of five languages: data for `numbers`, which joins them by the rules of each language.

A numeral is written as it is spelled and is folded on loading: `word=value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from birdfall.claims.parse.tokens import fold, fold_words

Numerals = Mapping[str, float]


def numerals(text: str) -> dict[str, float]:
    """Values by folded word, from pairs `word=value` separated by spaces.

    Examples
    --------
    >>> numerals("três=3 mil=1000")
    {'tres': 3.0, 'mil': 1000.0}
    """
    return {
        fold(word): float(value)
        for word, _, value in (pair.partition("=") for pair in text.split())
    }


def _arabic_numerals() -> dict[str, float]:
    """Ones, tens and the hundreds written as one word; Arabic builds them from the ones."""
    found: dict[str, float] = {"صفر": 0, "عشر": 10, "عشره": 10}
    for value, names in enumerate(_ARABIC_ONES, 1):
        found |= {fold(name): float(value) for name in names}
        for name in names if value > 2 else ():
            found |= {
                fold(name.removesuffix("ه") + hundred): value * 100.0
                for hundred in ("مئه", "مائه", "ميه", "مايه")
            }
    for value, name in enumerate(_ARABIC_TENS, 2):
        found |= {fold(name + end): value * 10.0 for end in ("ون", "ين")}
    return found | dict.fromkeys(_ARABIC_TWO_HUNDREDS, 200.0)


_ARABIC_ONES: Final = (
    ("واحد", "واحده", "احد", "احدي"),
    ("اثنان", "اثنين", "اثنتان", "اثنتين", "اثنا", "اثني", "اثنتا", "اثنتي"),
    ("ثلاثه", "ثلاث", "ثلاثا"),
    ("اربعه", "اربع", "اربعا"),
    ("خمسه", "خمس", "خمسا"),
    ("سته", "ست", "ستا"),
    ("سبعه", "سبع", "سبعا"),
    ("ثمانيه", "ثماني", "ثمان", "ثمانيا"),
    ("تسعه", "تسع", "تسعا"),
)
_ARABIC_TENS: Final = ("عشر", "ثلاث", "اربع", "خمس", "ست", "سبع", "ثمان", "تسع")
_ARABIC_TWO_HUNDREDS: Final = fold_words(
    "مئتان مئتين مائتان مائتين ميتين ميتان مئتا مئتي مائتا مائتي"
)

#: Numerals that add to what stands before them, by language.
ADDED: Final[Mapping[str, Numerals]] = {
    "en": numerals(
        "one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 "
        "twelve=12 thirteen=13 fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 "
        "nineteen=19 twenty=20 thirty=30 forty=40 fourty=40 fifty=50 sixty=60 seventy=70 "
        "eighty=80 ninety=90 zero=0"
    ),
    "es": numerals(
        "un=1 uno=1 una=1 dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 "
        "once=11 doce=12 trece=13 catorce=14 quince=15 dieciséis=16 diecisiete=17 dieciocho=18 "
        "diecinueve=19 veinte=20 veintiún=21 veintiuno=21 veintiuna=21 veintidós=22 "
        "veintitrés=23 veinticuatro=24 veinticinco=25 veintiséis=26 veintisiete=27 veintiocho=28 "
        "veintinueve=29 treinta=30 cuarenta=40 cincuenta=50 sesenta=60 setenta=70 ochenta=80 "
        "noventa=90 cien=100 ciento=100 doscientos=200 doscientas=200 trescientos=300 "
        "trescientas=300 cuatrocientos=400 cuatrocientas=400 quinientos=500 quinientas=500 "
        "seiscientos=600 seiscientas=600 setecientos=700 setecientas=700 ochocientos=800 "
        "ochocientas=800 novecientos=900 novecientas=900 cero=0"
    ),
    "fr": numerals(
        "un=1 une=1 deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 neuf=9 dix=10 onze=11 "
        "douze=12 treize=13 quatorze=14 quinze=15 seize=16 vingt=20 vingts=20 trente=30 "
        "quarante=40 cinquante=50 soixante=60 septante=70 octante=80 huitante=80 nonante=90 "
        "zéro=0"
    ),
    "ar": _arabic_numerals(),
    "pt": numerals(
        "um=1 uma=1 dois=2 duas=2 três=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 "
        "onze=11 doze=12 treze=13 catorze=14 quatorze=14 quinze=15 dezesseis=16 dezasseis=16 "
        "dezessete=17 dezassete=17 dezoito=18 dezenove=19 dezanove=19 vinte=20 trinta=30 "
        "quarenta=40 cinquenta=50 sessenta=60 setenta=70 oitenta=80 noventa=90 cem=100 cento=100 "
        "duzentos=200 duzentas=200 trezentos=300 trezentas=300 quatrocentos=400 quatrocentas=400 "
        "quinhentos=500 quinhentas=500 seiscentos=600 seiscentas=600 setecentos=700 "
        "setecentas=700 oitocentos=800 oitocentas=800 novecentos=900 novecentas=900 zero=0"
    ),
}
#: Numerals that multiply what stands before them, by language.
MULTIPLIERS: Final[Mapping[str, Numerals]] = {
    "en": numerals(
        "hundred=100 thousand=1000 k=1000 million=1000000 millions=1000000 m=1000000 mn=1000000 "
        "billion=1000000000"
    ),
    "es": numerals("mil=1000 k=1000 millón=1000000 millones=1000000 m=1000000"),
    "fr": numerals(
        "cent=100 cents=100 mille=1000 mil=1000 k=1000 million=1000000 millions=1000000 "
        "m=1000000 milliard=1000000000"
    ),
    "ar": numerals(
        "مئة=100 مائة=100 مية=100 ألف=1000 آلاف=1000 ألفا=1000 مليون=1000000 مليونا=1000000 "
        "ملايين=1000000 الفات=1000"
    ),
    "pt": numerals("mil=1000 k=1000 milhão=1000000 milhões=1000000 m=1000000 mi=1000000"),
}
#: Arabic duals: two of a multiplier in one word.
ARABIC_DUALS: Final = numerals(
    "ألفان=2000 ألفين=2000 ألفي=2000 مليونان=2000000 مليونين=2000000 مليوني=2000000"
)
#: A thousand or a million in the accusative; before what is counted, the dual without its n.
ARABIC_SHORT_DUALS: Final = fold_words("ألفا مليونا")
ARABIC_COUNTED: Final = (fold("حساب"), fold("متابع"), fold("مستخدم"))
#: Round numerals: a dozen of. In the plural and without a number they are vague.
ROUND: Final[Mapping[str, Numerals]] = {
    "en": numerals(
        "dozen=12 dozens=12 hundreds=100 thousands=1000 millions=1000000 couple=2 tens=10 scores=20"
    ),
    "es": numerals(
        "docena=12 docenas=12 decena=10 decenas=10 veintena=20 treintena=30 cincuentena=50 "
        "centenar=100 centenares=100 centena=100 centenas=100 cientos=100 millar=1000 "
        "millares=1000 miles=1000 millones=1000000 par=2"
    ),
    "fr": numerals(
        "douzaine=12 douzaines=12 dizaine=10 dizaines=10 quinzaine=15 vingtaine=20 trentaine=30 "
        "quarantaine=40 cinquantaine=50 soixantaine=60 centaine=100 centaines=100 millier=1000 "
        "milliers=1000 millions=1000000 paire=2"
    ),
    "ar": numerals(
        "حسابان=2 حسابين=2 دزينة=12 عشرات=10 مئات=100 آلاف=1000 ألوف=1000 ملايين=1000000"
    ),
    "pt": numerals(
        "dúzia=12 dúzias=12 dezena=10 dezenas=10 vintena=20 centena=100 centenas=100 milhar=1000 "
        "milhares=1000 milhões=1000000 par=2"
    ),
}
#: Round numerals that are exact; the others mean about so many.
EXACT_ROUND: Final = fold_words(
    "dozen docena douzaine دزينة dúzia docenas douzaines dúzias حسابان حسابين"
)
#: Before a round numeral: two of it, or so.
COUPLE: Final = 2
COUPLES: Final = fold_words("couple par paire")
#: Plurals that are vague without a number: thousands.
VAGUE_PLURALS: Final = fold_words(
    "dozens hundreds thousands millions tens scores docenas decenas centenares centenas cientos "
    "millares miles millones douzaines dizaines centaines milliers عشرات مئات آلاف ألوف ملايين "
    "dúzias dezenas milhares milhões"
)
HALVES: Final = fold_words("half medio media demi demie meio meia نصف")
#: A few of what follows.
FEW: Final = fold_words(
    "few several many unos unas pocos pocas varios varias algunos algunas quelques plusieurs "
    "poucos poucas vários várias alguns algumas عدة بضع بضعة"
)
INDEFINITE_ARTICLES: Final = fold_words("a an un une una uno um uma")
#: Arabic "one", which is an article after its noun.
ARABIC_ONE: Final = fold_words("أحد إحدى واحد واحدة الواحد")
#: "And one" looks like "one" once its letters are folded.
ARABIC_AND_ONE: Final = fold_words("وأحد وواحد وإحدى وواحدة واحدة")
#: Written onto a hundred it makes it "percent".
ARABIC_PER: Final = "بال"
#: Weekdays that look like three and four once their letters are folded.
ARABIC_WEEKDAYS: Final = (fold("الثلاثاء"), fold("الأربعاء"))
ARABIC_AND_HALF: Final = fold("ونصف")
#: The "and" within a number, by language.
AND_IN_NUMBER: Final[Mapping[str, str]] = {"en": "and", "es": "y", "fr": "et", "ar": "و", "pt": "e"}
#: Between a vague numeral and what it multiplies: tens of thousands.
OF_NUMERAL: Final = fold_words("of de d من")
#: Between "a few" and its numeral.
AFTER_FEW: Final = OF_NUMERAL | {"a"}
LANGUAGES: Final = tuple(ADDED)
