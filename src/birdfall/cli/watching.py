"""`birdfall watch`, `replay` and `propose`: live streams, recordings of them, and handing a wave to
other tools.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from birdfall.cli.dashboard_token import read_token
from birdfall.cli.output import log, print_json, print_result, quiet_libraries
from birdfall.cli.parameters import Json, Many
from birdfall.cli.signals import stop_event
from birdfall.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.watch.model.wave import Wave

#: A lone hyphen is a source, and no option.
Sources = Annotated[str, Parameter(allow_leading_hyphen=True)]
Keep = Annotated[Path, Parameter(name=["--state", "-s"])]


def watch(
    *sources: Sources,
    state: Keep = Path("birdfall-watch"),
    leader: Many = (),
    rules: Path | None = None,
    case: Path | None = None,
    start: Literal["live", "all"] = "live",
    dictionary: Path | None = None,
    false_alarms: float = 1.0,
    keep_days: float | None = None,
    keep_gigabytes: float | None = None,
    dashboard: str | None = None,
    token: str | None = None,
    token_file: Path | None = None,
    link: str | None = None,
    simulated: bool = False,
) -> int:
    """Watch live sources: alerts on standard output as JSON lines, talk on standard error.

    Parameters
    ----------
    sources
        wss://HOST (AT Protocol), jetstream:wss://HOST, jetstream2:wss://HOST, ozone:https://HOST,
        mastodon:https://HOST, mastodon-hooks:ADDRESS:PORT, wiki:https://HOST/PATH,
        kafka:HOST:PORT/TOPIC, - for lines on standard input, or a recording.
    state
        The folder that keeps what was seen. The same folder goes on where it stopped.
    leader
        An account whose audience is watched: its id, or @handle where the source or the state knows
        it.
    rules
        A TOML file that says which alerts go where.
    case
        A case whose follow edges are known from the start.
    start
        all: begin with everything the server still has.
    dictionary
        The zstd dictionary of Jetstream, for compressed messages; version 2 is asked for it if not
        given.
    false_alarms
        How many false alarms a year are allowed.
    keep_days
        Forget what is older: raw events, and of the state changes, reports and alerts (of these at
        least 2 days are kept, and all of the waves that are listed). Without it these are kept for
        good. Counts of ticks go after eight weeks either way.
    keep_gigabytes
        Remove the oldest raw events where they and the state are larger than this together.
    dashboard
        Serve the dashboard here: a port, or ADDRESS:PORT.
    token
        What a visitor must show where the dashboard is not on loopback or has a --link; made and
        printed if not given. Other users of this machine can read it: better use --token-file.
    token_file
        A file with the token. BIRDFALL_DASHBOARD_TOKEN in the environment does the same.
    link
        The address of the dashboard as those who are alerted reach it, if it is another one (a
        proxy's). Visitors must then show the token.
    simulated
        Say on every page that the data is simulated; the state remembers it.
    """
    from birdfall.watch.session import WatchOptions
    from birdfall.watch.session import watch as run_watch

    unknown = [s for s in sources if s.startswith("-") and s != "-"]
    if unknown:
        raise UsageError(f"unknown option {unknown[0]!r}", fix="See: birdfall watch --help")
    options = WatchOptions(
        state=state,
        leaders=leader,
        rules=rules,
        case=case,
        start=start,
        dictionary=dictionary,
        false_alarms_per_year=false_alarms,
        keep_days=keep_days,
        keep_gigabytes=keep_gigabytes,
        dashboard=dashboard,
        token=read_token(token, token_file),
        link=link,
        simulated=simulated,
    )
    quiet_libraries()
    with stop_event(set_up=True) as stop:
        run_watch(*sources, options=options, stop=stop, log=log)
    return ExitCode.FOUND


def replay(
    *recordings: Path,
    state: Keep = Path("birdfall-replay"),
    leader: Many = (),
    rules: Path | None = None,
    speed: float = 0.0,
    false_alarms: float = 1.0,
    dashboard: str | None = None,
    token: str | None = None,
    token_file: Path | None = None,
    simulated: bool = False,
    json: Json = False,
) -> int:
    """Watch recordings as if they happened now, and say what would have been alarmed.

    Parameters
    ----------
    recordings
        Frames (.atfh), or lines of Jetstream, Ozone, MediaWiki or NDJSON; several are merged by
        time.
    state
        The folder that keeps what was seen; it must not exist yet.
    leader
        An account whose audience is watched: its id, or @handle where the source or the state knows
        it.
    rules
        A TOML file that says which alerts go where.
    speed
        0: as fast as can be; 1: as it was; 10: ten times as fast.
    false_alarms
        How many false alarms a year are allowed.
    dashboard
        Serve the dashboard here while replaying, and after, until stopped.
    token
        What a visitor must show where the dashboard is not on loopback. Other users of this machine
        can read it: better use --token-file.
    token_file
        A file with the token. BIRDFALL_DASHBOARD_TOKEN in the environment does the same.
    simulated
        Say on every page that the data is simulated; the state remembers it.
    """
    from birdfall.watch.session import WatchOptions
    from birdfall.watch.session import replay as run_replay

    options = WatchOptions(
        state=state,
        leaders=leader,
        rules=rules,
        notify=not json,
        false_alarms_per_year=false_alarms,
        dashboard=dashboard,
        token=read_token(token, token_file),
        simulated=simulated,
    )
    with stop_event(set_up=True) as stop:
        found = run_replay(*recordings, speed=speed, options=options, stop=stop, log=log).waves
    if json:
        print_json({"waves": [_wave_json(w) for w in found], "state": str(state)})
    else:
        for wave in found:
            print_result(_describe(wave))
        if not found:
            print_result("No wave, and no burst of reports.")
    return ExitCode.FOUND if found else ExitCode.NOTHING_FOUND


def propose(
    state: Path,
    wave: int,
    *,
    form: Annotated[str, Parameter(name="--as")] = "csv",
    by: str = "",
    propose_hold: bool = False,
) -> int:
    """Hand a wave to other tools. Nothing is done by itself: the text is for a person to look
    through and use.

    Parameters
    ----------
    state
        The folder of a watch.
    wave
        Its number.
    form
        One of ozone (a tag), ozone-comment, ozone-report, osprey and coop: bodies for their
        interfaces, one a line; csv: the accounts; hold: suspensions that look like a brigade's
        work; restore: accounts that are still down; reporters: who reported them. Other packages
        may add more.
    by
        The did of the moderator who will send it to Ozone, which asks for one.
    propose_hold
        The same as --as hold.
    """
    from birdfall.cli.serving import upgrade_state
    from birdfall.watch.alerts.handoff import export_wave, find_format, is_table
    from birdfall.watch.store.database import State
    from birdfall.watch.store.queries.waves import find_wave

    if propose_hold:
        form = "hold"
    find_format(form)  # a wrong one is said before the state is opened
    path = state / "watch.sqlite"
    if not path.is_file():
        raise UsageError(
            "this is not the folder of a watch",
            where=str(state),
            fix="Name the folder given to --state.",
        )
    upgrade_state(state, path)
    opened = State.open(path, read_only=True)
    try:
        found = find_wave(opened, wave)
        if found is None:
            raise UsageError(
                f"there is no wave {wave}",
                where=str(state),
                fix="The page of waves lists them: birdfall serve " + str(state),
            )
        text = export_wave(opened, found, form, by)
    finally:
        opened.close()
    print_result(text.rstrip("\n"))
    return ExitCode.FOUND if text.count("\n") > is_table(form) else ExitCode.NOTHING_FOUND


def _wave_json(wave: Wave) -> dict[str, Any]:
    return {
        "wave": wave.id,
        "kind": wave.kind.value,
        "stream": str(wave.stream),
        "begin": wave.begin,
        "opened": wave.opened,
        "closed": wave.closed,
        "size": wave.fallen,
        "returned": wave.returned,
        "expected": wave.expected,
        "details": wave.details.to_json(),
    }


def _describe(wave: Wave) -> str:
    import datetime as dt

    from birdfall.watch.model.wave import ReportDetails

    begin = dt.datetime.fromtimestamp(wave.begin / 1e6, dt.UTC).isoformat(timespec="seconds")
    late = (wave.opened - wave.begin) / 1e6
    details = wave.details
    if isinstance(details, ReportDetails):
        return (
            f"wave {wave.id}: from {begin}, {details.reporters} accounts reported "
            f"{len(details.targets)} targets, {len(details.together)} of them several; "
            f"called after {late:.1f} s"
        )
    said = (
        f"wave {wave.id}: from {begin}, {wave.fallen} fell, {wave.returned} returned; "
        f"called after {late:.1f} s"
    )
    return said + "".join(
        f"\n  {hit.leader}: {hit.before} followers, {hit.after} after, {hit.now} now"
        for hit in details.hit_leaders
    )
