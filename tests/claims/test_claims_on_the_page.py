"""The section on claims says how each statement was read before what was measured."""

import pytest
from known_cases import CARACAS

from birdfall.claims.check import check_against
from birdfall.claims.statements import Claim, parse_claim
from birdfall.tell.names import names_of
from birdfall.tell.page import Page
from birdfall.tell.sections import claims
from birdfall.tell.words import words

READ = {"en": "Read as:", "es": "Leído como:", "fr": "Lu comme", "pt": "Lido como", "ar": "قُرئ"}


@pytest.mark.parametrize("language", READ)
def test_each_verdict_says_how_the_statement_was_read(language):
    source = CARACAS.source()
    texts = (
        "@ministra went from 32,000 followers to 1 and, hours later, 17,000",
        "Most of the suspended accounts were bots",
    )
    found = [f for text in texts for f in check_against(source, parse_claim(Claim(text)))]
    page = Page(
        {f.name: f for f in found}, source.record, words(language), names_of(source.record),
        frozenset(), {},
    )  # fmt: skip
    (table,) = [block for block in claims.section(page) if block.kind == "table"]
    measured, refused = sorted(table.rows, key=lambda row: row[2] == "–")
    assert measured[1].more.startswith(READ[language])
    assert "\u2068" in measured[1].more  # the name keeps its direction
    assert READ[language] not in refused[1].more
    assert "bots" in refused[1].more
