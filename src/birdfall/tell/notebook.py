"""A finding as an interactive chart for a notebook: the report's own chart, with its numbers under the pointer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.tell import figures

#: What a chart is drawn from, per kind of finding.
TABLES = {"waves": "series", "returns": "curve", "ledger": "series"}
#: What is shown under the pointer: {field: (title, format or None for a time)}.
POINTED: Mapping[str, Mapping[str, tuple[str, str | None]]] = {
    "waves": {"t": ("from", None), "o": ("observed", "d"), "l": ("usual, low", ".1f"), "h": ("usual, high", ".1f")},
    "returns": {"d": ("days since the fall", ".2f"), "r": ("share back", ".1%"), "l": ("low", ".1%"), "h": ("high", ".1%")},
    "ledger": {"t": ("time", None), "f": ("followers", "d")},
}  # fmt: skip


def chart(finding: Finding, *, time_zone: str = "UTC", width: int = 640, height: int = 240) -> Any:
    """An `altair.LayerChart` or `altair.Chart` of a finding of kind waves, returns or ledger; zoom with the wheel, drag to move.

    time_zone: IANA name, for the axis. width, height: pixels. Raises UsageError for a finding that has no chart.
    """
    rows = finding.tables.get(TABLES.get(finding.kind, ""))
    if rows is None or not rows.num_rows:
        raise UsageError(
            f"{finding.name} has no chart", fix=f"There are charts of {', '.join(sorted(TABLES))}."
        )
    import altair

    spec = _spec(finding, rows.to_pylist(), ZoneInfo(time_zone), width, height)
    spec["title"] = f"{finding.name}{' (simulated data)' if finding.simulated else ''}"
    # Vega sets margins by itself where there is no page to fit into
    spec = {
        k: v for k, v in spec.items() if k not in ("autosize", "padding", "background", "$schema")
    }
    tooltip = [
        {
            "field": field,
            "title": title,
            **(
                {"type": "temporal", "format": "%Y-%m-%d %H:%M"}
                if form is None
                else {"type": "quantitative", "format": form}
            ),
        }
        for field, (title, form) in POINTED[finding.kind].items()
    ]
    lines = spec["layer"][-1:] if "layer" in spec else [spec]
    for line in lines:
        line["mark"] = {**line["mark"], "tooltip": True}
    spec["params"] = [{"name": "zoom", "select": "interval", "bind": "scales"}]
    if "layer" in spec:
        lines[0]["name"] = "line"
        spec["params"][0]["views"] = ["line"]
        line["encoding"] = {**line["encoding"], "tooltip": tooltip}
    return altair.Chart.from_dict(spec)


def _spec(
    finding: Finding, rows: list[dict[str, Any]], zone: ZoneInfo, width: int, height: int
) -> dict[str, Any]:
    if finding.kind == "returns":
        return figures.return_chart(rows, width, height)
    if finding.kind == "ledger":
        return figures.level_chart(rows, zone, width, height)
    top = finding.table("waves").to_pylist()[:1] if "waves" in finding.tables else []
    return figures.wave_chart(
        rows, zone, width, height, (top[0]["start"], top[0]["end"]) if top else None
    )
