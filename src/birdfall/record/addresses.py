"""Addresses in words that people wrote, and whom they lead to.

The address of a post leads to who wrote it by the post's number alone: a platform shows it whatever
name stands before. So an address that names an account keeps nothing of its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

#: An address with a scheme, or without one: a host with a path.
ADDRESS: Final = re.compile(
    r"""((?<![a-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]{0,20}:))?//(?P<host>[^\s"'<>/?\#]+)(?P<rest>[/?\#][^\s"'<>]*)?
        | (?<![\w@./-])(?P<bare>(?:[\w-]{1,63}\.){1,20}[a-z]{2,})(?P<path>[/?][^\s"'<>]+)""",
    re.IGNORECASE | re.VERBOSE,
)
#: Hosts on which every address is somebody's: a profile, a post, a channel.
PLATFORMS: Final = frozenset((
    "x.com", "twitter.com", "mobile.twitter.com", "t.me", "telegram.me", "bsky.app",
    "facebook.com", "m.facebook.com", "fb.com", "instagram.com", "threads.net", "threads.com",
    "tiktok.com", "vm.tiktok.com", "vk.com", "ok.ru", "weibo.com", "linkedin.com",
    "pinterest.com", "reddit.com", "youtube.com", "m.youtube.com", "youtu.be",
    "truthsocial.com", "gab.com", "gettr.com", "parler.com", "rumble.com", "snapchat.com",
    "twitch.tv", "mastodon.social", "mastodon.online", "mstdn.social", "koo.in", "kooapp.com",
    "sharechat.com", "line.me", "discord.com", "discord.gg", "wa.me",
))  # fmt: skip
#: Words of a path, or keys of a query, after which an account's name stands.
_BEFORE: Final = frozenset((
    "profile", "profiles", "user", "users", "u", "author", "authors", "account", "accounts",
    "channel", "c", "member", "people", "id", "username", "screen_name", "handle", "by", "in",
    "s", "from_user", "user_id",
))  # fmt: skip
#: Words of a path before which one stands.
_AFTER: Final = frozenset((
    "status", "statuses", "post", "posts", "photo", "photos", "video", "videos", "p", "reel",
))  # fmt: skip
#: Signs at the end of an address that belong to the sentence.
_SENTENCE_END: Final = ".,;:!?)]}»”’…،؛؟"  # noqa: RUF001  # quotes and stops of all languages


@dataclass(frozen=True, slots=True)
class Address:
    """An address that stands in a text.

    Parameters
    ----------
    text
        All of it.
    scheme
        As `https://`; "" where none stands.
    host
        The host, without a name and a password before it.
    parts
        The parts of path and query that may name an account, each with whether it stands where
        one does.
    """

    text: str
    scheme: str
    host: str
    parts: tuple[tuple[str, bool], ...]

    @property
    def is_of_platform(self) -> bool:
        """Whether it leads to somebody whatever it names: on a platform of people, or `/@name`."""
        host = self.host.lower().removeprefix("www.").partition(":")[0]
        named = any(part.startswith("@") for part, _ in self.parts)
        return bool(self.parts) and (host in PLATFORMS or named or self.scheme == "at://")


def split_addresses(text: str) -> Iterator[str | Address]:
    """The text in its order: what stands between addresses, and these.

    Examples
    --------
    >>> [getattr(part, "host", part) for part in split_addresses("see https://x.com/luna/status/1.")]
    ['see ', 'x.com', '.']
    """
    at = 0
    for match in ADDRESS.finditer(text):
        whole = match[0].rstrip(_SENTENCE_END)
        host = (match["host"] or match["bare"] or "").rpartition("@")[2].rstrip(_SENTENCE_END)
        if not host:
            continue
        if match.start() > at:
            yield text[at : match.start()]
        scheme = "" if match["bare"] else f"{match['scheme'] or ''}//"
        rest = match["rest"] or match["path"] or ""
        yield Address(whole, scheme, host, tuple(_parts_of(rest.rstrip(_SENTENCE_END))))
        at = match.start() + len(whole)
    if at < len(text):
        yield text[at:]


def _parts_of(rest: str) -> Iterator[tuple[str, bool]]:
    path, _, after = rest.partition("?")
    path, _, anchor = path.partition("#")
    query, _, second = after.partition("#")
    steps = [unquote(step) for step in path.split("/") if step]
    for number, step in enumerate(steps):
        before = steps[number - 1].lower() if number else ""
        following = steps[number + 1].lower() if number + 1 < len(steps) else ""
        placed = before in _BEFORE or following in _AFTER or len(steps) == 1
        yield step, placed
    for key, value in parse_qsl(query, keep_blank_values=True):
        yield value, key.lower() in _BEFORE
    for fragment in (anchor, second):
        yield from ((part, False) for part in re.split(r"[/=&]", fragment) if part)


def without_path(address: Address, name: str, hidden: str) -> str:
    """The address with its host, a name and `hidden` in place of all that follows the host."""
    return "/".join(part for part in (address.scheme + address.host, name, hidden) if part)


#: What stands for an address's path, made of the whole address.
Hide = Callable[[str], str]
