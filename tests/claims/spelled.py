"""Numbers written out in five languages: an independent speller for tests of the parser."""

EN = [
    "",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
EN_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ES = [
    "",
    *[
        "uno",
        "dos",
        "tres",
        "cuatro",
        "cinco",
        "seis",
        "siete",
        "ocho",
        "nueve",
        "diez",
        "once",
        "doce",
        "trece",
        "catorce",
        "quince",
    ],
    *[
        "dieciséis",
        "diecisiete",
        "dieciocho",
        "diecinueve",
        "veinte",
        "veintiuno",
        "veintidós",
        "veintitrés",
    ],
    *["veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho", "veintinueve"],
]
ES_TENS = [
    "",
    "",
    "",
    "treinta",
    "cuarenta",
    "cincuenta",
    "sesenta",
    "setenta",
    "ochenta",
    "noventa",
]
ES_HUNDREDS = [
    "",
    "ciento",
    "doscientas",
    "trescientos",
    "cuatrocientas",
    "quinientos",
    "seiscientas",
    "setecientos",
    "ochocientas",
    "novecientos",
]
FR = [
    "",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
    "dix-sept",
    "dix-huit",
    "dix-neuf",
]
FR_TENS = ["", "", "vingt", "trente", "quarante", "cinquante", "soixante"]
PT = [
    "",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "catorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
]
PT_TENS = [
    "",
    "",
    "vinte",
    "trinta",
    "quarenta",
    "cinquenta",
    "sessenta",
    "setenta",
    "oitenta",
    "noventa",
]
PT_HUNDREDS = [
    "",
    "cento",
    "duzentas",
    "trezentos",
    "quatrocentas",
    "quinhentos",
    "seiscentas",
    "setecentos",
    "oitocentas",
    "novecentos",
]
AR = [
    "",
    "واحد",
    "اثنان",
    "ثلاثة",
    "أربعة",
    "خمسة",
    "ستة",
    "سبعة",
    "ثمانية",
    "تسعة",
    "عشرة",
    "أحد عشر",
    "اثنا عشر",
    "ثلاثة عشر",
    "أربعة عشر",
    "خمسة عشر",
    "ستة عشر",
    "سبعة عشر",
    "ثمانية عشر",
    "تسعة عشر",
]
AR_TENS = ["", "", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون"]
AR_HUNDREDS = [
    "",
    "مئة",
    "مئتان",
    "ثلاثمئة",
    "أربعمئة",
    "خمسمئة",
    "ستمئة",
    "سبعمئة",
    "ثمانمئة",
    "تسعمئة",
]


def english(n):
    if n >= 1_000_000:
        return f"{english(n // 1_000_000)} million {english(n % 1_000_000)}".strip()
    if n >= 1000:
        rest = n % 1000
        joint = "and " if 0 < rest < 100 else ""
        return f"{english(n // 1000)} thousand {joint}{english(rest)}".strip()
    if n >= 100:
        return f"{EN[n // 100]} hundred {'and ' if n % 100 else ''}{english(n % 100)}".strip()
    return EN[n] if n < 20 else EN_TENS[n // 10] + (f"-{EN[n % 10]}" if n % 10 else "")


def spanish(n, before=False):
    """before: before "mil" or a noun, where uno is un."""
    if n >= 1_000_000:
        head = "un millón" if n < 2_000_000 else spanish(n // 1_000_000, True) + " millones"
        return f"{head} {spanish(n % 1_000_000)}".strip()
    if n >= 1000:
        return (
            f"{spanish(n // 1000, True) + ' ' if n >= 2000 else ''}mil {spanish(n % 1000)}".strip()
        )
    if n == 100:
        return "cien"
    if n > 100:
        return f"{ES_HUNDREDS[n // 100]} {spanish(n % 100, before)}".strip()
    text = ES[n] if n < 30 else ES_TENS[n // 10] + (f" y {ES[n % 10]}" if n % 10 else "")
    return text.removesuffix("o") if before and n % 10 == 1 and n != 11 else text


def french(n, last=True):
    """last: nothing follows, where cents and vingts have their s."""
    if n >= 1_000_000:
        unit = "millions" if n >= 2_000_000 else "million"
        return f"{french(n // 1_000_000)} {unit} {french(n % 1_000_000)}".strip()
    if n >= 1000:
        return (
            f"{french(n // 1000, False) + ' ' if n >= 2000 else ''}mille {french(n % 1000)}".strip()
        )
    if n >= 100:
        many = "s" if n >= 200 and n % 100 == 0 and last else ""
        return f"{FR[n // 100] + ' ' if n >= 200 else ''}cent{many} {french(n % 100, last)}".strip()
    if n < 20:
        return FR[n]
    if n >= 80:
        return "quatre-vingt" + ("s" if n == 80 and last else f"-{FR[n - 80]}" if n > 80 else "")
    if n >= 60:
        rest = n - 60
        return "soixante" + (
            "" if not rest else " et " + FR[rest] if rest in (1, 11) else f"-{FR[rest]}"
        )
    ones = n % 10
    return FR_TENS[n // 10] + ("" if not ones else " et un" if ones == 1 else f"-{FR[ones]}")


def portuguese(n):
    if n >= 1_000_000:
        head = portuguese(n // 1_000_000) + (" milhão" if n < 2_000_000 else " milhões")
        return _portuguese_rest(head, n % 1_000_000)
    if n >= 1000:
        return _portuguese_rest(f"{portuguese(n // 1000) + ' ' if n >= 2000 else ''}mil", n % 1000)
    if n == 100:
        return "cem"
    if n > 100:
        return PT_HUNDREDS[n // 100] + (f" e {portuguese(n % 100)}" if n % 100 else "")
    return PT[n] if n < 20 else PT_TENS[n // 10] + (f" e {PT[n % 10]}" if n % 10 else "")


def _portuguese_rest(head, rest):
    if not rest:
        return head
    joint = " e " if rest < 100 or (rest < 1000 and rest % 100 == 0) else ", "
    return f"{head}{joint}{portuguese(rest)}"


def arabic(n):
    if n >= 1_000_000:
        return _arabic_scale(n, 1_000_000, ("مليون", "مليونان", "ملايين", "مليون"))
    if n >= 1000:
        return _arabic_scale(n, 1000, ("ألف", "ألفان", "آلاف", "ألفًا"))
    if n >= 100:
        return AR_HUNDREDS[n // 100] + (f" و{arabic(n % 100)}" if n % 100 else "")
    if n < 20:
        return AR[n]
    return f"{AR[n % 10]} و{AR_TENS[n // 10]}" if n % 10 else AR_TENS[n // 10]


def _arabic_scale(n, scale, words):
    one, two, few, many = words
    head, rest = divmod(n, scale)
    if head == 1:
        text = one
    elif head == 2:
        text = two
    else:
        tail = head % 100
        form = few if 3 <= tail <= 10 else one if tail < 3 or scale > 1000 else many
        text = f"{arabic(head)} {form}"
    return text + (f" و{arabic(rest)}" if rest else "")


SPELL = {"en": english, "es": spanish, "fr": french, "pt": portuguese, "ar": arabic}
