"""Who came back and when: chained falls, censoring, intervals, and three real records."""

import datetime as dt

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from birdfall.measures.returns import applies_to, returns
from birdfall.measures.returns.turnbull import ENDLESS_US, interval_curve
from birdfall.measures.suspensions import find_absences
from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.record.record import NEVER, from_tables
from builders import coverage as covered
from builders import statuses

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DAY = 86_400


def day(number):
    return None if number is None else START + dt.timedelta(days=number)


def record_of(rows, coverage=None, observation="change"):
    """rows: (account, status, day) or (account, status, day, after)."""
    dated = [(a, status, *map(day, when)) for a, status, *when in rows]
    tables = {"statuses": statuses(dated, observation=observation)}
    if coverage:
        tables["coverage"] = covered([("watched", *map(day, coverage))])
    return from_tables(tables)


def curve(finding):
    return [
        (r["after_s"] / DAY, r["returned"], r["at_risk"])
        for r in finding.table("curve").to_pylist()
    ]


def test_shares_days_and_those_never_seen_again():
    finding = returns(
        record_of(
            [
                ("a", "suspended", 0),
                ("b", "taken_down", 0),
                ("c", "suspended", 0),
                ("d", "suspended", 8),
                ("a", "active", 2),
                ("b", "active", 6),
            ],
            coverage=(-5, 10),
        )
    )
    assert finding.answer == "found" and finding.name == "returns"
    # d is followed for two days only: at six days two are left, and one of them returns
    assert curve(finding) == [
        (2, 0.25, 4),
        (6, pytest.approx(0.625), 2),
        (10, pytest.approx(0.625), 1),
    ]
    assert {k: finding[k].value for k in ("fallen", "returned", "censored")} == {
        "fallen": 4,
        "returned": 2,
        "censored": 2,
    }
    assert finding["returned_4d"].value == 0.25 and finding["half_return"].value == 6 * DAY


def test_a_fall_with_several_names_is_one_and_a_deletion_is_no_return():
    record = record_of(
        [
            ("a", "suspended", 0),
            ("a", "taken_down", 1),
            ("a", "active", 4),
            ("b", "suspended", 0),
            ("b", "deleted", 1),
            ("c", "deleted", 0),
            ("c", "active", 3),
            ("d", "suspended", 2),
            ("d", "limited", 3),
            ("e", "active", 9),
        ]
    )
    finding = returns(record)
    assert finding["fallen"].value == 3
    assert curve(finding) == [
        (1, pytest.approx(1 / 3), 3),
        (4, pytest.approx(2 / 3), 2),
        (9, pytest.approx(2 / 3), 1),
    ]
    assert [(n.code, n.values) for n in finding.limits] == [
        ("suspended-then-deleted", {"accounts": 1})
    ]


def test_sightings_are_censored_when_last_seen():
    record = record_of(
        [
            ("a", "active", 0),
            ("a", "suspended", 2),
            ("a", "suspended", 3),
            ("b", "active", 0),
            ("b", "active", 9),
        ],
        observation="seen",
    )
    (fall,) = zip(
        *(
            getattr(find_absences(record), n)
            for n in ("fell_after", "fell_by", "back_by", "known_until")
        ),
        strict=True,
    )
    micro = [round(day(d).timestamp() * 1e6) for d in (0, 2, 3)]
    assert list(fall) == [micro[0], micro[1], NEVER, micro[2]]
    assert returns(record).answer == "nothing"


def test_intervals_widen_the_band_and_hold_the_truth():
    rng = np.random.default_rng(3)
    exact, coarse = [], []
    for number in range(200):
        fell = rng.uniform(0, 20)
        exact.append((f"u{number}", "suspended", fell))
        coarse.append((f"u{number}", "suspended", np.ceil(fell), np.ceil(fell) - 1))
        if rng.random() < 0.7:
            back = fell + rng.exponential(5)
            exact.append((f"u{number}", "active", back))
            coarse.append((f"u{number}", "active", np.ceil(back), np.ceil(back) - 1))
    sharp, wide = returns(record_of(exact, (0, 90))), returns(record_of(coarse, (0, 90)))
    limit = {n.code: n.values for n in wide.limits}["interval-censored-times"]
    assert limit["of"] == 200 and limit["median_width_s"] > 0
    assert wide["returned_4d"].low < sharp["returned_4d"].value < wide["returned_4d"].high
    assert (
        wide["returned_4d"].high - wide["returned_4d"].low
        > sharp["returned_4d"].high - sharp["returned_4d"].low
    )
    assert wide["returned_4d"].value == pytest.approx(sharp["returned_4d"].value, abs=0.06)


def slow_turnbull(low, high, rounds=20_000):
    """The estimate by plain self-consistency over every elementary interval (Turnbull 1976), a row
    per fall.
    """
    points = np.unique(np.r_[low, high])
    left, right = points[:-1], points[1:]
    inside = (low[:, None] <= left) & (right <= high[:, None])
    share = np.full(len(left), 1 / len(left))
    for _ in range(rounds):
        part = inside * share
        share = (part / part.sum(axis=1, keepdims=True)).mean(axis=0)
    return right, np.cumsum(share)


@pytest.mark.parametrize("seed", range(4))
def test_the_curve_of_intervals_is_turnbulls(seed):
    rng = np.random.default_rng(seed)
    n = 25
    low = rng.integers(0, 12, n)
    high = low + rng.integers(1, 6, n)
    came = rng.random(n) < 0.75
    scale = 86_400 * 1_000_000
    found = interval_curve(low * scale, high * scale, came, 0.95, ())
    right, upto = slow_turnbull(low.astype(float), np.where(came, high, 99).astype(float))
    # at the ends of innermost intervals both are the same; between them the likelihood says nothing
    ends = found.estimate.high[found.estimate.high < ENDLESS_US]
    ours = found.at(ends)
    theirs = np.r_[0.0, upto][np.searchsorted(right, ends / scale, side="right")]
    assert ours[:, 0] == pytest.approx(theirs, abs=0.01)
    assert (ours[:, 1] <= ours[:, 0]).all() and (ours[:, 0] <= ours[:, 2]).all()
    assert (np.diff(found.at(np.arange(20) * scale), axis=0) >= -1e-12).all()


@pytest.mark.parametrize(
    ("records", "least"), [(12, 11), pytest.param(40, 37, marks=pytest.mark.slow)]
)
def test_the_band_of_intervals_covers_the_truth(records, least):
    """Snapshots every two days of returns that take five days on average: the band at four days
    holds the true share.
    """
    held = 0
    day_us = 86_400 * 1_000_000
    for seed in range(records):
        rng = np.random.default_rng(1000 + seed)
        fell, lasted = rng.uniform(0, 20, 150), rng.exponential(5, 150)
        a, c = np.floor(fell / 2) * 2, np.floor((fell + lasted) / 2) * 2
        came = c < 40
        shortest, longest = np.maximum(np.where(came, c, 40) - (a + 2), 0), c + 2 - a
        found = interval_curve(
            (shortest * day_us).astype(np.int64),
            (longest * day_us).astype(np.int64),
            came,
            0.95,
            (),
        )
        _, low, high = found.at(np.array([4 * day_us]))[0]
        held += low <= 1 - np.exp(-4 / 5) <= high
    assert held >= least


def test_narrow_intervals_keep_the_product_limit():
    rows = [(f"u{n}", "suspended", 0.0, -0.001) for n in range(50)] + [
        (f"u{n}", "active", 5.0 + n / 10) for n in range(40)
    ]
    finding = returns(record_of(rows, (0, 20)))
    assert finding.method[0] == "kaplan-meier-1958"
    assert "curve-from-intervals" not in {n.code for n in finding.limits}


def test_chosen_accounts_waves_and_an_earlier_end():
    record = record_of(
        [
            ("a", "suspended", 0),
            ("b", "suspended", 1),
            ("a", "active", 3),
            ("b", "active", 5),
            ("a", "suspended", 7),
        ]
    )
    assert returns(record, accounts=["b"])["fallen"].value == 1
    assert returns(record, accounts=[record.ids.code("a")])["returned"].value == 1
    until = round(day(4).timestamp() * 1e6)
    assert returns(record, until=until)["returned"].value == 1
    assert returns(record, until=until)["censored"].value == 1
    members = pa.table(
        {
            "wave": pa.array([1, 2], pa.int32()),
            "account": ["a", "a"],
            "fell_by": pa.array([day(0), day(7)], pa.timestamp("us", "UTC")),
        }
    )
    wave = Finding("waves", "waves", "found", tables={"members": members})
    first, second = (returns(record, wave=wave, wave_number=n) for n in (1, 2))
    assert (first.name, first["returned"].value, first.details["falls"]) == ("returns-1", 1, 1)
    assert (second.answer, second.details["falls"]) == ("nothing", 1)
    with pytest.raises(UsageError):
        returns(record, wave=wave, wave_number=3)
    with pytest.raises(UsageError):
        returns(record, accounts=["nobody"])


def test_nothing_to_follow():
    assert applies_to(from_tables({})).code == "no-statuses"
    finding = returns(record_of([("a", "active", 0)]))
    assert finding.answer == "nothing" and finding.reasons[0].code == "no-suspended-accounts"


def test_a_long_curve_keeps_all_its_events():
    rows = [(f"u{n}", "suspended", 0.0) for n in range(6000)] + [
        (f"u{n}", "active", 1 + n / 5000) for n in range(5000)
    ]
    finding = returns(record_of(rows))
    table = finding.table("curve")
    assert table.num_rows == 4000
    assert (
        sum(table.column("events").to_pylist()) == 5000
        and sum(table.column("censored").to_pylist()) == 1000
    )
    assert table.column("returned").to_pylist()[-1] == pytest.approx(5 / 6)
    assert table.column("at_risk").to_pylist()[0] == 6000


def test_2022_daily_reports(real):
    path = real("suspensions-2022/suspensions.parquet")
    found = {}
    for which in ("tracked", "NOT tracked"):
        rows = duckdb.sql(
            "SELECT account, suspended_observed, reversed_observed "
            f"FROM '{path}' WHERE {which} ORDER BY ALL"
        ).fetchall()
        base = dt.date(2026, 3, 1)
        statuses = [(a, "suspended", (s - base).days, (s - base).days - 1) for a, s, _ in rows]
        statuses += [(a, "active", (r - base).days, (r - base).days - 1) for a, _, r in rows if r]
        finding = returns(record_of(statuses))
        # two days are much of what the tracked ones were away, and little of what the large ones
        # were
        by_intervals = {"interval-censored-times", "curve-from-intervals"}
        assert {n.code for n in finding.limits} - {"short-falls-unseen"} == (
            by_intervals if which == "tracked" else {"interval-censored-times"}
        )
        [unseen] = [n for n in finding.limits if n.code == "short-falls-unseen"]
        assert unseen.values["looks_s"] == 86_400 and unseen.values["falls"] > 0
        assert finding.method[0] == ("turnbull-1976" if which == "tracked" else "kaplan-meier-1958")
        # reports four days apart tell of three to five days: those three apart are back by then,
        # those five apart are not
        sure, may = (
            sum(r is not None and (r - s).days <= days for _, s, r in rows) / len(rows)
            for days in (3, 4)
        )
        share = finding["returned_4d"]
        assert share.low < share.value < share.high
        assert sure - 0.003 <= share.value <= may + 0.003
        assert share.low < may or which == "tracked"
        found[which] = share.value
    # published: about 6.4 % of the tracked and 2.0 % of the large accounts within four days
    assert found["tracked"] == pytest.approx(0.064, abs=0.01) and found[
        "NOT tracked"
    ] == pytest.approx(0.020, abs=0.005)


@pytest.mark.slow
def test_2013_blocks_return_and_run_out(real, tmp_path):
    import json

    from birdfall.sources.ingest import load

    rows = duckdb.sql(
        "SELECT epoch(time)::BIGINT, action, account, duration "
        f"FROM '{real('wikipedia-2013/blocks.parquet')}'"
    )
    path = tmp_path / "blocks.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, (time, action, account, duration) in enumerate(rows.fetchall()):
            file.write(
                json.dumps(
                    {
                        "id": number,
                        "type": "log",
                        "log_type": "block",
                        "log_action": action,
                        "timestamp": time,
                        "wiki": "enwiki",
                        "title": f"User:{account}",
                        "namespace": 2,
                        "user": "x",
                        "log_params": {"duration": duration} if duration else [],
                    }
                )
                + "\n"
            )
    record = load(path)
    finding = returns(record)
    expired = (
        record.sql("SELECT count(*) FROM statuses WHERE reason = 'expired'").column(0)[0].as_py()
    )
    assert expired > 3000 and finding["fallen"].value > 70_000
    # nine blocks in ten are for ever: few return, and most of those by the clock, a day or two
    # after
    assert 0.04 < finding["returned_share"].value < 0.15 and finding["returned_4d"].value > 0.02
    assert finding["half_return"].value is None
    # three were lifted and set anew within a minute, and nothing tells when they first fell
    assert {n.code: n.values["falls"] for n in finding.limits} == {"fell-before-first-sighting": 3}
