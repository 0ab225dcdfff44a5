"""How whoever publishes a report lays it out: which sections, in which order, with which notes of
their own.

What limits the answer always stands: base rates, refusals, what would prove it wrong and methods
can be neither left out nor moved. A report says which sections were left out of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from birdfall.record.case import Case
from birdfall.record.damage import explain_damage
from birdfall.tell.page import Section
from birdfall.tell.sections.order import CLOSING_SECTIONS

#: The file of a case that holds it; it goes with the reports where somebody is taken out of a case.
LAYOUT_FILE: Final = "reports/layout.json"
#: Longest note, in characters.
MAX_NOTE_CHARS: Final = 2000
#: Sections that always stand, at the end.
ALWAYS: Final = frozenset(section.key for section in CLOSING_SECTIONS)
_MEND: Final = "Write the report again: in birdfall app, under Publish."


@dataclass(frozen=True, slots=True)
class ReportLayout:
    """The layout of a report.

    Parameters
    ----------
    order
        Keys of sections in the order in which they are to stand; those that are not named follow.
    left_out
        Keys of sections that are left out.
    notes
        What its author says beside a section, by its key.

    Examples
    --------
    >>> ReportLayout(order=("returns", "audience")).place(["audience", "claims", "returns"])
    ['returns', 'audience', 'claims']
    """

    order: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_case(cls, case: Case) -> ReportLayout:
        """The layout that a case keeps; that of all reports if it keeps none.

        Raises CaseError if the file is damaged.
        """
        stored = case.read(LAYOUT_FILE)
        if stored is None:
            return cls()
        with explain_damage(case.path / LAYOUT_FILE, _MEND):
            return cls.from_text(stored.decode("utf-8"))

    @classmethod
    def from_text(cls, text: str) -> ReportLayout:
        """The layout in a text of `to_text`. Raises ValueError, TypeError, KeyError for another."""
        plain = json.loads(text)
        notes = {str(key): str(note)[:MAX_NOTE_CHARS] for key, note in plain["notes"].items()}
        return cls(tuple(map(str, plain["order"])), tuple(map(str, plain["left_out"])), notes)

    def to_text(self) -> str:
        """The layout as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def place(self, keys: Sequence[str]) -> list[str]:
        """Keys of sections in the order in which they stand."""
        rank = {key: n for n, key in enumerate(self.order)}
        movable = [key for key in keys if key not in ALWAYS]
        movable.sort(key=lambda key: rank.get(key, len(rank)))
        return movable + [key for key in keys if key in ALWAYS]

    def arrange(self, sections: Sequence[Section]) -> list[Section]:
        """Sections in the order in which they stand, those that are left out among them."""
        by_key = {section.key: section for section in sections}
        return [by_key[key] for key in self.place([section.key for section in sections])]

    def leaves_out(self, key: str) -> bool:
        """Whether a section is left out."""
        return key in self.left_out and key not in ALWAYS
