"""What a headline says can be said to `check`, which supports it, in every language and zone."""

import re

import pytest
from known_cases import BY_NAME

from birdfall.claims.check import check_against
from birdfall.claims.statements import Claim, parse_claim
from birdfall.tell.sentences import wave_sentence
from birdfall.tell.words import LANGUAGES, words


def headline(case, say):
    """The parts of a headline that state something: before the first semicolon of each sentence."""
    waves = case.source().findings["waves"]
    row = waves.table("waves").to_pylist()[0]
    hit = say.percent(case.hit / case.fallen)
    wave = wave_sentence(row, waves, say)
    audience = say("verdict.audience", share=hit, leader=f"@{case.leader}")
    return [re.split("[;؛]", sentence)[0].strip() for sentence in (wave, audience)]


def verdicts(case, sentence, language):
    found = check_against(case.source(), parse_claim(Claim(sentence, language=language)))
    return {finding.details["verdict"] for finding in found}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_headline_is_supported_by_its_own_case(name, language):
    case = BY_NAME[name]
    for sentence in headline(case, words(language, case.zone)):
        assert verdicts(case, sentence, language) == {"supported"}, sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headline_of_another_case_is_contradicted(language):
    case, other = BY_NAME["caracas"], BY_NAME["tunis"]
    wave, _ = headline(other, words(language, other.zone))
    assert verdicts(case, wave, language) == {"contradicted"}, wave
