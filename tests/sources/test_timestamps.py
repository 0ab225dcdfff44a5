"""Time stamps: one moment in all its forms."""

import contextlib
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from hypothesis import given
from hypothesis import strategies as st

from birdfall.sources.shared.time_words import zone_taken
from birdfall.sources.shared.timestamps import (
    NeedsDayOrder,
    NeedsZone,
    NotATime,
    TimeReader,
    majority_day_order,
)

MOMENT = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)
MICROSECONDS = round(MOMENT.timestamp() * 1e6)
CARACAS = ZoneInfo("America/Caracas")  # UTC-4:30 then


@pytest.mark.parametrize(
    "text",
    [
        "2013-10-31T22:20:00Z",
        "2013-10-31 22:20:00+00:00",
        "2013-10-31T17:50:00-0430",
        "2013-10-31T22:20Z",
        "2013-10-31T22:20:00.000Z",
        "1383258000",
        "1383258000.0",
        "1383258000000",
        "1383258000000000",
        "1383258000000000000",
        "1.383258e9",
        "Thu Oct 31 22:20:00 +0000 2013",
        "2013-10-31 22:20:00 UTC",
        "Thu, 31 Oct 2013 22:20:00 GMT",
        "20131031222000Z",
        "٢٠١٣-١٠-٣١T٢٢:٢٠:٠٠Z",
        "Thu Oct 31 18:20:00 EDT 2013",
        "2013-10-31T17:50:00[America/Caracas]",
        "2013-10-31 17:50:00-04:30 America/Caracas",
        "/Date(1383258000000)/",
        "31-Oct-13 10.20.00.000000 PM +00:00",
        "31 octobre 2013, 17 h 50 min 00 s -0430",
        "31 Oct 2013 17:50 VET",
        "1 Nov 2013 02:20:00 MSK",
        "2013-10-31 00:00:00 22:20 UTC",
    ],
)
def test_forms_that_carry_their_zone(text):
    assert TimeReader().microseconds(text) == MICROSECONDS


@pytest.mark.parametrize(
    "text",
    [
        "31/10/2013 17:50",
        "10/31/2013 5:50 PM",
        "31.10.13 17:50:00",
        "31 de octubre de 2013 17:50",
        "Oct 31, 2013 5:50 p.m.",
        "5:50 pm - 31 Oct 2013",
        "20131031175000",
        "2013/10/31 17:50",
    ],
)
def test_forms_that_need_a_zone(text):
    assert TimeReader(CARACAS).microseconds(text) == MICROSECONDS
    with pytest.raises(NeedsZone):
        TimeReader().microseconds(text)


def test_day_and_month_are_asked_for():
    with pytest.raises(NeedsDayOrder):
        TimeReader(CARACAS).microseconds("03/04/2013")
    assert majority_day_order(["03/04/2013", "31/10/2013"]) == "dmy"
    assert majority_day_order(["03/04/2013", "10/31/2013"]) == "mdy"
    assert majority_day_order(["03/04/2013"]) is None


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "1970-01-01T00:00:00Z",
        "2262-04-11T23:47:16Z",
        "9999-12-31T00:00:00Z",
        "yesterday",
        "2013-13-45T00:00:00Z",
        "-1",
        # offsets that no place has
        "2024-05-01T00:00:00-23:59",
        "2024-05-01T00:00:00+14:01",
        "1e400",
        "9" * 60,
    ],
)
def test_sentinels_and_nonsense_are_no_times(text):
    with pytest.raises(NotATime):
        TimeReader(CARACAS).microseconds(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text):
    with contextlib.suppress(NotATime, NeedsZone, NeedsDayOrder):
        assert isinstance(TimeReader().microseconds(text), int)


@given(st.datetimes(dt.datetime(1991, 1, 1), dt.datetime(2099, 1, 1), timezones=st.just(dt.UTC)))
def test_iso_is_read_exactly(moment):
    assert TimeReader().microseconds(moment.isoformat()) == (
        moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    ) // dt.timedelta(microseconds=1)


def test_the_midnight_that_ends_a_day_and_no_other_hour_beyond_it():
    reader = TimeReader()
    assert reader.microseconds("2013-10-31T24:00:00Z") == reader.microseconds("2013-11-01T00:00Z")
    with pytest.raises(NotATime):
        reader.microseconds("2013-10-31T24:01:00Z")


@pytest.mark.parametrize("locale", ["es", "es_MX", "en_US", "en_GB", "fr", "fr_CA", "ar_EG",
                                    "ar_LB", "ar_MA", "pt_BR", "pt_PT"])  # fmt: skip
@pytest.mark.parametrize("form", ["short", "medium", "long"])
def test_times_as_five_languages_write_them(locale, form):
    """Against Babel, which writes them, and not our reading of our own words."""
    utc = ZoneInfo("UTC")
    for month in range(1, 13):
        moment = dt.datetime(2013, month, month + 8, 2 * month - 1, 50, tzinfo=utc)
        text = format_datetime(moment, form, tzinfo=utc, locale=locale)
        reader = TimeReader(utc, order="mdy" if locale == "en_US" else "dmy")
        assert reader.microseconds(text) == round(moment.timestamp() * 1e6), text


def test_a_long_text_of_clocks_proves_no_order():
    assert majority_day_order(["11:11 " * 5_000 + "2013"]) is None


@pytest.mark.parametrize("text", ["13/10/202", "٠٣/١٠/٢٠٢"])
def test_a_year_of_three_digits_proves_no_order(text):
    assert majority_day_order([text]) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2021-03-01 10:00 CST", "CST as UTC-06:00"),
        ("Mon Mar 1 10:00:00 IST 2021", "IST as UTC+05:30"),
        ("2021-03-01 10:00 CEST", None),
        ("2021-03-01T10:00:00Z", None),
    ],
)
def test_what_letters_of_several_zones_were_taken_for(text, told):
    assert zone_taken(text) == told
