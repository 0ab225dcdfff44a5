"""Whatever is typed, a command ends with an exit code and sentences: lines drawn by seed."""

from __future__ import annotations

import os
import random
import shutil
from functools import cache
from pathlib import Path

import pytest

from birdfall.cli.app import COMMANDS, app
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.store.database import State
from canaries import canary_case
from commands import birdfall

#: Commands that a drawn line may really start: the others take minutes, or run until they are
#: stopped, and are only asked with words that none of them can mean.
QUICK = (
    "look", "import", "run", "check", "coordinate", "report", "verify", "export", "simulate",
    "remove", "expire", "explain", "propose", "set-apart",
)  # fmt: skip
ENDLESS = tuple(name for name in COMMANDS if name not in QUICK)
#: What a drawn line never says: it would begin what takes minutes, or change what is not its own.
NEVER = ("--again", "--fresh")


@cache
def options_of(command):
    """Every option of a command, as its help lists them."""
    found = app[command].assemble_argument_collection(parse_docstring=False)
    names = {name for argument in found for name in argument.names if name.startswith("-")}
    return sorted(names - {*NEVER})


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
    (folder / "watch").mkdir()
    state = State.open(folder / "watch" / "watch.sqlite")
    Watcher(state, [RecordingFeed("r", ())])
    state.close()
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
    options = [*(options_of(command) if command in COMMANDS else ()), "--no-such-option"]
    if command in ENDLESS:
        given = [word for name in draw.choices(options, k=2) for word in (name, draw.choice(WORDS))]
        return [*line, *given, "--no-such-option", draw.choice(WORDS)]
    if command == "simulate":
        return [*line, draw.choice(WORDS), "-o", draw.choice(files), "--accounts", SMALL_WORLD]
    for _ in range(draw.randint(0, 5)):
        kind = draw.random()
        if kind < 0.45:
            line.append(draw.choice(files))
        elif kind < 0.75:
            name, value = draw.choice(options), draw.choice([*WORDS, *files])
            line += [f"{name}={value}"] if draw.random() < 0.3 else [name, value]
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


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("thousand", range(10))
def test_ten_thousand_drawn_lines_end_with_a_sentence(things, tmp_path, thousand):
    assert (
        endings(things, tmp_path, range(10_000 + 1000 * thousand, 11_000 + 1000 * thousand)) == []
    )


def test_lines_are_drawn_for_every_command_and_option(things, tmp_path):
    said = set()
    for seed in range(6000):
        line = drawn_line(random.Random(seed), things, tmp_path)
        said |= {(line[0], word.partition("=")[0]) for word in line[1:]} if line else set()
    wanted = {(name, option) for name in COMMANDS for option in options_of(name)}
    assert wanted - said - {("simulate", option) for option in options_of("simulate")} == set()


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
