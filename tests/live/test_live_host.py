"""The watch against a running server nobody here wrote: every takedown and restoration, alarm
within ten seconds, the server killed and the watch killed in mid-wave, and the dashboard watched in
a browser meanwhile.
"""

import signal
import time

import pytest
from scenario import people
from seeing import Seeing
from watching import DOWN, Watch, lags

from birdfall.watch.store.database import State
from birdfall.watch.store.queries.falls import visible_followers
from birdfall.watch.store.queries.waves import list_waves

pytestmark = pytest.mark.live
#: Until it has been quiet for so long a watch cannot know what is usual.
QUIET_SECONDS = 30


@pytest.fixture
def scenario(network):
    return people(network)


def watching(network, scenario, folder, *more):
    return Watch(
        [network.stream], folder, scenario.leader, scenario.control, more=("--start", "all", *more)
    )


def agrees(folder, scenario):
    """The watch's record against the truth, account by account; the wave of suspensions called."""
    state = State.open(folder / "watch.sqlite", read_only=True)
    try:
        c = state.connection
        falls = [r[0] for r in c.execute("SELECT account FROM changes WHERE status = 'taken_down'")]
        assert sorted(falls) == sorted(scenario.taken_down + scenario.noise), "each takedown once"
        returns = [
            r[0]
            for r in c.execute(
                "SELECT account FROM changes WHERE status = 'active' AND previous = 'taken_down'"
            )
        ]
        assert sorted(returns) == sorted(scenario.restored), "each restoration once"
        for name, leader in (("leader", scenario.leader), ("control", scenario.control)):
            assert visible_followers(state, leader["did"], 1 << 62) == scenario.followers(name), (
                name
            )
        [wave] = [w for w in list_waves(state) if w.kind == "falls"]
        assert wave.fallen == len(scenario.taken_down)
        assert wave.returned == len(scenario.restored)
        assert {e.leader for e in wave.ledgers if e.hit} == {scenario.leader["did"]}
        ledger = next(e for e in wave.ledgers if e.leader == scenario.leader["did"])
        assert ledger.suspended == len(scenario.taken_down)
        assert ledger.after == ledger.before - ledger.suspended
        assert ledger.now == len(scenario.followers("leader"))
        return wave
    finally:
        state.close()


def until_told(watch, seconds):
    end = time.monotonic() + seconds
    while not watch.told() and time.monotonic() < end:
        time.sleep(0.05)
    assert watch.told(), watch.said
    return watch.told()[0]


def test_the_scripted_wave(network, scenario, tmp_path, figures):
    folder = tmp_path / "watch"
    watch = watching(network, scenario, folder)
    watch.has("SELECT count(*) FROM edges", scenario.edges)
    scenario.everyday()
    watch.has("SELECT count(*) FROM ends", 3)
    time.sleep(QUIET_SECONDS)
    assert watch.told() == [], "the quiet before the wave is silent"
    began = time.time()
    scenario.down(scenario.ring[:80], seconds=8)
    at, alert = until_told(watch, 20)
    assert at - began < 10
    assert alert["audiences"] == [scenario.leader["did"]]
    time.sleep(3)
    scenario.up(scenario.ring[:60], seconds=5)
    watch.has(DOWN, 21)
    time.sleep(2)
    figures |= {"memory_mb": round(watch.most_memory)}
    watch.stop()
    wave = agrees(folder, scenario)
    state = State.open(folder / "watch.sqlite", read_only=True)
    late = lags(state)
    state.close()
    figures |= {
        "accounts": 212,
        "alert_seconds_after_first_takedown": round(at - began, 1),
        "called_at_event_time": round((wave.opened - wave.begin) / 1e6, 1),
        "lag_seconds_median": round(late[len(late) // 2], 3),
        "lag_seconds_most": round(late[-1], 3),
    }


def test_a_wave_through_deaths_on_both_sides(network, scenario, tmp_path):
    folder = tmp_path / "watch"
    watch = watching(network, scenario, folder)
    watch.has("SELECT count(*) FROM edges", scenario.edges)
    scenario.everyday()
    watch.has("SELECT count(*) FROM ends", 3)
    time.sleep(QUIET_SECONDS)
    victims = scenario.ring[:80]
    scenario.down(victims[:40], seconds=4)
    until_told(watch, 20)
    # the watch dies, then the host, both in mid-wave
    watch.stop(signal.SIGKILL)
    scenario.down(victims[40:50])
    watch = watching(network, scenario, folder)
    network.kill()
    time.sleep(1)
    network.start_host()
    scenario.down(victims[50:])
    watch.has(DOWN, 81)
    scenario.up(victims[::2])
    watch.has(DOWN, 41)
    time.sleep(2)
    watch.stop()
    agrees(folder, scenario)


def test_the_dashboard_tells_a_wave_while_it_is_on(network, scenario, tmp_path, artefacts):
    watch = watching(network, scenario, tmp_path / "watch", "--dashboard", "0")
    watch.has("SELECT count(*) FROM edges", scenario.edges)
    address = watch.dashboard()
    with Seeing(address) as seeing:
        page = seeing.page
        page.goto(address + "en/now")
        time.sleep(QUIET_SECONDS)
        page.wait_for_selector("h1.quiet", timeout=10_000)
        page.screenshot(path=artefacts / "1-quiet.png", full_page=True)
        victims = scenario.ring[:80]
        scenario.down(victims, seconds=8)
        page.wait_for_selector("h1.wave", timeout=20_000)
        told = page.locator("main", has_text=f"{len(victims)} accounts were suspended").first
        try:
            told.wait_for(timeout=30_000)
        except seeing.TimeoutError:
            raise AssertionError(
                f"the page tells: {page.inner_text('main')}; {watch.said[-5:]}"
            ) from None
        assert "@leader.test" in page.inner_text("main")
        page.screenshot(path=artefacts / "2-wave.png", full_page=True)
        scenario.up(victims[:60], seconds=3)
        page.wait_for_function(
            "document.querySelector('main').innerText.includes('60')", timeout=20_000
        )
        page.screenshot(path=artefacts / "3-returns.png", full_page=True)
        for language in ("es", "fr", "ar", "pt"):
            page.goto(f"{address}{language}/now")
            page.screenshot(path=artefacts / f"2-wave-{language}.png", full_page=True)
        page.goto(address + "en/now")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/wave/**")
        page.screenshot(path=artefacts / "4-one-wave.png", full_page=True)
        for name in ("waves", "reporters", "rules", "sources"):
            page.goto(f"{address}en/{name}")
            page.screenshot(path=artefacts / f"5-{name}.png", full_page=True)
        page.goto(address + "en/wave/1")
        # a click of playwright's own would wait half a minute for the page that comes when the case
        # is made
        with page.expect_navigation(timeout=400_000):
            page.evaluate("document.querySelector('form button').click()")
        page.wait_for_selector('a[href*="/report#"]', timeout=5_000)
        page.click('a[href*="/report#"]')
        page.wait_for_selector("h1")
        page.screenshot(path=artefacts / "6-report.png")
        assert seeing.problems == []
        assert all(url.startswith((address, "data:")) for url in seeing.asked)
    watch.stop()
    agrees(tmp_path / "watch", scenario)
