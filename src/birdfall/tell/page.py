"""What a section is written from: one language of a report, the findings, and the drawings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from birdfall.model.findings import Estimate, Finding
from birdfall.record.record import Record
from birdfall.tell.blocks import Block, DetailsBlock, NoteBlock, ShownNumber, TextBlock
from birdfall.tell.words import Words

#: Notes on how something was computed, which fold out with the method; all others stand open.
FOLDED_NOTES: Final = frozenset((
    "base-rate-fits-poorly", "blocks-explained", "blocks-not-tested", "circles-beyond-chance",
    "compared-within", "curve-from-intervals", "edges-not-listed", "edges-of-unknown-age",
    "entries-within-intervals", "explanations-simulated", "followed-before-the-record",
    "growth-of-the-day-assumed", "interests-from-the-same-acts", "interval-censored-times",
    "jitter-does-not-hold", "p-extrapolated", "power", "reports-of-self", "reports-on-unknown",
    "reports-while-down", "rows-without-account-object-or-time",
))  # fmt: skip


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
    place
        Where its number stands, x and y in the unit disc, y upwards.
    """

    rank: int
    group: int
    members: int
    colour: str
    place: tuple[float, float] = (0.0, 0.0)


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


def notes(*findings: Finding, say: Words) -> list[Block]:
    """The refusals and limits of findings that a reader must know, each once, in a paragraph."""
    said = dict.fromkeys(
        say.note(n) for f in findings for n in (*f.reasons, *f.limits) if n.code not in FOLDED_NOTES
    )
    return [NoteBlock(" ".join(_as_sentence(text) for text in said))] if said else []


#: Which notes fold out with the method: those of `FOLDED_NOTES`, all, or none.
FoldedNotes = Literal["technical", "all", "none"]


def how_measured(
    page: Page,
    *findings: Finding,
    blocks: Sequence[Block] = (),
    fold: FoldedNotes = "technical",
) -> list[Block]:
    """What folds out below a section: more of its numbers, the method, and technical limits.

    blocks: of the section, for those who want more.
    """
    say = page.say
    kinds = dict.fromkeys(f.kind for f in findings)
    method = [TextBlock(say(f"method.{k}")) for k in kinds if say.has(f"method.{k}")]
    every = [n for f in findings for n in (*f.reasons, *f.limits)]
    chosen = [n for n in every if fold == "all" or (fold != "none" and n.code in FOLDED_NOTES)]
    said = dict.fromkeys(say.note(n) for n in chosen)
    folded = [NoteBlock(" ".join(_as_sentence(text) for text in said))] if said else []
    return [DetailsBlock(say("method"), [*blocks, *method, *folded])]


def _as_sentence(text: str) -> str:
    return text if text[-1:] in ".!?؟" else f"{text}."


class NumberWriter:
    """Writes the estimates of a finding as a language does, and keeps which stood where.

    Parameters
    ----------
    finding
        Whose estimates.
    say
        The words of the language.

    Attributes
    ----------
    shown
        What was written so far, in order.
    """

    def __init__(self, finding: Finding, say: Words) -> None:
        self._finding, self._say = finding, say
        self.shown: list[ShownNumber] = []

    def number(self, key: str, digits: int | None = None) -> str:
        """An estimate as a number."""
        return self.keep(self._say.number(self._finding[key].value, digits), key)

    def percent(self, key: str, digits: int = 0) -> str:
        """An estimate as a percentage."""
        return self.keep(self._say.percent(self._finding[key].value, digits), key)

    def count(self, key: str) -> int:
        """An estimate that counts, for a message that chooses its form by it."""
        value = int(self._finding[key].value or 0)
        self.keep(self._say.number(value), key)
        return value

    def keep(self, text: str, key: str) -> str:
        """A number as it was written elsewhere."""
        estimate = self._finding[key]
        name = f"{self._finding.name}.{key}"
        meaning = definition(self._finding.kind, key, self._say)
        self.shown.append(ShownNumber(text, name, estimate.value, estimate.unit, meaning))
        return text


def caution(page: Page, finding: Finding) -> list[Block]:
    """What stands beside accounts that acted together: how many of the calls may be false, what is
    not excluded, and whether those concerned were asked.
    """
    say, alpha = page.say, finding.parameters.get("alpha")
    if not isinstance(alpha, float):
        return []
    asked = "caution.asked" if page.record.settings.reply else "caution.not_asked"
    text = say(f"caution.{finding.kind}", share=say.percent(alpha))
    return [NoteBlock(f"{text} {say(asked)}")]


def definition(kind: str, key: str, say: Words) -> str:
    """What an estimate of a kind of finding counts; "" where there are no words for it."""
    name = f"number.{kind}.{key}"
    return say(name) if say.has(name) else ""


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
