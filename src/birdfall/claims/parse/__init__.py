"""From a sentence to what can be measured in it: `parse` gives one `ParsedClaim` per claim."""

from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import EVERYBODY, LEADER, Base, Comparison, Unit
from birdfall.claims.parse.languages import language_of
from birdfall.claims.parse.levels import Role
from birdfall.claims.parse.number_words import LANGUAGES
from birdfall.claims.parse.numbers import VAGUE_LEAST, VAGUE_MOST
from birdfall.claims.parse.parsed_claim import Level, ParsedClaim
from birdfall.claims.parse.parser import (
    MAX_CHARACTERS,
    Manner,
    ParsedSentence,
    parse,
    parse_sentence,
)
from birdfall.claims.parse.populations import COUNT_QUANTITIES, is_office
from birdfall.claims.parse.qualifiers import Qualifier, allowed_range
from birdfall.claims.parse.tokens import fold, fold_words
from birdfall.claims.parse.when import Relation, When

__all__ = [
    "COUNT_QUANTITIES",
    "EVERYBODY",
    "LANGUAGES",
    "LEADER",
    "MAX_CHARACTERS",
    "VAGUE_LEAST",
    "VAGUE_MOST",
    "Base",
    "Comparison",
    "Level",
    "Manner",
    "ParsedClaim",
    "ParsedSentence",
    "Qualifier",
    "Quantity",
    "Relation",
    "Role",
    "Unit",
    "When",
    "allowed_range",
    "fold",
    "fold_words",
    "is_office",
    "language_of",
    "parse",
    "parse_sentence",
]
