"""The first minute with the watch: what cannot be read is said before anything is written, and a
source that is not reached is named.
"""

import os
import socket

from processes import BIRDFALL, Child


def test_what_is_no_recording_is_said_and_nothing_is_written(run, tmp_path):
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("root:x:0:0\n")
    for command in ("replay", "watch"):
        done = run(command, wrong, "--state", tmp_path / "w")
        assert done.returncode == 2
        assert "this is no recording that can be replayed" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "w").exists()


def test_a_port_that_is_taken_is_said(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        os.environ["BIRDFALL_MASTODON_HOOK_SECRET"] = "a-secret"
        try:
            done = run("watch", f"mastodon-hooks:127.0.0.1:{port}", "--state", tmp_path / "w")
        finally:
            del os.environ["BIRDFALL_MASTODON_HOOK_SECRET"]
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dictionary_that_is_not_there_is_said(run, tmp_path):
    done = run(
        "watch",
        "jetstream:ws://127.0.0.1:9",
        "--dictionary",
        tmp_path / "none",
        "--state",
        tmp_path / "w",
    )
    assert done.returncode == 2
    assert "dictionary" in done.stderr


def test_a_source_that_is_not_reached_is_named_with_the_reason(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*BIRDFALL, "watch", f"ws://127.0.0.1:{port}", "--state", tmp_path / "w"]
    with Child(command) as watch:
        watch.wait_for(
            f"atproto:127.0.0.1:{port}: not connected (refused); tried again",
            "no --leader is given",
        )
        watch.stop()
    said = watch.err
    assert sum("not connected" in line for line in said) == 1
    assert not any("history-too-short" in line or "not-a-detector" in line for line in said)
    assert any("would be tried on history once two days of it are stored" in line for line in said)


def test_nothing_is_proposed_of_a_folder_without_a_watch(run, tmp_path):
    done = run("propose", tmp_path / "none", "1")
    assert done.returncode == 2
    assert "not the folder of a watch" in done.stderr
    assert not (tmp_path / "none").exists()
