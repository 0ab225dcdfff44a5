"""Statements: who said what, and the claims that were read in it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import tomli_w

from birdfall.claims.parse import Manner, ParsedClaim, language_of, parse_sentence
from birdfall.model.errors import UsageError

FILE_NAME = "claims.toml"
#: Words of a statement that stand in the name of its finding, and digits of its digest.
SLUG_WORDS, SLUG_DIGITS = 5, 6


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement: what was said, by whom, when and where, and in which language."""

    text: str
    who: str = ""
    when: str = ""
    where: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim with everything measurable that was read in it, in the order said.

    Parameters
    ----------
    claim
        The statement.
    parsed
        What was read in it.
    manner
        Whether that is stated, denied, asked or supposed.
    unread
        The word that was not understood, "" if all were.
    """

    claim: Claim
    parsed: tuple[ParsedClaim, ...]
    manner: Manner = Manner.STATED
    unread: str = ""


def parse_claim(claim: Claim) -> Statement:
    """Read a claim, in its language if it names one.

    Raises
    ------
    UsageError
        The text is too long.
    """
    read = parse_sentence(claim.text, claim.language or None)
    return Statement(claim, read.claims, read.manner, read.unread)


def read_statement(text: str, *, who: str = "") -> Statement:
    """Read what somebody said; the language is detected."""
    return parse_claim(Claim(text, who=who, language=language_of(text) or ""))


def read_claims(text: str) -> list[Claim]:
    """Read claims from TOML: `[[claim]]` tables with text, who, when, where, language.

    Raises
    ------
    UsageError
        It is no such TOML; the error names the claim and the key.
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{FILE_NAME} is not TOML: {error}", where=FILE_NAME) from error
    rows = plain.get("claim", [])
    if set(plain) - {"claim"} or not isinstance(rows, list):
        raise UsageError(f"{FILE_NAME} holds [[claim]] tables only", where=FILE_NAME)
    return [_read_row(number, row) for number, row in enumerate(rows, 1)]


def _read_row(number: int, row: Mapping[str, str]) -> Claim:
    """One `[[claim]]` table; its values are what TOML gives."""
    unknown = set(row) - {field.name for field in fields(Claim)}
    text = row.get("text")
    if unknown or not isinstance(text, str) or not text.strip():
        what = f"unknown keys {sorted(unknown)}" if unknown else "no text"
        raise UsageError(
            f"claim {number}: {what}",
            where=FILE_NAME,
            fix='Write text = "...", who = "...", when = "...", language = "es".',
        )
    return Claim(**{key: str(value) for key, value in row.items()})


def write_claims(claims: list[Claim]) -> str:
    """Write claims as TOML, the inverse of `read_claims`."""
    rows = [{key: value for key, value in asdict(claim).items() if value} for claim in claims]
    return tomli_w.dumps({"claim": rows})


def claim_slug(text: str) -> str:
    """A finding's name for a statement: its first Latin words and a digest."""
    words = re.findall(r"[a-z0-9]+", text.lower())[:SLUG_WORDS]
    return "-".join(["claim", *words, hashlib.sha256(text.encode()).hexdigest()[:SLUG_DIGITS]])
