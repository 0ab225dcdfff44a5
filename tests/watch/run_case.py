"""A small case that holds data of every kind, so that a run of it takes every step."""

import small_cases
from birdfall.model.settings import Settings
from birdfall.record.case import Case

CLAIMS = b"""[[claim]]
text = "@leader lost 200 followers"
language = "en"
when = "2024-01-13"
"""
#: What a run of it finds, but for what is called by the numbers of accounts.
KINDS = (
    "audiences", "automation", "brigades", "claim", "coordination", "counts", "coverage",
    "explanations", "ledger", "reconciliation", "returns", "waves",
)  # fmt: skip


def make_case(folder, more):
    """The case; `more` accounts fall in its wave than in the smallest.

    It has the same key whenever it is made, so that the same rows have the same numbers.
    """
    settings = Settings(leaders=("leader",), controls=("control",))
    case = Case.create(folder, settings, key=b"k" * 32)
    wave = 150 + more
    rows = [
        small_cases.statuses(wave),
        small_cases.follows(wave),
        small_cases.acts("report", together=True),
        small_cases.counts(fall=True),
    ]
    case.append(rows, source="rows", digest="d")
    case.put({"facts.csv": small_cases.FACTS, "claims.toml": CLAIMS})
    return case
