"""One table of measures: the API and a run ask the same measures the same way, and other packages
can add theirs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import birdfall
from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding, Note, as_plain
from birdfall.model.settings import Settings
from birdfall.pipeline import catalogue
from birdfall.pipeline.context import Inputs, Options, Run
from birdfall.pipeline.measure import Measure
from birdfall.pipeline.run import compute, plan
from birdfall.record.record import from_tables
from birdfall.tell.sections.order import SECTIONS
from birdfall.world.simulate import simulate
from memory import remember_findings
from tiers import some_fast
from worlds import make_worlds_small

DATA = Path(__file__).parents[2] / "examples" / "data"
#: Few draws: what is compared is whether both ways ask the same, not what they find.
QUICK = {"replicates": 49, "permutations": 99, "waves": 1}


@pytest.fixture(scope="module")
def record():
    with pytest.MonkeyPatch.context() as patch:
        make_worlds_small(patch)
        return simulate("caracas-2013").record()


def without_choices(record):
    """The same record where nobody chose leaders."""
    tables = {name: record.table(name) for name, rows in record.sizes.items() if rows}
    return from_tables(tables, Settings(simulated=True))


@pytest.mark.parametrize("chosen", some_fast([True, False], 1), ids=["with leaders", "without"])
def test_the_interface_gives_the_findings_of_a_run(record, chosen, monkeypatch):
    """Where nobody chose leaders both look at the audiences that explain a wave."""
    if not chosen:
        record = without_choices(record)
    assert bool(record.settings.leaders) == chosen
    remember_findings(monkeypatch, [record])
    run = Run(record, Options(**QUICK))
    for step in plan(run):
        # explanations are asked by the interface of a whole run, texts like reposts
        if step.name not in ("explanations-1", "coordination-text"):
            run.add(*step.take(run))
    # the same few draws in the interface, which takes the options of a run where none are given
    monkeypatch.setattr(Options.__init__, "__defaults__", defaults_of(QUICK))
    asked = birdfall.Inquiry(record)
    again = {
        "coverage": asked.coverage(),
        "waves": asked.waves(),
        "audiences-1": asked.audiences(),
        "returns-1": asked.returns(wave=1),
        "counts": answer_or_none(asked.counts),
        "brigades": answer_or_none(asked.brigades),
        "automation-1": asked.automation(),
        "coordination-repost": asked.coordination(trace="repost"),
    }
    for finding in run.found.values():
        if finding.kind == "ledger" and finding.answer != "cannot":
            again[finding.name] = asked.ledger(finding.details["leader"])
    assert any(name.startswith("ledger-") for name in again)
    for name, finding in again.items():
        kept = run.found[name]
        if finding is None:
            assert kept.answer == "cannot"
            continue
        assert as_plain(finding) == as_plain(kept), name
        assert finding.tables.keys() == kept.tables.keys()
        assert all(finding.tables[t].equals(kept.tables[t]) for t in kept.tables), name


def defaults_of(changes):
    fields = Options.__dataclass_fields__
    return tuple(changes.get(name, field.default) for name, field in fields.items())


def answer_or_none(ask):
    try:
        return ask()
    except birdfall.CannotAnswer:
        return None


def test_every_measure_is_there_and_has_its_place():
    for measure in catalogue.catalogue():
        assert measure.method_version >= 1, measure.name
        assert callable(getattr(sys.modules[measure.face], measure.function or measure.name))
        assert measure.section in {s.key for s in SECTIONS}, measure.name
        assert measure.question and set(measure.exports) >= {"csv", "parquet", "sqlite"}
    assert len({m.name for m in catalogue.catalogue()}) == len(catalogue.catalogue())


def test_findings_carry_the_version_of_their_method(record):
    finding = birdfall.Inquiry(record).coverage()
    assert finding.method_version == catalogue.find_measure("coverage").method_version
    table = {"account": ["a", "b"] * 3, "object": list("xxyyzz"), "time": list(range(6))}
    assert birdfall.coordination(table, null="none").method_version


# -- measures of other packages
# ---------------------------------------------------------------------


@pytest.fixture
def plugin(monkeypatch):
    """`plugin(measure, ...)`: install these, as an entry point of another package would."""

    def install(*measures):
        points = [
            SimpleNamespace(name=f"point{i}", value=f"theirs:m{i}", load=lambda m=m: m)
            for i, m in enumerate(measures)
        ]
        monkeypatch.setattr(
            catalogue.metadata, "entry_points", lambda group: points if group == GROUP else []
        )
        catalogue.catalogue.cache_clear()

    yield install
    monkeypatch.undo()
    catalogue.catalogue.cache_clear()


GROUP = "birdfall.measures"


@pytest.fixture
def daily(monkeypatch):
    """A measure of another package: how many rows the record has."""

    def rows(record, *, least=0):
        total = sum(record.sizes.values())
        return Finding("daily", "daily", "found" if total > least else "nothing")

    def applies_to(record):
        return None if record.has("statuses") else Note("no-statuses", {"needs": "statuses"})

    face = SimpleNamespace(daily=rows, applies_to=applies_to, METHOD_VERSION=4)
    monkeypatch.setitem(sys.modules, "theirs", face)
    return Measure("daily", "theirs", "how many rows there are")


def test_a_measure_of_another_package_is_run_and_asked_like_our_own(plugin, daily, record):
    plugin(daily)
    asked = birdfall.Inquiry(record)
    finding = asked.measure("daily")
    assert (finding.answer, finding.method_version, finding.simulated) == ("found", 4, True)
    assert asked.measure("daily", least=10**9).answer == "nothing"
    found = compute(from_tables({}, Settings()), Options(), Inputs())
    assert found["daily"].answer == "cannot" and found["daily"].reasons[0].code == "no-statuses"
    names = [m.name for m in catalogue.catalogue()]
    assert names.index("automation") < names.index("daily") < names.index("explanations")


def test_an_entry_point_that_is_no_measure_is_named(plugin):
    plugin("not a measure")
    with pytest.raises(UsageError, match="theirs:m0 is no measure"):
        catalogue.catalogue()


def test_no_measure_takes_the_name_of_another(plugin):
    plugin(Measure("waves", "theirs", "did something fall"))
    with pytest.raises(UsageError, match="two measures called 'waves'"):
        catalogue.catalogue()


def test_an_unknown_measure_is_answered_by_the_known_ones(record):
    with pytest.raises(UsageError, match="Measures: coverage, waves"):
        birdfall.Inquiry(record).measure("weather")


def test_a_measure_by_name_is_answered_or_refused(monkeypatch):
    few = birdfall.read(DATA / "suspended.csv", DATA / "follows.csv")
    remember_findings(monkeypatch, [few.record])
    assert few.measure("audiences").kind == "audiences"
    assert few.measure("ledgers").details["leader"] == "presidencia"
    assert few.measure("returns").answer == "found"
    for name in ("claims", "reconciliation", "explanations-published"):
        with pytest.raises(birdfall.CannotAnswer):
            few.measure(name)


def test_a_finding_is_of_the_measure_of_its_kind():
    named = Finding("coordination", "brigades", "nothing")
    assert catalogue.measure_of(named).name == "coordination"
    published = Finding("explanations", "explanations-published", "nothing")
    assert catalogue.measure_of(published).name == "explanations-published"
    assert catalogue.measure_of(Finding("claim", "claim-1", "found")).name == "claims"
