"""Generators written from how things happen, and from nothing of `birdfall`."""
