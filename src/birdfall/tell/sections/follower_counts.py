"""The sections on follower counts alone, and on whether published figures agree."""

from __future__ import annotations

from typing import Any

from birdfall.tell.names import sanitize_text
from birdfall.tell.page import Block, Page, notes, table, text
from birdfall.tell.words import Words


def counts(page: Page) -> list[Block]:
    """The largest common falls and the risk ratios; none if counts showed nothing."""
    finding, say = page.findings.get("counts"), page.say
    if finding is None or finding.answer != "found":
        return []
    blocks = [
        text(
            say(
                "counts.text",
                day=say.time(row["start"]),
                hit=say.number(row["accounts_hit"]),
                all=say.number(row["accounts"]),
                gross=say.number(round(row["gross"])),
                net=say.number(round(-row["net"])),
                largest=say.percent(row["largest_hazard"]),
                median=say.percent(row["median_hazard"], 1),
            )
        )
        for row in finding.table("waves").to_pylist()[:3]
    ]
    blocks += [text(_ratio(row, page)) for row in finding.table("ratios").to_pylist()[:6]]
    return [*blocks, *notes(finding, say)]


def reconciliation(page: Page) -> list[Block]:
    """Published figures, each with whether ordinary growth lets it stand beside the others."""
    say, blocks = page.say, list[Block]()
    for finding in page.findings_of_kind("reconciliation"):
        rows = [
            [
                sanitize_text(str(r["said_by"] or "")),
                {"text": say.number(r["value"]), "more": say(f"reconciliation.{r['kind']}")},
                _stands(r, say),
            ]
            for r in finding.table("figures").to_pylist()
            if r["consistent"] is not None
        ]
        head = [say("claims.said"), say("reconciliation.figure"), say("claims.verdict")]
        blocks.append(table(head, rows, (1,)))
        blocks += [text(_ratio(row, page)) for row in finding.table("ratios").to_pylist()[:3]]
        blocks += notes(finding, say)
    return blocks


def _stands(figure: dict[str, Any], say: Words) -> dict[str, Any]:
    """Whether a figure stands, and for one that does not what it would need."""
    if figure["consistent"]:
        return {"mark": "yes", "text": say("reconciliation.consistent")}
    growth = {"needed": "needed_growth", "low": "growth_low", "high": "growth_high"}
    known = all(figure[k] is not None for k in growth.values())
    more = (
        say("reconciliation.needs", **{k: say.number(round(figure[v])) for k, v in growth.items()})
        if known
        else ""
    )
    return {"mark": "no", "text": say("reconciliation.inconsistent"), "more": more}


def _ratio(row: dict[str, Any], page: Page) -> str:
    say = page.say
    values = {"ratio": "ratio", "low": "low", "high": "high", "naive": "naive_ratio"}
    shown = {name: say.number(row[column]) for name, column in values.items()}
    who = {role: _known(row[role], page) for role in ("leader", "control")}
    return say("counts.ratio", **who, **shown)


def _known(account: str, page: Page) -> str:
    """An account of the record by its name; one that only published figures speak of as they write it."""
    return sanitize_text(account) if page.record.ids.code(account) is None else page.name(account)
