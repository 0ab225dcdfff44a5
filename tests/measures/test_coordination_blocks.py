"""Groups too dilute for their pairs, and communities that are one hand: found, calibrated, and not
made up.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from birdfall.kernels.coaction.shuffle import exchange_accounts, repeated_pairs
from birdfall.kernels.densest_subgraph import densest_block
from birdfall.measures.coordination import coordination, null_model
from birdfall.measures.coordination.act_profile import profile_acts
from birdfall.measures.coordination.bare_tables import trace_from_table
from birdfall.measures.coordination.communities import find_interests, place_newcomers
from birdfall.measures.coordination.dense_blocks import (
    ActShuffler,
    DiluteBlock,
    explained_shares,
    peel_blocks,
)
from birdfall.measures.coordination.layers import build_layer
from birdfall.measures.coordination.null_model import InterestStrata, company_share

sys.path.insert(0, str(Path(__file__).parent))
from coordination_worlds import SECOND, world

WINDOW = 60 * SECOND


def asked(w, **parameters):
    return coordination(
        (w.account, w.object_, w.time), **({"trace": "acts", "sensitivity": False} | parameters)
    )


def layer(w):
    trace, _ = trace_from_table((w.account, w.object_, w.time))
    accounts = int(trace.account.max()) + 1
    strata = InterestStrata(*find_interests(trace.account, trace.object_, accounts))
    return build_layer(trace, window=WINDOW, at_least=2, count="objects", strata=strata)


def test_a_group_without_one_significant_pair_is_found_as_a_block():
    w = world(1, accounts=1000, objects=1500, decay=1800.0, planted=40, targets=60, members=5)
    finding = asked(w)
    assert finding["significant"].value == 0
    (block,) = finding.table("groups").to_pylist()
    assert block["kind"] == "block" and block["p_value"] == pytest.approx(0.01)
    members = [int(a) for a in block["accounts"]]
    assert len(members) >= 20 and w.group[members].all()
    assert block["span_s"] > 0 and block["top_object"] is not None
    assert finding.answer == "found"
    assert asked(w, block_test=False).answer == "nothing"


def test_a_dense_group_is_not_told_again_as_a_block():
    finding = asked(world(2, accounts=800, objects=1000, decay=600.0))
    assert [g["kind"] for g in finding.table("groups").to_pylist()] == ["edges"]


@pytest.mark.slow
def test_blocks_are_the_same_for_the_same_seed():
    w = world(2, accounts=1000, objects=1500, decay=1800.0, planted=40, targets=60, members=5)
    one, two = (asked(w, seed=5).table("groups") for _ in range(2))
    assert one.equals(two)


@pytest.mark.slow
def test_the_block_test_is_calibrated_where_nobody_moves_together():
    """Over worlds with nobody planted the densest block's rank among 19 shuffles is about uniform,
    and blocks are rarely called.
    """
    rank, called = [], []
    for seed in range(24):
        w = world(seed, accounts=400, objects=300, decay=120.0, planted=0, silos=3)
        x = layer(w)
        hands = ActShuffler(x, seed)
        accounts = int(x.trace.account.max()) + 1
        dense = [densest_block(*hands.shuffled_network(i), accounts)[1] for i in range(19)]
        mine = densest_block(*hands.observed_network(), accounts)[1]
        ties = sum(d == mine for d in dense)
        rank.append(
            (1 + sum(d > mine for d in dense) + np.random.default_rng(seed).integers(0, ties + 1))
            / 20
        )
        one = peel_blocks(
            hands.observed_network(),
            accounts,
            hands.shuffled_network,
            shuffles=19,
            most=1,
            alpha=0.05,
        )
        called.append(bool(one))
    rank = np.array(rank)
    assert (rank <= 0.1).mean() <= 0.25 and (rank <= 0.5).mean() <= 0.7
    assert 0.35 <= rank.mean() <= 0.8
    assert len(np.unique(rank)) > 8
    assert np.mean(called) <= 0.1


def test_repeated_pairs_are_those_of_a_slow_count():
    w = world(4, decay=300.0, accounts=120, objects=150, repeat=0.3)
    crowd = profile_acts(w.account, w.object_, w.time, WINDOW)
    order = crowd.order
    times, objects = (
        order.times_at(np.arange(len(order.who))),
        order.objects_at(np.arange(len(order.who))),
    )
    surprise = dict(zip(order.objects_at(crowd.at).tolist(), crowd.surprise.tolist(), strict=True))
    behind = {}
    for o in np.unique(objects):
        at = np.flatnonzero(objects == o)
        for k, i in enumerate(at):
            for j in at[:k]:
                u, v = sorted((int(order.who[i]), int(order.who[j])))
                if u != v and abs(times[i] - times[j]) <= WINDOW:
                    behind.setdefault((u, v), set()).add(int(o))
    for least in (1, 2, 3):
        lo, hi, count, total = repeated_pairs(
            order.key, order.who, order.starts, order.time_bits, order.window, crowd.surprise, least
        )
        assert len(lo) == len({*zip(lo.tolist(), hi.tolist(), strict=True)})
        got = {
            (int(a), int(b)): (int(c), float(s))
            for a, b, c, s in zip(lo, hi, count, total, strict=True)
        }
        expected = {k: v for k, v in behind.items() if len(v) >= least}
        assert got.keys() == expected.keys()
        for pair, shared in expected.items():
            assert got[pair][0] == len(shared)
            assert got[pair][1] == pytest.approx(sum(surprise[o] for o in shared), abs=1e-4)


def test_acts_change_hands_within_their_cell_only():
    rng = np.random.default_rng(0)
    who, cell = rng.integers(0, 30, 2000).astype(np.int32), rng.integers(0, 7, 2000)
    by_cell = np.argsort(cell, kind="stable")
    begin = np.searchsorted(cell[by_cell], np.arange(8)).astype(np.int64)
    what = np.arange(2000, dtype=np.int32) // 20
    one, two = (exchange_accounts(who, what, by_cell, begin, np.diff(begin), s) for s in (1, 2))
    for c in range(7):
        assert Counter(one[cell == c].tolist()) == Counter(who[cell == c].tolist())
    assert (one != who).mean() > 0.8 and (one != two).mean() > 0.8
    assert (one == exchange_accounts(who, what, by_cell, begin, np.diff(begin), 1)).all()


def test_nobody_stands_twice_on_one_object_after_a_shuffle():
    rng = np.random.default_rng(1)
    pairs = np.unique(rng.integers(0, 60, 1500) * 100 + rng.integers(0, 50, 1500))
    who, what = (pairs // 100).astype(np.int32), (pairs % 100).astype(np.int32)
    order = np.argsort(what, kind="stable")
    who, what = who[order], what[order]
    found = exchange_accounts(
        who, what, np.arange(len(who)), np.array([0, len(who)]), np.array([len(who)]), 3
    )
    assert Counter(found.tolist()) == Counter(who.tolist())
    repeats = len(who) - len(np.unique(found.astype(np.int64) * 100 + what))
    plain = len(who) - len(np.unique(rng.permutation(who).astype(np.int64) * 100 + what))
    assert plain > 100 and repeats <= plain // 50


def test_every_order_of_a_cell_is_as_likely():
    who, by_cell, begin = np.arange(3, dtype=np.int32), np.arange(3), np.array([0, 3])
    what = np.arange(3, dtype=np.int32)
    seen = Counter(
        tuple(exchange_accounts(who, what, by_cell, begin, np.diff(begin), s).tolist())
        for s in range(3000)
    )
    assert len(seen) == 6 and min(seen.values()) > 400 and max(seen.values()) < 600


def test_acts_that_matter_get_any_account_of_the_cell_without_replacement():
    """Two of four acts matter: each ordered choice of two of four accounts is as likely, and nobody
    is lost.
    """
    who, what = np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32)
    by_cell, begin, live = np.array([2, 0, 1, 3]), np.array([0, 4]), np.array([2])
    found = [exchange_accounts(who, what, by_cell, begin, live, s) for s in range(6000)]
    seen = Counter((int(f[2]), int(f[0])) for f in found)
    assert len(seen) == 12 and min(seen.values()) > 400 and max(seen.values()) < 600
    assert all(sorted(f.tolist()) == [0, 1, 2, 3] for f in found)


def test_repeats_among_the_acts_that_matter_are_taken_apart():
    rng = np.random.default_rng(2)
    pairs = np.unique(rng.integers(0, 60, 1500) * 100 + rng.integers(0, 50, 1500))
    who, what = (pairs // 100).astype(np.int32), (pairs % 100).astype(np.int32)
    by_cell, live = rng.permutation(len(who)), len(who) // 2
    found = exchange_accounts(who, what, by_cell, np.array([0, len(who)]), np.array([live]), 3)
    assert Counter(found.tolist()) == Counter(who.tolist())
    own = by_cell[:live]
    assert live - len(np.unique(found[own].astype(np.int64) * 100 + what[own])) <= 2
    plain = rng.permutation(who)[own]
    assert live - len(np.unique(plain.astype(np.int64) * 100 + what[own])) > 30


def test_acts_without_company_make_no_pair_whoever_did_them():
    """What is left out of the shuffle is what no pair can come from: a slow count over all acts
    agrees.
    """
    x = layer(world(6, accounts=300, objects=400, decay=900.0))
    hands = ActShuffler(x, 1)
    by_cell, begin, live = hands.cells()
    order = x.crowd.order
    times, objects = (
        order.times_at(np.arange(len(order.who))),
        order.objects_at(np.arange(len(order.who))),
    )
    company = np.zeros(len(times), bool)
    for i in range(len(times)):
        company[i] = ((objects == objects[i]) & (abs(times - times[i]) <= WINDOW)).sum() > 1
    matter = np.concatenate([by_cell[b : b + n] for b, n in zip(begin[:-1], live, strict=True)])
    assert set(matter.tolist()) == set(np.flatnonzero(company).tolist())
    assert begin[-1] == len(by_cell) and (live > 0).all()


def test_blocks_of_people_already_known_cost_no_shuffle():
    def never(_):
        raise AssertionError("shuffled")

    lo, hi = np.triu_indices(6, 1)
    network = lo.astype(np.int32), hi.astype(np.int32), np.ones(len(lo))
    assert not peel_blocks(network, 6, never, shuffles=99, new=np.array([1, 1, 1, 0, 0, 0], bool))
    empty = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    found = peel_blocks(
        network, 6, lambda _: empty, shuffles=99, new=np.array([1, 1, 1, 1, 0, 0], bool)
    )
    assert [(len(m), p) for m, _, p in found] == [(6, 0.01)]


def test_a_large_group_does_not_explain_itself_away_as_an_interest(monkeypatch):
    """A tenth of all accounts that move as one form a community of interest; its kappa is cut to
    what company explains.
    """
    w = world(3, accounts=900, objects=1200, decay=1800.0, planted=90, targets=50, members=45)
    community, count = find_interests(w.account, w.object_, 900)
    own = np.bincount(community[w.group], minlength=count).argmax()
    assert own > 0 and (community == own).sum() < 2 * w.group.sum(), (
        "the group is a community of its own"
    )
    crowd = profile_acts(w.account, w.object_, w.time, WINDOW)
    ratio = company_share(crowd.order, community, count)
    assert ratio[own] < 0.3
    assert np.delete(ratio, own).min() > 0.8

    def claimed():
        edges = asked(w, block_test=False).table("edges").to_pydict()
        pairs = [
            (int(a), int(b))
            for a, b, q in zip(
                edges["source_id"], edges["target_id"], edges["q_value"], strict=True
            )
            if q <= 0.01
        ]
        return pairs, sum(bool(w.group[a] and w.group[b]) for a, b in pairs)

    pairs, right = claimed()
    assert right / len(pairs) >= 0.99
    reached = {x for p in pairs for x in p if w.group[x]}
    assert right >= 1600 and len(reached) >= 88, "of 90"
    monkeypatch.setattr(null_model, "company_share", lambda *given: np.ones(given[2]))
    assert claimed()[1] < 400, "what it would be without"


def test_company_agrees_with_looking():
    w = world(5, decay=300.0, accounts=80, objects=40, silos=2, planted=0)
    crowd = profile_acts(w.account, w.object_, w.time, WINDOW)
    silo = w.silo.astype(np.int64)
    ratio = company_share(crowd.order, silo, 2)
    inside, explained, learnt = np.zeros(2), np.zeros(2), np.zeros((2, 2))
    rows = []
    for o in np.unique(w.object_):
        at = np.flatnonzero(w.object_ == o)
        i, j = np.triu_indices(len(at), 1)
        i, j = at[i], at[j]
        near = (abs(w.time[i] - w.time[j]) <= WINDOW) & (w.account[i] != w.account[j])
        for c in range(2):
            both = (silo[w.account[i]] == c) & (silo[w.account[j]] == c)
            if (silo[w.account[at]] == c).sum() > 1:
                rows.append(
                    (c, both.sum(), (near & both).sum(), (~both).sum(), (near & ~both).sum())
                )
                learnt[c] += (~both).sum(), (near & ~both).sum()
    usual = learnt[:, 1] / np.maximum(1, learnt[:, 0])
    for c, pairs, near, other, apart in rows:
        inside[c] += near
        explained[c] += pairs * (apart + 4 * usual[c]) / (other + 4)
    assert ratio == pytest.approx((explained + 3 * np.sqrt(explained) + 3) / np.maximum(1, inside))


def test_those_hardly_known_are_placed_by_the_company_they_keep_later():
    """Three well-known members of each of two interests, one stranger who meets the second, and one
    who meets nobody known.
    """
    community = np.array([1, 1, 1, 2, 2, 2, 0, 0])
    learned = np.repeat(np.arange(6, dtype=np.int32), 6)
    account = np.array([0, 1, 2, 3, 4, 5, 6, 6, 6, 7], np.int32)
    object_ = np.array([0, 0, 0, 1, 1, 2, 1, 2, 0, 3], np.int32)
    assert place_newcomers(community, learned, account, object_).tolist() == [
        1,
        1,
        1,
        2,
        2,
        2,
        2,
        0,
    ]


def test_a_minute_of_two_crowds_is_no_group():
    """Accounts that stand beside each other in one minute of two large crowds, and nowhere else."""
    w = world(7, accounts=300, objects=400, decay=1800.0, planted=0)
    crowd = np.arange(40, dtype=np.int32)
    moment = int(w.time.max())
    acts = [(w.account, w.object_, w.time)]
    for o in (401, 402):
        acts.append((crowd, np.full(40, o, np.int32), np.full(40, moment) + np.arange(40) * SECOND))
    account, object_, time = (np.concatenate(c) for c in zip(*acts, strict=True))
    trace, _ = trace_from_table((account, object_, time))
    x = build_layer(trace, window=WINDOW, at_least=2)
    explained, on_two = explained_shares(x, trace_codes(trace, crowd))
    assert on_two > 0.9 and not DiluteBlock(crowd, 1.0, 0.01, 99, 0, explained, on_two).listed


def test_most_of_a_planted_group_is_not_explained_by_company_and_a_learned_interest_is():
    w = world(1, accounts=1000, objects=1500, decay=1800.0, planted=40, targets=60, members=5)
    x = layer(w)
    explained, on_two = explained_shares(x, trace_codes(x.trace, np.flatnonzero(w.group)))
    assert explained < 0.4 and on_two < 0.2
    own = explained_shares(x, trace_codes(x.trace, np.flatnonzero(w.silo == 0)))
    assert own[0] > 0.7


def trace_codes(trace, accounts):
    """Codes of these accounts, which a bare table names by their numbers."""
    names = {str(v): i for i, v in enumerate(trace.accounts.to_pylist())}
    return np.array([names[str(int(a))] for a in accounts], np.int32)
