"""The report as whoever publishes it lays it out: sections, their order, notes of their own."""

import re

import pytest
from starlette.datastructures import FormData

from birdfall.app.history import Change, last_changes, note_change
from birdfall.app.publish_pages import MAX_KEY_CHARS, said_layout
from birdfall.model.errors import CaseError
from birdfall.pipeline.report import REPORT_FILE, render_report
from birdfall.tell.layout import ALWAYS, LAYOUT_FILE, MAX_NOTE_CHARS, ReportLayout
from birdfall.tell.words import words

PAGE, WRITE = "/en/c/posts/publish", "/en/c/posts/publish/report"
NOTE = "We asked <b>the ministry</b>; reader0071 did not answer."


def sections_of(page):
    return re.findall(r'name="section" value="([a-z]+)"', page)


def headings(report, language="en"):
    article = report.partition(f'id="report-{language}"')[2].partition("</article>")[0]
    return re.findall(rf'<section id="([a-z]+)-{language}"', article)


def test_a_report_has_the_sections_and_the_notes_that_were_chosen(networked):
    (key,) = sections_of(networked.get(PAGE).text)
    whole = {"first": "en", "section": key, "shown": key, f"note:{key}": NOTE}
    kept = networked.send(PAGE, WRITE, {**whole, "keep": "yes"}).text
    assert NOTE.replace("<", "&lt;").replace(">", "&gt;") in kept
    case = networked.workspace.desk("posts").case()
    assert case.read(LAYOUT_FILE) is None  # chosen, and not written yet
    answer = networked.get("/ar/c/posts/preview.html")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert words("ar")("layout.note") in answer.text and "&lt;b&gt;the ministry" in answer.text
    assert "reader0071" not in answer.text  # by pseudonym, in a note too
    networked.send(PAGE, WRITE, {"first": "en", "section": key, f"note:{key}": NOTE})
    report = networked.workspace.desk("posts").case().read(REPORT_FILE)
    text = report.decode()
    assert key not in headings(text) and "method" in headings(text)
    assert "Left out of this page by whoever published it" in text and "the ministry" not in text
    assert render_report(networked.workspace.desk("posts").case(), default="en") == report
    # the workspace itself shows all there is
    assert f"/q/{key}" in networked.get("/en/c/posts/").text


def form(*pairs):
    return FormData([("section", "a"), ("section", "b"), ("section", "c"), *pairs])


@pytest.mark.parametrize(
    ("move", "order"),
    [("up:b", "bac"), ("down:b", "acb"), ("up:a", "abc"), ("down:c", "abc"), ("down:a", "bac"),
     ("up:z", "abc"), ("sideways:b", "abc"), ("", "abc")],
)  # fmt: skip
def test_a_press_moves_a_section_by_one(move, order):
    shown = [("shown", "a"), ("shown", "b"), ("shown", "c")]
    layout = said_layout(form(("move", move), *shown), ReportLayout())
    assert layout == ReportLayout(tuple(order)) and layout.place("cba") == list(order)


def test_what_was_said_of_sections_that_are_not_on_the_page_is_kept():
    before = ReportLayout(("z", "a"), ("z",), {"z": "later", "a": "old"})
    said = form(("shown", "a"), ("note:a", "x" * 5000), ("note:q", "of no section"))
    layout = said_layout(said, before)
    assert layout.order == ("a", "b", "c", "z") and layout.left_out == ("b", "c", "z")
    assert layout.notes == {"z": "later", "a": "x" * MAX_NOTE_CHARS}
    assert said_layout(FormData([("first", "fr")]), before) == before
    assert ReportLayout.from_text(layout.to_text()) == layout
    long = said_layout(FormData([("section", "k" * 9999)]), ReportLayout())
    assert [len(key) for key in long.order] == [MAX_KEY_CHARS]


def test_what_limits_the_answer_is_neither_left_out_nor_moved():
    layout = ReportLayout(("refused", "method", "claims"), tuple(ALWAYS))
    keys = ["audience", "claims", *sorted(ALWAYS)]
    assert layout.place(keys) == ["claims", "audience", *sorted(ALWAYS)]
    assert not any(layout.leaves_out(key) for key in keys)


@pytest.mark.parametrize("text", ["", "[]", '{"order": 1, "left_out": [], "notes": {}}', "{}"])
def test_a_damaged_layout_is_said_to_be_damaged(networked, text):
    case = networked.workspace.desk("posts").case()
    case.put({LAYOUT_FILE: text.encode()})
    with pytest.raises(CaseError, match="damaged"):
        ReportLayout.from_case(case)


@pytest.mark.parametrize("language", ["en", "es", "fr", "ar", "pt"])
def test_who_changed_what_is_listed_and_each_change_has_words(networked, language):
    desk = networked.workspace.desk("posts")
    assert 'id="h-changes"' not in networked.get(f"/{language}/c/posts/publish").text
    for change in Change:
        note_change(desk, change, "owner <1>")
    page = networked.get(f"/{language}/c/posts/publish").text
    listed = page.partition('id="h-changes"')[2].partition("</ul>")[0]
    said = [words(language)(f"app.change.{change}") for change in Change]
    assert all(one in listed for one in said) and "owner &lt;1&gt;" in listed
    assert listed.index(said[-1]) < listed.index(said[0])  # the newest first


def test_a_form_that_changes_a_case_is_noted(networked, monkeypatch):
    monkeypatch.setattr("birdfall.app.publish_pages.begin_job", lambda *_: 1)
    monkeypatch.setattr("birdfall.app.ask_pages.begin_job", lambda *_: 1)
    networked.send(PAGE, "/en/c/posts/publish/verify")
    networked.send(PAGE, "/en/c/posts/publish/evidence")
    networked.send(PAGE, "/en/c/posts/ask", {"title": "t"})
    changes = last_changes(networked.workspace.desk("posts"))
    assert [one.what for one in changes] == ["measured", "evidence", "verified"]
    assert {one.who for one in changes} == {"owner 1"}
