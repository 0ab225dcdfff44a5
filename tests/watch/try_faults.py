"""Try drawn conversations with hostile servers, and write the table of what they ended in.

    python tests/watch/try_faults.py [--conversations N] [--seed S] [--write] [PROTOCOL...]

A run that is stopped goes on where it was (build/hostile.json).
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT / "src")]

from conversations import PROTOCOLS, converse_on  # noqa: E402
from hostile import small_limits  # noqa: E402

PAGE = ROOT / "docs" / "faults.md"
PROGRESS = ROOT / "build" / "hostile.json"
BEGIN, END = "<!-- table: tests/watch/try_faults.py -->", "<!-- end of the table -->"
FOUND = ("tried", "lost", "doubled", "ended", "leaked", "unsaid")
COLUMNS = ("conversations with", "tried", "seed", *FOUND[1:])
HEAD = "".join(f"| {' | '.join(cells)} |\n" for cells in (COLUMNS, ["---"] * len(COLUMNS)))
#: Conversations after which what was found is kept.
ROUND = 100
#: Protocols that are tried at once.
TOGETHER = 4


def row_of(protocol, seed, found):
    """The row of the table."""
    cells = (protocol, f"{found['tried']:,}", seed, *(found[name] for name in FOUND[1:]))
    return f"| {' | '.join(map(str, cells))} |\n"


def try_often(protocol, conversations, seed, found, keep):
    """Go on until so many were tried; `keep()` after each round. The row of the table."""
    begin = time.monotonic()
    while found["tried"] < conversations:
        numbers = range(found["tried"], min(found["tried"] + ROUND, conversations))
        with tempfile.TemporaryDirectory() as folder:
            outcome = converse_on(protocol, numbers, seed, Path(folder))
        for name in FOUND:
            found[name] += getattr(outcome, name)
        found["wrong"] += [one[2] for one in outcome.wrong]
        keep()
    row = row_of(protocol, seed, found)
    print(f"{row.strip()} {time.monotonic() - begin:.0f} s", flush=True)
    if found["wrong"]:
        print(f"wrong: {protocol}, seed {seed}, numbers {found['wrong'][:20]}", flush=True)
    return row


def main():
    """Try, say, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help=", ".join(PROTOCOLS))
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    parser.add_argument("--anew", action="store_true", help="forget what was tried before")
    given = parser.parse_args()
    PROGRESS.parent.mkdir(exist_ok=True)
    done = {}
    if PROGRESS.exists() and not given.anew:
        done = json.loads(PROGRESS.read_text("utf-8"))
    wanted = given.protocols or list(PROTOCOLS)
    found = {
        protocol: done.setdefault(
            f"{protocol} {given.seed}", dict.fromkeys(FOUND, 0) | {"wrong": []}
        )
        for protocol in wanted
    }
    lock = threading.Lock()

    def keep():
        with lock:
            PROGRESS.write_text(json.dumps(done), "utf-8")

    # a conversation mostly waits: several at once take hardly longer than one
    with small_limits(), ThreadPoolExecutor(TOGETHER) as pool:
        rows = list(
            pool.map(
                lambda protocol: try_often(
                    protocol, given.conversations, given.seed, found[protocol], keep
                ),
                wanted,
            )
        )
    tried = sum(one["tried"] for one in found.values())
    wrong = sum(len(one["wrong"]) for one in found.values())
    if given.write:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{HEAD}{''.join(rows)}{END}{after}", "utf-8")
    print(f"{tried:,} conversations, {wrong} went wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
