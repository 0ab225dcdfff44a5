"""Claims without a sentence: what is measured, of whom, within how long, and which number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from birdfall.claims.parse import (
    EVERYBODY,
    Base,
    ParsedClaim,
    Qualifier,
    Quantity,
    Unit,
    allowed_range,
)
from birdfall.model.errors import UsageError
from birdfall.model.units import DAY_S, HOUR_S, MINUTE_S

#: What can be measured without a sentence.
MEASURES = ("fallen", "restored", "missing", "lost", "gained")
#: What a share can be of.
BASES = ("accounts", "followers", "fallen")
EXAMPLE = "birdfall check CASE --measure fallen --of @presidencia --within 10m --at-least 6600"
_UNITS = {"s": 1, "m": MINUTE_S, "h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}


@dataclass(frozen=True, slots=True)
class Measured:
    """A claim in fields.

    Parameters
    ----------
    measure
        One of `MEASURES`; "" where the claim is a sentence.
    of
        Whose followers, a handle; "" of all accounts.
    within
        The length of the window: "10m", "48h", "2d"; "" if none is claimed.
    at_least, at_most, about, exactly
        The number claimed, in one of them.
    share_of
        One of `BASES`: the number is a percentage of these; "" where it counts.
    """

    measure: str = ""
    of: str = ""
    within: str = ""
    at_least: float | None = None
    at_most: float | None = None
    about: float | None = None
    exactly: float | None = None
    share_of: str = ""

    def words(self) -> str:
        """The fields as one line, which names the claim."""
        fields = {
            "of": self.of,
            "within": self.within,
            "at-least": self.at_least,
            "at-most": self.at_most,
            "about": self.about,
            "exactly": self.exactly,
            "share-of": self.share_of,
        }
        told = [
            f"{name} {_plain(value)}" for name, value in fields.items() if value not in ("", None)
        ]
        return " ".join([self.measure, *told])


def structured_claim(claim: Measured) -> ParsedClaim:
    """The claim that fields make.

    Raises
    ------
    UsageError
        A field is not what it may be, or there is no number or more than one.

    Examples
    --------
    >>> claim = structured_claim(Measured("fallen", within="10m", at_least=6600))
    >>> claim.low, claim.window_s
    (6600.0, 600.0)
    """
    _require(claim.measure in MEASURES, f"no such measure: {claim.measure}", MEASURES)
    _require(claim.share_of in ("", *BASES), f"no such base: {claim.share_of}", BASES)
    numbers = {
        Qualifier.AT_LEAST: claim.at_least,
        Qualifier.AT_MOST: claim.at_most,
        Qualifier.ABOUT: claim.about,
        Qualifier.EXACTLY: claim.exactly,
    }
    told = [(name, value) for name, value in numbers.items() if value is not None]
    _require(len(told) == 1, f"{len(told)} numbers are claimed", ("one of them",))
    qualifier, value = told[0]
    _require(value >= 0, f"{value:g} is less than none", ("0 or more",))
    low, high = allowed_range(float(value), qualifier)
    share = bool(claim.share_of)
    counts = claim.of or claim.measure in ("lost", "gained")
    return ParsedClaim(
        quantity=Quantity(claim.measure),
        value=float(value),
        low=low,
        high=high,
        unit=Unit.PERCENT if share else Unit.FOLLOWERS if counts else Unit.ACCOUNTS,
        window_s=_seconds(claim.within) if claim.within else None,
        population=f"@{claim.of.removeprefix('@')}" if claim.of else EVERYBODY,
        qualifier=qualifier,
        language="",
        of=Base(claim.share_of) if share else "",
    )


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip())
    if match is None:
        raise UsageError(
            f"“{text}” is no length of time",
            why="A length of time is a number and s, m, h, d or w.",
            fix='For example "10m", "48h" or "2d".',
        )
    return float(match[1]) * _UNITS[match[2]]


def _require(holds: bool, what: str, allowed: tuple[str, ...]) -> None:
    if not holds:
        raise UsageError(what, why=f"Allowed: {', '.join(allowed)}.", fix=EXAMPLE)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
