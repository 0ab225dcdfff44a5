"""A finding as an interactive chart for a notebook.

The report's own chart, with tooltips and zoom.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol
from zoneinfo import ZoneInfo

from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.tell import figures
from birdfall.tell.words import words

if TYPE_CHECKING:
    import altair


class HtmlFormatter(Protocol):
    """The part of IPython's formatter of one MIME type that is used here."""

    def for_type(self, kind: type, render: Callable[[Finding], str]) -> object:
        """Have values of `kind` shown by `render`."""
        ...


HtmlFormatters = Mapping[str, HtmlFormatter]

#: The table a chart is drawn from, by kind of finding.
TABLES: Final = {"waves": "series", "returns": "curve", "ledger": "series"}
#: Tooltips by kind of finding: {field: (title, number format, None for a time)}.
TOOLTIPS: Final[Mapping[str, Mapping[str, tuple[str, str | None]]]] = {
    "waves": {
        "t": ("from", None),
        "o": ("observed", "d"),
        "l": ("usual, low", ".1f"),
        "h": ("usual, high", ".1f"),
    },
    "returns": {
        "d": ("days since the fall", ".2f"),
        "r": ("share back", ".1%"),
        "l": ("low", ".1%"),
        "h": ("high", ".1%"),
    },
    "ledger": {"t": ("time", None), "f": ("followers", "d")},
}


def chart(
    finding: Finding, *, time_zone: str = "UTC", width: int = 640, height: int = 240
) -> altair.TopLevelMixin:
    """A finding of kind waves, returns or ledger as a chart; zoom with the wheel, drag to move.

    Parameters
    ----------
    finding
        The finding.
    time_zone
        IANA name, for the axis.
    width, height
        Of the chart, in pixels.

    Returns
    -------
    altair.Chart or altair.LayerChart

    Raises
    ------
    UsageError
        For a finding that has no chart.

    Examples
    --------
    >>> import birdfall
    >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
    >>> type(birdfall.chart(case.waves())).__name__
    'LayerChart'
    """
    rows = finding.tables.get(TABLES.get(finding.kind, ""))
    if rows is None or not rows.num_rows:
        raise UsageError(
            f"{finding.name} has no chart", fix=f"There are charts of {', '.join(sorted(TABLES))}."
        )
    # an optional dependency: only notebooks need it
    import altair

    spec = _spec(finding, ZoneInfo(time_zone), width, height)
    spec["title"] = f"{finding.name}{' (simulated data)' if finding.simulated else ''}"
    spec["params"] = [{"name": "zoom", "select": "interval", "bind": "scales"}]
    # the line carries the tooltips: the last layer, or the only one
    line: figures.LayerSpec = spec
    if "layer" in spec:
        line = spec["layer"][-1]
        line["name"] = "line"
        spec["params"][0]["views"] = ["line"]
    line["mark"]["tooltip"] = True
    line["encoding"]["tooltip"] = _tooltip(finding.kind)
    return altair.Chart.from_dict({**spec})


def render(finding: Finding, language: str = "en") -> str:
    """A finding as HTML with its limits and refusals in sentences. language: of the sentences."""
    return finding.to_html(words(language, "UTC").note)


def register(formatters: HtmlFormatters) -> None:
    """Let a notebook show findings as `render` does.

    formatters: those of IPython by MIME type (`get_ipython().display_formatter.formatters`).
    """
    formatters["text/html"].for_type(Finding, render)


def register_in_ipython() -> None:
    """`register` with the IPython that runs, if one does; without it nothing is done."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None:
        register(shell.display_formatter.formatters)


def _spec(finding: Finding, zone: ZoneInfo, width: int, height: int) -> figures.ChartSpec:
    rows = finding.table(TABLES[finding.kind]).to_pylist()
    if finding.kind == "returns":
        return figures.return_chart(rows, width, height)
    if finding.kind == "ledger":
        return figures.level_chart(rows, zone, width, height)
    top = finding.table("waves").to_pylist()[:1] if "waves" in finding.tables else []
    span = (top[0]["start"], top[0]["end"]) if top else None
    return figures.wave_chart(rows, zone, width, height, span)


def _tooltip(kind: str) -> list[figures.ChannelSpec]:
    return [
        {"field": field, "title": title, "type": "temporal", "format": "%Y-%m-%d %H:%M"}
        if form is None
        else {"field": field, "title": title, "type": "quantitative", "format": form}
        for field, (title, form) in TOOLTIPS[kind].items()
    ]
