"""A short file of plain text that a person wrote for Birdfall: a token, or a list of people."""

from __future__ import annotations

from pathlib import Path

from birdfall.model.errors import UsageError


def read_short_text(file: Path, max_bytes: int, *, what: str, fix: str) -> str:
    """What a file holds, as UTF-8 with or without a byte order mark, up to one byte over a limit.

    Parameters
    ----------
    file
        The file.
    max_bytes
        How many bytes it may have; whoever asks refuses a text that is longer.
    what, fix
        What to say where it cannot be read: what cannot, and which file to name.

    Raises
    ------
    UsageError
        If it cannot be opened, or is no text.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(max_bytes + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{what} cannot be read",
            where=str(file),
            why=str(getattr(error, "strerror", None) or "It is no plain text."),
            fix=fix,
        ) from error
