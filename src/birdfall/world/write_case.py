"""A simulated world as a case.

The record as in every case, the truth in a folder no measure reads.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import tomli_w

from birdfall.model.schemas import Rows
from birdfall.record.case import Case
from birdfall.world.simulate import World, conform, simulate

#: Rows of one batch.
BATCH_ROWS = 1 << 17


def write_case(
    scenario: str,
    out: str | Path,
    *,
    seed: int = 0,
    observe: str = "full",
    accounts: int | None = None,
    **changes: Any,
) -> Case:
    """Simulate a world and write it as a case.

    Parameters
    ----------
    scenario, seed, observe, accounts, changes
        As of `world.simulate.simulate`.
    out
        Folder to make.

    Raises
    ------
    CaseError
        If there is something at `out` already.
    """
    world = simulate(scenario, seed=seed, observe=observe, accounts=accounts, **changes)
    case = Case.create(out, world.settings, key=world.key)
    items = [
        Rows(name, batch)
        for name, table in sorted(world.tables.items())
        for batch in conform(name, table).to_batches(max_chunksize=BATCH_ROWS)
    ]
    options: dict[str, str | int] = {"scenario": scenario, "seed": seed, "observe": observe}
    case.append(
        items,
        source=f"simulated:{scenario}",
        reader="simulation",
        digest=f"{scenario}:{seed}:{observe}",
        options=options,
    )
    case.put(_files(world))
    return case


def _files(world: World) -> dict[str, bytes]:
    files = {
        "truth/facts.json": (json.dumps(world.facts, indent=1, sort_keys=True) + "\n").encode()
    }
    for name, table in world.truth.items():
        out = io.BytesIO()
        pq.write_table(table, out, compression="zstd")
        files[f"truth/{name}.parquet"] = out.getvalue()
    files["claims.toml"] = tomli_w.dumps({"claim": world.claims}).encode()
    return files
