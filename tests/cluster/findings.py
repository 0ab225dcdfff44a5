"""Findings of an engine beside those of one machine."""

import math

import pyarrow as pa

from birdfall.model.findings import Finding

#: How far two numbers that were summed in another order may lie apart, relative.
NEAR = 1e-9


def differences(alone: dict[str, Finding], engine: dict[str, Finding]) -> list[str]:
    """Where findings differ: names, answers, numbers, notes, tables; all but digests."""
    found = [f"{name} is missing" for name in alone.keys() - engine.keys()]
    found += [f"{name} is new" for name in engine.keys() - alone.keys()]
    for name in alone.keys() & engine.keys():
        found += _differing(name, _plain(alone[name]), _plain(engine[name]))
    return found


def _plain(finding: Finding):
    return {
        "answer": finding.answer,
        "kind": finding.kind,
        "estimates": {
            k: (v.value, v.unit, v.low, v.high, v.level, v.bounds)
            for k, v in finding.estimates.items()
        },
        "parameters": finding.parameters,
        "inputs": [(i.table, i.rows) for i in finding.inputs],
        "reasons": [(n.code, n.values) for n in finding.reasons],
        "limits": [(n.code, n.values) for n in finding.limits],
        "method": finding.method,
        "details": finding.details,
        "tables": {k: _columns(t) for k, t in finding.tables.items()},
        "simulated": finding.simulated,
        "version": finding.method_version,
    }


def _columns(table: pa.Table):
    return {
        "schema": str(table.schema),
        **{c: table.column(c).to_pylist() for c in table.schema.names},
    }


def _differing(where, a, b) -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            return [f"{where}: keys {sorted(map(str, a.keys() ^ b.keys()))}"]
        return [d for k in a for d in _differing(f"{where}.{k}", a[k], b[k])]
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            return [f"{where}: {len(a)} and {len(b)} items"]
        pairs = enumerate(zip(a, b, strict=True))
        return [d for i, (x, y) in pairs for d in _differing(f"{where}[{i}]", x, y)][:5]
    if isinstance(a, float) and isinstance(b, float):
        same = math.isclose(a, b, rel_tol=NEAR, abs_tol=NEAR) or (math.isnan(a) and math.isnan(b))
    else:
        same = a == b
    return [] if same else [f"{where}: {a!r} and {b!r}"]
