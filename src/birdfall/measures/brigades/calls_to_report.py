"""Calls to report in public posts: a weaker sign than reports, and named so.

A call is an imperative or an exhortation to report an account, followed by a handle or by words
such as "this account", in Spanish, English, French, Arabic or Portuguese. Not calls: negations
("don't report"), calls that are told of or quoted ("they ask people to report"), and news ("police
report"). A lexicon finds what people write openly; it misses what they write elsewhere, and a call
says nothing of whether anybody followed it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from birdfall.record.record import Record
from birdfall.record.split import ByRows

CALLS_SCHEMA = pa.schema([
    ("target", pa.string()), ("account", pa.string()), ("language", pa.string()),
    ("posts", pa.int64()), ("callers", pa.int64()),
    ("first", pa.timestamp("us", tz="UTC")), ("last", pa.timestamp("us", tz="UTC")),
])  # fmt: skip

_HANDLE = r"@(?P<handle>[\w.\-]+)"
#: After a handle: what its owner says, or from where; "reports @x from Caracas" is news.
_NEWS = r"\s+(?:desde|direto de|depuis|from|que|qu'|that)\b"
#: Per language: verb forms that can only be a call; forms that are one only at the beginning of a
#: clause; what may stand between verb and handle; words for "this account".
_FORMS: Final[dict[str, tuple[str, str, str, str]]] = {
    "en": (
        r"(?:please|pls|plz|everyone|everybody|guys|let'?s(?: all)?|go(?: and)?|mass|must|"
        r"should|spam|all|(?:need|time|have) to)\s+report|"
        r"report(?: and|,? ?&)? block|block and report|(?:keep|start) reporting|help(?: me|"
        r" us)? report|(?:hit|press|use|push) the report button",
        r"report",
        r"(?:all|the|this|that|these|user|account|accounts|profile|of|on|for|spam|now|asap|"
        r"and|block|bot|fake|troll|please|pls)",
        r"(?:this|that|these|those|the|his|her|their) (?:\w+ )?(?:account|accounts|profile|"
        r"user|handle)",
    ),
    "es": (
        r"denuncien|denunciad|denunciemos|denúncienlo|denuncienlo|denúncienla|denuncienla|"
        r"reporten|reportad|reportemos|repórtenlo|"
        r"reportenlo|(?:hay que|toca|es hora de|tenemos que|vamos (?:todos )?a|favor|favor de|"
        r"debemos|todos a|ay[uú]d(?:en|a|ad)(?:me|nos)? a) (?:denunciar|reportar)|"
        r"(?:sigan|sigamos|sigue|sigan todos) (?:denunciando|reportando)|(?:denunciar|"
        r"reportar) (?:en masa|masivamente)",
        r"denuncia(?!\s+de\b)|reporta|(?:a )?(?:denunciar|reportar)",
        r"(?:a|al|la|el|los|las|esta|este|estas|estos|cuenta|cuentas|perfil|usuario|todos|por|"
        r"spam|favor|ya|y|bloqueen|bloquea|bloquead|masivamente|de)",
        r"(?:a |la |el )?(?:esta|este|esa|ese|la|el|su) (?:cuenta|perfil|usuario)",
    ),
    "fr": (
        r"signalez(?:-le|-la)?|on signale|signalons|dénoncez|denoncez|(?:il faut|faut|"
        r"merci de|pensez à|allons|veuillez|on doit|n'hésitez pas à|n'hesitez pas a|"
        r"(?:il est )?temps de|nous devons|on va|aidez(?:-moi|-nous)? à|continuez (?:de|à)) "
        r"(?:le |la |tous )?signaler|"
        r"signaler (?:en masse|massivement)|à signaler",
        r"signale|signaler",
        r"(?:le|la|les|ce|cette|ces|compte|comptes|profil|de|du|tous|toutes|et|bloquez|pour|"
        r"spam|massivement|svp|stp|en masse|l'utilisateur)",
        r"(?:ce|cet|cette|ces|le|son) (?:compte|comptes|profil|utilisateur)",
    ),
    "pt": (
        r"denunciem|denunciemos|reportem|(?:vamos|vamos todos|bora|favor|é preciso|precisamos|"
        r"hora de|temos que|todos a|ajud(?:em|e)(?:-me)? a) "
        r"(?:denunciar|reportar)|(?:continuem|continuemos|sigam) (?:denunciando|reportando)|"
        r"(?:denunciar|reportar) em massa",
        r"denuncie|reporte|denuncia(?!\s+de\b)|(?:a )?(?:denunciar|reportar)|reporta",
        r"(?:o|a|os|as|ao|esse|essa|este|esta|conta|contas|perfil|usuário|usuario|todos|por|"
        r"spam|favor|já|e|bloqueiem|do|da|de|em massa)",
        r"(?:o |a )?(?:esse|essa|este|esta|o|a|seu|sua) (?:conta|perfil|usuário|usuario)",
    ),
    "ar": (
        r"بلغوا|بلغو|ابلغوا|ابلغو|قدموا بلاغ(?:ات)?|قدموا بلاغا|(?:اعملوا|اضغطوا|"
        r"اضغطوا على) (?:ريبورت|بلاغ|تبليغ)|سووا (?:ريبورت|بلاغ|تبليغ)|"
        r"(?:نرجو|يرجي|الرجاء|يجب|واصلوا|شاركوا في|نطلب منكم|استمروا في) (?:التبليغ|الابلاغ)|"
        r"(?:لازم|خلونا|خلينا|دعونا|هيا) نبلغ|حمله (?:تبليغ|تبليغات|بلاغات)",
        r"بلغ(?=\s+(?:عن|علي|ضد)\b)|تبليغ|ريبورت|التبليغ",
        r"(?:عن|على|علي|ضد|هذا|هذه|الحساب|حساب|الصفحه|المستخدم|كل|كلكم|جميعا|الان|حظر|وحظر|"
        r"واحظروا|و)",
        r"(?:عن |على |علي |ضد )?(?:هذا|هذه|هل) ?(?:الحساب|الصفحه|المستخدم)",
    ),
}  # fmt: skip
#: Words shortly before a verb that turn a call round, or tell of one.
_NEGATION: Final = re.compile(
    r"(?:\b(?:do not|don'?t|dont|never|stop|nobody|no one|no need to|not|no|nunca|jamás|jamas|"
    r"nadie|ninguno|dejen de|deja de|dejad de|sin|ne|n'|n\u2019|jamais|personne|rien|inutile de|"
    r"arrêtez de|arretez de|não|nao|ninguém|ninguem|parem de|pare de)|(?:^|\s)(?:لا|لم|لن|ما|"
    r"عدم|توقفوا عن|بدون))[\s\w]{0,12}$"
)
_REPORTED_SPEECH: Final = re.compile(
    r"(?:\b(?:they|he|she|people|who|asks?|asked|asking|calling|calls|called|told|telling|"
    r"urging|campaign|threaten\w*|refus\w+|wants?|says?|said|tells?)\b"
    r"|\b(?:piden|pide|pidieron|pidiendo|llaman|llamando|llama|llamado|llamaron|convocan|"
    r"convoca|dicen|dice|dijo|dijeron|amenaz\w+|negó|nego|quieren|quiere|ordenan|ordena|campaña|"
    r"campana|mandan|manda|invitan|invita|incitan|incita)\b"
    r"|\b(?:demandent|demande|demandé|appellent|appelle|appel|disent|dit|menac\w+|refus\w+|"
    r"veulent|veut|campagne|incitent|incite|invitent)\b"
    r"|\b(?:pedem|pede|pediram|pedindo|chamam|chama|chamaram|dizem|diz|disse|disseram|"
    r"ameaç\w+|recus\w+|querem|quer|campanha|mandam|manda|convocam)\b"
    r"|(?:يطالبون|يطالب|يطلبون|يطلب|يدعون|يدعو|يحرضون|يحرض|قالوا|يقولون|قال|يقول|طلبوا|طلب|"
    r"رفض|هدد|دعوا|يريدون|يريد))[^.!?؟\n]{0,60}$"
)
_QUOTES: Final = re.compile(r"[\"“”«»„‟][^\"“”«»„‟]{0,280}[\"“”«»„‟]")
#: A clause begins at the beginning, after a stop, after signs that are no letters, and after a
#: handle that is spoken to.
_CLAUSE: Final = re.compile(
    r"(?:^|[.!?؟:;,\n\-\u2013—…|>]|rt @\S+|[^\w\s@#'\u2019])"
    r"\s*(?:#\w+\s+|(?:por favor|please|pls|svp|"
    r"stp|rt)[\s,:]+)*$"
)
#: A form that is a call only at the beginning of a clause is none if the clause is a question.
_QUESTION: Final = re.compile(r"^[^.!\n]{0,40}[?؟]")
#: In English a verb after a handle that is spoken to calls; elsewhere it may say what the handle's
#: owner does ("@ana denuncia a").
_SPOKEN_TO: Final = re.compile(r"^(?:@[\w.\-]+[\s,:]+)+$")
_ARABIC: Final = re.compile(r"[\u064b-\u065f\u0670\u0640]")


@dataclass(frozen=True)
class Call:
    """One call: whom it names (a handle without @, in lower case; None where it only says "this
    account"), and its language.
    """

    handle: str | None
    language: str


def _patterns() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    made = {}
    for language, (sure, weak, between, this) in _FORMS.items():
        rest = (
            rf"(?!\w)[\s:,]+(?:(?:{between})[\s:,]+){{0,6}}"
            rf"(?:{_HANDLE}(?![\w.\-])(?!{_NEWS})|(?P<this>{this}))"
        )
        made[language] = (
            re.compile(rf"(?<![\w@#])(?:{sure}){rest}"),
            re.compile(rf"(?<![\w@#])(?:{weak}){rest}"),
        )
    return made


_COMPILED: Final = _patterns()


def normalise_text(text: str) -> str:
    """Lower case, composed, one kind of apostrophe; Arabic without vowel signs and with one form of
    alif, ya and ta marbuta.
    """
    text = (
        unicodedata.normalize("NFKC", text[:4000])
        .casefold()
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    text = _ARABIC.sub("", text)
    return text.translate(str.maketrans("أإآٱىة", "اااايه"))


def find_calls(text: str) -> list[Call]:
    """The calls to report that a post makes; none if it only denies, quotes or tells of one."""
    text = normalise_text(text)
    quoted = [(m.start(), m.end()) for m in _QUOTES.finditer(text)]
    found: dict[tuple[str | None, str], Call] = {}
    taken: list[tuple[int, int]] = []
    for language, patterns in _COMPILED.items():
        for pattern, sure in zip(patterns, (True, False), strict=True):
            for match in pattern.finditer(text):
                begin = match.start()
                before = text[max(0, begin - 90) : begin]
                if (
                    any(a < begin < b for a, b in quoted)
                    or _NEGATION.search(before)
                    or _REPORTED_SPEECH.search(before)
                ):
                    continue
                begins = _CLAUSE.search(before) or (language == "en" and _SPOKEN_TO.search(before))
                if not sure and (
                    not begins or _QUESTION.search(text[match.end() : match.end() + 60])
                ):
                    continue
                if any(a < match.end() and begin < b for a, b in taken):
                    continue  # the same words in a kindred language
                taken.append((begin, match.end()))
                handle = match["handle"]
                call = Call(handle.rstrip(".-").removesuffix("'s") if handle else None, language)
                found.setdefault((call.handle, call.language), call)
    return list(found.values())


_MAY_CALL = """kind IN ('post', 'reply', 'quote', 'repost') AND text IS NOT NULL
AND regexp_matches(regexp_replace(lower(text), '[\u064b-\u065f\u0670\u0640]', '', 'g'),
  'report|denunci|denúnci|signal|denonc|dénonc|بلغ|بليغ|بلاغ|ريبورت')"""
_POSTS = f"""
SELECT account, text, epoch_us(time) AS time FROM acts
WHERE {_MAY_CALL}
ORDER BY time, account, text
"""


def tabulate_calls(record: Record) -> tuple[pa.Table, int, int]:
    """(table `CALLS` by target, posts with a call, accounts that called).

    A repost spreads a call and counts as one.
    """
    if not record.has("acts"):
        return CALLS_SCHEMA.empty_table(), 0, 0
    rows = record.sql(_POSTS, split=ByRows({"acts": _MAY_CALL}))
    grouped: dict[tuple[str, str], list[tuple[str, int]]] = {}
    posts, callers = 0, set()
    for account, text, time in zip(
        *(rows.column(c).to_pylist() for c in ("account", "text", "time")), strict=True
    ):
        calls = find_calls(text)
        if not calls:
            continue
        posts += 1
        callers.add(account)
        for call in calls:
            grouped.setdefault((call.handle or "", call.language), []).append((account, time))
    known = _accounts_by_handle(record) if grouped else {}
    made = [
        {
            "target": handle or None,
            "account": known.get(handle),
            "language": language,
            "posts": len(by),
            "callers": len({a for a, _ in by}),
            "first": by[0][1],
            "last": by[-1][1],
        }
        for (handle, language), by in sorted(grouped.items(), key=lambda i: (-len(i[1]), i[0]))
    ]
    columns = [
        pa.array([r[f.name] for r in made], pa.int64() if pa.types.is_timestamp(f.type) else f.type)
        for f in CALLS_SCHEMA
    ]
    table = pa.table(
        [c.cast(f.type) for c, f in zip(columns, CALLS_SCHEMA, strict=True)], schema=CALLS_SCHEMA
    )
    return table, posts, len(callers)


def _accounts_by_handle(record: Record) -> dict[str, str]:
    """Account ids by handle in lower case, without @; a handle that several accounts have had is
    left out.
    """
    rows = record.sql(
        "SELECT lower(ltrim(handle, '@')) AS handle, min(account) AS account FROM accounts "
        "WHERE handle IS NOT NULL "
        "GROUP BY 1 HAVING count(DISTINCT account) = 1",
        split=ByRows({"accounts": "handle IS NOT NULL"}),
    )
    return dict(zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True))
