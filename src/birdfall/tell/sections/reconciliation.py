"""The section on published figures: what was said of the day, what can be true together, what
cannot, and all that was published.
"""

from __future__ import annotations

from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, Cell, Dumbbell, NoteBlock, TableBlock, TextBlock, TextCell
from birdfall.tell.page import NumberWriter, Page, how_measured, notes, quoted
from birdfall.tell.published import (
    compared,
    day_words,
    growth_words,
    loss_bounds,
    loss_words,
    net_words,
    population_words,
    short,
    window_words,
    worded,
)
from birdfall.tell.rows import FigureRow, PublishedFigure
from birdfall.tell.sections.follower_counts import ratio_sentence
from birdfall.tell.sentences import published_leads, ratio_words, rebuilt_sentences
from birdfall.tell.words import Words

#: Risk ratios in sentences, and pairs of figures that cannot both be true, at most; all are in the
#: finding.
MAX_RATIOS, MAX_CONFLICTS = 3, 8
#: A drawing begins at this share of the lowest figure.
DRAWN_FROM: Final = 0.8
#: Kinds of published figures, in the order in which they are listed.
KINDS: Final = ("gross", "net", "restored", "level", "statement")


def section(page: Page) -> list[Block]:
    """Published figures, each with whether it is consistent with the others."""
    say, blocks = page.say, list[Block]()
    leads = published_leads(page.findings)  # its picture and its ratio stand on the first screen
    for finding in page.findings_of_kind("reconciliation"):
        published = _published(finding)
        blocks += [
            *_growth_text(finding, say),
            *([] if leads else figure_table(finding, say)),
            *([] if leads else _ratio_text(finding, say)),
            *_rebuilt_texts(finding, say),
            *_conflict_texts(finding, published, say),
            *_said_texts(published, finding, say),
            *notes(finding, say=say),
        ]
        # figures that cannot be compared have no ratios, but may contradict each other
        ratios = finding.table("ratios").to_pylist() if "ratios" in finding.tables else []
        folded: list[Block] = [
            TextBlock(ratio_sentence(row, finding, page)) for row in ratios[:MAX_RATIOS]
        ]
        folded += _all_published(published, finding, say)
        if blocks or folded:
            blocks += how_measured(page, finding, blocks=folded)
    return blocks


def _published(finding: Finding) -> list[PublishedFigure]:
    """All that was published, by kind; nothing in findings of an older method."""
    if "published" not in finding.tables:
        return []
    rows: list[PublishedFigure] = finding.table("published").to_pylist()
    return sorted(rows, key=lambda r: KINDS.index(r["kind"]) if r["kind"] in KINDS else len(KINDS))


def _growth_text(finding: Finding, say: Words) -> list[Block]:
    """How the net change and ordinary growth bound the gross loss."""
    if loss_bounds(finding) is None:
        return []
    low, high = loss_words(finding, say)
    told = {"net": net_words(finding, say), "low": low, "high": high}
    return [TextBlock(say("published.bounds", **told, **growth_words(finding, say)))]


def figure_table(finding: Finding, say: Words) -> list[Block]:
    """Each figure of the day against the interval that the others leave it, as a drawing."""
    figures, bounds = compared(finding), loss_bounds(finding)
    if not figures:
        return []
    spoken = [r["value"] for r in figures if r["kind"] == "gross"]
    span = (DRAWN_FROM * min(*spoken, bounds[0]), max(*spoken, bounds[1])) if bounds else (0.0, 1.0)
    rows: list[list[Cell]] = [
        [
            TextCell(worded(r, finding, say), quoted(str(r["said_by"] or ""), say)),
            TextCell(
                say(f"reconciliation.{r['kind']}"),
                dumbbell=_dumbbell(r, bounds, span),
            ),
            _consistency_cell(r, finding, say),
        ]
        for r in figures
    ]
    head = [say("reconciliation.figure"), say("published.kind"), say("claims.verdict")]
    if bounds is None:
        return [TableBlock(head, rows, headed=True)]
    low, high = loss_words(finding, say)
    return [
        TableBlock(head, rows, headed=True),
        NoteBlock(say("published.legend", low=low, high=high)),
    ]


def _dumbbell(
    figure: FigureRow, bounds: tuple[float, float] | None, span: tuple[float, float]
) -> Dumbbell | None:
    """A gross figure against the interval of what can be true; None for others.

    span: the values at the two ends of the drawing.
    """
    if bounds is None or figure["kind"] != "gross":
        return None
    begin, width = span[0], max(span[1] - span[0], 1.0)
    low, high, point = (round(100 * (v - begin) / width, 1) for v in (*bounds, figure["value"]))
    return Dumbbell(low, high, point, bool(figure["consistent"]))


def _ratio_text(finding: Finding, say: Words) -> list[Block]:
    """How much harder one audience was hit, in words."""
    ratio = finding.estimates.get("risk_ratio")
    if ratio is None or ratio.value is None or ratio.low is None:
        return []
    return [TextBlock(ratio_words(finding, say))]


def _rebuilt_texts(finding: Finding, say: Words) -> list[Block]:
    """Accounts whose published level fell to almost nothing and came back."""
    return [TextBlock(text) for text in rebuilt_sentences(finding, say)]


def _conflict_texts(finding: Finding, published: list[PublishedFigure], say: Words) -> list[Block]:
    """Pairs of figures of which at most one is true."""
    if "conflicts" not in finding.tables:
        return []
    by_id = {r["id"]: r for r in published}
    blocks: list[Block] = []
    for row in finding.table("conflicts").to_pylist()[:MAX_CONFLICTS]:
        one, other = by_id[row["id"]], by_id[row["other"]]
        text = say(
            f"published.conflict.{row['why']}",
            one=_figure_words(one, finding, say),
            other=_figure_words(other, finding, say),
        )
        blocks.append(TextBlock(text))
    return blocks


def _said_texts(published: list[PublishedFigure], finding: Finding, say: Words) -> list[Block]:
    """What was said of accounts that came back, and what was said in words."""
    restored = [_figure_words(r, finding, say) for r in published if r["kind"] == "restored"]
    said = [
        say.quote(short(r["source"] or r["quantity"], say))
        + f" ({short(r['said_by'], say)}{say.comma}{day_words(r['when'], say)})"
        for r in published
        if r["kind"] == "statement"
    ]
    told = (("published.restored", restored), ("published.said", said))
    return [
        TextBlock(say.semicolon.join(items), lead=say(key) + say.colon)
        for key, items in told
        if items
    ]


def _all_published(published: list[PublishedFigure], finding: Finding, say: Words) -> list[Block]:
    """The table of all that was published, by kind."""
    rows: list[list[Cell]] = [
        [
            say(f"published.kind.{r['kind']}") if r["kind"] in KINDS else short(r["kind"], say),
            short(r["said_by"], say),
            day_words(r["when"], say),
            worded(r, finding, say) or "–",
            TextCell(population_words(r["population"], say) or "–", window_words(r["window"], say)),
            short(r["source"] or "–", say),
        ]
        for r in published
    ]
    head = [say(f"published.{key}") for key in ("kind", "by", "when", "figure", "of", "source")]
    return [TableBlock(head, rows, (3,), headed=True)] if rows else []


def _figure_words(row: PublishedFigure, finding: Finding, say: Words) -> str:
    """A figure with who gave it, of whom and when."""
    of = population_words(row["population"], say) if row["population"] != "all" else ""
    about = [short(row["said_by"], say), of, day_words(row["when"], say)]
    return f"{worded(row, finding, say)} ({say.comma.join(part for part in about if part)})"


def _consistency_cell(figure: FigureRow, finding: Finding, say: Words) -> TextCell:
    """Whether a figure can stand, and for one that cannot the growth it would need."""
    if figure["consistent"]:
        return TextCell(say("reconciliation.consistent"), mark="yes")
    if figure["kind"] == "net":
        return TextCell(say("reconciliation.net_misfit"), mark="no")
    needed, low, high = figure["needed_growth"], figure["growth_low"], figure["growth_high"]
    more = ""
    if needed is not None and low is not None and high is not None:
        more = say(
            "reconciliation.needs",
            **{
                key: NumberWriter(finding, say).other(
                    say.number(round(value)), f"figures.{column}", value, "followers", figure["id"]
                )
                for key, column, value in (
                    ("needed", "needed_growth", needed),
                    ("low", "growth_low", low),
                    ("high", "growth_high", high),
                )
            },
        )
    return TextCell(say("reconciliation.inconsistent"), more, "no")
