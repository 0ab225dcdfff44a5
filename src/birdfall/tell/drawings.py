"""The charts of a report.

Drawn once for all languages, wide and narrow, while its words are written.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from birdfall.model.findings import Finding
from birdfall.model.memory_limit import address_space
from birdfall.tell import figures
from birdfall.tell.blocks import LabelPlace
from birdfall.tell.chart_process import render_all, render_elsewhere
from birdfall.tell.page import leader_ledger
from birdfall.tell.rows import LevelRow
from birdfall.tell.words import Words

#: Width and height of every chart, for screens and for phones.
SIZES: Final = {"wide": (600, 210), "narrow": (340, 150)}
#: Space between an interval and the words beside it, in the chart's units.
LABEL_GAP: Final = 8
#: Baseline of the first line of words, below the top margin.
LABEL_DROP: Final = 14


def chart_specs(findings: Mapping[str, Finding], zone: ZoneInfo) -> dict[str, figures.ChartSpec]:
    """Charts to draw, by key ("series-wide"); what the findings do not hold is left out."""
    found: dict[str, figures.ChartSpec] = {}
    waves, returns, ledger = (
        findings.get("waves"),
        findings.get("returns-1"),
        leader_ledger(findings),
    )
    for size, (width, height) in SIZES.items():
        if waves is not None and waves.answer != "cannot":
            top = waves.table("waves").to_pylist()[:1]
            span = (top[0]["start"], top[0]["end"]) if top else None
            series = waves.table("series").to_pylist()
            minutes = [r for r in waves.table("minutes").to_pylist() if r["wave"] == 1]
            for key, rows in (("series", series), ("minutes", minutes)):
                if rows:
                    found[f"{key}-{size}"] = figures.wave_chart(rows, zone, width, height, span)
        if returns is not None and returns.answer != "cannot" and returns.table("curve").num_rows:
            found[f"returns-{size}"] = figures.return_chart(
                returns.table("curve").to_pylist(), width, height
            )
        if ledger is not None and ledger.table("series").num_rows > 1:
            found[f"ledger-{size}"] = figures.level_chart(
                ledger.table("series").to_pylist(), zone, width, height
            )
        counts = findings.get("counts")
        if waves is None or waves.answer == "cannot":
            levels = [] if counts is None else _hardest_hit_levels(counts)
            if len(levels) > 1:
                found[f"counts-{size}"] = figures.level_chart(levels, zone, width, height)
    return found


def hardest_hit(counts: Finding) -> str | None:
    """The account that lost the largest share on the day of the largest common fall."""
    if counts.answer != "found":
        return None
    account: str | None = counts.table("waves").column("largest_account")[0].as_py()
    return account


def _hardest_hit_levels(counts: Finding) -> list[LevelRow]:
    account = hardest_hit(counts)
    rows = counts.table("series").to_pylist() if account is not None else []
    return [
        {"time": r["time"], "followers": r["followers"]}
        for r in rows
        if r["account"] == account and r["followers"] is not None
    ]


class ChartRendering:
    """Charts being rendered by a thread of their own.

    The renderer starts as slowly as all the words are written.

    Parameters
    ----------
    specs
        Charts by key, as of `chart_specs`.
    elsewhere
        Whether a process of its own renders them, which takes longer and leaves the renderer's
        memory with it.
    """

    def __init__(self, specs: Mapping[str, figures.ChartSpec], *, elsewhere: bool = False) -> None:
        self._pool = ThreadPoolExecutor(1)
        # what draws reserves far more than `ulimit -v` mostly allows: it would end this process
        apart = elsewhere or address_space() is not None
        render = render_elsewhere if apart else render_all
        self._rendered = self._pool.submit(render, dict(sorted(specs.items())))

    def symbols(self, languages: Sequence[Words]) -> list[str]:
        """Each chart as a `<symbol>`, and the labels of its axes in each language as one more.

        In the order of their keys. Waits until all are rendered.
        """
        done = list[str]()
        for key, svg in self._rendered.result().items():
            drawn = figures.as_symbol(svg, key)
            done.append(figures.without_labels(drawn))
            done += [
                figures.labels_of(drawn, f"{key}-{say.language}", partial(axis_label, say=say))
                for say in languages
            ]
        self._pool.shutdown()
        return done


def axis_label(drawn: str, say: Words) -> str:
    """The label of an axis as a language writes it: a number, a share, a day or a month.

    Examples
    --------
    >>> from birdfall.tell.words import words
    >>> axis_label("29 September", words("fr")), axis_label("8,000", words("pt"))
    ('29 sept.', '8.000')
    """
    if re.fullmatch(r"[-\u2212]?[\d,]+(\.\d+)?", drawn):
        return say.number(float(drawn.replace(",", "").replace("\u2212", "-")))
    if re.fullmatch(r"\d+%", drawn):
        return say.percent(int(drawn[:-1]) / 100)
    for form, write in ((figures.DAY_LABEL, say.axis_day), (figures.MONTH_LABEL, say.axis_month)):
        try:
            # a leap year for days, which name none
            text, year = (f"{drawn} 2000", " %Y") if form == figures.DAY_LABEL else (drawn, "")
            return write(dt.datetime.strptime(text, form + year).replace(tzinfo=say.zone))
        except ValueError:
            continue
    return drawn


def plot_place(share: tuple[float, float], size: str) -> LabelPlace:
    """Where the words for an interval of a chart stand: beside it, on the roomier side.

    Parameters
    ----------
    share
        Begin and end of the interval within the plot, 0 to 1.
    size
        A key of `SIZES`.
    """
    width, _ = SIZES[size]
    left, right = figures.MARGINS["left"], width - figures.MARGINS["right"]
    begin, end = (left + s * (right - left) for s in share)
    y = figures.MARGINS["top"] + LABEL_DROP
    if begin - left > right - end:
        return LabelPlace(round(begin - LABEL_GAP), y, "end")
    return LabelPlace(round(end + LABEL_GAP), y, "start")
