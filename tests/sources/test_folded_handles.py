"""Handles are one account in all their spellings; ids that differ only in case are several."""

import pytest

from birdfall.sources.ingest import load, look_into
from birdfall.sources.shared.column_mapping import ColumnMapping
from birdfall.sources.table.mapping import parse_mapping

TIME = "2021-10-18T12:00:00Z"


def accounts(tmp_path, *names, column="account"):
    path = tmp_path / "in.csv"
    lines = (f"{name},o{i},{TIME}" for i, name in enumerate(names))
    path.write_text("\n".join((f"{column},object,time", *lines)), "utf-8")
    return [a["account"] for a in load(path).table("acts").to_pylist()]


@pytest.mark.parametrize("column", ["account", "author_id"])
def test_one_handle_in_a_column_of_ids_leaves_their_case(tmp_path, column):
    ids = ["UCaBcD1efGhIjKlMnOpQrStU", "UCABcD1efGhIjKlMnOpQrStU", "aB1", "Ab1"]
    assert accounts(tmp_path, *ids, "@Name", column=column) == [*ids, "name"]


def test_a_word_that_stands_there_with_an_at_is_that_handle(tmp_path):
    told = ["@Alfa", "alfa", "ALFA ", "https://x.com/Alfa", "Beta", "beta", "gama", "delta", "eps"]
    wanted = ["alfa"] * 4 + told[4:]
    assert accounts(tmp_path, *told) == wanted
    assert accounts(tmp_path, *told[::-1]) == wanted[::-1], "wherever it stands"


def test_columns_named_for_handles_and_those_of_mostly_handles_are_folded(tmp_path):
    assert accounts(tmp_path, "JuanB", "juanb", column="username") == ["juanb"] * 2
    assert accounts(tmp_path, "@JuanB", "juanb", "@Ana") == ["juanb", "juanb", "ana"]


def test_a_saved_mapping_keeps_which_handles_stand_beside_ids(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(f"account,object,time\nAb1,o,{TIME}\naB1,o,{TIME}\ncD2,o,{TIME}\n@x,o,{TIME}\n")
    mapping = look_into(path).mapping
    assert isinstance(mapping, ColumnMapping) and mapping.emits[0].some_handles == ("account",)
    assert parse_mapping(mapping.to_toml(), "m.toml") == mapping
