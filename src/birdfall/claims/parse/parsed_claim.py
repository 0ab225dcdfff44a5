"""What the parser gives: one measurable claim of a sentence, with the range its words allow."""

from __future__ import annotations

from dataclasses import dataclass, field

from birdfall.claims.parse.durations import Span, SpanKind
from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import Item, Unit
from birdfall.claims.parse.levels import Chain, Role
from birdfall.claims.parse.qualifiers import Qualifier, allowed_range
from birdfall.claims.parse.when import When


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a follower count that is claimed.

    Parameters
    ----------
    role
        Which level is meant.
    value, low, high
        As of a claim.
    after_s
        Least and most seconds after the lowest, None where nothing is said.
    """

    role: Role
    value: float
    low: float | None
    high: float | None
    after_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """One measurable claim of a sentence.

    Parameters
    ----------
    quantity
        What is measured: accounts fallen, restored or missing (fallen and not restored), followers
        lost or gained (net change of a count), a level (what a count stood at), or a ratio.
    value
        The number claimed, in `unit`.
    low, high
        The range its qualifier allows, None where it is open.
    unit
        What the number counts.
    window_s
        Length of the window claimed, None if none is said.
    population
        "all", "leader" (her, his), or a handle.
    qualifier
        How strictly the number is meant.
    language
        The language it was read in.
    ambiguous
        The number's other reading where the language does not settle one (3.348), else None.
    window_most_s
        The longest that a vague window ("in minutes") can mean, else None.
    group
        A part of the population that a record may not know ("opposition"), or "".
    of
        What a share is of, or a ratio to; "" where it is not said.
    levels
        Of a count, in the order of time.
    when
        The date and hour at which it is said to have happened, None if it is not said.
    next_day
        The window is "the next day": until the second midnight, or that day alone.
    same_day
        The window is the day of the wave, until its midnight.
    by_share
        The ratio must hold of the shares of both audiences as of the numbers: "hit harder".
    rate
        The number is of each such window ("330 a minute"), not of one.
    took
        The window is how long it took, and no less.
    further
        The number comes on top of what happened before the time claimed: "another 1,200".
    """

    quantity: Quantity
    value: float
    low: float | None
    high: float | None
    unit: Unit
    window_s: float | None
    population: str
    qualifier: Qualifier
    language: str
    ambiguous: float | None = None
    window_most_s: float | None = None
    group: str = ""
    of: str = ""
    levels: tuple[Level, ...] = field(default=())
    when: When | None = None
    next_day: bool = False
    same_day: bool = False
    rate: bool = False
    by_share: bool = False
    further: bool = False
    took: bool = False


def from_item(item: Item, language: str) -> ParsedClaim:
    """The claim of an item whose quantity is known."""
    if item.quantity is None:
        raise ValueError("an item without a quantity is no claim")
    if item.quantity is Quantity.LEVEL:
        return from_level(item, language)
    low, high = item.low, item.high
    if low is None and high is None:
        low, high = allowed_range(item.value, item.qualifier)
    grows = item.quantity is Quantity.GAINED
    if item.unit is Unit.PERCENT and high is not None and item.value <= 100 and not grows:
        high = min(high, 100.0)
    window_s, window_most_s = _window_range(item.window)
    return ParsedClaim(
        quantity=item.quantity,
        value=item.value,
        low=low,
        high=high,
        unit=item.unit,
        window_s=window_s,
        population=item.population,
        qualifier=item.qualifier,
        language=language,
        ambiguous=item.other,
        window_most_s=window_most_s,
        group=item.group,
        of=item.of,
        when=item.when,
        next_day=item.window is not None and item.window.next_day,
        same_day=item.window is not None
        and item.window.same_day
        and item.quantity is Quantity.RESTORED,
        rate=item.window is not None and item.window.kind is SpanKind.RATE,
        by_share=item.by_share,
        further=item.further,
        took=item.window is not None and item.window.took,
    )


def from_level(item: Item, language: str) -> ParsedClaim:
    """The claim of how many followers an account had before: "half of her 6,000 followers"."""
    qualifier = Qualifier.ABOUT if item.qualifier is Qualifier.PLAIN else item.qualifier
    low, high = allowed_range(item.value, qualifier)
    return ParsedClaim(
        quantity=Quantity.LEVEL,
        value=item.value,
        low=low,
        high=high,
        unit=Unit.FOLLOWERS,
        window_s=None,
        population=item.population,
        qualifier=qualifier,
        language=language,
        group=item.group,
        levels=(Level(Role.BEFORE, item.value, low, high),),
    )


def from_chain(chain: Chain, language: str) -> ParsedClaim:
    """The claim of a chain of levels; its number is the lowest."""
    levels = []
    for step in chain.steps:
        low, high = allowed_range(step.value, step.qualifier)
        if step.value <= 1:  # one is said of next to none
            low, high = 0.0, max(high or 1.0, 1.0)
        levels.append(Level(step.role, step.value, low, high, step.after_s))
    main = next((level for level in levels if level.role is Role.LOWEST), levels[-1])
    window_s, window_most_s = _window_range(chain.window)
    return ParsedClaim(
        quantity=Quantity.LEVEL,
        value=main.value,
        low=main.low,
        high=main.high,
        unit=Unit.FOLLOWERS,
        window_s=window_s,
        population=chain.population,
        qualifier=Qualifier.PLAIN,
        language=language,
        window_most_s=window_most_s,
        group=chain.group,
        levels=tuple(levels),
    )


def _window_range(span: Span | None) -> tuple[float | None, float | None]:
    """The window of a span, and the longest it can mean where it is vague."""
    if span is None:
        return None, None
    low = span.low_s if span.low_s > 0 else span.high_s
    return low, span.high_s if span.high_s > low else None
