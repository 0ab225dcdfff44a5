"""What a report prints can be said to `check` as a sentence, which supports it, in five languages.

Of the numbers that a sentence can state (numbers_said.toml): a p-value or a bound is none.
"""

import re
import tomllib
from pathlib import Path

import pytest
from known_cases import BY_NAME
from returning_cases import RETURNING

import birdfall
from birdfall.claims.check import check_against
from birdfall.claims.statements import Claim, parse_claim
from birdfall.claims.subjects import ClaimSource
from birdfall.model.schemas import Rows
from birdfall.pipeline.context import Options
from birdfall.pipeline.run import run
from birdfall.record.case import Case
from birdfall.tell.report import render
from birdfall.tell.words import LANGUAGES
from small_cases import CASES, make_case

FOLDER = Path(__file__).parent
DOCS = FOLDER.parents[1] / "docs"


def flat(table, name=""):
    """Sentences by language, by definition: counts.drops.before stands two tables deep."""
    if "en" in table:
        return {name.removeprefix("."): table}
    return {k: v for key, one in table.items() for k, v in flat(one, f"{name}.{key}").items()}


#: Sentences by definition and language.
SAID = flat(tomllib.loads((FOLDER / "numbers_said.toml").read_text("utf-8")))
#: The cases whose numbers are said in the fast suite; each of the others costs a report.
FAST = ("counts",)


def who_is_meant(finding, key):
    """The account that a number of a finding is about, "" if it is about all."""
    if finding.kind == "ledger":
        return finding.details["leader"]
    named = key.partition("[")[2].partition("]")[0].removeprefix("@")
    if finding.kind == "audiences":
        return finding.table("explanation").column("leader")[0].as_py()
    return named


def sentences(case, page):
    """(language, sentence) of every number of a page that can be said, each once."""
    findings = case.findings()
    told = set()
    for number in birdfall.printed_numbers(page):
        said = SAID.get(number.definition)
        if said is None or number.value is None:
            continue
        who = who_is_meant(findings[number.finding], number.key)
        text = number.text
        if number.unit == "share" and not {"%", "٪"} & set(text):
            text += " %"
        told.add((number.language, said[number.language].format(n=text, who=f"@{who}")))
    return sorted(told)


def unsupported(case):
    record = case.record()
    source = ClaimSource(record, case.findings(), record.settings)
    wrong, said = [], sentences(case, render(case))
    for language, sentence in said:
        found = check_against(source, parse_claim(Claim(sentence, language=language)))
        if {finding.details["verdict"] for finding in found} != {"supported"}:
            wrong.append(f"{language}: {sentence}")
    return wrong, len(said)


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_numbers_of_a_small_case_are_supported(once, name):
    folder = once("first-screen-" + name.replace(" ", "-"), lambda f: make_case(name, f / "c"))
    wrong, _ = unsupported(Case.open(folder / "c"))
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", [*BY_NAME, *RETURNING])
def test_numbers_of_a_known_case_are_supported(tmp_path, name):
    known = RETURNING[name]() if name in RETURNING else BY_NAME[name].source()
    case = Case.create(tmp_path / "c", known.settings, key=b"k")
    case.append(
        [
            Rows(table, batch)
            for table in ("accounts", "statuses", "follows", "counts")
            for batch in known.record.table(table).to_batches()
        ],
        source="rows",
    )
    run(case, Options(replicates=99, permutations=50))
    wrong, said = unsupported(case)
    assert not wrong
    assert said > 0


@pytest.mark.slow
def test_numbers_of_the_demo_are_supported(demo):
    wrong, said = unsupported(Case.open(demo))
    assert not wrong
    assert said > len(SAID)


def test_every_sentence_stands_in_five_languages():
    assert {frozenset(said) for said in SAID.values()} == {frozenset(LANGUAGES)}


def definitions():
    """The definitions of docs/reference/numbers.md: headings with their rows."""
    page = (DOCS / "reference/numbers.md").read_text("utf-8")
    return {
        f"{kind}.{number}"
        for kind, rows in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S)
        for row in re.findall(r"^\| `(.*?) \|", rows, re.M)
        for number in re.findall(r"[a-z_0-9.]+", row)
    }


def not_said():
    """The definitions for which docs/methods/claims.md says why no sentence is checked."""
    page = (DOCS / "methods/claims.md").read_text("utf-8")
    table = page.partition("<!-- not said -->")[2].partition("<!-- end of not said -->")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.M)
    return [name for row in rows for name in re.findall(r"`([a-z_0-9.]+\*?)`", row)]


def test_every_number_of_a_report_is_said_or_named_as_one_that_is_not():
    listed = not_said()
    for definition in definitions():
        covered = [
            name
            for name in listed
            if definition == name or (name.endswith("*") and definition.startswith(name[:-1]))
        ]
        assert (definition in SAID) != bool(covered), definition


def test_no_number_is_named_that_no_report_prints():
    known = definitions()
    for name in not_said():
        assert any(d.startswith(name.removesuffix("*")) for d in known), name
