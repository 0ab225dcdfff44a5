"""Every command on many rows where `ulimit -v` limits memory: each does its work, or ends with a
sentence.

    python tests/e2e/try_memory.py [--rows N] [MEGABYTES...]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

MEGABYTE = 1 << 20
#: A million rows, and what is allowed, in megabytes.
ROWS, LIMITS = 1_000_000, (700, 1000, 1500, 2500, 4000)
#: A wave within the rows, so that there is something to measure.
FALLEN = 500


class Tried(NamedTuple):
    """A command that was run: how it ended, what it said last, and what is wrong with that."""

    command: str
    code: int
    seconds: float
    said: str
    wrong: str


def write_rows(path, number):
    """Suspensions, one in half a minute, and some of them in a wave."""
    with path.open("w") as file:
        file.write("account,status,time\n")
        moment = 1_700_000_000
        for i in range(number):
            moment += 1 if number // 2 < i < number // 2 + FALLEN else 30
            file.write(f"b{i},suspended,{moment}\n")


def try_within(megabytes, rows, folder):
    """Try every command that reads or measures; a row each."""
    path, case = folder / "rows.csv", folder / "case"
    write_rows(path, rows)
    commands = (
        ("look", path),
        ("import", path, "-o", case),
        ("run", case),
        ("check", case, "@b1 lost 200 followers"),
        ("coordinate", case),
        ("export", case, "--format", "parquet", "-o", folder / "out"),
        ("verify", case),
    )
    return [_try(megabytes, [str(word) for word in command]) for command in commands]


def _try(megabytes, words):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEGABYTE,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "birdfall", *words],
        capture_output=True, text=True, preexec_fn=limit, timeout=3600,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    said = next((line for line in lines if line.startswith("birdfall: ")), "")
    wrong = [w for w in ("Traceback", "nobody foresaw", "damaged") if w in done.stderr + said]
    if done.returncode not in range(5):
        wrong.append(f"exit {done.returncode}")
    if done.returncode == 1 and not said and not done.stdout:
        wrong.append("not a word")
    return Tried(words[0], done.returncode, time.monotonic() - begun, said, " ".join(wrong))


def main():
    """Try, and say what came of it; 1 if a command ended without a sentence."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("limits", nargs="*", type=int, metavar="MEGABYTES")
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    bad = 0
    for megabytes in given.limits or LIMITS:
        with tempfile.TemporaryDirectory() as folder:
            for one in try_within(megabytes, given.rows, Path(folder)):
                bad += bool(one.wrong)
                print(
                    f"| {megabytes} | {one.command} | {one.code} | {one.seconds:.0f} | "
                    f"{one.said or '-'} | {one.wrong or '-'} |",
                    flush=True,
                )
    print(f"{bad} ended without a sentence")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
