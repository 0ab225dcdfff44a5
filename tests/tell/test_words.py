"""The catalogues.

The same keys, whole plurals, no stray English, numbers as each language writes them.
"""

import json
import re
from importlib.resources import files

import pytest
from babel import Locale

from birdfall.sources.table.column_choice import ROLES
from birdfall.tell.words import LANGUAGES, render, words

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
        ("en", -4849, "-4,849"),
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
