"""Levels of one account's followers: "from 32,000 to 1 and hours later 17,000" is one count.

A chain begins with two levels joined by "from ... to" or an arrow, or with a level that somebody
had, has or was left with; what follows with "later", "back to", "now" belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from birdfall.claims.parse.durations import NEXT_DAY_S, Span, SpanKind, filler_begin
from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import LEADER
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.non_counts import FIRST_YEAR, LAST_YEAR, counts_nothing
from birdfall.claims.parse.nouns import Noun, NounKind, noun_after
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.populations import population_of
from birdfall.claims.parse.qualifiers import Qualifier, read_qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import percent_end
from birdfall.claims.parse.tokens import TokenKind
from birdfall.claims.parse.when import Relation
from birdfall.model.units import HOUR_S


class Role(StrEnum):
    """Which level of a count is meant."""

    BEFORE = "before"
    LOWEST = "lowest"
    LATER = "later"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Step:
    """One level. after_s: least and most seconds after the lowest, None where nothing is said."""

    role: Role
    value: float
    qualifier: Qualifier
    after_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Levels of one account, in the order of time. begin: its first token."""

    steps: tuple[Step, ...]
    begin: int
    population: str
    window: Span | None
    group: str = ""


#: Words looked back over for "had", "lost", "later", and on for "left"; between two levels.
EVENT_WORDS = 5  # from the noun of a number to what happened to the accounts
STOOD_WORDS, LOST_WORDS, LATER_WORDS, LEFT_WORDS, MOVE_WORDS = 5, 5, 3, 3, 8
#: Words of the phrase around a level, before and after it; to its noun; to its delay.
PHRASE_WORDS_BEFORE, PHRASE_WORDS_AFTER, NOUN_WORDS, DELAY_WORDS = 6, 4, 3, 8
#: A delay that is said may be so much shorter and longer.
DELAY_SLACK = (0.5, 1.5)
_QUOTES = frozenset("\"'«»“”")
_LOST_OR_GAINED = (Quantity.LOST, Quantity.GAINED)
_HAPPENED_TO_ACCOUNTS = (Quantity.FALLEN, Quantity.RESTORED)
#: The role of a level by what stands before it.
_ROLE_TAGS = {Tag.LEFT_WITH: Role.LOWEST, Tag.HAD: Role.BEFORE, Tag.HAS: Role.NOW}


def read_chains(sentence: Sentence) -> list[Chain]:
    """The chain of levels of a sentence, if there is one; its numbers are taken."""
    amounts = sentence.amounts
    free = [i for i in sentence.free() if percent_end(sentence, amounts[i].end) is None]
    roles = _read_move(sentence, free)
    moved = bool(roles)
    for i in free:
        if i in roles:
            continue
        role = _own_role(sentence, amounts[i])
        if role is None and roles and i > next(iter(roles)):
            role = _role_in_chain(sentence, amounts[i])
            had = _stood_role(sentence, amounts[i].begin) is Role.BEFORE
            if role is Role.LATER and had and list(roles.values()) == [Role.NOW]:
                role = Role.BEFORE  # "now has 72,000, after it had had 90,000"
        if role is not None:
            roles[i] = role
    if list(roles.values()) == [Role.NOW] and _became(sentence, amounts[next(iter(roles))]):
        return []
    owned = moved or any(_own_role(sentence, amounts[i]) is not None for i in roles)
    if not roles or not owned:
        return []
    since = sentence.words.ranges(Tag.SINCE_THEN)  # "after the wave she had"
    told = [_step(sentence, amounts[i], roles[i]) for i in sorted(roles)]
    steps = _order_steps(told, afterwards=bool(since))
    for begin, end in since if len(steps) == 1 else []:
        sentence.use(begin, end)
    sentence.take(*roles)
    for i in roles:
        _use_level(sentence, amounts[i])
    first = amounts[min(roles)]
    noun = Noun(NounKind.FOLLOWERS, first.begin, first.begin)
    population = population_of(sentence, first.begin, first.end, noun, Quantity.LEVEL)
    group = ""
    if population == LEADER:
        groups = sentence.words.ranges(Tag.GROUP)
        group = sentence.words[groups[0].begin].text if groups else ""
    return [Chain(steps, first.begin, population, _take_window(sentence, first.begin), group)]


def _became(sentence: Sentence, amount: Amount) -> bool:
    """Whether a count only came to a level, at a time that is not said: "بلغ عدد متابعيها 15"."""
    words = sentence.words
    first, last = sentence.clause(amount.begin)
    timed = words.contains(Tag.NOW, first, last) or words.contains(Tag.SINCE_THEN, first, last)
    return words.contains(Tag.BECAME, first, amount.begin) and not timed


def _use_level(sentence: Sentence, amount: Amount) -> None:
    """Mark a level as understood, with its qualifier; a "not" before it is not understood."""
    qualifier, begin = read_qualifier(sentence, amount.begin, amount.end)
    # "no pasó de 32.000 a 20.000"
    if qualifier in (Qualifier.NOT, Qualifier.UP_TO) or sentence.words.length(begin, Tag.NOT):
        begin = amount.begin
    if qualifier is Qualifier.EXACTLY and sentence.words.is_a(amount.begin - 1, Tag.ONLY_BUT):
        first = max(sentence.clause(begin).begin, begin - STOOD_WORDS)
        for denial in sentence.words.ranges(Tag.NOT, first, begin):  # "لم يبق لها سوى"
            sentence.use(*denial)
    end = amount.end + sentence.words.length(amount.end, Tag.EXACTLY_AFTER)
    sentence.use(begin, end)


def _read_move(sentence: Sentence, free: list[int]) -> dict[int, Role]:
    """The roles of the first two numbers that are the ends of one change of level."""
    for i, j in pairwise(free):
        start, end = sentence.amounts[i], sentence.amounts[j]
        if j == i + 1 and _is_move(sentence, start, end):
            return {i: Role.BEFORE, j: Role.LOWEST if end.value < start.value else Role.LATER}
    return {}


def _step(sentence: Sentence, amount: Amount, role: Role) -> Step:
    qualifier, begin = read_qualifier(sentence, amount.begin, amount.end)
    # "down to 1", "hasta 1" bound nothing
    denied = sentence.words.length(begin, Tag.NOT)
    if amount.value <= 1 or qualifier in (Qualifier.UP_TO, Qualifier.NOT) or denied:
        qualifier = Qualifier.PLAIN
    if amount.about and qualifier is Qualifier.PLAIN:
        qualifier = Qualifier.ABOUT
    first = _articles_begin(sentence, amount.begin)
    never = sentence.words.length_before(first, Tag.NEVER_BELOW)
    if never:
        qualifier = Qualifier.AT_LEAST
        sentence.use(first - never, amount.begin)
    return Step(role, amount.value, qualifier, _delay(sentence, amount))


def _is_move(sentence: Sentence, start: Amount, end: Amount) -> bool:
    """Whether two numbers are the ends of one change of level."""
    words = sentence.words
    named = noun_after(sentence, start.end) is not None
    if sentence.crossing_cost(start.end, end.begin) == float("inf"):
        return False
    clause = sentence.clause(start.begin)
    # "followers rose from 2000 to 5000"; from 2019 to 2021 are years
    counted = words.contains(Tag.FOLLOWER, *clause) and not FIRST_YEAR <= end.value <= LAST_YEAR
    if counts_nothing(words, start, noun_follows=named or counted):
        return False
    if any(word.kind is TokenKind.ARROW for word in words[start.end : end.begin]):
        return True
    # Arabic says "to follower one"
    noun_first = end.begin - bool(words.length(end.begin - 1, Tag.FOLLOWER))
    joined = _follows(sentence, start, Tag.FROM) and (
        _follows(sentence, end, Tag.TO) or words.length_before(noun_first, Tag.TO)
    )
    if not joined or end.begin - start.end > MOVE_WORDS:
        return False
    first, last = sentence.clause(start.begin)
    noun = noun_after(sentence, end.end)
    followers = words.contains(Tag.FOLLOWER, first, last)
    if noun is not None:
        # "from 6,000 to 7,000 accounts were suspended"
        accounts = noun.kind is NounKind.ACCOUNTS and not followers and end.value > start.value
        if accounts or noun.kind is NounKind.OTHER:
            return False
    return followers or words.contains(Tag.MOVED, first, last) or end.value < start.value


def _follows(sentence: Sentence, amount: Amount, tag: Tag) -> bool:
    """Whether a phrase of `tag` stands before a number, or before its qualifier."""
    words = sentence.words
    return bool(
        words.length_before(amount.begin, tag)
        or words.length_before(_articles_begin(sentence, amount.begin), tag)
        or words.length_before(_qualifier_begin(sentence, amount.begin), tag)
    )


def _qualifier_begin(sentence: Sentence, at: int) -> int:
    """Where the words that qualify the number at `at` begin, or the articles before it."""
    _, begin = read_qualifier(sentence, at, at)
    return _articles_begin(sentence, at) if begin == at else begin


def _own_role(sentence: Sentence, amount: Amount) -> Role | None:
    """The role of a level that somebody had, has or was left with; None if it is no such level."""
    words = sentence.words
    if words.length_before(_articles_begin(sentence, amount.begin), Tag.NEVER_BELOW):
        return Role.LOWEST
    followed = _followed_role(sentence, amount)
    if followed is not None:
        return followed
    reached = _reached_role(sentence, amount)
    noun = _noun_of_level(sentence, amount, reached)
    if noun is None or not noun.counts_followers or noun.begin - amount.end > NOUN_WORDS:
        return None
    # "had 6,600 followers suspended" is a fall
    fell = any(
        0 <= event.begin - noun.end <= EVENT_WORDS
        and event.quantity in _HAPPENED_TO_ACCOUNTS
        and not sentence.crossing_cost(noun.end, event.begin)
        and not words.contains(Tag.BEFOREHAND, noun.end, event.begin)
        for event in sentence.events
    )
    if fell:
        return None
    lost = any(
        event.quantity in _LOST_OR_GAINED
        and max(0, amount.begin - LOST_WORDS) <= event.begin < amount.begin
        for event in sentence.events
    )
    if reached is None and lost:
        return None
    role = _stood_role(sentence, amount.begin) or reached
    if role is not None:
        return role
    if not _is_what_was_left(sentence, noun.end):
        return None
    # "from 90,000 followers it was left with 15"
    whole = words.length_before(_articles_begin(sentence, amount.begin), Tag.FROM)
    return Role.BEFORE if whole else Role.LOWEST


def _is_what_was_left(sentence: Sentence, end: int) -> bool:
    """Whether "were left" is said of the followers that end at `end`, and not of a next number."""
    starts = {amount.begin for amount in sentence.amounts}
    return any(
        not sentence.crossing_cost(end, begin) and starts.isdisjoint(range(stop, stop + 2))
        for begin, stop in sentence.words.ranges(Tag.LEFT_WITH, end, end + LEFT_WORDS)
    )


def _followed_role(sentence: Sentence, amount: Amount) -> Role | None:
    """The role of what Arabic says with a verb: "يتابع @x 52 ألف شخص" is what @x has now."""
    words = sentence.words
    noun = noun_after(sentence, amount.end)
    first, last = sentence.clause(amount.begin)
    told = any(first <= event.begin < last for event in sentence.events)
    if noun is None or noun.kind is NounKind.OTHER or told:
        return None
    for begin, end in words.ranges(Tag.FOLLOW_VERB, first, amount.begin):
        noun_ends = bool(words.length(end - 1, Tag.FOLLOWER))  # "of the followers of"
        handle = end < amount.begin and words[end].kind is TokenKind.HANDLE
        if handle and not noun_ends and amount.begin - end <= STOOD_WORDS:
            sentence.use(begin, end)
            return Role.BEFORE if words.contains(Tag.HAD, begin - 1, end) else Role.NOW
    return None


def _noun_of_level(sentence: Sentence, amount: Amount, reached: Role | None) -> Noun | None:
    """What a level counts: by the noun after it, or followers named before it."""
    words = sentence.words
    noun = noun_after(sentence, amount.end)
    if noun is not None:
        return noun
    if amount.value == 1 and words.length(amount.begin - 1, Tag.FOLLOWER):
        return Noun(NounKind.FOLLOWERS, amount.begin - 1, amount.end)
    first, last = sentence.clause(amount.begin)
    named = words.contains(Tag.FOLLOWER, first, amount.begin)
    alone = amount.end == last and len(sentence.free()) == 1
    stands = alone and _stood_role(sentence, amount.begin) is not None
    if named and (reached is not None or stands):  # "يبلغ عدد متابعيها 10500"
        return Noun(NounKind.FOLLOWERS, amount.begin, amount.end)
    return None


def _reached_role(sentence: Sentence, amount: Amount) -> Role | None:
    """The role of a level that a count "fell to" or "rose to"."""
    if not _follows(sentence, amount, Tag.TO):
        return None
    first = sentence.clause(amount.begin).begin
    if sentence.words.contains(Tag.ROSE, first, amount.begin):
        return Role.LATER
    return Role.LOWEST if sentence.words.contains(Tag.MOVED, first, amount.begin) else None


def _articles_begin(sentence: Sentence, at: int) -> int:
    """Where the articles before the number at `at` begin: "sous les 40 000", not "d'autres"."""
    words = sentence.words
    while words.is_a(at - 1, Tag.ARTICLE) and not words.is_a(at - 1, Tag.FURTHER):
        at -= 1
    return at


def _stood_role(sentence: Sentence, begin: int) -> Role | None:
    """The role that "had", "has" or "was left with" shortly before a number gives it."""
    words = sentence.words
    found: list[tuple[bool, int, int, Role]] = []
    # "had before the wave 64,000": when it was takes no place
    asides = {
        n
        for tag in (Tag.WAVE, Tag.BEFOREHAND, Tag.SINCE_THEN, Tag.OF_WAVE)
        for first, last in words.ranges(tag, max(0, begin - 2 * STOOD_WORDS), begin)
        for n in range(first, last)
    }
    reach = begin - STOOD_WORDS - 1 - len(asides)
    for at in range(begin - 1, max(-1, reach), -1):
        if words[at].kind in (TokenKind.MARK, TokenKind.DIGITS) and words[at].text not in _QUOTES:
            break
        for tag, role in _ROLE_TAGS.items():
            length = words.length(at, tag)
            if length and at + length <= begin:
                found.append((role is Role.LOWEST, at + length, length, role))
    return max(found)[3] if found else None


def _role_in_chain(sentence: Sentence, amount: Amount) -> Role | None:
    """The role of a number after a chain has begun; None if it counts something else."""
    words = sentence.words
    noun = noun_after(sentence, amount.end)
    if (
        (noun is not None and not noun.counts_followers)
        or counts_nothing(words, amount, noun_follows=noun is not None)
        or _has_own_event(sentence, amount, noun)
        or _is_what_was_lost(sentence, amount)
    ):
        return None
    begin, end = _phrase_around(sentence, amount)
    stood = _stood_role(sentence, amount.begin)
    delayed = _delay(sentence, amount) is not None
    if stood is Role.LOWEST:
        return stood
    before = words.length(noun.end if noun is not None else amount.end, Tag.BEFOREHAND)
    if (before or words.contains(Tag.BEFOREHAND, begin, amount.begin)) and not delayed:
        return Role.BEFORE
    if words.contains(Tag.NOW, begin, end) or (stood is Role.NOW and not delayed):
        return Role.NOW
    # the word that joins may itself say "then"
    before_later = min(begin, max(0, amount.begin - LATER_WORDS))
    later = (
        delayed
        or words.contains(Tag.LATER, before_later, end)
        or words.contains(Tag.TO, amount.begin - 2, amount.begin)
        or any(w.kind is TokenKind.ARROW for w in words[max(0, amount.begin - 2) : amount.begin])
        or noun is not None
        or stood is not None
        or read_qualifier(sentence, amount.begin, amount.end).qualifier is Qualifier.EXACTLY
    )
    return Role.LATER if later else None


def _is_what_was_lost(sentence: Sentence, amount: Amount) -> bool:
    """Whether a number without "to" follows a loss: "qui avait 6 000 abonnés, en a perdu 120"."""
    _, begin = read_qualifier(sentence, amount.begin, amount.end)
    return any(
        event.quantity in _LOST_OR_GAINED and event.end == begin for event in sentence.events
    )


def _has_own_event(sentence: Sentence, amount: Amount, noun: Noun | None) -> bool:
    """Whether an event stands right after a number, which so counts accounts."""
    after = noun.end if noun is not None else amount.end
    near = next(
        (
            event
            for event in sentence.events
            if 0 <= event.begin - after <= 1
            and event.quantity in (*_HAPPENED_TO_ACCOUNTS, Quantity.MISSING)
        ),
        None,
    )
    return near is not None and not sentence.crossing_cost(amount.end, near.begin)


def _phrase_around(sentence: Sentence, amount: Amount) -> tuple[int, int]:
    """The tokens around a number that no mark or joining word cuts off."""
    begin, end = amount.begin, amount.end
    first = max(0, amount.begin - PHRASE_WORDS_BEFORE)
    last = min(len(sentence.words), amount.end + PHRASE_WORDS_AFTER)
    while begin > first and not sentence.crossing_cost(begin - 1, begin):
        begin -= 1
    while end < last and not sentence.crossing_cost(end, end + 1):
        end += 1
    return begin, end


def _delay(sentence: Sentence, amount: Amount) -> tuple[float, float] | None:
    """How long after the lowest a level is said to have been reached."""
    shortest, longest = DELAY_SLACK
    time = sentence.time
    if time is not None and time.when.relation in (
        Relation.BY_PART,
        Relation.BY_HOURS,
    ):  # "by the next morning"
        for begin, end in time.ranges:
            sentence.use(begin, end)
        return 0.0, NEXT_DAY_S * longest
    for number, span in enumerate(sentence.spans):
        before = span.end <= amount.begin
        gap = amount.begin - span.end if before else span.begin - amount.end
        if (
            span.kind is SpanKind.DELAY
            and 0 <= gap <= DELAY_WORDS
            and number not in sentence.used_spans
        ):
            sentence.use(span.begin, span.end)
            return span.low_s * shortest, span.high_s * longest
    return None


def _order_steps(steps: list[Step], *, afterwards: bool) -> tuple[Step, ...]:
    """Set the roles by what the numbers say.

    What was had first is before, the least after it the lowest, the rest later.
    """
    if len(steps) == 1:
        alone = steps[0]
        late = afterwards or alone.after_s is not None
        turned = late and alone.role is Role.BEFORE
        return (replace(alone, role=Role.LATER) if turned else alone,)
    first = [step for step in steps if step.role is Role.BEFORE]
    if len(first) > 1:  # "had 32,000, had 1, later 17,000"
        first = [max(first, key=lambda step: step.value)]
    rest = [step for step in steps if all(step is not other for other in first)]
    if not any(step.role is Role.LOWEST for step in rest) and (first or len(rest) > 1) and rest:
        least = min(rest, key=lambda step: step.value)
        if not first or (least.value < first[0].value and least.role is not Role.NOW):
            lowest = replace(least, role=Role.LOWEST, after_s=None)
            rest = [lowest if step is least else step for step in rest]
    lowest_steps = [step for step in rest if step.role is Role.LOWEST][:1]
    after = [
        replace(step, role=Role.LATER) if step.role in (Role.BEFORE, Role.LOWEST) else step
        for step in rest
        if step not in lowest_steps
    ]
    return (*first, *lowest_steps, *after)


def _take_window(sentence: Sentence, begin: int) -> Span | None:
    """The window in the clause of a chain; it is used up."""
    first, last = sentence.clause(begin)
    for number, span in enumerate(sentence.spans):
        if span.kind is SpanKind.WINDOW and first <= span.begin < last:
            gap = min(span.end, begin), max(span.begin, begin)
            if sentence.crossing_cost(*gap) < float("inf"):
                sentence.used_spans.add(number)
                begin = span.begin
                if span.high_s >= HOUR_S:  # counts are too rare for less, which is left over
                    begin = filler_begin(sentence.words, span.begin)
                    begin -= sentence.words.length_before(begin, Tag.WITHIN)
                sentence.use(begin, span.end)
                return span
    return None
