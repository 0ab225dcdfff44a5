"""Long work on a case: a process of its own, followed by its log.

A job goes on when the window is closed and when the server ends. Its log is only ever added to; who
follows it needs nothing else. The process holds a lock as long as it lives, so a job whose log has
no end and whose lock is free was cut off; what it finished is kept, and it goes on when it is begun
again. One job at a time writes to a case.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypedDict, cast

from birdfall.app.page_error import PageError
from birdfall.app.workspace import Desk
from birdfall.model.whole_number import whole_number
from birdfall.record.atomic import open_private, write_text
from birdfall.record.file_lock import is_locked

#: How long a new process may take until it holds its lock, in seconds.
START_SECONDS: Final = 60.0
#: How much lower the priority of a job is, in steps of POSIX.
NICENESS: Final = 5


class JobKind(StrEnum):
    """What a job does."""

    READ = "read"
    MEASURE = "measure"
    DEMO = "demo"
    VERIFY = "verify"
    EVIDENCE = "evidence"


class JobState(StrEnum):
    """How far a job is."""

    STARTING = "starting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    CUT_OFF = "cut-off"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is to be done.

    Parameters
    ----------
    kind
        What kind of work.
    language
        The language of the report's first view.
    choices
        Of a person, for the case: lists of accounts, and texts (`pipeline.intake.Choices`).
    left_out
        Names of measures that are not asked; None: as the case was measured before.
    """

    kind: JobKind
    language: str = "en"
    choices: Mapping[str, str | list[str]] = field(default_factory=dict)
    left_out: tuple[str, ...] | None = None

    @classmethod
    def from_text(cls, text: str) -> JobRequest:
        """The request that `to_text` wrote."""
        plain = json.loads(text)
        left_out = plain.get("left_out")
        return cls(
            JobKind(plain["kind"]), plain["language"], plain["choices"],
            None if left_out is None else tuple(left_out),
        )  # fmt: skip

    def to_text(self) -> str:
        """As a job keeps it."""
        return json.dumps(asdict(self))


@dataclass(slots=True)
class JobStage:
    """One stage of a job.

    Parameters
    ----------
    name
        The measure, or `read`, `report`.
    done, total, unit
        How far it is; total None where it cannot be known.
    finished
        Whether it is over.
    result
        How many findings it made, or rows were read; None while it runs.
    """

    name: str
    done: int = 0
    total: int | None = None
    unit: str = ""
    finished: bool = False
    result: int | None = None


class JobError(TypedDict):
    """What a job ended with, in the parts of an error."""

    what: str
    where: str
    why: str
    fix: str


class JobOutcome(TypedDict, total=False):
    """What a job came to; each kind of job says some of it.

    rows, rejected: of files taken in. findings: how many were made. holds, checked, differences,
    count: of a verification; the first differences, and how many there are. bytes: of a file.
    """

    rows: int
    rejected: int
    findings: int
    holds: bool
    checked: int
    differences: list[str]
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as its log tells it.

    Parameters
    ----------
    number
        The job's number on its desk.
    request
        What it does.
    state
        How far it is.
    stages
        Its stages so far.
    error
        What it failed with; None if it did not.
    outcome
        What it says of its result, by name.
    begun
        When it began, in seconds since 1970.
    """

    number: int
    request: JobRequest
    state: JobState
    stages: tuple[JobStage, ...] = ()
    error: JobError | None = None
    outcome: JobOutcome = field(default_factory=lambda: JobOutcome())
    begun: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in (JobState.STARTING, JobState.RUNNING)

    def to_json(self) -> dict[str, object]:
        """As the interface tells it."""
        return {
            "number": self.number,
            "kind": str(self.request.kind),
            "state": str(self.state),
            "stages": [asdict(stage) for stage in self.stages],
            "error": self.error,
            "outcome": self.outcome,
        }


def lock_path(desk: Desk) -> Path:
    """The file whose lock the process of a job holds."""
    return desk.folder / "jobs" / "lock"


def request_path(desk: Desk, number: int) -> Path:
    """Where a job's request is kept."""
    return desk.folder / "jobs" / f"{number}.json"


def log_path(desk: Desk, number: int) -> Path:
    """Where a job's log is kept."""
    return desk.folder / "jobs" / f"{number}.jsonl"


def _stop_path(desk: Desk, number: int) -> Path:
    return desk.folder / "jobs" / f"{number}.stop"


def begin_job(desk: Desk, request: JobRequest) -> int:
    """Begin a job in a process of its own; its number.

    Raises PageError if another job is at work on the case.
    """
    folder = desk.folder / "jobs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    last = last_job(desk)
    if last is not None and not last.is_over:
        raise PageError("busy")
    number = (last.number if last else 0) + 1
    write_text(request_path(desk, number), request.to_text(), mode=0o600)
    with open_private(log_path(desk, number), append=True) as log:
        subprocess.Popen(
            [sys.executable, "-m", "birdfall.app.worker", str(desk.workspace), desk.name,
             str(number)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            env={**os.environ, "PYTHONPATH": _import_path()},
        )  # fmt: skip
    return number


def _import_path() -> str:
    """Where a new process finds this package, as this one did."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])


def stop_job(desk: Desk) -> None:
    """Stop the job that is at work, if one is. What it finished is kept."""
    status = last_job(desk)
    if status is None or status.is_over:
        return
    _stop_path(desk, status.number).touch()
    pid = _process_of(desk, status.number)
    if pid is None or not is_locked(lock_path(desk)):
        return  # it sees the mark when it begins
    # all that it writes becomes true by one rename: it may be ended anywhere
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGTERM)


def is_stopped(desk: Desk, number: int) -> bool:
    """Whether somebody stopped the job."""
    return _stop_path(desk, number).exists()


def last_job(desk: Desk) -> JobStatus | None:
    """The last job of a desk; None if there was none."""
    named = (whole_number(path.stem) for path in (desk.folder / "jobs").glob("*.json"))
    numbers = [number for number in named if number is not None]
    return job_status(desk, max(numbers)) if numbers else None


def job_status(desk: Desk, number: int) -> JobStatus | None:
    """How far a job is; None if there is none of that number."""
    try:
        path = request_path(desk, number)
        request = JobRequest.from_text(path.read_text("utf-8"))
        begun = path.stat().st_mtime
    except (OSError, ValueError, KeyError):
        return None
    # the lock is asked before the log is read: a job that ends in between is told as it ended
    alive = bool(is_locked(lock_path(desk)))
    told = _read_log(desk, number)
    state = told.state
    if state in (JobState.STARTING, JobState.RUNNING) and not alive:
        waiting = state is JobState.STARTING and time.time() - begun < START_SECONDS
        if is_stopped(desk, number):
            state = JobState.STOPPED
        elif not waiting:
            state = JobState.CUT_OFF
    return JobStatus(number, request, state, tuple(told.stages), told.error, told.outcome, begun)


@dataclass(slots=True)
class _ToldJob:
    """What a log says. process: the id of the process."""

    state: JobState = JobState.STARTING
    stages: list[JobStage] = field(default_factory=list)
    error: JobError | None = None
    outcome: JobOutcome = field(default_factory=lambda: JobOutcome())
    process: int | None = None


def _read_log(desk: Desk, number: int) -> _ToldJob:
    told = _ToldJob()
    try:
        lines = log_path(desk, number).read_bytes().splitlines()
    except OSError:
        return told
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # what a library wrote to stderr, or a line that was cut off
        if isinstance(event, dict):
            _apply(told, event)
    return told


def _apply(told: _ToldJob, event: dict[str, object]) -> None:
    """Take one line of a log into account."""
    match event.get("event"):
        case "begun":
            told.state, told.process = JobState.RUNNING, int(str(event["process"]))
        case "stage":
            for stage in told.stages:
                stage.finished = True
            told.stages.append(JobStage(str(event["name"])))
        case "progress" if told.stages:
            stage = told.stages[-1]
            total = event.get("total")
            stage.done, stage.unit = int(str(event["done"])), str(event["unit"])
            stage.total = None if total is None else int(str(total))
        case "result" if told.stages:
            told.stages[-1].result = int(str(event["count"]))
        case "done":
            told.state = JobState.DONE
            told.outcome = cast(JobOutcome, event.get("outcome") or {})  # written by the worker
            for stage in told.stages:
                stage.finished = True
        case "failed":
            told.state = JobState.FAILED
            told.error = event["error"]  # type: ignore[assignment]  # written by the worker


def _process_of(desk: Desk, number: int) -> int | None:
    return _read_log(desk, number).process
