"""`birdfall.watch(...)` and `birdfall.replay(...)`: a watch put together from its parts, and run
until it ends.

This is the only place where feeds, state, detectors, alerts, retention and dashboard are joined;
the command line calls it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from birdfall.model.errors import UsageError
from birdfall.record.case import Case
from birdfall.sources.atproto.rows import load_follows
from birdfall.watch.alerts.backtest import HISTORY_TOO_SHORT, RuleBacktest, keep_rules
from birdfall.watch.alerts.delivery import Courier
from birdfall.watch.alerts.rules import DEFAULT_RULES, STDOUT, Channel, Rule, load_rules
from birdfall.watch.engine.connections import ConnectionReporter
from birdfall.watch.engine.folder import STATE_FILE, WatchFolder
from birdfall.watch.engine.handles import resolve_leaders, resolve_rule_leaders
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.base import Feed, FeedOptions, Start
from birdfall.watch.feeds.registry import open_feed, open_recordings
from birdfall.watch.model.events import Follow
from birdfall.watch.model.wave import Wave
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import add_follow
from birdfall.watch.store.lock import lock_folder
from birdfall.watch.store.queries.alerts import list_rules
from birdfall.watch.store.queries.sources import latest_event
from birdfall.watch.store.queries.waves import list_waves

if TYPE_CHECKING:
    from birdfall.watch.dashboard.server import DashboardServer

Log = Callable[[str], None]
#: Seconds between looks at whether the caller asked for the end.
STOP_CHECK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Options of a watch, apart from its sources. Paths may be given as text.

    Attributes
    ----------
    state
        Folder of the stored state; a watch on the same folder resumes where the last one stopped.
    leaders
        Accounts whose audiences are watched: ids, or `@handle` where the source or the state knows
        it.
    rules
        TOML file that says which alerts go where (`alerts.rules`); None: every alert as a JSON line
        on standard output.
    notify
        False keeps alerts in the state and sends them nowhere.
    case
        Folder of a case whose follow edges and handles are known from the start.
    start
        Where sources begin that the state has no cursor of: "live", or "all" they still have.
    dictionary
        File of Jetstream's zstd dictionary, for compressed messages.
    false_alarms_per_year
        Expected false alarms over all detectors; above 0.
    keep_days, keep_gigabytes
        Limits of what is kept (`engine.folder.WatchFolder`); None for none.
    dashboard
        Where the dashboard is served: "PORT" or "ADDRESS:PORT"; None for nowhere.
    token
        What visitors of a dashboard beyond loopback, or of one with a `link`, must show, at least
        16 characters; made if None.
    link
        Address of the dashboard as those who are alerted reach it, if it is another one (a
        proxy's).
    simulated
        Whether pages say that the data is simulated; the state remembers it.

    Examples
    --------
    >>> WatchOptions(leaders=('did:example:leader',)).false_alarms_per_year
    1.0
    """

    state: Path = Path("birdfall-watch")
    leaders: tuple[str, ...] = ()
    rules: Path | None = None
    notify: bool = True
    case: Path | None = None
    start: Start = "live"
    dictionary: Path | None = None
    false_alarms_per_year: float = 1.0
    keep_days: float | None = None
    keep_gigabytes: float | None = None
    dashboard: str | None = None
    token: str | None = None
    link: str | None = None
    simulated: bool = False

    def __post_init__(self) -> None:
        for name in ("state", "rules", "case", "dictionary"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, Path(given))


@dataclass(frozen=True, slots=True)
class WatchResult:
    """What a watch leaves behind.

    Attributes
    ----------
    state
        Folder of the state; `birdfall serve` shows it.
    waves
        All waves of suspensions and bursts of reports in the state, oldest first.
    stopped
        True if the watch was asked to stop, False if its sources ended.
    """

    state: Path
    waves: tuple[Wave, ...]
    stopped: bool


def watch(
    *sources: str | Path | Feed,
    options: WatchOptions | None = None,
    stop: threading.Event | None = None,
    log: Log = lambda _: None,
) -> WatchResult:
    """Watch sources until they end, `stop` is set, or Ctrl-C is pressed.

    Parameters
    ----------
    sources
        What to watch, each once: `SCHEME:ADDRESS`, "-" for lines on standard input, the path of a
        recording (`feeds.registry.open_feed`), or a feed of your own.
    options
        `WatchOptions`; the defaults if not given.
    stop
        Ends the watch when it is set, from any thread.
    log
        Receives messages: which source is connected, where the dashboard is.

    Returns
    -------
    WatchResult
        Where the state is, and the waves in it.

    Raises
    ------
    UsageError
        If an option or a source cannot be used, or another watch uses the folder.
    InputError
        If a recording cannot be read.
    CaseError
        If the state is damaged, or cannot be written any more.

    Examples
    --------
    A recording of a hundred followers of which eighty are suspended within a minute:

    >>> import json, tempfile
    >>> from pathlib import Path
    >>> import birdfall
    >>> folder = Path(tempfile.mkdtemp())
    >>> begin = 1_700_000_000_000_000  # microseconds since 1970 UTC
    >>> events = [
    ...     {"kind": "follow", "follower": f"a{k}", "followed": "leader", "time": begin + k}
    ...     for k in range(100)
    ... ] + [
    ...     {"kind": "status", "account": f"a{k}", "status": "suspended",
    ...      "time": begin + 600_000_000 + k * 500_000}
    ...     for k in range(80)
    ... ]
    >>> recording = folder / "events.ndjson"
    >>> size = recording.write_text("".join(json.dumps(e) + chr(10) for e in events))
    >>> options = birdfall.WatchOptions(state=folder / "state", leaders=("leader",), notify=False)
    >>> result = birdfall.watch(recording, options=options)
    >>> [wave.fallen for wave in result.waves]
    [80]
    """
    options = options or WatchOptions()
    if not sources:
        raise UsageError("nothing to watch", fix="Name a source: birdfall watch wss://bsky.network")
    feed_options = FeedOptions(options.start, options.dictionary)
    feeds = [open_feed(str(s), feed_options) if isinstance(s, str | Path) else s for s in sources]
    names = [f.name for f in feeds]
    if len(set(names)) < len(names):
        raise UsageError("a source is named twice", where=max(names, key=names.count))
    return _run(feeds, options, stop or threading.Event(), log)


def replay(
    *recordings: str | Path,
    speed: float = 0.0,
    options: WatchOptions | None = None,
    stop: threading.Event | None = None,
    log: Log = lambda _: None,
) -> WatchResult:
    """Watch recordings as if they happened now.

    Parameters
    ----------
    recordings
        Frames (.atfh), or lines of Jetstream, Ozone, MediaWiki or NDJSON; several are merged by
        time.
    speed
        0: as fast as can be; 1: at the pace of the recording; 10: ten times as fast.
    options, stop, log
        As for `watch`; the folder of the state, `birdfall-replay` if no options are given, must
        hold no watch yet.

    Returns
    -------
    WatchResult
        The waves that would have been alarmed.

    Raises
    ------
    UsageError
        If an option cannot be used, or the folder holds an earlier watch.
    InputError
        If a recording is not there or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> options = WatchOptions(
    ...     state=Path(tempfile.mkdtemp()), leaders=("did:example:leader",), notify=False
    ... )
    >>> result = replay("examples/data/stream.jsonl", options=options)
    >>> len(result.waves)
    6
    """
    options = options or WatchOptions(state=Path("birdfall-replay"))
    if not recordings:
        raise UsageError("nothing to replay", fix="Name a recording.")
    if speed < 0:
        raise UsageError("--speed must be 0 or more")
    if (options.state / STATE_FILE).exists():
        raise UsageError(
            "this folder holds an earlier watch",
            where=str(options.state),
            fix="Choose another with --state, or remove it.",
        )
    feed = open_recordings([Path(r) for r in recordings], speed)
    return _run([feed], options, stop or threading.Event(), log)


def _run(
    feeds: Sequence[Feed], options: WatchOptions, asked: threading.Event, log: Log
) -> WatchResult:
    """Run a watch of `feeds` until they end or `asked` is set."""
    link = _check_link(options.link)
    folder = WatchFolder(options.state, options.keep_days, options.keep_gigabytes, log)
    if options.false_alarms_per_year <= 0:
        raise UsageError("--false-alarms must be above 0")
    rules, channels = _read_rules(options)
    with ExitStack() as stack:
        stack.enter_context(closing(lock_folder(folder.path)))
        state = stack.enter_context(folder.open_state())
        leaders, rules = _prepare(state, feeds, rules, options, log)
        dashboard = _open_dashboard(stack, folder, options, log)
        if dashboard is not None:
            link = link or dashboard.address
        keep_rules(
            state,
            rules,
            false_alarms_per_year=options.false_alarms_per_year,
            until=latest_event(state),
        )
        for line in _describe_backtests(state):
            log(line)
        courier = Courier(str(folder.state_path), channels, tell=log)
        connections = ConnectionReporter(feeds, log)

        def after_batch() -> None:
            courier.wake()
            folder.maintain(state)
            connections.report()

        watcher = Watcher(
            state,
            list(feeds),
            leaders=leaders,
            rules=rules,
            false_alarms_per_year=options.false_alarms_per_year,
            after=after_batch,
            link=link,
            recount_every=1.0 if any(f.live for f in feeds) else 0.0,
            tell=log,
        )
        courier.start()
        stopped = False
        try:
            with _pass_on(asked) as stop:
                for feed in feeds:
                    log(f"watching {feed.name}")
                if not state.leaders:
                    log("no --leader is given: waves are found, but not whose followers fell")
                watcher.run(stop)
        except KeyboardInterrupt:
            # where the caller has no handler of its own, Ctrl-C is how a watch is stopped
            stopped = True
        stopped = stopped or asked.is_set()
        folder.maintain(state, everything=True)
        courier.stop()
        try:
            _wait_for_visitors(feeds, folder, dashboard, asked, stopped, log)
        except KeyboardInterrupt:
            stopped = True
        return WatchResult(folder.path, tuple(reversed(list_waves(state))), stopped)


def _open_dashboard(
    stack: ExitStack, folder: WatchFolder, options: WatchOptions, log: Log
) -> DashboardServer | None:
    """The dashboard, if one is asked for; `stack` stops it."""
    if options.dashboard is None:
        return None
    dashboard = _start_dashboard(folder, options.dashboard, options.token, options.link)
    stack.callback(dashboard.stop)
    log(f"dashboard: {dashboard.invitation}")
    return dashboard


def _read_rules(options: WatchOptions) -> tuple[list[Rule], list[Channel]]:
    """The rules and channels of a watch; rules that notify nobody if that is asked."""
    rules, channels = (
        (list(DEFAULT_RULES), [STDOUT]) if options.rules is None else load_rules(options.rules)
    )
    if not options.notify:
        rules = [replace(r, notify=()) for r in rules]
    return rules, channels


def _check_link(link: str | None) -> str:
    if link is None:
        return ""
    if not link.startswith(("http://", "https://")) or not link.isascii() or not link.isprintable():
        raise UsageError(f"--link {link!r} is no address", fix="Write https://HOST/.")
    return link.rstrip("/") + "/"


def _prepare(
    state: State, feeds: Sequence[Feed], rules: Iterable[Rule], options: WatchOptions, log: Log
) -> tuple[tuple[str, ...], list[Rule]]:
    """The ids of the watched leaders, and the rules with the ids of theirs; takes in what a case
    knows.
    """
    if options.simulated:
        with state.transaction():
            state.keep_meta(simulated=1)
    case = None if options.case is None else Case.open(options.case)
    names = {} if case is None else case.record().names()
    leaders = resolve_leaders(options.leaders, state, feeds, names, log)
    listed = list(rules)
    ids = {
        leader: resolve_leaders([leader], state, feeds, names, log)[0]
        for leader in {r.leader for r in listed if r.leader} - state.leaders
    }
    found = resolve_rule_leaders(
        listed, state.leaders | set(leaders), lambda leader: ids.get(leader, leader), log
    )
    if case is not None:
        number = _import_edges(state, case, leaders)
        log(f"{number} follow edges known from {options.case}")
    return leaders, found


def _import_edges(state: State, case: Case, leaders: tuple[str, ...]) -> int:
    """Take in follow edges a case knows, so that unfollows and falls of old followers are seen; how
    many were new.
    """
    state.watch_leaders(leaders)
    number = 0
    with state.transaction():
        for key, (followed, since) in load_follows(case.record()).items():
            if followed in state.leaders:
                number += add_follow(
                    state, Follow(key.partition("/")[0], followed, since or 0, key)
                )
    return number


def _start_dashboard(
    folder: WatchFolder, address: str, token: str | None, link: str | None
) -> DashboardServer:
    # the web server is not loaded by a watch that serves nothing
    from birdfall.watch.dashboard.server import DashboardServer

    server = DashboardServer(folder.state_path, address, token, link=link)
    server.start()
    return server


def _describe_backtests(state: State) -> Iterator[str]:
    """One line per armed rule: how often it would have fired on the stored history."""
    for row in list_rules(state):
        tried = RuleBacktest.from_json(json.loads(row.backtest))
        if tried.fires is not None:
            yield (f"rule {row.name!r}: would have fired {tried.fires} times in {tried.days} days")
            continue
        why = (
            "would be tried on history once two days of it are stored"
            if tried.why == HISTORY_TOO_SHORT
            else "nothing to try on history"
        )
        yield f"rule {row.name!r}: armed; {why}"


@contextmanager
def _pass_on(asked: threading.Event) -> Iterator[threading.Event]:
    """An event that is set when `asked` is, and that a watch may set for itself without anybody
    having asked.
    """
    stop, over = threading.Event(), threading.Event()
    # looked at before anything runs: from here on a signal is a wish to stop, not an interrupt
    if asked.is_set():
        stop.set()

    def pass_on() -> None:
        while not over.is_set():
            if asked.wait(STOP_CHECK_SECONDS):
                stop.set()
                return

    thread = threading.Thread(target=pass_on, name="stop", daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        over.set()
        thread.join()


def _wait_for_visitors(
    feeds: Sequence[Feed],
    folder: WatchFolder,
    dashboard: DashboardServer | None,
    asked: threading.Event,
    stopped: bool,
    log: Log,
) -> None:
    """Say why the watch ended; after a recording its dashboard stays until the watch is stopped."""
    if stopped:
        log("stopped")
    elif any(f.live for f in feeds):
        log(f"standard input has ended; to look at what was seen: birdfall serve {folder.path}")
    elif dashboard is not None:
        log("the recording is over; the dashboard stays until stopped (Ctrl-C)")
        asked.wait()
