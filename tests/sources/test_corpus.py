"""Every format of the corpus gives the rows that it holds, or asks the one thing that it lacks."""

import importlib.util
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from birdfall.model.errors import InputError, UsageError
from birdfall.sources.ingest import load, look_into

CORPUS = Path(__file__).parent / "corpus"
PAGES = Path(__file__).parents[2] / "docs" / "reference"
FORMATS = [
    entry
    for path in sorted(CORPUS.glob("*.toml"))
    for entry in tomllib.loads(path.read_text("utf-8"))["format"]
]


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def rows(record, table):
    return record.table(table).to_pylist() if record.has(table) else []


def found_in(record, name):
    """What a record holds of one thing that the corpus expects."""
    acts = rows(record, "acts")
    if name == "acts":
        return sorted([a["account"], a["kind"], a["object"], iso(a["time"])] for a in acts)
    if name == "kinds":
        return dict(Counter(a["kind"] for a in acts))
    if name == "times":
        return sorted(iso(a["time"]) for a in acts)
    if name == "accounts":
        return sorted({a["account"] for a in rows(record, "accounts")})
    if name == "statuses":
        listed = rows(record, "statuses")
        return sorted([s["account"], s["status"], iso(s["time"]), s["observation"]] for s in listed)
    if name == "follows":
        listed = rows(record, "follows")
        return sorted([f["follower"], f["followed"], f["observation"]] for f in listed)
    if name == "dated":
        listed = rows(record, "follows")
        return sorted(
            [f["follower"], f["followed"], *(iso(f[t]) if f[t] else "" for t in ("since", "until"))]
            for f in listed
        )
    if name == "counts":
        listed = rows(record, "counts")
        return sorted([c["account"], c["followers"], iso(c["time"])] for c in listed)
    raise AssertionError(f"the corpus expects {name}, which no test knows")


@pytest.mark.parametrize("entry", FORMATS, ids=lambda e: e["name"])
def test_a_format_gives_what_it_holds(tmp_path, entry):
    path = tmp_path / f"file.{entry['ending']}"
    path.write_text(entry["content"].removeprefix("\n"), "utf-8")
    expected = dict(entry["expect"])
    options = entry.get("options", {})
    if asked := expected.pop("asked", None):
        with pytest.raises((UsageError, InputError)) as error:
            load(path, **options)
        assert asked in error.value.fix
        return
    record = load(path, **options)
    refused = [r["reason"] for r in rows(record, "rejected")]
    again = look_into(path, **options).repeated
    assert again == expected.pop("repeated", 0)
    refused = [r for r in refused if "counted once" not in r]
    wanted = expected.pop("refused", [])
    assert len(refused) == len(wanted), refused
    assert all(part in reason for part, reason in zip(wanted, sorted(refused), strict=True))
    for name, value in expected.items():
        found = found_in(record, name)
        assert found == (sorted(value) if isinstance(value, list) else value), name


def test_names_of_formats_are_unique():
    names = [entry["name"] for entry in FORMATS]
    assert len(set(names)) == len(names) and all(e["known_from"] for e in FORMATS)


@pytest.mark.slow
def test_the_page_of_formats_says_what_the_code_does():
    spec = importlib.util.spec_from_file_location("write_formats", PAGES / "write_formats.py")
    written = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(written)
    assert (PAGES / "formats.md").read_text("utf-8") == written.text()
