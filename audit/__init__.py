"""Audits: every measure held to worlds of another make than those it was built on."""
