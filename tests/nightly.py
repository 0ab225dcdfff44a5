"""What takes hours: part after part, resumable, with its results kept as dated rows.

    python tests/nightly.py [--list] [PART...]

A run that is stopped goes on with the part it was at; a part that failed is run again. When all
parts of a round are done, the rows go into docs/nightly.md.
"""

import argparse
import datetime as dt
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / "build" / "nightly.json"
PAGE = ROOT / "docs" / "nightly.md"
#: Part: what it is, and its command.
PARTS = {
    "slow": ("the slow suites", ["make", "test-slow"]),
    "calibration": ("explanations on 30,000 new worlds", ["make", "test-calibration"]),
    "live": ("real servers: 10,000 accounts, moderation, a wiki", ["make", "test-nightly"]),
    "hostile": (
        "10,000 drawn conversations with hostile servers for each protocol",
        [sys.executable, "tests/watch/try_faults.py", "--conversations", "10000"],
    ),
    "kills": (
        "500 kills each of import, run, and a watch of a recording, Jetstream and the firehose",
        [sys.executable, "tests/watch/kill_often.py", "--kills", "500"],
    ),
    "mutants": ("forty seeded faults", [sys.executable, "tests/mutants.py"]),
}
HEADER = """# Nightly runs

What takes too long for every change, run by `make nightly`. One row a part; the newest first.

| date | commit | part | result | minutes |
| --- | --- | --- | --- | --- |
"""


def load_state() -> dict[str, dict[str, str]]:
    """Parts of the round that are done, with their rows."""
    return json.loads(STATE.read_text("utf-8")) if STATE.exists() else {}


def run_part(name: str) -> dict[str, str]:
    """Run one part; its row. The result is the last line that it printed."""
    begin = time.monotonic()
    log = STATE.with_name(f"nightly-{name}.log")
    print(f"{name}: {PARTS[name][0]} (log: {log.relative_to(ROOT)})", flush=True)
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(PARTS[name][1], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    lines = [x.strip() for x in log.read_text("utf-8", "replace").splitlines() if x.strip()]
    last = lines[-1].strip("= ").replace("|", "/") if lines else ""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return {
        "date": dt.date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "part": name,
        "result": last if code.returncode == 0 else f"FAILED: {last}",
        "minutes": f"{(time.monotonic() - begin) / 60:.1f}",
    }


def write_table(rows: list[dict[str, str]]) -> None:
    """Put the rows before those that the page has."""
    old = PAGE.read_text("utf-8").removeprefix(HEADER) if PAGE.exists() else ""
    new = "".join(
        f"| {r['date']} | {r['commit']} | {r['part']} | {r['result']} | {r['minutes']} |\n"
        for r in rows
    )
    PAGE.write_text(HEADER + new + old, "utf-8")


def main() -> int:
    """Run what is left of the round."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--list", action="store_true", help="say what there is, and stop")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if given.list:
        print("\n".join(f"{name}: {what}" for name, (what, _) in PARTS.items()))
        return 0
    STATE.parent.mkdir(exist_ok=True)
    done = load_state()
    wanted = given.parts or list(PARTS)
    for name in wanted:
        if name in done:
            print(f"{name}: done ({done[name]['result']})")
            continue
        row = run_part(name)
        print(f"{name}: {row['result']}", flush=True)
        if row["result"].startswith("FAILED"):
            return 1
        done[name] = row
        STATE.write_text(json.dumps(done, indent=1), "utf-8")
    write_table([done[name] for name in wanted])
    for name in wanted:
        del done[name]
    STATE.write_text(json.dumps(done, indent=1), "utf-8")
    print(f"all parts passed; the rows stand in {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
