"""Small faults put into the code one at a time: do the tests catch them?

    python tests/mutants.py [--number 40] [--seed 1] [--results FILE] [--slow]

Each fault changes one comparison, operator, number or condition of a random module, in a copy of
the sources. The tests of that module's package run against the copy; the fault is caught if one
fails. Results are kept line by line, so a run that was stopped goes on where it was. Source:
DeMillo, Lipton and Sayward 1978 (hints on test data selection).
"""

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "birdfall"
#: Packages whose faults the fast tests must catch, and where their tests stand.
TESTS = {
    "kernels": ["tests/kernels", "tests/measures"],
    "measures": ["tests/measures"],
    "record": ["tests/record"],
    "sources": ["tests/sources"],
    "claims": ["tests/claims"],
    "explanations": ["tests/explanations"],
    "world": ["tests/world"],
    "tell": ["tests/tell"],
    "watch": ["tests/watch"],
    "pipeline": ["tests/pipeline", "tests/e2e"],
}
SWAPS = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.And: "or", ast.Or: "and",
}  # fmt: skip
SIGNS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.And: "and", ast.Or: "or",
}  # fmt: skip
#: Seconds of a processor the tests of one fault may take; a loop without end is caught by it.
MAX_PROCESSOR_SECONDS = 1800
#: Tests that may fail without any fault, as on a busy machine, before nothing is known.
MAX_FAILING_WITHOUT_FAULT = 4
#: What pytest-timeout prints where it ends a process.
TIMEOUT = "+ Timeout +"
#: Signals by which a process ends itself that reads where it must not, or that counts for ever.
CRASHES = [
    getattr(signal, name)
    for name in ("SIGSEGV", "SIGABRT", "SIGFPE", "SIGILL", "SIGXCPU")
    if hasattr(signal, name)
]


class Mutant(NamedTuple):
    """One fault: bytes `begin` to `end` of a module become `new`."""

    module: str
    line: int
    begin: int
    end: int
    old: str
    new: str

    @property
    def name(self) -> str:
        """The same for the same fault in the same module; another once the module has changed."""
        source = (SOURCES / self.module).read_bytes()
        return hashlib.sha256(repr(self).encode() + source).hexdigest()[:12]


def mutants_of(path: Path) -> list[Mutant]:
    """Every fault that this script knows to make in one module."""
    source = path.read_bytes()
    starts = [0]
    for line in source.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    module = str(path.relative_to(SOURCES))
    found = []

    def between(left: ast.expr, right: ast.expr, kind: type) -> None:
        begin = starts[left.end_lineno - 1] + left.end_col_offset
        end = starts[right.lineno - 1] + right.col_offset
        sign = SIGNS[kind].encode()
        at = source.find(sign, begin, end)
        if at >= 0 and source.count(sign, begin, end) == 1:
            found.append(
                Mutant(module, left.end_lineno, at, at + len(sign), SIGNS[kind], SWAPS[kind])
            )

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPS:
            between(node.left, node.comparators[0], type(node.ops[0]))
        elif isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
            between(node.left, node.right, type(node.op))
        elif isinstance(node, ast.BoolOp):
            between(node.values[0], node.values[1], type(node.op))
        elif isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1:
            begin = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            old = source[begin:end].decode()
            found.append(Mutant(module, node.lineno, begin, end, old, str(node.value + 1)))
    return found


def draw(number: int, seed: int) -> list[Mutant]:
    """`number` faults, spread evenly over the packages."""
    rng = random.Random(seed)
    drawn: list[Mutant] = []
    packages = sorted(TESTS)
    for turn in range(number):
        package = packages[turn % len(packages)]
        module = rng.choice(sorted((SOURCES / package).rglob("*.py")))
        for _ in range(50):
            faults = mutants_of(module)
            if faults:
                break
            module = rng.choice(sorted((SOURCES / package).rglob("*.py")))
        drawn.append(rng.choice(faults))
    return drawn


def tests_of(module: str) -> list[Path]:
    """Test files of a module's package; first those that name the module, then its folder."""
    names = module.removesuffix(".py").split("/")
    files: list[Path] = []
    for folder in TESTS[names[0]]:
        files += sorted((ROOT / folder).rglob("test_*.py"))

    def distance(file: Path) -> int:
        text = file.read_text("utf-8")
        if names[-1] in file.stem or ".".join(["birdfall", *names]) in text:
            return 0
        return 1 if ".".join(["birdfall", *names[:-1]]) in text else 2

    return sorted(files, key=distance)


def copy_sources(copy: Path, module: str) -> None:
    """The sources in `copy`, with what numba keeps of them.

    Numba looks at a function's own file only, not at those it calls: with a fault in a kernel all
    are compiled anew.
    """
    kept = "*.nb[ic]" if module.startswith("kernels/") else "*.tmp"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("*.pyc", kept))


def limit_processor() -> None:
    """In the child: end it where it counts without end, however busy the machine is."""
    import resource  # Windows has none

    resource.setrlimit(resource.RLIMIT_CPU, (MAX_PROCESSOR_SECONDS, MAX_PROCESSOR_SECONDS + 5))


def try_tests(sources: Path, tests: list[Path | str], skipped: str) -> str:
    """Run tests on the code below `sources`; the first that fails, "" if all pass.

    A test that waits without end is ended, and fails, by its own limit (pyproject.toml).
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         "-m", f"not ({skipped})", *tests],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(sources)}, capture_output=True, text=True,
        preexec_fn=None if os.name == "nt" else limit_processor,
    )  # fmt: skip
    if done.returncode == 0:
        return ""
    failed = [x for x in done.stdout.splitlines() if x.startswith(("FAILED ", "ERROR "))]
    if failed:
        return failed[0].split(" - ")[0]
    if -done.returncode in CRASHES:
        return f"it crashes: {-done.returncode}"
    if TIMEOUT in done.stderr:
        return "it waits without end"
    sys.exit(f"the tests were stopped (exit {done.returncode}), so nothing is known")


def run_tests(mutant: Mutant, slow: bool) -> str:
    """The first test that fails with this fault in the code and passes without it; else ""."""
    skipped = "live or nightly or browser" + ("" if slow else " or slow")
    tests: list[Path | str] = [*tests_of(mutant.module)]
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "src" / "birdfall"
        copy_sources(copy, mutant.module)
        path = copy / mutant.module
        source = path.read_bytes()
        assert source[mutant.begin : mutant.end].decode() == mutant.old
        path.write_bytes(source[: mutant.begin] + mutant.new.encode() + source[mutant.end :])
        for _ in range(MAX_FAILING_WITHOUT_FAULT):
            failed = try_tests(copy.parent, tests, skipped)
            kind, _, test = failed.partition(" ")
            if kind not in ("FAILED", "ERROR") or not try_tests(SOURCES.parent, [test], skipped):
                return failed
            print(f"fails without the fault too: {test}", file=sys.stderr, flush=True)
            tests += ["--deselect", test]
    sys.exit(f"too many tests fail without any fault, so nothing is known: {mutant}")


def main() -> None:
    """Draw the faults, try those not tried yet, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--number", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "mutants.jsonl")
    parser.add_argument("--slow", action="store_true", help="the slow tests too")
    given = parser.parse_args()
    given.results.parent.mkdir(parents=True, exist_ok=True)
    known = {}
    if given.results.exists():
        lines = map(json.loads, given.results.read_text("utf-8").splitlines())
        known = {line["name"]: line["caught"] for line in lines}
    caught = 0
    for mutant in draw(given.number, given.seed):
        if mutant.name not in known:
            known[mutant.name] = run_tests(mutant, given.slow)
            line = {"name": mutant.name, **mutant._asdict(), "caught": known[mutant.name]}
            with given.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        by = known[mutant.name]
        caught += bool(by)
        fault = f"{mutant.module}:{mutant.line}: {mutant.old} -> {mutant.new}"
        print(f"{'caught' if by else 'SURVIVED'}  {fault}  {by}", flush=True)
    print(f"{caught} of {given.number} caught")


if __name__ == "__main__":
    main()
