"""Which coordination networks an inquiry looks at: the standard traces, and those that were asked
for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from birdfall.measures.coordination import (
    METHOD_VERSION,
    CoordinationKeywords,
    CoordinationOptions,
    FileReading,
    applies_to,
    coordinate_files,
    trace_sizes,
)
from birdfall.model.findings import Finding
from birdfall.model.progress import Progress
from birdfall.record.record import Record

#: Traces a run looks at without being asked, if the record has enough of them.
STANDARD_TRACES = ("repost", "report", "text", "link")
#: Accounts a trace needs before it is worth a network.
MIN_TRACE_ACCOUNTS = 20


@dataclass(frozen=True, slots=True)
class NetworkRequest:
    """One network that was asked for: the parameters of `birdfall.coordination`, kept as JSON with
    the case.
    """

    text: str

    @classmethod
    def of(cls, parameters: CoordinationKeywords) -> NetworkRequest:
        """The request of these parameters."""
        return cls(json.dumps(dict(parameters), sort_keys=True))

    @property
    def parameters(self) -> CoordinationKeywords:
        """The keyword arguments of `birdfall.coordination`."""
        parameters: CoordinationKeywords = json.loads(self.text)
        return parameters

    @property
    def name(self) -> str:
        """The name of the finding it makes."""
        given = self.parameters.get("name")
        if given:
            return str(given)
        trace = self.parameters.get("trace", "repost")
        if isinstance(trace, list):
            trace = trace[0] if len(trace) == 1 else "layers"
        return f"coordination-{trace}"

    @property
    def step(self) -> str:
        """The name of the step of a run that computes it."""
        return f"asked {self.name}"


def standard_traces(record: Record, asked: tuple[str, ...]) -> list[str]:
    """The standard traces of which the record has enough, without those whose finding an asked
    network makes.
    """
    if applies_to(record) is not None:
        return []
    sizes = trace_sizes(record)
    taken = {NetworkRequest(text).name for text in asked}
    return [
        trace
        for trace in STANDARD_TRACES
        if sizes.get(trace, 0) >= MIN_TRACE_ACCOUNTS and f"coordination-{trace}" not in taken
    ]


#: Traces that follow from others, that most records have, or that say little of who moves together.
_NOT_BY_THEMSELVES = ("hashtags", "domain", "emoji", "text")
#: Traces of what was done to an account, or of its beginning: measured only where they are named.
_NO_ACTS = ("creation", "status")


def main_trace(record: Record) -> str:
    """The trace that is meant where none is named: reposts, else what most accounts did."""
    sizes = {t: n for t, n in trace_sizes(record).items() if n > 1 and t not in _NO_ACTS}
    if "repost" in sizes or not sizes:
        return "repost"
    return next((t for t in sizes if t not in _NOT_BY_THEMSELVES), next(iter(sizes)))


def network_of_files(
    files: Sequence[Path],
    reading: FileReading,
    options: CoordinationOptions,
    progress: Progress,
) -> Finding | None:
    """The network of files of which a few columns do; None if they must be read whole."""
    found = coordinate_files(files, options, reading, progress=progress)
    return None if found is None else found[0].replace(method_version=METHOD_VERSION)
