"""Keys of the event streams that are watched side by side: one detector for each.

A key is a value; its text form ("all", "leader:did:plc:x") stands only where SQLite or an alert
stores it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class StreamKind(StrEnum):
    """What a stream counts."""

    #: suspensions of all accounts
    ALL = "all"
    #: reports of all accounts
    REPORTS = "reports"
    #: suspensions among the followers of one watched account
    LEADER = "leader"
    #: reports of one account
    TARGET = "target"
    #: suspensions on one host
    HOST = "host"
    #: suspensions of accounts that act through one app
    CLIENT = "client"
    #: reporters that report the same accounts close in time; found by pairs, not by a detector of
    #: rates
    LOCKSTEP = "lockstep"


#: Kinds that stand for everything and have no name of their own.
_WITHOUT_NAME: Final = frozenset({StreamKind.ALL, StreamKind.REPORTS, StreamKind.LOCKSTEP})
_OF_REPORTS: Final = frozenset({StreamKind.REPORTS, StreamKind.TARGET, StreamKind.LOCKSTEP})


class StreamKey(NamedTuple):
    """One stream: its kind, and the account, host or client it is of.

    Examples
    --------
    >>> key = StreamKey(StreamKind.TARGET, "did:plc:x")
    >>> str(key)
    'target:did:plc:x'
    >>> StreamKey.parse("target:did:plc:x") == key
    True
    """

    kind: StreamKind
    name: str = ""

    def __str__(self) -> str:
        """The text that is stored."""
        return self.kind.value if self.kind in _WITHOUT_NAME else f"{self.kind.value}:{self.name}"

    @property
    def counts_reports(self) -> bool:
        """Whether its events are reports; those of the others are suspensions."""
        return self.kind in _OF_REPORTS

    @classmethod
    def parse(cls, text: str) -> StreamKey:
        """The key that is stored as `text`. Raises ValueError if no kind is called so."""
        kind, _, name = text.partition(":")
        return cls(StreamKind(kind), name)


ALL_FALLS: Final = StreamKey(StreamKind.ALL)
ALL_REPORTS: Final = StreamKey(StreamKind.REPORTS)
LOCKSTEP: Final = StreamKey(StreamKind.LOCKSTEP)
