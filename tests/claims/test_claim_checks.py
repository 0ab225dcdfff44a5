"""Claims against records: levels, shares, comparisons, none, groups, vague windows, bounds."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_cases import CARACAS

from birdfall.claims import Claim, check
from birdfall.claims.check import check_against
from birdfall.claims.follower_claims import CountSeries, find_turning_points, largest_change
from birdfall.claims.statements import parse_claim
from birdfall.claims.windows import count_bounds
from birdfall.measures.waves import waves
from birdfall.model.settings import Settings
from birdfall.record.record import from_tables
from builders import after, follows, statuses
from builders import counts as count_table

START = dt.datetime(2013, 10, 31, 12, 0, tzinfo=dt.UTC)
HOUR, DAY = 3600.0, 86400.0


def at(seconds):
    return after(START, seconds)


def record(falls=(), back=(), *, counts=(), followers=(), settings=None):
    """A record of falls and returns (account, seconds) and of counts (account, seconds, followers).

    followers: (follower, followed).
    """
    rows = [(a, "suspended", at(t)) for a, t in falls] + [(a, "active", at(t)) for a, t in back]
    tables = {}
    if rows:
        tables["statuses"] = statuses(rows)
    if counts:
        tables["counts"] = count_table([(a, at(t), n) for a, t, n in counts])
    if followers:
        tables["follows"] = follows([(*pair, at(-10 * DAY)) for pair in followers])
    return from_tables(tables, settings)


def verdicts(data, text, findings=None, settings=None):
    return [
        f.details["verdict"]
        for f in check(data, findings or {}, Claim(text), settings=settings or Settings())
    ]


def one(data, text, findings=None, settings=None):
    (finding,) = check(data, findings or {}, Claim(text), settings=settings or Settings())
    return finding


NIGHT = [
    ("m", -3 * DAY, 31_900),
    ("m", -2 * DAY, 31_950),
    ("m", -HOUR, 32_010),
    ("m", 600, 1),
    ("m", 3 * HOUR, 9_000),
    ("m", 7 * HOUR, 17_050),
    ("m", DAY, 20_000),
]


@pytest.mark.parametrize(
    "text",
    [
        "Her followers went from 32,000 to 1 and hours later 17,000",
        "Cayó de 32.000 a 1 y horas después tenía 17.000 seguidores",
        "Son compte est passé de 32 000 à 1, puis 17 000 quelques heures plus tard",
        "Caiu de 32 mil para 1 e horas depois 17 mil",
        "انخفض عدد متابعيها من 32000 إلى 1 وبعد ساعات أصبح 17000",
    ],
)
def test_three_levels_of_one_count_are_one_claim(text):
    finding = one(record(counts=NIGHT), text)
    assert finding.details["verdict"] == "supported"
    assert [(level["role"], level["measured"]) for level in finding.details["levels"]] == [
        ("before", 32_010),
        ("lowest", 1),
        ("later", 17_050),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("went from 32,000 to 1", "supported"),
        ("went from 30,000 to 1", "supported_within"),
        ("went from 35,000 to 1", "contradicted"),
        ("went from 60,000 to 1", "contradicted"),
        ("went from 32,000 to 20,000", "supported"),  # net: it ends there
        ("went from 32,000 to 25,000", "contradicted"),
        ("went from 32,000 to 20,000 in ten minutes", "not_answerable"),
        ("went from 32,000 to 1 and hours later 30,000", "contradicted"),
        ("She now has 20,000 followers", "supported"),
        ("She was left with one follower", "supported"),
        ("She had 32,000 followers", "supported"),
        ("went from 32,000 to 1 and five days later 17,000", "not_answerable"),
    ],
)
def test_levels_are_held_against_the_counts(text, wanted):
    assert verdicts(record(counts=NIGHT), text) == [wanted]


def test_levels_from_the_ledger_where_nothing_was_counted():
    fans = [(f"f{i}", "m") for i in range(200)]
    data = record(
        [(f"f{i}", 10 + i / 100) for i in range(199)],
        [(f"f{i}", 5 * HOUR) for i in range(100)],
        followers=fans,
    )
    finding = one(data, "Her followers went from 200 to 1 and hours later 101")
    assert finding.details["verdict"] == "supported"
    assert finding.details["reading"] == "ledger"


@pytest.mark.parametrize("said", ["had 200 followers before the wave", "now has 200 followers"])
def test_an_account_that_kept_its_followers_has_a_level(said):
    fans = [(f"f{i}", "steady") for i in range(200)]
    data = record([(f"x{i}", 10 + i / 100) for i in range(99)], followers=fans)
    finding = one(data, f"@steady {said}")
    assert (finding.details["verdict"], finding.details["reading"]) == ("supported", "ledger")
    wrong = one(data, f"@steady {said.replace('200', '300')}")
    assert wrong.details["verdict"] == "contradicted"
    assert one(data, f"@nobody {said}").details["verdict"] == "not_answerable"


def test_levels_of_nobody_are_refused():
    assert one(record([("a", 1)]), "fell from 32,000 to 1").details["verdict"] == "not_answerable"


FANS = [(f"f{i}", "m") for i in range(100)] + [(f"x{i}", "n") for i in range(50)]
FALLS = [(f"f{i}", 3600 * i / 50) for i in range(50)] + [(f"x{i}", 10 * DAY + i) for i in range(10)]
BACK = [(f"f{i}", DAY / 2) for i in range(20)] + [(f"f{i}", 3 * DAY) for i in range(20, 25)]


def test_every_claim_of_a_sentence_is_checked():
    data = record(FALLS, BACK, followers=FANS)
    assert verdicts(data, "50 accounts fell in an hour, and 40 came back") == [
        "supported",
        "contradicted",
    ]
    found = check(
        data, {}, Claim("50 accounts fell in an hour, and 25 came back"), settings=Settings()
    )
    assert [f.details["verdict"] for f in found] == ["supported", "supported"]
    assert len({f.name for f in found}) == 2


def test_shares_have_the_base_and_the_window_that_is_said():
    settings = Settings(leaders=("m",))
    data = record(FALLS, BACK, followers=FANS, settings=settings)
    assert verdicts(data, "half of her followers vanished in an hour", settings=settings) == [
        "supported"
    ]
    assert verdicts(data, "half of her followers vanished in ten minutes", settings=settings) == [
        "contradicted"
    ]
    assert one(data, "half of her followers vanished in ten minutes", settings=settings)[
        "measured"
    ].value == pytest.approx(0.09)
    assert verdicts(data, "20 % of the followers of @n were suspended") == ["supported"]
    assert verdicts(data, "la mitad de los seguidores de @m volvió", settings=settings) == [
        "supported"
    ]  # 25 of the 50 of hers
    assert verdicts(data, "the fallen: 42 % came back") == ["supported"]  # 25 of 60
    assert verdicts(data, "40 % of her followers came back within a day", settings=settings) == [
        "supported"
    ]
    assert verdicts(data, "all the accounts came back") == ["contradicted"]
    assert verdicts(data, "most of the accounts came back") == ["contradicted"]


def test_none_is_held_against_all_that_happened():
    assert verdicts(record(FALLS), "none came back") == ["supported"]
    assert verdicts(record(FALLS, BACK), "none came back") == ["contradicted"]
    assert verdicts(record(FALLS), "ninguna cuenta fue suspendida") == ["contradicted"]
    assert verdicts(record([], [("a", 1)]), "aucun compte n'a été suspendu") == ["supported"]


def test_a_group_that_no_record_knows_is_bounded_by_all():
    data = record(FALLS)
    finding = one(data, "no opposition accounts were suspended")
    assert finding.details["verdict"] == "not_answerable"
    assert finding.reasons[0].code == "group-not-known"
    assert verdicts(data, "600 opposition accounts were suspended") == ["contradicted"]
    assert verdicts(record([], [("a", 1)]), "no opposition accounts were suspended") == [
        "supported"
    ]


def test_comparisons():
    settings = Settings(leaders=("m",))
    data = record(FALLS, BACK, followers=FANS, settings=settings)
    assert verdicts(data, "Twice as many accounts fell as came back") == [
        "contradicted"
    ]  # 60 against 25
    assert verdicts(data, "More than twice as many accounts fell as came back") == ["supported"]
    assert verdicts(
        data, "Five times as many followers of @m as of @n were suspended", settings=settings
    ) == ["supported"]
    assert (
        one(data, "Twice as many accounts were suspended").reasons[0].code == "comparison-not-told"
    )
    assert (
        one(data, "Twice as many accounts as usual were suspended").reasons[0].code
        == "no-wave-to-compare"
    )


def test_what_is_denied_is_true_if_it_is_not_so():
    assert verdicts(record(FALLS), "It was not 600 accounts but 60") == ["supported", "supported"]
    assert verdicts(record(FALLS), "It was not 60 accounts") == ["contradicted"]


def test_ranges_and_vague_words():
    data = record(FALLS)
    assert verdicts(data, "between 40 and 55 accounts fell in an hour") == ["supported"]
    assert verdicts(data, "between 100 and 200 accounts fell in an hour") == ["contradicted"]
    assert verdicts(data, "dozens of accounts fell within minutes") == ["supported"]
    assert verdicts(data, "thousands of accounts fell within minutes") == ["contradicted"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "dozens of accounts were suspended"),
        ("es", "decenas de cuentas fueron suspendidas"),
        ("fr", "des dizaines de comptes ont été suspendus"),
        ("ar", "عُلّقت عشرات الحسابات"),
        ("pt", "dezenas de contas foram suspensas"),
    ],
)
def test_a_vague_plural_that_says_too_little_is_not_false(language, text):
    data = record([(f"u{n}", n) for n in range(150)])
    (finding,) = check(data, {}, Claim(text, language=language), settings=Settings())
    assert finding.details["verdict"] == "not_answerable"
    assert finding.reasons[0].code == "vague-bounds-only"


def test_a_claim_without_a_window_is_of_the_wave_or_of_the_record():
    rng = np.random.default_rng(3)
    quiet = [(f"q{i}", t) for i, t in enumerate(np.sort(rng.random(200)) * 40 * DAY - 20 * DAY)]
    wave = [(f"w{i}", t) for i, t in enumerate(np.sort(rng.random(800)) * 600)]
    data = record(quiet + wave)
    found = {"waves": waves(data, replicates=199)}
    assert one(data, "800 accounts were suspended", found).details["reading"] == "wave"
    assert one(data, "1,000 accounts were suspended", found).details["reading"] == "record"
    assert verdicts(data, "1,000 accounts were suspended", found) == ["supported"]
    assert verdicts(data, "500 accounts were suspended", found) == ["contradicted"]


def test_a_loss_is_net_or_gross():
    from birdfall.measures.follower_counts import follower_counts

    days = [
        (f"{a}", d * DAY, 300_000 + 2000 * d - (6600 if a == "m" and d >= 40 else 0))
        for a in ("m", "k")
        for d in range(60)
    ]
    data = record(counts=days, settings=Settings(leaders=("m",)))
    found = {"counts": follower_counts(data, leaders=("m",))}
    settings = Settings(leaders=("m",))
    net = one(data, "@m lost 4,600 followers in a day", found, settings)
    assert (net.details["verdict"], net.details["reading"]) == ("supported", "net-counts")
    gross = one(data, "@m lost 6,600 followers in a day", found, settings)
    assert (gross.details["verdict"], gross.details["reading"]) == ("supported", "gross-counts")
    assert (
        one(data, "@m lost 10,600 followers in a day", found, settings).details["verdict"]
        == "contradicted"
    )


def slow_count_bounds(low, high, window):
    """Every window that could matter, one by one."""
    certain = possible = 0
    points = np.unique(np.r_[low, high, low - window, high - window])
    starts = np.unique(np.r_[points, (points[:-1] + points[1:]) / 2]) if len(points) > 1 else points
    for s in starts:
        certain = max(certain, int(((low >= s) & (high <= s + window)).sum()))
        exact = (low == high) & (low >= s) & (low <= s + window)
        possible = max(
            possible, int((exact | ((low < high) & (high >= s) & (low < s + window))).sum())
        )
    return certain, possible


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), min_size=1, max_size=40),
    st.integers(0, 30),
)
def test_bounds_within_intervals_are_exact(intervals, window):
    low = np.array([float(a) for a, _ in intervals])
    high = low + np.array([float(w) for _, w in intervals])
    assert count_bounds(low, high, float(window)) == slow_count_bounds(low, high, float(window))


def test_bounds_hold_beyond_any_number_of_starts():
    """Five thousand starts; the one window that holds most is found wherever it stands."""
    low = np.r_[np.arange(5000) * 100.0, np.full(30, 123_457.0)]
    certain, _ = count_bounds(low, low + 5.0, 10.0)
    assert certain == 30


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.integers(1, 20))
def test_the_largest_change_within_a_window(level, window):
    time, level = np.arange(len(level), dtype=float), np.array(level, dtype=float)
    series = CountSeries(time, level)
    slow = max(
        (
            level[i] - level[j]
            for j in range(len(level))
            for i in range(j)
            if time[j] - time[i] <= window
        ),
        default=0.0,
    )
    assert largest_change(series, float(window)).size == slow
    high, low = find_turning_points(series)
    assert (
        level[high] - level[low]
        == max(0.0, max(level[i] - level[j] for j in range(len(level)) for i in range(j + 1)))
        or level[high] >= level[low]
    )


@pytest.mark.parametrize(
    ("said", "text", "verdict"),
    [
        ("2013-11-01", "Yesterday 3,300 accounts were suspended in ten minutes.", "supported"),
        ("2013-11-02", "Yesterday 3,300 accounts were suspended in ten minutes.", "contradicted"),
        ("2013-11-02", "Anteayer cayeron 3.300 cuentas en diez minutos.", "supported"),
        ("2013-11-03", "Jeudi, 3 300 comptes ont été suspendus en dix minutes.", "supported"),
        ("2013-11-08", "Jeudi, 3 300 comptes ont été suspendus en dix minutes.", "contradicted"),
        ("", "Ontem 3.300 contas foram suspensas em dez minutos.", "not_answerable"),
        ("", "Na sexta-feira, 1.100 contas voltaram.", "supported"),
        ("", "Na quinta-feira, 1.100 contas voltaram.", "contradicted"),
        ("", "By 2 November 1,100 accounts had been restored.", "supported"),
        ("", "By 31 October 1,100 accounts had been restored.", "contradicted"),
    ],
)
def test_days_are_told_from_the_day_of_saying(said, text, verdict):
    (found,) = check_against(CARACAS.source(), parse_claim(Claim(text, when=said)))
    assert found.details["verdict"] == verdict


def test_what_is_true_of_the_whole_record_only_is_no_verdict_on_the_wave():
    (found,) = check_against(
        CARACAS.source(), parse_claim(Claim("More than 2,500 accounts did not come back."))
    )
    assert found.details["verdict"] == "not_answerable"
    assert found.reasons[0].values == {"wave": 2200.0, "record": 3000.0}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("3,000 of @ministra's followers were suspended.", "not_answerable"),
        ("None of @ministra's followers was suspended.", "not_answerable"),
        ("@ministra recuperó 17.000 seguidores.", "supported"),
        ("@ministra recuperó 30.000 seguidores.", "contradicted"),
    ],
)
def test_followers_whom_nobody_listed_are_not_none(text, verdict):
    (found,) = check_against(CARACAS.source(), parse_claim(Claim(text)))
    assert found.details["verdict"] == verdict


HOURLY = [("m", n * HOUR, 8000 if n < 6 else 4400) for n in range(12)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("@m lost 3,600 followers in ten minutes.", "not_answerable"),
        ("@m lost at least 500 followers in ten minutes.", "not_answerable"),
        ("@m lost 5,000 followers in ten minutes.", "contradicted"),
        ("@m lost 3,600 followers in two hours.", "supported"),
    ],
)
def test_counts_an_hour_apart_decide_nothing_of_ten_minutes(text, wanted):
    finding = one(record(counts=HOURLY), text)
    assert finding.details["verdict"] == wanted
    if wanted == "not_answerable":
        assert [note.code for note in finding.reasons] == ["times-too-coarse-for-claim"]


def test_the_ledger_decides_where_counts_are_too_far_apart():
    followers = [(f"f{n}", "m") for n in range(100)]
    falls = [(f"f{n}", 5 * HOUR + n) for n in range(45)]
    hourly = [("m", n * HOUR, 100 if n < 6 else 55) for n in range(12)]
    data = record(falls, counts=hourly, followers=followers)
    assert one(data, "@m lost 45 followers in ten minutes.").details["verdict"] == "supported"
    finding = one(data, "@m lost 30 followers in ten minutes.")
    assert finding.details["verdict"] == "contradicted"
    assert finding["measured"].value == 45


def test_a_share_that_is_told_as_the_end_of_a_range_lies_in_it():
    followers = [(f"f{n}", "m") for n in range(7001)]
    data = record([(f"f{n}", n / 1e4) for n in range(3150)], followers=followers)  # 44.99 %
    settings = Settings(leaders=("m",))
    for text in ("Almost half of @m's followers fell.", "At least 45% of @m's followers fell."):
        assert one(data, text, settings=settings).details["verdict"] == "supported"
    text = "At least 46% of @m's followers fell."
    assert one(data, text, settings=settings).details["verdict"] == "contradicted"
