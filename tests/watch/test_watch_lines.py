"""Lines on standard input: stopped while the pipe is open, whole however they are cut."""

import json
import os
import subprocess
import threading
import time

import pytest

from birdfall.watch.feeds.replay import poll_by_select, poll_in_thread, read_pipe_lines
from processes import BIRDFALL, Child


def test_ctrl_c_ends_it_though_the_pipe_is_open(tmp_path):
    command = [*BIRDFALL, "watch", "-", "--state", tmp_path / "w"]
    with Child(command, stdin=subprocess.PIPE) as watch:
        watch.wait_for("watching -")
        watch.process.stdin.write(json.dumps({"kind": "account", "account": "a"}) + "\n")
        watch.process.stdin.flush()
        time.sleep(1)
        assert watch.stop(seconds=60) == 0
    assert "Fatal" not in "".join(watch.err)


POLLS = pytest.mark.parametrize("poll", [poll_by_select, poll_in_thread])


@POLLS
def test_lines_are_whole_however_they_arrive(poll):
    taken, given = os.pipe()
    text = b"one\ntwo\r\n\nthree" + b"x" * 100_000 + b"\nlast without an end"
    writer = threading.Thread(
        target=lambda: (
            [os.write(given, text[i : i + 777]) for i in range(0, len(text), 777)]
            and os.close(given)
        )
    )
    writer.start()
    found = list(read_pipe_lines(taken, threading.Event(), longest=10_000, poll=poll))
    writer.join()
    os.close(taken)
    assert b"".join(found) == text
    assert found[:3] == [b"one\n", b"two\r\n", b"\n"]
    assert found[-1] == b"last without an end"
    assert max(map(len, found)) <= 10_000


@POLLS
def test_a_silent_pipe_does_not_hold_it(poll):
    taken, given = os.pipe()
    stop = threading.Event()
    reader = threading.Thread(target=lambda: list(read_pipe_lines(taken, stop, poll=poll)))
    reader.start()
    stop.set()
    reader.join(60)
    assert not reader.is_alive()
    os.close(given)
    os.close(taken)
