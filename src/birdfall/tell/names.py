"""What an account is called on a page.

Its handle if the case lists it as public, else its pseudonym.
"""

from __future__ import annotations

from dataclasses import dataclass

from birdfall.record.ids import Ids, pseudonym
from birdfall.record.record import Record

#: Characters that change how text around them reads: direction, joining, nothing to see.
_TRICKS = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


def sanitize_text(text: str) -> str:
    """Text from outside without control characters and direction overrides.

    They would change how the page around it reads.
    """
    return "".join(c for c in text.translate(_TRICKS) if c.isprintable() or c == " ")


@dataclass(frozen=True)
class Names:
    """How accounts are shown.

    Parameters
    ----------
    ids
        Codes of the record's accounts, which give the pseudonyms.
    public
        Accounts that go by their handle.
    handles
        Handle by account.
    isolated
        Whether names are set apart from text that runs the other way.
    """

    ids: Ids
    public: frozenset[str]
    handles: dict[str, str]
    isolated: bool = False

    def __call__(self, account: str | None) -> str:
        """The name of an account by id.

        Control characters and direction overrides are taken out.
        """
        shown = self._display_name(account)
        return f"\u2068{shown}\u2069" if self.isolated else shown

    def _display_name(self, account: str | None) -> str:
        if account is None:
            return "–"
        if account in self.public:
            handle = self.handles.get(account, account).translate(_TRICKS)
            handle = "".join(c for c in handle if c.isprintable())[:60]
            return handle if handle.startswith(("@", "did:")) or "." in handle else f"@{handle}"
        code = self.ids.code(account)
        return pseudonym(code) if code is not None else "–"


def names_of(record: Record) -> Names:
    """The names of a record's accounts; handles are read for public accounts only."""
    public = frozenset(record.settings.public)
    handles = {a: h for a, h in record.names().items() if a in public}
    return Names(record.ids, public, handles)
