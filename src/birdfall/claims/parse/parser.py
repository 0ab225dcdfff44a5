"""From a sentence to what can be measured in it: quantity, number, qualifier, window, population. es, en, fr, ar, pt.

A grammar of parts, not of patterns: numbers, times, what happened, to whom, how strictly; each number takes the nearest of each
kind that no other number or clause stands before. A parser that is not sure says so: `ambiguous` holds the other reading of a
number such as 3.348 when the language does not settle it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from birdfall.claims.parse import lexicon
from birdfall.claims.parse.durations import Span
from birdfall.claims.parse.levels import Chain, chains
from birdfall.claims.parse.numbers import ADDS, LANGUAGES, TIMES, amounts
from birdfall.claims.parse.sentence import Item, Sentence, read_items
from birdfall.claims.parse.tokens import folded, tokens
from birdfall.model.errors import UsageError

#: A claim is a sentence or a few, not a book.
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a follower count that is claimed. role: "before", "lowest", "later" or "now". value, low, high as of a claim.
    after_s: least and most seconds after the lowest, None where nothing is said.
    """

    role: str
    value: float
    low: float | None
    high: float | None
    after_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """quantity: "fallen", "restored", "missing" (fallen and not restored), "lost" or "gained" (net change of a count), "level"
    (what a count stood at) or "ratio" (how many times another number). value: the number claimed. low, high: the range its
    qualifier allows (None: open). unit: "accounts", "followers", "percent" or "times". window_s: None if none is said; window_most_s:
    the longest that a vague window ("in minutes") can mean. population: "all", "leader" (her, his), or a handle. group: a part of
    it that a record may not know ("opposition"). of: what a share is of, or a ratio to. levels: of a count, in order. ambiguous: the
    number's other reading, or None. words: the place in the sentence, for order.
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
    window_most_s: float | None = None
    group: str = ""
    of: str = ""
    levels: tuple[Level, ...] = field(default=())


#: What a plain number allows: nobody counts to the last account.
PLAIN, ABOUT, ALMOST, EXACT = 0.02, 0.10, 0.10, 0.005


_LETTERS = (
    ("ãõ", ("pt",)),
    ("ñ¿¡", ("es",)),
    ("èùûœëï", ("fr",)),
    ("ç", ("fr", "pt")),
    ("êà", ("fr", "pt")),
    ("óíú", ("es", "pt")),
)


def language_of(text: str) -> str | None:
    """The language a sentence seems to be in, None if nothing tells."""
    letters = [c for c in text if c.isalpha()]
    if letters and sum("\u0600" <= c <= "\u06ff" for c in letters) > 0.3 * len(letters):
        return "ar"
    words = re.findall(r"[a-z]+", folded(re.sub(r"[@#]\w+|https?://\S+", " ", text)))
    if not words:
        return None
    scores = dict.fromkeys(lexicon.TELLS, 0.0)
    for letters_of, telling in _LETTERS:
        if any(c in letters_of for c in text.casefold()):
            for language in telling:
                scores[language] += 1 / len(telling)
    for word in words:
        owners = [
            language
            for language, tells in lexicon.TELLS.items()
            if word in tells
            or word in ADDS[language]
            or (len(word) > 1 and word in TIMES[language])
        ]
        for language in owners:
            scores[language] += 1 / len(owners)
    best = max(scores.values())
    return max(scores, key=lambda language: scores[language]) if best > 0 else None


def parse(sentence: str, language: str | None = None) -> list[ParsedClaim]:
    """Every measurable claim of a sentence, in the order said; an empty list if there is none.

    Raises UsageError for a text of more than `LONGEST` characters.
    """
    if len(sentence) > LONGEST:
        raise UsageError(
            f"this statement has {len(sentence):,} characters",
            why="A claim is a sentence or a few.",
            fix=f"Give the sentences to be checked one by one, at most {LONGEST:,} characters each.",
        )
    spoken = language if language in LANGUAGES else language_of(sentence)
    words = tokens(sentence)
    # a wrong guess at the language costs a second reading, not the claim
    for tongue in [spoken] if spoken else []:
        found = _read(words, tongue)
        if found:
            return found
    best: list[ParsedClaim] = []
    for tongue in LANGUAGES:
        if tongue != spoken:
            found = _read(words, tongue)
            best = found if len(found) > len(best) else best
    return best


def _read(words: list, language: str) -> list[ParsedClaim]:  # type: ignore[type-arg]
    sentence = Sentence(words, language, amounts(words, language))
    found: list[tuple[int, ParsedClaim]] = [
        (c.begin, _of_chain(c, language)) for c in chains(sentence)
    ]
    found += [(item.begin, _of_item(item, language)) for item in read_items(sentence)]
    found.sort(key=lambda f: f[0])
    return [claim for _, claim in found]


def _of_item(item: Item, language: str) -> ParsedClaim:
    low, high = (
        (item.low, item.high)
        if item.low is not None or item.high is not None
        else allowed(item.value, item.qualifier)
    )
    if item.unit == "percent" and high is not None:
        high = min(high, 100.0) if item.value <= 100 else high
    window, most = _window(item.window)
    return ParsedClaim(
        quantity=item.quantity,
        value=item.value,
        low=low,
        high=high,
        unit=item.unit,
        window_s=window,
        population=item.population,
        qualifier=item.qualifier,
        language=language,
        ambiguous=item.other,
        window_most_s=most,
        group=item.group,
        of=item.of,
    )


def _window(span: Span | None) -> tuple[float | None, float | None]:
    if span is None:
        return None, None
    low = span.low_s if span.low_s > 0 else span.high_s
    return low, (span.high_s if span.high_s > low else None)


def _of_chain(chain: Chain, language: str) -> ParsedClaim:
    levels = []
    for step in chain.steps:
        low, high = allowed(step.value, step.qualifier)
        if step.value <= 1:  # one is said of next to none
            low, high = 0.0, max(high or 1.0, 1.0)
        levels.append(Level(step.role, step.value, low, high, step.after_s))
    main = next((one for one in levels if one.role == "lowest"), levels[-1])
    window, most = _window(chain.window)
    return ParsedClaim(
        quantity="level",
        value=main.value,
        low=main.low,
        high=main.high,
        unit="followers",
        window_s=window,
        population=chain.population,
        qualifier="plain",
        language=language,
        window_most_s=most,
        levels=tuple(levels),
    )


def allowed(value: float, qualifier: str) -> tuple[float | None, float | None]:
    """The range within which a number said with this qualifier is true. "not": the range that is denied."""
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
