"""DuckDB connections that may be at work, so that a signal can interrupt their queries.

A query that writes (COPY, CREATE TEMP TABLE) does not look for signals itself.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Final

import duckdb

from birdfall.model.memory_limit import address_space

#: Where `ulimit -v` limits memory: the share of it that queries may take, at least so many bytes,
#: and with how many threads, each of which reserves some.
SHARE_OF_SPACE: Final = 4
LEAST_MEMORY: Final = 64 << 20
THREADS_WITHIN_LIMITS: Final = 2
_CONNECTIONS: Final[weakref.WeakSet[duckdb.DuckDBPyConnection]] = weakref.WeakSet()
#: The database in memory of each process, by its id: to begin one takes 15 ms, and a connection to
#: it is had at once.
_DATABASES: Final[dict[int, duckdb.DuckDBPyConnection]] = {}
_LOCK: Final = threading.RLock()


def open_connection() -> duckdb.DuckDBPyConnection:
    """A connection in UTC to this process's database in memory, which sees nothing of the others.

    What is registered in it, and what it makes as TEMP, is its own and goes when it is closed; make
    nothing else. `interrupt_queries` ends its queries.
    """
    with _LOCK:
        database = _DATABASES.get(os.getpid()) or _begin_database()
        try:
            connection = database.cursor()
            connection.execute("SET TimeZone = 'UTC'")
        except duckdb.FatalException:  # a fault of DuckDB's own has ended the database
            connection = _begin_database().cursor()
            connection.execute("SET TimeZone = 'UTC'")
    _CONNECTIONS.add(connection)
    return connection


def _begin_database() -> duckdb.DuckDBPyConnection:
    """A new database of this process: it keeps rows in order and loads nothing from elsewhere."""
    database = duckdb.connect(":memory:")
    database.execute("SET preserve_insertion_order = true")
    database.execute("SET autoinstall_known_extensions = false")
    database.execute("SET autoload_known_extensions = false")
    space = address_space()
    if space is not None:
        # it would take what the machine has for its own: it must be refused before the system
        # refuses it memory in the middle
        database.execute(f"SET memory_limit = '{max(space // SHARE_OF_SPACE, LEAST_MEMORY)}B'")
        database.execute(f"SET threads = {THREADS_WITHIN_LIMITS}")
    _DATABASES[os.getpid()] = database
    return database


def interrupt_queries() -> None:
    """End the queries that run now; each raises an error where it was asked."""
    for connection in list(_CONNECTIONS):
        try:
            connection.interrupt()
        except duckdb.Error:
            continue  # closed meanwhile
