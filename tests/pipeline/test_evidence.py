"""Another newsroom computes again, by pseudonym, every number that needs no ids."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pytest
from test_same_data_same_answer import made_up_tables, moment, tables_of

from birdfall.measures.coverage import coverage
from birdfall.model.findings import Finding
from birdfall.model.schemas import Rows
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Options
from birdfall.pipeline.evidence import _compare
from birdfall.pipeline.export import export
from birdfall.pipeline.run import run
from birdfall.record.case import Case
from birdfall.record.ids import pseudonym
from birdfall.record.record import from_tables
from canaries import account, canaries_in, canary_case, handle
from commands import birdfall


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    case = canary_case(folder / "case")
    case.remove_findings()
    claims = f'[[claim]]\ntext = "@{handle(1)} lost 200 followers"\n'
    case.put({"claims.toml": claims.encode()})
    run(case)
    birdfall("export", case.path, "--format", "evidence", "-o", folder / "evidence", check=0)
    shutil.move(folder / "evidence", folder / "elsewhere")
    return folder


def test_evidence_names_nobody(folder):
    made = [p for p in (folder / "elsewhere").rglob("*") if p.is_file()]
    assert canaries_in(*made)[:5] == []
    assert (folder / "case" / "case.key").read_bytes() != (
        folder / "elsewhere" / "case.key"
    ).read_bytes()


def test_it_holds_where_it_is_taken(folder):
    assert "holds" in birdfall("verify", folder / "elsewhere", check=0).stdout


def test_numbers_that_need_no_ids_are_those_of_the_case_and_the_others_are_listed(folder):
    own, other = Case.open(folder / "case"), Case.open(folder / "elsewhere")
    told = json.loads(other.read("evidence.json"))
    assert told["measured"] and told["compared"] > 100
    assert {"waves", "counts"} <= set(told["same"]) and "coordination-text" in told["need_ids"]
    said, found = own.findings(), other.findings()
    for name in told["same"]:
        if said.get(name) is not None:
            assert said[name].estimates == found[name].estimates, name
    differ = {
        n for n in said if n in found and (said[n].estimates, said[n].answer)
        != (found[n].estimates, found[n].answer)
    }  # fmt: skip
    assert differ <= set(told["need_ids"])


def test_codes_and_with_them_pseudonyms_are_those_of_the_case(folder):
    own, other = (Case.open(folder / n).record().ids for n in ("case", "elsewhere"))
    for number in range(10):
        code = own.code(account(number))
        assert other.code(pseudonym(code)) == code


@pytest.mark.slow
def test_every_measure_of_a_large_case_is_the_same_or_listed(tmp_path):
    """Acts of every kind, follows, falls, bursts of returns and of creations: whatever was measured
    comes out again from the evidence, or it is said that it needs ids."""
    plain = made_up_tables(4)
    people = plain["accounts"]["account"]
    made, fallen = plain["accounts"]["created_at"], plain["statuses"]
    for number in range(180, 230):
        made[people.index(f"person-{number}")] = moment(-86_400 * 30 + number)
    for number, again in enumerate(people[180:220]):
        fallen["account"].append(again)
        fallen["status"].append("active")
        fallen["time"].append(moment(20 * 86_400 + number))
        fallen["observation"].append("change")
    case = Case.create(tmp_path / "case", Settings(leaders=tuple(people[:2])))
    tables = tables_of(plain).items()
    case.append([Rows(n, b) for n, t in tables for b in t.to_batches()], source="s", digest="d")
    run(case, Options(replicates=49, permutations=20))
    export(case, "evidence", tmp_path / "evidence")
    own, other = case.findings(), Case.open(tmp_path / "evidence")
    told, found = json.loads(other.read("evidence.json")), other.findings()
    for measure in ("waves", "returns", "brigades", "creations", "reinstatements", "coordination"):
        assert any(f.kind == measure and f.answer == "found" for f in own.values()), measure
    assert {*told["same"]} | {*told["need_ids"]} == {*own} | {*found}
    assert {"waves", "returns-1", "brigades", "creations", "reinstatements"} <= {*told["same"]}
    assert "coordination-text" in told["need_ids"]
    for name in told["same"]:
        assert found[name].estimates == own[name].estimates, name
    differ = {n for n in own if n not in found or found[n].estimates != own[n].estimates}
    assert differ <= {*told["need_ids"]}


def test_with_ids_there_is_no_evidence(folder, tmp_path):
    done = birdfall("export", folder / "case", "--format", "evidence", "--identified", "-o",
                    tmp_path / "out", check=2)  # fmt: skip
    assert "goes by pseudonym" in done.stderr
    assert not (tmp_path / "out").exists()


def test_rows_in_another_order_are_the_same_rows_and_other_rows_are_not():
    def finding(rows):
        table = pa.table({"account": [r[0] for r in rows], "p": [r[1] for r in rows]})
        return {"f": Finding("theirs", "f", "found", tables={"people": table})}

    said = finding([("a", 0.1), ("b", 0.1), ("c", 0.5)])
    assert _compare(said, finding([("b", 0.1), ("a", 0.1), ("c", 0.5 + 1e-12)])).same == ("f",)
    assert _compare(said, finding([("b", 0.1), ("a", 0.2), ("c", 0.5)])).need_ids
    assert _compare(said, finding([("b", 0.1), ("b", 0.1), ("c", 0.5)])).need_ids


def test_how_many_accounts_a_table_names_is_counted_not_estimated():
    ids = [f"u{number}" for number in range(2_000)]
    same = {"status": "suspended", "observation": "change", "source": "s", "line": 1}
    rows = [{"account": one, "time": n, **same} for n, one in enumerate(ids)]
    counted = from_tables({"statuses": pa.Table.from_pylist(rows)})
    assert coverage(counted).table("tables").column("accounts").to_pylist() == [2_000]
