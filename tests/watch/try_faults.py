"""Try drawn conversations with hostile servers, and write the table of what they ended in.

    python tests/watch/try_faults.py [--conversations N] [--seed S] [--write] [PROTOCOL...]

A run that is stopped goes on where it was (build/hostile.json).
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT / "src")]

from conversations import PROTOCOLS, converse_often  # noqa: E402

PAGE = ROOT / "docs" / "faults.md"
PROGRESS = ROOT / "build" / "hostile.json"
BEGIN, END = "<!-- table: tests/watch/try_faults.py -->", "<!-- end of the table -->"
FOUND = ("tried", "lost", "doubled", "ended", "leaked", "unsaid")
COLUMNS = ("conversations with", "tried", "seed", *FOUND[1:])
HEAD = "".join(f"| {' | '.join(cells)} |\n" for cells in (COLUMNS, ["---"] * len(COLUMNS)))
#: Conversations after which what was found is kept.
ROUND = 100


def row_of(protocol, seed, found):
    """The row of the table."""
    cells = (protocol, f"{found['tried']:,}", seed, *(found[name] for name in FOUND[1:]))
    return f"| {' | '.join(map(str, cells))} |\n"


def try_often(protocol, conversations, seed, found, keep):
    """Go on until so many were tried; `keep(found)` after each round."""
    while found["tried"] < conversations:
        number = min(ROUND, conversations - found["tried"])
        with tempfile.TemporaryDirectory() as folder:
            outcome = converse_often(protocol, number, seed, Path(folder), begin=found["tried"])
        for name in FOUND:
            found[name] += getattr(outcome, name)
        found["wrong"] += [one[2] for one in outcome.wrong]
        keep()


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
    rows, tried, wrong = [], 0, 0
    for protocol in given.protocols or PROTOCOLS:
        name = f"{protocol} {given.seed}"
        found = done.setdefault(name, dict.fromkeys(FOUND, 0) | {"wrong": []})
        begin = time.monotonic()
        try_often(
            protocol,
            given.conversations,
            given.seed,
            found,
            lambda: PROGRESS.write_text(json.dumps(done), "utf-8"),
        )
        rows.append(row_of(protocol, given.seed, found))
        tried += found["tried"]
        wrong += len(found["wrong"])
        print(f"{rows[-1].strip()} {time.monotonic() - begin:.0f} s", flush=True)
        if found["wrong"]:
            print(f"wrong: {protocol}, seed {given.seed}, numbers {found['wrong'][:20]}")
    if given.write:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{HEAD}{''.join(rows)}{END}{after}", "utf-8")
    print(f"{tried:,} conversations, {wrong} went wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
