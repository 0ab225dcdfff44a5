"""What is known of accounts now: the table `standing`."""

from __future__ import annotations

from birdfall.watch.store.database import State


def count_accounts(state: State) -> int:
    """Accounts known of in all."""
    return int(state.connection.execute("SELECT count(*) FROM standing").fetchone()[0])


def handle_of(state: State, account: str) -> str:
    """The handle people know an account by; empty where it is not known."""
    row = state.connection.execute(
        "SELECT handle FROM standing WHERE account = ?", (account,)
    ).fetchone()
    return "" if row is None else row[0] or ""


def status_of(state: State, account: str) -> str:
    """The status an account has now; empty where it is not known."""
    row = state.connection.execute(
        "SELECT status FROM standing WHERE account = ?", (account,)
    ).fetchone()
    return "" if row is None else str(row[0])


def find_account(state: State, account: str, handle: str) -> str:
    """The account called `account`, else the latest with this handle (in lower case); empty if
    there is none."""
    row = state.connection.execute(
        "SELECT account FROM standing WHERE account = ?1 OR lower(handle) = ?2 "
        "ORDER BY account <> ?1, time DESC LIMIT 1",
        (account, handle),
    ).fetchone()
    return "" if row is None else str(row[0])
