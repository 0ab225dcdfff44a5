"""Charts as static SVG from Vega-Lite specs.

No script, no words of any language, colours of the page.

One drawing serves all five languages: the labels of its axes are taken out of it and written again
in each; what it means stands in words beside it. Colours are custom properties of the page, so
light, dark and print need no second drawing. Same data, same bytes.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from html import escape, unescape
from typing import Final, TypedDict, TypeVar
from zoneinfo import ZoneInfo

from birdfall.tell.rows import CountRow, LevelRow, ReturnRow

#: Colours drawn by Vega, and the property of the page each stands for.
TOKENS: Final = {
    "#d55e01": "var(--hit)",
    "#0072b1": "var(--back)",
    "#8a94a2": "var(--usual)",
    "#111111": "var(--ink)",
    "#777777": "var(--soft)",
    "#dddddd": "var(--rule)",
    "#b0b7c1": "var(--gap)",
}
HIT, BACK, USUAL, INK, SOFT, RULE, GAP = TOKENS
#: The pattern of unobserved periods: hatched, so that it differs from a band without colour too.
HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="6" height="6" fill="none"/>'
    f'<rect width="2.4" height="6" fill="{GAP}"/></pattern></defs>'
)

#: Room around the plot, for its axes.
MARGINS: Final = {"left": 56, "right": 8, "top": 8, "bottom": 26}
#: Points of a curve that are drawn, at most about twice as many.
RETURN_POINTS, LEVEL_POINTS = 240, 400
#: Pixels that one label of the time axis needs.
TIME_LABEL_PX: Final = 110
#: How near the end of its axis a time is put before it, where half of it would stand outside.
MAX_FLUSH_PX: Final = 24
MINUTE_S, DAY_S = 60, 86400
#: Days and months on an axis as they are drawn: with the whole name of the month, so that there is
#: room for its short name in every language.
DAY_LABEL, MONTH_LABEL = "%d %B", "%B %Y"
#: What a drawing has besides texts.
_SHAPES: Final = re.compile(r"<(?:path|line|rect|circle)\b[^>]*?(?:/>|>\s*</\w+>)|<defs>.*?</defs>")
_TEXT: Final = re.compile(r"(<text\b[^>]*>)([^<]*)(</text>)")

#: A row of a chart's data.
Datum = dict[str, str | float | bool | None]
_Row = TypeVar("_Row")


class TickInterval(TypedDict):
    """Ticks of an axis of times, one each so many days."""

    interval: str
    step: int


class AxisSpec(TypedDict, total=False):
    """An axis of Vega-Lite."""

    title: None
    grid: bool
    format: str
    tickCount: int | TickInterval
    tickMinStep: int
    labelOverlap: bool
    labelFlush: int
    labelExpr: str


class ScaleSpec(TypedDict, total=False):
    """A scale of Vega-Lite."""

    domain: list[float]
    zero: bool


class ChannelSpec(TypedDict, total=False):
    """An encoding channel of Vega-Lite: a field of the data and how it is shown."""

    field: str
    title: str
    type: str
    format: str
    axis: AxisSpec
    scale: ScaleSpec


class EncodingSpec(TypedDict, total=False):
    """The channels of a layer."""

    x: ChannelSpec
    x2: ChannelSpec
    y: ChannelSpec
    y2: ChannelSpec
    tooltip: list[ChannelSpec]


class MarkSpec(TypedDict, total=False):
    """What a layer draws."""

    type: str
    color: str
    opacity: float
    strokeWidth: float
    interpolate: str
    tooltip: bool


class DataSpec(TypedDict):
    """The rows of a chart or a layer."""

    values: list[Datum]


class LayerSpec(TypedDict, total=False):
    """One layer of a chart."""

    name: str
    data: DataSpec
    transform: list[dict[str, str]]
    mark: MarkSpec
    encoding: EncodingSpec


class SelectionSpec(TypedDict, total=False):
    """A selection by which a reader zooms."""

    name: str
    select: str
    bind: str
    views: list[str]


class AxisStyle(TypedDict):
    """Colours and sizes of all axes."""

    labelColor: str
    tickColor: str
    domainColor: str
    gridColor: str
    gridOpacity: float
    labelFontSize: int
    title: None
    labelPadding: int


class StyleSpec(TypedDict):
    """What all charts look like."""

    view: dict[str, None]
    font: str
    axis: AxisStyle


class ChartSpec(LayerSpec, total=False):
    """A chart of Vega-Lite: one layer, or several in `layer`."""

    layer: list[LayerSpec]
    title: str
    params: list[SelectionSpec]
    width: int
    height: int
    config: StyleSpec


#: What a chart in a page has beyond its spec: a frame of fixed margins.
PAGE_FRAME: Final = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "padding": MARGINS,
    "autosize": {"type": "none"},
    "background": None,
}
STYLE: Final[StyleSpec] = {
    "view": {"stroke": None},
    "font": "sans-serif",
    "axis": {
        "labelColor": SOFT,
        "tickColor": RULE,
        "domainColor": RULE,
        "gridColor": RULE,
        "gridOpacity": 0.5,
        "labelFontSize": 12,
        "title": None,
        "labelPadding": 4,
    },
}


def wave_chart(
    rows: Sequence[CountRow],
    zone: ZoneInfo,
    width: int,
    height: int,
    wave: tuple[dt.datetime, dt.datetime] | None = None,
) -> ChartSpec:
    """Suspensions over time: a line on a band of what is usual; gaps hatched, the wave tinted.

    Parameters
    ----------
    rows
        Steps in order of time.
    zone
        Time zone of the axis.
    width, height
        Of the whole chart, in pixels.
    wave
        Begin and end of the wave, if it lies within the rows.
    """
    span = (rows[-1]["to"] - rows[0]["from"]).total_seconds()
    data: list[Datum] = [
        {
            "t": _local_time(r["from"], zone),
            "e": _local_time(r["to"], zone),
            "o": r["observed"] if r["covered"] else None,
            "l": r["low"],
            "h": r["high"],
            "gap": not r["covered"],
        }
        for r in rows
    ]
    # the last step has its full width too
    data.append(data[-1] | {"t": data[-1]["e"], "gap": False})
    x: ChannelSpec = {"field": "t", "type": "temporal", "axis": _time_axis(span, width)}
    layers: list[LayerSpec] = [
        {
            "mark": {"type": "area", "color": USUAL, "opacity": 0.35, "interpolate": "step-after"},
            "encoding": {"x": x, "y": {"field": "l", "type": "quantitative"}, "y2": {"field": "h"}},
        },
        {
            "mark": {"type": "line", "color": HIT, "strokeWidth": 1.8, "interpolate": "step-after"},
            "encoding": {
                "x": x,
                "y": {"field": "o", "type": "quantitative", "axis": _number_axis()},
            },
        },
    ]
    if wave is not None and rows[0]["from"] <= wave[0] and wave[1] <= rows[-1]["to"]:
        layers.insert(0, _wave_layer(wave, zone))
    if any(d["gap"] for d in data):
        layers.insert(0, _gap_layer())
    return {**_plot_area(width, height), "data": {"values": data}, "layer": layers}


def _wave_layer(wave: tuple[dt.datetime, dt.datetime], zone: ZoneInfo) -> LayerSpec:
    """The tint of a wave."""
    return {
        "data": {"values": [{"t": _local_time(wave[0], zone), "e": _local_time(wave[1], zone)}]},
        "mark": {"type": "rect", "color": HIT, "opacity": 0.14},
        "encoding": {"x": {"field": "t", "type": "temporal"}, "x2": {"field": "e"}},
    }


def _gap_layer() -> LayerSpec:
    """The hatching of steps that were not watched."""
    return {
        "transform": [{"filter": "datum.gap"}],
        "mark": {"type": "rect", "color": GAP},
        "encoding": {"x": {"field": "t", "type": "temporal"}, "x2": {"field": "e"}},
    }


def return_chart(rows: Sequence[ReturnRow], width: int, height: int) -> ChartSpec:
    """Share back by days since the fall, as a step with its band; 0 to 100 %."""
    data: list[Datum] = [
        {"d": r["after_s"] / DAY_S, "r": r["returned"], "l": r["low"], "h": r["high"]}
        for r in _thin_rows(rows, RETURN_POINTS)
    ]
    x: ChannelSpec = {
        "field": "d",
        "type": "quantitative",
        "axis": {"title": None, "grid": True, "format": "~g", "tickCount": 6},
    }
    y: ChannelSpec = {
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"title": None, "grid": True, "format": ".0%", "tickCount": 4},
    }
    layers: list[LayerSpec] = [
        {
            "mark": {"type": "area", "color": BACK, "opacity": 0.25, "interpolate": "step-after"},
            "encoding": {"x": x, "y": {"field": "l", **y}, "y2": {"field": "h"}},
        },
        {
            "mark": {
                "type": "line",
                "color": BACK,
                "strokeWidth": 1.8,
                "interpolate": "step-after",
            },
            "encoding": {"x": x, "y": {"field": "r", **y}},
        },
    ]
    return {**_plot_area(width, height), "data": {"values": data}, "layer": layers}


def level_chart(rows: Sequence[LevelRow], zone: ZoneInfo, width: int, height: int) -> ChartSpec:
    """Followers over time, as a step; the axis begins where the data do."""
    data: list[Datum] = [
        {"t": _local_time(r["time"], zone), "f": r["followers"]}
        for r in _thin_rows(rows, LEVEL_POINTS)
    ]
    span = (rows[-1]["time"] - rows[0]["time"]).total_seconds()
    return {
        **_plot_area(width, height),
        "data": {"values": data},
        "mark": {"type": "line", "color": HIT, "strokeWidth": 1.8, "interpolate": "step-after"},
        "encoding": {
            "x": {"field": "t", "type": "temporal", "axis": _time_axis(span, width)},
            "y": {
                "field": "f",
                "type": "quantitative",
                "scale": {"zero": False},
                "axis": _number_axis(),
            },
        },
    }


def render_svg(spec: ChartSpec) -> str:
    """A chart as an SVG element whose colours are the page's."""
    # the renderer takes a fifth of a second to load, and only reports need it
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(json.dumps({**PAGE_FRAME, **spec}), vl_version="v6_1")
    if f'fill="{GAP}"' in svg:
        svg = svg.replace(f'fill="{GAP}"', 'fill="url(#hatch)"').replace("<g", HATCH + "<g", 1)
    for colour, token in TOKENS.items():
        svg = svg.replace(colour, token)
    return re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE[^>]*>", "", svg).strip()


def labels_of(symbol: str, name: str, write: Callable[[str], str]) -> str:
    """The labels of a drawing's axes as a `<symbol>` of that name, in another language.

    symbol: of `as_symbol`. write: a label as that language writes it.
    """
    texts = _SHAPES.sub("", symbol[symbol.index(">") + 1 : symbol.rindex("</symbol>")])
    texts = _TEXT.sub(lambda m: m[1] + escape(write(unescape(m[2]))) + m[3], texts)
    box = re.search(r'viewBox="([^"]+)"', symbol)
    return (
        f'<symbol id="{name}" viewBox="{box.group(1) if box else "0 0 100 100"}">{texts}</symbol>'
    )


def without_labels(symbol: str) -> str:
    """A drawing without the labels of its axes."""
    return _TEXT.sub("", symbol)


def as_symbol(svg: str, name: str) -> str:
    """The drawing as a `<symbol>` to be used by name from several places of a page."""
    box = re.search(r'viewBox="([^"]+)"', svg)
    inner = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    inner = re.sub(r'\sid="([^"]+)"', lambda m: f' id="{name}-{m.group(1)}"', inner)
    inner = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{name}-{m.group(1)})", inner)
    # roles of the parts would be read out one by one; the figure has words of its own
    inner = re.sub(r'\s(?:aria-[a-z]+|role)="[^"]*"', "", inner)
    return (
        f'<symbol id="{name}" viewBox="{box.group(1) if box else "0 0 100 100"}">{inner}</symbol>'
    )


def _plot_area(width: int, height: int) -> ChartSpec:
    """Size and style of a chart of this size in pixels, margins included."""
    return {
        "width": width - MARGINS["left"] - MARGINS["right"],
        "height": height - MARGINS["top"] - MARGINS["bottom"],
        "config": STYLE,
    }


def _thin_rows(rows: Sequence[_Row], points: int) -> list[_Row]:
    """Every so many rows, so that about `points` to twice as many are left; always the last."""
    step = max(1, len(rows) // points)
    return [r for i, r in enumerate(rows) if i % step == 0 or i == len(rows) - 1]


def _local_time(time: dt.datetime, zone: ZoneInfo) -> str:
    """Local wall time to milliseconds, for Vega, which knows no zones."""
    return time.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def _time_axis(span_s: float, width: int) -> AxisSpec:
    form = (
        "%H:%M:%S"
        if span_s < 10 * MINUTE_S
        else "%H:%M"
        if span_s < 2 * DAY_S
        else DAY_LABEL
        if span_s < 300 * DAY_S
        else MONTH_LABEL
    )
    labels = max(3, width // TIME_LABEL_PX)
    # a label a day, where there would be room for more: none stands there twice
    daily = form == DAY_LABEL and span_s < labels * DAY_S
    return {
        "format": form,
        "tickCount": {"interval": "day", "step": 1} if daily else labels,
        "title": None,
        "labelOverlap": True,
        "labelFlush": MAX_FLUSH_PX,
        "grid": False,
    }


def _number_axis() -> AxisSpec:
    # one number at a time: the axis' own format would write 0 as 0k beside 8k
    return {
        "title": None,
        "tickCount": 4,
        "tickMinStep": 1,
        "labelExpr": "format(datum.value, abs(datum.value) < 1e6 ? ',' : '~s')",
        "grid": True,
    }
