"""The first screen: four numbers and the wave in two panels, each with its words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from birdfall.model.findings import Finding
from birdfall.tell.drawings import plot_place
from birdfall.tell.page import Block, Page, chart, leader_ledger


def four_numbers(page: Page) -> list[dict[str, Any]]:
    """The four numbers of the first screen, {"values", "label", "key"}; those the data cannot give are left out."""
    say, four = page.say, list[dict[str, Any]]()
    top = largest_wave(page.findings)
    if top is not None:
        four += [
            {
                "values": [say.number(int(top["observed"]))],
                "label": say("four.hit"),
                "key": "waves.observed",
            },
            {
                "values": [say.duration(max(1.0, top["duration_s"]))],
                "label": say("four.duration"),
                "key": "waves.duration_s",
            },
        ]
    ledger = leader_ledger(page.findings)
    if ledger is not None and ledger["before"].value:
        label = say("four.followers", leader=page.name(ledger.details["leader"]))
        values = [say.number(ledger[k].value) for k in ("before", "lowest", "now")]
        four.append({"values": values, "label": label, "key": ledger.name})
    returns = page.findings.get("returns-1")
    if returns is not None and "returned" in returns.estimates:
        share = say.percent((returns["returned"].value or 0) / max(returns["fallen"].value or 1, 1))
        four.append({"values": [share], "label": say("four.back"), "key": "returns-1.returned"})
    return four


def charts(page: Page) -> list[Block]:
    """The whole record, and the minutes around the largest wave."""
    waves = page.findings.get("waves")
    if waves is None or waves.answer == "cannot" or "series-wide" not in page.drawings:
        return []
    panels = [("series", "chart.days", waves.table("series").to_pylist())]
    if "minutes-wide" in page.drawings:
        panels.append(
            (
                "minutes",
                "chart.minutes",
                [r for r in waves.table("minutes").to_pylist() if r["wave"] == 1],
            )
        )
    return [_panel(key, page.say(title), rows, page) for key, title, rows in panels]


def largest_wave(findings: Mapping[str, Finding]) -> dict[str, Any] | None:
    """The first row of the waves, None if there is none."""
    waves = findings.get("waves")
    if waves is None or waves.answer != "found":
        return None
    row: dict[str, Any] = waves.table("waves").to_pylist()[0]
    return row


def _panel(key: str, title: str, rows: list[dict[str, Any]], page: Page) -> Block:
    say, top = page.say, largest_wave(page.findings)
    summary = say(
        "chart.summary",
        peak=say.number(max(r["observed"] for r in rows)),
        **{"from": say.time(rows[0]["from"]), "to": say.time(rows[-1]["to"])},
    )
    label = None
    if top is not None:
        said = [
            say("chart.label", n=int(top["observed"])),
            say.duration(max(top["duration_s"], 1.0)),
        ]
        label = {
            "lines": said,
            "places": {size: plot_place(_share(top, rows), size) for size in ("wide", "narrow")},
        }
    return {**chart(key, title, say("chart.legend"), label), "summary": summary}


def _share(top: Mapping[str, Any], rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Where the wave begins and ends, as shares of the panel's time."""
    first, last = rows[0]["from"], rows[-1]["to"]
    whole: dt.timedelta = last - first
    begin, end = ((min(max(top[k], first), last) - first) / whole for k in ("start", "end"))
    return float(begin), float(end)
