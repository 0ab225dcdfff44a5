"""Levels of one account's followers in a sentence: "from 32,000 to 1 and hours later 17,000" is one count at three times, not falls.

A chain begins with two levels joined by "from ... to" or an arrow, or with a level that somebody had, has or was left with; what
follows with "later", "back to", "now" belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from birdfall.claims.parse import lexicon
from birdfall.claims.parse.durations import Span, counts_nothing
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.sentence import Noun, Sentence, _percent_end, population_of, qualifier_of


@dataclass(frozen=True, slots=True)
class Step:
    """One level: its role ("before", "lowest", "later", "now"), number, how strictly it is meant, how long after the lowest."""

    role: str
    value: float
    qualifier: str
    after_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Levels of one account, in the order of time; begin: where it begins in the sentence."""

    steps: tuple[Step, ...]
    begin: int
    population: str
    window: Span | None


_BEFORE: Final = lexicon._phrases(
    "before, antes, avant, قبل, previously, originally, auparavant, anteriormente, previamente, until then"
)
_LATER_UNTOLD: Final = (3600.0, 86400.0)


def chains(s: Sentence) -> list[Chain]:
    """The chains of levels of a sentence; their numbers are taken from it."""
    free = [i for i in s.free() if not _percent_end(s, s.amounts[i].end)]
    found: list[tuple[int, Step]] = []
    pair = next(
        (
            (i, j)
            for i, j in zip(free, free[1:], strict=False)
            if j == i + 1 and _is_move(s, s.amounts[i], s.amounts[j])
        ),
        None,
    )
    if pair is not None:
        i, j = pair
        found = [
            (i, _step(s, i, "before")),
            (j, _step(s, j, "lowest" if s.amounts[j].value < s.amounts[i].value else "later")),
        ]
    for i in free:
        if i in (pair or ()):
            continue
        role = _single(s, i)
        if role is None and found and i > found[0][0]:
            role = _follows(s, i)
        if role is not None:
            found.append((i, _step(s, i, role)))
    if not found or (pair is None and not any(_owned(s, i) for i, _ in found)):
        return []
    found.sort(key=lambda f: f[0])
    steps = _ordered([step for _, step in found])
    s.taken |= {i for i, _ in found}
    begin = s.amounts[found[0][0]].begin
    noun = Noun("followers", begin, begin)
    window = _window(s, begin, s.amounts[found[-1][0]].end)
    return [
        Chain(
            steps, begin, population_of(s, begin, s.amounts[found[0][0]].end, noun, "level"), window
        )
    ]


def _step(s: Sentence, i: int, role: str) -> Step:
    amount = s.amounts[i]
    qualifier, _ = qualifier_of(s, amount.begin, amount.end)
    if amount.value <= 1:
        qualifier = "plain"
    if qualifier in ("at_most", "not"):  # "down to 1", "hasta 1"
        qualifier = "plain"
    if amount.about and qualifier == "plain":
        qualifier = "about"
    return Step(role, amount.value, qualifier, _delay(s, i) if role in ("later", "now") else None)


def _is_move(s: Sentence, a: Amount, b: Amount) -> bool:
    """Whether two numbers are the ends of one change of level."""
    words = s.words
    if s.crossings(a.end, b.begin) == float("inf") or counts_nothing(
        words, a, s.noun_after(a.end) is not None
    ):
        return False
    if any(w.kind == "arrow" for w in words[a.end : b.begin]):
        return True
    before_a, before_b = _before(s, a.begin), _before(s, b.begin)
    start = any(lexicon.ends_at(words, at, lexicon.FROM) for at in {a.begin, before_a})
    # Arabic says "to follower one"
    named = (
        b.begin - 1
        if b.begin and lexicon.length_at(words, b.begin - 1, lexicon.FOLLOWERS)
        else b.begin
    )
    to = any(lexicon.ends_at(words, at, lexicon.TO) for at in {b.begin, before_b, named})
    if not (start and to) or b.begin - a.end > 8:
        return False
    first, last = s.clause(a.begin)
    after = s.noun_after(b.end)
    followers = s.has(lexicon.FOLLOWERS, first, last)
    if after is not None and after.kind == "other":
        return False
    if after is not None and after.kind == "accounts" and not followers and b.value > a.value:
        return False  # "from 6,000 to 7,000 accounts were suspended"
    if followers or s.has(lexicon.MOVED, first, last):
        return True
    return b.value < a.value


def _before(s: Sentence, at: int) -> int:
    """The place before the words that qualify a number."""
    _, begin = qualifier_of(s, at, at)
    while begin > 0 and s.words[begin - 1].text in lexicon.ARTICLES and begin == at:
        begin -= 1
        at -= 1
    return begin


def _single(s: Sentence, i: int) -> str | None:
    """The role of a level that somebody had, has or was left with; None if the number is no such level."""
    amount = s.amounts[i]
    noun = s.noun_after(amount.end)
    if (
        noun is None
        and amount.value == 1
        and amount.begin
        and lexicon.length_at(s.words, amount.begin - 1, lexicon.FOLLOWERS)
    ):
        noun = Noun("followers", amount.begin - 1, amount.end)
    if (
        noun is None
        and _reached(s, i)
        and s.has(lexicon.FOLLOWERS, s.clause(amount.begin)[0], amount.begin)
    ):
        noun = Noun("followers", amount.begin, amount.end)
    if noun is None or noun.kind != "followers" or noun.begin - amount.end > 3:
        return None
    # "had 6,600 followers suspended" is a fall
    if any(
        c.begin - noun.end in (0, 1) and c.quantity in ("fallen", "restored") for c in s.cues
    ) and not s.crossings(noun.end, noun.end + 1):
        return None
    near = range(max(0, amount.begin - 5), amount.begin)
    if not _reached(s, i) and any(
        c.quantity in ("lost", "gained") and c.begin in near for c in s.cues
    ):
        return None
    role = _stood(s, amount.begin) or _reached(s, i)
    if role is not None:
        return role
    after = range(noun.end, min(noun.end + 3, len(s.words)))
    return "lowest" if any(lexicon.length_at(s.words, at, lexicon.LEFT) for at in after) else None


_ROSE: Final = lexicon._phrases(
    "rose, rise, climbed, recovered, grew, jumped, bounced, subió, subieron, aumentó, creció, crecieron, remont*, mont*, augment*, grimp*, subiu, subiram, aumentou, cresceu, ارتفع*, صعد*, زاد*"
)


def _reached(s: Sentence, i: int) -> str | None:
    """The role of a level that a count "fell to" or "rose to"."""
    amount = s.amounts[i]
    if not any(
        lexicon.ends_at(s.words, at, lexicon.TO) for at in {amount.begin, _before(s, amount.begin)}
    ):
        return None
    first, _ = s.clause(amount.begin)
    if s.has(_ROSE, first, amount.begin):
        return "later"
    return "lowest" if s.has(lexicon.MOVED, first, amount.begin) else None


def _stood(s: Sentence, begin: int) -> str | None:
    """The role that "had", "has" or "was left with" shortly before a number gives it."""
    found: list[tuple[bool, int, int, str]] = []
    for at in range(begin - 1, max(-1, begin - 6), -1):
        if s.words[at].kind in ("mark", "digits") and s.words[at].text not in "\"'«»“”":
            break
        for role, phrases in (
            ("lowest", lexicon.LEFT),
            ("before", lexicon.HAD),
            ("now", lexicon.HAS),
        ):
            length = lexicon.length_at(s.words, at, phrases)
            if length and at + length <= begin:
                found.append((role == "lowest", at + length, length, role))
    return max(found)[3] if found else None


def _owned(s: Sentence, i: int) -> bool:
    return _single(s, i) is not None


def _follows(s: Sentence, i: int) -> str | None:
    """The role of a number after a chain has begun; None if it counts something else."""
    amount = s.amounts[i]
    noun = s.noun_after(amount.end)
    if noun is not None and noun.kind != "followers":
        return None
    if counts_nothing(s.words, amount, noun is not None):
        return None
    near = [
        c
        for c in s.cues
        if 0 <= c.begin - (noun.end if noun else amount.end) <= 1
        and c.quantity in ("fallen", "restored", "missing")
    ]
    if near and s.crossings(amount.end, near[0].begin) == 0:
        return None
    # the word that joins may itself say "then"
    told_later = s.has(lexicon.LATER, max(0, amount.begin - 3), amount.begin)
    begin = amount.begin
    while begin > max(0, amount.begin - 6) and not s.crossings(begin - 1, begin):
        begin -= 1
    end = amount.end
    while end < min(len(s.words), amount.end + 4) and not s.crossings(end, end + 1):
        end += 1
    role = _stood(s, amount.begin)
    if role == "lowest":
        return role
    if s.has(_BEFORE, begin, amount.begin) and not _delay(s, i):
        return "before"
    if s.has(lexicon.NOW, begin, end) or (role == "now" and _delay(s, i) is None):
        return "now"
    if (
        told_later
        or _delay(s, i) is not None
        or s.has(lexicon.LATER, begin, amount.begin)
        or s.has(lexicon.TO, max(0, amount.begin - 2), amount.begin)
    ):
        return "later"
    if any(w.kind == "arrow" for w in s.words[max(0, amount.begin - 2) : amount.begin]):
        return "later"
    near_later = s.has(lexicon.LATER, amount.end, end)
    only = qualifier_of(s, amount.begin, amount.end)[0] == "exactly"
    return "later" if near_later or noun is not None or role is not None or only else None


def _delay(s: Sentence, i: int) -> tuple[float, float] | None:
    """How long after the lowest a level is said to have been reached."""
    amount = s.amounts[i]
    for number, span in enumerate(s.spans):
        gap = amount.begin - span.end if span.end <= amount.begin else span.begin - amount.end
        if span.kind == "delay" and 0 <= gap <= 5 and number not in s.used_spans:
            return (
                0.0
                if span.high_s > span.low_s == 0
                else span.low_s * 0.5
                if span.low_s == span.high_s
                else span.low_s / 2,
                span.high_s * 1.5,
            )
    return None


def _ordered(steps: list[Step]) -> tuple[Step, ...]:
    """Roles by what the numbers say: what was had first is before, the least after it the lowest, the rest later."""
    if len(steps) == 1:
        return (steps[0],)
    first = [x for x in steps if x.role == "before"]
    rest = [x for x in steps if x.role != "before"]
    if len(first) > 1:  # "had 32,000, had 1, later 17,000"
        highest = max(first, key=lambda x: x.value)
        rest = [x for x in steps if x is not highest]
        first = [highest]
    if rest and first and not any(x.role == "lowest" for x in rest):
        least = min(rest, key=lambda x: x.value)
        if least.value < first[0].value and least.role != "now":
            rest = [replace(x, role="lowest", after_s=None) if x is least else x for x in rest]
    if not first and len(rest) > 1:
        least = min(rest, key=lambda x: x.value)
        if not any(x.role == "lowest" for x in rest):
            rest = [replace(x, role="lowest", after_s=None) if x is least else x for x in rest]
    low = [x for x in rest if x.role == "lowest"][:1]
    after = [replace(x, role="later") if x.role == "before" else x for x in rest if x not in low]
    after = [replace(x, role="later") if x.role == "lowest" else x for x in after]
    return (*first, *low, *after)


def _window(s: Sentence, begin: int, end: int) -> Span | None:
    first, last = s.clause(begin)
    for number, span in enumerate(s.spans):
        if (
            span.kind == "window"
            and first <= span.begin < last
            and s.crossings(min(span.end, begin), max(span.begin, begin)) < float("inf")
        ):
            s.used_spans.add(number)
            return span
    return None
