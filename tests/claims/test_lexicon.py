"""Each entry of a lexicon is read in a carrier sentence, as what its list says it means."""

import pytest

from birdfall.claims.parse import LANGUAGES, parse_sentence
from birdfall.claims.parse.lexicon import Tag, lexicon

#: A sentence around an entry, by language; grammar aside, it must be read with nothing left over.
EVENTS = {"en": "3,300 accounts {}", "es": "3.300 cuentas {}", "fr": "3 300 comptes {}",
          "pt": "3.300 contas {}", "ar": "3300 حساب {}"}  # fmt: skip
NUMBERS = {"en": "{} 3,300 accounts were suspended", "es": "{} 3.300 cuentas fueron suspendidas",
           "fr": "{} 3 300 comptes suspendus", "pt": "{} 3.300 contas suspensas",
           "ar": "{} 3300 حساب معلق"}  # fmt: skip
DENIED = {"en": "{} 3,300 accounts were suspended", "es": "{} 3.300 cuentas fueron suspendidas",
          "fr": "{} 3 300 comptes ont été suspendus", "pt": "{} 3.300 contas foram suspensas",
          "ar": "{} 3300 حساب علقت"}  # fmt: skip
QUANTITIES = {Tag.FALLEN: "fallen", Tag.RESTORED: "restored", Tag.MISSING: "missing"}
QUALIFIERS = {Tag.AT_LEAST: "at_least", Tag.MORE_THAN: "more_than", Tag.AT_MOST: "at_most",
              Tag.NOT_EVEN: "at_most", Tag.ALMOST: "almost", Tag.EXACTLY: "exactly"}  # fmt: skip


def entries(language, tag):
    """The phrases of a tag as they might stand in a sentence."""
    for phrase in lexicon(language).phrases[tag]:
        yield " ".join(phrase).replace("*", "")


def read(carrier, entry, language):
    return parse_sentence(carrier[language].format(entry), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_event_is_read_in_a_sentence(language):
    wrong = []
    for tag, quantity in QUANTITIES.items():
        for entry in entries(language, tag):
            found = read(EVENTS, entry, language)
            if found.unread or [str(c.quantity) for c in found.claims] != [quantity]:
                wrong.append((quantity, entry, found.unread))
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_qualifier_is_read_in_a_sentence(language):
    wrong = []
    for tag, qualifier in QUALIFIERS.items():
        for entry in entries(language, tag):
            found = read(NUMBERS, entry, language)
            if found.unread or [str(c.qualifier) for c in found.claims] != [qualifier]:
                wrong.append((qualifier, entry, found.unread))
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_denial_is_read_in_a_sentence(language):
    wrong = [
        entry
        for entry in entries(language, Tag.DENIED_THAT)
        if (found := read(DENIED, entry, language)).unread or found.manner != "denied"
    ]
    assert not wrong
