"""The workspace as it is started: its process, and jobs that outlive it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from http.cookiejar import CookieJar

import pytest

from birdfall.app.jobs import JobKind, JobRequest, JobState, begin_job, last_job, stop_job
from birdfall.app.workspace import Workspace
from birdfall.model.errors import UsageError
from processes import BIRDFALL
from suspension_lists import suspension_list

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def begin_job_here(request):
    """Jobs are processes of their own here."""
    request.getfixturevalue("monkeypatch").undo()


def start(folder, *more):
    process = subprocess.Popen(
        [*BIRDFALL, "app", "--folder", str(folder), "--no-browser", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\S*\?token=\S+", address), address
    return process, address


def opened(address):
    """What a browser would see behind the address."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    return browser, browser.open(address).read().decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_an_address_and_ends_cleanly(tmp_path, number):
    process, address = start(tmp_path / "work")
    _, page = opened(address)
    assert "What do you want to look into?" in page
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert "Traceback" not in err


def test_files_begin_a_case(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(suspension_list())
    process, address = start(tmp_path / "work", str(path))
    _, page = opened(address)
    assert "list.csv" in page and "names no time zone" in page
    process.terminate()
    process.communicate(timeout=60)


def wait(desk, states):
    for _ in range(2400):
        status = last_job(desk)
        if status.state in states:
            return status
        time.sleep(0.1)
    raise AssertionError(status)


def desk_with_a_list(folder):
    desk = Workspace.open(folder).begin("night")
    desk.place_for("list.csv").write_text(suspension_list(zone="Z"))
    return desk


def test_a_job_outlives_the_process_that_began_it(tmp_path):
    desk = desk_with_a_list(tmp_path / "work")
    begin = (
        "from birdfall.app.jobs import *; from birdfall.app.workspace import *; from pathlib "
        f"import Path; begin_job(Desk(Path({str(desk.workspace)!r}), 'night'), "
        "JobRequest(JobKind.READ))"
    )
    subprocess.run([sys.executable, "-c", begin], check=True)
    assert wait(desk, {JobState.DONE}).outcome["rows"] == 400
    assert desk.case().record().sizes["statuses"] == 400


def test_one_job_at_a_time_and_it_can_be_stopped_and_gone_on_with(tmp_path):
    desk = desk_with_a_list(tmp_path / "work")
    begin_job(desk, JobRequest(JobKind.READ))
    wait(desk, {JobState.DONE})
    begin_job(desk, JobRequest(JobKind.MEASURE))
    wait(desk, {JobState.RUNNING})
    with pytest.raises(UsageError, match="worked on"):
        begin_job(desk, JobRequest(JobKind.MEASURE))
    stop_job(desk)
    wait(desk, {JobState.STOPPED})
    assert desk.case().record().sizes["statuses"] == 400
    begin_job(desk, JobRequest(JobKind.MEASURE))
    assert wait(desk, {JobState.DONE, JobState.FAILED}).state is JobState.DONE


def test_a_job_that_was_killed_is_told_as_cut_off(tmp_path):
    desk = desk_with_a_list(tmp_path / "work")
    begin_job(desk, JobRequest(JobKind.READ))
    wait(desk, {JobState.DONE})
    number = begin_job(desk, JobRequest(JobKind.MEASURE))
    wait(desk, {JobState.RUNNING})
    log = (desk.folder / "jobs" / f"{number}.jsonl").read_text().splitlines()
    os.kill(next(json.loads(line)["process"] for line in log if "process" in line), 9)
    assert wait(desk, {JobState.CUT_OFF, JobState.DONE}).state is JobState.CUT_OFF
