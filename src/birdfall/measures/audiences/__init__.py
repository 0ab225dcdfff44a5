"""Audiences: whose followers were hit more than chance, and which audiences explain a wave?"""

from birdfall.measures.audiences.measure import METHOD_VERSION, applies_to, audiences

__all__ = [
    "METHOD_VERSION",
    "applies_to",
    "audiences",
]
