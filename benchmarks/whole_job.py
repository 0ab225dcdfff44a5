"""The whole job as a user waits for it: processor seconds and memory of each command.

    python benchmarks/whole_job.py [--runs N] [--only WORDS] [--write] [--check]

Each command is a process of its own, told by what it and its children used; kernels are compiled
and fits are kept before. Seconds of the processor, as other work runs beside; beside them the ratio
to a yardstick (sorting, hashing, plain Python) that runs just before each, which carries from one
machine to another. The median of the runs. Results stand in build/whole_job.jsonl, one line a run,
and a run that is stopped goes on there; with other code they are made anew. The files are those of
`whole_job_files.py`, made in build/whole_job.

--write puts the table into benchmarks/whole_job.json, which docs/performance.md is written from
(`docs/write_performance.py`). --check ends with 1 where a ratio or the memory has grown by a
quarter against that table: a part of `make nightly`. --only: rows whose name holds these words.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from whole_job_files import write_counts, write_job, write_suspensions

from birdfall.model.errors import ExitCode

ROOT = Path(__file__).resolve().parents[1]
FILES, TABLE = ROOT / "build" / "whole_job", ROOT / "benchmarks" / "whole_job.json"
STATE = ROOT / "build" / "whole_job.jsonl"
#: How much of a ratio or of the memory a row may grow by, and what is noise in any case: ratios and
#: gigabytes.
GROWTH, NOISE, NOISE_GB = 1.25, 0.3, 0.05
#: What was measured before, so that a change of the code begins anew.
CODE = ROOT / "src" / "birdfall"
STATEMENT = "30 accounts were suspended in ten minutes"


class Row(NamedTuple):
    """One row of the table: its name, the command, and what that makes."""

    name: str
    words: tuple[str, ...]
    makes: Path | None = None


@dataclasses.dataclass(frozen=True)
class Run:
    """What one run of a row used. code: a digest of what ran."""

    name: str
    code: str
    cpu_s: float
    clock_s: float
    peak_gb: float
    yardstick_s: float
    load: float

    @property
    def ratio(self) -> float:
        """Processor seconds over those of the yardstick beside it."""
        return self.cpu_s / self.yardstick_s


@dataclasses.dataclass(frozen=True)
class Measured:
    """One row of the committed table: medians. yardstick_s: what `ratio` is a ratio to."""

    name: str
    runs: int
    cpu_s: float
    ratio: float
    peak_gb: float
    clock_s: float
    yardstick_s: float
    load: float


def rows() -> Iterator[Row]:
    """All rows, the shortest first."""
    folder = FILES / "cases"
    demo = folder / "demo"
    yield Row("demo, again", ("demo", "-o", str(demo), "--again"), demo)
    small = [("zipf", 10_000), ("few", 10_000), ("long", 10_000), ("narrow", 10_000)]
    for shape, posts in (*small, ("zipf", 100_000), ("narrow", 1_000_000), ("zipf", 1_000_000)):
        case, files = folder / f"{shape}-{posts}", FILES / f"{shape}-{posts}"
        told = tuple(str(path) for path in write_job(files, shape, posts))
        yield Row(f"run, {posts:,} posts, {shape}", ("run", *told, "-o", str(case)), case)
    million, tens = (folder / f"zipf-{n}" for n in (1_000_000, 10_000))
    csv = folder / "export"
    yield Row("export as CSV, 1,000,000 posts", ("export", str(million), "-o", str(csv)), csv)
    yield Row("verify, 1,000,000 posts", ("verify", str(million)))
    yield Row("look, 10,000 posts", ("look", str(FILES / "zipf-10000" / "tweets.csv")))
    yield Row("check, 10,000 posts", ("check", str(tens), STATEMENT))
    for number in (60, 1_000_000):
        path, case = (
            write_suspensions(FILES / f"suspensions-{number}", number),
            folder / str(number),
        )
        yield Row(f"run, {number:,} suspensions", ("run", str(path), "-o", str(case)), case)
    path, case = write_counts(FILES / "counts", 10_000, 365), folder / "counts"
    yield Row(
        "run, counts of 10,000 accounts by 365 days", ("run", str(path), "-o", str(case)), case
    )


def yardstick() -> float:
    """Processor seconds of fixed work: sorting, hashing and plain Python."""
    import numpy as np

    begun = time.process_time()
    values = np.random.default_rng(1).integers(0, 1 << 62, 2_000_000)
    np.sort(values, kind="stable")
    hashlib.sha256(values.tobytes() * 8).digest()
    counted: dict[int, int] = {}
    for number in range(1_500_000):
        counted[number & 0xFFFF] = counted.get(number & 0xFFFF, 0) + number
    return time.process_time() - begun


def code_digest() -> str:
    """A digest of the package's code."""
    found = hashlib.sha256()
    for path in sorted(CODE.rglob("*.py")):
        found.update(path.relative_to(CODE).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:12]


def measure(row: Row, code: str) -> Run:
    """Run one row once."""
    if row.makes is not None and row.makes.exists() and "--again" not in row.words:
        shutil.rmtree(row.makes)
    if row.makes is not None:
        row.makes.parent.mkdir(parents=True, exist_ok=True)
    stick = yardstick()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OPENBLAS_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    load, begun = os.getloadavg()[0], time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "birdfall", *row.words],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (ExitCode.FOUND, ExitCode.NOTHING_FOUND):
        sys.exit(f"{row.name} ended with {process.returncode}:\n{said.decode()[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    clock = time.perf_counter() - begun
    cpu = used.ru_utime + used.ru_stime
    return Run(row.name, code, cpu, clock, used.ru_maxrss * unit / 1e9, stick, load)


def kept_runs(code: str) -> list[Run]:
    """Runs of this code that were made before."""
    if not STATE.exists():
        return []
    runs = [Run(**json.loads(line)) for line in STATE.read_text("utf-8").splitlines()]
    return [run for run in runs if run.code == code]


def summary(name: str, runs: list[Run]) -> Measured:
    """The medians of a row's runs."""

    def middle(field: str) -> float:
        return round(statistics.median(getattr(run, field) for run in runs), 3)

    fields = ("cpu_s", "ratio", "peak_gb", "clock_s", "yardstick_s", "load")
    return Measured(name, len(runs), **{field: middle(field) for field in fields})


def grown(now: Measured, before: Measured) -> list[str]:
    """What of a row has grown by more than a quarter."""
    found = []
    if now.ratio > before.ratio * GROWTH + NOISE:
        found.append(f"{now.name}: {now.ratio:.1f} times the yardstick, {before.ratio:.1f} before")
    if now.peak_gb > before.peak_gb * GROWTH + NOISE_GB:
        found.append(f"{now.name}: {now.peak_gb:.2f} GB, {before.peak_gb:.2f} before")
    return found


def table_json(table: list[Measured]) -> str:
    """The committed table: what it was measured with, and its rows."""
    versions = {name: metadata.version(name) for name in ("numpy", "numba", "duckdb", "pyarrow")}
    head = {
        "date": dt.date.today().isoformat(),
        "code": code_digest(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "versions": versions,
        "rows": [dataclasses.asdict(row) for row in table],
    }
    return json.dumps(head, indent=1) + "\n"


def load_table() -> dict[str, Measured]:
    """The committed table by name."""
    told = json.loads(TABLE.read_text("utf-8"))["rows"] if TABLE.exists() else []
    return {row["name"]: Measured(**row) for row in told}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    STATE.parent.mkdir(exist_ok=True)
    code, known, table = code_digest(), load_table(), []
    runs = kept_runs(code)
    if not runs:
        measure(next(rows()), code)  # compiles, and keeps fits
    for row in rows():
        if options.only not in row.name:
            continue
        own = [run for run in runs if run.name == row.name]
        while len(own) < options.runs:
            own.append(measure(row, code))
            with STATE.open("a", encoding="utf-8") as file:
                file.write(json.dumps(dataclasses.asdict(own[-1])) + "\n")
        table.append(summary(row.name, own))
        print(json.dumps(dataclasses.asdict(table[-1])), flush=True)
    if options.write:
        kept = {**known, **{row.name: row for row in table}}
        TABLE.write_text(table_json(list(kept.values())), "utf-8")
    worse = [x for row in table if row.name in known for x in grown(row, known[row.name])]
    unknown = [row.name for row in table if row.name not in known]
    if options.check:
        print("\n".join(worse) or f"{len(table)} rows, none grown by a quarter")
        if unknown:
            print(f"not in the table yet: {', '.join(unknown)}")
    return 1 if options.check and (worse or unknown) else 0


if __name__ == "__main__":
    sys.exit(main())
