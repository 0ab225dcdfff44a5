"""Checking what was said: sentences, how each claim was understood, its verdict, and menus that
correct it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.history import Change, note_change
from birdfall.app.jobs import last_job
from birdfall.app.open_case import open_case
from birdfall.app.page_error import PageError
from birdfall.app.site import Site, go_to, in_thread, is_measured, running, text_of
from birdfall.app.workspace import Desk
from birdfall.claims import (
    BASES,
    MEASURES,
    Claim,
    Measured,
    Statement,
    Verdict,
    check_statement,
    parse_claim,
    read_claims,
    read_statement,
    write_claims,
)
from birdfall.model.findings import Finding
from birdfall.pipeline.report import REPORT_FILE, render_report
from birdfall.pipeline.run import replace_claims
from birdfall.record.case import Case
from birdfall.tell.names import given_names
from birdfall.tell.sections.claim_reading import reading_words
from birdfall.tell.sections.verdict_details import measured_value, verdict_explanations
from birdfall.tell.terminal import claim_words
from birdfall.tell.words import words

#: Longest text that is checked, in characters, and most sentences with claims that are.
MAX_TEXT_CHARS, MAX_SENTENCES = 40_000, 40
#: How a number is meant: fields of `Measured`.
BOUNDS: Final = ("at_least", "at_most", "about", "exactly")
#: The bound that is nearest to how a sentence means its number.
BOUND_OF: Final = {
    "plain": "about",
    "about": "about",
    "almost": "about",
    "at_least": "at_least",
    "more_than": "at_least",
    "at_most": "at_most",
}
#: Lengths of time that the menu offers.
WINDOWS: Final = ("1m", "5m", "10m", "30m", "1h", "6h", "12h", "24h", "48h", "7d")
#: The mark of each verdict.
MARKS: Final = {
    Verdict.SUPPORTED: "yes",
    Verdict.SUPPORTED_WITHIN: "near",
    Verdict.CONTRADICTED: "no",
    Verdict.NOT_ANSWERABLE: "open",
}
#: The end of a sentence: a mark and a space behind it, or the end of a line.
_END = re.compile(r"(?<=[.!?؟…])[\"'»”)]*\s+|\n+")


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim as a page shows it.

    Parameters
    ----------
    said
        The sentence.
    reading
        How it was understood, in words.
    verdict
        The verdict in words.
    mark
        The kind of verdict, by which it is coloured.
    measured
        What was measured.
    more
        Sentences that belong to the verdict.
    fields
        The claim in the fields of the form that corrects it.
    corrected
        Whether the claim was said in fields.
    """

    said: str
    reading: str
    verdict: str
    mark: str
    measured: str
    more: tuple[str, ...]
    fields: Measured
    corrected: bool = False

    @property
    def bound(self) -> str:
        """How its number is meant, one of `BOUNDS`."""
        said = (bound for bound in BOUNDS if getattr(self.fields, bound) is not None)
        return next(said, "exactly")

    @property
    def number(self) -> str:
        """Its number as the form writes it."""
        value = getattr(self.fields, self.bound)
        return "" if value is None else f"{value:.10g}"


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text that was checked. silent: sentences that claim nothing that can be measured."""

    claims: tuple[CheckedClaim, ...]
    silent: tuple[str, ...]


class CheckPages:
    """The page on which statements are checked."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def check(self, request: Request) -> Response:
        """The form, and what was claimed if something was sent."""
        desk, language = self.site.desk(request), self.site.language(request)
        if not is_measured(desk):
            return go_to(f"/{language}/c/{desk.name}/")
        text, checked = "", None
        if request.method == "POST":
            form = await self.site.read_form(request)
            text = text_of(form, "text")[:MAX_TEXT_CHARS]
            checked = await in_thread(check_text, desk.case(), text, language)
        return self._render(request, desk, text=text, checked=checked)

    async def correct(self, request: Request) -> Response:
        """Check a claim as the menus say it."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        fields = measured_of({k: str(v) for k, v in form.items()})
        said = text_of(form, "said")[:MAX_TEXT_CHARS]
        checked = await in_thread(check_fields, desk.case(), fields, said, language)
        return self._render(request, desk, text=said, checked=checked)

    async def add(self, request: Request) -> Response:
        """Put a claim into the report."""
        desk, language = self.site.desk(request), self.site.language(request)
        form = await self.site.read_form(request)
        if running(last_job(desk)):
            raise PageError("busy")
        values = {k: str(v) for k, v in form.items()}
        said = text_of(form, "said")[:MAX_TEXT_CHARS]
        fields = measured_of(values) if text_of(form, "as") == "fields" else None
        await in_thread(add_claim, desk.case(), said, fields)
        await in_thread(note_change, desk, Change.CLAIM, self.site.visitor(request))
        return go_to(f"/{language}/c/{desk.name}/q/claims")

    def _render(self, request: Request, desk: Desk, *, text: str, checked: object) -> Response:
        case = desk.case()
        names = open_case(case).ask(given_names)
        say = words(self.site.language(request))
        chosen = [*case.settings.leaders, *case.settings.controls]
        return self.site.render_desk(
            request,
            "check",
            desk,
            text=text,
            checked=checked,
            measures=MEASURES,
            bounds=BOUNDS,
            bases=BASES,
            windows=WINDOWS,
            marks=MARKS,
            duration=lambda window: say.duration(seconds_of(window), alone=True),
            accounts=[(account, names(account)) for account in chosen],
            zone=case.settings.time_zone,
        )


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, each once."""
    found = (part.strip() for part in _END.split(text))
    return list(dict.fromkeys(part for part in found if part))


def check_text(case: Case, text: str, language: str) -> CheckedText:
    """Every claim of a text, checked."""
    checked: list[CheckedClaim] = []
    silent: list[str] = []
    for sentence in split_sentences(text):
        statement = read_statement(sentence)
        if not statement.parsed:
            silent.append(sentence)
        elif len(checked) < MAX_SENTENCES:
            checked += _check(case, statement, language)
    return CheckedText(tuple(checked), tuple(silent))


def check_fields(case: Case, fields: Measured, said: str, language: str) -> CheckedText:
    """A claim in fields, checked. said: the sentence it corrects."""
    statement = parse_claim(Claim(said or fields.words(), measured=fields))
    return CheckedText(tuple(_check(case, statement, language)), ())


def _check(case: Case, statement: Statement, language: str) -> list[CheckedClaim]:
    opened = open_case(case)
    say = words(language, case.settings.time_zone)
    found = opened.ask(
        lambda record: check_statement(record, opened.findings, statement, settings=case.settings)
    )
    accounts = [a for f in found if (a := f.details.get("account"))]
    name = opened.ask(lambda record: given_names(record, accounts))
    return [
        CheckedClaim(
            statement.claim.text,
            reading_words(finding, say, name),
            claim_words(finding.details, say),
            str(finding.details["verdict"]),
            measured_value(finding, say),
            tuple(verdict_explanations(finding, say)),
            fields_of(finding, statement),
            bool(statement.claim.measured.measure),
        )
        for finding in found
    ]


def fields_of(finding: Finding, statement: Statement) -> Measured:
    """A claim as the form's fields hold it, as far as they can."""
    if statement.claim.measured.measure:
        return statement.claim.measured
    parsed: Mapping[str, Any] = finding.details.get("parsed") or {}
    quantity = str(parsed.get("quantity", ""))
    bound = BOUND_OF.get(str(parsed.get("qualifier")), "exactly")
    base = str(parsed.get("of") or "accounts") if parsed.get("unit") == "percent" else ""
    number = parsed.get("value")
    return Measured(
        measure=quantity if quantity in MEASURES else MEASURES[0],
        of=str(finding.details.get("account") or ""),
        within=window_text(parsed.get("window_s")),
        share_of=base if base in ("", *BASES) else "accounts",
        at_least=number if bound == "at_least" else None,
        at_most=number if bound == "at_most" else None,
        about=number if bound == "about" else None,
        exactly=number if bound == "exactly" else None,
    )


def window_text(seconds: float | None) -> str:
    """A length of time as the form writes it; "" for none."""
    if not seconds:
        return ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0 and seconds >= 2 * size:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s" if seconds % 60 else f"{seconds / 60:g}m"


def seconds_of(window: str) -> float:
    """The seconds of a length of time as `window_text` writes it; 0 if it is none."""
    sizes = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", window)
    return float(match[1]) * sizes[match[2]] if match else 0.0


def measured_of(values: Mapping[str, str]) -> Measured:
    """A claim from the fields of a form. Raises UsageError for a number that is none."""
    bound = values.get("bound", "")
    number = values.get("number", "").replace("\u202f", "").replace(" ", "").replace(",", "")
    try:
        value = float(number)
    except ValueError as error:
        raise PageError("not-a-number", text=f"“{values.get('number', '')}”") from error
    if bound not in BOUNDS:
        bound = "exactly"
    return Measured(
        measure=values.get("measure", ""),
        of=values.get("of", ""),
        within=values.get("within", ""),
        share_of=values.get("share_of", ""),
        **{bound: value},
    )


def add_claim(case: Case, said: str, fields: Measured | None) -> None:
    """Keep a claim in a case, check it, and write the report again."""
    if fields is None:
        claim = read_statement(said).claim
    else:
        claim = Claim(said or fields.words(), measured=fields)
    before = read_claims((case.read("claims.toml") or b"").decode())
    kept = [other for other in before if other.text != claim.text]
    replace_claims(case, write_claims([*kept, claim]).encode())
    if case.read(REPORT_FILE) is not None:
        case.put({REPORT_FILE: render_report(case, default=case.settings.language)})
