"""The section on brigades.

What it says, in every language, for each outcome, and when it says nothing.
"""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from birdfall.measures.brigades import brigades
from birdfall.model.findings import Estimate
from birdfall.record.record import from_tables
from birdfall.tell.blocks import unfolded
from birdfall.tell.names import names_of
from birdfall.tell.page import Page, caution
from birdfall.tell.sections.brigades import section
from birdfall.tell.words import LANGUAGES, words

UTC = pa.timestamp("us", tz="UTC")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def record_of(crew, *, text=None):
    """Twenty-four accounts that report four victims at once (or not), among honest reports."""
    rng = np.random.default_rng(1)
    rows = [
        (f"honest{rng.integers(300)}", f"other{rng.integers(150)}", float(t))
        for t in rng.random(400) * 864_000
    ]
    if crew:
        rows += [
            (f"crew{c}", f"victim{v}", 500_000 + 900 * v + rng.exponential(60))
            for c in range(24)
            for v in range(4)
        ]
    rows.sort(key=lambda r: r[2])
    acts = pa.table(
        {
            "account": [r[0] for r in rows],
            "kind": ["report"] * len(rows),
            "object": [r[1] for r in rows],
            "target": [r[1] for r in rows],
            "time": pa.array([START + dt.timedelta(seconds=r[2]) for r in rows], UTC),
        }
    )
    if text:
        post = pa.table(
            {
                "account": ["honest1"],
                "kind": ["post"],
                "object": ["p"],
                "time": pa.array([START], UTC),
                "text": [text],
            }
        )
        acts = pa.concat_tables([acts, post], promote_options="default")
    return from_tables({"acts": acts})


@pytest.fixture(scope="module")
def with_crew():
    record = record_of(True, text="Report @<b>victim1 and @victim1 now. report @victim1!")
    return record, brigades(record, draws=49)


def said(record, finding, language):
    page = Page({"brigades": finding}, record, words(language), names_of(record))
    return list(unfolded(section(page)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_crew_is_told_with_its_numbers_and_no_reporter_is_named(with_crew, language):
    record, finding = with_crew
    assert finding.answer == "found" and finding["reporters"].value == 24
    blocks = said(record, finding, language)
    text = str(blocks)
    assert (
        words(language)("brigades.found", groups="1", reporters="24", victims="4", hits="4")[:20]
        in text
    )
    assert "crew" not in text and "{" not in "".join(getattr(b, "text", "") for b in blocks)
    assert [b.kind for b in blocks].count("table") >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_found_is_said_as_large_with_what_could_have_stayed_unseen(language):
    record = record_of(False)
    finding = brigades(record, draws=49)
    assert finding.answer == "nothing"
    texts = [b.text for b in said(record, finding, language) if b.kind == "text"]
    say = words(language)
    assert texts[0].startswith(say("brigades.nothing")) and len(texts) >= 3


def test_a_jump_a_rise_and_neither_are_three_sentences(with_crew):
    record, finding = with_crew
    say = words("en")
    dose = pa.table(
        {
            "counted": ["reporters"],
            "dose_from": [1],
            "dose_to": [1],
            "occasions": [10],
            "falls": [1],
            "hazard": [0.1],
            "low": [0.0],
            "high": [0.4],
            "isotonic": [0.1],
        }
    )

    def sentence(jump, flat):
        estimates = finding.estimates | {
            "jump_at": Estimate(9, "count", 8, 10),
            "jump_ratio": Estimate(7.0, "ratio", 5.0, 9.0),
            "jump_p": Estimate(0.01, "p"),
            "flat_p": Estimate(flat, "p"),
            "placebo_p": Estimate(0.6, "p"),
            "beyond_placebo_p": Estimate(0.03, "p"),
        }
        made = finding.replace(
            estimates=estimates,
            details={**finding.details, "jump": jump},
            tables={**finding.tables, "dose": dose},
        )
        return str(said(record, made, "en"))

    assert "From 9 reporters on" in sentence(True, 0.01)
    rise = sentence(False, 0.01)
    assert "there is no clear jump" in rise and "From 9" not in rise
    flat = sentence(False, 0.5)
    assert "does not visibly depend" in flat and "there is no clear jump" not in flat
    assert say("brigades.did_it") in flat


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_order_of_reports_and_falls_is_two_sentences_or_none(with_crew, language):
    record, finding = with_crew
    say = words(language)
    before, not_before = (
        say("brigades.order_before", tested="4", p="P"),
        say("brigades.order_nothing", tested="4", p="P"),
    )

    def texts(p):
        estimates = finding.estimates | {
            "order_p": Estimate(p, "p"),
            "order_tested": Estimate(4, "accounts"),
        }
        told = said(record, finding.replace(estimates=estimates), language)
        return [b.text for b in told if b.kind == "text"]

    def there(sentence, p):
        return sentence.replace("P", say.number(p, 3)) in texts(p)

    assert there(before, 0.01) and not there(not_before, 0.01)
    assert there(not_before, 0.4) and not there(before, 0.4)
    assert not any(before.split("P")[0] in t or not_before.split("P")[0] in t for t in texts(None))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_crew_found_and_none_found_never_stand_together(with_crew, language):
    record, finding = with_crew
    say = words(language)
    first, unseen, *rest = finding.details["unseen"]
    unseen = {**unseen, "follows_at_most": 0.4}
    finding = finding.replace(details={**finding.details, "unseen": [first, unseen, *rest]})
    bound = say(
        "brigades.unseen",
        members=unseen["members"],
        targets=unseen["targets"],
        share=say.percent(unseen["follows_at_most"]),
    )
    with_texts = [b.text for b in said(record, finding, language) if b.kind == "text"]
    assert not any(say("brigades.nothing") in t or bound in t for t in with_texts)
    without = [
        b.text
        for b in said(record, finding.replace(answer="nothing"), language)
        if b.kind == "text"
    ]
    assert f"{say('brigades.nothing')} {bound}" in without
    found = say("brigades.found", groups="1", reporters="24", victims="4", hits="4")
    assert found in with_texts and found not in without


def test_that_nothing_can_have_stayed_unseen_is_not_told_as_a_share(with_crew):
    record, finding = with_crew
    first, unseen, *rest = finding.details["unseen"]
    details = {**finding.details, "unseen": [first, {**unseen, "follows_at_most": 0.0}, *rest]}
    quiet = finding.replace(answer="nothing", details=details)
    assert said(record, quiet, "en")[0].text == words("en")("brigades.nothing")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_calls_are_told_only_where_there_are_some(with_crew, language):
    record, finding = with_crew
    title = words(language)("brigades.calls_title")

    def titles(found):
        return [b.text for b in said(record, found, language) if b.kind == "subhead"]

    assert title in titles(finding)
    none = finding.replace(
        estimates=finding.estimates
        | {"calls": Estimate(0, "count"), "callers": Estimate(0, "accounts")}
    )
    assert title not in titles(none)


def test_without_the_measure_or_without_anything_there_is_no_section(with_crew):
    record, finding = with_crew
    assert section(Page({}, record, words("en"), names_of(record))) == []
    empty = finding.replace(answer="cannot", estimates={"calls": Estimate(0, "count")})
    assert said(record, empty, "en") == []


def test_calls_alone_are_named_a_weaker_sign():
    post = {
        "account": ["a"],
        "kind": ["post"],
        "object": ["1"],
        "time": pa.array([START], UTC),
        "text": ["Please report @somebody"],
    }
    record = from_tables({"acts": pa.table(post)})
    text = str(said(record, brigades(record), "en"))
    assert "weaker evidence" in text and "@somebody" in text
    assert "more often than chance" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_anyone_is_named_stand_the_false_share_the_innocent_and_who_was_asked(
    with_crew, language
):
    record, finding = with_crew
    say = words(language)
    share = say.percent(finding.parameters["alpha"])
    told = [b.text for b in said(record, finding, language) if b.kind == "note"]
    innocent = say("caution.brigades", share=share)
    assert any(innocent in note and say("caution.not_asked") in note for note in told)
    replied = SimpleNamespace(settings=SimpleNamespace(reply=({"asked": "2026-01-02"},)))
    (note,) = caution(Page({}, replied, say, str), finding)
    assert innocent in note.text and say("caution.asked") in note.text
    assert say("caution.not_asked") not in note.text
