"""What may be asked of coordination: options, their defaults and their checks."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypedDict

from birdfall.measures.coordination.peer_options import PeerName, PeerOption
from birdfall.model.errors import UsageError, WindowError

TRACES: Final = (
    "repost", "quote", "reply", "like", "mention", "report", "follow", "hashtag", "hashtags",
    "link", "text", "status", "creation", "domain", "emoji", "conversation", "delete",
)  # fmt: skip
#: Any other kind of object that a record has: an image, a song, whatever a file tells of.
_KIND_OF_OBJECT: Final = re.compile(r"[^\W\d_][\w .+-]{0,39}")
#: "louvain" is the former name of "leiden", kept for cases and scripts that use it.
GroupMethod = Literal["propagation", "leiden", "louvain"]
NullName = Literal["degree", "none"]
WeightName = Literal["pairs", "objects"]
InterestSource = Literal["acts", "none"]
Window = str | dt.timedelta | float

#: 285 years in microseconds: what all acts of a record lie within, with room in 64 bits for the
#: spans that the tests look at.
MAX_WINDOW_US: Final = 1 << 53
#: Bytes that pairs of acts may take at a time: the co-action kernel's own default.
DEFAULT_MEMORY_BYTES: Final = 1 << 30
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|sec|min|m|h|d)?\s*", re.ASCII)
_UNIT_US: Final = {
    "us": 1,
    "ms": 1000,
    "s": 10**6,
    "sec": 10**6,
    "m": 60 * 10**6,
    "min": 60 * 10**6,
    "h": 3600 * 10**6,
    "d": 86400 * 10**6,
}


def parse_window(window: Window) -> int:
    """A window of time in microseconds.

    Parameters
    ----------
    window : str, timedelta or float
        Such as "60s", "5min", "2h", a timedelta, or seconds.

    Returns
    -------
    int
        Microseconds, from 1 to `MAX_WINDOW_US`.

    Raises
    ------
    WindowError
        If it is no duration, or not positive.

    Examples
    --------
    >>> parse_window("5min")
    300000000
    """
    if isinstance(window, dt.timedelta):
        found = window // dt.timedelta(microseconds=1)
    elif isinstance(window, str):
        match = _DURATION.fullmatch(window)
        if match is None:
            raise WindowError(
                f"{window!r} is no window of time", fix='Write "60s", "5min" or "2h".'
            )
        found = round(min(float(match[1]) * _UNIT_US[match[2] or "s"], MAX_WINDOW_US))
    else:
        try:
            seconds = float(window)
        except (TypeError, ValueError):
            seconds = float("nan")
        if isinstance(window, bool) or not -float("inf") < seconds < float("inf"):
            raise WindowError(
                f"{window!r} is no window of time", fix='Write "60s", "5min" or "2h".'
            )
        found = round(min(seconds * 1e6, MAX_WINDOW_US))
    if found <= 0:
        raise WindowError(f"a window must be longer than nothing, not {window}")
    return min(int(found), MAX_WINDOW_US)


def check_trace(name: str) -> None:
    """Raise UsageError for what can be neither one of `TRACES` nor a kind of object."""
    if name not in TRACES and not _KIND_OF_OBJECT.fullmatch(name):
        raise UsageError(
            f"there is no trace {name!r}",
            fix=f"Traces: {', '.join(TRACES)}, or a kind of object such as image or song.",
        )


@dataclass(frozen=True)
class CoordinationOptions:
    """What is asked of `coordination`.

    Attributes
    ----------
    trace : str or sequence of str
        One of `TRACES` or a kind of object that the record has (`image`, `song`, ...), or several
        for a layered network; for a bare table, its name.
    window : str, timedelta or float
        Two acts on one object at most this far apart co-act (inclusive): "60s", "5min", seconds.
    at_least : int
        The smallest weight of an edge.
    alpha : float
        The false discovery rate, between 0 and 1.
    null : {"degree", "none"}
        The degree null; "none" counts every edge, as the customary tools do.
    count : {"pairs", "objects"}
        Weight of an edge: pairs of acts, or distinct objects. What is tested is always the objects.
    leave_out : sequence of str
        Objects to leave out, by name; the finding lists them in `left_out`.
    before : datetime, optional
        Interests are learnt from the acts before it and the acts from it on are tested.
    interests_from : {"acts", "none"}
        "none" tests without interests.
    seed : int
        Of all random draws.
    preset : {"coortweet", "toolkit"}, optional
        The edges of another tool, exactly.
    preset_options : mapping
        Options of the preset, see `PEER_OPTIONS`.
    groups : {"propagation", "leiden", "louvain"}
        How groups are found; "louvain" is the former name of "leiden".
    resolution : float
        Of Leiden's algorithm: larger makes smaller groups.
    sensitivity : bool
        Whether other windows and thresholds are tried beside.
    block_test : bool
        Whether groups are looked for whose pairs are each too weak to be seen.
    time_unit : {"s", "ms", "us"}, optional
        Of a table's numeric times; None tells it by their size.
    memory : int
        Bytes that pairs of acts may take at a time.
    name : str, optional
        The finding's name.
    short_links : mapping, optional
        Short links to the addresses they lead to, for `link` and `domain`.
    """

    trace: str | Sequence[str] = "repost"
    window: Window = "60s"
    at_least: int = 2
    alpha: float = 0.01
    null: NullName = "degree"
    count: WeightName = "pairs"
    leave_out: str | Sequence[str] = ()
    before: dt.datetime | None = None
    interests_from: InterestSource = "acts"
    seed: int = 0
    preset: PeerName | None = None
    preset_options: Mapping[str, PeerOption] | None = None
    groups: GroupMethod = "propagation"
    resolution: float = 1.0
    sensitivity: bool = True
    block_test: bool = True
    time_unit: str | None = None
    memory: int = DEFAULT_MEMORY_BYTES
    name: str | None = None
    short_links: Mapping[str, str] | None = None

    @property
    def traces(self) -> list[str]:
        """The names of the traces, each once."""
        return [self.trace] if isinstance(self.trace, str) else list(dict.fromkeys(self.trace))

    @property
    def objects_left_out(self) -> list[str]:
        """The names of the objects that are left out."""
        return [self.leave_out] if isinstance(self.leave_out, str) else list(self.leave_out)

    def checked_window(self, *, known_traces: bool = False) -> int:
        """The window in microseconds, once everything else that is asked has been found possible.

        Parameters
        ----------
        known_traces : bool
            Whether the traces must be some of `TRACES` or a kind of object: of a record or files,
            not of a bare table.

        Raises
        ------
        WindowError, UsageError
            For what cannot be asked.
        """
        if self.at_least < 1:
            raise UsageError(
                f"an edge has at least 1 co-action, not {self.at_least}",
                fix="2 is usual (at_least).",
            )
        if not 0 < self.alpha < 1:
            raise UsageError(
                f"{self.alpha:g} is no false discovery rate",
                fix="Choose one between 0 and 1 (alpha); 0.01 is usual.",
            )
        for name in self.traces if known_traces else ():
            check_trace(name)
        window = parse_window(self.window)
        choices: tuple[tuple[str, str, tuple[str, ...]], ...] = (
            (self.null, "null", ("degree", "none")),
            (self.groups, "way to find groups", ("propagation", "leiden", "louvain")),
            (self.interests_from, "source of interests", ("acts", "none")),
            (self.count, "count", ("pairs", "objects")),
        )
        for given, word, known in choices:
            if given not in known:
                raise UsageError(
                    f"there is no {word} {given!r}", fix=f"Use {' or '.join(map(repr, known))}."
                )
        return window


class CoordinationKeywords(TypedDict, total=False):
    """The same as keywords: the fields of `CoordinationOptions`."""

    trace: str | Sequence[str]
    window: Window
    at_least: int
    alpha: float
    null: NullName
    count: WeightName
    leave_out: str | Sequence[str]
    before: dt.datetime | None
    interests_from: InterestSource
    seed: int
    preset: PeerName | None
    preset_options: Mapping[str, PeerOption] | None
    groups: GroupMethod
    resolution: float
    sensitivity: bool
    block_test: bool
    time_unit: str | None
    memory: int
    name: str | None
    short_links: Mapping[str, str] | None
