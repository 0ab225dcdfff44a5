"""The first screen: four numbers and the wave in two panels, each with its words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.blocks import Block, ChartBlock, ChartLabel
from birdfall.tell.drawings import SIZES, hardest_hit, plot_place
from birdfall.tell.marks import ShownNumber
from birdfall.tell.page import NumberWriter, Page, leader_ledgers
from birdfall.tell.published import short
from birdfall.tell.rows import CountRow, WaveRow
from birdfall.tell.sections.reconciliation import figure_table
from birdfall.tell.sentences import accounts_together, published_leads

#: Accounts whose profiles were rebuilt that the first screen tells of.
MAX_REBUILT: Final = 2
#: So few suspensions draw no picture.
LEAST_DRAWN: Final = 2
#: Accounts whose followers it counts.
MAX_LEDGERS: Final = 2


@dataclass(frozen=True)
class KeyNumber:
    """A number of the first screen.

    Parameters
    ----------
    steps
        Its values: one, or the level before, at the lowest and now.
    label
        What it is.
    """

    steps: Sequence[ShownNumber]
    label: str


def four_numbers(page: Page) -> list[KeyNumber]:
    """The four numbers of the first screen; those the data cannot give are left out."""
    findings = page.findings
    if largest_wave(findings) is not None:
        return _wave_numbers(page)
    for kind, keys in _NUMBERS.items():
        finding = findings.get(kind)
        if finding is not None and finding.answer == "found":
            numbers = _estimates(finding, keys, page)
            return [*numbers, *_rebuilt_numbers(finding, page), *_rebuilt_counts(page, ())]
    # the edges of another tool are no finding of groups
    asked = [f for f in page.findings_of_kind("coordination") if "significant" in f.estimates]
    together = [f for f in asked if f.answer == "found"]
    return _coordination_numbers(together, page) if together else []


#: The numbers of a case without suspensions, by the finding they come from.
_NUMBERS: Final = {
    "counts": ("accounts_hit", "gross", "largest"),
    "reconciliation": ("figures", "consistent"),
    "brigades": ("reporters", "victims", "brigades"),
}


def _wave_numbers(page: Page) -> list[KeyNumber]:
    say, four, top = page.say, list[KeyNumber](), largest_wave(page.findings)
    if top is not None:
        write = NumberWriter(page.findings["waves"], say)
        hit = write.counted(int(top["observed"]), "observed", "accounts").shown
        seconds = max(1.0, top["duration_s"])
        length = write.figure(say.duration(seconds, alone=True), "duration_s", seconds, "seconds")
        four += [
            KeyNumber([hit], say("four.hit", n=int(top["observed"]))),
            KeyNumber([length], say("four.duration")),
        ]
    shown = set[str]()
    for ledger in leader_ledgers(page.findings)[:MAX_LEDGERS]:
        if not ledger["before"].value or ledger["before"].value == ledger["lowest"].value:
            continue  # nothing happened to it: no number of this wave
        shown.add(ledger.details["leader"])
        label = say("four.followers", leader=page.name(ledger.details["leader"]))
        write = NumberWriter(ledger, say)
        levels = [write.count(key).shown for key in ("before", "lowest", "now")]
        four.append(KeyNumber(levels, label))
    returns = page.findings.get("returns-1")
    if returns is not None and returns.estimates.get("returned") and returns["returned"].value:
        share = (returns["returned"].value or 0) / max(returns["fallen"].value or 1, 1)
        write = NumberWriter(returns, say)
        back = write.figure(say.percent(share), "returned_of_fallen", share, "share")
        four.append(KeyNumber([back], say("four.back")))
    return [*four, *_rebuilt_counts(page, shown)]


def _estimates(finding: Finding, keys: Sequence[str], page: Page) -> list[KeyNumber]:
    """Numbers of a finding, each with what it is."""
    say, found = page.say, list[KeyNumber]()
    row = finding.table("waves").to_pylist()[0] if finding.kind == "counts" else {}
    of_row = {
        "accounts_hit": ("accounts_hit", "accounts"),
        "gross": ("gross", "followers"),
        "largest": ("largest_hazard", "share"),
    }
    write = NumberWriter(finding, say)
    for key in keys:
        column, unit = of_row[key] if row else (key, "count")
        value = row[column] if row else finding[key].value
        if value is None:
            continue
        value = value if unit == "share" else round(value)
        text = say.percent(value) if unit == "share" else say.number(value)
        which = ("waves." + column, value, unit, str(row["wave"])) if row else (key, value, unit)
        number = write.figure(text, *which)
        found.append(KeyNumber([number], say(f"four.{finding.kind}.{key}", n=round(value))))
    return found


def _rebuilt_numbers(finding: Finding, page: Page) -> list[KeyNumber]:
    """The published levels of an account whose profile was rebuilt, before, lowest and later."""
    if "rebuilt" not in finding.tables:
        return []
    say, write, found = page.say, NumberWriter(finding, page.say), list[KeyNumber]()
    for row in finding.table("rebuilt").to_pylist()[:MAX_REBUILT]:
        account = short(row["population"], say)
        steps = [
            write.figure(say.number(row[key]), f"rebuilt.{key}", row[key], "followers", account)
            for key in ("before", "lowest", "later")
        ]
        found.append(KeyNumber(steps, say("four.rebuilt", account=account)))
    return found


def _rebuilt_counts(page: Page, shown: Collection[str]) -> list[KeyNumber]:
    """The counts of accounts whose profiles were down or rebuilt in the largest common fall.

    shown: accounts whose followers are told already.
    """
    counts = page.findings.get("counts")
    if counts is None or counts.answer != "found":
        return []
    say, write, found = page.say, NumberWriter(counts, page.say), list[KeyNumber]()
    series = counts.table("series").to_pylist()
    for drop in counts.table("drops").to_pylist():
        mine = [r["followers"] for r in series if r["account"] == drop["account"]]
        if drop["wave"] != 1 or not drop["rebuilt"] or drop["account"] in shown or not mine:
            continue
        account = page.name(drop["account"])
        levels = {"before": drop["before"], "lowest": min(mine), "last": mine[-1]}
        steps = [
            write.figure(say.number(level), f"rebuilt.{key}", level, "followers", account)
            for key, level in levels.items()
        ]
        found.append(KeyNumber(steps, say("four.counts.rebuilt", account=account)))
    return found[:MAX_REBUILT]


def _coordination_numbers(together: Sequence[Finding], page: Page) -> list[KeyNumber]:
    """Of the trace with the most accounts: how many, in how many groups."""
    say = page.say
    most = max(together, key=accounts_together)
    write = NumberWriter(most, say)
    accounts = write.counted(accounts_together(most), "members_all", "accounts")
    numbers = {
        "members": accounts,
        "groups": write.count("groups"),
        "significant": write.count("significant"),
    }
    return [
        KeyNumber([n.shown], say(f"four.coordination.{key}", n=n)) for key, n in numbers.items()
    ]


def charts(page: Page) -> Sequence[Block]:
    """The whole record, and the minutes around the largest wave; figures against each other."""
    waves = page.findings.get("waves")
    if published_leads(page.findings):
        return figure_table(page.findings["reconciliation"], page.say)
    if waves is None or waves.answer == "cannot" or "series-wide" not in page.drawings:
        return _count_charts(page)
    if (waves["suspensions"].value or 0) < LEAST_DRAWN:
        return _count_charts(page)
    panels = [("series", "chart.days", waves.table("series").to_pylist())]
    if "minutes-wide" in page.drawings:
        minutes = [r for r in waves.table("minutes").to_pylist() if r["wave"] == 1]
        panels.append(("minutes", "chart.minutes", minutes))
    drawn = [_panel(key, page.say(title), rows, page) for key, title, rows in panels]
    zone = page.say("manifest.zone", zone=page.record.settings.time_zone)
    return [*drawn[:-1], replace(drawn[-1], summary=f"{zone} {drawn[-1].summary}")]


def _count_charts(page: Page) -> list[ChartBlock]:
    """The followers of the account hit hardest, where counts are all there is."""
    counts = page.findings.get("counts")
    if counts is None or "counts-wide" not in page.drawings:
        return []
    account = hardest_hit(counts)
    title = page.say("chart.ledger", leader=page.name(account))
    return [ChartBlock("counts", title, page.say.language, page.say("chart.counts.legend"))]


def largest_wave(findings: Mapping[str, Finding]) -> WaveRow | None:
    """The first row of the waves, None if there is none."""
    waves = findings.get("waves")
    if waves is None or waves.answer != "found":
        return None
    row: WaveRow = waves.table("waves").to_pylist()[0]
    return row


def _panel(key: str, title: str, rows: Sequence[CountRow], page: Page) -> ChartBlock:
    say, top = page.say, largest_wave(page.findings)
    peak = max(r["observed"] for r in rows)
    write = NumberWriter(page.findings["waves"], say)
    summary = say(
        "chart.summary",
        peak=write.other(say.number(peak), f"{key}.peak", peak, "accounts"),
        **{"from": say.time(rows[0]["from"]), "to": say.time(rows[-1]["to"])},
    )
    label = None
    if top is not None:
        lines = [
            say("chart.label", n=write.counted(int(top["observed"]), "observed", "accounts")),
            write.duration(max(top["duration_s"], 1.0), "duration_s", alone=True),
        ]
        span = _span_shares(top, rows)
        label = ChartLabel(lines, {size: plot_place(span, size) for size in SIZES})
    return ChartBlock(key, title, say.language, say("chart.legend"), summary, label)


def _span_shares(top: WaveRow, rows: Sequence[CountRow]) -> tuple[float, float]:
    """Where the wave begins and ends, as shares of the panel's time."""
    first, last = rows[0]["from"], rows[-1]["to"]
    whole: dt.timedelta = last - first
    begin, end = (
        (min(max(time, first), last) - first) / whole for time in (top["start"], top["end"])
    )
    return float(begin), float(end)
