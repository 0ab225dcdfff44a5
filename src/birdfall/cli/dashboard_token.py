"""The token of a dashboard: from a file or the environment, where no other user can read it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from birdfall.cli.output import log
from birdfall.model.errors import UsageError
from birdfall.model.short_text import read_short_text

#: Variable of the environment that may hold the token.
VARIABLE: Final = "BIRDFALL_DASHBOARD_TOKEN"
#: Longest file that is read as a token, in bytes.
MAX_TOKEN_BYTES: Final = 4096


def read_token(token: str | None, token_file: Path | None) -> str | None:
    """The token that was given; None if none was, and one is made where it is needed.

    Parameters
    ----------
    token
        That of the option `--token`.
    token_file
        A file that holds nothing else.

    Raises
    ------
    UsageError
        If the file cannot be read or holds none.
    """
    if token_file is not None:
        found = read_short_text(
            token_file,
            MAX_TOKEN_BYTES,
            what="the token",
            fix="Name a file that holds the token and nothing else.",
        ).strip()
        if not found or not found.isascii() or len(found) > MAX_TOKEN_BYTES:
            raise UsageError(
                "this file holds no token",
                where=str(token_file),
                fix="Write the token into it, and nothing else.",
            )
        return found
    if token is not None:
        log(
            "--token can be read by every user of this machine (ps): "
            f"rather use --token-file FILE, or {VARIABLE} in the environment"
        )
        return token
    return os.environ.get(VARIABLE) or None
