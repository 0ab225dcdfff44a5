"""What an account is called on a page.

Its handle if the case lists it as public, else its pseudonym.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from birdfall.record.ids import Ids, pseudonym
from birdfall.record.record import Record

#: A name is shown up to so many characters.
MAX_NAME_CHARACTERS = 60
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
            return _as_handle(self.handles.get(account, account))
        code = self.ids.code(account)
        return pseudonym(code) if code is not None else "–"


@dataclass(frozen=True)
class GivenNames:
    """How accounts are shown to whoever named them: by that name, the pseudonym beside it.

    Parameters
    ----------
    names
        How they are shown to everybody.
    given
        The name each was given, by account.
    """

    names: Names
    given: dict[str, str]

    def __call__(self, account: str | None) -> str:
        """The name of an account by id, "@leader (guan-44)" where it was named."""
        shown = self.names(account)
        if account is None or account in self.names.public or account not in self.given:
            return shown
        return f"{_as_handle(self.given[account])} ({shown})"

    def hidden(self) -> list[str]:
        """The names of those who were named and go by a pseudonym in what is shared."""
        return [self(account) for account in self.given if account not in self.names.public]


def given_names(record: Record, accounts: Iterable[str] = ()) -> GivenNames:
    """The names that leaders, controls and these accounts were given.

    For where the person looks who gave them: the terminal and the pages on this machine, never
    what is shared.
    """
    settings = record.settings
    named = (
        *settings.leaders,
        *settings.controls,
        *settings.negative_controls,
        *accounts,
    )
    handles = record.names(named)
    given = {a: handles.get(a, a) for a in named if record.ids.code(a) is not None}
    return GivenNames(names_of(record), given)


def _as_handle(name: str) -> str:
    """A name as a handle, without characters that change how text around it reads."""
    plain = "".join(c for c in name.translate(_TRICKS) if c.isprintable())[:MAX_NAME_CHARACTERS]
    return plain if plain.startswith(("@", "did:")) or "." in plain else f"@{plain}"


def names_of(record: Record) -> Names:
    """The names of a record's accounts; handles are read for public accounts only."""
    public = frozenset(record.settings.public)
    handles = record.names(public)
    return Names(record.ids, public, handles)
