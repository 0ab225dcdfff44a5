"""Memory that runs out is said as such: it says nothing of the file."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from birdfall.record.case import Case
from birdfall.record.unforeseen import explain
from birdfall.sources.table import tabular
from commands import birdfall

ERRORS = [
    MemoryError(),
    pa.ArrowMemoryError("malloc of size 8192 failed"),
    duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_table_is_not_called_unreadable(tmp_path, monkeypatch, error):
    (tmp_path / "t.csv").write_text("account,status,time\na,suspended,1700000000\n")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Case, "append", fail)
    said = birdfall("import", tmp_path / "t.csv", "-o", tmp_path / "c", check=1).stderr
    assert "not enough memory" in said
    assert "cannot be read" not in said


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_parquet_is_not_called_damaged(tmp_path, monkeypatch, error):
    pq.write_table(
        pa.table({"account": ["a"], "status": ["suspended"], "time": ["2023-11-14T22:00:00Z"]}),
        tmp_path / "t.parquet",
    )

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(tabular.pq, "ParquetFile", fail)
    said = birdfall("import", tmp_path / "t.parquet", "-o", tmp_path / "c", check=1).stderr
    assert "not enough memory" in said
    assert "damaged" not in said


def test_a_library_that_finds_no_room_is_memory_too():
    with pytest.raises(OSError) as met:
        try:
            raise OSError("libx.so: failed to map segment from shared object")
        except OSError:
            raise OSError("Could not find/load shared object file") from None
    assert "not enough memory" in str(explain(met.value))
    assert "nobody foresaw" in str(explain(ValueError("x")))
