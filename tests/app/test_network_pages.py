"""The network on pages: what filters leave, and what lies behind a pair and a group."""

import csv
import dataclasses
import datetime as dt
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pyarrow as pa
import pytest

from birdfall.app.account_platforms import ACROSS, AccountPlatforms, platforms_of
from birdfall.app.group_notes import GroupNote, group_key, put_note, read_notes
from birdfall.app.group_panel import describe_group, describe_pair, trace_of
from birdfall.app.network_view import NetworkQuery, NetworkView, network_view, networks_of
from birdfall.app.open_case import open_case
from birdfall.measures.coordination import TRACES, read_trace
from birdfall.model.schemas import ACT_KINDS, TABLES
from birdfall.record.record import from_tables

START = dt.datetime(2013, 10, 31, tzinfo=dt.UTC)
EMOJI = "\U0001f525\U0001f480\U0001f40d\U0001f525\U0001f480"
PAGE = "/en/c/posts/network/coordination-repost"


@pytest.fixture
def opened(networked):
    return open_case(networked.workspace.desk("posts").case())


@pytest.fixture
def view(opened):
    return network_view(opened, networks_of(opened)[0])


def edges_slowly(view, keep):
    """The pairs (source, target) of the finding for which `keep(row)` holds."""
    rows = view.finding.table("edges").to_pylist()
    return {(r["source"], r["target"]) for r in rows if keep(r)}


def test_filters_leave_the_pairs_they_say(view):
    def shown(**asked):
        found = view.select(NetworkQuery(**asked))
        return {(p.source, p.target) for p in found.pairs(0, found.edges.num_rows)}

    rows = view.finding.table("edges").to_pylist()
    middle = sorted(r["first"] for r in rows)[len(rows) // 2]
    moment = int(middle.timestamp() * 1_000_000)
    one = rows[0]["source"]
    assert shown() == edges_slowly(view, lambda r: r["q_value"] <= 0.01)
    assert shown(certainty="all") == edges_slowly(view, bool)
    assert shown(certainty="very-sure") == edges_slowly(view, lambda r: r["q_value"] <= 1e-5)
    assert shown(weight=13) == edges_slowly(view, lambda r: r["weight"] >= 13)
    assert shown(account=one) == edges_slowly(view, lambda r: one in (r["source"], r["target"]))
    assert shown(end=moment) == edges_slowly(view, lambda r: r["first"] < middle)
    assert shown(begin=moment) == edges_slowly(view, lambda r: r["last"] >= middle)
    assert shown(group=1) == shown() and shown(group=7) == set()
    assert shown(layer="repost") == shown() and shown(layer="link") == set()


def test_an_account_stands_where_it_stood_whatever_is_filtered(view):
    whole = {n.code: (n.x, n.y) for n in view.draw(view.select(NetworkQuery())).nodes}
    one = next(iter(whole))
    some = {n.code: (n.x, n.y) for n in view.draw(view.select(NetworkQuery(account=one))).nodes}
    assert len(some) == len(whole) and some == whole
    assert view.draw(view.select(NetworkQuery(weight=10**6))).nodes == ()


def test_the_page_counts_and_lists_what_is_shown(networked):
    page = networked.get("/en/c/posts/network")
    assert page.url.path == PAGE  # one network: its page
    assert "28 pairs of 8 accounts are shown." in page.text
    assert page.text.count("/pair/") == 2 * 28  # in the picture and in the table
    name = re.search(r'<th scope="row"><bdi>([^<]+)', page.text)[1]
    assert "7 pairs of 8 accounts" in networked.get(f"{PAGE}?search={name.upper()}").text
    assert "No pair is left." in networked.get(f"{PAGE}?search=nobody").text
    assert "No pair is left." in networked.get(f"{PAGE}?weight=13").text


def test_acts_of_a_pair_stand_side_by_side(networked, opened, view):
    edge = view.finding.table("edges").to_pylist()[0]
    panel = describe_pair(opened, view, edge["source"], edge["target"])
    rows = opened.record.sql("SELECT i.code, a.object, a.time FROM acts a JOIN ids i "
                             "ON i.id = a.account WHERE a.kind = 'repost'").to_pylist()  # fmt: skip
    own = [[r for r in rows if r["code"] == c] for c in (edge["source"], edge["target"])]
    apart = sorted(
        (b["time"] - a["time"]).total_seconds()
        for a in own[0]
        for b in own[1]
        if a["object"] == b["object"] and abs((b["time"] - a["time"]).total_seconds()) <= 60
    )
    assert sorted(m.apart_s for m in panel.meetings) == apart
    assert panel.total == edge["weight"] == len(apart)
    assert panel.first_leads == sum(s > 0 for s in apart)
    page = networked.get(f"{PAGE}/pair/{edge['source']}/{edge['target']}").text
    assert "within the window 12 times" in page
    assert describe_pair(opened, view, edge["source"], edge["source"]) is None
    assert networked.get(f"{PAGE}/pair/{edge['source']}/999999").status_code == 404


def test_a_group_says_who_came_first(networked, opened, view):
    panel = describe_group(opened, view, 1)
    members = set(panel.members)
    rows = opened.record.sql("SELECT i.code, a.object, a.time FROM acts a JOIN ids i "
                             "ON i.id = a.account WHERE a.kind = 'repost'").to_pylist()  # fmt: skip
    first = {}
    for thing in {r["object"] for r in rows}:
        own = [r for r in rows if r["object"] == thing and r["code"] in members]
        if len({r["code"] for r in own}) < 2:
            continue
        earliest = {r["code"] for r in own if r["time"] == min(r["time"] for r in own)}
        if len(earliest) == 1:
            first[min(earliest)] = first.get(min(earliest), 0) + 1
    assert {one.code: one.objects for one in panel.leaders} == first
    page = networked.get(f"{PAGE}/group/1").text
    assert "8 accounts, 28 pairs: 100% of all possible pairs." in page
    assert networked.get(f"{PAGE}/group/2").status_code == 404


def test_a_group_is_named_noted_and_hidden(networked, view):
    said = {"name": "<b>The choir</b>", "note": "=1+1", "hide": "yes"}
    page = networked.send(f"{PAGE}/group/1", f"{PAGE}/group/1/note", said).text
    assert "&lt;b&gt;The choir" in page and "<b>The choir" not in page
    page = networked.get(PAGE).text
    assert "No pair is left." in page and "1 group is hidden." in page
    assert "28 pairs" in networked.get(f"{PAGE}?hidden=yes").text
    assert "28 pairs" in networked.get(f"{PAGE}?group=1").text
    desk = networked.workspace.desk("posts")
    key = group_key(view.members(1))
    assert read_notes(desk)[key].hidden
    put_note(desk, key, GroupNote())
    assert read_notes(desk) == {}
    (desk.folder / "notes.json").write_text('{"x": [1]}')
    assert read_notes(desk) == {} and networked.get(PAGE).status_code == 200


def test_what_is_shown_is_saved_by_pseudonym(networked, view):
    name = re.search(r'<th scope="row"><bdi>([^<]+)', networked.get(PAGE).text)[1]
    whole = {form: networked.get(f"{PAGE}/save.{form}").text for form in ("csv", "gexf", "svg")}
    rows = list(csv.DictReader(io.StringIO(whole["csv"])))
    assert len(rows) == 28 and {r["group"] for r in rows} == {"1"}
    assert len(list(csv.DictReader(io.StringIO(
        networked.get(f"{PAGE}/save.csv?search={name}").text)))) == 7  # fmt: skip
    for form, mark in (("gexf", "{http://gexf.net/1.3}edge"),
                       ("svg", "{http://www.w3.org/2000/svg}line")):  # fmt: skip
        assert len(list(ET.fromstring(whole[form].encode()).iter(mark))) == 28
    ids = set(view.finding.table("nodes").column("account").to_pylist())
    assert not any(one in text for one in ids for text in whole.values())
    assert networked.get(f"{PAGE}/save.exe").status_code == 404


HOSTILE = ("sure=x", "weight=-1", "group=9999999999", "layer=%27", "from=x", "start=99999",
           "search=%3Cscript%3E", "hidden=x", "weight=%D9%A3")  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_an_address_that_makes_no_sense_is_no_error(networked, query):
    page = networked.get(f"{PAGE}?{query}")
    assert page.status_code == 200 and "<script>" not in page.text


def test_handles_stand_in_no_address(networked):
    networked.send(PAGE, "/en/c/posts/handles", {"show": "yes"})
    page = networked.get(PAGE).text
    handles = set(networked.workspace.desk("posts").case().record().ids.id_of.to_pylist())
    assert handles & set(re.findall(r"<title>@?([^<]+)</title>", page))
    assert not [a for a in re.findall(r'href="([^"]+)"', page) if any(h in a for h in handles)]


@pytest.mark.parametrize("number", ["\u00b2", "1" * 40, "-1", "", "1"])
def test_accounts_of_a_group_that_is_none_are_no_error(networked, number):
    network = networked.workspace.desk("posts").case().finding_names()
    page = networked.get(f"/en/c/posts/accounts?group={network[0]}:{number}")
    assert page.status_code == 200
    assert networked.get("/en/c/posts/accounts").status_code == 200


def test_a_case_without_a_network_says_so(measured):
    assert "No network" in measured.get("/en/c/night/network").text
    assert measured.get("/en/c/night/network/coordination-link").status_code == 404


@pytest.mark.parametrize("trace", TRACES)
def test_every_trace_is_read_from_the_tables_it_needs(opened, trace):
    rows = {
        "acts": [{"account": a, "kind": k, "object": "x", "target": "b", "time": START,
                  "text": "the same words are said by two accounts at once today"}
                 for a in "ab" for k in ACT_KINDS]
        + [{"account": a, "kind": k, "object": o, "time": START, "object_kind": w, "text": EMOJI}
           for a in "ab" for k, o, w in (("hashtag", "y", None), ("use", "z", "conversation"),
                                         ("link", "https://example.org/z", None),
                                         ("post", "z", None))],
        "accounts": [{"account": a, "created_at": START} for a in "ab"],
        "statuses": [{"account": a, "status": "suspended", "time": START, "observation": "change"}
                     for a in "ab"],
        "follows": [{"follower": a, "followed": "x", "since": START, "observation": "change"}
                    for a in "ab"],
    }  # fmt: skip
    tables = {n: pa.Table.from_pylist(some, TABLES[n]) for n, some in rows.items()}
    whole = dataclasses.replace(opened, record=from_tables(tables))
    small = trace_of(whole, trace, [whole.record.ids.code(a) for a in "ab"])
    assert len(small) == len(read_trace(whole.record, trace)) > 0


def test_the_picture_of_time_counts_each_pair_that_is_left_when_it_first_met(view, networked):
    rows = view.finding.table("edges").to_pylist()
    one = rows[0]["source"]
    for query, hidden in (
        (NetworkQuery(certainty="all"), []),
        (NetworkQuery(certainty="all", begin=1, end=2), []),
        (NetworkQuery(certainty="all", account=one), []),
        (NetworkQuery(), [1]),
    ):
        whole = view.whole_stretch(query, hidden, view.select(query, hidden))
        bins = view.first_meetings(whole)
        asked = dataclasses.replace(query, begin=None, end=None)
        pairs = view.select(asked, hidden).pairs(0, len(rows))
        slowly = [0] * len(bins.counts)
        for pair in pairs:
            slowly[(pair.first - bins.begin) // bins.step] += 1
        assert list(bins.counts) == slowly and sum(slowly) == len(pairs)
    page = networked.get(f"{PAGE}?sure=all").text
    assert "data-play" in page and page.count('data-end="') == 2 and 'data-png="' in page


def test_the_picture_of_meetings_says_its_ends_and_what_its_highest_bar_stands_for(networked, view):
    selection = view.select(NetworkQuery())
    bins = view.first_meetings(selection)
    first = selection.edges.column("first").to_pylist()
    slots = [(int(t.timestamp() * 1_000_000) - bins.begin) // bins.step for t in first]
    highest = max(slots.count(n) for n in slots)
    page = networked.get(PAGE).text
    scale = re.sub("<[^>]+>", " ", re.search(r'<p class="scale[^>]*>(.*?)</p>', page)[1])
    assert f"At most {highest} in" in scale
    ends = [dt.datetime.fromtimestamp(e / 1e6, dt.UTC) for e in (bins.begin, bins.edges[-1])]
    assert all(f"{end.day} {end:%b %Y}" in scale for end in ends)


def test_pairs_are_kept_by_the_platforms_on_which_both_act(networked, opened, monkeypatch):
    plain = network_view(opened, networks_of(opened)[0])
    codes = plain.codes
    where = {
        int(c): {("a", "b")[n % 2]} | ({"b"} if n == 0 else set()) for n, c in enumerate(codes)
    }
    del where[int(codes[-1])]  # of one nothing is known
    known = AccountPlatforms(
        ("a", "b"),
        np.sort(list(where)),
        np.array([[p in where[c] for p in "ab"] for c in sorted(where)]),
    )
    view = NetworkView(opened.findings[networks_of(opened)[0]], known)

    def shown(platform):
        found = view.select(NetworkQuery(platform=platform))
        return {(p.source, p.target) for p in found.pairs(0, found.edges.num_rows)}

    every = shown("")
    assert len(every) == 28
    for name in "ab":
        assert (
            shown(name) == {e for e in every if all(name in where.get(x, ()) for x in e)} != set()
        )
    apart = {
        e for e in every if where.get(e[0]) and where.get(e[1]) and not where[e[0]] & where[e[1]]
    }
    assert shown(ACROSS) == apart != set() and shown("c") == set()
    assert "Platform of both" not in networked.get(PAGE).text  # the acts name none
    monkeypatch.setattr("birdfall.app.network_pages.network_view", lambda *_: view)
    page = networked.get(f"{PAGE}?platform=*").text
    assert f"{len(apart)} pairs" in page and "Platform of both" in page
    assert "save.csv?platform=%2A" in page


def test_where_accounts_act_is_read_of_their_acts():
    class Opened:
        def ask(self, question):
            return question(self.record)

    acts = [("a1", "x"), ("a1", "y"), ("a2", "y"), ("a3", None), ("a1", "x")]
    rows = {
        "account": [a for a, _ in acts],
        "kind": ["post"] * len(acts),
        "object": [f"o{n}" for n in range(len(acts))],
        "platform": pa.array([p for _, p in acts], pa.string()),
        "time": pa.array([START] * len(acts), pa.timestamp("us", "UTC")),
    }
    opened = Opened()
    opened.record = from_tables({"acts": pa.table(rows)})
    found = platforms_of(opened)
    ids = opened.record.ids
    codes = np.array([ids.code(a) for a in ("a1", "a2", "a3")])
    assert found.names == ("x", "y")
    assert found.of(codes).tolist() == [[True, True], [False, True], [False, False]]
    one = Opened()
    one.record = from_tables({"acts": pa.table(rows).slice(1, 2)})
    assert platforms_of(one) is None
