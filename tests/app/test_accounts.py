"""The table of accounts: every one once, in order, by the name it goes by."""

import datetime as dt
import re
import shutil

import pyarrow as pa
import pytest
from app_made import Visitor
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.app.result_pages import PAGE_ROWS
from birdfall.app.server import create_application
from birdfall.model.schemas import TABLES
from birdfall.record.listing import FallenQuery, fallen_accounts, followed_accounts
from birdfall.record.record import from_tables

START = dt.datetime(2013, 10, 31, tzinfo=dt.UTC)


def record_of(events, follows=()):
    """A record of (account, status, minute) and (follower, followed)."""
    statuses = [
        {"account": a, "status": s, "time": START + dt.timedelta(minutes=m),
         "observation": "change"}
        for a, s, m in events
    ]  # fmt: skip
    edges = [{"follower": a, "followed": b, "observation": "seen", "observed_at": START}
             for a, b in follows]  # fmt: skip
    return from_tables(
        {
            "statuses": pa.Table.from_pylist(statuses, TABLES["statuses"]),
            "follows": pa.Table.from_pylist(edges, TABLES["follows"]),
        }
    )


def pages_of(record, query, size):
    """All accounts, a page at a time."""
    found, after = [], ""
    while True:
        page = fallen_accounts(record, query, size, after)
        assert len(page.accounts) <= size
        found += page.accounts
        if not page.after:
            assert page.total == len(found)
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


@settings(max_examples=12)
@given(EVENTS, st.integers(1, 5))
def test_pages_hold_every_account_once_in_order(events, size):
    record = record_of(events)
    for returned in (None, True, False):
        found = pages_of(record, FallenQuery(returned=returned), size)
        slow = {
            a: times
            for a, times in fallen_slowly(events).items()
            if returned is None or (times[1] is not None) == returned
        }
        minutes = {
            f.account: tuple(
                None if t is None else (t - START) / dt.timedelta(minutes=1)
                for t in (f.fell, f.returned)
            )
            for f in found
        }
        assert minutes == slow and len(found) == len(slow)
        keys = [(f.fell, f.code) for f in found]
        assert keys == sorted(keys)


def test_only_followers_of_an_account():
    record = record_of([("a", "suspended", 1), ("b", "suspended", 2)], [("a", "x"), ("c", "x")])
    found = pages_of(record, FallenQuery(leader="x"), 5)
    assert [f.account for f in found] == ["a"]
    assert [(f.account, f.followers) for f in followed_accounts(record, 5)] == [("x", 2)]
    assert followed_accounts(record, 5, "nobody") == []


@pytest.mark.parametrize("key", ["x", "1", "-", "9" * 60 + "-1", "1-'; DROP TABLE ids"])
def test_a_key_that_is_none_is_no_error(key):
    record = record_of([("a", "suspended", 1)])
    assert fallen_accounts(record, FallenQuery(), 5, key).total == 1


def test_the_pages_show_each_account_of_the_wave_by_pseudonym(measured):
    case = measured.workspace.desk("night").case()
    names, address, pages = [], "/en/c/night/accounts?wave=1", 0
    while address:
        page = measured.get(address).text
        pages += 1
        names += re.findall(r'<th scope="row"><bdi>([^<]+)</bdi></th>', page)
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
