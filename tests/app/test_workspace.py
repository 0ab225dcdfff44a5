"""Names of folders and files, and what lies outside the workspace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.app.workspace import MAX_FILE_NAME_CHARS, Workspace, folder_name, safe_file_name


@given(st.text(max_size=300))
def test_a_file_name_stays_one_part_of_a_path(name):
    safe = safe_file_name(name)
    assert safe and safe not in (".", "..")
    assert not set(safe) & set('/\\<>:"|?*\0')
    assert len(safe.encode()) <= MAX_FILE_NAME_CHARS


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("C:\\lists\\tweets.csv", "tweets.csv"),
        ("../../etc/passwd", "passwd"),
        ("con.csv", "file-con.csv"),
        ("قائمة.csv", "قائمة.csv"),
        ("..", "file"),
    ],
)
def test_file_names(name, safe):
    assert safe_file_name(name) == safe


def test_titles_become_folders():
    assert folder_name("La noche del 31, ¿qué pasó?") == "la-noche-del-31-que-paso"
    assert folder_name("ليلة") == "case"
    assert folder_name("NUL") == "case"


def test_two_cases_of_one_title_stand_side_by_side(tmp_path):
    work = Workspace.open(tmp_path)
    assert [work.begin("Night").name, work.begin("Night").name] == ["night", "night-2"]


@pytest.mark.parametrize("name", ["", ".", "..", ".birdfall", "../secret", "a/b", "a\\b", "none"])
def test_no_name_leads_out_of_the_workspace(tmp_path, name):
    (tmp_path / "secret").mkdir()
    work = Workspace.open(tmp_path / "work")
    assert work.desk(name) is None


def test_a_link_out_of_the_workspace_is_no_case(tmp_path, small_case):
    work = Workspace.open(tmp_path / "work")
    (work.path / "linked").symlink_to(small_case)
    assert work.desk("linked") is None
    assert work.desks() == []
