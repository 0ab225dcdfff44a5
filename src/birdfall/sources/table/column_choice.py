"""The columns of an unknown table by their roles, and what their first values say of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from birdfall.model.units import DAY_US
from birdfall.sources.shared import timestamps
from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_roles import squeeze_name
from birdfall.sources.table.handles import are_handles, are_mostly_handles

#: Rows whose values are looked at.
SAMPLE_ROWS: Final = 1_000
#: Names of an id that say of what only by the company they keep.
BARE_IDS: Final = ("id", "idstr", "uri")
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
NEARLY_ALL: Final = 0.9
#: The address of a single post on a platform: the row's own, where the row is a post.
_OF_A_POST: Final = re.compile(
    r"https?://[^/]*(?:/(?:@?[^/]+/)?(?:status(?:es)?|posts?|videos?|reel|p|photo|comments)/[\w:.-]+"
    r"|/watch\?v=|t\.me/[^/]+/\d+|/permalink\.php|/groups/[^/]+/permalink/|/@[^/]+/\d{6,}"
    r"|/profile/[^/]+/post/)"
)
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

    def present(self, *roles: str) -> dict[str, tuple[str, ...]]:
        """Those of these roles that have a column with values, with it."""
        return {r: (c,) for r in roles if (c := self.filled(r))}

    def account(self) -> str | None:
        """The column that says who: an id, a word or a handle, the first that as good as all rows
        have; a handle rather than names as they are shown.
        """
        listed = [c for r in ("account_id", "account", "handle") for c in self.columns(r)]
        count = {c: len(self.values(c)) for c in listed}
        most = max(count.values(), default=0)
        full = [c for c in listed if count[c] and count[c] >= NEARLY_ALL * most]
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


def looks_like_time(text: str) -> bool:
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
    fitting = [c for c in listed if any(looks_like_time(v) for v in chosen.values(c)[:50])]
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
