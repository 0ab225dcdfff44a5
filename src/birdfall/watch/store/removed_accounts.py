"""Whom a watch keeps nothing of: accounts that were removed from it, known by keyed digests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from birdfall.record.damage import explain_damage
from birdfall.record.name_digest import REMOVED_FILE, name_digest
from birdfall.watch.model.events import (
    Event,
    Follow,
    Report,
    Status,
    StatusSnapshot,
    StreamBatch,
    Unfollow,
)
from birdfall.watch.store.pseudonym_key import kept_key

#: Accounts whose digests are kept at hand.
MAX_KEPT: Final = 1 << 20
#: What stands in a reason where a removed account was named.
BLANK: Final = "[removed]"
#: Words of a text that may be a name, and signs at their ends that belong to the sentence.
_WORD: Final = re.compile(r"[\w.:-]+")
_SENTENCE_SIGNS: Final = ".:-"


@dataclass(slots=True)
class RemovedAccounts:
    """The accounts that were removed.

    Parameters
    ----------
    key
        The key of the pseudonyms of the watch.
    digests
        Of their ids and handles.
    """

    key: bytes = b""
    digests: frozenset[str] = frozenset()
    _looked_up: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Path) -> RemovedAccounts:
        """Those of the watch whose state is this file."""
        path = state.with_name(REMOVED_FILE)
        if not path.is_file():
            return cls()
        with explain_damage(path):
            digests = frozenset(map(str, json.loads(path.read_bytes())))
        # another key would know none of them: whoever was removed would come back
        return cls(kept_key(state) if digests else b"", digests)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def with_names(self, key: bytes, names: Iterable[str]) -> RemovedAccounts:
        """These, and further names. key: of the pseudonyms of the watch."""
        return RemovedAccounts(key, self.digests | {name_digest(key, name) for name in names})

    def to_json(self) -> bytes:
        """As `removed.json` holds them."""
        return (json.dumps(sorted(self.digests), indent=1) + "\n").encode()

    def knows(self, account: str) -> bool:
        """Whether this account was removed."""
        if not self.digests:
            return False
        found = self._looked_up.get(account)
        if found is None:
            found = name_digest(self.key, account) in self.digests
            if len(self._looked_up) < MAX_KEPT:
                self._looked_up[account] = found
        return found

    def leave_out(self, step: StreamBatch) -> StreamBatch:
        """A step without what it tells of removed accounts; one that names them is not kept as it
        came.
        """
        if not self.digests:
            return step
        events = tuple(kept for event in step.events if (kept := self._without(event)) is not None)
        raw = b"" if events != step.events or self._stand_in(step.raw) else step.raw
        return replace(step, events=events, raw=raw)

    def _stand_in(self, raw: bytes) -> bool:
        return self._blank(raw.decode("utf-8", "replace")) is not None

    def _blank(self, text: str) -> str | None:
        """The text with the removed accounts blanked; None where it names none."""

        def blanked(match: re.Match[str]) -> str:
            word = match[0].strip(_SENTENCE_SIGNS)
            return match[0].replace(word, BLANK) if word and self.knows(word) else match[0]

        clean = _WORD.sub(blanked, text)
        return None if clean == text else clean

    def _without(self, event: Event) -> Event | None:
        if isinstance(event, StatusSnapshot):
            left = tuple(account for account in event.accounts if not self.knows(account))
            return event if len(left) == len(event.accounts) else replace(event, accounts=left)
        if isinstance(event, Follow | Unfollow):
            names = (event.follower, event.followed)
        elif isinstance(event, Report):
            names = (event.reporter, event.target)
        else:
            names = (event.account, "")
        if any(map(self.knows, names)):
            return None
        if isinstance(event, Status | Report) and (clean := self._blank(event.reason)) is not None:
            return replace(event, reason=clean)
        return event
