"""A word that can change the truth, put anywhere into a sentence, changes what is read.

Or the sentence is refused.

Nothing is asked of the verdict: two readings that are the same cannot get two verdicts, so a word
that leaves the reading as it was has been overlooked.
"""

import csv
from pathlib import Path

import pytest

from birdfall.claims.parse import Manner, parse_sentence

#: Words that turn a sentence round or narrow what it is about.
CHANGING = {
    "en": ("not", "never", "half", "except", "without", "hardly", "another"),
    "es": ("no", "nunca", "medio", "salvo", "sin", "otras"),
    "fr": ("pas", "jamais", "sauf", "sans", "autres", "guère"),
    "pt": ("não", "nunca", "metade", "exceto", "sem", "outras"),
    "ar": ("لم", "ليس", "نصف", "باستثناء", "غير"),
}
#: Where a second "not" says the same again: "no volvió nunca nadie".
AGREEING = {
    "es": ("no", "nunca", "ni", "nadie", "ninguna", "ninguno", "ningún", "tampoco"),
    "pt": ("não", "nunca", "nem", "ninguém", "nenhuma", "nenhum"),
    "fr": ("ne", "pas", "jamais", "aucun", "aucune", "personne"),
    "ar": ("لم", "لا", "ليس", "ليست", "ولا"),
    "en": (),
}


def statements(step):
    """Sentences of known truth that are read to the last word, with their readings."""
    folder = Path(__file__).parent
    rows = []
    for name in ("truth.csv", "hard.csv", "fresh.csv"):
        rows += csv.DictReader((folder / name).open(encoding="utf-8"))
    for row in [row for row in rows if row["expected"] != "N"][::step]:
        read = parse_sentence(row["sentence"], row["language"])
        if read.claims and not read.unread and read.manner in (Manner.STATED, Manner.DENIED):
            yield row["language"], row["sentence"], read


def overlooked(step):
    """The sentences with a word more that are read as they were without it."""
    found = []
    for language, sentence, read in statements(step):
        words = sentence.split()
        agreed = {word.lower().strip('.,;"«»') for word in words} & {*AGREEING[language]}
        for word in CHANGING[language]:
            if agreed and word in AGREEING[language]:
                continue
            if word in ("not", "never") and "yet" in words:
                continue  # "have yet not to return": not back either
            for at in range(len(words) + 1):
                text = " ".join([*words[:at], word, *words[at:]])
                again = parse_sentence(text, language)
                if not again.unread and (again.manner, again.claims) == (read.manner, read.claims):
                    found.append(text)
    return found


def test_no_word_that_changes_the_truth_is_overlooked_in_a_sample():
    assert overlooked(step=90) == []


@pytest.mark.slow
def test_no_word_that_changes_the_truth_is_overlooked():
    assert overlooked(step=1) == []
