"""Handles as one account: `@Alfa`, `alfa` and `https://x.com/alfa` are the same where a platform
folds case, as X, Mastodon and Bluesky do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: The address of a profile, up to the handle in it.
_PROFILE: Final = (
    r"^(?i:https?://(?:[a-z]+\.)?(?:twitter\.com|x\.com|bsky\.app/profile|threads\.net"
    r"|instagram\.com|t\.me|tiktok\.com|facebook\.com)/)@?([^/?#\s]+)/?(?:[?#].*)?$"
)
_MASTODON: Final = r"^(?i:https?://([^/\s]+)/(?:@|users/))([^/?#@\s]+)/?$"
#: Marks of direction and of no width, which nobody sees, at either end.
_UNSEEN: Final = (
    "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufeff\u202a\u202b\u202c\u202d\u202e \t\xa0"
)
_PROFILE_RE: Final = re.compile(_PROFILE)
_MASTODON_RE: Final = re.compile(_MASTODON)
_IS_HANDLE: Final = re.compile(
    rf"\s*(?:@[\w.\-]+(?:@[\w.\-]+)?|{_PROFILE[1:-1]}|{_MASTODON[1:-1]})\s*"
)
#: What a handle is made of; other texts stay as they are.
_FOLDABLE: Final = rf"^[@{_UNSEEN}]*[\w.\-]+(?:@[\w.\-]+)?[{_UNSEEN}]*$"
_FOLDABLE_RE: Final = re.compile(_FOLDABLE)


def fold_handles(texts: pa.Array, known: frozenset[str] | None = None) -> pa.Array:
    """Handles in small letters, without @ and address; each different text is looked at once, and
    one that can be no handle stays as it is.

    Parameters
    ----------
    texts
        Strings.
    known
        Folded handles; a text that neither looks like a handle nor is one of these by its letters
        keeps its case, for ids may differ in nothing else. None: all are handles.
    """
    coded = texts.dictionary_encode()
    words = coded.dictionary
    if known is not None:
        plain = pa.array([_fold_known(w, known) for w in words.to_pylist()], pa.string())
        return plain.take(coded.indices)
    plain = pc.replace_substring_regex(words, _PROFILE, r"\1")
    plain = pc.replace_substring_regex(plain, _MASTODON, r"\2@\1")
    if _is_ascii(plain):
        folded = pc.utf8_lower(pc.utf8_rtrim(pc.utf8_ltrim(plain, f"@{_UNSEEN}"), _UNSEEN))
        plain = pc.if_else(pc.match_substring_regex(plain, _FOLDABLE), folded, words)
    else:
        plain = pa.array([_fold(w) for w in plain.to_pylist()], pa.string())
    return plain.take(coded.indices)


def fold_handles_behind_platforms(texts: pa.Array) -> pa.Array:
    """Handles that stand behind the name of their platform and a blank, as `fold_handles`."""
    coded = texts.dictionary_encode()
    parts = [w.rpartition(" ") for w in coded.dictionary.to_pylist()]
    folded = [f"{platform.casefold()} {fold_handle(name)}" for platform, _, name in parts]
    return pa.array(folded, pa.string()).take(coded.indices)


def fold_handle(text: str) -> str:
    """One handle as `fold_handles` has it."""
    match = _PROFILE_RE.match(text.strip()) or None
    found = _MASTODON_RE.match(text.strip())
    if match:
        text = match[1]
    elif found:
        text = f"{found[2]}@{found[1]}"
    return _fold(text) or ""


def are_handles(texts: Iterable[str | None]) -> bool:
    """Whether some of a column's texts are handles by their look: an @ or a profile's address."""
    return any(map(looks_like_handle, texts))


def are_mostly_handles(texts: Iterable[str | None]) -> bool:
    """Whether half and more of a column's different texts are handles by their look."""
    told = [looks_like_handle(t) for t in set(texts)]
    return sum(told) >= len(told) / 2


def looks_like_handle(text: str | None) -> bool:
    """Whether this is a handle by its look: an @ or a profile's address."""
    return text is not None and _IS_HANDLE.fullmatch(text) is not None


def _fold_known(text: str | None, known: frozenset[str]) -> str | None:
    if text is None:
        return None
    folded = fold_handle(text)
    if looks_like_handle(text) or folded in known:
        return folded
    return unicodedata.normalize("NFC", text.strip(_UNSEEN))


def _fold(text: str | None) -> str | None:
    if text is None:
        return None
    plain = unicodedata.normalize("NFC", text.strip(_UNSEEN).lstrip("@")).strip(_UNSEEN)
    return plain.lower() if _FOLDABLE_RE.match(plain) else text


def _is_ascii(texts: pa.Array) -> bool:
    return bool(pc.all(pc.string_is_ascii(texts)).as_py() is not False)
