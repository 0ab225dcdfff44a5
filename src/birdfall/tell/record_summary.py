"""A record as a notebook shows it: how many rows it has, and its title as it is quoted.

Notebooks are shared; nothing here names anybody.
"""

from __future__ import annotations

from html import escape

from birdfall.record.record import Record
from birdfall.tell.quoting import quoting_of


def record_text(record: Record) -> str:
    """The rows of each table, in one line."""
    sizes = ", ".join(f"{rows:,} {name}" for name, rows in record.sizes.items() if rows)
    return sizes or "nothing"


def record_html(record: Record) -> str:
    """Title and rows as HTML."""
    rows = "".join(
        f"<li>{rows:,} {escape(name)}</li>" for name, rows in record.sizes.items() if rows
    )
    label = " · simulated data" if record.settings.simulated else ""
    title = quoting_of(record).text(record.settings.title) if record.settings.title else "record"
    return f"<div><b>{escape(title)}</b>{label}<ul>{rows}</ul></div>"
