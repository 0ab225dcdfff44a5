"""The catalogues.

The same keys, whole plurals, no stray English, numbers as each language writes them.
"""

import datetime as dt
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from babel import Locale

import birdfall
import birdfall.world.simulate as simulate
from birdfall.model.findings import Note
from birdfall.sources.table.column_choice import ROLES
from birdfall.tell.page import quoted
from birdfall.tell.words import LANGUAGES, _catalogue, render, words

CATALOGUES = {
    name: json.loads((files("birdfall.tell") / "words" / f"{name}.json").read_text("utf-8"))
    | json.loads((files("birdfall.tell") / "words" / f"app.{name}.json").read_text("utf-8"))
    | json.loads((files("birdfall.tell") / "words" / f"page.{name}.json").read_text("utf-8"))
    for name in LANGUAGES
}
PLURAL = re.compile(r"\{(\w+), plural,")


def test_every_language_has_every_key():
    for language in LANGUAGES:
        assert set(CATALOGUES[language]) == set(CATALOGUES["en"]), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_use_the_same_values(language):
    def names(message):
        # the text of a plural form is no name
        message = re.sub(r"(?:\b(?:zero|one|two|few|many|other)|=\d+) \{", " ", message)
        return set(re.findall(r"\{([a-z]\w*)(?=[},])", message, re.ASCII))

    for key, message in CATALOGUES[language].items():
        assert names(message) == names(CATALOGUES["en"][key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_renders_for_every_plural_form(language):
    say = words(language)
    forms = Locale.parse(language).plural_form.tags | {"other"}
    for key, message in CATALOGUES[language].items():
        for n in (0, 1, 2, 3, 11, 100, 6600):
            text = render(
                message,
                {
                    name: n if name in PLURAL.findall(message) else "x"
                    for name in re.findall(r"\{([a-z]\w*)", message, re.ASCII)
                },
                say,
            )
            assert "{" not in text and "}" not in text, key
        if PLURAL.search(message):
            written = set(re.findall(r"(?:plural,|\})\s*(\w+) \{", message))
            assert (
                forms - written <= {"many"} if language in ("es", "fr", "pt") else forms <= written
            ), (
                key,
                forms,
                written,
            )


def test_no_english_is_left_in_arabic():
    for key, message in CATALOGUES["ar"].items():
        bare = re.sub(r"\{\w+, plural,|\b(?:zero|one|two|few|many|other) \{|\{\w+\}", " ", message)
        # names of services, protocols and formats are written in their own letters
        bare = re.sub(r"\b(?:AT|Birdfall|Bluesky|JSON|Jetstream|MediaWiki|Ozone)\b", " ", bare)
        assert not re.search(r"[A-Za-z]{2,}", bare), (key, message)


def test_no_catalogue_speaks_of_bots_or_users():
    for language in LANGUAGES:
        text = " ".join(CATALOGUES[language].values()).lower()
        assert not re.search(r"\b(bots?|users?|usuarios?|utilisateurs?)\b", text), language


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [
        ("en", 6622, "6,622"),
        ("es", 6622, "6622"),
        ("es", 32000, "32\u202f000"),
        ("fr", 6622, "6\u202f622"),
        ("ar", 6622, "6,622"),
        ("pt", 6622, "6.622"),
        ("es", 3.14159, "3,14"),
        ("pt", 0.5, "0,5"),
        ("en", -4849, "\u22124,849"),
    ],
)
def test_numbers(language, number, text):
    assert words(language).number(number) == text


def test_lengths_of_time():
    assert words("en").duration(600) == "10 minutes"
    assert words("es").duration(41.3) == "41 segundos"
    assert words("ar").duration(600) == "10 دقائق"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.25, "0.25"),
        (0.004, "0.004"),
        (0.00012, "1.2 × 10⁻⁴"),
        (3e-6, "3 × 10⁻⁶"),
        (1e-12, "< 10⁻⁶"),
        (None, "–"),
    ],
)
def test_small_probabilities_keep_their_digits_and_claim_no_more(p, text):
    assert words("en").small(p).strip("\u2066\u2069") == text


def test_every_role_of_a_column_has_words():
    for language in LANGUAGES:
        missing = [r for r in ROLES if f"app.role.{r}" not in CATALOGUES[language]]
        assert not missing, (language, missing)


#: Placeholders of the report's sentences and notes that hold counts.
COUNTS = frozenset(
    """n accounts all hit tested naive waves targets seen reports reporters victims groups members
    posts callers edges significant shifted fixed fallen returned restored lost unknown rows
    together figures standing worlds strata falls pairs blocks circles audiences suspensions
    timing profile before lowest now at most acts draws possible crossing""".split()  # noqa: SIM905
)
#: Words that may follow a count, since nothing there is counted.
AFTER_A_COUNT = {
    "en": {"of", "at", "on", "and", "to", "then", "can", "most", "suspensions"},
    "es": {"como", "de", "en", "al", "por", "para", "veces", "suspensiones", "netos"},
    "fr": {"sur", "de", "au", "et", "à", "fois", "des", "suspensions", "donnaient"},
    "pt": {"das", "de", "e", "dos", "no", "por", "suspensões"},
}


@pytest.mark.parametrize("language", AFTER_A_COUNT)
def test_no_count_stands_beside_a_noun_without_its_plural(language):
    notes = json.loads(
        (files("birdfall.tell") / "words" / f"notes.{language}.json").read_text("utf-8")
    )
    bare = []
    for key, message in (CATALOGUES[language] | notes).items():
        if key.startswith(("app.", "watch.")):
            continue
        # what is chosen by another count agrees with that one
        for name, word in re.findall(r"\{(\w+)\} ([^\W\d_]{2,})", message):
            if name in COUNTS and word.lower() not in AFTER_A_COUNT[language]:
                bare.append((key, name, word))
    assert bare == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_moments_and_lengths_of_time_in_notes_are_told_as_prose(language):
    note = Note(
        "wave-after-a-gap",
        {"suspensions": 3, "from": "2013-10-31T22:20:41+00:00", "gap_s": 7200},
    )
    told = words(language, "America/Caracas").note(note)
    assert "T22" not in told and "7200" not in told and "41" not in told
    assert words(language, "America/Caracas").duration(7200) in told


def test_french_marks_have_their_narrow_spaces():
    for key in CATALOGUES["fr"]:
        text = _catalogue("fr")[key]
        assert not re.search(r"[ \u00a0][;?!%»]|«[ \u00a0]|[^\u00a0\d] :", text), (key, text)
    assert words("fr").percent(0.3) == "30\u202f%"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_less_than_nothing(language):
    say = words(language)
    for text in (say.percent(-0.0001), say.number(-0.3, 0), say.number(-0.0)):
        assert "-" not in text, text


def test_the_question_of_a_simulated_world_is_asked_in_every_language():
    source = Path(simulate.__file__).read_text("utf-8")
    for key in ("question.simulated.story", "question.simulated.quiet"):
        assert words("es")(key) in source
        assert len({words(language)(key) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize("seconds", [2, 120, 7200])
def test_two_of_a_unit_of_time_decline_in_arabic_sentences(seconds):
    say = words("ar")
    assert say.duration(seconds, alone=True).endswith("ان")
    assert say.duration(seconds).endswith("ين")
    for n in (1, 5, 20):
        assert say.duration(n * seconds / 2) == say.duration(n * seconds / 2, alone=True)


def test_every_note_ends_its_sentence():
    for language in LANGUAGES:
        for key, message in CATALOGUES[language].items():
            if key.startswith("note."):
                assert message.endswith((".", "?", "؟")), (language, key)


def test_one_account_lost_more_than_its_own_growth_in_french():
    told = words("fr")("verdict.counts", day="1er mai", n=1, amounts="9")
    assert "1 compte a perdu" in told and "sa croissance" in told and "leur" not in told


def test_a_length_alone_in_a_cell_stands_in_the_form_that_stands_alone():
    assert words("ar").duration(7200, alone=True) == "ساعتان"
    assert words("ar").duration(7200) == "ساعتين"
    source = Path(birdfall.__file__).parent
    cells = re.compile(r"<(?:td|th|dd|option)\b[^>]*>(?:\{%[^%]*%\}|\{\{ )*[^<]*?duration\([^)]*\)")
    found = [
        cell for path in source.rglob("*.j2") for cell in cells.findall(path.read_text("utf-8"))
    ]
    alone = [cell for cell in found if "alone=true" in cell or "<option" in cell]
    assert found == alone
    assert len(found) >= 4


def test_the_first_of_a_month_is_written_as_each_language_does():
    first = dt.datetime(2024, 1, 1, 17, 50, tzinfo=dt.UTC)
    eleventh = first.replace(day=11)
    written = {language: words(language).moment(first) for language in LANGUAGES}
    assert written["fr"].startswith("1er janvier 2024")
    assert written["pt"].startswith("1º de janeiro de 2024")
    assert written["es"].startswith("1 de enero de 2024")
    assert words("fr").time(first) == "1er janv. 2024, 17:50"
    assert words("fr").day(eleventh) == "11 janvier 2024"
    assert words("pt").axis_day(first) == "1º jan."


def test_a_handle_in_an_arabic_sentence_keeps_its_sign_in_front():
    assert quoted("@leader", words("ar")) == "\u2068@leader\u2069"
    assert quoted("@leader", words("fr")) == "@leader"
