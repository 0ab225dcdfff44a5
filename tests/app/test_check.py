"""Checking what was said, on pages."""

import re

import pytest

from birdfall.app.check_pages import (
    BOUNDS,
    WINDOWS,
    measured_of,
    seconds_of,
    split_sentences,
    window_text,
)
from birdfall.claims import Measured, check_statement, read_statement
from birdfall.model.errors import UsageError

CHECK = "/en/c/night/check"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("6.600 cuentas cayeron en diez minutos. Volvieron en dos días.", 2),
        ("They lost 1.5 million? No!\n\nYes.", 3),
        ("سقطت الحسابات. هل عادت؟ نعم", 3),
        ("One. One. One.", 1),
        ("", 0),
    ],
)
def test_sentences_are_split_at_their_ends_and_numbers_are_not(text, count):
    assert len(split_sentences(text)) == count


def test_every_claim_of_an_article_is_shown_with_its_verdict(measured):
    article = "At least 400 accounts were suspended in ten minutes. It rained that night."
    page = measured.send(CHECK, CHECK, {"text": article}).text
    case = measured.workspace.desk("night").case()
    statement = read_statement("At least 400 accounts were suspended in ten minutes.")
    (found,) = check_statement(case.record(), case.findings(), statement, settings=case.settings)
    assert found.details["verdict"] == "supported"
    assert '<section class="claim supported"' in page
    assert "1 sentence claims nothing that can be measured" in page
    assert "It rained that night." in page


def test_a_claim_is_corrected_by_menus(measured):
    said = "At least 400 accounts were suspended in ten minutes."
    fields = {"said": said, "measure": "fallen", "of": "", "bound": "at_least",
              "share_of": "", "within": "10m"}  # fmt: skip
    for number, verdict in (("400", "supported"), ("40,000", "contradicted")):
        page = measured.send(CHECK, f"{CHECK}/correct", {**fields, "number": number}).text
        assert f'<section class="claim {verdict}"' in page
        assert re.search(r'value="10m" selected', page)


def test_the_menus_hold_what_was_read(measured):
    page = measured.send(CHECK, CHECK, {"text": "At least 400 accounts fell in 10 minutes."}).text
    for chosen in ('"fallen" selected', '"at_least" selected', '"10m" selected'):
        assert f"value={chosen}" in page
    assert 'inputmode="decimal" required value="400"' in page


@pytest.mark.slow
def test_a_claim_goes_into_the_report(measured):
    said = "At least 321 accounts were suspended in ten minutes."
    page = measured.send(CHECK, f"{CHECK}/add", {"said": said})
    assert page.url.path == "/en/c/night/q/claims"
    assert said in page.text
    case = measured.workspace.desk("night").case()
    assert said in case.read("claims.toml").decode()
    assert said.encode() in case.read("reports/report.html")


def test_a_number_that_is_none_is_said(measured):
    page = measured.send(CHECK, f"{CHECK}/correct", {"said": "x", "number": "many"})
    assert page.status_code == 400 and "is no number" in page.text


@pytest.mark.parametrize("window", WINDOWS)
def test_windows_are_written_as_they_are_read(window):
    assert seconds_of(window_text(seconds_of(window))) == seconds_of(window) > 0


def test_each_bound_is_a_field_of_a_claim():
    for bound in BOUNDS:
        fields = measured_of({"measure": "fallen", "bound": bound, "number": "6600"})
        assert fields == Measured("fallen", **{bound: 6600.0})
    with pytest.raises(UsageError, match="no number"):
        measured_of({"number": "nan%"})


def test_what_somebody_said_is_never_markup(measured):
    text = "<script>alert(1)</script> 400 accounts were suspended in ten minutes"
    assert "<script>alert" not in measured.send(CHECK, CHECK, {"text": text}).text
