"""Spells against a slow, obvious reading of the same rows."""

import datetime as dt

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from birdfall.measures.suspensions import spells
from birdfall.model.schemas import FALLEN
from birdfall.record.record import from_tables
from builders import after, statuses
from tiers import in_both_tiers

EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def at(seconds):
    return after(EPOCH, seconds)


def record(rows):
    return from_tables({"statuses": statuses([(a, s, at(t), None, o) for a, s, t, o in rows])})


def plain_spells(rows):
    """One account after another, one row after another."""
    found = []
    for account in sorted({r[0] for r in rows}):
        mine = sorted((r for r in rows if r[0] == account), key=lambda r: r[2])
        previous = previous_time = open_spell = None
        for _, status, time, observation in mine:
            if status != previous:
                lower = time if observation == "change" else previous_time
                if open_spell:
                    open_spell.update(ended_as=status, ended_after=at(lower), ended_by=at(time))
                    found.append(open_spell)
                    open_spell = None
                if status in FALLEN:
                    open_spell = {
                        "account": account,
                        "status": status,
                        "fell_after": at(lower),
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
