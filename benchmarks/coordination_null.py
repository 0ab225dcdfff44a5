"""What the nulls call on simulated worlds whose truth is known.

False share, found share, and the customary rules beside them.

    python benchmarks/coordination_null.py [--seeds 10] [--first 1000] [--windows 60]
                                           [--worlds TEXT] [--out rows.jsonl]

Each world is drawn anew per seed (cascades, popularity, rhythm, silos of interest; a planted group,
a dilute one, or nobody). One row per world and window, at the 1 % setting, over all seeds: pairs
called, the share of them that is false (not both of the group), the share of the group's pairs
found, in how many seeds anything false was called; then the same of "two or more within 60 s",
"three or more within 60 s" and of the hypergeometric null of statistically validated networks
(Tumminello et al. 2011) on the objects that two accounts co-acted on; last, in worlds without a
group or with a dilute one, blocks found.
"""

import argparse
import datetime as dt
import json
import math
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numba import njit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "measures"))
from coordination_worlds import KNOWN_UNTIL, SECOND, WORLDS, World, world

from birdfall.kernels.coaction.coaction import coaction
from birdfall.measures.coordination import coordination

ALPHA = 0.01


def tested(w: World, known: bool) -> World:
    """The acts that are tested: those after the learning where interests are known from before."""
    keep = w.time >= KNOWN_UNTIL * SECOND if known else np.ones(len(w.time), bool)
    return World(w.account[keep], w.object_[keep], w.time[keep], w.group, w.silo)


@njit(cache=True)
def hypergeometric_tails(
    shared: np.ndarray, one: np.ndarray, other: np.ndarray, objects: int
) -> np.ndarray:
    """log P(at least `shared` of `other` objects, drawn from `objects`, are among `one` others)."""
    found = np.empty(len(shared))
    for i in range(len(shared)):
        k, a, b = shared[i], one[i], other[i]
        log_first = (
            math.lgamma(a + 1.0)
            - math.lgamma(k + 1.0)
            - math.lgamma(a - k + 1.0)
            + math.lgamma(objects - a + 1.0)
            - math.lgamma(b - k + 1.0)
            - math.lgamma(objects - a - b + k + 1.0)
            - math.lgamma(objects + 1.0)
            + math.lgamma(b + 1.0)
            + math.lgamma(objects - b + 1.0)
        )
        total, term = 1.0, 1.0
        while k < min(a, b) and term > 1e-12 * total:
            term *= (a - k) * (b - k) / ((k + 1.0) * (objects - a - b + k + 1.0))
            total += term
            k += 1
        found[i] = min(0.0, log_first + math.log(total))
    return found


def hypergeometric(w: World, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs the hypergeometric null calls at 1 % (Benjamini-Hochberg over all active pairs)."""
    edges = coaction(w.account, w.object_, w.time, window=window, count="objects", at_least=1)
    pairs = np.unique(w.account.astype(np.int64) << 32 | w.object_)
    degree = np.bincount(pairs >> 32)
    objects, active = len(np.unique(w.object_)), int((degree > 0).sum())
    log_p = hypergeometric_tails(edges.weight, degree[edges.lo], degree[edges.hi], objects)
    ranked = np.sort(log_p)
    passing = np.flatnonzero(
        ranked <= np.log(ALPHA * np.arange(1, len(log_p) + 1) / (active * (active - 1) / 2))
    )
    called = log_p <= (ranked[passing[-1]] if len(passing) else -np.inf)
    return edges.lo[called], edges.hi[called]


def scored(lo: np.ndarray, hi: np.ndarray, group: np.ndarray) -> tuple[int, int]:
    """Pairs called, and of them inside the group."""
    return len(lo), int((group[lo] & group[hi]).sum())


def told(rows: list[tuple[int, int]], pairs: float) -> dict[str, float | int | None]:
    """Means and shares over the seeds."""
    called, right = np.array(rows, float).T
    return {
        "called": round(float(called.mean()), 1),
        "false_share": round(float(1 - right.sum() / called.sum()), 4) if called.sum() else 0.0,
        "worst_seed": round(
            float(np.max(np.where(called > 0, 1 - right / np.maximum(1, called), 0.0))), 4
        ),
        "seeds_with_false": int((called > right).sum()),
        "found": round(float(right.mean() / pairs), 3) if pairs else None,
    }


def measured(name: str, window: int, seeds: range) -> dict[str, object]:
    """One row of the table."""
    parameters, known = WORLDS[name]
    rows: dict[str, list[tuple[int, int]]] = defaultdict(list)
    blocks: list[tuple[int, int, float]] = []
    size = int(parameters.get("planted", 20))
    for seed in seeds:
        w = world(seed, **parameters)
        before = dt.datetime.fromtimestamp(KNOWN_UNTIL, dt.UTC) if known else None
        found = coordination(
            (w.account, w.object_, w.time),
            trace="acts",
            window=window,
            sensitivity=False,
            before=before,
            alpha=ALPHA,
            block_test="nobody" in name or "dilute" in name,
        )
        edges = found.table("edges")
        lo, hi = (
            np.array(edges.column(c).to_pylist()).astype(int) for c in ("source_id", "target_id")
        )
        called = edges.column("q_value").to_numpy() <= ALPHA
        rows["null"].append(scored(lo[called], hi[called], w.group))
        w = tested(w, known)
        rule = coaction(w.account, w.object_, w.time, window=60 * SECOND, count="pairs", at_least=2)
        for least in (2, 3):
            keep = rule.weight >= least
            rows[f"rule_{least}"].append(scored(rule.lo[keep], rule.hi[keep], w.group))
        rows["hypergeometric"].append(scored(*hypergeometric(w, window * SECOND), w.group))
        for one in found.table("groups").to_pylist():
            if one["kind"] == "block":
                inside = sum(bool(w.group[int(a)]) for a in one["accounts"])
                blocks.append((seed, inside, inside / len(one["accounts"])))
    pairs = size * (size - 1) / 2
    line: dict[str, object] = {"world": name, "window_s": window, "seeds": len(seeds)}
    line |= {key: told(values, pairs) for key, values in rows.items()}
    line["blocks"] = {
        "seeds_with_block": len({b[0] for b in blocks}),
        "false_blocks": sum(b[2] < 0.5 for b in blocks),
        "members_found": round(sum(b[1] for b in blocks) / len(seeds) / size, 3) if size else None,
        "of_block_members_planted": round(float(np.mean([b[2] for b in blocks])), 3)
        if blocks
        else None,
    }
    return line


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--windows", type=int, nargs="+", default=[60], help="seconds")
    parser.add_argument("--worlds", default="", help="only worlds whose name contains this")
    parser.add_argument("--but", default="-", help="no worlds whose name contains this")
    parser.add_argument("--out", type=Path, help="also append the rows here, as JSON lines")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    print(
        "| world | W | called | false | worst | found | >= 2 in 60 s: false | >= 3: false "
        "| hypergeometric: false, found | blocks: seeds, false |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in WORLDS:
        if chosen.worlds not in name or chosen.but in name:
            continue
        for window in chosen.windows:
            row = measured(name, window, seeds)
            null, two, three, other, blocks = (
                row[k] for k in ("null", "rule_2", "rule_3", "hypergeometric", "blocks")
            )
            cells = (
                name,
                window,
                null["called"],
                null["false_share"],
                null["worst_seed"],
                null["found"],  # type: ignore[index]
                f"{two['false_share']} of {two['called']:.0f}",
                f"{three['false_share']} of {three['called']:.0f}",  # type: ignore[index]
                f"{other['false_share']} of {other['called']:.0f}, {other['found']}",  # type: ignore[index]
                f"{blocks['seeds_with_block']}, {blocks['false_blocks']}",  # type: ignore[index]
            )
            print("| " + " | ".join("" if c is None else str(c) for c in cells) + " |", flush=True)
            if chosen.out:
                with chosen.out.open("a") as out:
                    out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
