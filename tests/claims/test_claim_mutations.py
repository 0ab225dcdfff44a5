"""A word that can change the truth, put anywhere into a sentence, changes what is read.

Or the sentence is refused.

Nothing is asked of the verdict: two readings that are the same cannot get two verdicts, so a word
that leaves the reading as it was has been overlooked.
"""

import csv
import re
from pathlib import Path

import pytest

from birdfall.claims.parse import Manner, parse_sentence
from birdfall.claims.parse.events import Quantity

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
    "ar": ("لم", "ولم", "لا", "ليس", "ليست", "ولا"),
    "en": (),
}

#: What says that a number comes on top of another.
ON_TOP = ("another", "otras", "autres", "outras")
#: What says the contrary, or another bound.
CONTRARIES = {
    "en": (("suspended", "restored"), ("restored", "suspended"), ("more than", "less than"),
           ("fewer", "more"), ("at least", "at most")),
    "es": (("suspendid", "restituid"), ("restituid", "suspendid"), ("más de", "menos de"),
           ("menos de", "más de")),
    "fr": (("suspendu", "rétabli"), ("rétabli", "suspendu"), ("plus de", "moins de"),
           ("moins de", "plus de")),
    "pt": (("suspens", "restaurad"), ("restaurad", "bloquead"), ("mais de", "menos de"),
           ("menos de", "mais de")),
    "ar": (("أوقف", "أعيد"), ("عاد", "اختفى"), ("أكثر من", "أقل من"), ("أقل من", "أكثر من")),
}  # fmt: skip
#: Words that deny, of which one may fall away while another of them stands.
DENYING = {name: frozenset(words) for name, words in AGREEING.items()} | {
    "ar": frozenset((*AGREEING["ar"], "حتى", "سوى", "أي")),
}
#: A word that denies only with the words around it: "se quedaron sin cuenta".
IN_PHRASES = ("sin", "sem", "sans")


def statements(step):
    """Sentences of known truth that are read to the last word, with their readings."""
    folder = Path(__file__).parent
    rows = []
    for name in ("truth.csv", "hard.csv", "fresh.csv", "constructs.csv"):
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
            if word in ON_TOP and all(c.quantity is Quantity.GAINED for c in read.claims):
                continue  # what is gained comes on top of what there was: "400 autres abonnés"
            if word in ("not", "never") and "yet" in words:
                continue  # "have yet not to return": not back either
            for at in range(len(words) + 1):
                text = " ".join([*words[:at], word, *words[at:]])
                again = parse_sentence(text, language)
                if not again.unread and (again.manner, again.claims) == (read.manner, read.claims):
                    found.append(text)
    return found


def test_no_word_that_changes_the_truth_is_overlooked_in_a_sample():
    assert overlooked(step=180) == []


@pytest.mark.slow
def test_no_word_that_changes_the_truth_is_overlooked():
    assert overlooked(step=9) == []


@pytest.mark.nightly
def test_no_word_that_changes_the_truth_is_overlooked_anywhere():
    assert overlooked(step=1) == []


def bare(word):
    return word.lower().strip('.,;:"«»“”()،؛')


def turned(language, sentence):
    """The sentence with a word less that changes the truth, or a number or a word replaced."""
    words = sentence.split()
    small = [bare(word) for word in words]
    for at, word in enumerate(small):
        others = {*small[:at], *small[at + 1 :]}
        if word in CHANGING[language] and word not in IN_PHRASES:
            if word in DENYING[language] and DENYING[language] & others:
                continue
            yield " ".join([*words[:at], *words[at + 1 :]])
    for number in re.finditer(r"(?<![\w@.,:])\d[\d.,]*\d|(?<![\w@.,:])\d(?![\w.,:])", sentence):
        other = str(int(re.sub(r"\D", "", number[0])) * 3 + 7)
        yield sentence[: number.start()] + other + sentence[number.end() :]
    for said, contrary in CONTRARIES[language]:
        for place in re.finditer(re.escape(said), sentence):
            yield sentence[: place.start()] + contrary + sentence[place.end() :]


def not_noticed(step):
    """The sentences turned that are read as they were."""
    found = []
    for language, sentence, read in statements(step):
        for text in turned(language, sentence):
            again = parse_sentence(text, language)
            if not again.unread and (again.manner, again.claims) == (read.manner, read.claims):
                found.append(text)
    return found


def test_no_word_dropped_or_replaced_goes_unnoticed_in_a_sample():
    assert not_noticed(step=80) == []


@pytest.mark.slow
def test_no_word_dropped_or_replaced_goes_unnoticed():
    assert not_noticed(step=1) == []
