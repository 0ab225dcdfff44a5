"""`birdfall explain`, `casebook` and `calibrate` as a user calls them."""

import json

import pytest

import birdfall.cli.explaining as explaining
from birdfall.explanations.reference_worlds import calibration_figures
from birdfall.model.errors import CaseError, UsageError
from birdfall.model.findings import Finding
from birdfall.record.case import Case
from birdfall.world.write_case import write_case

SMALL = {
    "accounts": 9_000,
    "fallen": 1_000,
    "fallen_followers": 900,
    "leader_audience": 4_000,
    "acts": 4_000,
}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A case of which only the list is known, with the findings explanations read."""
    from birdfall.measures.waves import waves

    folder = tmp_path_factory.mktemp("case") / "case"
    made = write_case("caracas-2013-error", folder, seed=3, observe="list", **SMALL)
    made.save(waves(made.record(), replicates=19))
    return folder


def test_a_case_is_explained_in_words(case, capsys):
    code = explaining.explain(case, lang="en")
    told = " ".join(capsys.readouterr().out.split())
    assert code in (0, 3)
    assert "an over-broad rule or a technical fault" in told
    assert "they are not probabilities" in told
    assert "÷" in told or "×" in told, "the steps are printed"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_letters_are_printed_by_themselves(case, capsys, language):
    """A letter for each record that would tell, and nothing else.

    Each names its record and its period.
    """
    from birdfall.tell.words import words

    explaining.explain(case, json=True)
    plain = json.loads(capsys.readouterr().out)
    gains = [g for g in explaining_gains(case) if g["bits"] >= 0.05][:3]
    assert gains and len(plain["details"]["set"]) > 1, "the case leaves something to ask"
    assert explaining.explain(case, lang=language, request=True) == 0
    told = " ".join(capsys.readouterr().out.split())  # the terminal breaks lines
    say = words(language)
    assert told.startswith(say("letter.to"))
    assert told.count(say("letter.to")) == len(gains)
    for gain in gains:
        assert say("record." + gain["record"]) in told
    # looked at once a day, the wave of the evening of the 31st is first seen at midnight: the
    # period asked for holds the evening
    days = {"en": ("31 Oct 2013, 00:00", "1 Nov 2013, 00:00")}
    days["ar"] = ("31 أكتوبر 2013، 00:00", "1 نوفمبر 2013، 00:00")
    assert all(day in told for day in days[language])


def explaining_gains(case):
    from birdfall.explanations.measure import explanations

    opened = Case.open(case)
    return explanations(opened.record(), opened.findings()).table("gains").to_pylist()


def test_an_explanation_as_json_holds_what_the_page_says(case, capsys):
    explaining.explain(case, json=True)
    details = json.loads(capsys.readouterr().out)["details"]
    assert {"set", "carrying", "fragile_sources", "absent", "about"} <= set(details)
    assert details["about"]["accounts"][0] > 500


def test_a_case_that_was_not_run_says_what_to_do(tmp_path):
    write_case("quiet", tmp_path / "case", seed=1, accounts=4_000, acts=100)
    with pytest.raises(CaseError, match="not run"):
        explaining.explain(tmp_path / "case")


@pytest.mark.slow
def test_the_casebook_is_a_table(capsys):
    assert explaining.casebook() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([x for x in lines if x.strip()]) >= 19
    assert "0 contradicted" in lines[-1]
    assert not any("CONTRADICTED" in x for x in lines)


def test_calibrate_prints_the_tables_and_the_gates(capsys, monkeypatch):
    from birdfall import explanations
    from birdfall.explanations.calibration_report import calibration_tables

    monkeypatch.setattr(explanations, "measure_calibration", lambda *_: calibration_figures())
    assert explaining.calibrate() == 0
    told = capsys.readouterr().out
    assert calibration_tables(calibration_figures()) in told
    assert "All gates are kept." in told
    worse = json.loads(json.dumps(calibration_figures()))
    worse["tiers"]["list"]["churn_verdicts"] = 0.5
    monkeypatch.setattr(explanations, "measure_calibration", lambda *_: worse)
    assert explaining.calibrate() == 4
    assert "list: churn called a cause" in capsys.readouterr().out


def test_calibrate_refuses_what_makes_no_sense():
    with pytest.raises(UsageError, match="exclude"):
        explaining.calibrate(again=True, fresh=5000)
    with pytest.raises(UsageError, match="1000"):
        explaining.calibrate(fresh=10)


@pytest.mark.parametrize(
    ("language", "word"), [("es", "registro"), ("ar", "سجل"), ("fr", "données")]
)
def test_why_there_is_no_letter_is_said_in_the_language_asked(language, word, capsys):
    finding = Finding(kind="explanations", name="explanations-1", answer="cannot", method=())
    assert explaining.print_letters(finding, language) != 0
    assert word in capsys.readouterr().err
