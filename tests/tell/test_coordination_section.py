"""The section on coordination.

Each group with its span and languages, and what it acted on, safely, in five languages.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from birdfall.measures.coordination import TRACES, coordination
from birdfall.record.ids import pseudonym
from birdfall.record.record import from_tables
from birdfall.tell.blocks import unfolded
from birdfall.tell.names import names_of
from birdfall.tell.page import Page
from birdfall.tell.sections.coordination import section
from birdfall.tell.words import LANGUAGES, Words, words

T0 = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)
SAID = "Todos a la plaza, dice @alguien.real \u202e<script>"


@pytest.fixture(scope="module")
def record():
    acts = [
        {
            "account": who,
            "kind": "repost",
            "object": f"p{k}",
            "time": T0 + dt.timedelta(hours=k, seconds=d),
            "text": SAID,
            "language": "es",
        }
        for k in range(6)
        for d, who in enumerate(("ana", "ben", "cy"))
    ]
    quiet = [
        {
            "account": f"x{i}",
            "kind": "repost",
            "object": f"q{i % 90}",
            "time": T0 + dt.timedelta(minutes=7 * i),
            "text": "otra",
            "language": "es",
        }
        for i in range(400)
    ]
    reports = [
        {
            "account": who,
            "kind": "report",
            "object": f"v{k}",
            "target": f"v{k}",
            "time": T0 + dt.timedelta(hours=k, seconds=d),
        }
        for k in range(6)
        for d, who in enumerate(("ana", "ben", "cy"))
    ] + [
        {
            "account": f"x{i}",
            "kind": "report",
            "object": f"w{i % 90}",
            "target": f"w{i % 90}",
            "time": T0 + dt.timedelta(minutes=7 * i),
        }
        for i in range(400)
    ]
    accounts = pa.table({"account": [f"v{k}" for k in range(6)]})
    return from_tables(
        {"acts": pa.Table.from_pylist([*acts, *quiet, *reports]), "accounts": accounts}
    )


def blocks_of(record, trace, language):
    finding = coordination(record, trace=trace, sensitivity=False)
    assert finding.answer == "found"
    say, name = Words(language, ZoneInfo("UTC")), names_of(record)
    return list(unfolded(section(Page({finding.name: finding}, record, say, name))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_are_told_with_their_span_their_languages_and_what_they_acted_on(record, language):
    blocks = blocks_of(record, "repost", language)
    not_asked = words(language)("caution.not_asked")
    assert any(not_asked in b.text for b in blocks if b.kind == "note"), "before anyone is named"
    tables = [b for b in blocks if b.kind == "table"]
    (group,), (dense,), (members,), (example,) = (t.rows for t in tables)
    assert len(members[1].split(words(language).comma)) == 3
    assert len(group) == len(tables[0].head) == 4
    assert len(dense) == len(tables[1].head) == 5
    assert dense[4] == "es"
    assert group[2] not in ("", "–")
    assert group[3] == example[1]
    said = example[1].quote
    assert said.startswith("Todos a la plaza, dice @…")
    assert "alguien" not in said and "\u202e" not in said
    assert not {"ana", "ben", "cy"} & set(example[2].split(words(language).comma))


def test_an_account_that_was_acted_on_goes_by_its_pseudonym(record):
    tables = [b for b in blocks_of(record, "report", "en") if b.kind == "table"]
    (example,) = tables[3].rows
    assert example[1] in {pseudonym(record.ids.code(f"v{k}")) for k in range(6)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_trace_has_a_name_whatever_the_finding_is_called(record, language):
    say = Words(language, ZoneInfo("UTC"))
    names = {say(f"trace.{trace}") for trace in TRACES}
    assert len(names) == len(TRACES) and say("trace.other") not in names
    finding = coordination(
        record, trace=["repost", "report"], sensitivity=False, name="coordination-mine"
    )
    page = Page({finding.name: finding}, record, say, names_of(record))
    first = section(page)[0].text
    assert (
        say("trace.repost") in first
        and say("trace.report") in first
        and say("trace.other") not in first.split()
    )
