"""Evidence that others can check without knowing who anybody is: a case by pseudonym.

The record of the case, accounts by pseudonym and in the order of their codes, so that every draw
falls as it fell; and the findings measured on it. `birdfall verify` computes them again, wherever
the folder is taken. What comes out otherwise than in the case itself needs what stayed behind (ids,
handles, texts): `evidence.json` lists it, number by number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.model.schemas import Rows, conform
from birdfall.pipeline.run import options_of, run
from birdfall.pipeline.shared_case import SharedCase
from birdfall.pipeline.verify import Verification, compare_findings
from birdfall.record.case import Case
from birdfall.record.ids import Ids

EVIDENCE_FILE: Final = "evidence.json"


@dataclass(frozen=True)
class Evidence:
    """What the numbers of an evidence folder are worth against those of the case it comes from.

    Parameters
    ----------
    measured
        Whether the case had been run; if not, there is nothing to compute again.
    compared
        Numbers and other values that were compared with those of the case.
    same
        Findings of which every value is the same.
    need_ids
        Findings with values that come out otherwise without ids, handles and texts, or not at all:
        by name, where in them. Rows in another order are the same rows.
    """

    measured: bool
    compared: int
    same: tuple[str, ...]
    need_ids: dict[str, list[str]]


def write_evidence(shared: SharedCase, out: Path) -> list[Path]:
    """Write a case by pseudonym into a new folder, and measure it as the case was measured.

    Raises
    ------
    UsageError
        If it was asked for with ids.
    """
    if shared.identified:
        raise UsageError(
            "evidence goes by pseudonym", fix="With ids, the case folder itself is the evidence."
        )
    case = shared.case
    made = Case.create(out, shared.settings)
    made.append(
        _rows(shared),
        source=shared.name,
        reader="evidence",
        digest="evidence",
        dictionary=_dictionary(shared),
    )
    called = shared.pseudonyms
    inputs = {
        name: called.text(stored.decode("utf-8", "replace")).encode()
        for name in ("claims.toml", "facts.csv")
        if (stored := case.read(name))
    }
    if inputs:
        made.put(inputs)
    options = options_of(case)
    if options is None:
        made.save(*shared.findings.values())
        evidence = Evidence(False, 0, (), {})
    else:
        found = run(made, replace(options, asked=()))
        evidence = _compare(dict(shared.findings), found)
    made.put({EVIDENCE_FILE: (json.dumps(asdict(evidence), indent=1) + "\n").encode()})
    return sorted(path for path in out.rglob("*") if path.is_file())


def _rows(shared: SharedCase) -> Iterator[Rows]:
    for table in shared.record_tables():
        for batch in table.batches:
            for part in batch.to_batches():
                yield Rows(table.name, conform(table.name, part))


def _dictionary(shared: SharedCase) -> Ids:
    """The pseudonyms in the order of the codes they stand for."""
    ids = shared.record.ids.id_of
    return Ids(pa.array([shared.pseudonyms.account(a) for a in ids.to_pylist()], pa.string()))


def _compare(said: dict[str, Finding], found: dict[str, Finding]) -> Evidence:
    """Which findings of the case come out the same from the evidence."""
    result = Verification("evidence")
    # claims are named after their words, in which somebody may have been renamed
    claims = {_words(f): n for n, f in found.items() if f.kind == "claim"}
    renamed = {
        claims.get(_words(f), n) if f.kind == "claim" else n: f.replace(inputs=())
        for n, f in said.items()
    }
    aligned = {n: f.replace(name=n) for n, f in renamed.items()}
    own = {
        n: f.replace(inputs=(), tables=_in_order_of(aligned[n], f) if n in aligned else f.tables)
        for n, f in found.items()
    }
    compare_findings(aligned, own, result)
    need: dict[str, list[str]] = {}
    for difference in result.differences:
        name = max(
            (n for n in {*aligned, *own} if difference.where.startswith(n)), key=len, default=""
        )
        need.setdefault(name, []).append(difference.where)
    same = tuple(sorted(set(aligned) - set(need)))
    return Evidence(True, result.checked, same, need)


def _in_order_of(said: Finding, found: Finding) -> dict[str, pa.Table]:
    """The tables of `found`; those of `said` where they hold the same rows in another order, as
    where a tie is broken by the order of ids.
    """
    tables = dict(found.tables)
    for name, table in said.tables.items():
        other = tables.get(name)
        if other is None or (other.num_rows, other.schema.names) != (
            table.num_rows,
            table.schema.names,
        ):
            continue
        if not table.equals(other) and _sorted_rows(table) == _sorted_rows(other):
            tables[name] = table
    return tables


def _sorted_rows(table: pa.Table) -> list[str]:
    """The rows as texts in their own order, lists in theirs, and numbers to eight digits."""
    columns = [[_plain_cell(value) for value in column.to_pylist()] for column in table.columns]
    return sorted("\0".join(cells) for cells in zip(*columns, strict=True))


def _plain_cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.8g}"
    if isinstance(value, list):
        return ",".join(sorted(map(_plain_cell, value)))
    return str(value)


def _words(finding: Finding) -> str:
    said = finding.details.get("said")
    return str(said.get("text", "")) if isinstance(said, dict) else ""
