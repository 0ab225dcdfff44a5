"""A coordination network as files for other tools.

GEXF, GraphML, CSV, Parquet, or its edges alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from birdfall.model.findings import Finding
    from birdfall.pipeline.pseudonyms import Pseudonyms
    from birdfall.record.case import Case
    from birdfall.record.ids import Ids
    from birdfall.record.record import Record
    from birdfall.tell.network.files import NetworkDrawing

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

    public: accounts that go by their own names. names: handles by account id. pseudonyms: what
    accounts are called outside.
    """

    ids: Ids
    public: set[str]
    names: Callable[[], dict[str, str]]
    pseudonyms: Callable[[], Pseudonyms]

    def shown(self, identified: bool) -> Callable[[int, str], str]:
        """What an account is called, from its code and id, in a finding that is `shared` where it
        is not `identified`.
        """
        handles = self.names() if identified or self.public else {}
        if not identified:
            handles = {a: h for a, h in handles.items() if a in self.public}
        return lambda _code, account: handles.get(account, account)

    def shared(self, finding: Finding) -> Finding:
        """The finding with nobody in it but by pseudonym."""
        return self.pseudonyms().finding(finding)


def accounts_of_case(case: Case, record: Record) -> NetworkAccounts:
    """Those of a case. record: that of the case."""
    from birdfall.pipeline.shared_case import pseudonyms_of

    return NetworkAccounts(
        record.ids,
        set(record.settings.public),
        record.names,
        lambda: pseudonyms_of(case, record),
    )


def accounts_of_files(
    ids: Ids,
    names: Callable[[], dict[str, str]],
    handles: Callable[[], Iterable[tuple[str, str]]] = lambda: (),
) -> NetworkAccounts:
    """Those of files without a case: nobody is public, and the key of the digests comes from the
    accounts themselves, so that the same files give the same bytes. handles: all of each account.
    """

    def pseudonyms() -> Pseudonyms:
        from birdfall.pipeline.pseudonyms import Pseudonyms
        from birdfall.record.mentions import Mentions

        key = hashlib.sha256("\0".join(sorted(ids.id_of.to_pylist())).encode()).digest()
        return Pseudonyms(ids, frozenset(), key, Mentions(ids, handles()))

    return NetworkAccounts(ids, set(), names, pseudonyms)


def is_edge_file(out: Path | None) -> TypeGuard[Path]:
    """Whether edges alone are wanted, as one file."""
    return out is not None and out.suffix in (".csv", ".parquet")


def write_network(
    finding: Finding, people: NetworkAccounts, out: Path, identified: bool
) -> list[Path]:
    """GEXF, GraphML, the finding, CSV and Parquet of a network into a new folder, or its edges into
    one file; returns the files.
    """
    from birdfall.record.atomic import PRIVATE, SHARED, made_whole

    if is_edge_file(out):
        return [_write_edges(finding, people, out, identified)]
    finding = finding if identified else people.shared(finding)
    from birdfall.tell.network.files import NetworkDrawing

    shown = people.shown(identified)
    drawn = NetworkDrawing(finding, shown)
    mode = PRIVATE if identified else SHARED
    with made_whole(out) as place:
        made = _write_network_folder(finding, shown, drawn, place, mode)
        if identified:
            place.chmod(0o700)
    return [out / path.relative_to(place) for path in made]


def _write_network_folder(
    finding: Finding,
    shown: Callable[[int, str], str],
    drawn: NetworkDrawing,
    out: Path,
    mode: int,
) -> list[Path]:
    import pyarrow.parquet as pq

    from birdfall.pipeline.csv_cells import write_csv
    from birdfall.record.atomic import write_bytes, write_with
    from birdfall.tell.network.files import to_gexf, to_graphml

    out.mkdir()
    made = [out / f"{finding.name}.gexf", out / f"{finding.name}.graphml", out / "finding.json"]
    write_bytes(made[0], to_gexf(finding, shown, drawn), mode=mode)
    write_bytes(made[1], to_graphml(finding, shown, drawn), mode=mode)
    write_bytes(made[2], (finding.to_json() + "\n").encode("utf-8"), mode=mode)
    for table_name in EXPORTED_TABLES:
        if table_name not in finding.tables or (
            not finding.table(table_name).num_rows and table_name not in REQUIRED_TABLES
        ):
            continue
        table = finding.table(table_name)
        for form in ("csv", "parquet"):
            path = out / f"{table_name}.{form}"
            made.append(path)
            if form == "csv":
                write_with(path, partial(write_csv, table=table), mode=mode)
            else:
                write_with(path, partial(pq.write_table, table, compression="zstd"), mode=mode)
    return made


def _write_edges(finding: Finding, people: NetworkAccounts, out: Path, identified: bool) -> Path:
    """The edges alone, each account named once and not once per edge."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from birdfall.pipeline.csv_cells import write_csv
    from birdfall.record.atomic import PRIVATE, SHARED, explain_write_errors, write_with

    table = finding.table("edges")
    ends = [table.column(c).to_numpy() for c in ("source", "target")]
    code = np.unique(np.concatenate(ends))
    accounts = people.ids.id_of.take(pa.array(code)).to_pylist()
    if identified:
        names = accounts
    else:
        from birdfall.record.ids import pseudonym

        shown = people.shown(False)
        names = [
            shown(c, a) if a in people.public else pseudonym(c)
            for c, a in zip(code.tolist(), accounts, strict=True)
        ]
    named = pa.array(names, pa.string())
    for column, end in zip(("source_id", "target_id"), ends, strict=True):
        place = table.column_names.index(column)
        table = table.set_column(place, column, named.take(pa.array(np.searchsorted(code, end))))
    with explain_write_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    mode = PRIVATE if identified else SHARED
    if out.suffix == ".csv":
        write_with(out, partial(write_csv, table=table), mode=mode)
    else:
        write_with(out, partial(pq.write_table, table, compression="zstd"), mode=mode)
    return out
