"""Birdfall runs on Linux, macOS and Windows: what one of them lacks is used behind a check."""

import ast
from pathlib import Path

import pytest

import birdfall

ROOT = Path(birdfall.__file__).parent
#: Modules of the standard library that Windows lacks.
POSIX_MODULES = {
    "fcntl", "grp", "nis", "posix", "pty", "pwd", "readline", "resource", "spwd",
    "syslog", "termios", "tty",
}  # fmt: skip
#: Functions and signals that Windows lacks, as `module.name`.
POSIX_NAMES = {
    "asyncio.add_signal_handler", "os.chown", "os.fchmod", "os.fork", "os.forkpty", "os.getegid",
    "os.geteuid", "os.getgid", "os.getpgid", "os.getuid", "os.killpg", "os.lchown", "os.mkfifo",
    "os.nice", "os.pread", "os.setpgid", "os.setsid", "os.statvfs", "os.sysconf", "os.uname",
    "os.wait", "select.epoll", "select.kqueue", "select.poll", "select.select", "signal.SIGALRM",
    "signal.SIGCHLD", "signal.SIGHUP", "signal.SIGKILL", "signal.SIGPIPE", "signal.SIGQUIT",
    "signal.SIGSTOP", "signal.SIGUSR1", "signal.SIGUSR2", "signal.alarm", "signal.pause",
    "signal.pthread_sigmask", "signal.setitimer", "signal.sigwait", "socket.AF_UNIX",
    "time.tzset",
}  # fmt: skip
#: What no file name on Windows may hold, and names that are devices there.
FORBIDDEN_CHARACTERS = set('<>:"|?*\\')
DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


def asks_platform(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Attribute) and ast.unparse(part) in ("sys.platform", "os.name")
        for part in ast.walk(node)
    )


def posix_uses(source: str) -> list[str]:
    """What `source` uses that Windows lacks, without asking for the platform first."""
    found: list[str] = []

    def visit(node: ast.AST, guarded: bool) -> None:
        if isinstance(node, ast.Import) and not guarded:
            found.extend(a.name for a in node.names if a.name.split(".")[0] in POSIX_MODULES)
        if isinstance(node, ast.ImportFrom) and not guarded and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            found.extend(n for n in names if n in POSIX_MODULES | POSIX_NAMES)
        if isinstance(node, ast.Attribute) and not guarded and ast.unparse(node) in POSIX_NAMES:
            found.append(ast.unparse(node))
        if isinstance(node, (ast.If, ast.IfExp, ast.BoolOp)):
            guarded = guarded or asks_platform(
                node.values[0] if isinstance(node, ast.BoolOp) else node.test
            )
        if isinstance(node, ast.FunctionDef):
            guarded = guarded or returns_first_elsewhere(node)
        for child in ast.iter_child_nodes(node):
            visit(child, guarded)

    visit(ast.parse(source), False)
    return found


def returns_first_elsewhere(function: ast.FunctionDef) -> bool:
    """Whether a function begins by returning on the other platform."""
    body = [
        s
        for s in function.body
        if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
    ]
    return bool(
        body
        and isinstance(body[0], ast.If)
        and asks_platform(body[0].test)
        and isinstance(body[0].body[-1], ast.Return)
    )


def test_no_module_uses_what_windows_lacks():
    wrong = {
        path.relative_to(ROOT).as_posix(): uses
        for path in sorted(ROOT.rglob("*.py"))
        if (uses := posix_uses(path.read_text("utf-8")))
    }
    assert not wrong, wrong


@pytest.mark.parametrize(
    ("source", "uses"),
    [
        ("import fcntl", ["fcntl"]),
        ("import os, pwd", ["pwd"]),
        ("from resource import getrusage", ["resource"]),
        ("from os import fork", ["os.fork"]),
        ("def f():\n    import termios", ["termios"]),
        ("os.killpg(1, signal.SIGKILL)", ["os.killpg", "signal.SIGKILL"]),
        ("if quick:\n    select.select([0], [], [])", ["select.select"]),
        ("if sys.platform != 'win32':\n    import fcntl", []),
        ("if sys.platform != 'win32' and not select.select([0], [], [], 1)[0]: pass", []),
        ("def f():\n    if os.name == 'nt':\n        return\n    os.fork()", []),
        ("import os, signal\nsignal.signal(signal.SIGTERM, stop)", []),
    ],
)  # fmt: skip
def test_the_check_sees_what_windows_lacks(source, uses):
    assert posix_uses(source) == uses


def test_every_file_name_of_the_package_is_one_on_windows_too():
    names = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*")
        if "__pycache__" not in path.parts
    ]
    wrong = [
        name
        for name in names
        for part in name.split("/")
        if FORBIDDEN_CHARACTERS & set(part)
        or part.split(".")[0].casefold() in DEVICES
        or part[-1] in " ."
    ]
    assert not wrong
    assert len({name.casefold() for name in names}) == len(names), "two names differ by case alone"
