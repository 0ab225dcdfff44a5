"""Claims in fields instead of a sentence, and how a claim is told to have been read."""

import pytest
from known_cases import CARACAS

from birdfall.claims import Claim, Measured, parse_claim, read_claims, write_claims
from birdfall.claims.check import check_against
from birdfall.model.errors import UsageError
from birdfall.tell.sections.claim_reading import reading_words
from birdfall.tell.words import words


def check(measured=None, text="", language=""):
    claim = Claim(text or measured.words(), language=language, measured=measured or Measured())
    return check_against(CARACAS.source(), parse_claim(claim))


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Measured("fallen", within="10m", at_least=3300), "supported"),
        (Measured("fallen", within="1m", at_least=3300), "contradicted"),
        (Measured("fallen", of="@presidencia", exactly=3000), "supported"),
        (Measured("fallen", of="opositor", at_most=50), "contradicted"),
        (Measured("restored", within="2d", about=33, share_of="fallen"), "supported"),
        (Measured("restored", within="2h", at_least=100), "contradicted"),
        (Measured("missing", about=2200), "supported"),
        (Measured("lost", of="presidencia", within="1d", about=3000), "supported"),
    ],
)
def test_a_claim_in_fields_is_measured_without_a_sentence(measured, verdict):
    (finding,) = check(measured)
    assert finding.details["verdict"] == verdict


@pytest.mark.parametrize(
    "measured",
    [
        Measured("fallen"),
        Measured("fallen", at_least=1, at_most=2),
        Measured("arrested", at_least=1),
        Measured("fallen", at_least=1, within="ten minutes"),
        Measured("fallen", at_least=-1),
        Measured("fallen", at_least=1, share_of="women"),
    ],
)
def test_what_the_fields_cannot_say_is_an_error(measured):
    with pytest.raises(UsageError):
        check(measured)


def test_claims_in_fields_stand_in_claims_toml():
    text = '[[claim]]\nmeasure = "fallen"\nof = "@x"\nwithin = "10m"\nat_least = 6600\nwho = "y"\n'
    (claim,) = read_claims(text)
    assert claim.measured == Measured("fallen", "@x", "10m", at_least=6600)
    assert (claim.text, claim.who) == ("fallen of @x within 10m at-least 6600", "y")
    assert read_claims(write_claims([claim])) == [claim]
    with pytest.raises(UsageError, match="unknown keys"):
        read_claims('[[claim]]\ntext = "x"\nat_leats = 3\n')


@pytest.mark.parametrize(
    ("text", "language", "read"),
    [
        (
            "3,300 accounts were suspended in ten minutes.",
            "en",
            "Read as: accounts suspended, of all accounts, within 10 minutes, "
            "between 31 Oct 2013, 17:50 and 31 Oct 2013, 18:00 (UTC): 3,300.",
        ),
        (
            "El 91% de las cuentas suspendidas seguía a @presidencia.",
            "es",
            "Leído como: cuentas suspendidas, entre los seguidores de X, "
            "como parte de las cuentas suspendidas: 91%.",
        ),
        (
            "É falso que 1.100 contas voltaram no dia seguinte.",
            "pt",
            "Lido como: contas suspensas que voltaram, de todas as contas, "
            "até o fim do dia seguinte: 1.100. A afirmação diz que não é assim.",
        ),
    ],
)
def test_it_says_how_a_sentence_was_read(text, language, read):
    (finding,) = check(text=text, language=language)
    assert reading_words(finding, words(language), lambda _: "X") == read
