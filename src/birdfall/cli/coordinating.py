"""`birdfall coordinate`: who moved together, from a case or straight from files, with the network as files for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from birdfall.cli.commands import Flag, Json, Many, OptionalOut
from birdfall.cli.talk import say, show, show_json, telling
from birdfall.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.model.findings import Finding
    from birdfall.record.case import Case
    from birdfall.record.query import Record


def coordinate(
    *files: Path,
    trace: Many = ("repost",),
    window: str = "60s",
    at_least: int = 2,
    alpha: float = 0.01,
    count: Literal["pairs", "objects"] = "pairs",
    null: Literal["degree", "none"] = "degree",
    preset: Literal["coortweet", "toolkit"] | None = None,
    leave_out: Many = (),
    groups: Literal["propagation", "louvain"] = "propagation",
    resolution: float = 1.0,
    seed: int = 0,
    name: str | None = None,
    out: OptionalOut = None,
    identified: Flag = False,
    mapping: Path | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    reader: str | None = None,
    json: Json = False,
) -> int:
    """Find accounts that moved together more than chance allows.

    Parameters
    ----------
    files
        A case, or files with acts: any table with account, object and time.
    trace
        What they did together: repost, quote, reply, like, mention, report, follow, hashtag, hashtags, link, text, status or
        creation. Several make a layered network.
    window
        How close in time, such as 60s, 5min or 1h.
    at_least
        The smallest number of co-actions of an edge.
    alpha
        The false discovery rate.
    count
        Weight by pairs of acts or by distinct objects.
    null
        none: every edge counts, as the customary tools do.
    preset
        The edges of another tool, exactly: coortweet or toolkit.
    leave_out
        An object to leave out; the finding lists it.
    groups
        How groups are found.
    resolution
        Of Louvain: larger makes smaller groups.
    seed
        The seed of all random draws.
    name
        The finding's name in the case.
    out
        A folder for the network: GEXF, GraphML, CSV and Parquet.
    identified
        Write the platform's ids instead of pseudonyms.
    """
    record, case = _record(files, mapping, time_zone, date_format, reader, json)
    request: dict[str, Any] = {
        "trace": trace[0] if len(trace) == 1 else list(trace), "window": window, "at_least": at_least, "alpha": alpha,
        "count": count, "null": null, "preset": preset, "leave_out": list(leave_out), "groups": groups,
        "resolution": resolution, "seed": seed, "name": name,
    }  # fmt: skip
    with telling(json) as progress:
        if case is not None:
            from birdfall.inquiry import ask

            finding = ask(case, request, progress=progress)
        else:
            from birdfall.api import Inquiry

            finding = Inquiry(record).coordination(**request, progress=progress)
    made = [] if out is None else write_network(finding, record, out, identified)
    if json:
        from birdfall.model.findings import as_plain

        show_json({"finding": as_plain(finding), "made": [str(p) for p in made]})
    else:
        _show(finding, made, identified)
    return ExitCode.FOUND if finding.answer == "found" else ExitCode.NOTHING_FOUND


def write_network(finding: Finding, record: Record, out: Path, identified: bool) -> list[Path]:
    """GEXF, GraphML, CSV and Parquet of a network into a new folder; returns the files."""
    import pyarrow.parquet as pq

    from birdfall.export import pseudonymised, write_csv
    from birdfall.record.atomic import explained, write_bytes, write_with
    from birdfall.record.ids import pseudonym
    from birdfall.tell.network_files import to_gexf, to_graphml

    if out.exists():
        raise UsageError("this name is taken", where=str(out), fix="Choose another with -o, or remove it.")
    public = set(record.settings.public)
    handles = record.names()

    def shown(code: int, account: str) -> str:
        if identified or account in public:
            return handles.get(account, account)
        return pseudonym(code)

    with explained(out):
        out.mkdir(parents=True)
    made = [out / f"{finding.name}.gexf", out / f"{finding.name}.graphml"]
    write_bytes(made[0], to_gexf(finding, shown))
    write_bytes(made[1], to_graphml(finding, shown))
    for table_name in ("nodes", "edges", "groups"):
        if table_name not in finding.tables:
            continue
        table = finding.table(table_name)
        if not identified:
            table = pseudonymised(table, record, public, b"network")
        for form in ("csv", "parquet"):
            path = out / f"{table_name}.{form}"
            made.append(path)
            if form == "csv":
                write_with(path, partial(write_csv, table=table))
            else:
                write_with(path, partial(pq.write_table, table, compression="zstd"))
    return made


def _record(
    files: Sequence[Path],
    mapping: Path | None,
    time_zone: str | None,
    date_format: str | None,
    reader: str | None,
    quiet: bool,
) -> tuple[Record, Case | None]:
    from birdfall.record.case import Case
    from birdfall.sources.ingest import load
    from birdfall.sources.mapping import load_mapping

    if not files:
        raise UsageError("nothing to look at", fix="Name a case or files: birdfall coordinate tweets.csv")
    if len(files) == 1 and (files[0] / "manifest.json").exists():
        case = Case.open(files[0])
        return case.record(), case
    chosen = None if mapping is None else load_mapping(mapping)
    with telling(quiet) as progress:
        return load(
            *files, mapping=chosen, time_zone=time_zone, date_format=date_format, reader=reader, progress=progress
        ), None  # fmt: skip


def _show(finding: Finding, made: Sequence[Path], identified: bool) -> None:
    def value(key: str) -> str:
        found = finding.estimates.get(key)
        return (
            "–"
            if found is None or found.value is None
            else f"{found.value:,.4g}"
            if isinstance(found.value, float)
            else f"{found.value:,}"
        )

    label = "  (simulated data)" if finding.simulated else ""
    show(f"{finding.name}: {value('accounts')} accounts, {value('acts')} acts{label}")
    if "significant" in finding.estimates:
        show(f"  edges found            {value('edges')}")
        show(f"  beyond the null model  {value('significant')}")
        show(
            f"  in shifted time        {value('shifted_significant')}  (empirical false discovery rate {value('empirical_fdr')})"
        )
        show(f"  a fixed rule claims    {value('fixed_rule_edges')}  (2 or more within 60 s)")
        show(f"  groups                 {value('groups')}")
    else:
        show(f"  edges                  {value('edges')}")
    for path in made:
        show(str(path))
    if made and not identified:
        say("Accounts go by pseudonym. For ids: --identified")
