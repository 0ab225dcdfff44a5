"""Every sentence the report can say about a cause: when it is said, and when it is not."""

import re

import pyarrow as pa
import pytest

from birdfall.explanations.measure import FRAGILITY, GAINS, NOTHING_BELOW, PARTS, RATIOS
from birdfall.explanations.reference_worlds import CAUSES
from birdfall.explanations.verdict import enfsi_word
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding
from birdfall.model.settings import Settings, parse_settings
from birdfall.record.record import from_tables
from birdfall.tell.blocks import cell_text, unfolded
from birdfall.tell.page import Page
from birdfall.tell.report import replies
from birdfall.tell.sections.explanations import section
from birdfall.tell.sections.record_request import (
    missing_records,
    records_to_request,
    request_letter,
)
from birdfall.tell.words import LANGUAGES, words

ORDER = ("error", "brigade", "targeted", "purge", "churn")
LOG10 = dict(zip(ORDER, (0.0, -0.2, -0.7, -1.8, -5.0), strict=True))


def finding(
    left=("error", "brigade"),
    *,
    parts=None,
    fragile=(),
    carrying=(),
    sources=(),
    flips=None,
    gains=None,
    absent=(),
    unknown=(),
    about=None,
):
    """A finding as the measure makes them, with the details that are given."""
    parts = parts if parts is not None else {"returned_share": {"error": 1.2, "purge": -1.5}}
    ratios = [
        {
            "cause": a,
            "against": b,
            "log10_ratio": LOG10[a] - LOG10[b],
            "word": enfsi_word(LOG10[a] - LOG10[b]),
        }
        for a in CAUSES
        for b in CAUSES
        if a != b
    ]
    rows = [
        {
            "item": i,
            "source": "returns",
            "low": 0.5,
            "high": 0.5,
            **{c: s.get(c, 0.0) for c in CAUSES},
        }
        for i, s in parts.items()
    ]
    rows.append(
        {"item": "together", "source": "", "low": 0.0, "high": 0.0, **dict.fromkeys(CAUSES, 0.0)}
    )
    flips = {"returned_share": 0.4} if flips is None else flips
    fragility = [
        {"left_out": i, "kind": "item", "set": list(left), "flip": f, "log10_swing": 0.1}
        for i, f in flips.items()
    ]
    gains = {"reports": 0.8} if gains is None else gains
    details = {
        "set": list(left),
        "order": list(ORDER),
        "tier": "list",
        "log10_against_best": LOG10,
        "not_known": list(unknown),
        "probability": dict.fromkeys(CAUSES, 0.2),
        "fragile": list(fragile),
        "carrying": list(carrying),
        "fragile_sources": list(sources),
        "absent": list(absent),
        "sources": ["returns"],
        "asked_first": list(gains),
        "about": about
        if about is not None
        else {
            "accounts": [7000, 7000],
            "begin": "2013-10-31T22:20:00+00:00",
            "end": "2013-10-31T22:30:00+00:00",
        },
    }
    estimates = {
        "decided_in_worlds": Estimate(0.4, "share", level=None),
        "wrong_when_decided": Estimate(0.01, "share", level=None),
    }
    tables = {
        "ratios": pa.Table.from_pylist(ratios, RATIOS),
        "parts": pa.Table.from_pylist(rows, PARTS),
        "fragility": pa.Table.from_pylist(fragility, FRAGILITY),
        "gains": pa.Table.from_pylist([{"record": r, "bits": b} for r, b in gains.items()], GAINS),
    }
    return Finding(
        "explanations",
        "explanations-1",
        "found",
        estimates=estimates,
        details=details,
        tables=tables,
    )


def automation(low, high):
    share = {
        "inauthentic": Estimate((low + high) / 2, "share", low, high),
        "automated_authentic": Estimate(0.1, "share", 0.05, 0.15),
    }
    return Finding("automation", "automation-1", "found", estimates=share)


def blocks(made, language="en", **others):
    page = Page({"explanations-1": made, **others}, from_tables({}), words(language), str)
    return list(unfolded(section(page)))


def said(made, language="en", **others):
    found = []
    for block in blocks(made, language, **others):
        if block.kind == "table":
            found += [" | ".join(map(cell_text, row)) for row in block.rows]
        elif hasattr(block, "text"):
            found.append(block.text)
    return "\n".join(found)


PURGE, BRIGADE, ERROR, LIST, CHURN = (
    "a clean-up of inauthentic accounts",
    "mass reporting that tripped a threshold",
    "an over-broad rule or a technical fault",
    "a list of chosen accounts",
    "nothing out of the ordinary (routine suspensions)",
)
NAMED = {"purge": PURGE, "brigade": BRIGADE, "error": ERROR, "targeted": LIST, "churn": CHURN}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_cause_is_the_one_left_only_where_it_is(cause):
    sentence = f"one remains: {NAMED[cause]}."
    assert sentence in said(finding((cause,)))
    assert sentence not in said(finding((cause, next(c for c in CAUSES if c != cause))))
    assert sentence not in said(finding((next(c for c in CAUSES if c != cause),)))
    assert sentence not in said(finding(()))


@pytest.mark.parametrize("cause", CAUSES)
def test_a_cause_is_named_as_possible_or_left_out_and_never_both(cause):
    other = next(c for c in CAUSES if c != cause)
    third = next(c for c in CAUSES if c not in (cause, other))
    inside, outside = said(finding((cause, other))), said(finding((other, third)))
    possible, out = (
        re.search(r"cannot tell these apart: (.*)\. Ruled out of the set: (.*)\.", t).groups()
        for t in (inside, outside)
    )
    assert NAMED[cause] in possible[0] and NAMED[cause] not in possible[1]
    assert NAMED[cause] in out[1] and NAMED[cause] not in out[0]


@pytest.mark.parametrize("cause", CAUSES)
def test_what_speaks_for_and_against_a_cause_stands_in_its_row(cause):
    made = finding(
        parts={"log10_size": {cause: 0.5}, "dose_jump": {cause: -0.6}, "app_share": {cause: 0.29}}
    )
    [row] = [r for r in said(made).splitlines() if r.startswith(NAMED[cause] + " | ")]
    *_, speaks, contradicts = row.split(" | ")
    assert speaks == "size of the wave"
    assert contradicts == "a jump in suspensions above some number of reports"
    [row] = [
        r
        for r in said(finding(parts={"log10_size": {}})).splitlines()
        if r.startswith(NAMED[cause] + " | ")
    ]
    assert row.split(" | ")[-2:] == ["–", "–"], (
        "what is worth less than a factor of two is not named"
    )


def test_the_runner_up_and_the_share_of_wrong_verdicts_stand_beside_a_verdict():
    text = said(finding(("error",)))
    assert f"The next best is {BRIGADE}" in text
    assert (
        "made in ways the weights never learned from, such verdicts are wrong 1% of the time"
        in text
    )


SENTENCES = [
    ("Nothing simulated resembles this case", {"left": ()}, {}),
    ("Looked for, not found: one app that most of them used", {"absent": ("app_share",)}, {}),
    (
        "Not examined, because it is not in the data: reports by the same people",
        {"unknown": ("lockstep_share",)},
        {},
    ),
    (
        "Without share restored within four days the answer would be different",
        {"fragile": ("returned_share",)},
        {"fragile": ()},
    ),
    ("The result rests on 1 piece of evidence", {"carrying": ("returned_share",)}, {}),
    (
        "The result rests on 2 pieces of evidence",
        {"carrying": ("returned_share", "log10_size")},
        {"carrying": ("returned_share",)},
    ),
    ("No single piece of evidence decides", {}, {"fragile": ("returned_share",)}),
    ("hangs on one source: without it (the restorations)", {"sources": ("returns",)}, {}),
    ("hangs on each of 2 sources", {"sources": ("returns", "statuses")}, {"sources": ("returns",)}),
    (
        "would alter the answer: share restored within four days, by 0.4 times",
        {},
        {"flips": {"returned_share": None}},
    ),
    (
        "What would help most: the log of reports",
        {},
        {"left": ("error",)},
    ),
    ("What would help most", {}, {"gains": {"reports": 0.04}}),
    ("Only if all five had been equally likely at the outset", {}, {"left": ()}),
    ("weigh the evidence; they are not probabilities", {}, {"left": ()}),
    ("ask the platform and those concerned", {}, None),
    ("It was not measured", {}, None),
]


@pytest.mark.parametrize(("sentence", "when", "otherwise"), SENTENCES)
def test_a_sentence_is_said_when_it_holds_and_not_otherwise(sentence, when, otherwise):
    assert sentence in said(finding(**when))
    if otherwise is not None:
        assert sentence not in said(finding(**otherwise))


def test_what_the_fallen_are_is_told_apart_from_what_set_it_off():
    measured = said(finding(), **{"automation-1": automation(0.2, 0.6)})
    assert "20% to 60% of them look inauthentic, 5% to 15% automated" in measured
    assert "It was not measured" not in measured
    unknown = Finding("automation", "automation-1", "cannot")
    assert "It was not measured" in said(finding(), **{"automation-1": unknown})


@pytest.mark.parametrize("item", NOTHING_BELOW)
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_missed_has_words(item, language):
    assert words(language)("absent." + item) in said(finding(absent=(item,)), language)


def test_shares_with_equal_priors_are_the_weights_and_nothing_else():
    [line] = [t for t in said(finding()).splitlines() if t.startswith("Only if")]
    shares = [int(p) for p in re.findall(r"(\d+)%", line)]
    odds = [10.0 ** LOG10[c] for c in ORDER]
    assert shares[:3] == [round(100 * o / sum(odds)) for o in odds[:3]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("record", ["counts", "list", "timelines", "reinstatement", "reports"])
def test_a_letter_names_what_it_asks_for(record, language):
    say = words(language, "America/Caracas")
    text = request_letter(finding(gains={record: 0.8}), record, say)
    for part in (
        say("columns." + record),
        say("record." + record),
        "22:20",  # universal time, whatever the zone of the case
        "22:30",
        say.number(7000),
        say("cause.error"),
        say("cause.brigade"),
    ):
        assert part in text
    assert say("cause.purge") not in text
    assert "{" not in text
    [block] = [b for b in blocks(finding(gains={record: 0.8}), language) if b.kind == "letter"]
    assert block.text == text


def test_a_letter_says_when_to_the_second_where_minutes_would_not_tell():
    when = {"begin": "2013-10-31T22:20:05+00:00", "end": "2013-10-31T22:20:40+00:00"}
    made = finding(about={"accounts": [70, 70]} | when, gains={"reports": 0.8})
    text = request_letter(made, "reports", words("es", "America/Caracas"))
    assert "entre el 31 oct 2013, 22:20:05 y el 31 oct 2013, 22:20:40 (UTC)" in text


def test_a_letter_on_published_figures_names_the_day():
    made = finding(about={"accounts": [6000, 10600], "date": "2013-10-31"})
    assert "6,000 to 10,600 accounts reported for 31 October 2013" in request_letter(
        made, "reports", words("en")
    )
    assert not [b for b in blocks(finding(about={})) if b.kind == "letter"], (
        "of what nothing is known no letter is written"
    )


def test_letters_are_few_and_worth_it():
    many = {"reports": 0.9, "timelines": 0.5, "list": 0.3, "reinstatement": 0.2}
    assert [r for r, _ in records_to_request(finding(gains=many))] == [
        "reports",
        "timelines",
        "list",
    ]
    assert records_to_request(finding(("error",), gains=many)) == []
    assert records_to_request(Finding("explanations", "explanations-1", "cannot")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_replies_are_printed_and_silence_is_too(language):
    say = words(language)
    assert replies(Settings(), say) == [say("reply.none")]
    text = """
[[reply]]
who = "the platform"
asked = "2013-11-01"
[[reply]]
who = "the ministry"
asked = "2013-11-01"
received = "2013-11-03"
text = "We <b>did</b> not."
"""
    settings = parse_settings(text, "case.toml")
    waiting, given = replies(settings, say)
    assert "the platform" in waiting and "2013-11-01" in waiting
    assert "the ministry" in given and "2013-11-03" in given and "We <b>did</b> not." in given
    assert parse_settings(settings.to_toml(), "case.toml") == settings


@pytest.mark.parametrize(
    "wrong", ["reply = 3", '[[reply]]\nwho = "x"', '[[reply]]\nwho = "x"\nasked = "y"\nsaid = "z"']
)
def test_a_reply_that_is_not_one_is_refused(wrong):
    with pytest.raises(UsageError, match="reply") as told:
        parse_settings(wrong, "case.toml")
    assert "[[reply]]" in told.value.fix


def test_a_letter_is_never_empty_while_a_record_is_missing():
    slight = {"reports": 0.01, "list": 0.005}
    assert missing_records(finding(gains=slight)) == ["reports"]
    assert missing_records(finding(("error",), gains=slight)) == ["reports"]
    assert missing_records(finding(gains={"reports": 0.9, "list": 0.3})) == ["reports", "list"]
    assert missing_records(Finding("explanations", "explanations-1", "cannot")) == []
    for language in LANGUAGES:
        say = words(language)
        text = request_letter(finding(("error",), gains=slight), "reports", say)
        assert say("record.reports") in text and say("cause.error") in text
        assert say("cause.brigade") not in text
