"""Statements: who said what, and the claims that were read in it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import tomli_w

from birdfall.claims.parse import Manner, ParsedClaim, language_of, parse_sentence
from birdfall.claims.structured import Measured, structured_claim
from birdfall.model.errors import UsageError

FILE_NAME = "claims.toml"
#: Words of a statement that stand in the name of its finding, and digits of its digest.
SLUG_WORDS, SLUG_DIGITS = 5, 6


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement: what was said, by whom, when and where, and in which language.

    measured: what is claimed, in fields; then the text only names it.
    """

    text: str
    who: str = ""
    when: str = ""
    where: str = ""
    language: str = ""
    measured: Measured = field(default_factory=Measured)

    def to_json(self) -> dict[str, object]:
        """As a finding keeps it: the fields of `measured` only where they are used."""
        plain = {key: value for key, value in asdict(self).items() if key != "measured"}
        return plain | _told(self.measured)


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
    if claim.measured.measure:
        return Statement(claim, (structured_claim(claim.measured),))
    read = parse_sentence(claim.text, claim.language or None)
    return Statement(claim, read.claims, read.manner, read.unread)


def read_statement(text: str, *, who: str = "") -> Statement:
    """Read what somebody said; the language is detected."""
    return parse_claim(Claim(text, who=who, language=language_of(text) or ""))


def read_claims(text: str) -> list[Claim]:
    """Read claims from TOML: `[[claim]]` tables with text, who, when, where, language.

    Instead of a text a table may hold the fields of `Measured`: measure, of, within, at_least ...

    Raises
    ------
    UsageError
        It is no such TOML; the error names the claim and the key.
    """
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{FILE_NAME} is not TOML: {error}", where=FILE_NAME) from error
    rows = plain.get("claim", [])
    if set(plain) - {"claim"} or not isinstance(rows, list):
        raise UsageError(f"{FILE_NAME} holds [[claim]] tables only", where=FILE_NAME)
    return [_read_row(number, row) for number, row in enumerate(rows, 1)]


def _read_row(number: int, row: Mapping[str, Any]) -> Claim:
    """One `[[claim]]` table; its values are what TOML gives."""
    measured = {one.name for one in fields(Measured)}
    unknown = set(row) - {one.name for one in fields(Claim)} - measured | {"measured"} & set(row)
    told = Measured(**{key: value for key, value in row.items() if key in measured})
    text = row.get("text") or (told.words() if told.measure else None)
    if unknown or not isinstance(text, str) or not text.strip():
        what = f"unknown keys {sorted(unknown)}" if unknown else "no text"
        raise UsageError(
            f"claim {number}: {what}",
            where=FILE_NAME,
            fix='Write text = "...", who = "...", when = "...", language = "es".',
        )
    plain = {key: str(value) for key, value in row.items() if key not in measured}
    return Claim(**plain | {"text": text}, measured=told)


def write_claims(claims: list[Claim]) -> str:
    """Write claims as TOML, the inverse of `read_claims`."""
    rows = [
        {key: value for key, value in claim.to_json().items() if value not in ("", None)}
        for claim in claims
    ]
    return tomli_w.dumps({"claim": rows})


def _told(measured: Measured) -> dict[str, object]:
    """The fields that are used."""
    return {key: value for key, value in asdict(measured).items() if value not in ("", None)}


def claim_slug(text: str) -> str:
    """A finding's name for a statement: its first Latin words, without the accounts it names by
    their handles, and a digest."""
    named_none = re.sub(r"@\S+", " ", text.lower())
    words = re.findall(r"[a-z0-9]+", named_none)[:SLUG_WORDS]
    return "-".join(["claim", *words, hashlib.sha256(text.encode()).hexdigest()[:SLUG_DIGITS]])
