"""A case keeps all of a change or none of it, whatever dies when."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import birdfall.model.findings as findings_module
from birdfall.model.errors import BirdfallError, CaseError
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.schemas import Rows
from birdfall.model.settings import Settings, parse_settings
from birdfall.record import atomic
from birdfall.record.case import Case
from birdfall.record.ids import empty_ids, keyed_pseudonym, pseudonym
from processes import start
from tiers import some_fast

SCHEMA = json.loads((Path(findings_module.__file__).parent / "finding.schema.json").read_text())


def statuses(*accounts, status="suspended", at=0):
    n = len(accounts)
    return Rows(
        "statuses",
        pa.RecordBatch.from_pydict(
            {
                "account": list(accounts),
                "status": [status] * n,
                "time": pa.array([at] * n, pa.timestamp("us", tz="UTC")),
                "observation": ["change"] * n,
                "source": ["test"] * n,
                "line": list(range(1, n + 1)),
            }
        ),
    )


def state_of(folder: Path) -> dict[str, bytes]:
    """Every file that counts, by path and content."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def test_a_new_case_is_whole_and_empty(tmp_path):
    case = Case.create(tmp_path / "case", Settings(title="Caracas"))
    assert case.find_damage() == []
    assert case.finding_names() == []
    assert not case.record().has("statuses")
    assert (case.path / "case.key").stat().st_mode & 0o077 == 0, "the key is for its owner alone"


def test_rows_come_back_as_they_went_in(tmp_path):
    case = Case.create(tmp_path / "case")
    receipt = case.append([statuses("a", "b"), statuses("c", at=5)], source="x")
    assert receipt.rows == {"statuses": 3}
    table = case.record().table("statuses")
    assert table.column("account").to_pylist() == ["a", "b", "c"]
    assert sorted(case.record().ids.id_of.to_pylist()) == ["a", "b", "c"]


def test_the_same_input_is_taken_once(tmp_path):
    case = Case.create(tmp_path / "case")
    case.append([statuses("a")], source="x", digest="d")
    assert case.append([statuses("a")], source="x", digest="d").already
    assert case.record().sizes["statuses"] == 1


def test_codes_stay_when_more_accounts_come(tmp_path):
    case = Case.create(tmp_path / "case", key=b"k")
    case.append([statuses("a", "b", "c")], source="x")
    before = {a: case.record().ids.code(a) for a in "abc"}
    case.append([statuses("d", "e", "a")], source="y")
    assert {a: case.record().ids.code(a) for a in "abc"} == before
    assert len(case.record().ids) == 5


def test_an_error_in_the_middle_of_an_import_changes_nothing(tmp_path):
    case = Case.create(tmp_path / "case")
    case.append([statuses("a")], source="x")
    before = state_of(case.path)

    def rows():
        yield statuses("b")
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError):
        case.append(rows(), source="y")
    assert state_of(case.path) == before


KILLED = """
import sys, time, pyarrow as pa
sys.path[:0] = {tests!r}
from test_case import statuses
from birdfall.record.case import Case
def rows():
    n = 0
    while True:
        yield statuses(*[f"k{{n + i}}" for i in range(20000)])
        n += 20000
        print(n, flush=True)
Case.open({case!r}).append(rows(), source="endless")
"""


@pytest.mark.parametrize("after_lines", some_fast([1, 8], 1))
def test_a_killed_import_leaves_the_case_as_it_was(tmp_path, after_lines):
    case = Case.create(tmp_path / "case")
    case.append([statuses("a")], source="x")
    before = {f.path: f.sha256 for f in case.manifest.files}
    script = KILLED.format(tests=[str(p) for p in Path(__file__).parents[:2]], case=str(case.path))
    process = start([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    for _ in range(after_lines):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert {f.path: f.sha256 for f in case.manifest.files} == before
    assert case.find_damage() == []
    case.append([statuses("b")], source="y")
    assert sorted(case.record().ids.id_of.to_pylist()) == ["a", "b"]
    listed = {f.path for f in case.manifest.files} | {"manifest.json", "case.key"}
    assert set(state_of(case.path)) == listed, "what the dead process left was swept"


def test_a_full_disk_is_one_clear_error_and_no_change(tmp_path, monkeypatch):
    case = Case.create(tmp_path / "case")
    before = state_of(case.path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BirdfallError, match="disk is full"):
        case.append([statuses("a")], source="x")
    monkeypatch.undo()
    assert state_of(case.path) == before


def test_two_processes_do_not_change_a_case_at_once(tmp_path):
    case = Case.create(tmp_path / "case")
    script = (
        "from birdfall.record.case import Case\nimport time\n"
        f"with Case.open({str(case.path)!r}).lock():\n print('held', flush=True)\n time.sleep(30)"
    )
    holder = start([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(CaseError, match="another process"):
            case.append([statuses("a")], source="x")
    finally:
        holder.kill()
        holder.wait()
    for _ in range(50):
        try:
            case.append([statuses("a")], source="x")
            break
        except CaseError:
            time.sleep(0.05)
    assert case.record().has("statuses")


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": 99}', b"\x00\xff"])
def test_a_torn_manifest_is_said_so(tmp_path, damage):
    case = Case.create(tmp_path / "case")
    (case.path / "manifest.json").write_bytes(damage)
    with pytest.raises(CaseError):
        Case.open(case.path)


def test_a_changed_or_missing_file_is_named(tmp_path):
    case = Case.create(tmp_path / "case")
    case.append([statuses("a")], source="x")
    part = case.path / "record" / "statuses" / "part-00000.parquet"
    data = bytearray(part.read_bytes())
    data[10] ^= 1
    part.write_bytes(bytes(data))
    assert case.find_damage() == [("record/statuses/part-00000.parquet", "changed")]
    part.unlink()
    assert case.find_damage() == [("record/statuses/part-00000.parquet", "missing")]
    with pytest.raises(CaseError, match="missing"):
        case.record()


def test_a_file_name_cannot_lead_out_of_the_case(tmp_path):
    case = Case.create(tmp_path / "case")
    for name in ("../out.txt", "reports/../../out.txt", "/tmp/birdfall-out.txt"):
        with pytest.raises(BirdfallError):
            case.put({name: b"x"})
    assert not (tmp_path / "out.txt").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CaseError, match="other files"):
        Case.create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def a_finding(name="waves", **changes):
    values = {
        "kind": "waves",
        "name": name,
        "answer": "found",
        "estimates": {"size": Estimate(6600.5, "accounts", 6000, float("inf"))},
        "parameters": {"seed": 1, "window": 0.5},
        "limits": (Note("no-history", {"seconds": 41}),),
        "tables": {"series": pa.table({"observed": [1, 2, 3]})},
    }
    return Finding(**(values | changes))


def test_a_finding_comes_back_as_it_was_kept(tmp_path):
    case = Case.create(tmp_path / "case")
    case.save(a_finding())
    back = case.finding("waves")
    assert back.estimates["size"] == Estimate(6600.5, "accounts", 6000, None)
    assert back.table("series").equals(pa.table({"observed": [1, 2, 3]}))
    assert back.limits == (Note("no-history", {"seconds": 41}),)
    assert back.to_json() == (case.path / "findings/waves.json").read_text()


def test_a_finding_keeps_to_its_published_schema():
    jsonschema.validate(json.loads(a_finding().to_json()), SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(a_finding(answer="cannot").to_json()), SCHEMA)


def test_a_finding_saved_again_leaves_nothing_of_the_old_one(tmp_path):
    case = Case.create(tmp_path / "case")
    case.save(a_finding())
    case.save(a_finding(tables={"minutes": pa.table({"a": [1]})}))
    assert [p.name for p in sorted((case.path / "findings/tables").iterdir())] == [
        "waves.minutes.parquet"
    ]
    assert case.find_damage() == []


def test_settings_say_which_key_is_wrong():
    with pytest.raises(BirdfallError, match="unknown key 'leader'"):
        parse_settings('leader = "x"', "case.toml")
    with pytest.raises(BirdfallError, match="list of texts"):
        parse_settings("leaders = [1]", "case.toml")
    with pytest.raises(BirdfallError, match="no time zone"):
        parse_settings('time_zone = "Caracas"', "case.toml")


@given(
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1)),
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1)),
)
def test_the_dictionary_is_dense_stable_and_reversible(first, more):
    one = empty_ids().merge(pa.array(first, pa.string()), b"key")
    both = one.merge(pa.array(more, pa.string()), b"key")
    assert both.id_of.to_pylist()[: len(one)] == one.id_of.to_pylist()
    assert sorted(both.id_of.to_pylist()) == sorted(set(first) | set(more))
    codes = both.encode(pa.array(first + more, pa.string()))
    assert both.decode(codes).to_pylist() == first + more


def test_who_is_taken_out_leaves_the_codes_of_all_others():
    ids = empty_ids().merge(pa.array(["a", "b", "c"]), b"key")
    code = int(ids.encode(pa.array(["b"]))[0])
    left = ids.without(code, "mark")
    others = pa.array(["a", "c"])
    assert len(left) == 3
    assert left.encode(others).tolist() == ids.encode(others).tolist()
    assert left.encode(pa.array(["b"])).tolist() == [-1]


def test_pseudonyms_are_different_for_every_code():
    assert len({pseudonym(code) for code in range(10_000)}) == 10_000


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    atomic.write_bytes(path, b"old")

    def broken(temporary):
        temporary.write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        atomic.write_with(path, broken)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_keyed_pseudonyms_do_not_collide():
    names = {keyed_pseudonym(f"did:plc:{n}", b"key") for n in range(100_000)}
    assert len(names) == 100_000
    assert keyed_pseudonym("did:plc:1", b"other") not in names


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_a_case_is_for_its_owner_alone_whatever_the_mask(tmp_path):
    before = os.umask(0)
    try:
        case = Case.create(tmp_path / "case")
        case.append([statuses("a", "b")], source="x", digest="d")
        table = pa.table({"n": [1]})
        case.save(Finding("theirs", "theirs", "found", tables={"one": table}))
        case.put({"reports/report.html": b"<html>"})
    finally:
        os.umask(before)
    paths = [case.path, *case.path.rglob("*")]
    modes = {p.relative_to(tmp_path).as_posix(): oct(p.stat().st_mode & 0o777) for p in paths}
    assert {m for p, m in modes.items() if (tmp_path / p).is_dir()} == {"0o700"}
    assert {m for p, m in modes.items() if not (tmp_path / p).is_dir()} == {"0o600"}, modes
