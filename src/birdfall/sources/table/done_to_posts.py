"""Tables of who did something to posts or accounts that are only named, by names of columns."""

from __future__ import annotations

import re
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.questions import Question
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import Chosen
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.logged_deeds import is_shared

#: What may be done to a post by those who did not write it.
DONE_KINDS: Final = ("like", "repost", "reply")


def is_of_blockers(account: str | None) -> bool:
    """Whether a column holds accounts that blocked others."""
    return squeeze_name(account or "").startswith(("blocker", "bloqueur", "bloqueador"))


def says_who_did(column: str) -> bool:
    """Whether a column names those who liked or shared what others wrote: "retweeted_by"."""
    name = squeeze_name(column)
    return any(_DONE[kind].match(name) for kind in ("like", "repost"))


def refuse_doers_among_authors(chosen: Chosen, account: str | None, where: str) -> None:
    """Raise UsageError if some posts stand beside who shared or liked them, of which is not told
    when.
    """
    if "account" in chosen.said or account is None or says_who_did(account):
        return
    listed = (c for role in ("account_id", "account", "handle") for c in chosen.columns(role))
    doer = next((c for c in listed if says_who_did(c) and chosen.values(c)), None)
    if doer is None or not chosen.filled("act_id", "text") or chosen.filled("is_repost"):
        return
    raise UsageError(
        f'"{printable(doer, 40)}" says who shared or liked some of the posts, and nothing says '
        "when they did",
        where=where,
        why=f'The times may be those of the posts of "{printable(account, 40)}".',
        fix=f"To take the posts by their authors: --column 'account={account}'. To take those who "
        f"shared or liked them, at these times: --column 'account={doer}'.",
        questions=(Question("Whose acts are these?", "--column account=", (account, doer)),),
    )


def done_to_posts(
    chosen: Chosen,
    act_id: str | None,
    base: dict[str, tuple[str, ...]],
    text: str | None = None,
    constants: dict[str, str] | None = None,
    where: str = "",
) -> Emit | None:
    """Likes, reposts or comments of the posts whose ids are listed, where the column of the account
    or of the time says that they were done: "liked_by_user_id", "retweeter_id", "commented_at".

    None if rows are posts of their own. Raises UsageError for what is none of these: "voter".
    """
    if act_id is None or chosen.filled("repost_id", "repost_of", "is_repost", "reply_id"):
        return None
    named, kind = next(
        (
            (name, kind)
            for name in (*base.get("account", ()), *base["time"])
            for kind, form in _DONE.items()
            if form.match(squeeze_name(name))
        ),
        (None, ""),
    )
    said = (constants or {}).get("kind")
    if named is None and not text and said in DONE_KINDS and is_shared(chosen, act_id):
        named = act_id  # asked about, and answered
    if named is None or _names_own_acts(act_id):
        return None
    kind = said or kind
    if kind == _OTHER and not text:
        raise UsageError(
            f'"{printable(named, 40)}" says who did something to posts, which is neither a post '
            "nor a like",
            where=where,
            why="Those who voted on a post or saw it would be taken for those who wrote it.",
            fix="If it is as good as one of these, say which: --const kind=like, repost or reply.",
            questions=(Question("What did the accounts do?", "--const kind=", DONE_KINDS),),
        )
    if kind not in DONE_KINDS:
        return None
    authored = _is_of_others(chosen, named, act_id)
    if text and kind == "repost" and not authored:
        return None  # the repost may have the id and the text
    columns = base | {"object": (act_id,)} | ({"text": (text,)} if text and kind == "reply" else {})
    if kind != "reply" and (author := chosen.filled("target")) not in (None, act_id):
        columns |= {"target": (author,)}
    return Emit("acts", columns, {"kind": kind, "object_kind": "post"})


def _is_of_others(chosen: Chosen, named: str, act_id: str) -> bool:
    """Whether posts stand beside those who shared them: their authors are named too, or one post
    was shared by several.
    """
    others = {c for role in ("account_id", "account", "handle") for c in chosen.columns(role)}
    told = any(not says_who_did(c) and chosen.values(c) for c in others - {named})
    told = told or named in chosen.said.values() or chosen.filled("target") is not None
    return told or is_shared(chosen, act_id)


def _names_own_acts(column: str) -> bool:
    """Whether ids are those of comments or votes themselves."""
    return _OWN_ACTS.match(squeeze_name(column)) is not None


_OWN_ACTS: Final = re.compile(
    r"(?:id(?:de|del|du|do|da)?)?(?:comment|repl|comentari|respuest|repons|respost|vote|voto"
    r"|reaction|reaccion|reacao|retweet|repost|reblog|retuit|share|like)"
)
_OTHER: Final = "other"
_TIMED: Final = r"(?:at|on|time|date|el|le|em|en)"
#: What stands behind who did it.
_BY: Final = rf"(?:by|por|par|{_TIMED}|user|id|name|handle|screenname|account|$)"
#: How names of columns of those who did something to posts begin, squeezed, and of the times.
_DONE: Final = {
    kind: re.compile(form)
    for kind, form in {
        "like": rf"(?:lik(?:ed|er)|favou?rit(?:ed|er)|curtid(?:o|a|or|ora)|aim(?:e|ee)(?=par|le))"
        rf"{_BY}|(?:fecha|data|date)(?:de|del|da|du)?(?:like|megusta|curtida|jaime)",
        "repost": r"(?:(?:re(?:tweet|post|blog|tuit)|boost|shar)(?:t?er|e?d(?=by|at|on|time|date))"
        r"|(?:compartid|compartilhad|retuitead)(?:o|a|or|ora)(?=por|el|en|em|id|$)"
        rf"|partage(?:e|es|ur|use)?(?=par|le|id|$)){_BY}",
        "reply": rf"(?:comment(?:er|ator|ed|ateur|atrice|e(?=par|le)|ee(?=par|le))"
        rf"|repl(?:ier|ied(?=by|at|on))|comenta(?:d(?:o|a|or|ora)|rista)){_BY}",
        _OTHER: rf"(?:up|down)?(?:vot(?:er|ed|ante|ad[oa]|eur|euse|e(?=par|le))"
        rf"|(?:view|read|react|click|visit|watch)(?:er|or|ed)|readby|spectat(?:or|eur|rice)"
        rf"|reaccion(?:o|ad[oa])|reag(?:iu|ido)|visualizad[oa]|vist[oa](?=por)){_BY}"
        r"|(?:fecha|data|date)(?:de|del|do|du)?(?:vot[oe]|reaccion|reaction|reacao|vista|visita)"
        r"|المصوت|المشاهد",
    }.items()
}
