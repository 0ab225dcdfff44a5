"""From a sentence to what can be measured in it: numbers, durations, events, whose, how strictly.

A grammar of parts, not of patterns: each number takes the nearest part of each kind that no other
number or clause stands before. Where the language does not settle a number (3.348), the claim holds
its other reading.
"""

from __future__ import annotations

from birdfall.claims.parse.attribution import attach_events, attach_windows
from birdfall.claims.parse.counts import read_counts
from birdfall.claims.parse.items import Item
from birdfall.claims.parse.languages import is_known, language_of
from birdfall.claims.parse.levels import read_chains
from birdfall.claims.parse.none_all import read_alls, read_nones
from birdfall.claims.parse.number_words import LANGUAGES
from birdfall.claims.parse.numbers import amounts
from birdfall.claims.parse.parsed_claim import ParsedClaim, from_chain, from_item
from birdfall.claims.parse.populations import attach_population
from birdfall.claims.parse.ranges_ratios import read_ranges, read_ratios
from birdfall.claims.parse.sentence import Sentence
from birdfall.claims.parse.shares import read_shares
from birdfall.claims.parse.tags import TaggedTokens, tag
from birdfall.claims.parse.tokens import tokens
from birdfall.model.errors import UsageError

#: A statement is a sentence or a few, not a book.
MAX_CHARACTERS = 4_000
#: More items than a sentence has; what follows is left out.
MAX_ITEMS = 12


def parse(sentence: str, language: str | None = None) -> list[ParsedClaim]:
    """Read every measurable claim of a sentence.

    Parameters
    ----------
    sentence
        A sentence or a few, at most `MAX_CHARACTERS` long.
    language
        "es", "en", "fr", "ar" or "pt"; None or another: detected.

    Returns
    -------
    list of ParsedClaim
        In the order said; empty if nothing can be measured.

    Raises
    ------
    UsageError
        The text is too long.

    Examples
    --------
    >>> claim, = parse("6.600 cuentas en diez minutos")
    >>> claim.value, claim.window_s, str(claim.quantity)
    (6600.0, 600.0, 'fallen')
    """
    if len(sentence) > MAX_CHARACTERS:
        raise UsageError(
            f"this statement has {len(sentence):,} characters",
            why="A claim is a sentence or a few.",
            fix=f"Give the sentences one by one, at most {MAX_CHARACTERS:,} characters each.",
        )
    spoken = language if is_known(language) else language_of(sentence)
    words = tag(tokens(sentence))
    found = _read(words, spoken) if spoken is not None else []
    if found:
        return found
    # a wrong guess at the language costs a second reading, not the claim
    others = [_read(words, other) for other in LANGUAGES if other != spoken]
    return max(others, key=len)


def _read(words: TaggedTokens, language: str) -> list[ParsedClaim]:
    """The claims of a sentence in one language; levels first, as their numbers are no counts."""
    sentence = Sentence(words, language, amounts(words, language))
    found = [(c.begin, from_chain(c, language)) for c in read_chains(sentence)]
    found += [(item.begin, from_item(item, language)) for item in _read_items(sentence)]
    return [claim for _, claim in sorted(found, key=lambda f: f[0])]


def _read_items(sentence: Sentence) -> list[Item]:
    """Everything measurable that is no level, in order."""
    found = [*read_ratios(sentence), *read_ranges(sentence), *read_shares(sentence)]
    found = _sort_items(found + read_counts(sentence))
    found = attach_windows(sentence, attach_events(sentence, found))
    found += attach_windows(sentence, read_nones(sentence, found))
    found += attach_windows(sentence, read_alls(sentence, found))
    measurable = [item for item in _sort_items(found) if item.quantity is not None]
    return [attach_population(sentence, item) for item in measurable[:MAX_ITEMS]]


def _sort_items(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.begin)
