"""Published figures as an inquiry asks about them: do they agree, and which explanations do they
leave?

Both read the table of figures that a person gave (`facts.csv`), not the record.
"""

from __future__ import annotations

from collections.abc import Mapping

from birdfall.explanations import published_explanations
from birdfall.measures.follower_counts import (
    RECONCILE_VERSION,
    published_tables,
    read_facts,
)
from birdfall.measures.follower_counts import reconcile as reconcile_facts
from birdfall.model.findings import Finding
from birdfall.record.record import Record

__all__ = ["RECONCILE_VERSION", "reconcile", "weigh_published_figures"]

FACTS_FILE = "facts.csv"


def reconcile(record: Record, *, facts: bytes) -> Finding:
    """Which of the published figures agree with each other, and all that was published.

    facts: the table as CSV.
    """
    del record
    found = reconcile_facts(read_facts(facts, FACTS_FILE))
    return found.replace(tables={**found.tables, **published_tables(facts, FACTS_FILE)})


def weigh_published_figures(
    record: Record, *, facts: bytes, findings: Mapping[str, Finding]
) -> Finding:
    """Which explanations the published figures leave. findings: those so far, the reconciliation
    among them.
    """
    del record
    return published_explanations(
        read_facts(facts, FACTS_FILE), findings.get("reconciliation"), facts
    )
