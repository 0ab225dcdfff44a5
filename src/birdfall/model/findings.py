"""A finding: one measured answer, with its interval, method, inputs, coverage and limits.

Findings hold no sentences. What a limit or a refusal means is said by the catalogues of `tell`, in
five languages, from its `code` and its parameters. Tables travel by reference: the JSON names them,
Parquet holds them.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import Any, Final, Literal

import pyarrow as pa

from birdfall.model.errors import UsageError

Answer = Literal["found", "nothing", "cannot"]

FORMAT: Final = 1
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    `unit` is one of: accounts, followers, events, pairs, share (0..1), ratio, seconds, per_hour,
    per_day, per_minute, time (integer microseconds since 1970 UTC), p, bits, count, score.
    `low`/`high` bound it at `level`; None where no interval is claimed. `bounds` is "confidence"
    for a sampling interval and "identified" for a range within which the data cannot tell
    (interval-censored times, snapshots).

    Examples
    --------
    >>> Estimate(300.0, 'accounts').value
    300.0
    """

    value: float | int | None
    unit: str
    low: float | int | None = None
    high: float | int | None = None
    level: float | None = 0.95
    bounds: Literal["confidence", "identified", "none"] = "confidence"


@dataclass(frozen=True, slots=True)
class Note:
    """A limit, a refusal or a warning by code; the catalogues have its words (`note.<code>`)."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Input:
    """What a finding was computed from: a table of the record, its rows, and the digest of its
    parts.
    """

    table: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured answer.

    Parameters
    ----------
    kind
        The measure: "waves", "audiences", "ledger", ...
    name
        Unique within a case, a file-name-safe slug.
    answer
        "found", "nothing" (looked and found none), or "cannot" (the data cannot carry it; `reasons`
        says why).
    estimates
        Its numbers, by name.
    parameters
        Everything that was set, defaults and seed included: enough to compute it again.
    inputs
        The tables it was computed from.
    reasons, limits
        Why there is no answer; what bounds the one there is.
    method
        The method in a few words and its sources.
    details
        Small structured results that are not a table.
    tables
        The large ones.
    simulated
        Whether the data come from a simulated world.
    method_version
        The version of the method; a higher one says that results may differ. None: not stated, as
        in findings made before methods had versions.

    Examples
    --------
    >>> import birdfall
    >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
    >>> finding = case.waves()
    >>> finding.kind, finding.answer, sorted(finding.tables)
    ('waves', 'found', ['members', 'minutes', 'pit', 'series', 'waves'])
    """

    kind: str
    name: str
    answer: Answer
    estimates: dict[str, Estimate] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    reasons: tuple[Note, ...] = ()
    limits: tuple[Note, ...] = ()
    method: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pa.Table] = field(default_factory=dict)
    simulated: bool = False
    method_version: int | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a finding's name is a lower-case slug, not {self.name!r}")

    def __getitem__(self, estimate: str) -> Estimate:
        if estimate not in self.estimates:
            known = ", ".join(sorted(self.estimates)) or "none"
            raise KeyError(f"{self.name} has no estimate {estimate!r}; it has {known}")
        return self.estimates[estimate]

    def table(self, name: str) -> pa.Table:
        """The table `name` of this finding; KeyError names those it has.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.waves().table('waves').num_rows
        1
        """
        if name not in self.tables:
            raise KeyError(f"{self.name} has no table {name!r}; it has {sorted(self.tables)}")
        return self.tables[name]

    def to_arrow(self, name: str | None = None) -> pa.Table:
        """A table of this finding in Arrow; without a name, its first.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.waves().to_arrow().num_rows
        1
        """
        return self.table(next(iter(self.tables), "") if name is None else name)

    def to_pandas(self, name: str | None = None) -> Any:
        """The same as a pandas data frame, where pandas is installed.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> list(case.coverage().to_pandas("questions").columns)[:2]
        ['question', 'answerable']
        """
        return self.to_arrow(name).to_pandas()

    def to_polars(self, name: str | None = None) -> Any:
        """The same as a Polars data frame, where Polars is installed.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.coverage().to_polars("questions")  # doctest: +SKIP
        """
        try:
            polars = import_module("polars")
        except ModuleNotFoundError as error:
            raise UsageError(
                "Polars is not installed", fix="pip install polars, or take to_arrow() instead."
            ) from error
        return polars.from_arrow(self.to_arrow(name))

    def replace(self, **changes: Any) -> Finding:
        """A copy with some fields changed.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.coverage().replace(simulated=True).simulated
        True
        """
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """JSON by the published schema (`finding.schema.json`); tables by name, columns and row
        count.

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> import json
        >>> json.loads(case.coverage().to_json())['kind']
        'coverage'
        """
        return (
            json.dumps(
                as_plain(self), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False
            )
            + "\n"
        )

    def __repr__(self) -> str:
        """For a terminal: the answer and its numbers, one a line."""
        lines = [f"<{self.name}: {self.answer}{', simulated data' if self.simulated else ''}"]
        lines += [f"  {key}: {_shown(e)} {e.unit}" for key, e in sorted(self.estimates.items())]
        lines += [f"  {_note_text(n)}" for n in self.reasons + self.limits]
        return (
            "\n".join(lines)
            + (f"\n  tables: {', '.join(sorted(self.tables))}" if self.tables else "")
            + ">"
        )

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_html(self, note_text: Callable[[Note], str] | None = None) -> str:
        """The answer, its numbers and limits as HTML for a notebook.

        note_text: says a note; by its code if not given (`birdfall.tell.notebook.render` has the
        sentences).

        Examples
        --------
        >>> import birdfall
        >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
        >>> case.coverage().to_html()[:5]
        '<div>'
        """
        say = note_text or _note_text

        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(key)}</th><td>{_shown(e)}</td>"
            f"<td>{escape(e.unit)}</td></tr>"
            for key, e in sorted(self.estimates.items())
        )
        label = " · simulated data" if self.simulated else ""
        tables = ", ".join(
            f"{escape(n)} ({t.num_rows:,} rows)" for n, t in sorted(self.tables.items())
        )
        notes = "".join(
            f"<li>{escape(text)}</li>"
            for text in dict.fromkeys(map(say, self.reasons + self.limits))
        )
        return (
            f"<div><b>{escape(self.kind)}</b>: {escape(self.answer)}{label}<table>{rows}</table>"
            f"<small>tables: {tables or 'none'}</small><ul>{notes}</ul></div>"
        )


def _note_text(note: Note) -> str:
    """A note by its code and values; `birdfall.tell.notebook` has the sentences."""
    return f"{note.code} {json.dumps(note.values, default=str) if note.values else ''}".rstrip()


def as_plain(finding: Finding) -> dict[str, Any]:
    """`finding` as JSON-ready values, without table contents. NaN and infinities become null."""
    plain = {
        "format": FORMAT,
        "kind": finding.kind,
        "name": finding.name,
        "answer": finding.answer,
        "estimates": {k: to_plain(dataclasses.asdict(e)) for k, e in finding.estimates.items()},
        "parameters": to_plain(finding.parameters),
        "inputs": [dataclasses.asdict(i) for i in finding.inputs],
        "reasons": [to_plain(dataclasses.asdict(n)) for n in finding.reasons],
        "limits": [to_plain(dataclasses.asdict(n)) for n in finding.limits],
        "method": list(finding.method),
        "details": to_plain(finding.details),
        "tables": {
            name: {"rows": t.num_rows, "columns": {f.name: _type_name(f.type) for f in t.schema}}
            for name, t in finding.tables.items()
        },
        "simulated": finding.simulated,
    }
    if finding.method_version is not None:
        plain["method_version"] = finding.method_version
    return plain


def _type_name(kind: pa.DataType) -> str:
    """A column's type; what a list calls its items differs between memory and Parquet, and says
    nothing.
    """
    return str(kind).replace("list<element: ", "list<item: ")


def from_plain(plain: dict[str, Any], tables: dict[str, pa.Table]) -> Finding:
    """The inverse of `as_plain`; `tables` are read by the caller."""
    return Finding(
        kind=plain["kind"],
        name=plain["name"],
        answer=plain["answer"],
        estimates={k: Estimate(**e) for k, e in plain["estimates"].items()},
        parameters=plain["parameters"],
        inputs=tuple(Input(**i) for i in plain["inputs"]),
        reasons=tuple(Note(**n) for n in plain["reasons"]),
        limits=tuple(Note(**n) for n in plain["limits"]),
        method=tuple(plain["method"]),
        details=plain["details"],
        tables=tables,
        simulated=plain["simulated"],
        method_version=plain.get("method_version"),
    )


def to_plain(value: Any) -> Any:
    """JSON-ready: numpy scalars to Python's, NaN and infinities to None, tuples to lists, times to
    ISO.
    """
    if isinstance(value, dict):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(v) for v in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.tolist() if getattr(value, "ndim", 0) else value.item()
        return to_plain(value) if isinstance(value, list) else _finite(value)
    return _finite(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _shown(estimate: Estimate) -> str:
    def number(x: float | int | None) -> str:
        return "\N{EN DASH}" if x is None else f"{x:,.6g}" if isinstance(x, float) else f"{x:,}"

    if estimate.low is None and estimate.high is None:
        return number(estimate.value)
    return f"{number(estimate.value)} ({number(estimate.low)} to {number(estimate.high)})"


def say_the_same(one: Finding, other: Finding) -> bool:
    """Whether two findings say the same, whatever versions their methods state."""
    first, second = (as_plain(f.replace(method_version=None)) for f in (one, other))
    return first == second
