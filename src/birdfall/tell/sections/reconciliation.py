"""The section on published figures: what was said of the day, what can be true together, what
cannot, and all that was published.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, Cell, Dumbbell, TableBlock, TextBlock, TextCell
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Page, how_measured, notes
from birdfall.tell.rows import FigureRow, PublishedFigure
from birdfall.tell.sections.follower_counts import ratio_sentence
from birdfall.tell.sentences import ratio_words
from birdfall.tell.words import Words

#: Risk ratios in sentences, and pairs of figures that cannot both be true, at most; all are in the
#: finding.
MAX_RATIOS, MAX_CONFLICTS = 3, 8
#: Kinds of published figures, in the order in which they are listed.
KINDS: Final = ("gross", "net", "restored", "level", "statement")
#: Wordings of a figure that have words.
RELATIONS: Final = ("about", "almost", "over", "exactly")
#: Characters of one text from the table of figures.
MAX_TEXT_CHARACTERS: Final = 160


def section(page: Page) -> list[Block]:
    """Published figures, each with whether it is consistent with the others."""
    say, blocks = page.say, list[Block]()
    for finding in page.findings_of_kind("reconciliation"):
        published = _published(finding)
        blocks += [
            *_growth_text(finding, say),
            *_figure_table(finding, say),
            *_ratio_text(finding, say),
            *_rebuilt_texts(finding, say),
            *_conflict_texts(finding, published, say),
            *_said_texts(published, say),
            *notes(finding, say=say),
        ]
        ratios = finding.table("ratios").to_pylist()[:MAX_RATIOS] if finding.tables else []
        folded: list[Block] = [TextBlock(ratio_sentence(row, page)) for row in ratios]
        folded += _all_published(published, say)
        if blocks:
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
    gross, net = finding.estimates.get("gross"), finding.estimates.get("net")
    if gross is None or net is None or gross.low is None or gross.high is None:
        return []
    change = net.value or 0
    text = say(
        "published.bounds",
        net=say.number(round(change)),
        growth_low=say.number(round(gross.low + change)),
        growth_high=say.number(round(gross.high + change)),
        low=say.number(round(gross.low)),
        high=say.number(round(gross.high)),
    )
    return [TextBlock(text)]


def _figure_table(finding: Finding, say: Words) -> list[Block]:
    """Each figure of the day against the interval that the others leave it."""
    if "figures" not in finding.tables:
        return []
    figures = [r for r in finding.table("figures").to_pylist() if r["consistent"] is not None]
    gross = finding.estimates.get("gross")
    bounds = None if gross is None or gross.low is None else (gross.low, gross.high or gross.low)
    most = max((abs(r["value"]) for r in figures), default=1.0)
    most = max(most, bounds[1]) if bounds else most
    rows: list[list[Cell]] = [
        [
            sanitize_text(str(r["said_by"] or "")),
            TextCell(
                _worded(r["relation"], r["value"], say),
                say(f"reconciliation.{r['kind']}"),
                dumbbell=_dumbbell(r, bounds, most),
            ),
            _consistency_cell(r, say),
        ]
        for r in figures
    ]
    head = [say("claims.said"), say("reconciliation.figure"), say("claims.verdict")]
    if not rows:
        return []
    legend = [TextBlock(say("published.legend"))] if bounds else []
    return [TableBlock(head, rows, headed=True), *legend]


def _dumbbell(
    figure: FigureRow, bounds: tuple[float, float] | None, most: float
) -> Dumbbell | None:
    """A gross figure against the interval of what can be true; None for others."""
    if bounds is None or figure["kind"] != "gross":
        return None
    low, high, point = (round(100 * v / most, 1) for v in (*bounds, figure["value"]))
    return Dumbbell(max(low, 0.0), high, point, bool(figure["consistent"]))


def _ratio_text(finding: Finding, say: Words) -> list[Block]:
    """How much harder one audience was hit, in words."""
    ratio = finding.estimates.get("risk_ratio")
    if ratio is None or ratio.value is None or ratio.low is None:
        return []
    return [TextBlock(ratio_words(ratio.value, ratio.low, say))]


def _rebuilt_texts(finding: Finding, say: Words) -> list[Block]:
    """Levels that fell to almost nothing and came back, with what explains them."""
    if "rebuilt" not in finding.tables:
        return []
    return [
        TextBlock(
            say(
                "published.rebuilt",
                account=_short(row["population"]),
                **{key: say.number(row[key]) for key in ("before", "lowest", "later")},
            )
        )
        for row in finding.table("rebuilt").to_pylist()
    ]


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
            one=_figure_words(one, say),
            other=_figure_words(other, say),
        )
        blocks.append(TextBlock(text))
    return blocks


def _said_texts(published: list[PublishedFigure], say: Words) -> list[Block]:
    """What was said of accounts that came back, and what was said in words."""
    restored = [_figure_words(r, say) for r in published if r["kind"] == "restored"]
    said = [
        f"“{_short(r['source'] or r['quantity'])}” ({_short(r['said_by'])}, {_day(r, say)})"
        for r in published
        if r["kind"] == "statement"
    ]
    told = (("published.restored", restored), ("published.said", said))
    return [TextBlock("; ".join(items), lead=say(key) + ":") for key, items in told if items]


def _all_published(published: list[PublishedFigure], say: Words) -> list[Block]:
    """The table of all that was published, by kind."""
    rows: list[list[Cell]] = [
        [
            say(f"published.kind.{r['kind']}") if r["kind"] in KINDS else _short(r["kind"]),
            _short(r["said_by"]),
            _day(r, say),
            _worded(r["relation"], r["value"], say)
            if r["value"] is not None
            else _short(r["relation"] or "–"),
            TextCell(_short(r["population"] or "–"), _short(r["window"])),
            _short(r["source"] or "–"),
        ]
        for r in published
    ]
    head = [say(f"published.{key}") for key in ("kind", "by", "when", "figure", "of", "source")]
    return [TableBlock(head, rows, (3,), headed=True)] if rows else []


def _figure_words(row: PublishedFigure, say: Words) -> str:
    """A figure with who gave it, of whom and when."""
    figure = (
        _short(row["relation"])
        if row["value"] is None
        else _worded(row["relation"], row["value"], say)
    )
    of = "" if row["population"] in ("", "all") else f", {_short(row['population'])}"
    return f"{figure} ({_short(row['said_by'])}{of}, {_day(row, say)})"


def _worded(relation: str, value: float, say: Words) -> str:
    """A number with its wording: "almost 6,600"."""
    if relation not in RELATIONS:
        return say.number(value)
    return say(f"published.{relation}", n=say.number(value))


def _day(row: PublishedFigure, say: Words) -> str:
    """The day of a figure; one of which only the month or the year is known as it was written."""
    try:
        day = dt.date.fromisoformat(row["when"][:10])
    except ValueError:
        return _short(row["when"])
    noon = dt.datetime.combine(day, dt.time(12), say.zone)
    return say.time(noon).split(",")[0].split("،")[0]


def _short(text: str) -> str:
    clean = sanitize_text(text)
    return clean if len(clean) <= MAX_TEXT_CHARACTERS else clean[: MAX_TEXT_CHARACTERS - 1] + "…"


def _consistency_cell(figure: FigureRow, say: Words) -> TextCell:
    """Whether a figure can stand, and for one that cannot the growth it would need."""
    if figure["consistent"]:
        return TextCell(say("reconciliation.consistent"), mark="yes")
    needed, low, high = figure["needed_growth"], figure["growth_low"], figure["growth_high"]
    more = ""
    if needed is not None and low is not None and high is not None:
        more = say(
            "reconciliation.needs",
            needed=say.number(round(needed)),
            low=say.number(round(low)),
            high=say.number(round(high)),
        )
    return TextCell(say("reconciliation.inconsistent"), more, "no")
