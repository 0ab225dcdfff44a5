"""What is not the state of a watch is refused by one sentence, and left as it was: every byte, its
rights, and what stands beside it."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from test_watch_faults import T, falls

from birdfall.model.errors import CaseError
from birdfall.watch.engine.folder import WatchFolder
from birdfall.watch.engine.removal import remove_from_watch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.schema import FORMAT, OlderError


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A state that was left in order."""
    path = tmp_path_factory.mktemp("sound") / "watch.sqlite"
    with closing(State.open(path)) as state, state.transaction():
        ingest_batch(state, "s", falls(T, 300))
    return path


def seen(folder):
    """All that can be told of a folder from outside."""
    return sorted(
        (
            p.name,
            p.lstat().st_mode,
            p.lstat().st_mtime_ns,
            p.read_bytes() if p.is_file() and os.access(p, os.R_OK) else b"",
        )
        for p in folder.iterdir()
    )


def refused(path, says=""):
    """Opening it is refused in every way, and changes nothing."""
    before = seen(path.parent)
    for options in ({}, {"check": True}, {"read_only": True}):
        with pytest.raises(CaseError) as error:
            State.open(path, **options)
        assert seen(path.parent) == before, options
        assert str(path) in str(error.value)
        assert error.value.fix
        if not options.get("read_only") or not isinstance(error.value, OlderError):
            assert says in str(error.value)


def test_an_empty_file_is_not_begun_anew_in_silence(tmp_path):
    path = tmp_path / "watch.sqlite"
    path.touch(0o644)
    refused(path, "empty")


def test_a_state_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "watch.sqlite"
    (tmp_path / "watch.sqlite.new").write_bytes(b"of a watch that was killed as it began")

    def killed(*_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("birdfall.watch.store.state_file.create_tables", killed)
        with pytest.raises(SystemExit):
            State.open(path)
    assert not path.exists()
    State.open(path).close()
    assert {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {"watch.sqlite": 0o600}


def foreign(path, *statements, mode="delete"):
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute(f"PRAGMA journal_mode = {mode}")
        for statement in statements:
            made.execute(statement)
    path.chmod(0o640)


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize(
    "statements",
    [
        (),
        ("CREATE TABLE bookmarks (address TEXT)", "INSERT INTO bookmarks VALUES ('a')"),
        ("CREATE TABLE meta (key TEXT, value TEXT)", "INSERT INTO meta VALUES ('format', '4')"),
        ("CREATE TABLE meta (name TEXT)", "INSERT INTO meta VALUES ('format')"),
    ],
)
def test_a_file_of_another_program_is_left_alone(tmp_path, statements, mode):
    path = tmp_path / "watch.sqlite"
    foreign(path, "CREATE TABLE other (a)", *statements, mode=mode)
    refused(path, "no watch's state")


@pytest.mark.parametrize("index", [True, False])
def test_a_file_of_another_program_that_was_killed_is_left_alone(tmp_path, index):
    path = tmp_path / "watch.sqlite"
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA journal_mode = WAL')\n"
        "c.execute('CREATE TABLE a (b)')\n"
        f"os.kill(os.getpid(), {int(signal.SIGKILL)})"
    )
    subprocess.run([sys.executable, "-c", code, str(path)])
    before = {name: (tmp_path / name).read_bytes() for name in ("watch.sqlite", "watch.sqlite-wal")}
    if not index:
        (tmp_path / "watch.sqlite-shm").unlink()
        refused(path, "no watch's state")
    with pytest.raises(CaseError, match="another program"):
        State.open(path)
    assert before == {name: (tmp_path / name).read_bytes() for name in before}
    assert len(list(tmp_path.iterdir())) == 2 + index


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (f"UPDATE meta SET value = '{FORMAT + 1}'", "another format"),
        ("UPDATE meta SET value = '0'", "another format"),
        ("UPDATE meta SET value = '-3'", "another format"),
        ("UPDATE meta SET value = 'four'", "format"),
        (f"UPDATE meta SET value = '{'9' * 5000}'", "format"),
        ("DELETE FROM meta", "does not say of which format"),
        ("DROP TABLE changes", "changes"),
        ("ALTER TABLE meta RENAME COLUMN value TO said", "no watch's state"),
    ],
)
def test_a_state_of_no_known_format_is_not_touched(tmp_path, sound, statement, says):
    path = tmp_path / "watch.sqlite"
    shutil.copy(sound, path)
    foreign(path, statement, mode="wal")
    refused(path, says)


def test_what_is_no_file_is_refused_at_once(tmp_path):
    for number, make in enumerate((os.mkdir, os.mkfifo)):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / "watch.sqlite"
        make(path)
        refused(path, "no file")
        path.rmdir() if path.is_dir() else path.unlink()
        path.symlink_to(path)
        refused(path, "cannot be read")


def test_a_state_cut_anywhere_is_refused_and_left_as_it_was(tmp_path, sound):
    whole, draw, path = sound.read_bytes(), random.Random(13), tmp_path / "watch.sqlite"
    for _ in range(40):
        path.write_bytes(whole[: draw.randrange(1, len(whole))])
        before = seen(tmp_path)
        with pytest.raises(CaseError) as error:
            State.open(path, check=True)
        assert str(path) in str(error.value)
        assert seen(tmp_path) == before


def test_a_log_without_its_state_is_not_mixed_into_a_new_one(tmp_path):
    path = tmp_path / "watch.sqlite"
    for suffix in ("-wal", "-journal"):
        left = tmp_path / f"watch.sqlite{suffix}"
        left.write_bytes(b"what was kept last")
        before = seen(tmp_path)
        with pytest.raises(CaseError, match="gone") as error:
            State.open(path)
        assert str(left) in str(error.value)
        assert seen(tmp_path) == before
        left.unlink()


def test_an_earlier_format_is_read_by_nobody_but_migrated(tmp_path, sound):
    path = tmp_path / "watch.sqlite"
    shutil.copy(sound, path)
    foreign(path, "DROP TABLE set_apart", "UPDATE meta SET value = '3'", mode="wal")
    before = seen(tmp_path)
    with pytest.raises(OlderError):
        State.open(path, read_only=True)
    assert seen(tmp_path) == before
    with closing(State.open(path)) as state:
        assert state.connection.execute("SELECT count(*) FROM set_apart").fetchone()[0] == 0
    assert path.stat().st_mode & 0o777 == 0o600


def keep_and_be_killed(folder):
    with WatchFolder(folder).open_state() as state:
        for number in range(20):
            with state.transaction():
                ingest_batch(state, "s", falls(T + number * 10**9, 20, f"n{number}-"))
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folder of a watch that was killed: much of what it kept is in the log."""
    folder = tmp_path_factory.mktemp("killed") / "w"
    child = os.fork()
    if not child:
        try:
            keep_and_be_killed(folder)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert (folder / "watch.sqlite-wal").stat().st_size > 20 * 4096
    return folder


def taken_up(folder):
    """What is said when a watch takes this folder up, and how many falls it has."""
    said = []
    with WatchFolder(folder, log=said.append).open_state() as state:
        return said, state.connection.execute("SELECT count(*) FROM changes").fetchone()[0]


def test_of_a_watch_that_was_killed_nothing_is_missing(tmp_path, killed):
    for leave in ((), ("-shm",)):
        folder = shutil.copytree(killed, tmp_path / str(len(leave)))
        for suffix in leave:
            (folder / f"watch.sqlite{suffix}").unlink()
        assert taken_up(folder) == ([], 400)
        assert taken_up(folder) == ([], 400)


def check_losses(tmp_path, killed, numbers):
    """Delete, empty, cut or change the log, as the number says, and see that it is said."""
    size = (killed / "watch.sqlite-wal").stat().st_size
    for number in numbers:
        draw = random.Random(number)
        folder = shutil.copytree(killed, tmp_path / str(number))
        log = folder / "watch.sqlite-wal"
        if number == 0:
            log.unlink()
        elif number == 1:
            log.write_bytes(b"")
        elif number % 2:
            os.truncate(log, draw.randrange(size))
        else:
            data = bytearray(log.read_bytes())
            # its own header too
            data[draw.randrange(32 if number % 4 else size - 9 * 4096)] ^= 0xFF
            log.write_bytes(data)
        said, left = taken_up(folder)
        assert left < 400, number
        assert len(said) == 1, number
        assert "lost" in said[0]
        assert str(log) in said[0]
        assert taken_up(folder) == ([], left), "it is said once"
        shutil.rmtree(folder)


def test_a_log_that_is_deleted_cut_or_changed_is_said(tmp_path, killed):
    check_losses(tmp_path, killed, range(9))


@pytest.mark.slow
def test_a_log_that_is_deleted_cut_or_changed_anywhere_is_said(tmp_path, killed):
    check_losses(tmp_path, killed, range(9, 200))


def test_a_copy_of_the_file_alone_while_a_watch_writes_it_is_said(tmp_path, killed):
    (tmp_path / "w").mkdir()
    shutil.copy(killed / "watch.sqlite", tmp_path / "w")
    assert len(taken_up(tmp_path / "w")[0]) == 1


def test_removed_people_do_not_come_back_when_the_key_is_gone(tmp_path):
    path = tmp_path / "watch.sqlite"
    with closing(State.open(path)) as state, state.transaction():
        ingest_batch(state, "s", falls(T, 3))
    remove_from_watch(tmp_path, "a1")
    key = tmp_path / "pseudonyms.key"
    whole = key.read_bytes()
    for left in (b"", whole[:7], None):
        key.unlink()
        if left is not None:
            key.write_bytes(left)
        for read_only in (True, False):
            with pytest.raises(CaseError, match="removed") as error:
                State.open(path, read_only=read_only)
            assert str(key) in str(error.value)
        if left is None:
            assert not key.exists()
            key.mkdir()
            with pytest.raises(CaseError):
                State.open(path)
            key.rmdir()
            key.write_bytes(whole)
    State.open(path).close()
