"""Items: what can be measured in a sentence, with the parts of the sentence that say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from birdfall.claims.parse.durations import Span
from birdfall.claims.parse.events import EventMention, Quantity
from birdfall.claims.parse.nouns import Noun
from birdfall.claims.parse.qualifiers import Qualifier
from birdfall.claims.parse.tags import TokenRange
from birdfall.claims.parse.when import When

#: Everybody, and the followers of the account in question (hers, his); else a handle.
EVERYBODY, LEADER = "all", "leader"


class Unit(StrEnum):
    """What the number of a claim counts."""

    ACCOUNTS = "accounts"
    FOLLOWERS = "followers"
    PERCENT = "percent"
    TIMES = "times"


class Base(StrEnum):
    """What a share is of, as far as the sentence says. FALLEN: of the suspended accounts."""

    ACCOUNTS = "accounts"
    FOLLOWERS = "followers"
    FALLEN = "fallen"
    OTHER = "other"


class Comparison(StrEnum):
    """What a ratio is to, where it is no account."""

    USUAL = "usual"
    RESTORED = "restored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be measured.

    Parameters
    ----------
    begin, end
        The tokens [begin, end) of the number with its qualifier.
    value
        The number, in `unit`.
    unit
        What it counts.
    qualifier
        How strictly it is meant.
    low, high
        The range said, both None: as the qualifier allows.
    other
        The number's other reading.
    quantity
        What happened; None until an event is attached.
    population
        Everybody, the leader's followers, or a handle.
    group
        A part of the population that a record may not know.
    of
        What a share is of (`Base`), or a ratio is to (`Comparison` or a handle).
    noun, event, window
        The parts of the sentence that were attached.
    bare
        No noun says what is counted.
    when
        The date and hour said, None if none is.
    by_share
        A ratio holds of the shares of both audiences as of the numbers: "hit harder".
    further
        The number comes on top of what was told before: "another 1,200".
    """

    begin: int
    end: int
    value: float
    unit: Unit = Unit.ACCOUNTS
    qualifier: Qualifier = Qualifier.PLAIN
    low: float | None = None
    high: float | None = None
    other: float | None = None
    quantity: Quantity | None = None
    population: str = EVERYBODY
    group: str = ""
    of: str = ""
    noun: Noun | None = None
    event: EventMention | None = None
    window: Span | None = None
    bare: bool = False
    when: When | None = None
    by_share: bool = False
    further: bool = False

    @property
    def noun_counts_followers(self) -> bool:
        """Whether its noun counts followers."""
        return self.noun is not None and self.noun.counts_followers

    def token_ranges(self) -> Iterator[TokenRange]:
        """The tokens its parts take: number and qualifier, noun, event, window."""
        yield TokenRange(self.begin, self.end)
        for part in (self.noun, self.event, self.window):
            if part is not None:
                yield TokenRange(part.begin, part.end)
        if self.event is not None:
            yield self.event.marks


def unit_of(noun: Noun | None) -> Unit:
    """The unit that a noun gives a number; accounts where there is none."""
    return Unit.FOLLOWERS if noun is not None and noun.counts_followers else Unit.ACCOUNTS
