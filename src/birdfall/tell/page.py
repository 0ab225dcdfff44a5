"""What a section is written from, and the blocks it is made of.

A section is a list of blocks: text, note, subhead, table, chart, map and what single sections add. The template knows how to write
each; no block holds markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from birdfall.model.findings import Estimate, Finding
from birdfall.record.record import Record
from birdfall.tell.names import Names
from birdfall.tell.words import Words

Block = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One language of a report: the findings, how this language says things, and what was drawn for all languages."""

    findings: Mapping[str, Finding]
    record: Record
    say: Words
    name: Names
    #: Keys of what was drawn: "series-wide".
    drawings: frozenset[str]
    maps: Mapping[str, dict[str, Any]]

    def findings_of_kind(self, kind: str) -> list[Finding]:
        """All findings of a kind, in the order they were made."""
        return [f for f in self.findings.values() if f.kind == kind]


def text(said: str) -> Block:
    return {"kind": "text", "text": said}


def subhead(said: str) -> Block:
    return {"kind": "subhead", "text": said}


def table(
    head: list[str], rows: list[list[Any]], numeric: tuple[int, ...] = (), *, headed: bool = False
) -> Block:
    """numeric: columns of numbers. headed: whether the first column names its rows. A cell is a text, or a mapping for the template."""
    return {"kind": "table", "head": head, "rows": rows, "numeric": numeric, "headed": headed}


def chart(key: str, title: str, legend: str = "", label: Mapping[str, Any] | None = None) -> Block:
    """A drawing by its key in `Page.drawings` (without -wide or -narrow)."""
    return {
        "kind": "chart",
        "key": key,
        "title": title,
        "summary": "",
        "legend": legend,
        "label": label,
    }


def notes(finding: Finding, say: Words) -> list[Block]:
    """The refusals and limits of a finding."""
    return [{"kind": "note", "text": say.note(n)} for n in (*finding.reasons, *finding.limits)]


def format_interval(estimate: Estimate, say: Words) -> str:
    """A number with its bounds, where they differ from it."""
    shown = say.number(estimate.value)
    if (
        estimate.low is None
        or estimate.high is None
        or estimate.low == estimate.high == estimate.value
    ):
        return shown
    return f"{shown} ({say.number(estimate.low)} – {say.number(estimate.high)})"


def leader_ledger(findings: Mapping[str, Finding]) -> Finding | None:
    """The ledger of the audience that explains the wave, else the first there is."""
    kept = [f for f in findings.values() if f.kind == "ledger" and f.answer != "cannot"]
    audience = findings.get("audiences-1")
    if audience is not None and audience.answer == "found":
        leader = audience.table("explanation").column("leader")[0].as_py()
        kept.sort(key=lambda f: f.details.get("leader") != leader)
    return kept[0] if kept else None


def join_names(names: Sequence[str]) -> str:
    return ", ".join(names)
