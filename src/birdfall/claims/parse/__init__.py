"""From a sentence to what can be measured in it: `parse` gives one `ParsedClaim` per measurable statement."""

from birdfall.claims.parse.parser import (
    LONGEST,
    Level,
    ParsedClaim,
    language_of,
    parse,
)

__all__ = ["LONGEST", "Level", "ParsedClaim", "language_of", "parse"]
