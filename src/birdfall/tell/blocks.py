"""The blocks a section of the report is made of.

The template knows how to write each, and no block holds markup.

Each block names its `kind`, by which the template chooses; text is escaped there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

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
    """

    percent: float
    tone: str


@dataclass(frozen=True)
class TextCell:
    """A table cell with more than its text: a second line, a verdict's mark, a bar."""

    text: str
    more: str = ""
    mark: Mark | None = None
    bar: Bar | None = None
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
    """A paragraph."""

    text: str
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
    """A chart by its key in `Page.drawings` (without -wide or -narrow), with its words."""

    key: str
    title: str
    legend: str = ""
    summary: str = ""
    label: ChartLabel | None = None
    kind: ClassVar[str] = "chart"


@dataclass(frozen=True)
class MapButton:
    """A button that shows one group on the network map: its rank there, its colour, its words."""

    rank: int
    colour: str
    label: str


@dataclass(frozen=True)
class MapBlock:
    """A network map: the finding's name, its words, and the JSON the interactive map reads."""

    name: str
    alt: str
    data: str
    groups: Sequence[MapButton]
    kind: ClassVar[str] = "map"


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
    | SourcesBlock
    | WaterfallBlock
    | LetterBlock
    | PriorBlock
)


@dataclass(frozen=True)
class WrittenSection:
    """A section ready for the template: the id of its anchor, its title, its blocks."""

    id: str
    title: str
    body: Sequence[Block] = field(default_factory=tuple)
