"""The words of claims in five languages, by what they mean.

Each language has one file, `words/LANGUAGE.toml`, that a native speaker can edit: phrases separated
by commas, a word that ends in * stands for all words that begin so; words and numbers separated by
spaces. Articles, accents and the small words that Arabic writes onto others are dealt with by
`tokens`. Numerals stand in `number_words`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib.resources import files
from typing import Final

from birdfall.claims.parse.number_words import Numerals, numerals
from birdfall.claims.parse.tokens import fold, fold_words

Phrase = tuple[str, ...]
#: What holds in every language stands in a file of this name.
COMMON: Final = "common"


def phrases(*texts: str) -> tuple[Phrase, ...]:
    """Phrases separated by commas, folded, the longest first.

    Examples
    --------
    >>> phrases("no more than, más")
    (('no', 'more', 'than'), ('mas',))
    """
    found = {
        tuple(fold(word) for word in _split_phrase(phrase))
        for text in texts
        for phrase in text.split(",")
        if phrase.strip()
    }
    return tuple(sorted(found, key=lambda p: (-len(p), p)))


def _split_phrase(phrase: str) -> list[str]:
    """The words of a phrase as a sentence has them: an apostrophe and a hyphen part two words."""
    kept = phrase.split()
    return [part for word in kept for part in _split_word(word)]


def _split_word(word: str) -> list[str]:
    if word.endswith("n't"):
        return [word]
    return [part for part in word.replace("'", " ").split() if part]


class Tag(Enum):
    """What a word or phrase of a claim can mean."""

    # What happened
    FALLEN = auto()  # suspended, deleted, gone
    RESTORED = auto()  # back, reinstated
    LOST = auto()  # a follower count went down
    GAINED = auto()  # a follower count went up
    MISSING = auto()  # suspended and not restored
    WAITING = auto()  # before a return: it has not come
    AFTERWARDS = auto()  # beside a return: when it was is not said
    AGAIN = auto()  # of returns and levels
    STILL = auto()  # before a suspension: it lasts
    BEGAN = auto()  # the wave began
    # Who
    ACCOUNT = auto()
    FOLLOWER = auto()
    OTHER_NOUN = auto()  # things that are counted but are no accounts
    GROUP = auto()  # groups that a record does not know by itself
    POSSESSIVE = auto()  # her, his: of the account in question
    SPEAKER = auto()  # who says it or did it, and whose accounts nobody knows
    OWNS = auto()  # between a speaker and a number: the accounts are the speaker's
    SOURCE = auto()  # before a handle: it is who says so
    SAYS = auto()  # after a speaker: it is who says so
    SPEAKER_NOUN = auto()  # who can be said to say something: a ministry, lawmakers
    DENIES = auto()  # after a speaker: what follows is denied
    DOUBTS = auto()  # in a report of what is said: it may turn that round
    COUNTED = auto()  # after a speaker: so many were, who counted them
    SAID_WHERE = auto()  # after a verb of saying: in a statement, in the evening
    ACCORDING_TO = auto()  # before a speaker
    THEM = auto()
    ANYONE = auto()
    YET = auto()  # at the end of what has not happened
    EVER = auto()  # beside none: none ever
    RELATIVE = auto()  # between a noun and its group
    FOLLOW_VERB = auto()  # before a handle: who followed it
    BELONGED = auto()  # between the suspended and whose followers they were
    WAVE = auto()  # the wave itself
    OF_WAVE = auto()  # in the wave, after it
    SINCE_THEN = auto()  # since the wave: of returns
    PLATFORM_NAME = auto()  # after a verb: who does it
    PLATFORM = auto()  # a handle of a platform is no account in question
    OFFICE = auto()  # how words for an office begin: its holder, not a group
    # What makes a sentence no plain statement
    DENIED_THAT = auto()  # it is not true that
    CLAIM_THAT = auto()  # with FALSE_AFTER: the claim that ... is false
    FALSE_AFTER = auto()  # ... are false
    QUESTION = auto()  # a sentence that begins so asks
    CONDITION = auto()  # a sentence that begins so supposes
    OWN_ACCOUNTS = auto()  # whoever is counted saw what happened to their own accounts
    FILLER = auto()  # words that change nothing of what is measured
    # Joints
    NONE = auto()
    NONE_LEFT = auto()  # before a suspension: it lasts for none
    HARDLY_ANY = auto()
    NOT = auto()
    ALL = auto()
    EACH = auto()  # of two accounts named: what is said holds for both
    BUT = auto()
    FROM = auto()
    TO = auto()
    BETWEEN = auto()
    IN_TIME = auto()  # a time or an agent follows, no noun
    # How strictly a number is meant, said before it
    AT_LEAST = auto()
    MORE_THAN = auto()
    JUST_OVER = auto()
    INTENSIFIER = auto()  # before a bound: far more than
    AT_MOST = auto()
    UP_TO = auto()  # an upper bound that is meant to be reached
    ALMOST = auto()
    ABOUT = auto()
    EXACTLY = auto()
    CERCA_DE = auto()  # nearly in Spanish, about in Portuguese
    AT_MOST_APART = auto()  # before what is counted, with BOUND_LINK before the number
    NOT_EVEN = auto()  # at most, with or without a denial
    # How strictly a number is meant, said after it
    AT_LEAST_AFTER = auto()
    AT_MOST_AFTER = auto()
    ABOUT_AFTER = auto()
    EXACTLY_AFTER = auto()
    # Shares and comparisons
    PERCENT = auto()
    WHOLE_FIRST = auto()  # before a whole whose part follows: of the 4,000 followers, 60
    APPOSED = auto()  # between a number and the same as a share: or, that is
    OF_EVERY = auto()  # before a whole whose part follows: of every ten, nine
    AMOUNTING = auto()  # between accounts and how many they are
    OUT_OF = auto()  # between part and whole: 3 out of 4
    TWO_THIRDS = auto()
    THREE_QUARTERS = auto()
    HALF = auto()
    HALVED = auto()  # a count lost half
    THIRD = auto()
    QUARTER = auto()
    FIFTH = auto()
    SIXTH = auto()
    EIGHTH = auto()
    TENTH = auto()
    TWO_FIFTHS = auto()
    THREE_FIFTHS = auto()
    FOUR_FIFTHS = auto()
    MOST = auto()  # more than half
    VAST_MOST = auto()  # far more than half
    OF_TOTAL = auto()  # after a fraction that says a number again
    DOUBLE = auto()
    TRIPLE = auto()
    TIMES = auto()  # after a number: so many times
    COMPARED = auto()  # after TIMES: a comparison
    FEWER_TIMES = auto()  # after TIMES: the other way round
    MULTIPLIED = auto()  # before a number: so many times the usual
    GREW_BY = auto()  # before a percentage: so much more than before
    FOR_EVERY = auto()  # before what one account lost, while another lost so many
    DOUBLED = auto()  # twice the usual
    TRIPLED = auto()
    MORE_FOLLOWERS = auto()  # before a handle: more than that account
    FEWER_FOLLOWERS = auto()
    RELATIVELY = auto()  # beside HIT_HARDER: in share
    HIT_HARDER = auto()  # before a handle: more of its followers were suspended, and more in share
    MORE_OF = auto()  # before a handle, with THAN before another: more followers of @x than of @y
    FEWER_OF = auto()
    THAN = auto()
    MORE_BETWEEN = auto()  # the same between the two handles, as Arabic has it
    FEWER_BETWEEN = auto()
    GREW_TIMES = auto()  # with TIMES after a number: grew so many times
    ABOUT_WHAT = auto()  # between a verb of saying with its speaker and a noun
    WHAT = auto()  # a NOT that before a verb with an object is what
    BY_HOW_MUCH = auto()  # before the half that a count lost
    RATE_NOUN = auto()  # beside a comparison: it is one of shares
    WAS_HIT = auto()  # before a handle, with MORE_BETWEEN: it was hit harder
    USUAL = auto()  # what is compared with is the base rate
    # Levels of one account's followers
    HAD = auto()
    HAS = auto()
    BECAME = auto()  # in what says HAS: since when is not said
    LEFT_WITH = auto()
    NOW = auto()
    NEVER_BELOW = auto()  # before a number: no level was lower
    MOVED = auto()  # a count went from one level to another
    ROSE = auto()
    LATER = auto()
    BEFOREHAND = auto()
    # Times
    ALONE = auto()  # beside a window: in the first minute alone
    BY_ITSELF = auto()  # beside a handle: it alone
    ON_AVERAGE = auto()  # of a rate
    WITHIN = auto()  # before a length of time: a window
    AFTER_UNIT = auto()  # after a length of time: the days that followed
    TOOK = auto()  # in a clause with a length of time: a window
    LASTED = auto()  # the same of the wave, and not of a suspension
    PER = auto()  # before a length of time: a rate
    AGO_BEFORE = auto()
    AGO_AFTER = auto()
    OF_AGE = auto()  # after a length of time: an age
    DELAY_BEFORE = auto()
    DELAY_AFTER = auto()
    NEXT_DAY = auto()
    SAME_DAY = auto()
    OVERNIGHT = auto()
    MOMENT = auto()  # in the blink of an eye
    AT_CLOCK = auto()  # before an hour of the day
    # Words by themselves, as they are spelled
    ACCOUNT_OF = auto()  # before a handle: its account
    OF = auto()
    AMONG = auto()  # before the suspended: some of them
    ARTICLE = auto()  # articles and what else may stand between a number and its noun
    AUXILIARY = auto()
    PLUPERFECT = auto()  # before an event: it had happened by then
    DENIAL_FILLER = auto()  # between NOT and what did not happen
    AND = auto()
    JOINER = auto()  # begins a new clause
    ONLY_BUT = auto()  # after a denial: none but so many
    FOLLOWED = auto()  # before a handle: whose followers
    SINGLE = auto()  # after a number: no more than this one
    DEFINITE = auto()  # before a fraction with an event: la mitad
    SUPERLATIVE = auto()  # before MOST: at most, not most of
    ON_TOP = auto()  # before a number: in addition to what was told
    NEW = auto()  # of followers gained
    FURTHER = auto()  # after a number: of the same
    SOMEONE = auto()  # before personne: a person, not nobody
    AGENT = auto()  # a source only where more is said
    TO_SOURCE = auto()  # between a source and its handle
    THAT = auto()  # after a verb of saying
    ADVERB_ENDING = auto()  # how words end that say how something was said: falsely
    POSSESSIVE_ENDING = auto()  # what Arabic writes onto a noun: its, their
    CALENDAR = auto()  # after a lone back: back in 2013
    # Dates and hours
    CLOCK_BEFORE = auto()
    CLOCK_AFTER = auto()
    SOON = auto()  # before CLOCK_AFTER and CLOCK_BEFORE: no more than an hour
    NOON = auto()
    MIDDAY = auto()  # a noon that is a part of the day and no hour
    MIDNIGHT = auto()
    DAWN = auto()
    MORNING = auto()
    AFTERNOON = auto()
    EVENING = auto()
    NIGHT = auto()  # it may end on the next day
    UTC = auto()
    LOCAL_TIME = auto()
    MONDAY = auto()
    TUESDAY = auto()
    WEDNESDAY = auto()
    THURSDAY = auto()
    FRIDAY = auto()
    SATURDAY = auto()
    SUNDAY = auto()
    YESTERDAY = auto()  # the day before it was said
    DAY_BEFORE_YESTERDAY = auto()
    BEFORE_DATE = auto()  # before a date: until its begin
    BY_DAY = auto()  # before a date: until its end
    STARTING = auto()  # before a date with an hour: the hour at which it began
    DATE_BEFORE = auto()  # what may stand before a date or an hour
    AM = auto()
    PM = auto()
    # Times, words by themselves
    TIME_FILLER = auto()  # between WITHIN and a length of time
    ONE = auto()
    SINGLE_UNIT = auto()  # between a number and a unit of time
    PART_LINK = auto()  # half an hour, quart d'heure
    QUARTERS = auto()
    DATE_LINK = auto()  # between a day and its month
    TOOK_LINK = auto()  # beside such a length: it took an hour for ... to
    FOR_LONG = auto()  # between "suspended" and a length of time: how long it lasted
    AT_EACH = auto()  # al día
    MONTH = auto()
    MAY_VERB = auto()  # after may: no month
    ORDINAL = auto()  # written onto a number
    BEFORE_DAY = auto()
    BEFORE_YEAR = auto()
    YEAR = auto()  # the noun before a year
    DATE_AFTER = auto()  # after a date: the last one
    BOUND_LINK = auto()  # between a bound and its number, where what is counted stands between
    NUMBERED = auto()  # before a number that names something
    OCLOCK = auto()
    CLOCK_ARTICLE = auto()  # between a bound and hours of the clock: antes de las 20 horas
    CURRENCY = auto()
    FEW = auto()
    MINUS = auto()  # between an hour and minutes: las nueve menos diez
    PAST_HOUR = auto()  # between minutes and an hour: half past eight
    TO_HOUR = auto()  # ten to nine
    HALF_UNIT = auto()  # half an hour
    UNIT_AFTER_NUMBER = auto()  # a unit of time only after a number: "an" is an article
    PLURAL_UNIT = auto()
    UNIT_QUARTERS = auto()  # a quarter of an hour
    UNIT_THIRDS = auto()


@dataclass(frozen=True)
class Lexicon:
    """The words of one language by tag, and its units of time and months.

    Parameters
    ----------
    phrases
        Phrases by tag, the longest first.
    words
        Words by tag, as they are spelled.
    unit_seconds, dual_seconds
        Seconds by unit of time, and by Arabic dual. A night is half a day; months and years are
        mean ones.
    months
        Number of the month by name; 0 where a second word tells which.
    paired_months
        The first of the two months of such a name.
    ordinals
        Ordinals that tell a day or an hour.
    parts
        Parts of a whole by the name of several: of fifths, 5.
    verb_first
        Whether a verb stands before what it is said of, as in Arabic.
    """

    phrases: Mapping[Tag, tuple[Phrase, ...]]
    words: Mapping[Tag, frozenset[str]]
    unit_seconds: Numerals
    dual_seconds: Numerals
    months: Numerals
    paired_months: Numerals
    ordinals: Numerals
    parts: Numerals
    verb_first: bool


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language, with what all languages share.

    Examples
    --------
    >>> lexicon("es").unit_seconds["hora"]
    3600.0
    """
    own, shared = _read(language), _read(COMMON)
    numbers = own["numbers"]
    words = {
        Tag[name.upper()]: fold_words(text)
        for table in (own, shared)
        for name, text in table["words"].items()
    }
    months = numerals(numbers["month"])
    return Lexicon(
        phrases={Tag[name.upper()]: phrases(text) for name, text in own["phrases"].items()},
        words=words | {Tag.MONTH: frozenset(months)},
        unit_seconds=numerals(numbers["unit_seconds"]),
        dual_seconds=numerals(numbers.get("dual_seconds", "")),
        months=months,
        paired_months=numerals(numbers.get("paired_months", "")),
        ordinals=numerals(numbers["ordinals"]),
        parts=numerals(numbers.get("parts", "")),
        verb_first="verb_first" in own.get("grammar", {}).get("order", "").split(),
    )


def _read(name: str) -> dict[str, dict[str, str]]:
    folder = files("birdfall.claims.parse").joinpath("words")
    table: dict[str, dict[str, str]] = tomllib.loads(
        folder.joinpath(f"{name}.toml").read_text("utf-8")
    )
    return table
