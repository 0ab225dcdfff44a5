"""Claims: statements in five languages, parsed and checked against a record."""

from birdfall.claims.check import (
    Claim,
    check,
    check_sentence,
    claim_slug,
    judge,
    read_claims,
    write_claims,
)
from birdfall.claims.parse import ParsedClaim, language_of, parse

__all__ = [
    "Claim",
    "ParsedClaim",
    "check",
    "check_sentence",
    "claim_slug",
    "judge",
    "language_of",
    "parse",
    "read_claims",
    "write_claims",
]
