"""Times in a sentence: how long a window is ("in ten minutes"), how much later ("the next day"), what rate ("a minute"); and which
numbers are dates, times of day, ages, ordinals or money, and so count nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from birdfall.claims.parse import lexicon
from birdfall.claims.parse.numbers import FEW, HALVES, Amount
from birdfall.claims.parse.tokens import Token, folded, forms, wordset

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens [begin, end) that say how long. kind: "window", "delay" (so much later), "rate" (per), "past" (ago, ages: no window).
    low_s, high_s: seconds; they differ where the words are vague.
    """

    kind: str
    low_s: float
    high_s: float
    begin: int
    end: int


def _units(text: str) -> dict[str, float]:
    return {
        folded(word): float(value)
        for word, _, value in (pair.partition("=") for pair in text.split())
    }


UNITS: Final = _units(
    "second=1 seconds=1 sec=1 secs=1 segundo=1 segundos=1 seconde=1 secondes=1 ثانية=1 ثواني=1 ثوان=1 ثوانٍ=1 "
    "minute=60 minutes=60 min=60 mins=60 minuto=60 minutos=60 mn=60 دقيقة=60 دقائق=60 دقايق=60 "
    "hour=3600 hours=3600 h=3600 hr=3600 hrs=3600 hs=3600 hora=3600 horas=3600 horita=3600 heure=3600 heures=3600 ساعة=3600 ساعات=3600 "
    "day=86400 days=86400 día=86400 días=86400 dia=86400 dias=86400 jour=86400 jours=86400 journée=86400 jornada=86400 يوم=86400 أيام=86400 يوما=86400 "
    "night=43200 noche=43200 nuit=43200 noite=43200 ليلة=43200 "
    "week=604800 weeks=604800 semana=604800 semanas=604800 semaine=604800 semaines=604800 أسبوع=604800 أسابيع=604800 أسبوعا=604800 "
    "month=2629800 months=2629800 mes=2629800 meses=2629800 mois=2629800 mês=2629800 شهر=2629800 أشهر=2629800 شهور=2629800 "
    "year=31557600 years=31557600 año=31557600 años=31557600 an=31557600 ans=31557600 année=31557600 années=31557600 ano=31557600 anos=31557600 "
    "سنة=31557600 سنوات=31557600 عام=31557600 أعوام=31557600 عاما=31557600"
)
#: Words that are also others ("an" is an article, "mes" is mine): a unit only after a number.
_AFTER_NUMBER: Final = {
    folded(w) for w in ("an", "ans", "mes", "h", "s", "second", "seconde", "segundo", "عام")
}
#: Arabic twos.
_TWOS: Final = _units(
    "ثانيتين=2 ثانيتان=2 دقيقتين=120 دقيقتان=120 ساعتين=7200 ساعتان=7200 يومين=172800 يومان=172800 أسبوعين=1209600 أسبوعان=1209600 شهرين=5259600 عامين=63115200 سنتين=63115200"
)
_PLURAL: Final = wordset(
    "seconds segundos secondes ثواني ثوان minutes minutos دقائق دقايق hours horas heures ساعات days días dias jours أيام weeks semanas semaines أسابيع"
)
_QUARTERS: Final = {folded(w): 0.25 for w in ("quarter", "cuarto", "quart", "quarto", "ربع")}
_IN: Final = lexicon._phrases(
    "in, within, inside, over, during, in the space of, in under, throughout, for, en, durante, dentro de, en el lapso de, en el plazo de, en cuestión de, en apenas, a lo largo de, en menos de, en solo, "
    "pendant, durant, en l'espace de, dans, sous, en moins de, en, em, dentro de, ao longo de, no espaço de, em menos de, em questão de, in a matter of, en l espace de, خلال, في, في غضون, في ظرف, على مدى, اثناء, طوال, لمده, بظرف"
)
_AGO_BEFORE: Final = lexicon._phrases(
    "hace, hacía, il y a, há, قبل, منذ, depuis, desde, since, desde hace"
)
_AGO_AFTER: Final = lexicon._phrases(
    "ago, atrás, antes, before, earlier, plus tôt, auparavant, مضت"
)
_OLD: Final = lexicon._phrases(
    "old, of age, de edad, de antigüedad, de vida, de antiguedad, d ancienneté, d'ancienneté, de idade, d âge, d existence, من العمر, de existencia, de existência, de creadas, de criadas"
)
_LATER_AFTER: Final = lexicon._phrases(
    "later, after, afterwards, más tarde, después, luego, plus tard, après, mais tarde, depois, لاحقا, بعد ذلك, بعدها"
)
_LATER_BEFORE: Final = lexicon._phrases(
    "after, al cabo de, después de, tras, a las pocas, après, au bout de, depois de, após, ao fim de, passadas, بعد, بعد مرور, dentro de las siguientes"
)
_PER: Final = lexicon._phrases("per, por, par, cada, every, each, chaque, كل, في ال")
_NEXT_DAY: Final = lexicon._phrases(
    "the next day, next day, the following day, the day after, a day later, one day later, tomorrow, al día siguiente, el día siguiente, un día después, al otro día, un día más tarde, le lendemain, le jour suivant, le jour d'après, "
    "un jour plus tard, au lendemain, no dia seguinte, o dia seguinte, dia seguinte, um dia depois, um dia mais tarde, في اليوم التالي, اليوم التالي, بعد يوم, بعد يوم واحد"
)
_SAME_DAY: Final = lexicon._phrases(
    "the same day, same day, that same day, el mismo día, ese mismo día, le jour même, le même jour, no mesmo dia, نفس اليوم, في اليوم نفسه, في نفس اليوم"
)
_OVERNIGHT: Final = lexicon._phrases(
    "overnight, de la noche a la mañana, du jour au lendemain, da noite para o dia, بين عشيه وضحاها, بين ليله وضحاها"
)
_AT_ONCE: Final = lexicon._phrases(
    "at once, instantly, at the same time, de golpe, de un golpe, de repente, d'un coup, d un coup, de uma vez, فجأه, دفعه واحده"
)
_SINGLE: Final = {
    folded(w)
    for w in (
        "single",
        "solo",
        "sola",
        "seule",
        "seul",
        "só",
        "único",
        "única",
        "whole",
        "واحدة",
        "واحد",
        "واحدا",
        "same",
        "little",
        "mere",
        "short",
        "apenas",
        "just",
    )
}
_ONE: Final = {folded(w) for w in ("a", "an", "one", "un", "una", "une", "um", "uma")}
_SKIP: Final = wordset(
    "about around some roughly approximately less fewer more than under over just only nearly almost at most least the a an los las el la les le l d des os as o unos unas uns umas casi apenas solo sólo menos más mas de tan cerca "
    "alrededor aproximadamente environ moins plus peine seulement à presque près quase pouco mais perto volta que first last next past primeras primeros últimas últimas premières premiers dernières primeiras últimas أقل من نحو حوالي أول "
    "اقل s space of")  # fmt: skip


def spans(words: list[Token], amounts: list[Amount]) -> tuple[list[Span], set[int]]:
    """What the sentence says of how long, and the indices of the amounts that belong to it."""
    found: list[Span] = []
    used: set[int] = set()
    by_begin = {a.begin: i for i, a in enumerate(amounts)}
    by_end = {a.end: i for i, a in enumerate(amounts)}
    taken = -1
    for at in range(len(words)):
        if at < taken:
            continue
        length = lexicon.length_at(words, at, _NEXT_DAY)
        if length:
            found.append(Span("delay", 0.0, 2 * DAY, at, at + length))
            used |= {i for i, a in enumerate(amounts) if at <= a.begin < at + length}
            taken = at + length
            continue
        for phrases, seconds in ((_OVERNIGHT, DAY / 2), (_SAME_DAY, DAY)):
            length = length or lexicon.length_at(words, at, phrases)
            if length:
                found.append(Span("window", seconds, seconds, at, at + length))
                taken = at + length
                break
        if length:
            continue
        span = _length(words, amounts, at, by_begin, by_end)
        if span is None:
            continue
        low, high, begin, end, amount = span
        used |= {i for i, a in enumerate(amounts) if begin <= a.begin < end}
        found.append(Span(*_kind(words, begin, end, low, high, amount is None), begin, end))
        taken = end
    return found, used


def _unit(word: str) -> float | None:
    return next((UNITS[f] for f in forms(word) if f in UNITS), None)


def _length(
    words: list[Token],
    amounts: list[Amount],
    at: int,
    by_begin: dict[int, int],
    by_end: dict[int, int],
) -> tuple[float, float, int, int, int | None] | None:
    """A length of time that begins at `at`: (least, most, begin, end, index of its amount)."""
    token = words[at]
    if token.kind == "clock" and "h" in token.text and at and lexicon.ends_at(words, at, _IN):
        hours, _, minutes = token.text.replace(" ", "").partition("h")
        seconds = float(hours) * HOUR + float(minutes) * MINUTE
        return seconds, seconds, at, at + 1, None
    if token.kind != "word" and at not in by_begin:
        return None
    two = next((_TWOS[f] for f in forms(token.text) if f in _TWOS), None)
    if two is not None:
        return two, two, at, at + 1, None
    if at in by_begin:
        amount = amounts[by_begin[at]]
        end = amount.end
        if (
            amount.value >= 1000
            and end < len(words)
            and (_unit(words[end].text) or 0.0) * amount.value > 40 * DAY
        ):
            return None  # "17.000 horas después": so many, and hours later
        half_hours = _counted_parts(words, end)
        if half_hours is not None:
            seconds = amount.value * half_hours[0]
            return seconds, seconds, at, half_hours[1], by_begin[at]
        stop, extra_half = _and_half(words, end, 1.0)
        unit = _unit(words[stop].text) if extra_half and stop < len(words) else None
        if unit is not None:  # "two and a half hours"
            seconds = (amount.value + extra_half) * unit
            return seconds, seconds, at, stop + 1, by_begin[at]
        for extra in (0, 1):  # "one single day", "de" after a million
            if end + extra < len(words) and (
                not extra or words[end].text in _SINGLE or words[end].text in ("de", "d")
            ):
                unit = _unit(words[end + extra].text)
                if unit is not None and not (
                    extra and words[end].text in ("de", "d") and amount.value < 1e6
                ):
                    low = amount.low if amount.low is not None else amount.value
                    high = amount.high if amount.high is not None else amount.value
                    stop, more = _and_half(words, end + extra + 1, unit)
                    return low * unit + more, high * unit + more, at, stop, by_begin[at]
        return _part(words, at) if token.kind == "word" else None
    part = _part(words, at)
    if part is not None:
        return part
    if token.text in _ONE and at + 1 < len(words):
        skip = 1 + (words[at + 1].text in _SINGLE and at + 2 < len(words))
        unit = _unit(words[at + skip].text)
        if unit is not None and words[at + skip].text not in ("an", "mes"):
            stop, more = _and_half(words, at + skip + 1, unit)
            return unit + more, unit + more, at, stop, None
    if token.text in FEW:
        nxt = at + 1
        while nxt < len(words) and words[nxt].text in (*FEW, "de"):
            nxt += 1
        unit = _unit(words[nxt].text) if nxt < len(words) else None
        if unit is not None:
            return 2 * unit, _most(unit), at, nxt + 1, None
    unit = _unit(token.text)
    if unit is None or token.text in _AFTER_NUMBER:
        return None
    plural = any(f in _PLURAL for f in forms(token.text))
    if plural:
        return 2 * unit, _most(unit), at, at + 1, None
    if "\u0600" <= token.text[0] <= "\u06ff":
        stop, more = _and_half(words, at + 1, unit)
        if stop < len(words) and words[stop].text in _SINGLE and not more:
            stop += 1
        return unit + more, unit + more, at, stop, None
    return unit, unit, at, at + 1, None


def _most(unit: float) -> float:
    """The longest that "minutes", "hours", "days" without a number can mean: short of the next unit."""
    return {1.0: MINUTE, MINUTE: HOUR, HOUR: DAY, DAY: 7 * DAY}.get(unit, 4 * unit)


def _part(words: list[Token], at: int) -> tuple[float, float, int, int, None] | None:
    """ "half an hour", "media hora", "un quart d'heure", "نصف ساعة"."""
    begin = at
    if words[at].text in _ONE and at + 1 < len(words):
        at += 1
    share = next(
        (
            0.5 if f in HALVES else _QUARTERS[f]
            for f in forms(words[at].text)
            if f in HALVES or f in _QUARTERS
        ),
        None,
    )
    if share is None:
        return None
    at += 1
    while at < len(words) and words[at].text in ("a", "an", "of", "de", "d"):
        at += 1
    unit = _unit(words[at].text) if at < len(words) else None
    if unit is None or unit < HOUR:
        return None
    return share * unit, share * unit, begin, at + 1, None


def _counted_parts(words: list[Token], at: int) -> tuple[float, int] | None:
    """ "(three) quarters of an hour", "(trois) quarts d'heure"."""
    if at >= len(words) or words[at].text not in (
        "quarters",
        "cuartos",
        "quarts",
        "quartos",
        "ارباع",
    ):
        return None
    at += 1
    while at < len(words) and words[at].text in ("a", "an", "of", "de", "d"):
        at += 1
    unit = _unit(words[at].text) if at < len(words) else None
    return None if unit is None else (0.25 * unit, at + 1)


def _and_half(words: list[Token], at: int, unit: float) -> tuple[int, float]:
    """The end of what follows a unit, and what "and a half" adds."""
    stop = at
    if stop < len(words) and words[stop].text in ("and", "y", "et", "e", "و"):
        stop += 1
        if stop < len(words) and words[stop].text in _ONE:
            stop += 1
        if stop < len(words) and words[stop].text in HALVES:
            return stop + 1, unit / 2
    elif stop < len(words) and words[stop].text == "ونصف":
        return stop + 1, unit / 2
    return at, 0.0


def _kind(
    words: list[Token], begin: int, end: int, low: float, high: float, bare: bool
) -> tuple[str, float, float]:
    """What a length of time says: a window, so much later, per, or nothing of a window."""
    if lexicon.length_at(words, end, _AGO_AFTER) or lexicon.ends_at(words, begin, _AGO_BEFORE):
        return "past", low, high
    if lexicon.length_at(words, end, _OLD):
        return "past", low, high
    left = begin
    while left > 0 and words[left - 1].text in _SKIP and not lexicon.ends_at(words, left, _IN):
        left -= 1
    if lexicon.ends_at(words, left, _AGO_BEFORE):
        return "past", low, high
    if lexicon.length_at(words, end, _LATER_AFTER) or lexicon.ends_at(words, left, _LATER_BEFORE):
        return "delay", low, high
    if lexicon.ends_at(words, begin, _PER) or _per_article(words, begin, end, low):
        return "rate", low, high
    inside = bool(lexicon.ends_at(words, left, _IN)) or bool(lexicon.ends_at(words, begin, _IN))
    noun = left > 0 and (
        lexicon.ends_at(words, left, lexicon.ACCOUNTS)
        or lexicon.ends_at(words, left, lexicon.FOLLOWERS)
    )
    if noun and left < begin and not inside:
        return "past", low, high  # accounts of less than thirty days
    if not inside and (high >= 2_000_000 or (bare and low == high)):
        return "past", low, high  # an age; "the day", "that night"
    if not inside and bare and low != high:
        return "past", low, high  # "minutes", by itself
    return "window", low, high


def _per_article(words: list[Token], begin: int, end: int, low: float) -> bool:
    """ "660 accounts a minute", "al día", "la minute", "في الدقيقة"."""
    if words[begin].text in ("a", "an") and begin and not lexicon.ends_at(words, begin, _IN):
        before = words[begin - 1]
        return before.kind == "digits" or bool(
            lexicon.ends_at(words, begin, lexicon.ACCOUNTS)
            or lexicon.ends_at(words, begin, lexicon.FOLLOWERS)
        )
    if begin and words[begin - 1].text in ("al", "à", "ao") and low <= DAY:
        return True
    if begin > 1 and words[begin - 1].text == "la" and words[begin - 2].text == "a" and low <= DAY:
        return True
    written = words[begin].text
    return (
        begin > 0
        and words[begin - 1].text == "في"
        and written.startswith("ال")
        and end == begin + 1
        and low <= DAY
    )


# -- numbers that count nothing -----------------------------------------------------------------------------------------

_MONTHS: Final = wordset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec "
    "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre ene abr ago dic "
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre janv févr avr juil déc "
    "janeiro fevereiro março maio junho julho setembro outubro novembro dezembro dez fev "
    "يناير فبراير مارس أبريل ابريل إبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر كانون تشرين شباط آذار نيسان أيار حزيران تموز آب أيلول جانفي فيفري أفريل جوان جويلية أوت")  # fmt: skip
_ORDINAL: Final = wordset("st nd rd th er ere eme e o a ro ra do da to ta mo ma re nde ème ère º ª")
_DAY_BEFORE: Final = wordset("el le dia día day jour يوم al del du o no")
_DATE_BEFORE: Final = wordset(
    "in since en desde depuis de em of do until hasta jusqu عام سنة سنه في منذ year año ano année del late early fin finales fins début mid por para em after before after"
)
_NUMBERED: Final = wordset(
    "number numero número num nº no nro n article artículo art artigo page página ley law lei loi chapter phase version versión رقم المادة step top web point título season canal channel room"
)
_CLOCK_BEFORE: Final = lexicon._phrases(
    "at, a las, a la, hacia las, las, às, vers, الساعه, desde las, hasta las, dès, a eso de las"
)
_CLOCK_AFTER: Final = wordset("am pm a.m p.m oclock o'clock مساء صباحا ظهرا hrs")
_CURRENCY: Final = {"$", "€", "£"}


def counts_nothing(words: list[Token], amount: Amount, following_noun: bool) -> bool:
    """Whether an amount is a date, a time of day, a year, an ordinal, a number of something, or money."""
    before = words[amount.begin - 1] if amount.begin else Token("mark", "")
    after = words[amount.end] if amount.end < len(words) else Token("mark", "")
    value = amount.value
    if (
        before.text in _CURRENCY
        or after.text in _CURRENCY
        or (before.text in _NUMBERED and not following_noun)
    ):
        return True
    if after.glued and after.kind == "word" and after.text in _ORDINAL and amount.written:
        return True
    if after.text in _CLOCK_AFTER and value <= 24:
        return True
    if value <= 24 and not following_noun and lexicon.ends_at(words, amount.begin, _CLOCK_BEFORE):
        return True
    if value == int(value) and 1 <= value <= 31 and _in_date(words, amount, following_noun):
        return True
    return _is_year(words, amount, following_noun)


def _in_date(words: list[Token], amount: Amount, following_noun: bool) -> bool:
    at = amount.end
    while at < len(words) and (
        words[at].text in ("of", "de", "do", "from", "من")
        or (words[at].glued and words[at].text in _ORDINAL)
    ):
        at += 1
    if at < len(words) and any(f in _MONTHS for f in forms(words[at].text)):
        # "12 may have returned" is no date
        return not (
            words[at].text == "may"
            and at + 1 < len(words)
            and words[at + 1].text in ("have", "be", "return", "come", "not")
        )
    if amount.begin:
        back = amount.begin - 1
        if words[back].text in ("the", ".") and back:
            back -= 1
        if (
            any(f in _MONTHS for f in forms(words[back].text))
            and not following_noun
            and words[back].text != "may"
        ):
            return True
        if words[back].text == "may" and not following_noun:
            return True
        if words[amount.begin - 1].text in _DAY_BEFORE and not following_noun and amount.written:
            return not (at < len(words) and words[at].kind == "percent")
    return False


def _is_year(words: list[Token], amount: Amount, following_noun: bool) -> bool:
    if (
        not (amount.written and 1900 <= amount.value <= 2100 and words[amount.begin].text.isdigit())
        or following_noun
    ):
        return False
    after = words[amount.end] if amount.end < len(words) else Token("mark", "")
    before = words[amount.begin - 1] if amount.begin else Token("mark", "")
    if (
        before.text in _DATE_BEFORE
        or any(f in _MONTHS or f in _DATE_BEFORE for f in forms(before.text))
        or before.text == ","
    ):
        return True
    counted = (
        after.text in lexicon.AUXILIARIES
        or after.text in lexicon.OF
        or bool(
            lexicon.length_at(words, amount.end, lexicon.FALLEN)
            or lexicon.length_at(words, amount.end, lexicon.RESTORED)
        )
    )
    return not counted and after.kind != "percent"
