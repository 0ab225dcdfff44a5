"""The process of a job: `python -m birdfall.app.worker WORKSPACE CASE NUMBER`.

What it does is told in the job's log, a line at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final, cast

from birdfall.app.job_times import timed
from birdfall.app.jobs import (
    NICENESS,
    JobKind,
    JobOutcome,
    JobRequest,
    is_stopped,
    lock_path,
    log_path,
    request_path,
)
from birdfall.app.reading import GivenReading, path_to_read, signature_of
from birdfall.app.workspace import Desk, title_of
from birdfall.model.errors import BirdfallError
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Options
from birdfall.pipeline.copies import COPIES_FILE
from birdfall.pipeline.evidence import write_evidence
from birdfall.pipeline.intake import find_account
from birdfall.pipeline.removal import REMOVALS_FILE
from birdfall.pipeline.report import write_report
from birdfall.pipeline.run import PRESENTATION, RunStep, change_presentation, options_of, run
from birdfall.pipeline.shared_case import SharedCase
from birdfall.pipeline.verify import verify
from birdfall.record.atomic import PRIVATE, open_private, write_text
from birdfall.record.case import Case
from birdfall.record.file_lock import HeldLock, try_lock
from birdfall.record.name_digest import REMOVED_FILE
from birdfall.record.unforeseen import explain
from birdfall.sources.ingest import ingest
from birdfall.world.write_case import write_case

#: Seconds between lines of a log that only say how far a stage is.
TOLD_EVERY_SECONDS: Final = 0.5
#: How often, and after how many seconds again, the lock of a desk is tried.
LOCK_TRIES, LOCK_WAIT_SECONDS = 40, 0.05
#: Differences that a log keeps of a verification.
MAX_DIFFERENCES: Final = 50
#: The file that says from which files, read how, a case was made.
SIGNATURE: Final = "taken.json"
EVIDENCE: Final = "evidence.zip"
#: Files that a case which is made anew has from the one before.
KEPT: Final = ("claims.toml", "facts.csv", REMOVED_FILE, REMOVALS_FILE, COPIES_FILE)


class JobLog:
    """The log of a job. path: its file, which is only added to."""

    def __init__(self, path: Path) -> None:
        self._path, self._told_at = path, 0.0

    def write(self, event: str, **values: object) -> None:
        """Add a line."""
        line = json.dumps({"event": event, "at": round(time.time(), 3), **values})
        with open_private(self._path, append=True) as file:
            file.write(line.encode() + b"\n")

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._told_at = 0.0
        self.write("stage", name=name)

    def progress(self, stage: str, done: int, total: int | None, unit: str) -> None:
        """How far the stage is; not every call is told."""
        del stage
        moment = time.monotonic()
        if moment - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = moment
            self.write("progress", done=done, total=total, unit=unit)


def main(arguments: list[str]) -> int:
    """Do one job; 0 if it was done."""
    workspace, name, number = Path(arguments[0]), arguments[1], int(arguments[2])
    desk = Desk(workspace, name)
    log = JobLog(log_path(desk, number))
    lock = _take_lock(desk)
    if lock is None or is_stopped(desk, number):
        return 1
    with lock:
        log.write("begun", process=os.getpid())
        _lower_priority()
        request = JobRequest.from_text(request_path(desk, number).read_text("utf-8"))
        return do_job(desk, request, log)


def _take_lock(desk: Desk) -> HeldLock | None:
    """The lock of a desk; None if another job holds it. Who only looks whether it is held holds it
    for a moment too: such a moment is waited for.
    """
    for _ in range(LOCK_TRIES):
        lock = try_lock(lock_path(desk))
        if lock is not None:
            return lock
        time.sleep(LOCK_WAIT_SECONDS)
    return None


def do_job(desk: Desk, request: JobRequest, log: JobLog) -> int:
    """Do what is asked, and tell in the log how it ended; 0 if it was done."""
    try:
        outcome = WORK[request.kind](desk, request, log)
    except Exception as error:
        said = error if isinstance(error, BirdfallError) else explain(error)
        where = "" if said.where is None else str(said.where)
        told = {"what": said.what, "where": where, "why": said.why, "fix": said.fix}
        log.write("failed", error=told)
        if said is error:
            return 1
        raise
    log.write("done", outcome=outcome)
    return 0


def _lower_priority() -> None:
    """Leave the machine to whoever sits at it."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            os.nice(NICENESS)


def take_in(desk: Desk, request: JobRequest, log: JobLog) -> JobOutcome:
    """Take the files of a desk into its case.

    A case that was made of them before is made anew, unless nothing changed; to one that was made
    elsewhere they are added.
    """
    signature = signature_of(desk)
    kept = desk.folder / SIGNATURE
    if desk.has_case and not kept.is_file():
        return _ingest_files(desk, desk.case(), log)
    if desk.has_case and kept.read_text("utf-8") == signature:
        return {}
    settings, said = _what_was_said(desk, request)
    key = desk.case().key if desk.has_case else None
    half, old = desk.folder / "half", desk.folder / "old"
    for left in (half, old):
        shutil.rmtree(left, ignore_errors=True)
    case = Case.create(half, settings, key=key)
    if said:  # first of all who was removed, so that nobody comes back
        case.put(said)
    taken = _ingest_files(desk, case, log)
    # wherever this is cut off, the next time the case is made anew: it is never taken for one that
    # was made elsewhere, nor for one of these files before it is
    write_text(kept, "")
    if desk.has_case:
        desk.case_path.rename(old)
    half.rename(desk.case_path)
    write_text(kept, signature)
    shutil.rmtree(old, ignore_errors=True)
    return taken


def _ingest_files(desk: Desk, case: Case, log: JobLog) -> JobOutcome:
    """Take each file of a desk into a case; how many rows were taken and refused."""
    rows = rejected = 0
    for file in desk.files():
        log.stage("read")
        reading = GivenReading.of(file)
        receipt = ingest(
            case, path_to_read(file, reading), progress=log.progress, **reading.options.keywords
        )
        rows += sum(receipt.rows.values())
        rejected += receipt.rejected
        log.write("result", count=sum(receipt.rows.values()))
    return {"rows": rows, "rejected": rejected}


def _what_was_said(desk: Desk, request: JobRequest) -> tuple[Settings, dict[str, bytes]]:
    """The settings of the case that is to be made anew, and what stays of it: claims, published
    figures, who was removed, and where copies are.
    """
    if desk.has_case:
        before = desk.case()
        kept = {name: before.read(name) or b"" for name in KEPT}
        return before.settings, {name: data for name, data in kept.items() if data}
    zones = {GivenReading.of(file).time_zone for file in desk.files()} - {""}
    zone = zones.pop() if len(zones) == 1 else "UTC"
    return Settings(title=title_of(desk), language=request.language, time_zone=zone), {}


def measure(desk: Desk, request: JobRequest, log: JobLog) -> JobOutcome:
    """Measure all that the data can carry, and write the report."""
    case = desk.case()
    apply_choices(case, request)

    def begin(step: RunStep) -> None:
        log.stage(step.measure.name)

    options = options_of(case) or Options()
    if request.left_out is not None:
        options = replace(options, left_out=request.left_out)

    def work() -> int:
        found = run(case, options, progress=log.progress, begin=begin)
        log.stage("report")
        write_report(case, request.language)
        return len(found)

    if case.finding_names() or options.left_out:
        return {"findings": work()}  # what is kept, or not asked, takes no time
    return {"findings": timed(desk.workspace, case.record().sizes, work)}


def apply_choices(case: Case, request: JobRequest) -> None:
    """Write what a person chose into the case's settings; what they left empty becomes empty."""
    said: dict[str, str | tuple[str, ...]] = {"language": request.language}
    record = case.record()
    for name, value in request.choices.items():
        if isinstance(value, list):
            said[name] = tuple(dict.fromkeys(find_account(record, one) for one in value))
        else:
            said[name] = value
    current = asdict(case.settings)
    changed = {name: value for name, value in said.items() if value != current[name]}
    shown = {name: value for name, value in changed.items() if name in PRESENTATION}
    asked = {name: value for name, value in changed.items() if name not in PRESENTATION}
    if shown:
        change_presentation(case, **shown)
    if asked:
        case.change_settings(**asked)


def make_demo(desk: Desk, request: JobRequest, log: JobLog) -> JobOutcome:
    """Simulate the night of the demo, and measure it."""
    if not desk.has_case:
        log.stage("simulate")
        half = desk.folder / "half"
        shutil.rmtree(half, ignore_errors=True)
        write_case("caracas-2013", half)
        half.rename(desk.case_path)
    return measure(desk, JobRequest(JobKind.MEASURE, request.language), log)


def verify_again(desk: Desk, _request: JobRequest, log: JobLog) -> JobOutcome:
    """Compute everything again, and say which number differs."""
    log.stage("verify")
    result = verify(desk.case_path, progress=log.progress)
    return {
        "holds": result.holds,
        "checked": result.checked,
        "differences": [d.sentence for d in result.differences[:MAX_DIFFERENCES]],
        "count": len(result.differences),
    }


def pack_evidence(desk: Desk, _request: JobRequest, log: JobLog) -> JobOutcome:
    """Write the case by pseudonym, measured again, with its report, as one file."""
    log.stage("evidence")
    case = desk.case()
    with tempfile.TemporaryDirectory(dir=desk.folder) as place:
        folder = Path(place) / "evidence"
        write_evidence(SharedCase(case), folder)
        half = Path(place) / EVIDENCE
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as pack:
            for path in sorted(folder.rglob("*")):
                # the key would lead from pseudonyms back to accounts; the evidence has its own,
                # which leads nowhere
                if path.is_file():
                    pack.write(path, path.relative_to(folder.parent).as_posix())
            report = case.read("reports/report.html")
            if report is not None:
                pack.writestr("report.html", report)
        half.chmod(PRIVATE)
        size = half.stat().st_size
        half.replace(desk.folder / EVIDENCE)
    return {"bytes": size}


Work = Callable[[Desk, JobRequest, JobLog], JobOutcome]
#: What is done for each kind of job.
WORK: Final = cast(
    "dict[JobKind, Work]",
    {
        JobKind.READ: take_in,
        JobKind.MEASURE: measure,
        JobKind.DEMO: make_demo,
        JobKind.VERIFY: verify_again,
        JobKind.EVIDENCE: pack_evidence,
    },
)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
