"""The section on published figures: what was said of the day, what can be true together, what
cannot, and all that was published.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, Cell, Dumbbell, TableBlock, TextBlock, TextCell
from birdfall.tell.names import sanitize_text
from birdfall.tell.page import NumberWriter, Page, how_measured, notes, quoted
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
            *_said_texts(published, finding, say),
            *notes(finding, say=say),
        ]
        ratios = finding.table("ratios").to_pylist()[:MAX_RATIOS] if finding.tables else []
        folded: list[Block] = [TextBlock(ratio_sentence(row, finding, page)) for row in ratios]
        folded += _all_published(published, finding, say)
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
    change, write = net.value or 0, NumberWriter(finding, say)
    low, high = write.bounds("gross", lambda v: say.number(None if v is None else round(v)))
    grown = {
        f"growth_{end}": write.other(
            say.number(value), f"growth_of_the_day.{end}", value, "followers"
        )
        for end, value in (("low", round(gross.low + change)), ("high", round(gross.high + change)))
    }
    told = write.keep(say.number(round(change)), "net")
    text = say("published.bounds", net=told, low=low, high=high, **grown)
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
            quoted(str(r["said_by"] or ""), say),
            TextCell(
                _worded(r["id"], r["relation"], r["value"], finding, say),
                say(f"reconciliation.{r['kind']}"),
                dumbbell=_dumbbell(r, bounds, most),
            ),
            _consistency_cell(r, finding, say),
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
    return [TextBlock(ratio_words(finding, say))]


def _rebuilt_texts(finding: Finding, say: Words) -> list[Block]:
    """Levels that fell to almost nothing and came back, with what explains them."""
    if "rebuilt" not in finding.tables:
        return []
    write, blocks = NumberWriter(finding, say), list[Block]()
    for row in finding.table("rebuilt").to_pylist():
        account = _short(row["population"], say)
        levels = {
            key: write.other(say.number(row[key]), f"rebuilt.{key}", row[key], "followers", account)
            for key in ("before", "lowest", "later")
        }
        blocks.append(TextBlock(say("published.rebuilt", account=account, **levels)))
    return blocks


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
        say.quote(_short(r["source"] or r["quantity"], say))
        + f" ({_short(r['said_by'], say)}{say.comma}{_day(r, say)})"
        for r in published
        if r["kind"] == "statement"
    ]
    told = (("published.restored", restored), ("published.said", said))
    semicolon = "؛ " if say.language == "ar" else "; "
    return [TextBlock(semicolon.join(items), lead=say(key) + ":") for key, items in told if items]


def _all_published(published: list[PublishedFigure], finding: Finding, say: Words) -> list[Block]:
    """The table of all that was published, by kind."""
    rows: list[list[Cell]] = [
        [
            say(f"published.kind.{r['kind']}") if r["kind"] in KINDS else _short(r["kind"], say),
            _short(r["said_by"], say),
            _day(r, say),
            _figure(r, finding, say) or "–",
            TextCell(_short(r["population"] or "–", say), _short(r["window"], say)),
            _short(r["source"] or "–", say),
        ]
        for r in published
    ]
    head = [say(f"published.{key}") for key in ("kind", "by", "when", "figure", "of", "source")]
    return [TableBlock(head, rows, (3,), headed=True)] if rows else []


def _figure_words(row: PublishedFigure, finding: Finding, say: Words) -> str:
    """A figure with who gave it, of whom and when."""
    of = () if row["population"] in ("", "all") else (_short(row["population"], say),)
    about = say.comma.join([_short(row["said_by"], say), *of, _day(row, say)])
    return f"{_figure(row, finding, say)} ({about})"


def _figure(row: PublishedFigure, finding: Finding, say: Words) -> str:
    """A figure, or the words that stand for one."""
    if row["value"] is None:
        return _short(row["relation"], say)
    return _worded(row["id"], row["relation"], row["value"], finding, say)


def _worded(which: str, relation: str, value: float, finding: Finding, say: Words) -> str:
    """A number with its wording: "almost 6,600"."""
    number = NumberWriter(finding, say).other(
        say.number(value), "published.value", value, "published", which
    )
    return say(f"published.{relation}", n=number) if relation in RELATIONS else number


def _day(row: PublishedFigure, say: Words) -> str:
    """The day of a figure; one of which only the month or the year is known as it was written."""
    try:
        day = dt.date.fromisoformat(row["when"][:10])
    except ValueError:
        return _short(row["when"], say)
    return say.short_day(dt.datetime.combine(day, dt.time(12), say.zone))


def _short(text: str, say: Words) -> str:
    clean = sanitize_text(text)
    short = clean if len(clean) <= MAX_TEXT_CHARACTERS else clean[: MAX_TEXT_CHARACTERS - 1] + "…"
    return quoted(short, say)


def _consistency_cell(figure: FigureRow, finding: Finding, say: Words) -> TextCell:
    """Whether a figure can stand, and for one that cannot the growth it would need."""
    if figure["consistent"]:
        return TextCell(say("reconciliation.consistent"), mark="yes")
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
