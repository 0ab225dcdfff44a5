"""Connections to DuckDB: one database a process, and nothing of one is seen in another."""

import contextlib
import os
import threading

import duckdb
import pyarrow as pa
import pytest

from birdfall.record.queries import interrupt_queries, open_connection


def test_what_one_makes_no_other_sees():
    with open_connection() as one, open_connection() as other:
        for number, connection in enumerate((one, other)):
            connection.register("rows_at_hand", pa.table({"x": [number]}))
            connection.execute(f"CREATE TEMP VIEW seen AS SELECT {number} AS y")
            connection.execute("SET TimeZone = 'America/Caracas'")
        for number, connection in enumerate((one, other)):
            found = connection.sql("SELECT x, y FROM rows_at_hand, seen").fetchall()
            assert found == [(number, number)]
        one.close()
        assert other.sql("SELECT x FROM rows_at_hand").fetchall() == [(1,)]
    with open_connection() as third:
        for name in ("rows_at_hand", "seen"):
            with pytest.raises(duckdb.CatalogException):
                third.sql(f"SELECT * FROM {name}")
        zone = third.sql("SELECT current_setting('TimeZone')").fetchall()
        assert zone == [("UTC",)]


def test_an_interrupted_query_ends_only_itself():
    errors = []

    def count(connection):
        try:
            connection.execute(
                "CREATE TEMP TABLE sums AS "
                "SELECT sum(a.range * b.range) FROM range(1000000000) a, range(99) b"
            )
        except duckdb.Error as error:
            errors.append(error)

    with open_connection() as busy, open_connection() as idle:
        thread = threading.Thread(target=count, args=(busy,))
        thread.start()
        while not errors:
            interrupt_queries()
            thread.join(0.05)
        assert isinstance(errors[0], duckdb.InterruptException)
        assert idle.sql("SELECT 1").fetchall() == [(1,)]


class Ended:
    """A database that a fault of DuckDB's own has ended."""

    def execute(self, *_):
        return self

    def cursor(self):
        raise duckdb.FatalException("database has been invalidated")


def test_a_database_that_has_ended_is_begun_anew(monkeypatch):
    """As in a process that has none yet, whose first one ends."""
    begin, begun = duckdb.connect, []

    def connect(place):
        begun.append(Ended() if not begun else begin(place))
        return begun[-1]

    monkeypatch.setattr(duckdb, "connect", connect)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    for _ in range(2):
        with contextlib.closing(open_connection()) as connection:
            assert connection.sql("SELECT 2").fetchall() == [(2,)]
    assert len(begun) == 2
