"""Whatever is typed, a command ends with an exit code and sentences: lines drawn by seed."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from birdfall.cli.app import COMMANDS
from canaries import canary_case
from commands import birdfall

#: Commands that a drawn line may really start: the others take minutes, or run until they are
#: stopped, and are only asked with words that none of them can mean.
QUICK = ("look", "import", "run", "check", "coordinate", "report", "verify", "export", "simulate")
ENDLESS = tuple(name for name in COMMANDS if name not in QUICK)
OPTIONS = (
    "--out", "-o", "--json", "--lang", "--languages", "--format", "--identified", "--mapping",
    "--time-zone", "--date-format", "--reader", "--title", "--leader", "--control", "--public",
    "--claims", "--facts", "--seed", "--alpha", "--case", "--trace", "--window", "--at-least",
    "--preset", "--groups", "--name", "--column", "--observe", "--accounts", "--no-such-option",
    "--save-mapping", "--question", "--remove", "--expires",
)  # fmt: skip
WORDS = (
    "", " ", "-", "--", "-1", "0", "1e999", "nan", "99999999999999999999", "ñandú", "\u202egnp.exe",
    "\x1b[31m", "\ud800", "x" * 5000, "../..", "~", "*", "?", "[", "{}", "null", "csv", "sqlite",
    "parquet", "en", "xx", "UTC", "America/Caracas", "No/Where", "60s", "-5min", "@nobody", "42",
    "6.600 cuentas en diez minutos", "nobody lost anything", "repost", "link", "account=who",
    "%", "%d", "=", "a=b=c", "quiet", "caracas-2013",
)  # fmt: skip
#: An error that nobody foresaw; any other end is a sentence somebody wrote.
UNFORESEEN = "nobody foresaw"
#: The longest that a simulation of the fuzz may take is bounded by its accounts.
SMALL_WORLD = "300"


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """Files that commands may be given: whole, empty, strange, a case, a folder."""
    folder = tmp_path_factory.mktemp("things")
    canary_case(folder / "case").remove_findings()
    (folder / "folder").mkdir()
    (folder / "empty.csv").write_bytes(b"")
    (folder / "acts.csv").write_text("account,object,time\na,x,2013-10-31\nb,x,2013-10-31\n")
    (folder / "bytes.bin").write_bytes(bytes(range(256)) * 4)
    (folder / "claims.toml").write_text("[[claim]]\ntext = 3\n")
    (folder / "report.html").write_text("<html>")
    (folder / "torn.parquet").write_bytes(b"PAR1torn")
    return folder


def drawn_line(draw, things, out):
    """A command line: a command, or none, with any files, options and words."""
    files = [str(p) for p in sorted(things.iterdir())] + [str(out / "new"), str(out / "new.csv")]
    command = draw.choice([*QUICK, *QUICK, *ENDLESS, "", "no-such-command"])
    line = [command] if command else []
    if command in ENDLESS:
        return [*line, "--no-such-option", draw.choice(WORDS)]
    if command == "simulate":
        return [*line, draw.choice(WORDS), "-o", draw.choice(files), "--accounts", SMALL_WORLD]
    for _ in range(draw.randint(0, 5)):
        kind = draw.random()
        if kind < 0.45:
            line.append(draw.choice(files))
        elif kind < 0.75:
            line += [draw.choice(OPTIONS), draw.choice([*WORDS, *files])]
        else:
            line.append(draw.choice(WORDS))
    return line


def endings(things, tmp_path, seeds):
    """Lines that ended otherwise than with an exit code and sentences, with what they said."""
    wrong = []
    for seed in seeds:
        draw = random.Random(seed)
        out = tmp_path / str(seed)
        out.mkdir()
        shutil.copytree(things, out / "things")
        line = drawn_line(draw, out / "things", out)
        done = birdfall(*line, cwd=out)
        if (
            UNFORESEEN in done.stderr
            or "Traceback" in done.stderr
            or done.returncode not in range(5)
        ):
            wrong.append((seed, line, done.returncode, done.stderr[-400:]))
        shutil.rmtree(out)
    return wrong


def test_every_drawn_line_ends_with_a_sentence(things, tmp_path):
    assert endings(things, tmp_path, range(40)) == []


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_two_thousand_drawn_lines_end_with_a_sentence(things, tmp_path):
    assert endings(things, tmp_path, range(40, 2040)) == []


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (RuntimeError("what is this"), "nobody foresaw (RuntimeError: what is this)"),
        (MemoryError(), "not enough memory"),
        (OSError("Memory mapping file failed: Cannot allocate memory"), "not enough memory"),
        (RuntimeError("can't start new thread"), "not enough memory"),
        (OSError(28, "No space left on device", "case/x"), "the disk is full"),
        (OSError(36, "File name too long", "x"), "the system refused: File name too long"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), "nobody foresaw"),
    ],
)
def test_an_error_that_nobody_foresaw_is_a_sentence_with_a_way_to_report_it(
    monkeypatch, tmp_path, error, says
):
    def fail(*_):
        raise error

    monkeypatch.setattr("birdfall.record.case.Case.open", fail)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    done = birdfall("verify", Path.cwd(), check=1)
    assert says in done.stderr and "Traceback" not in done.stderr
    details = list(tmp_path.glob("birdfall-fault-*.txt"))
    assert len(details) == ("nobody foresaw" in says)
    for path in details:
        assert "report it" in done.stderr and "Traceback" in path.read_text("utf-8")
        assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600


def test_a_developer_gets_the_traceback(monkeypatch):
    def fail(*_):
        raise RuntimeError("what is this")

    monkeypatch.setattr("birdfall.record.case.Case.open", fail)
    monkeypatch.setenv("BIRDFALL_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        birdfall("verify", Path.cwd())
