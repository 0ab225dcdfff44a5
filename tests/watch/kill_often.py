"""Commands killed at drawn moments until they are done: nothing may be lost, come twice or be dated
anew. The same command that nobody killed says what is right.

    python tests/watch/kill_often.py [--kills N] [--seed S] [KIND...]

A run that is stopped goes on where it was (build/kills.json).
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACES = [str(HERE), str(HERE.parent), str(ROOT / "src")]
sys.path[:0] = PLACES

from frames_made import account  # noqa: E402
from hostile import accept_websocket, iso, websocket_frame  # noqa: E402
from raw_server import RawServer  # noqa: E402
from run_case import KINDS as KINDS_OF_A_RUN  # noqa: E402
from run_case import make_case  # noqa: E402

from birdfall.model.errors import CaseError  # noqa: E402
from birdfall.model.findings import as_plain  # noqa: E402
from birdfall.record.case import Case  # noqa: E402
from birdfall.watch.model.ticks import TICK_US  # noqa: E402
from birdfall.watch.store.database import State  # noqa: E402

PROGRESS = ROOT / "build" / "kills.json"
#: Kills of one story on its way, and accounts that fall in one that is sent.
KILLS_OF_A_STORY, FALLEN = 20, 150
#: The same of a run, and the part of its time within which it is killed: it goes on where it was,
#: so that short tries meet every step, those on the last ones the writing of the report.
KILLS_OF_A_RUN, PART_OF_A_RUN = 40, 0.25
SECOND = 1_000_000
#: What a watch keeps of events, and what it says of them.
KEPT = {
    "changes": "SELECT account, status, previous, time FROM changes ORDER BY id",
    "edges": "SELECT followed, follower, key, since FROM edges ORDER BY 1, 2",
}
SAID = {
    "alerts": "SELECT key, time, body FROM alerts WHERE kind != 'no_data' ORDER BY id",
    "waves": "SELECT id, stream, begin, opened FROM waves ORDER BY id",
}


def run_command(arguments):
    """What a process of a command does, begun by a server that has all libraries loaded.

    It ends with the process that asked for it.
    """
    if "warm_birdfall" not in sys.modules:
        os._exit(NOT_WARM)
    threading.Thread(target=end_with_parent, daemon=True).start()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.argv = ["birdfall", *arguments]
    from birdfall.__main__ import main as command

    sys.exit(command())


def end_with_parent():
    """Wait until whoever asked for this process has ended, and end."""
    multiprocessing.parent_process().join()
    os._exit(1)


PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["warm_birdfall"])
# the server leaves out, without a word, what it cannot import, and looks nowhere else
os.environ["PYTHONPATH"] = os.pathsep.join([*PLACES, *filter(None, [os.environ.get("PYTHONPATH")])])
#: Exit code of a command that was begun by a server without what it was to have.
NOT_WARM = 99


class Command:
    """A command of Birdfall, at work in a process of its own.

    It is forked from a server that has imported all of Birdfall and measured another case, so that
    it is killed at its work and not at what comes before; what follows is what `python -m birdfall`
    does.
    """

    def __init__(self, *arguments):
        self._process = PROCESSES.Process(target=run_command, args=([str(a) for a in arguments],))
        self._process.start()

    def wait(self, seconds):
        """Its exit code; None if it is still at work."""
        self._process.join(seconds)
        assert self._process.exitcode != NOT_WARM, "the server has not imported what it was to"
        return self._process.exitcode

    def kill(self):
        """End it as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join(60)

    def stop(self):
        """Ask it to end; its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)
        return self.wait(60)


def kill_on_its_way(draw, seconds, *arguments, until=lambda: False, tries=KILLS_OF_A_STORY):
    """Start a command and kill it at drawn moments; how often it was at work then."""
    kills = 0
    for _ in range(tries):
        child = Command(*arguments)
        kills += child.wait(draw.uniform(0.02, seconds)) is None
        child.kill()
        if until():
            break
    return kills


def read_state(folder):
    """What a watch kept."""
    state = State.open(folder / "watch.sqlite", read_only=True)
    try:
        query = state.connection.execute
        return {name: [tuple(r) for r in query(sql)] for name, sql in (KEPT | SAID).items()}
    finally:
        state.close()


def is_over(folder, last):
    """Whether a watch has all falls, of which the last was at `last`, and their tick has ended."""
    state = State.open(folder / "watch.sqlite", read_only=True)
    try:
        kept = state.connection.execute("SELECT count(*) FROM changes").fetchone()[0]
        return kept >= FALLEN and int(state.meta("tick", "0")) > last // TICK_US
    finally:
        state.close()


def compare_states(whole, killed):
    """Whether something is lost, came twice, or was said otherwise."""
    found = Counter(lost=0, doubled=0, dated=0)
    for name in KEPT:
        found["lost"] |= bool(set(whole[name]) - set(killed[name]))
        found["doubled"] |= len(killed[name]) != len(set(killed[name]))
        found["doubled"] |= bool(set(killed[name]) - set(whole[name]))
    found["dated"] |= any(whole[name] != killed[name] for name in SAID)
    return found


def write_recording(path, draw):
    """Eight thousand lines with a wave."""
    begin = 1_700_000_000 * SECOND
    fell = draw.randrange(5_000, 7_000)
    with path.open("w") as file:
        for i in range(8_000):
            event = {"kind": "follow", "follower": f"a{i}", "followed": "lead"}
            if i % 97 == 0 or (fell < i < fell + 300 and i % 2):
                event = {"kind": "status", "account": f"a{i // 2}", "status": "suspended"}
            file.write(json.dumps(event | {"time": begin + i * SECOND // 20}) + "\n")


def kill_recording(draw, folder):
    """A watch of a recording."""
    write_recording(folder / "r.ndjson", draw)
    begun = time.monotonic()
    command = ("watch", folder / "r.ndjson", "--leader", "lead", "--state")
    assert Command(*command, folder / "whole").wait(600) == 0
    seconds = time.monotonic() - begun
    kills = kill_on_its_way(draw, seconds, *command, folder / "killed")
    assert Command(*command, folder / "killed").wait(600) == 0
    return kills, compare_states(read_state(folder / "whole"), read_state(folder / "killed"))


class PacedServer:
    """Sends falls when they happen, from the cursor on that is asked for."""

    def __init__(self, kind, draw):
        self.kind, self.begin = kind, None
        gaps = [draw.expovariate(1.0 if 30 < i < 45 else 20.0) for i in range(FALLEN)]
        self.at = [round(sum(gaps[: i + 1]) * SECOND) for i in range(FALLEN)]

    def message(self, number):
        """A fall as the protocol tells it."""
        name, moment = f"did:plc:a{number}", self.begin + self.at[number]
        if self.kind == "firehose":
            frame = account(name, moment, status="takendown", sequence=number + 1)
            return websocket_frame(frame)
        body = {"active": False, "did": name, "seq": number, "status": "takendown"}
        body["time"] = iso(moment)
        line = {"did": name, "time_us": moment, "kind": "account", "account": body}
        return websocket_frame(json.dumps(line).encode(), 1)

    def answer(self, connection, question, _number):
        """Send what happened since the cursor, and what happens from now on."""
        connection.sendall(accept_websocket(question))
        while self.begin is None:
            time.sleep(0.01)
        asked = question.split(b"cursor=")[1:]
        cursor = int(asked[0].split(b" ")[0].split(b"&")[0]) if asked else 0
        for number in range(FALLEN):
            cursor_of = number + 1 if self.kind == "firehose" else self.begin + self.at[number]
            if cursor_of > cursor:
                due = (self.begin + self.at[number]) / SECOND - time.time()
                time.sleep(max(due, 0))
                connection.sendall(self.message(number))
        time.sleep(300)


def kill_sent(kind):
    """A watch of a server that sends what happens."""

    def kill(draw, folder):
        paced = PacedServer(kind, draw)
        with RawServer(paced.answer) as server:
            address = server.url.replace("http", "ws")
            source = address if kind == "firehose" else f"jetstream:{address}"
            command = ("watch", source, "--start", "all", "--state")
            reference = Command(*command, folder / "whole")
            while not server.questions:
                time.sleep(0.05)
            paced.begin = round(time.time() * SECOND)

            def is_whole(name):
                if not (folder / name / "watch.sqlite").exists():
                    return False
                try:
                    return is_over(folder / name, paced.begin + paced.at[-1])
                except CaseError:
                    # its tables are not made yet
                    return False

            kills = kill_on_its_way(draw, 2.0, *command, folder / "killed")
            last = Command(*command, folder / "killed")
            end = time.monotonic() + 600
            while not (is_whole("whole") and is_whole("killed")) and time.monotonic() < end:
                time.sleep(0.5)
            for child in (reference, last):
                child.stop()
        return kills, compare_states(read_state(folder / "whole"), read_state(folder / "killed"))

    return kill


def compare_cases(whole, killed):
    """The same for cases: rows of the record, findings, and when files came in."""
    found = Counter(lost=0, doubled=0, dated=0)
    for table in ("statuses", "acts", "follows", "accounts"):
        ours, theirs = killed.record().table(table), whole.record().table(table)
        found["lost"] |= ours.num_rows < theirs.num_rows
        found["doubled"] |= ours.num_rows > theirs.num_rows
        found["dated"] |= not ours.equals(theirs)
    ours, theirs = ({n: as_plain(f) for n, f in c.findings().items()} for c in (killed, whole))
    found["dated"] |= ours != theirs
    return found


#: Exit codes of a run that measured: it found something, or nothing.
MEASURED = (0, 3)


def write_table(path, draw):
    """Six thousand suspensions, of which some come in a wave."""
    at = 1_700_000_000
    rows = []
    fell = draw.randrange(1_000, 4_000)
    for number in range(6_000):
        at += 1 if fell < number < fell + 500 else 200
        rows.append(f"b{draw.randrange(5_000)},suspended,{at}")
    path.write_text("account,status,time\n" + "\n".join(rows) + "\n")


def kill_import(draw, folder):
    """An import of a table; each case has the same key, so that the same rows have the same
    numbers."""
    write_table(folder / "t.csv", draw)
    begun = time.monotonic()
    for name in ("whole", "killed"):
        Case.create(folder / name, key=b"k" * 32)
    assert Command("import", folder / "t.csv", "-o", folder / "whole").wait(600) == 0
    seconds = time.monotonic() - begun
    command = ("import", folder / "t.csv", "-o", folder / "killed")
    kills = kill_on_its_way(draw, seconds, *command)
    Command(*command).wait(600)
    return kills, compare_cases(Case.open(folder / "whole"), Case.open(folder / "killed"))


def kill_run(draw, folder):
    """A run over a case that holds data of every kind; its report is compared too."""
    more = draw.randrange(100)
    for name in ("whole", "killed"):
        make_case(folder / name, more)
    begun = time.monotonic()
    assert Command("run", folder / "whole").wait(600) in MEASURED
    seconds = time.monotonic() - begun
    within, tries = seconds * PART_OF_A_RUN, KILLS_OF_A_RUN
    kills = kill_on_its_way(draw, within, "run", folder / "killed", tries=tries)
    assert Command("run", folder / "killed").wait(600) in MEASURED
    whole, killed = Case.open(folder / "whole"), Case.open(folder / "killed")
    assert {f.kind for f in whole.findings().values()} == set(KINDS_OF_A_RUN)
    found = compare_cases(whole, killed)
    pages = [(case.path / "reports" / "report.html").read_bytes() for case in (whole, killed)]
    found["dated"] |= pages[0] != pages[1]
    return kills, found


KINDS = {
    "import": kill_import,
    "run": kill_run,
    "recording": kill_recording,
    "jetstream": kill_sent("jetstream"),
    "firehose": kill_sent("firehose"),
}


def kill_often(kind, kills, seed, tally=None, after=lambda _: None):
    """Kill until so many kills have met the command at work; what came of it."""
    tally = Counter(tally or {"kills": 0, "stories": 0, "lost": 0, "doubled": 0, "dated": 0})
    while tally["kills"] < kills:
        draw = random.Random(f"{kind} {seed} {tally['stories']}")
        with tempfile.TemporaryDirectory() as folder:
            met, found = KINDS[kind](draw, Path(folder))
        tally.update(found)
        tally.update(kills=met, stories=1)
        after(tally)
    return tally


def main():
    """Kill, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    PROGRESS.parent.mkdir(exist_ok=True)
    done = json.loads(PROGRESS.read_text("utf-8")) if PROGRESS.exists() else {}
    lock = threading.Lock()

    def kill_kind(kind):
        name = f"{kind} {given.seed}"

        def keep(tally):
            with lock:
                done[name] = dict(tally)
                PROGRESS.write_text(json.dumps(done), "utf-8")

        found = kill_often(kind, given.kills, given.seed, done.get(name), keep)
        print(f"| {kind} | " + " | ".join(f"{n:,}" for n in found.values()) + " |", flush=True)
        return found["lost"] + found["doubled"] + found["dated"]

    # a story that is sent mostly waits: all kinds are tried at once
    with ThreadPoolExecutor(len(KINDS)) as pool:
        wrong = sum(pool.map(kill_kind, given.kinds or KINDS))
    print(f"{wrong} stories went wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
