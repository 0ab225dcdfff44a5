"""The table of accounts: every one once, in order, by the name it goes by."""

import csv
import datetime as dt
import io
import re
import shutil

import pyarrow as pa
import pytest
from app_made import Visitor
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.app.account_pages import PAGE_ROWS
from birdfall.app.account_table import AccountQuery, AccountTable
from birdfall.app.history import last_changes
from birdfall.app.server import create_application
from birdfall.model.schemas import TABLES
from birdfall.record.listing import fallen_accounts, followed_accounts, followed_alike
from birdfall.record.record import from_tables

START = dt.datetime(2013, 10, 31, tzinfo=dt.UTC)


MINUTE = 60_000_000
BASE = int(START.timestamp() * 1_000_000)


def at(minute):
    return START + dt.timedelta(minutes=minute)


def record_of(events, follows=(), accounts=(), acts=()):
    """A record of (account, status, minute), (follower, followed), (account, created minute) and
    (account, client, minute).
    """
    tables = {
        "statuses": [
            {"account": a, "status": s, "time": at(m), "observation": "change"}
            for a, s, m in events
        ],
        "follows": [
            {"follower": a, "followed": b, "observation": "seen", "observed_at": START}
            for a, b in follows
        ],
        "accounts": [{"account": a, "created_at": at(m)} for a, m in accounts],
        "acts": [
            {"account": a, "kind": "post", "object": "x", "time": at(m), "client": c}
            for a, c, m in acts
        ],
    }
    return from_tables({n: pa.Table.from_pylist(rows, TABLES[n]) for n, rows in tables.items()})


def table_of(record, followed=None):
    return AccountTable(fallen_accounts(record), followed or {}, {})


def pages_of(table, query, size):
    """All accounts of a query, a page at a time."""
    found, after = [], None
    while True:
        page = table.page(query, size, after)
        assert len(page.rows) <= size
        found += page.rows
        if page.after is None:
            assert page.matching == len(found)
            assert found == list(table.rows(query))
            return found
        after = page.after


def fallen_slowly(events):
    """Each account that fell: when first, and when it was active first after that."""
    found = {}
    for account in {a for a, s, _ in events if s in ("suspended", "taken_down")}:
        fell = min(m for a, s, m in events if a == account and s in ("suspended", "taken_down"))
        back = [m for a, s, m in events if a == account and s == "active" and m > fell]
        found[account] = (fell, min(back, default=None))
    return found


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.sampled_from(["suspended", "taken_down", "active", "deleted"]),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=6)
@given(EVENTS, st.integers(1, 5), st.integers(0, 6), st.integers(0, 7))
def test_pages_hold_every_account_once_in_order(events, size, first, last):
    record = record_of(events)
    table = table_of(record)
    for returned in ("", "yes", "no"):
        query = AccountQuery(BASE + first * MINUTE, BASE + last * MINUTE, returned=returned)
        found = pages_of(table, query, size)
        slow = {
            a: times
            for a, times in fallen_slowly(events).items()
            if first <= times[0] < last
            and (not returned or (times[1] is not None) == (returned == "yes"))
        }
        minutes = {
            record.ids.id_of[f.code].as_py(): tuple(
                None if t is None else (t - BASE) // MINUTE for t in (f.fell, f.returned)
            )
            for f in found
        }
        assert minutes == slow and len(found) == len(slow)
        keys = [(f.fell, f.code) for f in found]
        assert keys == sorted(keys)
        backwards = [f.fell for f in table.rows(AccountQuery(sort="-fell"))]
        assert backwards == sorted(backwards, reverse=True)
        bins = table.bins(AccountQuery(returned=returned))
        whole = table.page(AccountQuery(returned=returned), size)
        assert sum(bins.counts) == whole.matching


def test_accounts_are_filtered_by_what_is_known_of_them():
    day = 24 * 60
    record = record_of(
        [("a", "suspended", 1), ("b", "suspended", 2), ("c", "suspended", 3)],
        accounts=[("a", -10 * day), ("b", -400 * day)],
        acts=[("a", "web", 0), ("a", "web", 0), ("a", "robot", 0), ("b", "robot", 0)],
    )
    codes = {record.ids.id_of[n].as_py(): n for n in range(3)}
    table = table_of(record)

    def listed(**asked):
        rows = table.rows(AccountQuery(**asked))
        return "".join(sorted(a for a, n in codes.items() if n in {r.code for r in rows}))

    assert [listed(age=x) for x in ("young", "middle", "old", "unknown")] == ["a", "", "b", "c"]
    assert [listed(client=x) for x in ("web", "robot", "?", "none")] == ["a", "b", "c", ""]
    assert [listed(group=x) for x in ("none:1", "x", "none:")] == ["", "", ""]
    assert table.offered("client") == ["robot", "web", "?"]
    assert [r.acts for r in table.rows(AccountQuery(sort="-acts"))] == [3, 1, 0]
    # what is not known stands last, whichever way it is sorted
    assert table.rows(AccountQuery(sort="created"))[-1].created is None
    assert table.rows(AccountQuery(sort="-created"))[-1].created is None


def test_only_followers_of_an_account():
    record = record_of([("a", "suspended", 1), ("b", "suspended", 2)], [("a", "x"), ("c", "x")])
    assert [(f.account, f.followers) for f in followed_accounts(record, 5)] == [("x", 2)]
    assert followed_accounts(record, 5, "nobody") == []
    assert [f.account for f in followed_accounts(record, 5, "@X")] == ["x"]


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("vwxyz")), max_size=40))
@settings(max_examples=8)
def test_comparable_accounts_have_half_to_twice_the_followers(pairs):
    record = record_of([], [(f"follower{n}", one) for n, one in pairs])
    sizes = {one: len({n for n, other in pairs if other == one}) for one in "vwxyz"}
    alike = [a for a in "vwxyz" if a != "v" and sizes[a] and sizes["v"]
             and sizes["v"] / 2 <= sizes[a] <= sizes["v"] * 2]  # fmt: skip
    found = followed_alike(record, "v", 10)
    assert sorted(f.account for f in found) == alike
    assert all(f.followers == sizes[f.account] for f in found)
    apart = [max(f.followers / sizes["v"], sizes["v"] / f.followers) for f in found]
    assert apart == sorted(apart)


def test_a_page_after_an_account_that_is_none_is_the_first():
    table = table_of(record_of([("a", "suspended", 1)]))
    assert table.page(AccountQuery(), 5, 10**9).matching == 1
    assert table_of(record_of([])).page(AccountQuery(), 5).rows == ()


HOSTILE = ("after=-1", "after=99999999999999999999", "from=yesterday", "to=0001-01-01T00:00",
           "from=9999-12-31T23:59", "wave=%00", "group=x:1", "group=coordination-x:-1",
           "client=%27%3B--", "sort=evil", "age=evil", "leader=%3Cscript%3E")  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_an_address_that_makes_no_sense_is_no_error(measured, query):
    page = measured.get(f"/en/c/night/accounts?{query}")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert measured.get(f"/en/c/night/accounts.csv?{query}").status_code == 200


def test_the_sentence_counts_what_the_filters_left(measured):
    whole = measured.get("/en/c/night/accounts?wave=1").text
    assert "500 accounts were suspended from" in whole
    first = measured.get("/en/c/night/accounts?wave=1&to=2013-10-31T17:51:30").text
    count = int(re.search(r"<strong>(\d+) accounts were suspended", first)[1])
    assert 0 < count < 500
    filtered = measured.get("/en/c/night/accounts?to=2013-10-31T17:51:30&returned=yes").text
    some = int(re.search(r"<strong>(\d+) of the \d+ suspended", filtered)[1])
    table = measured.get("/en/c/night/accounts.csv?to=2013-10-31T17:51:30&returned=yes").text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert some == len(rows) < count
    assert all(row["returned"] for row in rows)
    none = measured.get("/en/c/night/accounts?to=2013-10-31T17:51:30&client=nothing").text
    assert f"None of the {count} suspended" in none


def test_handles_are_shown_only_after_a_switch_that_is_noted(measured):
    page = "/en/c/night/accounts"
    case = measured.workspace.desk("night").case()
    handles = set(case.record().names().values())

    def named():
        return {
            n.removeprefix("@") for n in re.findall(r"<bdi>([^<]+)</bdi>", measured.get(page).text)
        } & handles

    account = re.search(r'href="(/en/c/night/accounts/\d+)"', measured.get(page).text)[1]
    assert not named()
    measured.send(page, "/en/c/night/handles", {"show": "yes"})
    assert len(named()) == PAGE_ROWS
    assert measured.get(account).status_code == 200
    table = csv.DictReader(io.StringIO(measured.get(f"{page}.csv").text))
    assert not handles & {row["account"].removeprefix("@") for row in table}
    measured.send(page, "/en/c/night/handles", {"show": "no"})
    assert not named()
    noted = last_changes(measured.workspace.desk("night"))
    assert [c.what for c in noted] == ["handles-hidden", "handles-shown"]
    assert noted[0].who.startswith("owner")


def test_what_an_account_did_names_nobody(measured):
    record = measured.workspace.desk("night").case().record()
    busiest = record.sql(
        "SELECT i.code FROM acts a JOIN ids i ON i.id = a.account GROUP BY 1 "
        "ORDER BY count(*) DESC, 1 LIMIT 1"
    )
    code = busiest.column(0)[0].as_py()
    page = measured.get(f"/en/c/night/accounts/{code}").text
    assert page.count("<tr><td>") == PAGE_ROWS or 'rel="next"' not in page
    public = set(record.settings.public)
    private = {h for a, h in record.names().items() if a not in public}
    assert not private & set(re.findall(r"@([\w.]+)", page))
    assert measured.get("/en/c/night/accounts/999999999").status_code == 404


def test_the_pages_show_each_account_of_the_wave_by_pseudonym(measured):
    case = measured.workspace.desk("night").case()
    names, address, pages = [], "/en/c/night/accounts?wave=1", 0
    while address:
        page = measured.get(address).text
        pages += 1
        names += re.findall(r'<th scope="row"><a href="[^"]+"><bdi>([^<]+)</bdi></a></th>', page)
        nxt = re.search(r'rel="next" href="([^"]+)"', page)
        address = nxt and nxt[1].replace("&amp;", "&")
    wave = case.finding("waves").table("waves").to_pylist()[0]
    assert len(names) == len(set(names)) == wave["observed"]
    assert pages == -(-len(names) // PAGE_ROWS)
    handles = set(case.record().names().values())
    public = {case.record().names().get(a) for a in case.settings.public}
    assert not {n.removeprefix("@") for n in names} & (handles - public)


def test_the_interface_gives_the_same_page(tmp_path, small_case):
    shutil.copytree(small_case, tmp_path / "work" / "night")
    visitor = Visitor(tmp_path / "work", token="a-token-of-a-program")
    shown = {"authorization": "Bearer a-token-of-a-program"}
    plain = visitor.get("/api/v1/cases/night/accounts?wave=1", headers=shown).json()
    assert len(plain["accounts"]) == PAGE_ROWS and plain["total"] == 500
    following = visitor.get(
        f"/api/v1/cases/night/accounts?wave=1&after={plain['after']}", headers=shown
    ).json()
    assert not {a["name"] for a in plain["accounts"]} & {a["name"] for a in following["accounts"]}
    found = visitor.get("/api/v1/cases/night/findings", headers=shown).json()
    assert found["waves"]["answer"] == "found"
    asked = {"text": "At least 400 accounts were suspended in ten minutes.", "language": "en"}
    checked = visitor.client.post("/api/v1/cases/night/check", json=asked, headers=shown).json()
    assert [c["verdict"] for c in checked["claims"]] == ["supported"]
    described = visitor.get("/api/v1/openapi.json", headers=shown).json()
    routes = create_application(visitor.workspace, visitor.sessions).routes
    assert set(described["paths"]) == {
        r.path for r in routes if r.path.startswith("/api/v1/") and "openapi" not in r.path
    }
    for path, operations in described["paths"].items():
        for method in set(operations) & {"get"}:
            answer = visitor.client.request(method, path.format(case="night"), headers=shown)
            assert answer.status_code in (200, 404), path
    unknown = visitor.client.post("/api/v1/cases/night/job", json={"kind": "x"}, headers=shown)
    assert unknown.status_code == 422
