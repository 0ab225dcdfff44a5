"""Brigades: were accounts reported by a crew that works together, and did the reports move
suspensions?

This face is all that the outside imports.
"""

from birdfall.measures.brigades.measure import (
    METHOD_VERSION,
    BrigadeKeywords,
    BrigadeOptions,
    applies_to,
    brigades,
)

__all__ = ["METHOD_VERSION", "BrigadeKeywords", "BrigadeOptions", "applies_to", "brigades"]
