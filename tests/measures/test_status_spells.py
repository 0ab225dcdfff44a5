"""Spells against a slow, obvious reading of the same rows."""

import datetime as dt

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from birdfall.measures.suspensions import count_set_anew, spells
from birdfall.model.schemas import FALLEN
from birdfall.record.record import from_tables
from builders import after, statuses
from tiers import in_both_tiers

EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def at(seconds):
    return after(EPOCH, seconds)


def record(rows):
    return from_tables({"statuses": statuses([(a, s, at(t), None, o) for a, s, t, o in rows])})


def is_lifted(mine, i, makings):
    """Whether row i lifts a suspension that the next one sets anew within a minute."""
    if i + 1 == len(mine) or (i and mine[i - 1][1] == "active") or (not i and makings):
        return False
    (_, status, time, how), (_, later, then, how_later) = mine[i : i + 2]
    changes = how == how_later == "change"
    return changes and status == "active" and later in FALLEN and then - time <= 60


def plain_spells(rows):
    """One account after another, one row after another."""
    found = []
    firsts = {r[0]: r for r in sorted(rows, key=lambda r: -r[2])}.values()
    begun = [status == "active" and how == "change" for _, status, _, how in firsts]
    makings = sum(begun) > len(begun) / 2
    for account in sorted({r[0] for r in rows}):
        mine = sorted((r for r in rows if r[0] == account), key=lambda r: r[2])
        previous = previous_time = open_spell = None
        lifted = [is_lifted(mine, i, makings) for i in range(len(mine))]
        for i, (_, status, time, observation) in enumerate(mine):
            if lifted[i]:
                continue
            if status != previous:
                anew = i > 0 and lifted[i - 1]
                lower = time if observation == "change" and not anew else previous_time
                if open_spell:
                    open_spell.update(ended_as=status, ended_after=at(lower), ended_by=at(time))
                    found.append(open_spell)
                    open_spell = None
                if status in FALLEN:
                    open_spell = {
                        "account": account,
                        "status": status,
                        "fell_after": None if lower is None else at(lower),
                        "fell_by": at(time),
                        "ended_as": None,
                        "ended_after": None,
                        "ended_by": None,
                    }
            if open_spell:
                open_spell["last_seen"] = at(time)
            previous, previous_time = status, time
        if open_spell:
            found.append(open_spell)
    return found


ROWS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["active", "suspended", "taken_down", "deactivated", "limited"]),
        st.integers(0, 10_000),
        st.sampled_from(["change", "seen"]),
    ),
    unique_by=lambda r: (r[0], r[2]),
    max_size=25,
)


def spells_are_what_a_careful_reader_would_say(rows):
    got = spells(record(rows)).drop_columns(["code", "reason"]).to_pylist()
    wanted = plain_spells(rows)
    key = lambda s: (s["account"], s["fell_by"])  # noqa: E731
    assert sorted(got, key=key) == sorted(wanted, key=key)


test_spells_are_what_a_careful_reader_would_say, test_many_spells_are_what_one_would_say = (
    in_both_tiers(spells_are_what_a_careful_reader_would_say, given(ROWS), few=35, many=200)
)


def test_a_takedown_said_twice_is_one():
    rows = [
        ("a", "taken_down", 1, "change"),
        ("a", "taken_down", 2, "change"),
        ("a", "active", 9, "change"),
    ]
    (only,) = spells(record(rows)).to_pylist()
    assert (only["fell_by"], only["ended_by"], only["last_seen"]) == (at(1), at(9), at(2))


def test_a_limited_account_has_not_fallen():
    assert spells(record([("a", "limited", 1, "change")])).num_rows == 0


def test_a_sighting_leaves_the_fall_between_two_looks():
    (only,) = spells(
        record([("a", "active", 0, "seen"), ("a", "suspended", 86_400, "seen")])
    ).to_pylist()
    assert (only["fell_after"], only["fell_by"]) == (at(0), at(86_400))


def test_an_interval_is_kept():
    table = pa.table(
        {
            "account": ["a"],
            "status": ["suspended"],
            "time": pa.array([at(86_400)], pa.timestamp("us", tz="UTC")),
            "after": pa.array([at(0)], pa.timestamp("us", tz="UTC")),
            "observation": ["change"],
        }
    )
    (only,) = spells(from_tables({"statuses": table})).to_pylist()
    assert (only["fell_after"], only["fell_by"]) == (at(0), at(86_400))


def test_a_block_set_anew_within_seconds_is_no_fall():
    told = [
        ("a", "suspended", 0, "change"),
        ("a", "active", 5000, "change"),
        ("a", "suspended", 5002, "change"),
        ("b", "active", 5000, "change"),
        ("b", "suspended", 5001, "change"),
        ("c", "suspended", 4000, "change"),
        ("c", "active", 5000, "change"),
        ("c", "suspended", 5100, "change"),
    ]
    rows = {r["account"]: r for r in spells(record(told)).to_pylist()}  # the last of each
    assert (rows["a"]["fell_by"], rows["a"]["ended_by"]) == (at(0), None)
    assert rows["b"]["fell_after"] is None, "it had fallen before anything is told"
    assert rows["c"]["fell_after"] == rows["c"]["fell_by"] == at(5100), "too late to be a setting"
    assert count_set_anew(record(told)) == 2


def test_a_fall_seconds_after_an_account_was_seen_standing_is_a_fall():
    told = [("a", "active", 0, "seen"), ("a", "suspended", 2, "change")]
    (row,) = spells(record(told)).to_pylist()
    assert row["fell_after"] == row["fell_by"] == at(2)
    assert count_set_anew(record(told)) == 0


def test_accounts_that_are_made_and_taken_down_within_a_minute_fell():
    """A log that tells of accounts first that they are active tells of their making."""
    told = [("a", "active", 0, "change"), ("b", "active", 5, "change")]
    told += [("a", "taken_down", 30, "change"), ("b", "taken_down", 9000, "change")]
    found = spells(record(told)).to_pylist()
    assert [r["fell_after"] for r in found] == [at(30), at(9000)]
    assert count_set_anew(record(told)) == 0
