"""What `look` and a question say can be read by somebody who has never seen the code."""

import re
import zipfile

import pytest

from birdfall.model.errors import UsageError
from birdfall.sources.ingest import load
from commands import birdfall

ROWS = "account,object,time\na,x,2021-10-18 12:00\nb,x,2021-10-18 12:01\n"


def test_why_something_cannot_be_concluded_stands_in_words(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(ROWS)
    said = birdfall("look", path, "--time-zone", "UTC", check=0).stdout
    assert "the data does not say which accounts were suspended, or when" in said
    assert not re.search(r"\bno-[a-z]+|VARCHAR", said)


def test_a_question_names_the_file_in_the_archive_and_not_where_it_was_laid_out(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("posts.csv", ROWS)
    with pytest.raises(UsageError) as error:
        load(path)
    assert str(error.value.where) == f"{path}: posts.csv, column time"


def test_coordinate_takes_what_a_file_does_not_say_of_its_layout(tmp_path):
    path = tmp_path / "in.csv"
    above = "Export of the newsroom\nof October\n"
    path.write_bytes((above + ROWS.replace("x", "ñ")).encode("cp1252"))
    told = ["--time-zone", "UTC", "--null", "none", "--at-least", 1]
    laid = ["--skip-lines", 2, "--encoding", "cp1252"]
    said = birdfall("coordinate", path, *told, *laid, check=0).stdout
    assert "2 accounts, 2 acts" in said
