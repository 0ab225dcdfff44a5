"""Where memory is limited a command does its work with little, or ends with one sentence, whatever
ended it.
"""

import ctypes
import os
import signal
import sys
import time

import pyarrow as pa
import pytest
from try_memory import try_within

from birdfall.cli import limited_memory
from birdfall.model import memory_limit
from birdfall.model.errors import CaseError
from birdfall.record.damage import explain_damage

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")


@pytest.fixture
def limited(monkeypatch):
    """As if 1.5 GB were allowed."""
    monkeypatch.setattr(limited_memory, "memory_limit", lambda: 1_500_000_000)
    monkeypatch.setattr(limited_memory, "address_space", lambda: None)


def end_of(command, words=("run",)):
    """The exit code of a process that runs `command` within its memory, and what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            code = limited_memory.run_within_memory(command, words)
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def die_of(number):
    def command():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
        os.kill(os.getpid(), number)
        time.sleep(5)

    return command


@pytest.mark.parametrize("name", ["SIGKILL", "SIGABRT", "SIGSEGV", "SIGTRAP"])
@pytest.mark.usefixtures("limited")
def test_a_command_that_was_ended_is_told_of_in_a_sentence(name):
    code, said = end_of(die_of(signal.Signals[name]))
    assert code == 1
    assert f"ended this command ({name}), as happens where memory runs out: 1.5 GB" in said
    assert len(said.splitlines()) == 3


@pytest.mark.usefixtures("limited")
def test_a_command_that_ends_by_itself_keeps_its_exit_code():
    assert end_of(lambda: 3) == (3, "")
    assert end_of(die_of(signal.SIGTERM))[0] == 143


@pytest.mark.usefixtures("limited")
def test_a_library_that_exits_by_itself_is_told_of_too():
    code, said = end_of(lambda: ctypes.CDLL(None).exit(1))
    assert code == 1 and "a library ended this command (exit 1)" in said


@pytest.mark.usefixtures("limited")
def test_a_signal_to_who_watches_reaches_the_command():
    def command():
        signal.signal(signal.SIGTERM, lambda *_: os.write(2, b"it came") and os._exit(143))
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(5)

    assert end_of(command) == (143, "it came")


@pytest.mark.parametrize("word", limited_memory.LASTING)
@pytest.mark.usefixtures("limited")
def test_a_command_that_runs_until_it_is_stopped_is_its_own_process(word):
    here = os.getpid()
    assert limited_memory.run_within_memory(lambda: int(os.getpid() == here), [word]) == 1


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("error", [MemoryError, SystemError])
def test_where_no_memory_is_left_to_explain_it_is_said_all_the_same(error):
    def command():
        raise error

    code, said = end_of(command)
    assert code == 1 and said.startswith("birdfall: there is not enough memory for this: 1.5 GB")


def test_without_a_limit_nothing_watches(monkeypatch):
    monkeypatch.setattr(limited_memory, "memory_limit", lambda: None)
    here = os.getpid()
    assert limited_memory.run_within_memory(lambda: int(os.getpid() == here), ["run"]) == 1


def test_limits_of_all_groups_count(monkeypatch, tmp_path):
    for place, text in (("a/b", "max"), ("a", "2000000000"), (".", "9223372036854771712")):
        (tmp_path / place).mkdir(exist_ok=True, parents=True)
        (tmp_path / place / "memory.max").write_text(f"{text}\n")
    (tmp_path / "of").write_text("1:cpu:/x\n0::/a/b\n")
    monkeypatch.setattr(memory_limit, "_GROUPS", tmp_path)
    monkeypatch.setattr(memory_limit, "_MEMBERSHIP", tmp_path / "of")
    assert memory_limit.memory_of_groups() == 2_000_000_000
    (tmp_path / "a" / "memory.max").write_text("max\n")
    assert memory_limit.memory_of_groups() is None


@pytest.mark.parametrize(
    "error", [pa.ArrowMemoryError("malloc failed"), OSError("Out of Memory Error: ArrowBuffer")]
)
def test_no_file_is_called_damaged_where_memory_ran_out(tmp_path, error):
    with pytest.raises(type(error)), explain_damage(tmp_path / "x"):
        raise error
    with pytest.raises(CaseError), explain_damage(tmp_path / "x"):
        raise OSError("torn")


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("megabytes", [450, 700])
def test_every_command_works_or_says_that_memory_is_too_small(tmp_path, megabytes):
    tried = try_within(megabytes, 20_000, tmp_path)
    assert [one for one in tried if one.wrong] == []
    if megabytes == 700:
        assert next(one.code for one in tried if one.command == "import") == 0
