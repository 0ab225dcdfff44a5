"""DuckDB connections that may be at work, so that a signal can interrupt their queries.

A query that writes (COPY, CREATE TABLE) does not look for signals itself.
"""

from __future__ import annotations

import weakref
from typing import Final

import duckdb

_CONNECTIONS: Final[weakref.WeakSet[duckdb.DuckDBPyConnection]] = weakref.WeakSet()


def open_connection() -> duckdb.DuckDBPyConnection:
    """A fresh in-memory DuckDB whose queries `interrupt_queries` ends."""
    connection = duckdb.connect(":memory:")
    _CONNECTIONS.add(connection)
    return connection


def interrupt_queries() -> None:
    """End the queries that run now; each raises an error where it was asked."""
    for connection in list(_CONNECTIONS):
        try:
            connection.interrupt()
        except duckdb.Error:
            continue  # closed meanwhile
