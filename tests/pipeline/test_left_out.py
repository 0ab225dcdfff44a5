"""Questions that nobody asked: not measured, said in the report, and asked again later."""

import datetime as dt

import pyarrow as pa
import pytest

from birdfall.model.schemas import TIME, Rows
from birdfall.pipeline.catalogue import catalogue
from birdfall.pipeline.context import Options
from birdfall.pipeline.run import options_of, run
from birdfall.pipeline.verify import verify_case
from birdfall.record.case import Case
from birdfall.tell.report import render

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
FEW = {"replicates": 19, "permutations": 19}


def small_case(folder):
    seconds = [i * 7200 for i in range(200)] + [70 * 7200 + i for i in range(60)]
    statuses = pa.record_batch(
        {
            "account": [f"s{i}" for i in range(len(seconds))],
            "status": ["suspended"] * len(seconds),
            "time": pa.array([START + dt.timedelta(seconds=s) for s in seconds], TIME),
            "observation": ["change"] * len(seconds),
        }
    )
    case = Case.create(folder)
    case.append([Rows("statuses", statuses)], source="made")
    return case


def test_a_question_that_is_left_out_is_not_measured_and_the_report_says_so(tmp_path):
    case = small_case(tmp_path / "case")
    left_out = tuple(m.name for m in catalogue() if m.name != "coverage")
    found = run(case, Options(**FEW, left_out=left_out))
    assert {f.kind for f in found.values()} == {"coverage"}
    assert options_of(case).left_out == left_out
    checked = verify_case(case)
    assert checked.differences == [] and checked.recomputed
    page = render(case, languages=["en"]).decode()
    assert "Not asked of this data: " in page and "Which explanation fits" in page


@pytest.mark.slow  # measures a case twice
def test_what_was_left_out_is_asked_again_when_it_is_wanted(tmp_path):
    case = small_case(tmp_path / "case")
    some = run(case, Options(**FEW, left_out=("explanations", "returns")))
    whole = run(case, Options(**FEW))
    gone = {f.kind for f in whole.values()} - {f.kind for f in some.values()}
    assert gone == {"explanations", "returns"}
    assert sorted(case.finding_names()) == sorted(whole)
    assert "Not asked of this data" not in render(case, languages=["en"]).decode()


def test_options_without_left_out_questions_are_those_of_earlier_versions():
    plain = Options().to_json()
    assert "left_out" not in plain and Options.from_json(plain) == Options()
    some = Options(left_out=("returns",))
    assert Options.from_json(some.to_json()) == some
