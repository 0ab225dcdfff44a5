"""Watches that are begun on a page: what each listens to, and the process that does.

A watch goes on when the window is closed and when the server ends; it holds the lock of its folder
as long as it lives. What it is to listen to lies beside its state, and so does what it said last.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from birdfall.app.page_error import PageError
from birdfall.app.workspace import folder_name, safe_file_name
from birdfall.model.errors import BirdfallError
from birdfall.record.atomic import write_text
from birdfall.watch.feeds.base import Feed
from birdfall.watch.feeds.registry import open_feed
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.store.lock import is_in_use

#: The files in the folder of a watch that say what it listens to, what it said, and that it is to
#: stop; and the folder of its recording.
PLAN, SAID, STOP, RECORDING = "watch.json", "watch.log", "watch.stop", "recording"
#: How a source of each kind is written: what comes before its address, and an example of one.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "jetstream": ("jetstream:", "wss://jetstream2.us-east.bsky.network"),
    "atproto": ("atproto:", "wss://bsky.network"),
    "wiki": ("wiki:", "https://stream.wikimedia.org/v2/stream/recentchange"),
}
#: Schemes that an address of each kind may have.
SCHEMES: Final = {
    "jetstream": ("wss://", "ws://"),
    "atproto": ("wss://", "ws://"),
    "wiki": ("https://", "http://"),
}
#: How long a test waits for the first event, in seconds.
TEST_SECONDS: Final = 10.0
#: Watched accounts of one watch, and letters of an address or a name of an account.
MAX_LEADERS, MAX_SOURCE_CHARS = 200, 500
#: How long a new process may take until it holds its lock, in seconds.
START_SECONDS: Final = 60.0
_SAID_BYTES, _SAID_LINES = 4096, 5


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What a watch listens to.

    Parameters
    ----------
    source
        As `open_feed` takes it; "" for the recording in its folder.
    leaders
        The accounts whose followers are watched.
    simulated
        Whether what it hears is simulated.
    """

    source: str = ""
    leaders: tuple[str, ...] = ()
    simulated: bool = False

    @classmethod
    def of(cls, folder: Path) -> WatchPlan | None:
        """The plan of the watch in a folder; None if it was not begun on a page."""
        try:
            plain = json.loads((folder / PLAN).read_text("utf-8"))
            leaders = tuple(str(one) for one in plain["leaders"])
            return cls(str(plain["source"]), leaders, bool(plain["simulated"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def sources(self, folder: Path) -> list[str]:
        """Its sources as `open_feed` takes them."""
        if self.source:
            return [self.source]
        return [str(path) for path in sorted((folder / RECORDING).glob("*")) if path.is_file()]


def source_of(kind: str, address: str) -> str:
    """A source from the fields of a form. Raises PageError if the address is none of its kind."""
    prefix, example = KINDS.get(kind, KINDS["jetstream"])
    address = address.strip()
    is_one = address.startswith(SCHEMES.get(kind, ())) and len(address) <= MAX_SOURCE_CHARS
    if not is_one or not address.isprintable() or " " in address:
        shown = f"\u2068{address[:60]}\u2069"
        raise PageError("not-an-address", text=shown, example=f"\u2068{example}\u2069")
    source = prefix + address
    try:
        open_feed(source)
    except BirdfallError as error:
        shown = f"\u2068{address[:60]}\u2069"
        raise PageError("not-an-address", text=shown, example=f"\u2068{example}\u2069") from error
    return source


def leaders_of(text: str) -> tuple[str, ...]:
    """Accounts between commas or spaces, each once."""
    names = text.replace(",", " ").replace("،", " ").split()
    return tuple(dict.fromkeys(n[:MAX_SOURCE_CHARS] for n in names))[:MAX_LEADERS]


@dataclass(frozen=True, slots=True)
class SourceTest:
    """What a source answered: `events` if something came, `silent` if it is connected alone, `lost`
    if it could not be reached. seconds: after how long. why: as the connection told it.
    """

    outcome: str
    seconds: float
    why: str = ""


def try_source(source: str, seconds: float = TEST_SECONDS) -> SourceTest:
    """Listen to a source until something comes, and no longer than so many seconds; nothing of it
    is kept.
    """
    feed, stop, came = open_feed(source), threading.Event(), threading.Event()

    def put(batches: list[StreamBatch]) -> None:
        if any(batch.events for batch in batches):
            came.set()
            stop.set()

    begun = time.monotonic()
    thread = threading.Thread(target=_listen, args=(feed, put, stop), daemon=True, name="trying")
    thread.start()
    while thread.is_alive() and not came.wait(0.05):
        lost = feed.health.attempts >= 2 and not feed.health.connected
        if lost or time.monotonic() - begun >= seconds:
            break
    stop.set()
    taken = time.monotonic() - begun
    if came.is_set():
        return SourceTest("events", taken)
    if feed.health.connected:
        return SourceTest("silent", taken)
    return SourceTest("lost", taken, feed.health.reason)


def _listen(feed: Feed, put: object, stop: threading.Event) -> None:
    try:
        feed.run(None, "", put, stop)  # type: ignore[arg-type]  # made above
    except BirdfallError as error:
        feed.health.mark_lost(error.what)


def make_folder(workspace: Path, name: str) -> Path:
    """A new folder for a watch, named after what it is called."""
    base, number = folder_name(name), 1
    while True:
        folder = workspace / (base if number == 1 else f"{base}-{number}")
        number += 1
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder


def recording_place(folder: Path, name: str) -> Path:
    """Where the recording of a watch is to be written."""
    (folder / RECORDING).mkdir(exist_ok=True)
    return folder / RECORDING / safe_file_name(name)


def begin_watch(folder: Path, plan: WatchPlan | None = None) -> None:
    """Let a watch listen, in a process of its own; nothing if it does.

    plan: what it listens to; None: as before. Raises PageError if it was not begun on a page.
    """
    if plan is not None:
        write_text(folder / PLAN, json.dumps(asdict(plan)), mode=0o600)
    if WatchPlan.of(folder) is None:
        raise PageError("nothing-here")
    if is_in_use(folder):
        return
    (folder / STOP).unlink(missing_ok=True)
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    with (folder / SAID).open("wb") as said:
        subprocess.Popen(
            [sys.executable, "-m", "birdfall.app.watch_worker", str(folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip


def stop_watch(folder: Path) -> None:
    """Ask a watch to end; what it saw is kept."""
    if WatchPlan.of(folder) is not None:
        (folder / STOP).touch()


@dataclass(frozen=True, slots=True)
class WatchRun:
    """How a watch that was begun on a page stands.

    Parameters
    ----------
    plan
        What it listens to.
    state
        listening, starting, stopping, or ended.
    said
        What it said last, a line each.
    """

    plan: WatchPlan
    state: str
    said: tuple[str, ...]


def watch_run(folder: Path) -> WatchRun | None:
    """How the watch in a folder stands; None if it was not begun on a page."""
    plan = WatchPlan.of(folder)
    if plan is None:
        return None
    asked_to_stop = (folder / STOP).exists()
    if is_in_use(folder):
        state = "stopping" if asked_to_stop else "listening"
    else:
        state = "starting" if not asked_to_stop and _was_just_begun(folder) else "ended"
    return WatchRun(plan, state, _last_said(folder))


def _was_just_begun(folder: Path) -> bool:
    try:
        said = (folder / SAID).stat()
    except OSError:
        return False
    # a process that ended has said so; one that has not begun has said nothing yet
    return said.st_size == 0 and time.time() - said.st_mtime < START_SECONDS


def _last_said(folder: Path) -> tuple[str, ...]:
    try:
        with (folder / SAID).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _SAID_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(line for line in lines if line.strip())[-_SAID_LINES:]
