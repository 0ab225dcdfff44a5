"""The command a newcomer types: a live wave on the dashboard against a real server, and nothing
left behind after Ctrl-C.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from network import SERVERS

from processes import start

pytestmark = pytest.mark.live
DEMO = Path(__file__).resolve().parent.parent.parent / "examples" / "live_demo.py"


@pytest.mark.timeout(1200)
def test_the_demo_shows_a_wave_and_cleans_up(tmp_path):
    if not (SERVERS / "node_modules").is_dir():
        pytest.skip("no servers here: run `make test-live` (Node 20)")
    environment = {"TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    demo = start(
        # as a shell starts what it runs in the background: with SIGINT ignored
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, str(DEMO), "--port", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    said = []
    threading.Thread(
        target=lambda: said.extend(iter(demo.stderr.readline, "")), daemon=True
    ).start()
    threading.Thread(target=demo.stdout.read, daemon=True).start()
    try:
        end = time.monotonic() + 600
        while (
            not any("That was all" in line for line in said)
            and time.monotonic() < end
            and demo.poll() is None
        ):
            time.sleep(0.2)
        text = "".join(said)
        assert "That was all" in text, text
        address = re.search(r"dashboard: (http://127\.0\.0\.1:\d+/)", text)[1]
        with urllib.request.urlopen(address + "en/now", timeout=30) as answer:
            page = answer.read().decode()
        told = re.sub(r"<[^>]+>|\s+", " ", page.partition("<main")[2].partition("<figure")[0])
        assert "80 accounts were suspended" in page, told
        assert "80 of them followed \u2068@leader.test\u2069" in page, told
        assert "What to check next" in page
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(300)
    assert demo.returncode == 0
    assert not list(tmp_path.glob("birdfall-live-demo-*")), "nothing is left behind"
