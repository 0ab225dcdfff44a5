"""Figures from newspapers: typed in, kept as a table of facts, compared."""

import pytest
from app_made import JobState, last_state

from birdfall.app.figures_pages import facts_csv, known_entries, read_number
from birdfall.app.page_error import PageError
from birdfall.measures.follower_counts import read_facts

ROWS = (
    ("an agency", "level", "luna", "over", "1.100.000", "2013-05-20"),
    ("a counter", "level", "luna", "about", "1,430,000", "2013-10-30"),
    ("a minister", "gross", "@luna", "almost", "6 600", "2013-10-31"),
    ("=a counter", "net", "luna", "exactly", "−4.849", "2013-10-31"),
)
NAMES = ("said_by", "kind", "account", "relation", "value", "day")


def form_of(rows, **more):
    return {f"{name}-{n}": value for n, row in enumerate(rows, 1)
            for name, value in zip(NAMES, row, strict=True)} | more  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6.600", 6600), ("6,600", 6600), ("6 600", 6600), ("6\u202f600", 6600), ("6'600", 6600),
        ("1.430.000", 1430000), ("-4849", -4849), ("\u22124.849", -4849), ("1,5", 1.5),
        ("0.25", 0.25), ("٦٦٠٠", 6600), ("٦٬٦٠٠", 6600), ("6.600,5", None), ("1.23.456", None),
        ("6,600 accounts", None), ("", None), ("many", None), ("nan", None), ("1e9", None),
        ("9" * 40, None), ("6600\n", 6600), ("²", None),
    ],
)  # fmt: skip
def test_numbers_as_newspapers_write_them(text, value):
    assert read_number(text) == value


def test_figures_become_a_case_that_compares_them(visitor):
    form = form_of(ROWS, title="The night in the press")
    page = visitor.send("/es/figures", "/es/figures", form)
    assert last_state(visitor, "the-night-in-the-press") is JobState.DONE
    assert page.url.path == "/es/c/the-night-in-the-press/"
    case = visitor.workspace.desk("the-night-in-the-press").case()
    facts = read_facts(case.read("facts.csv"), "facts.csv")
    assert [(f.kind, f.value, f.population, f.relation) for f in facts] == [
        ("level", 1_100_000, "@luna", "over"),
        ("level", 1_430_000, "@luna", "about"),
        ("gross", 6600, "followers of @luna", "almost"),
        ("net", -4849, "@luna", "exactly"),
    ]
    assert case.finding("reconciliation").answer != "cannot"
    assert "reconciliation" in page.text
    page = visitor.get("/es/c/the-night-in-the-press/figures").text
    assert 'value="6600"' in page and "followers of" not in page
    before = case.read("facts.csv")
    assert facts_csv(known_entries(case)) == before


def test_figures_that_cannot_be_compared_are_told_all_the_same(visitor):
    rows = [
        ("a paper", "level", "@luna", "exactly", "1000000", "2013-10-30"),
        ("a paper", "level", "@luna", "exactly", "1000350", "2013-10-31"),
        ("an agency", "gross", "@luna", "exactly", "6600", "2013-11-01"),
        ("a portal", "net", "@luna", "exactly", "-4849", "2013-11-01"),
    ]
    page = visitor.send("/en/figures", "/en/figures", form_of(rows, title="Press"))
    assert last_state(visitor, "press") is JobState.DONE
    case = visitor.workspace.desk("press").case()
    assert case.finding("reconciliation").answer == "cannot"
    assert page.url.path == "/en/c/press/" and page.status_code == 200


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("x", "gross", "luna", "about", "many", "2013-10-31"), "number"),
        (("x", "gross", "luna", "about", "6600", "yesterday"), "day"),
        (("x", "gross", "", "about", "6600", "2013-10-31"), "no-account"),
        (("", "", "", "", "", ""), "no-figures"),
    ],
)
def test_what_lacks_is_said_in_the_language_of_the_page(visitor, row, code):
    from birdfall.tell.words import words

    for language in ("en", "ar"):
        answer = visitor.send(
            f"/{language}/figures", f"/{language}/figures", form_of([row], title="x")
        )
        assert answer.status_code == 400
        assert words(language)(f"app.error.{code}.fix") in answer.text
    assert visitor.workspace.desks() == []


def test_a_row_that_is_none_raises():
    with pytest.raises(PageError):
        facts_csv([])
    assert facts_csv([], or_none=True) == b""


def test_figures_stay_when_the_files_are_read_otherwise(visitor):
    files = {"files": ("list.csv", "account,time,status\na,2013-10-31T10:00:00Z,suspended\n")}
    visitor.send("/en/", "/en/begin", {"title": "Night"}, files)
    visitor.send("/en/c/night/data", "/en/c/night/take-in")
    desk = visitor.workspace.desk("night")
    desk.case().put({"facts.csv": b"kept"})
    visitor.send("/en/c/night/data", "/en/c/night/data/1", {"zone": "UTC"})
    visitor.send("/en/c/night/data", "/en/c/night/take-in")
    assert desk.case().read("facts.csv") == b"kept"
