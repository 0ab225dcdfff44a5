"""An export format: the accounts of a case, one a line."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc

from birdfall.pipeline.export import ExportFormat
from birdfall.pipeline.shared_case import SharedCase


def write_accounts(case: SharedCase, out: Path) -> list[Path]:
    """Write the accounts that change status, by the name the export may show them under."""
    names: set[str] = set()
    for table in case.tables("accounts"):
        if table.name == "statuses":
            for batch in table.batches:
                names.update(pc.unique(batch.column("account")).to_pylist())
    out.write_text("".join(f"{name}\n" for name in sorted(names)), "utf-8")
    return [out]


ACCOUNT_LIST = ExportFormat("accounts", "the accounts, one a line", write_accounts)
