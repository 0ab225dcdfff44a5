"""Try drawn conversations with hostile servers, and write the table of what they ended in.

python tests/watch/try_faults.py [--conversations N] [--seed S] [--write] [PROTOCOL...]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "src")]

from hostile import PROTOCOLS, converse_often  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "faults.md"
BEGIN, END = "<!-- table: tests/watch/try_faults.py -->", "<!-- end of the table -->"
COLUMNS = ("conversations with", "tried", "seed", "lost", "doubled", "ended", "leaked", "unsaid")
HEAD = "".join(f"| {' | '.join(cells)} |\n" for cells in (COLUMNS, ["---"] * len(COLUMNS)))


def main():
    """Try, say, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help=", ".join(PROTOCOLS))
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    given = parser.parse_args()
    rows, wrong, tried = [], [], 0
    for protocol in given.protocols or PROTOCOLS:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = converse_often(protocol, given.conversations, given.seed, Path(folder))
        tried += found.tried
        wrong += found.wrong
        rows.append(
            f"| {protocol} | {found.tried:,} | {given.seed} | {found.lost} | {found.doubled} | "
            f"{found.ended} | {found.leaked} | {found.unsaid} |\n"
        )
        print(f"{rows[-1].strip()} {time.monotonic() - begin:.0f} s", flush=True)
    if given.write:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{HEAD}{''.join(rows)}{END}{after}", "utf-8")
    for one in wrong[:20]:
        print("wrong:", *one)
    print(f"{tried:,} conversations, {len(wrong)} went wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
