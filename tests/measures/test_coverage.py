"""Coverage: what is there, what is missing, and which questions are answered by the measures' own
word.
"""

import datetime as dt

import pyarrow as pa

from birdfall.measures import audiences, ledgers, returns, waves
from birdfall.measures import follower_counts as counts
from birdfall.measures.coverage import coverage, question_reasons
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables
from builders import acts as act_table
from builders import after, statuses

START = dt.datetime(2024, 1, 1, 0, 0, 1, tzinfo=dt.UTC)


def acts(seconds, ids=None):
    rows = [(f"a{i % 7}", "repost", f"p{i}", after(START, s)) for i, s in enumerate(seconds)]
    return act_table(rows, act_id=ids or [f"x{i}" for i in range(len(rows))])


def questions(finding):
    return {r["question"]: r for r in finding.table("questions").to_pylist()}


def test_an_empty_record_answers_nothing():
    finding = coverage(from_tables({}))
    assert finding.answer == "nothing"
    assert not any(r["answerable"] for r in questions(finding).values())
    assert all(r["reason"] for r in questions(finding).values())


def test_a_reason_keeps_its_numbers():
    """What is said of it is "3 were seen; at least 20 are needed", in every place."""
    came_back = [(f"a{i}", "suspended", after(START, i)) for i in range(3)]
    came_back += [(f"a{i}", "active", after(START, 9000 + i)) for i in range(3)]
    reasons = question_reasons(coverage(from_tables({"statuses": statuses(came_back)})))
    assert reasons["reinstatements"].values == {"needs": 20, "reinstated": 3}


def test_questions_agree_with_the_measures():
    record = from_tables({"acts": acts(range(0, 4000, 10))})
    asked = questions(coverage(record))
    for name, measure in (
        ("waves", waves),
        ("audiences", audiences),
        ("ledgers", ledgers),
        ("returns", returns),
        ("counts", counts),
    ):
        note = measure.applies_to(record)
        assert asked[name]["answerable"] == (note is None), name
        assert asked[name]["reason"] == (None if note is None else note.code), name
    assert asked["coordination"]["answerable"]


def test_silence_beyond_the_streams_own_is_a_gap():
    finding = coverage(
        from_tables({"acts": acts([*range(0, 4000, 10), *range(90_000, 94_000, 10)])})
    )
    assert finding["gaps"].value == 1
    (gap,) = [s for s in finding.table("spans").to_pylist() if s["kind"] == "gap"]
    assert (gap["to"] - gap["from"]).total_seconds() > 80_000
    assert finding["gap_share"].value > 0.8


def test_duplicates_contradictions_and_early_acts_are_counted():
    accounts = pa.table(
        {"account": ["a0"], "created_at": pa.array([START + dt.timedelta(days=1)], TIME)}
    )
    statuses = pa.table(
        {
            "account": ["a", "a"],
            "status": ["active", "suspended"],
            "time": pa.array([START] * 2, TIME),
            "observation": ["seen"] * 2,
        }
    )
    again = [("a0", "repost", "p0", after(START, s)) for s in (1, 2)]
    twice = act_table([*again, ("a1", "repost", "p1", after(START, 3))], act_id=["x", "x", "x"])
    finding = coverage(from_tables({"acts": twice, "accounts": accounts, "statuses": statuses}))
    assert finding["duplicates"].value == 1
    assert finding["contradictions"].value == 1
    assert {r["problem"] for r in finding.table("clock").to_pylist()} == {"acts-before-creation"}


def test_missing_days_of_a_daily_series_are_gaps():
    days = [d for d in range(20) if not 8 <= d < 12]
    times = pa.array([(19_700 + d) * 86_400_000_000 for d in days], pa.int64()).cast(TIME)
    counts = {"account": ["a"] * len(days), "time": times, "followers": days}
    record = from_tables({"counts": pa.table(counts)})
    (gap,) = [s for s in coverage(record).table("spans").to_pylist() if s["kind"] == "gap"]
    assert (gap["to"] - gap["from"]).days == 5 and gap["what"] == "counts"
    weeks = pa.array([(19_700 + 7 * d) * 86_400_000_000 for d in range(9)], pa.int64()).cast(TIME)
    weekly = {"account": ["a"] * 9, "time": weeks, "followers": [1] * 9}
    assert not coverage(from_tables({"counts": pa.table(weekly)})).table("spans").num_rows
