"""The key of a watch's pseudonyms: kept beside its state, so that an account has one name for as
long as the watch is kept.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

KEY_BYTES = 16


def pseudonym_key(state: Path) -> bytes:
    """The key of the watch whose state is this file; made if there is none.

    A folder that cannot be written to gets a key for now only.
    """
    path = state.with_name("pseudonyms.key")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = path.read_bytes()
        # a key that was cut off when the disk was full is no key
        return found if len(found) == KEY_BYTES else secrets.token_bytes(KEY_BYTES)
    except OSError:
        return secrets.token_bytes(KEY_BYTES)
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
    return key
