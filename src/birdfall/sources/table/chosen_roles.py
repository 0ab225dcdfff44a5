"""Which column of an unknown table has which role: by its name, corrected by its first values, and
as a person said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.sources.table.column_choice import (
    KIND_ROLE,
    NEARLY_ALL,
    NO_ID,
    ROLES,
    SAMPLE_ROWS,
    Chosen,
    looks_like_time,
)
from birdfall.sources.table.column_roles import columns_by_role, squeeze_name
from birdfall.sources.table.done_to_posts import says_who_did

#: More different values are no names of platforms.
MAX_PLATFORMS: Final = 30


_CLOCK: Final = re.compile(
    r"\s*\d{1,2}\s?(?::|h|\.)\s?\d{2}(?:\s?(?:[:.]|m|min)\s?\d{2}(?:[.,]\d+)?)?\s*(?:s|min)?\s*"
    r"(?:[AaPp]\.?\s?[Mm]\.?|hs?\.?|hrs?\.?|[صم])?\s*",
)


#: What names of columns of hours hold, squeezed; and what those of other spans of time do.
_HOUR_NAMES: Final = re.compile(r"hor[ao]|heure|hour|time|uhr|clock|saat|ساعة|وقت|توقيت")


_SPAN_NAMES: Final = re.compile(r"durat|durac|duree|length|video|zone|zona|fuso|fuseau|datetime")


def choose_roles(
    columns: Sequence[str],
    sample: Sequence[Mapping[str, str | None]],
    said: Mapping[str, str],
    where: str = "",
    *,
    zoned: bool = False,
) -> Chosen:
    """The roles of columns: by name, corrected by what stands in them, and as a person said.

    Raises UsageError for a role or a column that there is not.
    """
    for role, column in said.items():
        if role not in ROLES and not KIND_ROLE.fullmatch(role):
            raise UsageError(
                f"there is no role {printable(role, 40)!r}",
                where=where,
                fix=f"Roles: {', '.join(ROLES)}, and object:KIND for any other kind of thing.",
            )
        if column not in columns:
            raise UsageError(
                f"there is no column {printable(column, 60)!r}",
                where=where,
                fix=f"The file has: {', '.join(printable(c, 40) for c in columns[:40])}.",
            )
    rows = list(sample[:SAMPLE_ROWS])
    chosen = Chosen(columns_by_role(columns), rows, dict(said), zoned)
    if rows:
        _correct_by_values(chosen)
    for role, column in said.items():
        own = ROLES.get(role, (role,))
        chosen.take_away(column, *own)
        for name in own:
            chosen.by_role[name] = [column]
        for other in _SAME_QUESTION.get(role, ()):
            if other not in own:
                chosen.by_role.pop(other, None)
    return chosen


#: Roles that no other column shall have once a person said which has it.
_SAME_QUESTION: Final = {
    "account": ("account", "account_id"),
    "time": ("posted", "hour"),
}


def _correct_by_values(chosen: Chosen) -> None:
    """Take roles away from columns whose values speak against them."""
    _tell_hours(chosen)
    for role in ("suspended", "reversed", "last_seen", "since", "until", "deleted"):
        for column in list(chosen.columns(role)):
            if not any(looks_like_time(v) for v in chosen.values(column)):
                _move(chosen, column, role)
    for column in list(chosen.columns("is_suspended")):
        values = chosen.values(column)
        dated = [v for v in values if v.casefold() not in NO_ID]
        if dated and all(looks_like_time(v) and len(v) > 6 for v in dated):
            _move(chosen, column, "is_suspended", "suspended")
    for column in list(chosen.columns("reply_id")):
        # threads whose posts name themselves
        own = chosen.filled("act_id")
        rows = [(row[column], row.get(own or "")) for row in chosen.sample if row.get(column)]
        of_people = any((answered or "").startswith(("[{", "{")) for answered, _ in rows)
        if of_people or (rows and all(answered == itself for answered, itself in rows)):
            _move(chosen, column, "reply_id")
    for column in list(chosen.columns("platform")):
        if len(set(chosen.values(column))) > MAX_PLATFORMS:
            _move(chosen, column, "platform")
    _tell_times_of_acts(chosen)
    _tell_reposts_from_originals(chosen)
    _tell_doers_from_authors(chosen)
    _tell_comments_from_posts(chosen)
    _tell_counts_from_lists(chosen)
    _tell_flags_from_ids(chosen)


def _tell_times_of_acts(chosen: Chosen) -> None:
    """Where all rows say when they liked or shared, that is the time, not that of the post."""
    for column in chosen.by_role.pop("acted", []):
        values = chosen.values(column)
        if len(values) == len(chosen.sample) and all(map(looks_like_time, values[:50])):
            chosen.by_role.setdefault("posted", []).insert(0, column)
    # beside another time, somebody who collected posts may have viewed them then
    perhaps = chosen.by_role.pop("perhaps_acted", [])
    if not chosen.filled("posted"):
        chosen.by_role.setdefault("posted", []).extend(perhaps)


def _tell_reposts_from_originals(chosen: Chosen) -> None:
    """Where rows name who reposted, a post, and a repost whose ids never come twice, these are the
    rows' own, and the post is what was reposted.
    """
    own, listed = chosen.filled("repost_id"), chosen.filled("act_id")
    who = [c for role in ("account_id", "account", "handle") for c in chosen.columns(role)]
    if not own or not listed or not any(map(says_who_did, who)):
        return
    values, originals = chosen.values(own), chosen.values(listed)
    if len(set(values)) == len(chosen.sample) == len(originals) and not set(values) & set(
        originals
    ):
        chosen.by_role["act_id"], chosen.by_role["repost_id"] = [own], [listed]


def _tell_doers_from_authors(chosen: Chosen) -> None:
    """Where all rows say who liked or shared a post beside who wrote it, the former acted, on the
    latter.
    """
    if "account" in chosen.said:
        return
    roles = ("account_id", "account", "handle")
    listed = list(dict.fromkeys(c for role in roles for c in chosen.columns(role)))
    full = NEARLY_ALL * len(chosen.sample)
    doers = [c for c in listed if says_who_did(c) and len(chosen.values(c)) >= full]
    others = [c for c in listed if not says_who_did(c) and chosen.values(c)]
    if not doers or not others:
        return
    for column in others:
        chosen.take_away(column, "target")
    if not chosen.filled("target"):
        chosen.by_role.setdefault("target", []).append(others[0])


def _tell_comments_from_posts(chosen: Chosen) -> None:
    """Where as good as all rows have the id of a comment beside that of a post, which it would come
    after, the comment is the row's own and the post what it answers.
    """
    ids = [c for c in chosen.columns("act_id") if chosen.values(c)]
    full = NEARLY_ALL * len(chosen.sample)
    own = [c for c in ids if _OF_COMMENTS.match(squeeze_name(c)) and len(chosen.values(c)) >= full]
    if not own or ids[0] in own:
        return
    chosen.by_role["act_id"] = own
    if not chosen.filled("reply_id"):
        chosen.by_role["reply_id"] = [ids[0]]


#: How names of columns of the ids of comments begin, squeezed.
_OF_COMMENTS: Final = re.compile(
    r"(?:id(?:de|del|du|do)?)?(?:comment|repl|comentari|respuest|repons|respost)"
)


def _tell_hours(chosen: Chosen) -> None:
    """Columns of times of day are hours, whatever else they are called."""
    for column in list(chosen.columns("posted")):
        values = chosen.values(column)
        if values and all(_CLOCK.fullmatch(v) for v in values):
            _move(chosen, column, "posted", "hour")
    if not chosen.filled("hour"):
        chosen.by_role.setdefault("hour", []).extend(_columns_of_hours(chosen))


def _columns_of_hours(chosen: Chosen) -> list[str]:
    """Columns that are called by hours and hold nothing but times of day."""
    named = {}
    for column in chosen.sample[0]:
        name = squeeze_name(column)
        if _HOUR_NAMES.search(name) and not _SPAN_NAMES.search(name):
            named[column] = chosen.values(column)
    return [c for c, values in named.items() if values and all(map(_CLOCK.fullmatch, values))]


#: A whole number, its thousands parted or not.
_COUNT: Final = re.compile(r"\d+|\d{1,3}([ .,'\u00a0\u202f])\d{3}(?:\1\d{3})*")


#: Texts that may be counted under the same name.
_COMMENTS: Final = ("comment", "commentaire", "comentario")
_WHO_AND_WHEN: Final = ("account", "handle", "name", "posted", "observed")


#: Names of columns by which a table is known to be German or Dutch, where "Follower" are counted.
_GERMAN: Final = re.compile(r"konto|(?:be)?nutzer(?:name)?|datum|tag|zeit|zeitpunkt")


def _tell_counts_from_lists(chosen: Chosen) -> None:
    """Counts are called like what they count."""
    for role in ("hashtags", "links", "url", "mentions"):
        for column in list(chosen.columns(role)):
            values = chosen.values(column)
            if values and all(re.fullmatch(r"-?\d{1,6}", v) for v in values):
                _move(chosen, column, role)
    for column in list(chosen.columns("text")):
        counted = all(map(_COUNT.fullmatch, chosen.values(column)))
        # beside kinds it is a remark on what was done, as in logs
        if squeeze_name(column) in _COMMENTS and (counted or chosen.filled("kind")):
            _move(chosen, column, "text")
    for column in list(chosen.columns("follower")):
        # "Follower" is one who follows, and how many do in German and as many people write it
        values = chosen.values(column)
        alone = not chosen.first("followed", "edge_to") and chosen.first("posted", "observed")
        if (
            squeeze_name(column) == "follower"
            and alone
            and all(_COUNT.fullmatch(v) for v in values)
        ):
            plain = all(v.isdecimal() for v in values)
            others = {squeeze_name(c) for role in _WHO_AND_WHEN for c in chosen.columns(role)}
            # numbers beside English names may be ids: then it is asked
            counts = not plain or any(map(_GERMAN.fullmatch, others))
            _move(chosen, column, "follower", "followers" if counts else None)
    for role in ("followers", "following", "posts"):
        for column in list(chosen.columns(role)):
            if any(re.search(r"[^\W\d]{6,}|https?:", v) for v in chosen.values(column)[:50]):
                _move(chosen, column, role)


def _tell_flags_from_ids(chosen: Chosen) -> None:
    """Columns called "retweet" may hold yes and no, or the id of what was retweeted."""
    for column in list(chosen.columns("is_repost")):
        if any(len(v) > 6 for v in chosen.values(column)):
            _move(chosen, column, "is_repost")
    for role in ("text", "followers", "following", "posts"):
        for column in list(chosen.columns(role)):
            # whether there is a caption, or whether somebody is followed
            flags = {v.casefold() for v in chosen.values(column)}
            if flags and flags <= {"true", "false"}:
                _move(chosen, column, role)
    for role in ("follower", "followed"):
        for column in list(chosen.columns(role)):
            flags = {v.casefold() for v in chosen.values(column)}
            if flags and flags <= _FLAGS:
                _move(chosen, column, role)
    _tell_flags_of_reposts(chosen)


def _tell_flags_of_reposts(chosen: Chosen) -> None:
    """Columns called by the id of what was reposted may hold whether the row is a repost."""
    own = chosen.filled("act_id")
    for column in list(chosen.columns("repost_id")):
        values = chosen.values(column)
        known = {row.get(own or "") for row in chosen.sample}
        if any(v in known and v not in ("0", "-1") for v in values):
            continue  # small ids of other rows
        if values and all(v.casefold() in _FLAGS for v in values):
            said = any(v not in ("0", "-1") for v in values)
            if said and squeeze_name(column).endswith(("id", "idstr")) and "1" in values:
                continue
            _move(chosen, column, "repost_id", "is_repost" if said else None)


def _move(chosen: Chosen, column: str, role: str, to: str | None = None) -> None:
    chosen.by_role[role].remove(column)
    if to is not None and column not in chosen.columns(to):
        chosen.by_role.setdefault(to, []).append(column)


_FLAGS: Final = frozenset(
    ("true", "false", "yes", "no", "t", "f", "0", "1", "-1", "si", "sí", "oui", "non", "sim", "não")
)
