"""Charts as static SVG from Vega-Lite specs: no script, no text of any language in them, colours from the page.

A chart holds numerals only (dates in ISO order, times as HH:MM), so one drawing serves all five languages; what it means stands
in words beside it. Colours are custom properties, so light, dark and print need no second drawing. Same data, same bytes.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

#: Colours drawn by Vega, and the property of the page each stands for.
TOKENS: Final = {
    "#d55e01": "var(--hit)", "#0072b1": "var(--back)", "#8a94a2": "var(--usual)", "#111111": "var(--ink)",
    "#777777": "var(--soft)", "#dddddd": "var(--rule)", "#b0b7c1": "var(--gap)",
}  # fmt: skip
HIT, BACK, USUAL, INK, SOFT, RULE, GAP = TOKENS
#: What was not watched: hatched, so that it is told from a band without colour.
HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="none"/><rect width="2.4" height="6" fill="{GAP}"/></pattern></defs>'
)

#: Room around the plot, for its axes.
MARGINS: Final = {"left": 50, "right": 8, "top": 8, "bottom": 26}

Row = dict[str, Any]
Spec = dict[str, Any]


def wave_chart(
    rows: Sequence[Row],
    zone: ZoneInfo,
    width: int,
    height: int,
    wave: tuple[dt.datetime, dt.datetime] | None = None,
) -> Spec:
    """Suspensions over time: observed as a line, what is usual as a band, what was not watched hatched, the wave tinted."""
    span = (rows[-1]["to"] - rows[0]["from"]).total_seconds()
    data = [
        {
            "t": _local(r["from"], zone),
            "e": _local(r["to"], zone),
            "o": r["observed"] if r["covered"] else None,
            "l": r["low"],
            "h": r["high"],
            "gap": not r["covered"],
        }
        for r in rows
    ]
    # the last step has its full width too
    data.append(data[-1] | {"t": data[-1]["e"], "gap": False})
    x = {"field": "t", "type": "temporal", "axis": _time_axis(span, width)}
    layers: list[dict[str, Any]] = [
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
        layers.insert(
            0,
            {
                "data": {"values": [{"t": _local(wave[0], zone), "e": _local(wave[1], zone)}]},
                "mark": {"type": "rect", "color": HIT, "opacity": 0.14},
                "encoding": {"x": {"field": "t", "type": "temporal"}, "x2": {"field": "e"}},
            },
        )
    if any(d["gap"] for d in data):
        layers.insert(
            0,
            {
                "transform": [{"filter": "datum.gap"}],
                "mark": {"type": "rect", "color": GAP},
                "encoding": {"x": {"field": "t", "type": "temporal"}, "x2": {"field": "e"}},
            },
        )
    return _chart_spec({"data": {"values": data}, "layer": layers}, width, height)


def return_chart(rows: Sequence[Row], width: int, height: int) -> Spec:
    """Share back by days since the fall, as a step with its band; 0 to 100 %."""
    thin = _thin_rows(rows, 240)
    data = [
        {"d": r["after_s"] / 86400, "r": r["returned"], "l": r["low"], "h": r["high"]} for r in thin
    ]
    x = {
        "field": "d",
        "type": "quantitative",
        "axis": {"title": None, "grid": True, "format": "~g", "tickCount": 6},
    }
    y = {
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"title": None, "grid": True, "format": ".0%", "tickCount": 4},
    }
    layers = [
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
    return _chart_spec({"data": {"values": data}, "layer": layers}, width, height)


def level_chart(rows: Sequence[Row], zone: ZoneInfo, width: int, height: int) -> Spec:
    """Followers over time, as a step; the axis begins where the data do."""
    thin = _thin_rows(rows, 400)
    data = [{"t": _local(r["time"], zone), "f": r["followers"]} for r in thin]
    span = (rows[-1]["time"] - rows[0]["time"]).total_seconds()
    spec = {
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
    return _chart_spec(spec, width, height)


def render_svg(spec: Spec) -> str:
    """A spec as an SVG element whose colours are the page's."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(json.dumps(spec), vl_version="v6_1")
    if f'fill="{GAP}"' in svg:
        svg = svg.replace(f'fill="{GAP}"', 'fill="url(#hatch)"').replace("<g", HATCH + "<g", 1)
    for colour, token in TOKENS.items():
        svg = svg.replace(colour, token)
    return re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE[^>]*>", "", svg).strip()


def _chart_spec(spec: Spec, width: int, height: int) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width - MARGINS["left"] - MARGINS["right"],
        "height": height - MARGINS["top"] - MARGINS["bottom"],
        "padding": MARGINS,
        "autosize": {"type": "none"},
        "background": None,
        **spec,
        "config": {
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
        },
    }


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


def _thin_rows(rows: Sequence[Row], most: int) -> list[Row]:
    step = max(1, len(rows) // most)
    return [r for i, r in enumerate(rows) if i % step == 0 or i == len(rows) - 1]


def _local(time: Any, zone: ZoneInfo) -> str:
    """Local wall time for Vega, which is told nothing of zones."""
    return str(time.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S.%f"))[:-3]


def _time_axis(span: float, width: int) -> dict[str, Any]:
    form = (
        "%H:%M:%S"
        if span < 600
        else "%H:%M"
        if span < 2 * 86400
        else "%m-%d"
        if span < 300 * 86400
        else "%Y-%m"
    )
    return {
        "format": form,
        "tickCount": max(3, width // 110),
        "title": None,
        "labelOverlap": True,
        "grid": False,
    }


def _number_axis() -> dict[str, Any]:
    # one number at a time: the axis' own format would write 0 as 0k beside 8k
    return {
        "title": None,
        "tickCount": 4,
        "labelExpr": "format(datum.value, abs(datum.value) < 1e4 ? '~f' : '~s')",
        "grid": True,
    }
