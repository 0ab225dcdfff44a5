"""The words of claims in five languages: numbers, units of time, what happened, and how strictly it is meant."""

from __future__ import annotations

from typing import Final

Numbers = dict[str, int]


def _numbers(text: str) -> Numbers:
    return {word: int(value) for word, _, value in (pair.partition("=") for pair in text.split())}


_EN = _numbers(
    "zero=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 fourteen=14 fifteen=15 "
    "sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 fifty=50 sixty=60 seventy=70 eighty=80 ninety=90"
)
_ES = _numbers(
    "cero=0 un=1 uno=1 una=1 dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 trece=13 catorce=14 quince=15 "
    "dieciseis=16 diecisiete=17 dieciocho=18 diecinueve=19 veinte=20 veintiun=21 veintiuno=21 veintiuna=21 veintidos=22 veintitres=23 "
    "veinticuatro=24 veinticinco=25 veintiseis=26 veintisiete=27 veintiocho=28 veintinueve=29 treinta=30 cuarenta=40 cincuenta=50 sesenta=60 "
    "setenta=70 ochenta=80 noventa=90 cien=100 ciento=100 doscientos=200 doscientas=200 trescientos=300 trescientas=300 cuatrocientos=400 "
    "cuatrocientas=400 quinientos=500 quinientas=500 seiscientos=600 seiscientas=600 setecientos=700 setecientas=700 ochocientos=800 "
    "ochocientas=800 novecientos=900 novecientas=900"
)
_PT = _numbers(
    "zero=0 um=1 uma=1 dois=2 duas=2 tres=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11 doze=12 treze=13 catorze=14 quatorze=14 "
    "quinze=15 dezesseis=16 dezasseis=16 dezessete=17 dezassete=17 dezoito=18 dezenove=19 dezanove=19 vinte=20 trinta=30 quarenta=40 cinquenta=50 "
    "sessenta=60 setenta=70 oitenta=80 noventa=90 cem=100 cento=100 duzentos=200 duzentas=200 trezentos=300 trezentas=300 quatrocentos=400 "
    "quatrocentas=400 quinhentos=500 quinhentas=500 seiscentos=600 seiscentas=600 setecentos=700 setecentas=700 oitocentos=800 oitocentas=800 "
    "novecentos=900 novecentas=900"
)
_FR = _numbers(
    "zero=0 un=1 une=1 deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 neuf=9 dix=10 onze=11 douze=12 treize=13 quatorze=14 quinze=15 seize=16 "
    "vingt=20 vingts=20 trente=30 quarante=40 cinquante=50 soixante=60 septante=70 octante=80 huitante=80 nonante=90"
)
_AR = _numbers(
    "صفر=0 واحد=1 واحده=1 اثنان=2 اثنين=2 اثنتين=2 ثلاثه=3 ثلاث=3 اربعه=4 اربع=4 خمسه=5 خمس=5 سته=6 ست=6 سبعه=7 سبع=7 ثمانيه=8 ثماني=8 ثمان=8 "
    "تسعه=9 تسع=9 عشره=10 عشر=10 عشرون=20 عشرين=20 ثلاثون=30 ثلاثين=30 اربعون=40 اربعين=40 خمسون=50 خمسين=50 ستون=60 ستين=60 سبعون=70 "
    "سبعين=70 ثمانون=80 ثمانين=80 تسعون=90 تسعين=90 مئه=100 مايه=100 مئتان=200 مئتين=200 مايتين=200 ثلاثمئه=300 ثلاثمايه=300 اربعمئه=400 "
    "اربعمايه=400 خمسمئه=500 خمسمايه=500 ستمئه=600 ستمايه=600 سبعمئه=700 سبعمايه=700 ثمانمئه=800 ثمانمايه=800 تسعمئه=900 تسعمايه=900 "
    "الفان=2000 الفين=2000"
)

#: Words for numbers below a thousand, per language, without accents and in lower case.
SMALL: Final[dict[str, Numbers]] = {"en": _EN, "es": _ES, "fr": _FR, "ar": _AR, "pt": _PT}
#: Words that multiply what stands before them.
LARGE: Final[dict[str, Numbers]] = {
    "en": _numbers("hundred=100 thousand=1000 k=1000 million=1000000 millions=1000000 m=1000000"),
    "es": _numbers("mil=1000 k=1000 millon=1000000 millones=1000000 m=1000000"),
    "fr": _numbers("cent=100 cents=100 mille=1000 k=1000 million=1000000 millions=1000000 m=1000000"),
    "ar": _numbers("الف=1000 الاف=1000 الفا=1000 مليون=1000000 ملايين=1000000"),
    "pt": _numbers("mil=1000 k=1000 milhao=1000000 milhoes=1000000 m=1000000"),
}
#: Words that join number words and mean nothing by themselves.
JOINS: Final = {"en": {"and"}, "es": {"y"}, "fr": {"et"}, "ar": {"و"}, "pt": {"e"}}

SECONDS: Final[Numbers] = _numbers(
    "second=1 seconds=1 segundo=1 segundos=1 seconde=1 secondes=1 ثانيه=1 ثواني=1 ثوان=1 "
    "minute=60 minutes=60 min=60 mins=60 minuto=60 minutos=60 دقيقه=60 دقايق=60 دقائق=60 "
    "hour=3600 hours=3600 hora=3600 horas=3600 heure=3600 heures=3600 ساعه=3600 ساعات=3600 "
    "day=86400 days=86400 dia=86400 dias=86400 jour=86400 jours=86400 يوم=86400 ايام=86400 يوما=86400 "
    "week=604800 weeks=604800 semana=604800 semanas=604800 semaine=604800 semaines=604800 اسبوع=604800 اسابيع=604800"
)
#: Times that need no number.
ALONE: Final[Numbers] = {"ساعتين": 7200, "يومين": 172800, "دقيقتين": 120, "hourly": 3600}

#: What happened, by stems at the beginning of a word.
RESTORED: Final = ("restor", "reinstat", "restaur", "restablec", "retabl", "reactiv", "recuper", "returned", "back", "volvi", "regres", "revenu",
    "voltaram", "استعاد", "اعاده", "عادت", "عاد", "اعيد")  # fmt: skip
FALLEN: Final = ("suspend", "clos", "cerra", "cerro", "cayer", "caye", "fell", "fall", "vanish", "desapar", "disappear", "remov", "elimin", "borra",
    "delet", "supprim", "ferm", "disparu", "tomb", "cairam", "caiu", "sumi", "exclu", "bloque", "bloqu", "ban", "عل", "تعليق", "اغلا", "اغلق", "حذف", "سقط", "اختف", "لوقف", "taken", "took", "tumb", "dado de baja", "baja")  # fmt: skip
LOST: Final = ("los", "perd", "فقد", "خسر", "drop", "baj", "descend")
FOLLOWERS: Final = ("follower", "seguidor", "abonne", "متابع", "seguidores", "audience")
ACCOUNTS: Final = (
    "account",
    "cuenta",
    "compte",
    "حساب",
    "conta",
    "perfil",
    "profile",
    "user",
    "usuario",
    "utilisateur",
)

#: How strictly a number is meant: words, in the order they are looked for.
QUALIFIERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("at_least", ("at least", "no fewer", "al menos", "por lo menos", "como minimo", "au moins", "pelo menos", "ao menos", "على الاقل", "لا يقل عن")),
    ("more_than", ("more than", "over", "above", "mas de", "plus de", "plus d", "mais de", "اكثر من", "ما يزيد على", "ما يزيد عن")),
    ("at_most", ("at most", "up to", "no more than", "fewer than", "less than", "a lo sumo", "hasta", "menos de", "como maximo", "au plus", "jusqu", "moins de",
        "no maximo", "ate", "على الاكثر", "اقل من", "حتي")),
    ("almost", ("almost", "nearly", "casi", "presque", "pres de", "quase", "perto de", "ما يقارب", "قرابه", "زهاء")),
    ("about", ("about", "around", "some", "roughly", "approximately", "unas", "unos", "cerca de", "alrededor de", "aproximadamente", "environ",
        "quelque", "autour de", "mais ou menos", "حوالي", "نحو", "تقريبا")),
    ("exactly", ("only", "exactly", "just", "solo", "solamente", "exactamente", "apenas", "seulement", "exactement", "somente", "exatamente", "فقط", "بالضبط")),
)  # fmt: skip

#: Words that give a language away.
TELLS: Final = {
    "en": {
        "the",
        "accounts",
        "in",
        "of",
        "were",
        "followers",
        "than",
        "more",
        "minutes",
        "ten",
        "at",
        "and",
        "hours",
        "lost",
        "was",
        "have",
        "been",
    },
    "es": {
        "cuentas",
        "en",
        "de",
        "los",
        "las",
        "seguidores",
        "minutos",
        "fueron",
        "mas",
        "diez",
        "el",
        "una",
        "y",
        "hora",
        "horas",
        "perdio",
        "mil",
    },
    "fr": {
        "comptes",
        "en",
        "les",
        "des",
        "abonnes",
        "minutes",
        "ont",
        "ete",
        "plus",
        "dix",
        "une",
        "le",
        "et",
        "heure",
        "heures",
        "de",
        "mille",
    },
    "pt": {
        "contas",
        "em",
        "dos",
        "das",
        "seguidores",
        "minutos",
        "foram",
        "mais",
        "dez",
        "uma",
        "o",
        "os",
        "e",
        "hora",
        "horas",
        "mil",
        "perdeu",
    },
}
