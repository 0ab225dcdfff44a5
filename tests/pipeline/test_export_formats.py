"""Export formats are a table that other packages add to; what they get is by pseudonym."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.model.schemas import TABLES, Rows
from birdfall.pipeline import export as exports
from birdfall.pipeline.export import GROUP, ExportFormat, export, formats
from birdfall.record.case import Case


@pytest.fixture
def case(tmp_path):
    case = Case.create(tmp_path / "case")
    row = {"account": "a1", "kind": "post", "object": "o1", "time": 0, "source": "x", "line": 1}
    schema = TABLES["acts"]
    batch = pa.RecordBatch.from_pylist([{f.name: row.get(f.name) for f in schema}], schema)
    case.append([Rows("acts", batch)], source="x", digest="d")
    table = pa.table({"leader": ["a1"], "n": [1]})
    case.save(Finding("ledger", "ledger-0", "found", tables={"series": table}))
    return case


@pytest.fixture
def installed(monkeypatch):
    """`installed(format, ...)`: as entry points of another package."""

    def install(*values):
        points = [SimpleNamespace(name=f"p{i}", value=f"theirs:f{i}", load=lambda v=v: v)
                  for i, v in enumerate(values)]  # fmt: skip
        monkeypatch.setattr(
            exports.metadata, "entry_points", lambda group: points if group == GROUP else []
        )
        formats.cache_clear()

    yield install
    monkeypatch.undo()
    formats.cache_clear()


def count_rows(shared, out):
    lines = []
    for table in shared.tables("count"):
        rows = pa.concat_tables(list(table.batches))
        lines.append(f"{table.name} {rows.num_rows} {rows.column(0)[0]}")
    out.write_text("\n".join(lines))
    return [out]


def test_a_format_of_another_package_is_found_by_its_name(case, installed, tmp_path):
    installed(ExportFormat("count", "rows by table", count_rows))
    (made,) = export(case, "count", tmp_path / "out.txt")
    lines = made.read_text().splitlines()
    assert len(lines) == 1 and lines[0].startswith("acts 1 ") and "a1" not in lines[0]
    (made,) = export(case, "count", tmp_path / "known.txt", identified=True)
    assert made.read_text() == "acts 1 a1"


def test_the_built_in_formats_hold_the_tables_of_findings(case, tmp_path):
    names = {p.name for p in export(case, "csv", tmp_path / "out")}
    assert names == {"acts.csv", "ledger_0.series.csv"}


def test_an_unknown_format_is_answered_by_the_known_ones(case, tmp_path):
    with pytest.raises(UsageError, match=r"no format 'xlsx'.*csv .*parquet .*sqlite"):
        export(case, "xlsx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("value", "says"),
    [("text", "is no export format"), (ExportFormat("csv", "", count_rows), "called 'csv'")],
)
def test_what_is_no_format_or_takes_a_name_is_named(installed, value, says):
    installed(value)
    with pytest.raises(UsageError, match=says):
        formats()
