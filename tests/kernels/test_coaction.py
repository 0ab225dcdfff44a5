"""Co-action against a slow reference that lists every pair of acts."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import birdfall.kernels.coaction.coaction as kernel
from birdfall.kernels.coaction import columns
from birdfall.kernels.coaction.coaction import coaction, estimate_cost
from birdfall.kernels.coaction.pairs import pairs_of_acts


def listed(account, object_, time, window, count, at_least):
    """Every pair of acts, one by one."""
    by_object = defaultdict(list)
    for row, o in enumerate(object_):
        by_object[o].append(row)
    pairs, objects, messages = defaultdict(int), defaultdict(set), defaultdict(set)
    for o, rows in by_object.items():
        for i, j in combinations(rows, 2):
            a, b = int(account[i]), int(account[j])
            if a != b and abs(int(time[i]) - int(time[j])) <= window:
                edge = (min(a, b), max(a, b))
                pairs[edge] += 1
                objects[edge].add(o)
                messages[a, b].add(i)
                messages[b, a].add(j)
    weights = {
        "pairs": pairs,
        "objects": {e: len(v) for e, v in objects.items()},
        "messages": {e: len(v) for e, v in messages.items()},
    }[count]
    return sorted((*edge, w) for edge, w in weights.items() if w >= at_least)


def told(edges):
    return list(zip(edges.lo.tolist(), edges.hi.tolist(), edges.weight.tolist(), strict=True))


@st.composite
def traces(draw):
    n = draw(st.integers(0, 80))
    unit = draw(st.sampled_from([1, 1000, 1_000_000, 37]))
    columns = [
        draw(st.lists(st.integers(0, most), min_size=n, max_size=n))
        for most in (
            draw(st.integers(0, 15)),
            draw(st.integers(0, 8)),
            draw(st.sampled_from([3, 60, 5000])),
        )
    ]
    time = np.array(columns[2], np.int64) * unit + draw(
        st.sampled_from([0, -(10**15), 1_700_000_000_000_000])
    )
    window = draw(st.sampled_from([1, 5, 60, 1000])) * draw(st.sampled_from([1, unit]))
    return np.array(columns[0], np.int32), np.array(columns[1], np.int32), time, window


@settings(max_examples=150)
@given(
    traces(),
    st.sampled_from(["pairs", "objects", "messages"]),
    st.integers(1, 4),
    st.sampled_from([None, True]),
)
def test_edges_are_those_of_listing_every_pair(trace, count, at_least, prune):
    account, object_, time, window = trace
    edges = coaction(
        account, object_, time, window=window, count=count, at_least=at_least, prune=prune
    )
    assert told(edges) == listed(account, object_, time, window, count, at_least)


@settings(max_examples=80)
@given(traces(), st.sampled_from(["pairs", "objects"]), st.integers(2, 4), st.booleans())
def test_deferring_hubs_changes_no_edge(trace, count, at_least, prune):
    account, object_, time, window = trace
    tally, choose = kernel.tally_acts, kernel.choose_hubs
    kernel.tally_acts = lambda acts, pool, threads, _: tally(acts, pool, threads, 1)
    kernel.choose_hubs = lambda heavy, _, m: heavy[: min(m - 1, len(heavy))]
    try:
        edges = coaction(
            account, object_, time, window=window, count=count, at_least=at_least, prune=prune
        )
    finally:
        kernel.tally_acts, kernel.choose_hubs = tally, choose
    assert told(edges) == listed(account, object_, time, window, count, at_least)


def crowd(n=40_000, accounts=600, objects=900, seed=3):
    rng = np.random.default_rng(seed)
    return (
        rng.integers(0, accounts, n).astype(np.int32),
        (rng.zipf(1.4, n) % objects).astype(np.int32),
        rng.integers(0, 86_400, n) * 1_000_000,
    )


@pytest.mark.parametrize("count", ["pairs", "objects", "messages"])
def test_many_passes_give_the_edges_of_one(count):
    columns = crowd()
    one = coaction(*columns, window=60_000_000, count=count)
    many = coaction(*columns, window=60_000_000, count=count, memory=1 << 18)
    assert many.passes > 3 and one.passes == 1
    assert told(one) == told(many)


@pytest.mark.parametrize("count", ["pairs", "objects"])
def test_pruning_and_threads_change_no_edge(count):
    columns = crowd()
    plain = coaction(*columns, window=20_000_000, count=count, at_least=3, prune=False)
    assert len(plain)
    for other in (
        coaction(*columns, window=20_000_000, count=count, at_least=3, prune=True),
        coaction(*columns, window=20_000_000, count=count, at_least=3, threads=1),
    ):
        assert told(plain) == told(other)


def test_order_of_the_input_does_not_matter():
    columns = crowd(5000)
    order = np.random.default_rng(0).permutation(5000)
    a = coaction(*columns, window=60_000_000)
    b = coaction(*(c[order] for c in columns), window=60_000_000)
    assert told(a) == told(b)


def test_window_is_inclusive():
    account, object_ = np.array([0, 1], np.int32), np.zeros(2, np.int32)
    time = np.array([0, 60_000_000])
    assert told(coaction(account, object_, time, window=60_000_000, at_least=1)) == [(0, 1, 1)]
    assert told(coaction(account, object_, time, window=59_999_999, at_least=1)) == []


def test_edges_come_ordered_by_account():
    edges = coaction(*crowd(), window=60_000_000)
    key = edges.lo.astype(np.int64) << 32 | edges.hi
    assert (np.diff(key) > 0).all() and (edges.lo < edges.hi).all()


def test_hub_of_thousands_within_one_window_is_exact():
    # everybody acts on the hub once; only accounts 0..9 share a second object: the answer is known
    # without counting
    hub = np.arange(4000, dtype=np.int32)
    account = np.concatenate([hub, np.arange(10, dtype=np.int32)])
    object_ = np.concatenate([np.zeros(4000, np.int32), np.ones(10, np.int32)])
    time = np.concatenate([np.zeros(4000, np.int64), np.full(10, 10**12)])
    for count in ("pairs", "objects"):
        edges = coaction(account, object_, time, window=60_000_000, count=count, at_least=2)
        assert told(edges) == [(a, b, 2) for a in range(10) for b in range(a + 1, 10)]
        assert edges.pairs == 4000 * 3999 // 2 + 45


def test_hub_with_repeated_acts_is_exact():
    rng = np.random.default_rng(5)
    account = np.concatenate([rng.integers(0, 300, 600), rng.integers(0, 300, 500)]).astype(
        np.int32
    )
    object_ = np.concatenate([np.zeros(600, np.int32), rng.integers(1, 120, 500).astype(np.int32)])
    time = np.concatenate([rng.integers(0, 90, 600), rng.integers(0, 500, 500)]) * 1_000_000
    limit = kernel.choose_hubs
    for count in ("pairs", "objects"):
        everything = listed(account, object_, time, 60_000_000, count, 1)
        for at_least in (2, 3):
            wanted = [e for e in everything if e[2] >= at_least]
            for hubs in (0, 1):
                kernel.choose_hubs = lambda heavy, *_, hubs=hubs: heavy[:hubs]
                try:
                    edges = coaction(
                        account, object_, time, window=60_000_000, count=count, at_least=at_least
                    )
                finally:
                    kernel.choose_hubs = limit
                assert told(edges) == wanted


def test_cost_is_told_before_and_is_what_is_met():
    columns = crowd()
    cost = estimate_cost(*columns, window=60_000_000, heaviest=5)
    assert cost.pairs == coaction(*columns, window=60_000_000).pairs
    acts = np.bincount(columns[1])
    for o, n in zip(cost.objects, cost.object_acts, strict=True):
        assert acts[o] == n
    heaviest = int(cost.objects[0])
    own = columns[1] == heaviest
    assert cost.object_pairs[0] == len(
        pairs_of_acts(columns[1][own], columns[2][own], 60_000_000)[0]
    )
    assert (np.diff(cost.object_pairs) <= 0).all()


def test_objects_left_out_are_as_if_never_there():
    account, object_, time = crowd(5000)
    keep = ~np.isin(object_, [1, 2])
    out = coaction(account, object_, time, window=60_000_000, leave_out=np.array([1, 2]))
    assert told(out) == told(coaction(account[keep], object_[keep], time[keep], window=60_000_000))


def test_emitted_is_the_sum_of_all_weights():
    columns = crowd(3000)
    for count in ("pairs", "objects", "messages"):
        edges = coaction(*columns, window=60_000_000, count=count, at_least=1)
        assert edges.emitted == edges.weight.sum()


@pytest.mark.parametrize("window", [0, -5])
def test_a_window_that_is_not_positive_is_refused(window):
    with pytest.raises(ValueError, match="window"):
        coaction(*crowd(10), window=window)


def test_negative_codes_and_unequal_columns_are_refused():
    with pytest.raises(ValueError, match="negative"):
        coaction(np.array([-1, 2]), np.array([0, 0]), np.array([0, 0]), window=1)
    with pytest.raises(ValueError, match="objects"):
        coaction(np.array([1, 2]), np.array([0]), np.array([0, 0]), window=1)
    with pytest.raises(ValueError, match="at_least"):
        coaction(*crowd(10), window=1, at_least=0)


def test_too_little_memory_is_said():
    with pytest.raises(MemoryError):
        coaction(*crowd(10), window=1, memory=10)


def test_times_and_objects_that_fit_no_key_are_said():
    time = np.array([0, 2**62, 1], np.int64)
    with pytest.raises(OverflowError):
        coaction(np.array([0, 1, 2]), np.array([0, 2**31 - 1, 1]), time, window=1)


@settings(max_examples=60)
@given(
    traces(),
    st.sampled_from(["pairs", "objects", "messages"]),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(16, 64),
)
def test_any_memory_and_any_threads_give_the_same_edges(trace, count, at_least, threads, budget):
    """However tiny the budget in pairs: the passes grow, the edges stay."""
    account, object_, time, window = trace
    whole = coaction(account, object_, time, window=window, count=count, at_least=at_least)
    least, chosen = kernel.MIN_MEMORY_BYTES, budget * 8
    kernel.MIN_MEMORY_BYTES = 1
    try:
        cut = coaction(
            account,
            object_,
            time,
            window=window,
            count=count,
            at_least=at_least,
            memory=chosen,
            threads=threads,
        )
    finally:
        kernel.MIN_MEMORY_BYTES = least
    assert told(cut) == told(whole)
    assert cut.passes >= whole.passes


@pytest.mark.parametrize("column", [0, 1])
def test_codes_that_are_no_int32_are_refused_and_not_wrapped(column):
    for wrong, words in (
        (2**32 + 1, "account|object"),
        (np.nan, "whole number"),
        (1.5, "whole number"),
    ):
        columns = [np.array([0, 1]), np.array([0, 0]), np.array([0, 0])]
        columns[column] = np.array([0, wrong])
        with pytest.raises(ValueError, match=words):
            coaction(*columns, window=1)
    with pytest.raises(ValueError, match="whole numbers"):
        coaction(np.array(["a", "b"]), np.array([0, 0]), np.array([0, 0]), window=1)


def test_times_are_dates_or_whole_microseconds_and_none_is_missing():
    seconds = np.array([0, 5, 90])
    codes = np.arange(3, dtype=np.int32), np.zeros(3, np.int32)
    wanted = told(coaction(*codes, seconds * 1_000_000, window=6_000_000, at_least=1))
    assert wanted == [(0, 1, 1)]
    for unit in ("s", "ms", "ns"):
        dates = seconds.astype("datetime64[s]").astype(f"datetime64[{unit}]")
        assert told(coaction(*codes, dates, window=6_000_000, at_least=1)) == wanted
    assert told(coaction(*codes, seconds * 1e6, window=6_000_000, at_least=1)) == wanted
    for missing in (
        np.array(["2024-01-01", "NaT", "2024-01-02"], "datetime64[us]"),
        np.array([0, np.iinfo(np.int64).min, 1]),
    ):
        with pytest.raises(ValueError, match="NaT"):
            coaction(*codes, missing, window=1)
    with pytest.raises(ValueError, match="time of act 1"):
        coaction(*codes, np.array([0, np.nan, 1]), window=1)


def test_times_near_the_ends_of_their_type():
    most = np.iinfo(np.int64).max
    codes = np.arange(3, dtype=np.int32), np.zeros(3, np.int32)
    for first in (most - 10, np.iinfo(np.int64).min + 1):
        edges = coaction(*codes, np.array([first, first + 4, first + 10]), window=5, at_least=1)
        assert told(edges) == [(0, 1, 1)]
    with pytest.raises(OverflowError, match="far apart"):
        coaction(*codes, np.array([-most, 0, most]), window=5)


def test_counts_grow_wider_before_they_run_over(monkeypatch):
    who = np.repeat(np.array([0, 1, 2], np.int32), [50_000, 50_000, 3])
    assert kernel.count_type(who, 2_600_000_000) is np.int64
    assert kernel.count_type(who, 2_000_000_000) is np.int32
    assert kernel.count_type(np.arange(100_000), 3_000_000_000) is np.int32
    acts = crowd()
    narrow = coaction(*acts, window=60_000_000)
    monkeypatch.setattr(kernel, "count_type", lambda *_: np.int64)
    assert told(coaction(*acts, window=60_000_000)) == told(narrow)


def test_more_acts_than_a_run_takes_are_refused(monkeypatch):
    monkeypatch.setattr(columns, "MAX_ACTS", 10)
    with pytest.raises(ValueError, match="10 acts"):
        coaction(*crowd(10), window=1)
