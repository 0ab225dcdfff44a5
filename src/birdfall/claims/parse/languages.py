"""The language of a sentence, by its letters and its most frequent words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from birdfall.claims.parse.lexicon import lexicon
from birdfall.claims.parse.number_words import ADDED, LANGUAGES, MULTIPLIERS
from birdfall.claims.parse.tokens import fold, fold_words

#: From this share of Arabic letters on a sentence is Arabic.
MIN_ARABIC_SHARE = 0.3
#: Letters that tell a language; of those that several share each gets a part.
LETTERS: Final = (
    ("ãõ", ("pt",)),
    ("ñ¿¡", ("es",)),
    ("èùûœëï", ("fr",)),
    ("ç", ("fr", "pt")),
    ("êà", ("fr", "pt")),
    ("óíú", ("es", "pt")),
)
#: Words that tell a language; what several share weighs less.
FREQUENT_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "en": fold_words(
        "the accounts account in of were followers follower than more minutes ten at and hours "
        "lost was have been came back none half her his within from to with only just over not "
        "nobody later had has day by suspended out which are is did they"
    ),
    "es": fold_words(
        "cuentas cuenta en de los las seguidores minutos fueron más diez el una y hora horas "
        "perdió mil ningún ninguna nadie sus del se la mitad que con menos por volvieron cayeron "
        "día siguiente después hasta fue casi unas desde al no ciento son han lo su según hace"
    ),
    "fr": fold_words(
        "comptes compte en les des abonnés minutes ont été plus dix une le et heure heures de "
        "mille aucun aucune personne ses du moitié que avec moins sont revenus jours après est "
        "dans la un environ près pas n qu d l cent au aux par ce il elle leurs entre selon"
    ),
    "pt": fold_words(
        "contas conta em dos das seguidores minutos foram mais dez uma o os e hora horas mil "
        "perdeu nenhuma nenhum ninguém seus suas do da metade que com menos voltaram dias depois "
        "foi no na um até não cerca ao as são pelo pela há dia seguinte"
    ),
}


def language_of(text: str) -> str | None:
    """The language a sentence seems to be in, None if nothing tells.

    Examples
    --------
    >>> language_of("6.600 cuentas en diez minutos"), language_of("17:50")
    ('es', None)
    """
    letters = [c for c in text if c.isalpha()]
    arabic = sum("\u0600" <= c <= "\u06ff" for c in letters)
    if arabic > MIN_ARABIC_SHARE * len(letters):
        return "ar"
    words = re.findall(r"[a-z]+", fold(re.sub(r"[@#]\w+|https?://\S+", " ", text)))
    if not words:
        return None
    scores = dict.fromkeys(FREQUENT_WORDS, 0.0)
    for telling, owners in LETTERS:
        if any(c in telling for c in text.casefold()):
            _share_point(scores, owners)
    for word in words:
        _share_point(scores, [language for language in scores if _belongs(word, language)])
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > 0 else None


def is_known(language: str | None) -> bool:
    """Whether sentences of a language can be read."""
    return language in LANGUAGES


def _belongs(word: str, language: str) -> bool:
    return (
        word in FREQUENT_WORDS[language]
        or word in _vocabulary(language)
        or word in ADDED[language]
        or (len(word) > 1 and word in MULTIPLIERS[language])
    )


@cache
def _vocabulary(language: str) -> frozenset[str]:
    """The words that the lexicon of a language spells out."""
    return frozenset(
        word
        for group in lexicon(language).phrases.values()
        for phrase in group
        for word in phrase
        if len(word) > 2
    )


def _share_point(scores: dict[str, float], owners: list[str] | tuple[str, ...]) -> None:
    for language in owners:
        scores[language] += 1 / len(owners)
