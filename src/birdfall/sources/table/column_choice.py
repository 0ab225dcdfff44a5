"""Which column of an unknown table has which role: by its name, corrected by its first values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from birdfall.model.errors import UsageError, printable
from birdfall.model.units import DAY_US
from birdfall.sources.shared import timestamps
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_roles import columns_by_role, squeeze_name
from birdfall.sources.table.handles import are_handles, are_mostly_handles

#: Rows whose values are looked at.
SAMPLE_ROWS: Final = 1_000
#: More different values are no names of platforms.
MAX_PLATFORMS: Final = 30
#: Values by which a column says that it holds none.
NO_ID: Final = (
    "",
    "0",
    "-1",
    "-",
    "--",
    "\N{EN DASH}",
    "\N{EM DASH}",
    "false",
    "no",
    "none",
    "never",
    "[]",
    "{}",
    "n/a",
)
#: So much of the rows another column names, that has an id rather than a name.
_NEARLY_ALL: Final = 0.9
#: The address of a single post on a platform: the row's own, where the row is a post.
_OF_A_POST: Final = re.compile(
    r"https?://[^/]*(?:/(?:@?[^/]+/)?(?:status(?:es)?|posts?|videos?|reel|p|photo|comments)/[\w:.-]+"
    r"|/watch\?v=|t\.me/[^/]+/\d+|/permalink\.php|/groups/[^/]+/permalink/|/@[^/]+/\d{6,}"
    r"|/profile/[^/]+/post/)"
)
_CLOCK: Final = re.compile(
    r"\s*\d{1,2}\s?(?::|h|\.)\s?\d{2}(?:\s?(?:[:.]|m|min)\s?\d{2}(?:[.,]\d+)?)?\s*(?:s|min)?\s*"
    r"(?:[AaPp]\.?\s?[Mm]\.?|hs?\.?|hrs?\.?|[صم])?\s*",
)
#: What names of columns of hours hold, squeezed; and what those of other spans of time do.
_HOUR_NAMES: Final = re.compile(r"hor[ao]|heure|hour|time|uhr|clock|saat|ساعة|وقت|توقيت")
_SPAN_NAMES: Final = re.compile(r"durat|durac|duree|length|video|zone|zona|fuso|fuseau|datetime")
#: A name that says its times are of UTC.
_OF_UTC: Final = re.compile(r"(?:^|[\W_])(?:utc|gmt)(?:$|[\W_])", re.IGNORECASE)


@dataclass
class Chosen:
    """Which column has which role, and the values by which that was told.

    Attributes
    ----------
    by_role : dict
        Per role its columns, the better first.
    sample : sequence of dict
        The first rows, as texts.
    said : dict
        Roles a person named.
    """

    by_role: dict[str, list[str]]
    sample: Sequence[Mapping[str, str | None]] = ()
    said: dict[str, str] = field(default_factory=dict)
    zoned: bool = False

    def values(self, column: str) -> list[str]:
        """The texts of a column that are there."""
        return [v for row in self.sample if (v := row.get(column))]

    def columns(self, role: str) -> list[str]:
        """All columns that may have a role, the better first."""
        return self.by_role.get(role, [])

    def first(self, *roles: str) -> str | None:
        """The best column of the first of these roles that has one with values, else without."""
        listed = [c for role in roles for c in self.columns(role)]
        filled = (c for c in listed if not self.sample or self.values(c))
        return next(filled, None) or next(iter(listed), None)

    def filled(self, *roles: str) -> str | None:
        """As `first`, of columns with values alone."""
        listed = (c for role in roles for c in self.columns(role))
        return next((c for c in listed if not self.sample or self.values(c)), None)

    def account(self) -> str | None:
        """The column that says who: an id, a word or a handle, the first that as good as all rows
        have; a handle rather than names as they are shown.
        """
        listed = [c for r in ("account_id", "account", "handle") for c in self.columns(r)]
        count = {c: len(self.values(c)) for c in listed}
        most = max(count.values(), default=0)
        full = [c for c in listed if count[c] and count[c] >= _NEARLY_ALL * most]
        shown = next(iter(full), None)
        if shown not in self.columns("account_id") and shown and "account" not in self.said:
            handles = (c for c in full if c in self.columns("handle"))
            if any(" " in v.strip() for v in self.values(shown)):
                fit = (c for c in handles if not any(" " in v.strip() for v in self.values(c)))
                return next(fit, shown)
        return shown

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of object to the column that holds such things, named by a person or by its name."""
        named = {m[1]: c for r, c in self.said.items() if (m := KIND_ROLE.fullmatch(r))}
        found = {r: c for r in OBJECT_ROLES if (c := self.filled(r))} | named
        site = found.get("domain")
        told = self.filled("links") or (site and "link" not in squeeze_name(site))
        if site and told and "domain" not in self.said and self.filled("text", "act_id", "links"):
            # beside a link it says nothing more, beside a post mostly where that itself stands
            del found["domain"]
        return found

    def take_away(self, column: str | None, *but: str) -> None:
        """Leave a column no role but these."""
        for role in self.by_role:
            if role not in but and column in self.by_role[role]:
                self.by_role[role] = [c for c in self.by_role[role] if c != column]


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


#: What a person may say a column is, and the roles it then has here.
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "account": ("account_id",),
    "handle": ("handle",),
    "time": ("posted",),
    "hour": ("hour",),
    "observed_at": ("observed",),
    "created_at": ("born",),
    "object": ("object",),
    "repost_of": ("repost_id",),
    "reply_to": ("reply_id",),
    "quote_of": ("quote_id",),
    "link": ("links",),
    "hashtags": ("hashtags",),
    "mentions": ("mentions",),
    "act_id": ("act_id",),
    "target": ("target",),
    "image": ("image",),
    "song": ("song",),
    "domain": ("domain",),
    "conversation": ("conversation",),
    "platform": ("platform",),
    "deleted_at": ("deleted",),
    "text": ("text",),
    "kind": ("kind",),
    "status": ("status",),
    "suspended_at": ("suspended",),
    "suspended": ("is_suspended",),
    "restored_at": ("reversed",),
    "last_seen": ("last_seen",),
    "since": ("since",),
    "until": ("until",),
    "follower": ("follower",),
    "followed": ("followed",),
    "followers": ("followers",),
    "following": ("following",),
    "posts": ("posts",),
    "name": ("name",),
    "language": ("language",),
    "client": ("client",),
    "reporter": ("reporter",),
    "reason": ("reason",),
}
#: Roles of things that posts use, which are kinds of objects.
OBJECT_ROLES: Final = ("image", "song", "domain", "conversation")
#: A role of a person's own: object:KIND, with the kind that the trace is then called by.
KIND_ROLE: Final = re.compile(r"object:([^\W\d_][\w .+-]{0,39})")
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
            if not any(_looks_like_time(v) for v in chosen.values(column)):
                _move(chosen, column, role)
    for column in list(chosen.columns("is_suspended")):
        values = chosen.values(column)
        dated = [v for v in values if v.casefold() not in NO_ID]
        if dated and all(_looks_like_time(v) and len(v) > 6 for v in dated):
            _move(chosen, column, "is_suspended", "suspended")
    for column in list(chosen.columns("reply_id")):
        # threads whose posts name themselves
        own = chosen.filled("act_id")
        rows = [(row[column], row.get(own or "")) for row in chosen.sample if row.get(column)]
        if rows and all(answered == itself for answered, itself in rows):
            _move(chosen, column, "reply_id")
    for column in list(chosen.columns("platform")):
        if len(set(chosen.values(column))) > MAX_PLATFORMS:
            _move(chosen, column, "platform")
    _tell_times_of_acts(chosen)
    _tell_comments_from_posts(chosen)
    _tell_counts_from_lists(chosen)
    _tell_flags_from_ids(chosen)


def _tell_times_of_acts(chosen: Chosen) -> None:
    """Where all rows say when they liked or shared, that is the time, not that of the post."""
    for column in chosen.by_role.pop("acted", []):
        values = chosen.values(column)
        if len(values) == len(chosen.sample) and all(map(_looks_like_time, values[:50])):
            chosen.by_role.setdefault("posted", []).insert(0, column)
    # beside another time, somebody who collected posts may have viewed them then
    perhaps = chosen.by_role.pop("perhaps_acted", [])
    if not chosen.filled("posted"):
        chosen.by_role.setdefault("posted", []).extend(perhaps)


def _tell_comments_from_posts(chosen: Chosen) -> None:
    """Where as good as all rows have the id of a comment beside that of a post, which it would come
    after, the comment is the row's own and the post what it answers.
    """
    ids = [c for c in chosen.columns("act_id") if chosen.values(c)]
    full = _NEARLY_ALL * len(chosen.sample)
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
_WHO_AND_WHEN: Final = ("account", "handle", "name", "posted", "observed")
#: Names of columns by which a table is known to be German or Dutch, where "Follower" are counted.
_GERMAN: Final = re.compile(r"konto|(?:be)?nutzer(?:name)?|datum|tag|zeit|zeitpunkt")


def _tell_counts_from_lists(chosen: Chosen) -> None:
    """Counts are called like what they count."""
    for role in ("hashtags", "links", "mentions"):
        for column in list(chosen.columns(role)):
            values = chosen.values(column)
            if values and all(re.fullmatch(r"-?\d{1,6}", v) for v in values):
                _move(chosen, column, role)
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


def are_known_handles(chosen: Chosen, column: str | None) -> bool:
    """Whether a column holds handles: by its name, or by the look of some of its values."""
    if column is None:
        return False
    named = column in chosen.columns("handle")
    return named or are_handles(chosen.values(column))


def part_handles(chosen: Chosen, emit: Emit) -> Emit:
    """The emit with those of its `handles` that stand beside ids as `some_handles`."""
    beside = tuple(
        column
        for column in emit.handles
        if column not in (*emit.find, *emit.extract, *emit.split)
        for name in emit.columns.get(column, ())
        if name not in chosen.columns("handle") and not are_mostly_handles(chosen.values(name))
    )
    handles = tuple(c for c in emit.handles if c not in beside)
    return replace(emit, handles=handles, some_handles=beside) if beside else emit


def is_own_address(chosen: Chosen, column: str, act_id: str | None) -> bool:
    """Whether a column of addresses holds each row's own, which nobody shared."""
    rows = [row for row in chosen.sample if row.get(column)][:200]
    if squeeze_name(column).endswith("permalink"):
        return True
    if not rows:
        return act_id is not None
    own = sum(
        bool(
            _OF_A_POST.match(row[column] or "")
            or (act_id and len(row.get(act_id) or "") > 3 and (row[act_id] or "") in row[column])  # type: ignore[operator]
        )
        for row in rows
    )
    return own > len(rows) / 2


def holds_addresses_of_posts(chosen: Chosen) -> bool:
    """Whether a column of addresses holds those of posts: then the rows are posts, or of posts."""
    for column in chosen.columns("url"):
        values = chosen.values(column)[:200]
        if values and sum(bool(_OF_A_POST.match(v)) for v in values) > len(values) / 2:
            return True
    return False


def _looks_like_time(text: str) -> bool:
    try:
        timestamps.TimeReader(_UTC, order="dmy").microseconds(text)
    except ValueError as error:
        return str(error) == timestamps.ORDER
    return True


def _is_bare_day(text: str) -> bool:
    """Whether a text is a day without an hour, or at midnight as data frames show one."""
    try:
        moment = timestamps.TimeReader(_UTC, order="dmy").microseconds(text)
    except ValueError as error:
        return str(error) == timestamps.ORDER and ":" not in text
    return moment % DAY_US == 0 and not text.strip().isdecimal()


def say_utc(columns: Iterable[str]) -> bool:
    """Whether the names of all these columns say that their times are of UTC."""
    named = list(columns)
    return bool(named) and all(_OF_UTC.search(name) for name in named)


_UTC: Final = timestamps.find_zone("UTC")


def _needs_zone(text: str) -> bool:
    try:
        timestamps.TimeReader(order="dmy").microseconds(text)
    except timestamps.NeedsZone:
        return True
    except ValueError:
        return False
    return False


def states_zone(chosen: Chosen, column: str) -> bool:
    """Whether the times of a column need no zone to be told."""
    return chosen.zoned or not any(_needs_zone(v) for v in chosen.values(column)[:50])


def time_columns(chosen: Chosen, *roles: str) -> tuple[str, ...] | None:
    """The column of the time, or the columns that make it together.

    One that states its zone comes before one that does not, one with an hour before a day alone.
    """
    listed = [c for role in roles for c in chosen.columns(role)]
    if not chosen.sample:
        hour = chosen.first("hour")
        return ((listed[0], hour) if hour else (listed[0],)) if listed else None
    fitting = [c for c in listed if any(_looks_like_time(v) for v in chosen.values(c)[:50])]
    if not fitting:
        return (listed[0],) if listed and chosen.values(listed[0]) else None

    def worth(column: str) -> tuple[bool, bool]:
        values = chosen.values(column)[:50]
        bare = all(map(_is_bare_day, values))
        zoneless = not chosen.zoned and not _OF_UTC.search(column)
        return (bare, zoneless and all(_needs_zone(v) for v in values))

    best = min(fitting, key=worth)  # the first of equals
    hour = chosen.filled("hour")
    if worth(best)[0] and hour:
        return (best, hour)
    return (best,)
