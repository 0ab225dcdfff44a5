"""What a section is written from: one language of a report, the findings, and the drawings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from birdfall.model.findings import Estimate, Finding
from birdfall.record.record import Record
from birdfall.tell.blocks import Block, NoteBlock
from birdfall.tell.words import Words


@dataclass(frozen=True)
class MapGroup:
    """A group with a colour of its own on a network map.

    Parameters
    ----------
    rank
        Its position by size, 0 for the largest.
    group
        Its number in the finding's tables.
    members
        How many accounts it has.
    colour
        "#rrggbb".
    """

    rank: int
    group: int
    members: int
    colour: str


@dataclass(frozen=True)
class NetworkMap:
    """A coordination network as drawn for a page.

    Parameters
    ----------
    poster
        The picture, a `data:` URI of a PNG.
    data
        JSON the interactive map reads.
    shown
        Accounts on it.
    groups
        Groups with a colour of their own, largest first.
    """

    poster: str
    data: str
    shown: int
    groups: tuple[MapGroup, ...]


@dataclass(frozen=True)
class Page:
    """One language of a report.

    Parameters
    ----------
    findings
        All findings of the case, by name.
    record
        The record they were made from.
    say
        The words of the language.
    name
        From an account's id to what it is called on the page.
    drawings
        Keys of the charts that were drawn ("series-wide").
    maps
        Network maps by the name of their finding.
    """

    findings: Mapping[str, Finding]
    record: Record
    say: Words
    name: Callable[[str | None], str]
    drawings: frozenset[str] = frozenset()
    maps: Mapping[str, NetworkMap] = field(default_factory=dict)

    def findings_of_kind(self, kind: str) -> list[Finding]:
        """All findings of a kind, in the order they were made."""
        return [f for f in self.findings.values() if f.kind == kind]


#: What writes a section: from a page to its blocks; none if it has nothing to say.
SectionWriter = Callable[[Page], list[Block]]


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Parameters
    ----------
    key
        Its anchor, and the key of its title in the catalogues of words.
    write
        `section(page)`: its blocks.
    kind
        The kind of finding it is about; "" for sections over all findings.
    titles
        Its title by language, for sections whose key no catalogue has; English stands in for a
        language that is missing.
    """

    key: str
    write: SectionWriter
    kind: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)

    def title(self, say: Words) -> str:
        """The title in a language."""
        if not self.titles:
            return say(self.key)
        return self.titles.get(say.language) or self.titles.get("en", self.key)


def notes(finding: Finding, say: Words) -> list[Block]:
    """The refusals and limits of a finding."""
    return [NoteBlock(say.note(n)) for n in (*finding.reasons, *finding.limits)]


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
    answered = [f for f in findings.values() if f.kind == "ledger" and f.answer != "cannot"]
    audience = findings.get("audiences-1")
    if audience is not None and audience.answer == "found":
        leader = audience.table("explanation").column("leader")[0].as_py()
        answered.sort(key=lambda f: f.details.get("leader") != leader)
    return answered[0] if answered else None


def join_names(names: Sequence[str]) -> str:
    """Names with commas between them."""
    return ", ".join(names)
