"""Commands that run until stopped end cleanly on SIGINT and SIGTERM, however they were started.

A shell that starts a command in the background hands SIGINT on as ignored.
"""

import json
import os
import signal

import pytest

from processes import BIRDFALL, Child
from tiers import some_fast

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
ENDINGS = [(signal.SIGINT, True), (signal.SIGTERM, False)]
NAMES = ["interrupt-in-background", "terminate"]
STARTED = pytest.mark.parametrize(("number", "background"), some_fast(ENDINGS, 1), ids=NAMES)
T = 1_700_000_000_000_000


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "lines.ndjson"
    lines = [{"kind": "account", "account": f"a{k}", "time": T + k} for k in range(20)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def ends_cleanly(command, wanted, number, background):
    with Child([*BIRDFALL, *command], interrupt_ignored=background) as child:
        child.wait_for(wanted)
        assert child.stop(number) == 0, child.err
    said = "".join(child.err)
    assert "Traceback" not in said
    assert "Fatal" not in said
    return said


@STARTED
def test_watch(tmp_path, number, background):
    command = ["watch", "ws://127.0.0.1:9", "--state", tmp_path / "w", "--dashboard", "0"]
    said = ends_cleanly(command, "not connected (refused)", number, background)
    assert said.rstrip().endswith("stopped")


@STARTED
def test_replay_at_its_own_pace(tmp_path, recording, number, background):
    later = {"kind": "account", "account": "z", "time": T + 3_600_000_000}
    with recording.open("a") as file:
        file.write(json.dumps(later) + "\n")
    command = ["replay", recording, "--state", tmp_path / "w", "--speed", "1"]
    with Child([*BIRDFALL, *command], interrupt_ignored=background) as child:
        child.wait_for("watching recording:lines.ndjson")
        # what was replayed until then holds no wave: that is exit code 3
        assert child.stop(number) == 3, child.err
    assert "Traceback" not in "".join(child.err)


@STARTED
def test_the_dashboard_of_a_replay(tmp_path, recording, number, background):
    command = ["replay", recording, "--state", tmp_path / "w", "--dashboard", "0"]
    with Child([*BIRDFALL, *command], interrupt_ignored=background) as child:
        child.wait_for("the recording is over")
        assert child.stop(number) == 3, child.err
    assert "Traceback" not in "".join(child.err)


@STARTED
def test_serve(tmp_path, recording, number, background):
    with Child([*BIRDFALL, "replay", recording, "--state", tmp_path / "w"]) as child:
        assert child.process.wait(60) == 3
    ends_cleanly(["serve", tmp_path / "w", "--at", "0"], "Stop with Ctrl-C", number, background)
