"""Sentences as people write them, in five languages, and what each claims; no text breaks it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.claims.parse import LANGUAGES, MAX_CHARACTERS, language_of, parse
from birdfall.model.errors import UsageError

SENTENCES = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text("utf-8"))
ALL = [
    (language, text, wanted)
    for language, rows in SENTENCES.items()
    for text, wanted in rows.items()
]


def describe(claim):
    if claim.quantity == "level":
        return "level " + " ".join(f"{level.role}={level.value:g}" for level in claim.levels)
    parts = [claim.quantity]
    parts.append(
        {"percent": f"{round(claim.value, 1):g}%", "times": f"{claim.value:g}x"}.get(
            claim.unit, f"{claim.value:.10g}"
        )
    )
    if claim.population != "all":
        parts.append(claim.population)
    if claim.window_s is not None:
        parts.append(
            f"{claim.window_s:.10g}"
            + (f"..{claim.window_most_s:.10g}" if claim.window_most_s else "")
        )
    if claim.qualifier != "plain":
        parts.append(claim.qualifier)
    if claim.group:
        parts.append("/" + claim.group)
    if claim.unit == "percent" and claim.of:
        parts.append("%" + claim.of)
    return " ".join(parts)


def test_there_are_forty_of_each_language():
    assert set(SENTENCES) == set(LANGUAGES)
    assert min(len(rows) for rows in SENTENCES.values()) >= 40


@pytest.mark.parametrize(("language", "text", "wanted"), ALL, ids=[t for _, t, _ in ALL])
def test_what_each_sentence_claims(language, text, wanted):
    assert [describe(claim) for claim in parse(text)] == wanted
    # that the language is told and not guessed makes no difference
    assert [describe(claim) for claim in parse(text, language)] == wanted


@pytest.mark.parametrize(("language", "text", "wanted"), ALL, ids=[t for _, t, _ in ALL])
def test_dress_makes_no_difference(language, text, wanted):
    """Quotes, marks of direction, a link, another apostrophe, capitals and spaces say nothing."""
    dressed = [
        f"“{text}”",
        f"\u200f{text}\u200e",
        f"{text} https://t.co/6600abc",
        text.replace("'", "’"),
        text.upper(),
        f"  {text}  ",
        f"«{text}»",
    ]
    for one in dressed:
        found = [describe(claim).casefold() for claim in parse(one, language)]
        assert found == [w.casefold() for w in wanted], one


@pytest.mark.parametrize(
    "written",
    [
        "6600",
        "6.600",
        "6,600",
        "6 600",
        "6\u00a0600",
        "6\u202f600",
        "6\u2009600",
        "6'600",
        "6’600",
        "٦٦٠٠",
        "٦٬٦٠٠",
        "۶۶۰۰",
        "6.6k",
        "6,6k",
        "6,6 mil",
        "6.6K",
        "６６００",
    ],
)
@pytest.mark.parametrize(
    ("language", "noun"),
    [
        ("es", "cuentas suspendidas"),
        ("en", "accounts suspended"),
        ("fr", "comptes suspendus"),
        ("pt", "contas suspensas"),
        ("ar", "حساب معلق"),
    ],
)
def test_every_way_to_write_a_number(written, language, noun):
    if ("mil" in written and language not in ("es", "pt", "fr")) or (
        "k" in written.lower() and language == "ar"
    ):
        return
    (claim,) = parse(f"{written} {noun}", language)
    assert claim.value == 6600


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "👋",
        "...",
        "6",
        "@a @b @c",
        "#6600cuentas",
        "https://x.com/6600",
        "17:50",
        "31/10/2013",
        "31.10.2013",
        "2013-10-31T17:50:00Z",
        "$6,600",
        "6600 €",
        "v2.0",
        "G20",
        "covid-19",
        "3rd place",
        "1er novembre",
        "artículo 57",
        "24/7",
        "+58 212 555 6600",
        "the 2012-2013 season",
        "a 24-year-old",
        "de 54 años",
        "il y a trois jours",
        "at 6 pm",
    ],
)
def test_numbers_that_claim_nothing(text):
    assert parse(text) == []


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text):
    for claim in parse(text):
        assert claim.value >= 0
        assert claim.low is None or claim.high is None or claim.low <= claim.high
    assert language_of(text) in (None, *LANGUAGES)


@given(
    st.lists(st.sampled_from([w for _, text, _ in ALL for w in text.split()]), max_size=25),
    st.sampled_from([None, *LANGUAGES]),
)
def test_no_order_of_words_breaks_the_reader(words, language):
    for claim in parse(" ".join(words), language):
        assert claim.value >= 0
        assert claim.low is None or claim.high is None or claim.low <= claim.high


def test_a_book_is_no_claim():
    with pytest.raises(UsageError, match="characters"):
        parse("6,600 accounts fell. " * (MAX_CHARACTERS // 10))
