"""Brigades: planted crews are found and named, honest crowds are not, and the recorded brigade is
found whole.
"""

import csv
import datetime as dt
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from brigade_worlds import START, acts, world
from hypothesis import given
from hypothesis import strategies as st

from birdfall.kernels.coaction.lockstep import core_densities
from birdfall.measures.brigades import applies_to, brigades
from birdfall.measures.brigades.crew import fit_crew
from birdfall.measures.brigades.dense_blocks import (
    count_company,
    crowd_mask,
    find_blocks,
    max_unseen_reports,
)
from birdfall.measures.brigades.dense_subgraph import (
    find_near_pairs,
    lockstep_by_coaction,
    peel_reports,
)
from birdfall.measures.brigades.lockstep import (
    find_partners,
    lockstep,
    lockstep_pairs,
    voice_weights,
)
from birdfall.measures.brigades.reporters import judge_reporters
from birdfall.measures.brigades.reports import NEVER, Reports, TargetFalls, read_falls, read_reports
from birdfall.measures.brigades.targets import find_targets_under_fire
from birdfall.model.errors import UsageError, WindowError
from birdfall.record.record import from_tables
from birdfall.sources.ingest import load
from tiers import some_fast

ROOT = Path(__file__).resolve().parents[2]
WINDOW = 300_000_000
UTC = pa.timestamp("us", tz="UTC")
small = st.lists(
    st.tuples(st.integers(0, 6), st.integers(10, 14), st.integers(0, 40)), min_size=1, max_size=40
)


def log(rows):
    rows = sorted(rows, key=lambda r: (r[2], r[0], r[1]))
    who, on, at = (np.array([r[i] for r in rows], np.int64) for i in range(3))
    return Reports(who.astype(np.int32), on.astype(np.int32), at)


@given(small, st.integers(1, 20))
def test_lockstep_agrees_with_the_slow_way(rows, window):
    reports = log(rows)
    triples = list(
        zip(reports.reporter.tolist(), reports.target.tolist(), reports.time.tolist(), strict=True)
    )
    shared = defaultdict(set)
    for u, t, a in triples:
        for v, s, b in triples:
            if u < v and t == s and abs(a - b) <= window:
                shared[u, v].add(t)
    pairs = sorted(p for p, targets in shared.items() if len(targets) >= 2)
    lo, hi = lockstep_pairs(reports, window)
    assert sorted(zip(lo.tolist(), hi.tolist(), strict=True)) == pairs
    expected = [
        sum(
            s == t and abs(a - b) <= window and tuple(sorted((u, v))) in pairs
            for v, s, b in triples
            if v != u
        )
        for u, t, a in triples
    ]
    assert find_partners(reports, lo, hi, window).tolist() == expected
    others = [
        sum(s == t and abs(a - b) <= window for _, s, b in triples) - 1 for _, t, a in triples
    ]
    assert count_company(reports, window).tolist() == others


@given(small, st.integers(1, 20), st.randoms(use_true_random=False))
def test_the_dense_graph_holds_the_reports_in_lockstep_also_after_a_shuffle(rows, window, chance):
    reports = log(rows)
    pairs = find_near_pairs(reports, window)
    assert len(pairs.left) == sum(
        s == t and abs(a - b) <= window
        for i, (t, a) in enumerate(zip(reports.target.tolist(), reports.time.tolist(), strict=True))
        for s, b in zip(reports.target[:i].tolist(), reports.time[:i].tolist(), strict=True)
    )
    shuffled = Reports(
        np.array(chance.sample(reports.reporter.tolist(), len(reports)), np.int32),
        reports.target,
        reports.time,
    )
    for made in (reports, shuffled):
        inside = lockstep_by_coaction(made, window)
        expected = sorted({(int(made.reporter[i]), int(made.target[i])) for i in inside})
        found = peel_reports(made, window, pairs)
        assert list(zip(found.reporter.tolist(), found.target.tolist(), strict=True)) == expected
        crowd = [
            len(
                {
                    u
                    for u, t in zip(made.reporter.tolist(), made.target.tolist(), strict=True)
                    if t == on
                }
            )
            for _, on in expected
        ]
        whole = sum(1 / np.log(c + 5) for c in crowd) / max(
            1, len(found.reporters) + len(found.targets)
        )
        assert found.density >= whole - 1e-9


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(6, 10), st.integers(1, 5)), min_size=1, max_size=18
    )
)
def test_peeling_gives_each_node_the_densest_block_that_held_it(edges):
    best = {}
    for a, b, w in edges:
        best[a, b] = w + best.get((a, b), 0)
    lo, hi = (np.array([e[i] for e in best], np.int32) for i in range(2))
    weight = np.array(list(best.values()), float)
    inside = set(lo.tolist()) | set(hi.tolist())
    highest, expected = 0.0, np.zeros(11)
    while inside:
        within = {e: w for e, w in best.items() if e[0] in inside and e[1] in inside}
        highest = max(highest, sum(within.values()) / len(inside))
        attached = {x: sum(w for e, w in within.items() if x in e) for x in inside}
        least = min(inside, key=lambda x: (attached[x], x))
        expected[least] = highest
        inside.remove(least)
    assert np.allclose(core_densities(lo, hi, weight, 11), expected)


def test_voices_of_a_crew_add_up_to_one():
    assert voice_weights(np.array([3, 3, 3, 3])).sum() == pytest.approx(1)
    assert voice_weights(np.array([0, 0])).sum() == 2


@pytest.mark.parametrize("seed", range(3))
def test_pile_ons_fire_and_are_no_brigade(seed):
    quiet = world(seed)
    fire = find_targets_under_fire(quiet.reports)
    burning = fire.code[fire.under_fire]
    assert np.isin(quiet.crowded, burning).mean() > 0.95
    assert (~np.isin(burning, quiet.crowded)).sum() <= 1
    assert not find_blocks(quiet.reports, window=WINDOW).blocks


def test_a_target_that_is_always_reported_much_is_not_under_fire():
    steady = world(1, pile_ons=0, dramas=0)
    assert find_targets_under_fire(steady.reports).under_fire.sum() <= 1


@pytest.mark.parametrize(
    ("joins", "camouflage", "named"), some_fast([(1.0, 10, 38), (0.5, 5, 12)], 1)
)
def test_a_diluted_and_camouflaged_crew_is_found_and_nobody_else_is_named(joins, camouflage, named):
    made = world(7, crew=40, joins=joins, camouflage=camouflage)
    sought = find_blocks(made.reports, window=WINDOW)
    found = sought.blocks
    assert len(found) == 1 and np.isin(made.victims, found[0].targets).all()
    chosen = found[0].crew.named_reporters(0.01)
    assert len(chosen) >= named and np.isin(chosen, made.crew).all()
    assert (
        found[0].p <= 0.01 and found[0].crew.p <= 0.01 and abs(found[0].crew.joins - joins) < 0.15
    )
    assert 0 < sought.left < found[0].density
    # nobody is named for a single report, however surely each one is in lockstep
    crew = found[0].crew
    assert not np.isin(crew.named_reporters(0.5), crew.reporter[crew.calls < 2]).any()


#: A log of half the reports of the usual one; as it stands it is tried with the slow tests.
SMALL_LOG = {"ordinary": 2500, "pile_ons": 8, "reporters": 3000, "targets": 400}


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL_LOG, {}], ids=["small", "whole"])
def test_two_crews_are_two_blocks(size):
    one, other = (
        world(3, crew=30, camouflage=3, **size),
        world(4, crew=25, camouflage=3, pile_ons=0, dramas=0, ordinary=100, flaggers=0),
    )
    shifted = other.reports
    both = Reports(
        np.r_[one.reports.reporter, shifted.reporter + 10_000],
        np.r_[one.reports.target, shifted.target + 10_000],
        np.r_[one.reports.time, shifted.time],
    )
    both = both.filter(np.argsort(both.time, kind="stable"))
    found = find_blocks(both, window=WINDOW).blocks
    crews = [set(one.crew.tolist()), set((other.crew + 10_000).tolist())]
    chosen = [set(b.crew.named_reporters(0.01).tolist()) for b in found]
    assert len(found) == 2 and all(
        any(c <= whole and len(c) > 20 for c in chosen) for whole in crews
    )


def test_an_honest_circle_with_chance_overlaps_needs_no_crew():
    rng = np.random.default_rng(2)
    rows = [
        (int(who), 5000 + t, START + int(rng.exponential(600e6)))
        for t in range(5)
        for who in rng.choice(1500, 120, replace=False)
    ]
    reports = log(rows)
    graph = peel_reports(reports, WINDOW)
    crew = fit_crew(reports, graph.reporters, np.arange(5000, 5005, dtype=np.int32), WINDOW, [0])
    assert crew.p > 0.01 and not len(crew.named_reporters(0.01))


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL_LOG, {}], ids=["small", "whole"])
def test_a_keen_honest_circle_is_no_crew(size):
    # four targets in an evening, each reported by some eighty of the same three hundred
    sought = find_blocks(world(207, circle=300, **size).reports, window=WINDOW)
    assert not sought.blocks and sought.circles == 1


def test_the_bound_on_what_stays_unseen_holds_for_a_block_that_was_not_found():
    for joins in (0.3, 0.2, 0.1):
        made = world(11, crew=40, joins=joins)
        graph = peel_reports(made.reports, WINDOW)
        inside = np.isin(graph.reporter, made.crew) & np.isin(graph.target, made.victims)
        for (
            t
        ) in made.victims:  # the bound speaks of the share the crew has of each target's reporters
            on = made.reports.target == t
            crowd = len(np.unique(made.reports.reporter[on]))
            share = np.isin(np.unique(made.reports.reporter[on]), made.crew).sum() / crowd
            assert share > 0
        share = min(
            np.isin(np.unique(made.reports.reporter[made.reports.target == t]), made.crew).mean()
            for t in made.victims
        )
        assert inside.sum() <= max_unseen_reports(graph.density, 40, len(made.victims), share)


def test_crowds_are_told_from_targets_that_are_always_reported():
    hour = 3_600_000_000
    rows = [(k, 100, k * hour) for k in range(200)] + [
        (300 + k, 101, 50 * hour + k) for k in range(6)
    ]
    reports = log(rows)
    crowd = crowd_mask(reports, WINDOW)
    assert crowd[reports.target == 101].all() and not crowd[reports.target == 100].any()


def test_track_record_counts_what_fell_and_stayed_down_outside_the_blocks():
    reports = log([(1, 10, 0), (1, 11, 5), (1, 12, 9), (2, 10, 3), (2, 13, 4)])
    falls = TargetFalls(
        np.array([10, 11, 12], np.int32),
        np.array([20, 20, 900]),
        np.array([20, 20, 900]),
        np.array([NEVER, 30, NEVER]),
    )
    people = judge_reporters(reports, falls, [], within=100, alpha=0.01)
    assert people.judged.tolist() == [3, 2] and people.upheld.tolist() == [
        pytest.approx(1 / 3),
        0.5,
    ]
    assert not people.named.any() and not people.specificity.any()


@pytest.fixture(scope="module")
def planted():
    made = world(7, crew=40, joins=0.8, camouflage=4, ordinary=3000, pile_ons=10, dramas=2)
    rng = np.random.default_rng(1)
    hit = rng.permutation(made.victims)[:4]
    when = [int(made.reports.time[made.reports.target == v].max()) + 60_000_000 for v in hit]
    statuses = pa.table(
        {
            "account": [f"a{v}" for v in hit] + [f"a{hit[0]}"],
            "status": ["suspended"] * 4 + ["active"],
            "time": pa.array([*when, when[0] + 10**9], UTC),
            "observation": ["change"] * 5,
        }
    )
    return made, from_tables({"acts": acts(made.reports), "statuses": statuses})


def test_the_finding_says_who_against_whom_and_how_many(planted):
    made, record = planted
    finding = brigades(record, draws=99)
    assert finding.answer == "found" and finding["brigades"].value == 1
    table = finding.table("reporters").to_pylist()
    chosen = {int(r["reporter"][1:]) for r in table if r["named"]}
    assert chosen <= set(made.crew.tolist()) and len(chosen) == finding["reporters"].value >= 30
    first = finding.table("targets").to_pylist()[:6]
    assert {r["target"] for r in first} == {f"a{v}" for v in made.victims}
    assert all(r["voices"] < r["reporters"] and r["named"] and r["block"] == 1 for r in first)
    assert (
        sum(r["fell"] is not None for r in first) == 4
        and sum(r["back"] is not None for r in first) == 1
    )
    assert finding["victims"].value == 6 and 0 <= finding["busiest_minute_hits"].value <= 6
    assert finding["order_tested"].value == 4 and finding["order_p"].value <= 0.05
    assert "too-few-falls-for-dose" in {n.code for n in finding.limits}
    assert finding.table("blocks").num_rows == 1 and finding.table("dose").num_rows == 0


@pytest.mark.slow
def test_the_same_data_give_the_same_bytes_and_names_do_not_matter(planted):
    made, record = planted
    one, again = (brigades(record, draws=49, seed=3) for _ in range(2))
    assert one.to_json() == again.to_json()
    for name, table in one.tables.items():
        assert table.equals(again.table(name)), name
    shuffled = acts(made.reports).take(
        pa.array(np.random.default_rng(0).permutation(len(made.reports)))
    )
    other = brigades(
        from_tables({"acts": shuffled, "statuses": record.table("statuses")}), draws=49, seed=3
    )
    assert other.table("reporters").equals(one.table("reporters"))


def test_who_is_only_ever_reported_is_a_target():
    """Nothing says that the reported are accounts but that they are reported: no target is named,
    and none of them has a row of its own.
    """
    rng = np.random.default_rng(7)
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    rows = []
    for k in range(27):
        called = noon + dt.timedelta(hours=9 * k)
        rows += [
            (f"crew{m}", f"victim{k}", called + dt.timedelta(seconds=20 * m)) for m in range(7)
        ]
    for _ in range(400):
        when = noon + dt.timedelta(seconds=float(rng.uniform(0, 10 * 86_400)))
        rows.append((f"honest{rng.integers(200)}", f"someone{rng.integers(150)}", when))
    reporters, reported, moments = zip(*rows, strict=True)
    columns = {"account": reporters, "object": reported, "time": pa.array(moments, UTC)}
    record = from_tables({"acts": pa.table({**columns, "kind": ["report"] * len(rows)})})
    assert read_reports(record).unknown == 0
    found = brigades(record, draws=49)
    assert found.answer == "found"
    named = {r["reporter"] for r in found.table("reporters").to_pylist() if r["named"]}
    assert named == {f"crew{m}" for m in range(7)}
    hit = {t["target"] for t in found.table("targets").to_pylist() if t["block"] is not None}
    assert {f"victim{k}" for k in range(27)} <= hit
    assert record.ids.code("victim3") is not None, "a victim has a pseudonym like everybody"


def test_reports_of_self_and_of_nobody_are_left_out_and_counted():
    times = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(4)]
    record = from_tables(
        {
            "acts": pa.table(
                {
                    "account": ["a", "b", "a", "b"],
                    "kind": ["report"] * 4,
                    "object": ["a", "c", "post/1", "c"],
                    "time": pa.array(times, UTC),
                    "target": ["a", "c", None, "c"],
                    "object_kind": [None, None, "post", None],
                }
            )
        }
    )
    reports = read_reports(record)
    assert (len(reports), reports.of_self, reports.unknown) == (2, 1, 1)
    finding = brigades(record)
    assert finding.answer == "nothing" and finding["reports"].value == 2
    assert {n.code for n in finding.limits} >= {
        "reports-of-self",
        "reports-on-unknown",
        "no-falls-among-reported",
    }
    assert not len(read_falls(record))


def test_without_reports_calls_alone_are_a_weaker_sign():
    at = pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], UTC)
    post = {"account": ["a"], "kind": ["post"], "object": ["1"], "time": at}
    record = from_tables({"acts": pa.table({**post, "text": ["Please report @somebody"]})})
    assert applies_to(record) is None
    finding = brigades(record)
    assert finding.answer == "cannot" and finding.reasons[0].code == "no-reports"
    assert finding["calls"].value == 1 and finding.limits[0].code == "calls-are-a-weak-sign"
    assert applies_to(from_tables({"acts": pa.table(post)})).code == "no-reports"
    assert applies_to(from_tables({})).values == {"needs": "reports"}


def test_settings_that_make_no_sense_are_refused(planted):
    with pytest.raises(WindowError):
        brigades(planted[1], window=0)
    with pytest.raises(UsageError):
        brigades(planted[1], alpha=1.5)


def test_one_report_and_one_instant_are_no_trouble():
    for rows in ([(1, 2, 5)], [(u, t, 7) for u in range(4) for t in range(10, 14)]):
        reports = log(rows)
        assert len(find_targets_under_fire(reports).code) == len({t for _, t, _ in rows})
        assert len(lockstep(reports, window=WINDOW).reporter) == len({u for u, _, _ in rows})
        find_blocks(reports, window=WINDOW)


@pytest.fixture(scope="module")
def ozone():
    """The recorded log as reports, and the codes of its crew and victims."""
    folder = (
        Path(os.environ.get("BIRDFALL_DATA", ROOT.parent / "shared" / "data"))
        / "atproto-recordings"
    )
    if not folder.exists():
        pytest.skip(f"real data {folder.name} is not beside this checkout (set BIRDFALL_DATA)")
    record = load(folder / "brigade-ozone-events.jsonl.gz")
    with (folder / "brigade-reports-truth.csv").open(encoding="utf-8") as file:
        truth = list(csv.DictReader(file))
    known = {row["id"]: row["code"] for row in record.sql("SELECT id, code FROM ids").to_pylist()}
    crew = {known[t["reporter"]] for t in truth if t["reporter_role"] == "brigade"}
    victims = {known[t["subject"]] for t in truth if t["subject_role"] == "victim"}
    return read_reports(record), np.array(sorted(crew)), np.array(sorted(victims))


def told(reports):
    """Codes named and targets of the blocks, at the 1 % setting."""
    found = find_blocks(reports, window=WINDOW).blocks
    names = [b.crew.named_reporters(0.01) for b in found]
    nobody = [np.zeros(0, np.int32)]
    return np.unique(np.concatenate(names + nobody)), np.unique(
        np.concatenate([b.targets for b in found] + nobody)
    )


def test_the_recorded_brigade_stands_under_a_shift_of_time(ozone):
    reports, crew, victims = ozone
    for shift in (-(10**15), 3_600_000_000 * 5 + 7):
        chosen, hit = told(Reports(reports.reporter, reports.target, reports.time + shift))
        assert np.array_equal(chosen, crew) and np.array_equal(hit, victims)


@pytest.mark.parametrize("seed", range(3))
def test_of_half_the_recorded_reports_no_honest_one_is_named(ozone, seed):
    reports, crew, victims = ozone
    kept = np.random.default_rng(seed).random(len(reports)) < 0.5
    chosen, hit = told(reports.filter(kept))
    # each of the sixty is left with one or two of five targets: too few to be told from an honest
    # circle
    assert np.isin(chosen, crew).all() and np.isin(hit, victims).all()


@pytest.mark.parametrize(("hours", "named"), [(24, 60), (1, 0)])
def test_among_a_thousand_further_honest_reports_no_honest_one_is_named(ozone, hours, named):
    reports, crew, victims = ozone
    rng = np.random.default_rng(hours)
    others = 10_000 + rng.integers(0, 700, 1000)
    on = np.where(
        rng.random(1000) < 0.2, rng.choice(victims, 1000), 20_000 + rng.integers(0, 300, 1000)
    )
    begin, end = int(reports.time.min()), int(reports.time.max())
    at = rng.integers(begin - hours * 3_600_000_000, end + hours * 3_600_000_000, 1000)
    if hours == 1:  # a third of those on the victims come in the very minutes of the brigade
        during = np.isin(on, victims) & (rng.random(1000) < 0.33)
        at[during] = rng.choice(reports.time[np.isin(reports.reporter, crew)], int(during.sum()))
    both = Reports(
        np.r_[reports.reporter, others].astype(np.int32),
        np.r_[reports.target, on].astype(np.int32),
        np.r_[reports.time, at],
    )
    chosen, hit = told(both.filter(np.lexsort((both.target, both.reporter, both.time))))
    assert np.isin(chosen, crew).all() and np.isin(victims, hit).all()
    assert len(chosen) >= named


def test_the_recorded_brigade_is_found_with_its_sixty_and_no_honest_reporter(real):
    record = load(real("atproto-recordings/brigade-ozone-events.jsonl.gz"))
    with real("atproto-recordings/brigade-reports-truth.csv").open(encoding="utf-8") as file:
        truth = list(csv.DictReader(file))
    crew = {t["reporter"] for t in truth if t["reporter_role"] == "brigade"}
    victims = {t["subject"] for t in truth if t["subject_role"] == "victim"}
    for seed in range(2):
        finding = brigades(record, draws=99, seed=seed)
        assert finding["brigades"].value == 1
        assert {r["reporter"] for r in finding.table("reporters").to_pylist() if r["named"]} == crew
        targets = finding.table("targets").to_pylist()
        assert (
            {r["target"] for r in targets if r["block"]}
            == victims
            == {r["target"] for r in targets if r["under_fire"]}
        )
        assert not finding.details["jump"]  # eight falls cannot show one
