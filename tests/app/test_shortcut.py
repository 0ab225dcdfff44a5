"""The icon on the desktop: what it holds opens the workspace, whatever the paths are called."""

import configparser
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from birdfall.app import shortcut
from birdfall.app.shortcut import (
    WINDOWS_SCRIPT,
    app_command,
    desktop_entry,
    desktop_folder,
    macos_command,
    put_shortcut,
)
from birdfall.model.errors import UsageError
from commands import birdfall

HOSTILE = ["/a b/py%thon", "-m", 'quo"te', "back\\slash", "$HOME", "`id`", "über", "tab\there"]


def unescape(value):
    """A value of a .desktop file, then its words, as the specification reads them."""
    plain, rest = "", iter(value)
    for c in rest:
        if c == "\\":
            c = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[next(rest)]
        plain += c
    words, word, inside, signs = [], "", False, iter(plain)
    for c in signs:
        if c == '"':
            inside = not inside
        elif c == "\\" and inside:
            word += next(signs)
        elif c == " " and not inside:
            words.append(word)
            word = ""
        else:
            word += c
    return [w.replace("%%", "%") for w in [*words, word]]


def test_a_desktop_entry_holds_the_command_word_for_word():
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str
    parsed.read_string(desktop_entry(HOSTILE))
    entry = parsed["Desktop Entry"]
    assert unescape(entry["Exec"]) == HOSTILE
    assert entry["Type"] == "Application" and entry["Terminal"] == "false"
    assert Path(entry["Icon"]).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_a_command_of_macos_runs_the_words(tmp_path):
    path = tmp_path / "Birdfall.command"
    path.write_text(macos_command(["printf", "%s\\n", *HOSTILE]))
    told = subprocess.run(["sh", path], capture_output=True, text=True, check=True).stdout
    assert told.split("\n")[:-1] == HOSTILE


def test_what_windows_runs_comes_by_the_environment(monkeypatch, tmp_path):
    asked = {}

    def run(command, **more):
        asked.update(command=command, **more)
        return subprocess.CompletedProcess(command, 0, f"{tmp_path / 'Birdfall.lnk'}\n", "")

    monkeypatch.setattr(shortcut.sys, "platform", "win32")
    monkeypatch.setattr(shortcut.subprocess, "run", run)
    assert put_shortcut(tmp_path / "my cases & more") == tmp_path / "Birdfall.lnk"
    assert asked["command"][-1] == WINDOWS_SCRIPT
    assert asked["env"]["BIRDFALL_TARGET"] == sys.executable
    assert asked["env"]["BIRDFALL_ARGUMENTS"] == subprocess.list2cmdline(
        app_command(tmp_path / "my cases & more")[1:]
    )


def test_the_desktop_is_where_the_system_says(tmp_path):
    with pytest.raises(UsageError, match="no desktop"):
        desktop_folder(tmp_path, {})
    (tmp_path / "Desktop").mkdir()
    assert desktop_folder(tmp_path, {}) == tmp_path / "Desktop"
    (tmp_path / ".config").mkdir()
    (tmp_path / "Escritorio").mkdir()
    (tmp_path / ".config" / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Escritorio"\n')
    assert desktop_folder(tmp_path, {}) == tmp_path / "Escritorio"


@pytest.mark.skipif(sys.platform != "linux", reason="where a desktop is a folder")
def test_the_command_puts_the_icon_and_replaces_only_its_own(tmp_path, monkeypatch):
    (tmp_path / "Desktop").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for _ in range(2):
        done = birdfall("app", "--shortcut", "--folder", tmp_path / "cases", check=0)
    path = tmp_path / "Desktop" / "birdfall.desktop"
    assert done.stdout.strip() == str(path)
    assert path.stat().st_mode & stat.S_IXUSR
    assert shlex.quote(sys.executable) in path.read_text()
    assert not (tmp_path / "cases").exists()
    path.write_text("something else")
    birdfall("app", "--shortcut", check=2)
    assert path.read_text() == "something else"
