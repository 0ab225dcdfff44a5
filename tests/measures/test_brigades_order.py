"""A finding of brigades does not hang on a record's key, nor on the order of its rows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from birdfall.measures.brigades import brigades
from birdfall.record.record import from_tables

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)


def log_of_reports() -> list[dict[str, object]]:
    """A crew of eight on twelve targets, and a crowd that reports here and there."""
    rng = np.random.default_rng(4)
    rows = []
    for target in range(12):
        begin = float(rng.uniform(0, 20 * 86400))
        for member in range(8):
            if rng.random() < 0.85:
                rows.append((f"crew{member}", f"target{target}", begin + rng.uniform(0, 120)))
    for _ in range(900):
        who, whom = rng.integers(0, 400), rng.integers(0, 150)
        rows.append((f"crowd{who}", f"target{whom}", float(rng.uniform(0, 20 * 86400))))
    return [
        {
            "account": who,
            "kind": "report",
            "object": whom,
            "target": whom,
            "time": NOON + dt.timedelta(seconds=round(seconds)),
        }
        for who, whom, seconds in rows
    ]


def measured(rows: list[dict[str, object]], key: bytes):
    record = from_tables({"acts": pa.Table.from_pylist(rows)}, key=key)
    return record, brigades(record, shuffles=99, draws=99)


def test_neither_key_nor_rows_change_a_finding_of_brigades():
    rows = log_of_reports()
    _, first = measured(rows, b"one")
    assert first.answer == "found"
    for seed, key in ((1, b"one"), (2, b"two"), (3, b"three")):
        shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
        record, other = measured(shuffled, key)
        assert other.estimates == first.estimates and other.details == first.details
        for name in ("targets", "reporters", "blocks", "order"):
            mine, theirs = (f.table(name).to_pylist() for f in (other, first))
            for row in mine:
                if "code" in row:
                    who = row.get("target", row.get("reporter"))
                    assert record.ids.decode(np.array([row["code"]])).to_pylist() == [who]
            assert [r | {"code": 0} for r in mine] == [r | {"code": 0} for r in theirs]
