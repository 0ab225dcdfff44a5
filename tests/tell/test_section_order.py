"""The order of sections stands in one place, and a measure from outside adds its own."""

import pytest

from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.record.record import from_tables
from birdfall.tell.blocks import TextBlock
from birdfall.tell.page import Page, Section
from birdfall.tell.sections.order import (
    CLOSING_SECTIONS,
    MEASURE_SECTIONS,
    SECTION_BY_KIND,
    SECTIONS,
    order_sections,
    write_sections,
)
from birdfall.tell.words import LANGUAGES, words


def page(language="en", *findings):
    return Page({f.name: f for f in findings}, from_tables({}), words(language), str)


def weather_section(page):
    return [TextBlock(f.answer) for f in page.findings_of_kind("weather")]


WEATHER = Section("weather", weather_section, "weather", {"en": "Weather", "fr": "Météo"})


def test_a_section_from_outside_stands_after_the_measures_and_before_what_holds_for_all():
    assert order_sections() == SECTIONS
    assert order_sections([WEATHER]) == (*MEASURE_SECTIONS, WEATHER, *CLOSING_SECTIONS)


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Weather"), ("fr", "Météo"), ("es", "Weather")]
)
def test_a_section_from_outside_is_written_under_its_own_title(language, title):
    sunny = Finding("weather", "weather", "found")
    written = write_sections(page(language, sunny), order_sections([WEATHER]))
    assert [(s.id, s.title, s.body) for s in written if s.id == "weather"] == [
        ("weather", title, [TextBlock("found")])
    ]


def test_sections_with_nothing_to_say_are_left_out():
    assert write_sections(page(), order_sections([WEATHER])) == []


@pytest.mark.parametrize("key", [s.key for s in SECTIONS])
def test_a_key_that_is_taken_is_refused(key):
    with pytest.raises(UsageError, match=key):
        order_sections([Section(key, weather_section)])
    with pytest.raises(UsageError, match="weather"):
        order_sections([WEATHER, WEATHER])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_built_in_section_has_a_title_in_every_language(language):
    say = words(language)
    assert all(s.title(say) for s in SECTIONS)


def test_each_kind_of_finding_has_one_section():
    kinds = [s.kind for s in SECTIONS if s.kind]
    assert len(kinds) == len(set(kinds)) == len(SECTION_BY_KIND)
