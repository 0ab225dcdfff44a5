"""The network as a picture and as files.

The same every time, readable by others, safe whatever accounts are called.
"""

import base64
import datetime as dt
import json
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from birdfall.model.findings import Finding
from birdfall.record.ids import pseudonym
from birdfall.record.record import from_tables
from birdfall.tell.names import names_of
from birdfall.tell.network.files import (
    GEXF,
    GRAPHML,
    VIZ,
    clean_text,
    connected_groups,
    rank_groups,
    to_gexf,
    to_graphml,
)
from birdfall.tell.network.layout import layout
from birdfall.tell.network.map import draw_maps
from birdfall.tell.network.poster import colours, png, poster

T0 = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)
HOSTILE = '<script>alert("x")</script> & \x1b[31m \u202eevil\x00'


def network(n=300, groups=5, seed=1):
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(0, groups, n)).astype(np.int32)
    group[-3:] = -1
    source = rng.integers(0, n, 4 * n).astype(np.int32)
    target = np.where(
        rng.random(4 * n) < 0.9,
        (source + rng.integers(1, 20, 4 * n)) % n,
        rng.integers(0, n, 4 * n),
    )
    keep = source != target
    return (
        n,
        source[keep],
        target[keep].astype(np.int32),
        rng.integers(1, 9, keep.sum()).astype(float),
        group,
    )


def finding(accounts=("a", "b", HOSTILE)):
    n = len(accounts)
    nodes = pa.table(
        {
            "code": pa.array(range(n), pa.int32()),
            "account": list(accounts),
            "group": pa.array([0] * (n - 1) + [None], pa.int32()),
            "degree": [1] * n,
            "activity": [10] * n,
            "coactive_share": [0.5] * n,
        }
    )
    edges = pa.table(
        {
            "source": pa.array(range(n - 1), pa.int32()),
            "target": pa.array(range(1, n), pa.int32()),
            "weight": [3] * (n - 1),
            "p_value": [1e-12] * (n - 1),
            "q_value": [1e-9] * (n - 1),
            "first": pa.array([T0] * (n - 1), pa.timestamp("us", tz="UTC")),
            "last": pa.array(
                [T0 + dt.timedelta(minutes=9)] * (n - 1), pa.timestamp("us", tz="UTC")
            ),
        }
    )
    return Finding(
        "coordination",
        "coordination-repost",
        "found",
        tables={"nodes": nodes, "edges": edges},
        simulated=True,
    )


def test_the_same_network_is_drawn_the_same():
    arguments = network()
    one, two = layout(*arguments), layout(*arguments)
    assert one.x.tobytes() == two.x.tobytes()
    assert one.y.tobytes() == two.y.tobytes()
    assert layout(*arguments, seed=8).x.tobytes() != one.x.tobytes()


@given(st.integers(0, 40), st.integers(1, 6), st.integers(0, 99))
def test_groups_do_not_overlap_and_members_stay_in_theirs(n, groups, seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(-1, groups, n).astype(np.int32)
    source = rng.integers(0, max(n, 1), 2 * n).astype(np.int32)
    target = rng.integers(0, max(n, 1), 2 * n).astype(np.int32)
    keep = source != target
    drawn = layout(n, source[keep], target[keep], np.ones(keep.sum()), group)
    assert np.isfinite(drawn.x).all()
    assert (np.hypot(drawn.x, drawn.y) <= 1 + 1e-9).all()
    for i in range(len(drawn.radius)):
        for j in range(i):
            distance = np.hypot(*(drawn.centre[i] - drawn.centre[j]))
            assert distance >= (drawn.radius[i] + drawn.radius[j]) * (1 - 1e-6)
    where = {int(label): k for k, label in enumerate(drawn.label)}
    for account in range(n):
        disc = where[int(group[account]) if group[account] >= 0 else -1 - account]
        assert (
            np.hypot(
                drawn.x[account] - drawn.centre[disc, 0], drawn.y[account] - drawn.centre[disc, 1]
            )
            <= drawn.radius[disc]
        )


def test_joined_accounts_lie_nearer_than_others():
    n, source, target, weight, group = network(600, 6)
    drawn = layout(n, source, target, weight, group)
    joined = np.median(
        np.hypot(drawn.x[source] - drawn.x[target], drawn.y[source] - drawn.y[target])
    )
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, n, 5000), rng.integers(0, n, 5000)
    assert joined < 0.6 * np.median(np.hypot(drawn.x[a] - drawn.x[b], drawn.y[a] - drawn.y[b]))


def decoded(picture):
    """Pixels of an indexed PNG, by the letter of the format."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, {}
    while at < len(picture):
        size, kind = int.from_bytes(picture[at : at + 4]), picture[at + 4 : at + 8]
        data = picture[at + 8 : at + 8 + size]
        assert zlib.crc32(kind + data) == int.from_bytes(picture[at + 8 + size : at + 12 + size])
        found[kind] = data
        at += 12 + size
    width, height = int.from_bytes(found[b"IHDR"][:4]), int.from_bytes(found[b"IHDR"][4:8])
    rows = np.frombuffer(zlib.decompress(found[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert (rows[:, 0] == 0).all()
    return np.frombuffer(found[b"PLTE"], np.uint8).reshape(-1, 3)[rows[:, 1:]]


def test_a_picture_of_few_colours_comes_back_exactly():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 3, (20, 30, 3)).astype(np.uint8) * 100
    assert (decoded(png(pixels)) == pixels).all()


def test_the_poster_shows_every_account_where_it_lies():
    x, y = np.array([-0.5, 0.5, 0.0]), np.array([0.0, 0.0, 0.8])
    colour = colours(np.array([0, 1, -1]))
    picture = decoded(
        poster(
            x,
            y,
            np.array([0]),
            np.array([1]),
            colour,
            np.array([8.0, 8.0, 8.0]),
            width=200,
            height=200,
        )
    )
    scale = 200 / 2 - 14
    for i in range(3):
        got = picture[int(100 - y[i] * scale), int(100 + x[i] * scale)].astype(int)
        assert (abs(got - colour[i].astype(int)) <= 9).all()
    assert (picture[5, 5] == 255).all()
    assert (picture[100, 100] < 250).any(), "the edge is drawn"


def test_gexf_is_laid_out_coloured_and_timed():
    root = ET.fromstring(to_gexf(finding(), lambda code, _: pseudonym(code)))
    space = {"g": GEXF, "v": VIZ}
    nodes = root.findall(".//g:node", space)
    assert [n.get("label") for n in nodes] == [pseudonym(i) for i in range(3)]
    for node in nodes:
        assert -500 <= float(node.find("v:position", space).get("x")) <= 500
        assert 0 <= int(node.find("v:color", space).get("r")) <= 255
        assert float(node.find("v:size", space).get("value")) > 0
    edges = root.findall(".//g:edge", space)
    assert len(edges) == 2
    assert edges[0].get("weight") == "3"
    spell = edges[0].find("g:spells/g:spell", space)
    # networkx knows no other form for times that are texts, and Gephi reads them to the millisecond
    # in either
    assert root.find("g:graph", space).get("timeformat") == "date"
    assert (spell.get("start"), spell.get("end")) == (
        "2013-10-31T22:20:00.000Z",
        "2013-10-31T22:29:00.000Z",
    )
    assert root.find("g:graph", space).get("mode") == "dynamic"
    assert "SIMULATED" in root.find(".//g:description", space).text
    declared = {a.get("id") for a in root.findall(".//g:attribute", space)}
    assert {v.get("for") for v in root.findall(".//g:attvalue", space)} <= declared


def test_graphml_declares_what_it_uses():
    root = ET.fromstring(to_graphml(finding(), lambda code, _: pseudonym(code)))
    space = {"g": GRAPHML}
    declared = {k.get("id") for k in root.findall("g:key", space)}
    used = {d.get("key") for d in root.findall(".//g:data", space)}
    assert used <= declared
    assert {"node_x", "node_y", "node_r", "edge_weight"} <= used
    ids = {n.get("id") for n in root.findall(".//g:node", space)}
    assert all(
        e.get("source") in ids and e.get("target") in ids for e in root.findall(".//g:edge", space)
    )


@pytest.mark.parametrize("write", [to_gexf, to_graphml])
def test_a_hostile_name_is_only_a_name(write):
    data = write(finding(), lambda _, account: account)
    root = ET.fromstring(data)
    assert b"<script" not in data
    text = ET.tostring(root, encoding="unicode")
    assert "\x1b" not in text and "\u202e" not in text and "\x00" not in text


@pytest.mark.parametrize("write", [to_gexf, to_graphml])
def test_the_same_finding_gives_the_same_file(write):
    name = lambda code, _: pseudonym(code)  # noqa: E731
    assert write(finding(), name) == write(finding(), name)


@given(st.text())
def test_cleaned_text_is_always_xml(text):
    ET.fromstring(
        f"<a>{clean_text(text).replace('&', '&amp;').replace('<', '&lt;')}</a>".encode(
            "utf-8", "surrogatepass"
        )
    )


def test_groups_are_ranked_by_size():
    assert rank_groups(np.array([5, 5, 5, 2, 2, -1, 9])).tolist() == [0, 0, 0, 1, 1, -1, 2]


def _joined_to_a_few(n):
    """A network in which nobody looked for groups: pairs, and one component of many."""
    many = n // 2
    source = np.r_[np.zeros(many - 1, int), np.arange(many, n - 1, 2)]
    target = np.r_[np.arange(1, many), np.arange(many + 1, n, 2)]
    return source.astype(np.int32), target.astype(np.int32)


def test_a_network_without_groups_is_placed_by_its_components():
    source, target = _joined_to_a_few(40)
    found = connected_groups(40, source, target)
    assert len(set(found[:20])) == 1
    assert len(set(found)) == 11
    assert connected_groups(0, source[:0], target[:0]).shape == (0,)


def test_thousands_of_discs_are_placed_and_none_lies_on_another():
    n = 8_000
    alone = np.full(n, -1, np.int32)
    source, target = _joined_to_a_few(n)
    drawn = layout(n, source, target, np.ones(len(source)), alone)
    tree = cKDTree(np.column_stack([drawn.x, drawn.y]))
    nearest = tree.query(np.column_stack([drawn.x, drawn.y]), 2)[0][:, 1]
    assert nearest.min() >= 2 * drawn.radius.min() * (1 - 1e-9)


def _found(groups, edges, alpha=0.01):
    """A finding of coordination with these groups (kind, accounts) and edges (ends, q)."""
    codes = {a: i for i, a in enumerate(sorted({a for _, own in groups for a in own}))}
    joined = {a for kind, own in groups for a in own if kind == "edges"}
    tables = {
        "nodes": pa.Table.from_pylist([
            {"code": codes[a], "account": a, "group": g}
            for g, (kind, own) in enumerate(groups, 1) for a in own if a in joined
        ]),
        "groups": pa.Table.from_pylist([
            {"group": g, "kind": kind, "members": len(own), "accounts": list(own)}
            for g, (kind, own) in enumerate(groups, 1)
        ]),
        "edges": pa.Table.from_pylist([
            {"source": codes[a], "target": codes[b], "weight": 2, "q_value": q}
            for (a, b), q in edges
        ]),
    }  # fmt: skip
    found = Finding("coordination", "coordination-x", "found", {}, {"alpha": alpha}, tables=tables)
    record = from_tables({"accounts": pa.table({"account": sorted(codes)})})
    return found, names_of(record)


def test_a_map_shows_significant_pairs_and_blocks_without_any():
    groups = [("edges", ("a", "b", "c")), ("block", ("d", "e", "f", "a"))]
    edges = [(("a", "b"), 0.001), (("b", "c"), 0.009), (("a", "c"), 0.5)]
    found, name = _found(groups, edges)
    drawn = draw_maps({"coordination-x": found}, name)["coordination-x"]
    assert drawn.shown == 6, "an account in two groups is drawn once"
    assert [(g.group, g.members) for g in drawn.groups] == [(1, 3), (2, 3)]
    ends = json.loads(drawn.data)["source"]
    assert len(base64.b64decode(ends)) == 2 * 2, "two of three pairs are significant"
    assert all(-1 <= c <= 1 for g in drawn.groups for c in g.place)


def test_a_map_of_too_many_shows_the_largest_groups(monkeypatch):
    monkeypatch.setattr("birdfall.tell.network.map.MAX_MAP_ACCOUNTS", 5)
    groups = [("edges", ("a", "b")), ("block", ("c", "d", "e", "f"))]
    found, name = _found(groups, [(("a", "b"), 0.001)])
    drawn = draw_maps({"coordination-x": found}, name)["coordination-x"]
    assert drawn.shown == 5 and drawn.groups[0].members == 4
