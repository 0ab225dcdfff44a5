"""Claims: is what was said true? Statements are parsed, measured on the record, and come back with the value they should have had.

Verdicts: supported (the measured value, or all it may be, lies in the range the words allow), supported_within (off by a tenth at
most), contradicted, not_answerable. Method: docs/methods/claims.md.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tomli_w

from birdfall.claims.account_claims import events, ratio
from birdfall.claims.follower_claims import levels, net_change
from birdfall.claims.parse import ParsedClaim, parse
from birdfall.claims.readings import Reading, Refusal
from birdfall.claims.subjects import Whom, whom
from birdfall.model.errors import UsageError
from birdfall.model.findings import Answer, Estimate, Finding, Note
from birdfall.model.settings import Settings
from birdfall.record.record import Record

#: Off by no more than this share of the claimed number: supported within.
NEAR = 0.10
METHOD = ("two-pointer sweep over all windows of the claimed length (docs/methods/claims.md)",)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement: what was said, by whom, when and where, and in which language."""

    text: str
    who: str = ""
    when: str = ""
    where: str = ""
    language: str = ""


def read_claims(text: str) -> list[Claim]:
    """Claims from TOML (`[[claim]]` with text, who, when, where, language). Raises UsageError naming what is wrong."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"claims.toml is not TOML: {error}", where="claims.toml") from error
    rows = plain.get("claim", [])
    if set(plain) - {"claim"} or not isinstance(rows, list):
        raise UsageError("claims.toml holds [[claim]] tables only", where="claims.toml")
    claims = []
    for number, row in enumerate(rows, 1):
        unknown = set(row) - {"text", "who", "when", "where", "language"}
        if unknown or not isinstance(row.get("text"), str) or not row["text"].strip():
            what = f"unknown keys {sorted(unknown)}" if unknown else "no text"
            raise UsageError(
                f"claim {number}: {what}",
                where="claims.toml",
                fix='Write text = "...", who = "...", when = "...", language = "es".',
            )
        claims.append(Claim(**{k: str(v) for k, v in row.items()}))
    return claims


def write_claims(claims: list[Claim]) -> str:
    """The inverse of `read_claims`."""
    return tomli_w.dumps({"claim": [{k: v for k, v in asdict(c).items() if v} for c in claims]})


def claim_slug(text: str) -> str:
    """A finding's name for a statement: its first Latin words and a digest."""
    words = re.findall(r"[a-z0-9]+", text.lower())[:5]
    return "-".join(["claim", *words, hashlib.sha256(text.encode()).hexdigest()[:6]])


def check_sentence(
    record: Record,
    findings: Mapping[str, Finding],
    sentence: str,
    *,
    language: str | None = None,
    settings: Settings,
) -> list[Finding]:
    """Every measurable claim of a sentence, checked; one refusal if there is none."""
    return check(record, findings, Claim(sentence, language=language or ""), settings=settings)


def check(
    record: Record, findings: Mapping[str, Finding], claim: Claim, *, settings: Settings
) -> list[Finding]:
    """Every claim of a statement measured on a record, in the order said; one refusal if nothing in it can be measured.

    findings: what is known already (waves tell where to look first).
    """
    parsed = parse(claim.text, claim.language or None)
    if not parsed:
        return [_refused(claim, None, Note("claim-without-number", {}))]
    found = []
    for number, one in enumerate(parsed, 1):
        finding = _checked(record, findings, claim, one, settings)
        found.append(finding if number == 1 else finding.replace(name=f"{finding.name}-{number}"))
    return found


def _checked(
    record: Record,
    findings: Mapping[str, Finding],
    claim: Claim,
    one: ParsedClaim,
    settings: Settings,
) -> Finding:
    # "her followers" are those of the account in question; of several, of the first for which it is true
    leaders = settings.leaders if one.population == "leader" and settings.leaders else (None,)
    first: Finding | None = None
    for leader in leaders:
        of = whom(record, findings, one, settings, leader)
        measured = of if isinstance(of, Refusal) else _readings(record, findings, one, of, settings)
        if isinstance(measured, Refusal) or isinstance(of, Refusal):
            found = _refused(claim, one, measured.note) if isinstance(measured, Refusal) else None
        else:
            found = _judged(record, claim, one, measured, of)
        if found is not None and found.details["verdict"] == "supported":
            return found
        first = first or found
    assert first is not None
    return first


def _readings(
    record: Record, findings: Mapping[str, Finding], one: ParsedClaim, of: Whom, settings: Settings
) -> list[Reading] | Refusal:
    """What the record says of a claim, in the readings its words allow, the plainest first."""
    if one.quantity == "level":
        return levels(record, findings, one, of)
    if one.quantity in ("lost", "gained"):
        return net_change(record, findings, one, of)
    if not record.has("statuses"):
        return Refusal(Note("no-statuses", {"needs": "statuses"}))
    if one.quantity == "ratio":
        return ratio(record, findings, one, of, settings)
    return events(record, findings, one, of)


# -- the verdict ------------------------------------------------------------------------------------------------------


def judge(one: ParsedClaim, low: float, high: float) -> tuple[str, float | None]:
    """The verdict on a claim whose true value lies in [low, high], and how far off it is (share of the claim, signed)."""
    at_least = one.low if one.low is not None else -np.inf
    at_most = one.high if one.high is not None else np.inf
    middle = (low + high) / 2
    off = (middle - one.value) / one.value if one.value else None
    inside, outside = at_least <= low and high <= at_most, high < at_least or low > at_most
    if one.qualifier == "not":  # the range is what is denied
        return ("contradicted" if inside else "supported" if outside else "not_answerable"), off
    if inside:
        return "supported", off
    if not outside:
        # it may be true and it may be false: bounds that straddle the claim decide nothing, unless they are narrow
        return (
            "supported_within" if high - low <= NEAR * max(one.value, 1) else "not_answerable"
        ), off
    # off by how much, from the number itself and not from the edge its wording allows; of a range, from its edge
    ranged = one.qualifier in ("between", "vague")
    edges = [e for e in (one.low, one.high) if e is not None] if ranged else [one.value]
    gap = min(abs(value - edge) for value in (low, high) for edge in edges)
    near = gap <= NEAR * one.value and one.qualifier != "exactly"
    return ("supported_within" if near else "contradicted"), off


_ORDER = ("supported", "supported_within", "not_answerable", "contradicted")


def _verdict(one: ParsedClaim, reading: Reading) -> tuple[str, float | None]:
    if not reading.levels:
        return judge(one, reading.low, reading.high)
    verdicts = [str(level["verdict"]) for level in reading.levels]
    return max(verdicts, key=_ORDER.index), (
        reading.value - one.value
    ) / one.value if one.value > 1 else None


def _judged(
    record: Record, claim: Claim, one: ParsedClaim, readings: list[Reading], of: Whom
) -> Finding:
    """The finding of the reading for which the claim is true, else of the plainest; the next best stands beside it."""
    judged = [(_verdict(one, reading), reading) for reading in readings]
    # another reading is taken only if it makes the claim true: nearly true by a far-fetched reading is not nearly true
    best = next((n for n, ((verdict, _), _) in enumerate(judged) if verdict == "supported"), 0)
    (verdict, off), reading = judged[best]
    others = [r for n, (_, r) in enumerate(judged) if n != best]
    answer: Answer = {"contradicted": "nothing", "not_answerable": "cannot"}.get(verdict, "found")  # type: ignore[assignment]
    reasons: tuple[Note, ...] = ()
    if verdict == "not_answerable":
        reasons = (reading.why or Note("times-too-coarse-for-claim", {"needs": "exact times"}),)
    limits = tuple(of.limits) + tuple(reading.limits)
    if one.ambiguous is not None:
        limits = (Note("number-read-two-ways", {"other": one.ambiguous}), *limits)
    unit = {"percent": "share", "times": "ratio"}.get(one.unit, "accounts")
    scale = 0.01 if one.unit == "percent" else 1.0
    second = reading.second or (_told(others[0], one) if others else None)
    more: dict[str, Any] = (
        {"second_reading": second} if second or "best_reading" in reading.more else {}
    )
    if reading.levels:
        more["levels"] = [dict(level) for level in reading.levels]
    return Finding(
        kind="claim",
        name=claim_slug(claim.text),
        answer=answer,
        estimates={
            "measured": Estimate(
                reading.value * scale,
                unit,
                reading.low * scale,
                reading.high * scale,
                None,
                "identified" if reading.low != reading.high else "none",
            ),
            "claimed": Estimate(
                one.value * scale,
                unit,
                _scaled(one.low, scale),
                _scaled(one.high, scale),
                None,
                "none",
            ),
        },
        parameters={"near": NEAR},
        inputs=(record.input("statuses"), record.input("follows"), record.input("counts")),
        reasons=reasons,
        limits=limits,
        method=METHOD,
        details={
            "said": asdict(claim),
            "parsed": asdict(one),
            "verdict": verdict,
            "off_by": off,
            "reading": reading.name,
            "account": of.account,
            **reading.more,
            **more,
        },
    )


def _told(reading: Reading, one: ParsedClaim) -> dict[str, Any]:
    """A reading that was not taken, as details: what it is and what it measured."""
    scale = 0.01 if one.unit == "percent" else 1.0
    return {
        "reading": reading.name,
        "value": reading.value * scale,
        "low": reading.low * scale,
        "high": reading.high * scale,
        "verdict": _verdict(one, reading)[0],
    }


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale


def _refused(claim: Claim, one: ParsedClaim | None, note: Note) -> Finding:
    details = {
        "said": asdict(claim),
        "parsed": None if one is None else asdict(one),
        "verdict": "not_answerable",
        "off_by": None,
    }
    return Finding(
        kind="claim",
        name=claim_slug(claim.text),
        answer="cannot",
        reasons=(note,),
        details=details,
        method=METHOD,
    )
