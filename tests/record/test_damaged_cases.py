"""A damaged case ends any command with one sentence that names the file, never with a traceback."""

from __future__ import annotations

import json
import random
import shutil

import pyarrow as pa
import pytest

from birdfall.model.errors import CaseError
from birdfall.model.findings import Finding
from birdfall.pipeline.run import run
from birdfall.pipeline.verify import verify_case
from birdfall.record.case import Case
from canaries import rows
from commands import birdfall


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small case that has been run."""
    folder = tmp_path_factory.mktemp("sound") / "case"
    case = Case.create(folder)
    trace = {"source": "x", "line": 1}
    edge = {"followed": "b", "observation": "seen", "observed_at": 0} | trace
    follows = [edge | {"follower": f"a{n}"} for n in range(30)]
    case.append([rows("follows", *follows)], source="x", digest="d")
    run(case)
    case.save(Finding("theirs", "theirs", "found", tables={"one": pa.table({"n": [1, 2]})}))
    return folder


@pytest.fixture
def case(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "case")
    return tmp_path / "case"


def part_of(case):
    return next((case / "record" / "follows").glob("*.parquet"))


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite_middle(path):
    data = bytearray(path.read_bytes())
    for at in range(4, len(data) - 4):
        data[at] ^= 0xA5
    path.write_bytes(bytes(data))


def change_manifest(case, change):
    path = case / "manifest.json"
    plain = json.loads(path.read_text())
    path.write_text(json.dumps(change(plain)))
    return path


def without(plain, key):
    return {k: v for k, v in plain.items() if k != key}


MANIFESTS = {
    "a list": lambda plain: [plain],
    "a text": lambda _plain: "case",
    "without files": lambda plain: without(plain, "files"),
    "without imports": lambda plain: without(plain, "imports"),
    "a key too many": lambda plain: plain | {"more": 1},
    "a file without its digest": lambda plain: (
        plain | {"files": [without(f, "sha256") for f in plain["files"]]}
    ),
    "a file with a key too many": lambda plain: (
        plain | {"files": [f | {"more": 1} for f in plain["files"]]}
    ),
    "a size that is a text": lambda plain: (
        plain | {"files": [f | {"bytes": "many"} for f in plain["files"]]}
    ),
    "files that are numbers": lambda plain: plain | {"files": [1, 2]},
    "a path that leads out": lambda plain: (
        plain | {"files": [f | {"path": "../" + f["path"]} for f in plain["files"]]}
    ),
    "an import without its rows": lambda plain: (
        plain | {"imports": [without(i, "rows") for i in plain["imports"]]}
    ),
    "imports that are numbers": lambda plain: plain | {"imports": 3},
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_damaged_manifest_is_one_error_that_names_it(case, name):
    path = change_manifest(case, MANIFESTS[name])
    with pytest.raises(CaseError) as caught:
        Case.open(case)
    assert str(path) in str(caught.value.where) and caught.value.why and caught.value.fix


@pytest.mark.parametrize("damage", [cut, overwrite_middle, lambda p: p.write_bytes(b"")])
@pytest.mark.parametrize(
    "place",
    [part_of, lambda c: c / "record/ids.parquet", lambda c: c / "findings/coverage.json",
     lambda c: c / "findings/tables/theirs.one.parquet", lambda c: c / "run.json"],
)  # fmt: skip
def test_a_torn_file_is_named_by_what_reads_it_and_listed_by_verify(case, place, damage):
    path = place(case)
    damage(path)
    with pytest.raises(CaseError) as caught:
        opened = Case.open(case)
        run(opened)
        opened.findings()
        opened.record().table("follows")
    assert str(caught.value.where) == str(path) and "verify" in caught.value.fix
    listed = [d.where for d in verify_case(Case.open(case)).differences]
    assert path.relative_to(case).as_posix() in listed


def test_verify_lists_all_that_is_damaged(case):
    cut(part_of(case))
    (case / "case.key").unlink()
    cut(case / "findings/coverage.json")
    (case / "findings/tables/theirs.one.parquet").unlink()
    done = birdfall("verify", case, check=1)
    for name in ("part-00000.parquet", "case.key", "coverage.json", "theirs.one.parquet"):
        assert name in done.stdout


def test_a_run_without_the_key_says_so_and_changes_nothing(case):
    (case / "case.key").unlink()
    before = (case / "manifest.json").read_bytes()
    done = birdfall("run", case, check=1)
    assert "case.key" in done.stderr and "Restore" in done.stderr
    assert (case / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("seed", range(2))
def test_no_damage_drawn_gives_a_traceback(case, seed):
    draw = random.Random(seed)
    files = sorted(p for p in case.rglob("*") if p.is_file())
    path = draw.choice(files)
    data = bytearray(path.read_bytes())
    for _ in range(draw.randint(1, 20)):
        if data:
            data[draw.randrange(len(data))] = draw.randrange(256)
    path.write_bytes(bytes(data[: draw.randint(0, len(data))]))
    for command in (["verify"], ["report"], ["check", "3 accounts were suspended"]):
        done = birdfall(command[0], case, *command[1:])
        assert "Traceback" not in done.stderr, (path, done.stderr)
        assert "nobody foresaw" not in done.stderr, (path, done.stderr)
