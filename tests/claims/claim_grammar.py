"""Sentences from a grammar with the verdict of a careful reader; shares no code with the parser.

Event x whose x number x qualifier x window x date x denial x language: S (so) or C (not so).
"""

from dataclasses import dataclass
from itertools import product

LANGUAGES = ("en", "es", "fr", "pt", "ar")
#: Words before a number, and which multiples of the truth they make so and not so.
QUALIFIERS = {
    "plain": (("", "", "", "", ""), (1,), (0.5, 3)),
    "about": (("about ", "unas ", "environ ", "cerca de ", "نحو "), (1,), (0.5, 3)),
    "at_least": (
        ("at least ", "al menos ", "au moins ", "pelo menos ", "ما لا يقل عن "),
        (1, 0.5), (2,),
    ),
    "more_than": (("more than ", "más de ", "plus de ", "mais de ", "أكثر من "), (0.8, 0.5), (2,)),
    "fewer_than": (
        ("fewer than ", "menos de ", "moins de ", "menos de ", "أقل من "),
        (1.5, 3), (0.5,),
    ),
    "not_even": (
        ("not even ", "ni siquiera ", "pas même ", "nem sequer ", "ولا حتى "),
        (2, 4), (0.5,),
    ),
}  # fmt: skip
ACCOUNTS = ("accounts", "cuentas", "comptes", "contas", "حساب")
FOLLOWERS = ("followers of", "seguidores de", "abonnés de", "seguidores de", "متابع من متابعي")
FELL = ("were suspended", "fueron suspendidas", "ont été suspendus", "foram suspensas", "علقت")
CAME = ("were restored", "fueron restituidas", "ont été rétablis", "foram restauradas", "أعيدت")
AWAY = (
    "are still suspended",
    "siguen suspendidas",
    "restent suspendus",
    "continuam suspensas",
    "لا تزال معلقة",
)
LOST = ("lost", "perdió", "a perdu", "perdeu", "فقد")
#: Windows for falls: seconds, words; all of the wave lies in ten minutes, a tenth of it in one.
WINDOWS = (
    (None, ("", "", "", "", "")),
    (600, (
        " in ten minutes", " en diez minutos", " en dix minutes", " em dez minutos",
        " في عشر دقائق",
    )),
    (3600, (" within an hour", " en una hora", " en une heure", " em uma hora", " خلال ساعة")),
    (60, (
        " in one minute", " en un minuto", " en une minute", " em um minuto", " في دقيقة واحدة",
    )),
)  # fmt: skip
BACK = (
    (True, ("", "", "", "", "")),
    (True, (" within two days", " en dos días", " en deux jours", " em dois dias", " خلال يومين")),
    (True, (
        " the next day", " al día siguiente", " le lendemain", " no dia seguinte",
        " في اليوم التالي",
    )),
    (False, (" within an hour", " en una hora", " en une heure", " em uma hora", " خلال ساعة")),
)  # fmt: skip
MONTHS = {
    3: ("March", "marzo", "mars", "março", "مارس"),
    7: ("July", "julio", "juillet", "julho", "يوليو"),
    10: ("October", "octubre", "octobre", "outubro", "أكتوبر"),
}
ON = (
    "On {d} {m} {y}, ",
    "El {d} de {m} de {y}, ",
    "Le {d} {m} {y}, ",
    "Em {d} de {m} de {y}, ",
    "في {d} {m} {y} ",
)
DENY = (
    "It is not true that ",
    "Es falso que ",
    "Il est faux que ",
    "Não é verdade que ",
    "ليس صحيحا أن ",
)
ORDER = {  # Arabic puts the verb where it may stand too
    "en": "{q}{n} {what} {did}{w}", "es": "{q}{n} {what} {did}{w}", "fr": "{q}{n} {what} {did}{w}",
    "pt": "{q}{n} {what} {did}{w}", "ar": "{q}{n} {what} {did}{w}",
}  # fmt: skip
SHARES = (
    "{q}{n}% of the suspended accounts {did}", "{q}{n}% de las cuentas suspendidas {did}",
    "{q}{n} % des comptes suspendus {did}", "{q}{n}% das contas suspensas {did}",
    "{q}{n}% من الحسابات المعلقة {did}",
)  # fmt: skip
FOLLOWED = ("followed @{x}", "seguían a @{x}", "suivaient @{x}", "seguiam @{x}", "كانت تتابع @{x}")
OF_FANS = (
    "{q}{n}% of the followers of @{x} {did}", "{q}{n}% de los seguidores de @{x} {did}",
    "{q}{n} % des abonnés de @{x} {did}", "{q}{n}% dos seguidores de @{x} {did}",
    "{q}{n}% من متابعي @{x} {did}",
)  # fmt: skip
LEVELS = (
    "@{x} went from {a} followers to {b}", "@{x} pasó de {a} seguidores a {b}",
    "@{x} est passée de {a} abonnés à {b}", "@{x} passou de {a} seguidores para {b}",
    "انخفض عدد متابعي @{x} من {a} إلى {b}",
)  # fmt: skip
TIMES = (
    "@{x} lost {k} times as many followers as @{y}",
    "@{x} perdió {k} veces más seguidores que @{y}",
    "@{x} a perdu {k} fois plus d'abonnés que @{y}",
    "@{x} perdeu {k} vezes mais seguidores que @{y}",
    "خسر @{x} {k} أضعاف ما خسره @{y} من المتابعين",
)  # fmt: skip
NONE = (
    "No accounts were {done}", "Ninguna cuenta fue {done}", "Aucun compte n'a été {done}",
    "Nenhuma conta foi {done}", "لم {done} أي حساب",
)  # fmt: skip
NONE_DONE = (
    (("suspended", "suspendida", "suspendu", "suspensa", "يعلق"), "C"),
    (("restored", "restituida", "rétabli", "restaurada", "يعد"), "C"),
)
#: What nobody can tell from a record: to be refused wherever it stands.
STRANGE = (
    (" because of spam", " after complaints", " by mistake", " and arrested", " for ever"),
    (" por error", " por culpa del ministro", " y detenidas", " para siempre", " con razón"),
    (" par erreur", " à cause du ministre", " et arrêtés", " pour toujours", " à tort"),
    (" por engano", " por causa do ministro", " e presas", " para sempre", " com razão"),
    (" بالخطأ", " بسبب الوزير", " واعتقلت", " إلى الأبد", " عمدا"),
)


@dataclass(frozen=True)
class Said:
    """A sentence, its language, the verdict of a careful reader, and the construct."""

    language: str
    text: str
    expected: str
    construct: str


def number(value, k):
    """A number as a newspaper of the language writes it."""
    mark = {0: ",", 2: "\u202f", 4: ""}.get(k, ".")
    return f"{value:,}".replace(",", mark)


def rounded(value):
    """A number with its two first digits, as one says it."""
    unit = 10 ** max(len(str(round(value))) - 2, 0)
    return max(round(value / unit) * unit, 1)


def close(text):
    """A sentence with its capital and full stop."""
    return text[0].upper() + text[1:] + "."


def sentences(case):
    """All sentences about a case."""
    for k, language in enumerate(LANGUAGES):
        for said in _of_language(case, k):
            yield Said(language, close(said[0]), said[1], said[2])
            if said[2] != "dated":  # "it is not true that on ..." is written, but not so
                turned = {"S": "C", "C": "S"}[said[1]]
                lower = said[0] if said[0][0] in "@" else said[0][0].lower() + said[0][1:]
                yield Said(language, DENY[k] + lower + ".", turned, f"denied {said[2]}")


def _of_language(case, k):
    yield from _counts(case, k)
    yield from _shares(case, k)
    yield from _others(case, k)


def _counts(case, k):
    for q, (words, so, not_so) in QUALIFIERS.items():
        for factor, verdict in [(f, "S") for f in so] + [(f, "C") for f in not_so]:
            fell = _number(case.fallen, factor)
            for window, w in WINDOWS:
                # in one minute fell a tenth: none of these numbers but where they bound from above
                if window == 60 and (q in ("fewer_than", "not_even") or factor <= 0.5):
                    continue
                judged = "C" if window == 60 else verdict
                yield _count(k, words, fell, ACCOUNTS[k], FELL[k], w[k]), judged, "fallen"
            hit = _number(case.hit, factor)
            fans = f"{FOLLOWERS[k]} @{case.leader}"
            yield _count(k, words, hit, fans, FELL[k], ""), verdict, "fans"
            lost = f"@{case.leader} {LOST[k]} {words[k]}{number(hit, k)} {FOLLOWERS[k].split()[0]}"
            if not (k in (1, 2, 4) and q == "not_even") and not (k == 4 and q != "plain"):
                yield lost, verdict, "lost"
            for all_back, w in BACK:
                if not all_back and q in ("fewer_than", "not_even"):
                    continue
                judged = verdict if all_back else "C"
                back = _number(case.restored, factor)
                yield _count(k, words, back, ACCOUNTS[k], CAME[k], w[k]), judged, "restored"
            away = _number(case.missing, factor)
            yield _count(k, words, away, ACCOUNTS[k], AWAY[k], ""), verdict, "missing"


def _number(value, factor):
    return value if factor == 1 else rounded(value * factor)


def _count(k, words, value, what, did, window):
    order = ORDER[LANGUAGES[k]]
    return order.format(q=words[k], n=number(value, k), what=what, did=did, w=window)


def _shares(case, k):
    for q in ("plain", "at_least", "more_than", "fewer_than"):
        words, so, not_so = QUALIFIERS[q]
        for factor, verdict in [(f, "S") for f in so] + [(f, "C") for f in not_so]:
            for template, whole, part, did in (
                (SHARES, case.fallen, case.hit, FOLLOWED[k].format(x=case.leader)),
                (SHARES, case.fallen, case.restored, CAME[k]),
                (SHARES, case.fallen, case.missing, AWAY[k]),
                (OF_FANS, case.fans, case.hit, FELL[k]),
            ):
                percent = round(100 * part / whole * factor)
                if not 2 <= percent <= 100 or (factor != 1 and percent == 100):
                    continue
                if factor == 1 and q != "plain":
                    percent -= 1
                text = template[k].format(q=words[k], n=percent, did=did, x=case.leader)
                yield text, verdict, "share"


def _others(case, k):
    high, low, _ = case.levels
    for a, b, verdict in ((high, low, "S"), (high * 2, low, "C"), (high, high // 2, "C")):
        text = LEVELS[k].format(x=case.minister, a=number(a, k), b=number(b, k))
        yield text, verdict, "level"
    ratio = case.hit / case.rivals_hit
    for factor, verdict in ((1, "S"), (3, "C")):
        times = round(ratio * factor)
        yield TIMES[k].format(x=case.leader, y=case.control, k=times), verdict, "ratio"
        yield TIMES[k].format(x=case.control, y=case.leader, k=times), "C", "ratio"
    for done, verdict in NONE_DONE:
        yield NONE[k].format(done=done[k]), verdict, "none"
    day = case.local.date()
    for shift, verdict in ((0, "S"), (-1, "C")):
        on = ON[k].format(d=day.day + shift, m=MONTHS[day.month][k], y=day.year)
        for _, w in WINDOWS[:2]:
            text = _count(k, QUALIFIERS["plain"][0], case.fallen, ACCOUNTS[k], FELL[k], w[k])
            yield on + text, verdict, "dated"


def strange_sentences(case):
    """Sentences with something in them that no record tells."""
    for k, language in enumerate(LANGUAGES):
        for strange, (_, w) in product(STRANGE[k], WINDOWS[:2]):
            text = _count(k, QUALIFIERS["plain"][0], case.fallen, ACCOUNTS[k], FELL[k], w[k])
            yield Said(language, close(text + strange), "N", "strange")


#: One word more or another one, which makes a sentence say something else.
CHANGES = (
    (("were suspended", "were not suspended"), ("accounts", "tweets"), ("suspended", "verified"),
     ("were suspended", "were nearly suspended"), ("minutes", "years"), ("suspended", "arrested")),
    (("fueron suspendidas", "no fueron suspendidas"), ("cuentas", "tuits"),
     ("suspendidas", "verificadas"), ("fueron", "serán"), ("suspendidas", "detenidas")),
    (("ont été suspendus", "n'ont pas été suspendus"), ("comptes", "tweets"),
     ("suspendus", "vérifiés"), ("ont été", "seront"), ("suspendus", "arrêtés")),
    (("foram suspensas", "não foram suspensas"), ("contas", "tuítes"),
     ("suspensas", "verificadas"), ("foram", "serão"), ("suspensas", "presas")),
    (("علقت", "لم تعلق"), ("حساب", "تغريدة"), ("علقت", "ستعلق"), ("علقت", "اعتقلت")),
)  # fmt: skip


def changed_sentences(case):
    """Sentences that are so, each with one word changed: (language, changed)."""
    for k, language in enumerate(LANGUAGES):
        for _, w in WINDOWS[:3]:
            text = _count(k, QUALIFIERS["plain"][0], case.fallen, ACCOUNTS[k], FELL[k], w[k])
            for old, new in CHANGES[k]:
                if old in text:
                    yield language, close(text.replace(old, new, 1))
