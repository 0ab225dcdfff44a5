"""Every command in the documentation is run, in its order, on the sample files that it names.

Commands that watch a live host are run against nothing for a moment: they must begin, say that the
source is not there, and stop.
"""

import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from commands import birdfall
from processes import BIRDFALL, Child

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "examples" / "data"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "docs" / "app.md",
    ROOT / "docs" / "getting-data.md",
    ROOT / "docs" / "coming-from.md",
    *sorted((ROOT / "docs" / "tutorials").glob("*.md")),
    *sorted((ROOT / "docs" / "methods").glob("*.md")),
]
#: Pages whose commands take seconds each: tried with the slow tests.
TUTORIALS = [page for page in PAGES if page.parent.name != "methods"]
#: Make targets that CI runs by itself, or that stay until stopped.
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def commands(page):
    """Lines of shell blocks, continued lines joined, comments and prompts taken off."""
    text = page.read_text("utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            plain = line.strip().removeprefix("$ ")
            if plain and not plain.startswith("#"):
                yield plain


@pytest.fixture
def checkout(tmp_path):
    """A folder as a reader has it: the sample files where the pages say they are, and the people of
    a workspace.
    """
    shutil.copytree(SAMPLES, tmp_path / "examples" / "data")
    people = f"owner {'o' * 43} Ana\nread {'r' * 43} Ben\n"
    (tmp_path / "people.txt").write_text(people, "utf-8")
    return tmp_path


def run(line, folder):
    """One command; its words after `birdfall`, with `> file` carried out."""
    plain, _, target = re.sub(r"\s+#.*$", "", line).partition(" > ")
    words = shlex.split(plain)
    assert words[0] == "birdfall", line
    words = [
        w.replace("did:plc:...", "did:plc:example").replace("8470", "0").replace("8471", "0")
        for w in words[1:]
    ]
    if words[0] in ("watch", "serve", "app"):
        port = ["--at", "0"] if words[0] == "serve" else []
        if words[0] == "app":
            port = ["--no-browser", *([] if "--folder" in words else ["--folder", "work"])]
        with Child([*BIRDFALL, *words, *port], cwd=folder) as child:
            child.wait_for("Stop with Ctrl-C" if words[0] != "watch" else "watching ")
            time.sleep(1)
            assert child.process.poll() is None, child.err
            child.stop()
        assert "Traceback" not in "".join(child.err), child.err
        return
    done = birdfall(*words, cwd=folder)
    assert "Traceback" not in done.stderr, done.stderr
    # 0 found, 3 nothing found, 4 the data cannot answer: all are answers
    assert done.returncode in (0, 3, 4), f"{line}\n{done.stdout}\n{done.stderr}"
    if target:
        (folder / target.strip()).write_text(done.stdout)


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[pytest.mark.slow] if p in TUTORIALS else []) for p in PAGES],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_every_command_works_as_it_stands(page, checkout):
    listed = list(commands(page))
    if not listed:
        pytest.skip("no commands on this page")
    for line in listed:
        words = line.split()
        if words[0] == "make":
            assert words[1] in TARGETS, line
        elif words[0] == "birdfall":
            run(line, checkout)
        elif "dist/" in line:
            # `make wheel` installs what it has built; here only the name can be wrong
            assert f"dist/birdfall-{VERSION}-py3-none-any.whl" in line
        elif words[0] in ("pip", "python", "python3"):
            assert len(words) > 1
        else:
            pytest.fail(f"a command that nobody runs: {line}")


def test_links_between_pages_lead_somewhere():
    for page in [
        *PAGES,
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "reference").glob("*.md"),
    ]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_say_what_they_say(path):
    """Every cell runs, and what is stored under it is what it gives."""
    sys.path.insert(0, str(Path(__file__).parent))
    from notebooks import run_cells

    cells = list(run_cells(path))
    assert cells
    for cell, text, page in cells:
        stored = {k: "".join(v) for o in cell["outputs"] for k, v in o["data"].items()}
        assert stored.get("text/plain", "") == text
        assert stored.get("text/html") == page


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda p: p.name)
def test_python_works_as_it_stands(page, checkout, monkeypatch):
    """Blocks of Python, in order, in one session."""
    monkeypatch.chdir(checkout)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        if "spark" not in block:  # `make test-cluster` has the engines
            exec(compile(block, str(page), "exec"), names)


def test_sample_files_are_what_their_script_writes(tmp_path):
    subprocess.run([sys.executable, SAMPLES / "make.py", tmp_path], check=True, timeout=60)
    names = {p.name for p in SAMPLES.iterdir()} - {"make.py", "README.md", "__pycache__"}
    assert names == {p.name for p in tmp_path.iterdir()}
    for name in names:
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name
