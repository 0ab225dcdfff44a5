"""The blocks a section of the report is made of.

The template knows how to write each, and no block holds markup.

Each block names its `kind`, by which the template chooses; text is escaped there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from birdfall.tell.marks import MarkedText, paragraphs

#: Width and height of the picture of a network.
POSTER_UNITS: Final = 960
#: Columns of numbers that a phone shows beside each other.
MAX_PHONE_COLUMNS: Final = 4
#: How a verdict is marked: by its shape as well as its colour and its word.
Mark = Literal["yes", "near", "no", "open"]


@dataclass(frozen=True)
class Bar:
    """A horizontal bar under the text of a cell.

    Parameters
    ----------
    percent
        Length, 0 to 100.
    tone
        CSS class of the bar: "hit" or "usual".
    start
        Where it begins, 0 to 100.
    """

    percent: float
    tone: str
    start: float = 0.0


@dataclass(frozen=True)
class Dumbbell:
    """A figure against a band, as shares of the drawing's width, 0 to 100.

    Parameters
    ----------
    low, high
        Where the band begins and ends.
    point
        Where the figure lies.
    fits
        Whether it can be true.
    """

    low: float
    high: float
    point: float
    fits: bool

    @property
    def nearest(self) -> float:
        """The end of the line from the point: where the band is nearest."""
        return min(max(self.point, self.low), self.high)


@dataclass(frozen=True)
class TextCell:
    """A table cell with more than its text: a second line, a verdict's mark, a bar."""

    text: str
    more: str = ""
    mark: Mark | None = None
    bar: Bar | None = None
    dumbbell: Dumbbell | None = None
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class QuoteCell:
    """A table cell that quotes somebody: the words, their language code, and who said them."""

    quote: str
    lang: str = ""
    by: str = ""
    kind: ClassVar[str] = "quote"


Cell = str | TextCell | QuoteCell


@dataclass(frozen=True)
class TextBlock:
    """A paragraph.

    Parameters
    ----------
    text
        What it says.
    lead
        What it is about, in bold before it.
    """

    text: str
    lead: str = ""
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class NoteBlock:
    """A limit or a refusal, in small type."""

    text: str
    kind: ClassVar[str] = "note"


@dataclass(frozen=True)
class SubheadBlock:
    """A heading within a section."""

    text: str
    kind: ClassVar[str] = "subhead"


@dataclass(frozen=True)
class TableBlock:
    """A table.

    Parameters
    ----------
    head
        Titles of the columns.
    rows
        Cells, one sequence per row, as many as there are titles.
    numeric
        Positions of the columns of numbers, which are set flush right.
    headed
        Whether the first column names its rows.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numeric: tuple[int, ...] = ()
    headed: bool = False
    kind: ClassVar[str] = "table"

    @property
    def as_cards(self) -> bool:
        """Whether a phone shows each row as a card: where it has texts, or too many columns."""
        texts = len(self.head) - len(self.numeric) - self.headed
        return texts > 0 or len(self.head) > MAX_PHONE_COLUMNS


@dataclass(frozen=True)
class LabelPlace:
    """Where an SVG text stands in a chart: x and y in the chart's units, and its anchor."""

    x: int
    y: int
    anchor: Literal["start", "end"]


@dataclass(frozen=True)
class ChartLabel:
    """Lines of text inside a chart, and their place by size of the chart ("wide", "narrow")."""

    lines: Sequence[str]
    places: Mapping[str, LabelPlace]


@dataclass(frozen=True)
class ChartBlock:
    """A chart by its key in `Page.drawings` (without -wide or -narrow), with its words.

    language: in which the labels of its axes are.
    """

    key: str
    title: str
    language: str
    legend: str = ""
    summary: str = ""
    label: ChartLabel | None = None
    kind: ClassVar[str] = "chart"


@dataclass(frozen=True)
class MapButton:
    """A group on the network map: its rank there, its colour, its words, and its number in the map.

    `place` is where the number stands, x and y in the unit disc, y upwards.
    """

    rank: int
    colour: str
    label: str
    number: str = ""
    place: tuple[float, float] = (0.0, 0.0)

    @property
    def on_poster(self) -> tuple[float, float]:
        """Where the number stands on the poster, in its units."""
        x, y = self.place
        scale = POSTER_UNITS / 2 - 14
        return round(POSTER_UNITS / 2 + x * scale, 1), round(POSTER_UNITS / 2 - y * scale, 1)


@dataclass(frozen=True)
class MapBlock:
    """A network map: the finding's name, its words, and the JSON the interactive map reads.

    `legend` says what lines and dots are, `pairs` what the number beside an account counts, and
    `find` what the field does by which accounts are found.
    """

    name: str
    alt: str
    data: str
    groups: Sequence[MapButton]
    legend: str = ""
    pairs: str = ""
    find: str = ""
    kind: ClassVar[str] = "map"


@dataclass(frozen=True)
class DetailsBlock:
    """Blocks that fold out: how it was measured, and what only some readers want."""

    title: str
    blocks: Sequence[Block]
    kind: ClassVar[str] = "details"


@dataclass(frozen=True)
class SourcesBlock:
    """References that fold out."""

    title: str
    items: Sequence[str]
    kind: ClassVar[str] = "sources"


@dataclass(frozen=True)
class WaterfallBar:
    """A bar of the waterfall.

    Where it begins and how long it is (drawing units), and which way it points.
    """

    x: float
    width: float
    supports: bool


@dataclass(frozen=True)
class WaterfallStep:
    """One step of the waterfall: what it is, its factor in words, its bar."""

    label: str
    factor: str
    bar: WaterfallBar


@dataclass(frozen=True)
class WaterfallBlock:
    """The waterfall from one explanation to the next.

    `zero` is the neutral line, `wide` the drawing's width.
    """

    head: Sequence[str]
    rows: Sequence[WaterfallStep]
    zero: float
    wide: int
    kind: ClassVar[str] = "steps"


@dataclass(frozen=True)
class LetterBlock:
    """A letter to copy; `copy` and `copied` are the words of its button."""

    title: str
    text: str
    copy: str
    copied: str
    kind: ClassVar[str] = "letter"

    @property
    def paragraphs(self) -> list[MarkedText]:
        """The paragraphs of the letter."""
        return paragraphs(self.text)


@dataclass(frozen=True)
class PriorSlider:
    """A slider for one cause.

    Its name, and the log10 weight of the evidence against the best cause.
    """

    name: str
    log10: float


@dataclass(frozen=True)
class PriorBlock:
    """Sliders by which readers set prior odds of their own, with their words."""

    causes: Sequence[PriorSlider]
    own: str
    own_text: str
    before: str
    after: str
    kind: ClassVar[str] = "prior"


Block = (
    TextBlock
    | NoteBlock
    | SubheadBlock
    | TableBlock
    | ChartBlock
    | MapBlock
    | DetailsBlock
    | SourcesBlock
    | WaterfallBlock
    | LetterBlock
    | PriorBlock
)


@dataclass(frozen=True)
class WrittenSection:
    """A section ready for the template: the id of its anchor, its title, its blocks, and what
    whoever published it says beside it ("": nothing).
    """

    id: str
    title: str
    body: Sequence[Block] = field(default_factory=tuple)
    note: str = ""


def unfolded(blocks: Sequence[Block]) -> Iterator[Block]:
    """All blocks in their order, those that fold out among them."""
    for block in blocks:
        if isinstance(block, DetailsBlock):
            yield from unfolded(block.blocks)
        else:
            yield block


def cell_text(cell: Cell) -> str:
    """What a cell says, in a line."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, QuoteCell):
        return cell.quote
    return f"{cell.text} ({cell.more})" if cell.more else cell.text
