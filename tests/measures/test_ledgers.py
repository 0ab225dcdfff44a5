"""One leader's book: against a census of every moment, bounds that hold, lists of followers, and
recorded truth.
"""

import csv
import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.measures.ledgers import applies_to, ledger, ledgers
from birdfall.record.record import from_tables
from birdfall.sources.ingest import load
from builders import counts as count_table
from builders import follows as follow_table
from builders import statuses as status_table
from tiers import in_both_tiers

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HIDDEN = {
    "suspended": "suspension",
    "taken_down": "suspension",
    "deactivated": "deactivated",
    "deleted": "deleted",
}


def hour(number):
    return None if number is None else START + dt.timedelta(hours=number)


def micro(number):
    return round(hour(number).timestamp() * 1e6)


def record_of(follows=(), statuses=(), counts=()):
    """A record of the leader L.

    follows: (follower, since, until[, observed]); statuses: (account, status, time[, after]);
    counts: (time, n).
    """
    tables = {}
    if follows:
        tables["follows"] = follow_table([(f, "L", *map(hour, when)) for f, *when in follows])
    if statuses:
        tables["statuses"] = status_table([(a, s, *map(hour, when)) for a, s, *when in statuses])
    if counts:
        tables["counts"] = count_table([("L", hour(t), n) for t, n in counts])
    return from_tables(tables)


def values(finding, *names):
    return tuple(finding[n].value for n in names)


def entries(finding):
    return [
        (round((r["time"] - START).total_seconds() / 3600), r["account"], r["cause"], r["change"])
        for r in finding.table("entries").to_pylist()
    ]


def test_every_cause_is_told_and_none_is_counted_twice():
    finding = ledger(
        record_of(
            follows=[
                ("a", 0, None),
                ("b", 0, 5),
                ("c", 0, None),
                ("d", 0, 2),
                ("d", 9, None),
                ("e", 0, None),
                ("f", 0, None),
            ],
            statuses=[
                ("a", "suspended", 4),
                ("a", "suspended", 5),
                ("a", "active", 8),
                ("b", "suspended", 6),
                ("c", "deleted", 4),
                ("e", "deactivated", 4),
                ("e", "active", 7),
                ("f", "suspended", 4),
                ("f", "taken_down", 6),
            ],
        ),
        "L",
    )
    assert entries(finding) == [
        (0, a, "new", 1) for a in finding.table("entries").column("account").to_pylist()[:6]
    ] + [
        (2, "d", "unfollowed", -1),
        *sorted(
            [
                (4, "a", "suspension", -1),
                (4, "c", "deleted", -1),
                (4, "e", "deactivated", -1),
                (4, "f", "suspension", -1),
            ],
            key=lambda e: finding.table("entries").column("account").to_pylist().index(e[1], 7),
        ),
        (5, "b", "unfollowed", -1),
        (7, "e", "reactivated", 1),
        (8, "a", "restored", 1),
        (9, "d", "refollowed", 1),
    ]
    # b was suspended after it had unfollowed: no loss
    assert values(
        finding,
        "lost_suspension",
        "restored",
        "lost_deleted",
        "lost_deactivated",
        "unfollowed",
        "refollowed",
        "new",
        "missing",
        "before",
        "lowest",
        "now",
    ) == (2, 1, 1, 1, 2, 1, 6, 1, 6, 0, 3)
    assert finding["lowest_at"].value == micro(5)
    assert [(r["after_s"] / 3600, r["returned"]) for r in finding.table("returns").to_pylist()] == [
        (4, 0.5)
    ] * 1
    assert finding.answer == "found"


def test_one_who_unfollows_while_away_is_no_longer_missing():
    finding = ledger(
        record_of([("a", 0, 6), ("b", 0, None)], [("a", "suspended", 4), ("a", "active", 9)]), "L"
    )
    assert values(finding, "lost_suspension", "restored", "missing", "unfollowed", "now") == (
        1,
        0,
        0,
        1,
        1,
    )
    (row,) = finding.table("returns").to_pylist()
    assert (row["after_s"], row["events"], row["censored"]) == (2 * 3600, 0, 1)
    assert finding.table("series").column("missing").to_pylist()[-2:] == [1, 0]


@st.composite
def histories(draw):
    """(follow spells, statuses, final hour) of up to five accounts at whole hours."""
    follows, statuses = [], []
    for account in "abcde"[: draw(st.integers(1, 5))]:
        marks = sorted(draw(st.sets(st.integers(0, 40), max_size=5)))
        for place in range(0, len(marks), 2):
            follows.append(
                (account, marks[place], marks[place + 1] if place + 1 < len(marks) else None)
            )
        for time in sorted(draw(st.sets(st.integers(0, 40), max_size=5))):
            statuses.append((account, draw(st.sampled_from([*HIDDEN, "active", "limited"])), time))
    return follows, statuses


def census(follows, statuses, time):
    """(visible followers, missing through suspension) at `time`, account by account."""
    visible = missing = 0
    for account in {f[0] for f in follows}:
        if not any(
            a == account and since <= time and (until is None or until > time)
            for a, since, until in follows
        ):
            continue
        said = [s for a, s, t in statuses if a == account and t <= time]
        if not said or said[-1] not in HIDDEN:
            visible += 1
            continue
        # a chain of hidden statuses is named by its first
        while len(said) > 1 and said[-2] in HIDDEN:
            said.pop()
        missing += HIDDEN[said[-1]] == "suspension"
    return visible, missing


def the_book_is_the_census_at_every_moment(history):
    follows, statuses = history
    if not follows:
        return
    record = record_of(follows, statuses)
    finding = ledger(record, "L")
    rows = {r["time"]: r for r in finding.table("series").to_pylist()}
    followers = missing = 0
    for number in range(42):
        row = rows.get(hour(number))
        if row:
            followers, missing = row["followers"], row["missing"]
            assert (row["low"], row["high"]) == (followers, followers)
            assert (row["missing_low"], row["missing_high"]) == (missing, missing)
        assert (followers, missing) == census(follows, statuses, number)
    assert values(finding, "now", "missing") == census(follows, statuses, 99)
    book = finding.table("entries")
    assert sum(book.column("change").to_pylist()) == followers
    series = [0] + [census(follows, statuses, n)[0] for n in range(42)]
    falls = [max(series[: i + 1]) - series[i] for i in range(len(series))]
    assert finding["before"].value - finding["lowest"].value == max(falls)
    early = ledger(record, "L", until=micro(20))
    if early.answer != "cannot":
        assert values(early, "now", "missing") == census(follows, statuses, 20)


test_the_book_is_the_census_at_every_moment, test_many_books_are_the_census = in_both_tiers(
    the_book_is_the_census_at_every_moment, given(histories()), few=20, many=100
)


def coarse_times_give_bounds_that_hold_the_truth(history, step):
    follows, statuses = history
    coarse, states = [], {}
    for account, status, time in statuses:
        # the sharp statuses that a watcher who looks every `step` hours can tell apart
        states.setdefault(account, []).append((-(-time // step) * step, status))
    kept = []
    for account, said in states.items():
        last = {}
        for time, status in said:
            last[time] = status
        before = None
        for time, status in sorted(last.items()):
            if (status in HIDDEN) != (before in HIDDEN):
                coarse.append((account, status, time, time - step))
                # the truth that is compared with: somewhere in the interval, here at its earliest
                # whole hour
                kept.append((account, status, time - step + 1))
            before = status
    if not follows or not coarse:
        return
    finding = ledger(record_of(follows, coarse), "L")
    sharp = ledger(record_of(follows, kept), "L")
    rows, truth = (
        finding.table("series").to_pylist(),
        {r["time"]: r for r in sharp.table("series").to_pylist()},
    )
    for row in rows:
        times = [t for t in truth if t <= row["time"]]
        followers, missing = (
            (truth[max(times)]["followers"], truth[max(times)]["missing"]) if times else (0, 0)
        )
        assert row["low"] <= followers <= row["high"]
        assert row["missing_low"] <= missing <= row["missing_high"]
        assert row["low"] <= row["followers"] <= row["high"]


test_coarse_times_give_bounds_that_hold_the_truth, test_many_bounds_hold_the_truth = in_both_tiers(
    coarse_times_give_bounds_that_hold_the_truth,
    given(histories(), st.integers(2, 12)),
    few=20,
    many=100,
)


def test_lists_of_followers_tell_unfollowed_from_hidden():
    lists = {0: "abcd", 24: "bd", 48: "abd", 72: "abcde"}
    finding = ledger(
        record_of(
            follows=[(a, None, None, t) for t, names in lists.items() for a in names]
            + [("b", None, None, 0.5)],
            statuses=[("a", "suspended", 20, 10), ("a", "active", 40)],
        ),
        "L",
    )
    book = {
        (r["account"], r["cause"]): (r["time"], r["time_low"])
        for r in finding.table("entries").to_pylist()
    }
    assert book == {
        ("a", "suspension"): (hour(20), hour(10)),
        ("a", "restored"): (hour(40), hour(40)),
        ("c", "unfollowed"): (hour(24), hour(0.5)),
        ("c", "refollowed"): (hour(72), hour(48)),
        ("e", "new"): (hour(72), hour(48)),
    }
    codes = {n.code: n.values for n in finding.limits}
    assert (
        codes["followers-known-from-lists"] == {"lists": 4}
        and codes["entries-within-intervals"]["entries"] == 4
    )
    assert finding.details["opening"] == 4
    assert [(finding["lowest"].value, finding["lowest"].low, finding["lowest"].high)] == [(2, 2, 2)]


def test_the_last_number_has_bounds_where_times_are_intervals():
    finding = ledger(
        record_of([("a", 0, None), ("b", 0, 20), ("c", 0, None)], [("a", "suspended", 24, 12)]), "L"
    )
    # when b left, a may have been away already or not
    assert [tuple(r.values())[1:] for r in finding.table("series").to_pylist()] == [
        (3, 3, 3, 0, 0, 0),
        # from here on a may be away: the band holds between rows too
        (3, 2, 3, 0, 0, 1),
        (2, 1, 2, 0, 0, 1),
        (1, 1, 1, 1, 1, 1),
    ]
    assert (finding["now"].low, finding["now"].high, finding["now"].bounds) == (1, 1, "identified")


def test_a_leader_who_was_away_is_told():
    finding = ledger(
        record_of(
            [("a", 0, None)], [("L", "suspended", 4), ("L", "active", 6), ("L", "suspended", 8)]
        ),
        "L",
    )
    (note,) = [n for n in finding.limits if n.code == "leader-itself-suspended"]
    assert note.values == {"falls": 2, "spans": [[micro(4), micro(6)], [micro(8), None]]}
    assert finding.answer == "nothing" and finding.reasons[0].code == "none-lost-to-suspension"


def test_counts_are_laid_beside():
    finding = ledger(
        record_of(
            [("a", 0, None), ("b", 1, None), ("c", 1, 5)],
            [("a", "suspended", 6)],
            [(2, 103), (5, 102), (7, 99)],
        ),
        "L",
    )
    rows = [
        (r["counted"], r["ledger"], r["difference"])
        for r in finding.table("reconciled").to_pylist()
    ]
    assert rows == [(103, 3, 100), (102, 2, 100), (99, 1, 98)]
    assert finding["unexplained"].value == -2
    assert {n.code: n.values for n in finding.limits}["counts-differ"] == {"accounts": -2}


def test_what_cannot_be_said():
    assert applies_to(from_tables({})).code == "no-follows"
    record = record_of([("a", 0, None)])
    assert [f.reasons[0].code for f in ledgers(record, ["nobody", "a"])] == [
        "unknown-leader",
        "no-edges-of-leader",
    ]
    assert ledger(record, "a").answer == "cannot"
    assert [n.code for n in ledger(record, "L").limits] == ["no-statuses"]
    first = record_of([("a", 0, None), ("b", 0, None)], [("a", "suspended", 3), ("a", "active", 5)])
    assert ledger(first, "L").to_json() == ledgers(first, ["L"])[0].to_json()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("wave-ci", "wave-ci.atfh.gz"),
        ("wave-pds0.4.217", "wave-pds0.4.217.atfh.gz"),
        ("wave-pds0.4.217", "wave-pds0.4.217.jetstream-v1.jsonl.gz"),
    ],
)
@pytest.mark.parametrize("side", ["leader", "control"])
def test_recorded_waves_account_for_account(real, name, file, side):
    record = load(real(f"atproto-recordings/{file}"))
    with real(f"atproto-recordings/{name}-truth.csv").open(encoding="utf-8") as opened:
        truth = list(csv.DictReader(opened))
    (who,) = [t["did"] for t in truth if t["role"] == side]
    finding = ledger(record, who)
    fans = {
        t["did"]: t for t in truth if t[f"follows_{side}"] == "1" or t[f"unfollowed_{side}"] == "1"
    }
    gone = {d for d, t in fans.items() if t[f"unfollowed_{side}"] == "1"}
    told = {}
    for row in finding.table("entries").to_pylist():
        told.setdefault(row["cause"], {})[row["account"]] = row["time"]
    assert told.get("new", {}).keys() == fans.keys()
    assert told.get("unfollowed", {}).keys() == gone
    fallen = {d: t for d, t in fans.items() if t["takedown_at"]}
    assert told.get("suspension", {}).keys() == fallen.keys() - gone
    assert told.get("restored", {}).keys() == {
        d for d in fallen.keys() - gone if fallen[d]["restored_at"]
    }
    for cause, column in (("suspension", "takedown_at"), ("restored", "restored_at")):
        for account, time in told.get(cause, {}).items():
            # the truth is the moment of the request; the host's event follows within a second
            assert (
                abs((time - dt.datetime.fromisoformat(fans[account][column])).total_seconds()) < 1
            )
    left = told.get("unfollowed", {})
    for event, cause in (("deactivate", "deactivated"), ("delete", "deleted")):
        asked = {
            d: t["other_at"] for d, t in fans.items() if t["other_event"].split("_")[0] == event
        }
        # who unfollowed first is no loss
        kept = {
            d for d, at in asked.items() if d not in left or left[d] > dt.datetime.fromisoformat(at)
        }
        assert told.get(cause, {}).keys() == kept
    missing = {d for d, t in fallen.items() if not t["restored_at"]} - gone
    assert finding["missing"].value == len(missing)
    still = [d for d, t in fans.items() if t["final"] == "active" and d not in gone]
    assert finding["now"].value == len(still)


def test_a_book_of_very_many_times_keeps_its_turning_points():
    count = 9000
    rng = np.random.default_rng(2)
    since = rng.uniform(0, 100, count)
    fallen = [(f"u{n}", "suspended", 200 + n / 1000) for n in range(3000)]
    finding = ledger(record_of([(f"u{n}", s, None) for n, s in enumerate(since)], fallen), "L")
    table = finding.table("series")
    assert table.num_rows <= 4000 and finding.table("entries").num_rows == count + 3000
    assert finding["lowest_at"].value in table.column("time").cast(pa.int64()).to_pylist()
    assert (
        max(table.column("followers").to_pylist()),
        max(table.column("missing").to_pylist()),
    ) == (count, 3000)
