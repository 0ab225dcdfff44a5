"""Ranges and ratios in a sentence: "between 6,000 and 7,000", "twice as many", "diez veces más"."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import EVERYBODY, Comparison, Item, Unit, unit_of
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.non_counts import counts_nothing
from birdfall.claims.parse.nouns import Noun, NounKind, noun_after, noun_around, says_who
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.qualifiers import Qualifier, read_qualifier
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import base_of, percent_end
from birdfall.claims.parse.tags import TaggedTokens, TokenRange
from birdfall.claims.parse.tokens import TokenKind

#: Ratios by the tag of their words.
MULTIPLES = {Tag.DOUBLE: 2.0, Tag.TRIPLE: 3.0}
#: What suspensions grew to, by the verb that says so.
GROWTHS = {Tag.DOUBLED: 2.0, Tag.TRIPLED: 3.0}
#: A lower end so many times smaller than the upper lacks its "thousand": "6 a 7 mil".
MIN_SCALE_GAP = 100
_DASHES = frozenset("-–—")


def read_ranges(sentence: Sentence) -> list[Item]:
    """All ranges of a sentence; their numbers are taken."""
    found = []
    free = sentence.free()
    for i, j in pairwise(free):
        if not sentence.is_free(i, j) or j != i + 1:
            continue
        first, second = sentence.amounts[i], sentence.amounts[j]
        limits = _limits(sentence, first, second)
        noun = noun_around(sentence, first.begin, second.end)
        if limits is None or (noun is not None and noun.kind is NounKind.OTHER):
            continue
        sentence.take(i, j)
        found.append(_range(sentence, first, second, limits, noun))
    return found


def _limits(sentence: Sentence, first: Amount, second: Amount) -> tuple[float, float] | None:
    """The ends of a range that two numbers make, None if they make none."""
    words = sentence.words
    dash = _is_dash(sentence, first, second)
    if not (dash or _has_joint(sentence, first, second)):
        return None
    low, high = first.value, second.value
    if low < high / MIN_SCALE_GAP and not second.written:  # "6 a 7 mil", "entre seis y siete mil"
        scale = next((scale for scale in (1e6, 1e3) if high >= scale), 1.0)
        low *= scale if low * scale < high else 1.0
    dates = dash and all(counts_nothing(words, a, noun_follows=False) for a in (first, second))
    return None if low >= high or dates else (low, high)


def _is_dash(sentence: Sentence, first: Amount, second: Amount) -> bool:
    middle = sentence.words[first.end : second.begin]
    return len(middle) == 1 and middle[0].kind is TokenKind.MARK and middle[0].text in _DASHES


def _has_joint(sentence: Sentence, first: Amount, second: Amount) -> bool:
    """Whether "to" or "between ... and" joins two numbers."""
    words = sentence.words
    # "entre el 20 % y el 30 %"
    joint = percent_end(sentence, first.end) or first.end
    opened, begin = first.begin, second.begin
    while _is_article(words, opened - 1) and not words.length_before(opened, Tag.BETWEEN):
        opened -= 1
    while begin > joint + 1 and _is_article(words, begin - 1):
        begin -= 1
    gap = begin - joint
    if gap == 1 and words.length(joint, Tag.TO):
        return True
    # Arabic writes its "and" onto the second number
    joined = words.is_a(joint, Tag.AND) if gap == 1 else sentence.language == "ar" and not gap
    return joined and bool(words.length_before(opened, Tag.BETWEEN))


def _is_article(words: TaggedTokens, at: int) -> bool:
    """Whether an article stands at `at`, and not "another"."""
    return words.is_a(at, Tag.ARTICLE) and not words.is_a(at, Tag.FURTHER)


def _range(
    sentence: Sentence,
    first: Amount,
    second: Amount,
    limits: tuple[float, float],
    noun: Noun | None,
) -> Item:
    percent = percent_end(sentence, second.end)
    end = percent or second.end
    words, begin = sentence.words, first.begin
    while _is_article(words, begin - 1) and not words.length_before(begin, Tag.BETWEEN):
        begin -= 1
    begin -= words.length_before(begin, Tag.BETWEEN, Tag.FROM)
    qualifier, start = read_qualifier(sentence, begin, second.end)
    low, high = limits
    return Item(
        start if qualifier is Qualifier.ABOUT else begin,
        end,
        (low + high) / 2,
        Unit.PERCENT if percent else unit_of(noun),
        Qualifier.BETWEEN,
        low,
        high,
        of=base_of(sentence, end) if percent else "",
        noun=noun_after(sentence, end) or noun,
    )


def read_ratios(sentence: Sentence) -> list[Item]:
    """All ratios of a sentence; their numbers are taken."""
    words = sentence.words
    found = [
        *_read_growth(sentence),
        *_read_more_or_fewer(sentence),
        *_read_harder(sentence),
        *_read_more_of(sentence),
        *_read_for_every(sentence),
        *_read_halved(sentence),
        *_read_doubled(sentence),
    ]
    for tag, value in MULTIPLES.items():
        for begin, end in words.ranges(tag):
            counted = words.length(begin, Tag.TIMES) and any(
                amount.end == begin for amount in sentence.amounts
            )
            taken = any(begin <= amount.begin < end for amount in sentence.taken_amounts())
            if not (counted or taken):
                found.append(_ratio(sentence, begin, end, value))
                sentence.take_within(begin, end)
    for i in sentence.free():
        amount = sentence.amounts[i]
        end = amount.end + words.length(amount.end, Tag.TIMES)
        fewer = words.length(end, Tag.FEWER_TIMES)
        if end > amount.end and amount.value >= 1 and (fewer or words.length(end, Tag.COMPARED)):
            stop = end + fewer
            found.append(_ratio(sentence, amount.begin, stop, amount.value, fewer=bool(fewer)))
            sentence.take(i)
    return found


def _read_growth(sentence: Sentence) -> list[Item]:
    """Suspensions that multiplied, doubled, or rose by so many percent: against the usual."""
    words = sentence.words
    found = []
    grown = [(place, i) for place, i in _grown(sentence) if _are_suspensions(sentence, place.begin)]
    found += [_growth(*_use_times(sentence, place, i)) for place, i in grown]
    for tag, value in GROWTHS.items():
        for begin, end in words.ranges(tag):
            told = any(place.begin == begin for place, _ in grown)
            if not told and _are_suspensions(sentence, begin):
                only = words.length_before(begin, Tag.EXACTLY)
                found.append(_growth(begin - only, end, value))
    for i in sentence.free():
        amount = sentence.amounts[i]
        percent = percent_end(sentence, amount.end)
        tag = Tag.GREW_BY if percent else Tag.MULTIPLIED
        qualifier, first = read_qualifier(sentence, amount.begin, amount.end)
        length = words.length_before(first, tag)
        if length and qualifier is not Qualifier.NOT and _are_suspensions(sentence, first):
            value = 1 + amount.value / 100 if percent else amount.value
            growth = _growth(first - length, percent or amount.end, value)
            plain = qualifier is Qualifier.PLAIN
            found.append(growth if plain else replace(growth, qualifier=qualifier))
            sentence.take(i)
            sentence.take_within(amount.begin, percent or amount.end)
        elif length and percent and qualifier is not Qualifier.NOT and _is_gain(sentence, first):
            begin = first - length
            gained = Item(begin, percent, amount.value, Unit.PERCENT, qualifier)
            found.append(replace(gained, quantity=Quantity.GAINED))
            sentence.take_within(amount.begin, percent)
    return found


def _grown(sentence: Sentence) -> list[tuple[TokenRange, int]]:
    """Where "grew" stands, and the index of how many times: "تضاعف عدد متابعيها ثلاث مرات"."""
    words, found = sentence.words, []
    for begin, end in words.ranges(Tag.GREW_TIMES):
        last = sentence.clause(begin).end
        counted = [
            i
            for i in sentence.free()
            if end <= sentence.amounts[i].begin < last
            and sentence.amounts[i].value > 1
            and words.length(sentence.amounts[i].end, Tag.TIMES)
            and _times_qualifier(sentence, i) in (Qualifier.PLAIN, Qualifier.ABOUT)
        ]
        denied = words.length_before(begin, Tag.NOT)
        if len(counted) == 1 and not denied:
            found.append((TokenRange(begin, end), counted[0]))
    return found


def _times_qualifier(sentence: Sentence, i: int) -> Qualifier:
    amount = sentence.amounts[i]
    return read_qualifier(sentence, amount.begin, amount.end).qualifier


def _use_times(sentence: Sentence, grew: TokenRange, i: int) -> tuple[int, int, float]:
    """Take "grew" and "three times" as understood: where the latter stands, and the number."""
    amount = sentence.amounts[i]
    sentence.use(*grew)
    sentence.take(i)
    begin = read_qualifier(sentence, amount.begin, amount.end).begin
    return begin, amount.end + sentence.words.length(amount.end, Tag.TIMES), amount.value


def _growth(begin: int, end: int, value: float) -> Item:
    return Item(
        begin,
        end,
        value,
        Unit.TIMES,
        Qualifier.ABOUT,
        quantity=Quantity.RATIO,
        of=Comparison.USUAL,
    )


def _are_suspensions(sentence: Sentence, at: int) -> bool:
    """Whether a clause tells of suspensions and of no followers of anybody."""
    first, last = sentence.clause(at)
    return {e.quantity for e in sentence.events if first <= e.begin < last} == {
        Quantity.FALLEN
    } and not sentence.words.contains(Tag.FOLLOWER, first, last)


def _is_gain(sentence: Sentence, at: int) -> bool:
    """Whether a clause tells how the followers of somebody grew, and nothing else."""
    first, last = sentence.clause(at)
    events = {e.quantity for e in sentence.events if first <= e.begin < last}
    return events <= {Quantity.GAINED} and sentence.words.contains(Tag.FOLLOWER, first, last)


def _read_more_or_fewer(sentence: Sentence) -> list[Item]:
    """Read "@x lost more followers than @y": more than once as many."""
    words = sentence.words
    found = []
    for tag in (Tag.MORE_FOLLOWERS, Tag.FEWER_FOLLOWERS):
        for begin, end in words.ranges(tag):
            if words.length_before(begin, Tag.TIMES):
                continue  # "fifty times more followers than" is read with its number
            # Arabic may say the verb again: "than what @y lost"
            stop = next((n for n in (end, end + 1) if _is_handle(sentence, n)), None)
            if stop is not None:
                item = _ratio(sentence, begin, end, 1.0, fewer=tag is Tag.FEWER_FOLLOWERS)
                denied = item.qualifier is Qualifier.NOT
                qualifier = Qualifier.AT_MOST if denied else Qualifier.MORE_THAN
                found.append(replace(item, qualifier=qualifier))
    return found


def _read_harder(sentence: Sentence) -> list[Item]:
    """Read "the followers of @x were hit harder than those of @y": in number and in share."""
    words = sentence.words
    handles = [at for at, word in enumerate(words) if word.kind is TokenKind.HANDLE]
    phrases = words.ranges(Tag.HIT_HARDER)
    if len(handles) != 2 or len(phrases) != 1:
        return []
    begin, end = phrases[0]
    if not handles[0] < begin < end <= handles[1]:
        return []
    qualifier, _ = read_qualifier(sentence, begin, end)
    if qualifier is not Qualifier.PLAIN:
        return []
    names = [words[at].text for at in handles]
    sentence.use(begin, end)
    sentence.use(*_those_of(sentence, end, handles[1]))
    return [
        Item(
            begin,
            end,
            1.0,
            Unit.TIMES,
            Qualifier.MORE_THAN,
            quantity=Quantity.RATIO,
            population=names[0],
            of=names[1],
            by_share=True,
        )
    ]


def _read_more_of(sentence: Sentence) -> list[Item]:
    """Read "more followers of @x than of @y were suspended": more than once as many.

    Arabic sets the comparison between the two, and may say of both that they were hit.
    """
    words = sentence.words
    handles = [at for at, word in enumerate(words) if word.kind is TokenKind.HANDLE]
    if len(handles) != 2:
        return []
    first, second = handles
    more = words.length_before(first, Tag.MORE_OF)
    before = more or words.length_before(first, Tag.FEWER_OF)
    between = words.ranges(Tag.MORE_BETWEEN, first, second)
    found = between or words.ranges(Tag.FEWER_BETWEEN, first, second)
    hit = words.length_before(first, Tag.WAS_HIT)
    clause = sentence.clause(first)
    events = [e for e in sentence.events if clause.begin <= e.begin < clause.end]
    followers = words.contains(Tag.FOLLOWER, clause.begin, first)
    lost = bool(events) and {e.quantity for e in events} == {Quantity.LOST}
    if before:
        begin, end = first - before, first + 1
    elif (
        found
        and (hit or followers or lost)
        and all(
            words.is_form_of(at, Tag.OF) or words.length(at, Tag.FOLLOWER)
            for at in range(first + 1, found[0].begin)
        )
    ):
        begin, end = found[0]
    else:
        return []
    fell = {e.quantity for e in events} == {Quantity.FALLEN}
    told = (lost or fell) and not any(e.denied for e in events)
    qualifier, _ = read_qualifier(sentence, begin, end)
    if not (told or hit) or qualifier is not Qualifier.PLAIN or not _than(sentence, end, second):
        return []
    sentence.use(begin - hit if hit else begin, second)
    sentence.use(begin - words.is_a(begin - 1, Tag.INTENSIFIER), begin)
    sentence.use(first - hit, first)
    names = [words[at].text for at in handles]
    if not (more or between):
        names.reverse()
    ratio = Item(begin, end, 1.0, Unit.TIMES, Qualifier.MORE_THAN, quantity=Quantity.RATIO)
    return [replace(ratio, population=names[0], of=names[1], by_share=bool(hit))]


def _read_for_every(sentence: Sentence) -> list[Item]:
    """Read "for every follower @y lost, @x lost 40": forty times as many."""
    words = sentence.words
    handles = [at for at, word in enumerate(words) if word.kind is TokenKind.HANDLE]
    opened = words.ranges(Tag.FOR_EVERY)
    lost = [event for event in sentence.events if event.quantity is Quantity.LOST]
    if len(handles) != 2 or len(opened) != 1 or len(lost) != 2 or len(sentence.events) != 2:
        return []
    begin, end = opened[0]
    amounts = [i for i in sentence.free() if sentence.amounts[i].begin >= end]
    noun = words.length(end, Tag.FOLLOWER)
    first, second = handles
    told = noun and end < first < second and not any(event.denied for event in lost)
    inside = len(amounts) == 1 and sentence.amounts[amounts[0]].begin > second
    alone = inside and all(event.begin < second for event in lost[:1]) and lost[1].begin > second
    if not told or not alone:
        return []
    amount = sentence.amounts[amounts[0]]
    qualifier, start = read_qualifier(sentence, amount.begin, amount.end)
    sentence.take_within(begin, amount.end)
    sentence.use(begin, end + noun)
    for event in lost:
        sentence.use(event.begin, event.end)
    about = Qualifier.ABOUT if qualifier is Qualifier.PLAIN else qualifier
    ratio = Item(start, amount.end, amount.value, Unit.TIMES, about, quantity=Quantity.RATIO)
    return [replace(ratio, population=words[second].text, of=words[first].text)]


def _than(sentence: Sentence, begin: int, end: int) -> bool:
    """Whether nothing but "than" and what repeats the first side stands in [begin, end)."""
    words = sentence.words
    events = {at for e in sentence.events for at in range(e.begin, e.end)}
    return all(
        at in events
        or words.is_form_of(at, Tag.OF)
        or (words.is_a(at, Tag.ARTICLE) and not words.is_a(at, Tag.FURTHER))
        or any(words.length(at, tag) for tag in (Tag.THAN, Tag.FOLLOWER, Tag.THEM))
        or bool(words.length_before(at + 1, Tag.THAN))
        for at in range(begin, end)
    )


def _those_of(sentence: Sentence, begin: int, end: int) -> tuple[int, int]:
    """The tokens of "those of" between "than" and a handle; none if others stand there."""
    words = sentence.words
    small = all(
        not words.is_a(at, Tag.FURTHER)
        and (
            words.is_a(at, Tag.OF, Tag.ARTICLE)
            or words.length(at, Tag.THEM, Tag.FOLLOWER, Tag.RELATIVE, Tag.FILLER) == 1
        )
        for at in range(begin, end)
    )
    return (begin, end) if small else (begin, begin)


def _read_halved(sentence: Sentence) -> list[Item]:
    """Read "@x's followers halved": it lost half of them."""
    words, found = sentence.words, []
    for begin, end in words.ranges(Tag.HALVED):
        first, last = sentence.clause(begin)
        told = {e.quantity for e in sentence.events if first <= e.begin < begin}
        owned = words.contains(Tag.FOLLOWER, first, last) or any(
            _is_handle(sentence, at) for at in range(first, last)
        )
        bare = bool(words.length(begin, Tag.TO)) or words.is_form_of(begin, Tag.BY_HOW_MUCH)
        moved = {Quantity.LOST} == told if bare else told <= {Quantity.LOST}
        if moved and owned:
            qualifier, start = read_qualifier(sentence, begin, end)
            about = Qualifier.ABOUT if qualifier is Qualifier.PLAIN else qualifier
            half = Item(start, end, 50.0, Unit.PERCENT, about, quantity=Quantity.LOST)
            for event in sentence.events if bare else []:
                sentence.use(event.begin, event.end)
            found.append(half)
            sentence.use(begin, end)
    return found


def _read_doubled(sentence: Sentence) -> list[Item]:
    """Read "@x doubled its followers": it gained as many as it had."""
    words, found = sentence.words, []
    grown = _grown(sentence)
    for place, i in grown:
        first, last = sentence.clause(place.begin)
        eventful = any(first <= e.begin < last for e in sentence.events)
        of_followers = words.contains(Tag.FOLLOWER, first, last)
        if of_followers and not eventful and len(sentence.free()) == 1:
            begin, end, times = _use_times(sentence, place, i)
            about, percent = Qualifier.ABOUT, 100.0 * (times - 1)
            found.append(Item(begin, end, percent, Unit.PERCENT, about, quantity=Quantity.GAINED))
    for tag, times in GROWTHS.items():
        for begin, end in words.ranges(tag):
            first, last = sentence.clause(begin)
            told = {e.quantity for e in sentence.events if first <= e.begin < last}
            qualifier, start = read_qualifier(sentence, begin, end)
            owned = words.contains(Tag.FOLLOWER, first, last)
            counted = any(place.begin == begin for place, _ in grown)
            if told or not owned or counted or sentence.free() or qualifier is Qualifier.NOT:
                continue
            about = Qualifier.ABOUT if qualifier is Qualifier.PLAIN else qualifier
            percent = 100.0 * (times - 1)
            gained = Item(start, end, percent, Unit.PERCENT, about, quantity=Quantity.GAINED)
            found.append(gained)
    return found


def _is_handle(sentence: Sentence, at: int) -> bool:
    return at < len(sentence.words) and sentence.words[at].kind is TokenKind.HANDLE


def _ratio(sentence: Sentence, begin: int, end: int, value: float, *, fewer: bool = False) -> Item:
    """The ratio in tokens [begin, end). fewer: the account compared with lost more."""
    first, last = sentence.clause(begin)
    seen = {event.quantity for event in sentence.events if first <= event.begin < last}
    qualifier, start = read_qualifier(sentence, begin, end)
    measurable = seen or says_who(sentence.words, first, last) is not None
    ours, theirs = _compared(sentence, begin, end, seen)
    if fewer:
        ours, theirs = (theirs, ours) if theirs.startswith("@") else (ours, Comparison.UNKNOWN)
    return Item(
        start,
        end,
        value,
        Unit.TIMES,
        Qualifier.ABOUT if qualifier is Qualifier.PLAIN else qualifier,
        quantity=Quantity.RATIO if measurable else None,
        population=ours,
        of=theirs,
        noun=noun_after(sentence, end),
    )


def _compared(sentence: Sentence, begin: int, end: int, seen: set[Quantity]) -> tuple[str, str]:
    """Whose events a ratio compares, and with what: a `Comparison`, or a handle."""
    words = sentence.words
    first, last = sentence.clause(begin)
    before = [w.text for w in words[first:begin] if w.kind is TokenKind.HANDLE]
    after = [w.text for w in words[end:last] if w.kind is TokenKind.HANDLE]
    if words.contains(Tag.USUAL, first, last):
        return EVERYBODY, Comparison.UNKNOWN if before or after else Comparison.USUAL
    if {Quantity.FALLEN, Quantity.RESTORED} <= seen:
        return EVERYBODY, Comparison.RESTORED
    if len(before) == len(after) == 1:
        return before[0], after[0]
    if len(after) == 2 and not before:  # "five times as many followers of @x as of @y"
        return after[0], after[1]
    return EVERYBODY, Comparison.UNKNOWN
