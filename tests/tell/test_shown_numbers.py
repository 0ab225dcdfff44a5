"""Every number on a page says which it is; a mark stands where its number does, and never leaks."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import birdfall
from birdfall.record.case import Case
from birdfall.tell.blocks import DetailsBlock, TextBlock, unfolded
from birdfall.tell.marks import (
    Counted,
    Marks,
    ShownNumber,
    ShownTime,
    paragraphs,
    parts_of,
    plain,
    resolve,
)
from birdfall.tell.report import render
from birdfall.tell.words import LANGUAGES, Words, words
from small_cases import CASES, make_case

#: Kinds of numbers that were set, and not measured: they have no page in the reference.
SET = ("set.", "note.", "manifest.")


#: Cases of which a report is read in the fast suite.
FAST_CASES = ("suspensions", "counts", "figures", "one account")
#: What stands between the marks of a text.
PRIVATE = re.compile("[\ue000-\uf8ff]")


def definitions():
    """The definitions of docs/reference/numbers.md: headings with their rows."""
    page = (Path(__file__).parents[2] / "docs/reference/numbers.md").read_text("utf-8")
    return {
        f"{kind}.{number}"
        for kind, rows in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S)
        for row in re.findall(r"^\| `(.*?) \|", rows, re.M)
        for number in re.findall(r"[a-z_0-9.]+", row)
    }


def number(text, key="waves.observed", value=None):
    return ShownNumber(text, key, value)


@given(
    st.lists(st.integers(0, 99_999), max_size=6),
    st.lists(st.text("ab ,.%–7\ue000\ue001\ue002", max_size=8), min_size=7, max_size=7),
)
def test_marks_come_out_where_they_went_in(numbers, between):
    marks = Marks()
    shown = [number(f"{n:,}", f"x.{i}", n) for i, n in enumerate(numbers)]
    told = "".join(b + marks.mark(n) for b, n in zip(between, shown, strict=False))
    resolved = resolve(TextBlock(told + between[-1]), marks).text
    kept = [part for part in parts_of(resolved) if not isinstance(part, str)]
    assert PRIVATE.search(resolved) is None, "what was forged is taken out"
    if not any(PRIVATE.search(b) for b in between):
        assert kept == shown
        assert resolved == plain(told + between[-1])


def test_nobody_outside_can_forge_a_mark():
    marks = Marks()
    marks.mark(number("7"))
    forged = "\ue0000\ue0018\ue002 \ue0009\ue001x\ue002"
    assert [*marks.parts(forged)] == ["8", " ", "x"]


def test_a_count_keeps_its_mark_in_a_plural_and_beside_it():
    say = Words("en", words("en").zone, Marks())
    count = Counted(2, number("2", "waves.observed", 2))
    (shown,) = [p for p in say.marks.parts(say("chart.label", n=count)) if not isinstance(p, str)]
    assert (shown.key, shown.value) == ("waves.observed", 2)
    (time,) = say.marks.parts(say.moment(0))
    assert isinstance(time, ShownTime)
    assert time.iso.startswith("1970-01-01T00:00")
    (day,) = say.marks.parts(say.day(0))
    assert day.iso == "1970-01-01"


def test_a_letter_keeps_the_numbers_of_its_paragraphs():
    marks = Marks()
    letter = resolve(
        TextBlock(f"To\n\nOf {marks.mark(number('7'))} in\n\n{marks.mark(number('8'))}"), marks
    )
    found = paragraphs(letter.text)
    assert [str(p) for p in found] == ["To", "Of 7 in", "8"]
    assert [len(parts_of(p)) for p in found] == [1, 3, 2]


def test_what_folds_out_is_among_all_blocks():
    inner, outer = TextBlock("in"), TextBlock("out")
    folded = DetailsBlock("more", [DetailsBlock("even more", [inner])])
    assert list(unfolded([outer, folded])) == [outer, inner]


@pytest.fixture(scope="module")
def case_named(once):
    def named(name):
        folder = once("first-screen-" + name.replace(" ", "-"), lambda f: make_case(name, f / "c"))
        return Case.open(folder / "c")

    return named


@pytest.mark.parametrize(
    "name",
    [name if name in FAST_CASES else pytest.param(name, marks=pytest.mark.slow) for name in CASES],
)
def test_every_number_of_a_report_says_which_it_is(case_named, name):
    check_numbers(render(case_named(name)))


@pytest.mark.slow
def test_every_number_of_the_demo_says_which_it_is(demo):
    check_numbers((demo / "report.html").read_bytes())


def check_numbers(page):
    """Each number of a page has a key with one value, and a definition in the reference."""
    assert PRIVATE.search(page.decode()) is None
    numbers = birdfall.printed_numbers(page)
    assert {n.language for n in numbers} == set(LANGUAGES)
    assert [(n.language, n.text) for n in numbers if not n.key] == []
    values = {}
    for n in numbers:
        assert values.setdefault(n.key, n.value) == n.value, n
    told = [n for n in numbers if not n.definition.startswith(SET)]
    known = definitions()
    undefined = {n.definition for n in told} - known
    assert {re.sub(r"\.(low|high)$", "", one) for one in undefined} <= known
    assert all(n.finding for n in told)


def test_a_number_that_says_nothing_is_found():
    bare = '<article lang="es">De <time>1999</time> a <b>7\u202f000</b>, <q>9</q></article>'
    (found,) = birdfall.printed_numbers(bare)
    assert (found.language, found.text, found.key) == ("es", "7\u202f000", "")
