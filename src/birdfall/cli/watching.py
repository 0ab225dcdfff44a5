"""`birdfall watch`, `replay` and `propose`: live streams, recordings of them, and handing a wave to other tools."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from birdfall.cli.output import log, print_json, print_result
from birdfall.cli.parameters import Json, Many
from birdfall.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from birdfall.watch.detect.wave_queries import Wave
    from birdfall.watch.engine.retention import Retention
    from birdfall.watch.feeds.base import Feed
    from birdfall.watch.store.database import State

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
    link: str | None = None,
    simulated: bool = False,
) -> int:
    """Watch live sources: alerts on standard output as JSON lines, talk on standard error.

    Parameters
    ----------
    sources
        wss://HOST (AT Protocol), jetstream:wss://HOST, jetstream2:wss://HOST, ozone:https://HOST, mastodon:https://HOST,
        mastodon-hooks:ADDRESS:PORT, wiki:https://HOST/PATH, kafka:HOST:PORT/TOPIC, - for lines on standard input, or a recording.
    state
        The folder that keeps what was seen. The same folder goes on where it stopped.
    leader
        An account whose audience is watched: its id, or @handle where the source or the state knows it.
    rules
        A TOML file that says which alerts go where.
    case
        A case whose follow edges are known from the start.
    start
        all: begin with everything the server still has.
    dictionary
        The zstd dictionary of Jetstream, for compressed messages; version 2 is asked for it if not given.
    false_alarms
        How many false alarms a year are allowed.
    keep_days
        Forget what is older: raw events, and of the state changes, reports and alerts (of these at least 2 days are kept, and all of
        the waves that are listed). Without it these are kept for good. Counts of ticks go after eight weeks either way.
    keep_gigabytes
        Remove the oldest raw events where they and the state are larger than this together.
    dashboard
        Serve the dashboard here: a port, or ADDRESS:PORT.
    token
        What a visitor must show where the dashboard is not on loopback; made and printed if not given.
    link
        The address of the dashboard as those who are alerted reach it, if it is another one (a proxy's).
    simulated
        Say on every page that the data is simulated; the state remembers it.
    """
    from birdfall.watch.feeds.base import FeedOptions
    from birdfall.watch.feeds.registry import open_feed

    unknown = [s for s in sources if s.startswith("-") and s != "-"]
    if unknown:
        raise UsageError(f"unknown option {unknown[0]!r}", fix="See: birdfall watch --help")
    if not sources:
        raise UsageError("nothing to watch", fix="Name a source: birdfall watch wss://bsky.network")
    feeds = [open_feed(text, FeedOptions(start, dictionary)) for text in sources]
    names = [f.name for f in feeds]
    if len(set(names)) < len(names):
        raise UsageError("a source is named twice", where=max(names, key=names.count))
    kept = _Kept(state, keep_days, keep_gigabytes)
    _run(
        feeds,
        kept,
        leader,
        rules,
        case,
        false_alarms,
        dashboard,
        token,
        seen_at=_address(link),
        simulated=simulated,
    )
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
    simulated: bool = False,
    json: Json = False,
) -> int:
    """Watch recordings as if they happened now, and say what would have been alarmed.

    Parameters
    ----------
    recordings
        Frames (.atfh), or lines of Jetstream, Ozone, MediaWiki or NDJSON; several are merged by time.
    state
        The folder that keeps what was seen; it must not exist yet.
    leader
        An account whose audience is watched: its id, or @handle where the source or the state knows it.
    rules
        A TOML file that says which alerts go where.
    speed
        0: as fast as can be; 1: as it was; 10: ten times as fast.
    false_alarms
        How many false alarms a year are allowed.
    dashboard
        Serve the dashboard here while replaying, and after, until stopped.
    token
        What a visitor must show where the dashboard is not on loopback.
    simulated
        Say on every page that the data is simulated; the state remembers it.
    """
    from birdfall.watch.detect.wave_queries import waves
    from birdfall.watch.feeds.registry import open_recordings

    if not recordings:
        raise UsageError("nothing to replay", fix="Name a recording.")
    if speed < 0:
        raise UsageError("--speed must be 0 or more")
    if (state / "watch.sqlite").exists():
        raise UsageError(
            "this folder holds an earlier watch",
            where=str(state),
            fix="Choose another with --state, or remove it.",
        )
    feed = open_recordings(recordings, speed)
    kept = _Kept(state, None, None)
    _run(
        [feed],
        kept,
        leader,
        rules,
        None,
        false_alarms,
        dashboard,
        token,
        quiet=json,
        simulated=simulated,
    )
    opened = kept.open()
    try:
        found = waves(opened)
        if json:
            print_json({"waves": [_plain(w) for w in reversed(found)], "state": str(state)})
        else:
            for wave in reversed(found):
                print_result(_told(wave))
            if not found:
                print_result("No wave, and no burst of reports.")
    finally:
        opened.close()
    return ExitCode.FOUND if found else ExitCode.NOTHING_FOUND


def propose(
    state: Path,
    wave: int,
    *,
    form: Annotated[
        Literal[
            "ozone",
            "ozone-comment",
            "ozone-report",
            "osprey",
            "coop",
            "csv",
            "hold",
            "restore",
            "reporters",
        ],
        Parameter(name="--as"),
    ] = "csv",
    by: str = "",
    propose_hold: bool = False,
) -> int:
    """Hand a wave to other tools. Nothing is done by itself: the text is for a person to look through and use.

    Parameters
    ----------
    state
        The folder of a watch.
    wave
        Its number.
    form
        ozone (a tag), ozone-comment, ozone-report, osprey or coop: bodies for their interfaces, one a line; csv: the accounts; hold: suspensions that look like a
        brigade's work; restore: accounts that are still down; reporters: who reported them.
    by
        The did of the moderator who will send it to Ozone, which asks for one.
    propose_hold
        The same as --as hold.
    """
    from birdfall.cli.serving import upgrade_state
    from birdfall.watch.alerts.handoff import TABLES, export_wave
    from birdfall.watch.detect.wave_queries import wave as wave_of
    from birdfall.watch.store.database import State

    if propose_hold:
        form = "hold"
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
        found = wave_of(opened, wave)
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
    return ExitCode.FOUND if text.count("\n") > (form in TABLES) else ExitCode.NOTHING_FOUND


class _Kept:
    """The folder of a watch: its state, and the raw events put away."""

    def __init__(self, folder: Path, days: float | None, gigabytes: float | None) -> None:
        from birdfall.record.atomic import explain_write_errors

        if (days is not None and days <= 0) or (gigabytes is not None and gigabytes <= 0):
            raise UsageError("--keep-days and --keep-gigabytes must be above 0")
        with explain_write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder, self.days, self.gigabytes = folder, days, gigabytes
        self._forgetting: Retention | None = None
        self._told = False

    @property
    def path(self) -> Path:
        return self.folder / "watch.sqlite"

    def open(self) -> State:
        """The state, for writing."""
        from birdfall.watch.store.database import State

        return State.open(self.path, check=True)

    def rotate(self, state: State, *, everything: bool = False) -> None:
        """Put raw events away, forget a little of what is old, and remove raw files if limits were given."""
        from birdfall.watch.engine.archive import forget, rotate
        from birdfall.watch.engine.retention import Retention, size_of
        from birdfall.watch.feeds.base import now

        rotate(state, self.folder / "raw", everything=everything)
        if self._forgetting is None:
            with state.transaction():
                state.keep_meta(keep_days=self.days or "", keep_gigabytes=self.gigabytes or 0)
            self._forgetting = Retention(state, self.days)
        self._forgetting.run(now())
        if self.days is not None or self.gigabytes is not None:
            beside = size_of(self.path)
            forget(
                state,
                self.folder / "raw",
                days=self.days,
                gigabytes=self.gigabytes,
                now=now(),
                beside=beside,
            )
            if self.gigabytes is not None and beside > self.gigabytes * 1e9 and not self._told:
                self._told = True
                log(
                    f"the state alone takes {beside / 1e9:.1f} GB, more than --keep-gigabytes {self.gigabytes:g}: no raw events are kept; "
                    "allow more, or forget sooner with --keep-days"
                )


def _run(
    feeds: list[Feed],
    kept: _Kept,
    leaders: tuple[str, ...],
    rules: Path | None,
    case: Path | None,
    false_alarms: float,
    dashboard: str | None,
    token: str | None,
    *,
    quiet: bool = False,
    seen_at: str = "",
    simulated: bool = False,
) -> None:
    from birdfall.watch.alerts.delivery import Courier
    from birdfall.watch.alerts.rules import DEFAULT, STDOUT, keep_rules, load_rules
    from birdfall.watch.engine.handles import resolve_leaders, resolve_rule_leaders
    from birdfall.watch.engine.watcher import Watcher
    from birdfall.watch.store.lock import lock_folder

    chosen, channels = load_rules(rules) if rules is not None else (list(DEFAULT), [STDOUT])
    if quiet:
        chosen = [replace(r, notify=()) for r in chosen]
    if false_alarms <= 0:
        raise UsageError("--false-alarms must be above 0")
    state = kept.open()
    lock = lock_folder(kept.folder)
    stop = threading.Event()
    courier = Courier(str(kept.path), channels, tell=log)
    served = None
    link = seen_at
    try:
        if simulated:
            with state.transaction():
                state.keep_meta(simulated=1)
        names = _names(case)
        leaders = resolve_leaders(leaders, state, feeds, names, log)
        ids = {
            leader: resolve_leaders([leader], state, feeds, names, log)[0]
            for leader in {r.leader for r in chosen if r.leader} - state.leaders
        }
        chosen = resolve_rule_leaders(
            chosen, state.leaders | set(leaders), lambda leader: ids.get(leader, leader), log
        )
        if case is not None:
            _edges(state, case, leaders)
        if dashboard is not None:
            from birdfall.watch.dashboard.server import DashboardServer

            served = DashboardServer(kept.path, dashboard, token)
            served.start()
            link = link or served.address
            log(f"dashboard: {served.invitation}")
        keep_rules(state, chosen, false_alarms_per_year=false_alarms, until=_latest(state))
        _tell_rules(state)

        heard = _Heard(feeds)

        def after() -> None:
            courier.woken.set()
            kept.rotate(state)
            heard.tell()

        watcher = Watcher(
            state,
            feeds,
            leaders=leaders,
            rules=chosen,
            false_alarms_per_year=false_alarms,
            after=after,
            link=link,
            recount_every=1.0 if any(f.live for f in feeds) else 0.0,
        )
        asked = threading.Event()

        def end(*_: object) -> None:
            asked.set()
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        for feed in feeds:
            log(f"watching {feed.name}")
        if not state.leaders:
            log("no --leader is given: waves are found, but not whose followers fell")
        courier.start()
        watcher.run(stop)
        kept.rotate(state, everything=True)
        courier.stop()
        if asked.is_set():
            log("stopped")
        elif any(f.live for f in feeds):
            log(f"standard input has ended; to look at what was seen: birdfall serve {kept.folder}")
        elif served is not None:
            log("the recording is over; the dashboard stays until stopped (Ctrl-C)")
            asked.wait()
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        if served is not None:
            served.stop()
        state.close()
        lock.close()


class _Heard:
    """Says when a live source is connected and when it no longer is: once each, and not what heals within moments."""

    def __init__(self, feeds: list[Feed]) -> None:
        self._feeds = [f for f in feeds if f.live]
        self._said: dict[str, bool | str] = {}

    def tell(self) -> None:
        """Say what is new."""
        from birdfall.watch.engine.watcher import GRACE
        from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, now

        for feed in self._feeds:
            health, said = feed.health, self._said.get(feed.name)
            if health.silent:
                # a connection made anew proves nothing: it is said once, until something is heard
                if said != CONNECTED_BUT_SILENT:
                    log(f"{feed.name}: {CONNECTED_BUT_SILENT}; connected anew until it does")
                    self._said[feed.name] = CONNECTED_BUT_SILENT
            elif health.connected and said is not True:
                log(f"{feed.name}: connected")
                self._said[feed.name] = True
            elif (
                not health.connected
                and not health.ended
                and health.since
                and said is not False
                and now() - health.since > GRACE
            ):
                log(f"{feed.name}: not connected ({health.reason}); tried again")
                self._said[feed.name] = False


def _address(link: str | None) -> str:
    if link is None:
        return ""
    if not link.startswith(("http://", "https://")) or not link.isascii() or not link.isprintable():
        raise UsageError(f"--link {link!r} is no address", fix="Write https://HOST/.")
    return link.rstrip("/") + "/"


def _names(case: Path | None) -> dict[str, str]:
    """What the accounts of a case are called, by id."""
    from birdfall.record.case import Case

    return {} if case is None else Case.open(case).record().names()


def _edges(state: State, case: Path, leaders: tuple[str, ...]) -> None:
    """Follow edges a case knows, so that unfollows and falls of old followers are seen as such."""
    from birdfall.record.case import Case
    from birdfall.sources.atproto.rows import load_follows
    from birdfall.watch.model.events import Follow

    state.watch_leaders(leaders)
    number = 0
    with state.transaction():
        for key, (followed, since) in load_follows(Case.open(case).record()).items():
            if followed in state.leaders:
                number += state.know(Follow(key.partition("/")[0], followed, since or 0, key))
    log(f"{number} follow edges known from {case}")


def _latest(state: State) -> int:
    row = state.connection.execute("SELECT max(event) FROM sources").fetchone()
    return int(row[0] or 0)


def _tell_rules(state: State) -> None:
    import json

    for row in state.connection.execute("SELECT name, backtest FROM rules ORDER BY name"):
        tried = json.loads(row["backtest"])
        if "fires" in tried:
            log(
                f"rule {row['name']!r}: would have fired {tried['fires']} times in {tried['days']} days"
            )
        else:
            why = (
                "would be tried on history once two days of it are stored"
                if tried["why"] == "history-too-short"
                else "nothing to try on history"
            )
            log(f"rule {row['name']!r}: armed; {why}")


def _plain(wave: Wave) -> dict[str, Any]:
    return {
        "wave": wave.id,
        "kind": wave.kind,
        "stream": wave.stream,
        "begin": wave.begin,
        "opened": wave.opened,
        "closed": wave.closed,
        "size": wave.fallen,
        "returned": wave.returned,
        "expected": wave.expected,
        "details": wave.details,
    }


def _told(wave: Wave) -> str:
    import datetime as dt

    begin = dt.datetime.fromtimestamp(wave.begin / 1e6, dt.UTC).isoformat(timespec="seconds")
    late = (wave.opened - wave.begin) / 1e6
    if wave.kind == "reports":
        d = wave.details
        return (
            f"wave {wave.id}: from {begin}, {d['reporters']} accounts reported {len(d['targets'])} targets, "
            f"{len(d['together'])} of them several; called after {late:.1f} s"
        )
    hit = [e for e in wave.details["leaders"] if e["hit"]]
    said = f"wave {wave.id}: from {begin}, {wave.fallen} fell, {wave.returned} returned; called after {late:.1f} s"
    return said + "".join(
        f"\n  {e['leader']}: {e['before']} followers, {e['after']} after, {e['now']} now"
        for e in hit
    )
