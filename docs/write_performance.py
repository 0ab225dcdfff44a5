"""Write the table of the whole job into docs/performance.md, from what was recorded.

    python docs/write_performance.py [--check]

Read: benchmarks/whole_job.json, which `python benchmarks/whole_job.py --write` keeps. The table
stands between two marks of the page; what is around them is written by hand. --check ends with 1
where the page says anything else.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE, TABLE = ROOT / "docs" / "performance.md", ROOT / "benchmarks" / "whole_job.json"
BEGIN, END = "<!-- whole job: written by docs/write_performance.py -->\n", "<!-- end -->"


def written(told: dict[str, Any]) -> str:
    """The table as text. told: what `whole_job.json` holds."""
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    rows = told["rows"]
    loads = [row["load"] for row in rows]
    head = (
        f"Measured on {told['date']} (code {told['code']}): {told['machine']}, Python "
        f"{told['python']}, {versions}; other work ran beside (load {min(loads):.1f} to "
        f"{max(loads):.1f}), so the clock is an upper bound. Medians of the runs, each a process "
        "of its own. The yardstick is fixed work (sorting, hashing, plain Python) that runs just "
        "before each."
    )
    titles = ("command", "runs", "CPU, s", "times the yardstick", "peak memory, GB", "clock, s")
    lines = [head, "", f"| {' | '.join(titles)} |", "|" + " --- |" * len(titles)]
    for row in rows:
        cells = (
            row["name"], str(row["runs"]), f"{row['cpu_s']:.1f}", f"{row['ratio']:.1f}",
            f"{row['peak_gb']:.2f}", f"{row['clock_s']:.0f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page_with(page: str, table: str) -> str:
    """The page with the table between its marks."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + table + END + rest.partition(END)[2]


def main() -> int:
    page = PAGE.read_text("utf-8")
    new = page_with(page, written(json.loads(TABLE.read_text("utf-8"))))
    if "--check" in sys.argv:
        if new != page:
            print("docs/performance.md says something else: python docs/write_performance.py")
        return int(new != page)
    PAGE.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
