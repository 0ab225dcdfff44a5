"""Coordination: planted groups are found, interest and crowds are not mistaken for them, and what
was asked is said.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import birdfall
from birdfall.kernels.coaction.coaction import estimate_cost
from birdfall.measures.coordination import applies_to, coordination, parse_window, trace_sizes
from birdfall.measures.coordination.act_profile import profile_acts, trace_edges
from birdfall.measures.coordination.bare_tables import trace_from_table
from birdfall.measures.coordination.communities import best_jaccard, find_groups, find_interests
from birdfall.measures.coordination.comparisons import jitter_null
from birdfall.measures.coordination.cost import cost_line
from birdfall.measures.coordination.layers import combine_layers
from birdfall.model.errors import CannotAnswer, UsageError, WindowError
from birdfall.model.findings import from_plain
from birdfall.record.record import from_tables

sys.path.insert(0, str(Path(__file__).parent))
from coordination_worlds import DAY, SECOND, WORLDS, world

from tiers import some_fast

BASE = dt.datetime(2013, 10, 1, tzinfo=dt.UTC)


def asked(w, **parameters):
    settings = {"trace": "acts", "sensitivity": False, "block_test": False}
    return coordination((w.account, w.object_, w.time), **(settings | parameters))


def truth(w, finding):
    """False share and found share among the planted pairs."""
    edges = finding.table("edges").to_pydict()
    claimed = [
        (int(a), int(b))
        for a, b, q in zip(edges["source_id"], edges["target_id"], edges["q_value"], strict=True)
        if q <= 0.01
    ]
    right = sum(bool(w.group[a] and w.group[b]) for a, b in claimed)
    planted = w.group.sum() * (w.group.sum() - 1) / 2
    return (len(claimed) - right) / max(1, len(claimed)), right / max(1, planted)


@pytest.mark.parametrize(
    "name",
    some_fast(
        [
            "fast cascades (2 min)",
            "silos x60, interests unknown",
            "slow cascades (6 h)",
            "cascades of 10 min",
        ],
        1,
    ),
)
def test_a_dense_group_is_found_and_nobody_else(name):
    w = world(2, **WORLDS[name][0])
    finding = asked(w)
    false, found = truth(w, finding)
    assert false <= 0.01 and found >= 0.94
    assert finding.answer == "found"
    group = finding.table("groups").to_pylist()[0]
    assert {int(a) for a in group["accounts"]} == set(np.flatnonzero(w.group).tolist())
    # what the customary rule would have claimed is printed beside it
    assert finding["fixed_rule_edges"].value >= finding["significant"].value
    assert finding["shifted_significant"].value <= 0.05 * finding["significant"].value


@pytest.mark.parametrize("name", some_fast(["nobody, fast cascades", "nobody, silos x60 known"], 1))
def test_a_world_without_a_group_yields_none(name):
    w = world(2, **WORLDS[name][0])
    finding = asked(w, block_test=True)
    assert finding["significant"].value == 0 and finding.answer == "nothing"
    assert finding["fixed_rule_edges"].value > 50_000  # all of them false
    assert finding.table("nodes").num_rows == 0 and finding.table("groups").num_rows == 0
    assert "closed-circle" not in {n.code for n in finding.limits}


def test_a_crew_that_does_nothing_else_is_not_called_nobody():
    """All that is known of it is what it shares, so the null model takes that for its interest."""
    rng = np.random.default_rng(4)
    crew, bursts, others = 18, 8, 60
    account = np.concatenate(
        [np.repeat(np.arange(crew), bursts), crew + np.arange(others * 8) % 60]
    )
    object_ = np.r_[np.zeros(crew * bursts, int), rng.integers(1, 200, others * 8)]
    together = np.tile(np.arange(bursts) * 3 * 3600, crew) + rng.integers(0, 30, crew * bursts)
    time = np.r_[together, rng.integers(0, DAY, others * 8)] * SECOND
    finding = coordination((account, object_, time), trace="acts", sensitivity=False)
    assert finding.answer == "nothing" and finding["fixed_rule_edges"].value >= 153
    [said] = [n.values for n in finding.limits if n.code == "closed-circle"]
    assert said == {"trace": "acts", "accounts": 18}


def test_without_interests_silos_are_mistaken_for_coordination():
    """Why interests are there: without them the same world yields hundreds of false pairs."""
    w = world(2, **WORLDS["nobody, silos x60 known"][0])
    finding = asked(w, interests_from="none")
    assert finding["significant"].value > 50
    assert "interests-not-considered" in {n.code for n in finding.limits}


@pytest.mark.slow
def test_a_dilute_group_is_found_as_a_block():
    w = world(2, **WORLDS["dilute group (40 targets, 5 of 25)"][0])
    finding = asked(w, block_test=True)
    blocks = [g for g in finding.table("groups").to_pylist() if g["kind"] == "block"]
    assert blocks and all(w.group[int(a)] for g in blocks for a in g["accounts"])
    assert all(g["p_value"] <= 0.01 for g in blocks)


def test_same_input_and_seed_same_finding():
    w = world(3, decay=600.0, accounts=800, objects=900)
    one, two = (asked(w, sensitivity=True) for _ in range(2))
    order = np.random.default_rng(1).permutation(len(w.time))
    other = coordination(
        (w.account[order], w.object_[order], w.time[order]), trace="acts", block_test=False
    )
    assert one.to_json() == two.to_json()
    for name in one.tables:
        assert one.table(name).equals(two.table(name)), name
        assert one.table(name).equals(other.table(name)), name


def test_the_finding_reads_back_from_its_json():
    import json

    finding = asked(world(3, decay=600.0, accounts=500, objects=600))
    assert from_plain(json.loads(finding.to_json()), finding.tables).to_json() == finding.to_json()


def test_sensitivity_grows_with_the_window_and_shrinks_with_the_threshold():
    rows = asked(world(2, decay=600.0), sensitivity=True).table("sensitivity").to_pylist()
    edges = {(r["window_s"], r["at_least"]): r["edges"] for r in rows}
    assert edges[30.0, 2] <= edges[60.0, 2] <= edges[300.0, 2]
    assert edges[60.0, 5] <= edges[60.0, 3] <= edges[60.0, 2]
    assert {r["window_s"] for r in rows} == {30.0, 60.0, 120.0, 300.0}


def test_objects_left_out_are_listed_with_what_they_would_have_cost():
    account = np.array([0, 1, 2, 0, 1, 0, 1], np.int32)
    object_ = np.array(["hub", "hub", "hub", "a", "a", "b", "b"])
    time = np.array([0, 1, 2, 100, 101, 200, 201]) * SECOND
    table = {"account": account, "object": object_, "time": time}
    finding = coordination(table, trace="acts", leave_out=["hub", "unknown"])
    assert finding.table("left_out").to_pylist() == [{"object": "hub", "events": 3, "pairs": 3}]
    assert finding.table("edges").column("weight").to_pylist() == [2]
    assert "objects-left-out" in {n.code for n in finding.limits}


def test_weights_are_pairs_of_acts_or_distinct_objects():
    table = {
        "account": ["u"] * 3 + ["v"] * 2 + ["u", "v"],
        "object": ["x"] * 5 + ["y", "y"],
        "time": np.array([0, 1, 2, 3, 4, 500, 510]) * SECOND,
    }
    assert coordination(table, count="pairs").table("edges").column("weight").to_pylist() == [7]
    edges = coordination(table, count="objects").table("edges").to_pylist()
    assert edges[0]["weight"] == 2 and edges[0]["objects"] == 2
    assert edges[0]["first"] == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert edges[0]["last"] == dt.datetime(1970, 1, 1, 0, 8, 30, tzinfo=dt.UTC)


# -- traces
# ------------------------------------------------------------------------------------------


def act(account, kind, object_, second, **more):
    return {
        "account": account,
        "kind": kind,
        "object": object_,
        "time": BASE + dt.timedelta(seconds=second),
    } | more


def record(acts=(), **tables):
    made = {k: pa.Table.from_pylist(v) for k, v in tables.items()}
    return from_tables(({"acts": pa.Table.from_pylist(list(acts))} if acts else {}) | made)


def together(kind, objects, **more):
    return [
        act(who, kind, o, 1000 * k + delay, **{name: value(k) for name, value in more.items()})
        for k, o in enumerate(objects)
        for who, delay in (("ana", 0), ("ben", 20))
    ]


def edges_of(data, trace, **parameters):
    return coordination(data, trace=trace, **parameters).table("edges").to_pylist()


@pytest.mark.parametrize("kind", ["repost", "quote", "reply", "like"])
def test_acts_on_the_same_post_co_act(kind):
    edges = edges_of(record([*together(kind, ["p1", "p2"]), act("cy", kind, "p3", 0)]), kind)
    assert [(e["weight"], {e["source_id"], e["target_id"]}) for e in edges] == [(2, {"ana", "ben"})]


@pytest.mark.parametrize("kind", ["mention", "report", "follow"])
def test_acts_on_the_same_account_co_act_whatever_post_it_was_on(kind):
    acts = together(kind, ["p1", "p2"], target=lambda k: f"victim{k}")
    acts[1]["object"] = "another post of the same account"
    assert [e["weight"] for e in edges_of(record(acts), kind)] == [2]


def test_follow_edges_with_a_beginning_are_acts_too():
    follows = [
        {
            "follower": who,
            "followed": f"leader{k}",
            "since": BASE + dt.timedelta(hours=k, seconds=d),
            "observation": "change",
        }
        for k in range(3)
        for who, d in (("ana", 0), ("ben", 5))
    ]
    assert [e["weight"] for e in edges_of(record(follows=follows), "follow")] == [3]


def test_hashtags_do_not_tell_case_and_sets_need_two():
    acts = together("hashtag", ["#Uno", "DOS"], act_id=lambda k: f"a{k}")
    acts[1]["object"] = "uno"
    assert [e["weight"] for e in edges_of(record(acts), "hashtag")] == [2]
    sets = [
        act(who, "hashtag", tag, 1000 * k + d, act_id=f"{who}{k}")
        for k in range(2)
        for who, d in (("ana", 0), ("ben", 9))
        for tag in (f"x{k}", f"#Y{k}")
    ]
    assert [e["weight"] for e in edges_of(record(sets), "hashtags")] == [2]
    with pytest.raises(CannotAnswer):
        coordination(record(acts), trace="hashtags")


def test_links_to_one_page_are_one_object():
    acts = together("link", ["https://www.example.org/a?utm_source=x#top", "http://example.org/b/"])
    acts[1]["object"] = "example.org/a"
    assert [e["weight"] for e in edges_of(record(acts), "link")] == [2]


def test_texts_that_say_nearly_the_same_are_one_object():
    said = (
        "We all stand with our mayor in these days",
        "The square belongs to the people of this city",
    )
    acts = [
        act(who, "post", f"{who}{k}", 1000 * k + d, text=f"{said[k]}{end}")
        for k in range(2)
        for who, d, end in (("ana", 0, "!"), ("ben", 9, " #now @all"))
    ]
    assert [e["weight"] for e in edges_of(record(acts), "text")] == [2]


def test_accounts_that_fall_together_again_and_again_co_act():
    statuses = [
        {
            "account": who,
            "status": status,
            "time": BASE + dt.timedelta(days=k, seconds=d),
            "observation": "change",
        }
        for k in range(4)
        for who, d in (("ana", 0), ("ben", 30))
        for status in (["suspended"] if k % 2 == 0 else ["active"])
    ]
    assert [e["weight"] for e in edges_of(record(statuses=statuses), "status")] == [2]


def test_accounts_made_within_the_window_co_act():
    accounts = [
        {"account": a, "created_at": BASE + dt.timedelta(seconds=d)}
        for a, d in (("ana", 0), ("ben", 30), ("cy", 900))
    ]
    edges = edges_of(record(accounts=accounts), "creation", at_least=1)
    assert [{e["source_id"], e["target_id"]} for e in edges] == [{"ana", "ben"}]


def test_layers_are_seen_apart_and_together():
    data = record(together("repost", ["p1", "p2", "p3"]) + together("hashtag", ["x", "y"]))
    finding = coordination(data, trace=["repost", "hashtag"])
    assert finding.name == "coordination-layers"
    assert sorted(
        zip(
            finding.table("edges").column("layer").to_pylist(),
            finding.table("edges").column("weight").to_pylist(),
            strict=True,
        )
    ) == [
        ("hashtag", 2),
        ("repost", 3),
    ]
    both = finding.table("combined").to_pylist()
    assert [(e["weight"], e["layers"]) for e in both] == [(5, 2)]


def test_combined_p_is_that_of_the_formula():
    w = world(3, decay=600.0, accounts=400, objects=500)
    from birdfall.measures.coordination.bare_tables import trace_from_table
    from birdfall.measures.coordination.layers import build_layer

    layers = [
        build_layer(
            trace_from_table((w.account, w.object_, w.time // unit * unit))[0],
            window=60 * SECOND,
            at_least=2,
        )
        for unit in (1, 10 * SECOND, 60 * SECOND)
    ]
    whole = combine_layers(layers, 0.01)
    by_pair = [
        dict(
            zip(
                zip(x.lo.tolist(), x.hi.tolist(), strict=True),
                np.exp(x.log_p).tolist(),
                strict=False,
            )
        )
        for x in layers
    ]
    for k in range(0, len(whole.lo), max(1, len(whole.lo) // 50)):
        ps = [d.get((int(whole.lo[k]), int(whole.hi[k])), 1.0) for d in by_pair]
        expected = min(1.0, np.e * np.log(3) * 3 / sum(1 / p for p in ps))
        assert np.exp(whole.log_p[k]) == pytest.approx(expected, rel=1e-6)


def test_what_the_record_can_give_is_said():
    data = record(together("repost", ["p1"]))
    assert trace_sizes(data) == {"repost": 2}
    assert applies_to(data) is None and applies_to(data, "repost") is None
    assert applies_to(data, "report").values["needs"] == "acts"
    assert applies_to(record(accounts=[{"account": "a"}])).code == "no-acts"


# -- tables, windows, refusals
# --------------------------------------------------------------------------------


def test_tables_of_every_shape_give_the_same_edges():
    import pandas as pd

    plain = {"account": ["u", "v"] * 2, "object": ["x", "x", "y", "y"], "time": [0, 1, 100, 101]}
    stamps = pa.array([t * SECOND for t in plain["time"]], pa.timestamp("us", tz="UTC"))
    frame = pd.DataFrame(plain)
    results = [
        coordination(plain, time_unit="s"),
        coordination(pa.table(plain), time_unit="s"),
        coordination(frame, time_unit="s"),
        coordination((plain["account"], plain["object"], [t * SECOND for t in plain["time"]])),
        coordination(pa.table({**plain, "time": stamps})),
        coordination({**plain, "time": [float(t) for t in plain["time"]]}),
    ]
    assert {str(f.table("edges").to_pylist()) for f in results} == {
        str(results[0].table("edges").to_pylist())
    }
    assert results[0].table("edges").num_rows == 1


@pytest.mark.parametrize(("said", "named"), [("RT", "rt"), ("my acts!", "my-acts"), ("éé", "acts")])
def test_a_table_may_call_its_trace_anything(said, named):
    table = {"account": ["u", "v"] * 2, "object": ["x", "x", "y", "y"], "time": [0, 1, 100, 101]}
    assert coordination(table, trace=said, time_unit="s").name == f"coordination-{named}"


def test_rows_with_an_empty_field_are_counted_not_matched():
    table = {
        "account": ["u", "v", "u", "v"],
        "object": ["x", "x", None, None],
        "time": np.arange(4) * SECOND,
    }
    finding = coordination(table, at_least=1)
    assert finding.table("edges").column("weight").to_pylist() == [1]
    assert any(
        n.code == "rows-without-account-object-or-time" and n.values["rows"] == 2
        for n in finding.limits
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("60s", 60e6),
        ("5min", 300e6),
        (2, 2e6),
        (dt.timedelta(hours=1), 3600e6),
        ("1.5 h", 5400e6),
        ("250ms", 25e4),
    ],
)
def test_windows_are_read(said, meant):
    assert parse_window(said) == meant


@pytest.mark.parametrize(
    "window", ["", "soon", "0s", -1, dt.timedelta(0), float("nan"), "60 parsecs"]
)
def test_what_is_no_window_is_refused(window):
    with pytest.raises(WindowError):
        parse_window(window)


def test_what_cannot_be_asked_is_refused():
    data = record(together("repost", ["p1"]))
    for parameters, error in (
        ({"trace": "telepathy"}, UsageError),
        ({"trace": []}, UsageError),
        ({"trace": "like"}, CannotAnswer),
        ({"at_least": 0}, UsageError),
        ({"alpha": 2}, UsageError),
        ({"count": "messages"}, UsageError),
        ({"leave_out": ["p1"]}, CannotAnswer),
        ({"preset": "gossip"}, UsageError),
    ):
        with pytest.raises(error):
            coordination(data, **parameters)
    with pytest.raises(UsageError, match="column"):
        coordination({"account": [1], "time": [1]})


# -- interests, groups, jitter
# --------------------------------------------------------------------------------


def test_interests_find_silos_but_give_no_small_group_a_stratum():
    w = world(2, **WORLDS["silos x60, interests unknown"][0])
    community, count = find_interests(w.account, w.object_, len(w.group))
    assert 8 <= count <= 14
    for silo in range(10):  # each silo lies in one community for the most part
        inside = community[w.silo == silo]
        assert np.bincount(inside).max() / len(inside) > 0.8
    sizes = np.bincount(community, minlength=count)
    assert (sizes[1:] >= 60).all()


def test_interests_of_before_the_wave_are_used_for_the_acts_after_it():
    w = world(2, **WORLDS["silos x60, interests unknown"][0])
    cut = dt.datetime.fromtimestamp(1_380_000_000 + 8 * 86400, dt.UTC)
    finding = asked(w, before=cut)
    after = w.time >= int(cut.timestamp()) * SECOND
    assert finding["acts"].value == after.sum()
    assert finding["significant"].value > 50
    assert truth(w, finding)[0] <= 0.02


def test_groups_are_numbered_by_size_and_stable():
    lo = np.array([0, 0, 1, 5, 5, 6, 5, 9], np.int32)
    hi = np.array([1, 2, 2, 6, 7, 7, 8, 10], np.int32)
    found = find_groups(lo, hi, np.ones(8))
    assert dict(zip(found.members.tolist(), found.group.tolist(), strict=True)) == {
        0: 2,
        1: 2,
        2: 2,
        5: 1,
        6: 1,
        7: 1,
        8: 1,
        9: 3,
        10: 3,
    }
    again = find_groups(lo, hi, np.ones(8), method="leiden", seed=9)
    assert best_jaccard(found, again).tolist() == [1.0, 1.0, 1.0]
    former = find_groups(lo, hi, np.ones(8), method="louvain", seed=9)
    assert former.group.tolist() == again.group.tolist(), "the former name means the same"


def test_trace_of_edges_agrees_with_looking():
    w = world(4, decay=300.0, accounts=200, objects=200, repeat=0.3)
    crowd = profile_acts(w.account, w.object_, w.time, 60 * SECOND)
    rng = np.random.default_rng(0)
    lo = rng.integers(0, 100, 300)
    pairs = np.unique(np.stack([lo, lo + 1 + rng.integers(0, 90, 300)]), axis=1).astype(np.int32)
    traced = trace_edges(crowd, pairs[0].copy(), pairs[1].copy())
    surprise = {
        int(o): s for o, s in zip(crowd.order.objects_at(crowd.at), crowd.surprise, strict=True)
    }
    for k in range(pairs.shape[1]):
        a, b = np.flatnonzero(w.account == pairs[0, k]), np.flatnonzero(w.account == pairs[1, k])
        near = (abs(w.time[a][:, None] - w.time[b]) <= 60 * SECOND) & (
            w.object_[a][:, None] == w.object_[b]
        )
        objects = {int(o) for o in w.object_[a][near.any(1)]}
        assert traced.pairs[k] == near.sum() and traced.objects[k] == len(objects)
        assert traced.surprise[k] == pytest.approx(sum(surprise[o] for o in objects))


def jittered_world(seed, planted):
    """Objects that are visited evenly for days, so that the jitter null is true of everybody but
    the planted.
    """
    rng = np.random.default_rng(seed)
    account, object_ = rng.integers(0, 150, 30_000), rng.integers(0, 15, 30_000)
    time = rng.integers(0, 20 * 86400, 30_000)
    if planted:
        start = rng.integers(0, 20 * 86400, 15)
        account = np.concatenate([account, np.tile(np.arange(14), 15)])
        object_ = np.concatenate([object_, np.repeat(np.arange(15), 14)])
        time = np.concatenate([time, np.repeat(start, 14) + rng.integers(0, 45, 14 * 15)])
    return account.astype(np.int32), object_.astype(np.int32), time.astype(np.int64) * SECOND


def test_jitter_p_values_are_calibrated_where_acts_are_evenly_spread():
    columns = jittered_world(1, planted=False)
    lo, hi = (x.astype(np.int32) for x in np.triu_indices(150, 1))
    objects = trace_edges(profile_acts(*columns, 60 * SECOND), lo, hi).objects
    jitter = jitter_null(
        *columns, 60 * SECOND, 600 * SECOND, (lo, hi), objects, np.zeros(len(lo), bool)
    )
    assert jitter.holds and jitter.ratio == pytest.approx(1.0, abs=0.1)
    p = np.exp(jitter.log_p)
    for level in (0.1, 0.01):
        assert (p <= level).mean() <= 1.3 * level


def test_jitter_is_not_blinded_by_the_burst_itself():
    """Self-masking: a null drawn from an object's own lags gives a burst of 14 no power at all;
    moving each act does.
    """
    columns = jittered_world(1, planted=True)
    lo, hi = (x.astype(np.int32) for x in np.triu_indices(14, 1))
    objects = trace_edges(profile_acts(*columns, 60 * SECOND), lo, hi).objects
    jitter = jitter_null(
        *columns, 60 * SECOND, 600 * SECOND, (lo, hi), objects, np.ones(len(lo), bool)
    )
    assert jitter.holds
    assert (jitter.log_p < np.log(1e-6)).all()


def test_jitter_is_refused_where_ordinary_cascades_are_faster_than_it():
    finding = asked(world(2, **WORLDS["fast cascades (2 min)"][0]))
    assert finding["jitter_ratio"].value > 2
    assert "jitter-does-not-hold" in {n.code for n in finding.limits}
    assert finding.table("edges").column("jitter_p").null_count == finding.table("edges").num_rows


def test_what_was_not_tested_carries_no_number():
    """Without a null every edge counts, and columns of p and q hold nothing rather than something
    meaningless.
    """
    table = {
        "account": ["a", "b", "a", "b", "c"],
        "object": ["x", "x", "y", "y", "y"],
        "time": [0, 10, 100, 110, 115],
    }
    finding = coordination(pa.table(table), window="60s", null="none")
    edges = finding.table("edges")
    assert edges.num_rows >= 1
    for name in ("p_value", "q_value", "log_p", "degree_p", "surprise_p", "jitter_p"):
        assert edges.column(name).null_count == edges.num_rows, name
    assert (
        finding.answer == "found"
        and finding["groups"].value == 1
        and "significant" not in finding.estimates
    )
    assert finding.table("nodes").num_rows == finding["members"].value == 2
    assert (
        finding.table("sensitivity").column("significant").null_count
        == finding.table("sensitivity").num_rows
    )
    assert not {"interests-not-considered", "interests-from-the-same-acts"} & {
        n.code for n in finding.limits
    }
    tested = coordination(pa.table(table), window="60s")
    assert tested.table("edges").column("p_value").null_count == 0
    assert "few-accounts" in {n.code for n in tested.limits}


def test_a_fixed_rule_claims_a_pair_once_however_many_layers_have_it(tmp_path):
    rows = [
        ("a", k, f"{k}{j}", 100 * j + i)
        for k in ("repost", "like")
        for j in range(3)
        for i in (0, 5)
    ]
    text = "\n".join(f"{'ab'[t % 100 > 0]},{k},{o},{1_400_000_000 + t}" for _, k, o, t in rows)
    (tmp_path / "acts.csv").write_text(f"account,kind,object,time\n{text}\n")
    for window in ("60s", "30s"):
        found = birdfall.coordination(
            tmp_path / "acts.csv", trace=["repost", "like"], window=window
        )
        assert [x["fixed_rule_edges"] for x in found.details["layers"]] == [1, 1]
        assert (
            found["fixed_rule_edges"].value
            == found["fixed_rule_3_edges"].value
            == found["edges"].value
            == 1
        )


def test_the_cost_names_the_object_it_would_be_spent_on():
    """A hub of 20,000 acts within a minute among a few others: its 200 million pairs are announced
    with its name, escaped.
    """
    n = 20_000
    account = np.r_[np.arange(n), np.arange(1000)]
    object_ = np.array(["hub\x1b[31m"] * n + [f"o{i // 2}" for i in range(1000)])
    time = np.r_[np.full(n, 5), np.arange(1000)].astype(np.int64)
    trace, _ = trace_from_table((account, object_, time), time_unit="s")
    line = cost_line(
        trace, estimate_cost(trace.account, trace.object_, trace.time, window=60_000_000)
    )
    assert "199,990,500 pairs" in line and "hub" in line and "(100%)" in line and "\x1b" not in line
    few, _ = trace_from_table((account[n:], object_[n:], time[n:]), time_unit="s")
    assert "left out" not in cost_line(
        few, estimate_cost(few.account, few.object_, few.time, window=60_000_000)
    )
