"""Claims: what a sentence claims, in five languages, and when each verdict is given."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spelled import SPELL

from birdfall.claims import Claim, check, claim_slug, judge, read_claims, write_claims
from birdfall.claims.parse import ParsedClaim, Qualifier, parse, parse_sentence
from birdfall.claims.parse.numbers import amounts
from birdfall.claims.parse.tokens import tokens
from birdfall.model.errors import UsageError
from birdfall.model.settings import Settings
from birdfall.record.record import from_tables
from builders import after as moment
from builders import statuses

START = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("sentence", "value", "window", "qualifier"),
    [
        ("6.600 cuentas en diez minutos", 6600, 600, "plain"),
        ("Se cayeron 6600 cuentas en 10 minutos", 6600, 600, "plain"),
        ("casi 6.600 seguidores en diez minutos", 6600, 600, "almost"),
        ("más de 10.600 cuentas suspendidas", 10600, None, "more_than"),
        ("al menos seis mil seiscientas cuentas en una hora", 6600, 3600, "at_least"),
        ("unas 7 mil cuentas", 7000, None, "about"),
        ("casi 6,6 mil cuentas en media hora", 6600, 1800, "almost"),
        ("perdió 1,4 millones de seguidores en un día", 1_400_000, 86400, "plain"),
        ("6,600 accounts in ten minutes", 6600, 600, "plain"),
        ("six thousand six hundred accounts vanished within 2 hours", 6600, 7200, "plain"),
        ("about 6.6k accounts were suspended", 6600, None, "about"),
        ("at least 10,600 accounts fell in one hour", 10600, 3600, "at_least"),
        ("fewer than 500 accounts in 3 days", 500, 259200, "at_most"),
        ("1.4 million followers", 1_400_000, None, "plain"),
        ("only 135 accounts were closed", 135, None, "exactly"),
        ("6 600 comptes en dix minutes", 6600, 600, "plain"),
        ("6\u202f600 comptes suspendus en 10 minutes", 6600, 600, "plain"),
        ("environ six mille six cents comptes en une heure", 6600, 3600, "about"),
        ("plus de 10.600 comptes fermés", 10600, None, "more_than"),
        ("quatre-vingt-dix comptes supprimés", 90, None, "plain"),
        ("près de 1,4 million d'abonnés", 1_400_000, None, "almost"),
        ("٦٦٠٠ حساب خلال عشر دقائق", 6600, 600, "plain"),
        ("٦٬٦٠٠ حساب في عشر دقائق", 6600, 600, "plain"),
        ("تم تعليق ستة آلاف وستمئة حساب خلال ساعة", 6600, 3600, "plain"),
        ("حوالي 7000 حساب خلال ثلاث ساعات", 7000, 10800, "about"),
        ("أكثر من عشرة آلاف حساب", 10000, None, "more_than"),
        ("على الأقل 500 حساب في يومين", 500, 172800, "at_least"),
        ("6.600 contas em dez minutos", 6600, 600, "plain"),
        ("seis mil e seiscentas contas em uma hora", 6600, 3600, "plain"),
        ("quase 6,6 mil contas suspensas", 6600, None, "almost"),
        ("mais de 10.600 contas em 2 dias", 10600, 172800, "more_than"),
        ("cerca de 1,4 milhão de seguidores", 1_400_000, None, "about"),
        ("El 31 de octubre de 2013 cayeron 5.000 cuentas en una hora", 5000, 3600, "plain"),
    ],
)
def test_what_a_sentence_claims(sentence, value, window, qualifier):
    (one,) = parse(sentence)
    assert (one.value, one.window_s, one.qualifier) == (value, window, qualifier)


def test_who_and_what_is_claimed():
    assert parse("6.600 seguidores de @presidencia en diez minutos")[0].population == "@presidencia"
    assert parse("50 cuentas fueron restablecidas")[0].quantity == "restored"
    assert parse("12 comptes ont été rétablis")[0].quantity == "restored"
    assert parse("lost 4,849 followers in a day")[0].quantity == "lost"
    assert parse("45 % of the accounts were suspended")[0].unit == "percent"
    assert parse("nobody knows") == []


def test_a_number_that_reads_two_ways_says_so():
    assert parse("3.348 accounts", "en")[0].ambiguous == 3.348
    assert parse("3.348 cuentas", "es")[0].ambiguous is None
    assert parse("3,348 accounts", "en")[0].ambiguous is None


@pytest.mark.parametrize("language", sorted(SPELL))
@given(
    n=st.integers(2, 999_999)
    | st.sampled_from([1_000_000, 2_000_000])
    | st.integers(1_000_000, 999_999_999)
)
def test_numbers_in_words_come_back(language, n):
    (amount,) = amounts(tokens(SPELL[language](n)), language)
    assert amount.value == n


@pytest.mark.parametrize(
    ("language", "noun"),
    [
        ("en", "accounts were suspended"),
        ("es", "cuentas suspendidas"),
        ("fr", "comptes suspendus"),
        ("pt", "contas suspensas"),
        ("ar", "حساب معلق"),
    ],
)
@given(n=st.integers(2, 999_999))
def test_numbers_in_words_are_claims(language, noun, n):
    of = "de " if language in ("es", "fr", "pt") and n >= 1_000_000 else ""
    (claim,) = parse(f"{SPELL[language](n)} {of}{noun}", language)
    assert (claim.value, claim.quantity) == (n, "fallen")


@given(st.integers(1000, 9_999_999))
def test_grouped_digits_come_back(n):
    if 1990 <= n <= 2100:
        return
    grouped = f"{n:,}"
    assert parse(f"{grouped} accounts fell", "en")[0].value == n
    assert parse(f"cayeron {grouped.replace(',', '.')} cuentas", "es")[0].value == n
    assert parse(f"{grouped.replace(',', chr(0x202F))} comptes", "fr")[0].value == n


def record(seconds, *, after=None, back=0):
    earlier = [None] * len(seconds) if after is None else [moment(START, a) for a in after]
    rows = [
        (f"a{i}", "suspended", moment(START, s), a)
        for i, (s, a) in enumerate(zip(seconds, earlier, strict=True))
    ]
    rows += [(f"a{i}", "active", START + dt.timedelta(days=2)) for i in range(back)]
    return from_tables({"statuses": statuses(rows)})


def check_one(text, data, findings=None):
    (finding,) = check(data, findings or {}, Claim(text), settings=Settings())
    return finding


NIGHT = np.sort(np.r_[np.random.default_rng(1).random(6600) * 600, 50_000 + np.arange(200) * 3000])


def test_supported_and_the_windows_for_which_it_holds():
    finding = check_one("6.600 cuentas en diez minutos", record(NIGHT))
    assert finding.details["verdict"] == "supported"
    assert finding["measured"].value == 6600
    assert 570 < finding.details["true_from_s"] < 600 < finding.details["true_to_s"]
    assert finding.details["second_reading"]["value"] == 1


def test_supported_within_contradicted_and_never_by_luck():
    assert (
        check_one("7,000 accounts in ten minutes", record(NIGHT)).details["verdict"]
        == "supported_within"
    )
    assert (
        check_one("more than 10,600 accounts in ten minutes", record(NIGHT)).details["verdict"]
        == "contradicted"
    )
    assert (
        check_one("about 7,000 accounts in ten minutes", record(NIGHT)).details["verdict"]
        == "supported"
    )
    assert (
        check_one("6.600 cuentas en un minuto", record(NIGHT)).details["verdict"] == "contradicted"
    )
    assert (
        check_one("only 135 accounts in ten minutes", record(NIGHT)).details["verdict"]
        == "contradicted"
    )


def test_off_by_more_than_a_tenth_is_contradicted():
    times = np.sort(np.random.default_rng(2).random(6200) * 600)
    assert (
        check_one("7000 accounts in ten minutes", record(times)).details["verdict"]
        == "contradicted"
    )
    assert (
        check_one("exactly 6500 accounts in ten minutes", record(times)).details["verdict"]
        == "contradicted"
    )
    assert (
        check_one("exactly 6200 accounts in ten minutes", record(times)).details["verdict"]
        == "supported"
    )


def test_the_second_window_is_the_fullest_that_does_not_touch_the_best():
    times = np.r_[np.full(5, 91.0), 100.0, np.full(20, 109.0)]
    second = check_one("21 accounts in 10 seconds", record(times)).details["second_reading"]
    assert second["value"] == 5
    assert second["to"] == pytest.approx(START.timestamp() + 91)


def test_a_number_of_accounts_is_not_a_year():
    assert parse("2000 accounts fell", "en")[0].value == 2000
    assert parse("in 2013 nobody knew", "en") == []


def test_days_cannot_answer_for_minutes():
    day = np.full(6600, 86400.0)
    finding = check_one("6.600 cuentas en diez minutos", record(day, after=day - 86400))
    assert finding.details["verdict"] == "not_answerable"
    assert finding.answer == "cannot"
    assert (
        check_one("6.600 cuentas en dos días", record(day, after=day - 86400)).details["verdict"]
        == "supported"
    )


def test_restored_and_unknown():
    assert (
        check_one("50 cuentas fueron restablecidas", record(NIGHT, back=50)).details["verdict"]
        == "supported"
    )
    assert (
        check_one("6.600 seguidores de @nadie en diez minutos", record(NIGHT)).reasons[0].code
        == "account-not-known"
    )
    assert check_one("nobody knows", record(NIGHT)).reasons[0].code == "claim-without-number"
    assert check_one("50 accounts fell", from_tables({})).reasons[0].code == "no-statuses"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (100, 100, "supported"),
        (99, 101, "supported"),
        (105, 105, "supported_within"),
        (95, 103, "supported_within"),
        (50, 150, "not_answerable"),
        (120, 120, "contradicted"),
        (0, 0, "contradicted"),
    ],
)
def test_the_verdict_from_bounds(low, high, verdict):
    one = ParsedClaim("fallen", 100, 98, 102, "accounts", None, "all", "plain", "en")
    assert judge(one, low, high)[0] == verdict


def test_claims_are_kept_and_read():
    claims = [Claim("6.600 cuentas", "a minister", "2013-10-31", "", "es"), Claim("<b>x</b> 5")]
    assert read_claims(write_claims(claims)) == claims
    assert claim_slug("6.600 cuentas!") != claim_slug("6.601 cuentas!")
    for bad in (
        "claim = 3",
        "[[claim]]\nwho = 'x'",
        "[[claim]]\ntext = 'a 1'\ntxet = 'b'",
        "not toml [",
    ):
        with pytest.raises(UsageError):
            read_claims(bad)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("No more than hundreds of accounts were suspended in ten minutes", "en"),
        ("Not hundreds of accounts were suspended in ten minutes", "en"),
        ("Hasta unos cientos de cuentas fueron suspendidas en diez minutos", "es"),
        ("No máximo milhares de contas foram suspensas em dez minutos", "pt"),
    ],
)
def test_a_bound_of_a_vague_amount_is_refused(sentence, language):
    read = parse_sentence(sentence, language)
    assert read.unread or not read.claims


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Only hundreds of accounts were suspended in ten minutes", "en"),
        ("Solo cientos de cuentas fueron suspendidas en diez minutos", "es"),
    ],
)
def test_only_so_many_of_a_vague_amount_is_between_its_bounds(sentence, language):
    (claim,) = parse_sentence(sentence, language).claims
    assert (claim.qualifier, claim.low, claim.high) == (Qualifier.BETWEEN, 200.0, 1000.0)
