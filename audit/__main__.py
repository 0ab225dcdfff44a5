"""`python -m audit`: hold every promise to worlds of another make, and print the table.

It keeps what it has in build/audit.json, so it can be stopped and goes on where it was. The exit
code is 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from audit.promises import PROMISES
from audit.table import as_markdown, put_into_page, read_page, verdict

STATE = Path(__file__).resolve().parents[1] / "build" / "audit.json"


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="audit", description=__doc__)
    parser.add_argument("names", nargs="*", help="rows; all if none is named")
    parser.add_argument("--short", action="store_true", help="a few worlds of each")
    parser.add_argument("--worlds", type=int, help="so many worlds of each")
    parser.add_argument("--minutes", type=float, default=120.0, help="stop after so long")
    parser.add_argument("--state", type=Path, default=STATE, help="where what was got is kept")
    parser.add_argument("--anew", action="store_true", help="forget what was got before")
    parser.add_argument("--page", type=Path, help="put the table of all that was got into a page")
    parser.add_argument(
        "--go-on", type=Path, help="a page whose worlds count where the state has fewer"
    )
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.names) - {p.name for p in PROMISES})
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}")
    got: dict[str, list[bool]] = {}
    if asked.state.exists() and not asked.anew:
        got = json.loads(asked.state.read_text("utf-8"))
    if asked.go_on is not None:
        for name, printed in read_page(asked.go_on.read_text("utf-8")).items():
            got[name] = max(got.get(name, []), printed, key=len)
    asked.state.parent.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + 60 * asked.minutes
    chosen = [p for p in PROMISES if not asked.names or p.name in asked.names]
    for promise in chosen:
        wanted = asked.worlds or (promise.short if asked.short else promise.worlds)
        done = got.setdefault(promise.name, [])
        while len(done) < wanted and time.monotonic() < ends:
            done.append(bool(promise.holds(promise.first_seed + len(done))))
            asked.state.write_text(json.dumps(got), "utf-8")
    print(as_markdown({p.name: got[p.name] for p in chosen}))
    if asked.page is not None:
        page = asked.page.read_text("utf-8")
        asked.page.write_text(put_into_page(page, as_markdown(got)), "utf-8")
    drawn = [p for p in chosen if got[p.name]]
    verdicts = [verdict(p, sum(got[p.name]), len(got[p.name])) for p in drawn]
    worlds = sum(len(got[p.name]) for p in drawn)
    print(
        f"\n{worlds:,} worlds of {len(drawn)} of {len(chosen)} promises: "
        f"{verdicts.count('kept')} kept, {verdicts.count('broken')} broken"
    )
    return int("broken" in verdicts)


if __name__ == "__main__":
    sys.exit(main())
