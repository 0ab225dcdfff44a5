"""What a section is written from: one language of a report, the findings, and the drawings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from birdfall.model.findings import Finding, Note
from birdfall.record.record import Record
from birdfall.tell.blocks import Block, DetailsBlock, NoteBlock, TextBlock
from birdfall.tell.marks import Counted, ShownName, ShownNumber, plain
from birdfall.tell.names import sanitize_text
from birdfall.tell.words import Words

#: Notes on how something was computed, which fold out with the method; all others stand open.
FOLDED_NOTES: Final = frozenset((
    "base-rate-fits-poorly", "blocks-explained", "blocks-not-tested", "circles-beyond-chance",
    "compared-within", "curve-from-intervals", "edges-not-listed", "edges-of-unknown-age",
    "entries-within-intervals", "explanations-simulated", "followed-before-the-record",
    "growth-of-the-day-assumed", "interests-from-the-same-acts", "interval-censored-times",
    "jitter-does-not-hold", "p-extrapolated", "power", "profiles-rebuilt",
    "reports-of-self", "reports-on-unknown",
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
    return _note_block(
        [(n, f) for f in findings for n in (*f.reasons, *f.limits) if n.code not in FOLDED_NOTES],
        say,
    )


def _note_block(of_findings: Sequence[tuple[Note, Finding]], say: Words) -> list[Block]:
    said: dict[str, str] = {}
    for note, finding in of_findings:
        text = say.note(note, finding.name)
        said.setdefault(plain(text), text)
    return [NoteBlock(" ".join(as_sentence(text) for text in said.values()))] if said else []


#: Which notes fold out with the method: those of `FOLDED_NOTES`, all, or none.
FoldedNotes = Literal["technical", "all", "none"]


def how_measured(
    page: Page,
    *findings: Finding,
    blocks: Sequence[Block] = (),
    fold: FoldedNotes = "technical",
    told_here: Finding | None = None,
) -> list[Block]:
    """What folds out below a section: more of its numbers, the method, and technical limits.

    blocks: of the section, for those who want more. told_here: a finding without a section of its
    own, of which every note stands here.
    """
    say = page.say
    whole = [] if told_here is None else [told_here]
    kinds = dict.fromkeys(f.kind for f in (*findings, *whole))
    method = [TextBlock(say(f"method.{k}")) for k in kinds if say.has(f"method.{k}")]
    every = [(n, f) for f in findings for n in (*f.reasons, *f.limits)]
    chosen = [
        (n, f) for n, f in every if fold == "all" or (fold != "none" and n.code in FOLDED_NOTES)
    ]
    chosen += [(n, f) for f in whole for n in (*f.reasons, *f.limits)]
    return [DetailsBlock(say("method"), [*blocks, *method, *_note_block(chosen, say)])]


def as_sentence(text: str) -> str:
    """A text with a full stop, unless it ends a sentence already."""
    return text if text[-1:] in ".!?؟" else f"{text}."


def as_title(text: str) -> str:
    """A text that begins with a capital, where its script has them."""
    return text[:1].upper() + text[1:]


class NumberWriter:
    """Writes the numbers of a finding as a language does, each with which one it is.

    Parameters
    ----------
    finding
        Whose numbers.
    say
        The words of the language.
    """

    def __init__(self, finding: Finding, say: Words) -> None:
        self._finding, self._say = finding, say

    def number(self, key: str, digits: int | None = None) -> str:
        """An estimate as a number."""
        return self.keep(self._say.number(self._finding[key].value, digits), key)

    def percent(self, key: str, digits: int = 0) -> str:
        """An estimate as a percentage."""
        return self.keep(self._say.percent(self._finding[key].value, digits), key)

    def bounds(self, key: str, write: Callable[[float | None], str]) -> tuple[str, str]:
        """The lower and the upper bound of an estimate. write: how, as `Words.percent`."""
        estimate = self._finding[key]
        low, high = estimate.low, estimate.high
        return (
            self.other(write(low), f"{key}.low", low, estimate.unit),
            self.other(write(high), f"{key}.high", high, estimate.unit),
        )

    def interval(self, key: str) -> str:
        """An estimate with its bounds, where they differ from it."""
        estimate, shown = self._finding[key], self.number(key)
        if (
            estimate.low is None
            or estimate.high is None
            or estimate.low == estimate.high == estimate.value
        ):
            return shown
        return self._say.bounded(shown, *self.bounds(key, self._say.number))

    def count(self, key: str) -> Counted:
        """An estimate that counts, for a message that chooses its form by it."""
        return self.counted(int(self._finding[key].value or 0), key, self._finding[key].unit)

    def counted(self, value: int, key: str, unit: str = "count", row: str = "") -> Counted:
        """Another count of the finding, for a message that chooses its form by it."""
        return Counted(value, self.figure(self._say.number(value), key, value, unit, row))

    def duration(self, seconds: float, key: str, row: str = "", *, alone: bool = False) -> str:
        """A length of time. alone: outside of a sentence."""
        return self.other(self._say.duration(seconds, alone=alone), key, seconds, "seconds", row)

    def keep(self, text: str, key: str) -> str:
        """An estimate as it was written elsewhere."""
        estimate = self._finding[key]
        return self.other(text, key, estimate.value, estimate.unit)

    def other(
        self, text: str, key: str, value: float | int | None, unit: str = "count", row: str = ""
    ) -> str:
        """Another number of the finding, as it was written.

        Parameters
        ----------
        text
            As it was written.
        key
            What it is: "TABLE.COLUMN", "parameters.NAME".
        value
            The number itself.
        unit
            Of the value.
        row
            Which row of the table, in words that name nobody who is not public.
        """
        return self._say.shown(self.figure(text, key, value, unit, row))

    def figure(
        self, text: str, key: str, value: float | int | None, unit: str = "count", row: str = ""
    ) -> ShownNumber:
        """The same as `other` for a number that stands alone, and not in a text."""
        name, kind = self._finding.name, self._finding.kind
        which = plain(row).translate(_ISOLATES)
        return ShownNumber(
            text,
            f"{name}.{key}[{which}]" if which else f"{name}.{key}",
            value,
            unit,
            meaning(kind, key, self._say),
            f"{kind}.{key}",
            name,
        )


#: Marks that set a name apart from text of the other direction.
_ISOLATES: Final = dict.fromkeys((0x2066, 0x2068, 0x2069))


def marked_names(name: Callable[[str | None], str], say: Words) -> Callable[[str | None], str]:
    """The same names, whose digits are no number of the page."""
    marks = say.marks
    if marks is None:
        return name
    return lambda account: marks.mark(ShownName(name(account)))


def quoted(text: str, say: Words) -> str:
    """Words of others within a text of the page: without tricks, and no number of the page."""
    clean = sanitize_text(text)
    if say.marks is not None:
        return say.marks.mark(ShownName(clean))  # which becomes an element of its own
    return f"\u2068{clean}\u2069" if say.direction == "rtl" else clean


def caution(page: Page, finding: Finding) -> list[Block]:
    """What stands beside accounts that acted together: how many of the calls may be false, what is
    not excluded, and whether those concerned were asked.
    """
    say, alpha = page.say, finding.parameters.get("alpha")
    if not isinstance(alpha, float):
        return []
    asked = "caution.asked" if page.record.settings.reply else "caution.not_asked"
    share = NumberWriter(finding, say).other(say.percent(alpha), "parameters.alpha", alpha, "share")
    text = say(f"caution.{finding.kind}", share=share)
    return [NoteBlock(f"{text} {say(asked)}")]


def meaning(kind: str, key: str, say: Words) -> str:
    """What a number of a kind of finding counts; "" where there are no words for it."""
    name = f"number.{kind}.{key}"
    return plain(say(name)) if say.has(name) else ""


def _lost(ledger: Finding) -> float:
    """How many followers an account had fewer at its lowest than before the wave."""
    before, lowest = (ledger.estimates.get(key) for key in ("before", "lowest"))
    if before is None or lowest is None or before.value is None or lowest.value is None:
        return 0.0
    return before.value - lowest.value


def leader_ledgers(findings: Mapping[str, Finding]) -> list[Finding]:
    """The ledgers of the audiences that explain the wave, in their order; else the one that lost
    most.
    """
    answered = [f for f in findings.values() if f.kind == "ledger" and f.answer != "cannot"]
    answered.sort(key=_lost, reverse=True)
    audience = findings.get("audiences-1")
    if audience is not None and audience.answer == "found":
        leaders = audience.table("explanation").column("leader").to_pylist()
        explaining = [f for a in leaders for f in answered if f.details.get("leader") == a]
        return explaining or answered[:1]
    return answered[:1]


def leader_ledger(findings: Mapping[str, Finding]) -> Finding | None:
    """The ledger of the audience that explains most of the wave, else the first there is."""
    return next(iter(leader_ledgers(findings)), None)
