"""Files that went wrong once, kept beside the checkout, and what each must give (EXPECT.md there).

They are skipped, saying so, where they are not there.
"""

import datetime as dt
import json

import pytest
from test_corpus import found_in, rows

from birdfall.inquiry import Inquiry
from birdfall.measures.waves import waves
from birdfall.sources.ingest import load
from commands import birdfall

UTC = {"time_zone": "UTC"}
LEADERS_POST = "1449999999999999999"
NOON = "2021-10-18T12:"


def acts(*rows):
    return sorted([account, kind, thing, time] for account, kind, thing, time in rows)


def own_kinds(record, *kinds):
    """Acts of these kinds, without the hashtags, links and mentions in them."""
    return [a for a in found_in(record, "acts") if a[1] in kinds]


#: File, options, what `found_in` has of it.
READ = {
    "003-twarc-csv-retweets.csv": ({}, {"acts": acts(
        *((a, "repost", LEADERS_POST, f"{NOON}00:0{s}Z")
          for a, s in (("11", 0), ("12", 1), ("13", 2))))}),
    "005-profile-website.csv": ({}, {"acts": [], "accounts": ["1", "2"]}),
    "009-date-and-time-columns.csv": (UTC, {
        "times": ["2025-01-15T13:05:00Z", "2025-01-15T13:05:09Z"]}),
    "012-stream-delete-notice-first.jsonl": ({}, {"acts": acts(
        ("3", "post", "9", f"{NOON}00:00Z"))}),
    "021-zone-abbreviations.csv": ({}, {"times": sorted(
        f"2021-03-14T{t}Z" for t in ("14:00:00", "15:00:01", "10:00:02", "14:30:03", "14:30:04",
                                     "10:00:05"))}),
    "023-sep-line.csv": ({}, {"times": [f"{NOON}00:00Z", f"{NOON}00:01Z"]}),
    "035-backslash-quote.csv": ({}, {"times": [f"{NOON}00:0{i}Z" for i in range(3)]}),
    "045-iso-week.csv": ({}, {"times": [f"{NOON}00:00Z", f"{NOON}00:01Z"]}),
    "049-empty-retweet-id.csv": (UTC, {"kinds": {"post": 4}}),
    "028-ozone-page.json": ({}, {"statuses": sorted(
        [f"did:plc:{n}_ve", "taken_down", f"2024-11-19T09:00:0{i}Z", "change"]
        for i, n in enumerate(("alfa", "beta", "gama")))}),
    "029-getFollowers.jsonl": ({}, {"follows": sorted(
        [f"did:plc:{n}_ve", "did:plc:leader", "seen"] for n in ("alfa", "beta", "gama"))}),
    "043-source-target.csv": ({}, {"follows": [
        ["a1", "leader", "seen"], ["a2", "leader", "seen"]]}),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_it_must_be(real, name):
    options, expected = READ[name]
    record = load(real(f"intake/{name}"), **options)
    for what, value in expected.items():
        assert found_in(record, what) == value
    assert not [r for r in rows(record, "rejected") if "notices" not in r["reason"]]


@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("007-snscrape-type-taken-for-kind.jsonl", None),
        ("011-apify-csv.csv", "1100000000000000011"),
    ],
)
def test_reposts_are_of_what_was_reposted(real, name, account):
    record = load(real(f"intake/{name}"))
    found = own_kinds(record, "repost", "post")
    original = "1789999999999999999" if account else LEADERS_POST
    assert [(a[1], a[2]) for a in found] == [("repost", original)] * 3


def test_a_row_s_own_address_is_never_shared(real):
    record = load(real("intake/001-4cat-own-link.csv"))
    found = found_in(record, "acts")
    assert sum(a[1] in ("repost", "post") for a in found) == 3
    assert not [a for a in found if a[2].startswith("https://x.com/")]
    assert {a[3] for a in found} == {f"{NOON}00:0{i}Z" for i in range(3)}


def test_users_are_accounts(real):
    record = load(real("intake/004-twarc-csv-users.csv"))
    assert not rows(record, "acts") and not rows(record, "rejected")
    assert {a: n for a, n, _ in found_in(record, "counts")} == dict.fromkeys(("11", "12", "13"), 10)


def test_profiles_made_on_one_day_did_nothing_together(real):
    done = birdfall(
        "coordinate", real("intake/005-profile-website.csv"), "--null", "none", "--at-least", 1
    )
    assert done.returncode != 0 and "no acts" in done.stderr


def pairs_of(path):
    """Every pair that moved together at all: accounts, and how many they are."""
    done = birdfall("coordinate", path, "--null", "none", "--at-least", 1, "--json", check=0)
    estimates = json.loads(done.stdout)["finding"]["estimates"]
    return {name: estimates[name]["value"] for name in ("accounts", "acts", "edges")}


def test_duplicates_count_once(real):
    path = real("intake/006-duplicate-rows.csv")
    assert pairs_of(path) == {"accounts": 2, "acts": 3, "edges": 1}
    assert "3 duplicates" in birdfall("look", path).stdout


@pytest.mark.parametrize("name", ["014-mastodon-admin-accounts.json", "015-suspended-flag.csv"])
def test_flags_are_statuses_whose_time_is_asked(real, name):
    path = real(f"intake/{name}")
    asked = birdfall("look", path)
    assert asked.returncode == 2 and "--const observed_at" in asked.stdout
    record = load(path, constants={"observed_at": f"{NOON}00:00Z"})
    found = found_in(record, "statuses")
    assert found and {s[3] for s in found} == {"seen"} and not rows(record, "acts")
    assert "suspended" in {s[1] for s in found}


def test_words_of_statuses(real):
    record = load(real("intake/017-status-words.csv"))
    fallen = {s[0] for s in found_in(record, "statuses") if s[1] == "suspended"}
    assert fallen == {"a1", "a5", "a7", "a8"}
    refused = {r["value"] for r in rows(record, "rejected")}
    assert {"403", "not found"} <= refused


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("019-tags.csv", "repost"),
        ("020-crowdtangle.csv", "link"),
        ("031-telegram-desktop.json", "repost"),
        ("032-outbox.json", "repost"),
    ],
)
def test_known_tools_are_recognised(real, name, kind):
    record = load(real(f"intake/{name}"))
    assert kind in found_in(record, "kinds")
    assert not [r for r in rows(record, "rejected") if "service" not in r["reason"]]


def test_dates_of_many_forms(real):
    record = load(real("intake/022-dates.csv"), **UTC)
    times = found_in(record, "times")
    wanted = ("2020-10-19T22:58:20Z", "2024-04-14T18:00:00Z", "2021-10-18T15:00:00Z")
    assert set(wanted) <= set(times) and len(times) >= 9


@pytest.mark.parametrize("name", ["025-excel.xlsx", "026-csv-in-zip.zip", "027-sqlite.sqlite"])
def test_containers_are_opened(real, name):
    record = load(real(f"intake/{name}"), **UTC)
    assert any(rows(record, t) for t in ("acts", "statuses", "counts", "follows"))


def test_clock_words_and_months(real):
    spanish = load(real("intake/036-spanish-clock-words.csv"), **UTC)
    assert found_in(spanish, "times") == [f"2013-10-31T17:5{i}:00Z" for i in range(5)]
    months = load(real("intake/037-months.csv"), **UTC)
    days = [t[:10] for t in found_in(months, "times")]
    assert sorted(days) == ["2021-10-01"] + ["2021-10-18"] * 8


def test_rounded_counts_are_refused_with_what_to_do(real):
    record = load(real("intake/038-count-forms.csv"), **UTC)
    counted = [c["followers"] for c in rows(record, "counts") if c["followers"] is not None]
    assert sorted(counted) == [1, 12_345, 17_000, 32_000]
    refused = {r["value"]: r["fix"] for r in rows(record, "rejected")}
    assert all("in full" in refused[v] for v in ("1,2 mil", "32K"))


def test_handles_are_accounts(real):
    assert len(rows(load(real("intake/042-handle-as-account.csv")), "statuses")) >= 2
    # @Alfa, alfa and the address are one; so is a name with marks of direction and without
    assert pairs_of(real("intake/034-handles.csv")) == {"accounts": 3, "acts": 7, "edges": 3}


def test_two_hashtags_of_one_post_are_no_duplicates(real):
    record = load(real("intake/048-false-duplicates.jsonl"))
    assert found_in(record, "kinds") == {"post": 1, "hashtag": 2}
    assert Inquiry(record).coverage()["duplicates"].value == 0


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["reblock-pairs", "stray-row", "past-expiry"])
def test_no_wave_is_made_of_a_log_s_own_oddities(real, name):
    record = load(real(f"faults/{name}.csv.gz"))
    finding = waves(record, replicates=99)
    assert finding.answer == "nothing"
    codes = {note.code: note.values for note in finding.limits}
    if name == "reblock-pairs":
        assert codes["set-anew-within-seconds"]["suspensions"] == 1500
    elif name == "stray-row":
        assert codes["stray-times"]["rows"] == 1
    else:
        assert len(rows(record, "rejected")) == 1


def test_counts_are_dated_by_the_observation(real):
    record = load(real("faults/cca.csv"))
    assert {c["time"].year for c in rows(record, "counts")} == {2020}
    assert {a["created_at"] for a in rows(record, "accounts")} == {
        dt.datetime(2012, 5, 1, tzinfo=dt.UTC)
    }


def test_accounts_made_in_one_week_are_asked_about(real):
    record = load(real("faults/acc.csv"))
    assert not rows(record, "acts") and len(found_in(record, "accounts")) == 943
    questions = {
        r["question"]: r for r in Inquiry(record).coverage().table("questions").to_pylist()
    }
    assert questions["coordination"]["answerable"]


def test_reports_are_known_by_their_columns(real):
    record = load(real("faults/reports-columns.csv"))
    assert found_in(record, "kinds") == {"report": 2}
