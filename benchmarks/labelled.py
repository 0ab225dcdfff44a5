"""Coordination held to labelled accounts, at one setting, beside other methods on the same data.

    python benchmarks/labelled.py --plain FILES            # a column label: 1 coordinated, 0 not
    python benchmarks/labelled.py --coordinated FILES --control FILES
    python benchmarks/labelled.py --plain FILES --groups FILE --from 2017-01-01 --to 2017-04-01
    python benchmarks/labelled.py --worlds 20              # made-up worlds of three kinds

For each trace, and for all that the file has together (called on one of K traces at 1 % / K): AUC,
precision, recall and F1 of who is called at 1 %, the share of controls that is called, and how pure
the groups are. Settings: 60 s, two objects, 1 %; texts by near-identical clusters. What a table
lacks (labels, controls, groups) leaves its cells empty. Where a data set can be had and what it may
be used for: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from audit.makes.reports import report_log
from audit.makes.schedules import shared_links
from audit.makes.sessions import people_with_apps
from labelled_methods import OTHERS, Called
from labelled_tables import TRACES, Labelled, read_labelled

from birdfall.measures.coordination import coordination
from birdfall.measures.coordination.text_clusters import text_objects
from birdfall.model.errors import CannotAnswer

ALPHA = 0.01
#: Seeds of the worlds: none of the audit's, and no method was chosen on any.
FIRST_SEED = 7_300_000_000
HEAD = (
    "| trace | method | accounts | called | AUC | precision | recall | F1 | controls called | "
    "purity | CPU s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class Row:
    """One row of the table: a method on a trace; None where the table does not tell."""

    trace: str
    method: str
    accounts: int
    called: int
    auc: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    controls: float | None
    purity: float | None
    cpu: float

    def line(self) -> str:
        """The row in Markdown."""
        shares = (self.auc, self.precision, self.recall, self.f1, self.controls, self.purity)
        cells = ["" if v is None else f"{v:.3f}" for v in shares]
        return (
            f"| {self.trace} | {self.method} | {self.accounts:,} | {self.called:,} | "
            f"{' | '.join(cells)} | {self.cpu:.1f} |"
        )


def area(score: np.ndarray, truth: np.ndarray) -> float | None:
    """The chance that a coordinated account has the greater score than another, ties by half.

    Examples
    --------
    >>> area(np.array([3.0, 1.0, 1.0]), np.array([True, True, False]))
    0.75
    """
    yes, no = int(truth.sum()), int((~truth).sum())
    if not yes or not no:
        return None
    return float((rankdata(score)[truth].sum() - yes * (yes + 1) / 2) / (yes * no))


def purity_of(groups: list[list[str]], kind: dict[str, str]) -> float | None:
    """The share of grouped accounts that are of the commonest kind of their group."""
    known = [[kind[a] for a in members if kind.get(a)] for members in groups]
    known = [kinds for kinds in known if len(kinds) > 1]
    if not known:
        return None
    return sum(Counter(k).most_common(1)[0][1] for k in known) / sum(map(len, known))


def score_row(
    trace: str,
    method: str,
    names: list[str],
    score: np.ndarray,
    called: set[str],
    groups: list[list[str]],
    data: Labelled,
    cpu: float,
) -> Row:
    """What a method's calls are worth among the accounts that act on the trace."""
    labelled = np.array([n in data.coordinated for n in names])
    truth = np.array([data.coordinated.get(n, False) for n in names])
    chosen = np.array([n in called for n in names])
    kind = data.group or {n: str(v) for n, v in data.coordinated.items()}
    found = Row(
        trace, method, len(names), int(chosen.sum()), None, None, None, None, None,
        purity_of(groups, kind), cpu,
    )  # fmt: skip
    if not labelled.any():
        return found
    score, truth, chosen = score[labelled], truth[labelled], chosen[labelled]
    right, yes = int((chosen & truth).sum()), int(truth.sum())
    controls = int((~truth).sum())
    recall = right / yes if yes else None
    precision = right / int(chosen.sum()) if controls and chosen.any() else None
    both = precision is not None and recall is not None and precision + recall > 0
    return Row(
        trace, method, len(names), found.called, area(score, truth), precision, recall,
        2 * precision * recall / (precision + recall) if both else None,  # type: ignore[operator]
        int((chosen & ~truth).sum()) / controls if controls else None, found.purity, cpu,
    )  # fmt: skip


def ours(
    trace: str, acts: pa.Table, data: Labelled
) -> tuple[Row, dict[str, float], dict[str, float]]:
    """Birdfall on one trace: the row, and -log p and q of each account's firmest pair."""
    began = time.process_time()
    found = coordination(acts, trace=trace, window="60s", sensitivity=False, time_unit="us")
    cpu = time.process_time() - began
    names = pc.unique(acts["account"]).to_pylist()
    best: dict[str, float] = dict.fromkeys(names, 0.0)
    called: set[str] = set()
    firmest: dict[str, float] = {}
    edges = found.table("edges").select(["source_id", "target_id", "log_p", "q_value"])
    for edge in edges.to_pylist():
        for who in (edge["source_id"], edge["target_id"]):
            best[who] = max(best[who], -edge["log_p"])
            firmest[who] = min(firmest.get(who, 1.0), edge["q_value"])
            if edge["q_value"] <= ALPHA:
                called.add(who)
    groups = [g["accounts"] for g in found.table("groups").to_pylist()]
    called |= {a for g in groups for a in g}
    score = np.array([best[n] for n in names])
    row = score_row(trace, "Birdfall, 1 %", names, score, called, groups, data, cpu)
    return row, best, firmest


def theirs(trace: str, acts: pa.Table, data: Labelled) -> list[Row]:
    """The other methods on one trace; one that the table is too large for has no row."""
    account, object_ = (acts[c].combine_chunks().dictionary_encode() for c in ("account", "object"))
    names = account.dictionary.to_pylist()
    columns = (
        account.indices.to_numpy().astype(np.int32), object_.indices.to_numpy().astype(np.int32),
        acts["time"].to_numpy(),
    )  # fmt: skip
    rows = []
    for method, ask in OTHERS.items():
        began = time.process_time()
        try:
            found: Called = ask(*columns, len(names))
        except MemoryError:
            continue
        cpu = time.process_time() - began
        called = {names[i] for i in np.unique(np.r_[found.lo, found.hi])}
        rows.append(score_row(trace, method, names, found.score, called, [], data, cpu))
    return rows


def between(acts: pa.Table, first: str | None, last: str | None) -> pa.Table:
    """The acts from one day to before another."""
    for day, keep in ((first, pc.greater_equal), (last, pc.less)):
        if day is not None:
            at = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp()
            acts = acts.filter(keep(acts["time"], round(at * 1e6)))
    return acts


def measure(data: Labelled, first: str | None, last: str | None, others: bool) -> list[Row]:
    """All rows of a labelled table."""
    rows = []
    together: dict[str, float] = {}
    least: dict[str, list[float]] = {}
    for trace in (t for t in TRACES if t in data.acts):
        acts = between(data.trace(trace), first, last)
        if trace == "text":
            clusters = text_objects(acts["object"].combine_chunks())
            acts = acts.set_column(1, "object", clusters).filter(pc.is_valid(clusters))
        if acts.num_rows < 2:
            continue
        try:
            row, best, firmest = ours(trace, acts, data)
        except CannotAnswer as refusal:
            print(f"{trace}: {refusal}", file=sys.stderr)
            continue
        rows.append(row)
        for who, value in best.items():
            together[who] = max(together.get(who, 0.0), value)
            least.setdefault(who, []).append(firmest.get(who, 1.0))
        if others:
            rows += theirs(trace, acts, data)
    mine = [r for r in rows if r.method.startswith("Birdfall")]
    if len(mine) > 1:
        names = list(together)
        score = np.array([together[n] for n in names])
        called = {n for n, q in least.items() if min(q) <= ALPHA / len(mine)}
        cpu = sum(r.cpu for r in mine)
        rows.append(score_row("all", "Birdfall, 1 %", names, score, called, [], data, cpu))
    return rows


def _people_with_apps(seed: int) -> tuple[pa.Table, frozenset[str]]:
    world = people_with_apps(seed, ring=20)
    table = {c: world.table[c] for c in ("account", "object", "time")}
    return pa.table(table), frozenset(f"person {a}" for a in world.ring)


def _reports(seed: int) -> tuple[pa.Table, frozenset[str]]:
    log = report_log(seed, crew=20)
    return pa.table({c: log.table[c] for c in ("account", "object", "time")}), log.crew


def _schedules(seed: int) -> tuple[pa.Table, frozenset[str]]:
    world = shared_links(seed)
    table = {"account": world.account, "object": world.link, "time": world.time}
    return pa.table(table), world.farm


#: By name, worlds of another mechanism each: acts, and who acts together in them. All are told as
#: reposts, so that one trace is asked of each.
MAKES: dict[str, Callable[[int], tuple[pa.Table, frozenset[str]]]] = {
    "people with apps, a ring of 20": _people_with_apps,
    "reports, a crew of 20": _reports,
    "links by a scheduler, a farm of 20": _schedules,
}
ACTS = pa.schema([("account", pa.string()), ("object", pa.string()), ("time", pa.int64())])


def worlds(number: int, make: str) -> list[Row]:
    """Mean of each method's rows over worlds of a make."""
    rows: dict[str, list[Row]] = {}
    for k in range(number):
        table, together = MAKES[make](FIRST_SEED + k)
        acts = table.cast(ACTS)
        people = pc.unique(acts["account"]).to_pylist()
        data = Labelled({"repost": [acts]}, {p: p in together for p in people})
        for row in measure(data, None, None, others=True):
            rows.setdefault(row.method, []).append(row)

    def mean(of: list[float | None]) -> float | None:
        known = [v for v in of if v is not None]
        return float(np.mean(known)) if known else None

    return [
        Row(
            f"{make} ({len(r)})", method, round(np.mean([x.accounts for x in r])),
            round(np.mean([x.called for x in r])), *(
                mean([getattr(x, name) for x in r])
                for name in ("auc", "precision", "recall", "f1", "controls", "purity")
            ), float(np.mean([x.cpu for x in r])),
        )
        for method, r in rows.items()
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("plain", "coordinated", "control"):
        parser.add_argument(f"--{name}", nargs="*", type=Path, default=[])
    parser.add_argument("--groups", type=Path, help="a table of accounts and their groups")
    parser.add_argument("--all-coordinated", action="store_true", help="every account is")
    parser.add_argument("--from", dest="first", help="a day")
    parser.add_argument("--to", dest="last", help="the day after the last")
    parser.add_argument("--others", action="store_true", help="other methods too")
    parser.add_argument("--worlds", type=int, default=0)
    asked = parser.parse_args(arguments)
    print(HEAD)
    if asked.worlds:
        for make in MAKES:
            print("\n".join(r.line() for r in worlds(asked.worlds, make)), flush=True)
        return
    data = read_labelled(asked.coordinated, asked.control, asked.plain, asked.groups)
    if asked.all_coordinated:
        people = [
            pc.unique(t["account"]).to_pylist() for parts in data.acts.values() for t in parts
        ]
        data.coordinated = {a: True for part in people for a in part}
    print("\n".join(r.line() for r in measure(data, asked.first, asked.last, asked.others)))
    print(
        f"\n{data.posts:,} posts; {sum(data.coordinated.values()):,} accounts coordinated, "
        f"{sum(not v for v in data.coordinated.values()):,} controls, "
        f"{len(data.coordinated.keys() | data.group.keys()):,} known"
    )


if __name__ == "__main__":
    main()
