"""The peers' own edges, reproduced exactly; the expected files were made by the peers' released
tools.
"""

from __future__ import annotations

import csv
import gzip
import itertools
from collections import Counter, defaultdict

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.measures.coordination import coordination
from birdfall.measures.coordination.peer_methods import (
    account_stats,
    coortweet_edges,
    coortweet_pairs,
    toolkit_edges,
)
from birdfall.measures.coordination.urls import normalise_url
from birdfall.model.errors import UsageError


def shares(real):
    table = pq.read_table(real("peers/russian_coord_tweets.parquet"))
    names = {
        "object_id": "object",
        "account_id": "account",
        "content_id": "content",
        "timestamp_share": "time",
    }
    return table.rename_columns([names[n] for n in table.column_names])


def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "window", "loops", "quantile"),
    [
        ("tw10_mp2_loopsTRUE_ew0.5", 10, True, 0.5),
        ("tw60_mp2_loopsFALSE_ew0", 60, False, 0.0),
        ("tw60_mp2_loopsTRUE_ew0", 60, True, 0.0),
    ],
)
def test_coortweet_edges_are_its_own(real, name, window, loops, quantile):
    expected = rows_of(real(f"peers/coortweet-rus_{name}_sg0.edges.csv.gz"))
    finding = coordination(
        shares(real),
        preset="coortweet",
        window=window,
        time_unit="s",
        preset_options={"min_participation": 2, "remove_loops": loops, "edge_weight": quantile},
    )
    ours = ("weight", "contents", "contents_y", "above_threshold", "apart_s", "symmetry")
    got = {
        frozenset((e["source_id"], e["target_id"])): tuple(e[c] for c in ours)
        for e in finding.table("edges").to_pylist()
    }
    theirs = (
        "weight",
        "n_content_id",
        "n_content_id_y",
        "weight_threshold",
        "avg_time_delta",
        "edge_symmetry_score",
    )
    wanted = {frozenset((e["from"], e["to"])): tuple(float(e[c]) for c in theirs) for e in expected}
    assert len(wanted) == len(expected) and got.keys() == wanted.keys()
    for edge, values in wanted.items():
        assert got[edge][:4] == values[:4] and got[edge][4:] == pytest.approx(values[4:], abs=1e-9)


def paired(real):
    """Codes of the sample, and the pairs of rows with the defaults of the peer at 60 s."""
    table = shares(real)
    coded = {
        c: table.column(c).combine_chunks().dictionary_encode()
        for c in ("account", "object", "content")
    }
    codes = {c: a.indices.to_numpy().astype(np.int32) for c, a in coded.items()}
    texts = {c: a.dictionary.to_pylist() for c, a in coded.items()}
    same = pc.fill_null(
        pc.index_in(coded["object"].dictionary, value_set=coded["content"].dictionary), -1
    )
    time = table.column("time").to_numpy().astype(np.int64) * 1_000_000
    columns = codes["account"], codes["object"], codes["content"], time
    own = same.to_numpy().astype(np.int32)
    return columns, texts, coortweet_pairs(*columns, window=60_000_000, object_content=own), own


def test_coortweet_pairs_are_its_own(real):
    """Which of two shares is named first too: the earlier, and at one moment the one the peer meets
    first.
    """
    expected = rows_of(real("peers/coortweet-rus_tw60_mp2_loopsTRUE_ew0_sg0.pairs.csv.gz"))
    (account, object_, content, time), texts, (a, b), _ = paired(real)
    got = Counter(
        (
            texts["object"][object_[i]],
            texts["content"][content[i]],
            texts["content"][content[j]],
            float(time[j] - time[i]) / 1e6,
            texts["account"][account[i]],
            texts["account"][account[j]],
        )
        for i, j in zip(a, b, strict=True)
    )
    names = ("object_id", "content_id", "content_id_y", "time_delta", "account_id", "account_id_y")
    wanted = Counter(
        tuple(float(e[n]) if n == "time_delta" else e[n] for n in names) for e in expected
    )
    assert got == wanted


def test_coortweet_account_statistics_are_its_own(real):
    expected = rows_of(real("peers/coortweet-rus_tw60_mp2_loopsTRUE_ew0_sg0.account_stats.csv.gz"))
    columns, texts, (a, b), own = paired(real)
    edges = coortweet_edges(*columns, window=60_000_000, edge_weight=0.0, object_content=own)
    accounts, apart, symmetry, count = account_stats(edges, columns[0], columns[2], a, b)
    got = {
        texts["account"][c]: values
        for c, *values in zip(accounts, apart, symmetry, count, strict=True)
    }
    assert len(expected) == len(got)
    names = ("avg_time_delta", "avg_edge_symmetry_score", "unique_shares_count")
    for row in expected:
        assert got[row["account_id"]] == pytest.approx([float(row[n]) for n in names], abs=1e-9)


def test_the_subgraph_holds_the_marked_edges(real):
    asked = {"preset": "coortweet", "window": 60, "time_unit": "s"}
    whole, marked = (
        coordination(shares(real), **asked, preset_options={"subgraph": s})
        .table("edges")
        .to_pylist()
        for s in (0, 1)
    )
    assert marked == [e for e in whole if e["above_threshold"]] and 0 < len(marked) < len(whole)
    for wrong in (
        {"subgraph": 2},
        {"edge_weight": 2.0},
        {"min_participation": 0},
        {"loops": True},
        {"remove_loops": 1},
    ):
        with pytest.raises(UsageError):
            coordination(shares(real), **asked, preset_options=wrong)


@pytest.mark.parametrize("least", [1, 2])
@pytest.mark.parametrize("loops", [False, True])
def test_toolkit_edges_are_its_own(real, least, loops):
    expected = rows_of(
        real(f"peers/cnt-rus_pypi152_coretweet_tw60_mw{least}{'.loops' if loops else ''}.csv.gz")
    )
    finding = coordination(
        shares(real),
        preset="toolkit",
        window=60,
        time_unit="s",
        preset_options={"min_edge_weight": least, "loops": loops},
    )
    got = Counter(
        (e["source_id"], e["target_id"], e["weight"]) for e in finding.table("edges").to_pylist()
    )
    assert got == Counter((e["user_1"], e["user_2"], int(e["weight"])) for e in expected)


@st.composite
def posts(draw):
    n = draw(st.integers(1, 40))

    def column(most):
        return np.array(draw(st.lists(st.integers(0, most), min_size=n, max_size=n)))

    return (
        column(6).astype(np.int32),
        column(4).astype(np.int32),
        column(30).astype(np.int32),
        column(120) * 500_000,
    )


@settings(max_examples=80)
@given(posts(), st.sampled_from([1, 10, 60]), st.integers(1, 3), st.booleans())
def test_toolkit_is_what_its_definition_says(rows, window, least, loops):
    account, object_, content, time = rows
    kept, seen = [], set()
    for i in range(len(time)):
        if int(content[i]) not in seen:
            seen.add(int(content[i]))
            kept.append(i)
    weight = defaultdict(set)
    for i, j in itertools.product(kept, kept):
        near = abs(int(time[i]) // 1_000_000 - int(time[j]) // 1_000_000) <= window
        if object_[i] == object_[j] and near and (loops or account[i] != account[j]):
            weight[int(account[i]), int(account[j])].add(i)
    expected = {
        (*edge, len(messages)) for edge, messages in weight.items() if len(messages) >= least
    }
    edges = toolkit_edges(
        account,
        object_,
        content,
        time,
        window=window * 1_000_000,
        min_edge_weight=least,
        loops=loops,
    )
    assert (
        set(zip(edges.lo.tolist(), edges.hi.tolist(), edges.weight.tolist(), strict=True))
        == expected
    )


@settings(max_examples=80)
@given(posts(), st.sampled_from([1, 10, 60]), st.integers(1, 3), st.booleans())
def test_coortweet_is_what_its_definition_says(rows, window, least, loops):
    account, object_, content, time = rows
    n = len(time)
    many = Counter(account.tolist())
    rows_left = [i for i in range(n) if many[int(account[i])] >= least]
    pairs = [
        (i, j)
        for i, j in itertools.combinations(rows_left, 2)
        if object_[i] == object_[j]
        and abs(int(time[i]) - int(time[j])) <= window * 1_000_000
        and not (loops and (account[i] == account[j] or content[i] == content[j]))
    ]
    contents = {int(content[k]) for pair in pairs for k in pair}
    paired = Counter(int(account[i]) for i in rows_left if int(content[i]) in contents)
    good = {
        int(content[i])
        for i in rows_left
        if int(content[i]) in contents and paired[int(account[i])] >= least
    }
    expected = {
        frozenset(p) for p in pairs if int(content[p[0]]) in good or int(content[p[1]]) in good
    }
    a, b = coortweet_pairs(
        account,
        object_,
        content,
        time,
        window=window * 1_000_000,
        min_participation=least,
        remove_loops=loops,
    )
    assert {frozenset((int(i), int(j))) for i, j in zip(a, b, strict=True)} == expected and len(
        a
    ) == len(expected)


def test_coortweet_repeated_shares_multiply():
    account = np.array([0] * 3 + [1] * 4, np.int32)
    edges = coortweet_edges(
        account,
        np.zeros(7, np.int32),
        np.arange(7, dtype=np.int32),
        np.arange(7) * 1_000_000,
        window=60_000_000,
    )
    assert edges.weight.tolist() == [12]


def test_an_empty_result_is_an_empty_result():
    one = {"account": ["a", "b"], "object": ["x", "y"], "time": [0, 1], "content": ["1", "2"]}
    for preset in ("coortweet", "toolkit"):
        finding = coordination(one, preset=preset, time_unit="s")
        assert finding.answer == "nothing" and finding.table("edges").num_rows == 0


@pytest.mark.parametrize(
    ("link", "plain"),
    [
        (
            "https://www.example.org/Story/?utm_source=t&id=7&fbclid=abc#part",
            "example.org/Story?id=7",
        ),
        ("http://EXAMPLE.org:80/Story?id=7", "example.org/Story?id=7"),
        ("example.org/Story?id=7", "example.org/Story?id=7"),
        ("//example.org/a?b=2&a=1", "example.org/a?a=1&b=2"),
        ("https://example.org:8443/", "example.org:8443"),
        ("https://youtu.be/abc123?si=xyz", "youtube.com/watch?v=abc123"),
        ("https://m.youtube.com/watch?v=abc123&feature=share", "youtube.com/watch?v=abc123"),
        ("https://twitter.com/a/status/1?s=20&t=zz", "twitter.com/a/status/1"),
        ("https://example.org/?s=search", "example.org?s=search"),
        ("https://example.org/caf%C3%A9", "example.org/café"),
        ("mailto:someone@example.org", "mailto:someone@example.org"),
        ("not a link", "not a link"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_links_to_one_page_are_written_one_way(link, plain):
    assert normalise_url(link) == plain
    assert normalise_url(normalise_url(link)) == normalise_url(link)


def test_short_links_are_followed_only_where_the_data_says_so():
    known = {
        "t.co/abc": "https://bit.ly/x",
        "bit.ly/x": "https://www.example.org/a?utm_medium=m",
        "t.co/loop": "http://t.co/loop",
    }
    assert normalise_url("https://t.co/abc", known) == "example.org/a"
    assert normalise_url("https://t.co/other", known) == "t.co/other"
    assert normalise_url("https://t.co/loop", known) == "t.co/loop"
