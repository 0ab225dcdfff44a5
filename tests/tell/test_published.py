"""Published figures are told in the language of the page; what has no words there is quoted."""

import pyarrow as pa
import pytest

from birdfall.model.findings import Estimate, Finding
from birdfall.tell.published import day_words, population_words, window_words, worded
from birdfall.tell.sentences import audience_sentence, verdict
from birdfall.tell.words import LANGUAGES, words

EN = words("en", "America/Caracas")
FOUND = Finding("reconciliation", "reconciliation", "found")


def figure(relation, value=None):
    return {"id": "1", "relation": relation, "value": value}


@pytest.mark.parametrize(
    ("relation", "value", "told"),
    [
        ("Nearly", 40.0, "almost 40"),
        ("more than", 12_000.0, "over 12,000"),
        ("at least", 5.0, "at least 5"),
        ("no fewer than", 5.0, "at least 5"),
        ("", 7.0, "7"),
        ("no one knows but", 7.0, "“no one knows but” 7"),
        ("thousands", None, "thousands"),
        ("Tens of thousands", None, "tens of thousands"),
        ("loads", None, "“loads”"),
        ("", None, ""),
    ],
)
def test_a_wording_is_told_or_quoted_and_never_dropped(relation, value, told):
    assert worded(figure(relation, value), FOUND, EN) == told


@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize(
    "write",
    [
        lambda say: worded(figure("thousands"), FOUND, say),
        lambda say: worded(figure("almost", 6600.0), FOUND, say),
        lambda say: window_words("10 min", say),
        lambda say: window_words("a month", say),
        lambda say: window_words("some hours", say),
        lambda say: window_words("moment", say),
        lambda say: population_words("all", say),
        lambda say: population_words("followers of @x", say),
        lambda say: day_words("2013-11", say),
    ],
)
def test_no_word_of_the_table_stays_english(language, write):
    say = words(language, "America/Caracas")
    own, english = write(say), write(EN)
    assert own and (own != english or (language == "fr" and "minutes" in own))


@pytest.mark.parametrize(
    ("when", "told"),
    [("2013-10-31T17:50", "31 Oct 2013"), ("2013-11", "November 2013"), ("2013", "2013"),
     ("on a Friday", "on a Friday")],
)  # fmt: skip
def test_a_day_is_told_as_closely_as_it_is_known(when, told):
    assert day_words(when, EN) == told


@pytest.mark.parametrize(
    ("window", "told"),
    [("10 min", "10 minutes"), ("an hour", "1 hour"), ("2 days", "2 days"), ("month", "“month”"),
     ("a month", "1 month"), ("", ""), ("while he spoke", "“while he spoke”")],
)  # fmt: skip
def test_a_window_is_a_length_of_time_or_quoted(window, told):
    assert window_words(window, EN) == told


def audiences(*hit, fallen=1000):
    """A finding by which each account's followers account for a part: (account, suspended)."""
    steps = [{"leader": a, "suspended": n, "share": n / fallen} for a, n in hit]
    rows = [{"leader": a, "suspended": n} for a, n in hit]
    return Finding(
        "audiences",
        "audiences-1",
        "found",
        estimates={"fallen": Estimate(fallen, "accounts", level=None, bounds="none")},
        tables={
            "explanation": pa.Table.from_pylist(steps),
            "audiences": pa.Table.from_pylist(rows),
        },
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_audience_that_was_hit_is_in_the_headline(language):
    say = words(language)
    both = audience_sentence(audiences(("one", 580), ("two", 410)), say, lambda a: f"@{a}")
    for part in ("@one", "@two", say.percent(0.58), say.percent(0.41)):
        assert part in both
    alone = audience_sentence(audiences(("one", 580)), say, lambda a: f"@{a}")
    assert alone == say("verdict.audience", share=say.percent(0.58), leader="@one")


def waves(suspensions, smallest=None):
    number = {"level": None, "bounds": "none"}
    return Finding(
        "waves",
        "waves",
        "nothing",
        estimates={
            "suspensions": Estimate(suspensions, "accounts", **number),
            "smallest_1d": Estimate(smallest, "accounts", **number),
        },
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_record_that_could_show_no_wave_does_not_say_there_was_none(language):
    say = words(language)
    unknown = verdict({"waves": waves(63)}, say, str)
    assert unknown.sentence != say("verdict.nothing") and "63" in unknown.sentence
    assert unknown.confidence <= 2
    assert verdict({"waves": waves(1)}, say, str).confidence == 1
    known = verdict({"waves": waves(63, smallest=9)}, say, str)
    assert known.sentence == say("verdict.nothing") and "9" in known.more
