"""What the null model calls on simulated worlds whose truth is known: false share, found share, and the customary rule beside it.

    python benchmarks/coordination_null.py [seeds, default 10] [first seed, default 1000]

Each world is drawn anew per seed (cascades, popularity, silos of interest; a planted group, a dilute one, or nobody). Printed per
world, at the 1 % setting: pairs called, the share of them that is false (not both of the group), the share of the group's pairs
that is found, of its members that stand in a called pair; and the same of the rule "two or more within 60 s".
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "measures"))
from coordination_worlds import WORLDS, world

from birdfall.measures.coordination import coordination


def scored(lo: np.ndarray, hi: np.ndarray, group: np.ndarray) -> tuple[int, int, int]:
    """Pairs called, of them inside the group, and members of the group in any called pair."""
    inside = group[lo] & group[hi]
    return len(lo), int(inside.sum()), len(np.unique(np.r_[lo[inside], hi[inside]]))


def main() -> None:
    seeds, first = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((1, 10), (2, 1000)))
    for name, (parameters, _) in WORLDS.items():
        mine, rule, dilute = [], [], []
        size = int(parameters.get("planted", 20))
        for seed in range(first, first + seeds):
            w = world(seed, **parameters)
            found = coordination(
                (w.account, w.object_, w.time), trace="acts", sensitivity=False, block_test="dilute" in name
            )
            edges = found.table("edges")
            lo, hi = (np.array(edges.column(c).to_pylist()).astype(int) for c in ("source_id", "target_id"))
            called = edges.column("q_value").to_numpy() <= 0.01
            fixed = edges.column("weight").to_numpy() >= 2
            mine.append(scored(lo[called], hi[called], w.group))
            # the table lists the strongest pairs; the rule's own number counts them all
            rule.append((int(found["fixed_rule_edges"].value or 0), *scored(lo[fixed], hi[fixed], w.group)[1:]))
            if "dilute" in name:
                dilute.append(int(found["dilute_groups"].value or 0) if "dilute_groups" in found.estimates else 0)
        pairs = size * (size - 1) / 2

        def told(rows: list[tuple[int, int, int]]) -> dict[str, float]:
            called, right, members = np.array(rows, float).T
            return {
                "called": round(float(called.mean()), 1),
                "false_share": round(float(1 - right.sum() / called.sum()), 4) if called.sum() else 0.0,
                "found_pairs": round(float(right.mean() / pairs), 3) if pairs else 0.0,
                "found_members": round(float(members.mean() / size), 3) if size else 0.0,
            }

        line = {"world": name, "seeds": seeds, "null": told(mine), "rule": told(rule)}
        print(
            json.dumps(line | ({"with_dilute_group_found": float(np.mean(np.array(dilute) > 0))} if dilute else {})),
            flush=True,
        )


if __name__ == "__main__":
    main()
