"""What the report says of automation.

Shares in bounds, or that nothing was seen; in five languages.
"""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from birdfall.measures.automation import automation_of_accounts
from birdfall.measures.automation.signals import signals
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.record.record import from_tables
from birdfall.tell.blocks import unfolded
from birdfall.tell.page import Page
from birdfall.tell.sections.automation import section
from birdfall.tell.words import LANGUAGES, words


def share(low, high):
    return Estimate(low, "share", low, high, 0.95, "identified")


def finding(answer, **shares):
    count = Estimate(100, "accounts", level=None, bounds="none")
    signals = pa.table(
        {
            "signal": ["quick", "bare"],
            "family": ["timing", "profile"],
            "fallen": [90, 80],
            "controls": [300, 200],
            "middle_fallen": [0.5, 0.0],
            "middle_controls": [0.0, 0.0],
            "at_least": [0.3, 0.0],
            "visible": [0.4, 0.1],
        }
    )
    return Finding(
        "automation",
        "automation-1",
        answer,
        {
            "fallen": count,
            "scoreable_timing": count,
            "scoreable_profile": count,
            "inauthentic": share(0.0, 1.0),
            "automated": share(0.3, 0.7),
            "automated_authentic": share(0.0, 0.8),
            "manual": share(0.0, 0.7),
            **shares,
        },
        limits=(Note("shares-are-not-persons", {}),),
        tables={"signals": signals},
    )


def told(found, language="en"):
    page = Page({"automation-1": found}, from_tables({}), words(language), str)
    return list(unfolded(section(page)))


def test_bounds_are_told_and_what_is_unknown_is_said_to_be():
    blocks = told(finding("found"))
    shares, signals = (b.rows for b in blocks if b.kind == "table")
    assert [r[1:] for r in shares] == [["30%", "70%"], ["not known", "80%"], ["not known", "70%"]]
    assert (shares[0][0].bar.start, shares[0][0].bar.percent) == (30, 40)
    unknown = next(b.text for b in blocks if b.kind == "text")
    assert unknown == "This data sets no bound for: inauthentic (mass-produced or bought)."
    assert [r[0] for r in signals] == ["reposts within ten seconds"], (
        "signals that show nothing are not listed"
    )


def test_nothing_seen_is_no_proof_of_people():
    texts = [b.text for b in told(finding("nothing")) if b.kind == "text"]
    assert "does not show they were run by people" in texts[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_shares_and_the_sentence_of_nothing_seen_never_stand_together(language):
    nothing = words(language)("automation.nothing")
    found = told(finding("found"), language)
    assert nothing not in [getattr(b, "text", None) for b in found] and "table" in {
        b.kind for b in found
    }
    unseen = told(finding("nothing"), language)
    assert nothing in [getattr(b, "text", None) for b in unseen] and "table" not in {
        b.kind for b in unseen
    }


def test_without_an_answer_there_is_no_section():
    assert section(Page({}, from_tables({}), words("en"), str)) == []
    assert told(finding("cannot")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_signal_has_its_words(language):
    from birdfall.kernels.timing import SIGNALS

    acts = ["reposts", "quick", "script", "own_copies", "client"]
    profile = [
        "copied_texts",
        "follows_many",
        "follows_silently",
        "follow_rate",
        "digits",
        "odd_handle",
        "bare",
        "cohort",
        "copied_description",
    ]
    pace = ["posts_daily", "posts_per_followed", "posts_per_follower"]
    say = words(language)
    assert all(say.has(f"automation.signal.{s}") for s in [*SIGNALS, *acts, *profile, *pace])
    assert told(finding("found"), language)


def test_every_signal_of_the_measure_has_its_words():
    rng = np.random.default_rng(1)
    number = 600
    names = [f"a{i}" for i in range(number)]
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    stamp = pa.timestamp("us", tz="UTC")
    accounts = pa.table(
        {
            "account": names,
            "handle": [f"bird{i}" for i in range(number)],
            "description": [""] * number,
            "created_at": pa.array(
                [start + dt.timedelta(hours=int(h)) for h in rng.integers(0, 999, number)], stamp
            ),
            "followers": [1] * number,
            "following": [2] * number,
            "posts": [3] * number,
        }
    )
    rows = [
        (name, start + dt.timedelta(days=60, minutes=int(m)))
        for name in names[:2]
        for m in rng.integers(0, 40_000, 60)
    ]
    acts = pa.table(
        {
            "account": [r[0] for r in rows],
            "kind": ["post", "repost"] * 60,
            "object": ["o"] * 120,
            "time": pa.array([r[1] for r in rows], stamp),
            "text": ["words that are long enough to be compared"] * 120,
        }
    )
    found = signals(from_tables({"accounts": accounts, "acts": acts}), int(1e15 * 2))
    assert len(found.names) >= 19
    for language in LANGUAGES:
        assert all(words(language).has(f"automation.signal.{s}") for s in found.names), found.names


def test_no_account_is_named():
    record = from_tables({})
    found = automation_of_accounts(record, [], 0)
    assert found.answer == "cannot"
    assert all("account" not in c for t in found.tables.values() for c in t.column_names)
