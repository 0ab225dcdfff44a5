"""`birdfall check`: a statement against a case, answered in the language it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.cli.talk import show, show_json
from birdfall.model.errors import ExitCode, UsageError, printable

if TYPE_CHECKING:
    from birdfall.record.case import Case


def check_statement(case: Case, statement: str, lang: str | None, save: bool, said_by: str, json: bool) -> int:
    """0 supported, 3 contradicted, 4 not answerable, 2 nothing measurable in it."""
    from birdfall.model.findings import as_plain
    from birdfall.tell.terminal import claim_words
    from birdfall.tell.words import words
    from birdfall.weigh.claim_parser import language_of, parse
    from birdfall.weigh.claims import Claim, check, read_claims, write_claims

    if not parse(statement):
        raise UsageError(
            "there is no number in this statement",
            fix='For example: birdfall check CASE "6,600 accounts in ten minutes"',
        )
    record = case.record()
    claim = Claim(statement, who=said_by, language=language_of(statement) or "")
    finding = check(record, case.findings(), claim, settings=case.settings)
    say = words(lang or (claim.language if claim.language else case.settings.language), case.settings.time_zone)
    if save:
        before = read_claims((case.read("claims.toml") or b"").decode())
        case.put({"claims.toml": write_claims([c for c in before if c.text != statement] + [claim]).encode()})
    if json:
        show_json(as_plain(finding))
    else:
        show(f"“{printable(statement)}”")
        show(f"  {say('claims.verdict')}: {claim_words(finding.details, say)}")
        measured = finding.estimates.get("measured")
        if measured is not None:
            span = (
                f" ({say.number(measured.low)} – {say.number(measured.high)})" if measured.low != measured.high else ""
            )
            show(f"  {say('claims.measured')}: {say.number(measured.value)}{span}")
        low, high = finding.details.get("true_from_s"), finding.details.get("true_to_s")
        if low is not None and high is not None:
            show("  " + say("claim.true_from", **{"from": say.duration(low), "to": say.duration(high)}))
        for note in finding.reasons + finding.limits:
            show("  " + say.note(note))
    verdict = finding.details["verdict"]
    return {"contradicted": ExitCode.NOTHING_FOUND, "not_answerable": ExitCode.CANNOT_ANSWER}.get(
        verdict, ExitCode.FOUND
    )
