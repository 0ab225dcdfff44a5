"""Birdfall: why did the flock fall?"""

__version__ = "0.1.0"
