"""A day is a day wherever the case is, no headline has seconds, and given names stay names."""

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from birdfall.measures.follower_counts import follower_counts
from birdfall.model.findings import Finding
from birdfall.model.settings import Settings
from birdfall.record.record import from_tables
from birdfall.tell.names import given_names
from birdfall.tell.sentences import verdict, wave_sentence
from birdfall.tell.words import LANGUAGES, words
from builders import counts

ZONES = ("America/Caracas", "UTC", "Asia/Kathmandu", "Pacific/Auckland", "America/Sao_Paulo")


def fallen_counts(zone, *, midnight_utc=False):
    """Sixty days of two counts a day or of dates; two of four accounts fall on 31 October."""
    rows = []
    clock = dt.UTC if midnight_utc else ZoneInfo(zone)
    for name, level, lost in (("a", 30000, 9000), ("b", 20000, 5000), ("c", 900, 0), ("d", 800, 0)):
        for day in range(60):
            date = dt.date(2013, 9, 20) + dt.timedelta(days=day)
            level += 3 + (day * 7) % 5 - (lost if date == dt.date(2013, 10, 31) else 0)
            for hour in (0,) if midnight_utc else (1, 23):
                moment = dt.datetime.combine(date, dt.time(hour), clock)
                rows.append((name, moment.astimezone(dt.UTC), level))
    settings = Settings(time_zone=zone)
    return from_tables({"counts": counts(rows)}, settings)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("midnight_utc", [False, True])
def test_a_fall_on_a_day_is_told_of_that_day_in_every_zone(zone, midnight_utc):
    finding = follower_counts(fallen_counts(zone, midnight_utc=midnight_utc))
    assert finding.answer == "found"
    for language in LANGUAGES:
        say = words(language, zone)
        said = verdict({"counts": finding}, say, str).sentence
        assert say.day(dt.datetime(2013, 10, 31, 12, tzinfo=say.zone)) in said
        assert ":" not in said.split(",")[0].replace(": ", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_headline_has_seconds(language):
    begin = dt.datetime(2013, 10, 31, 17, 50, 41, tzinfo=dt.UTC)
    row = {"wave": 1, "observed": 7000, "duration_s": 600.0, "expected": 1.2, "start": begin}
    finding = Finding("waves", "waves", "found")
    said = wave_sentence(row, finding, words(language, "America/Caracas"))
    assert "41" not in said
    assert {"en": "31 October 2013, 13:20", "es": "31 de octubre de 2013 a las 13:20",
            "fr": "31 octobre 2013 à 13\u202fh\u202f20", "ar": "31 أكتوبر 2013، 13:20",
            "pt": "31 de outubro de 2013 às 13h20"}[language] in said  # fmt: skip


def test_a_given_name_stands_beside_its_pseudonym():
    record = from_tables(
        {"accounts": pa.table({"account": ["1", "2", "3"], "handle": ["presi", "@rival", "who"]})},
        Settings(leaders=("1",), controls=("2",), public=("2",)),
    )
    name = given_names(record)
    assert name("1") == f"@presi ({name.names('1')})"
    assert name("2") == "@rival"
    assert name("3") == name.names("3") and "who" not in name("3")
    assert name.hidden() == [name("1")]
    assert given_names(record, ["3"])("3").startswith("@who (")
