"""A wave on a real server, on the dashboard: `make live-demo`, which installs the server first.

    python examples/live_demo.py [--port 8470] [--quiet 25] [--once]

A host of the AT Protocol and the directory it needs, software nobody here wrote, are started on
this machine alone. Two hundred and twelve accounts are made on it and follow each other; `birdfall
watch` is connected to its stream; then the host's administrator takes down eighty followers of one
account within eight seconds, and restores sixty. Ctrl-C ends everything and removes what was
written.
--once ends it after the wave.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# the network and the script of the wave are the tests' own
sys.path[:0] = [str(ROOT / "tests" / "live"), str(ROOT / "tests")]

DOWN, BACK = 80, 60


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def play(network, folder: Path, port: int, quiet: float, once: bool) -> None:
    from scenario import people

    say("Making 212 accounts that follow each other, on a real server on this machine ...")
    scenario = people(network)
    command = [
        sys.executable,
        "-m",
        "birdfall",
        "watch",
        network.stream,
        "--state",
        str(folder / "watch"),
        "--start",
        "all",
        "--leader",
        scenario.leader["did"],
        "--leader",
        scenario.control["did"],
        "--dashboard",
        str(port),
        "--simulated",
    ]
    watch = subprocess.Popen(command)
    try:
        time.sleep(3)
        scenario.everyday()
        say(
            f"Open the dashboard (http://127.0.0.1:{port}/). "
            f"It is quiet; the wave comes in {quiet:.0f} seconds."
            if port
            else "It is quiet."
        )
        time.sleep(quiet)
        say(
            f"Now {DOWN} of the leader's followers are taken down. "
            "Look at the page: what happened, to whom, what to check next?"
        )
        scenario.down(scenario.ring[:DOWN], seconds=8)
        time.sleep(15)
        say(f"{BACK} of them come back.")
        scenario.up(scenario.ring[:BACK], seconds=5)
        time.sleep(3)
        say(
            "That was all. From the wave's page one click makes a case and its full report. "
            "Ctrl-C ends everything."
        )
        if once:
            return
        watch.wait()
    finally:
        if watch.poll() is None:
            watch.send_signal(signal.SIGINT)
            watch.wait(30)


def main() -> int:
    options = argparse.ArgumentParser(description="A wave on a real server, on the dashboard.")
    options.add_argument(
        "--port",
        type=int,
        default=8470,
        help="where the dashboard stands on this machine; 0 finds a free port",
    )
    options.add_argument(
        "--quiet", type=float, default=25.0, help="seconds of quiet before the wave"
    )
    options.add_argument("--once", action="store_true", help="end after the wave")
    asked = options.parse_args()
    from network import SERVERS, Network

    if not (SERVERS / "node_modules").is_dir():
        say("The server is not installed yet: run make live-demo (Node 20).")
        return 2
    with tempfile.TemporaryDirectory(prefix="birdfall-live-demo-") as folder:
        network = Network()
        try:
            play(network, Path(folder), asked.port, asked.quiet, asked.once)
        except KeyboardInterrupt:
            say("Ended.")
        finally:
            network.close()
    return 0


if __name__ == "__main__":
    # a shell that starts it in the background hands on SIGINT ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
