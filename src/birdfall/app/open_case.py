"""A case that pages read: its record and the names of its accounts, opened once for each state."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, TypeVar

import numpy as np

from birdfall.model.findings import Finding
from birdfall.model.settings import Settings
from birdfall.record.case import Case
from birdfall.record.clients import RareClients, rare_clients
from birdfall.record.ids import pseudonym
from birdfall.record.listing import ListedAct, known_handles
from birdfall.record.record import Record
from birdfall.tell.names import Names, sanitize_text
from birdfall.tell.quoting import Quoting, quoting_of

#: Cases that are kept open at once.
MAX_OPEN_CASES: Final = 6
#: Longest id that stands for a name, in characters.
MAX_ID_CHARS: Final = 60
#: Kinds of act whose object is an account, and those whose object is no id of a post.
ON_ACCOUNTS: Final = ("mention", "report", "follow", "unfollow", "block")
SPOKEN_OBJECTS: Final = ("link", "hashtag")
T = TypeVar("T")
_MENTION: Final = re.compile(r"@[\w.]+")
#: What follows a name that is hidden in an address: often the id of a post of it.
_BEHIND_NAME: Final = re.compile(r"@….*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ShownNames:
    """What accounts go by on a page, by their codes.

    Parameters
    ----------
    known
        Names of those that are shown by name; all others go by pseudonym.
    """

    known: Mapping[int, str]

    def __call__(self, code: int) -> str:
        """The name of an account."""
        return self.known.get(code) or pseudonym(code)


@dataclass(eq=False)
class OpenCase:
    """A case in one state.

    Parameters
    ----------
    case
        The case.
    state
        The digests of its files: another state, another open case.
    record
        Its record, which is asked by one thread at a time: see `ask`.
    public
        Names of the accounts that are shown by name, by code.
    """

    case: Case
    state: tuple[str, ...]
    record: Record
    public: Mapping[int, str]
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def ask(self, question: Callable[[Record], T]) -> T:
        """What a function finds in the record; others wait meanwhile."""
        with self._lock:
            return question(self.record)

    @cached_property
    def quoting(self) -> Quoting:
        """How texts about its record are quoted."""
        return self.ask(quoting_of)

    @cached_property
    def findings(self) -> Mapping[str, Finding]:
        """Its findings by name, read once for all pages."""
        return self.case.findings()

    def quote(self, text: str, *, by_handle: bool = False) -> str:
        """Words that people wrote: nobody in them by name who is not shown by name.

        by_handle: leave everybody's name as it was written.
        """
        if by_handle:
            return sanitize_text(text)
        find = self.quoting.mentions.find
        known = _MENTION.sub(lambda at: at[0] if find(at[0].rstrip(".")) else "@…", text)
        return self.quoting.text(known)

    def quote_object(self, text: str, *, by_handle: bool = False) -> str:
        """A hashtag or an address that people used, as `quote`; of addresses of a platform, and of
        those that name somebody, nothing is shown that leads to a person or a post.
        """
        if by_handle:
            return sanitize_text(text)
        shown = self.quoting.address(self.quote(text))
        return _BEHIND_NAME.sub("@…", shown)

    def object_text(self, act: ListedAct, *, by_handle: bool = False) -> str:
        """What an act was done on, as a page may show it; "" for ids of posts."""
        if act.kind in ON_ACCOUNTS:
            code = self.record.ids.code(act.object)
            if code is None:
                return sanitize_text(act.object) if by_handle else ""
            return self.names([code], by_handle=by_handle)(code)
        if act.kind in SPOKEN_OBJECTS:
            return self.quote_object(act.object, by_handle=by_handle)
        return ""

    @cached_property
    def _rare_clients(self) -> RareClients:
        return self.ask(rare_clients)

    def shared_client(self, client: str) -> str:
        """An application as it may leave: one word for all that too few accounts use."""
        return self._rare_clients.merge(client)

    @property
    def settings(self) -> Settings:
        """The settings of the case."""
        return self.record.settings

    def names(self, codes: Iterable[int], *, by_handle: bool) -> ShownNames:
        """What these accounts go by.

        by_handle: whether all go by their handles, or ids where these are not known, and not only
        those that the case shows by name.
        """
        if not by_handle:
            return ShownNames(self.public)
        wanted = [int(code) for code in codes]
        handles = self.ask(lambda record: known_handles(record, wanted))
        spoken = Names(self.record.ids, frozenset(handles.values()), {})
        ids = self.record.ids.decode(np.array(wanted, np.int32)).to_pylist()
        found = dict(zip(wanted, (sanitize_text(i)[:MAX_ID_CHARS] for i in ids), strict=True))
        return ShownNames(found | {c: spoken(h) for c, h in handles.items()} | dict(self.public))


def open_case(case: Case) -> OpenCase:
    """The case, open; one that has not changed is not opened again."""
    return _open(case, tuple(file.sha256 for file in case.manifest.files))


@lru_cache(maxsize=MAX_OPEN_CASES)
def _open(case: Case, state: tuple[str, ...]) -> OpenCase:
    record = case.record()
    settings = record.settings
    codes = {a: c for a in settings.public if (c := record.ids.code(a)) is not None}
    handles = known_handles(record, list(codes.values())) if codes else {}
    named = {a: settings.names.get(a) or handles.get(c, a) for a, c in codes.items()}
    spoken = Names(record.ids, frozenset(codes), named)
    return OpenCase(case, state, record, {c: spoken(a) for a, c in codes.items()})
