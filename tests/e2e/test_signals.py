"""Ctrl-C or SIGTERM, at any moment of a command, ends it with one sentence and its exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

from birdfall.cli.signals import EXIT_INTERRUPTED, EXIT_TERMINATED, SENTENCE
from tiers import every_pair

ENDINGS = [(signal.SIGINT, EXIT_INTERRUPTED), (signal.SIGTERM, EXIT_TERMINATED)]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "suspended.csv"
    path.write_text("account,status,time\nu1,suspended,2024-05-01T00:00:00Z\n")
    return path


def started(script, *arguments, ignored=False):
    """A command in a process of its own, after `script`, which arranges for what is to happen in
    it.
    """
    # told either way: these tests may themselves run in the background, where SIGINT is ignored
    handler = "signal.SIG_IGN" if ignored else "signal.default_int_handler"
    begin = f"import signal; signal.signal(signal.SIGINT, {handler})\n"
    end = "\nfrom birdfall.__main__ import main\nsys.exit(main())\n"
    code = begin + "import os, signal, sys, threading\n" + textwrap.dedent(script) + end
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def check_ending(done, code):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert done.stderr.count(SENTENCE) == 1, done.stderr


#: Modules that a command imports one after another.
IMPORTED = ("cyclopts", "pyarrow", "duckdb", "birdfall.measures.coverage")


@pytest.mark.parametrize(
    ("module", "ending"),
    every_pair(IMPORTED, ENDINGS, fast=list(zip(IMPORTED, 2 * ENDINGS, strict=True))),
)
def test_a_signal_while_a_module_is_imported(table, module, ending):
    number, code = ending
    script = f"""
        class Interrupting:
            def find_spec(self, name, path=None, target=None):
                if name == {module!r}:
                    sys.meta_path.remove(self)
                    os.kill(os.getpid(), {int(number)})

        sys.meta_path.insert(0, Interrupting())
    """
    check_ending(started(script, "look", table), code)


#: What a command is made to do instead of reading its files.
SLOW_QUERY = """
    import duckdb
    from birdfall.cli import signals
    from birdfall.pipeline import intake

    signals.MAX_CLEANUP_S = 1.0

    def query(*_args, **_options):
        threading.Timer(0.5, os.kill, (os.getpid(), {number})).start()
        duckdb.sql("SELECT sum(a.range * b.range) FROM range(1000000000) a, range(99) b").fetchall()

    intake.look_at_files = query
"""


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_a_signal_while_duckdb_works(table, number, code):
    """DuckDB raises an error of its own then, which is no error of the command."""
    check_ending(started(SLOW_QUERY.format(number=int(number)), "look", table), code)


#: The same with a query that writes, on a connection of Birdfall's own; nobody but the query itself
#: ends the process.
WRITING_QUERY = """
    from birdfall.cli import signals
    from birdfall.pipeline import intake
    from birdfall.record.queries import open_connection

    signals.MAX_CLEANUP_S = 1000.0

    def query(*_args, **_options):
        threading.Timer(0.5, os.kill, (os.getpid(), {number})).start()
        rows = "SELECT sum(a.range * b.range) FROM range(1000000000) a, range(99) b"
        open_connection().execute("CREATE TEMP TABLE sums AS " + rows)

    intake.look_at_files = query
"""


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_a_signal_while_duckdb_writes(table, number, code):
    check_ending(started(WRITING_QUERY.format(number=int(number)), "look", table), code)


#: A command that is met by a signal in a finaliser, and then works without end.
DEAF_LOOK = """
    from birdfall.pipeline import intake

    class Interrupting:
        def __del__(self):
            os.kill(os.getpid(), {number})
            for _ in range(1000):
                pass

    def look(*_args, **_options):
        Interrupting()
        while True:
            pass

    intake.look_at_files = look
"""
#: The hook that raises a signal anew stays until the signal has arrived.
LINGERING = """
    import time
    from birdfall.cli import signals

    raise_again = signals._raise_again

    def linger(number):
        signals._raise_again = raise_again
        raise_again(number)
        time.sleep(10 * signals.RAISE_AGAIN_S)

    signals._raise_again = linger
    signals.MAX_CLEANUP_S = 1000.0
"""


def test_a_signal_that_arrives_where_nobody_can_receive_it(table):
    """In a finaliser Python only reports the exception and goes on."""
    script = DEAF_LOOK.format(number=int(signal.SIGINT))
    check_ending(started(script, "look", table), EXIT_INTERRUPTED)


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_a_signal_that_comes_again_before_its_hook_has_returned(table, number, code):
    """On a loaded machine the signal that is raised anew can arrive while Python is still in the
    hook it is raised anew from, where it would be lost once more.
    """
    check_ending(started((LINGERING + DEAF_LOOK).format(number=int(number)), "look", table), code)


def test_what_swallows_the_signal_is_ended_all_the_same(table):
    script = """
        from birdfall.cli import signals
        from birdfall.pipeline import intake

        signals.MAX_CLEANUP_S = 0.5

        def look(*_args, **_options):
            while True:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    threading.Event().wait()
                except BaseException:
                    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])

        intake.look_at_files = look
    """
    check_ending(started(script, "look", table), EXIT_INTERRUPTED)


def test_a_signal_when_the_command_has_ended(table):
    script = """
        import atexit

        atexit.register(os.kill, os.getpid(), signal.SIGINT)
    """
    check_ending(started(script, "look", table), EXIT_INTERRUPTED)


def test_in_the_background_of_a_shell_sigterm_still_ends_it(table):
    """A shell hands on SIGINT ignored there; the terminal's Ctrl-C is then meant for others."""
    script = SLOW_QUERY.format(number=int(signal.SIGTERM)).replace(
        "threading.Timer", "os.kill(os.getpid(), signal.SIGINT); threading.Timer"
    )
    check_ending(started(script, "look", table, ignored=True), EXIT_TERMINATED)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_runs_until_it_is_stopped_hears_both_signals_however_it_was_started(number):
    script = f"""
        from birdfall.cli.signals import stop_event

        with stop_event() as stop:
            threading.Timer(0.2, os.kill, (os.getpid(), {int(number)})).start()
            assert stop.wait(10)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        sys.argv[1:] = ["--version"]
    """
    done = started(script, ignored=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("ending", "background"),
    every_pair(ENDINGS, (False, True), fast=list(zip(ENDINGS, (True, False), strict=True))),
)
def test_a_signal_while_a_watch_is_set_up(tmp_path, ending, background):
    number, code = ending
    script = f"""
        from birdfall.watch import session

        def prepare(*_args, **_options):
            os.kill(os.getpid(), {int(number)})
            threading.Event().wait()

        session._prepare = prepare
    """
    words = ["watch", "ws://127.0.0.1:9", "--state", tmp_path / "w"]
    check_ending(started(script, *words, ignored=background), code)


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_a_second_signal_ends_what_does_not_stop(number, code):
    script = f"""
        from birdfall.cli.signals import stop_event

        with stop_event() as stop:
            os.kill(os.getpid(), {int(number)})
            assert stop.wait(10)
            os.kill(os.getpid(), {int(number)})
            threading.Event().wait()
    """
    check_ending(started(script), code)
