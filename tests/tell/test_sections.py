"""Sections say what their findings hold.

Ledgers beside each other, five questions, gaps hatched, methods of what was used.
"""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.settings import Settings
from birdfall.record.record import from_tables
from birdfall.tell import figures
from birdfall.tell.blocks import unfolded
from birdfall.tell.drawings import axis_label
from birdfall.tell.names import names_of
from birdfall.tell.page import Page, how_measured
from birdfall.tell.sections import (
    audiences,
    ledgers,
    methods,
    objections,
    reconciliation,
    refusals,
    returns,
)
from birdfall.tell.words import LANGUAGES, words

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
UTC = ZoneInfo("UTC")


def page_of(*findings, language="en", public=("a", "b")):
    accounts = pa.table({"account": ["a", "b", "c"], "handle": ["@anna", "@berta", "@carla"]})
    record = from_tables({"accounts": accounts}, settings=Settings(public=public))
    return Page(
        {f.name: f for f in findings}, record, words(language), names_of(record), frozenset(), {}
    )


def number(value, low=None, high=None):
    return Estimate(value, "accounts", low, high)


def ledger(leader, *, limits=(), **estimates):
    every = {"before": 100, "lowest": 60, "now": 80, "lost_suspension": 0, "restored": 0}
    every |= estimates
    return Finding(
        "ledger",
        f"ledger-{leader}",
        "found",
        {k: v if isinstance(v, Estimate) else number(v) for k, v in every.items()},
        details={"leader": leader},
        limits=limits,
    )


def test_ledgers_stand_beside_each_other():
    blocks = unfolded(
        ledgers.section(
            page_of(
                ledger("a", lost_suspension=40), ledger("b", lost_suspension=number(5, 3, 9), new=7)
            )
        )
    )
    (table,) = [b for b in blocks if b.kind == "table"]
    assert table.head[1:] == ["@anna", "@berta"]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["before"] == ["100", "100"]
    assert rows["suspended"] == ["40", "5 (3 to 9)"]
    assert rows["new followers"] == ["–", "7"]
    assert "unfollowed" not in rows, "what nobody has is left out"


def test_a_note_all_ledgers_share_is_written_once():
    shared, own = Note("counts-are-net-of-growth"), Note("cause-not-in-counts")
    said = [
        b.text
        for b in ledgers.section(
            page_of(ledger("a", limits=(shared, own)), ledger("b", limits=(shared,)))
        )
        if b.kind == "note"
    ]
    assert len(said) == 2
    assert not said[0].startswith("@") and said[1].startswith("@anna: ")


def coverage(*, gaps=0, share=0.0, clock=0, rejected=0, duplicates=0):
    count = {
        "rows": 10,
        "accounts": 3,
        "gaps": gaps,
        "rejected": rejected,
        "duplicates": duplicates,
        "first": 0,
        "last": 10**12,
    }
    rows = pa.table(
        {
            "problem": ["acts-before-creation"] * bool(clock),
            "rows": pa.array([clock] * bool(clock), pa.int64()),
        }
    )
    return Finding(
        "coverage",
        "coverage",
        "found",
        {k: number(v) for k, v in count.items()} | {"gap_share": Estimate(share, "share")},
        tables={"clock": rows},
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_five_questions_are_asked_and_answered(language):
    waves = Finding("waves", "waves", "found", parameters={"statuses": ["suspended", "taken_down"]})
    blocks = objections.section(page_of(coverage(), waves, language=language))
    asked = [b for b in unfolded(blocks) if b.kind == "text"]
    assert len(asked) == 5 and all(b.lead and b.text for b in asked)


def test_what_the_record_answers_differs_with_the_record():
    def said(**found):
        blocks = unfolded(objections.section(page_of(coverage(**found))))
        return " ".join(b.text for b in blocks)

    assert (
        "No gap is known." in said() and "none found" in said() and "No row was rejected" in said()
    )
    assert "2 gaps are known. No observation for 12.5% of the time." in said(gaps=2, share=0.125)
    assert "1 gap is known." in said(gaps=1, share=0.0001) and "No observation" not in said(
        gaps=1, share=0.0001
    )
    assert "4 rows have a time that cannot be right" in said(clock=4)
    assert "3 rows were rejected and are listed in the case; 2 duplicates" in said(
        rejected=3, duplicates=2
    )


def test_only_methods_that_were_used_are_told():
    found = Finding("waves", "waves", "found", method=("scan (Somebody 1999)",))
    refused = Finding("audiences", "audiences-1", "cannot", method=("not used (Nobody 2000)",))
    page = page_of(found, refused)
    (folded,) = how_measured(page, found)
    assert [b.text.split(".")[0] for b in folded.blocks] == ["Waves"]
    blocks = list(unfolded(methods.section(page)))
    assert [b.items for b in blocks if b.kind == "sources"] == [["scan (Somebody 1999)"]]


def test_how_well_weighing_works_is_told_with_it():
    share = {"decided_in_worlds": 0.914, "wrong_when_decided": 0.006, "reliability_error": 0.003}
    weighed = Finding(
        "explanations",
        "explanations-1",
        "found",
        {k: Estimate(v, "share") for k, v in share.items()},
    )
    (told,) = unfolded(methods.section(page_of(weighed)))
    assert "91.4%" in told.text and "0.6%" in told.text and "0.3%" in told.text


def test_a_figure_that_does_not_stand_says_what_it_would_need():
    figures_ = pa.table(
        {
            "id": ["1", "2"],
            "said_by": ["a minister", "a paper"],
            "relation": ["almost", "almost"],
            "value": [6600.0, 10600.0],
            "kind": ["gross", "gross"],
            "consistent": [True, False],
            "needed_growth": [1751.0, 5751.0],
            "growth_low": [1097.0, 1097.0],
            "growth_high": [2988.0, 2988.0],
        }
    )
    ratios = pa.table(
        {
            "leader": ["NicolasMaduro"],
            "control": ["hcapriles"],
            "ratio": [10.0],
            "low": [5.1],
            "high": [121.0],
            "naive_ratio": [121.0],
        }
    )
    tables = {"figures": figures_, "ratios": ratios}
    page = page_of(Finding("reconciliation", "reconciliation", "found", tables=tables))
    (table,) = reconciliation.figure_table(page.findings["reconciliation"], page.say)
    blocks = list(unfolded(reconciliation.section(page)))
    assert [row[0].text for row in table.rows] == ["almost 6,600", "almost 10,600"]
    stands, falls = (row[2] for row in table.rows)
    assert stands.mark == "yes"
    assert (
        falls.mark == "no"
        and falls.more == "would need growth of 5,751 a day; ordinary growth: 1,097 to 2,988"
    )
    assert any("NicolasMaduro" in getattr(b, "text", "") for b in blocks if b.kind == "text"), (
        "published names are not in the record"
    )


def steps(*, uncovered=()):
    return [
        {
            "from": START + dt.timedelta(hours=i),
            "to": START + dt.timedelta(hours=i + 1),
            "observed": i % 5,
            "expected": 2.0,
            "low": 0,
            "high": 6,
            "covered": i not in uncovered,
        }
        for i in range(48)
    ]


def test_gaps_are_hatched_and_only_gaps():
    whole = figures.render_svg(figures.wave_chart(steps(), UTC, 600, 210))
    holed = figures.render_svg(figures.wave_chart(steps(uncovered=(7, 8)), UTC, 600, 210))
    assert "hatch" not in whole
    symbol = figures.as_symbol(holed, "series-wide")
    assert 'id="series-wide-hatch"' in symbol and symbol.count("url(#series-wide-hatch)") == 2
    assert "var(--gap)" in symbol


@pytest.mark.parametrize(
    ("drawn", "told"),
    [
        ("29 September", ["29 Sep", "29 sept", "29 sept.", "29 سبتمبر", "29 set."]),
        ("October 2013", ["Oct 2013", "oct 2013", "oct. 2013", "أكتوبر 2013", "out. 2013"]),
        ("8,000", ["8,000", "8000", "8\u202f000", "8,000", "8.000"]),
        ("0.5", ["0.5", "0,5", "0,5", "0.5", "0,5"]),
        ("40%", ["40%", "40%", "40\u202f%", "40%", "40%"]),
        (
            "\u22122,000",
            ["\u22122,000", "\u22122000", "\u22122\u202f000", "\u22122,000", "\u22122.000"],
        ),
        ("17:30", ["17:30"] * 5),
        ("1.5M", ["1.5M"] * 5),
    ],
)
def test_axes_are_labelled_in_the_language(drawn, told):
    said = [axis_label(drawn, words(one)) for one in ("en", "es", "fr", "ar", "pt")]
    assert [text.strip("\u2067\u2069") for text in said] == told


def test_labels_are_taken_out_of_a_drawing_and_stand_alone():
    symbol = figures.as_symbol(
        figures.render_svg(figures.wave_chart(steps(uncovered=(7, 8)), UTC, 600, 210)), "s"
    )
    bare, labels = figures.without_labels(symbol), figures.labels_of(symbol, "s-fr", str.upper)
    assert "<text" in symbol and "<text" not in bare and "<path" in bare
    assert labels.count("<text") == symbol.count("<text")
    assert not re.search("<(path|line|rect|defs)", labels)
    assert labels.startswith('<symbol id="s-fr" viewBox="0 0 600 210">')
    assert labels.count("<g") == labels.count("</g>")


def test_the_wave_is_tinted_where_it_was():
    wave = (START + dt.timedelta(hours=12), START + dt.timedelta(hours=24))
    plain = figures.render_svg(figures.wave_chart(steps(), UTC, 600, 210))
    tinted = figures.render_svg(figures.wave_chart(steps(), UTC, 600, 210, wave))
    assert tinted.count("var(--hit)") == plain.count("var(--hit)") + 1
    elsewhere = (START - dt.timedelta(days=2), START - dt.timedelta(days=1))
    assert figures.render_svg(figures.wave_chart(steps(), UTC, 600, 210, elsewhere)) == plain


def test_numbers_on_an_axis_are_written_alike():
    svg = figures.render_svg(
        figures.wave_chart([r | {"observed": r["observed"] * 2000} for r in steps()], UTC, 600, 210)
    )
    assert ">0<" in svg and ">0k<" not in svg


def test_what_cannot_be_answered_stands_in_one_place():
    no = Note("no-follows", {"needs": "follows"})
    cannot = [
        Finding(k, n, "cannot", reasons=(no,))
        for k, n in (("audiences", "audiences-1"), ("returns", "returns-1"), ("ledger", "ledger"))
    ]
    page = page_of(*cannot)
    assert audiences.section(page) == returns.section(page) == []
    assert ledgers.section(page) == []
    (told,) = refusals.section(page)
    assert told.lead == "Audiences, returns and follower balance:", "one reason is told once"
    assert told.text == page.say.note(no)


@pytest.mark.parametrize("language", LANGUAGES)
def test_published_figures_alone_have_a_verdict(language):
    from birdfall.tell.sentences import verdict

    rows = pa.table(
        {
            "id": ["1", "2", "3", "4"],
            "kind": ["gross", "net", "gross", "net"],
            "relation": ["almost", "exactly", "nearly", "exactly"],
            "value": [6600.0, -4849.0, 10600.0, -135.0],
            "consistent": [True, True, False, None],
            "growth_low": [1098.0] * 4,
            "growth_high": [3415.0] * 4,
        }
    )
    found = Finding(
        "reconciliation",
        "reconciliation",
        "found",
        tables={"figures": rows},
        estimates={
            "growth": Estimate(2000, "per_day", 1829, 2439),
            "gross": number(6600),
            "net": number(-4849),
            "difference": number(1751),
            "risk_ratio": Estimate(9.8, "ratio", 5.1, 121),
        },
    )
    page = page_of(found, language=language)
    said = verdict(page.findings, page.say, page.name)
    assert page.say.number(5947) in said.sentence and page.say.number(8264) in said.sentence
    assert page.say.number(6600) in said.more and page.say.number(10600) in said.more
    assert all(page.say.number(n) in said.limit for n in (5, 10))
    assert said.confidence == 3
