"""Every chart of a page, drawn once for all languages, wide and narrow, while the words are being written."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from zoneinfo import ZoneInfo

from birdfall.model.findings import Finding
from birdfall.tell import figures
from birdfall.tell.page import leader_ledger

#: Width and height of every chart, for screens and for phones.
SIZES: Final = {"wide": (600, 210), "narrow": (340, 180)}
Specs = dict[str, dict[str, Any]]


def specs(findings: Mapping[str, Finding], zone: ZoneInfo) -> Specs:
    """What is to be drawn, by key ("series-wide"); what the findings do not hold is left out."""
    found: Specs = {}
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
    return found


class Drawing:
    """Charts being drawn by a thread of their own: the renderer takes as long to start as all the words take to write."""

    def __init__(self, wanted: Specs) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._drawn = {
            key: self._pool.submit(figures.render_svg, spec) for key, spec in sorted(wanted.items())
        }

    def symbols(self) -> list[str]:
        """Each chart as a `<symbol>`, in the order of their keys. Waits until all are drawn."""
        done = [figures.as_symbol(svg.result(), key) for key, svg in self._drawn.items()]
        self._pool.shutdown()
        return done


def plot_place(share: tuple[float, float], size: str) -> dict[str, Any]:
    """Where the words for an interval of a chart stand, beside it on the roomier side. share: its begin and end within the plot, 0 to 1.

    Returns x, y in the chart's own units and the anchor of an SVG text.
    """
    width, height = SIZES[size]
    left, right = figures.MARGINS["left"], width - figures.MARGINS["right"]
    begin, end = (left + s * (right - left) for s in share)
    y = figures.MARGINS["top"] + 14
    if begin - left > right - end:
        return {"x": round(begin - 8), "y": y, "anchor": "end", "width": width, "height": height}
    return {"x": round(end + 8), "y": y, "anchor": "start", "width": width, "height": height}
