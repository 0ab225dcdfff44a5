"""What takes hours: part after part, resumable, with its results kept as dated rows.

    python tests/nightly.py [--list] [PART...]

Each part is a row of docs/nightly.md as soon as it ends. A run that is stopped goes on with the
part it was at; parts of many repetitions go on within themselves, and their row says how many of
how many were done.
"""

import argparse
import datetime as dt
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from processes import end, start

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
PAGE = ROOT / "docs" / "nightly.md"
HEADER = """# Nightly runs

What takes too long for every change, run by `make nightly`: one row a part, the newest first. "So
far" is a part that was stopped, and goes on there. A part that has no row has not been run since
this page is kept.

| date | commit | part | result | minutes |
| --- | --- | --- | --- | --- |
"""
SO_FAR = "so far "


class Repetitions(NamedTuple):
    """How far a part of many repetitions has come.

    file: in build/, where the part keeps it. count: (done, went wrong) of what it holds. number:
    how many there are. wrong: what it is called where one went wrong.
    """

    file: str
    count: Callable[[str], tuple[int, int]]
    number: int
    wrong: str

    def so_far(self) -> tuple[int, int]:
        """How many are done, and how many of them went wrong."""
        path = BUILD / self.file
        return self.count(path.read_text("utf-8")) if path.exists() else (0, 0)


class Part(NamedTuple):
    """What it is, its command, and its repetitions if it can go on within itself."""

    what: str
    command: tuple[str, ...]
    repetitions: Repetitions | None = None


class Row(NamedTuple):
    """One row of the page."""

    date: str
    commit: str
    part: str
    result: str
    minutes: str

    def __str__(self) -> str:
        return f"| {' | '.join(self)} |\n"


def script(*words: str) -> tuple[str, ...]:
    """A command of this Python."""
    return (sys.executable, *words)


def count_faults(text: str) -> tuple[int, int]:
    """Seeded faults that were tried, and those that nothing caught."""
    found = [json.loads(line)["caught"] for line in text.splitlines()]
    return len(found), sum(not by for by in found)


def count_conversations(text: str) -> tuple[int, int]:
    """Conversations of all protocols."""
    found = json.loads(text).values()
    return sum(one["tried"] for one in found), sum(len(one["wrong"]) for one in found)


def count_files(text: str) -> tuple[int, int]:
    """Damaged files that were read, and those at which a reader raised what it must not."""
    found = json.loads(text)
    return found["done"], found["faults"]


def count_kills(text: str) -> tuple[int, int]:
    """Kills of all commands, and stories in which something was lost, doubled or dated anew."""
    found = json.loads(text).values()
    wrong = sum(one["lost"] + one["doubled"] + one["dated"] for one in found)
    return sum(one["kills"] for one in found), wrong


def count_worlds(text: str) -> tuple[int, int]:
    """Worlds of all promises, and those in which the promise did not hold."""
    held = [one for worlds in json.loads(text).values() for one in worlds]
    return len(held), len(held) - sum(held)


def number_of_files(each: int) -> int:
    """Damaged files of all readers, `each` of one."""
    sys.path.insert(0, str(ROOT / "tests" / "sources"))
    from fuzz_files import READERS

    return each * len(READERS)


def number_of_conversations(each: int) -> int:
    """How many there are with `each` a protocol."""
    sys.path.insert(0, str(ROOT / "tests" / "watch"))
    from try_faults import PROTOCOLS

    return each * len(PROTOCOLS)


def number_of_worlds() -> int:
    """How many worlds the audit draws."""
    sys.path.insert(0, str(ROOT))
    from audit.promises import PROMISES

    return sum(promise.worlds for promise in PROMISES)


def parts() -> dict[str, Part]:
    """All parts by name, the shortest first."""
    return {
        "slow": Part("the slow suites", ("make", "test-slow")),
        "calibration": Part("explanations on 30,000 new worlds", ("make", "test-calibration")),
        "cluster": Part(
            "a whole inquiry on Sail and Apache Spark: a million rows, as on one machine",
            script("tests/cluster/run.py", "--accounts", "100000"),
        ),
        "live": Part("real servers: 10,000 accounts, moderation, a wiki", ("make", "test-nightly")),
        "whole-job": Part(
            "processor and memory of the whole job, against the table that is kept",
            script("benchmarks/whole_job.py", "--check"),
        ),
        "words": Part(
            "a word that changes the truth, put anywhere into every sentence of known truth",
            script("-m", "pytest", "-q", "-m", "nightly", "tests/claims"),
        ),
        "days": Part(
            "all days of a recorded year, second by second",
            script("-m", "pytest", "-q", "-m", "nightly", "tests/watch/test_real_days.py"),
        ),
        "mutants": Part(
            "forty seeded faults",
            script("tests/mutants.py"),
            Repetitions("mutants.jsonl", count_faults, 40, "survived"),
        ),
        "hostile": Part(
            "10,000 drawn conversations with hostile servers for each protocol",
            script("tests/watch/try_faults.py", "--conversations", "10000"),
            Repetitions(
                "hostile.json", count_conversations, number_of_conversations(10_000), "went wrong"
            ),
        ),
        "damaged": Part(
            "20,000 damaged files for every reader",
            script(
                "tests/sources/fuzz_files.py",
                "--files",
                "20000",
                "--each-reader",
                "--state",
                "build/damaged-readers.json",
            ),
            Repetitions("damaged-readers.json", count_files, number_of_files(20_000), "faults"),
        ),
        "kills": Part(
            "500 kills each of import, run, and a watch of a recording, Jetstream and the firehose",
            script("tests/watch/kill_often.py", "--kills", "500"),
            Repetitions("kills.json", count_kills, 2500, "stories went wrong"),
        ),
        "hardships": Part(
            "an hour at 2,000 events a second, a million accounts, frames of 100 MB, a slow disk",
            script("tests/watch/try_hardships.py", "--events", "7200000"),
        ),
        "lines": Part(
            "10,000 drawn command lines, of all commands with all their options",
            script("-m", "pytest", "-q", "-m", "nightly", "tests/e2e/test_command_line_fuzz.py"),
        ),
        "memory": Part(
            "every command on a million rows where `ulimit -v` limits memory",
            script("tests/e2e/try_memory.py"),
        ),
        "doors": Part(
            "attacks on the doors of dashboard and workspace",
            script("tests/watch/attack_doors.py"),
        ),
        "audit": Part(
            "every promise of a measure on worlds of another make",
            script("-m", "audit", "--minutes", "600"),
            Repetitions("audit.json", count_worlds, number_of_worlds(), "did not hold"),
        ),
    }


def load_done() -> set[str]:
    """Parts of this round that are done."""
    state = BUILD / "nightly.json"
    return set(json.loads(state.read_text("utf-8"))) if state.exists() else set()


def keep_done(done: set[str]) -> None:
    """Keep which parts of this round are done."""
    (BUILD / "nightly.json").write_text(json.dumps(sorted(done)), "utf-8")


def run_part(name: str, part: Part) -> Row:
    """Run one part, or what is left of it, until it ends or this process is told to; its row."""
    begin = time.monotonic()
    log = BUILD / f"nightly-{name}.log"
    print(f"{name}: {part.what} (log: {log.relative_to(ROOT)})", flush=True)
    stopped = False
    with log.open("w", encoding="utf-8") as file:
        process = start(
            part.command, outlives_test=True, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            process.wait()
        except KeyboardInterrupt:
            stopped = True
        end(process)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return Row(
        dt.date.today().isoformat(),
        commit.stdout.strip(),
        name,
        result_of(part, log.read_text("utf-8", "replace"), process.returncode, stopped=stopped),
        f"{(time.monotonic() - begin) / 60:.1f}",
    )


def result_of(part: Part, log: str, code: int, *, stopped: bool) -> str:
    """What a part came to: its last line, how far it got, and whether it failed."""
    lines = [x.strip() for x in log.splitlines() if x.strip()]
    last = lines[-1].strip("= ").replace("|", "/").strip() if lines else ""
    repeated = part.repetitions
    done, wrong = repeated.so_far() if repeated else (0, 0)
    if repeated and done < repeated.number and (stopped or code == 0):
        return f"{SO_FAR}{done:,} of {repeated.number:,}; {wrong:,} {repeated.wrong}"
    if stopped:
        return f"{SO_FAR}nothing: it was stopped"
    return last if code == 0 else f"FAILED: {last}"


def write_row(row: Row) -> None:
    """Put a row before those that the page has; it takes the place of one of how far it was."""
    old = PAGE.read_text("utf-8") if PAGE.exists() else HEADER
    rows = [x for x in old.splitlines(keepends=True) if x.startswith("| 2")]
    unfinished = f"| {row.part} | {SO_FAR}"
    PAGE.write_text(HEADER + str(row) + "".join(x for x in rows if unfinished not in x), "utf-8")


def run_round(wanted: dict[str, Part], done: set[str]) -> int:
    """Run what is left of the round; the exit code. A part that fails does not stop the others."""
    failed = []
    for name, part in wanted.items():
        if name in done:
            print(f"{name}: done in this round")
            continue
        row = run_part(name, part)
        write_row(row)
        print(f"{name}: {row.result}", flush=True)
        if row.result.startswith(SO_FAR):
            if name == "audit":  # it has a limit of time of its own
                continue
            return 1
        if part.repetitions:  # the next time it begins anew
            (BUILD / part.repetitions.file).unlink(missing_ok=True)
        if row.result.startswith("FAILED"):
            failed.append(name)
            continue
        done.add(name)
        keep_done(done)
    left = [name for name in wanted if name not in done]
    if not left:
        keep_done(done - set(wanted))
    print(f"left: {', '.join(left)}" if left else "all parts passed")
    return int(bool(failed))


def stop(*_: object) -> None:
    """SIGTERM stops a round as Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> int:
    """Run what is left of the round."""
    every = parts()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(every))
    parser.add_argument("--list", action="store_true", help="say what there is, and stop")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(every):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    if given.list:
        print("\n".join(f"{name}: {part.what}" for name, part in every.items()))
        return 0
    signal.signal(signal.SIGTERM, stop)
    # a shell that starts it in the background hands on SIGINT ignored
    signal.signal(signal.SIGINT, stop)
    BUILD.mkdir(exist_ok=True)
    return run_round({name: every[name] for name in given.parts or every}, load_done())


if __name__ == "__main__":
    sys.exit(main())
