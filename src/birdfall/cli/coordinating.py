"""`birdfall coordinate`: who acted in concert, from a case or straight from files, with the network
as files for other tools.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Literal

from birdfall.cli.network_files import (
    NetworkAccounts,
    accounts_of_case,
    accounts_of_files,
    is_edge_file,
    write_network,
)
from birdfall.cli.output import log, print_json, print_result, show_progress
from birdfall.cli.parameters import (
    AS_IS,
    FileOptions,
    Flag,
    Json,
    Many,
    OptionalOut,
    read_short_links,
)
from birdfall.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pyarrow import Table

    from birdfall.measures.coordination import (
        CoordinationKeywords,
        PeerName,
        PeerOption,
    )
    from birdfall.model.findings import Finding
    from birdfall.pipeline.intake import ReadOptions
    from birdfall.record.record import Record


#: Groups listed in the terminal.
MAX_SHOWN_GROUPS = 5


def coordinate(
    *files: Path,
    trace: Many = (),
    window: str = "60s",
    at_least: int = 2,
    alpha: float = 0.01,
    count: Literal["pairs", "objects"] = "pairs",
    null: Literal["degree", "none"] = "degree",
    preset: Literal["coortweet", "toolkit"] | None = None,
    preset_option: Many = (),
    leave_out: Many = (),
    groups: Literal["propagation", "leiden", "louvain"] = "propagation",
    resolution: float = 1.0,
    seed: int = 0,
    name: str | None = None,
    out: OptionalOut = None,
    identified: Flag = False,
    short_links: Path | None = None,
    reading: FileOptions = AS_IS,
    json: Json = False,
) -> int:
    """Find accounts that acted in concert more than chance allows.

    Parameters
    ----------
    files
        A case, or files with acts: any table with account, object and time.
    trace
        What they did together: repost, quote, reply, like, mention, report, follow, hashtag,
        hashtags, link, domain, text, emoji, conversation, delete, status or creation, or any kind
        of object that the data have, such as image or song. Several make a layered network.
        Without it: reposts, else what most accounts did.
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
    preset_option
        What that tool would be told, such as min_edge_weight=3 or remove_loops=false.
    leave_out
        An object to leave out; the finding lists it.
    groups
        How groups are found: label propagation, or Leiden's algorithm ("louvain" means it too).
    resolution
        Of Leiden's algorithm: larger makes smaller groups.
    seed
        The seed of all random draws.
    name
        The finding's name in the case.
    out
        A folder for the network (GEXF, GraphML, CSV and Parquet), or a file for its edges alone:
        edges.csv, edges.parquet.
    identified
        Write the platform's ids instead of pseudonyms.
    short_links
        A table of short links and the addresses they lead to: a CSV of two columns.
    """
    if out is not None and out.exists():
        raise UsageError(
            "this name is taken", where=str(out), fix="Choose another with -o, or remove it."
        )
    request: CoordinationKeywords = {
        "trace": trace[0] if len(trace) == 1 else list(trace) or "repost",
        "window": window,
        "at_least": at_least,
        "alpha": alpha,
        "count": count,
        "null": null,
        "preset": preset,
        "leave_out": list(leave_out),
        "groups": groups,
        "resolution": resolution,
        "seed": seed,
        "name": name,
    }
    if preset is not None:
        request["preset_options"] = _preset_options(preset, preset_option, at_least)
    elif preset_option:
        raise UsageError(
            "there is no preset that --preset-option could be for", fix="Name it with --preset."
        )
    if short_links is not None:
        request["short_links"] = read_short_links(short_links)
    read = _with_mapping(reading.options(), request["trace"])
    asked = (files, request, read, identified and not is_edge_file(out), json)
    finding, people = _find_coordination(*asked) if trace else _find_main_coordination(*asked)
    made = [] if out is None else write_network(finding, people, out, identified)
    if json:
        from birdfall.model.findings import as_plain

        print_json({"finding": as_plain(finding), "made": [str(p) for p in made]})
    else:
        _print_finding(finding, made, identified)
    return ExitCode.FOUND if finding.answer == "found" else ExitCode.NOTHING_FOUND


def _find_main_coordination(
    files: Sequence[Path],
    request: CoordinationKeywords,
    read: ReadOptions,
    handles: bool,
    quiet: bool,
) -> tuple[Finding, NetworkAccounts]:
    """As `_find_coordination` where no trace was named: of reposts, else of what most accounts
    did.
    """
    from birdfall.model.errors import CannotAnswer
    from birdfall.pipeline.networks import main_trace
    from birdfall.record.case import Case
    from birdfall.record.manifest import is_case

    if len(files) == 1 and is_case(files[0]):
        request["trace"] = main_trace(Case.open(files[0]).record())
        return _find_coordination(files, request, read, handles, quiet)
    try:
        return _find_coordination(files, request, read, handles, quiet)
    except CannotAnswer as error:
        if "no acts of" not in error.what:
            raise
        request["trace"] = main_trace(_load_record(files, read, quiet))
        if request["trace"] == "repost":
            raise
        log(f"there are no reposts: {request['trace']} is looked at (--trace)")
        return _find_coordination(files, request, read, handles, quiet)


def _load_record(files: Sequence[Path], read: ReadOptions, quiet: bool) -> Record:
    """The files as one record in memory."""
    from birdfall.pipeline.intake import load_files

    with show_progress(quiet) as progress:
        return load_files(files, read, progress=progress)


def _find_coordination(
    files: Sequence[Path],
    request: CoordinationKeywords,
    read: ReadOptions,
    handles: bool,
    quiet: bool,
) -> tuple[Finding, NetworkAccounts]:
    """The finding and who is in it: from a case, from files of which a few columns do, or from a
    record made of them.
    """
    from birdfall.record.manifest import is_case

    if not files:
        raise UsageError(
            "nothing to look at", fix="Name a case or files: birdfall coordinate tweets.csv"
        )
    if len(files) == 1 and is_case(files[0]):
        from birdfall.pipeline.run import add_network
        from birdfall.record.case import Case

        case = Case.open(files[0])
        record = case.record()
        with show_progress(quiet) as progress:
            found = add_network(case, request, progress=progress)
        return found, accounts_of_case(case, record)
    from birdfall.measures.coordination import (
        CoordinationOptions,
        FileReading,
        coordinate_files,
        guessed_columns,
    )

    reading = FileReading(**read.keywords)
    if all(f.is_file() for f in files):
        Thread(target=_warm_up, args=(request["preset"],)).start()
    with show_progress(quiet) as progress:
        options = CoordinationOptions(**request)
        direct = coordinate_files(files, options, reading, handles=handles, progress=progress)
    if direct is not None:
        finding, acts = direct
        _print_guesses(acts.read, quiet)
        _print_rejected_rows(acts.rejected, quiet)
        return finding, accounts_of_files(acts.ids, acts.names)
    from birdfall.inquiry import Inquiry
    from birdfall.record.mentions import every_handle

    _print_guesses(guessed_columns(files, reading), quiet)
    record = _load_record(files, read, quiet)
    _print_rejected_rows(record.table("rejected"), quiet)
    with show_progress(quiet) as progress:
        finding = Inquiry(record).coordination(**request, progress=progress)
    return finding, accounts_of_files(record.ids, record.names, lambda: every_handle(record))


#: Roles that make a whole table of acts: what each row shares is then of the trace's kind.
_ACTS = {"account", "object", "time"}


def _with_mapping(read: ReadOptions, trace: str | Sequence[str]) -> ReadOptions:
    """The same with the mapping that --column gives, where it gives a whole one."""
    columns = read.columns
    if columns and read.mapping is not None:
        raise UsageError("columns are said twice", fix="Give --column or --mapping.")
    if not _ACTS - {"object"} <= columns.keys() or not columns.keys() & {"object", "text"}:
        return read
    from birdfall.model.schemas import TABLES

    if columns.keys() - set(TABLES["acts"].names):
        return read
    from dataclasses import replace

    from birdfall.measures.coordination import mapping_from_columns

    return replace(read, mapping=mapping_from_columns(columns, trace), columns={})


def _warm_up(preset: str | None) -> None:
    """Load the measure and its compiled code while the files are read: half a second that nobody
    then waits for.

    What fails here, as when the command has ended with an error meanwhile, fails again and is
    reported where it is needed.
    """
    with suppress(Exception):
        import numpy as np

        from birdfall.kernels.coaction.coaction import coaction

        if preset is None:
            import_module("birdfall.measures.coordination.measure")
        few = np.zeros(2, np.int32)
        coaction(few, few, few.astype(np.int64), window=1)


def _preset_options(preset: PeerName, given: Sequence[str], at_least: int) -> dict[str, PeerOption]:
    """The options of a preset as its own types.

    The toolkit's smallest weight is `--at-least` unless it is given.
    """
    from birdfall.measures.coordination import PEER_OPTIONS, check_options

    options: dict[str, PeerOption] = {}
    for text in given:
        name, _, value = text.partition("=")
        kind = PEER_OPTIONS[preset].get(name)
        try:
            options[name] = (
                {"true": True, "false": False}[value.lower()]
                if kind is bool
                else (kind or str)(value)
            )
        except (KeyError, ValueError):
            options[name] = value
    check_options(preset, options)
    if preset == "toolkit":
        options.setdefault("min_edge_weight", at_least)
    elif at_least != 2:
        raise UsageError(
            "CooRTweet has no smallest weight",
            fix="Its own way is --preset-option min_participation=3.",
        )
    return options


def _print_guesses(read: Sequence[str], quiet: bool) -> None:
    """Which columns were taken for what, where that was a guess."""
    if quiet or not read:
        return
    for line in read:
        log(f"guessed by the names of columns: {line}")


def _print_rejected_rows(rejected: Table, quiet: bool) -> None:
    """How many rows could not be taken, and the first of them."""
    if quiet or not rejected.num_rows:
        return
    from birdfall.measures.coordination import count_rejected_rows
    from birdfall.model.errors import printable

    log(f"{count_rejected_rows(rejected):,} rows were rejected, the first:")
    for row in rejected.slice(0, 3).to_pylist():
        shown = "" if row["value"] is None else f' "{printable(row["value"], 60)}"'
        place = ", ".join(
            x
            for x in (row["source"], f"row {row['line']:,}" if row["line"] else "", row["column"])
            if x
        )
        log(f"  {printable(place, 200)}:{shown} {row['reason']}. {row['fix'] or ''}".rstrip())


def _print_groups(finding: Finding) -> None:
    """The largest groups: how many, how dense, from when to when, and the text or object they acted
    on most.
    """
    from birdfall.tell.names import sanitize_text

    rows = finding.table("groups").to_pylist()
    shown = {t["group"]: t["shown"] for t in reversed(finding.table("top_objects").to_pylist())}
    for row in rows[:MAX_SHOWN_GROUPS]:
        span = (
            ""
            if row["first"] is None
            else f", {row['first']:%Y-%m-%d %H:%M} to {row['last']:%Y-%m-%d %H:%M}"
        )
        kind = " (as a block, no pair alone)" if row["kind"] == "block" else ""
        spoken = f", {sanitize_text(row['languages'])}" if row["languages"] else ""
        print_result(
            f"    {row['group']}: {row['members']} accounts{kind}, density {row['density']:.0%}, "
            f"{row['coactive_share']:.0%} of what they did{span}{spoken}"
        )
        if shown.get(row["group"]):
            print_result(f"       “{sanitize_text(shown[row['group']])[:90]}”")
    if len(rows) > MAX_SHOWN_GROUPS:
        print_result(f"    ... and {len(rows) - MAX_SHOWN_GROUPS} more; -o FOLDER writes them all")


def _print_counts(finding: Finding) -> None:
    """Accounts, edges beside what chance gives, and groups."""

    def value(key: str) -> str:
        found = finding.estimates.get(key)
        return (
            "\N{EN DASH}"
            if found is None or found.value is None
            else f"{found.value:,.4g}"
            if isinstance(found.value, float)
            else f"{found.value:,}"
        )

    label = "  (simulated data)" if finding.simulated else ""
    print_result(f"{finding.name}: {value('accounts')} accounts, {value('acts')} acts{label}")
    if "significant" not in finding.estimates:
        print_result(f"  edges                  {value('edges')}")
        if "groups" in finding.estimates:
            print_result(f"  groups of these        {value('groups')}")
            _print_groups(finding)
    else:
        rate = finding.estimates["empirical_fdr"].value
        found = (
            "" if rate is None else f"  (empirical false discovery rate {value('empirical_fdr')})"
        )
        print_result(f"  edges found            {value('edges')}")
        print_result(f"  beyond the null model  {value('significant')}")
        print_result(f"  in shifted time        {value('shifted_significant')}{found}")
        print_result(
            f"  a fixed rule claims    {value('fixed_rule_edges')}  (2 or more within 60 s)"
        )
        for layer in finding.details["layers"] if len(finding.details["layers"]) > 1 else ():
            print_result(
                f"    {layer['trace']} alone: {layer['edges']:,} edges, "
                f"{layer['significant']:,} beyond the null, "
                f"{layer['shifted_significant']:,} in shifted time, "
                f"{layer['fixed_rule_edges']:,} by the fixed rule"
            )
        if "across_platforms" in finding.estimates:
            print_result(f"  across platforms       {value('across_platforms')}")
        print_result(f"  groups                 {value('groups')}")
        _print_groups(finding)


def _print_limits(finding: Finding) -> None:
    """What limits the finding; a sentence that holds for several traces once."""
    from birdfall.model.errors import printable
    from birdfall.tell.words import words

    said = words("en", "UTC")
    of_traces: dict[str, list[str]] = {}
    for note in finding.limits:
        of_traces.setdefault(said.note(note), []).extend(
            [t] if isinstance(t := note.values.get("trace"), str) else []
        )
    for sentence, traces in of_traces.items():
        named = (
            f" ({', '.join(traces)})"
            if traces and len(finding.parameters.get("trace", ())) > 1
            else ""
        )
        print_result(f"  {printable(sentence + named, 400)}")


def _print_left_out(finding: Finding) -> None:
    """The objects that were left out, the first of them."""
    from birdfall.model.errors import printable

    for row in finding.table("left_out").slice(0, MAX_SHOWN_GROUPS).to_pylist():
        print_result(
            f"  left out: {printable(row['object'], 80)}  "
            f"({row['events']:,} acts, {row['pairs']:,} pairs within the window)"
        )


def _print_finding(finding: Finding, made: Sequence[Path], identified: bool) -> None:
    _print_counts(finding)
    _print_limits(finding)
    if "left_out" in finding.tables:
        _print_left_out(finding)
    for path in made:
        print_result(str(path))
    if made and not identified:
        log("Accounts go by pseudonym. For ids: --identified")
