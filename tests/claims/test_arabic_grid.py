"""All ways the Arabic press says each part of a claim, one part of a fixed sentence at a time.

And sentences of rounds that were each judged once before the code had seen them (arabic.csv: the
round, what is so, and what the first judgement was).
"""

import csv
import tomllib
from pathlib import Path

import pytest
from arabic_cases import ARABIC
from test_claim_truth import told

FRAMES = tomllib.loads((Path(__file__).parent / "arabic_grid.toml").read_text("utf-8"))["frame"]
with (Path(__file__).parent / "arabic.csv").open(encoding="utf-8") as file:
    ROUNDS = list(csv.DictReader(file))
#: Of the sentences of each part that can be measured, and of all, at least so many are answered.
MIN_OF_PART, MIN_OF_ALL = 0.5, 0.85


def variations(frame):
    """The sentences of a frame with what a careful reader says of each."""
    for expected in "SCN":
        for said in frame.get(expected, []):
            parts = said if isinstance(said, list) else [said]
            yield " ".join(frame["frame"].format(*parts).split()), expected


def judge(step):
    """The wrong verdicts, and of each part how many are answered and can be, of each step-th."""
    wrong, rates = [], {}
    for frame in FRAMES:
        said = list(variations(frame))[::step]
        verdicts = [(told(ARABIC[frame["case"]](), text, "ar"), e, text) for text, e in said]
        wrong += [(text, e, v) for v, e, text in verdicts if v not in ("N", e)]
        measurable = [(v, e) for v, e, _ in verdicts if e != "N"]
        rates[frame["part"]] = (sum(v == e for v, e in measurable), len(measurable))
    return wrong, rates


def test_no_way_of_saying_a_part_gets_a_wrong_verdict_in_a_sample():
    wrong, rates = judge(step=7)
    assert not wrong
    answered, measurable = map(sum, zip(*rates.values(), strict=True))
    assert answered >= MIN_OF_ALL * measurable


@pytest.mark.slow
def test_no_way_of_saying_a_part_gets_a_wrong_verdict():
    wrong, rates = judge(step=1)
    assert not wrong
    answered, measurable = map(sum, zip(*rates.values(), strict=True))
    assert answered >= MIN_OF_ALL * measurable
    assert {p: r for p, r in rates.items() if r[1] and r[0] < MIN_OF_PART * r[1]} == {}


def judge_rounds(rows):
    verdicts = [
        (told(ARABIC[row["case"]](), row["sentence"], "ar"), row["expected"], row["sentence"])
        for row in rows
    ]
    wrong = [said for said in verdicts if said[0] not in ("N", said[1])]
    measurable = [said for said in verdicts if said[1] != "N"]
    return wrong, sum(verdict == expected for verdict, expected, _ in measurable), len(measurable)


def test_no_sentence_of_the_rounds_gets_a_wrong_verdict_in_a_sample():
    wrong, _, _ = judge_rounds(ROUNDS[::5])
    assert not wrong


@pytest.mark.slow
def test_no_sentence_of_the_rounds_gets_a_wrong_verdict():
    wrong, answered, measurable = judge_rounds(ROUNDS)
    assert not wrong
    assert answered >= MIN_OF_ALL * measurable


def test_a_comparison_of_shares_is_not_measured_on_numbers():
    said = "نسبة المتضررين من متابعي @ghurfa ضعف نسبة المتضررين من متابعي @mudir."
    assert told(ARABIC["salala"](), said, "ar") == "N"
