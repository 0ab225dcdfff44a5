"""One question, one answer: asked in a terminal, else told as a sentence and as data."""

import io
import json
import sys

import pytest

from birdfall.cli.asking import ask_person, with_answer
from birdfall.model.questions import Question
from birdfall.pipeline.intake import ReadOptions
from birdfall.sources.ingest import load
from birdfall.sources.table.mapping import load_mapping
from commands import birdfall

SHEET = "wer,ding,wann\na,x,03/04/2024 10:00:01\nb,x,03/04/2024 10:00:02\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def answers(monkeypatch):
    def typed(*lines):
        monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in lines)))

    return typed


def written(tmp_path, text, name="in.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_look_asks_one_by_one_and_keeps_the_answers(tmp_path, answers):
    path, kept = written(tmp_path, SHEET), tmp_path / "kept.toml"
    # an answer that is none is asked again
    answers("1", "wann", "1", "9", "dmy", "Europe/Berlin")
    done = birdfall("look", path, "--ask", "--save-mapping", kept, check=0)
    assert "that is: --column account=wer" in done.stderr and "--mapping" in done.stderr
    assert "who acted in concert" in done.stdout.lower() and "repost (2 accounts)" in done.stdout
    record = load(path, mapping=load_mapping(kept))
    assert str(record.table("acts").column("time")[0]) == "2024-04-03 08:00:01+00:00"


def test_no_answer_leaves_the_question(tmp_path, answers):
    answers("")
    done = birdfall("look", written(tmp_path, SHEET), "--ask", check=2)
    assert "--column account=... (wer, ding, wann)" in done.stdout


@pytest.mark.parametrize("command", ["look", "import", "run", "coordinate", "check"])
def test_a_question_is_data_where_nobody_can_be_asked(tmp_path, command):
    path = written(tmp_path, "account,object,time\na,x,2024-04-03 10:00:01\n")
    more = {
        "import": ["-o", tmp_path / "case"], "run": ["-o", tmp_path / "case"],
        "check": ["6 accounts were suspended"],
    }.get(command, [])  # fmt: skip
    done = birdfall(command, path, *more, "--json", check=2)
    found = json.loads(done.stdout)
    asked = found["files"][0]["question"] if command == "look" else found["question"]
    assert [q["option"] for q in asked["questions"]] == ["--time-zone "]
    assert asked["questions"][0]["open"] and "zone" in asked["questions"][0]["asks"]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("account,object,time\na,x,03/04/2024 10:00:01Z\n", ["--date-format "]),
        ("username,suspended\na,TRUE\n", ["--const observed_at="]),
        ("foo,bar,baz\na,b,c\n", ["--column account=", "--column time=", "--column object="]),
    ],
)
def test_what_is_asked_has_the_option_that_answers_it(tmp_path, text, options):
    done = birdfall("look", written(tmp_path, text), "--json")
    (file,) = json.loads(done.stdout)["files"]
    asked = file["question"]
    assert [q["option"] for q in asked["questions"]] == options


def test_import_asks_in_a_terminal(tmp_path, answers, monkeypatch):
    path = written(tmp_path, "account,object,time\na,x,2024-04-03 10:00:01\n")
    answers("America/Caracas")
    monkeypatch.setattr("birdfall.cli.run.can_ask", lambda: True)
    done = birdfall("import", path, "-o", tmp_path / "case", check=0)
    assert "that is: --time-zone America/Caracas" in done.stderr


def test_the_order_of_dates_may_be_all_that_is_said(tmp_path):
    text = "account,object,time\na,x,03/04/2024 10:00\nb,x,3/4/24 10:00:02\nc,x,03.04.2024\n"
    path = written(tmp_path, text)
    for order, month in (("dmy", 4), ("mdy", 3)):
        times = load(path, time_zone="UTC", date_format=order).table("acts").column("time")
        assert [t.as_py().month for t in times] == [month] * 3


def test_a_mapping_is_saved_of_known_forms_too(tmp_path):
    text = "object_id,account_id,content_id,timestamp_share\no,a,c,1700000000\no,b,d,1700000001\n"
    path, kept = written(tmp_path, text), tmp_path / "kept.toml"
    done = birdfall("look", path, "--save-mapping", kept, check=0)
    assert f"birdfall import {path} --mapping {kept}" in done.stderr
    assert load(path, mapping=load_mapping(kept)).sizes["acts"] == 2


def test_check_takes_a_file(tmp_path):
    text = "account,gone\n" + "".join(f"a{i},2024-01-01T12:0{i % 10}:00Z\n" for i in range(30))
    path = written(tmp_path, text)
    done = birdfall("check", path, "30 accounts were suspended", "--lang", "en")
    assert done.returncode == 0, done.stdout + done.stderr
    birdfall("check", path, "30 accounts were suspended", "--save", check=2)
    birdfall("check", tmp_path / "nothing", "30 accounts were suspended", check=2)


def test_answers_are_numbers_or_words(answers):
    question = Question("Which?", "--column account=", ("7", "b c"))
    answers("2")
    assert ask_person(question) == "b c"
    answers("7")  # a column of that name, and no number of an answer
    assert ask_person(question) == "7"
    assert question.said("b c") == "--column 'account=b c'"
    assert with_answer(ReadOptions(), question, "b c").columns == {"account": "b c"}
