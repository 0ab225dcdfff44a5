"""The same data give the same answer: rows in another order, another key of the pseudonyms, and
other ids for the same accounts change no finding of the catalogue but for who is named how.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from birdfall.measures.brigades import brigades
from birdfall.measures.coordination import coordination
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Inputs, Options
from birdfall.pipeline.run import compute
from birdfall.record.record import from_tables
from birdfall.tell.network.files import NetworkDrawing

BEGIN = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
#: Columns that number accounts or lines of a file, or say how accounts are called here.
NUMBERS = ("code", "source", "target", "line", "pseudonym")


def moment(seconds):
    return BEGIN + dt.timedelta(seconds=float(seconds))


def made_up_tables(seed):
    """A town of 240 accounts that reposts, writes, reports and falls; two rings among it."""
    rng = np.random.default_rng(seed)
    people = [f"person-{i}" for i in rng.permutation(240)]
    acts = []
    for post in range(160):
        born = rng.uniform(0, 12 * 86_400)
        crowd = rng.choice(people[60 * (post % 4) : 60 * (post % 4) + 60], 14, replace=False)
        acts += [(a, "repost", born + rng.exponential(2500), f"post-{post}", None) for a in crowd]
    for post in range(40):
        born = rng.uniform(0, 12 * 86_400)
        for ring in (people[10:18], people[100:106]):
            acts += [(a, "repost", born + rng.integers(0, 30), f"ring-{post}", None) for a in ring]
    for k in range(300):
        words = " ".join(rng.choice(["agua", "luz", "barrio", "lluvia", "calle", "noche"], 8))
        acts.append((rng.choice(people), "post", rng.uniform(0, 12 * 86_400), f"note-{k}", words))
        if k % 10 == 0:
            said = rng.uniform(0, 12 * 86_400)
            copy = f"vecinos, hoy a las ocho nos vemos todos en la plaza {k}"
            acts += [
                (a, "post", said + 5 * j, f"copy-{k}-{j}", copy)
                for j, a in enumerate(people[100:106])
            ]
    for _ in range(260):
        whom = rng.choice(people)
        acts.append((rng.choice(people), "report", rng.uniform(0, 12 * 86_400), whom, None))
    for victim in people[200:206]:
        said = rng.uniform(86_400, 11 * 86_400)
        crew = rng.permutation(people[30:50])[:17]
        acts += [(a, "report", said + rng.uniform(0, 200), victim, None) for a in crew]
    account, kind, time, object_, text = zip(*acts, strict=True)
    fallen = [(a, 6 * 86_400 + rng.uniform(0, 1200)) for a in people[180:230]]
    fallen += [(a, rng.uniform(0, 12 * 86_400)) for a in people[60:75]]
    back = [(a, t + rng.uniform(3600, 2 * 86_400)) for a, t in fallen[::3]]
    rows = [(a, "suspended", t) for a, t in fallen] + [(a, "active", t) for a, t in back]
    whom = rng.choice(people[:6], 900)
    return {
        "acts": {
            "account": account, "kind": kind, "time": [moment(t) for t in time],
            "object": object_, "text": text, "act_id": [f"act-{i}" for i in range(len(acts))],
            "client": [("web", "phone", "bot")[sum(map(ord, a)) % 3] for a in account],
        },
        "statuses": {
            "account": [r[0] for r in rows], "status": [r[1] for r in rows],
            "time": [moment(r[2]) for r in rows], "observation": ["change"] * len(rows),
        },
        "follows": {
            "follower": list(rng.choice(people, 900)), "followed": list(whom),
            "since": [moment(-t) for t in rng.uniform(0, 1e7, 900)],
            "observation": ["change"] * 900,
        },
        "accounts": {
            "account": people, "created_at": [moment(-t) for t in rng.uniform(1e6, 1e8, 240)],
            "followers": rng.integers(1, 5000, 240).tolist(),
        },
    }  # fmt: skip


def tables_of(plain, names=None, rows=None):
    """Arrow tables, accounts called by `names` and rows shuffled by the seed `rows`."""
    rng = None if rows is None else np.random.default_rng(rows)
    made = {}
    for table, columns in plain.items():
        called = {
            c: [(names or {}).get(v, v) if isinstance(v, str) else v for v in values]
            for c, values in columns.items()
        }
        made[table] = pa.table(called)
        if rng is not None:
            made[table] = made[table].take(pa.array(rng.permutation(made[table].num_rows)))
    return made


def called_back(value, back):
    """A value of a finding with accounts called as at first, and sets in one order."""
    if isinstance(value, str):
        return back.get(value, value)
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, dict):
        return {k: called_back(v, back) for k, v in value.items() if k not in NUMBERS}
    if isinstance(value, list | tuple):
        return sorted((called_back(v, back) for v in value), key=repr)
    return value


def plain_finding(finding, back):
    """What a finding says, but for how accounts are numbered."""
    tables = {}
    for name, table in finding.tables.items():
        keep = [c for c in table.column_names if c not in NUMBERS]
        rows = [called_back(r, back) for r in table.select(keep).to_pylist()]
        for row in rows:
            if {"source_id", "target_id"} <= set(row):
                row["source_id"], row["target_id"] = sorted((row["source_id"], row["target_id"]))
        tables[name] = sorted(rows, key=repr)
    notes = [called_back([n.code, n.values], back) for n in (*finding.reasons, *finding.limits)]
    estimates = {
        k: called_back([repr(x) for x in (e.value, e.low, e.high)], {})
        for k, e in finding.estimates.items()
    }
    return {
        "answer": finding.answer, "estimates": estimates, "notes": sorted(notes, key=repr),
        "details": called_back(finding.details, back), "tables": tables,
    }  # fmt: skip


def variants(plain, seed):
    """The same data told otherwise: (what was changed, tables, key, names back)."""
    people = plain["accounts"]["account"]
    rng = np.random.default_rng(seed)
    names = {a: f"{rng.integers(1 << 40)}x{i}" for i, a in enumerate(people)}
    back = {b: a for a, b in names.items()}
    return (
        ("rows", tables_of(plain, rows=seed), b"birdfall", {}),
        ("key", tables_of(plain), b"another key", {}),
        ("ids", tables_of(plain, names, rows=seed), b"a third key", back),
    )


def leaders_of(plain, back):
    forth = {a: b for b, a in back.items()}
    return tuple(forth.get(a, a) for a in sorted(set(plain["follows"]["followed"]))[:2])


def all_findings(tables, key, leaders, back):
    """What every measure says, by the name of its finding (ledgers: of the account)."""
    record = from_tables(tables, Settings(leaders=leaders), key=key)
    found = compute(record, Options(replicates=99, permutations=50), Inputs())
    named = {}
    for name, finding in found.items():
        leader = finding.parameters.get("leader") if finding.kind == "ledger" else None
        named[f"ledger of {back.get(leader, leader)}" if leader else name] = finding
    return {name: plain_finding(f, back) for name, f in named.items()}


def assert_the_same(first, other, what):
    assert first.keys() == other.keys(), what
    for name, said in first.items():
        for part, value in said.items():
            if part != "tables":
                assert other[name][part] == value, (what, name, part)
        assert said["tables"].keys() == other[name]["tables"].keys(), (what, name)
        for table, rows in said["tables"].items():
            assert other[name]["tables"][table] == rows, (what, name, table)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_finding_is_the_same_but_for_names(seed):
    plain = made_up_tables(seed)
    first = all_findings(tables_of(plain), b"birdfall", leaders_of(plain, {}), {})
    answered = {name for name, said in first.items() if said["answer"] == "found"}
    assert {"waves", "coordination-repost", "brigades"} <= answered, answered
    for what, tables, key, back in variants(plain, seed):
        assert_the_same(first, all_findings(tables, key, leaders_of(plain, back), back), what)


def test_networks_brigades_and_maps_are_the_same_but_for_names():
    plain = made_up_tables(11)

    def asked(tables, key, back):
        record = from_tables(tables, key=key)
        network = coordination(record, trace=("repost", "text"), sensitivity=False)
        drawing = NetworkDrawing(network, lambda _, account: account)
        places = {
            back.get(a, a): (round(x, 6), round(y, 6))
            for a, x, y in zip(drawing.label, drawing.places.x, drawing.places.y, strict=True)
        }
        said = {
            "network": plain_finding(network, back),
            "brigades": plain_finding(brigades(record, shuffles=99, draws=49), back),
        }
        return said, places

    first, places = asked(tables_of(plain), b"birdfall", {})
    assert first["network"]["tables"]["groups"] and first["brigades"]["tables"]["blocks"]
    for what, tables, key, back in variants(plain, 11)[-1:]:  # other rows, another key, other ids
        said, where = asked(tables, key, back)
        assert_the_same(first, said, what)
        assert where == places, what
