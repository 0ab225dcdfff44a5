"""The simulated world.

The same for a seed, true to its truth, and looked at in ways that hide what they should.
"""

import datetime as dt
import re

import numpy as np
import pyarrow.compute as pc
import pytest

from birdfall.measures.suspensions import spells
from birdfall.model.errors import UsageError
from birdfall.world.scenarios import SCENARIOS
from birdfall.world.simulate import simulate
from birdfall.world.write_case import write_case

SMALL = {
    "with_app": 0.25,
    "accounts": 12_000,
    "fallen": 1_400,
    "fallen_followers": 1_300,
    "leader_audience": 5_000,
}


@pytest.fixture(scope="module")
def world():
    return simulate("caracas-2013", seed=1, **SMALL)


def test_a_seed_gives_the_same_world_and_another_seed_another(world):
    again, other = (
        simulate("caracas-2013", seed=1, **SMALL),
        simulate("caracas-2013", seed=2, **SMALL),
    )
    for name, table in world.tables.items():
        assert table.equals(again.tables[name]), name
    assert not world.tables["follows"].equals(other.tables["follows"])


def test_one_part_changed_does_not_reshuffle_the_others(world):
    more = simulate("caracas-2013", seed=1, **SMALL, acts=9_999)
    assert more.tables["follows"].equals(world.tables["follows"])
    assert more.tables["statuses"].equals(world.tables["statuses"])


def test_the_record_holds_the_wave_of_the_truth(world):
    wave = world.truth["falls"].filter(world.truth["falls"].column("wave"))
    assert wave.num_rows == SMALL["fallen"]
    assert pc.sum(wave.column("follows_leader").cast("int64")).as_py() >= SMALL["fallen_followers"]
    fell = spells(world.record())
    onset, end = world.scenario.onset, world.scenario.onset + dt.timedelta(seconds=600)
    inside = [r for r in fell.to_pylist() if onset <= r["fell_by"] <= end]
    assert set(wave.column("account").to_pylist()) <= {r["account"] for r in inside}
    back = sum(
        r["ended_by"] is not None
        for r in inside
        if r["account"] in set(wave.column("account").to_pylist())
    )
    assert back == world.facts["restored"]


def test_truth_is_not_in_the_record(world):
    for name, table in world.tables.items():
        for word in ("wave", "state", "community", "cause"):
            assert not any(word in column for column in table.column_names), (name, word)
    states = set(world.truth["accounts"].column("state").to_pylist())
    for table in world.tables.values():
        for column in table.columns:
            if str(column.type) == "string":
                assert not states & set(column.unique().to_pylist())


def test_ordinary_suspensions_are_over_dispersed():
    quiet = simulate("quiet", seed=3, accounts=20_000)
    time = (
        quiet.truth["falls"]
        .filter(pc.equal(quiet.truth["falls"].column("status"), "suspended"))
        .column("time")
    )
    hours = np.array([t.timestamp() // 3600 for t in time.to_pylist()])
    counts = np.bincount((hours - hours.min()).astype(int))
    assert counts.var() / counts.mean() > 2


def test_audiences_are_heavy_tailed_and_silent_after_a_fall(world):
    sizes = np.sort(
        np.unique(
            np.array(world.tables["follows"].column("followed").to_pylist()), return_counts=True
        )[1]
    )[::-1]
    assert sizes[0] > 20 * np.median(sizes)
    fallen = {r["account"]: (r["time"], r["back"]) for r in world.truth["falls"].to_pylist()}
    for act in world.tables["acts"].slice(0, 20_000).to_pylist():
        down = fallen.get(act["account"])
        if down and act["kind"] != "report":
            assert act["time"] < down[0] or (down[1] is not None and act["time"] > down[1])


def test_in_an_error_the_fallen_share_an_app(world):
    falls = world.truth["falls"]
    fallen = set(falls.filter(falls.column("wave")).column("account").to_pylist())
    acts = world.tables["acts"].select(["account", "client"]).to_pylist()
    of = {a["account"]: a["client"] for a in acts}
    share = np.mean([c == "RetuitApp" for a, c in of.items() if a in fallen])
    other = np.mean([c == "RetuitApp" for a, c in of.items() if a not in fallen])
    assert share > 0.5 > 4 * other


@pytest.mark.parametrize("cause", ["purge", "brigade", "error", "targeted", "mixed", "churn"])
def test_every_cause_gives_a_world(cause):
    world = simulate(f"caracas-2013-{cause}", seed=1, **SMALL)
    assert world.facts["wave_size"] == (0 if cause == "churn" else SMALL["fallen"])
    assert world.settings.simulated


def test_ways_of_looking_show_less_and_less():
    shown = {
        how: set(simulate("quiet", seed=1, accounts=8_000, observe=how).tables)
        for how in ("counts", "list", "timelines", "reinstatement", "reports", "full", "snapshots")
    }
    assert shown["counts"] == {"counts", "coverage"}
    assert (
        shown["counts"]
        < shown["list"]
        < shown["timelines"]
        <= shown["reinstatement"]
        <= shown["reports"]
    )
    seen = simulate("caracas-2013", seed=1, **SMALL, observe="snapshots").tables["statuses"]
    assert set(seen.column("observation").to_pylist()) == {"seen"}
    assert all(t.hour == t.minute == t.second == 0 for t in seen.column("time").to_pylist()[:500])
    listed = simulate("caracas-2013", seed=1, **SMALL, observe="list").tables["statuses"]
    ups = listed.filter(pc.equal(listed.column("status"), "active"))
    assert pc.max(ups.column("time")).as_py() <= pc.max(listed.column("time")).as_py()
    rec = simulate("caracas-2013", seed=1, **SMALL, observe="list").record()
    assert all(r["ended_by"] is None for r in spells(rec).to_pylist()), (
        "a list of the suspended says nothing of returns"
    )


def test_counts_are_what_the_ledger_of_the_truth_gives(world):
    leader = world.settings.leaders[0]
    counts = [r for r in world.tables["counts"].to_pylist() if r["account"] == leader]
    before = [c["followers"] for c in counts if c["time"] < world.scenario.onset][-1]
    after = next(
        c["followers"]
        for c in counts
        if c["time"] > world.scenario.onset + dt.timedelta(minutes=10)
    )
    assert before - after == pytest.approx(SMALL["fallen_followers"], rel=0.05)
    minister = [
        r["followers"]
        for r in world.tables["counts"].to_pylist()
        if r["account"] == world.settings.leaders[1]
    ]
    assert min(minister) == 0 and 1 in minister


def test_unknown_names_are_told():
    with pytest.raises(UsageError, match="caracas-2013"):
        simulate("caracas-2014")
    with pytest.raises(UsageError, match="snapshots"):
        simulate("quiet", observe="everything", accounts=5_000)
    assert {"caracas-2013", "quiet"} <= set(SCENARIOS)


def test_a_case_keeps_the_truth_apart(tmp_path):
    case = write_case("caracas-2013", tmp_path / "case", seed=1, **SMALL)
    assert case.settings.simulated
    assert case.find_damage() == []
    assert case.read("truth/facts.json")
    assert case.record().sizes["statuses"] > SMALL["fallen"]
    one, two = (
        case.record().ids,
        write_case("caracas-2013", tmp_path / "again", seed=1, **SMALL).record().ids,
    )
    assert one.id_of.equals(two.id_of), "pseudonyms of a simulated case are the same every time"


@pytest.fixture(scope="module")
def besieged():
    return simulate("caracas-2013-brigade", seed=1, **SMALL)


def test_a_besieged_account_falls_with_the_report_that_reaches_the_threshold(besieged):
    threshold = int(besieged.scenario.threshold)
    reports = (
        besieged.tables["acts"]
        .filter(pc.equal(besieged.tables["acts"].column("kind"), "report"))
        .to_pylist()
    )
    falls = [f for f in besieged.truth["falls"].to_pylist() if f["trigger"] == "brigade"]
    onset = besieged.scenario.onset - dt.timedelta(hours=1)
    by_target = {}
    for report in reports:
        if report["time"] >= onset:
            by_target.setdefault(report["target"], []).append(report)
    minister = besieged.settings.leaders[1]
    for fall in falls:
        mine = [r for r in by_target.get(fall["account"], []) if r["time"] < fall["time"]]
        assert len({r["account"] for r in mine}) >= threshold or fall["account"] == minister
        assert max(r["time"] for r in mine) > fall["time"] - dt.timedelta(seconds=5)
    standing = set(by_target) - {f["account"] for f in besieged.truth["falls"].to_pylist()}
    assert len(standing) > len(falls) / 20, "some were reported too seldom to fall"


def test_the_same_public_counts_come_from_different_truths():
    told = {}
    for cause in ("purge", "brigade", "error", "targeted", "mixed"):
        world = simulate(f"caracas-2013-{cause}", seed=1, observe="counts", **SMALL)
        leader = world.settings.leaders[0]
        counts = [r for r in world.tables["counts"].to_pylist() if r["account"] == leader]
        onset = world.scenario.onset
        before = [r["followers"] for r in counts if r["time"] <= onset][-1]
        after = next(
            r["followers"] for r in counts if r["time"] >= onset + dt.timedelta(minutes=15)
        )
        told[cause] = before - after
        assert set(world.tables) == {"counts", "coverage"}
    drops = list(told.values())
    assert max(drops) - min(drops) <= 0.02 * SMALL["fallen_followers"], told
    assert min(drops) == pytest.approx(SMALL["fallen_followers"], rel=0.05)


def test_truths_differ_in_whom_they_hit():
    share = {}
    for cause in ("purge", "error", "targeted"):
        world = simulate(f"caracas-2013-{cause}", seed=1, **SMALL)
        state = dict(
            zip(
                *(world.truth["accounts"].column(c).to_pylist() for c in ("account", "state")),
                strict=True,
            )
        )
        fallen = [f["account"] for f in world.truth["falls"].to_pylist() if f["wave"]]
        share[cause] = np.mean([state[a] == "inauthentic" for a in fallen])
    assert share["purge"] > 0.8 > 3 * share["error"]
    assert share["targeted"] < 0.3


def test_a_wave_may_have_two_causes():
    world = simulate("caracas-2013-mixed", seed=1, **SMALL)
    by_trigger = world.facts["by_trigger"]
    assert set(by_trigger) == {"purge", "error"}
    assert by_trigger["error"] / sum(by_trigger.values()) == pytest.approx(0.35, abs=0.01)
    assert sum(by_trigger.values()) == SMALL["fallen"]
    falls = [f for f in world.truth["falls"].to_pylist() if f["wave"]]
    assert len({f["account"] for f in falls}) == len(falls)
    back = {
        t: np.mean([f["back"] is not None for f in falls if f["trigger"] == t]) for t in by_trigger
    }
    assert back["error"] > 0.1


def test_appeals_come_before_what_they_bring(world):
    falls = world.truth["falls"].to_pylist()
    appealed = [f for f in falls if f["appealed"] is not None]
    assert all(f["time"] <= f["appealed"] for f in appealed)
    assert all(f["appealed"] <= f["back"] for f in appealed if f["back"] is not None)
    wave = [f for f in falls if f["wave"]]
    refused = [f for f in wave if f["appealed"] is not None and f["back"] is None]
    unasked = [f for f in wave if f["appealed"] is None and f["back"] is not None]
    assert refused, "some appeal in vain"
    assert unasked, "a defect is mended for all at once, whoever asked"
    assert world.facts["appealed"] == sum(f["appealed"] is not None for f in wave)


def test_a_recorder_with_gaps_says_so_and_keeps_the_share_it_says():
    whole = simulate("caracas-2013", seed=1, **SMALL)
    seen = simulate("caracas-2013-gaps", seed=1, **SMALL)
    coverage = seen.tables["coverage"].to_pylist()
    gaps = [c for c in coverage if c["kind"] == "gap"]
    assert {c["what"] for c in gaps} == {"acts", "statuses"} and len(gaps) == 4
    for gap in gaps:
        times = seen.tables[gap["what"]].column("time").to_pylist()
        assert not any(gap["from"] <= t < gap["to"] for t in times)
    sampled = next(c for c in coverage if c["kind"] == "sampled")
    assert (sampled["what"], sampled["rate"]) == ("acts", 0.2)
    assert seen.tables["acts"].num_rows == pytest.approx(
        0.2 * whole.tables["acts"].num_rows, rel=0.05
    )
    assert seen.tables["follows"].equals(
        whole.tables["follows"].set_column(
            whole.tables["follows"].column_names.index("source"),
            "source",
            seen.tables["follows"].column("source"),
        )
    )
    assert not any(c["kind"] != "watched" for c in whole.tables["coverage"].to_pylist())


@pytest.mark.parametrize("name", ["caracas-2013", "caracas-2013-brigade", "quiet"])
def test_a_population_too_small_for_its_wave_is_refused_with_the_least_that_does(name):
    with pytest.raises(UsageError, match="too few") as caught:
        simulate(name, accounts=300)
    least = int(re.search(r"\d+", caught.value.fix)[0])
    assert simulate(name, accounts=least).tables["accounts"].num_rows == least
    with pytest.raises(UsageError):
        simulate(name, accounts=least - 1)


def test_who_falls_on_the_last_day_is_seen_down_at_the_last_look():
    """The last look is at the very end; who came back before it is not seen down."""
    world = simulate("quiet", seed=3, accounts=20_000, observe="list")
    falls = world.truth["falls"]
    begin = world.scenario.begin.timestamp()
    fell = np.array([t.timestamp() - begin for t in falls.column("time").to_pylist()]) / 86_400
    last = [
        account
        for account, day in zip(falls.column("account").to_pylist(), fell, strict=True)
        if world.scenario.days - 1 < day < world.scenario.days
    ]
    assert len(last) > 5, "or this tries nothing"
    seen = world.tables["statuses"].filter(pc.field("status") != "active")
    shown = len(set(last) & set(seen.column("account").to_pylist()))
    assert shown > len(last) / 2
