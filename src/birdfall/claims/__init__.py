"""Claims: statements in five languages, parsed and checked against a record."""

from birdfall.claims.check import check, check_claims, check_sentence, check_statement
from birdfall.claims.parse import ParsedClaim
from birdfall.claims.statements import (
    Claim,
    Statement,
    claim_slug,
    parse_claim,
    read_claims,
    read_statement,
    write_claims,
)
from birdfall.claims.structured import BASES, MEASURES, Measured
from birdfall.claims.verdicts import Verdict, judge

__all__ = [
    "BASES",
    "MEASURES",
    "Claim",
    "Measured",
    "ParsedClaim",
    "Statement",
    "Verdict",
    "check",
    "check_claims",
    "check_sentence",
    "check_statement",
    "claim_slug",
    "judge",
    "parse_claim",
    "read_claims",
    "read_statement",
    "write_claims",
]
