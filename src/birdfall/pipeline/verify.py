"""Verification: is this report, or this case, what its data say?

A case: every file against the manifest, then every finding computed again from the record and
compared number by number. A report: first against its own seal, then, if its case is beside it (or
named), page against page: the report is rendered again from findings computed again, and the first
place that differs is named.

Four things can be amiss, and are told apart: a file was changed, a number differs, a page reads
otherwise, or a finding was made by an older version of its method, which this Birdfall no longer
has: such a finding holds if its numbers still come out, and else waits for another run, and with it
those of later measures, which may have read it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypedDict

import pyarrow as pa

from birdfall.model.errors import CaseError, UsageError
from birdfall.model.findings import Finding, as_plain
from birdfall.model.progress import Progress, silent
from birdfall.pipeline.catalogue import catalogue, measure_of
from birdfall.pipeline.context import Inputs, Options
from birdfall.pipeline.report import render_report
from birdfall.pipeline.run import FIRST_VERSION, STAGES_FILE, compute, options_of
from birdfall.record.case import Case
from birdfall.record.manifest import NAME as MANIFEST
from birdfall.tell.seal import seal_holds

#: Numbers agree if they differ by less than this share: sums of floats may be taken in another
#: order on another machine.
TOLERANCE = 1e-9
#: So do numbers of a fit, which ends when it is as near its optimum as that; smaller ones if they
#: differ by no more than this.
FIT_TOLERANCES = {"explanations": 1e-4}
#: Bytes of a page shown on either side of the first difference.
PAGE_CONTEXT_BYTES = 40
SEAL = re.compile(rb'<meta name="birdfall-seal" content="[0-9a-f]*">')


class DifferenceKind(StrEnum):
    """What is amiss."""

    FILE = "changed-file"
    NUMBER = "number"
    METHOD = "older-method"
    PAGE = "page"


class DifferenceJson(TypedDict):
    """A `Difference` as JSON."""

    kind: str
    where: str
    said: str
    found: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was said.

    Parameters
    ----------
    where
        The file, finding, number or page.
    said
        What stands there; the version of a method.
    found
        What it is.
    kind
        What is amiss.
    reads
        The finding of an older method that this one may have read, if its own method is of now.
    """

    where: str
    said: str
    found: str
    kind: DifferenceKind = DifferenceKind.NUMBER
    reads: str = ""

    @property
    def sentence(self) -> str:
        """What differs, in one sentence."""
        match self.kind:
            case DifferenceKind.FILE:
                return f"changed file: {self.where} should be {self.said}, but {self.found}."
            case DifferenceKind.METHOD if self.reads:
                return (
                    f"older method: {self.where} differs, as {self.reads}, asked before it, was "
                    f"made by version {self.said} of its method and this Birdfall has version "
                    f"{self.found}; `birdfall run` brings the case up to date."
                )
            case DifferenceKind.METHOD:
                return (
                    f"older method: {self.where} was made by version {self.said} of its method "
                    f"and this Birdfall has version {self.found}; `birdfall run` brings the case "
                    "up to date."
                )
            case DifferenceKind.PAGE:
                return f"page differs: it says {self.said!r}, computed again it is {self.found!r}."
            case _:
                return f"number differs: {self.where} is {self.said}, computed again {self.found}."

    def to_json(self) -> DifferenceJson:
        """The difference as JSON values."""
        return {
            "kind": self.kind.value,
            "where": self.where,
            "said": self.said,
            "found": self.found,
            "sentence": self.sentence,
        }


class VerificationJson(TypedDict):
    """A `Verification` as JSON."""

    subject: str
    holds: bool
    checked: int
    recomputed: bool
    differences: list[DifferenceJson]


@dataclass
class Verification:
    """The outcome.

    Parameters
    ----------
    subject
        The case or report.
    differences
        All that is not as it was said.
    checked
        How many values were compared.
    recomputed
        Whether a record was at hand to compute the findings again.
    """

    subject: str
    differences: list[Difference] = field(default_factory=list)
    checked: int = 0
    recomputed: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def add(self, kind: DifferenceKind, where: str, said: object, found: object) -> None:
        """Note a difference."""
        self.differences.append(Difference(where, str(said), str(found), kind))

    def to_json(self) -> VerificationJson:
        """The outcome as JSON values."""
        return {
            "subject": self.subject,
            "holds": self.holds,
            "checked": self.checked,
            "recomputed": self.recomputed,
            "differences": [d.to_json() for d in self.differences],
        }


def verify(path: Path, *, case: Path | None = None, progress: Progress = silent) -> Verification:
    """Verify a case folder or a report file.

    Parameters
    ----------
    path
        A case, or a report.html.
    case
        The case a report was made from, if it does not lie in it.

    Raises
    ------
    UsageError
        If `path` is neither.
    """
    if path.is_dir():
        return verify_case(Case.open(path), progress=progress)
    if path.suffix.lower() in (".html", ".htm") and path.is_file():
        return verify_report(path, case or _case_beside(path), progress=progress)
    raise UsageError(
        "there is no case or report here",
        where=str(path),
        fix="Name a case folder or a report.html that Birdfall wrote.",
    )


def verify_case(case: Case, *, progress: Progress = silent) -> Verification:
    """Files against the manifest, then findings against the record."""
    result = Verification(str(case.path))
    for file, problem in case.find_damage():
        result.add(DifferenceKind.FILE, file, "as the manifest says", f"it is {problem}")
    result.checked += len(case.manifest.files)
    needed = ("record/", "case.toml", "case.key", STAGES_FILE, "claims.toml", "facts.csv")
    if any(d.where.startswith(needed) for d in result.differences):
        return result
    options = options_of(case)
    if options is None:
        return result
    found = _recompute(case, options, progress)
    said = {}
    for name in case.finding_names():
        try:
            said[name] = case.finding(name)
        except CaseError:
            # it is listed as a changed file, or else here
            if not any(d.where.startswith("findings/") for d in result.differences):
                raise
            found.pop(name, None)
    compare_findings(said, found, result)
    result.recomputed = True
    return result


def verify_report(
    path: Path, case_path: Path | None, *, progress: Progress = silent
) -> Verification:
    """A report against its own seal and, where its case is at hand, against a report computed
    again.
    """
    page = path.read_bytes()
    result = Verification(str(path), checked=1)
    if not seal_holds(page):
        result.add(
            DifferenceKind.FILE, str(path), "the page as it was sealed", "its seal is broken"
        )
    if case_path is None:
        return result
    case = Case.open(case_path)
    if options_of(case) is None:
        raise CaseError(
            "this case has no findings",
            where=str(case_path),
            fix="Run: birdfall run " + str(case_path),
        )
    inner = verify_case(case, progress=progress)
    result.differences += [d for d in inner.differences if not d.where.startswith("reports/")]
    result.checked += inner.checked
    result.recomputed = inner.recomputed
    default, languages = page_languages(page)
    expected = render_report(case, languages=languages, default=default)
    if expected != page:
        # the seal differs whenever anything does, and says nothing of what
        said, found = first_difference(SEAL.sub(b"", page), SEAL.sub(b"", expected))
        result.add(DifferenceKind.PAGE, "page", said, found)
    return result


def page_languages(page: bytes) -> tuple[str, tuple[str, ...]]:
    """The default language of a report and all it holds, as the page itself declares them."""
    text = page.decode("utf-8", "replace")
    default = re.search(r'<html[^>]*\blang="([a-z]{2})"', text)
    held = re.search(r'<meta name="birdfall-languages" content="([a-z, ]+)"', text)
    if default is None or held is None:
        raise UsageError(
            "this page is no Birdfall report", fix="Name a report.html that Birdfall wrote."
        )
    return default.group(1), tuple(held.group(1).replace(" ", "").split(","))


def first_difference(
    said: bytes, found: bytes, around: int = PAGE_CONTEXT_BYTES
) -> tuple[str, str]:
    """The first place where two pages differ, with some text around it from each."""
    length = min(len(said), len(found))
    at = next((i for i in range(length) if said[i] != found[i]), length)
    start = max(0, at - around)

    def excerpt(page: bytes) -> str:
        return re.sub(r"\s+", " ", page[start : at + around].decode("utf-8", "replace"))

    return excerpt(said), excerpt(found)


def compare_findings(
    said: dict[str, Finding], found: dict[str, Finding], result: Verification
) -> None:
    """Note every number of the findings `said` that `found` has otherwise.

    A finding made by an older version of its method whose numbers differ is one difference of that
    kind, and so is each finding of a later measure that differs then; one without a version is of
    the first.
    """
    order = {m.name: i for i, m in enumerate(catalogue())}

    def place(name: str) -> int:
        measure = measure_of(said.get(name) or found[name])
        return len(order) if measure is None else order[measure.name]

    older: Difference | None = None
    for name in sorted(set(said) | set(found), key=lambda n: (place(n), n)):
        own = Verification(name)
        if name not in found:
            own.add(DifferenceKind.NUMBER, name, "a finding", "the data give none")
        elif name not in said:
            own.add(DifferenceKind.NUMBER, name, "no finding", "the data give one")
        else:
            _compare_finding(said[name], found[name], own)
        result.checked += own.checked
        if own.holds:
            continue
        if own.differences[0].kind is DifferenceKind.METHOD:
            older = older or own.differences[0]
        elif older is not None and place(older.where) < place(name):
            own.differences = [
                Difference(name, older.said, older.found, DifferenceKind.METHOD, older.where)
            ]
        result.differences += own.differences


def _compare_finding(said: Finding, found: Finding, result: Verification) -> None:
    own = Verification(said.name)
    within = FIT_TOLERANCES.get(said.kind)
    version, now = said.method_version or FIRST_VERSION, _method_version(found)
    plain, again = (as_plain(f.replace(method_version=None)) for f in (said, found))
    _compare_values(said.name, plain, again, own, within)
    for table in said.tables:
        if table in found.tables:
            where = f"{said.name}.{table}"
            _compare_tables(where, said.tables[table], found.tables[table], own, within)
    result.checked += own.checked
    if own.holds:
        return
    if version < now:
        result.add(DifferenceKind.METHOD, said.name, version, now)
    else:
        result.differences += own.differences


def _method_version(finding: Finding) -> int:
    measure = measure_of(finding)
    return FIRST_VERSION if measure is None else measure.method_version


def _compare_values(
    where: str, said: object, found: object, result: Verification, within: float | None
) -> None:
    if isinstance(said, dict) and isinstance(found, dict):
        for key in sorted(set(said) | set(found)):
            _compare_values(f"{where}.{key}", said.get(key), found.get(key), result, within)
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for i, (a, b) in enumerate(zip(said, found, strict=True)):
            _compare_values(f"{where}[{i}]", a, b, result, within)
    else:
        result.checked += 1
        if not _agree(said, found, within):
            result.add(DifferenceKind.NUMBER, where, json.dumps(said), json.dumps(found))


def _compare_tables(
    where: str, said: pa.Table, found: pa.Table, result: Verification, within: float | None
) -> None:
    result.checked += said.num_rows
    if said.equals(found):
        return
    if said.num_rows != found.num_rows:
        result.add(DifferenceKind.NUMBER, where, f"{said.num_rows} rows", f"{found.num_rows} rows")
        return
    for name in said.column_names:
        if name not in found.column_names:
            result.add(DifferenceKind.NUMBER, f"{where}.{name}", "a column", "none")
            continue
        pairs = zip(said.column(name).to_pylist(), found.column(name).to_pylist(), strict=True)
        wrong = next(
            ((i, a, b) for i, (a, b) in enumerate(pairs) if not _agree(a, b, within)), None
        )
        if wrong is not None:
            row, a, b = wrong
            result.add(DifferenceKind.NUMBER, f"{where}, row {row + 1}, {name}", a, b)


def _agree(a: object, b: object, within: float | None) -> bool:
    if isinstance(a, float) and isinstance(b, (int, float)) and not isinstance(b, bool):
        allowed = (
            TOLERANCE * max(abs(a), abs(b)) if within is None else within * max(abs(a), abs(b), 1.0)
        )
        return a == b or abs(a - b) <= allowed or (a != a and b != b)
    return bool(a == b)


def _recompute(case: Case, options: Options, progress: Progress) -> dict[str, Finding]:
    return compute(case.record(), options, Inputs.from_case(case), progress=progress)


def _case_beside(report: Path) -> Path | None:
    """The case a report lies in: its own folder, or the one above."""
    for folder in (report.resolve().parent, report.resolve().parent.parent):
        if (folder / MANIFEST).exists():
            return folder
    return None
