"""Logs of what was done to accounts or posts, which are no profiles and no posts."""

from __future__ import annotations

import re
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.model.schemas import ACT_KINDS, STATUSES
from birdfall.sources.table.column_choice import Chosen
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.mapping import KIND_WORDS, STATUS_WORDS

#: Names of columns, squeezed, that say what was done.
_DEEDS: Final = re.compile(
    r"(?:mod(?:eration)?|log|admin)?(?:action|event|accion|acao|evento|evenement|mesure|medida"
    r"|sanction|sancion|sancao|penalty)(?:type|name|tipo)?|(?:tipo|type)(?:de|d)?(?:action|accion"
    r"|acao|evento|evenement|medida|mesure)|الاجراء|نوعالاجراء"
)
#: Names that say whose creation is meant.
_OF_ACCOUNTS: Final = re.compile(r"acc(?:oun)?t|user|cuenta|usuari|compte|utilisateur|conta|perfil")


def names_deeds(column: str) -> bool:
    """Whether a column is called by what was done: "mod_action", "tipo de medida"."""
    return _DEEDS.fullmatch(squeeze_name(column)) is not None


def deeds_to_accounts(chosen: Chosen) -> str | None:
    """The column of what was done to accounts, each row a change of its status: "ban", "unban",
    "suspender", "rétablir"; None if there is none.

    Words that mean acts of people too ("block") are deeds only beside some that do not; rows with
    other words ("warn") are refused one by one.
    """
    if chosen.filled("status", "suspended", "text", "object", "repost_id") or chosen.said.keys() & {
        "kind", "object", "status"
    }:  # fmt: skip
        return None
    names = chosen.sample[0] if chosen.sample else ()
    for name in names:
        if not (names_deeds(name) or name in chosen.columns("kind")):
            continue
        words = {v.casefold().strip() for v in chosen.values(name)}
        if any(w in STATUS_WORDS and w not in _EITHER for w in words) and not _are_of_posts(words):
            return name
    return None


def who_was_affected(chosen: Chosen, where: str) -> str | None:
    """The account to which something was done; None if no column names one. Raises UsageError if
    two may.
    """
    target = chosen.filled("target")
    listed = [c for role in ("account_id", "account", "handle") for c in chosen.columns(role)]
    acting = {c for c in listed if _MODERATORS.search(squeeze_name(c))}
    named = [c for c in listed if c not in acting and c != target and chosen.values(c)]
    if target is None:
        return next(iter(named), None)
    if acting or not named or _MODERATORS.search(squeeze_name(named[0])):
        return target
    pairs = [(row.get(named[0]), row.get(target)) for row in chosen.sample]
    if len({one for one, _ in pairs if one}) * 2 < len({two for _, two in pairs if two}):
        return target  # a few act on many
    raise UsageError(
        f'either "{printable(named[0], 40)}" or "{printable(target, 40)}" is the account to which '
        "this was done",
        where=where,
        why="The other one did it.",
        fix=f"Say which: --column 'account={target}' or --column 'account={named[0]}'.",
        questions=(
            Question("To which account was this done?", "--column account=", (target, named[0])),
        ),
    )


#: What columns of those who moderate are called, squeezed.
_MODERATORS: Final = re.compile(r"^(?:by|por|par)$|moder|admin|staff|actor|executor|performed")
#: Words of a platform's deeds that are as well acts of people, or done to posts.
_EITHER: Final = frozenset(
    w
    for w in (*STATUS_WORDS, *STATUSES)
    if w.startswith(("block", "bloq", "unblock", "desbloq", "débloq", "mute", "unmute", "silenc"))
    or STATUS_WORDS.get(w, w) in ("deleted", "taken_down")
    or w.isdecimal()
)
#: Kinds of acts that stand in no log of what was done to accounts.
_OF_POSTS: Final = frozenset(w for w, kind in KIND_WORDS.items() if kind not in ("report", "block"))


def _are_of_posts(words: set[str]) -> bool:
    """Whether some of the words are acts of people on posts."""
    return bool(words & (_OF_POSTS | {"post", "repost", "reply", "like", "follow"}))


def is_log_of_deeds(chosen: Chosen, account: str, created: str | None) -> bool:
    """Whether a creation is that of an entry of a log: something was done, or one account has
    several.
    """
    if created is None or _OF_ACCOUNTS.search(squeeze_name(created)):
        return False
    names = chosen.sample[0] if chosen.sample else ()
    if any(names_deeds(name) and chosen.values(name) for name in names):
        return True
    pairs = {(row.get(account), row.get(created)) for row in chosen.sample if row.get(created)}
    return len({one for one, _ in pairs if one}) < len({pair for pair in pairs if pair[0]})


def refuse_unknown_deeds(chosen: Chosen, constants: dict[str, str], where: str) -> None:
    """Raise UsageError if a column says what was done, in words none of which is an act, and no
    column what was written.
    """
    if chosen.filled("text") or "kind" in constants:
        return
    names = chosen.sample[0] if chosen.sample else ()
    for name in names:
        words = {v.casefold().strip() for v in chosen.values(name)}
        if not words or not names_deeds(name) or name in chosen.said.values():
            continue
        if not any(w in KIND_WORDS or w in ACT_KINDS for w in words):
            shown = printable(", ".join(sorted(words)[:3]), 60)
            raise UsageError(
                f'"{printable(name, 40)}" says what was done ({shown}), in words that are no acts '
                "of people",
                where=where,
                why="What was done to posts would be taken for what their authors did.",
                fix=f"If it was done to the accounts: --column 'status={name}'. If the rows are "
                "posts all the same: --const kind=post.",
                questions=(
                    Question("What are the rows?", "--const kind=", ("post", "repost", "like")),
                ),
            )


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
