#!/usr/bin/env python3
"""Which platforms have a wheel of every package that Birdfall needs to run.

Asks the package index, through pip's dry run, which wheel of each package pinned in
`requirements/base.txt` a platform would install; nothing is installed and no wheel is downloaded
whose metadata the index gives apart. Prints the table of `docs/platforms.md` and what is missing.

usage: check_wheels.py [--platform NAME ...] [--python 3.13 ...] [--write FILE | --check FILE]

Exit codes: 0 every supported platform has all wheels; 1 one has not, or the table of the file that
`--check` names is another one.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent
PINS = ROOT / "base.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
BEGIN, END = "<!-- wheels: begin -->", "<!-- wheels: end -->"


@dataclass(frozen=True)
class Platform:
    """One kind of machine: its name, pip's platform tags, and what markers say of it."""

    name: str
    tags: tuple[str, ...]
    sys_platform: str
    os_name: str
    system: str
    machine: str
    supported: tuple[str, ...]


def _manylinux(machine: str) -> tuple[str, ...]:
    """Tags of a Linux with glibc 2.28 or later (Debian 10, RHEL 8, Ubuntu 20.04)."""
    return (
        *(f"manylinux_2_{minor}_{machine}" for minor in (28, 27, 26, 24, 17)),
        f"manylinux2014_{machine}",
    )


PLATFORMS = (
    Platform("Linux x86-64", _manylinux("x86_64"), "linux", "posix", "Linux", "x86_64", PYTHONS),
    Platform("Linux ARM64", _manylinux("aarch64"), "linux", "posix", "Linux", "aarch64", PYTHONS),
    Platform(
        "macOS Apple silicon", ("macosx_15_0_arm64",), "darwin", "posix", "Darwin", "arm64", PYTHONS
    ),
    Platform(
        "macOS Intel", ("macosx_15_0_x86_64",), "darwin", "posix", "Darwin", "x86_64", PYTHONS[:3]
    ),
    Platform("Windows x86-64", ("win_amd64",), "win32", "nt", "Windows", "AMD64", PYTHONS),
    Platform("Windows ARM64", ("win_arm64",), "win32", "nt", "Windows", "ARM64", ()),
)


@dataclass(frozen=True)
class Answer:
    """What the index has for one platform and Python: wheels by package, packages without one."""

    wheels: dict[str, str]
    missing: tuple[str, ...]


def read_pins(path: Path) -> list[Requirement]:
    """The pinned requirements of a lock file, with their markers and without their hashes."""
    text = path.read_text("utf-8").replace("\\\n", " ")
    lines = (re.sub(r"\s--hash=\S+|\s+#.*", "", line).strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def pins_for(pins: Iterable[Requirement], platform: Platform, python: str) -> list[str]:
    """The pins whose markers hold on `platform` under `python`, as `name==version`."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": platform.sys_platform,
        "os_name": platform.os_name,
        "platform_system": platform.system,
        "platform_machine": platform.machine,
    }
    return [
        f"{pin.name}{pin.specifier}"
        for pin in pins
        if pin.marker is None or pin.marker.evaluate(environment)
    ]


def ask_index(pins: Sequence[str], platform: Platform, python: str) -> Answer:
    """Resolve `pins` for one platform: a package without a wheel is noted and left out."""
    left, missing = list(pins), []
    while left:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.json")
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pip", "install"),
                    *("--disable-pip-version-check", "--quiet"),
                    *("--dry-run", "--ignore-installed", "--ignore-requires-python", "--no-deps"),
                    *("--only-binary=:all:", "--implementation", "cp", "--python-version", python),
                    *(part for tag in platform.tags for part in ("--platform", tag)),
                    *("--target", str(Path(folder, "none")), "--report", str(report)),
                    *left,
                ],
                capture_output=True,
                text=True,
            )  # fmt: skip
            if done.returncode == 0:
                found = json.loads(report.read_text("utf-8"))["install"]
                return Answer(dict(_wheels(found, python, missing)), tuple(missing))
        refused = re.search(r"No matching distribution found for (\S+)", done.stderr)
        if refused is None or refused[1] not in left:
            raise SystemExit(f"pip could not ask the index: {done.stderr.strip()[-500:]}")
        left.remove(refused[1])
        missing.append(refused[1])
    return Answer({}, tuple(missing))


def _wheels(found: Iterable[dict], python: str, missing: list[str]) -> Iterator[tuple[str, str]]:  # type: ignore[type-arg]
    for item in found:
        metadata = item["metadata"]
        name = canonicalize_name(metadata["name"])
        if python not in SpecifierSet(metadata.get("requires_python") or ""):
            missing.append(f"{name}=={metadata['version']}")
            continue
        yield name, item["download_info"]["url"].rpartition("/")[2]


def table_of(answers: dict[tuple[str, str], Answer], pythons: Sequence[str]) -> str:
    """The support table in Markdown, and under it what keeps the others from being supported."""
    names = list(dict.fromkeys(name for name, _ in answers))
    rows = [
        "| | " + " | ".join(f"Python {p}" for p in pythons) + " |",
        "| --- |" + " --- |" * len(pythons),
    ]
    for name in names:
        cells = ("no" if answers[name, p].missing else "yes" for p in pythons)
        rows.append(f"| {name} | {' | '.join(cells)} |")
    lacking: dict[str, dict[str, list[str]]] = {}
    for (name, python), answer in answers.items():
        for pin in answer.missing:
            lacking.setdefault(pin, {}).setdefault(name, []).append(python)
    if lacking:
        rows += ["", "Without a wheel:", ""]
        rows += [
            f"- {pin}: "
            + "; ".join(f"{name} (Python {', '.join(ps)})" for name, ps in places.items())
            for pin, places in sorted(lacking.items())
        ]
    return "\n".join(rows) + "\n"


def main() -> int:
    """Ask for all platforms, print the table, and say what a supported platform lacks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", action="append", choices=[p.name for p in PLATFORMS])
    parser.add_argument("--python", action="append", choices=PYTHONS)
    parser.add_argument("--write", type=Path, help="put the table between the marks of this file")
    parser.add_argument("--check", type=Path, help="fail if the table of this file is another one")
    given = parser.parse_args()
    pythons = given.python or PYTHONS
    chosen = [p for p in PLATFORMS if not given.platform or p.name in given.platform]
    pins = read_pins(PINS)
    pairs = [(platform, python) for platform in chosen for python in pythons]
    with ThreadPoolExecutor(2) as pool:
        asked = pool.map(lambda pair: ask_index(pins_for(pins, *pair), *pair), pairs)
        answers = {
            (platform.name, python): answer
            for (platform, python), answer in zip(pairs, asked, strict=True)
        }
    table = table_of(answers, pythons)
    print(table)
    if given.write:
        head, _, rest = given.write.read_text("utf-8").partition(BEGIN)
        given.write.write_text(f"{head}{BEGIN}\n{table}{END}{rest.partition(END)[2]}", "utf-8")
    failed = [
        f"{platform.name} under Python {python}: "
        f"no wheel of {', '.join(answers[platform.name, python].missing)}"
        for platform, python in pairs
        if python in platform.supported and answers[platform.name, python].missing
    ]
    if given.check and f"{BEGIN}\n{table}{END}" not in given.check.read_text("utf-8"):
        failed.append(f"{given.check}: the table is not this one; write it with --write")
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
