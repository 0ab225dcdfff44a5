"""A coordination network as files for other tools.

GEXF, GraphML, CSV, Parquet, or its edges alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from birdfall.model.findings import Finding
    from birdfall.record.ids import Ids

#: Tables of a network that go into its folder: these always, those where they have rows.
REQUIRED_TABLES = ("nodes", "edges", "groups")
EXPORTED_TABLES = (
    *REQUIRED_TABLES,
    "combined",
    "top_objects",
    "examples",
    "sensitivity",
    "left_out",
    "heaviest",
)


@dataclass(frozen=True)
class NetworkAccounts:
    """Whom the codes of a finding mean.

    public: accounts that go by their own names. names: handles by account id.
    """

    ids: Ids
    public: set[str]
    names: Callable[[], dict[str, str]]

    def shown(self, identified: bool) -> Callable[[int, str], str]:
        """What an account is called, from its code and id."""
        from birdfall.record.ids import pseudonym

        handles = self.names() if identified or self.public else {}

        def name(code: int, account: str) -> str:
            return (
                handles.get(account, account)
                if identified or account in self.public
                else pseudonym(code)
            )

        return name


def is_edge_file(out: Path | None) -> TypeGuard[Path]:
    """Whether edges alone are wanted, as one file."""
    return out is not None and out.suffix in (".csv", ".parquet")


def write_network(
    finding: Finding, people: NetworkAccounts, out: Path, identified: bool
) -> list[Path]:
    """GEXF, GraphML, the finding, CSV and Parquet of a network into a new folder, or its edges into
    one file; returns the files.
    """
    import pyarrow.parquet as pq

    from birdfall.pipeline.csv_cells import write_csv
    from birdfall.pipeline.pseudonyms import pseudonymise
    from birdfall.record.atomic import explain_write_errors, write_bytes, write_with

    if is_edge_file(out):
        return [_write_edges(finding, people, out, identified)]
    from birdfall.tell.network.files import NetworkDrawing, to_gexf, to_graphml

    shown = people.shown(identified)
    drawn = NetworkDrawing(finding, shown)
    with explain_write_errors(out):
        out.mkdir(parents=True)
    made = [out / f"{finding.name}.gexf", out / f"{finding.name}.graphml", out / "finding.json"]
    write_bytes(made[0], to_gexf(finding, shown, drawn))
    write_bytes(made[1], to_graphml(finding, shown, drawn))
    write_bytes(made[2], (finding.to_json() + "\n").encode("utf-8"))
    for table_name in EXPORTED_TABLES:
        if table_name not in finding.tables or (
            not finding.table(table_name).num_rows and table_name not in REQUIRED_TABLES
        ):
            continue
        table = finding.table(table_name)
        if not identified:
            table = pseudonymise(table, people, people.public, b"network")
        for form in ("csv", "parquet"):
            path = out / f"{table_name}.{form}"
            made.append(path)
            if form == "csv":
                write_with(path, partial(write_csv, table=table))
            else:
                write_with(path, partial(pq.write_table, table, compression="zstd"))
    return made


def _write_edges(finding: Finding, people: NetworkAccounts, out: Path, identified: bool) -> Path:
    """The edges alone, each account named once and not once per edge."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from birdfall.pipeline.csv_cells import write_csv
    from birdfall.record.atomic import explain_write_errors, write_with

    table = finding.table("edges")
    ends = [table.column(c).to_numpy() for c in ("source", "target")]
    code = np.unique(np.concatenate(ends))
    accounts = people.ids.id_of.take(pa.array(code)).to_pylist()
    if identified:
        names = accounts
    else:
        shown = people.shown(False)
        names = [shown(c, a) for c, a in zip(code.tolist(), accounts, strict=True)]
    named = pa.array(names, pa.string())
    for column, end in zip(("source_id", "target_id"), ends, strict=True):
        place = table.column_names.index(column)
        table = table.set_column(place, column, named.take(pa.array(np.searchsorted(code, end))))
    with explain_write_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        write_with(out, partial(write_csv, table=table))
    else:
        write_with(out, partial(pq.write_table, table, compression="zstd"))
    return out
