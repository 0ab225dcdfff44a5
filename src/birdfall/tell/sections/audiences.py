"""The section on audiences: who was hit, x of a hundred against y of a hundred alike, with those nobody would target beside them."""

from __future__ import annotations

from typing import Any

from birdfall.model.findings import Finding
from birdfall.tell.page import Block, Page, notes, table, text


def audiences(page: Page) -> list[Block]:
    """Blocks of the largest wave's audience test; none if it was not asked."""
    finding, say = page.findings.get("audiences-1"), page.say
    if finding is None or finding.answer == "cannot":
        return []
    tested, naive = (
        say.number(finding["leaders_tested"].value),
        say.number(finding["naive_hits"].value),
    )
    if finding.answer == "found":
        share = say.percent(finding["explained"].value)
        lead = say(
            "audience.found",
            n=int(finding["hits"].value or 0),
            share=share,
            tested=tested,
            naive=naive,
        )
    else:
        lead = say("audience.nothing", tested=tested, naive=naive)
    head = [say(f"audience.{key}") for key in ("account", "of100", "matched", "odds", "outcome")]
    return [
        text(lead),
        table(head, _rows(finding, page), (1, 2, 3), headed=True),
        *notes(finding, say),
    ]


def _rows(finding: Finding, page: Page) -> list[list[Any]]:
    say = page.say
    of = {
        (r["leader"], r["group"]): 100 * r["hit"] / max(r["of"], 1)
        for r in finding.table("compared").to_pylist()
    }
    most = max(of.values(), default=1.0) or 1.0
    rows: list[list[Any]] = []
    for row in finding.table("audiences").to_pylist():
        hit, alike = of.get((row["leader"], "hit")), of.get((row["leader"], "matched"))
        if hit is None or alike is None:
            continue
        rows.append(
            [
                {"text": page.name(row["leader"]), "more": say("role." + row["role"])},
                {"text": say.number(hit, 1), "bar": round(100 * hit / most, 1), "as": "hit"},
                {"text": say.number(alike, 1), "bar": round(100 * alike / most, 1), "as": "usual"},
                {
                    "text": say.number(row["odds_ratio"]),
                    "more": f"{say.number(row['or_low'])} – {say.number(row['or_high'])}",
                },
                say("outcome." + row["outcome"]),
            ]
        )
    return rows
