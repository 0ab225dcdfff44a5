"""The key of a watch's pseudonyms: kept beside its state, so that an account has one name for as
long as the watch is kept.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from birdfall.model.errors import CaseError

KEY_BYTES = 16
KEY_FILE = "pseudonyms.key"


def pseudonym_key(state: Path) -> bytes:
    """The key of the watch whose state is this file; made if there is none.

    A folder that cannot be written to gets a key for now only.
    """
    path = state.with_name(KEY_FILE)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        try:
            found = path.read_bytes()
        except OSError:
            return secrets.token_bytes(KEY_BYTES)
        # a key that was cut off when the disk was full is no key
        return found if len(found) == KEY_BYTES else secrets.token_bytes(KEY_BYTES)
    except OSError:
        return secrets.token_bytes(KEY_BYTES)
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
    return key


def kept_key(state: Path) -> bytes:
    """The key of the watch whose state is this file, from which accounts were removed.

    Raises
    ------
    CaseError
        It is gone or cut off, so that the removed accounts cannot be known any more.
    """
    path = state.with_name(KEY_FILE)
    try:
        found = path.read_bytes()
    except OSError as error:
        found, why = b"", f"The key cannot be read: {error.strerror}."
    else:
        why = "The key is cut off or changed."
    if len(found) != KEY_BYTES:
        raise CaseError(
            "accounts that were removed from this watch cannot be known any more",
            where=str(path),
            why=why,
            fix="Put the key back from a copy; without it they would be kept again.",
        )
    return found
