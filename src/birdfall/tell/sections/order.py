"""The sections below the first screen, in the order a sceptical editor asks; each is there only if it has something to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from birdfall.tell.page import Block, Page
from birdfall.tell.sections.audiences import audiences
from birdfall.tell.sections.automation import automation
from birdfall.tell.sections.brigades import brigades
from birdfall.tell.sections.claims import claims
from birdfall.tell.sections.coordination import coordination
from birdfall.tell.sections.explanations import explanations
from birdfall.tell.sections.follower_counts import counts, reconciliation
from birdfall.tell.sections.ledgers import ledgers, returns
from birdfall.tell.sections.methods import base_rates, could_be_wrong, method, refused


def _apart(write: Callable[..., list[Block]]) -> Callable[[Page], list[Block]]:
    return lambda p: write(p.findings, p.record, p.say, p.name, p.drawings, p.maps)


#: Sections by the key of their title, in order.
SECTIONS: dict[str, Callable[[Page], list[Block]]] = {
    "claims": claims, "audience": audiences, "returns": returns, "ledgers": ledgers, "counts": counts, "reconciliation": reconciliation,
    "coordination": coordination, "brigades": _apart(brigades), "automation": _apart(automation),
    "explanations": _apart(explanations), "base": base_rates, "refused": refused, "wrong": could_be_wrong, "method": method,
}  # fmt: skip


def sections(page: Page) -> list[dict[str, Any]]:
    """All sections that have something to say: {"id", "title", "body"}."""
    made = [
        {"id": key, "title": page.say(key), "body": write(page)} for key, write in SECTIONS.items()
    ]
    return [s for s in made if s["body"]]
