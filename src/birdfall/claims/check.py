"""Checking claims: each statement measured on a record, with a verdict and the value it should say.

The verdicts stand in `verdicts`. Method: docs/methods/claims.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import TypedDict

from birdfall.claims.account_claims import measure_accounts
from birdfall.claims.follower_claims import measure_change, measure_levels
from birdfall.claims.moments import halves_of_day, measure_onset, tell_day
from birdfall.claims.parse import LEADER, Base, Manner, ParsedClaim, Qualifier, Quantity, Unit
from birdfall.claims.ratio_claims import measure_ratio
from birdfall.claims.readings import LevelJson, Reading, Refusal, WindowJson, refuse
from birdfall.claims.statements import Claim, Statement, claim_slug, parse_claim
from birdfall.claims.subjects import ClaimSource, Subject, find_subject
from birdfall.claims.verdicts import NEAR_SHARE, Judgement, Verdict, judge, understates, worst
from birdfall.model.findings import Answer, Estimate, Finding, Note
from birdfall.model.settings import Settings
from birdfall.record.record import Record

METHOD = ("two-pointer sweep over all windows of the claimed length (docs/methods/claims.md)",)
ANSWERS: Mapping[Verdict, Answer] = {
    Verdict.SUPPORTED: "found",
    Verdict.SUPPORTED_WITHIN: "found",
    Verdict.CONTRADICTED: "nothing",
    Verdict.NOT_ANSWERABLE: "cannot",
}


#: "Almost 3,300" is not said of the 3,000 of the whole record: it is closer to the number meant.
PRECISE_SHARE = 0.05
_OF_FALLEN = (Quantity.RESTORED, Quantity.MISSING)
#: What a denial makes of a verdict.
_DENIED: Mapping[Verdict, Verdict] = {
    Verdict.SUPPORTED: Verdict.CONTRADICTED,
    Verdict.CONTRADICTED: Verdict.SUPPORTED,
    Verdict.SUPPORTED_WITHIN: Verdict.NOT_ANSWERABLE,
}


class OtherReadingJson(TypedDict):
    """A reading that was not taken, as a finding keeps it."""

    reading: str
    value: float
    low: float
    high: float
    verdict: str


def check_sentence(
    record: Record,
    findings: Mapping[str, Finding],
    sentence: str,
    *,
    language: str | None = None,
    settings: Settings,
) -> list[Finding]:
    """Check every measurable claim of a sentence.

    Parameters
    ----------
    record
        What the claims are measured on.
    findings
        What is known of the record already, by name; the waves tell where to look first.
    sentence
        What was said, in es, en, fr, ar or pt.
    language
        Its language; None: detected.
    settings
        The settings of the case: leaders, names, time zone.

    Returns
    -------
    list of Finding
        One per claim, in the order said; one refusal if nothing in it can be measured.
    """
    return check(record, findings, Claim(sentence, language=language or ""), settings=settings)


def check(
    record: Record, findings: Mapping[str, Finding], claim: Claim, *, settings: Settings
) -> list[Finding]:
    """Check every measurable claim of a statement. Parameters as of `check_sentence`."""
    return check_statement(record, findings, parse_claim(claim), settings=settings)


def check_claims(
    record: Record, findings: Mapping[str, Finding], claims: Iterable[Claim], *, settings: Settings
) -> list[Finding]:
    """Check every measurable claim of several statements; the record is read once for all."""
    source = ClaimSource(record, findings, settings)
    return [found for claim in claims for found in check_against(source, parse_claim(claim))]


def check_statement(
    record: Record, findings: Mapping[str, Finding], statement: Statement, *, settings: Settings
) -> list[Finding]:
    """Check every claim of a statement that is parsed already. As `check_sentence`."""
    return check_against(ClaimSource(record, findings, settings), statement)


def check_against(source: ClaimSource, statement: Statement) -> list[Finding]:
    """Check every claim of a statement against a source that may serve for several."""
    if not statement.parsed:
        return [_refusal(statement.claim, None, Note("claim-without-number", {}))]
    reason = _why_unchecked(statement)
    found = []
    for number, parsed in enumerate(statement.parsed, 1):
        if reason is not None:
            finding = _refusal(statement.claim, parsed, reason)
        else:
            finding = _check_one(source, statement.claim, parsed)
        if statement.manner is Manner.DENIED and reason is None:
            finding = _deny(finding)
        found.append(finding if number == 1 else finding.replace(name=f"{finding.name}-{number}"))
    return found


def _why_unchecked(statement: Statement) -> Note | None:
    """Why no verdict may be given on a statement, None if one may.

    All or nothing: one word that carries meaning and was not understood may change what is said.
    """
    if statement.manner in (Manner.ASKED, Manner.SUPPOSED):
        return Note(f"claim-{statement.manner}", {})
    if statement.unread:
        return Note("word-not-understood", {"word": statement.unread})
    if statement.manner is Manner.DENIED and len(statement.parsed) > 1:
        return Note("several-claims-denied", {})
    return None


def _deny(finding: Finding) -> Finding:
    """The finding of a claim that is denied: "it is not true that ..." holds if it does not.

    A claim that is only off by a tenth is neither true nor false enough to be denied.
    """
    verdict = Verdict(finding.details["verdict"])
    turned = _DENIED.get(verdict, verdict)
    return finding.replace(
        answer=ANSWERS[turned], details={**finding.details, "verdict": str(turned), "denied": True}
    )


def _check_one(source: ClaimSource, claim: Claim, parsed: ParsedClaim) -> Finding:
    """Check one claim.

    "Her followers" are those of the account in question; of several leaders, of the first for
    which the claim is true.
    """
    told = tell_day(parsed, claim.when)
    if isinstance(told, Refusal):
        return _refusal(claim, parsed, told.note)
    parsed = told
    first, *later = [_check_leaders(source, claim, of_half) for of_half in halves_of_day(parsed)]
    return next((f for f in (first, *later) if f.details["verdict"] == Verdict.SUPPORTED), first)


def _check_leaders(source: ClaimSource, claim: Claim, parsed: ParsedClaim) -> Finding:
    """Check a claim for each leader it may be of."""
    leaders: tuple[str | None, ...] = (None,)
    if parsed.population == LEADER and source.settings.leaders:
        leaders = source.settings.leaders
    found = []
    for leader in leaders:
        finding = _check_subject(source, claim, parsed, leader)
        if finding.details["verdict"] == Verdict.SUPPORTED:
            return finding
        found.append(finding)
    return found[0]


def _check_subject(
    source: ClaimSource, claim: Claim, parsed: ParsedClaim, leader: str | None
) -> Finding:
    subject = find_subject(source, parsed, leader)
    if (
        isinstance(subject, Refusal)
        and subject.note.code in ("followers-not-recorded", "no-follows")
        and parsed.quantity is Quantity.RESTORED
        and parsed.unit is Unit.FOLLOWERS
    ):  # whoever's followers nobody listed may still be counted: what it recovered, it gained
        parsed = replace(parsed, quantity=Quantity.GAINED)
        subject = find_subject(source, parsed, leader)
    if isinstance(subject, Refusal):
        return _refusal(claim, parsed, subject.note)
    readings = _measure(source, parsed, subject)
    if isinstance(readings, Refusal):
        return _refusal(claim, parsed, readings.note)
    return _finding(source.record, claim, parsed, readings, subject)


def _measure(source: ClaimSource, claim: ParsedClaim, subject: Subject) -> list[Reading] | Refusal:
    """What the record says of a claim, in the readings its words allow, the plainest first."""
    if claim.quantity in (Quantity.LEVEL, Quantity.LOST, Quantity.GAINED):
        if subject.account is None:
            return refuse("account-not-known", account="–", needs="leaders")
        measure = measure_levels if claim.quantity is Quantity.LEVEL else measure_change
        return measure(source, claim, subject.account)
    if not source.record.has("statuses"):
        return refuse("no-statuses", needs="statuses")
    if claim.quantity is Quantity.RATIO:
        return measure_ratio(source, claim, subject)
    if claim.quantity is Quantity.BEGAN:
        return measure_onset(source, claim)
    return measure_accounts(source, claim, subject)


# -- the finding --------------------------------------------------------------------------------


def _judge_reading(claim: ParsedClaim, reading: Reading) -> Judgement:
    if not reading.levels:
        return judge(claim, reading.low, reading.high)
    off_by = (reading.value - claim.value) / claim.value if claim.value > 1 else None
    return Judgement(worst([level.verdict for level in reading.levels]), off_by)


def _finding(
    record: Record, claim: Claim, parsed: ParsedClaim, readings: list[Reading], subject: Subject
) -> Finding:
    """The finding of the reading for which a claim is true, else of the plainest."""
    judged = [(reading, _judge_reading(parsed, reading)) for reading in readings]
    # another reading is taken only if it makes the claim true: nearly true by a far-fetched
    # reading is not nearly true
    # (of a number that is denied: only if it makes the number true, and so the claim false)
    sought = Verdict.CONTRADICTED if parsed.qualifier is Qualifier.NOT else Verdict.SUPPORTED
    taken = next((n for n, (_, j) in enumerate(judged) if j.verdict is sought), 0)
    if judged[taken][0].name == "record" and _is_far_fetched(parsed, judged[taken][0]):
        taken = 0
    reading, (verdict, off_by) = judged[taken]
    of_fallen = parsed.quantity in _OF_FALLEN or parsed.of == Base.FALLEN
    if taken and reading.name.startswith("record") and of_fallen:
        verdict, reading = (
            Verdict.NOT_ANSWERABLE,
            replace(
                reading,
                why=Note(
                    "wave-and-record-differ",
                    {"wave": judged[0][0].value, "record": reading.value},
                ),
            ),
        )
    others = [other for other in readings if other is not reading]
    reasons: tuple[Note, ...] = ()
    if verdict is Verdict.NOT_ANSWERABLE:
        reasons = (reading.why or _why_undecided(parsed, reading),)
    limits = (*subject.limits, *reading.limits)
    if parsed.ambiguous is not None:
        limits = (Note("number-read-two-ways", {"other": parsed.ambiguous}), *limits)
    details = {
        "said": claim.to_json(),
        "parsed": asdict(parsed),
        "verdict": str(verdict),
        "off_by": off_by,
        "reading": reading.name,
        "account": subject.account,
        **reading.details.to_json(),
    }
    second = _second_reading(parsed, reading, others)
    if second is not None or reading.details.fullest is not None:
        details["second_reading"] = second
    if reading.levels:
        details["levels"] = _levels_json(reading)
    return Finding(
        kind="claim",
        name=claim_slug(claim.text),
        answer=ANSWERS[verdict],
        estimates=_estimates(parsed, reading),
        parameters={"near": NEAR_SHARE},
        inputs=tuple(record.input(table) for table in ("statuses", "follows", "counts")),
        reasons=reasons,
        limits=limits,
        method=METHOD,
        details=details,
    )


def _why_undecided(claim: ParsedClaim, reading: Reading) -> Note:
    """Why a reading decides nothing: a word that only bounds it, or times known too coarsely."""
    if claim.qualifier is Qualifier.UP_TO and reading.high <= claim.value:
        return Note("up-to-bounds-only", {"measured": reading.value})
    if understates(claim, reading.low):
        return Note("vague-bounds-only", {"measured": reading.value})
    return Note("times-too-coarse-for-claim", {"needs": "exact times"})


def _is_far_fetched(claim: ParsedClaim, reading: Reading) -> bool:
    """Whether only the slack of "almost" and "about" makes a number that of the whole record."""
    slack = claim.qualifier in (Qualifier.ALMOST, Qualifier.ABOUT)
    return slack and abs(reading.value - claim.value) > PRECISE_SHARE * claim.value


def _levels_json(reading: Reading) -> list[LevelJson]:
    return [level.to_json() for level in reading.levels]


def _estimates(claim: ParsedClaim, reading: Reading) -> dict[str, Estimate]:
    """What was measured and what was claimed; percentages as shares."""
    unit = {Unit.PERCENT: "share", Unit.TIMES: "ratio"}.get(claim.unit, "accounts")
    scale = _scale(claim)
    low = None if claim.low is None else claim.low * scale
    high = None if claim.high is None else claim.high * scale
    return {
        "measured": Estimate(
            reading.value * scale,
            unit,
            reading.low * scale,
            reading.high * scale,
            None,
            "identified" if reading.low != reading.high else "none",
        ),
        "claimed": Estimate(claim.value * scale, unit, low, high, None, "none"),
    }


def _scale(claim: ParsedClaim) -> float:
    """What a number in the unit of a claim is multiplied by in a finding."""
    return 0.01 if claim.unit is Unit.PERCENT else 1.0


def _second_reading(
    claim: ParsedClaim, reading: Reading, others: list[Reading]
) -> WindowJson | OtherReadingJson | None:
    """What stands beside the reading that was taken: another window, or the next reading."""
    if reading.second is not None:
        return reading.second.to_json()
    if not others:
        return None
    other, scale = others[0], _scale(claim)
    return {
        "reading": other.name,
        "value": other.value * scale,
        "low": other.low * scale,
        "high": other.high * scale,
        "verdict": str(_judge_reading(claim, other).verdict),
    }


def _refusal(claim: Claim, parsed: ParsedClaim | None, note: Note) -> Finding:
    return Finding(
        kind="claim",
        name=claim_slug(claim.text),
        answer="cannot",
        reasons=(note,),
        details={
            "said": claim.to_json(),
            "parsed": None if parsed is None else asdict(parsed),
            "verdict": str(Verdict.NOT_ANSWERABLE),
            "off_by": None,
        },
        method=METHOD,
    )
