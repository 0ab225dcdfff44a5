"""Ledgers: what happened to one leader's followers, as dated gains and losses by cause?"""

from birdfall.measures.ledgers.measure import METHOD_VERSION, applies_to, ledger, ledgers

__all__ = [
    "METHOD_VERSION",
    "applies_to",
    "ledger",
    "ledgers",
]
