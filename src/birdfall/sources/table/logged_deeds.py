"""Logs of what was done to accounts or posts, which are no profiles and no posts."""

from __future__ import annotations

import re
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.sources.table.column_choice import Chosen
from birdfall.sources.table.column_roles import squeeze_name

#: Names of columns, squeezed, that say what was done.
_DEEDS: Final = re.compile(
    r"(?:mod(?:eration)?|log|admin)?(?:action|event|accion|acao|evento|evenement|mesure|medida"
    r"|sanction|sancion|sancao|penalty)(?:type|name|tipo)?|(?:tipo|type)(?:de|d)?(?:action|accion"
    r"|acao|evento|evenement|medida|mesure)|الاجراء|نوعالاجراء"
)
#: Names that say whose creation is meant.
_OF_ACCOUNTS: Final = re.compile(r"acc(?:oun)?t|user|cuenta|usuari|compte|utilisateur|conta|perfil")


def is_log_of_deeds(chosen: Chosen, account: str, created: str | None) -> bool:
    """Whether a creation is that of an entry of a log: something was done, or one account has
    several.
    """
    if created is None or _OF_ACCOUNTS.search(squeeze_name(created)):
        return False
    names = chosen.sample[0] if chosen.sample else ()
    if any(_DEEDS.fullmatch(squeeze_name(name)) and chosen.values(name) for name in names):
        return True
    pairs = {(row.get(account), row.get(created)) for row in chosen.sample if row.get(created)}
    return len({one for one, _ in pairs if one}) < len({pair for pair in pairs if pair[0]})


def is_shared(chosen: Chosen, ids: str) -> bool:
    """Whether ids stand beside several accounts each, as in a log of what was done to posts."""
    account = chosen.account()
    if account is None or chosen.filled("repost_id", "repost_of", "repost_or_quote_id"):
        return False
    pairs = {(row.get(ids), row.get(account)) for row in chosen.sample if row.get(ids)}
    return len({thing for thing, _ in pairs}) < len(pairs)


def refuse_shared_posts(chosen: Chosen, ids: str, kinds: tuple[str, ...], where: str) -> None:
    """Raise UsageError if posts stand beside several accounts each, and nothing says what these
    did to them.
    """
    if not is_shared(chosen, ids):
        return
    raise UsageError(
        f'a post in "{printable(ids, 40)}" stands beside several accounts, and no column says what '
        "they did to it",
        where=where,
        why="A post has one author; the others would be taken for authors too.",
        fix="Say what was done, if it is as good as one of these: --const kind=like, repost or "
        "reply. Or say which column holds it: --column kind=NAME.",
        questions=(Question("What did the accounts do?", "--const kind=", kinds),),
    )
