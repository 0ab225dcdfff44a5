"""The watch against a running server nobody here wrote: every takedown and restoration, alarm within ten seconds, the server
killed and the watch killed in mid-wave, and the dashboard watched in a browser meanwhile.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from network import SERVERS, Network, many

from birdfall.watch.state import State
from birdfall.watch.waves import seen, waves

pytestmark = pytest.mark.live
ARTEFACTS = Path(os.environ.get("BIRDFALL_ARTEFACTS", "artefacts"))
STARTED: list[subprocess.Popen[str]] = []
SIZE = int(os.environ.get("BIRDFALL_LIVE_ACCOUNTS", "160"))


@pytest.fixture
def network():
    """One of its own for each test: falls half a minute apart are one wave, so no test may see another's."""
    if shutil.which("node") is None or not (SERVERS / "node_modules").is_dir():
        pytest.skip("no servers here: run `make test-live` (Node 20)")
    made = Network()
    yield made
    made.close()


@pytest.fixture
def people(network):
    """A leader and a control, and a flock: most follow the leader, some the control, some both."""
    leader, control = network.account("leader"), network.account("control")
    flock = many(network.account, [f"bird{i:05d}" for i in range(SIZE)])
    half = SIZE // 2
    for who in flock:
        who["keys"] = {}

    def join(pair):
        i, who = pair
        if i < half + half // 4:
            who["keys"]["leader"] = network.follow(who, leader)
        if i >= half - half // 4:
            who["keys"]["control"] = network.follow(who, control)

    many(join, list(enumerate(flock)))
    return leader, control, flock


@pytest.fixture(autouse=True)
def no_watch_outlives_its_test():
    yield
    for process in STARTED:
        if process.poll() is None:
            process.kill()


class Watch:
    """`birdfall watch` as a person starts it. Its alerts are read as they come, with the moment of each."""

    def __init__(self, network, folder, *leaders, more=()):
        command = [
            sys.executable,
            "-m",
            "birdfall",
            "watch",
            network.stream,
            "--state",
            str(folder),
            "--start",
            "all",
            *more,
        ]
        for leader in leaders:
            command += ["--leader", leader["did"]]
        self.alerts, self.said, self.path = [], [], folder / "watch.sqlite"
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        STARTED.append(self.process)
        for stream, kept in ((self.process.stdout, self.alerts), (self.process.stderr, self.said)):
            threading.Thread(target=self._read, args=(stream, kept), daemon=True).start()

    @staticmethod
    def _read(stream, kept):
        for line in stream:
            kept.append((time.time(), line.strip()))

    def falls(self):
        return [(at, a) for at, a in ((at, json.loads(text)) for at, text in self.alerts) if a["kind"] == "falls"]

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(20)

    def state(self):
        return State.open(self.path, read_only=True)

    def has(self, query, wanted, seconds=30):
        end = time.monotonic() + seconds
        found = None
        while time.monotonic() < end:
            if self.path.exists():
                try:
                    state = self.state()
                    found = state.connection.execute(query).fetchone()[0]
                    state.close()
                except Exception as error:  # the file is being made
                    found = error
                if found == wanted:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{query}: {found!r}, not {wanted!r}; {self.said[-5:]}")


DOWN = "SELECT count(*) FROM standing WHERE status = 'taken_down'"


def test_a_wave_through_deaths_on_both_sides(network, people, tmp_path):
    leader, control, flock = people
    victims, half = flock[: SIZE // 2], SIZE // 4
    folder = tmp_path / "watch"
    watch = Watch(network, folder, leader, control)
    edges = sum(len(p["keys"]) for p in flock)
    watch.has("SELECT count(*) FROM edges", edges)
    time.sleep(25)
    assert watch.falls() == [], "the quiet before the wave is silent"
    network.unfollow(flock[0], flock[0]["keys"]["leader"])
    network.deactivate(flock[1])
    watch.has("SELECT count(*) FROM ends", 1)

    began = time.time()
    many(network.takedown, victims[2 : 2 + half])
    end = time.monotonic() + 15
    while not watch.falls() and time.monotonic() < end:
        time.sleep(0.05)
    assert watch.falls(), watch.said
    assert watch.falls()[0][0] - began < 10
    # the watch dies, the host dies, both in mid-wave
    watch.stop(signal.SIGKILL)
    many(network.takedown, victims[2 + half : 2 + half + 10])
    watch = Watch(network, folder, leader, control)
    network.kill()
    time.sleep(1)
    network.start_host()
    many(network.takedown, victims[2 + half + 10 :])
    watch.has(DOWN, len(victims) - 2)
    back = victims[2::2]
    many(lambda who: network.takedown(who, False), back)
    watch.has(DOWN, len(victims) - 2 - len(back))
    time.sleep(2)
    watch.stop()

    state = State.open(folder / "watch.sqlite")
    c = state.connection
    falls = [r[0] for r in c.execute("SELECT account FROM changes WHERE status = 'taken_down'")]
    assert sorted(falls) == sorted(v["did"] for v in victims[2:]), "each takedown once"
    returns = [
        r[0] for r in c.execute("SELECT account FROM changes WHERE status = 'active' AND previous = 'taken_down'")
    ]
    assert sorted(returns) == sorted(b["did"] for b in back)
    [wave] = [w for w in waves(state) if w.kind == "falls"]
    assert wave.fallen == len(victims) - 2
    assert wave.returned == len(back)
    still = {v["did"] for v in victims[2:]} - {b["did"] for b in back} | {flock[1]["did"]}
    for name, who in (("leader", leader), ("control", control)):
        followers = {p["did"] for p in flock if name in p["keys"]}
        if name == "leader":
            followers.discard(flock[0]["did"])
        assert seen(state, who["did"], 1 << 62) == followers - still, name
    hit = {e["leader"] for e in wave.details["leaders"] if e["hit"]}
    assert hit == {leader["did"]}
    state.close()


def test_the_dashboard_tells_a_wave_while_it_is_on(network, people, tmp_path):
    api = pytest.importorskip("playwright.sync_api")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium here")
    leader, control, flock = people
    ARTEFACTS.mkdir(exist_ok=True)
    watch = Watch(network, tmp_path / "watch", leader, control, more=("--dashboard", "0"))
    watch.has("SELECT count(*) > 0 FROM edges", 1)
    end = time.monotonic() + 20
    while not any("dashboard:" in text for _, text in watch.said) and time.monotonic() < end:
        time.sleep(0.1)
    address = next(text.split("dashboard: ")[1] for _, text in watch.said if "dashboard:" in text)
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        problems, asked = [], []
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: asked.append(r.url))
        page.goto(address + "en/now")
        # who has watched for a few seconds only cannot know what is usual
        time.sleep(25)
        page.screenshot(path=ARTEFACTS / "dashboard-before.png", full_page=True)
        victims = flock[SIZE // 2 : SIZE - 10]
        many(network.takedown, victims)
        page.wait_for_selector("h1.wave", timeout=20_000)
        told = page.locator("main", has_text=f"{len(victims)} accounts were suspended").first
        try:
            told.wait_for(timeout=30_000)
        except api.TimeoutError:
            raise AssertionError(
                f"the page tells: {page.inner_text('main')}; {watch.alerts}; {watch.said[-5:]}"
            ) from None
        page.screenshot(path=ARTEFACTS / "dashboard-wave.png", full_page=True)
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/wave/**")
        page.screenshot(path=ARTEFACTS / "dashboard-one-wave.png", full_page=True)
        with page.expect_navigation(timeout=120_000):
            page.click("form button")
        page.wait_for_selector('a[href$="/report"]', timeout=5_000)
        page.click('a[href$="/report"]')
        page.wait_for_selector("h1")
        page.screenshot(path=ARTEFACTS / "report-from-dashboard.png")
        assert problems == []
        assert all(url.startswith((address, "data:")) for url in asked)
        browser.close()
    watch.stop()
