"""Cells of a table that are put right in a copy stand where the reader says they stood."""

import pytest

from birdfall.model.errors import InputError
from birdfall.sources.ingest import load, look_into
from birdfall.sources.table.mended import MendedCell, can_mend, copy_mended, read_cells

HEADER = "account,suspended_at,note\n"
#: Tables in which row numbers, cells and lines part, each with one time that cannot be read.
TABLES = {
    "plain": HEADER + "a1,2024-03-01T10:00:00Z,x\na2,yesterday,y\na3,2024-03-01T10:02:00Z,z\n",
    "blank lines": "\n\n" + HEADER + "a1,2024-03-01T10:00:00Z,x\n\n\na2,yesterday,y\n",
    "line breaks in cells": HEADER + 'a1,2024-03-01T10:00:00Z,"x\n\ny"\na2,yesterday,"p, ""q"""\n',
    "byte order mark": "\ufeff" + HEADER + "a1,2024-03-01T10:00:00Z,x\na2,yesterday,y\n",
    "semicolons": HEADER.replace(",", ";") + "a1;2024-03-01T10:00:00Z;x,y\na2;yesterday;z\n",
    "a short row": HEADER + "a1,2024-03-01T10:00:00Z\na2,yesterday,y\na3,2024-03-01T10:01:00Z,z\n",
}  # fmt: skip


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_the_cell_that_was_refused_is_the_one_that_is_put_right(tmp_path, text):
    path, copy = tmp_path / "list.csv", tmp_path / "mended" / "list.csv"
    path.write_text(text, "utf-8", newline="")
    before = look_into(path)
    (row,) = [r for r in before.examples if r["value"] == "yesterday"]
    place = row["line"], row["column"]
    assert can_mend(path) and read_cells(path, [place]) == {place: "yesterday"}
    copy_mended(path, copy, [MendedCell(*place, "yesterday", "2024-03-01T11:00:00Z")])
    after = look_into(copy)
    assert after.rejected == before.rejected - 1
    assert after.rows["statuses"] == before.rows["statuses"] + 1
    assert "a2" in load(copy).table("statuses").column("account").to_pylist()
    assert [p.name for p in copy.parent.iterdir()] == ["list.csv"]
    assert path.read_text("utf-8") == text.replace("\r\n", "\n")


def test_a_copy_of_another_file_is_refused_and_leaves_nothing(tmp_path):
    path, copy = tmp_path / "list.csv", tmp_path / "mended" / "list.csv"
    path.write_text(TABLES["plain"], "utf-8")
    for cell in (
        MendedCell(3, "suspended_at", "tomorrow", "2024-03-01T11:00:00Z"),
        MendedCell(9, "suspended_at", "yesterday", "2024-03-01T11:00:00Z"),
        MendedCell(3, "ended_at", "yesterday", "2024-03-01T11:00:00Z"),
    ):
        with pytest.raises(InputError, match="not the one"):
            copy_mended(path, copy, [cell])
        assert not list(copy.parent.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'[{"account": "a1", "suspended_at": "yesterday"}]',
        b'account,suspended_at,note\na1,yesterday,"never closed\na2,2024-03-01T10:00:00Z,x\n',
        b"Suspended accounts\n\naccount,suspended_at,note\na1,yesterday,x\na2,yesterday,y\n",
    ],
    ids=["nothing", "JSON", "a quote that is open", "a title above the header"],
)
def test_where_rows_cannot_be_counted_nothing_is_put_right(tmp_path, content):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    assert not can_mend(path)
