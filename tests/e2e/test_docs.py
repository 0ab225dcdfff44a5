"""Every command in the documentation is run, in the order it stands there, on files such as its reader would have.

Commands that watch a live host are run against nothing for a moment: they must begin, say that the source is not there, and stop.
"""

import json
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "tutorials").glob("*.md")),
    *sorted((ROOT / "docs" / "methods").glob("*.md")),
]
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


def files_of_a_reader(folder):
    """A table of tweets and suspensions, a list of suspensions, a stream of lines, rules."""
    rng = random.Random(0)
    rows = ["account,kind,object,created_at,status"]
    rows += [
        f"u{rng.randrange(300)},repost,p{rng.randrange(80)},2013-10-{d:02d}T{rng.randrange(24):02d}:00:{rng.randrange(60):02d}Z,"
        for d in range(1, 31)
        for _ in range(60)
    ]
    (folder / "tweets.csv").write_text("\n".join(r.rpartition(",")[0] for r in rows) + "\n")
    falls = ["account,suspended_at"]
    falls += [
        f"v{d}-{i},2013-10-{d:02d}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00Z"
        for d in range(1, 31)
        for i in range(3)
    ]
    falls += [
        f"w{i},2013-10-31T22:2{rng.randrange(10)}:{rng.randrange(60):02d}Z" for i in range(300)
    ]
    (folder / "suspended.csv").write_text("\n".join(falls) + "\n")
    (folder / "facts.csv").write_text(
        "id,when_local,said_by,quantity,relation,value,unit,window,population,kind,source,url\n"
        "1,2013-05-20,AFP,level,over,1100000,followers,,@president,level,,\n"
        "2,2013-10-30,a counter,level,about,1430000,followers,,@president,level,,\n"
        "3,2013-10-31,a minister,lost,almost,6600,accounts,ten minutes,followers of @president,gross,,\n"
        "4,2013-10-31,a counter,net change,exactly,-4849,followers,day,@president,net,,\n"
    )
    t = 1_700_000_000_000_000
    lines = [{"kind": "account", "account": f"a{i}", "time": t + i} for i in range(50)]
    lines += [
        {"kind": "status", "account": f"b{i}", "status": "suspended", "time": t + i * 60_000_000}
        for i in range(60)
    ]
    for wave in range(1, 4):
        begin = t + (60 + wave * 60) * 60_000_000
        lines += [
            {
                "kind": "report",
                "account": f"r{k}",
                "target": f"w{wave}-{i}",
                "time": begin - 10_000_000 + i,
                "id": f"{wave}-{i}-{k}",
            }
            for i in range(60)
            for k in range(6)
        ]
        lines += [
            {
                "kind": "status",
                "account": f"w{wave}-{i}",
                "status": "suspended",
                "time": begin + i * 100_000,
            }
            for i in range(60)
        ]
    lines.sort(key=lambda line: line["time"])
    (folder / "firehose.atfh").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "rules.toml").write_text('[[rule]]\nname = "any"\non = "falls"\n')


def run(line, folder):
    """One command; its words after `birdfall`, with `> file` carried out."""
    plain, _, target = re.sub(r"\s+#.*$", "", line).partition(" > ")
    words = shlex.split(plain)
    assert words[0] == "birdfall", line
    words = [w.replace("did:plc:...", "did:plc:example").replace("8470", "0") for w in words[1:]]
    command = [sys.executable, "-m", "birdfall", *words]
    if words[0] in ("watch", "serve"):
        if words[0] == "serve":
            command += ["--at", "0"]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        time.sleep(4)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert "Traceback" not in said, said
        return
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    # 0 found, 3 nothing found, 4 the data cannot answer: all are answers
    assert done.returncode in (0, 3, 4), f"{line}\n{done.stdout}\n{done.stderr}"
    if target:
        (folder / target.strip()).write_text(done.stdout)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_works_as_it_stands(page, tmp_path):
    listed = list(commands(page))
    if not listed:
        pytest.skip("no commands on this page")
    files_of_a_reader(tmp_path)
    for line in listed:
        words = line.split()
        if words[0] == "make":
            assert words[1] in TARGETS, line
        elif words[0] == "birdfall":
            if words[1] == "propose" and not (tmp_path / "watch" / "replayed").exists():
                # the watch of the page saw nothing; a replay of the same lines stands in its place
                import shutil

                shutil.rmtree(tmp_path / "watch", ignore_errors=True)
                run("birdfall replay firehose.atfh --state watch/", tmp_path)
                (tmp_path / "watch" / "replayed").touch()
            run(line, tmp_path)
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


def test_python_of_the_tutorials_runs(tmp_path, monkeypatch):
    """Blocks of Python, in order, with the file they name there."""
    files_of_a_reader(tmp_path)
    import birdfall

    monkeypatch.chdir(tmp_path)
    world = birdfall.simulate("caracas-2013", seed=1)
    for page in sorted((ROOT / "docs" / "tutorials").glob("*.md")):
        names = {}
        for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            if "spark" in block:  # `make test-cluster` has the engines
                continue
            monkeypatch.setattr(birdfall, "read", lambda *a, **k: world)
            exec(compile(block, str(page), "exec"), names)
