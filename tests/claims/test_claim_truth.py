"""Sentences of known truth: no wrong verdict in any, and most of what can be measured answered."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from claim_grammar import LANGUAGES, changed_sentences, sentences, strange_sentences
from known_cases import BY_NAME, CARACAS, CASES
from returning_cases import RETURNING, murcia

from birdfall.claims.check import check_against
from birdfall.claims.statements import Claim, parse_claim

#: Of the sentences of the grammar that can be measured, at least so many are answered.
MIN_ANSWERED = 0.85
#: The same of sentences as people wrote them.
MIN_ANSWERED_WRITTEN = 0.85
#: The same of sentences that nobody wrote for what can be read.
MIN_ANSWERED_FRESH = 0.75


def _read(name):
    rows = csv.DictReader((Path(__file__).parent / name).open(encoding="utf-8"))
    return [(row["language"], row["sentence"], row["expected"], "written") for row in rows]


WRITTEN, HARD = _read("truth.csv"), _read("hard.csv")
#: Sentences about three cases, each judged once before the code had seen it.
FRESH = [
    (row["case"], row["language"], row["sentence"], row["expected"])
    for row in csv.DictReader((Path(__file__).parent / "fresh.csv").open(encoding="utf-8"))
]
#: The same with what each is a case of: attribution, passive, range, ...
CONSTRUCTS = [
    (row["case"], row["language"], row["sentence"], row["expected"], row["construct"])
    for row in csv.DictReader((Path(__file__).parent / "constructs.csv").open(encoding="utf-8"))
]
#: One sentence with one part said in other ways: event, number, window, date, whose, return, ...
WAYS = [
    (row["language"], row["sentence"], row["expected"], row["slot"])
    for row in csv.DictReader((Path(__file__).parent / "ways.csv").open(encoding="utf-8"))
]


def told(source, text, language):
    """S, C, or N where no verdict is given, as a reader of the verdicts would say."""
    found = check_against(source, parse_claim(Claim(text, language=language)))
    given = [f.details["verdict"] for f in found if f.answer != "cannot"]
    if not given:
        return "N"
    if "contradicted" in given:
        return "C"
    return "S" if len(given) == len(found) else "N"


def judge(source, said):
    """Which of these (language, text, expected, construct) are wrong, and how many answered."""
    wrong, answered, measurable = [], Counter(), Counter()
    for language, text, expected, construct in said:
        verdict = told(source, text, language)
        if verdict not in ("N", expected):
            wrong.append(f"{language} {expected} and not {verdict}: {text}")
        for key in (language, construct, f"{language} {construct}") if expected != "N" else ():
            measurable[key] += 1
            answered[key] += verdict == expected
    return wrong, {key: answered[key] / number for key, number in measurable.items()}


def generated(case, step=1, first=0):
    rows = [(s.language, s.text, s.expected, s.construct) for s in sentences(case)]
    return rows[first::step]


def test_no_written_sentence_gets_a_wrong_verdict_in_a_sample():
    wrong, answered = judge(CARACAS.source(), WRITTEN[::4])
    assert not wrong
    assert answered["written"] >= MIN_ANSWERED_WRITTEN


@pytest.mark.slow
def test_no_written_sentence_gets_a_wrong_verdict():
    wrong, answered = judge(CARACAS.source(), WRITTEN)
    assert not wrong
    assert {k: v for k, v in answered.items() if v < MIN_ANSWERED_WRITTEN} == {}


def test_sentences_written_to_mislead_are_read_right_or_refused():
    wrong, _ = judge(CARACAS.source(), HARD)
    assert not wrong


@pytest.mark.parametrize("name", ["caracas", "manaus", "amman"])
def test_no_fresh_sentence_gets_a_wrong_verdict(name):
    said = [(*row, "fresh") for case, *row in FRESH if case == name]
    wrong, answered = judge(BY_NAME[name].source(), said)
    assert not wrong
    assert answered["fresh"] >= MIN_ANSWERED_FRESH


def of_case(name):
    return [tuple(row) for case, *row in CONSTRUCTS if case == name]


@pytest.mark.parametrize("name", ["beirut", "bogota"])
def test_no_construct_gets_a_wrong_verdict_in_a_sample(name):
    wrong, _ = judge(RETURNING[name](), of_case(name)[::6])
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", RETURNING)
def test_no_construct_gets_a_wrong_verdict(name):
    wrong, answered = judge(RETURNING[name](), of_case(name))
    assert not wrong
    assert {k: v for k, v in answered.items() if k in LANGUAGES and v < MIN_ANSWERED} == {}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_no_generated_sentence_gets_a_wrong_verdict(case):
    wrong, answered = judge(case.source(), generated(case, step=37))
    assert not wrong
    assert {k: v for k, v in answered.items() if k in LANGUAGES and v < MIN_ANSWERED} == {}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_none_of_thousands_of_generated_sentences_gets_a_wrong_verdict(case):
    wrong, answered = judge(case.source(), generated(case))
    assert not wrong
    assert {k: v for k, v in answered.items() if v < MIN_ANSWERED} == {}


def test_what_no_record_tells_is_refused_wherever_it_stands():
    for said in strange_sentences(CARACAS):
        assert told(CARACAS.source(), said.text, said.language) == "N", said.text


def test_one_word_that_changes_the_truth_changes_the_verdict():
    for language, text in changed_sentences(CARACAS):
        assert told(CARACAS.source(), text, language) != "S", text


def test_no_other_way_to_say_a_part_gets_a_wrong_verdict_in_a_sample():
    wrong, _ = judge(murcia(), WAYS[::29])
    assert not wrong


@pytest.mark.slow
def test_no_other_way_to_say_a_part_gets_a_wrong_verdict():
    wrong, answered = judge(murcia(), WAYS)
    assert not wrong
    assert {k: v for k, v in answered.items() if k in LANGUAGES and v < MIN_ANSWERED} == {}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Of the suspended accounts, 75% followed @ayuntamiento."),
        ("es", "1.800 cuentas que siguen a @ayuntamiento cayeron."),
        ("pt", "1.800 contas que seguem @ayuntamiento caíram."),
        ("en", "@ministro added 2,000 followers."),
        ("fr", "2 400 comptes ont été suspendus le 14 mai à 19 heures."),
    ],
)
def test_what_is_so_and_was_once_contradicted_is_supported(language, text):
    assert told(murcia(), text, language) == "S"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The suspension of 2,400 accounts lasted twelve minutes."),
        ("en", "The bans lasted twelve minutes: 2,400 accounts."),
        ("en", "The suspension of the 2,400 accounts in the wave lasted twelve minutes."),
        ("en", "2,400 accounts were suspended. It lasted twelve minutes."),
        ("es", "La suspensión de 2.400 cuentas duró doce minutos."),
        ("es", "El bloqueo, que alcanzó a 2.400 cuentas, duró doce minutos."),
        ("fr", "La suspension de 2 400 comptes a duré douze minutes."),
        ("fr", "Le blocage de 2 400 comptes a duré douze minutes."),
        ("pt", "A suspensão de 2.400 contas durou doze minutos."),
        ("pt", "O bloqueio de 2.400 contas durou doze minutos."),
        ("ar", "استمر إيقاف 2400 حساب اثنتي عشرة دقيقة."),
        ("ar", "دام إيقاف 2400 حساب اثنتي عشرة دقيقة."),
        ("ar", "استمر تعليق 2400 حساب 12 دقيقة."),
        ("en", "2,400 accounts were suspended for twelve minutes."),
        ("en", "2,400 accounts stayed suspended for twelve minutes."),
        ("pt", "2.400 contas ficaram suspensas por doze minutos."),
        ("ar", "بقي 2400 حساب موقوفا 12 دقيقة."),
    ],
)
def test_how_long_a_suspension_lasted_is_no_window(language, text):
    assert told(murcia(), text, language) == "N"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The wave of 2,400 suspensions lasted twelve minutes."),
        ("en", "The wave lasted twelve minutes and took down 2,400 accounts."),
        ("es", "La oleada de 2.400 suspensiones duró doce minutos."),
        ("es", "Todo duró doce minutos: 2.400 cuentas menos."),
        ("fr", "La vague de 2 400 suspensions a duré douze minutes."),
        ("pt", "A onda de 2.400 suspensões durou doze minutos."),
    ],
)
def test_how_long_the_wave_lasted_is_its_window(language, text):
    source = murcia()
    assert told(source, text, language) == "S"
    more = text.replace("2,400", "3,400").replace("2.400", "3.400").replace("2 400", "3 400")
    assert told(source, more, language) == "C"
