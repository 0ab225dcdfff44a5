"""Visitors who hold connections: how long somebody who asks at once waits meanwhile, and whether
the server ends when it is told to. Dashboard and workspace, each as a process of its own.

python tests/watch/attack_doors.py [--many N]
"""

import argparse
import contextlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent), str(ROOT / "src")]

from birdfall.watch.store.database import State  # noqa: E402

TOKEN = "t" * 24
HOST = b"Host: 127.0.0.1\r\n"
#: How connections are held: what each says, and whether it takes what it is sent.
ATTACKS = {
    "half a head": (b"GET /en/now HTTP/1.1\r\n" + HOST + b"X: ", 205),
    "half a body": (
        b"POST /en/wave/1/case HTTP/1.1\r\n" + HOST + b"Content-Length: 9000\r\n\r\nx",
        205,
    ),
    "streams of news": (b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "answers that nobody takes": (
        (b"GET /assets/dashboard.js HTTP/1.1\r\n" + HOST + b"\r\n") * 40,
        200,
    ),
    "opened and left": (b"", 10_000),
}  # fmt: skip
#: Pages asked for meanwhile.
PAGES = 10


@contextlib.contextmanager
def serving(kind, folder):
    """A server; its process, port and the headers that let in."""
    if kind == "dashboard":
        State.open(folder / "watch.sqlite").close()
        (folder / "token").write_text(TOKEN)
        command = ("serve", folder, "--at", "127.0.0.1:0", "--token-file", folder / "token")
    else:
        command = ("app", "--folder", folder / "work", "--no-browser")
    process = subprocess.Popen(
        [sys.executable, "-m", "birdfall", *map(str, command)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        address = process.stdout.readline().strip()
        port = int(re.search(r":(\d+)/", address)[1])
        cookie = ""
        if "token=" in address:
            # who asks has been let in; who attacks has not
            answer = ask(port, "/" + address.partition("/")[2].partition("/")[2].partition("/")[2])
            cookie = re.search(r"set-cookie: ([^;]+)", answer[1], re.IGNORECASE)[1]
        yield process, port, cookie
    finally:
        process.kill()
        process.wait()


def ask(port, path, cookie=""):
    """(seconds, the head of the answer) of one page; no head where none came within 20 s."""
    begin = time.monotonic()
    lines = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
    if cookie:
        lines += f"Cookie: {cookie}\r\n"
    head = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), 20) as one,
    ):
        one.sendall(lines.encode() + b"\r\n")
        while b"\r\n\r\n" not in head:
            part = one.recv(65536)
            if not part:
                break
            head += part
    return time.monotonic() - begin, head.decode("latin-1")


def hold(port, said, number, held, over):
    """Open connections, and open another for each that was ended, until it is over."""
    while not over.is_set():
        while len(held) < number and not over.is_set():
            with contextlib.suppress(OSError):
                one = socket.create_connection(("127.0.0.1", port), 5)
                held.append(one)
                one.settimeout(0.5)
                one.sendall(said)
        over.wait(1.0)


def attack(kind, name, number, seconds=8.0):
    """Hold connections; (how many, pages served, the slowest in seconds, seconds until the server
    ended).
    """
    said, usual = ATTACKS[name]
    held, over, times = [], threading.Event(), []
    with tempfile.TemporaryDirectory() as folder, serving(kind, Path(folder)) as server:
        process, port, cookie = server
        page = "/en/now" if kind == "dashboard" else "/en/"
        ask(port, page, cookie)
        holder = threading.Thread(
            target=hold, args=(port, said, number or usual, held, over), daemon=True
        )
        holder.start()
        for _ in range(PAGES):
            time.sleep(seconds / PAGES)
            took, head = ask(port, page, cookie)
            times.append((took, " 200 " in head[:20]))
        opened = len(held)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            times.append((0.0, False))
        ended = time.monotonic() - begin
        over.set()
        holder.join(10)
        for one in held:
            one.close()
    return opened, sum(ok for _, ok in times), max(t for t, _ in times), ended


def main():
    """Attack each in each way, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--many", type=int, default=0, help="connections, instead of the usual")
    given = parser.parse_args()
    wrong = 0
    print("| held against | how | connections | pages served | slowest | ended after SIGTERM |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in ("dashboard", "workspace"):
        for name in ATTACKS:
            opened, served, slowest, ended = attack(kind, name, given.many)
            wrong += served < PAGES or ended > 15
            print(
                f"| {kind} | {name} | {opened:,} | {served} of {PAGES} | {slowest:.2f} s "
                f"| {ended:.1f} s |",
                flush=True,
            )
    print(f"{wrong} attacks locked somebody out, or kept the server")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
