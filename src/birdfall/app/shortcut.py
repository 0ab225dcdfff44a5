"""An icon on the desktop that opens the workspace: a `.desktop` file, a link of Windows, or a
`.command` of macOS.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.record.atomic import SHARED, write_text

#: A line by which a file is known to be one of ours.
MARK: Final = "Birdfall workspace"
#: Makes a link on the desktop; what it holds comes by the environment, so that nothing of it is
#: taken for a command.
WINDOWS_SCRIPT: Final = (
    "$p = Join-Path ([Environment]::GetFolderPath('Desktop')) 'Birdfall.lnk'; "
    "$s = (New-Object -ComObject WScript.Shell).CreateShortcut($p); "
    "$s.TargetPath = $env:BIRDFALL_TARGET; $s.Arguments = $env:BIRDFALL_ARGUMENTS; "
    "$s.WindowStyle = 7; $s.Description = $env:BIRDFALL_MARK; $s.Save(); $p"
)
_WINDOWS_SECONDS: Final = 60


def app_command(folder: Path | None = None) -> list[str]:
    """What opens the workspace, without a shell. folder: of the cases; None: the usual one."""
    own = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "birdfall"]
    return [*own, "app", *([] if folder is None else ["--folder", str(folder.resolve())])]


def put_shortcut(folder: Path | None = None, desktop: Path | None = None) -> Path:
    """Put the icon on the desktop; where it lies. One that was put before is replaced.

    Parameters
    ----------
    folder
        The folder of cases that it opens; None: the usual one.
    desktop
        The folder of the desktop; None: that of this person.

    Raises
    ------
    UsageError
        If there is no desktop, or something else of that name lies there.
    """
    command = app_command(folder)
    if sys.platform == "win32" and desktop is None:
        return _put_windows_link(command)
    place = desktop or desktop_folder(Path.home(), os.environ)
    if sys.platform == "darwin":
        path, text = place / "Birdfall.command", macos_command(command)
    else:
        path, text = place / "birdfall.desktop", desktop_entry(command)
    if path.exists() and MARK not in path.read_text("utf-8", "replace"):
        raise UsageError(
            "something else of this name lies on the desktop",
            where=str(path),
            fix="Move it elsewhere, then ask again.",
        )
    try:
        write_text(path, text, mode=SHARED)
        path.chmod(0o755)
    except OSError as error:
        raise UsageError(
            "the icon could not be put there", where=str(path), why=str(error.strerror)
        ) from error
    return path


def desktop_folder(home: Path, environment: dict[str, str] | os._Environ[str]) -> Path:
    """The folder of the desktop: what the system names so, else `Desktop`.

    Raises UsageError if there is none.
    """
    settings = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "user-dirs.dirs"
    named = None
    if settings.is_file():
        text = settings.read_text("utf-8", "replace")
        named = re.search(r'^XDG_DESKTOP_DIR="(\$HOME)?(/[^"]*)"', text, re.MULTILINE)
    found = home / "Desktop"
    if named is not None:
        found = Path(f"{home}{named[2]}" if named[1] else named[2])
    if not found.is_dir():
        raise UsageError(
            "there is no desktop here",
            where=str(found),
            fix="Open the workspace with: birdfall app",
        )
    return found


def desktop_entry(command: Sequence[str]) -> str:
    """A `.desktop` file as freedesktop.org describes it."""
    icon = files("birdfall.app").joinpath("assets/icon.svg")
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Version=1.5",
        "Name=Birdfall",
        f"Comment={MARK}",
        f"Exec={' '.join(_desktop_word(word) for word in command)}",
        f"Icon={_desktop_value(str(icon))}",
        "Terminal=false",
        "Categories=Science;DataVisualization;",
    )
    return "\n".join(lines) + "\n"


def _desktop_word(word: str) -> str:
    """A word of Exec: quoted for the command, then escaped as any value."""
    quoted = re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%")
    return _desktop_value(f'"{quoted}"')


def _desktop_value(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def macos_command(command: Sequence[str]) -> str:
    """A file that macOS runs by a double click."""
    return f"#!/bin/sh\n# {MARK}\nexec {shlex.join(command)}\n"


def _put_windows_link(command: Sequence[str]) -> Path:
    environment = {
        **os.environ,
        "BIRDFALL_TARGET": command[0],
        "BIRDFALL_ARGUMENTS": subprocess.list2cmdline(command[1:]),
        "BIRDFALL_MARK": MARK,
    }
    try:
        done = subprocess.run(
            ["powershell", "-NoProfile", "-NonInteractive", "-Command", WINDOWS_SCRIPT],
            env=environment, capture_output=True, text=True, timeout=_WINDOWS_SECONDS, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(
            "the icon could not be put on the desktop",
            why=str(error),
            fix="Open the workspace with: birdfall app",
        ) from error
    return Path(done.stdout.strip())
