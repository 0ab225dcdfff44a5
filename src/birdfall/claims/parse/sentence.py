"""A sentence in its parts: which numbers count accounts, what happened to them, whose they are, and within what time.

`read_items` gives one item per number, share, "none" or comparison that can be measured. Follower levels are read by
`claim_levels` first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from birdfall.claims.parse import lexicon
from birdfall.claims.parse.durations import Span, counts_nothing, spans
from birdfall.claims.parse.numbers import Amount
from birdfall.claims.parse.tokens import Token, forms

#: What an "and" or a comma between a number and a verb costs, in words.
CROSSING: Final = 8
_HARD: Final = frozenset(".;!?…؛؟")
_SOFT: Final = frozenset(",،:—–")
#: More claims than a sentence has.
MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Cue:
    """Tokens [begin, end) that say what happened. denied: with a "not" before it."""

    quantity: str
    begin: int
    end: int
    denied: bool


@dataclass(frozen=True, slots=True)
class Noun:
    """What a number counts: "accounts", "followers" or "other", tokens [begin, end), and the group it is narrowed to."""

    kind: str
    begin: int
    end: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be measured. low, high: None both: by qualifier. quantity "" until it is known."""

    begin: int
    end: int
    value: float
    unit: str = "accounts"
    qualifier: str = "plain"
    low: float | None = None
    high: float | None = None
    other: float | None = None
    quantity: str = ""
    population: str = "all"
    group: str = ""
    of: str = ""
    noun: Noun | None = None
    window: Span | None = None
    bare: bool = False


class Sentence:
    """Tokens with what was found in them. `free` amounts are those that no time, level or range has taken."""

    def __init__(self, words: list[Token], language: str, amounts: list[Amount]) -> None:
        self.words, self.language, self.amounts = words, language, amounts
        self.spans, taken = spans(words, amounts)
        self.taken: set[int] = set(taken)
        self.used_spans: set[int] = set()
        self.cues = _cues(words)
        # the one of "not a single one" is no number
        nones = lexicon.positions(words, lexicon.NONE)
        self.taken |= {i for i, a in enumerate(amounts) if any(b <= a.begin < e for b, e in nones)}

    def free(self) -> list[int]:
        return [i for i in range(len(self.amounts)) if i not in self.taken]

    def crossings(self, a: int, b: int) -> float:
        """What lies between two places: infinite over the end of a sentence, else so much for every comma and "and"."""
        cost = 0.0
        for at in range(min(a, b), max(a, b)):
            token = self.words[at]
            if token.kind == "mark" and token.text in _HARD:
                return float("inf")
            if (token.kind == "mark" and token.text in _SOFT) or (
                token.kind == "word" and (self._joins(at) or self._and_it(at))
            ):
                cost += CROSSING
        return cost

    def _and_it(self, at: int) -> bool:
        """An Arabic "and" written onto what happened: a new clause begins."""
        word = self.words[at].text
        return (
            self.language == "ar"
            and word.startswith("و")
            and word != "وقف"
            and any(c.begin == at for c in self.cues)
        )

    def _joins(self, at: int) -> bool:
        return (
            bool(lexicon.length_at(self.words, at, lexicon.AND)) and self.words[at].text in _JOINING
        )

    def clause(self, at: int) -> tuple[int, int]:
        """The tokens between hard marks around `at`."""
        begin = at
        while begin > 0 and self.words[begin - 1].text not in _HARD:
            begin -= 1
        end = at
        while end < len(self.words) and self.words[end].text not in _HARD:
            end += 1
        return begin, end

    def noun_after(self, end: int) -> Noun | None:
        """What the number that ends at `end` counts."""
        words, group, group_at = self.words, "", -1
        begins = {self.amounts[i].begin for i in self.free()}
        at = end
        while at < min(end + 7, len(words)):
            token = words[at]
            if (
                at in begins
                or (token.kind == "mark" and token.text not in "-\"«»“”'+")
                or token.kind in ("arrow", "percent")
            ):
                break
            if token.kind != "word":
                at += 1
                continue
            for kind, phrases in (
                ("other", lexicon.OTHER),
                ("followers", lexicon.FOLLOWERS),
                ("accounts", lexicon.ACCOUNTS),
            ):
                length = lexicon.length_at(words, at, phrases)
                if length:
                    return Noun(kind, at, at + length, group or self._group_after(at + length))
            length = lexicon.length_at(words, at, lexicon.GROUPS)
            if length and not group:
                group, group_at = token.text, at
            elif at > end and (self._joins(at) or lexicon.length_at(words, at, _IN_TIME)):
                break
            at += max(length, 1)
        if group and group_at - end <= 3:
            return Noun("accounts", group_at, group_at + 1, group)
        return None

    def _group_after(self, at: int) -> str:
        words = self.words
        stop = min(at + 4, len(words))
        while at < stop and words[at].kind == "word":
            length = lexicon.length_at(words, at, lexicon.GROUPS)
            if length:
                return words[at].text
            if (
                words[at].text not in lexicon.OF
                and words[at].text not in lexicon.ARTICLES
                and not lexicon.length_at(words, at, _PRO)
            ):
                break
            at += 1
        return ""

    def noun_before(self, begin: int) -> Noun | None:
        at = begin - 1
        while at >= max(0, begin - 5):
            token = self.words[at]
            if (token.kind == "mark" and token.text in _HARD) or token.kind == "digits":
                return None
            for kind, phrases in (("followers", lexicon.FOLLOWERS), ("accounts", lexicon.ACCOUNTS)):
                if lexicon.length_at(self.words, at, phrases):
                    return Noun(kind, at, at + 1, self._group_after(at + 1))
            at -= 1
        return None

    def has(
        self, phrases: tuple[lexicon.Phrase, ...], begin: int = 0, end: int | None = None
    ) -> bool:
        stop = len(self.words) if end is None else end
        return any(lexicon.length_at(self.words, at, phrases) for at in range(begin, stop))


_JOINING: Final = frozenset(w for phrase in lexicon.AND for w in phrase if w not in ("que",))
_IN_TIME: Final = lexicon._phrases(
    "in, within, en, em, dans, pendant, durante, خلال, في, after, después, après, depois, by, por, par"
)
_PRO: Final = lexicon._phrases("pro, que, l, la")


def _cues(words: list[Token]) -> list[Cue]:
    kinds = (
        ("missing", lexicon.MISSING),
        ("restored", lexicon.RESTORED),
        ("fallen", lexicon.FALLEN),
        ("lost", lexicon.LOST),
        ("gained", lexicon.GAINED),
    )
    found: list[Cue] = []
    at = 0
    while at < len(words):
        lengths = [
            (lexicon.length_at(words, at, phrases), -n) for n, (_, phrases) in enumerate(kinds)
        ]
        length, n = max(lengths)
        if not length or _idle(words, at, at + length):
            at += 1
            continue
        kind = kinds[-n][0]
        denied = kind in ("restored", "fallen") and _denied(words, at)
        if (
            kind == "fallen"
            and not denied
            and any(
                lexicon.length_at(words, back, lexicon.STILL) for back in range(max(0, at - 6), at)
            )
        ):
            kind = "missing"
        found.append(Cue(kind, at, at + length, denied))
        at += length
    return found


def _idle(words: list[Token], begin: int, end: int) -> bool:
    """ "back in 2013", "over the fall": the words, not the event."""
    after = words[end].text if end < len(words) else ""
    if end - begin == 1 and words[begin].text == "back":
        return after in ("in", "then", "on", "when")
    return False


def _denied(words: list[Token], at: int) -> bool:
    back = at
    while back > 0 and words[back - 1].kind == "word" and at - back < 5:
        if lexicon.ends_at(words, back, lexicon.NOT):
            return True
        if words[back - 1].text not in lexicon.BETWEEN_NOT:
            return False
        back -= 1
    return False


# -- items ------------------------------------------------------------------------------------------------------------


def read_items(s: Sentence) -> list[Item]:
    """Everything measurable that is not a level, in order."""
    found = [*_ratios(s), *_ranges(s), *_shares(s)]
    found += _counts(s)
    found.sort(key=lambda i: i.begin)
    found = _timed(s, _caused(s, found))
    found += _nones(s, found)
    found += _alls(s, found)
    found.sort(key=lambda i: i.begin)
    return [_of_whom(s, i) for i in found if i.quantity][:MOST]


def _counts(s: Sentence) -> list[Item]:
    found = []
    for i in s.free():
        amount = s.amounts[i]
        if any(a <= amount.begin < b for a, b in _denominators(s)):
            continue
        noun = s.noun_after(amount.end)
        if noun is not None and noun.kind == "other":
            continue
        if counts_nothing(s.words, amount, noun is not None):
            continue
        if amount.article and not (
            noun is not None and noun.begin - amount.end <= 1 and _strict(s, amount)
        ):
            continue
        if (
            amount.value == 1
            and s.words[amount.end - 1].text == "one"
            and not (noun is not None and noun.begin == amount.end)
        ):
            continue
        after = s.words[amount.end] if amount.end < len(s.words) else Token("mark", "")
        if (
            after.glued
            and after.kind == "word"
            and amount.written
            and lexicon.length_at(s.words, amount.end, lexicon.OTHER) == 0
            and noun is None
        ):
            continue
        qualifier, begin = qualifier_of(s, amount.begin, amount.end)
        before = noun or s.noun_before(amount.begin)
        unit = "followers" if before is not None and before.kind == "followers" else "accounts"
        if amount.low is not None and qualifier in ("plain", "about"):
            found.append(
                Item(
                    begin,
                    amount.end,
                    amount.value,
                    unit,
                    "vague",
                    amount.low,
                    amount.high,
                    None,
                    noun=before,
                )
            )
            continue
        if amount.about and qualifier == "plain":
            qualifier = "about"
        found.append(
            Item(
                begin,
                amount.end,
                amount.value,
                unit,
                qualifier,
                other=amount.other,
                noun=before,
                bare=before is None,
            )
        )
    return found


def _strict(s: Sentence, amount: Amount) -> bool:
    qualifier, _ = qualifier_of(s, amount.begin, amount.end)
    after = s.words[amount.end].text if amount.end < len(s.words) else ""
    return qualifier == "exactly" or after in (
        "solo",
        "sola",
        "seul",
        "seule",
        "unico",
        "unica",
        "single",
    )


def qualifier_of(s: Sentence, begin: int, end: int) -> tuple[str, int]:
    """How strictly a number is meant, and where its words begin."""
    words = s.words
    at = begin
    for skip in range(3):
        if skip and (
            at - 1 < 0 or words[at - 1].text not in lexicon.ARTICLES or words[at - 1].kind != "word"
        ):
            break
        at -= bool(skip)
        best = ("", 0)
        for name, phrases in lexicon.BEFORE.items():
            length = lexicon.ends_at(words, at, phrases)
            if length > best[1]:
                best = (name, length)
        if best[1]:
            start = at - best[1]
            name = best[0]
            if (
                s.language == "es"
                and lexicon.ends_at(words, at, lexicon.NEARLY_IN_SPANISH) == best[1] == 2
            ):
                name = "almost"
            if (
                s.language == "pt"
                and lexicon.ends_at(words, at, lexicon.NEARLY_IN_SPANISH) == best[1] == 2
            ):
                name = "about"
            # "hasta 6.600" is an upper bound, "de 7.000 hasta 6.600" is not; "more than" may be denied
            if name == "more_than" and lexicon.ends_at(words, start, lexicon.NOT):
                return "at_most", start - 1
            if name == "at_most" and lexicon.ends_at(words, start, lexicon.NOT):
                return "at_least", start - 1
            return name, start
    if begin and words[begin - 1].text in ("~", "≈"):
        return "about", begin - 1
    if begin and words[begin - 1].text in (">", "≥", "<", "≤"):
        return {">": "more_than", "≥": "at_least", "<": "at_most", "≤": "at_most"}[
            words[begin - 1].text
        ], begin - 1
    if end < len(words) and words[end].text == "+":
        return "at_least", begin
    after = end + (end < len(words) and words[end].text == "-")
    for reach in (0, 1, 2):
        for name, phrases in lexicon.AFTER.items():
            stop = after + reach
            if (
                stop < len(words)
                and all(w.kind == "word" for w in words[after:stop])
                and lexicon.length_at(words, stop, phrases)
            ):
                # "6.600 cuentas aproximadamente", but not "50 de al menos 600"
                following = words[stop + lexicon.length_at(words, stop, phrases) :][:1]
                if not (following and following[0].kind == "digits"):
                    return name, begin
    denied = begin
    while denied > 0 and words[denied - 1].text in lexicon.AUXILIARIES:
        denied -= 1
    if denied and lexicon.ends_at(words, denied, lexicon.NOT) and words[denied - 1].text != "point":
        return "not", denied - 1
    return "plain", begin


def _ranges(s: Sentence) -> list[Item]:
    """ "between 6,000 and 7,000", "6.000 a 7.000 cuentas", "6 000-7 000"."""
    found = []
    free = s.free()
    for i, j in zip(free, free[1:], strict=False):
        if i in s.taken or j in s.taken or j != i + 1:
            continue
        a, b = s.amounts[i], s.amounts[j]
        middle = s.words[a.end : b.begin]
        dash = len(middle) == 1 and middle[0].kind == "mark" and middle[0].text in "-–—"
        to = len(middle) == 1 and bool(lexicon.length_at(s.words, a.end, lexicon.TO))
        joined = len(middle) == 1 and middle[0].text in ("and", "y", "et", "e", "و")
        joined = joined or (not middle and s.language == "ar")
        between = bool(lexicon.ends_at(s.words, a.begin, lexicon.BETWEEN_ONLY))
        start = bool(lexicon.ends_at(s.words, a.begin, lexicon.FROM))
        if not (dash or to or (between and joined)):
            continue
        low, high = a.value, b.value
        if low < high / 100 and not b.written:  # "6 a 7 mil", "entre seis y siete mil"
            scale = next((k for k in (1e6, 1e3) if high >= k), 1.0)
            low *= scale if low * scale < high else 1.0
        if low >= high or (
            dash and counts_nothing(s.words, a, False) and counts_nothing(s.words, b, False)
        ):
            continue
        noun = s.noun_after(b.end) or s.noun_before(a.begin)
        if noun is not None and noun.kind == "other":
            continue
        s.taken |= {i, j}
        percent = _percent_end(s, b.end)
        unit = (
            "percent"
            if percent
            else "followers"
            if noun is not None and noun.kind == "followers"
            else "accounts"
        )
        begin = a.begin - bool(between or start)
        found.append(
            Item(
                begin,
                percent or b.end,
                (low + high) / 2,
                unit,
                "between",
                low,
                high,
                None,
                noun=s.noun_after(percent or b.end) or noun,
                of=_base(s, percent or b.end) if percent else "",
            )
        )
    return found


def _percent_end(s: Sentence, end: int) -> int:
    """Where a percent sign or word that follows a number ends; 0 if none does."""
    if end < len(s.words) and s.words[end].kind == "percent":
        return end + 1
    length = lexicon.length_at(s.words, end, lexicon.PERCENT)
    return end + length if length else 0


_IN_EVERY: Final = lexicon._phrases(
    "in every, out of every, in, out of, of every, de cada, de todas, sur, sur cada, em cada, de cada, من كل, من اصل, de"
)


def _denominators(s: Sentence) -> list[tuple[int, int]]:
    return [(a, b) for a, b, _ in _out_of(s)]


def _out_of(s: Sentence) -> list[tuple[int, int, tuple[int, int]]]:
    """ "3 out of 4", "una de cada tres": tokens, and the two amounts."""
    found = []
    for i, j in zip(range(len(s.amounts)), range(1, len(s.amounts)), strict=False):
        a, b = s.amounts[i], s.amounts[j]
        noun = next(
            (
                lexicon.length_at(s.words, a.end, p)
                for p in (lexicon.ACCOUNTS, lexicon.FOLLOWERS)
                if lexicon.length_at(s.words, a.end, p)
            ),
            0,
        )
        length = lexicon.length_at(s.words, a.end + noun, _IN_EVERY)
        length += noun if length else 0
        if (
            not length
            or a.end + length != b.begin
            or not (1 <= a.value < b.value <= 100)
            or i in s.taken
            or j in s.taken
        ):
            continue
        phrase = " ".join(w.text for w in s.words[a.end : b.begin])
        if (
            noun == 0
            and phrase in ("in", "de")
            and (s.noun_after(b.end) is None or b.value > 20 or phrase == "de")
        ):
            continue
        found.append((a.begin, b.end, (i, j)))
    return found


def _shares(s: Sentence) -> list[Item]:
    """Percentages, fractions, "most"."""
    found = []
    for begin, end, (i, j) in _out_of(s):
        qualifier, start = qualifier_of(s, begin, end)
        share = _share(
            s,
            start,
            end,
            100 * s.amounts[i].value / s.amounts[j].value,
            "about" if qualifier == "plain" else qualifier,
        )
        inside = next(
            (
                k
                for k, p in (("accounts", lexicon.ACCOUNTS), ("followers", lexicon.FOLLOWERS))
                if s.has(p, begin, end)
            ),
            "",
        )
        found.append(replace(share, of=share.of or inside))
        s.taken |= {i, j}
    for i in s.free():
        amount = s.amounts[i]
        end = 0 if i in s.taken else _percent_end(s, amount.end)
        if end:
            qualifier, start = qualifier_of(s, amount.begin, end)
            value = (
                amount.other
                if amount.other is not None and amount.value > 100 >= amount.other
                else amount.value
            )
            found.append(_share(s, start, end, value, qualifier))
            s.taken |= {k for k in s.free() if amount.begin <= s.amounts[k].begin < end}
    covered = [(f.begin, f.end) for f in found]
    at = 0
    while at < len(s.words):
        value, length = _fraction(s, at)
        if (
            not length
            or any(a <= at < b for a, b in covered)
            or (s.words[at - 1].text in ("and", "y", "et", "e") and value == 50 and at)
        ):
            at += max(length, 1)
            continue
        qualifier, start = qualifier_of(s, at, at + length)
        if value > 50.5 and value < 51:  # most
            qualifier, value = "more_than", 50.0
        found.append(
            _share(s, start, at + length, value, "about" if qualifier == "plain" else qualifier)
        )
        s.taken |= {i for i in s.free() if at <= s.amounts[i].begin < at + length}
        at += length
    return found


def _fraction(s: Sentence, at: int) -> tuple[float, int]:
    """The percentage of a fraction that begins at `at`, and its tokens."""
    token = s.words[at]
    if any(
        a.begin <= at < a.end
        and (a.end - a.begin > 1 or (a.begin == at and not a.written and a.value < 1))
        for a in s.amounts
    ):
        return 0.0, 0  # half a dozen
    if token.kind == "fraction":
        part, whole = (float(x) for x in token.text.replace("⁄", "/").replace(" ", "").split("/"))
        return (
            (100 * part / whole, 1)
            if 0 < part < whole <= 100 and _whole_follows(s, at + 1)
            else (0.0, 0)
        )
    for value, phrases in lexicon.FRACTIONS:
        length = lexicon.length_at(s.words, at, phrases)
        if length and (
            _whole_follows(s, at + length)
            or (token.text in ("la", "a", "le") and length > 1 and _event_near(s, at + length))
        ):
            if any(span.begin <= at < span.end for span in s.spans):
                return 0.0, 0
            return value, length
    length = lexicon.length_at(s.words, at, lexicon.MOST)
    if (
        length
        and _whole_follows(s, at + length)
        and not (at and s.words[at - 1].text in ("at", "au", "al"))
    ):
        return 50.7, length
    return 0.0, 0


def _whole_follows(s: Sentence, at: int) -> bool:
    """Whether what follows a fraction is what it is a fraction of, or what happened to it."""
    stop = min(at + 6, len(s.words))
    begin = at
    while at < stop:
        if lexicon.length_at(s.words, at, lexicon.ACCOUNTS) or lexicon.length_at(
            s.words, at, lexicon.FOLLOWERS
        ):
            return True
        if any(cue.begin == at for cue in s.cues) or lexicon.length_at(s.words, at, _THEM):
            return True
        word = s.words[at]
        if word.kind not in ("word", "handle", "digits"):
            return False
        if lexicon.length_at(s.words, at, lexicon.OTHER):
            return False
        if (
            at - begin >= 2
            and word.text not in lexicon.OF
            and word.text not in lexicon.ARTICLES
            and word.kind == "word"
            and word.text not in lexicon.AUXILIARIES
            and not any(a.begin <= at < a.end for a in s.amounts)
            and not lexicon.length_at(s.words, at, lexicon.POSSESSIVE)
        ):
            return False
        at += 1
    return False


_THEM: Final = lexicon._phrases(
    "them, these, those, ellas, ellos, ellas, eux, elles, entre eux, d'entre eux, delas, deles, elas, eles, منها, منهم, ها"
)


def _event_near(s: Sentence, at: int) -> bool:
    return any(0 <= cue.begin - at <= 4 for cue in s.cues)


def _share(s: Sentence, begin: int, end: int, value: float, qualifier: str) -> Item:
    noun = s.noun_after(end)
    return Item(begin, end, value, "percent", qualifier, noun=noun, of=_base(s, end))


def _base(s: Sentence, end: int) -> str:
    """What a share is of, as far as it is said: "followers", "accounts" or "fallen"."""
    noun = s.noun_after(end)
    if noun is None:
        return ""
    near = [
        cue
        for cue in s.cues
        if cue.quantity == "fallen" and (cue.begin == noun.end or end <= cue.begin < noun.begin)
    ]
    others = [cue for cue in s.cues if cue not in near]
    if near and others and noun.kind == "accounts":
        return "fallen"
    return noun.kind


def _ratios(s: Sentence) -> list[Item]:
    """ "twice as many", "diez veces más", "trois fois plus"."""
    found = []
    for value, phrases in lexicon.TWICE:
        for begin, end in lexicon.positions(s.words, phrases):
            if any(begin < a.begin < end for a in (s.amounts[i] for i in s.taken)):
                continue
            found.append(_ratio(s, begin, end, value))
            s.taken |= {i for i in s.free() if begin <= s.amounts[i].begin < end}
    for i in s.free():
        amount = s.amounts[i]
        length = lexicon.length_at(s.words, amount.end, lexicon.TIMES)
        stop = amount.end + length
        if length and amount.value >= 1 and lexicon.length_at(s.words, stop, lexicon.COMPARED):
            found.append(_ratio(s, amount.begin, stop, amount.value))
            s.taken.add(i)
    return found


def _ratio(s: Sentence, begin: int, end: int, value: float) -> Item:
    first, last = s.clause(begin)
    seen = {cue.quantity for cue in s.cues if first <= cue.begin < last}
    handles = [w.text for w in s.words[first:last] if w.kind == "handle"]
    if s.has(lexicon.USUAL, first, last):
        of = "usual"
    elif {"fallen", "restored"} <= seen:
        of = "restored"
    elif len(handles) >= 2:
        of = handles[-1]
    else:
        of = "unknown"
    qualifier, start = qualifier_of(s, begin, end)
    quantity = (
        "ratio"
        if seen or s.has(lexicon.FOLLOWERS, first, last) or s.has(lexicon.ACCOUNTS, first, last)
        else ""
    )
    return Item(
        start,
        end,
        value,
        "times",
        "about" if qualifier == "plain" else qualifier,
        quantity=quantity,
        of=of,
        noun=s.noun_after(end),
    )


# -- what happened, when, to whom -----------------------------------------------------------------------------------


def _caused(s: Sentence, items: list[Item]) -> list[Item]:
    """Items with the event that is nearest, and that no other item or sentence stands before."""
    found: list[Item] = []
    for n, item in enumerate(items):
        if item.quantity:
            found.append(item)
            continue
        left = items[n - 1].end if n else 0
        right = items[n + 1].begin if n + 1 < len(items) else len(s.words)
        part = n + 1 < len(items) and _part_of(s, item, items[n + 1])
        if part:  # "50 of the 6,600 came back": the verb is of the fifty
            right = items[n + 2].begin if n + 2 < len(items) else len(s.words)
        cues = [
            (c, _distance(s, item, c))
            for c in s.cues
            if left <= c.begin and c.end <= right + (0 if n + 1 < len(items) else 1)
        ]
        cues = [(c, d) for c, d in cues if d < float("inf")]
        whole = (n > 0 and _part_of(s, items[n - 1], item)) or _of_none(s, item)
        if part and item.noun is None:  # "17,000 of her 32,000 followers"
            item = replace(
                item,
                noun=items[n + 1].noun,
                unit=items[n + 1].unit if item.unit == "accounts" else item.unit,
            )
        if whole and item.noun is not None and item.noun.kind == "followers":
            continue  # how many followers she had is not how many fell
        chosen: Cue | None = None
        if (
            item.unit == "percent" and item.of == "fallen"
        ):  # "a third of the suspended accounts came back"
            cues = [
                (c, d)
                for c, d in cues
                if c.quantity != "fallen"
                or not (
                    item.noun
                    and (c.begin == item.noun.end or item.end <= c.begin < item.noun.begin)
                )
            ]
        if part and len(cues) > 1:
            after = [c for c, _ in cues if c.begin >= items[n + 1].end]
            chosen = after[-1] if after else min(cues, key=lambda c: c[1])[0]
        elif whole:
            beside = [c for c, d in cues if c.begin >= item.end and d <= 3]
            later = [c for c, _ in cues if c.begin >= item.end]
            chosen = (
                beside[0] if beside and len(later) > 1 else Cue("fallen", item.end, item.end, False)
            )
        elif cues:
            chosen = min(cues, key=lambda c: (c[1], c[0].begin))[0]
        found.append(_turned(s, item, chosen) if chosen is not None else item)
    return _inherited(s, found)


def _of_none(s: Sentence, item: Item) -> bool:
    """Whether a number is what none are of: "ninguna de las 6.600"."""
    at = item.begin
    while at > 0 and (
        s.words[at - 1].text in lexicon.ARTICLES or s.words[at - 1].text in lexicon.OF
    ):
        at -= 1
    return at < item.begin and bool(lexicon.ends_at(s.words, at, lexicon.NONE))


def _part_of(s: Sentence, a: Item, b: Item) -> bool:
    """Whether `a` is said to be a part of `b`: nothing but "of", "the" and a noun between them."""
    middle = s.words[a.end : b.begin]
    of = any(any(f in lexicon.OF for f in forms(w.text)) for w in middle)
    plain = all(
        w.kind == "word"
        and (
            any(f in lexicon.OF or f in lexicon.ARTICLES for f in forms(w.text))
            or _nounish(s, a.end + n)
        )
        for n, w in enumerate(middle)
    )
    return bool(middle) and of and plain and a.end <= b.begin


def _nounish(s: Sentence, at: int) -> bool:
    return any(
        lexicon.length_at(s.words, at, p)
        for p in (lexicon.ACCOUNTS, lexicon.FOLLOWERS, lexicon.POSSESSIVE, lexicon.FALLEN)
    )


def _distance(s: Sentence, item: Item, cue: Cue) -> float:
    if cue.begin >= item.end:
        start = (
            item.noun.end
            if item.noun is not None and item.end <= item.noun.end <= cue.begin
            else item.end
        )
        return cue.begin - start + s.crossings(start, cue.begin)
    return item.begin - cue.end + s.crossings(cue.end, item.begin)


def _turned(s: Sentence, item: Item, cue: Cue) -> Item:
    """ "no volvieron más de 50", "لم يعد سوى 50": how many at most did, not how many did not."""
    if not cue.denied or cue.quantity not in ("restored", "fallen") or cue.end > item.begin:
        return replace(item, quantity=_quantity(item, cue))
    before = {w.text for w in s.words[max(0, item.begin - 1) : item.end]}
    if before & _NONE_BUT:
        return replace(
            item,
            quantity=cue.quantity,
            qualifier="exactly"
            if item.qualifier in ("plain", "not", "more_than")
            else item.qualifier,
        )
    turned = {"more_than": "at_most", "at_most": "at_least"}.get(item.qualifier)
    return replace(
        item,
        quantity=cue.quantity if turned else _quantity(item, cue),
        qualifier=turned or item.qualifier,
    )


_NONE_BUT: Final = frozenset(("سوي", "الا", "que", "but", "except", "senao", "sino"))


def _quantity(item: Item, cue: Cue) -> str:
    if cue.quantity == "restored":
        return "missing" if cue.denied else "restored"
    if cue.quantity == "fallen":
        return "" if cue.denied and item.qualifier != "not" else "fallen"
    if cue.quantity in ("lost", "gained"):
        followers = item.noun is not None and item.noun.kind == "followers"
        if cue.quantity == "lost" and not followers and item.unit != "percent":
            return "lost" if item.noun is None else "fallen"
        return cue.quantity
    return cue.quantity


def _inherited(s: Sentence, items: list[Item]) -> list[Item]:
    """A number without an event of its own shares its neighbour's, or is of what claims are mostly of: accounts that fell."""
    found = list(items)
    for n, item in enumerate(found):
        if item.quantity or (item.unit == "times"):
            continue
        before = next((f for f in reversed(found[:n]) if f.quantity and f.unit != "times"), None)
        windows = any(span.kind in ("window", "rate") for span in s.spans)
        if before is not None and s.crossings(before.end, item.begin) < float("inf"):
            joined = s.crossings(before.end, item.begin) > 0
            if joined and (
                not item.bare or _more(s, item) or item.qualifier != "plain" or _after_but(s, item)
            ):
                found[n] = replace(
                    item,
                    quantity=before.quantity,
                    noun=item.noun or before.noun,
                    unit=item.unit if item.unit == "percent" else before.unit,
                )
                continue
        if item.unit == "percent":
            continue
        if item.noun is not None or (windows and before is None):
            denied = any(
                c.denied and c.quantity == "fallen" and _distance(s, item, c) < 4 for c in s.cues
            )
            found[n] = item if denied else replace(item, quantity="fallen")
    return found


def _more(s: Sentence, item: Item) -> bool:
    return item.end < len(s.words) and s.words[item.end].text in (
        "more",
        "mas",
        "autres",
        "otras",
        "outras",
        "others",
        "de",
        "mais",
        "اخري",
    )


def _after_but(s: Sentence, item: Item) -> bool:
    return bool(lexicon.ends_at(s.words, item.begin, lexicon.BUT))


def _timed(s: Sentence, items: list[Item]) -> list[Item]:
    """Each length of time goes to the nearest number; one that is denied and the one put in its place share theirs."""
    found = list(items)
    for number, span in enumerate(s.spans):
        if span.kind == "past" or number in s.used_spans:
            continue
        costs = []
        for n, item in enumerate(found):
            if not item.quantity:
                continue
            if span.begin >= item.end:
                cost = span.begin - item.end + s.crossings(item.end, span.begin)
                cost += 100 * sum(
                    1 for o in found if item.end <= o.begin < span.begin and o.quantity
                )
            else:
                cost = item.begin - span.end + s.crossings(span.end, item.begin)
                cost += 100 * sum(
                    1 for o in found if span.end <= o.begin < item.begin and o.quantity
                )
            if span.kind == "delay" and item.quantity not in ("restored", "missing"):
                cost += 50
            costs.append((cost, n))
        if not costs:
            continue
        cost, n = min(costs)
        if cost == float("inf"):  # "6,600 accounts! In ten minutes!"
            earlier = [k for k, i in enumerate(found) if i.quantity and i.end <= span.begin]
            if not earlier or span.kind != "window" or found[earlier[-1]].window is not None:
                continue
            n = earlier[-1]
        item = found[n]
        if span.kind == "delay" and item.quantity not in ("restored", "missing", "lost"):
            continue
        if item.window is None or (item.window.kind == "delay" and span.kind != "delay"):
            found[n] = replace(item, window=span)
    for n, item in enumerate(found[1:], 1):
        before = found[n - 1]
        if (
            item.window is None
            and before.window is not None
            and before.qualifier == "not"
            and before.quantity == item.quantity
        ):
            found[n] = replace(item, window=before.window)
        elif (
            before.window is None
            and item.window is not None
            and before.qualifier == "not"
            and before.quantity == item.quantity
        ):
            found[n - 1] = replace(before, window=item.window)
    return found


def _nones(s: Sentence, items: list[Item]) -> list[Item]:
    """ "none came back", "no se suspendió ninguna cuenta", "لم يعد أي حساب": nought, of what happened."""
    found: list[Item] = []
    seen: set[int] = set()
    places = [(a, b) for a, b in lexicon.positions(s.words, lexicon.NONE) if not _someone(s, a)]
    places += lexicon.positions(s.words, _HARDLY)
    places += [
        (a, a + 1)
        for a, w in enumerate(s.words)
        if w.text == "no" and s.language == "en" and _noun_close(s, a + 1)
    ]
    for begin, end in sorted(places):
        first, last = s.clause(begin)
        cues = [
            c
            for c in s.cues
            if first <= c.begin < last and c.quantity in ("fallen", "restored", "lost", "missing")
        ]
        if not cues or first in seen or any(i.begin <= begin < i.end for i in items):
            continue
        cue = min(
            cues,
            key=lambda c: (
                abs(c.begin - end) + s.crossings(min(c.begin, end), max(c.begin, end)),
                -c.begin,
            ),
        )
        noun = s.noun_after(end)
        if noun is not None and noun.kind == "other":
            continue
        last_cue = [c for c in cues if c.begin >= end and s.crossings(end, c.begin) == 0]
        cue = last_cue[-1] if last_cue and cue.begin >= end else cue
        if any(
            i.quantity
            and min(cue.begin, begin) < i.begin < max(cue.begin, begin)
            and not _follows_of(s, end, i)
            for i in items
        ):
            continue
        seen.add(first)
        nearly = lexicon.ends_at(s.words, begin, lexicon.BEFORE["almost"]) or lexicon.length_at(
            s.words, begin, _HARDLY
        )
        none = _none(s, begin, end, cue, noun)
        if nearly:  # "almost none": at most a tenth
            none = replace(
                none,
                value=10.0,
                unit="percent",
                qualifier="at_most",
                low=0.0,
                high=10.0,
                of=noun.kind if noun else "",
            )
        found.append(none)
    for cue in s.cues:
        first, last = s.clause(cue.begin)
        busy = any(
            first <= i.begin < last
            and i.quantity
            and s.crossings(min(i.end, cue.begin), max(i.begin, cue.end)) < CROSSING
            for i in items
        )
        if not cue.denied or first in seen or busy:
            continue
        noun = s.noun_after(cue.end) or s.noun_before(cue.begin + 1)
        around = (
            noun is not None
            or s.has(lexicon.ACCOUNTS)
            or s.has(lexicon.FOLLOWERS)
            or s.has(_ANYONE)
        )
        if around and (noun is None or noun.kind != "other"):
            seen.add(first)
            found.append(_none(s, cue.begin, cue.end, cue, noun))
    return _timed(s, found) if found else found


_HARDLY: Final = lexicon._phrases(
    "hardly any, barely any, scarcely any, almost no, hardly anyone, virtually no"
)
_ANYONE: Final = lexicon._phrases(
    "احد, anyone, anybody, alguien, quelqu un, alguém, ninguna, ninguno"
)


def _someone(s: Sentence, at: int) -> bool:
    """ "une personne" is someone; "personne" is nobody."""
    return (
        s.words[at].text == "personne"
        and at > 0
        and s.words[at - 1].text in ("une", "la", "cette", "chaque", "par")
    )


def _noun_close(s: Sentence, at: int) -> bool:
    noun = s.noun_after(at)
    return noun is not None and noun.kind != "other" and noun.begin - at <= 3


def _follows_of(s: Sentence, end: int, item: Item) -> bool:
    return 0 <= item.begin - end <= 4


def _none(s: Sentence, begin: int, end: int, cue: Cue, noun: Noun | None) -> Item:
    quantity = cue.quantity if cue.quantity != "missing" else "missing"
    if quantity == "lost" and (noun is None or noun.kind != "followers"):
        quantity = "lost" if noun is None else "fallen"
    unit = "followers" if noun is not None and noun.kind == "followers" else "accounts"
    return Item(begin, end, 0.0, unit, "exactly", 0.0, 0.0, quantity=quantity, noun=noun)


def _alls(s: Sentence, items: list[Item]) -> list[Item]:
    """ "all came back", "todas las cuentas volvieron": a hundred percent."""
    found: list[Item] = []
    for begin, end in lexicon.positions(s.words, lexicon.ALL):
        if lexicon.ends_at(s.words, begin, lexicon.NOT):
            continue  # "not all" is no number
        first, last = s.clause(begin)
        if any(0 <= i.begin - end <= 3 or i.begin <= begin < i.end for i in items):
            continue
        at = end
        while (
            at < last
            and s.words[at].kind == "word"
            and (
                s.words[at].text in lexicon.OF
                or s.words[at].text in lexicon.ARTICLES
                or lexicon.length_at(s.words, at, lexicon.POSSESSIVE)
                or s.words[at].text in lexicon.AUXILIARIES
            )
        ):
            at += 1
        noun = next(
            (
                k
                for k, p in (("followers", lexicon.FOLLOWERS), ("accounts", lexicon.ACCOUNTS))
                if lexicon.length_at(s.words, at, p)
            ),
            None,
        )
        cue = min(
            (c for c in s.cues if end <= c.begin < last and s.crossings(end, c.begin) < CROSSING),
            key=lambda c: c.begin,
            default=None,
        )
        event = cue is not None and (
            noun is not None or cue.begin == at or lexicon.length_at(s.words, at, _THEM)
        )
        if cue is None or not event or cue.quantity not in ("fallen", "restored", "lost"):
            continue
        if noun is not None and cue.quantity == "fallen":
            rest = [
                c
                for c in s.cues
                if c.begin > cue.begin
                and c.begin < last
                and c.quantity == "restored"
                and s.crossings(cue.end, c.begin) < CROSSING
            ]
            cue = rest[0] if rest and cue.begin <= at + 1 else cue
        nearly = bool(lexicon.ends_at(s.words, begin, lexicon.BEFORE["almost"]))
        quantity = "missing" if cue.denied and cue.quantity == "restored" else cue.quantity
        if cue.denied and cue.quantity != "restored":
            continue
        found.append(
            Item(
                begin,
                end,
                100.0,
                "percent",
                "almost" if nearly else "exactly",
                quantity=quantity,
                noun=s.noun_after(end),
                of=noun or "",
            )
        )
    return _timed(s, found) if found else found


def _of_whom(s: Sentence, item: Item) -> Item:
    """Whose accounts: a handle, her or his followers, a group."""
    population = population_of(s, item.begin, item.end, item.noun, item.quantity)
    group = item.group or (item.noun.group if item.noun is not None else "")
    if population == "leader" and not group:  # "the opposition lost ..."
        first, _ = s.clause(item.begin)
        group = next(
            (
                s.words[a].text
                for a, _ in lexicon.positions(s.words[first : item.begin], lexicon.GROUPS)
                for a in (a + first,)
            ),
            "",
        )
    if population not in ("all", "leader") or (
        population == "leader" and group and item.noun is not None and item.noun.kind == "followers"
    ):
        group = group if population == "leader" and not _office(group) else ""
    return replace(item, population=population, group=group)


def _office(group: str) -> bool:
    return group.startswith(("president", "minist", "رئيس", "وزير", "الرئيس"))


def population_of(s: Sentence, begin: int, end: int, noun: Noun | None, quantity: str) -> str:
    """ "all", "leader", or the handle nearest to a number that is not a speaker, a platform or an agent."""
    first, last = s.clause(begin)
    handles = []
    for at in range(len(s.words)):
        word = s.words[at]
        if word.kind != "handle" or word.text.lower() in lexicon.PLATFORMS or _speaks(s, at):
            continue
        linked = at > 0 and (
            s.words[at - 1].text in _OF_HANDLE
            or any(f in lexicon.OF for f in forms(s.words[at - 1].text))
        )
        owns = (
            at + 1 < len(s.words)
            and s.words[at + 1].text == "s"
            and s.words[at + 1].glued is not None
        )
        about = quantity in ("lost", "gained", "level") or (
            noun is not None and noun.kind == "followers"
        )
        if linked or owns or about:
            handles.append((abs(at - end) + (0 if first <= at < last else 100), word.text))
    if handles:
        return min(handles)[1]
    followers = (noun is not None and noun.kind == "followers") or quantity in (
        "lost",
        "gained",
        "level",
    )
    return "leader" if followers else "all"


_OF_HANDLE: Final = frozenset(
    (
        "of",
        "de",
        "d",
        "do",
        "da",
        "du",
        "des",
        "لـ",
        "ل",
        "من",
        "to",
        "for",
        "a",
        "following",
        "siguen",
        "seguian",
        "suivaient",
        "seguiam",
        "يتابعون",
    )
)


def _speaks(s: Sentence, at: int) -> bool:
    """Whether a handle is who says it: "@x: ...", "según @x", "RT @x"."""
    before = at - 1 if at and s.words[at - 1].text in ("ل", "a", "to", "the") else at
    if before != at and lexicon.ends_at(s.words, before, lexicon.SPEAKERS):
        return True
    if lexicon.ends_at(s.words, at, lexicon.SPEAKERS) and s.words[at - 1].text not in (
        "by",
        "por",
        "par",
        "per",
    ):
        return True
    if at + 1 < len(s.words) and s.words[at + 1].text == ":":
        return True
    return bool(at + 1 < len(s.words) and lexicon.length_at(s.words, at + 1, _SAID))


_SAID: Final = lexicon._phrases(
    "says, said, claims, claimed, dice, dijo, afirma, afirmó, denunció, denuncia, dit, a dit, affirme, a affirmé, diz, disse, afirmou, قال, قالت, اعلن, اعلنت"
)
