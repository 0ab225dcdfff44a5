"""Verification: is this report, or this case, what its data say?

A case: every file against the manifest, then every finding computed again from the record and compared number by
number. A report: first against its own seal, then, if its case is beside it (or named), page against page: the report
is rendered again from findings computed again, and the first number that differs is named.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from birdfall.model.errors import CaseError, UsageError
from birdfall.model.findings import Finding, as_plain
from birdfall.model.progress import Progress, silent
from birdfall.pipeline import run as inquiry
from birdfall.record.case import Case
from birdfall.record.manifest import NAME as MANIFEST

#: Numbers agree if they differ by less than this share: sums of floats may be taken in another order on another machine.
TOLERANCE = 1e-9
#: So do numbers of a fit, which ends when it is as near its optimum as that; smaller ones if they differ by no more than this.
FITTED = {"explanations": 1e-5}
SEAL = re.compile(rb'<meta name="birdfall-seal" content="[0-9a-f]*">')


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was said: where, what was said, and what it is."""

    where: str
    said: str
    found: str


@dataclass
class Verification:
    """The outcome. `checked` counts the numbers compared; `recomputed` is False where no record was at hand."""

    subject: str
    differences: list[Difference] = field(default_factory=list)
    checked: int = 0
    recomputed: bool = False

    @property
    def holds(self) -> bool:
        return not self.differences


def verify(path: Path, *, case: Path | None = None, progress: Progress = silent) -> Verification:
    """Verify a case folder or a report file. Raises UsageError if `path` is neither."""
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
        result.differences.append(Difference(file, "as in the manifest", problem))
    result.checked += len(case.manifest.files)
    if any(d.where.startswith("record/") or d.where == "case.toml" for d in result.differences):
        return result
    options = inquiry.options_of(case)
    if options is None:
        return result
    fresh = _recomputed(case, options, progress)
    _compare_findings(case.findings(), fresh, result)
    result.recomputed = True
    return result


def verify_report(
    path: Path, case_path: Path | None, *, progress: Progress = silent
) -> Verification:
    """A report against its own seal and, where its case is at hand, against a report computed again."""
    from birdfall.tell.report import render
    from birdfall.tell.seal import seal_holds

    page = path.read_bytes()
    result = Verification(str(path))
    result.checked = 1
    if not seal_holds(page):
        result.differences.append(
            Difference("seal", "the page as it was written", "the page was changed")
        )
    if case_path is None:
        return result
    case = Case.open(case_path)
    options = inquiry.options_of(case)
    if options is None:
        raise CaseError(
            "this case has no findings",
            where=str(case_path),
            fix="Run: birdfall run " + str(case_path),
        )
    inner = verify_case(case, progress=progress)
    result.differences += [d for d in inner.differences if not d.where.startswith("reports/")]
    result.checked += inner.checked
    result.recomputed = inner.recomputed
    default, languages = languages_of(page)
    expected = render(case, languages=languages, default=default)
    if expected != page:
        # the seal differs whenever anything does, and says nothing of what
        said, found = first_difference(SEAL.sub(b"", page), SEAL.sub(b"", expected))
        result.differences.append(Difference("page", said, found))
    return result


def languages_of(page: bytes) -> tuple[str, tuple[str, ...]]:
    """The default language of a report and all it holds, as the page itself declares them."""
    text = page.decode("utf-8", "replace")
    default = re.search(r'<html[^>]*\blang="([a-z]{2})"', text)
    held = re.search(r'<meta name="birdfall-languages" content="([a-z, ]+)"', text)
    if default is None or held is None:
        raise UsageError(
            "this page is no Birdfall report", fix="Name a report.html that Birdfall wrote."
        )
    return default.group(1), tuple(held.group(1).replace(" ", "").split(","))


def first_difference(said: bytes, found: bytes, around: int = 40) -> tuple[str, str]:
    """The first place where two pages differ, with some text around it from each."""
    length = min(len(said), len(found))
    at = next((i for i in range(length) if said[i] != found[i]), length)
    start = max(0, at - around)

    def shown(page: bytes) -> str:
        return re.sub(r"\s+", " ", page[start : at + around].decode("utf-8", "replace"))

    return shown(said), shown(found)


def _recomputed(case: Case, options: inquiry.Options, progress: Progress) -> dict[str, Finding]:
    inputs = inquiry.Inputs(case.read("claims.toml") or b"", case.read("facts.csv") or b"")
    return inquiry.compute(case.record(), options, inputs, progress=progress)


def _compare_findings(
    said: dict[str, Finding], found: dict[str, Finding], result: Verification
) -> None:
    for name in sorted(set(said) | set(found)):
        if name not in found:
            result.differences.append(Difference(name, "a finding", "the data give none"))
        elif name not in said:
            result.differences.append(Difference(name, "no finding", "the data give one"))
        else:
            within = FITTED.get(said[name].kind)
            _compare_plain(name, as_plain(said[name]), as_plain(found[name]), result, within)
            for table in said[name].tables:
                if table in found[name].tables:
                    _compare_tables(
                        f"{name}.{table}",
                        said[name].tables[table],
                        found[name].tables[table],
                        result,
                        within,
                    )


def _compare_plain(
    where: str, said: Any, found: Any, result: Verification, within: float | None = None
) -> None:
    if isinstance(said, dict) and isinstance(found, dict):
        for key in sorted(set(said) | set(found)):
            _compare_plain(f"{where}.{key}", said.get(key), found.get(key), result, within)
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for i, (a, b) in enumerate(zip(said, found, strict=True)):
            _compare_plain(f"{where}[{i}]", a, b, result, within)
    else:
        result.checked += 1
        if not _same(said, found, within):
            result.differences.append(Difference(where, json.dumps(said), json.dumps(found)))


def _compare_tables(
    where: str, said: pa.Table, found: pa.Table, result: Verification, within: float | None = None
) -> None:
    result.checked += said.num_rows
    if said.equals(found):
        return
    if said.num_rows != found.num_rows:
        result.differences.append(
            Difference(where, f"{said.num_rows} rows", f"{found.num_rows} rows")
        )
        return
    for name in said.column_names:
        if name not in found.column_names:
            result.differences.append(Difference(f"{where}.{name}", "a column", "none"))
            continue
        pairs = zip(said.column(name).to_pylist(), found.column(name).to_pylist(), strict=True)
        wrong = next(((i, a, b) for i, (a, b) in enumerate(pairs) if not _same(a, b, within)), None)
        if wrong is not None:
            row, a, b = wrong
            result.differences.append(Difference(f"{where}, row {row + 1}, {name}", str(a), str(b)))


def _same(a: Any, b: Any, within: float | None = None) -> bool:
    if isinstance(a, float) and isinstance(b, (int, float)) and not isinstance(b, bool):
        allowed = (
            TOLERANCE * max(abs(a), abs(b)) if within is None else within * max(abs(a), abs(b), 1.0)
        )
        return a == b or abs(a - b) <= allowed or (a != a and b != b)
    return bool(a == b)


def _case_beside(report: Path) -> Path | None:
    """The case a report lies in: its own folder, or the one above."""
    for folder in (report.resolve().parent, report.resolve().parent.parent):
        if (folder / MANIFEST).exists():
            return folder
    return None
