"""Sentences as newspapers write them, round by round, each judged once before anything was mended.

`first` in the table is the verdict that each got then; `tests/claims/write_rounds.py` counts them.
"""

import csv
from pathlib import Path

import pytest
from newsroom_cases import NEWSROOM
from returning_cases import murcia
from test_claim_truth import LANGUAGES, MIN_ANSWERED, judge, told

ROWS = [
    (row["case"], row["language"], row["sentence"], row["expected"], row["construct"])
    for row in csv.DictReader((Path(__file__).parent / "newsroom.csv").open(encoding="utf-8"))
]
SOURCES = {**NEWSROOM, "murcia": murcia}


def of_case(name):
    return [tuple(row) for case, *row in ROWS if case == name]


def test_no_sentence_of_a_newspaper_gets_a_wrong_verdict_in_a_sample():
    wrong, _ = judge(murcia(), of_case("murcia")[::3])
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_no_sentence_of_a_newspaper_gets_a_wrong_verdict(name):
    wrong, answered = judge(SOURCES[name](), of_case(name))
    assert not wrong
    assert {k: v for k, v in answered.items() if k in LANGUAGES and v < MIN_ANSWERED} == {}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr", "75 % des suspendus étaient des abonnés de @ayuntamiento.", "S"),
        ("fr", "Un quart des comptes suspendus étaient des abonnés de @ayuntamiento.", "C"),
        ("fr", "480 comptes, soit 20 %, sont revenus le lendemain.", "S"),
        ("es", "480 cuentas, es decir el 40 %, volvieron al día siguiente.", "C"),
        ("en", "1,800 of her 10,000 followers, or 18%, were suspended.", "S"),
        ("en", "A couple of thousand accounts were suspended.", "S"),
        ("en", "Not 1,000 but 2,400 accounts were suspended.", "S"),
        ("es", "A las 19.05 del 14 de mayo de 2024 empezó la oleada.", "S"),
        ("pt", "Das 2.400, 1.200 continuam suspensas.", "S"),
        ("en", "All 2,400 accounts remain suspended.", "C"),
        ("en", "Not all 2,400 accounts remain suspended.", "N"),
        ("es", "Tres de cada cuatro suspendidos seguían a @ayuntamiento.", "S"),
        ("pt", "Só um em cada quatro suspensos seguia @ayuntamiento.", "C"),
        ("en", "Twenty percent of them were back the following morning.", "S"),
        ("es", "@alcaldesa, que llegó a contar con 50.000 seguidores, se quedó con veinte.", "N"),
        ("fr", "Au soir du 17 mai 2024, 1 200 comptes étaient revenus.", "S"),
        ("en", "By Wednesday evening, 480 accounts had been restored.", "S"),
        ("en", "The wave began five minutes after seven in the evening on 14 May 2024.", "S"),
        ("en", "For every follower @bomberas lost, @ayuntamiento lost 22.", "S"),
        ("es", "La inmensa mayoría de las cuentas suspendidas volvió.", "C"),
    ],
)
def test_shares_said_again_and_wholes_are_read_as_what_they_are(language, text, expected):
    assert told(murcia(), text, language) == expected
