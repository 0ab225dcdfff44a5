"""Whose accounts they are, where that is said of people whose accounts no record knows."""

import pytest

from birdfall.claims.parse import parse_sentence

OWNERS = {
    "en": ["the ministry", "the authorities", "officials", "a spokesman", "the opposition"],
    "es": ["el ministerio", "las autoridades", "la empresa", "la oposición"],
    "fr": ["le ministère", "les autorités", "un porte-parole", "l'opposition"],
    "pt": ["o ministério", "as autoridades", "um porta-voz", "a oposição"],
    "ar": ["الوزارة", "السلطات", "الحكومة", "المعارضة"],
}
OWNED = {
    "en": [
        "{} lost 12,000 accounts", "12,000 accounts of {} were suspended",
        "{}'s 12,000 accounts were suspended", "{}' 12,000 accounts were suspended",
        "12,000 accounts belonging to {} were suspended",
        "{} had 12,000 accounts suspended", "{} saw 12,000 accounts suspended",
    ],
    "es": [
        "{} perdió 12.000 cuentas", "fueron suspendidas 12.000 cuentas de {}",
        "A {} le suspendieron 12.000 cuentas",
    ],
    "fr": ["{} a perdu 12 000 comptes", "12 000 comptes de {} ont été suspendus"],
    "pt": ["{} perdeu 12 mil contas", "12 mil contas de {} foram suspensas"],
    "ar": ["خسرت {} 12000 حساب", "تم تعليق 12000 حساب من {}"],
}  # fmt: skip
BEFORE_THE_NOUN = ["ministry", "official", "opposition", "analysts"]
SAID = [
    "The opposition said that 7,000 accounts were suspended",
    "The opposition claims that 7,000 accounts were suspended",
    "The ministry said that 7,000 accounts were suspended",
    "7,000 accounts were suspended, officials said",
    "The authorities suspended 7,000 accounts",
    "Las autoridades suspendieron 7.000 cuentas",
    "El ministerio dijo que fueron suspendidas 7.000 cuentas",
    "Le ministère affirme que 7 000 comptes ont été suspendus",
    "O ministério disse que 7 mil contas foram suspensas",
    "قالت الوزارة إن 7000 حساب تم تعليقها",
]


@pytest.mark.parametrize(
    "sentence",
    [form.format(who) for lang in OWNED for form in OWNED[lang] for who in OWNERS[lang]],
)
def test_accounts_of_whom_no_record_knows_are_not_everybodys(sentence):
    parsed = parse_sentence(sentence[0].upper() + sentence[1:])
    assert parsed.unread or all(c.group or c.population != "all" for c in parsed.claims)


@pytest.mark.parametrize("who", BEFORE_THE_NOUN)
def test_nor_are_those_named_before_their_noun(who):
    parsed = parse_sentence(f"12,000 {who} accounts were suspended")
    assert parsed.unread or all(claim.group for claim in parsed.claims)


@pytest.mark.parametrize("sentence", SAID)
def test_who_says_it_or_does_it_changes_nothing(sentence):
    parsed = parse_sentence(sentence)
    [claim] = parsed.claims
    assert (parsed.unread, claim.value, claim.population, claim.group) == ("", 7000, "all", "")
