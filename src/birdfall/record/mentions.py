"""Accounts that a text names: by their id, or by a handle that the record knows.

Findings and tables say which of their fields hold accounts; words that people wrote (a claim, a
title, a note, the name of a file) may name one all the same. `Mentions` finds those. It knows the
handles of the record only: a person of whom the record knows nothing is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Final

from birdfall.record.addresses import Address, Hide, split_addresses, without_path
from birdfall.record.ids import Ids
from birdfall.record.record import Record

#: A word of a text: what stands between blanks, quotes, brackets and the signs of addresses.
_WORD: Final = re.compile(r"""[^\s"'“”«»„‘’()\[\]{}<>,;!?¿¡/\\=&#|،؛؟]+""")  # noqa: RUF001  # the quotes of all five languages
#: Signs at the ends of a word that belong to the sentence.
_SENTENCE_SIGNS: Final = ".:…*_-–—'"  # noqa: RUF001
#: Digits from which a bare number in a sentence is taken for an id rather than for a count.
MIN_ID_DIGITS: Final = 8
#: Letters from which a handle within a longer word of a file's name is taken for the account.
MIN_PART_LETTERS: Final = 5
#: Characters of a file's name that are looked at.
MAX_FILE_NAME: Final = 300


class Mentions:
    """The accounts of a record by what a text may call them.

    Parameters
    ----------
    ids
        The accounts of the record.
    handles
        Pairs of account and handle; an account may have had several.
    """

    def __init__(self, ids: Ids, handles: Iterable[tuple[str, str]] = ()) -> None:
        self._ids = ids
        self._accounts: dict[str, str] = {}
        for account, handle in handles:
            self._accounts.setdefault(_bare(handle), account)

    @property
    def handles(self) -> Mapping[str, str]:
        """The account of each handle, without its @ and in small letters."""
        return self._accounts

    def find(self, word: str) -> str | None:
        """The account of this id or handle, with or without its @; None if the record knows none.

        Examples
        --------
        >>> import pyarrow as pa
        >>> ids = Ids(pa.array(["42"]))
        >>> Mentions(ids, [("42", "Luna")]).find("@luna")
        '42'
        """
        if self.knows(word):
            return word
        bare = _bare(word)
        if bare in self._accounts:
            return self._accounts[bare]
        return bare if self.knows(bare) else None

    def holder(self, handle: str) -> str | None:
        """The account of this handle, with or without its @; None if the record knows none."""
        return self._accounts.get(_bare(handle))

    def knows(self, account: str) -> bool:
        """Whether the record knows an account of this id."""
        return account in self._known

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._ids.id_of.to_pylist())

    def replace(
        self,
        text: str,
        name: Callable[[str], str | None],
        hide: Hide = lambda _: "…",
        *,
        strict: bool = False,
    ) -> str:
        """The text with every account that it names called `name(account)`; None leaves the word.

        A word of letters alone counts only with an @ before it, and a bare number only from
        `MIN_ID_DIGITS` digits on: "presidencia" is a word, and 6600 a count. Of an address that
        names an account there stays the host, as the number of a post leads to who wrote it;
        `hide(address)` stands for the rest.

        strict: hide every address of a platform of people, whether or not somebody known is named.

        Examples
        --------
        >>> import pyarrow as pa
        >>> mentions = Mentions(Ids(pa.array(["42"])), [("42", "luna")])
        >>> mentions.replace("@Luna lost 42 followers", lambda account: "heron-10")
        '@heron-10 lost 42 followers'
        """

        def replaced(match: re.Match[str]) -> str:
            word = match[0]
            core = word.strip(_SENTENCE_SIGNS)
            for part in dict.fromkeys((word, core, *core.split(":"))):
                account = self.find(part) if _may_name(part) else None
                called = None if account is None else name(account)
                if called is not None:
                    at = "@" if part.startswith("@") and not called.startswith("@") else ""
                    return word.replace(part, at + called)
            return word

        return "".join(
            _WORD.sub(replaced, part)
            if isinstance(part, str)
            else self._replace_address(part, name, hide, strict=strict)
            for part in split_addresses(text)
        )

    def _replace_address(
        self, address: Address, name: Callable[[str], str | None], hide: Hide, *, strict: bool
    ) -> str:
        """An address without what leads to an account that goes by another name."""
        host = self.holder(address.host) or self._known_id(address.host)
        named = list(dict.fromkeys(self._named_in(address)))
        called = [name(account) for account in ([host] if host else []) + named]
        if not called and not (strict and address.is_of_platform):
            return address.text
        if called and None in called:
            # a public account's own address is as public as it is
            return address.text
        if host:
            return without_path(replace(address, host=called[0] or ""), "", hide(address.text))
        return without_path(address, (called or [""])[0] or "", hide(address.text))

    def _named_in(self, address: Address) -> Iterator[str]:
        """The accounts that the path and the query of an address name."""
        label = address.host.partition(".")[0]
        if not label.isalpha() and (held := self.holder(label)):
            yield held
        for part, placed in address.parts:
            for word in dict.fromkeys((part, part.strip(_SENTENCE_SIGNS), *_WORD.findall(part))):
                account = self.find(word) if placed or _may_name(word) else None
                if account is not None:
                    yield account

    def _known_id(self, text: str) -> str | None:
        return text if self.knows(text) else None

    def stands_in(self, file_name: str, *, besides: Iterable[str] = ()) -> bool:
        """Whether the name of a file holds an id or a handle, also within a longer word.

        besides: accounts that may stand there.

        Examples
        --------
        >>> import pyarrow as pa
        >>> Mentions(Ids(pa.array(["42"])), [("42", "luna_9")]).stands_in("tweets_luna_9.csv")
        True
        """
        file_name = file_name[:MAX_FILE_NAME]
        text = file_name.lower()
        edges = [i for i in range(len(text) + 1) if i in (0, len(text)) or _is_edge(text, i)]
        parts = {text[a:b] for a in edges for b in edges if a < b}
        long = {
            text[a:b] for a in range(len(text)) for b in range(a + MIN_PART_LETTERS, len(text) + 1)
        }
        named = {self._accounts[part] for part in self._accounts.keys() & (parts | long)}
        named |= self._known & {file_name[a:b] for a in edges for b in edges if a < b}
        return not named <= set(besides)


def mentions_of(record: Record) -> Mentions:
    """Whom texts about this record may name: by every handle that any of its rows gives."""
    return Mentions(record.ids, every_handle(record))


def every_handle(record: Record) -> list[tuple[str, str]]:
    """Pairs of account and handle, every one that the record or its settings know."""
    rows = record.sql(
        "SELECT DISTINCT account, handle FROM accounts WHERE handle <> '' ORDER BY ALL"
    )
    handles = zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True)
    settings = record.settings
    # those whom the question is about may have no row, and be named in titles and files
    asked = (*settings.leaders, *settings.controls, *settings.negative_controls)
    return [*handles, *settings.names.items(), *((a, a) for a in asked)]


def _bare(handle: str) -> str:
    return handle.strip().lstrip("@").lower()


def _may_name(word: str) -> bool:
    if word.startswith("@"):
        return True
    return len(word) >= MIN_ID_DIGITS if word.isdigit() else not word.isalpha()


def _is_edge(text: str, place: int) -> bool:
    return not (text[place - 1].isalnum() and text[place].isalnum())
